//! What a reviewer may do with an alert, and what stands in the way.

use crate::{Alert, Closing, Outcome, Signed, Status};

/// A step of a reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Takes the open episode, or takes it over from somebody else.
    Acknowledge,
    /// Closes it.
    Close(Outcome),
    /// Opens the closed one again.
    Reopen,
}

impl Transition {
    /// The word that stands in requests and audit entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Close(_) => "close",
            Self::Reopen => "reopen",
        }
    }

    /// What came of it, where the step says so.
    #[must_use]
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Close(outcome) => Some(outcome),
            Self::Acknowledge | Self::Reopen => None,
        }
    }
}

/// The revisions that a reviewer had before their eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revs {
    /// [`Alert::review_rev`].
    pub review: u64,
    /// [`Alert::evidence_rev`].
    pub evidence: u64,
}

/// Why a review was refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Another reviewer was faster (412).
    #[error(
        "another reviewer changed this alert (review revision {found}, not {expected}): read it and decide again"
    )]
    Stale {
        /// Revision that was seen.
        expected: u64,
        /// Revision that is.
        found: u64,
    },
    /// The evidence is not what the reviewer judged (409).
    #[error(
        "new evidence came in (evidence revision {found}, not {expected}): read it before closing the alert"
    )]
    NewEvidence {
        /// Revision that was seen.
        expected: u64,
        /// Revision that is.
        found: u64,
    },
    /// The cell has never fired.
    #[error("the alert has no episode to review yet")]
    NoEpisode,
    /// The step does not lead on from where the episode stands.
    #[error("cannot {transition} an episode that is {status}", transition = transition.as_str(), status = status.as_str())]
    Impossible {
        /// Step that was asked for.
        transition: Transition,
        /// Where the episode stands.
        status: Status,
    },
    /// The same person has taken it already.
    #[error("you have acknowledged this episode already")]
    AlreadyYours,
}

/// Lets a reviewer act on the last episode. `by` is the opaque id of the principal, `at` milliseconds since 1970 UTC.
///
/// Every step needs the review revision; closing, which is a judgement of the evidence, needs that of the evidence
/// too. Taking an alert while its evidence grows is what a reviewer should do, and is not refused.
///
/// # Errors
/// [`ReviewError`] says what stands in the way; the revisions are looked at first.
pub fn review(
    alert: &Alert,
    transition: Transition,
    by: &str,
    at: i64,
    expected: Revs,
) -> Result<Alert, ReviewError> {
    if expected.review != alert.review_rev {
        return Err(ReviewError::Stale { expected: expected.review, found: alert.review_rev });
    }
    if matches!(transition, Transition::Close(_)) && expected.evidence != alert.evidence_rev {
        return Err(ReviewError::NewEvidence { expected: expected.evidence, found: alert.evidence_rev });
    }
    let mut reviewed = alert.clone();
    let review = &mut reviewed.episodes.last_mut().ok_or(ReviewError::NoEpisode)?.review;
    let signed = Signed { by: by.to_owned(), at };
    match (transition, review.status) {
        (Transition::Acknowledge, Status::Acknowledged)
            if review.acknowledged.as_ref().is_some_and(|taken| taken.by == by) =>
        {
            return Err(ReviewError::AlreadyYours);
        }
        (Transition::Acknowledge, Status::Open | Status::Acknowledged) => {
            review.status = Status::Acknowledged;
            review.acknowledged = Some(signed);
        }
        (Transition::Close(outcome), Status::Open | Status::Acknowledged) => {
            let firing = alert.state.firing.as_ref();
            review.status = Status::Closed;
            review.closing = Some(Closing {
                signed,
                outcome,
                evidence_rev: alert.evidence_rev,
                severity: firing.map(|firing| firing.severity),
                events: firing.map_or(0, |firing| firing.events),
            });
        }
        (Transition::Reopen, Status::Closed) => {
            review.status = Status::Open;
            review.reopened = Some(signed);
        }
        (Transition::Acknowledge, Status::Closed)
        | (Transition::Close(_), Status::Closed)
        | (Transition::Reopen, Status::Open | Status::Acknowledged) => {
            return Err(ReviewError::Impossible { transition, status: review.status });
        }
    }
    reviewed.review_rev += 1;
    Ok(reviewed)
}
