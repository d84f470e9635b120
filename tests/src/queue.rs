//! Messages as the functions get them: from the queues of the cloud, or made up.

use crate::system::System;
use serde_json::{Value, json};
use trustwatch_local::queue::Received;
use trustwatch_normalise::{Function, handle};
use trustwatch_pipeline::{Arrival, Context, queue_due};

/// The live queue.
pub const LIVE: &str = "trustwatch-normalise";
/// The backfill queue.
pub const BACKFILL: &str = "trustwatch-backfill";

/// The queue of manifests to judge.
pub const CLASSIFY: &str = "trustwatch-classify";

/// A message about an object, as the function gets it.
#[must_use]
pub fn message(arrival: &Arrival, bytes: u64, arrived_ms: i64, id: &str, receipt: &str) -> Value {
    let at = jiff::Timestamp::from_millisecond(arrived_ms).unwrap();
    let body = json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-2",
        "eventTime": at.to_string(),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": { "name": arrival.bucket },
            "object": { "key": arrival.key, "size": bytes, "versionId": arrival.version_id },
        },
    }]});
    json!({ "messageId": id, "receiptHandle": receipt, "body": body.to_string() })
}

/// Calls the function with messages. Returns the ids of those that it gives back.
pub async fn call(context: &Context, backfill: bool, messages: &[Value]) -> Vec<String> {
    let function = Function { context: context.clone(), backfill };
    let event = serde_json::from_value(json!({ "Records": messages })).unwrap();
    let answer = handle(event, &function).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// Calls `classify` with messages. Returns the ids of those that it gives back.
pub async fn call_classify(context: &Context, messages: &[Value]) -> Vec<String> {
    let event = serde_json::from_value(json!({ "Records": messages })).unwrap();
    let answer = trustwatch_classify::handle(event, context).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

/// Queues what is due, and works on it: what the schedule and the queues do together.
///
/// # Panics
/// As [`drain`].
pub async fn work_on_what_is_due(system: &System) {
    let context = system.context();
    queue_due(&context).await.unwrap();
    drain(system, &context).await;
}

/// Works on all that waits in the queues, in batches, and deletes what the function does not give back. Returns
/// how many messages there were.
///
/// # Panics
/// When a message is given back: nothing fails here.
pub async fn drain(system: &System, context: &Context) -> usize {
    let queues = system.cloud.queues();
    let mut worked_on = 0;
    for queue in [LIVE, BACKFILL, CLASSIFY] {
        loop {
            let batch: Vec<Received> = queues.receive(queue, 10, None).await.unwrap();
            if batch.is_empty() {
                break;
            }
            let message = |message: &Received| json!({ "messageId": message.id, "receiptHandle": message.receipt, "body": message.body });
            let messages: Vec<Value> = batch.iter().map(message).collect();
            let failed = match queue {
                CLASSIFY => call_classify(context, &messages).await,
                queue => call(context, queue == BACKFILL, &messages).await,
            };
            assert_eq!(failed, Vec::<String>::new(), "a message was given back");
            for message in &batch {
                queues.delete(queue, &message.receipt).await.unwrap();
            }
            worked_on += batch.len();
        }
    }
    worked_on
}
