//! What can go wrong with a queue, and whose fault it is.

/// An error of the queue store. The message names queues and limits, never a body.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue is not declared.
    #[error("there is no queue `{0}`")]
    UnknownQueue(String),
    /// The declaration of the queues contradicts itself.
    #[error("queue `{queue}`: {problem}")]
    Declaration {
        /// The queue whose declaration is wrong.
        queue: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The text is no receipt handle of this queue.
    #[error("the receipt handle is not one of this queue")]
    ReceiptMalformed,
    /// The message was received again since, so that the receipt belongs to a former delivery.
    #[error("the receipt handle is stale: the message was handed out again")]
    ReceiptStale,
    /// The message is not being handled at present: its visibility ran out, or it was deleted.
    #[error("the message is not in flight")]
    NotInFlight,
    /// The body is empty, too long, or holds characters that SQS does not carry.
    #[error("the message body {0}")]
    Body(&'static str),
    /// A number is outside of what SQS allows.
    #[error("{field} is {value}, the most is {max}")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// What was asked for.
        value: u64,
        /// The most that is allowed.
        max: u64,
    },
    /// The file was written by a later version of trustwatch.
    #[error("the queue file has schema {found}, this version reads up to {known}: use the newer trustwatch")]
    SchemaNewer {
        /// The schema number of the file.
        found: i64,
        /// The latest schema number that this version knows.
        known: i64,
    },
    /// The database failed. Nothing of the operation was kept.
    #[error("the queue file failed")]
    Storage(#[from] rusqlite::Error),
    /// The directory or the file could not be made.
    #[error("the queue file could not be opened")]
    Io(#[from] std::io::Error),
    /// The thread that owns the database has ended.
    #[error("the queue store is closed")]
    Closed,
}
