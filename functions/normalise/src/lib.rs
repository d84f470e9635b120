//! The function `normalise`: objects of the raw bucket to Parquet. It serves the live queue and, with a longer
//! time-out, the backfill queue.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use trustwatch_pipeline::{Context, Done, Lane, Notified, lane_of, normalise, send_to_backfill};
use trustwatch_runtime::{BatchAnswer, BatchError, arrivals_of, deliveries_of, note};

/// What the function works with.
#[derive(Clone)]
pub struct Function {
    /// Store, clock, limits.
    pub context: Context,
    /// Whether it serves the backfill queue.
    pub backfill: bool,
}

/// Answers a batch of S3 notifications.
pub async fn handle(event: SqsEvent, function: &Function) -> BatchAnswer {
    let names = function.context.store.names();
    let queue = if function.backfill { &names.backfill_queue } else { &names.normalise_queue };
    let mut answer = BatchAnswer::default();
    for message in event.records {
        let result = work(function, &message).await;
        note(&function.context, queue, message, result, &mut answer).await;
    }
    answer
}

async fn work(function: &Function, message: &SqsMessage) -> Result<(), BatchError> {
    for notified in arrivals_of(message)? {
        if function.backfill || lane(function, &notified, deliveries_of(message)).await? == Lane::Live {
            report(&notified, &normalise(&function.context, &notified.arrival).await?);
        } else {
            send_to_backfill(&function.context, &notified).await?;
        }
    }
    Ok(())
}

async fn lane(function: &Function, notified: &Notified, deliveries: u32) -> Result<Lane, BatchError> {
    Ok(lane_of(&function.context, notified, deliveries).await?)
}

fn report(notified: &Notified, done: &Done) {
    let source_id = notified.arrival.source_id();
    let source_id = source_id.as_str();
    match done {
        Done::Committed(committed) => {
            let manifest = &committed.manifest;
            let counts = &manifest.counts;
            tracing::info!(
                source_id,
                school = manifest.school,
                feed = manifest.feed,
                complete = manifest.is_complete(),
                lines = counts.lines,
                events = counts.events,
                rejects = counts.rejects,
                skipped = counts.skipped.total(),
                held = counts.held,
                "source committed"
            );
        }
        Done::Settled => tracing::info!(source_id, "held line settled"),
        Done::Before => tracing::info!(source_id, "source was finished before"),
        Done::Gone => tracing::warn!(source_id, "source is no longer there"),
    }
}
