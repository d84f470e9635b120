//! Whose queues there are: where alerts stand, and what lists may be read.

use crate::SchoolId;

/// A desk of a school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Desk {
    /// The designated safeguarding lead and deputies.
    Dsl,
    /// The headteacher.
    Head,
    /// IT.
    It,
}

crate::event::words!(Desk { Dsl => "dsl", Head => "head", It => "it" });

/// A queue that people read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Of one desk of one school.
    School(SchoolId, Desk),
    /// Of the trust: what no school may or can work on.
    Trust,
}

impl Queue {
    /// Every queue of these schools, and that of the trust.
    pub fn all(schools: &[SchoolId]) -> impl Iterator<Item = Self> {
        let of_school = schools
            .iter()
            .flat_map(|school| Desk::ALL.iter().map(|desk| Self::School(school.clone(), *desk)));
        of_school.chain([Self::Trust])
    }

    /// Name of the queue: `Q#<school>#<desk>` or `Q#trust`. The two differ in the number of their parts, so a school
    /// may be called `trust`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::School(school, desk) => format!("Q#{school}#{}", desk.as_str()),
            Self::Trust => "Q#trust".to_owned(),
        }
    }
}
