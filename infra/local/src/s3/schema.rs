//! The index: its tables and how a connection to it is set up.
//!
//! Keys are `BLOB`s, not `TEXT`: SQLite then compares them byte by byte, which is S3's order, and a key may
//! hold any character, NUL included.

use super::{Durability, StoreError, error::Result};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::{path::Path, time::Duration};

const SCHEMA: i64 = 1;

/// A reader waits this long for a checkpoint before it gives up; writers never wait, there is only one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE buckets (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    created_ms  INTEGER NOT NULL,
    versioning  INTEGER NOT NULL          -- 0 never switched on, 1 enabled, 2 suspended
) STRICT;

-- One row a version or delete marker. AUTOINCREMENT never gives a sequence twice, also after deletions and
-- restarts, so the sequence is the order in which the versions of the whole store came to be.
CREATE TABLE versions (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket      INTEGER NOT NULL REFERENCES buckets (id),
    key         BLOB NOT NULL,
    is_null     INTEGER NOT NULL,         -- 1: written without versioning, its id is `null`
    is_latest   INTEGER NOT NULL,
    is_marker   INTEGER NOT NULL,
    blob        INTEGER,                  -- NULL for a delete marker
    bytes       INTEGER NOT NULL,
    etag        TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    headers     TEXT NOT NULL,
    checksums   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX versions_by_key ON versions (bucket, key, sequence DESC);
CREATE UNIQUE INDEX latest_by_key ON versions (bucket, key) WHERE is_latest = 1;
CREATE UNIQUE INDEX null_by_key ON versions (bucket, key) WHERE is_null = 1;

CREATE TABLE uploads (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket      INTEGER NOT NULL REFERENCES buckets (id),
    key         BLOB NOT NULL,
    created_ms  INTEGER NOT NULL,
    headers     TEXT NOT NULL,
    checksum    TEXT NOT NULL             -- JSON: the algorithm and type the client asked for
) STRICT;
CREATE INDEX uploads_by_key ON uploads (bucket, key, id);

CREATE TABLE parts (
    upload      INTEGER NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    blob        INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    etag        TEXT NOT NULL,
    modified_ms INTEGER NOT NULL,
    checksums   TEXT NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;

-- Written in the transaction of the version that it tells of, deleted when the dispatcher acknowledges it.
CREATE TABLE events (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL,
    bucket      TEXT NOT NULL,
    key         TEXT NOT NULL,
    version_id  TEXT,
    bytes       INTEGER NOT NULL,
    etag        TEXT NOT NULL,
    event_ms    INTEGER NOT NULL
) STRICT;
";

/// Opens the one connection that writes, and makes the tables in a new index.
pub(super) fn open_writer(path: &Path, durability: Durability) -> Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // FULL syncs the log at every commit, so that an acknowledged write survives a power cut as well as a
    // kill. Commits are made in groups (see `writer`), which keeps its price low.
    let synchronous = match durability {
        Durability::PowerLoss => "FULL",
        Durability::ProcessExit => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that only reads; the tables exist by then.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
        }
        SCHEMA => {}
        found => return Err(StoreError::SchemaTooNew { found, known: SCHEMA }),
    }
    transaction.commit()?;
    Ok(())
}
