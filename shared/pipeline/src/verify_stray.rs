//! What stands in alerts and their evidence and that no judgement put there: a case against somebody that nothing
//! proves.

use crate::alert::about_of;
use crate::classify::{additions, stage};
use crate::commit::Context;
use crate::step::{At, StepError};
use crate::verify_cell::SeenCell;
use crate::verify_judged::{JudgedCheck, finished};
use futures::TryStreamExt as _;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use trustwatch_model::{AlertId, SourceId};

/// What judgements put into alerts and which alerts they were, as far as it was met. Eight bytes each, for a trust has
/// millions.
#[derive(Debug, Default)]
pub(crate) struct Proved {
    added: HashSet<u64>,
    folded: HashSet<u64>,
}

impl Proved {
    pub(crate) fn add_all(&mut self, judged: &JudgedCheck) {
        self.added.extend(judged.added.iter().map(hash));
        self.folded.extend(judged.folded.iter().map(hash));
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Every contribution that no judgement justifies, but for those of judgements that are on their way.
pub(crate) async fn strays(
    context: &Context,
    proved: &Proved,
) -> Result<Vec<(AlertId, SourceId)>, StepError> {
    let mut strays = Vec::new();
    let mut all = context.store.all_contributions();
    while let Some(named) = all.try_next().await.at("list contributions", "-")? {
        // What came meanwhile was not met: it is looked at now.
        if !proved.added.contains(&hash(&named)) && !is_justified(context, &named.0, &named.1).await? {
            strays.push(named);
        }
    }
    Ok(strays)
}

/// What is wrong with the alerts to which no judgement that was met led: nothing may have been added to them at all.
pub(crate) async fn unmet_problems(context: &Context, proved: &Proved) -> Result<Vec<String>, StepError> {
    let mut problems = Vec::new();
    let mut last = None;
    let mut all = context.store.all_alerts();
    while let Some(alert) = all.try_next().await.at("list alerts", "-")? {
        // An alert is named once for its own item and once for each of its places in queues, one after the other.
        if proved.folded.contains(&hash(&alert)) || last.replace(alert.clone()).as_ref() == Some(&alert) {
            continue;
        }
        problems.extend(problems_of_unmet(context, &alert).await?);
    }
    Ok(problems)
}

async fn problems_of_unmet(context: &Context, alert: &AlertId) -> Result<Vec<String>, StepError> {
    let id = alert.as_str();
    let item = context.store.cell(alert).await.at("read cell", id)?;
    if item.rev == 0 {
        let told = if item.queues.is_empty() {
            Vec::new()
        } else {
            vec![format!("alert {alert} stands in a queue and is nowhere else")]
        };
        return Ok(told);
    }
    let cell = about_of(&item).at("read alert", id)?.cell;
    if cell.id() != *alert {
        return Ok(vec![format!("alert {alert} says that it is about what another one is about")]);
    }
    let seen = SeenCell::read(context, &cell, id).await?;
    for source in seen.own.contributions.keys().chain(seen.next.contributions.keys()) {
        if is_on_its_way(context, source).await? {
            return Ok(Vec::new());
        }
    }
    seen.problems(&cell, id)
}

async fn is_justified(context: &Context, alert: &AlertId, source: &SourceId) -> Result<bool, StepError> {
    let id = source.as_str();
    if is_on_its_way(context, source).await? {
        return Ok(true);
    }
    let seen = context.store.cell(alert).await.at("read cell", id)?;
    if seen.contributions.get(source).is_none_or(|added| added.body.is_empty()) {
        return Ok(true);
    }
    let about = about_of(&seen).at("read alert", id)?;
    let Some(judged) = finished(context, about.cell.school.as_str(), source).await? else { return Ok(false) };
    let rows = context.findings(&judged).await?;
    let additions = additions(context, &judged, rows).await?;
    Ok(additions.iter().any(|(cell, (_, body))| cell.id() == *alert && !body.is_empty()))
}

async fn is_on_its_way(context: &Context, source: &SourceId) -> Result<bool, StepError> {
    for generation in 0.. {
        let row =
            context.store.ledger(source, &stage(generation)).await.at("read ledger", source.as_str())?;
        match row {
            Some(row) if row.state == "claimed" => return Ok(true),
            Some(_) => {}
            None => break,
        }
    }
    Ok(false)
}
