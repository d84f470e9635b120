//! What `docs/access.md` promises is what is decided.

use crate::people::{alert, allows, one, own_subject, roles, school};
use crate::table::AUDIENCES;
use trustwatch_access::{Action, Alert, Resource};
use trustwatch_model::{Audience, Desk, Queue};

const DOCUMENT: &str = include_str!("../../../../docs/access.md");

type Request = (Action, Resource);

fn alerts(audiences: &[Audience], place: &str, change: impl Fn(&mut Alert)) -> Vec<Request> {
    let of = |audience: &Audience| {
        let mut alert = alert(place, *audience);
        change(&mut alert);
        let resource = Resource::Alert(alert);
        [Action::ReadAlert, Action::TransitionAlert].map(|action| (action, resource.clone()))
    };
    audiences.iter().flat_map(of).collect()
}

fn queue(place: &str, kind: Desk) -> Vec<Request> {
    vec![(Action::ListAlerts, Resource::Queue(Queue::School(school(place), kind)))]
}

/// What each row speaks of at a school. All of a row's requests must be decided alike.
fn rows(place: &str) -> Vec<(&'static str, Vec<Request>)> {
    use Audience::{Pupil, Staff, Unknown, Visitor};
    let of_school = |action| vec![(action, Resource::School(school(place)))];
    vec![
        ("see that a school is one of the trust's", of_school(Action::ListSchools)),
        ("see a school's feeds: their state and what they reject", of_school(Action::ReadFeeds)),
        ("see files that no school was found for", vec![(Action::ReadUnroutable, Resource::Trust)]),
        ("list a school's safeguarding queue", queue(place, Desk::Dsl)),
        ("list a school's head's queue", queue(place, Desk::Head)),
        ("list a school's IT queue", queue(place, Desk::It)),
        ("list the trust's queue", vec![(Action::ListAlerts, Resource::Queue(Queue::Trust))]),
        ("work an alert on a pupil, or on somebody unknown", alerts(&[Pupil, Unknown], place, |_| ())),
        ("work an alert on staff or a visitor", alerts(&[Staff, Visitor], place, |_| ())),
        (
            "… that reached the trust's queue",
            alerts(&[Staff, Visitor], place, |alert| alert.queues = [Queue::Trust].into()),
        ),
        (
            "work an alert on staff who are safeguarding leads",
            alerts(&[Staff], place, |alert| alert.subject_is_dsl = true),
        ),
        ("work an alert on a headteacher", alerts(&AUDIENCES, place, |alert| alert.subject_is_head = true)),
        (
            "work an alert on themselves",
            alerts(&AUDIENCES, place, |alert| alert.subject = Some(own_subject())),
        ),
    ]
}

fn cell(role: &str, row: &str, own: &[Request], foreign: &[Request]) -> &'static str {
    let all = |requests: &[Request]| {
        let who = one(role);
        let first = requests.first().is_some_and(|(action, what)| allows(&who, *action, what));
        for (action, what) in requests {
            assert_eq!(allows(&who, *action, what), first, "`{row}` says two things of {role}: {what:?}");
        }
        first
    };
    match (all(own), all(foreign)) {
        // Of no school.
        (true, true) if own == foreign => "yes",
        (true, true) => "every",
        (true, false) => "own",
        (false, false) => "-",
        (false, true) => panic!("{role} may do more at another school: {row}"),
    }
}

#[test]
fn the_documents_table_is_what_is_decided() {
    let roles = roles();
    let mut table = format!("| may … | {} |\n|---|{}\n", roles.join(" | "), "---|".repeat(roles.len()));
    for ((row, own), (_, foreign)) in rows("oak").into_iter().zip(rows("elm")) {
        let cells: Vec<&str> = roles.iter().map(|role| cell(role, row, &own, &foreign)).collect();
        table.push_str(&format!("| {row} | {} |\n", cells.join(" | ")));
    }
    assert!(DOCUMENT.contains(&table), "docs/access.md should hold this table:\n{table}");
}
