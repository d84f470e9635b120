//! What a person may want to do, and to what.

use std::collections::BTreeSet;
use trustwatch_model::{Audience, Queue, SchoolId, SubjectKey};

/// What a person may want to do. Each goes with one kind of [`Resource`]; with any other it is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See that this school is one of the trust's, of [`Resource::School`].
    ListSchools,
    /// See the feeds of a school, how they are and what they reject, of [`Resource::School`].
    ReadFeeds,
    /// See the files that no school could be found for, of [`Resource::Trust`].
    ReadUnroutable,
    /// List what waits in a queue, of [`Resource::Queue`]. Each alert of the list needs [`Action::ReadAlert`].
    ListAlerts,
    /// Read an alert with its evidence, of [`Resource::Alert`].
    ReadAlert,
    /// Take, note, escalate or close an alert, of [`Resource::Alert`].
    TransitionAlert,
}

impl Action {
    /// Every one of them.
    pub const ALL: [Self; 6] = [
        Self::ListSchools,
        Self::ReadFeeds,
        Self::ReadUnroutable,
        Self::ListAlerts,
        Self::ReadAlert,
        Self::TransitionAlert,
    ];

    /// The name in the policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListSchools => "ListSchools",
            Self::ReadFeeds => "ReadFeeds",
            Self::ReadUnroutable => "ReadUnroutable",
            Self::ListAlerts => "ListAlerts",
            Self::ReadAlert => "ReadAlert",
            Self::TransitionAlert => "TransitionAlert",
        }
    }
}

/// To what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// What belongs to no school.
    Trust,
    /// A school.
    School(SchoolId),
    /// A list of alerts.
    Queue(Queue),
    /// An alert, as it is now: read strongly before a transition.
    Alert(Alert),
}

/// What of an alert decides who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// School of the event.
    pub school: SchoolId,
    /// Whom it concerns.
    pub audience: Audience,
    /// Where it waits.
    pub queues: BTreeSet<Queue>,
    /// Whom it is about, where that is known.
    pub subject: Option<SubjectKey>,
    /// It is about a headteacher, whose cases go to the chair.
    pub subject_is_head: bool,
    /// It is about a safeguarding lead, whose cases go to the head.
    pub subject_is_dsl: bool,
}
