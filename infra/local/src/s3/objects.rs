//! Putting, getting and heading objects.

use super::{
    S3Store,
    blobs::PendingBlob,
    body,
    body::Content,
    checksums::{Checksums, TellsChecksums as _},
    conditions::{ReadConditions, WriteConditions, timestamp},
    error::{Result, StoreError, refuse},
    headers::StoredHeaders,
    index::{self, BucketRow, NewVersion, VersionRow, Versioning},
    now_ms,
    outbox::{self, EventKind},
    writer::Effects,
};
use http::{HeaderMap, HeaderValue};
use rusqlite::Connection;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, dto};
use std::{io, ops::Range, sync::Arc};

/// A read meets a blob that was replaced after it read the row at most this often before it gives up.
const READ_ATTEMPTS: usize = 5;

/// A new object, ready to be committed.
pub(super) struct NewObject {
    pub(super) bucket: String,
    pub(super) blob: PendingBlob,
    pub(super) version: NewVersion,
    pub(super) conditions: WriteConditions,
    pub(super) kind: EventKind,
}

/// What became of a [`NewObject`].
pub(super) struct Committed {
    pub(super) version_id: Option<String>,
    pub(super) modified_ms: i64,
}

/// Commits the row and the event of an object, and whatever `also` adds, or nothing at all.
pub(super) async fn commit(
    store: &S3Store,
    object: NewObject,
    also: impl FnOnce(&Connection, &BucketRow, &mut Effects) -> Result<()> + Send + 'static,
) -> Result<Committed> {
    let NewObject { bucket, blob, mut version, conditions, kind } = object;
    version.blob = Some(blob.id());
    let clock = Arc::clone(&store.clock);
    let write = move |connection: &Connection, effects: &mut Effects| {
        let bucket = index::bucket(connection, &bucket)?;
        conditions.check(index::latest(connection, bucket.id, &version.key)?.as_ref())?;
        also(connection, &bucket, effects)?;
        // The time is taken where the order is made, so that a later version is never older by a race.
        version.modified_ms = now_ms(&clock);
        let version_id = index::insert(connection, &bucket, &version, effects)?;
        outbox::record(connection, kind, &bucket.name, &version, version_id.as_deref())?;
        effects.event = true;
        Ok(Committed { version_id, modified_ms: version.modified_ms })
    };
    store.writer.write(Some(blob), write).await
}

/// A key that S3 would refuse; s3s checks it for most requests, but not for all.
pub(super) fn check_key(key: &str) -> Result<()> {
    if s3s::path::check_key(key) { Ok(()) } else { Err(S3ErrorCode::KeyTooLongError.into()) }
}

pub(super) async fn put(
    store: &S3Store,
    request: S3Request<dto::PutObjectInput>,
) -> Result<S3Response<dto::PutObjectOutput>> {
    let mut input = request.input;
    check_key(&input.key)?;
    if input.write_offset_bytes.is_some() || input.tagging.is_some() || input.sse_customer_algorithm.is_some()
    {
        let message = "appending, tags and customer keys are not supported";
        return Err(refuse(S3ErrorCode::NotImplemented, message));
    }
    let conditions = WriteConditions::new(input.if_match.take(), input.if_none_match.as_ref())?;
    let headers = StoredHeaders::from(&mut input);
    let received =
        body::receive(&store.blobs, input.body.take(), &request.headers, request.trailing_headers).await?;
    let etag = hex::encode(received.hashes.md5);
    let checksums = received.hashes.checksums;
    let object = NewObject {
        bucket: input.bucket,
        blob: received.blob,
        version: NewVersion {
            key: input.key,
            blob: None,
            bytes: received.bytes,
            etag: etag.clone(),
            modified_ms: 0,
            headers,
            checksums: checksums.clone(),
        },
        conditions,
        kind: EventKind::Put,
    };
    let committed = commit(store, object, |_, _, _| Ok(())).await?;
    let output = dto::PutObjectOutput {
        e_tag: Some(dto::ETag::Strong(etag)),
        version_id: committed.version_id,
        ..Default::default()
    };
    Ok(S3Response::new(output.with_checksums(checksums)))
}

/// Which object a read asks for, and on what conditions.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    pub(super) conditions: ReadConditions,
}

/// A row that a read may see, with the version id to show for it.
pub(super) struct Found {
    pub(super) row: VersionRow,
    pub(super) version_id: Option<String>,
}

/// The two reads ask alike, but share no type.
macro_rules! wanted {
    ($($input:ty),+) => {
        $(impl From<$input> for Wanted {
            fn from(mut input: $input) -> Self {
                let conditions = ReadConditions::from(&mut input);
                Self { bucket: input.bucket, key: input.key, version_id: input.version_id, conditions }
            }
        })+
    };
}

wanted!(dto::GetObjectInput, dto::HeadObjectInput);

impl Wanted {
    /// Finds the version; delete markers are errors that say so in their headers.
    pub(super) fn find(&self, connection: &Connection) -> Result<Found> {
        let bucket = index::bucket(connection, &self.bucket)?;
        let row = match &self.version_id {
            None => index::latest(connection, bucket.id, &self.key)?
                .ok_or_else(|| refuse(S3ErrorCode::NoSuchKey, "The specified key does not exist."))?,
            Some(id) => index::by_id(connection, bucket.id, &self.key, id)?
                .ok_or_else(|| refuse(S3ErrorCode::NoSuchVersion, "The specified version does not exist."))?,
        };
        if row.is_marker() {
            return Err(self.marker_error(&row));
        }
        let version_id = (bucket.versioning != Versioning::Off).then(|| row.version_id());
        Ok(Found { row, version_id })
    }

    fn marker_error(&self, marker: &VersionRow) -> StoreError {
        let (code, message) = match self.version_id {
            None => (S3ErrorCode::NoSuchKey, "The specified key does not exist."),
            Some(_) => (S3ErrorCode::MethodNotAllowed, "The specified version is a delete marker."),
        };
        let mut error = S3Error::with_message(code, message);
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
        if let Ok(id) = HeaderValue::from_str(&marker.version_id()) {
            headers.insert("x-amz-version-id", id);
        }
        error.set_headers(headers);
        error.into()
    }
}

/// A multipart object's parts are not kept apart once it is complete.
fn check_part_number(part: Option<i32>, row: &VersionRow) -> Result<()> {
    match part {
        None => Ok(()),
        Some(1) if !row.etag.contains('-') => Ok(()),
        Some(_) => Err(refuse(S3ErrorCode::NotImplemented, "reading single parts is not supported")),
    }
}

pub(super) fn resolve_range(range: Option<dto::Range>, bytes: u64) -> Result<Option<Range<u64>>> {
    let Some(range) = range else { return Ok(None) };
    match range.check(bytes) {
        Ok(range) if !range.is_empty() => Ok(Some(range)),
        _ => {
            let mut error = S3Error::with_message(S3ErrorCode::InvalidRange, "the range is not satisfiable");
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{bytes}")) {
                headers.insert(http::header::CONTENT_RANGE, value);
            }
            error.set_headers(headers);
            Err(error.into())
        }
    }
}

/// Finds the object and opens its body in one trip to the blocking pool.
async fn open(
    store: &S3Store,
    wanted: Wanted,
    range: Option<dto::Range>,
    part: Option<i32>,
) -> Result<(Found, Option<Range<u64>>, Content)> {
    for _ in 0..READ_ATTEMPTS {
        let (wanted, blobs) = (wanted.clone(), Arc::clone(&store.blobs));
        let attempt = store.read(move |connection| {
            let found = wanted.find(connection)?;
            wanted.conditions.check(&found.row)?;
            check_part_number(part, &found.row)?;
            let range = resolve_range(range, found.row.bytes)?;
            let blob = found.row.blob.ok_or(StoreError::Damaged("an object without a body"))?;
            let file = blobs.read(blob, found.row.bytes)?;
            let whole = 0..found.row.bytes;
            let content = Content::read(file, range.as_ref().unwrap_or(&whole))?;
            Ok((found, range, content))
        });
        match attempt.await {
            // The body went away between the row and the file: a newer row tells why.
            Err(StoreError::Blob(error)) if error.kind() == io::ErrorKind::NotFound => {}
            outcome => return outcome,
        }
    }
    Err(StoreError::Damaged("the body of an object is missing"))
}

/// What the two reads answer alike.
macro_rules! described {
    ($output:ident, $found:expr, $shows_checksums:expr) => {{
        let Found { row, version_id } = $found;
        let checksums = if $shows_checksums { row.checksums.clone() } else { Checksums::default() };
        let output = dto::$output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(row.bytes.cast_signed()),
            e_tag: Some(row.dto_etag()),
            last_modified: Some(timestamp(row.modified_ms)),
            version_id,
            content_type: Some(row.headers.content_type()),
            metadata: row.headers.dto_metadata(),
            cache_control: row.headers.cache_control,
            content_disposition: row.headers.content_disposition,
            content_encoding: row.headers.content_encoding,
            content_language: row.headers.content_language,
            expires: row.headers.expires,
            website_redirect_location: row.headers.website_redirect_location,
            ..Default::default()
        };
        output.with_checksums(checksums)
    }};
}

pub(super) async fn get(
    store: &S3Store,
    mut input: dto::GetObjectInput,
) -> Result<S3Response<dto::GetObjectOutput>> {
    let (range, part, asks_checksums) =
        (input.range.take(), input.part_number, input.checksum_mode.is_some());
    let (found, range, content) = open(store, input.into(), range, part).await?;
    let bytes = found.row.bytes;
    // The checksum is of the whole object, so it would be wrong beside a part of it.
    let mut output = described!(GetObjectOutput, found, asks_checksums && range.is_none());
    if let Some(Range { start, end }) = range {
        output.content_length = Some((end - start).cast_signed());
        output.content_range = Some(format!("bytes {start}-{}/{bytes}", end.saturating_sub(1)));
    }
    output.body = Some(content.into_blob());
    Ok(S3Response::new(output))
}

pub(super) async fn head(
    store: &S3Store,
    input: dto::HeadObjectInput,
) -> Result<S3Response<dto::HeadObjectOutput>> {
    let (part, asks_checksums) = (input.part_number, input.checksum_mode.is_some());
    let wanted = Wanted::from(input);
    let found = store
        .read(move |connection| {
            let found = wanted.find(connection)?;
            wanted.conditions.check(&found.row)?;
            check_part_number(part, &found.row)?;
            Ok(found)
        })
        .await?;
    Ok(S3Response::new(described!(HeadObjectOutput, found, asks_checksums)))
}
