//! The second half of the proof: what a source added to alerts is packed again from its findings, and every alert
//! concluded again from all that was added.

use crate::classify::additions;
use crate::commit::Context;
use crate::step::{At, StepError};
use crate::verify_cell::SeenCell;
use std::collections::BTreeSet;
use trustwatch_casework::Cell;
use trustwatch_lake::{FindingRow, JudgedManifest, JudgedOf, Manifest, read_findings, sha256_hex};
use trustwatch_model::{AlertId, SourceId};

/// What was found of the judgement of one manifest.
#[derive(Debug, Default)]
pub(crate) struct JudgedCheck {
    /// Whether it waits to be judged.
    pub(crate) is_pending: bool,
    /// Findings.
    pub(crate) findings: u64,
    /// What it added, and to which alerts.
    pub(crate) added: Vec<(AlertId, SourceId)>,
    /// The alerts that were concluded again.
    pub(crate) folded: Vec<AlertId>,
    /// What is wrong.
    pub(crate) problems: Vec<String>,
}

/// Checks the judgement of a manifest. Before a policy was published there is nothing to check.
pub(crate) async fn judged(context: &Context, manifest: &Manifest) -> Result<JudgedCheck, StepError> {
    let mut check = JudgedCheck::default();
    let of = JudgedOf { stage: manifest.stage, source_id: manifest.source_id.clone() };
    let id = of.id();
    if context.timeline_now().await.at("read what judges", id.as_str())?.is_none() {
        return Ok(check);
    }
    let Some(judged) = finished(context, &manifest.school, &id).await? else {
        check.is_pending = true;
        return Ok(check);
    };
    if judged.of != of || judged.events != manifest.counts.events {
        let (found, wanted) = (judged.events, manifest.counts.events);
        check.problems.push(format!("events that were judged: found {found}, expected {wanted}"));
    }
    check.findings = judged.findings();
    let rows = parts(context, &judged, &mut check.problems).await?;
    alerts(context, &judged, rows, &mut check).await?;
    Ok(check)
}

/// The last judgement of a source that is finished.
pub(crate) async fn finished(
    context: &Context,
    school: &str,
    id: &SourceId,
) -> Result<Option<JudgedManifest>, StepError> {
    let (mut last, mut generation) = (None, 0);
    loop {
        let row = context.store.ledger(id, &crate::classify::stage(generation)).await;
        let is_claimed = row.at("read ledger", id.as_str())?.is_some_and(|row| row.state == "claimed");
        match context.judged(school, id, generation).await? {
            Some(judged) if !is_claimed => last = Some(judged),
            Some(_) => return Ok(None),
            None => return Ok(last.filter(|_| !is_claimed)),
        }
        generation += 1;
    }
}

async fn parts(
    context: &Context,
    judged: &JudgedManifest,
    problems: &mut Vec<String>,
) -> Result<Vec<FindingRow>, StepError> {
    let id = judged.source_id.as_str();
    let mut rows = Vec::new();
    for part in &judged.parts {
        let bytes = context.lake_object(&part.key, id).await?;
        if sha256_hex(&bytes) != part.sha256 {
            problems.push("a part of findings does not have the bytes that its name says".to_owned());
        }
        rows.extend(read_findings(bytes).at("read findings", id)?);
    }
    if rows.len() as u64 != judged.findings() {
        problems.push(format!("findings in parts: found {}, expected {}", rows.len(), judged.findings()));
    }
    if rows.iter().any(|row| row.finding.source_id != judged.source_id) {
        problems.push("a part holds findings of another source".to_owned());
    }
    let distinct: BTreeSet<_> = rows.iter().map(|row| (row.finding.line, &row.finding.rule)).collect();
    if distinct.len() != rows.len() {
        problems.push("a rule found one line twice".to_owned());
    }
    Ok(rows)
}

async fn alerts(
    context: &Context,
    judged: &JudgedManifest,
    rows: Vec<FindingRow>,
    check: &mut JudgedCheck,
) -> Result<(), StepError> {
    let id = judged.source_id.as_str();
    let additions = additions(context, judged, rows).await?;
    let to_fold: BTreeSet<_> = additions.keys().flat_map(Cell::to_fold_again).collect();
    for cell in &to_fold {
        let seen = SeenCell::read(context, cell, id).await?;
        if let Some((_, body)) = additions.get(cell) {
            let added = seen.own.contributions.get(&judged.source_id);
            if added.is_none_or(|item| item.body != *body || item.generation != judged.generation) {
                check
                    .problems
                    .push(format!("what it adds to alert {} is not what its findings say", cell.id()));
            }
        }
        check.problems.extend(seen.problems(cell, id)?);
    }
    check.folded = to_fold.iter().map(Cell::id).collect();
    check.added = additions.keys().map(|cell| (cell.id(), judged.source_id.clone())).collect();
    Ok(())
}
