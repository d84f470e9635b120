//! The lake: one Arrow schema, Parquet parts named by their content, reject files, manifests and object keys.
//!
//! Bytes in, bytes out. This crate reads no clock, environment or network.

mod columns;
mod findings;
mod groups;
mod judged;
pub mod keys;
mod manifest;
mod part;
mod read;
mod rejects;

pub use columns::{ColumnSet, Object, column_names, event_json, schema};
pub use findings::{EventRow, FindingRow, FindingsWriter, Shown, event_row, read_findings};
pub use judged::{JudgePins, JudgedManifest, JudgedOf};
pub use manifest::{
    BrokenOff, FeedPin, Manifest, ManifestError, Outcome, PartRef, Pins, RejectsRef, SCHEMA_NUMBER, Stage,
};
pub use part::{EventFile, EventWriter, Part, PartLimits};
pub use read::{PartFacts, event_batches, read_part, reject_lines};
pub use rejects::{REJECT_BYTES_KEPT, RejectFile, RejectLine, RejectWriter};

/// What can go wrong in the lake. None of it can be caused by a log line.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// Arrow refused a batch.
    #[error("cannot build a batch of events")]
    Arrow(#[from] arrow_schema::ArrowError),
    /// Parquet refused a file.
    #[error("cannot write or read a Parquet part")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Zstd or JSON refused a reject file.
    #[error("cannot write or read a reject file")]
    Rejects(#[from] std::io::Error),
    /// The encoding thread ended without an answer.
    #[error("the thread that encodes a file ended without an answer")]
    Thread,
    /// Nobody waits for the file any more.
    #[error("the receiver of finished files is gone")]
    Abandoned,
    /// A part lacks a column that every part has.
    #[error("the part has no column `{0}` of the expected type")]
    Column(&'static str),
}

/// SHA-256 in 64 hex digits: the name of everything that is named by its content.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(bytes))
}
