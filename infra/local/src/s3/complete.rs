//! Completing a multipart upload: the parts become one blob, then one row, as if it had been put at once.

use super::{
    S3Store,
    blobs::{Blobs, PendingBlob},
    body,
    checksums::{self, BodyHasher, Checksums, TellsChecksums as _},
    conditions::WriteConditions,
    error::{Result, refuse},
    index::NewVersion,
    multipart::{self, PartRow, UploadRow},
    objects::{self, NewObject},
    outbox::EventKind,
};
use s3s::{S3ErrorCode, S3Response, dto};
use std::sync::Arc;

/// The parts joined to one blob.
struct Joined {
    upload: UploadRow,
    parts: Vec<PartRow>,
    blob: PendingBlob,
    bytes: u64,
    checksums: Checksums,
}

pub(super) async fn upload(
    store: &S3Store,
    input: dto::CompleteMultipartUploadInput,
) -> Result<S3Response<dto::CompleteMultipartUploadOutput>> {
    let conditions = WriteConditions::new(input.if_match.clone(), input.if_none_match.as_ref())?;
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let upload_id = input.upload_id.clone();
    let blobs = Arc::clone(&store.blobs);
    let joined = store.read(move |connection| {
        let upload = multipart::find(connection, &input.bucket, &input.key, &input.upload_id)?;
        let stored = multipart::parts(connection, upload.id, 0)?;
        let listed = input.multipart_upload.as_ref().and_then(|list| list.parts.as_deref());
        let parts = choose(stored, listed.unwrap_or_default())?;
        let (blob, bytes, checksums) = join(&blobs, &upload, &parts)?;
        checksums.verify(&claimed(&input))?;
        if input.mpu_object_size.is_some_and(|size| size.cast_unsigned() != bytes) {
            return Err(refuse(S3ErrorCode::InvalidRequest, "the parts are not as long as was declared"));
        }
        Ok(Joined { upload, parts, blob, bytes, checksums })
    });
    let Joined { upload, parts, blob, bytes, checksums } = joined.await?;
    let etag = checksums::multipart_etag(parts.iter().map(|part| part.etag.as_str()));
    let object = NewObject {
        bucket: bucket.clone(),
        blob,
        version: NewVersion {
            key: key.clone(),
            blob: None,
            bytes,
            etag: etag.clone(),
            modified_ms: 0,
            headers: upload.headers,
            checksums: checksums.clone(),
        },
        conditions,
        kind: EventKind::CompleteMultipartUpload,
    };
    // The upload is looked for again in the transaction: of two completions one wins, and a part that was replaced
    // since must not be lost without a word.
    let committed = objects::commit(store, object, {
        let key = key.clone();
        move |connection, bucket, effects| {
            let upload = multipart::find(connection, &bucket.name, &key, &upload_id)?;
            let now = multipart::parts(connection, upload.id, 0)?;
            let unchanged = parts.iter().all(|joined| now.iter().any(|part| part.blob == joined.blob));
            if !unchanged {
                return Err(invalid_part());
            }
            multipart::forget(connection, upload.id, effects)
        }
    });
    let committed = committed.await?;
    let output = dto::CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(dto::ETag::Strong(etag)),
        version_id: committed.version_id,
        ..Default::default()
    };
    Ok(S3Response::new(output.with_checksums(checksums)))
}

fn invalid_part() -> super::StoreError {
    let message = "One or more of the specified parts could not be found, or its ETag did not match.";
    refuse(S3ErrorCode::InvalidPart, message)
}

/// The stored parts that the client lists, which must be in order and have the ETags it was told.
fn choose(stored: Vec<PartRow>, listed: &[dto::CompletedPart]) -> Result<Vec<PartRow>> {
    if listed.is_empty() {
        return Err(refuse(S3ErrorCode::MalformedXML, "You must specify at least one part"));
    }
    let mut stored = stored.into_iter().peekable();
    let mut chosen: Vec<PartRow> = Vec::with_capacity(listed.len());
    for part in listed {
        let number = part.part_number.unwrap_or(0);
        if chosen.last().is_some_and(|last| last.number >= number) {
            let message = "The list of parts was not in ascending order.";
            return Err(refuse(S3ErrorCode::InvalidPartOrder, message));
        }
        while stored.next_if(|row| row.number < number).is_some() {}
        let row = stored.next_if(|row| row.number == number).ok_or_else(invalid_part)?;
        if part.e_tag.as_ref().is_none_or(|etag| etag.value() != row.etag) {
            return Err(invalid_part());
        }
        chosen.push(row);
    }
    Ok(chosen)
}

/// Copies the parts behind each other. Blocking.
fn join(blobs: &Arc<Blobs>, upload: &UploadRow, parts: &[PartRow]) -> Result<(PendingBlob, u64, Checksums)> {
    let wanted = upload.checksum;
    let mut target = blobs.create()?;
    let mut hasher = BodyHasher::new(wanted.algorithm.filter(|_| wanted.full_object));
    for part in parts {
        let file = blobs.read(part.blob, part.bytes)?;
        body::append(file, &(0..part.bytes), &mut target, &mut hasher)?;
    }
    let checksums = match wanted.algorithm {
        Some(algorithm) if !wanted.full_object => {
            checksums::composite(algorithm, parts.iter().map(|part| &part.checksums)).unwrap_or_default()
        }
        _ => hasher.finish().checksums,
    };
    let bytes = target.bytes();
    Ok((target.finish()?, bytes, checksums))
}

fn claimed(input: &dto::CompleteMultipartUploadInput) -> Checksums {
    Checksums {
        crc32: input.checksum_crc32.clone(),
        crc32c: input.checksum_crc32c.clone(),
        crc64nvme: input.checksum_crc64nvme.clone(),
        sha1: input.checksum_sha1.clone(),
        sha256: input.checksum_sha256.clone(),
        composite: false,
    }
}
