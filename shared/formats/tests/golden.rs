//! The sample logs of the repository, line by line, against snapshots that a person has read.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod common;

use bumpalo::Bump;
use serde_json::{Value, json};
use std::path::Path;
use trustwatch_formats::{Line, LineReader, ParseContext, find, formats, recognise};
use trustwatch_model::{Event, Reading, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/logs")
}

/// Every line's outcome, in order.
fn outcomes(format: &str, file: &Path) -> Vec<Value> {
    let window = Window { not_before: 0, not_after: 4_000_000_000_000_000 };
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let key = file.file_name().unwrap().to_str().unwrap();
    let mut parser = find(format).unwrap().parser(&ParseContext {
        zone,
        window,
        key,
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    });
    let mut lines = LineReader::new(std::fs::File::open(file).unwrap());
    let mut arena = Bump::new();
    let mut outcomes = Vec::new();
    while let Some(raw) = lines.next_line().unwrap() {
        outcomes.push(match parser.parse(raw.bytes, &arena) {
            Line::Event(event) => Value::Object(common::columns(&Event { line: raw.number, ..event })),
            Line::Reject(reason) => json!({ "line": raw.number, "reject": reason.as_str() }),
            Line::Skip(skip) => json!({ "line": raw.number, "skip": format!("{skip:?}") }),
        });
        arena.reset();
    }
    outcomes
}

#[test]
fn samples_are_read_as_the_snapshots_say() {
    for format in formats() {
        let folder = samples().join(format.id());
        for file in std::fs::read_dir(&folder).expect("every format has samples") {
            let path = file.unwrap().path();
            let name = format!("{}_{}", format.id(), path.file_stem().unwrap().to_str().unwrap());
            insta::assert_json_snapshot!(name, outcomes(format.id(), &path));
        }
    }
}

#[test]
fn every_sample_is_recognised_as_its_own_format() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for format in formats() {
        let folder = samples().join(format.id());
        for file in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let bytes = std::fs::read(&file).unwrap();
            let head: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').take(50).collect();
            let sniff = recognise(file.to_str().unwrap(), &head);
            seen += 1;
            if sniff.map(|sniff| sniff.format) != Some(format.id()) {
                wrong.push(format!("{} as {sniff:?}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen >= formats().len(), "the samples are gone");
}

/// What is compared with what an earlier build read must know whether this one reads otherwise.
#[test]
fn the_number_of_how_lines_are_read_goes_with_the_snapshots() {
    use sha2::{Digest as _, Sha256};
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = std::fs::read_dir(tests.join("snapshots")).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "snap")).collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.file_name().unwrap().to_str().unwrap());
        hash.update(std::fs::read(file).unwrap());
    }
    let line = format!("{} {}\n", trustwatch_formats::READING, hex::encode(hash.finalize()));
    let stored = std::fs::read_to_string(tests.join("reading.txt")).unwrap();
    assert_eq!(
        stored, line,
        "the snapshots changed: where a line became another thing, count `READING` up; then store this line"
    );
}
