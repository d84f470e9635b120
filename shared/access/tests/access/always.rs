//! What holds for every decision.

use crate::people::{AUTHORISER, alert, allows, at, one, own_subject, person, roles, school, stranger};
use crate::table::AUDIENCES;
use proptest::prelude::*;
use std::collections::BTreeSet;
use trustwatch_access::{Action, Alert, Grant, Principal, Resource, SchoolRole};
use trustwatch_model::{Audience, Desk, Queue};

#[test]
fn an_action_on_the_wrong_kind_of_thing_is_denied_to_everyone() {
    let things = [
        Resource::Trust,
        Resource::School(school("oak")),
        Resource::Queue(Queue::Trust),
        Resource::Alert(alert("oak", Audience::Pupil)),
    ];
    let fits = |action, thing: &Resource| match action {
        Action::ReadUnroutable => matches!(thing, Resource::Trust),
        Action::ListSchools | Action::ReadFeeds => matches!(thing, Resource::School(_)),
        Action::ListAlerts => matches!(thing, Resource::Queue(_)),
        Action::ReadAlert | Action::TransitionAlert => matches!(thing, Resource::Alert(_)),
    };
    let everything: Vec<String> = roles().into_iter().map(|role| at(role, "oak")).collect();
    let almighty = person(&everything);
    for action in Action::ALL {
        for thing in &things {
            assert_eq!(allows(&almighty, action, thing), fits(action, thing), "{action:?} {thing:?}");
        }
    }
}

#[test]
fn nobody_reads_or_works_their_own_case_and_none_until_their_subjects_are_known() {
    for (role, audience, about_head) in [
        ("dsl", Audience::Unknown, false),
        ("head", Audience::Staff, false),
        ("trust_lead", Audience::Unknown, false),
        ("chair", Audience::Staff, true),
    ] {
        let others = Alert { subject_is_head: about_head, ..alert("oak", audience) };
        let own = Alert { subject: Some(own_subject()), ..others.clone() };
        let nobodys = Alert { subject: None, ..others.clone() };
        let (known, unknown) = (one(role), stranger(&[at(role, "oak")]));
        for action in [Action::ReadAlert, Action::TransitionAlert] {
            let decide = |who: &Principal, what: &Alert| allows(who, action, &Resource::Alert(what.clone()));
            let decisions =
                [&others, &own, &nobodys].map(|what| (decide(&known, what), decide(&unknown, what)));
            assert_eq!(decisions, [(true, false), (false, false), (true, true)], "{role} {action:?}");
        }
    }
}

#[test]
fn lists_are_read_from_the_queues_of_ones_roles() {
    let schools = [school("oak"), school("elm")];
    let visible = |roles: &[&str]| -> Vec<String> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let scopes = AUTHORISER.visible_queues(&person(&roles), &schools);
        let word = |scope: Queue| match scope {
            Queue::School(school, kind) => format!("{school}/{}", kind.as_str()),
            Queue::Trust => "trust".to_owned(),
        };
        scopes.into_iter().map(word).collect()
    };
    assert_eq!(visible(&["dsl oak"]), ["oak/dsl"]);
    assert_eq!(visible(&["dsl oak, elm"]), ["oak/dsl", "elm/dsl"]);
    assert_eq!(visible(&["dsl oak", "head elm"]), ["oak/dsl", "elm/head"]);
    assert_eq!(visible(&["trust_lead"]), ["oak/dsl", "oak/it", "elm/dsl", "elm/it", "trust"]);
    assert_eq!(visible(&["chair"]), ["oak/head", "elm/head", "trust"]);
    assert_eq!(visible(&["trust_it", "dpo", "school_it oak", "governor oak", "deputy_head oak"]), [""; 0]);
    // A school that was granted and is not the trust's any more is not listed.
    assert_eq!(visible(&["dsl ash"]), [""; 0]);
}

fn a_role() -> impl Strategy<Value = String> {
    let place = prop::sample::select(vec!["oak", "elm", "ash"]);
    (prop::sample::select(roles()), place).prop_map(|(role, place)| at(role, place))
}

prop_compose! {
    /// Something to do with a thing that it can be done with.
    fn a_request()(
        place in prop::sample::select(vec!["oak", "elm", "ash", "yew"]),
        audience in prop::sample::select(AUDIENCES.to_vec()),
        kind in prop::sample::select(Desk::ALL.to_vec()),
        [own, nobodys, subject_is_head, subject_is_dsl, in_trust_queue]: [bool; 5],
        action in prop::sample::select(Action::ALL.to_vec()),
    ) -> (Action, Resource) {
        let of_school = Queue::School(school(place), kind);
        let resource = match action {
            Action::ReadUnroutable => Resource::Trust,
            Action::ListSchools | Action::ReadFeeds => Resource::School(school(place)),
            Action::ListAlerts => Resource::Queue(if in_trust_queue { Queue::Trust } else { of_school }),
            Action::ReadAlert | Action::TransitionAlert => {
                let plain = alert(place, audience);
                let subject = if own { Some(own_subject()) } else { plain.subject.clone() };
                let mut queues = BTreeSet::from([of_school]);
                if in_trust_queue {
                    queues.insert(Queue::Trust);
                }
                let subject = subject.filter(|_| !nobodys);
                Resource::Alert(Alert { subject, queues, subject_is_head, subject_is_dsl, ..plain })
            }
        };
        (action, resource)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_allowed_without_a_grant_at_the_school_or_in_the_trust(
        roles in prop::collection::vec(a_role(), 1..5),
        (action, resource) in a_request(),
    ) {
        let who = person(&roles);
        if allows(&who, action, &resource) {
            prop_assert!(who.grants().iter().any(|grant| reaches(grant, &resource)), "{who:?} {action:?} {resource:?}");
            if let Resource::Alert(alert) = &resource {
                prop_assert_ne!(&alert.subject, &Some(own_subject()));
            }
        }
    }

    /// But a safeguarding lead sees no case of another by what else they are, unless as the school's head.
    #[test]
    fn several_grants_allow_what_each_allows_and_nothing_more(
        roles in prop::collection::vec(a_role(), 1..5),
        (action, resource) in a_request(),
    ) {
        let by_one = roles.iter().any(|role| allows(&person(std::slice::from_ref(role)), action, &resource));
        let who = person(&roles);
        let is = |role| {
            let Resource::Alert(alert) = &resource else { return false };
            alert.subject_is_dsl && who.grants().contains(&Grant::School { role, school: alert.school.clone() })
        };
        let of_a_colleague = is(SchoolRole::Dsl) && !is(SchoolRole::Head);
        prop_assert_eq!(allows(&who, action, &resource), by_one && !of_a_colleague);
    }
}

/// Whether a grant is of the whole trust, or of the school that the thing is of. Every grant reaches what is of no
/// school and is no list of alerts.
fn reaches(grant: &Grant, resource: &Resource) -> bool {
    let granted_at = match grant {
        Grant::Trust { .. } => return true,
        Grant::School { school, .. } => school,
    };
    match resource {
        Resource::Trust => true,
        Resource::Queue(Queue::Trust) => false,
        Resource::School(school) | Resource::Queue(Queue::School(school, _)) => granted_at == school,
        Resource::Alert(alert) => *granted_at == alert.school,
    }
}
