//! A plain, obviously right reference of what fires, findings to try it on, and a table of contributions in memory.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "clippy knows tests, not what tests share")]

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use trustwatch_casework::{Cell, CellState, Contributions, contributions, fold};
use trustwatch_model::{
    Attribution, Audience, Distinct, Finding, RuleId, SchoolId, Severity, SourceId, SubjectKey, Threshold,
};

pub(crate) fn school() -> SchoolId {
    SchoolId::new("oak").unwrap()
}

pub(crate) fn source(number: usize) -> SourceId {
    SourceId::of("raw", "oak/web/access.log", &number.to_string())
}

pub(crate) fn subject(number: u8) -> SubjectKey {
    SubjectKey::of_mac(&[number; 16])
}

pub(crate) fn threshold(count: u32, within_s: i64, distinct: Distinct) -> Threshold {
    Threshold { count, within_ms: within_s * 1_000, distinct }
}

/// A finding of one rule on one subject: most tests change a field or two.
pub(crate) fn finding(at_ms: i64, thing: &str, level: u8, threshold: Threshold, grid_s: i64) -> Finding {
    Finding {
        source_id: source(0),
        line: 1,
        event_at: at_ms * 1_000,
        rule: RuleId::new("bypass").unwrap(),
        category: "bypass".to_owned(),
        policy: 1,
        severity: Severity::new(level).unwrap(),
        threshold,
        grid_ms: grid_s * 1_000,
        audience: Audience::Pupil,
        subject_role: None,
        attribution: Attribution::User,
        subject: subject(1),
        thing: thing.to_owned(),
        matched: vec![thing.to_owned()],
        factors: Vec::new(),
    }
}

/// What the reference says of one cell that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fires {
    pub(crate) severity: u8,
    pub(crate) crossed_s: i64,
    pub(crate) events: BTreeSet<(i64, String)>,
}

/// Which cells fire, by all findings at once and nested loops. It follows the words of the fold's documentation.
pub(crate) fn reference(findings: &[Finding]) -> BTreeMap<Cell, Fires> {
    let second = |finding: &Finding| finding.event_at.div_euclid(1_000_000);
    let findings: Vec<(Cell, &Finding)> = findings
        .iter()
        .filter(|finding| finding.severity > Severity::TREND)
        .map(|finding| (Cell::of(&school(), finding).unwrap(), finding))
        .collect();
    let mut fires: BTreeMap<Cell, Fires> = BTreeMap::new();
    for (cell, last) in &findings {
        let (from, to) = (second(last) - last.threshold.within_ms / 1_000, second(last));
        let in_window = |other: &Cell, finding: &Finding| {
            (from..=to).contains(&second(finding))
                && (&other.rule, &other.subject, other.grid_ms) == (&cell.rule, &cell.subject, cell.grid_ms)
        };
        let enough = |belongs: &dyn Fn(&Cell) -> bool| {
            let inside =
                findings.iter().filter(|(other, finding)| belongs(other) && in_window(other, finding));
            let distinct: BTreeSet<(i64, &str)> = inside
                .map(|(_, finding)| match last.threshold.distinct {
                    Distinct::Event => (second(finding), finding.thing.as_str()),
                    Distinct::Thing => (0, finding.thing.as_str()),
                })
                .collect();
            distinct.len() >= last.threshold.count as usize
        };
        let owner = if enough(&|other| other == cell) {
            cell.clone()
        } else if enough(&|_| true) {
            cell.before()
        } else {
            continue;
        };
        let inside: Vec<&Finding> = findings
            .iter()
            .filter(|(other, finding)| other.window_ms >= owner.window_ms && in_window(other, finding))
            .map(|(_, finding)| *finding)
            .collect();
        let severity = inside.iter().map(|finding| finding.severity.level()).max().unwrap();
        let fired = fires.entry(owner).or_insert(Fires {
            severity,
            crossed_s: second(last),
            events: BTreeSet::new(),
        });
        fired.severity = fired.severity.max(severity);
        fired.crossed_s = fired.crossed_s.min(second(last));
        fired.events.extend(inside.iter().map(|finding| (second(finding), finding.thing.clone())));
    }
    fires
}

/// The table, as far as alerts go: contributions and the state that was folded last.
#[derive(Default)]
pub(crate) struct Table {
    cells: BTreeMap<Cell, Contributions>,
    pub(crate) states: BTreeMap<Cell, CellState>,
    pub(crate) left_out: u64,
}

impl Table {
    /// One source delivers all it has, perhaps not for the first time, and only the cells are folded again that a
    /// changed contribution asks for.
    pub(crate) fn deliver(&mut self, source: &SourceId, findings: &[Finding], entries_max: usize) {
        let mut changed = BTreeSet::new();
        for (cell, contributions) in &mut self.cells {
            if contributions.remove(source).is_some() {
                changed.insert(cell.clone());
            }
        }
        for (cell, contribution) in contributions(&school(), source, findings, entries_max).unwrap() {
            // As it comes back from the table.
            let stored = serde_json::to_vec(&contribution).unwrap();
            assert_eq!(contribution, serde_json::from_slice(&stored).unwrap());
            assert!(contribution.entries().count() <= entries_max);
            self.left_out += contribution.left_out();
            self.cells.entry(cell.clone()).or_default().insert(source.clone(), contribution);
            changed.insert(cell);
        }
        for cell in changed.iter().flat_map(Cell::to_fold_again) {
            let none = Contributions::new();
            let of = |cell: &Cell| self.cells.get(cell).unwrap_or(&none);
            let state = fold(&cell, of(&cell), of(&cell.after()));
            self.states.insert(cell, state);
        }
    }

    /// What fires, in the words of the reference, with the events only where all are listed.
    pub(crate) fn fires(&self) -> BTreeMap<Cell, (u8, i64)> {
        let firing = self.states.iter().filter_map(|(cell, state)| Some((cell, state.firing.as_ref()?)));
        firing
            .map(|(cell, firing)| (cell.clone(), (firing.severity.level(), firing.crossed_ms / 1_000)))
            .collect()
    }
}

/// The decision of the reference alone.
pub(crate) fn decisions(reference: &BTreeMap<Cell, Fires>) -> BTreeMap<Cell, (u8, i64)> {
    reference.iter().map(|(cell, fires)| (cell.clone(), (fires.severity, fires.crossed_s))).collect()
}

/// Times in the neighbourhood of midnight and of 1970, in milliseconds, over three windows of `grid_s`.
pub(crate) fn times(grid_s: i64) -> impl Strategy<Value = i64> {
    let midnight_ms = 20_560 * 86_400 * 1_000;
    let offset = prop_oneof![
        4 => -grid_s * 1_500..grid_s * 1_500,
        // Right at the edges of the grid, and a millisecond beside them.
        1 => (-1_i64..=1, -1_i64..=1).prop_map(move |(edge, ms)| edge * grid_s * 1_000 + ms),
    ];
    (prop_oneof![Just(midnight_ms), Just(0)], offset).prop_map(|(base, offset)| base + offset)
}
