//! Cuts lines, at most [`LINE_BYTES_MAX`] of each in memory.

use super::ReadError;
use super::encoding::Text;
use super::expand::ExpandError;
use std::io::{self, Read};

/// Longest line that is read whole. A longer one is for the caller to reject.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// How much is kept of a line that is too long: enough to see what it was.
pub const LINE_KEPT_BYTES: usize = 8 << 10;

const READ_BYTES: usize = 128 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// From 1.
    pub number: u64,
    /// Without `\n` and the `\r` before it. Of an over-long line its first [`LINE_KEPT_BYTES`].
    pub bytes: &'a [u8],
    /// Whether the line had its newline. Only the last line of an object can lack it.
    pub ended: bool,
    /// Length of the whole line, without its line end.
    pub whole_bytes: u64,
    /// Whether the line is longer than [`LINE_BYTES_MAX`].
    pub over_long: bool,
    /// FNV-1a over all bytes of an over-long line, otherwise 0. It lets two versions of a growing object be
    /// compared line by line without keeping a line that is too long to keep.
    pub fingerprint: u64,
}

/// The lines of an object, whatever its compression, in constant memory.
///
/// Gzip, bzip2, xz and zstd are recognised by their magic numbers and may have many members; anything else is read as
/// it is. A UTF-8 byte order mark at the start is dropped, UTF-16 behind its mark is handed out as UTF-8. After an error every further call returns an error again.
pub struct LineReader<R: Read> {
    text: Text<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes after `start` that hold no newline for certain.
    searched: usize,
    lines: u64,
    last_ended: bool,
    at_start: bool,
    at_end: bool,
    fault: Option<Fault>,
    long: LongLine,
}

/// An error in a form that can be repeated.
enum Fault {
    Io(io::ErrorKind, String),
    Damaged(String),
    Expansion,
}

impl<R: Read> LineReader<R> {
    /// Nothing is read before the first line is asked for.
    pub fn new(source: R) -> Self {
        Self {
            text: Text::new(source),
            buffer: vec![0; READ_BYTES],
            start: 0,
            end: 0,
            searched: 0,
            lines: 0,
            last_ended: true,
            at_start: true,
            at_end: false,
            fault: None,
            long: LongLine::default(),
        }
    }

    /// Bytes of the object that have been consumed.
    pub fn compressed_bytes(&self) -> u64 {
        self.text.expander().compressed_bytes()
    }

    /// Bytes that came out of the container.
    pub fn expanded_bytes(&self) -> u64 {
        self.text.expander().expanded_bytes()
    }

    /// How the object is compressed, such as `gzip`, once something was read; `none` when it is not.
    pub fn container(&self) -> &'static str {
        self.text.expander().compression()
    }

    /// The encoding that a mark of UTF-16 at the start told, once something was read.
    pub fn encoding(&self) -> Option<&'static str> {
        self.text.marked()
    }

    /// Lines that were handed out.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the line that was handed out last had its newline; true before the first.
    pub fn last_ended(&self) -> bool {
        self.last_ended
    }

    /// The next line; `None` at the end of the object.
    ///
    /// # Errors
    /// [`ReadError::Io`] when the source fails, [`ReadError::Damaged`] and [`ReadError::Expansion`] when the object
    /// itself is at fault. A line that the fault cut is not handed out.
    pub fn next_line(&mut self) -> Result<Option<RawLine<'_>>, ReadError> {
        if self.at_start {
            self.drop_byte_order_mark()?;
        }
        loop {
            let window = self.buffer.get(self.start + self.searched..self.end).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', window) {
                let from = self.start;
                let to = from + self.searched + at;
                self.start = to + 1;
                self.searched = 0;
                return Ok(Some(self.finish(from, to, true)));
            }
            self.searched = self.end - self.start;
            if self.searched > LINE_BYTES_MAX + 1 || self.long.active {
                let part = self.buffer.get(self.start..self.end).unwrap_or_default();
                self.long.add(part);
                self.start = self.end;
                self.searched = 0;
            }
            if self.fill()? == 0 {
                if self.start == self.end && !self.long.active {
                    return Ok(None);
                }
                let (from, to) = (self.start, self.end);
                self.start = self.end;
                self.searched = 0;
                return Ok(Some(self.finish(from, to, false)));
            }
        }
    }

    fn finish(&mut self, from: usize, to: usize, ended: bool) -> RawLine<'_> {
        self.lines += 1;
        self.last_ended = ended;
        let part = self.buffer.get(from..to).unwrap_or_default();
        let part = if ended { without_return(part) } else { part };
        if self.long.active || part.len() > LINE_BYTES_MAX {
            self.long.add(self.buffer.get(from..to).unwrap_or_default());
            return self.long.close(self.lines, ended);
        }
        RawLine {
            number: self.lines,
            bytes: part,
            ended,
            whole_bytes: part.len() as u64,
            over_long: false,
            fingerprint: 0,
        }
    }

    fn drop_byte_order_mark(&mut self) -> Result<(), ReadError> {
        while self.end - self.start < BYTE_ORDER_MARK.len() && self.fill()? > 0 {}
        self.at_start = false;
        let head = self.buffer.get(self.start..self.end).unwrap_or_default();
        if head.starts_with(BYTE_ORDER_MARK) {
            self.start += BYTE_ORDER_MARK.len();
        }
        Ok(())
    }

    /// Reads more behind what waits; 0 at the end of the object.
    fn fill(&mut self) -> Result<usize, ReadError> {
        if self.at_end {
            return Ok(0);
        }
        if let Some(fault) = &self.fault {
            return Err(self.describe(fault));
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < READ_BYTES / 2 {
            // Doubling stops at the longest line: beyond it the line is dropped piece by piece.
            let longest = LINE_BYTES_MAX + READ_BYTES;
            self.buffer.resize((self.buffer.len() * 2).min(longest).max(self.end + READ_BYTES / 2), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match self.text.read(room) {
            Ok(count) => {
                self.end += count;
                self.at_end = count == 0;
                Ok(count)
            }
            Err(ExpandError::Io(error)) => {
                self.fault = Some(Fault::Io(error.kind(), error.to_string()));
                Err(ReadError::Io(error))
            }
            Err(error) => {
                let fault = match error {
                    ExpandError::Damaged(detail) => Fault::Damaged(detail),
                    _ => Fault::Expansion,
                };
                let described = self.describe(&fault);
                self.fault = Some(fault);
                Err(described)
            }
        }
    }

    fn describe(&self, fault: &Fault) -> ReadError {
        match fault {
            Fault::Io(kind, text) => ReadError::Io(io::Error::new(*kind, text.clone())),
            Fault::Damaged(detail) => ReadError::Damaged { detail: detail.clone(), lines_read: self.lines },
            Fault::Expansion => ReadError::Expansion {
                compressed_bytes: self.compressed_bytes(),
                expanded_bytes: self.expanded_bytes(),
            },
        }
    }
}

fn without_return(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// What is remembered of a line that is too long.
#[derive(Default)]
struct LongLine {
    active: bool,
    kept: Vec<u8>,
    bytes: u64,
    fingerprint: u64,
    /// A `\r` at the end of the last piece: part of the line unless the newline comes next.
    held_return: bool,
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

impl LongLine {
    /// Takes in the next piece of the line, of any size: the outcome does not depend on where pieces part.
    fn add(&mut self, part: &[u8]) {
        if !self.active {
            self.active = true;
            self.kept.clear();
            self.bytes = 0;
            self.fingerprint = FNV_OFFSET;
            self.held_return = false;
        }
        if part.is_empty() {
            return;
        }
        if std::mem::take(&mut self.held_return) {
            self.take(b"\r");
        }
        let body = without_return(part);
        self.held_return = body.len() < part.len();
        self.take(body);
    }

    fn take(&mut self, part: &[u8]) {
        let room = LINE_KEPT_BYTES.saturating_sub(self.kept.len()).min(part.len());
        self.kept.extend_from_slice(part.get(..room).unwrap_or_default());
        self.bytes += part.len() as u64;
        for byte in part {
            self.fingerprint = (self.fingerprint ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
        }
    }

    fn close(&mut self, number: u64, ended: bool) -> RawLine<'_> {
        if std::mem::take(&mut self.held_return) && !ended {
            self.take(b"\r");
        }
        self.active = false;
        RawLine {
            number,
            bytes: &self.kept,
            ended,
            whole_bytes: self.bytes,
            over_long: true,
            fingerprint: self.fingerprint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_any_length_is_read_in_bounded_memory() {
        let mut reader = LineReader::new(io::repeat(b'a').take(8 << 20));
        assert_eq!(reader.next_line().unwrap().map(|line| line.whole_bytes), Some(8 << 20));
        assert!(reader.buffer.len() <= LINE_BYTES_MAX + 2 * READ_BYTES, "{} bytes", reader.buffer.len());
    }
}
