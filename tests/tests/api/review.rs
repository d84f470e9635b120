//! Steps of reviewers: one after the other, at the same time, and while evidence comes in.

use crate::common::{NOON, World, deliver};
use futures::future::join_all;
use serde_json::json;
use trustwatch_pipeline::verify;
use trustwatch_tests::judging::hurt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_taken_closed_and_opened_again() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let token = desk.token(&["dsl-oak"], Some("a.dsl"));
    let taken = desk.step(id, &token, "\"0-1\"", json!({"transition": "acknowledge"})).await;
    assert_eq!((taken.status, taken.tag().as_str()), (200, "\"1-1\""), "{taken:?}");
    assert_eq!((taken.body["status"].as_str(), taken.body["id"].as_str()), (Some("acknowledged"), Some(id)));
    let by = &taken.body["episodes"][0]["acknowledged"];
    assert_eq!(*by, json!({"by": "sub:person-a.dsl", "at": "2026-10-26T09:00:00Z"}));
    let again = desk.step(id, &token, "\"1-1\"", json!({"transition": "acknowledge"})).await;
    assert_eq!((again.status, again.code()), (409, "already_yours"));

    world.system.time.pass_ms(60_000);
    let closing = json!({"transition": "close", "outcome": "confirmed"});
    let closed = desk.step(id, &token, "\"1-1\"", closing.clone()).await;
    assert_eq!((closed.status, closed.tag().as_str()), (200, "\"2-1\""), "{closed:?}");
    let told = &closed.body["episodes"][0]["closed"];
    assert_eq!(
        *told,
        json!({"by": "sub:person-a.dsl", "at": "2026-10-26T09:01:00Z", "outcome": "confirmed"})
    );
    let twice = desk.step(id, &token, "\"2-1\"", closing).await;
    assert_eq!((twice.status, twice.code()), (409, "impossible"));
    let in_list = async |status| desk.listed(&token, status).await.iter().any(|alert| alert["id"] == id);
    assert_eq!(
        [in_list("open").await, in_list("acknowledged").await, in_list("closed").await],
        [false, false, true]
    );

    let open = desk.step(id, &token, "\"2-1\"", json!({"transition": "reopen"})).await;
    assert_eq!((open.status, open.body["status"].as_str()), (200, Some("open")));
    assert!(in_list("open").await);
    let report = verify(&world.system.context()).await.unwrap();
    assert!(report.balances(), "{:?}", report.findings);
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_close_at_once_one_does() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let closers = (0..8).map(|number| {
        let token = desk.token(&["dsl-oak"], Some(&format!("dsl{number}")));
        async move {
            desk.step(id, &token, "\"0-1\"", json!({"transition": "close", "outcome": "confirmed"})).await
        }
    });
    let answers = join_all(closers).await;
    let mut statuses: Vec<(u16, &str)> =
        answers.iter().map(|answer| (answer.status, answer.code())).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], (200, ""));
    assert!(statuses[1..].iter().all(|status| *status == (412, "stale")), "{statuses:?}");
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    let read = desk.get(&format!("/v1/alerts/{id}"), &desk.oak("dsl")).await;
    assert_eq!(read.body["episodes"], winner.body["episodes"]);
    assert_eq!(read.tag(), "\"1-1\"");
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_evidence_stands_in_the_way_of_closing_and_not_of_taking() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let token = desk.oak("dsl");
    deliver(&world.system, "oak/web/b.log", &hurt(NOON + 60, "pat.ash")).await;
    let closing = json!({"transition": "close", "outcome": "false_positive"});
    let closed = desk.step(id, &token, "\"0-1\"", closing.clone()).await;
    assert_eq!((closed.status, closed.code()), (409, "new_evidence"));
    let taken = desk.step(id, &token, "\"0-1\"", json!({"transition": "acknowledge"})).await;
    assert_eq!((taken.status, taken.tag().as_str()), (200, "\"1-2\""));
    assert_eq!(taken.body["events"], 2);
    let closed = desk.step(id, &token, "\"1-2\"", closing).await;
    assert_eq!((closed.status, closed.body["status"].as_str()), (200, Some("closed")));
    // Nobody overlooks it in a list: what waits to be closed stands there, taken or not.
    let waiting = desk.get("/v1/alerts", &token).await;
    assert!(!waiting.body["alerts"].as_array().unwrap().iter().any(|alert| alert["id"] == id));
    // A grave event after the closing opens the next episode.
    deliver(&world.system, "oak/web/c.log", &hurt(NOON + 120, "pat.ash")).await;
    let read = desk.get(&format!("/v1/alerts/{id}"), &token).await;
    let numbers: Vec<u64> = read.body["episodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|episode| episode["number"].as_u64().unwrap())
        .collect();
    assert_eq!((numbers, read.body["status"].as_str()), (vec![1, 2], Some("open")));
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_needs_to_say_what_it_is_based_on() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let token = desk.oak("dsl");
    let body = json!({"transition": "acknowledge"}).to_string();
    let line = format!("POST /v1/alerts/{id}/transitions");
    let json = ("content-type", "application/json");
    let missing = desk.send(&line, &token, &[json], &body).await;
    assert_eq!((missing.status, missing.code()), (428, "if_match_missing"));
    for tag in [
        "*",
        "W/\"0-1\"",
        "\"0-1\", \"0-2\"",
        "0-1",
        "\"00-1\"",
        "\"0\"",
        "\"-0-1\"",
        "\"0-99999999999999999999\"",
    ] {
        let answer = desk.send(&line, &token, &[json, ("if-match", tag)], &body).await;
        assert_eq!((answer.status, answer.code()), (400, "if_match"), "{tag}");
    }
    let two = [json, ("if-match", "\"0-1\""), ("if-match", "\"0-1\"")];
    assert_eq!(desk.send(&line, &token, &two, &body).await.status, 400);
    let stale = desk.step(id, &token, "\"7-1\"", json!({"transition": "acknowledge"})).await;
    assert_eq!((stale.status, stale.code()), (412, "stale"));
    let read = desk.get(&format!("/v1/alerts/{id}"), &token).await;
    assert_eq!(read.tag(), "\"0-1\"", "nothing has changed");
    world.system.stop().await;
}
