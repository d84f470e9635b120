//! Detection and review work on one alert at the same time, and neither undoes the other.

#![allow(clippy::unwrap_used, reason = "clippy knows tests, not the functions beside them")]

mod common;

use common::{Table, finding, source, threshold};
use proptest::prelude::*;
use trustwatch_casework::{
    Alert, CellState, ENTRIES_MAX, EPISODES_MAX, Outcome, ReviewError, Revs, SinceClosing, Status, Step,
    Transition, Withdrawal, detect, dues, review,
};
use trustwatch_model::{Distinct, Finding};

/// The state of a cell whose events are alerts alone: (second, severity) each.
fn state(events: &[(i64, u8)]) -> CellState {
    let alone = threshold(1, 60, Distinct::Event);
    let one = |(second, level): &(i64, u8)| Finding {
        line: second.unsigned_abs(),
        ..finding(second * 1_000, "a", *level, alone, 86_400)
    };
    let findings: Vec<Finding> = events.iter().map(one).collect();
    let mut table = Table::default();
    table.deliver(&source(0), &findings, ENTRIES_MAX);
    table.states.into_values().find(|state| state.firing.is_some()).unwrap_or_default()
}

fn revs(alert: &Alert) -> Revs {
    Revs { review: alert.review_rev, evidence: alert.evidence_rev }
}

/// An alert with these events, detected at 1 ms.
fn alert(events: &[(i64, u8)]) -> Alert {
    detect(&Alert::default(), state(events), 1).unwrap()
}

fn done(alert: &Alert, transition: Transition) -> Alert {
    review(alert, transition, "p-1", 2, revs(alert)).unwrap()
}

const CLOSE: Transition = Transition::Close(Outcome::Confirmed);

#[test]
fn the_first_firing_opens_the_first_episode_and_the_same_state_changes_nothing() {
    assert_eq!(detect(&Alert::default(), CellState::default(), 1), None);
    let alert = alert(&[(10, 3)]);
    assert_eq!((alert.evidence_rev, alert.review_rev, alert.episodes.len()), (1, 0, 1));
    let episode = alert.episode().unwrap();
    assert_eq!((episode.number, episode.opened_ms, episode.peak.level()), (1, 1, 3));
    assert_eq!(episode.review.status, Status::Open);
    assert_eq!(detect(&alert, state(&[(10, 3)]), 9), None);
}

#[test]
fn evidence_after_closing_opens_an_episode_when_it_is_severe_and_is_shown_when_not() {
    let check = |closed_at: &[(i64, u8)], then: &[(i64, u8)], opens: bool| {
        let closed = done(&alert(closed_at), CLOSE);
        assert_eq!(closed.since_closing(), None);
        let found = detect(&closed, state(then), 5).unwrap();
        assert_eq!(found.episodes.len(), if opens { 2 } else { 1 }, "{closed_at:?} {then:?}");
        assert_eq!(found.episodes[0], closed.episodes[0]);
        assert_eq!(found.since_closing().is_some(), !opens);
    };
    check(&[(10, 3)], &[(10, 3), (20, 3)], false);
    check(&[(10, 2)], &[(10, 2), (20, 3)], true);
    check(&[(10, 3)], &[(10, 3), (20, 4)], true);
    check(&[(10, 5)], &[(10, 5), (20, 4)], true);
    check(&[(10, 5)], &[(10, 5), (20, 3)], false);
    // Less evidence than was judged is no reason to judge again; other evidence is.
    check(&[(10, 4), (20, 4)], &[(10, 4)], false);
    check(&[(10, 4)], &[(20, 4)], true);
    check(&[(10, 3)], &[(10, 4)], true);
    check(&[(10, 5), (20, 4), (30, 3)], &[(10, 5), (30, 4)], true);
}

#[test]
fn a_severe_event_that_the_list_has_no_room_for_opens_an_episode() {
    let many: Vec<(i64, u8)> = (100..200).map(|second| (second, 4)).collect();
    let closed = done(&alert(&many), CLOSE);
    // The list shows the latest; this one came late and is the earliest.
    let found = detect(&closed, state(&[vec![(50, 4)], many].concat()), 5).unwrap();
    assert_eq!(found.episodes.len(), 2);
}

#[test]
fn what_came_since_closing_is_counted() {
    let closed = done(&alert(&[(10, 3)]), CLOSE);
    let more = detect(&closed, state(&[(10, 3), (20, 3), (30, 3)]), 5).unwrap();
    assert_eq!(more.since_closing(), Some(SinceClosing { changes: 1, events: 2 }));
    let none = detect(&more, CellState::default(), 6).unwrap();
    assert_eq!(none.since_closing(), Some(SinceClosing { changes: 2, events: 0 }));
    assert_eq!(done(&none, Transition::Reopen).since_closing(), None);
}

#[test]
fn an_open_episode_whose_evidence_goes_away_is_marked_and_stays() {
    let taken = done(&alert(&[(10, 5)]), Transition::Acknowledge);
    let gone = detect(&taken, CellState::default(), 7).unwrap();
    assert_eq!(gone.state, CellState::default());
    let episode = gone.episode().unwrap();
    assert_eq!(episode.withdrawn, Some(Withdrawal::BelowThreshold { at: 7 }));
    assert_eq!(episode.review, taken.episodes[0].review);
    let back = detect(&gone, state(&[(10, 3)]), 8).unwrap();
    assert_eq!(back.episode().unwrap().withdrawn, None);
    assert_eq!(back.episodes.len(), 1);
    // Closed while there was nothing to see, it opens again for anything.
    let closed = done(&gone, CLOSE);
    assert_eq!(detect(&closed, state(&[(10, 2)]), 9).unwrap().episodes.len(), 2);
}

#[test]
fn a_review_needs_the_revisions_that_are() {
    let alert = alert(&[(10, 3)]);
    let try_with = |transition, review_rev, evidence| {
        review(&alert, transition, "p-1", 2, Revs { review: review_rev, evidence }).map(|_| ())
    };
    let stale = Err(ReviewError::Stale { expected: 3, found: 0 });
    assert_eq!(try_with(CLOSE, 3, 1), stale);
    assert_eq!(try_with(CLOSE, 3, 9), stale);
    assert_eq!(try_with(Transition::Acknowledge, 3, 1), stale);
    assert_eq!(try_with(CLOSE, 0, 0), Err(ReviewError::NewEvidence { expected: 0, found: 1 }));
    assert_eq!(try_with(Transition::Acknowledge, 0, 0), Ok(()));
    assert_eq!(try_with(CLOSE, 0, 1), Ok(()));
}

#[test]
fn a_step_leads_on_from_where_the_episode_stands() {
    use Status::{Acknowledged, Closed, Open};
    use Transition::{Acknowledge, Reopen};
    let open = alert(&[(10, 3)]);
    let taken = done(&open, Acknowledge);
    let closed = done(&taken, CLOSE);
    let as_other = |alert: &Alert, transition| {
        let reviewed = review(alert, transition, "p-2", 3, revs(alert))?;
        assert_eq!(reviewed.review_rev, alert.review_rev + 1);
        assert_eq!(reviewed.evidence_rev, alert.evidence_rev);
        assert_eq!(reviewed.state, alert.state);
        Ok(reviewed.episode().unwrap().review.status)
    };
    let no = |transition, status| Err(ReviewError::Impossible { transition, status });
    assert_eq!(as_other(&open, Acknowledge), Ok(Acknowledged));
    assert_eq!(as_other(&open, CLOSE), Ok(Closed));
    assert_eq!(as_other(&open, Reopen), no(Reopen, Open));
    assert_eq!(as_other(&taken, Acknowledge), Ok(Acknowledged));
    assert_eq!(as_other(&taken, CLOSE), Ok(Closed));
    assert_eq!(as_other(&taken, Reopen), no(Reopen, Acknowledged));
    assert_eq!(as_other(&closed, Acknowledge), no(Acknowledge, Closed));
    assert_eq!(as_other(&closed, CLOSE), no(CLOSE, Closed));
    assert_eq!(as_other(&closed, Reopen), Ok(Open));
    // How it was closed stays to be read, and who took it.
    let reopened = done(&closed, Reopen).episodes.remove(0).review;
    let before = &closed.episode().unwrap().review;
    assert_eq!((&reopened.closing, &reopened.acknowledged), (&before.closing, &before.acknowledged));
    assert!(before.closing.is_some() && reopened.reopened.is_some());
    assert_eq!(review(&taken, Acknowledge, "p-1", 3, revs(&taken)), Err(ReviewError::AlreadyYours));
    let none = Alert::default();
    assert_eq!(review(&none, Acknowledge, "p-1", 3, revs(&none)), Err(ReviewError::NoEpisode));
    assert_eq!(no(CLOSE, Closed).unwrap_err().to_string(), "cannot close an episode that is closed");
}

#[test]
fn an_alert_carries_its_latest_episodes() {
    let mut alert = Alert::default();
    for number in 1..=(EPISODES_MAX as i64 + 3) {
        let events: Vec<(i64, u8)> = (0..number).map(|second| (second, 4)).collect();
        alert = done(&detect(&alert, state(&events), number).unwrap(), CLOSE);
    }
    assert_eq!(alert.episodes.len(), EPISODES_MAX);
    assert_eq!(alert.episode().unwrap().number as usize, EPISODES_MAX + 3);
    assert!(alert.episodes.windows(2).all(|pair| pair[0].number + 1 == pair[1].number));
}

#[test]
fn recipients_are_told_of_new_episodes_and_of_what_is_worse() {
    use Step::{CriticalNow, Digest, HighAgain, HighNow, SameDay};
    // 14:00 in London, in summer.
    let at: i64 = "2026-07-01T13:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let told = |before: &Alert, after: &Alert| -> Vec<(Step, i64)> {
        dues(before, after, at).unwrap().iter().map(|due| (due.step, (due.at_ms - at) / 60_000)).collect()
    };
    let none = Alert::default();
    let opened = |level| detect(&none, state(&[(10, level)]), at).unwrap();
    assert_eq!(told(&none, &opened(5)), [(CriticalNow, 0)]);
    assert_eq!(told(&none, &opened(4)), [(HighNow, 0), (HighAgain, 60)]);
    assert_eq!(told(&none, &opened(3)), [(SameDay, 90)]);
    assert_eq!(told(&none, &opened(2)), [(Digest, 17 * 60 + 30)]);

    let low = opened(3);
    let same = detect(&low, state(&[(10, 3), (20, 3)]), at).unwrap();
    assert_eq!(told(&low, &same), []);
    let worse = detect(&same, state(&[(10, 3), (20, 5)]), at).unwrap();
    assert_eq!(told(&same, &worse), [(CriticalNow, 0)]);
    // Up and down does not tell twice.
    let down = detect(&worse, state(&[(10, 3)]), at).unwrap();
    let up = detect(&down, state(&[(10, 3), (20, 5)]), at).unwrap();
    assert_eq!((told(&worse, &down), told(&down, &up)), (vec![], vec![]));
    let closed = done(&up, CLOSE);
    assert_eq!(told(&up, &closed), []);
    let again = detect(&closed, state(&[(10, 3), (20, 5), (30, 4)]), at).unwrap();
    assert_eq!(told(&closed, &again), [(CriticalNow, 0)]);
}

#[test]
fn the_times_of_telling_follow_the_clock_of_london() {
    let due = |level, opened: &str| {
        let at = opened.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let after = detect(&Alert::default(), state(&[(10, level)]), at).unwrap();
        let due = dues(&Alert::default(), &after, at).unwrap()[0];
        jiff::Timestamp::from_millisecond(due.at_ms).unwrap().to_string()
    };
    assert_eq!(due(3, "2026-07-01T09:00:00Z"), "2026-07-01T14:30:00Z");
    assert_eq!(due(3, "2026-01-07T09:00:00Z"), "2026-01-07T15:30:00Z");
    // Too late for the afternoon: at once.
    assert_eq!(due(3, "2026-01-07T16:00:00Z"), "2026-01-07T16:00:00Z");
    // The night in which the clocks go forward.
    assert_eq!(due(2, "2026-03-28T12:00:00Z"), "2026-03-29T06:30:00Z");
    let at = i64::MAX;
    let after = detect(&Alert::default(), state(&[(10, 3)]), at).unwrap();
    assert!(dues(&Alert::default(), &after, at).is_err());
}

/// What may happen to an alert next.
#[derive(Debug, Clone)]
enum Happening {
    Detect(Vec<(i64, u8)>),
    Review { transition: Transition, seen: Seen },
}

/// What the reviewer has before their eyes: the alert as it is, or as it was one or two happenings ago.
type Seen = usize;

fn happening() -> impl Strategy<Value = Happening> {
    let events = prop::collection::btree_map(0..6_i64, 2..=5_u8, 0..4);
    let transition = prop::sample::select(vec![Transition::Acknowledge, CLOSE, Transition::Reopen]);
    prop_oneof![
        events.prop_map(|events| Happening::Detect(events.into_iter().collect())),
        (transition, 0..3_usize).prop_map(|(transition, seen)| Happening::Review { transition, seen }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_review_is_lost_and_no_evidence_is_hidden(happenings in prop::collection::vec(happening(), 1..24)) {
        let mut past = vec![Alert::default()];
        let mut accepted = 0;
        for (step, happening) in happenings.into_iter().enumerate() {
            let (now, at) = (past.last().unwrap().clone(), step as i64);
            let next = match happening {
                Happening::Detect(events) => {
                    let found = detect(&now, state(&events), at).unwrap_or_else(|| now.clone());
                    // Not a word of any reviewer has changed, and no episode has gone.
                    prop_assert_eq!(found.review_rev, now.review_rev);
                    for (before, after) in now.episodes.iter().zip(&found.episodes) {
                        prop_assert_eq!(&before.review, &after.review);
                    }
                    prop_assert!(found.episodes.len() >= now.episodes.len());
                    prop_assert_eq!(&found.state, &state(&events));
                    prop_assert_eq!(found.evidence_rev - now.evidence_rev, u64::from(found.state != now.state));
                    found
                }
                Happening::Review { transition, seen } => {
                    let seen = &past[past.len().saturating_sub(1 + seen)];
                    match review(&now, transition, "p-1", at, revs(seen)) {
                        Ok(reviewed) => {
                            accepted += 1;
                            // Nobody reviews over another reviewer, nor closes what they have not read.
                            prop_assert_eq!(seen.review_rev, now.review_rev);
                            if matches!(transition, CLOSE) {
                                prop_assert_eq!(&seen.state, &now.state);
                            }
                            prop_assert_eq!(&reviewed.state, &now.state);
                            prop_assert_eq!(reviewed.evidence_rev, now.evidence_rev);
                            reviewed
                        }
                        Err(_) => now,
                    }
                }
            };
            prop_assert_eq!(next.review_rev, accepted);
            // Evidence is under an open episode, or it is what a reviewer closed on, or it is said to be new.
            if let Some(firing) = &next.state.firing {
                let episode = next.episode().unwrap();
                match episode.closed() {
                    None => prop_assert!(episode.peak >= firing.severity && episode.withdrawn.is_none()),
                    Some(closing) => {
                        let read = closing.evidence_rev == next.evidence_rev;
                        prop_assert_eq!(read, next.since_closing().is_none());
                    }
                }
            }
            // Only the last episode is ever open.
            let earlier = next.episodes.len().saturating_sub(1);
            prop_assert!(next.episodes.iter().take(earlier).all(|episode| episode.closed().is_some()));
            past.push(next);
        }
    }

    #[test]
    fn taking_an_alert_and_detecting_commute(
        before in prop::collection::btree_map(0..6_i64, 2..=5_u8, 1..4),
        then in prop::collection::btree_map(0..6_i64, 2..=5_u8, 0..4),
    ) {
        let events = |events: std::collections::BTreeMap<i64, u8>| events.into_iter().collect::<Vec<_>>();
        let alert = alert(&events(before));
        let found = state(&events(then));
        let detected = |alert: &Alert| detect(alert, found.clone(), 5).unwrap_or_else(|| alert.clone());
        let taken = |now: &Alert| review(now, Transition::Acknowledge, "p-1", 4, revs(&alert)).unwrap();
        prop_assert_eq!(detected(&taken(&alert)), taken(&detected(&alert)));
    }
}
