//! Prints one JSON object an event: `parse --format ID FILE [--zone NAME]`. Zone UTC unless told otherwise.

#[path = "../tests/common/mod.rs"]
mod common;

use serde_json::{Map, Value};
use std::error::Error;
use trustwatch_formats::{Line, LineReader, ParseContext, find};
use trustwatch_model::{Event, Window};

fn main() -> Result<(), Box<dyn Error>> {
    let (mut format, mut zone, mut file) = (None, "UTC".to_owned(), None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--format" => format = arguments.next(),
            "--zone" => zone = arguments.next().ok_or("--zone needs a name")?,
            _ => file = Some(argument),
        }
    }
    let (Some(format), Some(file)) = (format, file) else {
        return Err("usage: parse --format ID FILE [--zone NAME]".into());
    };
    let format = find(&format).ok_or("no such format")?;
    let instant = |text: &str| text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_microsecond);
    let window =
        Window { not_before: instant("2000-01-01T00:00:00Z")?, not_after: instant("2100-01-01T00:00:00Z")? };
    let mut parser =
        format.parser(&ParseContext { zone: jiff::tz::TimeZone::get(&zone)?, window, key: &file });
    let mut lines = LineReader::new(std::fs::File::open(&file)?);
    let mut arena = bumpalo::Bump::new();
    while let Some(raw) = lines.next_line()? {
        match parser.parse(raw.bytes, &arena) {
            Line::Event(event) => print(common::columns(&Event { line: raw.number, ..event })),
            other => note(&format!("line {}: {other:?}", raw.number)),
        }
        arena.reset();
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command prints")]
fn print(columns: Map<String, Value>) {
    println!("{}", Value::Object(columns));
}

#[expect(clippy::print_stderr, reason = "a command prints")]
fn note(text: &str) {
    eprintln!("{text}");
}
