//! Real lines that other people collected, where they are at hand: a folder a format, as `TRUSTWATCH_CORPUS` says or
//! beside the repository. They belong to others and never enter the repository, so this says so and passes without them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use bumpalo::Bump;
use serde_json::Value;
use std::path::{Path, PathBuf};
use trustwatch_formats::{Format, Line, LineReader, ParseContext, formats};
use trustwatch_model::{Reading, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

/// Of the lines that name a host by their collectors' word, this share has to become an event: the rest are lines
/// without a time, and messages that only mention a name.
const PERCENT_MIN: usize = 97;

fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TRUSTWATCH_CORPUS").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// The host of each line that became an event.
fn hosts(format: &dyn Format, file: &Path) -> Vec<Option<String>> {
    let mut parser = format.parser(&ParseContext {
        zone: jiff::tz::TimeZone::UTC,
        window: Window { not_before: i64::MIN, not_after: i64::MAX },
        key: file.to_str().unwrap(),
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    });
    let mut lines = LineReader::new(std::fs::File::open(file).unwrap());
    let mut arena = Bump::new();
    let mut hosts = Vec::new();
    while let Some(raw) = lines.next_line().unwrap() {
        let Line::Event(event) = parser.parse(raw.bytes, &arena) else {
            hosts.push(None);
            continue;
        };
        hosts.push(Some(event.url_domain.unwrap_or_default().to_owned()));
        arena.reset();
    }
    hosts
}

#[test]
fn real_lines_become_events_of_the_host_that_others_read_in_them() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: there is no corpus; TRUSTWATCH_CORPUS can name its folder");
        return;
    };
    let (mut wanted, mut found) = (0, 0);
    for format in formats() {
        let Ok(files) = std::fs::read_dir(corpus.join(format.id())) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            let expected = file.with_extension("expected.jsonl");
            if !expected.is_file() {
                continue;
            }
            let hosts = hosts(*format, &file);
            for row in std::fs::read_to_string(expected).unwrap().lines() {
                let row: Value = serde_json::from_str(row).unwrap();
                let Some(domain) = row["url_domain"].as_str() else { continue };
                let line = usize::try_from(row["line"].as_u64().unwrap()).unwrap();
                wanted += 1;
                let Some(host) = &hosts[line - 1] else { continue };
                assert_eq!(
                    host,
                    &domain.trim_end_matches('.').to_lowercase(),
                    "{} line {line}",
                    file.display()
                );
                found += 1;
            }
        }
    }
    assert!(found * 100 >= wanted * PERCENT_MIN, "{found} of {wanted} lines became events");
}
