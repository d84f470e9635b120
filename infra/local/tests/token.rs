//! `trustwatch token`, and what it opens.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{Up, done, run, scratch};
use std::io::{Read, Write};

const TOKEN: [&str; 7] = ["token", "--data", "data", "--role", "dsl", "--school", "oak"];

/// The status of a request to a route that there is not.
fn status(up: &Up, authorization: &str) -> String {
    let address = up.endpoints().api.strip_prefix("http://").unwrap().to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    let head =
        format!("GET /v1/none HTTP/1.1\r\nhost: {address}\r\n{authorization}connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn a_token_opens_the_api_of_the_system_that_runs_and_is_all_that_is_printed() {
    let here = scratch();
    let up = Up::start(here.path());
    let printed = done(here.path(), &TOKEN);
    assert_eq!((printed.lines().count(), printed.split('.').count()), (1, 3), "{printed}");
    // Only who passed the gateway is told that there is no such route.
    assert_eq!(status(&up, &format!("authorization: Bearer {}\r\n", printed.trim_end())), "404");
    assert_eq!(status(&up, ""), "401");

    let another = scratch();
    let other = Up::start(another.path());
    let foreign = done(another.path(), &TOKEN);
    assert_eq!(status(&up, &format!("authorization: Bearer {}\r\n", foreign.trim_end())), "401");
    other.stop();
    up.stop();
}

#[test]
fn what_makes_no_token_is_refused_with_what_would() {
    let here = scratch();
    let check = |arguments: &[&str], code: i32, words: &[&str]| {
        let said = run(here.path(), arguments);
        assert_eq!((said.code, said.out.as_str()), (code, ""), "{arguments:?}: {said:?}");
        assert!(words.iter().all(|word| said.err.contains(word)), "{words:?}: {said:?}");
    };
    check(&TOKEN, 1, &["no system runs on `data`", "`trustwatch up`"]);
    check(&["token", "--role", "pupil"], 2, &["'pupil'", "trust_lead"]);
    check(&[&TOKEN[..], &["--minutes", "0"]].concat(), 2, &["'0'", "1..=1440"]);
    check(&["token", "--role", "dsl", "--school", "Oak"], 2, &["`Oak` is not a school id"]);
}

#[test]
fn a_group_map_is_put_and_the_cases_that_would_reach_nobody_are_named() {
    let here = scratch();
    let set = ["access", "set", "--data", "data", "access.yaml"];
    let feed = ["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"];
    done(here.path(), &feed);
    let map = |text: &str| std::fs::write(here.path().join("access.yaml"), text).unwrap();
    map("groups: {a: {role: dsl, schools: [oak]}}");
    let said = done(here.path(), &set);
    assert!(said.starts_with("The group map is set.\n"), "{said}");
    let notes: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(notes.len(), 2, "{said}");
    assert!(notes[0].contains("headteachers") && notes[1].contains("staff of `oak`"), "{said}");
    map("groups: {a: {role: dsl, schools: all}}");
    let refused = run(here.path(), &set);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.out.contains("access.yaml:1:") && refused.out.contains("Nothing was changed."));
}
