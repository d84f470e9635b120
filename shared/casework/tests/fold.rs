//! However findings are cut into files and however the files arrive, the cells fire as if all had been seen at once.

#![allow(clippy::unwrap_used, reason = "clippy knows tests, not the functions beside them")]

mod common;

use common::{Table, decisions, finding, reference, source, subject, threshold, times};
use proptest::prelude::*;
use trustwatch_casework::ENTRIES_MAX;
use trustwatch_model::{Distinct, Finding, RuleId};

const GRID_S: i64 = 60;

fn any_finding() -> impl Strategy<Value = Finding> {
    let thresholds = (
        1_u32..=4,
        prop_oneof![Just(GRID_S), 1..=GRID_S],
        prop_oneof![Just(Distinct::Event), Just(Distinct::Thing)],
    );
    (times(GRID_S), 0..4_u8, 1..=5_u8, thresholds, 0..12_u8, 1..4_u32).prop_map(
        |(at_ms, thing, level, (count, within_s, distinct), who, policy)| {
            let limits = threshold(count, within_s, distinct);
            Finding {
                subject: subject(u8::from(who == 0)),
                rule: RuleId::new(if who == 1 { "hate" } else { "bypass" }).unwrap(),
                policy,
                ..finding(at_ms, &thing.to_string(), level, limits, GRID_S)
            }
        },
    )
}

/// One file as it is judged first and as it is judged again, and the order of all deliveries.
fn deliveries() -> impl Strategy<Value = (Vec<Vec<Vec<Finding>>>, Vec<usize>)> {
    let file = prop::collection::vec(any_finding(), 0..8);
    let judged = prop::collection::vec(file, 1..3);
    let files = prop::collection::vec(judged, 1..5);
    // Positions repeat: duplicates, late files, and a second judgement before the others' first.
    files.prop_flat_map(|files| {
        let order = prop::collection::vec(0..files.len(), files.len()..files.len() * 3);
        (Just(files), order)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_500))]

    #[test]
    fn cells_fire_as_if_all_findings_had_been_seen_at_once((files, order) in deliveries()) {
        let mut table = Table::default();
        let mut delivered = vec![0_usize; files.len()];
        let mut live: Vec<Vec<Finding>> = vec![Vec::new(); files.len()];
        for number in order {
            // Each further delivery is judged by the next version, and the last one is delivered again as it is.
            let judged = &files[number];
            let version = delivered[number].min(judged.len() - 1);
            delivered[number] += 1;
            let of_source = |finding: &Finding| Finding { source_id: source(number), ..finding.clone() };
            live[number] = judged[version].iter().map(of_source).collect();
            table.deliver(&source(number), &live[number], ENTRIES_MAX);

            let expected = reference(&live.concat());
            prop_assert_eq!(table.fires(), decisions(&expected));
            for (cell, fires) in expected {
                let firing = table.states[&cell].firing.as_ref().unwrap();
                prop_assert_eq!(firing.events, fires.events.len() as u64);
                prop_assert_eq!(firing.first_ms, fires.events.first().unwrap().0 * 1_000);
                prop_assert_eq!(firing.last_ms, fires.events.last().unwrap().0 * 1_000);
                prop_assert_eq!(firing.evidence.len() as u64, firing.events);
            }
        }
        prop_assert!(table.states.values().all(|state| !state.approximate));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_order_of_files_leaves_no_trace((files, _) in deliveries()) {
        let states = |order: &mut dyn Iterator<Item = usize>| {
            let mut table = Table::default();
            for number in order {
                let mut findings = files[number][0].clone();
                findings.iter_mut().for_each(|finding| finding.source_id = source(number));
                // Nor does the order of findings within a file.
                if number % 2 == 0 {
                    findings.reverse();
                }
                table.deliver(&source(number), &findings, ENTRIES_MAX);
            }
            table.states
        };
        let count = files.len();
        prop_assert_eq!(states(&mut (0..count)), states(&mut (0..count).rev().chain(0..count)));
    }
}

/// Delivers the files one after the other and says what fires in the end: beginning of the cell, severity and
/// second of the crossing, all from the first cell's beginning. Also asks the reference.
fn check(files: &[Vec<Finding>], expected: &[(i64, u8, i64)]) {
    let mut table = Table::default();
    let mut all = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let of_source = |finding: &Finding| Finding { source_id: source(number), ..finding.clone() };
        let file: Vec<Finding> = file.iter().map(of_source).collect();
        table.deliver(&source(number), &file, ENTRIES_MAX);
        all.extend(file);
    }
    let fires = table.fires();
    assert_eq!(fires, decisions(&reference(&all)));
    let fires: Vec<(i64, u8, i64)> = fires
        .into_iter()
        .map(|(cell, (severity, crossed_s))| (cell.window_ms / 1_000, severity, crossed_s))
        .collect();
    assert_eq!(fires, expected);
}

const DAY_S: i64 = 86_400;

fn at(second: i64, thing: &str, level: u8, count: u32, within_s: i64) -> Finding {
    finding(second * 1_000, thing, level, threshold(count, within_s, Distinct::Event), DAY_S)
}

#[test]
fn two_files_cross_a_threshold_that_neither_crosses_alone() {
    let (morning, noon) = (vec![at(36_000, "a", 3, 2, 600)], vec![at(36_600, "b", 4, 2, 600)]);
    check(std::slice::from_ref(&morning), &[]);
    check(std::slice::from_ref(&noon), &[]);
    check(&[morning.clone(), noon.clone()], &[(0, 4, 36_600)]);
    check(&[noon, morning.clone()], &[(0, 4, 36_600)]);
    // One second more is outside the window.
    check(&[morning, vec![at(36_601, "b", 4, 2, 600)]], &[]);
}

#[test]
fn the_same_second_and_thing_in_two_files_is_one_event() {
    let one = vec![at(100, "a", 3, 2, 600)];
    let again = vec![Finding { event_at: 100_900_000, line: 7, ..at(100, "a", 3, 2, 600) }];
    check(&[one.clone(), again], &[]);
    check(&[one.clone(), vec![at(100, "b", 3, 2, 600)]], &[(0, 3, 100)]);
    check(&[one, vec![at(101, "a", 3, 2, 600)]], &[(0, 3, 101)]);
}

#[test]
fn a_rule_that_counts_things_counts_each_once_across_files() {
    let host = |second, thing| Finding {
        threshold: threshold(3, 3_600, Distinct::Thing),
        ..at(second, thing, 3, 1, 1)
    };
    let busy: Vec<Finding> = (0..50).flat_map(|second| [host(second, "a"), host(second, "b")]).collect();
    check(&[busy.clone(), vec![host(60, "a")]], &[]);
    check(&[busy, vec![host(60, "c")]], &[(0, 3, 60)]);
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_in_which_it_began() {
    let (evening, night) = (at(DAY_S - 1, "a", 3, 2, 600), at(DAY_S, "b", 4, 2, 600));
    check(&[vec![evening.clone()], vec![night.clone()]], &[(0, 4, DAY_S)]);
    check(&[vec![night.clone()], vec![evening.clone()]], &[(0, 4, DAY_S)]);
    // Completed by the new day alone, a window stays there; the evening's is judged by what it has.
    let later = at(DAY_S + 1, "c", 3, 2, 600);
    check(&[vec![night.clone(), later.clone()]], &[(DAY_S, 4, DAY_S + 1)]);
    check(&[vec![evening, later], vec![night]], &[(0, 4, DAY_S), (DAY_S, 4, DAY_S + 1)]);
}

#[test]
fn an_event_that_is_an_alert_alone_stays_with_its_own_day() {
    let evening = at(DAY_S - 10, "a", 3, 3, DAY_S);
    check(&[vec![evening], vec![at(DAY_S + 10, "b", 5, 1, DAY_S)]], &[(DAY_S, 5, DAY_S + 10)]);
}

#[test]
fn a_policy_change_between_two_files_is_judged_event_by_event() {
    let old = |second| Finding { policy: 1, ..at(second, "old", 3, 3, 600) };
    let new = |second| Finding { policy: 2, ..at(second, "new", 4, 2, 600) };
    // Two events: enough by the new policy, not by the old one.
    check(&[vec![old(100), old(101)]], &[]);
    check(&[vec![old(100)], vec![new(200)]], &[(0, 4, 200)]);
    // A policy that asks for more does not accuse by what went before.
    check(&[vec![new(100)], vec![old(200)]], &[]);
    check(&[vec![new(100)], vec![old(200), old(201)]], &[(0, 4, 201)]);
}

#[test]
fn what_stands_beside_a_complete_window_raises_nothing() {
    let (pair, lone) = (vec![at(100, "a", 3, 2, 60), at(130, "b", 3, 2, 60)], vec![at(500, "c", 5, 2, 60)]);
    check(&[pair.clone(), lone.clone()], &[(0, 3, 130)]);
    check(&[pair, lone, vec![at(501, "d", 3, 2, 60)]], &[(0, 5, 130)]);
}

#[test]
fn trend_marks_make_no_alert_however_many() {
    check(&[(0..100).map(|second| at(second, "a", 1, 1, 60)).collect()], &[]);
}
