//! Alert cells: what a source adds, and what follows from all that was added.

use crate::commit::Context;
use crate::step::{At, Cause, StepError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trustwatch_casework::{
    Alert, Case, Cell, CellState, Contribution, Contributions, Route, SinceClosing, Status, detect, dues,
    fold, partition, queue_sort, routes,
};
use trustwatch_lake::{FindingRow, JudgedManifest};
use trustwatch_model::{AlertId, Attribution, Audience, Queue, Severity, SubjectRole};
use trustwatch_store::{
    AuditItem, CellItem, CellWrite, CellWritten, ContributionPut, NotifyItem, PutOutcome, QueueItem,
};

/// How often a cell is read again because somebody wrote it meanwhile.
pub(crate) const TRIES_MAX: usize = 10;

/// What a cell is about, written down with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The cell.
    pub cell: Cell,
    /// Whom its lines can be laid to. Only `User` may be shown as a person.
    pub attribution: Attribution,
    /// Login, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Name of the client machine, where no login is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// Client address, where neither is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<String>,
}

impl About {
    pub(crate) fn of(cell: Cell, row: &FindingRow) -> Self {
        let shown = &row.shown;
        let attribution = row.finding.attribution;
        let named = matches!(attribution, Attribution::User | Attribution::SharedLogin);
        let is_device = attribution == Attribution::Device;
        Self {
            cell,
            attribution,
            user_name: shown.user_name.clone().filter(|_| named),
            device_name: shown.device_name.clone().filter(|_| is_device),
            source_ip: shown.source_ip.clone().filter(|_| !named && !is_device),
        }
    }
}

/// What a list shows of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRow {
    /// What it is about.
    pub about: About,
    /// Category, in our words.
    pub category: String,
    /// Severity of the episode.
    pub severity: Severity,
    /// Whom it concerns.
    pub audience: Audience,
    /// What the subject is at the school.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_role: Option<SubjectRole>,
    /// Where the work on the episode stands.
    #[serde(default)]
    pub status: Status,
    /// What its closing has not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_closing: Option<SinceClosing>,
    /// Judging again has taken away what it was opened for.
    #[serde(default)]
    pub is_withdrawn: bool,
    /// Number of the episode.
    pub episode: u32,
    /// When the episode was opened: milliseconds since 1970 UTC.
    pub opened_ms: i64,
    /// Distinct events.
    pub events: u64,
    /// Second of the last event: milliseconds since 1970 UTC.
    pub last_ms: i64,
}

/// Adds what a source found to a cell.
pub(crate) async fn contribute(
    context: &Context,
    judged: &JudgedManifest,
    cell: &Cell,
    about: &About,
    body: &str,
) -> Result<PutOutcome, StepError> {
    let id = judged.source_id.as_str();
    let about = serde_json::to_string(about).map_err(Cause::Pins).at("write contribution", id)?;
    let put = ContributionPut {
        cell: &cell.id(),
        before: &cell.before().id(),
        about: &about,
        source: &judged.source_id,
        generation: judged.generation,
        body,
    };
    context.store.put_contribution(&put).await.at("put contribution", id)
}

/// Reads a cell and the one behind it, concludes, and writes what differs. A cell to which nothing was added stays
/// without an item.
pub(crate) async fn fold_again(context: &Context, cell: &Cell) -> Result<(), StepError> {
    let alert_id = cell.id();
    let id = alert_id.as_str();
    for _ in 0..TRIES_MAX {
        let seen = context.store.cell(&alert_id).await.at("read cell", id)?;
        if seen.rev == 0 {
            return Ok(());
        }
        let next = context.store.cell(&cell.after().id()).await.at("read cell", id)?;
        let state = concluded(cell, &seen, &next).at("fold cell", id)?;
        let before = alert_of(&seen).at("read alert", id)?;
        let now_ms = context.now_ms();
        let Some(after) = detect(&before, state, now_ms) else { return Ok(()) };
        let notify = dues(&before, &after, now_ms).map_err(Cause::from).at("plan telling", id)?;
        let episode = after.episode().map_or(0, |episode| episode.number);
        let notify = notify
            .iter()
            .map(|due| NotifyItem { name: format!("{episode}#{}", due.step.as_str()), at_ms: due.at_ms });
        let notify: Vec<NotifyItem> = notify.collect();
        let written = write(context, &alert_id, &seen, &after, &notify, None).await;
        if written.at("write cell", id)? == CellWritten::Now {
            return Ok(());
        }
    }
    Err(StepError::new("write cell", id, Cause::Contended))
}

/// What follows from everything that was added to a cell and to the one behind it.
pub(crate) fn concluded(cell: &Cell, own: &CellItem, next: &CellItem) -> Result<CellState, Cause> {
    Ok(fold(cell, &contributions_of(own)?, &contributions_of(next)?))
}

fn contributions_of(cell: &CellItem) -> Result<Contributions, Cause> {
    let added = cell.contributions.iter().filter(|(_, item)| !item.body.is_empty());
    added
        .map(|(source, item)| {
            let contribution: Contribution = serde_json::from_str(&item.body).map_err(Cause::Pins)?;
            Ok((source.clone(), contribution))
        })
        .collect()
}

/// The alert as it was written last; a cell of which nothing was concluded yet has an empty one.
pub(crate) fn alert_of(cell: &CellItem) -> Result<Alert, Cause> {
    cell.alert
        .as_deref()
        .map_or_else(|| Ok(Alert::default()), |text| serde_json::from_str(text).map_err(Cause::Pins))
}

/// Writes an alert with its places in queues, and who changed it where a person did.
pub(crate) async fn write(
    context: &Context,
    id: &AlertId,
    seen: &CellItem,
    alert: &Alert,
    notify: &[NotifyItem],
    audit: Option<&AuditItem>,
) -> Result<CellWritten, Cause> {
    let queues = queues(&about_of(seen)?, alert, seen)?;
    let text = serde_json::to_string(alert).map_err(Cause::Pins)?;
    let write = CellWrite { cell: id, seen, alert: &text, queues: &queues, notify, audit };
    Ok(context.store.write_cell(&write).await?)
}

/// What a cell is about, as its first contribution said.
pub(crate) fn about_of(cell: &CellItem) -> Result<About, Cause> {
    serde_json::from_str(&cell.about).map_err(Cause::Pins)
}

/// What an alert shows in a list. One whose evidence was taken away shows what it showed last; one that never had an
/// episode is in no list.
pub(crate) fn row_of(about: &About, alert: &Alert, seen: &CellItem) -> Result<Option<AlertRow>, Cause> {
    let Some(episode) = alert.episode() else { return Ok(None) };
    let stood = seen.queues.values().next().map(|item| serde_json::from_str::<AlertRow>(&item.row));
    let stood = stood.transpose().map_err(Cause::Pins)?;
    let (category, audience, subject_role, events, last_ms) = match (&alert.state.firing, stood) {
        (Some(firing), _) => {
            (firing.category.clone(), firing.audience, firing.subject_role, firing.events, firing.last_ms)
        }
        (None, Some(stood)) => (stood.category, stood.audience, stood.subject_role, 0, stood.last_ms),
        (None, None) => return Ok(None),
    };
    Ok(Some(AlertRow {
        about: about.clone(),
        category,
        severity: episode.peak,
        audience,
        subject_role,
        status: episode.review.status,
        since_closing: alert.since_closing(),
        is_withdrawn: episode.withdrawn.is_some(),
        episode: episode.number,
        opened_ms: episode.opened_ms,
        events,
        last_ms,
    }))
}

impl AlertRow {
    /// Where an alert that shows this stands: in the queues of those who may know.
    pub(crate) fn routes(&self) -> Vec<Route> {
        let About { cell, .. } = &self.about;
        let Self { audience, subject_role, .. } = *self;
        routes(Case { school: &cell.school, audience, category: &self.category, subject_role })
    }
}

/// The places of an alert in queues, by name of the queue.
pub(crate) fn queues(
    about: &About,
    alert: &Alert,
    seen: &CellItem,
) -> Result<BTreeMap<String, QueueItem>, Cause> {
    let Some((row, episode)) = row_of(about, alert, seen)?.zip(alert.episode()) else {
        return Ok(BTreeMap::new());
    };
    let text = serde_json::to_string(&row).map_err(Cause::Pins)?;
    let item = |queue: &Queue| QueueItem {
        partition: partition(queue, episode.review.status),
        order: queue_sort(row.severity, row.opened_ms),
        row: text.clone(),
    };
    Ok(row.routes().iter().map(|route| (route.queue.name(), item(&route.queue))).collect())
}
