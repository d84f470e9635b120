//! What is not asked as the description says is refused, with a word on what was expected.

use crate::common::World;
use trustwatch_api::{BODY_BYTES_MAX, TARGET_BYTES_MAX};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_are_read_strictly() {
    let world = World::begin().await;
    let token = world.desk.oak("dsl");
    for (query, word) in [
        ("scool=oak", "scool"),
        ("status=new", "status"),
        ("status=open&status=closed", "duplicate"),
        ("severity=6", "`severity`"),
        ("severity=", "`severity`"),
        ("severity=4,,5", "`severity`"),
        ("from=yesterday", "`from`"),
        ("to=2026-10-32", "`to`"),
        ("to=2026-10-19T25:00:00Z", "`to`"),
        ("limit=0", "`limit`"),
        ("limit=201", "`limit`"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
    ] {
        let answer = world.desk.get(&format!("/v1/alerts?{query}"), &token).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{query}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{query}: {detail}");
    }
    // A text that is no school's id is a school that does not exist.
    for school in ["Oak", "..", "a/b", "trust%00"] {
        for route in ["alerts", "feeds"] {
            let answer = world.desk.get(&format!("/v1/{route}?school={school}"), &token).await;
            assert_eq!((answer.status, answer.code()), (404, "no_such_school"), "{route} {school}");
        }
    }
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_read_strictly() {
    let world = World::begin().await;
    let (desk, id) = (&world.desk, world.id("oak pupil"));
    let token = desk.oak("dsl");
    let line = format!("POST /v1/alerts/{id}/transitions");
    let kind = ("content-type", "application/json");
    let tag = ("if-match", "\"0-1\"");
    let long = format!("{{\"transition\": \"acknowledge\"{}}}", " ".repeat(BODY_BYTES_MAX));
    for (body, kind, status) in [
        ("{\"transition\": \"acknowledge\"}", ("content-type", "text/plain"), 415),
        ("", kind, 400),
        ("{", kind, 400),
        ("[]", kind, 422),
        ("{}", kind, 422),
        ("{\"transition\": \"delete\"}", kind, 422),
        ("{\"transition\": \"close\"}", kind, 422),
        ("{\"transition\": \"close\", \"outcome\": \"bored\"}", kind, 422),
        ("{\"transition\": \"close\", \"outcome\": \"confirmed\", \"by\": \"head\"}", kind, 422),
        ("{\"transition\": \"acknowledge\", \"school\": \"elm\"}", kind, 422),
        (&long, kind, 413),
    ] {
        let answer = desk.send(&line, &token, &[kind, tag], body).await;
        let shown = &body[..body.len().min(80)];
        assert_eq!(answer.status, status, "{shown}: {answer:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{shown}");
        assert!(!answer.code().is_empty(), "{shown}");
    }
    assert_eq!(desk.get(&format!("/v1/alerts/{id}"), &token).await.tag(), "\"0-1\"");
    world.system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_route_says_so() {
    let world = World::begin().await;
    let token = world.desk.oak("dsl");
    let long = format!("/v1/alerts?cursor={}", "a".repeat(TARGET_BYTES_MAX));
    for (line, status, code) in [
        ("GET /v1/none".to_owned(), 404, "no_such_route"),
        ("GET /v1/alerts/".to_owned(), 404, "no_such_route"),
        ("GET /v2/me".to_owned(), 404, "no_such_route"),
        ("DELETE /v1/me".to_owned(), 405, "no_such_method"),
        ("PUT /v1/alerts".to_owned(), 405, "no_such_method"),
        (format!("GET {long}"), 414, "too_long"),
    ] {
        let answer = world.desk.send(&line, &token, &[], "").await;
        assert_eq!((answer.status, answer.code()), (status, code), "{}", &line[..20]);
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    world.system.stop().await;
}

#[test]
fn the_description_is_of_openapi_3_1_and_leaves_no_answer_out() {
    let description = serde_json::to_value(trustwatch_api::description()).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1."), "{}", description["openapi"]);
    let mut operations = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            assert!(operation["summary"].is_string(), "{method} {path} has a summary");
            assert!(operation["responses"]["200"]["content"].is_object(), "{method} {path}");
            let is_public = ["/v1/health", "/v1/openapi.json"].contains(&path.as_str());
            assert_eq!(operation["security"].is_array(), !is_public, "{method} {path}");
            assert_eq!(operation["responses"]["503"].is_object(), !is_public, "{method} {path}");
        }
    }
    assert_eq!(operations, 8);
    assert!(description["components"]["securitySchemes"]["token"].is_object());
}

/// What the description says of a step is what is read: each of its steps is closed, and each refusal has its word.
#[test]
fn the_description_says_what_is_refused() {
    let description = serde_json::to_value(trustwatch_api::description()).unwrap();
    let schemas = &description["components"]["schemas"];
    let steps = schemas["TransitionAsked"]["oneOf"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|step| step["additionalProperties"] == false), "{steps:?}");
    assert!(schemas["Code"].to_string().contains("no_such_alert"), "{}", schemas["Code"]);
    let statuses = |path: &str, method: &str| -> Vec<String> {
        description["paths"][path][method]["responses"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        statuses("/v1/alerts/{id}/transitions", "post"),
        ["200", "400", "401", "403", "404", "409", "412", "413", "414", "415", "422", "428", "500", "503"]
    );
    assert_eq!(statuses("/v1/me", "get"), ["200", "401", "403", "414", "500", "503"]);
}
