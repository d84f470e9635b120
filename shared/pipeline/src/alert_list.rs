//! Alerts as they stand in queues.

use crate::alert::AlertRow;
use crate::commit::Context;
use crate::step::{At, Cause, StepError};
use std::collections::BTreeMap;
use trustwatch_casework::{Status, partition};
use trustwatch_model::{AlertId, Queue, SchoolId};
use trustwatch_store::QueuePlace;

/// Entries of a page.
const PAGE: i32 = 100;

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
    let mut found = BTreeMap::new();
    for queue in Queue::all(schools) {
        let partition = partition(&queue, status);
        let mut behind: Option<QueuePlace> = None;
        loop {
            let page = context.store.queue_page(&partition, PAGE, behind.as_ref()).await;
            let (entries, more) = page.at("read queue", "-")?;
            for entry in &entries {
                let row = serde_json::from_str(&entry.row).map_err(Cause::Pins);
                found.insert(entry.alert.clone(), row.at("read queue", entry.alert.as_str())?);
            }
            let last = entries.last().filter(|_| more);
            let Some(last) = last else { break };
            behind = Some(QueuePlace {
                queue: queue.name(),
                alert: last.alert.clone(),
                order: last.order.clone(),
            });
        }
    }
    Ok(found)
}
