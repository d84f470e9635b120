//! A source with more evidence than a contribution holds is decided as if nothing had been left out.

mod common;

use common::{Table, decisions, finding, reference, source, threshold};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell as Counter;
use trustwatch_model::{Distinct, Finding, Threshold};

const GRID_S: i64 = 600;
/// Beginning of the middle one of three cells.
const MIDDLE_S: i64 = 20_560 * 86_400;

/// Two thresholds over events, or one over things: what the proof in `thin.rs` speaks of.
fn thresholds() -> impl Strategy<Value = Vec<Threshold>> {
    let limits = |distinct| (1_u32..=3, 40..=120_i64).prop_map(move |(c, w)| threshold(c, w, distinct));
    prop_oneof![
        prop::collection::vec(limits(Distinct::Event), 1..3),
        prop::collection::vec(limits(Distinct::Thing), 1),
    ]
}

/// A file: perhaps a burst, which has to be thinned, somewhere in three cells or over their edges; and single events
/// beside it, which other files complete. Few things, so that a burst need not reach a threshold over things.
fn file(thresholds: Vec<Threshold>) -> impl Strategy<Value = Vec<Finding>> {
    let beside = -GRID_S * 1_000..GRID_S * 2_000;
    let start = prop_oneof![beside.clone(), Just(-70_000), Just(GRID_S * 1_000 - 70_000)];
    let burst = (start, 0..3_u8, prop_oneof![Just(0_usize), 250..350_usize]);
    let limits = prop::sample::select(thresholds);
    (burst, 1..4_u8, 3..=4_u8).prop_flat_map(move |((start, first, size), things, level_max)| {
        let one = move |(at_ms, thing, level, worse, limits): (i64, u8, u8, bool, Threshold)| {
            // Rarely something worse, which nothing may hide.
            finding(
                MIDDLE_S * 1_000 + at_ms,
                &thing.to_string(),
                if worse { 5 } else { level },
                limits,
                GRID_S,
            )
        };
        let any = |times: std::ops::Range<i64>| {
            (times, first..first + things, 2..=level_max, prop::bool::weighted(0.01), limits.clone())
        };
        let burst = prop::collection::vec(any(start..start + 150_000).prop_map(one), size);
        let single = prop::collection::vec(any(beside.clone()).prop_map(one), 0..30);
        (burst, single).prop_map(|(burst, single)| [burst, single].concat())
    })
}

fn files() -> impl Strategy<Value = Vec<Vec<Finding>>> {
    thresholds().prop_flat_map(|thresholds| prop::collection::vec(file(thresholds), 1..4))
}

#[test]
fn what_was_left_out_changes_no_decision() {
    const CASES: u32 = 400;
    const ENTRIES: usize = 90;
    let decided = Counter::new((0_u32, 0_u32));
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) });
    let checked = runner.run(&files(), |files| {
        let mut table = Table::default();
        let mut all = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let of_source = |finding: &Finding| Finding { source_id: source(number), ..finding.clone() };
            let file: Vec<Finding> = file.iter().map(of_source).collect();
            table.deliver(&source(number), &file, ENTRIES);
            all.extend(file);
        }
        if table.states.values().any(|state| state.approximate) {
            // A thin file brought a threshold that the dense one did not know of. It is said, not hidden.
            return Ok(());
        }
        let expected = decisions(&reference(&all));
        prop_assert_eq!(table.fires(), expected.clone());
        if table.left_out > 0 {
            let (thinned, fires) = decided.get();
            decided.set((thinned + 1, fires + u32::from(!expected.is_empty())));
        }
        Ok(())
    });
    checked.unwrap();
    // A property of nothing would hold for ever.
    let (thinned, fires) = decided.get();
    assert!(thinned > CASES / 3, "only {thinned} of {CASES} cases had anything to leave out");
    assert!(thinned - fires > 0 && fires > thinned / 2, "{fires} of {thinned} fire");
}
