//! Lists: their order, their pages, and cursors that others made or kept.

use crate::common::{NOON, World, deliver};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use trustwatch_tests::desk::Desk;
use trustwatch_tests::judging::{hurt, judged_school, visit};
use trustwatch_tests::system::{DAY_MS, System};

/// A school with alerts of two severities, many of which were opened in the same millisecond.
async fn crowd(system: &System, school: &str) {
    judged_school(system, school).await;
    for file in 0..3_i64 {
        let mut lines = String::new();
        for person in 0..9 {
            let _ = write!(lines, "{}", hurt(NOON + file, &format!("p{file}{person}")));
            // A second search or so makes no second alert.
            let _ =
                write!(lines, "{}", visit(NOON + file, &format!("g{file}{person}"), "http://games.example/"));
        }
        deliver(system, &format!("{school}/web/{file}.log"), &lines).await;
        system.time.pass_ms(60_000);
    }
}

async fn pages(desk: &Desk, token: &str, filter: &str, limit: usize) -> Vec<(u64, String, String)> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = desk.get(&format!("/v1/alerts?limit={limit}{filter}{cursor}"), token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let alerts = answer.body["alerts"].as_array().unwrap();
        assert!(alerts.len() <= limit);
        found.extend(alerts.iter().map(|alert| {
            let text = |name: &str| alert[name].as_str().unwrap().to_owned();
            (5 - alert["severity"].as_u64().unwrap(), text("opened_at"), text("id"))
        }));
        match answer.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_any_length_hold_each_alert_once_the_gravest_and_oldest_first() {
    let system = System::start().await;
    for school in ["oak", "elm"] {
        crowd(&system, school).await;
    }
    let desk = Desk::over(&system).await;
    for (role, expected) in [("dsl", 54), ("trust_lead", 108)] {
        let token = desk.oak(role);
        let whole = pages(&desk, &token, "", 200).await;
        assert_eq!(whole.len(), expected);
        assert!(whole.is_sorted(), "{whole:?}");
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), expected);
        for limit in [1, 4, 9, 10, 53] {
            assert_eq!(pages(&desk, &token, "", limit).await, whole, "{limit}");
        }
    }
    let token = desk.oak("trust_lead");
    let count = async |filter| pages(&desk, &token, filter, 20).await.len();
    assert_eq!(count("&school=elm").await, 54);
    assert_eq!(count("&severity=5").await, 54);
    assert_eq!(count("&severity=2,3,4").await, 54);
    assert_eq!(count("&severity=1").await, 0);
    assert_eq!(count("&status=closed").await, 0);
    // The first file of oak was judged at nine, the last of elm five minutes later.
    assert_eq!(count("&to=2026-10-26T09:01:00Z").await, 18);
    assert_eq!(count("&from=2026-10-26T09:01:00Z&to=2026-10-26T09:03:00Z").await, 36);
    assert_eq!(count("&from=2026-10-26").await, 108);
    assert_eq!(count("&to=2026-10-26").await, 0);
    assert_eq!(count("&from=2026-10-27").await, 0);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_is_good_for_its_reader_its_filter_and_a_day() {
    let world = World::begin().await;
    let desk = &world.desk;
    let (dsl, lead) = (desk.oak("dsl"), desk.oak("trust_lead"));
    let first = desk.get("/v1/alerts?limit=1", &dsl).await;
    let cursor = first.body["next"].as_str().unwrap().to_owned();
    let second = format!("/v1/alerts?limit=1&cursor={cursor}");
    let page = desk.get(&second, &dsl).await;
    assert_eq!(page.body["alerts"].as_array().unwrap().len(), 1);
    assert_ne!(page.body["alerts"], first.body["alerts"]);
    assert_eq!(page.body["next"], serde_json::Value::Null);
    assert_eq!(desk.get(&second, &dsl).await.body, page.body, "asking again answers the same");
    // How many a page holds is the reader's affair.
    assert_eq!(desk.get(&format!("/v1/alerts?limit=7&cursor={cursor}"), &dsl).await.status, 200);

    let mut forged = cursor.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    for (target, token, why) in [
        (second.clone(), &lead, "somebody else's"),
        (format!("{second}&status=closed"), &dsl, "another status"),
        (format!("{second}&school=oak"), &dsl, "another school"),
        (format!("{second}&severity=5"), &dsl, "other severities"),
        (format!("{second}&from=2026-10-01"), &dsl, "another time"),
        (format!("/v1/alerts?limit=1&cursor={forged}"), &dsl, "forged"),
        ("/v1/alerts?limit=1&cursor=".to_owned(), &dsl, "empty"),
        ("/v1/alerts?limit=1&cursor=%00%ff".to_owned(), &dsl, "noise"),
    ] {
        let answer = desk.get(&target, token).await;
        assert_eq!((answer.status, answer.body["alerts"].is_null()), (400, true), "{why}: {answer:?}");
    }
    world.system.time.pass_ms(DAY_MS + 1);
    let dsl = desk.oak("dsl");
    let late = desk.get(&second, &dsl).await;
    assert_eq!((late.status, late.code()), (400, "bad_cursor"));
    world.system.stop().await;
}
