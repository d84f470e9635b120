//! The only user of the AWS SDK: objects, table items and queue messages, by verbs that say what must hold.
//!
//! Every condition that keeps the data right (put if absent, claim if free, finish once) is expressed here as
//! a condition of S3 or DynamoDB, never as a read followed by a write. Errors of the SDK become [`StoreError`]
//! once, by code.

mod alert;
mod alert_queue;
mod audit;
mod connect;
mod due;
mod error;
mod feed;
mod ledger;
mod object;
mod provision;
mod queue;
mod sealed_key;

pub use alert::{CellItem, CellWrite, CellWritten, ContributionItem, ContributionPut, NotifyItem, QueueItem};
pub use alert_queue::{QUEUE_INDEX, QueueEntry, QueueRange};
pub use audit::{AuditItem, AuditPlace};
pub use connect::{Connection, Credentials, Names, Store};
pub use due::{Due, DuePlace, DueRow};
pub use error::{StoreError, Trouble};
pub use feed::{FeedItem, Shown, Tally};
pub use ledger::{Claim, ClaimRequest, DayEntry, Finish, Finished, LedgerEntry};
pub use object::{Body, Listed, Object, PutOutcome};

/// Name of the sparse index of items that are due: partition `due_shard`, sorted by `due_at`.
pub const DUE_INDEX: &str = "due";
