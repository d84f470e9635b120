//! Undoes the compression and holds it to its limits.
//!
//! A further compression (bzip2, zstd, xz) is one more arm of [`Stream`], recognised in [`Expander::open`].

use super::source::Source;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// Most bytes that may come out of one object.
pub const EXPANDED_BYTES_MAX: u64 = 8 << 30;
/// Most bytes that may come out for each compressed byte, on average since the start.
pub const EXPANSION_RATIO_MAX: u64 = 200;
/// Bytes that may come out before the ratio is judged: a small file of equal lines is not an attack.
pub const EXPANSION_FREE_BYTES: u64 = 16 << 20;

/// Why no more bytes come out.
#[derive(Debug)]
pub(super) enum ExpandError {
    Io(io::Error),
    Damaged(String),
    Limit,
}

enum Stream<R: Read> {
    /// Not opened yet.
    Closed(Source<R>),
    Plain(Source<R>),
    Gzip(Box<GzDecoder<Source<R>>>),
    /// Between the states; never seen from outside.
    Moving,
}

/// The expanded bytes of an object.
pub(super) struct Expander<R: Read> {
    stream: Stream<R>,
    expanded_bytes: u64,
}

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

impl<R: Read> Expander<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { stream: Stream::Closed(Source::new(inner)), expanded_bytes: 0 }
    }

    pub(super) fn compressed_bytes(&self) -> u64 {
        match &self.stream {
            Stream::Closed(source) | Stream::Plain(source) => source.consumed_bytes(),
            Stream::Gzip(decoder) => decoder.get_ref().consumed_bytes(),
            Stream::Moving => 0,
        }
    }

    pub(super) const fn expanded_bytes(&self) -> u64 {
        self.expanded_bytes
    }

    /// Fills some of `out`; 0 means the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, ExpandError> {
        if matches!(self.stream, Stream::Closed(_)) {
            self.open()?;
        }
        let count = match &mut self.stream {
            Stream::Plain(source) => source.read(out).map_err(ExpandError::Io)?,
            Stream::Gzip(_) => self.read_gzip(out)?,
            Stream::Closed(_) | Stream::Moving => 0,
        };
        self.expanded_bytes += count as u64;
        if is_beyond_limits(self.compressed_bytes(), self.expanded_bytes) {
            return Err(ExpandError::Limit);
        }
        Ok(count)
    }

    /// Tells the compression by its first bytes: names of objects lie, and gzip without `.gz` is common.
    fn open(&mut self) -> Result<(), ExpandError> {
        let Stream::Closed(source) = &mut self.stream else { return Ok(()) };
        let head = source.peek(GZIP_MAGIC.len()).map_err(ExpandError::Io)?;
        let gzip = head == GZIP_MAGIC;
        if head == [GZIP_MAGIC[0]] {
            return Err(ExpandError::Damaged("the gzip header ends early".to_owned()));
        }
        if let Stream::Closed(source) = std::mem::replace(&mut self.stream, Stream::Moving) {
            self.stream =
                if gzip { Stream::Gzip(Box::new(GzDecoder::new(source))) } else { Stream::Plain(source) };
        }
        Ok(())
    }

    /// Reads through as many members as there are. Collectors append by concatenation.
    fn read_gzip(&mut self, out: &mut [u8]) -> Result<usize, ExpandError> {
        while let Stream::Gzip(decoder) = &mut self.stream {
            match decoder.read(out) {
                Ok(0) if out.is_empty() => return Ok(0),
                Ok(0) => {}
                Ok(count) => return Ok(count),
                Err(error) => return Err(told_apart(error, decoder.get_ref())),
            }
            let source = decoder.get_mut();
            match next_member(source) {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(Some(error)) => return Err(told_apart(error, source)),
                Err(None) => {
                    let detail = "something that is not gzip follows the compressed data";
                    return Err(ExpandError::Damaged(detail.to_owned()));
                }
            }
            if let Stream::Gzip(decoder) = std::mem::replace(&mut self.stream, Stream::Moving) {
                self.stream = Stream::Gzip(Box::new(GzDecoder::new(decoder.into_inner())));
            }
        }
        Ok(0)
    }
}

const fn is_beyond_limits(compressed_bytes: u64, expanded_bytes: u64) -> bool {
    let steep = expanded_bytes > EXPANSION_FREE_BYTES
        && expanded_bytes > compressed_bytes.saturating_mul(EXPANSION_RATIO_MAX);
    expanded_bytes > EXPANDED_BYTES_MAX || steep
}

/// Whether another member follows. Zero bytes behind a member are padding (tape blocks, preallocated files).
/// `Err(None)` is trailing garbage.
fn next_member<R: Read>(source: &mut Source<R>) -> Result<bool, Option<io::Error>> {
    loop {
        let waiting = source.fill_buf().map_err(Some)?;
        let zeros = waiting.iter().take_while(|byte| **byte == 0).count();
        if waiting.is_empty() {
            return Ok(false);
        }
        if zeros == 0 {
            break;
        }
        source.consume(zeros);
    }
    let head = source.peek(GZIP_MAGIC.len()).map_err(Some)?;
    if GZIP_MAGIC.starts_with(head) { Ok(true) } else { Err(None) }
}

/// An error that the inner reader raised is passed on as it is; any other is the decoder's verdict on the data.
fn told_apart<R: Read>(error: io::Error, source: &Source<R>) -> ExpandError {
    if source.failed() {
        ExpandError::Io(error)
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        ExpandError::Damaged("the compressed data ends early".to_owned())
    } else {
        ExpandError::Damaged(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_the_last_that_is_allowed() {
        let check = |compressed: u64, expanded: u64| {
            assert!(!is_beyond_limits(compressed, expanded), "{expanded} out of {compressed}");
            assert!(is_beyond_limits(compressed, expanded + 1), "{} out of {compressed}", expanded + 1);
        };
        check(1, EXPANSION_FREE_BYTES);
        check(1 << 20, EXPANSION_RATIO_MAX << 20);
        check(EXPANDED_BYTES_MAX, EXPANDED_BYTES_MAX);
        check(u64::MAX, 8 * 1024 * 1024 * 1024);
    }

    #[test]
    fn a_read_into_no_room_takes_nothing() {
        let mut packed = Vec::new();
        flate2::read::GzEncoder::new(&b"ab"[..], flate2::Compression::fast())
            .read_to_end(&mut packed)
            .unwrap();
        let mut expander = Expander::new(&packed[..]);
        assert_eq!(expander.read(&mut []).unwrap(), 0);
        let mut out = [0; 3];
        assert_eq!((expander.read(&mut out).unwrap(), &out), (2, b"ab\0"));
    }
}
