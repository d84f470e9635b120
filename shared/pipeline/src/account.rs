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

    /// Learns when the event of a complete line happened, whoever delivers it: what this says of an object does not
    /// depend on the rules.
    ///
    /// # Errors
    /// As the sink has them.
    fn passes(&mut self, _event_at: i64) -> Result<(), Self::Error> {
        Ok(())
    }
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
        if line.ended
            && let Line::Event(event) = &parsed
        {
            sink.passes(event.event_at).map_err(AccountError::Sink)?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use trustwatch_formats::{ParseContext, find};
    use trustwatch_model::Window;

    const GOOD: &str =
        "1792396800.000 1 10.0.0.1 TCP_MISS/200 5 GET http://example.org/ - HIER_DIRECT/- text/html";

    #[derive(Default)]
    struct Lines {
        events: Vec<u64>,
        rejects: Vec<(u64, RejectReason)>,
    }

    impl Sink for Lines {
        type Error = std::convert::Infallible;
        fn event(&mut self, event: &Event<'_>) -> Result<(), Self::Error> {
            self.events.push(event.line);
            Ok(())
        }
        fn reject(&mut self, line: &RawLine<'_>, reason: RejectReason) -> Result<(), Self::Error> {
            self.rejects.push((line.number, reason));
            Ok(())
        }
    }

    fn run(text: &str, rules: Rules) -> (Counts, Option<HeldLine>, Lines) {
        let context = ParseContext {
            zone: jiff::tz::TimeZone::UTC,
            window: Window { not_before: 0, not_after: i64::MAX },
            key: "oak/web/access.log",
            arrived_at: 0,
            reading: &trustwatch_model::Reading::default(),
        };
        let mut parser = find("squid").unwrap().parser(&context);
        let mut sink = Lines::default();
        let (counts, held) =
            account(&mut LineReader::new(text.as_bytes()), parser.as_mut(), rules, &mut sink).unwrap();
        assert!(counts.balances(), "{counts:?}");
        (counts, held, sink)
    }

    #[test]
    fn every_line_has_one_place() {
        let text = format!("{GOOD}\n\nnonsense\n# note\n{GOOD}\n");
        let (counts, held, lines) = run(&text, Rules { hold_last: true, ..Rules::default() });
        assert_eq!((counts.lines, counts.events, counts.rejects), (5, 2, 1));
        assert_eq!((counts.skipped.blank, counts.skipped.comment), (1, 1));
        assert_eq!((lines.events, lines.rejects), (vec![1, 5], vec![(3, RejectReason::Malformed)]));
        assert_eq!(held, None);
    }

    #[test]
    fn a_last_line_without_its_newline_waits_when_it_is_to() {
        let text = format!("{GOOD}\n{GOOD}");
        let (counts, held, lines) = run(&text, Rules { hold_last: true, ..Rules::default() });
        assert_eq!((counts.events, counts.held, lines.events), (1, 1, vec![1]));
        assert_eq!(held, Some(HeldLine { line: 2, bytes: GOOD.len() as u64 }));
        let (counts, held, lines) = run(&text, Rules::default());
        assert_eq!((counts.events, counts.held, lines.events, held), (2, 0, vec![1, 2], None));
    }

    #[test]
    fn repeats_are_counted_and_not_delivered() {
        let text = format!("{GOOD}\nnonsense\n{GOOD}\n");
        let (counts, _, lines) = run(&text, Rules { repeat_lines: 2, ..Rules::default() });
        assert_eq!((counts.lines, counts.events, counts.rejects, counts.skipped.repeat), (3, 1, 0, 2));
        assert_eq!(lines.events, [3]);
    }

    #[test]
    fn only_the_wanted_line_is_counted() {
        let text = format!("{GOOD}\nnonsense\n{GOOD}");
        let (counts, _, lines) = run(&text, Rules { only_line: Some(3), ..Rules::default() });
        assert_eq!((counts.lines, counts.events, lines.events), (1, 1, vec![3]));
    }

    #[test]
    fn an_over_long_line_is_a_reject_and_the_next_line_is_read() {
        let text = format!("{}\n{GOOD}\n", "x".repeat(trustwatch_formats::LINE_BYTES_MAX + 1));
        let (_, _, lines) = run(&text, Rules::default());
        assert_eq!((lines.events, lines.rejects), (vec![2], vec![(1, RejectReason::TooLong)]));
    }
}
