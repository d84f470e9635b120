//! A buffered source that can look ahead, counts what was consumed and remembers whether it failed itself.

use std::io::{self, BufRead, Read};

const BUFFER_BYTES: usize = 64 * 1024;

/// The object's bytes as they arrive.
///
/// `std::io::BufReader` would do but for two things: telling gzip from text needs several bytes even when the inner
/// reader hands out one at a time, and an error of a decoder must be told from an error of the network behind it.
#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    bytes_read: u64,
    failed: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Self { inner, buffer, start: 0, end: 0, bytes_read: 0, failed: false }
    }

    /// Bytes that were taken out of here (not those that wait in the buffer).
    pub(super) const fn consumed_bytes(&self) -> u64 {
        self.bytes_read - (self.end - self.start) as u64
    }

    /// Whether the last error came from the inner reader.
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }

    /// The next `count` bytes, or all that are left when there are fewer.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.end - self.start < count {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            if self.read_more()? == 0 {
                break;
            }
        }
        let waiting = self.buffer.get(self.start..self.end).unwrap_or_default();
        Ok(waiting.get(..count).unwrap_or(waiting))
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        loop {
            match self.inner.read(room) {
                Ok(count) => {
                    self.end += count;
                    self.bytes_read += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.read_more()?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // A read at least as large as the buffer goes straight through: plain objects are copied once only.
        if self.start == self.end && out.len() >= self.buffer.len() {
            return self.read_direct(out);
        }
        let waiting = self.fill_buf()?;
        let count = waiting.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..count), waiting.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: Read> Source<R> {
    fn read_direct(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(out) {
                Ok(count) => {
                    self.bytes_read += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
    }
}
