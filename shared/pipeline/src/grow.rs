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
}

/// Which of the two objects cannot be read.
#[derive(Debug)]
pub enum SharedError {
    /// The older one.
    Older(ReadError),
    /// The newer one.
    Newer(ReadError),
}

/// Compares two versions from the beginning. The older one is read to its end, because a damaged version was set
/// aside and its lines were delivered by nobody.
///
/// # Errors
/// When one of them cannot be read, with which.
pub fn shared_lines<A: Read, B: Read>(
    older: &mut LineReader<A>,
    newer: &mut LineReader<B>,
) -> Result<Shared, SharedError> {
    let mut shared = Shared { continued: true, ..Shared::default() };
    while let Some(old) = older.next_line().map_err(SharedError::Older)? {
        if !shared.continued {
            continue;
        }
        let new = newer.next_line().map_err(SharedError::Newer)?;
        match new {
            Some(new) if old.ended && same(&old, &new) && new.ended => shared.lines += 1,
            Some(new) if !old.ended && begins(&new, &old) => {
                shared.tail_ended = new.ended && new.bytes.len() == without_return(old.bytes).len();
            }
            _ => shared.continued = false,
        }
    }
    Ok(shared)
}

fn same(old: &RawLine<'_>, new: &RawLine<'_>) -> bool {
    old.bytes == new.bytes && old.whole_bytes == new.whole_bytes && old.fingerprint == new.fingerprint
}

fn begins(new: &RawLine<'_>, old: &RawLine<'_>) -> bool {
    new.bytes.starts_with(without_return(old.bytes))
}

/// A line that broke off between `\r` and `\n` kept its `\r`.
fn without_return(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}
