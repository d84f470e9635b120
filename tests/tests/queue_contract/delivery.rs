//! The dispatcher: what a handler gets, and what its answer does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use trustwatch_local::queue::{
    Dispatcher, DispatcherError, Handler, HandlerError, Mapping, NewMessage, QueueError,
};

use super::support::{Bench, RECEIVES_MAX, Scripted, VISIBILITY_MS, failing, mapping, settle};

fn start(bench: &Bench, handler: &Arc<Scripted>) -> Dispatcher {
    let handler = Arc::clone(handler) as Arc<dyn Handler>;
    Dispatcher::builder(bench.store.clone()).mapping(mapping(handler)).start().unwrap()
}

/// Sends so that the messages can be received as one batch.
async fn send(bench: &Bench, bodies: &[&str]) {
    let messages = bodies.iter().map(|body| ("work".to_owned(), NewMessage::new(*body))).collect();
    bench.store.send_all(messages).await.unwrap();
}

#[tokio::test]
async fn success_deletes() {
    let bench = Bench::new().await;
    let handler = Scripted::fine();
    let _dispatcher = start(&bench, &handler);
    // The dispatcher sleeps by now, and the clock stands still: only the send can wake it.
    settle().await;
    send(&bench, &["a", "b"]).await;
    bench.until_counts((0, 0, 0)).await;
    bench.clock.advance(10 * VISIBILITY_MS);
    settle().await;
    assert_eq!(handler.bodies(), [["a", "b"]]);
    let record = handler.calls.lock().unwrap()[0]["Records"][0].clone();
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:eu-west-2:000000000000:work");
}

#[tokio::test]
async fn failed_messages_come_back_and_done_ones_do_not() {
    let bench = Bench::new().await;
    let handler = Scripted::answering(|event| {
        let is_first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1";
        Ok(if is_first { failing(event, &["b"]) } else { Value::Null })
    });
    send(&bench, &["a", "b", "c"]).await;
    let _dispatcher = start(&bench, &handler);
    bench.until_counts((0, 1, 0)).await;
    bench.clock.advance(VISIBILITY_MS - 1);
    settle().await;
    assert_eq!(handler.call_count(), 1, "the visibility is the pause before a retry");
    bench.clock.advance(1);
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(handler.bodies(), [vec!["a", "b", "c"], vec!["b"]]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_fails_the_whole_batch() {
    for answer in [
        json!("done"),
        json!({ "batchItemFailures": "a" }),
        json!({ "batchItemFailures": [{ "itemIdentifier": "not of this batch" }] }),
        json!({ "batchItemFailures": [{}] }),
    ] {
        let bench = Bench::new().await;
        let handler = Scripted::answering(move |_| Ok(answer.clone()));
        send(&bench, &["a", "b"]).await;
        let dispatcher = start(&bench, &handler);
        handler.until_calls(1).await;
        assert!(dispatcher.stop(Duration::from_secs(5)).await);
        assert_eq!(bench.counts().await, (0, 2, 0));
    }
}

#[tokio::test]
async fn a_handler_that_fails_panics_or_hangs_fails_the_batch_and_not_the_dispatcher() {
    let bench = Bench::new().await;
    let handler = Scripted::running(|event| {
        Box::pin(async move {
            match event["Records"][0]["attributes"]["ApproximateReceiveCount"].as_str() {
                Some("1") => panic!("as told"),
                Some("2") => std::future::pending().await,
                _ => Err(HandlerError::new("Told", "as told")),
            }
        })
    });
    send(&bench, &["a"]).await;
    let quick = Mapping { time_out: Duration::from_millis(50), ..mapping(Arc::clone(&handler) as _) };
    let _dispatcher = Dispatcher::builder(bench.store.clone()).mapping(quick).start().unwrap();
    for calls in 1..=RECEIVES_MAX as usize {
        handler.until_calls(calls).await;
        // Longer than the time-out, so that the next call is not the clock's doing alone.
        settle().await;
        assert_eq!(bench.counts().await, (0, 1, 0));
        bench.clock.advance(VISIBILITY_MS);
    }
    bench.until_counts((0, 0, 1)).await;
    assert_eq!(handler.call_count(), RECEIVES_MAX as usize);
}

#[tokio::test]
async fn poison_becomes_a_dead_letter() {
    let bench = Bench::new().await;
    let handler = Scripted::answering(|event| Ok(failing(event, &["poison"])));
    send(&bench, &["poison", "good"]).await;
    let _dispatcher = start(&bench, &handler);
    for calls in 1..=RECEIVES_MAX as usize {
        handler.until_calls(calls).await;
        bench.until_counts((0, 1, 0)).await;
        bench.clock.advance(VISIBILITY_MS);
    }
    bench.until_counts((0, 0, 1)).await;
    let status = bench.store.status().await.unwrap();
    let work = status.queues.iter().find(|queue| queue.queue == "work").unwrap();
    assert_eq!((work.depth.dead_letters, work.depth.oldest_age_ms), (1, None));
    let dead = status.queues.iter().find(|queue| queue.queue == "dead").unwrap();
    assert_eq!(dead.depth.waiting, 1);
    assert_eq!(dead.depth.oldest_age_ms, Some(3 * VISIBILITY_MS as u64));
}

#[tokio::test]
async fn a_stale_receipt_cannot_touch_what_another_holds() {
    let bench = Bench::new().await;
    send(&bench, &["a"]).await;
    let first = bench.store.receive("work", 1, None).await.unwrap().remove(0);
    bench.clock.advance(VISIBILITY_MS);
    let second = bench.store.receive("work", 1, None).await.unwrap().remove(0);
    assert_eq!(first.id, second.id);
    let stale = bench.store.delete("work", &first.receipt).await;
    assert!(matches!(stale, Err(QueueError::ReceiptStale)), "{stale:?}");
    let stale = bench.store.change_visibility("work", &first.receipt, 0).await;
    assert!(matches!(stale, Err(QueueError::ReceiptStale)), "{stale:?}");
    assert_eq!(bench.counts().await, (0, 1, 0));
    let elsewhere = bench.store.delete("other", &second.receipt).await;
    assert!(elsewhere.is_err(), "a receipt is one of its queue");
    bench.store.delete("work", &second.receipt).await.unwrap();
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test]
async fn a_handler_that_is_busy_gets_its_message_back_when_it_asked_for_it() {
    let bench = Bench::new().await;
    let store = bench.store.clone();
    let handler = Scripted::running(move |event| {
        let store = store.clone();
        Box::pin(async move {
            let record = &event["Records"][0];
            if record["attributes"]["ApproximateReceiveCount"] == "1" {
                let receipt = record["receiptHandle"].as_str().unwrap();
                store.change_visibility("work", receipt, 10_000).await.unwrap();
                return Ok(failing(&event, &["a"]));
            }
            Ok(Value::Null)
        })
    });
    send(&bench, &["a"]).await;
    let _dispatcher = start(&bench, &handler);
    bench.until_counts((0, 1, 0)).await;
    handler.until_calls(1).await;
    settle().await;
    bench.clock.advance(10_000);
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(handler.call_count(), 2);
}

#[tokio::test]
async fn no_more_handlers_run_at_once_than_allowed() {
    let bench = Bench::new().await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let handler = Scripted::running(move |_| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        Box::pin(async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(15)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(Value::Null)
        })
    });
    send(&bench, &["a"; 20]).await;
    let mapping = Mapping { batch_size: 2, concurrency: 3, ..mapping(Arc::clone(&handler) as _) };
    let _dispatcher = Dispatcher::builder(bench.store.clone()).mapping(mapping).start().unwrap();
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert!(handler.bodies().iter().all(|batch| batch.len() <= 2));
}

#[tokio::test]
async fn a_stop_lets_handlers_finish_and_takes_no_more() {
    let bench = Bench::new().await;
    let handler = Scripted::running(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(Value::Null)
        })
    });
    send(&bench, &["a", "b"]).await;
    let single = Mapping { batch_size: 1, ..mapping(Arc::clone(&handler) as _) };
    let dispatcher = Dispatcher::builder(bench.store.clone()).mapping(single).start().unwrap();
    handler.until_calls(1).await;
    assert!(dispatcher.stop(Duration::from_secs(5)).await);
    assert_eq!((handler.call_count(), bench.counts().await), (1, (1, 0, 0)));

    let hanging = Scripted::hanging();
    let dispatcher = start(&bench, &hanging);
    hanging.until_calls(1).await;
    assert!(!dispatcher.stop(Duration::from_millis(50)).await);
    assert_eq!(bench.counts().await, (0, 1, 0), "what a handler did not finish is kept");
}

#[tokio::test]
async fn mappings_that_cannot_work_are_refused() {
    let bench = Bench::new().await;
    let good = || mapping(Scripted::fine());
    let visibility = Duration::from_millis(VISIBILITY_MS as u64);
    for (bad, part) in [
        (Mapping { queue: "nope".to_owned(), ..good() }, "no queue `nope`"),
        (Mapping { batch_size: 0, ..good() }, "1 to 10"),
        (Mapping { batch_size: 11, ..good() }, "1 to 10"),
        (Mapping { concurrency: 0, ..good() }, "at least 1"),
        (Mapping { time_out: visibility, ..good() }, "shorter than the visibility"),
    ] {
        let started: Result<Dispatcher, DispatcherError> =
            Dispatcher::builder(bench.store.clone()).mapping(bad).start();
        let message = started.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
