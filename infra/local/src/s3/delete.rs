//! Deleting: markers, versions for good, and many at once.

use super::{
    S3Store,
    conditions::WriteConditions,
    error::{Result, StoreError, refuse},
    headers::StoredHeaders,
    index::{self, BucketRow, NULL_VERSION, NewVersion, Versioning},
    now_ms,
    objects::check_key,
    writer::Effects,
};
use rusqlite::Connection;
use s3s::{S3Error, S3ErrorCode, S3Response, dto};
use std::sync::Arc;

/// S3's limit for one `DeleteObjects`.
const BATCH_MAX: usize = 1000;

/// What one deletion did.
struct Deleted {
    /// A marker was made, or the version that went was one.
    marker: bool,
    /// The id of the marker or of the version that went; none in a bucket without versioning.
    version_id: Option<String>,
}

fn delete_one(
    connection: &Connection,
    bucket: &BucketRow,
    key: &str,
    version_id: Option<String>,
    now_ms: i64,
    effects: &mut Effects,
) -> Result<Deleted> {
    if let Some(id) = version_id {
        // Deleting what is not there succeeds, as in S3: the caller has what it wanted.
        let row = index::by_id(connection, bucket.id, key, &id)?;
        if let Some(row) = &row {
            index::delete_version(connection, bucket.id, row, effects)?;
        }
        return Ok(Deleted { marker: row.is_some_and(|row| row.is_marker()), version_id: Some(id) });
    }
    if bucket.versioning == Versioning::Off {
        if let Some(row) = index::by_id(connection, bucket.id, key, NULL_VERSION)? {
            index::delete_version(connection, bucket.id, &row, effects)?;
        }
        return Ok(Deleted { marker: false, version_id: None });
    }
    let marker = NewVersion {
        key: key.to_owned(),
        blob: None,
        bytes: 0,
        etag: String::new(),
        modified_ms: now_ms,
        headers: StoredHeaders::default(),
        checksums: Default::default(),
    };
    let version_id = index::insert(connection, bucket, &marker, effects)?;
    Ok(Deleted { marker: true, version_id })
}

pub(super) async fn object(
    store: &S3Store,
    input: dto::DeleteObjectInput,
) -> Result<S3Response<dto::DeleteObjectOutput>> {
    check_key(&input.key)?;
    if input.if_match_size.is_some() || input.if_match_last_modified_time.is_some() {
        let message = "conditions on size and time are not supported";
        return Err(refuse(S3ErrorCode::NotImplemented, message));
    }
    let conditions = WriteConditions::new(input.if_match, None)?;
    let clock = Arc::clone(&store.clock);
    let write = move |connection: &Connection, effects: &mut Effects| {
        let bucket = index::bucket(connection, &input.bucket)?;
        conditions.check(index::latest(connection, bucket.id, &input.key)?.as_ref())?;
        delete_one(connection, &bucket, &input.key, input.version_id, now_ms(&clock), effects)
    };
    let deleted = store.writer.write(None, write).await?;
    Ok(S3Response::new(dto::DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version_id,
        ..Default::default()
    }))
}

pub(super) async fn objects(
    store: &S3Store,
    input: dto::DeleteObjectsInput,
) -> Result<S3Response<dto::DeleteObjectsOutput>> {
    let dto::Delete { objects, quiet } = input.delete;
    if objects.is_empty() || objects.len() > BATCH_MAX {
        return Err(S3ErrorCode::MalformedXML.into());
    }
    let clock = Arc::clone(&store.clock);
    let write = move |connection: &Connection, effects: &mut Effects| {
        let bucket = index::bucket(connection, &input.bucket)?;
        let now_ms = now_ms(&clock);
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in objects {
            let asked = object.version_id.clone();
            match batch_item(connection, &bucket, &object, now_ms, effects) {
                Ok(done) => deleted.push(dto::DeletedObject {
                    key: Some(object.key),
                    delete_marker: done.marker.then_some(true),
                    delete_marker_version_id: done.version_id.filter(|_| done.marker),
                    version_id: asked,
                }),
                Err(StoreError::Refused(error)) => errors.push(batch_error(&object, &error)),
                // A failure of the index undoes the whole batch.
                Err(error) => return Err(error),
            }
        }
        Ok((deleted, errors))
    };
    let (deleted, errors) = store.writer.write(None, write).await?;
    Ok(S3Response::new(dto::DeleteObjectsOutput {
        deleted: (quiet != Some(true)).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        ..Default::default()
    }))
}

fn batch_item(
    connection: &Connection,
    bucket: &BucketRow,
    object: &dto::ObjectIdentifier,
    now_ms: i64,
    effects: &mut Effects,
) -> Result<Deleted> {
    check_key(&object.key)?;
    let if_match = object.e_tag.clone().map(dto::ETagCondition::ETag);
    let conditions = WriteConditions::new(if_match, None)?;
    conditions.check(index::latest(connection, bucket.id, &object.key)?.as_ref())?;
    delete_one(connection, bucket, &object.key, object.version_id.clone(), now_ms, effects)
}

fn batch_error(object: &dto::ObjectIdentifier, error: &S3Error) -> dto::Error {
    dto::Error {
        code: Some(error.code().as_str().to_owned()),
        key: Some(object.key.clone()),
        message: error.message().map(str::to_owned),
        version_id: object.version_id.clone(),
    }
}
