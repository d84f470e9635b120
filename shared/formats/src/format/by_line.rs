//! Formats of one product and one event a line, whose parser needs a clock and nothing else.

use crate::clock::Clock;
use crate::parser::{Format, LineParser, ParseContext, ReadLine, Sniff};

/// A format that says what its lines are by reading them.
pub(super) struct ByLine<P> {
    /// The word that a feed's settings use.
    pub id: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What recognition says it saw.
    pub reason: &'static str,
    /// A fresh parser.
    pub parser: fn(Clock) -> P,
}

impl<P: ReadLine + 'static> Format for ByLine<P> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        Sniff::by_reading(self.id, self.reason, head, (self.parser)(Clock::any_time()))
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new((self.parser)(Clock::new(context)))
    }
}
