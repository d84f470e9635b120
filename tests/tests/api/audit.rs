//! Who looked at whom is written down before it is answered, and what fails leaves nothing half done.

use crate::common::{NOON, World, deliver};
use serde_json::{Value, json};
use trustwatch_tests::desk::Desk;
use trustwatch_tests::judging::{hurt, judged_school};
use trustwatch_tests::seam::{FailsAt, Fault};
use trustwatch_tests::state::audit_entries;
use trustwatch_tests::system::{System, Worker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_read_and_each_step_leaves_one_entry_that_names_nobody() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let token = desk.token(&["dsl-oak"], Some("a.dsl"));
    let before = audit_entries(&world.system).await.len();
    desk.get("/v1/alerts?severity=5", &token).await;
    desk.get(&format!("/v1/alerts/{id}"), &token).await;
    desk.step(id, &token, "\"0-1\"", json!({"transition": "close", "outcome": "handed_over"})).await;
    // What was refused showed nothing and changed nothing.
    desk.get(&format!("/v1/alerts/{}", world.id("oak staff")), &token).await;
    desk.step(id, &token, "\"0-1\"", json!({"transition": "reopen"})).await;
    let entries = audit_entries(&world.system).await;
    assert_eq!(entries.len() - before, 3, "{entries:?}");
    let of = |did: &str| -> (String, String, Value) {
        let of_this = |entry: &&(String, String, Value)| entry.2["did"] == did && entry.1.contains("a.dsl");
        entries.iter().find(of_this).unwrap_or_else(|| panic!("{did}: {entries:?}")).clone()
    };
    let (place, by, what) = of("list alerts");
    assert_eq!((place.as_str(), by.as_str()), ("READS#2026-10-26", "sub:person-a.dsl"));
    assert_eq!(what["alerts"].as_array().unwrap().len(), 2);
    assert_eq!(of("read alert").0, format!("ALERT#{id}"));
    let (place, _, what) = of("close");
    assert_eq!(place, format!("ALERT#{id}"));
    assert_eq!(what, json!({"did": "close", "outcome": "handed_over", "review_rev": 1, "evidence_rev": 1}));
    for (_, _, what) in &entries {
        let text = what.to_string();
        assert!(!text.contains("pat.ash") && !text.contains("hurt"), "{text}");
    }
    world.system.stop().await;
}

/// What the API does, call by call, each failing in every way that fits it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_call_fails_nothing_is_told_unaudited_and_a_step_is_taken_once() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let (context, seam) = system.worker(Worker::default()).await;
    let desk = Desk::of(&system, context).await;
    let token = desk.oak("dsl");
    // What is read once and kept is read now.
    desk.listed(&token, "open").await;
    let closing = json!({"transition": "close", "outcome": "confirmed"});
    let mut met = std::collections::BTreeSet::new();
    let mut person = 0;
    for fault in Fault::ALL {
        for number in 0.. {
            person += 1;
            let name = format!("p{person}");
            deliver(&system, &format!("oak/web/{name}.log"), &hurt(NOON, &name)).await;
            let listed = desk.listed(&token, "open").await;
            let mine = listed.iter().find(|alert| alert["subject"]["name"] == name.as_str()).unwrap();
            let id = mine["id"].as_str().unwrap();
            let before = audit_entries(&system).await.len();
            let judge = FailsAt::new(number, fault);
            seam.appoint(judge.clone());
            let list = desk.get("/v1/alerts?limit=200", &token).await;
            let read = desk.get(&format!("/v1/alerts/{id}"), &token).await;
            let step = desk.step(id, &token, "\"0-1\"", closing.clone()).await;
            seam.dismiss();
            let calls = judge.calls();
            met.extend(calls.iter().cloned());
            let statuses = [list.status, read.status, step.status];
            if calls.len() <= number {
                assert_eq!(statuses, [200, 200, 200]);
                break;
            }
            if !fault.fits(&calls[number]) {
                continue;
            }
            let failed = statuses.iter().filter(|status| **status == 503).count();
            assert_eq!(failed, 1, "{}: {statuses:?}", calls[number]);
            let told = statuses.iter().filter(|status| **status == 200).count();
            assert!(audit_entries(&system).await.len() - before >= told, "{}", calls[number]);
            // What was cut off may have been done: the client looks before it tries again.
            let path = format!("/v1/alerts/{id}");
            if desk.get(&path, &token).await.body["status"] != "closed" {
                let again = desk.step(id, &token, "\"0-1\"", closing.clone()).await;
                assert_eq!(again.status, 200, "{}: {again:?}", calls[number]);
            }
            let closed = desk.get(&path, &token).await;
            assert_eq!((closed.tag().as_str(), closed.body["status"].as_str()), ("\"1-1\"", Some("closed")));
            let entries = audit_entries(&system).await;
            let closings =
                entries.iter().filter(|entry| entry.0 == format!("ALERT#{id}") && entry.2["did"] == "close");
            assert_eq!(closings.count(), 1, "{}", calls[number]);
        }
    }
    for operation in ["queue_range", "put_audit", "cell", "write_cell", "read judgement", "read findings"] {
        assert!(met.contains(operation), "{operation} was never met: {met:?}");
    }
    system.stop().await;
}
