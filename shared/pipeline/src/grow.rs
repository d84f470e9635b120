//! Growing files: many collectors upload `access.log` again every few minutes, each time a little longer.
//!
//! The lines that a version shares with the preceding version from the beginning are repeats. This compares
//! bytes, so that it gives the same answer whichever version is processed first.

use std::io::Read;
use trustwatch_formats::{LineReader, RawLine, ReadError};

/// What two versions of a key have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shared {
    /// Complete lines that both begin with.
    pub lines: u64,
    /// All complete lines of the older one are shared, and the newer one goes on where it broke off: the older's
    /// last line, if it came without its newline, is the beginning of the newer's next line.
    pub continued: bool,
    /// As `continued`, and the newer's next line is complete and equal to what the older one broke off with.
    pub tail_ended: bool,
    /// As `continued`, and the newer one breaks off with the same text: the two say the same.
    pub tail_same: bool,
}

/// Which of the two objects cannot be read.
#[derive(Debug)]
pub enum SharedError {
    /// The older one.
    Older(ReadError),
    /// The newer one.
    Newer(ReadError),
}

/// Compares two versions from the beginning, as far as they are alike.
///
/// # Errors
/// When one of them cannot be read so far, with which.
pub fn shared_lines<A: Read, B: Read>(
    older: &mut LineReader<A>,
    newer: &mut LineReader<B>,
) -> Result<Shared, SharedError> {
    let mut shared = Shared { continued: true, ..Shared::default() };
    while let Some(old) = older.next_line().map_err(SharedError::Older)? {
        match newer.next_line().map_err(SharedError::Newer)? {
            Some(new) if old.ended && same(&old, &new) && new.ended => shared.lines += 1,
            Some(new) if !old.ended && begins(&new, &old) => {
                let same = same_text(&new, &old);
                (shared.tail_ended, shared.tail_same) = (same && new.ended, same && !new.ended);
            }
            _ => {
                shared.continued = false;
                break;
            }
        }
    }
    Ok(shared)
}

fn same(old: &RawLine<'_>, new: &RawLine<'_>) -> bool {
    old.bytes == new.bytes && old.whole_bytes == new.whole_bytes && old.fingerprint == new.fingerprint
}

/// Whether a line goes on where the older one broke off.
fn begins(new: &RawLine<'_>, old: &RawLine<'_>) -> bool {
    if new.over_long || old.over_long {
        // Of a long line only the beginning is kept: as far as both are, they must be equal.
        let kept = new.bytes.len().min(old.bytes.len());
        return new.whole_bytes >= old.whole_bytes && new.bytes.get(..kept) == old.bytes.get(..kept);
    }
    new.bytes.starts_with(old.bytes) || (new.ended && new.bytes == without_return(old.bytes))
}

/// Whether a line says no more than what the older one broke off with.
fn same_text(new: &RawLine<'_>, old: &RawLine<'_>) -> bool {
    if new.over_long || old.over_long {
        return same(old, new);
    }
    without_return(new.bytes) == without_return(old.bytes)
}

/// A line that broke off between `\r` and `\n` kept its `\r`.
fn without_return(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(older: &str, newer: &str) -> Shared {
        shared_lines(&mut LineReader::new(older.as_bytes()), &mut LineReader::new(newer.as_bytes())).unwrap()
    }

    #[test]
    fn complete_lines_from_the_beginning_are_shared() {
        let check = |older: &str, newer: &str, lines: u64, continued: bool, tail_ended: bool| {
            // Two that break off with the same text are the only case here that shares its beginning to the end.
            let tail_same = older == newer && !older.ends_with('\n');
            let want = Shared { lines, continued, tail_ended, tail_same };
            assert_eq!(shared(older, newer), want, "{older:?} then {newer:?}");
        };
        check("a\nb\n", "a\nb\nc\n", 2, true, false);
        check("a\nb\n", "a\nb\n", 2, true, false);
        check("a\nb\n", "a\n", 1, false, false);
        check("a\nb\n", "a\nx\nb\n", 1, false, false);
        check("a\nb\n", "b\na\n", 0, false, false);
        check("", "a\n", 0, true, false);
        // The older one broke off in a line.
        check("a\nb", "a\nbc\n", 1, true, false);
        check("a\nb", "a\nb\nc\n", 1, true, true);
        check("a\nb", "a\nb", 1, true, false);
        check("a\nb", "a\nc\n", 1, false, false);
        check("a\nb", "a\n", 1, false, false);
        // A line of the newer one that has not ended is not shared, though its bytes are.
        check("a\nb\n", "a\nb", 1, false, false);
        // Between the two bytes of a line end.
        check("a\r\nb\r", "a\r\nb\r\n", 1, true, true);
        check("a\r\nb\r", "a\r\nb\n", 1, true, true);
        check("a\r\nb\r", "a\r\nbc\r\n", 1, false, false);
    }

    #[test]
    fn damage_is_laid_to_the_side_that_has_it() {
        let cut = &zip("a\nb\n")[..12];
        let whole = "a\nb\n".as_bytes();
        let found = shared_lines(&mut LineReader::new(cut), &mut LineReader::new(whole));
        assert!(matches!(found, Err(SharedError::Older(ReadError::Damaged { .. }))), "{found:?}");
        let found = shared_lines(&mut LineReader::new(whole), &mut LineReader::new(cut));
        assert!(matches!(found, Err(SharedError::Newer(ReadError::Damaged { .. }))), "{found:?}");
    }

    fn zip(text: &str) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }
}
