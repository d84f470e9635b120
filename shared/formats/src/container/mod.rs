//! Containers: from the bytes of an object to its lines, in constant memory.
//!
//! [`source`] buffers and counts what comes in, [`expand`] undoes the compression, [`encoding`] turns UTF-16 to
//! UTF-8, [`lines`] cuts lines.

mod encoding;
mod expand;
mod lines;
mod source;

pub use expand::{EXPANDED_BYTES_MAX, EXPANSION_FREE_BYTES, EXPANSION_RATIO_MAX, WINDOW_BYTES_MAX};
pub use lines::{LINE_BYTES_MAX, LINE_KEPT_BYTES, LineReader, RawLine};

/// Why an object cannot be read to its end. The lines before the fault have been handed out.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source itself failed. The object may be whole: try again.
    #[error("cannot read the object")]
    Io(#[source] std::io::Error),
    /// The compressed data is corrupt, ends early, or has something else behind it. Trying again does not help.
    #[error("the compressed data is damaged after {lines_read} complete line(s): {detail}")]
    Damaged {
        /// What the decoder said.
        detail: String,
        /// Complete lines that came out before the fault.
        lines_read: u64,
    },
    /// The object expands beyond the limit: not a log.
    #[error("{compressed_bytes} bytes expand to more than {expanded_bytes}")]
    Expansion {
        /// Compressed bytes consumed.
        compressed_bytes: u64,
        /// Bytes that had come out by then.
        expanded_bytes: u64,
    },
}
