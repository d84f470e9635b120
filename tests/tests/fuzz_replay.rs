//! The stored inputs of the fuzz targets, replayed: what once was worth a look must never panic again.

#![allow(missing_docs, reason = "tests document themselves by their names")]

use std::path::Path;
use trustwatch_formats::fuzz::{fuzz_container, fuzz_formats, fuzz_survey};

fn replay(target: &str, run: impl Fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(target);
    let inputs: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    for input in &inputs {
        println!("{}", input.display());
        run(&std::fs::read(input).unwrap());
    }
    inputs.len()
}

#[test]
fn stored_lines_are_read_without_panic() {
    assert!(replay("formats", fuzz_formats) >= 20);
}

#[test]
fn stored_objects_are_looked_at_without_panic() {
    assert!(replay("survey", fuzz_survey) >= 5);
    assert!(replay("container", fuzz_survey) >= 10);
}

#[test]
fn stored_containers_are_read_without_panic() {
    assert!(replay("container", fuzz_container) >= 10);
}
