//! Multipart uploads up to their completion: beginning, parts, giving up.

use super::{
    S3Store,
    blobs::{BlobId, PendingBlob},
    body,
    checksums::{Algorithm, BodyHasher, BodyHashes, Checksums, TellsChecksums as _},
    conditions::{ReadConditions, timestamp},
    copy,
    error::{Result, StoreError, refuse},
    headers::StoredHeaders,
    index, now_ms,
    objects::{self, Found},
    writer::Effects,
};
use rusqlite::{Connection, Row, params};
use s3s::{S3ErrorCode, S3Request, S3Response, dto};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Uploads that nobody ended for so long are given up, as the rule of the bucket does on AWS.
const ABANDONED_MS: i64 = 7 * 24 * 3_600_000;

/// S3's highest part number.
const PART_NUMBER_MAX: i32 = 10_000;

/// The checksum that the client wants for the finished object.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct WantedChecksum {
    pub(super) algorithm: Option<Algorithm>,
    /// Over the whole object and not over the parts' checksums.
    pub(super) full_object: bool,
}

/// A row of `uploads`.
pub(super) struct UploadRow {
    pub(super) id: i64,
    pub(super) key: String,
    pub(super) created_ms: i64,
    pub(super) headers: StoredHeaders,
    pub(super) checksum: WantedChecksum,
}

impl UploadRow {
    pub(super) const COLUMNS: &str = "id, key, created_ms, headers, checksum";

    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            key: index::key_column(row, 1)?,
            created_ms: row.get(2)?,
            headers: index::from_json(&row.get::<_, String>(3)?)?,
            checksum: index::from_json(&row.get::<_, String>(4)?)?,
        })
    }
}

/// A row of `parts`.
#[derive(Debug, Clone)]
pub(super) struct PartRow {
    pub(super) number: i32,
    pub(super) blob: BlobId,
    pub(super) bytes: u64,
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) checksums: Checksums,
}

/// The upload of that id, or `NoSuchUpload`: also when the id belongs to another bucket or key.
pub(super) fn find(connection: &Connection, bucket: &str, key: &str, upload_id: &str) -> Result<UploadRow> {
    let bucket = index::bucket(connection, bucket)?;
    let sql =
        format!("SELECT {} FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3", UploadRow::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let id = index::parse_sequence_id(upload_id).unwrap_or(-1);
    let mut rows = statement.query(params![id, bucket.id, key.as_bytes()])?;
    match rows.next()? {
        Some(row) => UploadRow::read(row),
        None => Err(refuse(S3ErrorCode::NoSuchUpload, "The specified multipart upload does not exist.")),
    }
}

/// The parts of an upload with a number above `after`, in order.
pub(super) fn parts(connection: &Connection, upload: i64, after: i32) -> Result<Vec<PartRow>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, blob, bytes, etag, modified_ms, checksums FROM parts
         WHERE upload = ?1 AND number > ?2 ORDER BY number",
    )?;
    let mut rows = statement.query(params![upload, after])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        parts.push(PartRow {
            number: row.get(0)?,
            blob: row.get::<_, i64>(1)?.cast_unsigned(),
            bytes: row.get::<_, i64>(2)?.cast_unsigned(),
            etag: row.get(3)?,
            modified_ms: row.get(4)?,
            checksums: index::from_json(&row.get::<_, String>(5)?)?,
        });
    }
    Ok(parts)
}

/// Deletes an upload with its parts.
pub(super) fn forget(connection: &Connection, upload: i64, effects: &mut Effects) -> Result<()> {
    effects.obsolete.extend(parts(connection, upload, 0)?.into_iter().map(|part| part.blob));
    connection.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([upload])?;
    Ok(())
}

/// Deletes the uploads that nobody ended: whoever begins another one pays for it, so that no clock has to.
fn forget_abandoned(connection: &Connection, now_ms: i64, effects: &mut Effects) -> Result<()> {
    let mut statement = connection.prepare_cached("SELECT id FROM uploads WHERE created_ms < ?1")?;
    let ids = statement.query_map([now_ms - ABANDONED_MS], |row| row.get(0))?;
    for id in ids.collect::<rusqlite::Result<Vec<i64>>>()? {
        forget(connection, id, effects)?;
    }
    Ok(())
}

pub(super) async fn create(
    store: &S3Store,
    mut input: dto::CreateMultipartUploadInput,
) -> Result<S3Response<dto::CreateMultipartUploadOutput>> {
    objects::check_key(&input.key)?;
    if input.tagging.is_some() || input.sse_customer_algorithm.is_some() {
        return Err(refuse(S3ErrorCode::NotImplemented, "tags and customer keys are not supported"));
    }
    let headers = StoredHeaders::from(&mut input);
    let algorithm =
        input.checksum_algorithm.as_ref().map(|name| Algorithm::named(name.as_str())).transpose()?;
    // CRC64NVME exists for whole objects only; for the others S3's default is the composite.
    let full_object = algorithm == Some(Algorithm::Crc64nvme)
        || input.checksum_type.as_ref().is_some_and(|kind| kind.as_str() == dto::ChecksumType::FULL_OBJECT);
    let wanted = WantedChecksum { algorithm, full_object };
    let clock = Arc::clone(&store.clock);
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let write = move |connection: &Connection, effects: &mut Effects| {
        let now_ms = now_ms(&clock);
        forget_abandoned(connection, now_ms, effects)?;
        let bucket = index::bucket(connection, &bucket)?;
        connection
            .prepare_cached(
                "INSERT INTO uploads (bucket, key, created_ms, headers, checksum) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                bucket.id,
                key.as_bytes(),
                now_ms,
                index::to_json(&headers)?,
                index::to_json(&wanted)?
            ])?;
        Ok(connection.last_insert_rowid())
    };
    let id = store.writer.write(None, write).await?;
    Ok(S3Response::new(dto::CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(index::sequence_id(id)),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: algorithm.map(|_| checksum_type(wanted)),
        ..Default::default()
    }))
}

pub(super) fn checksum_type(wanted: WantedChecksum) -> dto::ChecksumType {
    dto::ChecksumType::from_static(if wanted.full_object {
        dto::ChecksumType::FULL_OBJECT
    } else {
        dto::ChecksumType::COMPOSITE
    })
}

/// Where a part belongs.
struct Place {
    bucket: String,
    key: String,
    upload_id: String,
    number: i32,
}

/// Commits a part; one of the same number is replaced, the last writer wins.
async fn put_part(
    store: &S3Store,
    place: Place,
    blob: PendingBlob,
    bytes: u64,
    hashes: BodyHashes,
) -> Result<i64> {
    let clock = Arc::clone(&store.clock);
    let id = blob.id();
    let write = move |connection: &Connection, effects: &mut Effects| {
        let Place { bucket, key, upload_id, number } = &place;
        let upload = find(connection, bucket, key, upload_id)?;
        let replaced = parts(connection, upload.id, number - 1)?.into_iter().next();
        effects.obsolete.extend(replaced.filter(|part| part.number == *number).map(|part| part.blob));
        let now_ms = now_ms(&clock);
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO parts (upload, number, blob, bytes, etag, modified_ms, checksums)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                upload.id,
                number,
                id.cast_signed(),
                bytes.cast_signed(),
                hex::encode(hashes.md5),
                now_ms,
                index::to_json(&hashes.checksums)?
            ])?;
        Ok(now_ms)
    };
    store.writer.write(Some(blob), write).await
}

fn check_part_number(number: i32) -> Result<()> {
    if (1..=PART_NUMBER_MAX).contains(&number) {
        return Ok(());
    }
    Err(refuse(S3ErrorCode::InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

pub(super) async fn upload_part(
    store: &S3Store,
    request: S3Request<dto::UploadPartInput>,
) -> Result<S3Response<dto::UploadPartOutput>> {
    let mut input = request.input;
    check_part_number(input.part_number)?;
    let received =
        body::receive(&store.blobs, input.body.take(), &request.headers, request.trailing_headers).await?;
    let etag = hex::encode(received.hashes.md5);
    let checksums = received.hashes.checksums.clone();
    let place =
        Place { bucket: input.bucket, key: input.key, upload_id: input.upload_id, number: input.part_number };
    put_part(store, place, received.blob, received.bytes, received.hashes).await?;
    let output = dto::UploadPartOutput { e_tag: Some(dto::ETag::Strong(etag)), ..Default::default() };
    Ok(S3Response::new(output.with_checksums(checksums)))
}

pub(super) async fn upload_part_copy(
    store: &S3Store,
    mut input: dto::UploadPartCopyInput,
) -> Result<S3Response<dto::UploadPartCopyOutput>> {
    check_part_number(input.part_number)?;
    let wanted = copy::source(input.copy_source.clone(), ReadConditions::from(&mut input))?;
    let range = input.copy_source_range.as_deref().map(dto::Range::parse).transpose();
    let range =
        range.map_err(|_| refuse(S3ErrorCode::InvalidArgument, "the range of the source is invalid"))?;
    let place =
        Place { bucket: input.bucket, key: input.key, upload_id: input.upload_id, number: input.part_number };
    let blobs = Arc::clone(&store.blobs);
    let copied = store.read(move |connection| {
        let upload = find(connection, &place.bucket, &place.key, &place.upload_id)?;
        let Found { row, version_id } = wanted.find(connection)?;
        wanted.conditions.check_source(&row)?;
        let whole = 0..row.bytes;
        let range = objects::resolve_range(range, row.bytes)?.unwrap_or(whole);
        let blob = row.blob.ok_or(StoreError::Damaged("an object without a body"))?;
        let mut target = blobs.create()?;
        let mut hasher = BodyHasher::new(upload.checksum.algorithm);
        body::append(blobs.read(blob, row.bytes)?, &range, &mut target, &mut hasher)?;
        let bytes = target.bytes();
        Ok((place, target.finish()?, bytes, hasher.finish(), version_id))
    });
    let (place, blob, bytes, hashes, source_version) = copied.await?;
    let etag = hex::encode(hashes.md5);
    let modified_ms = put_part(store, place, blob, bytes, hashes).await?;
    Ok(S3Response::new(dto::UploadPartCopyOutput {
        copy_part_result: Some(dto::CopyPartResult {
            e_tag: Some(dto::ETag::Strong(etag)),
            last_modified: Some(timestamp(modified_ms)),
            ..Default::default()
        }),
        copy_source_version_id: source_version,
        ..Default::default()
    }))
}

pub(super) async fn abort(
    store: &S3Store,
    input: dto::AbortMultipartUploadInput,
) -> Result<S3Response<dto::AbortMultipartUploadOutput>> {
    let write = move |connection: &Connection, effects: &mut Effects| {
        let upload = find(connection, &input.bucket, &input.key, &input.upload_id)?;
        forget(connection, upload.id, effects)
    };
    store.writer.write(None, write).await?;
    Ok(S3Response::new(dto::AbortMultipartUploadOutput::default()))
}
