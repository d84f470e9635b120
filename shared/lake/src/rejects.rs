//! Lines that could not become events, kept with their number and reason.

use crate::{LakeError, RejectsRef, keys, sha256_hex};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::io::Write;
use trustwatch_model::RejectReason;

/// Bytes of a reject that are kept. A longer line is cut here; the whole of it stays in the raw object.
pub const REJECT_BYTES_KEPT: usize = 64 << 10;

/// Length of the JSON at which a reject file is finished and the next one begun.
const FILE_BYTES: usize = 8 << 20;
const ZSTD_LEVEL: i32 = 3;

/// One line of a reject file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectLine {
    /// Source of the line.
    pub source_id: String,
    /// Line number, from 1.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
    /// Length of the whole line.
    pub bytes: u64,
    /// The line's bytes as text; a byte that is not UTF-8 stands as U+0000 to U+00FF in `latin1`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// The line's bytes one by one as U+0000 to U+00FF, when they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latin1: Option<String>,
}

/// A finished reject file: JSON lines under zstd.
#[derive(Debug, Clone)]
pub struct RejectFile {
    /// Its entry in the manifest.
    pub entry: RejectsRef,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Collects the rejects of one object.
pub struct RejectWriter {
    school: String,
    source_id: String,
    arrived: Date,
    encoder: Option<zstd::Encoder<'static, Vec<u8>>>,
    written: usize,
    lines: u64,
    done: Vec<RejectFile>,
}

impl RejectWriter {
    /// A writer for the rejects of one object that arrived on this UTC day.
    #[must_use]
    pub const fn new(school: String, source_id: String, arrived: Date) -> Self {
        Self { school, source_id, arrived, encoder: None, written: 0, lines: 0, done: Vec::new() }
    }

    /// Keeps one line. `kept` may be the beginning of a longer line of `whole_bytes`.
    ///
    /// # Errors
    /// Only when zstd fails.
    pub fn push(
        &mut self,
        line: u64,
        reason: RejectReason,
        kept: &[u8],
        whole_bytes: u64,
    ) -> Result<(), LakeError> {
        let kept = kept.get(..REJECT_BYTES_KEPT).unwrap_or(kept);
        let text = std::str::from_utf8(kept).ok().map(str::to_owned);
        let latin1 = text.is_none().then(|| kept.iter().map(|byte| char::from(*byte)).collect());
        let row =
            RejectLine { source_id: self.source_id.clone(), line, reason, bytes: whole_bytes, text, latin1 };
        let mut json = serde_json::to_vec(&row).map_err(std::io::Error::from)?;
        json.push(b'\n');
        let encoder = match &mut self.encoder {
            Some(encoder) => encoder,
            none => none.insert(zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        };
        encoder.write_all(&json)?;
        self.written += json.len();
        self.lines += 1;
        if self.written >= FILE_BYTES {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), LakeError> {
        let Some(encoder) = self.encoder.take() else { return Ok(()) };
        let bytes = encoder.finish()?;
        let sha256 = sha256_hex(&bytes);
        self.done.push(RejectFile {
            entry: RejectsRef {
                key: keys::rejects(&self.school, self.arrived, &sha256),
                lines: self.lines,
                bytes: bytes.len() as u64,
                sha256,
            },
            bytes,
        });
        (self.written, self.lines) = (0, 0);
        Ok(())
    }

    /// The files that are finished so far.
    pub fn take_finished(&mut self) -> Vec<RejectFile> {
        std::mem::take(&mut self.done)
    }

    /// Finishes the last file.
    ///
    /// # Errors
    /// As [`RejectWriter::push`].
    pub fn finish(mut self) -> Result<Vec<RejectFile>, LakeError> {
        self.close()?;
        Ok(self.done)
    }
}
