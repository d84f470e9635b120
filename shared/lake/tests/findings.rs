//! What was written as findings is read back as it was.
#![allow(clippy::unwrap_used, reason = "tests fail as tests do")]

mod common;

use bytes::Bytes;
use common::{MONDAY, row};
use trustwatch_lake::{
    EventWriter, FindingRow, FindingsWriter, Object, PartLimits, event_batches, event_row, read_findings,
};
use trustwatch_model::Event;

#[test]
fn findings_are_read_back_as_they_were_written() {
    for rows in [1, 5_000] {
        let written: Vec<FindingRow> = (1..=rows).map(row).collect();
        let day = jiff::civil::date(2026, 10, 26);
        let mut writer = FindingsWriter::new("oak", day, &PartLimits::default()).unwrap();
        for row in &written {
            writer.push(row.clone()).unwrap();
        }
        let part = writer.finish().unwrap().unwrap();
        assert_eq!((part.entry.rows, part.entry.date), (rows, day));
        assert_eq!(
            (part.entry.first_event_at, part.entry.last_event_at),
            (MONDAY + 1, MONDAY + i64::try_from(rows).unwrap())
        );
        assert!(part.entry.key.starts_with("findings/v1/school=oak/date=2026-10-26/"));
        assert_eq!(read_findings(Bytes::from(part.bytes)).unwrap(), written);
    }
}

#[test]
fn nothing_found_is_no_file() {
    let writer = FindingsWriter::new("oak", jiff::civil::date(2026, 10, 26), &PartLimits::default()).unwrap();
    assert!(writer.finish().unwrap().is_none());
}

#[test]
fn what_is_no_findings_part_is_refused() {
    assert!(read_findings(Bytes::from_static(b"PAR1 and no more")).is_err());
}

#[test]
fn a_finding_shows_the_beginning_of_a_long_path() {
    let path = format!("/{}", "é".repeat(400_000));
    let event = Event { url_path: Some(&path), line: 3, ..Event::at(MONDAY) };
    let object = Object { school: "oak".into(), feed: "web".into(), source_id: "0".repeat(32) };
    let mut events = EventWriter::new(object, PartLimits::default());
    events.push(&event).unwrap();
    let part = events.finish().unwrap().remove(0);
    let batch = event_batches(Bytes::from(part.bytes)).unwrap().next().unwrap().unwrap();
    let row = event_row(&batch, 0).unwrap();
    let shown = row.shown.url_path.unwrap();
    assert_eq!((row.line, shown.len()), (3, 2_047));
    assert!(path.starts_with(&shown));
}
