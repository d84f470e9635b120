//! The text of an object as UTF-8: Windows PowerShell 5 writes UTF-16 with a byte order mark (`Export-Csv`, `Out-File`).
//!
//! Only the mark tells. UTF-8 and everything else goes through as it is; single lines that are not UTF-8 are looked at
//! where they are read.

use super::expand::{ExpandError, Expander};
use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};
use std::io::Read;

const INPUT_BYTES: usize = 64 * 1024;

/// Bytes of a byte order mark of UTF-16.
const MARK_BYTES: usize = 2;

enum Stage {
    /// Nothing was read yet.
    Closed,
    /// What the mark would have been still waits, and then all goes through.
    Plain {
        head: [u8; MARK_BYTES],
        from: usize,
        to: usize,
    },
    Utf16(Box<Utf16>),
}

struct Utf16 {
    decoder: Decoder,
    input: Box<[u8]>,
    from: usize,
    to: usize,
    ended: bool,
}

impl Utf16 {
    /// Fills some of `out`, and says whether that was all.
    fn read<R: Read>(
        &mut self,
        expander: &mut Expander<R>,
        out: &mut [u8],
    ) -> Result<(usize, bool), ExpandError> {
        loop {
            if self.from == self.to && !self.ended {
                self.from = 0;
                self.to = expander.read(&mut self.input)?;
                self.ended = self.to == 0;
            }
            let waiting = self.input.get(self.from..self.to).unwrap_or_default();
            // The decoder is never told that the end has come: a version of a growing file may break off inside a letter,
            // and half a letter is no text that the next version goes on from.
            let (result, read, written, _) = self.decoder.decode_to_utf8(waiting, out, false);
            self.from += read;
            let done = self.ended && result == CoderResult::InputEmpty;
            if done || written > 0 || result == CoderResult::OutputFull {
                return Ok((written, done));
            }
        }
    }
}

/// An expanded object that hands out UTF-8.
pub(super) struct Text<R: Read> {
    expander: Expander<R>,
    stage: Stage,
    marked: Option<&'static str>,
}

impl<R: Read> Text<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { expander: Expander::new(inner), stage: Stage::Closed, marked: None }
    }

    /// The encoding that the mark at the start told, once something was read.
    pub(super) const fn marked(&self) -> Option<&'static str> {
        self.marked
    }

    pub(super) const fn expander(&self) -> &Expander<R> {
        &self.expander
    }

    /// Fills some of `out`, which has room for a letter at least; 0 means the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize, ExpandError> {
        if matches!(self.stage, Stage::Closed) {
            self.stage = self.open()?;
        }
        match &mut self.stage {
            Stage::Closed => Ok(0),
            Stage::Plain { head, from, to } if *from < *to => {
                let waiting = head.get(*from..*to).unwrap_or_default();
                let count = waiting.len().min(out.len());
                if let (Some(place), Some(waiting)) = (out.get_mut(..count), waiting.get(..count)) {
                    place.copy_from_slice(waiting);
                }
                *from += count;
                Ok(count)
            }
            Stage::Plain { .. } => self.expander.read(out),
            Stage::Utf16(stage) => {
                let (count, done) = stage.read(&mut self.expander, out)?;
                if done {
                    // A decoder that has finished must not be asked again.
                    self.stage = Stage::Plain { head: [0; MARK_BYTES], from: 0, to: 0 };
                }
                Ok(count)
            }
        }
    }

    fn open(&mut self) -> Result<Stage, ExpandError> {
        let (mut head, mut to) = ([0; MARK_BYTES], 0);
        while let Some(room) = head.get_mut(to..).filter(|room| !room.is_empty()) {
            let count = self.expander.read(room)?;
            if count == 0 {
                break;
            }
            to += count;
        }
        let encoding = match head {
            [0xff, 0xfe] => UTF_16LE,
            [0xfe, 0xff] => UTF_16BE,
            _ => return Ok(Stage::Plain { head, from: 0, to }),
        };
        self.marked = Some(encoding.name());
        Ok(Stage::Utf16(Box::new(Utf16 {
            decoder: encoding.new_decoder_without_bom_handling(),
            input: vec![0; INPUT_BYTES].into_boxed_slice(),
            from: 0,
            to: 0,
            ended: false,
        })))
    }
}
