//! The pump between the S3 server's outbox and the queues.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use serde_json::Value;
use tokio::sync::Notify;
use trustwatch_local::queue::{Dispatcher, DispatcherBuilder, EventSource, ObjectEvent, SourceError};
use trustwatch_local::s3::{Credentials, S3Store, serve};

use super::support::{Bench, Scripted, bodies, mapping, settle};

/// An outbox in memory: the durable half of the S3 server, as far as the pump sees it.
#[derive(Default)]
struct Outbox {
    events: Mutex<Vec<ObjectEvent>>,
    wake: Notify,
    /// Acknowledgements that do not come back, as if the process died before them.
    is_stuck: AtomicBool,
    failures_left: AtomicUsize,
    acknowledge_calls: AtomicUsize,
}

impl Outbox {
    fn put(&self, key: &str) {
        let mut events = self.events.lock().unwrap();
        let sequence = events.last().map_or(1, |event| event.sequence + 1);
        events.push(ObjectEvent {
            sequence,
            event_name: "ObjectCreated:Put",
            bucket: "raw".to_owned(),
            key: key.to_owned(),
            version_id: Some(format!("v{sequence}")),
            bytes: 7,
            etag: "e".to_owned(),
            event_time: "2026-03-01T08:00:00Z".parse().unwrap(),
        });
        self.wake.notify_one();
    }

    fn fail_sometimes(&self) -> Result<(), SourceError> {
        let fails = |left: usize| left.checked_sub(1);
        match self.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails) {
            Ok(_) => Err(SourceError("as told".to_owned())),
            Err(_) => Ok(()),
        }
    }

    async fn until_empty(&self) {
        for _ in 0..1000 {
            if self.events.lock().unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("events were not acknowledged");
    }
}

#[async_trait]
impl EventSource for Outbox {
    async fn events_after(&self, sequence: u64, limit: usize) -> Result<Vec<ObjectEvent>, SourceError> {
        self.fail_sometimes()?;
        let events = self.events.lock().unwrap();
        Ok(events.iter().filter(|event| event.sequence > sequence).take(limit).cloned().collect())
    }

    async fn acknowledge(&self, up_to: u64) -> Result<(), SourceError> {
        self.acknowledge_calls.fetch_add(1, Ordering::SeqCst);
        if self.is_stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.fail_sometimes()?;
        self.events.lock().unwrap().retain(|event| event.sequence > up_to);
        Ok(())
    }

    async fn notified(&self) {
        self.wake.notified().await;
    }
}

fn route(bucket: &str, key: &str) -> Option<String> {
    (bucket == "raw" && !key.starts_with("unwanted")).then(|| "work".to_owned())
}

fn pumping(bench: &Bench, outbox: &Arc<Outbox>) -> DispatcherBuilder {
    Dispatcher::builder(bench.store.clone()).pump(Arc::clone(outbox) as Arc<dyn EventSource>, route)
}

/// The keys that a handler was called with, in order of the calls.
fn keys(handler: &Scripted) -> Vec<String> {
    let calls = handler.calls.lock().unwrap();
    let key = |body: String| {
        let event: Value = serde_json::from_str(&body).unwrap();
        event["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
    };
    calls.iter().flat_map(bodies).map(key).collect()
}

#[tokio::test]
async fn events_reach_the_queue_that_the_route_names() {
    let bench = Bench::new().await;
    let outbox = Arc::new(Outbox::default());
    outbox.put("oakfield/x y.log");
    let handler = Scripted::fine();
    let _dispatcher = pumping(&bench, &outbox).mapping(mapping(Arc::clone(&handler) as _)).start().unwrap();
    handler.until_calls(1).await;
    outbox.put("unwanted");
    outbox.put("oakfield/z.log");
    handler.until_calls(2).await;
    outbox.until_empty().await;
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(keys(&handler), ["oakfield/x+y.log", "oakfield/z.log"]);
}

#[tokio::test]
async fn a_backlog_longer_than_a_step_is_moved_in_order() {
    let bench = Bench::new().await;
    let outbox = Arc::new(Outbox::default());
    (0..250).for_each(|n| outbox.put(&n.to_string()));
    let _dispatcher = pumping(&bench, &outbox).start().unwrap();
    outbox.until_empty().await;
    let mut next = 0;
    while let batch @ [_, ..] = bench.store.receive("work", 10, None).await.unwrap().as_slice() {
        for message in batch {
            assert!(message.body.contains(&format!("\"key\":\"{next}\"")), "{next}: {}", message.body);
            next += 1;
        }
    }
    assert_eq!(next, 250);
}

#[tokio::test]
async fn a_crash_between_send_and_acknowledge_doubles_what_was_handled_and_loses_nothing() {
    let bench = Bench::new().await;
    let outbox = Arc::new(Outbox::default());
    outbox.is_stuck.store(true, Ordering::SeqCst);
    ["a", "b"].into_iter().for_each(|key| outbox.put(key));
    let dispatcher = pumping(&bench, &outbox).start().unwrap();
    bench.until_counts((2, 0, 0)).await;
    drop(dispatcher);

    // While the messages still wait, the key of the event recognises them.
    let dispatcher = pumping(&bench, &outbox).start().unwrap();
    while outbox.acknowledge_calls.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bench.counts().await, (2, 0, 0));
    drop(dispatcher);

    // Once they are handled, the same events come a second time rather than not at all.
    let first = bench.store.receive("work", 10, None).await.unwrap();
    for message in &first {
        bench.store.delete("work", &message.receipt).await.unwrap();
    }
    let bench = bench.reopen().await;
    outbox.is_stuck.store(false, Ordering::SeqCst);
    let _dispatcher = pumping(&bench, &outbox).start().unwrap();
    outbox.until_empty().await;
    let second = bench.store.receive("work", 10, None).await.unwrap();
    let texts = |messages: &[trustwatch_local::queue::Received]| -> Vec<String> {
        messages.iter().map(|message| message.body.clone()).collect()
    };
    assert_eq!(texts(&second), texts(&first));
    assert_eq!(second.len(), 2);
}

#[tokio::test]
async fn a_source_that_fails_now_and_then_delays_and_loses_nothing() {
    let bench = Bench::new().await;
    let outbox = Arc::new(Outbox::default());
    outbox.failures_left.store(3, Ordering::SeqCst);
    outbox.put("a");
    let _dispatcher = pumping(&bench, &outbox).start().unwrap();
    outbox.until_empty().await;
    assert_eq!(bench.counts().await, (1, 0, 0));
}

#[tokio::test]
async fn an_event_for_an_unknown_queue_is_kept() {
    let bench = Bench::new().await;
    let outbox = Arc::new(Outbox::default());
    outbox.put("a");
    let source = Arc::clone(&outbox) as Arc<dyn EventSource>;
    let nowhere = |_: &str, _: &str| Some("nope".to_owned());
    let _dispatcher = Dispatcher::builder(bench.store.clone()).pump(source, nowhere).start().unwrap();
    settle().await;
    assert_eq!(outbox.acknowledge_calls.load(Ordering::SeqCst), 0);
    assert_eq!(outbox.events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_object_put_into_the_embedded_s3_reaches_its_handler() {
    let bench = Bench::new().await;
    let objects = Arc::new(S3Store::open(&bench.directory.path().join("s3")).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let keys_of_server = Credentials { access_key: "AKIDLOCAL".into(), secret_key: "secret".into() };
    tokio::spawn(serve(listener, Arc::clone(&objects), keys_of_server));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(SdkCredentials::new("AKIDLOCAL", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let handler = Scripted::fine();
    let _dispatcher = Dispatcher::builder(bench.store.clone())
        .pump(Arc::clone(&objects) as Arc<dyn EventSource>, route)
        .mapping(mapping(Arc::clone(&handler) as _))
        .start()
        .unwrap();
    client.create_bucket().bucket("raw").send().await.unwrap();
    for (count, key) in ["oakfield/x y+z.log", "oakfield/caf\u{e9}.log"].into_iter().enumerate() {
        client.put_object().bucket("raw").key(key).body(b"line\n".to_vec().into()).send().await.unwrap();
        handler.until_calls(count + 1).await;
    }
    bench.until_counts((0, 0, 0)).await;
    assert_eq!(keys(&handler), ["oakfield/x+y%2Bz.log", "oakfield/caf%C3%A9.log"]);
    assert!(objects.events_after(0, 10).await.unwrap().is_empty(), "what was delivered is acknowledged");
}
