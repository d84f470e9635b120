//! Which queue an object goes to, and the sending.

use crate::commit::{Context, utc_day};
use crate::lane::{Lane, Waiting, choose_lane};
use crate::notification::{Notified, write_notification};
use crate::step::{At, StepError};
use trustwatch_model::RawKey;

/// The lane for an object of this size and age, whose message was delivered so often, this time counted in.
///
/// # Errors
/// [`StepError`] when the school's use of the day cannot be read.
pub async fn lane_of(context: &Context, notified: &Notified, deliveries: u32) -> Result<Lane, StepError> {
    let used = match RawKey::parse(&notified.arrival.key) {
        Ok(key) => {
            let day = utc_day((context.clock)().as_microsecond()).to_string();
            let used = context.store.quota_used(key.school.as_str(), &day).await;
            used.at("read quota", notified.arrival.source_id().as_str())?
        }
        // It will be set aside without being read.
        Err(_) => return Ok(Lane::Live),
    };
    Ok(choose(context, notified, deliveries, used))
}

/// Queues what is due for an object. Old it is by nature, and it is little work when the object is small: it must not
/// wait behind a school's backlog.
pub(crate) async fn queue_due_work(context: &Context, notified: &Notified) -> Result<(), StepError> {
    let now = Notified { arrived_ms: context.now_ms(), ..notified.clone() };
    queue_again(context, &now).await
}

fn choose(context: &Context, notified: &Notified, deliveries: u32, school_bytes_used: u64) -> Lane {
    let age_ms = context.now_ms() - notified.arrived_ms;
    let object = Waiting { bytes: notified.bytes, age_ms, deliveries, school_bytes_used };
    choose_lane(&context.limits.lanes, &object)
}

/// Queues an object that was queued before: manifests to be judged, and raw objects in their lanes, old and large ones
/// for the backfill lane at once.
pub(crate) async fn queue_again(context: &Context, notified: &Notified) -> Result<(), StepError> {
    let names = context.store.names();
    let queue = if notified.arrival.bucket == names.lake {
        &names.classify_queue
    } else {
        match choose(context, notified, 0, 0) {
            Lane::Live => &names.normalise_queue,
            Lane::Backfill => &names.backfill_queue,
        }
    };
    send(context, queue, notified).await
}

/// Hands an object on to the backfill queue.
///
/// # Errors
/// [`StepError`] of the send; the message it came with must then come again.
pub async fn send_to_backfill(context: &Context, notified: &Notified) -> Result<(), StepError> {
    send(context, &context.store.names().backfill_queue, notified).await
}

async fn send(context: &Context, queue: &str, notified: &Notified) -> Result<(), StepError> {
    let id = notified.arrival.source_id();
    let body = write_notification(notified).at("write message", id.as_str())?;
    context.store.send(queue, &body).await.at("send message", id.as_str())
}
