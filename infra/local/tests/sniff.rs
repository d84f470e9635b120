//! `trustwatch sniff`, and what is said of a table that nobody knows.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{PATIENCE, Up, done, run, scratch};
use serde_json::Value;
use std::time::Instant;

const SET: [&str; 10] =
    ["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "smoothwall"];
const SHIP: [&str; 8] = ["ship", "--data", "data", "--school", "oak", "--feed", "web", "export.csv"];

const UNKNOWN: &str = "Datum,Username,Code,URL\n2026-11-23 09:12:03,pat.ash,200,a.example\n";

/// What is said of a table whose header lacks a time that is known.
const ADVICE: &str = "the header has `Datum`, `Username`, `Code`, `URL`; nearest is `smoothwall`";

#[test]
fn a_header_that_is_not_known_is_shown_with_the_nearest_map() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("export.csv"), UNKNOWN).unwrap();
    let said = run(here, &["parse", "--format", "smoothwall", "export.csv"]);
    assert!(said.err.starts_with(&format!("line 1: no_header\nline 2: no_header\n{ADVICE}")), "{said:?}");
    let mended = run(here, &["parse", "--format", "smoothwall", "--field", "Datum=time", "export.csv"]);
    assert_eq!((mended.out.lines().count(), mended.err.as_str()), (1, ""));

    let sniffed = run(here, &["sniff", "export.csv"]);
    assert_eq!(sniffed.code, 1);
    assert!(sniffed.out.contains("not recognised") && sniffed.out.contains(ADVICE), "{sniffed:?}");

    done(here, &SET);
    done(here, &SHIP);
    let up = Up::start(here);
    let begun = Instant::now();
    let shown = loop {
        let shown = done(here, &["feed", "show", "--data", "data"]);
        if shown.contains(ADVICE) || begun.elapsed() > PATIENCE {
            break shown;
        }
    };
    up.stop();
    assert!(shown.contains(ADVICE) && !shown.contains("pat.ash"), "{shown}");
}

#[test]
fn sniff_says_what_a_file_is_and_which_command_is_next() {
    let here = scratch();
    let line =
        "1795428000.120 87 10.20.1.15 TCP_MISS/200 18 GET http://example.org/ pat HIER_NONE/- text/html\n";
    std::fs::write(here.path().join("access.log"), line.repeat(1_200)).unwrap();
    let said = done(here.path(), &["sniff", "access.log"]);
    assert!(
        said.contains("read as     squid: of the first 1000 lines 1000 events, 0 rejects, 0 skipped"),
        "{said}"
    );
    assert!(said.contains("trustwatch feed set --school SCHOOL --feed FEED --format squid"), "{said}");
    assert!(!said.contains("pat") && !said.contains("10.20."), "names and lines are not shown: {said}");
    let json: Value = serde_json::from_str(&done(here.path(), &["sniff", "--json", "access.log"])).unwrap();
    assert_eq!(
        (&json["sample"]["events"], &json["candidates"][0]["format"]),
        (&1000.into(), &"squid".into())
    );
    assert_eq!((&json["sample"]["users"], &json["sample"]["local_times"]), (&1.into(), &0.into()));
}

#[test]
fn an_empty_file_is_called_empty() {
    let here = scratch();
    std::fs::write(here.path().join("access.log"), "").unwrap();
    let parsed = run(here.path(), &["parse", "access.log"]);
    assert!(parsed.code == 1 && parsed.err.contains("`access.log` is empty"), "{parsed:?}");
    let sniffed = run(here.path(), &["sniff", "access.log"]);
    assert!(sniffed.code == 1 && sniffed.out.contains("fault       it is empty"), "{sniffed:?}");
}
