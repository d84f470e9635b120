//! What stands in the evidence of alerts and that no judgement put there: a case against somebody that nothing proves.

use crate::alert::about_of;
use crate::classify::{additions, stage};
use crate::commit::Context;
use crate::step::{At, StepError};
use crate::verify_judged::{JudgedCheck, finished};
use futures::TryStreamExt as _;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use trustwatch_model::{AlertId, SourceId};

/// What judgements put into alerts, as far as it was met. Eight bytes each, for a trust has millions.
#[derive(Debug, Default)]
pub(crate) struct Proved(HashSet<u64>);

impl Proved {
    pub(crate) fn add_all(&mut self, judged: &JudgedCheck) {
        self.0.extend(judged.added.iter().map(|(alert, source)| hash(alert, source)));
    }

    fn holds(&self, alert: &AlertId, source: &SourceId) -> bool {
        self.0.contains(&hash(alert, source))
    }
}

fn hash(alert: &AlertId, source: &SourceId) -> u64 {
    let mut hasher = DefaultHasher::new();
    (alert, source).hash(&mut hasher);
    hasher.finish()
}

/// Every contribution that no judgement justifies, but for those of judgements that are on their way.
pub(crate) async fn strays(
    context: &Context,
    proved: &Proved,
) -> Result<Vec<(AlertId, SourceId)>, StepError> {
    let mut strays = Vec::new();
    let mut all = context.store.all_contributions();
    while let Some((alert, source)) = all.try_next().await.at("list contributions", "-")? {
        // What came meanwhile was not met: it is looked at now.
        if !proved.holds(&alert, &source) && !is_justified(context, &alert, &source).await? {
            strays.push((alert, source));
        }
    }
    Ok(strays)
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
