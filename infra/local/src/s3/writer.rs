//! One thread owns the only connection that writes.
//!
//! It takes every write that is waiting, runs each in a savepoint of one transaction and answers all of them
//! after the one commit. Writes are therefore serial (which makes conditions atomic without a thought), a
//! refused write does not disturb its neighbours, and sixteen concurrent writers share one sync of the log.

use super::{
    blobs::{BlobId, Blobs, PendingBlob},
    error::{Result, StoreError},
};
use rusqlite::Connection;
use std::sync::{Arc, mpsc};
use tokio::sync::{Notify, oneshot};

/// So that the first writer of a group never waits for an endless row of others.
const GROUP_MAX: usize = 256;

/// What has to be done once a write is on disk, and must not be done if it is not.
#[derive(Default)]
pub(super) struct Effects {
    /// Blobs that no row names any more.
    pub(super) obsolete: Vec<BlobId>,
    /// Whether the outbox has something new for the dispatcher.
    pub(super) event: bool,
}

/// Answers the caller; the argument is the reason why the transaction was not committed.
type Answer = Box<dyn FnOnce(Option<&str>) -> Effects + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// Hands writes to the writing thread, which ends when the last handle is dropped.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    pub(super) fn start(connection: Connection, blobs: Arc<Blobs>, wake: Arc<Notify>) -> Result<Self> {
        let (jobs, queue) = mpsc::channel();
        std::thread::Builder::new()
            .name("s3-index".to_owned())
            .spawn(move || run(&connection, &queue, &blobs, &wake))?;
        Ok(Self { jobs })
    }

    /// Runs `write` in a transaction and returns its answer when that is durable.
    ///
    /// `pending` is the blob that the new row names, if there is one: it stays when the commit succeeds and is
    /// removed in every other case, also when the caller has gone away.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        pending: Option<PendingBlob>,
        write: impl FnOnce(&Connection, &mut Effects) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let mut effects = Effects::default();
            let outcome = in_savepoint(connection, |connection| write(connection, &mut effects));
            Box::new(move |failure| {
                let outcome = match failure {
                    None => outcome,
                    Some(reason) => Err(StoreError::NotCommitted(reason.to_owned())),
                };
                if outcome.is_err() {
                    effects = Effects::default();
                } else if let Some(blob) = pending {
                    blob.keep();
                }
                // The client may have hung up; what it asked for is done all the same.
                let _ = answer.send(outcome);
                effects
            })
        });
        self.jobs.send(job).map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

fn in_savepoint<T>(connection: &Connection, write: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    // Without the group's transaction (it did not begin, or SQLite ended it after a failure) a savepoint would
    // commit by itself, while its writer is told that it did not.
    if connection.is_autocommit() {
        return Err(StoreError::NotCommitted("no transaction".to_owned()));
    }
    connection.execute_batch("SAVEPOINT job")?;
    let outcome = write(connection);
    let end = if outcome.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    match connection.execute_batch(end) {
        Ok(()) => outcome,
        Err(error) => outcome.and(Err(error.into())),
    }
}

fn run(connection: &Connection, queue: &mpsc::Receiver<Job>, blobs: &Blobs, wake: &Notify) {
    while let Ok(first) = queue.recv() {
        let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| error.to_string());
        let group = std::iter::once(first).chain(queue.try_iter().take(GROUP_MAX));
        let answers: Vec<Answer> = group.map(|job| job(connection)).collect();
        // SQLite ends the transaction by itself on errors like a full disk: then COMMIT fails, and with it
        // every write of the group, which is right because all of them were undone.
        let committed = begun
            .and_then(|()| connection.execute_batch("COMMIT").map_err(|error| error.to_string()))
            .inspect_err(|reason| {
                tracing::error!(%reason, "a group of writes to the object index was not committed");
                if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
                    tracing::error!("the failed transaction could not be rolled back");
                }
            });
        let failure = committed.err();
        let effects: Vec<Effects> = answers.into_iter().map(|answer| answer(failure.as_deref())).collect();
        if effects.iter().any(|effects| effects.event) {
            wake.notify_one();
        }
        // After the answers: a crash before this line leaves orphans, which the next start sweeps.
        effects.iter().flat_map(|effects| &effects.obsolete).for_each(|blob| blobs.remove(*blob));
    }
}
