//! What can go wrong inside the store, and what a client is told about it.

use s3s::{S3Error, S3ErrorCode};

/// A failure of the store itself or a refusal that S3 has a code for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory open, so opening it here would sweep away its unfinished blobs.
    #[error("the directory is in use by another process")]
    Locked,
    /// The index was written by a newer build than this one.
    #[error("the index has schema {found}, this build knows up to {known}")]
    SchemaTooNew {
        /// The schema number in the index.
        found: i64,
        /// The newest schema number that this build reads.
        known: i64,
    },
    /// The index could not be read or written.
    #[error("index: {0}")]
    Index(#[from] rusqlite::Error),
    /// A blob file or the directory could not be read or written.
    #[error("blob: {0}")]
    Blob(#[from] std::io::Error),
    /// A row of the index holds what this code never writes.
    #[error("a row of the index is damaged: {0}")]
    Damaged(&'static str),
    /// The transaction that carried this write, with others, did not reach the disk.
    #[error("the write was not committed: {0}")]
    NotCommitted(String),
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// An answer that S3 defines, such as `NoSuchKey` or `PreconditionFailed`.
    #[error("{}", .0.code().as_str())]
    Refused(S3Error),
}

/// What the functions of the store return.
pub(super) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A refusal with one of S3's codes and a sentence for the person who reads it.
pub(super) fn refuse(code: S3ErrorCode, message: &'static str) -> StoreError {
    StoreError::Refused(S3Error::with_message(code, message))
}

impl From<S3Error> for StoreError {
    fn from(error: S3Error) -> Self {
        Self::Refused(error)
    }
}

impl From<S3ErrorCode> for StoreError {
    fn from(code: S3ErrorCode) -> Self {
        Self::Refused(S3Error::new(code))
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal,
            // The client may try again; the operator sees the cause in the log of the server.
            StoreError::Closed | StoreError::NotCommitted(_) => {
                tracing::warn!(%error, "the object store could not take a request");
                Self::with_source(S3ErrorCode::ServiceUnavailable, Box::new(error))
            }
            other => {
                tracing::error!(error = %other, "the object store failed");
                Self::internal_error(other)
            }
        }
    }
}
