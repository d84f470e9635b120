//! What to keep of a source that has more evidence in one cell than an item of the table can hold.
//!
//! Nothing may be dropped that another file could turn into an alert. That seems to forbid dropping anything, but
//! thresholds are short-sighted: they count to at most `count` and look back over at least `slot`. So cut the cell
//! into slots of that length and keep, of each slot and each threshold, the first `count` and the last `count`
//! events (things, where things are counted), and the first and the last event of each severity.
//!
//! **Counting stays exact.** A window is at least as long as a slot, so it covers a slot wholly, or one end of it, or
//! nothing of it. In the part that it covers, either nothing was dropped, or at least `count` distinct ones were
//! kept. So every window counts as before, up to `count`, whatever other files add to it.
//!
//! **Severity stays exact.** For the same reason, a window that held an event of a severity holds a kept one.
//!
//! **Crossings stay exact.** Let e be a dropped event that completes a window.
//! * Where events are counted, `count` kept ones of e's own threshold stand before it in its slot, and as many after
//!   it. The last of those before is complete in the same cell, and earlier: so e is not the first crossing, and no
//!   crossing of the cell before. What e's window holds, a kept crossing holds too: an event up to the last of those
//!   before is within its window; a later one is within the window of the slot's last event, which reaches back past
//!   the slot's beginning and is complete as well.
//! * Where things are counted under one threshold, let m be the moment at which the last new thing of e's window
//!   comes in. Every event from m to e completes a window. At m stands a first occurrence, which is kept or has
//!   `count` things before it in its slot; or, where the window cuts the slot, a kept last occurrence stands between
//!   m and e. A first crossing is always at such an m. A kept event of the window's severity is either before m, and
//!   then in the window of that kept crossing, or after it, and then a crossing itself.
//!
//! What is not covered is said, not hidden: [`Thinning`] records slot and count, and a cell whose thresholds ask for
//! more (a shorter window, a higher count, things under several thresholds) is marked as approximate by the fold.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::iter::successors;
use trustwatch_model::{Distinct, Severity, Threshold};

/// Highest count that a threshold may have.
pub const COUNT_MAX: u32 = 32;

/// How coarsely a source was thinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thinning {
    /// Exact for windows of at least this many seconds.
    #[serde(rename = "sl")]
    pub slot_s: i64,
    /// Exact for counts up to this; 0 when even that could not be held.
    #[serde(rename = "ct")]
    pub count: u32,
}

impl Thinning {
    /// Whether cells with these thresholds are decided as if nothing had been left out.
    pub(crate) fn is_exact_for(self, thresholds: &HashSet<Threshold>) -> bool {
        let one_kind = thresholds.len() == 1 || thresholds.iter().all(|t| t.distinct == Distinct::Event);
        one_kind && thresholds.iter().all(|t| t.count <= self.count && window_s(t) >= self.slot_s)
    }
}

/// Length of a threshold's window in whole seconds, the unit that events are told apart by.
pub(crate) const fn window_s(threshold: &Threshold) -> i64 {
    threshold.within_ms / 1_000
}

/// What matters of one event here. No two have second, thing and threshold in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark<'a> {
    pub(crate) second: i64,
    pub(crate) thing: &'a str,
    pub(crate) threshold: Threshold,
    pub(crate) severity: Severity,
}

/// Positions of the marks to keep, at most `entries_max`. `marks` stand in order of time; `cell_s` is where the cell
/// begins and `grid_s` how long it is, in seconds.
pub(crate) fn thin(
    marks: &[Mark<'_>],
    cell_s: i64,
    grid_s: i64,
    entries_max: usize,
) -> (BTreeSet<usize>, Option<Thinning>) {
    if marks.len() <= entries_max {
        return ((0..marks.len()).collect(), None);
    }
    let shortest_s = marks.iter().map(|mark| window_s(&mark.threshold)).min().unwrap_or(grid_s).max(1);
    let highest = marks.iter().map(|mark| mark.threshold.count).max().unwrap_or(COUNT_MAX);
    // Best for any threshold that another file may bring; then for the own ones; then as well as it goes.
    let coarser = successors(Some(shortest_s), |slot_s| (*slot_s < grid_s).then_some(slot_s * 2));
    let plans = [Thinning { slot_s: shortest_s, count: COUNT_MAX }]
        .into_iter()
        .chain(coarser.map(|slot_s| Thinning { slot_s, count: highest }));
    for plan in plans {
        let kept = ends_of_slots(marks, cell_s, plan);
        if kept.len() <= entries_max {
            return (kept, Some(plan));
        }
    }
    (most_severe(marks, entries_max), Some(Thinning { slot_s: grid_s, count: 0 }))
}

fn ends_of_slots(marks: &[Mark<'_>], cell_s: i64, plan: Thinning) -> BTreeSet<usize> {
    let slot = |mark: &Mark<'_>| (mark.second - cell_s).div_euclid(plan.slot_s);
    let numbered: Vec<(usize, &Mark<'_>)> = marks.iter().enumerate().collect();
    let mut kept = BTreeSet::new();
    for slot in numbered.chunk_by(|(_, one), (_, other)| slot(one) == slot(other)) {
        let (mut first, mut last) = (End::default(), End::default());
        kept.extend(slot.iter().filter(|(_, mark)| first.wants(mark, plan.count)).map(|(at, _)| *at));
        kept.extend(slot.iter().rev().filter(|(_, mark)| last.wants(mark, plan.count)).map(|(at, _)| *at));
    }
    kept
}

/// One end of a slot, read inwards.
#[derive(Default)]
struct End<'a> {
    seen: HashMap<Threshold, u32>,
    things: HashSet<(Threshold, &'a str)>,
    severities: HashSet<Severity>,
}

impl<'a> End<'a> {
    fn wants(&mut self, mark: &Mark<'a>, count: u32) -> bool {
        let new_severity = self.severities.insert(mark.severity);
        let distinct = match mark.threshold.distinct {
            Distinct::Event => true,
            Distinct::Thing => self.things.insert((mark.threshold, mark.thing)),
        };
        let seen = self.seen.entry(mark.threshold).or_insert(0);
        let counts = distinct && *seen < count;
        *seen += u32::from(counts);
        counts || new_severity
    }
}

/// The last resort, when one file was judged by more thresholds than there is room for.
fn most_severe(marks: &[Mark<'_>], entries_max: usize) -> BTreeSet<usize> {
    let mut order: Vec<(usize, &Mark<'_>)> = marks.iter().enumerate().collect();
    order.sort_by_key(|(_, mark)| std::cmp::Reverse(mark.severity));
    order.into_iter().take(entries_max).map(|(at, _)| at).collect()
}
