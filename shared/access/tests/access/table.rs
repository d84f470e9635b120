//! Every cell of role × action × school × audience.

use crate::people::{alert, allows, one, roles, school};
use std::collections::BTreeSet;
use trustwatch_access::{Action, Alert, Resource};
use trustwatch_model::{Audience, Desk, Queue};

pub(crate) const AUDIENCES: [Audience; 4] =
    [Audience::Pupil, Audience::Staff, Audience::Visitor, Audience::Unknown];

/// Who is allowed, of people whose school is oak: roles in any order. Elm is a foreign school.
const EXPECTED: &[(&str, &str)] = &[
    ("ReadUnroutable trust", "trust_it trust_lead dpo"),
    ("ListSchools oak", "trust_it school_it dsl head trust_lead deputy_head dpo chair governor"),
    ("ListSchools elm", "trust_it trust_lead dpo chair"),
    ("ReadFeeds oak", "trust_it school_it dsl head trust_lead dpo"),
    ("ReadFeeds elm", "trust_it trust_lead dpo"),
    ("ListAlerts oak dsl", "dsl trust_lead"),
    ("ListAlerts oak head", "head chair"),
    ("ListAlerts oak it", "trust_lead"),
    ("ListAlerts elm dsl", "trust_lead"),
    ("ListAlerts elm head", "chair"),
    ("ListAlerts elm it", "trust_lead"),
    ("ListAlerts trust", "trust_lead chair"),
    ("ReadAlert oak pupil", "dsl trust_lead"),
    ("ReadAlert oak staff", "head"),
    ("ReadAlert oak visitor", "head"),
    ("ReadAlert oak unknown", "dsl trust_lead"),
    ("ReadAlert elm pupil", "trust_lead"),
    ("ReadAlert elm staff", ""),
    ("ReadAlert elm visitor", ""),
    ("ReadAlert elm unknown", "trust_lead"),
    ("ReadAlert oak pupil in-trust-queue", "dsl trust_lead"),
    ("ReadAlert oak staff in-trust-queue", "head trust_lead"),
    ("ReadAlert oak visitor in-trust-queue", "head trust_lead"),
    ("ReadAlert oak unknown in-trust-queue", "dsl trust_lead"),
    ("ReadAlert elm pupil in-trust-queue", "trust_lead"),
    ("ReadAlert elm staff in-trust-queue", "trust_lead"),
    ("ReadAlert elm visitor in-trust-queue", "trust_lead"),
    ("ReadAlert elm unknown in-trust-queue", "trust_lead"),
    ("ReadAlert oak pupil about-dsl", "head trust_lead"),
    ("ReadAlert oak staff about-dsl", "head"),
    ("ReadAlert oak visitor about-dsl", "head"),
    ("ReadAlert oak unknown about-dsl", "head trust_lead"),
    ("ReadAlert elm pupil about-dsl", "trust_lead"),
    ("ReadAlert elm staff about-dsl", ""),
    ("ReadAlert elm visitor about-dsl", ""),
    ("ReadAlert elm unknown about-dsl", "trust_lead"),
    ("ReadAlert oak pupil about-head", "chair"),
    ("ReadAlert oak staff about-head", "chair"),
    ("ReadAlert oak visitor about-head", "chair"),
    ("ReadAlert oak unknown about-head", "chair"),
    ("ReadAlert elm pupil about-head", "chair"),
    ("ReadAlert elm staff about-head", "chair"),
    ("ReadAlert elm visitor about-head", "chair"),
    ("ReadAlert elm unknown about-head", "chair"),
];

/// Each thing that the table has to say something about.
fn cases() -> Vec<(String, Action, Resource)> {
    let mut cases = vec![
        ("ReadUnroutable trust".to_owned(), Action::ReadUnroutable, Resource::Trust),
        ("ListAlerts trust".to_owned(), Action::ListAlerts, Resource::Queue(Queue::Trust)),
    ];
    for place in ["oak", "elm"] {
        cases.push((format!("ListSchools {place}"), Action::ListSchools, Resource::School(school(place))));
        cases.push((format!("ReadFeeds {place}"), Action::ReadFeeds, Resource::School(school(place))));
        for &kind in Desk::ALL {
            let queue = Resource::Queue(Queue::School(school(place), kind));
            cases.push((format!("ListAlerts {place} {}", kind.as_str()), Action::ListAlerts, queue));
        }
        for audience in AUDIENCES {
            let plain = alert(place, audience);
            let word = audience.as_str();
            for (name, what) in [
                (String::new(), plain.clone()),
                (" in-trust-queue".to_owned(), Alert { queues: [Queue::Trust].into(), ..plain.clone() }),
                (" about-dsl".to_owned(), Alert { subject_is_dsl: true, ..plain.clone() }),
                (" about-head".to_owned(), Alert { subject_is_head: true, ..plain }),
            ] {
                cases.push((
                    format!("ReadAlert {place} {word}{name}"),
                    Action::ReadAlert,
                    Resource::Alert(what),
                ));
            }
        }
    }
    cases
}

#[test]
fn every_cell_of_the_table_is_decided_as_it_says() {
    let cases = cases();
    let named: BTreeSet<&str> = cases.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(named, EXPECTED.iter().map(|(name, _)| *name).collect(), "the table leaves nothing out");
    for (name, action, resource) in &cases {
        let (_, expected) = EXPECTED.iter().find(|(row, _)| row == name).unwrap();
        let expected: BTreeSet<&str> = expected.split_whitespace().collect();
        let allowed = |action| -> BTreeSet<&str> {
            roles().into_iter().filter(|role| allows(&one(role), action, resource)).collect()
        };
        assert_eq!(allowed(*action), expected, "{name}");
        if *action == Action::ReadAlert {
            // Who may read an alert works it.
            assert_eq!(allowed(Action::TransitionAlert), expected, "transition: {name}");
        }
    }
}
