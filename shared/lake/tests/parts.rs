//! What goes into a part comes out of it, on the right day, under the name of its content.

#![allow(clippy::unwrap_used, reason = "a test may unwrap, its helpers too")]

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use std::collections::BTreeMap;
use trustwatch_lake::{
    ColumnSet, EventFile, EventWriter, Object, Part, PartLimits, column_names, event_json, read_part, schema,
    sha256_hex,
};
use trustwatch_model::{Action, Event};

const DAY_US: i64 = 86_400_000_000;
/// 2026-10-19T00:00:00Z.
const MONDAY: i64 = 1_792_368_000_000_000;

fn object() -> Object {
    Object { school: "oak".into(), feed: "web".into(), source_id: "0123456789abcdef0123456789abcdef".into() }
}

fn event(line: u64, event_at: i64) -> Event<'static> {
    Event { line, url_domain: Some("example.org"), action: Some(Action::Blocked), ..Event::at(event_at) }
}

fn write(events: &[(u64, i64)], limits: PartLimits) -> Vec<Part> {
    let mut writer = EventWriter::new(object(), limits);
    let mut parts = Vec::new();
    for (line, at) in events {
        writer.push(&event(*line, *at)).unwrap();
        parts.extend(writer.take_finished());
    }
    parts.extend(writer.finish().unwrap());
    parts
}

/// Days with their lines, whatever the parts.
fn lines_by_day(parts: &[Part]) -> BTreeMap<String, Vec<u64>> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for part in parts {
        let facts = read_part(Bytes::from(part.bytes.clone())).unwrap();
        assert_eq!(facts.rows, part.entry.rows);
        assert_eq!(facts.first_event_at, Some(part.entry.first_event_at));
        assert_eq!(facts.last_event_at, Some(part.entry.last_event_at));
        let Object { school, feed, source_id } = object();
        assert_eq!(facts.sources, [[school, feed, source_id]].into());
        found.entry(part.entry.date.to_string()).or_default().extend(facts.lines);
    }
    for lines in found.values_mut() {
        lines.sort_unstable();
    }
    found
}

#[test]
fn events_lie_on_their_utc_day() {
    let last_of_monday = MONDAY + DAY_US - 1;
    let parts = write(
        &[(1, MONDAY), (2, last_of_monday), (3, last_of_monday + 1), (4, MONDAY - 1)],
        PartLimits::default(),
    );
    let want = BTreeMap::from([
        ("2026-10-18".to_owned(), vec![4]),
        ("2026-10-19".to_owned(), vec![1, 2]),
        ("2026-10-20".to_owned(), vec![3]),
    ]);
    assert_eq!(lines_by_day(&parts), want);
}

#[test]
fn days_before_1970_have_names_too() {
    let parts = write(&[(1, -1)], PartLimits::default());
    assert_eq!(parts[0].entry.date.to_string(), "1969-12-31");
}

#[test]
fn a_part_is_named_by_its_content() {
    let events = [(1, MONDAY), (2, MONDAY + 5)];
    let (one, two) = (write(&events, PartLimits::default()), write(&events, PartLimits::default()));
    assert_eq!(one[0].bytes, two[0].bytes, "the same events give the same bytes");
    let hash = sha256_hex(&one[0].bytes);
    assert_eq!(one[0].entry.sha256, hash);
    assert_eq!(one[0].entry.key, format!("events/v1/school=oak/date=2026-10-19/{hash}.parquet"));
    let other = write(&[(1, MONDAY), (3, MONDAY + 5)], PartLimits::default());
    assert_ne!(one[0].entry.key, other[0].entry.key);
}

#[test]
fn more_days_than_may_be_open_lose_nothing() {
    // Seven days in turn, again and again, with two open at a time: many parts, every line once.
    let events: Vec<(u64, i64)> =
        (0..70).map(|line| (line + 1, MONDAY + i64::try_from(line % 7).unwrap() * DAY_US)).collect();
    let limits = PartLimits { days_open: 2, batch_rows: 4, ..PartLimits::default() };
    let parts = write(&events, limits);
    assert!(parts.len() > 7, "{} parts", parts.len());
    let found = lines_by_day(&parts);
    assert_eq!(found.len(), 7);
    let mut all: Vec<u64> = found.into_values().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, (1..=70).collect::<Vec<u64>>());
}

#[test]
fn lines_of_days_that_take_turns_stay_on_their_day() {
    let parts = write(
        &[(1, MONDAY), (2, MONDAY + DAY_US), (3, MONDAY + 1), (4, MONDAY + DAY_US + 1)],
        PartLimits::default(),
    );
    assert_eq!(parts.len(), 2);
    let want = BTreeMap::from([("2026-10-19".to_owned(), vec![1, 3]), ("2026-10-20".to_owned(), vec![2, 4])]);
    assert_eq!(lines_by_day(&parts), want);
}

#[test]
fn a_part_ends_at_its_length_and_the_next_one_begins() {
    let events: Vec<(u64, i64)> = (1..=1_000).map(|line| (line, MONDAY)).collect();
    let small = write(&events, PartLimits { part_bytes: 1, batch_rows: 100, ..PartLimits::default() });
    assert_eq!(small.len(), 10);
    assert_eq!(lines_by_day(&small)["2026-10-19"], (1..=1_000).collect::<Vec<u64>>());
    assert_eq!(write(&events, PartLimits::default()).len(), 1);
}

#[test]
fn the_length_of_a_part_counts_what_is_written_and_what_waits() {
    let limits =
        PartLimits { part_bytes: 40_000, row_group_rows: 300, batch_rows: 50, ..PartLimits::default() };
    let mut writer = EventWriter::new(object(), limits);
    for line in 1..=4_000 {
        let user = sha256_hex(&u64::to_le_bytes(line));
        writer.push(&Event { user_name: Some(&user), ..event(line, MONDAY) }).unwrap();
    }
    let parts = writer.take_finished();
    assert!(parts.len() > 2, "{} parts", parts.len());
    for part in parts {
        assert!((20_000..60_000).contains(&part.bytes.len()), "{} bytes", part.bytes.len());
    }
}

#[test]
fn hosts_keep_their_dictionary_however_many_there_are() {
    // Together longer than a dictionary may be by default.
    let hosts: Vec<String> = (0..30_000).map(|host| format!("host-{host:0>40}.example.org")).collect();
    let mut writer = EventWriter::new(object(), PartLimits::default());
    for (line, host) in (1..).zip(&hosts) {
        writer.push(&Event { url_domain: Some(host), file_name: Some(host), ..event(line, MONDAY) }).unwrap();
    }
    let part = Bytes::from(writer.finish().unwrap().remove(0).bytes);
    let file = ParquetRecordBatchReaderBuilder::try_new(part).unwrap();
    let only_dictionary = |name: &str| {
        let columns = file.metadata().row_group(0).columns();
        let column = columns.iter().find(|column| column.column_path().string() == name).unwrap();
        column.page_encoding_stats_mask().unwrap().is_only(Encoding::RLE_DICTIONARY)
    };
    assert!(only_dictionary("url_domain"));
    assert!(!only_dictionary("file_name"), "the hosts fit into any dictionary: the test shows nothing");
}

#[test]
fn a_part_that_holds_lines_of_two_sources_names_both() {
    let mut writer = ArrowWriter::try_new(Vec::new(), schema(ColumnSet::All), None).unwrap();
    for source_id in ["one", "other", "one"] {
        let object = Object { source_id: source_id.into(), ..object() };
        let mut file = EventFile::new(Vec::new(), &object, ColumnSet::All, &PartLimits::default()).unwrap();
        file.push(&event(1, MONDAY)).unwrap();
        let part = Bytes::from(file.finish().unwrap());
        for batch in ParquetRecordBatchReaderBuilder::try_new(part).unwrap().build().unwrap() {
            writer.write(&batch.unwrap()).unwrap();
        }
    }
    let facts = read_part(Bytes::from(writer.into_inner().unwrap())).unwrap();
    let of = |source_id: &str| ["oak", "web", source_id].map(str::to_owned);
    assert_eq!(facts.sources, [of("one"), of("other")].into());
}

#[test]
fn row_groups_of_another_size_hold_the_same_rows() {
    let events: Vec<(u64, i64)> = (1..=100).map(|line| (line, MONDAY)).collect();
    let limits = PartLimits { row_group_rows: 7, batch_rows: 3, ..PartLimits::default() };
    let (one, two) = (write(&events, limits), write(&events, PartLimits::default()));
    assert_ne!(one[0].entry.sha256, two[0].entry.sha256);
    assert_eq!(lines_by_day(&one), lines_by_day(&two));
}

#[test]
fn a_thread_of_its_own_writes_the_same_file() {
    let encode = |threaded: bool| {
        let limits = PartLimits { batch_rows: 10, ..PartLimits::default() };
        let begin = if threaded { EventFile::threaded } else { EventFile::new };
        let mut file = begin(Vec::new(), &object(), ColumnSet::Bench, &limits).unwrap();
        for line in 1..=95 {
            file.push(&event(line, MONDAY)).unwrap();
        }
        file.finish().unwrap()
    };
    assert_eq!(encode(true), encode(false));
}

#[test]
fn the_schema_has_every_column_once_and_says_which_may_be_absent() {
    let schema = schema(ColumnSet::All);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, column_names().collect::<Vec<_>>());
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    let always: Vec<&str> = schema
        .fields()
        .iter()
        .filter(|field| !field.is_nullable())
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(
        always,
        ["event_at", "school", "feed", "precision", "attribution", "intent", "source_id", "line"]
    );
}

#[test]
fn json_leaves_out_what_is_absent() {
    let row = event_json(&event(7, MONDAY), &object());
    assert_eq!(row["event_at"], "2026-10-19T00:00:00Z");
    assert_eq!((&row["line"], &row["action"]), (&7.into(), &"blocked".into()));
    for absent in ["user_name", "category", "bytes_in", "url"] {
        assert!(!row.contains_key(absent), "{absent}");
    }
}
