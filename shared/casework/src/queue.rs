//! Whose queue an alert stands in.

use crate::Status;
use trustwatch_model::{Audience, Desk, Queue, SchoolId, Severity, SubjectRole};

/// The category that is about a machine and not about a child.
const MALWARE: &str = "malware";

/// Partition of a queue's entries in one status.
#[must_use]
pub fn partition(queue: &Queue, status: Status) -> String {
    format!("{}#{}", queue.name(), status.as_str())
}

/// Position in a queue: the most severe first, of these the oldest first, as text that sorts so. `opened_ms` is in
/// milliseconds since 1970 UTC.
#[must_use]
pub fn queue_sort(severity: Severity, opened_ms: i64) -> String {
    // Sixteen digits reach past the year 300 000. What is before 1970 comes first.
    format!("{}#{:016}", Severity::CRITICAL.level() - severity.level(), opened_ms.max(0))
}

/// What routing needs to know of an alert.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// School of the events.
    pub school: &'a SchoolId,
    /// Whom it concerns.
    pub audience: Audience,
    /// Category of the rule.
    pub category: &'a str,
    /// The subject's own role, if it has one.
    pub subject_role: Option<SubjectRole>,
}

/// One recipient of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Queue.
    pub queue: Queue,
    /// To be shown with the alert: nobody knows whom it concerns.
    pub audience_unknown: bool,
}

/// The queues of an alert, never none (requirements section 2, "Routing").
///
/// Malware goes to IT, too, whoever sat at the machine: IT sees no person, so somebody who does has to have it as well.
/// Nobody finds their own case in their queue: one on the head goes
/// to the trust, one on the DSL to the head, whatever the roster says of their audience.
#[must_use]
pub fn routes(case: Case<'_>) -> Vec<Route> {
    let at = |desk| Queue::School(case.school.clone(), desk);
    let mut queues = match (case.subject_role, case.audience) {
        (Some(SubjectRole::Head), _) => vec![Queue::Trust],
        (Some(SubjectRole::Dsl), _) | (None, Audience::Staff) => vec![at(Desk::Head)],
        (None, Audience::Pupil) => vec![at(Desk::Dsl)],
        (None, Audience::Visitor) => vec![at(Desk::Head), at(Desk::It)],
        (None, Audience::Unknown) => vec![at(Desk::Dsl), Queue::Trust],
    };
    if case.category == MALWARE && !queues.contains(&at(Desk::It)) {
        queues.push(at(Desk::It));
    }
    let audience_unknown = case.audience == Audience::Unknown;
    queues.into_iter().map(|queue| Route { queue, audience_unknown }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_goes_to_those_who_may_know_and_to_nobody_else() {
        use Audience::{Pupil, Staff, Unknown, Visitor};
        let oak = SchoolId::new("oak").unwrap();
        let check = |audience, category, subject_role, expected: &[&str]| {
            let routes = routes(Case { school: &oak, audience, category, subject_role });
            let partitions: Vec<String> =
                routes.iter().map(|route| partition(&route.queue, Status::Open)).collect();
            assert_eq!(partitions, expected, "{audience:?} {category} {subject_role:?}");
            assert!(routes.iter().all(|route| route.audience_unknown == (audience == Unknown)));
        };
        let (dsl, head, it, trust) = ("Q#oak#dsl#open", "Q#oak#head#open", "Q#oak#it#open", "Q#trust#open");
        check(Pupil, "self_harm", None, &[dsl]);
        check(Staff, "gambling", None, &[head]);
        check(Visitor, "bypass", None, &[head, it]);
        check(Unknown, "suicide", None, &[dsl, trust]);
        check(Pupil, "malware", None, &[dsl, it]);
        check(Staff, "malware", None, &[head, it]);
        check(Visitor, "malware", None, &[head, it]);
        check(Unknown, "malware", None, &[dsl, trust, it]);
        check(Staff, "malware", Some(SubjectRole::Head), &[trust, it]);
        for audience in [Pupil, Staff, Visitor, Unknown] {
            check(audience, "gambling", Some(SubjectRole::Head), &[trust]);
            check(audience, "gambling", Some(SubjectRole::Dsl), &[head]);
        }
    }

    #[test]
    fn queues_are_parted_by_status_and_a_school_called_trust_is_not_the_trust() {
        let trust = SchoolId::new("trust").unwrap();
        let at = |desk| partition(&Queue::School(trust.clone(), desk), Status::Closed);
        assert_eq!(at(Desk::Dsl), "Q#trust#dsl#closed");
        assert_eq!(partition(&Queue::Trust, Status::Closed), "Q#trust#closed");
        assert_eq!(partition(&Queue::Trust, Status::Acknowledged), "Q#trust#acknowledged");
    }

    #[test]
    fn the_most_severe_stands_first_and_of_these_the_oldest() {
        let sorts = [(5, 0), (5, 9), (5, 10), (4, -1), (4, 1_760_000_000_000), (3, 2), (2, 1)]
            .map(|(level, at)| queue_sort(Severity::new(level).unwrap(), at));
        assert!(sorts.is_sorted(), "{sorts:?}");
        assert_eq!(sorts[1], "0#0000000000000009");
    }
}
