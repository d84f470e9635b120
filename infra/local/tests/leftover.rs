//! A start that cannot queue what an earlier process left is a start all the same.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use trustwatch_local::cloud::{Cloud, CloudOptions};
use trustwatch_local::queue::NewMessage;
use trustwatch_model::{FeedId, FeedSettings, SchoolId};
use trustwatch_pipeline::{save_feed, verify};

const PATIENCE: Duration = Duration::from_secs(120);

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

/// Changes the index of the object store behind its back.
fn alter(data: &Path, sql: &str) {
    let index = rusqlite::Connection::open(data.join("s3/index.sqlite3")).unwrap();
    index.busy_timeout(PATIENCE).unwrap();
    index.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_is_queued_as_soon_as_it_can_be() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(move || writer.clone())
        .with_target(false)
        .init();
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let asleep = CloudOptions { dispatch: false, ..CloudOptions::new(data) };
    let cloud = Cloud::start(asleep).await.unwrap();
    let (school, feed) = (SchoolId::new("oak").unwrap(), FeedId::new("web").unwrap());
    let settings = FeedSettings::of("squid");
    save_feed(&cloud.context.store, &school, &feed, settings).await.unwrap();
    let file = data.join("access.log");
    std::fs::write(&file, "no line of Squid's\n").unwrap();
    cloud.context.store.upload_file("oak/web/access.log", &file, |_| {}).await.unwrap();
    cloud.stop().await;

    // Its event is lost, and it cannot be listed for now.
    alter(
        data,
        "DELETE FROM events; UPDATE versions SET checksums = 'damaged' WHERE key = CAST('oak/web/access.log' AS BLOB)",
    );
    let cloud = Cloud::start(CloudOptions::new(data)).await.unwrap();
    assert!(cloud.is_idle().await.unwrap());
    let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let warnings = || said().matches("could not be queued").count();
    assert_eq!(warnings(), 1, "{}", said());

    alter(data, "UPDATE versions SET checksums = '{}' WHERE checksums = 'damaged'");
    let begun = Instant::now();
    loop {
        let report = verify(&cloud.context).await.unwrap();
        if report.pending == 0 {
            assert_eq!((report.objects, report.counts.lines), (1, 1));
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", said());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(warnings(), 1, "{}", said());
    cloud.stop().await;
    dead_letters_of_what_is_queued_again_are_taken_away(data).await;
}

/// Of the same directory, for a process has one log.
async fn dead_letters_of_what_is_queued_again_are_taken_away(data: &Path) {
    let asleep = || CloudOptions { dispatch: false, ..CloudOptions::new(data) };
    let cloud = Cloud::start(asleep()).await.unwrap();
    let told = r#"{"Records": [{"eventTime": "2026-11-23T09:00:00Z",
        "s3": {"bucket": {"name": "trustwatch-raw"}, "object": {"key": "oak/web/access.log"}}}]}"#;
    let queues = cloud.queues();
    for body in [told, "nothing that a function knows"] {
        queues.send("trustwatch-normalise", NewMessage::new(body)).await.unwrap();
    }
    for _ in 0..9 {
        queues.receive("trustwatch-normalise", 10, Some(0)).await.unwrap();
    }
    assert_eq!(cloud.status().await.unwrap().work().dead, 2);
    cloud.stop().await;
    let cloud = Cloud::start(CloudOptions::new(data)).await.unwrap();
    assert_eq!(cloud.status().await.unwrap().work().dead, 1, "what nobody understands stays for a person");
    cloud.stop().await;
}
