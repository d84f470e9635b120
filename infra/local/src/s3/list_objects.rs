//! `ListObjectsV2` and its elder, `ListObjects`.

use super::{
    S3Store,
    conditions::timestamp,
    error::{Result, refuse},
    index,
    index::VersionRow,
    listing::{self, Entry, Names, Page, Query, Rows},
};
use s3s::{S3ErrorCode, S3Response, dto};

/// What both versions of the request ask for.
struct Asked {
    bucket: String,
    prefix: String,
    delimiter: String,
    from: Vec<u8>,
    max: usize,
}

async fn page(store: &S3Store, asked: Asked) -> Result<Page> {
    let Asked { bucket, prefix, delimiter, from, max } = asked;
    let query = Query { rows: Rows::Current, prefix, delimiter, from, rest_of: None, max };
    store
        .read(move |connection| {
            let bucket = index::bucket(connection, &bucket)?;
            listing::page(connection, bucket.id, &query)
        })
        .await
}

fn object(row: &VersionRow, names: Names) -> dto::Object {
    dto::Object {
        key: Some(names.write(&row.key)),
        e_tag: Some(row.dto_etag()),
        size: Some(row.bytes.cast_signed()),
        last_modified: Some(timestamp(row.modified_ms)),
        storage_class: Some(dto::ObjectStorageClass::from_static(dto::ObjectStorageClass::STANDARD)),
        ..Default::default()
    }
}

fn split(entries: &[Entry], names: Names) -> (Vec<dto::Object>, Vec<dto::CommonPrefix>) {
    let mut objects = Vec::new();
    let mut prefixes = Vec::new();
    for entry in entries {
        match entry {
            Entry::Row(row) => objects.push(object(row, names)),
            Entry::CommonPrefix(prefix) => {
                prefixes.push(dto::CommonPrefix { prefix: Some(names.write(prefix)) });
            }
        }
    }
    (objects, prefixes)
}

fn count(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

pub(super) async fn v2(
    store: &S3Store,
    input: dto::ListObjectsV2Input,
) -> Result<S3Response<dto::ListObjectsV2Output>> {
    let names = Names::new(input.encoding_type.as_ref())?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let max = listing::page_size(input.max_keys)?;
    // The token is the first key of the next page, so it needs no state here and survives a restart.
    let from = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => hex::decode(token)
            .map_err(|_| refuse(S3ErrorCode::InvalidArgument, "the continuation token is not ours"))?,
        (None, Some(start)) => listing::after_marker(start, &prefix, &delimiter),
        (None, None) => Vec::new(),
    };
    let asked = Asked { bucket: input.bucket.clone(), prefix, delimiter, from, max };
    let page = page(store, asked).await?;
    let next = page.entries.last().filter(|_| page.truncated).map(listing::after_entry);
    let (objects, prefixes) = split(&page.entries, names);
    Ok(S3Response::new(dto::ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(names.write(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
        start_after: input.start_after.map(|start| names.write(&start)),
        max_keys: Some(count(max)),
        key_count: Some(count(page.entries.len())),
        is_truncated: Some(page.truncated),
        continuation_token: input.continuation_token,
        next_continuation_token: next.map(hex::encode),
        contents: Some(objects),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}

pub(super) async fn v1(
    store: &S3Store,
    input: dto::ListObjectsInput,
) -> Result<S3Response<dto::ListObjectsOutput>> {
    let names = Names::new(input.encoding_type.as_ref())?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let max = listing::page_size(input.max_keys)?;
    let marker = input.marker.as_deref().unwrap_or_default();
    let from = match marker {
        "" => Vec::new(),
        marker => listing::after_marker(marker, &prefix, &delimiter),
    };
    let asked = Asked { bucket: input.bucket.clone(), prefix, delimiter, from, max };
    let page = page(store, asked).await?;
    // S3 tells the next marker only with a delimiter; telling it always spares clients a case.
    let next = page.entries.last().filter(|_| page.truncated).map(|entry| match entry {
        Entry::Row(row) => names.write(&row.key),
        Entry::CommonPrefix(prefix) => names.write(prefix),
    });
    let (objects, prefixes) = split(&page.entries, names);
    Ok(S3Response::new(dto::ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(names.write(&input.prefix.unwrap_or_default())),
        marker: Some(names.write(marker)),
        delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
        max_keys: Some(count(max)),
        is_truncated: Some(page.truncated),
        next_marker: next,
        contents: Some(objects),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}
