//! The queue store: a SQLite file that one thread of its own writes, and async calls that reach that thread.
//!
//! Each call is one transaction, committed before the caller hears of it. The thread keeps SQLite's waits for the
//! disk off the async runtime and makes the calls one after another, so that two receives can never hand out the
//! same message. A caller that goes away while waiting does not undo its call: a receive whose answer nobody took
//! comes back after the visibility time-out, like one whose worker died.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Arc, mpsc};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use super::clock::Clock;
use super::error::QueueError;
use super::message::{Depth, NewMessage, Receipt, Received, Sent};
use super::spec::{BATCH_MAX, QueueSpec, VISIBILITY_MS_MAX, checked};
use super::status::{QueueStatus, Status};
use super::{subject, table};
use crate::durability::Durability;

/// The name of the file in the data directory.
const FILE_NAME: &str = "queue.sqlite";

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A durable queue with the verbs of SQS. Clones share one file and one thread.
#[derive(Clone)]
pub struct QueueStore {
    shared: Arc<Shared>,
}

struct Shared {
    jobs: mpsc::Sender<Job>,
    queues: BTreeMap<String, Declared>,
    clock: Arc<dyn Clock>,
}

struct Declared {
    spec: QueueSpec,
    /// Counts what may have made a message visible sooner, so that a waiting receiver looks again.
    changes: watch::Sender<u64>,
}

impl std::fmt::Debug for QueueStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueueStore").field("queues", &self.queue_names()).finish_non_exhaustive()
    }
}

impl QueueStore {
    /// Opens or makes `queue.sqlite` in `directory` with the queues of `specs`.
    ///
    /// # Errors
    /// If the declarations contradict each other, the file cannot be opened, or a later version wrote it.
    pub async fn open(
        directory: &Path,
        specs: Vec<QueueSpec>,
        clock: Arc<dyn Clock>,
        durability: Durability,
    ) -> Result<Self, QueueError> {
        let queues = checked(specs)?
            .into_iter()
            .map(|(name, spec)| (name, Declared { spec, changes: watch::Sender::new(0) }))
            .collect();
        let path = directory.join(FILE_NAME);
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, is_open) = oneshot::channel();
        std::thread::Builder::new().name("queue-store".to_owned()).spawn(move || {
            let mut connection = match open_file(&path, durability) {
                Ok(connection) => connection,
                Err(error) => {
                    let _ = opened.send(Err(error));
                    return;
                }
            };
            let _ = opened.send(Ok(()));
            // Ends when the last clone of the store is dropped.
            for job in inbox {
                job(&mut connection);
            }
        })?;
        is_open.await.map_err(|_| QueueError::Closed)??;
        let store = Self { shared: Arc::new(Shared { jobs, queues, clock }) };
        store.warn_of_undeclared_queues().await?;
        Ok(store)
    }

    /// Sends one message. When this returns, the message is on the disk.
    ///
    /// # Errors
    /// If there is no such queue, SQS would refuse the message, or the file fails.
    pub async fn send(&self, queue: &str, message: NewMessage) -> Result<Sent, QueueError> {
        let mut sent = self.send_all(vec![(queue.to_owned(), message)]).await?;
        sent.pop().ok_or(QueueError::Closed)
    }

    /// Sends messages to any queues in one transaction: all of them or none. The answers keep the order.
    ///
    /// # Errors
    /// As for [`QueueStore::send`].
    pub async fn send_all(&self, messages: Vec<(String, NewMessage)>) -> Result<Vec<Sent>, QueueError> {
        let mut touched: Vec<String> = Vec::new();
        for (queue, message) in &messages {
            self.declared(queue)?;
            message.check()?;
            if !touched.contains(queue) {
                touched.push(queue.clone());
            }
        }
        let sent = self
            .call(move |tx, now| {
                messages.iter().map(|(queue, message)| table::send(tx, now, queue, message)).collect()
            })
            .await?;
        touched.iter().for_each(|queue| self.changed(queue));
        Ok(sent)
    }

    /// Hands out up to `most` (1 to 10) messages and hides them for `visibility_ms`, or for what the queue says.
    ///
    /// # Errors
    /// If there is no such queue, a number is out of range, or the file fails.
    pub async fn receive(
        &self,
        queue: &str,
        most: usize,
        visibility_ms: Option<u64>,
    ) -> Result<Vec<Received>, QueueError> {
        let spec = self.spec(queue)?.clone();
        let visibility_ms = in_range(visibility_ms.unwrap_or(spec.visibility_ms))?;
        let dead_letter = spec.dead_letter.clone();
        let most = most.clamp(1, BATCH_MAX);
        let (received, buried) =
            self.call(move |tx, now| table::receive(tx, now, &spec, most, visibility_ms)).await?;
        for message in &buried {
            let about = subject::of(&message.body);
            tracing::error!(queue, message = message.id, about, "a message became a dead letter");
        }
        if let (Some(dead_letter), false) = (dead_letter, buried.is_empty()) {
            self.changed(&dead_letter);
        }
        Ok(received)
    }

    /// Deletes a message that was handled. Deleting again is a success.
    ///
    /// # Errors
    /// [`QueueError::ReceiptStale`] if the message was handed out again since, so that another may hold it.
    pub async fn delete(&self, queue: &str, receipt: &str) -> Result<(), QueueError> {
        self.delete_all(queue, vec![receipt.to_owned()]).await?.pop().unwrap_or(Err(QueueError::Closed))
    }

    /// Deletes messages in one transaction, with an answer for each.
    ///
    /// # Errors
    /// If there is no such queue or the file fails; the receipts have answers of their own.
    pub async fn delete_all(
        &self,
        queue: &str,
        receipts: Vec<String>,
    ) -> Result<Vec<Result<(), QueueError>>, QueueError> {
        self.declared(queue)?;
        let queue = queue.to_owned();
        self.call(move |tx, _| {
            let mut answers = Vec::with_capacity(receipts.len());
            for receipt in receipts {
                let answer = Receipt::parse(&receipt).and_then(|receipt| table::delete(tx, &queue, &receipt));
                match answer {
                    // A failure of the file is one of the whole transaction, not of this receipt.
                    Err(QueueError::Storage(error)) => return Err(error.into()),
                    answer => answers.push(answer),
                }
            }
            Ok(answers)
        })
        .await
    }

    /// Lets a message in flight become visible `visibility_ms` from now; 0 gives it back at once.
    ///
    /// # Errors
    /// If the receipt is stale or the message is not in flight any more.
    pub async fn change_visibility(
        &self,
        queue: &str,
        receipt: &str,
        visibility_ms: u64,
    ) -> Result<(), QueueError> {
        self.declared(queue)?;
        let (receipt, visibility_ms) = (Receipt::parse(receipt)?, in_range(visibility_ms)?);
        let name = queue.to_owned();
        self.call(move |tx, now| table::change_visibility(tx, now, &name, &receipt, visibility_ms)).await?;
        self.changed(queue);
        Ok(())
    }

    /// Makes every message that is in flight visible again and says how many that were. For the start of a process
    /// that owns the file: whoever held a message has ended with the process before, and nobody should wait for
    /// the visibility time-out of the dead. Receipts of old deliveries stay as good as they were.
    ///
    /// # Errors
    /// If the file fails.
    pub async fn release_in_flight(&self) -> Result<usize, QueueError> {
        let released = self.call(table::release_in_flight).await?;
        self.queue_names().into_iter().for_each(|queue| self.changed(queue));
        Ok(released)
    }

    /// Deletes the dead letters that say so. Returns how many.
    ///
    /// # Errors
    /// If the file fails.
    pub async fn delete_dead(
        &self,
        is_needless: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<usize, QueueError> {
        let deleted = self.call(move |tx, _| table::delete_dead(tx, is_needless)).await?;
        self.queue_names().into_iter().for_each(|queue| self.changed(queue));
        Ok(deleted)
    }

    /// How much is in the queue.
    ///
    /// # Errors
    /// If there is no such queue or the file fails.
    pub async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let spec = self.spec(queue)?.clone();
        self.call(move |tx, now| table::depth(tx, now, &spec)).await
    }

    /// How much is in each queue.
    ///
    /// # Errors
    /// If the file fails.
    pub async fn status(&self) -> Result<Status, QueueError> {
        let mut queues = Vec::new();
        for queue in self.queue_names() {
            let is_this = |name: &String| name == queue;
            let takes_dead_letters =
                self.shared.queues.values().any(|other| other.spec.dead_letter.as_ref().is_some_and(is_this));
            let depth = self.depth(queue).await?;
            queues.push(QueueStatus { queue: queue.to_owned(), takes_dead_letters, depth });
        }
        Ok(Status { queues })
    }

    /// The earliest moment, ms since 1970 (UTC), at which a message is or becomes visible.
    ///
    /// # Errors
    /// If there is no such queue or the file fails.
    pub async fn next_visible_ms(&self, queue: &str) -> Result<Option<i64>, QueueError> {
        self.declared(queue)?;
        let queue = queue.to_owned();
        self.call(move |tx, _| table::next_visible_ms(tx, &queue)).await
    }

    /// Changes whenever a message of the queue may have become visible sooner than was known. Subscribe before the
    /// receive that finds nothing, and no change is missed.
    ///
    /// # Errors
    /// If there is no such queue.
    pub fn changes(&self, queue: &str) -> Result<watch::Receiver<u64>, QueueError> {
        Ok(self.declared(queue)?.changes.subscribe())
    }

    /// The declaration of a queue.
    ///
    /// # Errors
    /// If there is no such queue.
    pub fn spec(&self, queue: &str) -> Result<&QueueSpec, QueueError> {
        Ok(&self.declared(queue)?.spec)
    }

    /// The names of the declared queues, in order.
    #[must_use]
    pub fn queue_names(&self) -> Vec<&str> {
        self.shared.queues.keys().map(String::as_str).collect()
    }

    /// The clock that the deadlines are told by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock)
    }

    /// The moment for which the schedule was last done.
    pub(super) async fn schedule_last_due_ms(&self, name: &str) -> Result<Option<i64>, QueueError> {
        let name = name.to_owned();
        self.call(move |tx, _| table::schedule_last_due_ms(tx, &name)).await
    }

    /// Stores the moment for which the schedule was done.
    pub(super) async fn schedule_done(&self, name: &str, due_ms: i64) -> Result<(), QueueError> {
        let name = name.to_owned();
        self.call(move |tx, _| table::schedule_done(tx, &name, due_ms)).await
    }

    fn declared(&self, queue: &str) -> Result<&Declared, QueueError> {
        self.shared.queues.get(queue).ok_or_else(|| QueueError::UnknownQueue(queue.to_owned()))
    }

    fn changed(&self, queue: &str) {
        if let Some(declared) = self.shared.queues.get(queue) {
            declared.changes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Runs one transaction on the thread of the store. The time is read there, so that times are in the order of
    /// the calls.
    async fn call<T, F>(&self, work: F) -> Result<T, QueueError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, i64) -> Result<T, QueueError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let clock = self.clock();
        let job: Job = Box::new(move |connection| {
            let done = (|| {
                let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let value = work(&tx, clock.now_ms())?;
                tx.commit()?;
                Ok(value)
            })();
            let _ = answer.send(done);
        });
        self.shared.jobs.send(job).map_err(|_| QueueError::Closed)?;
        answered.await.map_err(|_| QueueError::Closed)?
    }

    /// A queue that was renamed in the code keeps its messages in the file, where no one would see them.
    async fn warn_of_undeclared_queues(&self) -> Result<(), QueueError> {
        for (queue, messages) in self.call(|tx, _| table::queues(tx)).await? {
            if self.declared(&queue).is_err() {
                tracing::error!(queue, messages, "messages wait in a queue that is not declared any more");
            }
        }
        Ok(())
    }
}

fn in_range(visibility_ms: u64) -> Result<u64, QueueError> {
    if visibility_ms > VISIBILITY_MS_MAX {
        let field = "visibility_ms";
        return Err(QueueError::OutOfRange { field, value: visibility_ms, max: VISIBILITY_MS_MAX });
    }
    Ok(visibility_ms)
}

fn open_file(path: &Path, durability: Durability) -> Result<Connection, QueueError> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    // Bodies hold object keys, which may be personal: only the owner reads them. SQLite gives its side files the
    // same mode.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    let mut connection = Connection::open(path)?;
    table::prepare(&mut connection, durability)?;
    Ok(connection)
}
