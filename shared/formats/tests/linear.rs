//! A line costs work in proportion to its length, whatever stands in it.
//!
//! A school's uploader can send lines of [`LINE_BYTES_MAX`] as many as it likes. If reading one took quadratic time, a
//! few of them would hold a function until it is stopped, again and again.
//!
//! Steps cannot be counted from outside, so this measures time: one long line against [`PIECES`] lines that are as long
//! together. Linear work takes as long for either, quadratic [`PIECES`] times as long for the one; it may take
//! [`FACTOR_MAX`] times as long. What is done within [`FLOOR`] is not judged, and the fastest of [`TRIES`] counts, so
//! that a busy machine does not make the test fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use bumpalo::Bump;
use jiff::tz::TimeZone;
use std::time::{Duration, Instant};
use trustwatch_formats::{Format, LINE_BYTES_MAX, Line, ParseContext, formats};
use trustwatch_model::{Reading, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

const FLOOR: Duration = Duration::from_millis(50);
const FACTOR_MAX: u32 = 12;
const TRIES: usize = 3;
const PIECES: usize = 64;

/// What a line is filled up with: separators, quotes and escapes of all formats, and beginnings of what they look for.
const FILLERS: [&[u8]; 32] = [
    b"a.",
    b"=",
    b",",
    b"\"",
    b"\\",
    b"|",
    b" ",
    b"%",
    b"&",
    b"/",
    b"?",
    b":",
    b"@",
    b"[",
    b"]",
    b"(",
    b"a=",
    b"a=1 ",
    b"a=\"",
    b"\" ",
    b"\"\"",
    b"\\\"",
    b", ",
    b"\",",
    b"] ",
    b": ",
    b"../",
    b"%e9",
    b"+",
    b"\xc3\xbc",
    b"\xe9",
    b"\xc3\xbc.",
];

/// Beginnings that lead into a reader of their own, for every format.
const BEGINNINGS: [&str; 9] = [
    "",
    "\"",
    "CEF:0|a|b|c|d|e|5|",
    "CEF:0|Fortinet|b|c|d|e|5|",
    "CEF:0|",
    "date=2026-10-24 time=10:00:00 ",
    "date=2026-10-24 time=10:00:00 hostname=\"",
    "<134>1 2026-10-24T10:00:00Z fw01 - - - ",
    "1792368000.123     45 10.1.2.3 TCP_MISS/200 3900 GET http:/",
];

/// The first event of each sample file, with the places where one of its values begins.
fn samples(format: &dyn Format) -> Vec<(Vec<u8>, Vec<usize>)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/logs").join(format.id());
    let files = std::fs::read_dir(folder).expect("every format has samples");
    let lines = files.map(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let mut lines = bytes.split(|byte| *byte == b'\n');
        lines.find(|line| is_event(format, line)).expect("every sample holds an event").to_vec()
    });
    lines
        .map(|line| {
            let begins = |at: &usize| {
                matches!(line[at - 1], b' ' | b',' | b'"' | b'=' | b'|' | b'/')
                    && line[*at].is_ascii_alphanumeric()
            };
            let places = (1..line.len()).filter(begins).collect();
            (line, places)
        })
        .collect()
}

fn is_event(format: &dyn Format, line: &[u8]) -> bool {
    let arena = Bump::new();
    matches!(parser(format).parse(line, &arena), Line::Event(_))
}

fn parser(format: &dyn Format) -> Box<dyn trustwatch_formats::LineParser> {
    let window = Window { not_before: i64::MIN, not_after: i64::MAX };
    format.parser(&ParseContext {
        zone: TimeZone::UTC,
        window,
        key: "",
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    })
}

/// A line of this length: the filler again and again between `before` and `after`.
fn filled(before: &[u8], filler: &[u8], after: &[u8], bytes: usize) -> Vec<u8> {
    let room = bytes - before.len() - after.len();
    let mut line = before.to_vec();
    line.extend(filler.iter().copied().cycle().take(room / filler.len() * filler.len()));
    line.extend_from_slice(after);
    line
}

fn time(format: &dyn Format, line: &[u8], times: usize) -> Duration {
    let mut arena = Bump::new();
    let mut parser = parser(format);
    let begin = Instant::now();
    for _ in 0..times {
        let _ = std::hint::black_box(parser.parse(line, &arena));
        arena.reset();
    }
    begin.elapsed()
}

fn check(format: &dyn Format, before: &[u8], filler: &[u8], after: &[u8], bytes: usize) {
    let long = filled(before, filler, after, bytes);
    let took = time(format, &long, 1);
    if took <= FLOOR {
        return;
    }
    let short = filled(before, filler, after, bytes / PIECES);
    let fastest = |line: &[u8], times| (0..TRIES).map(|_| time(format, line, times)).min().unwrap();
    let (one, many) = (took.min(fastest(&long, 1)), fastest(&short, PIECES));
    assert!(
        one <= FLOOR.max(many * FACTOR_MAX),
        "{}: `{}` again and again behind `{}` takes {one:?}, in {PIECES} lines {many:?}",
        format.id(),
        filler.escape_ascii(),
        before.escape_ascii(),
    );
}

#[test]
fn a_line_of_one_thing_again_and_again_is_read_in_linear_time() {
    for format in formats() {
        for before in BEGINNINGS {
            for filler in FILLERS {
                check(*format, before.as_bytes(), filler, b"", LINE_BYTES_MAX);
            }
        }
    }
}

#[test]
fn an_event_is_read_in_linear_time_whichever_value_is_blown_up() {
    for format in formats() {
        for (line, places) in samples(*format) {
            assert!(places.len() > 10, "{}: values to blow up", format.id());
            for at in places {
                for filler in FILLERS {
                    check(*format, &line[..at], filler, &line[at..], LINE_BYTES_MAX / 4);
                }
            }
        }
    }
}
