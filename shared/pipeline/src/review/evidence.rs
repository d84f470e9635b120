//! What a reviewer sees of the events behind an alert: read from the findings that its sources were judged to have.

use crate::commit::Context;
use crate::step::{At, StepError};
use std::collections::{BTreeMap, BTreeSet};
use trustwatch_casework::Evidence;
use trustwatch_lake::{FindingRow, JudgedManifest, Shown, read_findings};
use trustwatch_model::{RuleId, SchoolId, SourceId, is_masked};
use trustwatch_store::CellItem;

/// An event behind an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// When, how severe, and why.
    pub evidence: Evidence,
    /// What the log says of it. `None` where the findings are gone.
    pub shown: Option<Shown>,
}

/// Finds the events that an alert lists, in their order. `cells` are those that the alert was concluded from.
pub(super) async fn sights(
    context: &Context,
    school: &SchoolId,
    rule: &RuleId,
    category: &str,
    listed: &[Evidence],
    cells: [&CellItem; 2],
) -> Result<Vec<Sight>, StepError> {
    let mut by_source: BTreeMap<&SourceId, Vec<&Evidence>> = BTreeMap::new();
    for evidence in listed {
        by_source.entry(&evidence.source).or_default().push(evidence);
    }
    let mut found: BTreeMap<(SourceId, u64), Shown> = BTreeMap::new();
    for (source, wanted) in by_source {
        let added = cells.iter().find_map(|cell| cell.contributions.get(source));
        let Some(generation) = added.map(|item| item.generation) else { continue };
        if let Some(judged) = context.judged(school.as_str(), source, generation).await? {
            rows(context, &judged, rule, &wanted, &mut found).await?;
        }
    }
    let sight = |evidence: &Evidence| {
        let shown = found.get(&(evidence.source.clone(), evidence.line)).cloned();
        let shown = shown.map(|shown| if is_masked(category) { masked(shown) } else { shown });
        Sight { evidence: evidence.clone(), shown }
    };
    Ok(listed.iter().map(sight).collect())
}

/// Reads the parts that hold wanted lines, one after the other.
async fn rows(
    context: &Context,
    judged: &JudgedManifest,
    rule: &RuleId,
    wanted: &[&Evidence],
    found: &mut BTreeMap<(SourceId, u64), Shown>,
) -> Result<(), StepError> {
    let id = judged.source_id.as_str();
    let lines: BTreeSet<u64> = wanted.iter().map(|evidence| evidence.line).collect();
    for part in &judged.parts {
        let holds = |evidence: &&&Evidence| (part.first_event_at..=part.last_event_at).contains(&evidence.at);
        if !wanted.iter().any(|evidence| holds(&evidence)) {
            continue;
        }
        let rows = read_findings(context.lake_object(&part.key, id).await?).at("read findings", id)?;
        let is_wanted = |row: &FindingRow| row.finding.rule == *rule && lines.contains(&row.finding.line);
        for row in rows.into_iter().filter(is_wanted) {
            found.insert((judged.source_id.clone(), row.finding.line), row.shown);
        }
    }
    Ok(())
}

/// Without anything that leads to what was seen.
fn masked(shown: Shown) -> Shown {
    Shown { url_domain: None, url_path: None, search_terms: None, ..shown }
}
