//! What the generator says of its files is what the parsers find in them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

use bumpalo::Bump;
use trustwatch_formats::{Line, LineReader, ParseContext, find};
use trustwatch_local::demo::{DemoFile, Expected, PLANTED, Plan};
use trustwatch_model::{Action, Event, Intent, Reading, RejectReason, Window};

/// The Monday after the week, as if every file had come then.
fn window() -> Window {
    let after = jiff::civil::date(2026, 10, 26).in_tz("UTC").unwrap().timestamp().as_microsecond();
    Window::around(after, 400)
}

/// Reads an object with its real parser. What a version before it delivered, and a last line that waits for its
/// end, are the pipeline's to tell, not the parser's: they are taken from `expected`.
fn read(file: &DemoFile, object: &[u8], expected: &Expected) -> Expected {
    let key = file.key();
    let zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
    let mut parser = find(file.format).unwrap().parser(&ParseContext {
        zone,
        window: window(),
        key: &key,
        arrived_at: window().not_after,
        reading: &Reading::default(),
    });
    let mut lines = LineReader::new(object);
    let mut arena = Bump::new();
    let mut found = Expected { bytes: expected.bytes, ..Expected::default() };
    while let Some(raw) = lines.next_line().unwrap() {
        found.counts.lines += 1;
        let line = parser.parse(raw.bytes, &arena);
        if raw.number <= expected.counts.skipped.repeat {
            found.counts.skipped.repeat += 1;
        } else if !raw.ended {
            found.counts.held += 1;
        } else {
            match line {
                Line::Event(event) => count(&mut found, &event),
                Line::Skip(skip) => found.counts.skipped.add(skip),
                Line::Reject(reason) => {
                    found.counts.rejects += 1;
                    match reason {
                        RejectReason::Malformed => found.malformed += 1,
                        RejectReason::TooOld => found.too_old += 1,
                        other => panic!("{key} line {}: {}", raw.number, other.as_str()),
                    }
                }
            }
        }
        arena.reset();
    }
    found
}

fn count(found: &mut Expected, event: &Event<'_>) {
    found.counts.events += 1;
    found.blocked += u64::from(event.action == Some(Action::Blocked));
    found.challenged += u64::from(event.action == Some(Action::Challenged));
    let sent = event.intent == Intent::Search;
    found.planted += u64::from(sent && event.search_terms.is_some_and(|terms| PLANTED.contains(&terms)));
}

#[test]
fn the_parsers_find_what_the_generator_wrote() {
    let mut total = Expected::default();
    for plan in [
        Plan { seed: 2026, lines_per_school: 20_000, ..Plan::default() },
        Plan { seed: 7, lines_per_school: 2_000, ..Plan::default() },
    ] {
        for file in plan.files().unwrap() {
            let mut object = Vec::new();
            let expected = file.write_object_to(&mut object).unwrap();
            assert_eq!(read(&file, &object, &expected), expected, "{} version {}", file.key(), file.version);
            total += expected;
        }
    }
    // Equal figures would prove little if they were all zero.
    for (what, count) in [
        ("events", total.counts.events),
        ("malformed", total.malformed),
        ("too old", total.too_old),
        ("blocked", total.blocked),
        ("challenged", total.challenged),
        ("planted", total.planted),
        ("held", total.counts.held),
        ("repeats", total.counts.skipped.repeat),
        ("headers", total.counts.skipped.header),
        ("blank", total.counts.skipped.blank),
        ("not web", total.counts.skipped.not_web),
    ] {
        assert!(count > 0, "{what}");
    }
}
