//! An S3 server in this process: buckets, versions, conditions, listings and multipart uploads over a SQLite index
//! and one file a body.
//!
//! `s3s` brings the protocol and the signatures; this module is the store behind it. What it promises:
//!
//! * **Order.** All writes go through one thread, so conditions are atomic: of any number of concurrent
//!   `If-None-Match: *` writes to a key exactly one succeeds. Version ids are the store-wide sequence of writes and
//!   sort in that order; "newest" never depends on a clock.
//! * **Durability.** With [`Durability::PowerLoss`] an acknowledged write is on disk (the body, its directory entry
//!   and the log of the index are synced before the answer), as far as the disk honours a sync. It survives
//!   `kill -9` in either mode. A crash leaves at most files that no row names; opening the store removes them.
//! * **Events.** The event of a new object is committed in the transaction of its row, and stays until
//!   [`S3Store::acknowledge_events`]; it is delivered at least once.
//! * **Bounded memory.** A body passes in pieces of 1 MiB.
//!
//! Not there, and refused as `NotImplemented`: tagging, access control lists, policies, lifecycle, encryption with
//! customer keys, object lock.

mod api;
mod blobs;
mod body;
mod buckets;
mod checksums;
mod complete;
mod conditions;
mod copy;
mod delete;
mod error;
mod headers;
mod index;
mod list_objects;
mod list_uploads;
mod list_versions;
mod listing;
mod multipart;
mod objects;
mod outbox;
mod readers;
mod schema;
mod serve;
mod writer;

pub use crate::durability::Durability;
pub use error::StoreError;
pub use index::Versioning;
pub use outbox::{EventKind, ObjectEvent};
pub use serve::{Credentials, serve, service};

use blobs::Blobs;
use error::Result;
use readers::Readers;
use rusqlite::Connection;
use std::{
    fs::{self, File, TryLockError},
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use writer::Writer;

/// Says what time it is: the arrival time of objects. Tests set it.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// The region that the store says its buckets are in. Signatures for any region are accepted.
pub(super) const REGION: &str = "eu-west-2";

/// A process that was killed may need a moment until the kernel has given back its lock.
pub(crate) const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// The source of `LastModified` and event times.
    pub clock: Clock,
    /// How long to wait for whoever has the directory open.
    pub lock_patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            clock: Arc::new(jiff::Timestamp::now),
            lock_patience: LOCK_PATIENCE,
        }
    }
}

impl From<Durability> for Options {
    fn from(durability: Durability) -> Self {
        Self { durability, ..Self::default() }
    }
}

/// The store behind the S3 server: one directory, one process.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use trustwatch_local::s3::{Credentials, S3Store, Versioning, serve};
///
/// let store = Arc::new(S3Store::open("data/s3".as_ref())?);
/// store.ensure_bucket("raw", Versioning::Enabled).await?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
/// let credentials = Credentials { access_key: "local".into(), secret_key: "secret".into() };
/// serve(listener, store, credentials).await?;
/// # Ok(())
/// # }
/// ```
pub struct S3Store {
    writer: Writer,
    readers: Arc<Readers>,
    blobs: Arc<Blobs>,
    clock: Clock,
    wake: Arc<Notify>,
}

impl S3Store {
    /// Opens the store in `directory`, or makes it. Blocking.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] when another process has it open, and failures of the disk or the index.
    pub fn open(directory: &Path) -> Result<Self> {
        Self::open_with(directory, Options::default())
    }

    /// Opens the store with another durability or clock. Blocking.
    ///
    /// # Errors
    ///
    /// As [`S3Store::open`].
    pub fn open_with(directory: &Path, options: impl Into<Options>) -> Result<Self> {
        let Options { durability, clock, lock_patience } = options.into();
        fs::create_dir_all(directory)?;
        let lock = lock(directory, lock_patience)?;
        let path = directory.join("index.sqlite3");
        let connection = schema::open_writer(&path, durability)?;
        let named = index::named_blobs(&connection)?;
        let (blobs, swept) = Blobs::open(directory.join("blobs"), durability, lock, named)?;
        if swept.orphans > 0 {
            tracing::info!(orphans = swept.orphans, "removed bodies that were never acknowledged");
        }
        if swept.missing > 0 {
            tracing::error!(missing = swept.missing, "bodies that the object index names are gone");
        }
        let blobs = Arc::new(blobs);
        let wake = Arc::new(Notify::new());
        // What a former process committed and nobody acknowledged must wake the dispatcher, too.
        wake.notify_one();
        let writer = Writer::start(connection, Arc::clone(&blobs), Arc::clone(&wake))?;
        Ok(Self { writer, readers: Arc::new(Readers::new(path)), blobs, clock, wake })
    }

    /// Runs `read` on a connection of the pool, off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(&self.readers);
        body::blocking(move || readers.with(read)).await
    }
}

/// Two processes on one directory would sweep away each other's unfinished bodies.
fn lock(directory: &Path, patience: Duration) -> Result<File> {
    let file = File::create(directory.join("lock"))?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked),
        }
    }
}

/// The clock in the unit of the index.
fn now_ms(clock: &Clock) -> i64 {
    clock().as_millisecond()
}
