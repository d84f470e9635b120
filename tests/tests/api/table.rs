//! Route by role by school.

use crate::common::World;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use trustwatch_tests::desk::{Desk, SCHOOL_ROLES, TRUST_ROLES};

const ALL: &str = "school_it dsl head deputy_head governor trust_it trust_lead dpo chair";

/// Each request by its route: whom it is answered with 200, of people whose school is oak, and how everybody else is
/// refused. `{oak pupil}` is the id of that alert. A step is asked for with a tag of long ago, so that who may take it
/// is told that it is stale.
const TABLE: &[(&str, &str, &str, u16)] = &[
    ("get /v1/health", "/v1/health", ALL, 0),
    ("get /v1/openapi.json", "/v1/openapi.json", ALL, 0),
    ("get /v1/me", "/v1/me", ALL, 0),
    ("get /v1/schools", "/v1/schools", ALL, 0),
    ("get /v1/feeds", "/v1/feeds", "school_it dsl head trust_it trust_lead dpo", 403),
    ("get /v1/feeds", "/v1/feeds?school=oak", "school_it dsl head trust_it trust_lead dpo", 403),
    ("get /v1/feeds", "/v1/feeds?school=elm", "trust_it trust_lead dpo", 0),
    ("get /v1/feeds", "/v1/feeds?school=none", "", 404),
    ("get /v1/alerts", "/v1/alerts", "dsl head trust_lead chair", 403),
    ("get /v1/alerts", "/v1/alerts?school=oak", "dsl head trust_lead chair", 403),
    ("get /v1/alerts", "/v1/alerts?school=elm", "trust_lead chair", 0),
    ("get /v1/alerts", "/v1/alerts?school=none", "", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{oak pupil}", "dsl trust_lead", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{oak unknown}", "dsl trust_lead", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{oak staff}", "head", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{oak head}", "chair", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{elm pupil}", "trust_lead", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{elm unknown}", "trust_lead", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{elm staff}", "", 404),
    ("get /v1/alerts/{id}", "/v1/alerts/{elm head}", "chair", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{oak pupil}/transitions", "dsl trust_lead", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{oak unknown}/transitions", "dsl trust_lead", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{oak staff}/transitions", "head", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{oak head}/transitions", "chair", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{elm pupil}/transitions", "trust_lead", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{elm unknown}/transitions", "trust_lead", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{elm staff}/transitions", "", 404),
    ("post /v1/alerts/{id}/transitions", "/v1/alerts/{elm head}/transitions", "chair", 404),
];

/// A foreign school does not exist for who has only roles at schools; of who sees every school, but has no queue or
/// feed there, the rest is refused by role.
fn refusal(role: &str, fixed: u16) -> u16 {
    match fixed {
        0 if SCHOOL_ROLES.contains(&role) => 404,
        0 => 403,
        status => status,
    }
}

async fn status(desk: &Desk, route: &str, target: &str, role: &str) -> u16 {
    let token = desk.oak(role);
    let method = route.split(' ').next().unwrap().to_uppercase();
    if method == "GET" {
        return desk.get(target, &token).await.status;
    }
    let headers = [("if-match", "\"999-999\""), ("content-type", "application/json")];
    let body = json!({"transition": "acknowledge"}).to_string();
    match desk.send(&format!("{method} {target}"), &token, &headers, &body).await.status {
        412 => 200,
        status => status,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_answers_each_role_at_each_school_as_the_table_says() {
    let world = World::begin().await;
    let description = serde_json::to_value(trustwatch_api::description()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        routes.extend(item.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    let named: BTreeSet<String> = TABLE.iter().map(|(route, ..)| (*route).to_owned()).collect();
    assert_eq!(routes, named, "each route has its lines in the table");
    // The router is what is described: there is one way to add a route, and it describes it.
    let [source, edge] = [
        include_str!("../../../functions/api/src/lib.rs"),
        include_str!("../../../functions/api/src/edge.rs"),
    ];
    assert_eq!(source.matches(".routes(routes!(").count(), routes.len());
    for other in [".route(", ".nest(", ".merge(", "_service("] {
        let is_used = [source, edge].iter().any(|source| source.contains(other));
        assert!(!is_used, "`{other}` adds a route that nothing describes");
    }
    for (route, target, allowed, refused) in TABLE {
        let name = target.split(['{', '}']).nth(1);
        let target = match name {
            Some(name) => target.replace(&format!("{{{name}}}"), world.id(name)),
            None => (*target).to_owned(),
        };
        let allowed: BTreeSet<&str> = allowed.split_whitespace().collect();
        for role in SCHOOL_ROLES.into_iter().chain(TRUST_ROLES) {
            let expected = if allowed.contains(role) { 200 } else { refusal(role, *refused) };
            let found = status(&world.desk, route, &target, role).await;
            assert_eq!(found, expected, "{route} {target} as {role}: {name:?}");
        }
    }
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_but_health_and_the_description_is_told_without_a_token() {
    let world = World::begin().await;
    for (route, target, ..) in TABLE {
        let (method, _) = route.split_once(' ').unwrap();
        let line = format!("{} {}", method.to_uppercase(), target.replace([' ', '{', '}'], ""));
        let answer = world.desk.send(&line, "", &[], "").await;
        let public = ["/v1/health", "/v1/openapi.json"].contains(target);
        assert_eq!(answer.status, if public { 200 } else { 401 }, "{line}");
    }
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_holds_what_each_role_may_work_and_nothing_else() {
    let world = World::begin().await;
    let names: BTreeMap<&str, &str> =
        world.alerts.iter().map(|(name, id)| (id.as_str(), name.as_str())).collect();
    for (role, expected) in [
        ("dsl", vec!["oak pupil", "oak unknown"]),
        ("head", vec!["oak staff"]),
        ("trust_lead", vec!["elm pupil", "elm unknown", "oak pupil", "oak unknown"]),
        ("chair", vec!["elm head", "oak head"]),
    ] {
        let listed = world.desk.listed(&world.desk.oak(role), "open").await;
        let found: BTreeSet<&str> = listed.iter().map(|alert| names[alert["id"].as_str().unwrap()]).collect();
        assert_eq!(found, expected.into_iter().collect(), "{role}");
        assert_eq!(found.len(), listed.len(), "each stands there once, also where it stands in two queues");
    }
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_role_is_told_why() {
    let world = World::begin().await;
    let check = |claims: serde_json::Value, word: &'static str| {
        let token = world.desk.signed(claims);
        let desk = &world.desk;
        async move {
            let answer = desk.get("/v1/me", &token).await;
            assert_eq!((answer.status, answer.code()), (403, "no_role"), "{answer:?}");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains(word), "{detail}");
        }
    };
    check(json!({"sub": "a"}), "no role here").await;
    check(json!({"sub": "a", "groups": ["of-nobody"]}), "no role here").await;
    check(json!({"sub": "a", "roles": ["dsl-oak"], "role": "dsl", "school": "oak"}), "no role here").await;
    check(json!({"groups": ["dsl-oak"]}), "`sub`").await;
    check(json!({"sub": "a", "groups": ["[dsl-oak]"]}), "a list of group ids").await;
    check(json!({"sub": "a", "hasgroups": true}), "too many groups").await;
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_taken_out_of_the_map_opens_nothing_any_more() {
    let world = World::begin().await;
    let token = world.desk.oak("dsl");
    assert_eq!(world.desk.get("/v1/me", &token).await.status, 200);
    let map = "groups:\n  dsl-elm: {role: dsl, schools: [elm]}\n".to_owned();
    trustwatch_pipeline::put_group_map(&world.system.context(), |_| map).await.unwrap();
    world.system.time.pass_ms(10_001);
    assert_eq!(world.desk.get("/v1/me", &token).await.status, 403);
    // Who is put into it is let in at once.
    let map = "groups:\n  dsl-oak: {role: dsl, schools: [oak]}\n".to_owned();
    trustwatch_pipeline::put_group_map(&world.system.context(), |_| map).await.unwrap();
    assert_eq!(world.desk.get("/v1/me", &token).await.status, 200);
    world.system.stop().await;
}
