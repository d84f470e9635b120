//! The words that every part of trustwatch shares: identifiers, one web event, what became of a line.
//!
//! Plain types only. Nothing here reads a clock, the environment, a file or a network.

mod account;
mod event;
mod feed;
mod id;
mod judgement;
mod queue;
mod raw_key;
mod source;

pub use account::{Counts, HeldLine, RejectReason, Skip, SkipCounts};
pub use event::{Action, Attribution, Event, Intent, Precision};
pub use feed::{
    DateOrder, FeedSettings, HORIZON_DAYS_DEFAULT, Reading, SchoolSettings, Undated, Window, ZONE_DEFAULT,
};
pub use id::{FeedId, IdError, RuleId, SchoolId, SourceId};
pub use judgement::{
    AlertId, Audience, Distinct, Finding, Severity, SeverityError, SubjectKey, SubjectRole, Threshold,
    is_masked,
};
pub use queue::{Desk, Queue};
pub use raw_key::{RawKey, RawKeyError};
pub use source::{ObjectVersion, QuarantineReason};
