//! The heart of normalise: every line of an object gets exactly one place in the account.

use bumpalo::Bump;
use std::io::Read;
use trustwatch_formats::{Line, LineParser, LineReader, RawLine, ReadError};
use trustwatch_model::{Counts, Event, HeldLine, RejectReason, Skip};

/// Where events and rejects go.
pub trait Sink {
    /// What can go wrong there.
    type Error;

    /// Takes an event.
    ///
    /// # Errors
    /// As the sink has them.
    fn event(&mut self, event: &Event<'_>) -> Result<(), Self::Error>;

    /// Takes a line that could not become one.
    ///
    /// # Errors
    /// As the sink has them.
    fn reject(&mut self, line: &RawLine<'_>, reason: RejectReason) -> Result<(), Self::Error>;
}

/// What is known of an object's lines before they are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    /// So many lines from the beginning were delivered by the preceding version.
    pub repeat_lines: u64,
    /// Whether a last line without its newline waits for its end.
    pub hold_last: bool,
    /// Only this line is wanted; the others are read for what they tell the parser, and not counted.
    pub only_line: Option<u64>,
}

/// Why an account could not be finished.
#[derive(Debug)]
pub enum AccountError<E> {
    /// The object cannot be read.
    Read(ReadError),
    /// The sink failed.
    Sink(E),
}

/// Reads all lines and gives each its place.
///
/// # Errors
/// When the object cannot be read or the sink fails. No line is a reason to fail.
pub fn account<R: Read, S: Sink>(
    lines: &mut LineReader<R>,
    parser: &mut dyn LineParser,
    rules: Rules,
    sink: &mut S,
) -> Result<(Counts, Option<HeldLine>), AccountError<S::Error>> {
    let mut counts = Counts::default();
    let mut held = None;
    let mut arena = Bump::new();
    while let Some(line) = lines.next_line().map_err(AccountError::Read)? {
        let wanted = rules.only_line.is_none_or(|only| only == line.number);
        counts.lines += u64::from(wanted);
        if !line.ended && rules.hold_last {
            counts.held = 1;
            held = Some(HeldLine { line: line.number, bytes: line.whole_bytes });
            continue;
        }
        let parsed = if line.over_long {
            Line::Reject(RejectReason::TooLong)
        } else {
            parser.parse(line.bytes, &arena)
        };
        if !wanted {
            // The parser may have learnt its columns from this line.
        } else if line.number <= rules.repeat_lines {
            counts.skipped.add(Skip::Repeat);
        } else {
            match parsed {
                Line::Event(mut event) => {
                    event.line = line.number;
                    sink.event(&event).map_err(AccountError::Sink)?;
                    counts.events += 1;
                }
                Line::Reject(reason) => {
                    sink.reject(&line, reason).map_err(AccountError::Sink)?;
                    counts.rejects += 1;
                }
                Line::Skip(skip) => counts.skipped.add(skip),
            }
        }
        arena.reset();
    }
    Ok((counts, held))
}
