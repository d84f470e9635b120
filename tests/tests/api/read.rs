//! One alert, as its reader sees it.

use crate::common::{NOON, World, deliver};
use serde_json::{Value, json};
use trustwatch_pipeline::{put_group_map, put_roster};
use trustwatch_tests::desk::Desk;
use trustwatch_tests::judging::{bet, hurt, judged_school};
use trustwatch_tests::system::System;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_says_what_happened_why_it_matters_and_what_to_do() {
    let world = World::begin().await;
    let answer =
        world.desk.get(&format!("/v1/alerts/{}", world.id("oak pupil")), &world.desk.oak("dsl")).await;
    assert_eq!((answer.status, answer.tag().as_str()), (200, "\"0-1\""));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut body = answer.body;
    let id = body["evidence"][0]["source_id"].take();
    assert_eq!(id.as_str().unwrap().len(), 32);
    assert_eq!(
        body,
        json!({
            "id": world.id("oak pupil"),
            "school": "oak",
            "rule": "hurt-search",
            "category": "self_harm",
            "severity": 5,
            "audience": "pupil",
            "subject": {"attribution": "user", "name": "pat.ash"},
            "episode": 1,
            "opened_at": "2026-10-26T09:00:00Z",
            "events": 1,
            "last_event_at": "2026-10-25T12:00:00Z",
            "status": "open",
            "since_closing": null,
            "withdrawn": false,
            "episodes": [{
                "number": 1, "opened_at": "2026-10-26T09:00:00Z", "severity": 5, "withdrawn_at": null,
                "acknowledged": null, "closed": null, "reopened": null,
            }],
            "rule_text": {
                "policy": 1,
                "title": "Search about hurting oneself",
                "advice": "See them now.",
                "cites": [{"document": "Rules of the tests", "clause": "c2", "says": "Look after each other"}],
            },
            "masked": false,
            "approximate": false,
            "left_out": 0,
            "evidence": [{
                "at": "2026-10-25T12:00:00Z",
                "severity": 5,
                "matched": ["hurt myself"],
                "factors": ["clear phrase: one search is enough"],
                "policy": 1,
                "search_terms": "hurt myself",
                "domain": "www.google.com",
                "path": "/search",
                "action": "allowed",
                "filter_category": null,
                "user_name": "pat.ash",
                "device_name": null,
                "source_ip": "10.20.1.15",
                "year_group": "7",
                "form": "7B",
                "available": true,
                "source_id": null,
                "line": 1,
            }],
        })
    );
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_of_two_files_and_two_days_is_shown_line_by_line() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let midnight = NOON + 12 * 3_600;
    deliver(&system, "oak/web/a.log", &(hurt(NOON, "sam.elm") + &bet(midnight - 60, "pat.ash"))).await;
    deliver(&system, "oak/web/b.log", &(bet(midnight + 1, "pat.ash") + &bet(midnight + 60, "pat.ash"))).await;
    let desk = Desk::over(&system).await;
    let token = desk.oak("dsl");
    let listed = desk.listed(&token, "open").await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let answer = desk.get(&format!("/v1/alerts/{}", listed[0]["id"].as_str().unwrap()), &token).await;
    let told: Vec<(&str, &str, u64)> = answer.body["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let domain = event["domain"].as_str().unwrap();
            (event["at"].as_str().unwrap(), domain, event["line"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("2026-10-26T00:01:00Z", "www.bets.example", 2),
            ("2026-10-26T00:00:01Z", "www.bets.example", 1),
            ("2026-10-25T23:59:00Z", "www.bets.example", 2),
        ]
    );
    system.stop().await;
}

/// A line of FortiGate that the filter calls images of abuse.
const ABUSE: &str = "date=2026-10-25 time=12:00:00 eventtime=1792929600000000000 tz=\"+0000\" type=\"utm\" subtype=\"webfilter\" \
    user=\"pat.ash\" srcip=10.20.1.15 hostname=\"hidden.example\" url=\"/hidden\" action=\"blocked\" catdesc=\"Abuse images\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_of_abuse_are_hidden_from_everybody() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    system.feed("oak", "fw", "fortinet").await;
    deliver(&system, "oak/fw/a.log", ABUSE).await;
    let desk = Desk::over(&system).await;
    for role in ["dsl", "trust_lead"] {
        let token = desk.oak(role);
        let listed = desk.listed(&token, "open").await;
        let answer = desk.get(&format!("/v1/alerts/{}", listed[0]["id"].as_str().unwrap()), &token).await;
        assert_eq!(answer.body["masked"], true);
        let event = &answer.body["evidence"][0];
        let hidden = ["domain", "path", "search_terms"].map(|name| &event[name]);
        assert_eq!(hidden, [&Value::Null; 3]);
        assert_eq!((event["available"].as_bool(), event["action"].as_str()), (Some(true), Some("blocked")));
        for text in [&answer.body.to_string(), &listed[0].to_string()] {
            assert!(!text.contains("hidden"), "{text}");
        }
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_their_own_case_by_whichever_login() {
    let world = World::begin().await;
    let id = world.id("oak staff");
    // The filter logged `sam.elm`; the roster says that `elm2` is the same person.
    for (login, status) in [
        ("sam.elm", 404),
        ("SAM.ELM@oak.example.sch.uk", 404),
        (r"OAK\elm2", 404),
        ("kim.oak", 200),
        ("elm", 200),
    ] {
        let token = world.desk.token(&["head-oak"], Some(login));
        let answer = world.desk.get(&format!("/v1/alerts/{id}"), &token).await;
        assert_eq!(answer.status, status, "{login}");
        let listed = world.desk.listed(&token, "open").await;
        assert_eq!(listed.iter().any(|alert| alert["id"] == id), status == 200, "{login}");
        let step = world.desk.step(id, &token, "\"999-999\"", json!({"transition": "acknowledge"})).await;
        assert_eq!(step.status, if status == 200 { 412 } else { 404 }, "{login}");
    }
    // Whose token names no login could be anybody's colleague, or the subject.
    let nameless = world.desk.signed(json!({"sub": "a", "groups": ["head-oak", "dsl-oak"]}));
    for target in [format!("/v1/alerts/{id}"), "/v1/alerts".to_owned()] {
        let answer = world.desk.get(&target, &nameless).await;
        assert_eq!((answer.status, answer.code()), (403, "no_login"), "{target}");
    }
    // A pupil of the same name at the school is somebody else.
    let token = world.desk.token(&["dsl-oak"], Some("pat.ash@trust.example"));
    assert_eq!(world.desk.get(&format!("/v1/alerts/{}", world.id("oak pupil")), &token).await.status, 200);
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_roster_learns_later_holds_for_alerts_that_are_there() {
    let world = World::begin().await;
    let head = world.desk.oak("head");
    let id = world.id("oak staff");
    assert_eq!(world.desk.get(&format!("/v1/alerts/{id}"), &head).await.status, 200);
    let csv = trustwatch_tests::judging::roster("oak")
        .replace("sam.elm,elm2,staff,,,oak,,", "sam.elm,elm2,staff,,,oak,,head");
    // And what it forgets was so when it was judged.
    let csv = csv.replace("kim.oak,,staff,,,oak,,head", "kim.oak,,staff,,,oak,,");
    let school = trustwatch_model::SchoolId::new("oak").unwrap();
    put_roster(&world.system.context(), &school, csv.into_bytes()).await.unwrap();
    world.system.time.pass_ms(300_001);
    let (head_later, chair_later) = (world.desk.oak("head"), world.desk.oak("chair"));
    assert_eq!(world.desk.get(&format!("/v1/alerts/{id}"), &head_later).await.status, 404);
    assert_eq!(world.desk.get(&format!("/v1/alerts/{id}"), &chair_later).await.status, 200);
    assert!(world.desk.listed(&chair_later, "open").await.iter().any(|alert| alert["id"] == id));
    let old = world.desk.get(&format!("/v1/alerts/{}", world.id("oak head")), &head_later).await;
    assert_eq!(old.status, 404);
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_school_without_a_head_has_the_trusts_lead() {
    let world = World::begin().await;
    let id = world.id("elm staff");
    let lead = world.desk.oak("trust_lead");
    assert_eq!(world.desk.get(&format!("/v1/alerts/{id}"), &lead).await.status, 404);
    let map =
        "groups:\n  head-oak: {role: head, schools: [oak]}\n  trust_lead: {role: trust_lead, schools: all}\n";
    put_group_map(&world.system.context(), |_| map.to_owned()).await.unwrap();
    world.system.time.pass_ms(10_001);
    let listed = world.desk.listed(&lead, "open").await;
    assert!(listed.iter().any(|alert| alert["id"] == id), "{listed:?}");
    assert!(!listed.iter().any(|alert| alert["id"] == world.id("oak staff")));
    assert_eq!(world.desk.get(&format!("/v1/alerts/{id}"), &lead).await.status, 200);
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_another_school_is_answered_like_one_that_nobody_has() {
    let world = World::begin().await;
    let token = world.desk.oak("dsl");
    let foreign = world.id("elm pupil");
    for id in [foreign, world.id("oak staff"), &"0".repeat(32), "x", "%ff", "..%2F..", &"a".repeat(31)] {
        let read = world.desk.get(&format!("/v1/alerts/{id}"), &token).await;
        let step = world.desk.step(id, &token, "\"0-1\"", json!({"transition": "acknowledge"})).await;
        for answer in [read, step] {
            assert_eq!(
                (answer.status, answer.body),
                (
                    404,
                    json!({
                        "type": "about:blank", "title": "Not Found", "status": 404, "code": "no_such_alert",
                        "detail": "there is no alert of this id that you may see",
                    })
                ),
                "{id}"
            );
        }
    }
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_never_delivered_stands_beside_those_that_did() {
    let world = World::begin().await;
    world.system.feed("oak", "silent", "squid").await;
    let arrival = world.system.put("nowhere/web/a.log", hurt(NOON, "pat.ash")).await;
    trustwatch_pipeline::normalise(&world.system.context(), &arrival).await.unwrap();
    let answer = world.desk.get("/v1/feeds", &world.desk.oak("trust_it")).await;
    let told: Vec<(&str, &str, bool)> = answer.body["feeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feed| {
            let at = feed["last_object_at"].is_string();
            (feed["school"].as_str().unwrap(), feed["feed"].as_str().unwrap(), at)
        })
        .collect();
    assert_eq!(told, [("elm", "web", true), ("oak", "silent", false), ("oak", "web", true)]);
    assert_eq!(answer.body["feeds"][2]["counts"]["events"], 4);
    assert_eq!(answer.body["feeds"][2]["last_object"], "complete");
    let lost = &answer.body["unroutable"][0];
    assert_eq!(
        (&lost["set_aside"][0]["key"], &lost["last_object"]),
        (&json!("nowhere/web/a.log"), &json!("quarantined"))
    );
    assert!(lost["set_aside"][0]["reason"].as_str().unwrap().contains("register"), "{lost}");
    let own = world.desk.get("/v1/feeds", &world.desk.oak("school_it")).await;
    assert_eq!((own.body["feeds"].as_array().unwrap().len(), &own.body["unroutable"]), (2, &Value::Null));
    world.system.stop().await;
}
