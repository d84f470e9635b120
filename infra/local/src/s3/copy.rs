//! `CopyObject`: a new version over the same bytes.

use super::{
    S3Store,
    checksums::TellsChecksums as _,
    conditions::{ReadConditions, WriteConditions, timestamp},
    error::{Result, StoreError, refuse},
    headers::StoredHeaders,
    index::NewVersion,
    objects::{self, Found, NewObject, Wanted},
    outbox::EventKind,
};
use s3s::{S3ErrorCode, S3Response, dto};
use std::sync::Arc;

/// The source of a copy as something to read.
pub(super) fn source(source: dto::CopySource, conditions: ReadConditions) -> Result<Wanted> {
    match source {
        dto::CopySource::Bucket { bucket, key, version_id } => Ok(Wanted {
            bucket: bucket.into(),
            key: key.into(),
            version_id: version_id.map(Into::into),
            conditions,
        }),
        _ => Err(refuse(S3ErrorCode::NotImplemented, "a copy's source must be a bucket and a key")),
    }
}

pub(super) async fn object(
    store: &S3Store,
    mut input: dto::CopyObjectInput,
) -> Result<S3Response<dto::CopyObjectOutput>> {
    objects::check_key(&input.key)?;
    let wanted = source(input.copy_source.clone(), ReadConditions::from(&mut input))?;
    let blobs = Arc::clone(&store.blobs);
    let find = move |connection: &rusqlite::Connection| {
        let found = wanted.find(connection)?;
        wanted.conditions.check_source(&found.row)?;
        let blob = found.row.blob.ok_or(StoreError::Damaged("an object without a body"))?;
        Ok((found, blobs.link(blob)?))
    };
    let (Found { row, version_id: source_version }, blob) = store.read(find).await?;
    let replace = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == dto::MetadataDirective::REPLACE);
    let headers = if replace { StoredHeaders::from(&mut input) } else { row.headers };
    let checksums = row.checksums.clone();
    let object = NewObject {
        bucket: input.bucket,
        blob,
        version: NewVersion {
            key: input.key,
            blob: None,
            bytes: row.bytes,
            etag: row.etag.clone(),
            modified_ms: 0,
            headers,
            checksums: row.checksums,
        },
        conditions: WriteConditions::default(),
        kind: EventKind::Copy,
    };
    let committed = objects::commit(store, object, |_, _, _| Ok(())).await?;
    let result = dto::CopyObjectResult {
        e_tag: Some(dto::ETag::Strong(row.etag)),
        last_modified: Some(timestamp(committed.modified_ms)),
        ..Default::default()
    };
    Ok(S3Response::new(dto::CopyObjectOutput {
        copy_object_result: Some(result.with_checksums(checksums)),
        copy_source_version_id: source_version,
        version_id: committed.version_id,
        ..Default::default()
    }))
}
