//! Cases that would reach nobody: what a group map leaves open.

use crate::{Grant, GroupMap, SchoolRole, TrustRole};
use std::fmt;
use trustwatch_model::SchoolId;

/// Whose cases no group of a map may work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Those on headteachers of any school.
    Heads,
    /// Those on pupils of a school, and on people that nobody knows.
    Pupils(SchoolId),
    /// Those on staff and visitors of a school.
    Staff(SchoolId),
}

impl fmt::Display for Gap {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Heads => out.write_str("cases on headteachers reach nobody: give a group the role `chair`"),
            Self::Pupils(school) => write!(
                out,
                "cases on pupils of `{school}` reach nobody: give a group the role `dsl` there, or one `trust_lead`"
            ),
            Self::Staff(school) => write!(
                out,
                "cases on staff of `{school}` reach nobody: give a group the role `head` there, or one `trust_lead`"
            ),
        }
    }
}

impl GroupMap {
    /// Whose cases nobody would see, of the trust's schools in their order.
    #[must_use]
    pub fn gaps(&self, schools: &[SchoolId]) -> Vec<Gap> {
        let gives = |role| self.gives_any(&Grant::Trust { role });
        let mut gaps = Vec::new();
        if !gives(TrustRole::Chair) {
            gaps.push(Gap::Heads);
        }
        if !gives(TrustRole::TrustLead) {
            for school in schools {
                if !self.gives(SchoolRole::Dsl, school) {
                    gaps.push(Gap::Pupils(school.clone()));
                }
                if !self.gives(SchoolRole::Head, school) {
                    gaps.push(Gap::Staff(school.clone()));
                }
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(groups: &str) -> Vec<Gap> {
        let schools = ["elm", "oak"].map(|school| SchoolId::new(school).unwrap());
        GroupMap::parse(&format!("groups: {{{groups}}}")).unwrap().gaps(&schools)
    }

    #[test]
    fn cases_that_would_reach_nobody_are_named() {
        let school = |name| SchoolId::new(name).unwrap();
        assert_eq!(
            gaps(
                "a: {role: dsl, schools: [oak]}, b: {role: head, schools: [elm]}, c: {role: dpo, schools: all}"
            ),
            [Gap::Heads, Gap::Pupils(school("elm")), Gap::Staff(school("oak"))]
        );
        assert_eq!(gaps("a: {role: chair, schools: all}, b: {role: trust_lead, schools: all}"), []);
        assert_eq!(gaps("a: {role: trust_lead, schools: all}"), [Gap::Heads]);
        // Nobody of the directory is in a group that was made up to try a token.
        assert_eq!(
            gaps("dev-chair: {role: chair, schools: all}, b: {role: trust_lead, schools: all}"),
            [Gap::Heads]
        );
    }
}
