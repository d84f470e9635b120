//! Prints one JSON object an event: `parse --format ID FILE [--zone NAME]`. Zone UTC unless told otherwise.

use serde_json::{Map, Value, json};
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
            Line::Event(event) => print(&object(&Event { line: raw.number, ..event })?),
            other => note(&format!("line {}: {other:?}", raw.number)),
        }
        arena.reset();
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command prints")]
fn print(object: &Map<String, Value>) {
    println!("{}", Value::Object(object.clone()));
}

#[expect(clippy::print_stderr, reason = "a command prints")]
fn note(text: &str) {
    eprintln!("{text}");
}

fn object(event: &Event<'_>) -> Result<Map<String, Value>, Box<dyn Error>> {
    let columns = json!({
        "event_at": jiff::Timestamp::from_microsecond(event.event_at)?.to_string(),
        "user_name": event.user_name,
        "user_group": event.user_group,
        "source_ip": event.source_ip,
        "destination_ip": event.destination_ip,
        "device_name": event.device_name,
        "http_method": event.http_method,
        "url_scheme": event.url_scheme,
        "url_domain": event.url_domain,
        "url_port": event.url_port,
        "registered_domain": event.registered_domain,
        "url_path": event.url_path,
        "url_query": event.url_query,
        "search_terms": event.search_terms,
        "http_status": event.http_status,
        "action": event.action.map(|action| action.as_str()),
        "filter_action": event.filter_action,
        "filter_rule": event.filter_rule,
        "filter_category": event.filter_category,
        "bytes_in": event.bytes_in,
        "bytes_out": event.bytes_out,
        "content_type": event.content_type,
        "file_name": event.file_name,
        "user_agent": event.user_agent,
        "referrer": event.referrer,
        "precision": event.precision.as_str(),
        "attribution": event.attribution.as_str(),
        "intent": event.intent.as_str(),
        "line": event.line,
    });
    let Value::Object(mut columns) = columns else { return Err("not an object".into()) };
    columns.retain(|_, value| !value.is_null());
    Ok(columns)
}
