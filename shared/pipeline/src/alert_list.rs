//! Alerts as they stand in queues.

use crate::alert::AlertRow;
use crate::commit::Context;
use crate::step::{At, Cause, StepError};
use std::collections::BTreeMap;
use trustwatch_casework::{Status, partition, queue_sort};
use trustwatch_model::{AlertId, Queue, SchoolId, Severity};
use trustwatch_store::QueueRange;

/// Entries that are asked for at once.
const PAGE: usize = 100;

/// Every alert of these schools in one status, whoever's queue it stands in, and those of the trust's own queue.
///
/// Memory: all of them. For a screen, and for tests; the API reads page by page.
///
/// # Errors
/// [`StepError`] of a read.
pub async fn alerts(
    context: &Context,
    schools: &[SchoolId],
    status: Status,
) -> Result<BTreeMap<AlertId, AlertRow>, StepError> {
    let (first, last) = (queue_sort(Severity::CRITICAL, 0), queue_sort(Severity::TREND, i64::MAX));
    let mut found = BTreeMap::new();
    for queue in Queue::all(schools) {
        let partition = partition(&queue, status);
        let mut behind: Option<(String, AlertId)> = None;
        loop {
            let range = QueueRange {
                partition: &partition,
                first: &first,
                last: &last,
                behind: behind.as_ref().map(|(order, alert)| (order.as_str(), alert)),
            };
            let (entries, more) = context.store.queue_range(&range, PAGE).await.at("read queue", "-")?;
            behind = entries.last().map(|last| (last.order.clone(), last.alert.clone()));
            for entry in entries {
                let row = serde_json::from_str(&entry.row).map_err(Cause::Pins);
                let row = row.at("read queue", entry.alert.as_str())?;
                found.insert(entry.alert, row);
            }
            if !more {
                break;
            }
        }
    }
    Ok(found)
}
