//! The error of a step, and what its caller is to do with it.

use std::error::Error;
use trustwatch_lake::{LakeError, ManifestError};
use trustwatch_store::{StoreError, Trouble};

/// What a handler does with a step that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Give it back to the queue; it comes again.
    Retry,
    /// Somebody else works on it: give it back, it may come again soon.
    Busy,
    /// A mistake of ours: give it back until it is a dead letter, and raise the alarm.
    Bug,
}

/// A step of a use-case that failed.
#[derive(Debug, thiserror::Error)]
#[error("{step} of source {source_id} failed")]
pub struct StepError {
    /// Step.
    pub step: &'static str,
    /// Source, or `-` before it is known.
    pub source_id: String,
    /// What to do.
    pub disposition: Disposition,
    /// Why.
    #[source]
    pub cause: Cause,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lake.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A manifest that is there cannot be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The body of an object broke off while it was read.
    #[error("the body of the object broke off: {0}")]
    Body(std::io::Error),
    /// Another worker holds the lease.
    #[error("another worker holds the lease until {until_ms} ms")]
    Busy {
        /// Its end: milliseconds since 1970 UTC.
        until_ms: i64,
    },
    /// A key has more versions around this one than are looked at.
    #[error(
        "more than {versions_max} versions of the key lie around this one that were set aside, wait or say the \
         same: upload it less often"
    )]
    Crowded {
        /// So many are.
        versions_max: usize,
    },
    /// What was written down cannot be read back.
    #[error("the pins of the ledger cannot be read: {0}")]
    Pins(serde_json::Error),
    /// A message cannot be written.
    #[error(transparent)]
    Notification(#[from] crate::NotificationError),
    /// The counts of a source do not balance; nothing was committed.
    #[error("the lines of the object do not add up: {0}")]
    Unbalanced(String),
    /// Something stored is not as it must be: settings, policies, manifests.
    #[error("{0}")]
    Stored(String),
    /// Findings or what is stored of alerts are not as they must be.
    #[error(transparent)]
    Casework(#[from] trustwatch_casework::CaseworkError),
    /// Others wrote the same thing again and again.
    #[error("others wrote the same thing again and again")]
    Contended,
    /// A thread of ours ended without an answer.
    #[error("a worker thread ended without an answer")]
    Worker,
}

impl Cause {
    const fn disposition(&self) -> Disposition {
        match self {
            Self::Store(error) => match error.trouble {
                // A role that lacks a right is mended by a deployment, not by this message.
                Trouble::Passing | Trouble::NotFound | Trouble::Condition | Trouble::Denied => {
                    Disposition::Retry
                }
                Trouble::Fault => Disposition::Bug,
            },
            Self::Body(_) | Self::Contended | Self::Crowded { .. } => Disposition::Retry,
            Self::Busy { .. } => Disposition::Busy,
            Self::Lake(_)
            | Self::Manifest(_)
            | Self::Pins(_)
            | Self::Notification(_)
            | Self::Unbalanced(_)
            | Self::Stored(_)
            | Self::Casework(_)
            | Self::Worker => Disposition::Bug,
        }
    }
}

impl StepError {
    /// Why the step failed, with what lies behind it.
    #[must_use]
    pub fn why(&self) -> String {
        let first: &dyn Error = &self.cause;
        let causes = std::iter::successors(Some(first), |&cause| cause.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    pub(crate) fn new(step: &'static str, source_id: &str, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        Self { step, source_id: source_id.to_owned(), disposition: cause.disposition(), cause }
    }
}

/// `…await.at("step", id)?` says where a cause arose.
pub(crate) trait At<T> {
    fn at(self, step: &'static str, source_id: &str) -> Result<T, StepError>;
}

impl<T, E: Into<Cause>> At<T> for Result<T, E> {
    fn at(self, step: &'static str, source_id: &str) -> Result<T, StepError> {
        self.map_err(|cause| StepError::new(step, source_id, cause))
    }
}
