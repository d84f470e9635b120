//! What the writer holds is bounded in bytes, however long the lines are. A file of its own: the counting allocator
//! sees the whole process, so no other test may run beside this one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

mod common;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use bytes::Bytes;
use peak_alloc::PeakAlloc;
use trustwatch_lake::{EventWriter, FindingsWriter, Object, Part, PartLimits, event_batches, sha256_hex};
use trustwatch_model::Event;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;
const DAY_US: i64 = 86_400_000_000;
/// 2026-10-19T00:00:00Z.
const MONDAY: i64 = 1_792_368_000_000_000;

/// Paths of 1 MB, each with a beginning of its own. The letters do not repeat within zstd's window.
struct Paths(String);

impl Paths {
    fn new() -> Self {
        let mut state = 1_u64;
        let letter = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
        };
        Self((0..1_000_000).map(letter).collect())
    }

    fn of_line(&mut self, line: u64) -> &str {
        self.0.replace_range(..10, &format!("/{line:09}"));
        &self.0
    }
}

fn writer(limits: PartLimits) -> EventWriter {
    let object = Object { school: "oak".into(), feed: "web".into(), source_id: "0123456789abcdef".into() };
    EventWriter::new(object, limits)
}

/// Lines with what their paths hash to.
fn rows(part: Part) -> Vec<(i64, String)> {
    let mut rows = Vec::new();
    for batch in event_batches(Bytes::from(part.bytes)).unwrap() {
        let batch = batch.unwrap();
        let lines = batch.column_by_name("line").unwrap().as_primitive::<Int64Type>();
        let paths = batch.column_by_name("url_path").unwrap().as_string::<i32>();
        let both = lines.values().iter().zip(paths);
        rows.extend(both.map(|(line, path)| (*line, sha256_hex(path.unwrap().as_bytes()))));
    }
    rows
}

/// Writes lines of 1 MB over three days, with the path of the line that `path_of` says. Returns the rows that were
/// read back in the order of their lines, and the most memory that writing and reading took.
fn write_and_read(
    lines: u64,
    limits: PartLimits,
    path_of: fn(u64) -> u64,
) -> (Vec<(i64, String)>, [usize; 2]) {
    let (mut paths, mut read, mut peaks) = (Paths::new(), Vec::new(), [0, 0]);
    let before = ALLOCATOR.current_usage();
    let mut writer = writer(limits);
    let mut read_back = |parts: Vec<Part>| {
        for part in parts {
            peaks[0] = peaks[0].max(ALLOCATOR.peak_usage() - before);
            let held = ALLOCATOR.current_usage();
            ALLOCATOR.reset_peak_usage();
            read.extend(rows(part));
            peaks[1] = peaks[1].max(ALLOCATOR.peak_usage() - held);
            ALLOCATOR.reset_peak_usage();
        }
    };
    ALLOCATOR.reset_peak_usage();
    for line in 1..=lines {
        let event_at = MONDAY + i64::try_from(line % 3).unwrap() * DAY_US;
        let url_path = Some(paths.of_line(path_of(line)));
        writer.push(&Event { line, url_path, ..Event::at(event_at) }).unwrap();
        read_back(writer.take_finished());
    }
    read_back(writer.finish().unwrap());
    read.sort_unstable();
    (read, peaks)
}

#[test]
fn long_lines_are_written_and_read_whole_in_bounded_memory() {
    let mut paths = Paths::new();
    let mut want = |lines: u64, path_of: fn(u64) -> u64| -> Vec<(i64, String)> {
        let mut hash = |line| sha256_hex(paths.of_line(path_of(line)).as_bytes());
        (1..=lines).map(|line| (i64::try_from(line).unwrap(), hash(line))).collect()
    };
    // Different paths fill the encoded pages; equal ones take no room in the file and all of it at the reader.
    for path_of in [|line| line, |_| 7] {
        let (read, [writing, reading]) = write_and_read(2_400, PartLimits::default(), path_of);
        assert!(read == want(2_400, path_of), "2,400 lines come back as they were");
        assert!(writing < 160 * MIB, "three open days held {} MiB", writing / MIB);
        assert!(reading < 48 * MIB, "reading held {} MiB", reading / MIB);
    }
    for batch_rows in [1, 7, 100_000] {
        let (read, _) = write_and_read(60, PartLimits { batch_rows, ..PartLimits::default() }, |line| line);
        assert!(read == want(60, |line| line), "batches of {batch_rows} rows");
    }
    let held = peak_of_findings(400);
    assert!(held < 64 * MIB, "findings held {} MiB", held / MIB);
}

/// The most memory that it takes to write findings of one path of 1 MB.
fn peak_of_findings(rows: u64) -> usize {
    let path = Paths::new().0;
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let day = jiff::civil::date(2026, 10, 19);
    let mut writer = FindingsWriter::new("oak", day, &PartLimits::default()).unwrap();
    for line in 1..=rows {
        let mut row = common::row(line);
        row.shown.url_path = Some(path.clone());
        writer.push(row).unwrap();
    }
    assert_eq!(writer.finish().unwrap().unwrap().entry.rows, rows);
    ALLOCATOR.peak_usage() - before
}
