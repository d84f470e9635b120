//! Lines out of containers: whole, damaged, hostile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::{self, Read, Write};
use trustwatch_formats::{EXPANSION_FREE_BYTES, LINE_BYTES_MAX, LINE_KEPT_BYTES, LineReader, ReadError};

/// Hands out at most `step` bytes at a time, and an error at the end where one is set.
struct Dripping<'a> {
    bytes: &'a [u8],
    step: usize,
    error: Option<io::ErrorKind>,
}

impl Read for Dripping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty()
            && let Some(kind) = self.error
        {
            return Err(io::Error::new(kind, "the network went away"));
        }
        let count = self.step.min(out.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(count);
        out[..count].copy_from_slice(now);
        self.bytes = later;
        Ok(count)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Owned lines, and the error that ended them.
fn read(source: impl Read) -> (Vec<(Vec<u8>, bool)>, Option<ReadError>) {
    let mut reader = LineReader::new(source);
    let mut lines = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => {
                assert_eq!(line.number, lines.len() as u64 + 1);
                lines.push((line.bytes.to_vec(), line.ended));
            }
            Ok(None) => return (lines, None),
            Err(error) => return (lines, Some(error)),
        }
    }
}

fn check(bytes: &[u8], want: &[(&str, bool)]) {
    let want: Vec<_> = want.iter().map(|(line, ended)| (line.as_bytes().to_vec(), *ended)).collect();
    for step in [1, 2, 7, usize::MAX] {
        let (lines, error) = read(Dripping { bytes, step, error: None });
        assert!(error.is_none(), "{error:?}");
        assert_eq!(lines, want, "in steps of {step}");
    }
}

#[test]
fn line_ends_come_off_and_nothing_else_does() {
    check(b"a\nb\n", &[("a", true), ("b", true)]);
    check(b"a\r\nb\r\r\n\r\n", &[("a", true), ("b\r", true), ("", true)]);
    check(b"a\nb", &[("a", true), ("b", false)]);
    check(b"a\r", &[("a\r", false)]);
    check(b"\n", &[("", true)]);
    check(b"", &[]);
    check(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n", &[("a", true), ("\u{feff}b", true)]);
    check(b"\xef\xbb\xbf", &[]);
}

#[test]
fn gzip_is_told_by_its_first_bytes_and_may_have_many_members() {
    let mut bytes = gzip(b"a\nb");
    bytes.extend(gzip(b"c\n"));
    bytes.extend(gzip(b""));
    bytes.extend(gzip(b"d"));
    check(&bytes, &[("a", true), ("bc", true), ("d", false)]);
    bytes.extend([0; 700]);
    check(&bytes, &[("a", true), ("bc", true), ("d", false)]);
    bytes.extend(gzip(b"e"));
    check(&bytes, &[("a", true), ("bc", true), ("de", false)]);
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 3).unwrap()
}

/// Compresses.
type Pack = fn(&[u8]) -> Vec<u8>;

const OTHERS: [(&str, Pack); 3] = [("bzip2", bzip2), ("xz", xz), ("zstd", zstd)];

#[test]
fn other_compressions_are_told_by_their_first_bytes_and_may_be_joined() {
    for (name, pack) in OTHERS {
        let joined = [pack(b"a\nb"), pack(b"c\n"), pack(b""), pack(b"d")].concat();
        assert!(joined.len() > 40, "{name} compresses nothing");
        check(&joined, &[("a", true), ("bc", true), ("d", false)]);
        check(&pack(b""), &[]);
    }
}

#[test]
fn other_compressions_that_end_early_or_hold_garbage_are_damaged() {
    let text: String = (0..40).map(|line| format!("line {line} {}\n", line * 7919)).collect();
    for (name, pack) in OTHERS {
        let whole = pack(text.as_bytes());
        let complete = read(&whole[..]).0;
        assert_eq!(complete.len(), 40, "{name}");
        for end in 11..whole.len() {
            let (lines, error) = read(&whole[..end]);
            assert!(complete.starts_with(&lines), "{name} cut at {end}");
            assert!(matches!(error, Some(ReadError::Damaged { .. })), "{name} cut at {end}: {error:?}");
        }
        let error = read(&[&whole[..], b"garbage"].concat()[..]).1;
        assert!(matches!(error, Some(ReadError::Damaged { .. })), "{name} with garbage behind: {error:?}");
    }
}

#[test]
fn an_error_of_the_source_behind_any_compression_is_its_own() {
    for (name, pack) in OTHERS {
        let whole = pack(b"a\nb\n");
        let bytes = &whole[..whole.len() - 3];
        let (_, error) = read(Dripping { bytes, step: 5, error: Some(io::ErrorKind::ConnectionReset) });
        assert!(matches!(error, Some(ReadError::Io(_))), "{name}: {error:?}");
    }
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    let error = read(&encoder.finish().unwrap()[..]).1;
    assert!(matches!(error, Some(ReadError::Damaged { .. })), "{error:?}");
}

#[test]
fn utf_16_behind_its_mark_is_handed_out_as_utf_8() {
    let text = "Siân,1\r\ncafé \u{1f600}\nend";
    let want = [("Siân,1", true), ("café \u{1f600}", true), ("end", false)];
    let little: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    check(&little, &want);
    check(&big, &want);
    check(&gzip(&little), &want);
    check(b"\xff\xfe", &[]);
    check(b"\xff\xfea\0\n", &[("a", false)]);
    let (lines, _) = read(&b"\xffa\n"[..]);
    assert_eq!(lines, [(b"\xffa".to_vec(), true)]);
}

/// So a growing file goes on from each version of it.
#[test]
fn utf_16_that_breaks_off_inside_a_letter_has_no_half_letter() {
    let text = "Siân\n\u{1f600}\u{1f600}\n";
    let whole: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for end in 2..whole.len() {
        let (lines, error) = read(&whole[..end]);
        assert!(error.is_none(), "{error:?}");
        let read: Vec<u8> = lines
            .iter()
            .flat_map(|(line, ended)| line.iter().copied().chain(ended.then_some(b'\n')))
            .collect();
        assert!(text.as_bytes().starts_with(&read), "cut at {end}: {:?}", String::from_utf8_lossy(&read));
    }
}

#[test]
fn a_gzip_that_ends_anywhere_early_is_damaged_and_gives_its_lines_first() {
    let text: String = (0..40).map(|line| format!("line {line} {}\n", line * 7919)).collect();
    let whole = gzip(text.as_bytes());
    let complete = read(&whole[..]).0;
    assert_eq!(complete.len(), 40);
    for end in 1..whole.len() {
        let (lines, error) = read(&whole[..end]);
        assert!(complete.starts_with(&lines), "cut at {end}");
        match error {
            Some(ReadError::Damaged { detail, lines_read }) => {
                assert_eq!(lines_read, lines.len() as u64);
                assert!(detail.ends_with("ends early"), "cut at {end}: {detail}");
            }
            other => panic!("cut at {end}: {other:?}"),
        }
    }
}

#[test]
fn garbage_behind_or_inside_the_compressed_data_is_damage() {
    let whole = gzip(b"a\nb\n");
    let check = |bytes: &[u8]| {
        let mut reader = LineReader::new(bytes);
        let error = loop {
            match reader.next_line() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("read to the end"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, ReadError::Damaged { .. }), "{error:?}");
        assert!(matches!(reader.next_line(), Err(ReadError::Damaged { .. })), "the fault does not go away");
    };
    check(&[&whole[..], b"garbage"].concat());
    check(&[&whole[..], &[0, 0], b"x"].concat());
    check(&[&whole[..], &[0x1f]].concat());
    let mut wrong_sum = whole.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    check(&wrong_sum);
}

#[test]
fn an_error_of_the_source_is_never_called_damage() {
    let whole = gzip(b"a\nb\nc\n");
    for bytes in [&whole[..whole.len() / 2], &whole[..1], &whole[..0], b"a\nb"] {
        for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData]
        {
            let (_, error) = read(Dripping { bytes, step: 5, error: Some(kind) });
            match error {
                Some(ReadError::Io(error)) => assert_eq!(error.kind(), kind),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn lines_that_came_before_an_error_of_the_source_are_handed_out() {
    let source = Dripping { bytes: b"a\nb", step: 5, error: Some(io::ErrorKind::ConnectionReset) };
    let (lines, error) = read(source);
    assert_eq!(lines, [(b"a".to_vec(), true)]);
    assert!(matches!(error, Some(ReadError::Io(_))), "{error:?}");
}

#[test]
fn a_bomb_is_stopped_soon_after_the_free_part() {
    // About one megabyte of gzip that holds a gigabyte of zeros.
    let bomb = gzip(&vec![0; 64 << 20]).repeat(16);
    assert!(bomb.len() < 2 << 20);
    let mut reader = LineReader::new(&bomb[..]);
    let error = reader.next_line().unwrap_err();
    let ReadError::Expansion { compressed_bytes, expanded_bytes } = error else { panic!("{error:?}") };
    assert!(expanded_bytes > EXPANSION_FREE_BYTES && expanded_bytes < EXPANSION_FREE_BYTES + (2 << 20));
    assert!(compressed_bytes * 200 < expanded_bytes);
    assert!(matches!(reader.next_line(), Err(ReadError::Expansion { .. })));
}

#[test]
fn equal_lines_that_stay_within_the_free_part_are_no_bomb() {
    let text = "a\n".repeat(4_000_000);
    let packed = gzip(text.as_bytes());
    assert!(text.len() / packed.len() > 200, "the sample is as steep as a bomb");
    let mut reader = LineReader::new(&packed[..]);
    while reader.next_line().unwrap().is_some() {}
    assert_eq!(reader.lines(), 4_000_000);
    assert_eq!(reader.expanded_bytes(), text.len() as u64);
    assert_eq!(reader.compressed_bytes(), packed.len() as u64);
}

/// What is remembered of the second of three lines, which is `length` bytes long.
fn long_line(length: usize, end: &str, step: usize) -> (usize, u64, bool, u64) {
    let mut text = b"first\n".to_vec();
    text.extend((0..length).map(|index| b'a' + u8::try_from(index % 23).unwrap()));
    text.extend(end.as_bytes());
    text.extend(b"last\n");
    let mut reader = LineReader::new(Dripping { bytes: &text, step, error: None });
    assert_eq!(reader.next_line().unwrap().unwrap().bytes, b"first");
    let line = reader.next_line().unwrap().unwrap();
    assert!(line.ended);
    assert!(line.bytes.starts_with(b"abcdefg"), "what is kept shows what it was");
    let seen = (line.bytes.len(), line.whole_bytes, line.over_long, line.fingerprint);
    assert_eq!(reader.next_line().unwrap().unwrap().bytes, b"last");
    assert!(reader.next_line().unwrap().is_none());
    seen
}

#[test]
fn a_line_is_kept_whole_up_to_the_limit_and_in_part_beyond() {
    for (end, step) in [("\n", usize::MAX), ("\r\n", usize::MAX), ("\r\n", 1)] {
        let exact = long_line(LINE_BYTES_MAX, end, step);
        assert_eq!(exact, (LINE_BYTES_MAX, LINE_BYTES_MAX as u64, false, 0));
        let over = long_line(LINE_BYTES_MAX + 1, end, step);
        assert_eq!((over.0, over.1, over.2), (LINE_KEPT_BYTES, LINE_BYTES_MAX as u64 + 1, true));
    }
}

#[test]
fn the_fingerprint_of_a_long_line_depends_on_its_bytes_only() {
    let whole = long_line(10_000_000, "\n", usize::MAX);
    assert_eq!((whole.0, whole.1, whole.2), (LINE_KEPT_BYTES, 10_000_000, true));
    assert_eq!(long_line(10_000_000, "\r\n", 4099), whole);
    assert_ne!(long_line(9_999_999, "\n", usize::MAX).3, whole.3);
}

#[test]
fn a_long_line_loses_its_return_wherever_the_pieces_part() {
    let length = LINE_BYTES_MAX + 5;
    assert_eq!(long_line(length, "\r\n", 1), long_line(length, "\n", usize::MAX));
}

#[test]
fn a_long_line_without_its_end_is_still_one_line() {
    let mut text = vec![b'x'; LINE_BYTES_MAX + 9];
    text.push(b'\r');
    let mut reader = LineReader::new(&text[..]);
    let line = reader.next_line().unwrap().unwrap();
    assert!(line.over_long && !line.ended);
    assert_eq!(line.whole_bytes, text.len() as u64);
    assert!(reader.next_line().unwrap().is_none());
}

proptest! {
    #[test]
    fn lines_are_those_of_a_plain_split(
        text in prop::collection::vec(prop::sample::select(b"ab\r\n\n\x00".to_vec()), 0..200),
        step in 1_usize..50,
        packed in any::<bool>(),
    ) {
        let mut want: Vec<(Vec<u8>, bool)> = text
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| match line.strip_suffix(b"\n") {
                Some(body) => (body.strip_suffix(b"\r").unwrap_or(body).to_vec(), true),
                None => (line.to_vec(), false),
            })
            .collect();
        let bytes = if packed { gzip(&text) } else { text };
        let (lines, error) = read(Dripping { bytes: &bytes, step, error: None });
        prop_assert!(error.is_none());
        prop_assert_eq!(&lines, &std::mem::take(&mut want));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), gzipped in any::<bool>()) {
        if gzipped {
            bytes.splice(0..0, [0x1f, 0x8b, 8]);
        }
        trustwatch_formats::fuzz::fuzz_container(&bytes);
    }
}
