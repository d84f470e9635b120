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
use trustwatch_formats::{Format, LINE_BYTES_MAX, Line, LineParser, ParseContext, formats};
use trustwatch_model::{Reading, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

const FLOOR: Duration = Duration::from_millis(200);
const FACTOR_MAX: u32 = 12;
const TRIES: usize = 3;
const PIECES: usize = 64;

/// Long enough for quadratic work to take seconds, and short enough for all formats to be tried with all fillers.
const LONG_BYTES: usize = LINE_BYTES_MAX / 8;
const BLOWN_UP_BYTES: usize = LINE_BYTES_MAX / 16;

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
const BEGINNINGS: [&str; 13] = [
    "",
    "\"",
    "CEF:0|a|b|c|d|e|5|",
    "CEF:0|Fortinet|b|c|d|e|5|",
    "CEF:0|",
    "LEEF:2.0|a|b|c|d|^|",
    "LEEF:1.0|WatchGuard|b|c|d|",
    "{\"message\":\"",
    "{\"a\":[\"",
    "date=2026-10-24 time=10:00:00 ",
    "date=2026-10-24 time=10:00:00 hostname=\"",
    "<134>1 2026-10-24T10:00:00Z fw01 - - - ",
    "1792368000.123     45 10.1.2.3 TCP_MISS/200 3900 GET http:/",
];

/// A line of a sample.
struct Sample {
    /// The lines above it, which the parser may have learnt from.
    above: Vec<Vec<u8>>,
    line: Vec<u8>,
    /// Where one of its values begins.
    places: Vec<usize>,
}

/// The first event of each sample file.
fn samples(format: &dyn Format) -> Vec<Sample> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/logs").join(format.id());
    let files = std::fs::read_dir(folder).expect("every format has samples");
    files
        .map(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let mut parser = parser(format);
            let arena = Bump::new();
            let mut events = lines.iter().map(|line| matches!(parser.parse(line, &arena), Line::Event(_)));
            let at = events.position(|is_event| is_event).expect("every sample holds an event");
            let line = lines[at].clone();
            let begins = |at: &usize| {
                matches!(line[at - 1], b' ' | b'\t' | b',' | b'"' | b'=' | b'|' | b'/')
                    && line[*at].is_ascii_alphanumeric()
            };
            let places = (1..line.len()).filter(begins).collect();
            Sample { above: lines[..at].to_vec(), places, line }
        })
        .collect()
}

fn parser(format: &dyn Format) -> Box<dyn LineParser> {
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

fn time(format: &dyn Format, above: &[Vec<u8>], line: &[u8], times: usize) -> Duration {
    let mut arena = Bump::new();
    let mut parser = parser(format);
    for line in above {
        parser.parse(line, &arena);
    }
    let begin = Instant::now();
    for _ in 0..times {
        let _ = std::hint::black_box(parser.parse(line, &arena));
        arena.reset();
    }
    begin.elapsed()
}

fn check(
    format: &dyn Format,
    above: &[Vec<u8>],
    (before, filler, after): (&[u8], &[u8], &[u8]),
    bytes: usize,
) {
    let long = filled(before, filler, after, bytes);
    let took = time(format, above, &long, 1);
    if took <= FLOOR {
        return;
    }
    let short = filled(before, filler, after, bytes / PIECES);
    let fastest = |line: &[u8], times| (0..TRIES).map(|_| time(format, above, line, times)).min().unwrap();
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
                check(*format, &[], (before.as_bytes(), filler, b""), LONG_BYTES);
            }
        }
    }
}

#[test]
fn an_event_is_read_in_linear_time_whichever_value_is_blown_up() {
    for format in formats() {
        for Sample { above, line, places } in samples(*format) {
            assert!(places.len() > 4, "{}: values to blow up", format.id());
            for at in places {
                for filler in FILLERS {
                    check(*format, &above, (&line[..at], filler, &line[at..]), BLOWN_UP_BYTES);
                }
            }
        }
    }
}
