//! Whatever a source or a reviewer does, an item stays far below the 400 KB that the table takes.

#![allow(clippy::unwrap_used, reason = "clippy knows tests, not the functions beside them")]

mod common;

use common::{finding, school, source, threshold};
use std::collections::BTreeSet;
use trustwatch_casework::{
    Alert, CaseworkError, Cell, CellState, Contribution, Contributions, ENTRIES_MAX, EPISODES_MAX,
    EVIDENCE_MAX, JUDGEMENTS_MAX, Outcome, REASONS_MAX, Revs, TEXT_BYTES_MAX, TEXTS_MAX, Transition,
    contributions, detect, fold, review,
};
use trustwatch_model::{Distinct, Finding, Threshold};

const ITEM_BYTES_MAX: usize = 400_000;
const DAY_S: i64 = 86_400;

/// One contribution of findings that all fall into one cell.
fn only(findings: &[Finding]) -> (Cell, Contribution) {
    let mut packed = contributions(&school(), &source(0), findings, ENTRIES_MAX).unwrap();
    assert_eq!(packed.len(), 1);
    packed.remove(0)
}

/// As much of everything as there can be: each event another thing, another reason and many judgements, with texts
/// that JSON has to escape.
fn hostile(seconds: i64, policies: i64) -> Vec<Finding> {
    let text = |number: i64| format!("{number}{}", "\"\\\u{1}é".repeat(500));
    let one = |second: i64| Finding {
        line: u64::MAX,
        policy: u32::MAX - u32::try_from(second % policies).unwrap(),
        category: text(0),
        thing: format!("{second:064x}"),
        matched: (0..50).map(|number| text(second * 100 + number)).collect(),
        factors: (0..50).map(|number| text(second * 100 + number)).collect(),
        ..finding(1_900_000_000_000 / 86_400_000 * 86_400_000 + second * 1_000, "", 5, all_day(32), DAY_S)
    };
    (0..seconds).map(one).collect()
}

fn all_day(count: u32) -> Threshold {
    threshold(count, DAY_S, Distinct::Event)
}

#[test]
fn the_largest_contribution_is_far_below_an_item() {
    let (_, contribution) = only(&hostile(ENTRIES_MAX as i64, JUDGEMENTS_MAX as i64));
    let json = serde_json::to_vec(&contribution).unwrap();
    // It is indeed full.
    assert!((ITEM_BYTES_MAX / 4..ITEM_BYTES_MAX / 2).contains(&json.len()), "{} bytes", json.len());
    assert_eq!((contribution.entries().count(), contribution.left_out()), (ENTRIES_MAX, 0));
    assert_eq!(contribution.entries().filter(|entry| !entry.matched.is_empty()).count(), REASONS_MAX);
    for entry in contribution.entries() {
        assert!(entry.matched.len() <= TEXTS_MAX && entry.factors.len() <= TEXTS_MAX);
        let texts = entry.matched.iter().chain(entry.factors);
        assert!(texts.chain([&entry.judgement.category]).all(|text| text.len() <= TEXT_BYTES_MAX));
    }
    assert_eq!(contribution, serde_json::from_slice(&json).unwrap());
}

#[test]
fn judgements_beyond_the_limit_are_left_out_and_said() {
    let (cell, contribution) = only(&hostile(90, 90));
    let judged: BTreeSet<u32> = contribution.entries().map(|entry| entry.judgement.policy).collect();
    assert_eq!((judged.len(), contribution.left_out()), (JUDGEMENTS_MAX, 90 - JUDGEMENTS_MAX as u64));
    let own = Contributions::from([(source(0), contribution)]);
    assert!(fold(&cell, &own, &Contributions::new()).approximate);
}

#[test]
fn the_largest_alert_is_far_below_an_item() {
    let mut alert = Alert::default();
    let by = "p".repeat(128);
    for round in 1..=EPISODES_MAX as i64 {
        let (cell, contribution) = only(&hostile(100 + round, 40));
        let own = Contributions::from([(source(0), contribution)]);
        let now = i64::MAX - round;
        let state = fold(&cell, &own, &Contributions::new());
        assert_eq!(state.firing.as_ref().unwrap().evidence.len(), EVIDENCE_MAX);
        alert = detect(&alert, state, now).unwrap();
        for transition in [
            Transition::Acknowledge,
            Transition::Close(Outcome::NoFurtherAction),
            Transition::Reopen,
            Transition::Acknowledge,
            Transition::Close(Outcome::NoFurtherAction),
        ] {
            let seen = Revs { review: alert.review_rev, evidence: alert.evidence_rev };
            alert = review(&alert, transition, &by, now, seen).unwrap();
        }
    }
    assert_eq!(alert.episodes.len(), EPISODES_MAX);
    let json = serde_json::to_vec(&alert).unwrap();
    assert!((ITEM_BYTES_MAX / 10..ITEM_BYTES_MAX / 4).contains(&json.len()), "{} bytes", json.len());
    assert_eq!(alert, serde_json::from_slice(&json).unwrap());
}

#[test]
fn a_contribution_that_points_past_its_tables_is_refused() {
    let (_, contribution) = only(&[finding(0, "a", 3, all_day(2), DAY_S)]);
    let stored = serde_json::to_string(&contribution).unwrap();
    let torn = stored.replace(r#""e":[[0,1,0,0,0]]"#, r#""e":[[0,1,0,1,0]]"#);
    assert_ne!(torn, stored);
    let error = serde_json::from_str::<Contribution>(&torn).unwrap_err().to_string();
    assert!(error.contains("points past its own tables"), "{error}");
}

#[test]
fn fields_keep_their_names_in_the_table() {
    let (cell, contribution) = only(&[finding(5_000, "a", 5, all_day(1), DAY_S)]);
    let source = source(0);
    let expected = format!(
        concat!(
            r#"{{"src":"{}","j":[{{"s":5,"t":{{"count":1,"within_ms":86400000,"distinct":"event"}},"p":1,"#,
            r#""a":"pupil","b":"user","c":"bypass"}}],"r":[{{"m":["a"],"f":[]}}],"t":["a"],"#,
            r#""e":[[5000000,1,0,0,0]],"lo":0,"th":null}}"#
        ),
        source
    );
    assert_eq!(serde_json::to_string(&contribution).unwrap(), expected);

    let own = Contributions::from([(source, contribution)]);
    let state = fold(&cell, &own, &Contributions::new());
    let alert = serde_json::to_value(detect(&Alert::default(), state, 7).unwrap()).unwrap();
    let names = |value: &serde_json::Value| {
        let names: std::collections::BTreeSet<&str> =
            value.as_object().unwrap().keys().map(String::as_str).collect();
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&serde_json::to_value(&cell).unwrap()), "gr ru sch sub wi");
    assert_eq!(names(&alert), "ep er rr st");
    assert_eq!(names(&alert["st"]), "ap fi");
    assert_eq!(names(&alert["st"]["fi"]), "att aud cat cr dig ev fst lo lst n nh pol sev");
    assert_eq!(names(&alert["st"]["fi"]["ev"][0]), "at f ln m pol sev src th");
    assert_eq!(names(&alert["ep"][0]), "n op pk rv wd");
}

#[test]
fn what_no_cell_can_serve_is_refused_with_the_rule_that_asks_for_it() {
    let check = |finding: Finding, expected: &str| {
        let error = contributions(&school(), &source(0), &[finding], ENTRIES_MAX).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    };
    let good = finding(0, "a", 3, all_day(2), DAY_S);
    for grid_ms in [0, -1_000, 1_500, i64::MAX] {
        check(Finding { grid_ms, ..good.clone() }, "rule `bypass` keeps alerts by windows of");
    }
    for count in [0, 33] {
        check(Finding { threshold: all_day(count), ..good.clone() }, "rule `bypass` counts to");
    }
    for within_ms in [0, -1, DAY_S * 1_000 + 1] {
        let threshold = Threshold { within_ms, ..all_day(2) };
        check(Finding { threshold, ..good.clone() }, "rule `bypass` counts within");
    }
    let other = Finding { source_id: source(1), ..good };
    assert!(matches!(
        contributions(&school(), &source(0), &[other], ENTRIES_MAX),
        Err(CaseworkError::OtherSource { .. })
    ));
}

#[test]
fn times_at_the_ends_of_the_calendar_have_a_cell() {
    for event_at in [i64::MIN, -1, 0, i64::MAX] {
        let finding = Finding { event_at, ..finding(0, "a", 5, all_day(1), DAY_S) };
        let (cell, contribution) = only(&[finding]);
        assert_eq!(cell.window_ms.rem_euclid(cell.grid_ms), 0);
        assert!((0..cell.grid_ms).contains(&(event_at.div_euclid(1_000) - cell.window_ms)));
        assert_eq!(cell.before().after(), cell);
        assert_eq!(cell.to_fold_again(), [cell.before(), cell.clone()]);
        let own = Contributions::from([(source(0), contribution)]);
        assert!(fold(&cell, &own, &Contributions::new()).firing.is_some());
    }
}

#[test]
fn a_cell_says_when_what_was_kept_cannot_decide_it() {
    // Far apart for their own threshold, and more than an item holds.
    let lone = |second: i64| finding(second * 1_000, "a", 3, threshold(2, 10, Distinct::Event), DAY_S);
    let scattered: Vec<Finding> = (0..DAY_S).step_by(11).map(lone).collect();
    assert!(scattered.len() > ENTRIES_MAX * 4);
    let (cell, contribution) = only(&scattered);
    assert!(contribution.left_out() > 0);
    let own = Contributions::from([(source(0), contribution)]);
    let (none, approximate) =
        (Contributions::new(), |state: CellState| state.approximate && state.firing.is_none());
    assert!(approximate(fold(&cell, &own, &none)));
    // The day before asks it for windows that end in it, the day after for nothing.
    assert!(approximate(fold(&cell.before(), &none, &own)));
    assert_eq!(fold(&cell.after(), &none, &none), CellState::default());
    // The same day under a longer window is exact.
    let longer =
        |finding: &Finding| Finding { threshold: threshold(2, 600, Distinct::Event), ..finding.clone() };
    let (cell, contribution) = only(&scattered.iter().map(longer).collect::<Vec<_>>());
    let left_out = contribution.left_out();
    assert!(left_out > 0);
    let state = fold(&cell, &Contributions::from([(source(0), contribution)]), &Contributions::new());
    assert!(!state.approximate);
    let firing = state.firing.unwrap();
    assert_eq!((firing.crossed_ms, firing.left_out), (11_000, left_out));
}
