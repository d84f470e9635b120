//! `ListObjectVersions`: every version and delete marker, newest first below each key.

use super::{
    S3Store,
    conditions::timestamp,
    error::Result,
    index::{self, NULL_VERSION, VersionRow},
    listing::{self, Entry, Names, Query, Rows},
};
use rusqlite::Connection;
use s3s::{S3Response, dto};

pub(super) async fn list(
    store: &S3Store,
    input: dto::ListObjectVersionsInput,
) -> Result<S3Response<dto::ListObjectVersionsOutput>> {
    let names = Names::new(input.encoding_type.as_ref())?;
    let max = listing::page_size(input.max_keys)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let version_marker = input.version_id_marker.clone().unwrap_or_default();
    let bucket = input.bucket.clone();
    let page = store
        .read(move |connection| {
            let bucket = index::bucket(connection, &bucket)?;
            let from = match key_marker.as_str() {
                "" => Vec::new(),
                marker => listing::after_marker(marker, &prefix, &delimiter),
            };
            let rest_of = marked_sequence(connection, bucket.id, &key_marker, &version_marker)?
                .map(|sequence| (key_marker, sequence));
            let query = Query { rows: Rows::All, prefix, delimiter, from, rest_of, max };
            listing::page(connection, bucket.id, &query)
        })
        .await?;

    let mut versions = Vec::new();
    let mut markers = Vec::new();
    let mut prefixes = Vec::new();
    for entry in &page.entries {
        match entry {
            Entry::Row(row) if row.is_marker() => markers.push(marker(row, names)),
            Entry::Row(row) => versions.push(version(row, names)),
            Entry::CommonPrefix(prefix) => {
                prefixes.push(dto::CommonPrefix { prefix: Some(names.write(prefix)) });
            }
        }
    }
    let last = page.entries.last().filter(|_| page.truncated);
    let (next_key, next_version) = match last {
        None => (None, None),
        Some(Entry::CommonPrefix(prefix)) => (Some(prefix.as_str()), None),
        // Also for `null` the sequence: the row may be gone when the next page is asked for.
        Some(Entry::Row(row)) => (Some(row.key.as_str()), Some(index::sequence_id(row.sequence))),
    };
    Ok(S3Response::new(dto::ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(names.write(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
        key_marker: Some(names.write(&input.key_marker.unwrap_or_default())),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: Some(i32::try_from(max).unwrap_or(i32::MAX)),
        is_truncated: Some(page.truncated),
        next_key_marker: next_key.map(|key| names.write(key)),
        next_version_id_marker: next_version,
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}

/// The sequence that a version marker stands for; without one, all versions of the key were told.
fn marked_sequence(connection: &Connection, bucket: i64, key: &str, id: &str) -> Result<Option<i64>> {
    match id {
        NULL_VERSION => Ok(index::by_id(connection, bucket, key, id)?.map(|row| row.sequence)),
        id => Ok(index::parse_sequence_id(id)),
    }
}

fn version(row: &VersionRow, names: Names) -> dto::ObjectVersion {
    dto::ObjectVersion {
        key: Some(names.write(&row.key)),
        version_id: Some(row.version_id()),
        is_latest: Some(row.is_latest),
        e_tag: Some(row.dto_etag()),
        size: Some(row.bytes.cast_signed()),
        last_modified: Some(timestamp(row.modified_ms)),
        storage_class: Some(dto::ObjectVersionStorageClass::from_static(
            dto::ObjectVersionStorageClass::STANDARD,
        )),
        ..Default::default()
    }
}

fn marker(row: &VersionRow, names: Names) -> dto::DeleteMarkerEntry {
    dto::DeleteMarkerEntry {
        key: Some(names.write(&row.key)),
        version_id: Some(row.version_id()),
        is_latest: Some(row.is_latest),
        last_modified: Some(timestamp(row.modified_ms)),
        ..Default::default()
    }
}
