//! Listings of multipart uploads and of the parts of one.

use super::{
    S3Store,
    conditions::timestamp,
    error::Result,
    index,
    listing::{self, Names},
    multipart::{self, UploadRow},
};
use rusqlite::params;
use s3s::{S3Response, dto};

pub(super) async fn parts(
    store: &S3Store,
    input: dto::ListPartsInput,
) -> Result<S3Response<dto::ListPartsOutput>> {
    let max = listing::page_size(input.max_parts)?;
    let after = input.part_number_marker.unwrap_or(0);
    let (bucket, key, upload_id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let (upload, rows) = store
        .read(move |connection| {
            let upload = multipart::find(connection, &bucket, &key, &upload_id)?;
            let rows = multipart::parts(connection, upload.id, after)?;
            Ok((upload, rows))
        })
        .await?;
    let truncated = rows.len() > max;
    let parts: Vec<dto::Part> = rows
        .into_iter()
        .take(max)
        .map(|row| dto::Part {
            part_number: Some(row.number),
            e_tag: Some(dto::ETag::Strong(row.etag)),
            size: Some(row.bytes.cast_signed()),
            last_modified: Some(timestamp(row.modified_ms)),
            checksum_crc32: row.checksums.crc32,
            checksum_crc32c: row.checksums.crc32c,
            checksum_crc64nvme: row.checksums.crc64nvme,
            checksum_sha1: row.checksums.sha1,
            checksum_sha256: row.checksums.sha256,
        })
        .collect();
    let next = parts.last().filter(|_| truncated).and_then(|part| part.part_number);
    let wanted = upload.checksum;
    Ok(S3Response::new(dto::ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: next,
        max_parts: Some(i32::try_from(max).unwrap_or(i32::MAX)),
        is_truncated: Some(truncated),
        parts: Some(parts),
        checksum_algorithm: wanted.algorithm.map(|known| dto::ChecksumAlgorithm::from_static(known.name())),
        checksum_type: wanted.algorithm.map(|_| multipart::checksum_type(wanted)),
        storage_class: Some(dto::StorageClass::from_static(dto::StorageClass::STANDARD)),
        ..Default::default()
    }))
}

pub(super) async fn uploads(
    store: &S3Store,
    input: dto::ListMultipartUploadsInput,
) -> Result<S3Response<dto::ListMultipartUploadsOutput>> {
    let names = Names::new(input.encoding_type.as_ref())?;
    let max = listing::page_size(input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().unwrap_or_default();
    let key_marker = input.key_marker.clone().unwrap_or_default();
    let upload_marker = input.upload_id_marker.as_deref().and_then(index::parse_sequence_id);
    let bucket = input.bucket.clone();
    let rows = store.read(move |connection| {
        let bucket = index::bucket(connection, &bucket)?;
        let from = match (key_marker.as_str(), upload_marker) {
            ("", _) => Vec::new(),
            // The marked key itself may have more uploads.
            (marker, Some(_)) => marker.as_bytes().to_vec(),
            (marker, None) => listing::after_marker(marker, &prefix, &delimiter),
        };
        let from = from.max(prefix.as_bytes().to_vec());
        let sql = format!(
            "SELECT {} FROM uploads WHERE bucket = ?1 AND key >= ?2 AND key < ?3
             AND NOT (key = ?4 AND id <= ?5) ORDER BY key, id",
            UploadRow::COLUMNS
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let end = listing::after_prefix(&prefix);
        let mut rows = statement.query(params![
            bucket.id,
            from,
            end,
            key_marker.as_bytes(),
            upload_marker.unwrap_or(0)
        ])?;
        let mut lines: Vec<Line> = Vec::new();
        while let Some(row) = rows.next()? {
            let row = UploadRow::read(row)?;
            let line = match listing::common_prefix(&row.key, &prefix, &delimiter) {
                Some(common) => Line::CommonPrefix(common.to_owned()),
                None => Line::Upload(Box::new(row)),
            };
            let told = match (&line, lines.last()) {
                (Line::CommonPrefix(new), Some(Line::CommonPrefix(last))) => new == last,
                _ => false,
            };
            if !told {
                lines.push(line);
            }
            if lines.len() > max {
                break;
            }
        }
        Ok(lines)
    });
    let mut lines = rows.await?;
    let truncated = lines.len() > max && max > 0;
    lines.truncate(max);
    let (next_key, next_upload) = match lines.last().filter(|_| truncated) {
        None => (None, None),
        Some(Line::CommonPrefix(prefix)) => (Some(names.write(prefix)), None),
        Some(Line::Upload(row)) => (Some(names.write(&row.key)), Some(index::sequence_id(row.id))),
    };
    let mut uploads = Vec::new();
    let mut prefixes = Vec::new();
    for line in lines {
        match line {
            Line::CommonPrefix(prefix) => {
                prefixes.push(dto::CommonPrefix { prefix: Some(names.write(&prefix)) });
            }
            Line::Upload(row) => uploads.push(upload(&row, names)),
        }
    }
    Ok(S3Response::new(dto::ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(names.write(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
        key_marker: Some(names.write(&input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: next_key,
        next_upload_id_marker: next_upload,
        max_uploads: Some(i32::try_from(max).unwrap_or(i32::MAX)),
        is_truncated: Some(truncated),
        uploads: Some(uploads),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        ..Default::default()
    }))
}

enum Line {
    Upload(Box<UploadRow>),
    CommonPrefix(String),
}

fn upload(row: &UploadRow, names: Names) -> dto::MultipartUpload {
    let wanted = row.checksum;
    dto::MultipartUpload {
        key: Some(names.write(&row.key)),
        upload_id: Some(index::sequence_id(row.id)),
        initiated: Some(timestamp(row.created_ms)),
        checksum_algorithm: wanted.algorithm.map(|known| dto::ChecksumAlgorithm::from_static(known.name())),
        checksum_type: wanted.algorithm.map(|_| multipart::checksum_type(wanted)),
        storage_class: Some(dto::StorageClass::from_static(dto::StorageClass::STANDARD)),
        ..Default::default()
    }
}
