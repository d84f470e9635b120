//! `trustwatch policy explain`: what a policy makes of a search, for a person and for a script.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{done, run, run_with, scratch};
use serde_json::{Value, json};

const EXPLAIN: [&str; 2] = ["policy", "explain"];

fn explained(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_schema_of_policies_is_printed_for_editors() {
    let here = scratch();
    let said = run(here.path(), &["policy", "schema"]);
    assert_eq!((said.code, said.out.trim_end()), (0, trustwatch_policy::SCHEMA.trim_end()));
}

#[test]
fn a_column_of_searches_has_an_answer_a_line_in_its_order() {
    let here = scratch();
    let column = b"how to die\r\nhow to die in minecraft\n\nchildline\n\xff\xfe\nsuicide";
    let said = run_with(here.path(), &["policy", "explain", "--audience", "pupil", "--search", "-"], column);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let answers = explained(&said.out);
    let short: Vec<Value> =
        answers.iter().map(|answer| json!([answer["input"], answer["alert"], answer["severity"]])).collect();
    assert_eq!(
        short,
        [
            json!(["how to die", true, 5]),
            json!(["how to die in minecraft", false, null]),
            json!(["", false, null]),
            json!(["childline", false, 1]),
            json!(["\u{fffd}\u{fffd}", false, null]),
            json!(["suicide", false, 5]),
        ]
    );
    assert_eq!(answers[0]["rules"], json!(["suicide-search"]));
    assert!(answers.iter().all(|answer| !answer["why"].as_array().unwrap().is_empty()), "{answers:?}");
}

#[test]
fn a_line_without_end_is_cut_and_the_next_is_read() {
    let here = scratch();
    let mut column = vec![b'a'; 3_000_000];
    column.extend(b"\nhow to die\n");
    let answers = explained(&run_with(here.path(), &["policy", "explain", "--search", "-"], &column).out);
    assert_eq!(answers.len(), 2);
    assert_eq!((answers[0]["input"].as_str().unwrap().len(), &answers[1]["alert"]), (65_536, &json!(true)));
}

#[test]
fn one_event_is_explained_by_the_policy_that_is_given() {
    let here = scratch();
    let event = ["--category", "Pornography", "--product", "smoothwall", "--audience", "staff"];
    let said = done(here.path(), &[&EXPLAIN[..], &event].concat());
    let answer = &explained(&said)[0];
    assert_eq!(answer["input"], json!({"category": "Pornography", "product": "smoothwall"}));
    assert_eq!((&answer["alert"], &answer["severity"]), (&json!(true), &json!(4)));

    let host = ["--domain", "WWW.Childline.org.uk."];
    assert_eq!(
        explained(&done(here.path(), &[&EXPLAIN[..], &host].concat()))[0]["rules"],
        json!(["help-seeking"])
    );

    let starter = done(here.path(), &["policy", "starter"]);
    std::fs::write(here.path().join("own.yaml"), starter.replace("text: how to die,", "text: how to fly,"))
        .unwrap();
    let own = ["--policy", "own.yaml", "--search", "how to fly"];
    let said = run(here.path(), &[&EXPLAIN[..], &own].concat());
    assert_eq!(said.code, 1, "its own tests no longer hold");
    assert!(said.out.starts_with("own.yaml:"), "{said:?}");
}

#[test]
fn what_cannot_be_explained_is_refused_with_the_words_that_can() {
    let here = scratch();
    let nothing = run(here.path(), &EXPLAIN);
    assert!(
        nothing.code == 1 && nothing.err.contains("give --search, --domain or --category"),
        "{nothing:?}"
    );
    let child = run(here.path(), &["policy", "explain", "--audience", "child", "--search", "x"]);
    assert!(
        child.code != 0 && child.err.contains("expected one of pupil, staff, visitor, unknown"),
        "{child:?}"
    );
    let product = run(here.path(), &["policy", "explain", "--category", "Games", "--product", "smothwall"]);
    assert!(product.code != 0 && product.err.contains("`smothwall` is not known"), "{product:?}");
}
