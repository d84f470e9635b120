//! A queue directory with a clock that tests move, and handlers that follow a script.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;
use trustwatch_local::queue::{
    Clock, Durability, Handler, HandlerError, ManualClock, Mapping, QueueSpec, QueueStore,
};

/// 2026-03-01T08:00:00Z.
pub(crate) const START_MS: i64 = 1_772_352_000_000;
/// The visibility of the queues here, ms.
pub(crate) const VISIBILITY_MS: i64 = 60_000;
pub(crate) const RECEIVES_MAX: u32 = 3;

pub(crate) fn specs() -> Vec<QueueSpec> {
    let work = |name: &str| {
        QueueSpec::new(name).visibility_ms(VISIBILITY_MS as u64).dead_letters_to("dead", RECEIVES_MAX)
    };
    vec![work("work"), work("other"), QueueSpec::new("dead")]
}

pub(crate) async fn open(directory: &Path, clock: &Arc<ManualClock>) -> QueueStore {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    QueueStore::open(directory, specs(), clock, Durability::ProcessExit).await.unwrap()
}

pub(crate) struct Bench {
    pub(crate) directory: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: QueueStore,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::at(START_MS));
        let store = open(directory.path(), &clock).await;
        Self { directory, clock, store }
    }

    /// Closes nothing, opens anew: what a start after a crash does.
    pub(crate) async fn reopen(self) -> Self {
        let Self { directory, clock, store } = self;
        drop(store);
        let store = open(directory.path(), &clock).await;
        Self { directory, clock, store }
    }

    /// Waiting, in flight, dead letters of the queue `work`.
    pub(crate) async fn counts(&self) -> (u64, u64, u64) {
        let depth = self.store.depth("work").await.unwrap();
        (depth.waiting, depth.in_flight, depth.dead_letters)
    }

    /// Waits until the queue `work` has these counts.
    pub(crate) async fn until_counts(&self, expected: (u64, u64, u64)) {
        let mut found = (u64::MAX, 0, 0);
        for _ in 0..1000 {
            found = self.counts().await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("waiting, in flight, dead letters are {found:?} and not {expected:?}");
    }
}

type Script = dyn Fn(Value) -> BoxFuture<'static, Result<Value, HandlerError>> + Send + Sync;

/// A handler that keeps what it was called with and answers by a script.
pub(crate) struct Scripted {
    pub(crate) calls: Mutex<Vec<Value>>,
    script: Box<Script>,
}

#[async_trait]
impl Handler for Scripted {
    async fn call(&self, event: Value) -> Result<Value, HandlerError> {
        self.calls.lock().unwrap().push(event.clone());
        (self.script)(event).await
    }
}

impl Scripted {
    /// A handler whose answer is a function of the event.
    pub(crate) fn answering(
        answer: impl Fn(&Value) -> Result<Value, HandlerError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::running(move |event| {
            let answer = answer(&event);
            Box::pin(async move { answer })
        })
    }

    pub(crate) fn running(
        script: impl Fn(Value) -> BoxFuture<'static, Result<Value, HandlerError>> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { calls: Mutex::new(Vec::new()), script: Box::new(script) })
    }

    pub(crate) fn fine() -> Arc<Self> {
        Self::answering(|_| Ok(Value::Null))
    }

    /// A handler that never comes to an end.
    pub(crate) fn hanging() -> Arc<Self> {
        Self::running(|_| Box::pin(std::future::pending()))
    }

    pub(crate) fn call_count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// The bodies of each call.
    pub(crate) fn bodies(&self) -> Vec<Vec<String>> {
        self.calls.lock().unwrap().iter().map(bodies).collect()
    }

    /// Waits until there were so many calls.
    pub(crate) async fn until_calls(&self, count: usize) {
        for _ in 0..1000 {
            if self.call_count() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} calls and not {count}", self.call_count());
    }
}

/// The bodies of an event.
pub(crate) fn bodies(event: &Value) -> Vec<String> {
    let records = event["Records"].as_array().unwrap();
    records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
}

/// The answer that names the messages with these bodies as failed.
pub(crate) fn failing(event: &Value, failed: &[&str]) -> Value {
    let records = event["Records"].as_array().unwrap();
    let items: Vec<Value> = records
        .iter()
        .filter(|record| failed.contains(&record["body"].as_str().unwrap()))
        .map(|record| json!({ "itemIdentifier": record["messageId"] }))
        .collect();
    json!({ "batchItemFailures": items })
}

pub(crate) fn mapping(handler: Arc<dyn Handler>) -> Mapping {
    Mapping {
        queue: "work".to_owned(),
        handler,
        batch_size: 10,
        concurrency: 1,
        time_out: Duration::from_secs(20),
    }
}

/// Time for something to go wrong that must not happen.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(60)).await;
}
