//! A reject keeps its line, number and reason.

use trustwatch_lake::{REJECT_BYTES_KEPT, RejectWriter, reject_lines, sha256_hex};
use trustwatch_model::RejectReason;

const ARRIVED: jiff::civil::Date = jiff::civil::date(2026, 10, 19);

fn writer() -> RejectWriter {
    RejectWriter::new("oak".into(), "source".into(), ARRIVED)
}

#[test]
fn lines_come_back_as_they_were() {
    let mut rejects = writer();
    rejects.push(3, RejectReason::Malformed, b"half a li", 9).unwrap();
    rejects.push(9, RejectReason::TooOld, &[0xff, 0x00, 0x41], 3).unwrap();
    let files = rejects.finish().unwrap();
    assert_eq!(files.len(), 1);
    let file = &files[0];
    assert_eq!(file.entry.lines, 2);
    assert_eq!(file.entry.sha256, sha256_hex(&file.bytes));
    let want = format!("rejects/v1/school=oak/arrived=2026-10-19/{}.jsonl.zst", file.entry.sha256);
    assert_eq!(file.entry.key, want);
    let lines = reject_lines(&file.bytes).unwrap();
    assert_eq!((lines[0].line, lines[0].reason), (3, RejectReason::Malformed));
    assert_eq!((lines[0].text.as_deref(), lines[0].latin1.as_deref()), (Some("half a li"), None));
    assert_eq!((lines[1].text.as_deref(), lines[1].latin1.as_deref()), (None, Some("\u{ff}\u{0}A")));
}

#[test]
fn a_long_line_is_cut_and_says_how_long_it_was() {
    let mut rejects = writer();
    let line = vec![b'x'; REJECT_BYTES_KEPT + 1];
    rejects.push(1, RejectReason::TooLong, &line, 10 << 20).unwrap();
    let lines = reject_lines(&rejects.finish().unwrap()[0].bytes).unwrap();
    assert_eq!(lines[0].text.as_ref().map(String::len), Some(REJECT_BYTES_KEPT));
    assert_eq!(lines[0].bytes, 10 << 20);
}

#[test]
fn many_rejects_go_into_several_files() {
    let mut rejects = writer();
    let line = vec![b'x'; REJECT_BYTES_KEPT];
    let mut files = Vec::new();
    for number in 1..=300 {
        rejects.push(number, RejectReason::Malformed, &line, line.len() as u64).unwrap();
        files.extend(rejects.take_finished());
    }
    assert!(!files.is_empty(), "a finished file waits for the last line");
    files.extend(rejects.finish().unwrap());
    assert!(files.len() > 1);
    let numbers: Vec<u64> =
        files.iter().flat_map(|file| reject_lines(&file.bytes).unwrap()).map(|line| line.line).collect();
    assert_eq!(numbers, (1..=300).collect::<Vec<u64>>());
}

#[test]
fn no_rejects_make_no_file() {
    assert!(writer().finish().unwrap().is_empty());
}
