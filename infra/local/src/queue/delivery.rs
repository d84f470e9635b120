//! The delivery loop of one mapping: receive, call the handler, delete what is done.
//!
//! A message is deleted only after its handler has said that it is done, so that a crash at any point brings it back
//! (at least once). What failed is left alone: its visibility is the pause before the retry, and a handler that
//! wants another pause changes the visibility itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::batch::{Verdict, sqs_event, verdict};
use super::error::QueueError;
use super::handler::{Handler, invoke};
use super::message::Received;
use super::store::QueueStore;
use super::subject;

/// The pause after the queue file failed, before it is tried again.
pub(super) const STORAGE_PAUSE: Duration = Duration::from_secs(1);

/// Which handler gets the messages of a queue, and how.
#[derive(Clone)]
pub struct Mapping {
    /// The queue to take messages from.
    pub queue: String,
    /// The function that handles them.
    pub handler: Arc<dyn Handler>,
    /// The most messages of one event, 1 to 10.
    pub batch_size: usize,
    /// The most events that are handled at the same time.
    pub concurrency: usize,
    /// The function's time-out. It must be shorter than the visibility of the queue, or a message would be handed
    /// out again while its handler still runs.
    pub time_out: Duration,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mapping")
            .field("queue", &self.queue)
            .field("batch_size", &self.batch_size)
            .field("concurrency", &self.concurrency)
            .field("time_out", &self.time_out)
            .finish_non_exhaustive()
    }
}

/// Resolves when the dispatcher is told to stop, or is gone.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Delivers until it is told to stop, then waits for the handlers that run. Dropping it ends them.
pub(super) async fn run(store: QueueStore, mapping: Mapping, mut stop: watch::Receiver<bool>) {
    let Ok(mut changes) = store.changes(&mapping.queue) else { return };
    let mapping = Arc::new(mapping);
    let mut running = JoinSet::new();
    loop {
        while running.try_join_next().is_some() {}
        if *stop.borrow() {
            break;
        }
        if running.len() >= mapping.concurrency {
            tokio::select! {
                () = stopped(&mut stop) => {}
                _ = running.join_next() => {}
            }
            continue;
        }
        changes.mark_unchanged();
        // Not inside a select: a receive that is cut off would hide messages which no one holds.
        match store.receive(&mapping.queue, mapping.batch_size, None).await {
            Ok(batch) if batch.is_empty() => idle(&store, &mapping.queue, &mut changes, &mut stop).await,
            Ok(batch) => {
                running.spawn(deliver(store.clone(), Arc::clone(&mapping), batch));
            }
            Err(error) => {
                tracing::error!(queue = mapping.queue, %error, "a queue could not be read");
                pause(&mut stop).await;
            }
        }
    }
    while running.join_next().await.is_some() {}
}

/// Waits for a reason to look again: a change, the next deadline, or the end.
async fn idle(
    store: &QueueStore,
    queue: &str,
    changes: &mut watch::Receiver<u64>,
    stop: &mut watch::Receiver<bool>,
) {
    let clock = store.clock();
    let deadline = async {
        match store.next_visible_ms(queue).await {
            Ok(Some(at_ms)) => clock.sleep_until(at_ms).await,
            Ok(None) => std::future::pending().await,
            Err(_) => tokio::time::sleep(STORAGE_PAUSE).await,
        }
    };
    tokio::select! {
        () = stopped(stop) => {}
        _ = changes.changed() => {}
        () = deadline => {}
    }
}

/// A pause that a stop cuts short.
pub(super) async fn pause(stop: &mut watch::Receiver<bool>) {
    let _ = tokio::time::timeout(STORAGE_PAUSE, stopped(stop)).await;
}

async fn deliver(store: QueueStore, mapping: Arc<Mapping>, batch: Vec<Received>) {
    let event = sqs_event(&mapping.queue, &batch);
    let failed = match invoke(Arc::clone(&mapping.handler), event, mapping.time_out).await {
        Ok(answer) => match verdict(&answer, &batch) {
            Verdict::DoneExcept(failed) => failed,
            Verdict::AllFailed(reason) => {
                tracing::error!(
                    queue = mapping.queue,
                    reason,
                    "a handler gave an answer that cannot be read"
                );
                return;
            }
        },
        Err(failure) => {
            for Received { id: message, body, receives, .. } in &batch {
                let (queue, kind, about) = (&mapping.queue, failure.kind(), subject::of(body));
                tracing::warn!(queue, kind, message, receives, about, "a handler failed");
            }
            return;
        }
    };
    finish(&store, &mapping.queue, batch, &failed).await;
}

/// Whether a message that was received so often becomes a dead letter when it fails.
fn is_last_delivery(store: &QueueStore, queue: &str, receives: u32) -> bool {
    store.spec(queue).is_ok_and(|spec| spec.dead_letter.is_some() && receives >= spec.receives_max)
}

/// Deletes what is done. If that fails the messages come back, and the handler finds its work done already.
async fn finish(store: &QueueStore, queue: &str, batch: Vec<Received>, failed: &BTreeSet<String>) {
    let (failures, done): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|message| failed.contains(&message.id));
    for message in &failures {
        let (message, receives) = (&message.id, message.receives);
        if is_last_delivery(store, queue, receives) {
            tracing::warn!(queue, message, receives, "a message failed at its last delivery");
        } else {
            // The function has said why; often another worker is only busy with it.
            tracing::debug!(queue, message, receives, "a message comes back");
        }
    }
    if done.is_empty() {
        return;
    }
    let receipts = done.iter().map(|message| message.receipt.clone()).collect();
    match store.delete_all(queue, receipts).await {
        Ok(answers) => {
            for (message, answer) in done.iter().zip(answers) {
                match answer {
                    Err(QueueError::ReceiptStale) => {
                        tracing::warn!(
                            queue,
                            message = message.id,
                            "a message was handed out again meanwhile"
                        );
                    }
                    Err(error) => tracing::error!(queue, message = message.id, %error, "a message was kept"),
                    Ok(()) => {}
                }
            }
        }
        Err(error) => tracing::error!(queue, %error, "handled messages could not be deleted"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock::ManualClock;
    use super::super::message::NewMessage;
    use super::super::spec::QueueSpec;
    use super::*;
    use crate::durability::Durability;
    use std::io;
    use std::sync::Mutex;

    /// Where log lines go.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn only_the_last_delivery_of_a_message_is_worth_a_warning() {
        let directory = tempfile::tempdir().unwrap();
        let specs = vec![QueueSpec::new("work").dead_letters_to("dead", 2), QueueSpec::new("dead")];
        let clock = Arc::new(ManualClock::at(0));
        let durability = Durability::ProcessExit;
        let store =
            QueueStore::open(directory.path(), specs, Arc::clone(&clock) as _, durability).await.unwrap();
        store.send("work", NewMessage::new("a")).await.unwrap();
        for warnings in [0, 1] {
            let log = Log::default();
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_writer(move || writer.clone())
                .finish();
            let batch = store.receive("work", 1, Some(1_000)).await.unwrap();
            let failed = batch.iter().map(|message| message.id.clone()).collect();
            let guard = tracing::subscriber::set_default(subscriber);
            finish(&store, "work", batch, &failed).await;
            drop(guard);
            let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert_eq!(text.matches("WARN").count(), warnings, "{text}");
            clock.advance(1_000);
        }
    }
}
