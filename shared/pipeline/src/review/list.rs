//! A page of the alerts that somebody may see: the most severe first, of these the oldest first, over all their
//! queues.

use super::{Request, RequestError, visible_schools};
use crate::alert::AlertRow;
use crate::commit::Context;
use crate::sign_in::subjects;
use crate::step::{At, Cause, StepError};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use trustwatch_access::{Action, CursorError, CursorKey, Position};
use trustwatch_casework::{Cell, Status, partition, queue_sort};
use trustwatch_model::{AlertId, Desk, Queue, SchoolId, Severity, SubjectKey};
use trustwatch_store::{AuditPlace, QueueEntry, QueueRange};

/// Most alerts of a page.
pub const LIMIT_MAX: usize = 200;

/// Alerts that one page looks at, whether they may be seen or not; then it ends short and the next goes on.
const LOOKED_AT_MAX: usize = 1_000;

/// Queues that are asked at a time: those of a school in one go, those of a trust in a few.
const ASKED_AT_ONCE: usize = 16;

/// How long a cursor is good for.
const CURSOR_AGE_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Which alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFilter {
    /// Of this school, or of all that may be seen.
    pub school: Option<SchoolId>,
    /// In one of these statuses.
    pub statuses: Vec<Status>,
    /// Of these severities.
    pub severities: BTreeSet<Severity>,
    /// Whose last episode was opened then or later: milliseconds since 1970 UTC.
    pub opened_from_ms: i64,
    /// … and before this.
    pub opened_to_ms: i64,
}

impl AlertFilter {
    /// The same words for the same filter.
    fn canonical(&self) -> String {
        let severities: Vec<String> =
            self.severities.iter().map(|severity| severity.level().to_string()).collect();
        let school = self.school.as_ref().map_or("", SchoolId::as_str);
        let statuses: Vec<&str> = self.statuses.iter().map(|status| status.as_str()).collect();
        let (status, severities) = (statuses.join(","), severities.join(","));
        format!("alerts?{school}&{status}&{severities}&{}&{}", self.opened_from_ms, self.opened_to_ms)
    }
}

/// A page of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPage {
    /// Alerts, at most as many as were asked for: fewer where some may not be seen.
    pub alerts: Vec<(AlertId, AlertRow)>,
    /// Where the next page begins. `None` on the last.
    pub next: Option<String>,
}

/// A page of the alerts that this person may see.
///
/// # Errors
/// [`RequestError`]; a cursor is good for the person and the filter that it was given for.
pub async fn list_alerts(
    context: &Context,
    request: &Request<'_>,
    filter: &AlertFilter,
    limit: usize,
    cursor: Option<&str>,
) -> Result<AlertPage, RequestError> {
    let schools = visible_schools(context, request, filter.school.as_ref()).await?;
    let mut queues = request.authoriser.visible_queues(request.principal, &schools);
    if queues.is_empty() {
        return Err(RequestError::NoQueue);
    }
    request.has_login()?;
    // What reaches nobody at the school reaches the trust's queue.
    if queues.contains(&Queue::Trust) {
        let headless = schools.iter().filter(|school| request.has_no_head(school));
        let unread = headless.map(|school| Queue::School(school.clone(), Desk::Head));
        let unread: Vec<Queue> = unread.filter(|queue| !queues.contains(queue)).collect();
        queues.extend(unread);
    }
    let (key, canonical) = (cursor_key(context).await?, filter.canonical());
    let now_ms = u64::try_from(context.now_ms()).unwrap_or_default();
    let id = request.principal.id();
    let opened = cursor.map(|cursor| key.open(cursor, id, &canonical, now_ms, CURSOR_AGE_MS_MAX));
    let place = opened.transpose()?.map(|position| Place::parse(&position).ok_or(CursorError)).transpose()?;
    // One more than is asked for tells whether there is another page.
    let wanted = limit + 1;
    let mut search = Search {
        context,
        request,
        filter,
        queues,
        wanted,
        place,
        own: HashMap::new(),
        looked_at: 0,
        found: Vec::new(),
    };
    let ends_short = search.run().await?;
    let Search { mut found, mut place, .. } = search;
    let is_full = found.len() > limit;
    if is_full {
        found.truncate(limit);
        place = found.last().map(|(place, _)| place.clone());
    }
    let next = place.filter(|_| is_full || ends_short).map(|place| place.position());
    let next = next.transpose().map_err(|_| CursorError)?;
    let next = next.map(|position| key.seal(id, &canonical, &position, now_ms));
    let alerts: Vec<_> = found.into_iter().map(|(place, row)| (place.alert, row)).collect();
    let ids: Vec<&str> = alerts.iter().map(|(id, _)| id.as_str()).collect();
    let what = json!({"did": "list alerts", "filter": canonical, "alerts": ids});
    let day = (context.clock)().strftime("%Y-%m-%d").to_string();
    let audit = request.audit(context, &what);
    context.store.put_audit(&AuditPlace::Day(&day), &audit).await.at("audit", "-")?;
    Ok(AlertPage { alerts, next })
}

async fn cursor_key(context: &Context) -> Result<CursorKey, StepError> {
    let shelf = &context.in_force.0.cursors;
    if let Some(key) = shelf.get(&(), context.now_ms()) {
        return Ok(key);
    }
    let bytes = context.store.cursor_key().await.at("read cursor key", "-")?;
    let key = CursorKey::new(&bytes).map_err(|error| Cause::Stored(error.to_string()));
    let key = key.at("read cursor key", "-")?;
    shelf.keep((), key.clone(), i64::MAX);
    Ok(key)
}

/// Where an alert stands, in the order of lists.
#[derive(Debug, Clone)]
struct Place {
    order: String,
    alert: AlertId,
}

impl Place {
    fn parse(position: &Position) -> Option<Self> {
        let (order, alert) = position.as_str().rsplit_once('/')?;
        Some(Self { order: order.to_owned(), alert: AlertId::parse(alert)? })
    }

    fn position(&self) -> Result<Position, trustwatch_access::PositionError> {
        Position::new(&format!("{}/{}", self.order, self.alert))
    }
}

struct Search<'a> {
    context: &'a Context,
    request: &'a Request<'a>,
    filter: &'a AlertFilter,
    queues: Vec<Queue>,
    wanted: usize,
    /// The last alert that was looked at.
    place: Option<Place>,
    /// The subjects that the reader is, by school and window: alerts of one day share them.
    own: HashMap<(SchoolId, i64, i64), BTreeSet<SubjectKey>>,
    looked_at: usize,
    found: Vec<(Place, AlertRow)>,
}

impl Search<'_> {
    /// Looks until as many are found as are wanted or there are no more. Whether it gave up before either.
    async fn run(&mut self) -> Result<bool, StepError> {
        for severity in self.filter.severities.clone().into_iter().rev() {
            let first = queue_sort(severity, self.filter.opened_from_ms);
            let last = queue_sort(severity, self.filter.opened_to_ms.saturating_sub(1));
            loop {
                let missing = self.wanted - self.found.len();
                let (entries, more) = self.merged(&first, &last, missing).await?;
                self.take(entries).await?;
                if self.found.len() >= self.wanted {
                    return Ok(false);
                }
                if self.looked_at >= LOOKED_AT_MAX {
                    return Ok(true);
                }
                if !more {
                    break;
                }
            }
        }
        Ok(false)
    }

    /// The next alerts of one severity over all queues, and whether there are more. An alert that stands in two of
    /// them is one.
    async fn merged(
        &self,
        first: &str,
        last: &str,
        wanted: usize,
    ) -> Result<(Vec<QueueEntry>, bool), StepError> {
        let partitions = self.queues.iter().flat_map(|queue| {
            self.filter.statuses.iter().map(|status| partition(queue, *status)).collect::<Vec<_>>()
        });
        let asked: Vec<_> = partitions.map(|partition| self.range(partition, first, last, wanted)).collect();
        let (mut entries, mut more) = (BTreeSet::new(), false);
        let mut answers = stream::iter(asked).buffer_unordered(ASKED_AT_ONCE);
        while let Some((part, goes_on)) = answers.try_next().await? {
            entries.extend(part);
            more |= goes_on;
        }
        let mut entries: Vec<QueueEntry> = entries.into_iter().collect();
        entries.dedup_by(|one, other| one.alert == other.alert);
        more |= entries.len() > wanted;
        entries.truncate(wanted);
        Ok((entries, more))
    }

    async fn range(
        &self,
        partition: String,
        first: &str,
        last: &str,
        wanted: usize,
    ) -> Result<(Vec<QueueEntry>, bool), StepError> {
        let range = QueueRange {
            partition: &partition,
            first,
            last,
            behind: self.place.as_ref().map(|place| (place.order.as_str(), &place.alert)),
        };
        self.context.store.queue_range(&range, wanted).await.at("read queue", "-")
    }

    /// Keeps what may be seen.
    async fn take(&mut self, entries: Vec<QueueEntry>) -> Result<(), StepError> {
        for entry in entries {
            let id = entry.alert.as_str();
            let row: AlertRow = serde_json::from_str(&entry.row).map_err(Cause::Pins).at("read queue", id)?;
            // The queue of the trust holds alerts of every school.
            let is_asked_for =
                self.filter.school.as_ref().is_none_or(|school| *school == row.about.cell.school);
            let own = self.own(&row.about.cell).await.at("read what decides", id)?;
            let may = self.request.may_alert(self.context, Action::ReadAlert, &row, own).await;
            let place = Place { order: entry.order, alert: entry.alert.clone() };
            if may.at("read what decides", id)? && is_asked_for {
                self.found.push((place.clone(), row));
            }
            self.place = Some(place);
            self.looked_at += 1;
        }
        Ok(())
    }

    async fn own(&mut self, cell: &Cell) -> Result<BTreeSet<SubjectKey>, Cause> {
        let window = (cell.school.clone(), cell.window_ms, cell.grid_ms);
        if let Some(own) = self.own.get(&window) {
            return Ok(own.clone());
        }
        let own = subjects(self.context, self.request.principal, cell).await?;
        self.own.insert(window, own.clone());
        Ok(own)
    }
}
