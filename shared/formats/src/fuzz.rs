//! Entry points for a fuzzer. They check promises and do not return anything.

use crate::{Lens, Line, LineReader, ParseContext, formats, survey};
use bumpalo::Bump;
use jiff::tz::TimeZone;
use trustwatch_model::{Reading, Window};

/// When the objects of a fuzzer arrive: 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

/// Feeds lines to the format that the first byte picks.
pub fn fuzz_formats(data: &[u8]) {
    let Some((pick, data)) = data.split_first() else { return };
    let formats = formats();
    let Some(format) = formats.get(usize::from(*pick) % formats.len().max(1)) else { return };
    let window = Window { not_before: i64::MIN, not_after: i64::MAX };
    let mut parser = format.parser(&ParseContext {
        zone: TimeZone::UTC,
        window,
        key: "",
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    });
    let mut arena = Bump::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Line::Event(event) = parser.parse(line, &arena) {
            assert!(texts(&event).all(|text| !text.is_empty()), "an event holds an empty text");
        }
        arena.reset();
    }
}

/// Reads an object to its end or its fault.
pub fn fuzz_container(data: &[u8]) {
    let mut reader = LineReader::new(data);
    let mut lines = 0;
    while let Ok(Some(line)) = reader.next_line() {
        lines += 1;
        assert_eq!(line.number, lines, "lines are numbered in order");
    }
    assert!(reader.compressed_bytes() <= data.len() as u64, "more was consumed than there is");
}

/// Looks at an object as `trustwatch sniff` does: containers, encodings, wrappers, recognition and headers.
pub fn fuzz_survey(data: &[u8]) {
    let seen = survey(
        data,
        &Lens {
            key: "",
            format: None,
            zone: TimeZone::UTC,
            arrived_at: ARRIVED_AT,
            window: Window { not_before: i64::MIN, not_after: i64::MAX },
            reading: &Reading::default(),
        },
    );
    if let Some(sample) = seen.sample {
        assert!(sample.counts.balances(), "lines were lost or counted twice");
        assert_eq!(sample.rejects.values().sum::<u64>(), sample.counts.rejects, "each reject has a reason");
    }
}

/// Every text column of an event that is not absent.
pub fn texts<'a>(event: &trustwatch_model::Event<'a>) -> impl Iterator<Item = &'a str> {
    [
        event.user_name,
        event.user_group,
        event.source_ip,
        event.destination_ip,
        event.device_name,
        event.http_method,
        event.url_scheme,
        event.url_domain,
        event.registered_domain,
        event.url_path,
        event.url_query,
        event.search_terms,
        event.filter_action,
        event.filter_rule,
        event.filter_category,
        event.content_type,
        event.file_name,
        event.user_agent,
        event.referrer,
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwatch_model::Event;

    #[test]
    fn the_texts_of_an_event_are_those_that_are_there() {
        let event = Event { user_name: Some("pat"), referrer: Some("http://a.example/"), ..Event::at(0) };
        assert_eq!(texts(&event).collect::<Vec<_>>(), ["pat", "http://a.example/"]);
    }
}
