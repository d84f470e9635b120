//! What survives: a crash between receive and delete, a kill in the midst of sends, many producers at once.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use trustwatch_local::queue::{Clock, Dispatcher, Durability, Mapping, NewMessage, QueueStore, SystemClock};

use super::support::{Bench, Scripted, VISIBILITY_MS, bodies, failing, mapping, settle, specs};

const HELPER_DIRECTORY: &str = "TRUSTWATCH_QUEUE_CONTRACT_DIRECTORY";

#[tokio::test]
async fn a_crash_between_receive_and_delete_brings_the_message_back() {
    let bench = Bench::new().await;
    bench.store.send("work", NewMessage::new("a")).await.unwrap();
    let first = bench.store.receive("work", 10, None).await.unwrap().remove(0);
    let bench = bench.reopen().await;
    bench.clock.advance(VISIBILITY_MS - 1);
    assert!(bench.store.receive("work", 10, None).await.unwrap().is_empty());
    bench.clock.advance(1);
    let second = bench.store.receive("work", 10, None).await.unwrap().remove(0);
    assert_eq!((second.id, second.receives), (first.id, 2));
    assert!(
        bench.store.delete("work", &first.receipt).await.is_err(),
        "a receipt stays stale over a restart"
    );
}

#[tokio::test]
async fn a_dispatcher_that_is_dropped_ends_its_handlers_and_loses_nothing() {
    let bench = Bench::new().await;
    bench.store.send("work", NewMessage::new("a")).await.unwrap();
    let witness = Arc::new(());
    let held = Arc::clone(&witness);
    let hanging = Scripted::running(move |_| {
        let held = Arc::clone(&held);
        Box::pin(async move {
            let _held = held;
            std::future::pending().await
        })
    });
    let handler = Arc::clone(&hanging);
    let dispatcher = Dispatcher::builder(bench.store.clone()).mapping(mapping(handler)).start().unwrap();
    hanging.until_calls(1).await;
    drop(dispatcher);
    settle().await;
    // One for the test, one for the script; the third belonged to the call.
    assert_eq!(Arc::strong_count(&witness), 2, "the handler was ended");

    let bench = bench.reopen().await;
    let fine = Scripted::fine();
    let next = Arc::clone(&fine);
    let _dispatcher = Dispatcher::builder(bench.store.clone()).mapping(mapping(next)).start().unwrap();
    bench.clock.advance(VISIBILITY_MS);
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(fine.bodies(), [["a"]]);
}

/// Not a test of its own: the process that the next test starts and kills.
#[tokio::test]
async fn helper_process_that_sends_until_it_is_killed() {
    let Some(directory) = std::env::var_os(HELPER_DIRECTORY) else { return };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = QueueStore::open(directory.as_ref(), specs(), clock, Durability::PowerLoss).await.unwrap();
    for n in 0.. {
        store.send("work", NewMessage::new(format!("sent {n}"))).await.unwrap();
        // Past the capture of the test harness, so that the parent reads it at once.
        writeln!(std::io::stdout(), "acknowledged {n}").unwrap();
    }
}

#[tokio::test]
async fn every_acknowledged_send_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let name = "durability::helper_process_that_sends_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(HELPER_DIRECTORY, directory.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    let mut count = |line: String| acknowledged += usize::from(line.contains("acknowledged"));
    for line in lines.by_ref() {
        let line = line.unwrap();
        let is_enough = line.ends_with("acknowledged 49");
        count(line);
        if is_enough {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    lines.map_while(Result::ok).for_each(&mut count);
    assert!(acknowledged >= 50, "{acknowledged}");

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = QueueStore::open(directory.path(), specs(), clock, Durability::ProcessExit).await.unwrap();
    let mut next = 0;
    loop {
        let batch = store.receive("work", 10, None).await.unwrap();
        if batch.is_empty() {
            break;
        }
        for message in batch {
            assert_eq!(message.body, format!("sent {next}"), "no hole, in order of the sends");
            next += 1;
        }
    }
    assert!(next >= acknowledged, "{next} of {acknowledged} survived");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_many_producers_is_lost_on_the_way_through_unsteady_handlers() {
    const PRODUCERS: usize = 8;
    const EACH: usize = 25;
    let bench = Bench::new().await;
    let done: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let finished = Arc::clone(&done);
    // The first time a message that ends in 3 fails, and one that ends in 7 takes its whole batch with it.
    let handler = Scripted::answering(move |event| {
        let is_first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1";
        let all = bodies(event);
        if is_first && all.iter().any(|body| body.ends_with('7')) {
            return Ok(Value::from("broken"));
        }
        let failed: Vec<&str> =
            all.iter().map(String::as_str).filter(|body| is_first && body.ends_with('3')).collect();
        for body in all.iter().filter(|body| !failed.contains(&body.as_str())) {
            finished.lock().unwrap().insert(body.clone());
        }
        Ok(failing(event, &failed))
    });
    let mapping = Mapping { concurrency: 4, batch_size: 3, ..mapping(Arc::clone(&handler) as _) };
    let _dispatcher = Dispatcher::builder(bench.store.clone()).mapping(mapping).start().unwrap();
    let producers = (0..PRODUCERS).map(|producer| {
        let store = bench.store.clone();
        tokio::spawn(async move {
            for n in 0..EACH {
                store.send("work", NewMessage::new(format!("{producer}/{n}"))).await.unwrap();
            }
        })
    });
    futures::future::try_join_all(producers).await.unwrap();
    for _ in 0..1000 {
        let depth = bench.store.depth("work").await.unwrap();
        if (depth.waiting, depth.in_flight) == (0, 0) {
            break;
        }
        if depth.waiting == 0 {
            bench.clock.advance(VISIBILITY_MS);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The clock jumps also while handlers run, so that a slow one may lose a message to the dead letters; done or
    // dead, each is accounted for by its name.
    let mut accounted = done.lock().unwrap().clone();
    assert!(accounted.len() > PRODUCERS * EACH / 2, "{}", accounted.len());
    loop {
        let dead = bench.store.receive("dead", 10, None).await.unwrap();
        if dead.is_empty() {
            break;
        }
        accounted.extend(dead.into_iter().map(|message| message.body));
    }
    let sent = (0..PRODUCERS).flat_map(|producer| (0..EACH).map(move |n| format!("{producer}/{n}")));
    assert_eq!(accounted, sent.collect());
}
