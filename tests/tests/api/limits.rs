//! A flood through the whole way: files of thousands of findings on one person, as items of the table and over HTTP.

use crate::common::NOON;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use trustwatch_pipeline::{classify, normalise};
use trustwatch_tests::desk::Desk;
use trustwatch_tests::judging::{judged_school, manifest_of, visit};
use trustwatch_tests::seam::{Judge, Verdict};
use trustwatch_tests::state::item_bytes;
use trustwatch_tests::system::{System, Worker};

/// AWS: 400 KB an item, 100 actions a transaction.
const ITEM_BYTES_MAX: usize = 400 * 1024;
const ACTIONS_MAX: usize = 100;

const FILES: i64 = 4;
/// More than a contribution holds.
const LINES: i64 = 4_000;

/// Counts the actions of each transaction.
#[derive(Clone, Default)]
struct Actions(Arc<Mutex<Vec<usize>>>);

#[async_trait]
impl Judge for Actions {
    async fn judge(&self, _: &str) -> Verdict {
        Verdict::Proceed
    }

    fn sees(&self, target: &str, body: &[u8]) {
        if target.ends_with("TransactWriteItems") {
            let body: Value = serde_json::from_slice(body).unwrap();
            self.0.lock().unwrap().push(body["TransactItems"].as_array().unwrap().len());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_one_person_fits_the_table_and_says_what_found_no_room() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let (context, seam) = system.worker(Worker::default()).await;
    let actions = Actions::default();
    seam.appoint(actions.clone());
    for file in 0..FILES {
        let mut lines = String::new();
        for number in 0..LINES {
            let host = format!("http://h{number}.{}bets.example/", "a-long-label.".repeat(8));
            let _ = write!(lines, "{}", visit(NOON + 4 * number + file, "pat.ash", &host));
        }
        let arrival = system.put(&format!("oak/web/{file}.log"), lines).await;
        normalise(&context, &arrival).await.unwrap();
        let manifest = manifest_of(&context, &arrival, trustwatch_lake::Stage::Normalise);
        classify(&context, &manifest, 0).await.unwrap();
    }
    let desk = Desk::of(&system, context).await;
    let token = desk.oak("dsl");
    let listed = desk.listed(&token, "open").await;
    assert_eq!(listed.len(), 1);
    let id = listed[0]["id"].as_str().unwrap();
    let read = desk.get(&format!("/v1/alerts/{id}"), &token).await;
    assert_eq!(read.body["evidence"].as_array().unwrap().len(), 64);
    let (events, left_out) = (read.body["events"].as_i64().unwrap(), read.body["left_out"].as_i64().unwrap());
    assert!(left_out > FILES * LINES / 2, "{left_out} left out");
    assert_eq!(events + left_out, FILES * LINES);
    let step =
        desk.step(id, &token, &read.tag(), json!({"transition": "close", "outcome": "confirmed"})).await;
    assert_eq!(step.status, 200);

    let largest = item_bytes(&system).await.into_iter().max().unwrap();
    assert!((8_000..ITEM_BYTES_MAX / 2).contains(&largest), "{largest} bytes");
    let most = *actions.0.lock().unwrap().iter().max().unwrap();
    assert!((4..ACTIONS_MAX / 2).contains(&most), "{most} actions");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_refuses_what_aws_would() {
    // Without this the test above would prove nothing on this machine.
    let system = System::start().await;
    let put = async |bytes: usize| {
        let item =
            trustwatch_store::AuditItem { name: "n".to_owned(), by: "b".to_owned(), what: "x".repeat(bytes) };
        let place = trustwatch_store::AuditPlace::Day("2026-10-26");
        system.context().store.put_audit(&place, &item).await
    };
    put(ITEM_BYTES_MAX - 200).await.unwrap();
    let refused = put(ITEM_BYTES_MAX + 1).await.unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.trouble),
        ("ValidationException", trustwatch_store::Trouble::Fault)
    );
    system.stop().await;
}
