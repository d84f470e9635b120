//! Reading and writing the rows of buckets and versions. Everything here runs on a connection that the caller
//! has: the writer's inside a transaction, or a reader's.

use super::{
    blobs::BlobId,
    checksums::Checksums,
    error::{Result, StoreError, refuse},
    headers::StoredHeaders,
    writer::Effects,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use s3s::{S3ErrorCode, dto};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashSet;

/// Whether a bucket keeps old versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// Never switched on: a write replaces the object, whose version id is `null`.
    Off,
    /// Each write makes a version and each delete a marker.
    Enabled,
    /// Switched off again: old versions stay, new writes replace the `null` version.
    Suspended,
}

impl Versioning {
    fn from_column(value: i64) -> Result<Self> {
        match value {
            0 => Ok(Self::Off),
            1 => Ok(Self::Enabled),
            2 => Ok(Self::Suspended),
            _ => Err(StoreError::Damaged("a bucket's versioning")),
        }
    }

    pub(super) fn column(self) -> i64 {
        match self {
            Self::Off => 0,
            Self::Enabled => 1,
            Self::Suspended => 2,
        }
    }
}

/// A row of `buckets`.
#[derive(Debug, Clone)]
pub(super) struct BucketRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) created_ms: i64,
    pub(super) versioning: Versioning,
}

impl BucketRow {
    pub(super) const COLUMNS: &str = "id, name, created_ms, versioning";

    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            created_ms: row.get(2)?,
            versioning: Versioning::from_column(row.get(3)?)?,
        })
    }
}

/// The bucket of that name, or `NoSuchBucket`.
pub(super) fn bucket(connection: &Connection, name: &str) -> Result<BucketRow> {
    let sql = format!("SELECT {} FROM buckets WHERE name = ?1", BucketRow::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([name])?;
    match rows.next()? {
        Some(row) => BucketRow::read(row),
        None => Err(refuse(S3ErrorCode::NoSuchBucket, "The specified bucket does not exist")),
    }
}

/// A row of `versions`: an object's version or a delete marker.
#[derive(Debug, Clone)]
pub(super) struct VersionRow {
    pub(super) sequence: i64,
    pub(super) key: String,
    pub(super) is_null: bool,
    pub(super) is_latest: bool,
    /// `None` for a delete marker.
    pub(super) blob: Option<BlobId>,
    pub(super) bytes: u64,
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) headers: StoredHeaders,
    pub(super) checksums: Checksums,
}

impl VersionRow {
    pub(super) const COLUMNS: &str =
        "sequence, key, is_null, is_latest, blob, bytes, etag, modified_ms, headers, checksums";

    pub(super) fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            sequence: row.get(0)?,
            key: key_column(row, 1)?,
            is_null: row.get(2)?,
            is_latest: row.get(3)?,
            blob: row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
            bytes: row.get::<_, i64>(5)?.cast_unsigned(),
            etag: row.get(6)?,
            modified_ms: row.get(7)?,
            headers: from_json(row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?)?,
            checksums: from_json(row.get_ref(9)?.as_str().map_err(rusqlite::Error::from)?)?,
        })
    }

    /// The id that clients use for this version: its sequence, so that ids sort as the versions came.
    pub(super) fn version_id(&self) -> String {
        if self.is_null { NULL_VERSION.to_owned() } else { sequence_id(self.sequence) }
    }

    pub(super) fn is_marker(&self) -> bool {
        self.blob.is_none()
    }

    pub(super) fn dto_etag(&self) -> dto::ETag {
        dto::ETag::Strong(self.etag.clone())
    }
}

/// The id of what was written without versioning.
pub(super) const NULL_VERSION: &str = "null";

pub(super) fn sequence_id(sequence: i64) -> String {
    format!("{sequence:016x}")
}

pub(super) fn parse_sequence_id(id: &str) -> Option<i64> {
    (id.len() == 16).then(|| i64::from_str_radix(id, 16).ok()).flatten()
}

pub(super) fn key_column(row: &Row<'_>, index: usize) -> Result<String> {
    String::from_utf8(row.get(index)?).map_err(|_| StoreError::Damaged("a key is not UTF-8"))
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::Damaged("a value that JSON cannot hold"))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged("a JSON column"))
}

fn one_version(
    connection: &Connection,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Option<VersionRow>> {
    let sql = format!("SELECT {} FROM versions WHERE {condition}", VersionRow::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(parameters)?;
    rows.next()?.map(VersionRow::read).transpose()
}

/// The newest version of a key, which may be a delete marker.
pub(super) fn latest(connection: &Connection, bucket: i64, key: &str) -> Result<Option<VersionRow>> {
    one_version(connection, "bucket = ?1 AND key = ?2 AND is_latest = 1", params![bucket, key.as_bytes()])
}

/// A version by its id.
pub(super) fn by_id(connection: &Connection, bucket: i64, key: &str, id: &str) -> Result<Option<VersionRow>> {
    if id == NULL_VERSION {
        let condition = "bucket = ?1 AND key = ?2 AND is_null = 1";
        return one_version(connection, condition, params![bucket, key.as_bytes()]);
    }
    let Some(sequence) = parse_sequence_id(id) else { return Ok(None) };
    let condition = "sequence = ?1 AND bucket = ?2 AND key = ?3 AND is_null = 0";
    one_version(connection, condition, params![sequence, bucket, key.as_bytes()])
}

/// What a new row holds.
pub(super) struct NewVersion {
    pub(super) key: String,
    /// `None` makes a delete marker.
    pub(super) blob: Option<BlobId>,
    pub(super) bytes: u64,
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) headers: StoredHeaders,
    pub(super) checksums: Checksums,
}

/// Makes `new` the latest version of its key and returns its version id, or `None` in a bucket that never had
/// versions, whose clients are not told one.
pub(super) fn insert(
    connection: &Connection,
    bucket: &BucketRow,
    new: &NewVersion,
    effects: &mut Effects,
) -> Result<Option<String>> {
    let key = new.key.as_bytes();
    let is_null = bucket.versioning != Versioning::Enabled;
    if is_null && let Some(replaced) = by_id(connection, bucket.id, &new.key, NULL_VERSION)? {
        delete_row(connection, replaced.sequence)?;
        effects.obsolete.extend(replaced.blob);
    }
    connection
        .prepare_cached("UPDATE versions SET is_latest = 0 WHERE bucket = ?1 AND key = ?2 AND is_latest = 1")?
        .execute(params![bucket.id, key])?;
    connection
        .prepare_cached(
            "INSERT INTO versions (bucket, key, is_null, is_latest, is_marker, blob, bytes, etag, modified_ms,
             headers, checksums) VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            bucket.id,
            key,
            is_null,
            new.blob.is_none(),
            new.blob.map(u64::cast_signed),
            new.bytes.cast_signed(),
            new.etag,
            new.modified_ms,
            to_json(&new.headers)?,
            to_json(&new.checksums)?,
        ])?;
    Ok(match bucket.versioning {
        Versioning::Off => None,
        Versioning::Suspended => Some(NULL_VERSION.to_owned()),
        Versioning::Enabled => Some(sequence_id(connection.last_insert_rowid())),
    })
}

/// Deletes one version for good; the one before it becomes the latest.
pub(super) fn delete_version(
    connection: &Connection,
    bucket: i64,
    row: &VersionRow,
    effects: &mut Effects,
) -> Result<()> {
    delete_row(connection, row.sequence)?;
    effects.obsolete.extend(row.blob);
    if row.is_latest {
        connection
            .prepare_cached(
                "UPDATE versions SET is_latest = 1 WHERE sequence =
                 (SELECT max(sequence) FROM versions WHERE bucket = ?1 AND key = ?2)",
            )?
            .execute(params![bucket, row.key.as_bytes()])?;
    }
    Ok(())
}

fn delete_row(connection: &Connection, sequence: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM versions WHERE sequence = ?1")?.execute([sequence])?;
    Ok(())
}

/// Every blob that a row names.
pub(super) fn named_blobs(connection: &Connection) -> Result<HashSet<BlobId>> {
    let sql = "SELECT blob FROM versions WHERE blob IS NOT NULL UNION ALL SELECT blob FROM parts";
    let mut statement = connection.prepare(sql)?;
    let blobs = statement.query_map([], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?;
    Ok(blobs.collect::<rusqlite::Result<_>>()?)
}

/// Whether any row of `table` belongs to the bucket.
pub(super) fn is_empty(connection: &Connection, bucket: i64) -> Result<bool> {
    let found = connection
        .query_row("SELECT 1 FROM versions WHERE bucket = ?1 LIMIT 1", [bucket], |_| Ok(()))
        .optional()?;
    Ok(found.is_none())
}
