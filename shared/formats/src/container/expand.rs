//! Undoes the compression and holds it to its limits.
//!
//! A further compression is one more arm of [`Stream`], recognised in [`Compression::of`].

use super::source::Source;
use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use std::io::{self, BufRead, Read};

/// Most bytes that may come out of one object.
pub const EXPANDED_BYTES_MAX: u64 = 8 << 30;
/// Most bytes that may come out for each compressed byte, on average since the start.
pub const EXPANSION_RATIO_MAX: u64 = 200;
/// Bytes that may come out before the ratio is judged: a small file of equal lines is not an attack.
pub const EXPANSION_FREE_BYTES: u64 = 16 << 20;
/// Most memory that a decoder may take for what it has seen: an object can ask for a window of gigabytes. `zstd --long`
/// and `xz -9` stay below it.
pub const WINDOW_BYTES_MAX: u64 = 1 << WINDOW_LOG_MAX;

const WINDOW_LOG_MAX: u32 = 27;

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
    Bzip2(Box<MultiBzDecoder<Source<R>>>),
    Xz(Box<XzDecoder<Source<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Source<R>>>),
    /// Between the states; never seen from outside.
    Moving,
}

/// How an object is compressed, by its first bytes: names of objects lie, and gzip without `.gz` is common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const XZ_MAGIC: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// A bzip2 stream goes on with its level and the digits of pi, or of the square root of pi when it is empty: three
/// letters alone could begin a line.
const BZIP2_HEAD_BYTES: usize = 10;

impl Compression {
    fn of(head: &[u8]) -> Self {
        let bzip2 = matches!(
            head,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
                | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..]
        );
        if head.starts_with(GZIP_MAGIC) {
            Self::Gzip
        } else if bzip2 {
            Self::Bzip2
        } else if head.starts_with(XZ_MAGIC) {
            Self::Xz
        } else if head.starts_with(ZSTD_MAGIC) {
            Self::Zstd
        } else {
            Self::None
        }
    }

    /// Whether an object of nothing but these bytes is the beginning of a compressed one. Binary marks only: `BZ` is
    /// text.
    fn is_begun(head: &[u8]) -> bool {
        let begun = |magic: &[u8]| !head.is_empty() && head.len() < magic.len() && magic.starts_with(head);
        begun(GZIP_MAGIC) || begun(XZ_MAGIC) || (head.len() > 1 && begun(ZSTD_MAGIC))
    }
}

/// The expanded bytes of an object.
pub(super) struct Expander<R: Read> {
    stream: Stream<R>,
    expanded_bytes: u64,
}

impl<R: Read> Expander<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { stream: Stream::Closed(Source::new(inner)), expanded_bytes: 0 }
    }

    fn source(&self) -> Option<&Source<R>> {
        match &self.stream {
            Stream::Closed(source) | Stream::Plain(source) => Some(source),
            Stream::Gzip(decoder) => Some(decoder.get_ref()),
            Stream::Bzip2(decoder) => Some(decoder.get_ref()),
            Stream::Xz(decoder) => Some(decoder.get_ref()),
            Stream::Zstd(decoder) => Some(decoder.get_ref()),
            Stream::Moving => None,
        }
    }

    pub(super) fn compressed_bytes(&self) -> u64 {
        self.source().map_or(0, Source::consumed_bytes)
    }

    /// How the object is compressed, once something was read.
    pub(super) const fn compression(&self) -> &'static str {
        match &self.stream {
            Stream::Closed(_) | Stream::Plain(_) | Stream::Moving => "none",
            Stream::Gzip(_) => "gzip",
            Stream::Bzip2(_) => "bzip2",
            Stream::Xz(_) => "xz",
            Stream::Zstd(_) => "zstd",
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
        let read = match &mut self.stream {
            Stream::Plain(source) => source.read(out),
            Stream::Gzip(_) => return self.read_gzip(out).and_then(|count| self.counted(count)),
            Stream::Bzip2(decoder) => decoder.read(out),
            Stream::Xz(decoder) => decoder.read(out),
            Stream::Zstd(decoder) => decoder.read(out),
            Stream::Closed(_) | Stream::Moving => Ok(0),
        };
        match read {
            Ok(count) => self.counted(count),
            Err(error) => Err(self.told_apart(error)),
        }
    }

    fn counted(&mut self, count: usize) -> Result<usize, ExpandError> {
        self.expanded_bytes += count as u64;
        if is_beyond_limits(self.compressed_bytes(), self.expanded_bytes) {
            return Err(ExpandError::Limit);
        }
        Ok(count)
    }

    fn told_apart(&self, error: io::Error) -> ExpandError {
        let of_source = self.source().is_none_or(Source::failed) || matches!(self.stream, Stream::Plain(_));
        told_apart(error, of_source)
    }

    fn open(&mut self) -> Result<(), ExpandError> {
        let Stream::Closed(source) = &mut self.stream else { return Ok(()) };
        // No further than the first byte asks for: lines in front of an error of the source are lines all the same.
        let wanted = match source.peek(1).map_err(ExpandError::Io)? {
            [0x1f] => GZIP_MAGIC.len(),
            [b'B'] => BZIP2_HEAD_BYTES,
            [0xfd] => XZ_MAGIC.len(),
            [0x28] => ZSTD_MAGIC.len(),
            _ => 1,
        };
        let head = source.peek(wanted).map_err(ExpandError::Io)?;
        let compression = Compression::of(head);
        if compression == Compression::None && Compression::is_begun(head) {
            return Err(ExpandError::Damaged("the header of the compressed data ends early".to_owned()));
        }
        if let Stream::Closed(source) = std::mem::replace(&mut self.stream, Stream::Moving) {
            self.stream = opened(source, compression)?;
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
                Err(error) => return Err(told_apart(error, decoder.get_ref().failed())),
            }
            let source = decoder.get_mut();
            match next_member(source) {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(Some(error)) => return Err(told_apart(error, source.failed())),
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

/// The decoder of a source. All of them read on through further members or frames: collectors append by concatenation.
fn opened<R: Read>(source: Source<R>, compression: Compression) -> Result<Stream<R>, ExpandError> {
    Ok(match compression {
        Compression::None => Stream::Plain(source),
        Compression::Gzip => Stream::Gzip(Box::new(GzDecoder::new(source))),
        Compression::Bzip2 => Stream::Bzip2(Box::new(MultiBzDecoder::new(source))),
        Compression::Xz => {
            let stream =
                liblzma::stream::Stream::new_stream_decoder(WINDOW_BYTES_MAX, liblzma::stream::CONCATENATED);
            let stream = stream.map_err(|error| ExpandError::Io(error.into()))?;
            Stream::Xz(Box::new(XzDecoder::new_stream(source, stream)))
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(ExpandError::Io)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(ExpandError::Io)?;
            Stream::Zstd(Box::new(decoder))
        }
    })
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
fn told_apart(error: io::Error, of_source: bool) -> ExpandError {
    if of_source {
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
    fn a_compression_is_told_by_more_than_a_word_could_begin_with() {
        let check = |head: &[u8], want: Compression| assert_eq!(Compression::of(head), want, "{head:?}");
        check(b"\x1f\x8b\x08", Compression::Gzip);
        check(b"BZh91AY&SY", Compression::Bzip2);
        check(b"BZh9\x17\x72\x45\x38\x50\x90", Compression::Bzip2);
        check(b"BZh9 is a name", Compression::None);
        check(b"\xfd7zXZ\0", Compression::Xz);
        check(b"\x28\xb5\x2f\xfd", Compression::Zstd);
        check(b"(\xb5 text", Compression::None);
        check(b"", Compression::None);
        for begun in [&b"\x1f"[..], b"\xfd7z", b"\x28\xb5"] {
            assert!(Compression::is_begun(begun), "{begun:?}");
        }
        for text in [&b""[..], b"(", b"BZ", b"\x1f\x00"] {
            assert!(!Compression::is_begun(text), "{text:?}");
        }
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
