//! The conditions of reads and writes.

use super::{
    error::{Result, refuse},
    index::VersionRow,
};
use http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3Error, S3ErrorCode,
    dto::{self, ETag, ETagCondition, Timestamp},
};
use std::time::Duration;

/// The conditions of a write, checked inside its transaction.
#[derive(Default)]
pub(super) struct WriteConditions {
    if_match: Option<ETagCondition>,
    if_none_match: bool,
}

impl WriteConditions {
    /// S3 knows `If-None-Match` on a write with `*` only.
    pub(super) fn new(
        if_match: Option<ETagCondition>,
        if_none_match: Option<&ETagCondition>,
    ) -> Result<Self> {
        if if_none_match.is_some_and(|condition| !condition.is_any()) {
            let message = "If-None-Match on a write must be `*`";
            return Err(refuse(S3ErrorCode::NotImplemented, message));
        }
        Ok(Self { if_match, if_none_match: if_none_match.is_some() })
    }

    /// Checks against the newest row of the key. A delete marker counts as no object.
    pub(super) fn check(&self, latest: Option<&VersionRow>) -> Result<()> {
        let current = latest.filter(|row| !row.is_marker());
        if self.if_none_match && current.is_some() {
            return Err(precondition_failed());
        }
        match (&self.if_match, current) {
            (None, _) => Ok(()),
            (Some(_), None) => {
                Err(refuse(S3ErrorCode::NoSuchKey, "If-Match was given, and there is no object"))
            }
            (Some(condition), Some(row)) if matches(condition, &row.dto_etag()) => Ok(()),
            (Some(_), Some(_)) => Err(precondition_failed()),
        }
    }
}

fn precondition_failed() -> super::StoreError {
    let message = "At least one of the pre-conditions you specified did not hold";
    refuse(S3ErrorCode::PreconditionFailed, message)
}

fn matches(condition: &ETagCondition, etag: &ETag) -> bool {
    condition.as_etag().is_none_or(|wanted| wanted.weak_cmp(etag))
}

/// The conditions of a read, or of the source of a copy.
#[derive(Default, Clone)]
pub(super) struct ReadConditions {
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

/// The requests that bring conditions of a read share no type.
macro_rules! read_conditions {
    ($($input:ident { $if_match:ident, $if_none_match:ident, $if_modified:ident, $if_unmodified:ident })+) => {
        $(impl From<&mut dto::$input> for ReadConditions {
            fn from(input: &mut dto::$input) -> Self {
                Self {
                    if_match: input.$if_match.take(),
                    if_none_match: input.$if_none_match.take(),
                    if_modified_since: input.$if_modified.take(),
                    if_unmodified_since: input.$if_unmodified.take(),
                }
            }
        })+
    };
}

read_conditions! {
    GetObjectInput { if_match, if_none_match, if_modified_since, if_unmodified_since }
    HeadObjectInput { if_match, if_none_match, if_modified_since, if_unmodified_since }
    CopyObjectInput {
        copy_source_if_match,
        copy_source_if_none_match,
        copy_source_if_modified_since,
        copy_source_if_unmodified_since
    }
    UploadPartCopyInput {
        copy_source_if_match,
        copy_source_if_none_match,
        copy_source_if_modified_since,
        copy_source_if_unmodified_since
    }
}

impl ReadConditions {
    /// RFC 9110, section 13.2.2: the ETags win over the dates, and 412 over 304.
    pub(super) fn check(&self, row: &VersionRow) -> Result<()> {
        let etag = row.dto_etag();
        let modified = http_seconds(row.modified_ms);
        let failed = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => !matches(condition, &etag),
            (None, Some(limit)) => modified > *limit,
            (None, None) => false,
        };
        if failed {
            return Err(precondition_failed());
        }
        let unchanged = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, &etag),
            (None, Some(limit)) => modified <= *limit,
            (None, None) => false,
        };
        if unchanged {
            let mut error = S3Error::new(S3ErrorCode::NotModified);
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", row.etag)) {
                headers.insert(header::ETAG, value);
            }
            error.set_headers(headers);
            return Err(error.into());
        }
        Ok(())
    }

    /// As conditions of a copy's source, where "not modified" is a failure too.
    pub(super) fn check_source(&self, row: &VersionRow) -> Result<()> {
        self.check(row).map_err(|_| precondition_failed())
    }
}

/// A stored time as clients see it.
pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let magnitude = Duration::from_millis(milliseconds.unsigned_abs());
    let epoch = std::time::SystemTime::UNIX_EPOCH;
    let time = if milliseconds < 0 { epoch.checked_sub(magnitude) } else { epoch.checked_add(magnitude) };
    Timestamp::from(time.unwrap_or(epoch))
}

/// HTTP dates have no fractions, so that a client that echoes `Last-Modified` must not be "later".
fn http_seconds(milliseconds: i64) -> Timestamp {
    timestamp(milliseconds.div_euclid(1000).saturating_mul(1000))
}
