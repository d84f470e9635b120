//! The function `classify`: committed events to findings and alerts.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use trustwatch_pipeline::{Context, Judged, judge};
use trustwatch_runtime::{BatchAnswer, BatchError, arrivals_of, note};

/// Answers a batch of S3 notifications about manifests.
pub async fn handle(event: SqsEvent, context: &Context) -> BatchAnswer {
    let queue = &context.store.names().classify_queue;
    let mut answer = BatchAnswer::default();
    for message in event.records {
        let result = work(context, &message).await;
        note(context, queue, message, result, &mut answer).await;
    }
    answer
}

async fn work(context: &Context, message: &SqsMessage) -> Result<(), BatchError> {
    for notified in arrivals_of(message)? {
        report(&notified.arrival.key, &judge(context, &notified.arrival).await?);
    }
    Ok(())
}

fn report(key: &str, judged: &Judged) {
    match judged {
        Judged::Committed(judged) => {
            let source_id = judged.source_id.as_str();
            let (school, events, findings) = (&judged.school, judged.events, judged.findings());
            tracing::info!(source_id, school, events, findings, "source judged");
            if judged.left_out > 0 {
                let left_out = judged.left_out;
                tracing::error!(source_id, school, left_out, "a source has more findings than are kept");
            }
        }
        Judged::Before => tracing::debug!(key, "judged before"),
        Judged::Gone => tracing::warn!(key, "a manifest is no longer there"),
        Judged::NoPolicy => tracing::warn!(key, "no policy was published yet: events wait to be judged"),
        Judged::NotEvents => tracing::debug!(key, "no manifest of events"),
    }
}
