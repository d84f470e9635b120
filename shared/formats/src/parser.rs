//! The seam between the lines of an object and the formats that read them.

use crate::read::wrap::{self, Message};
use bumpalo::Bump;
use jiff::tz::TimeZone;
use trustwatch_model::{Event, Reading, RejectReason, Skip, Window};

/// What a format has to know beside the line itself.
#[derive(Debug, Clone)]
pub struct ParseContext<'k> {
    /// Zone of local times that carry no offset. An hour that occurs twice (October) is read as its first
    /// occurrence, a time that does not exist (March) is moved forward by the gap.
    pub zone: TimeZone,
    /// The span in which an event is believed; beyond it a line is a reject.
    pub window: Window,
    /// Object key or file name. Some products say only there what their rows mean.
    pub key: &'k str,
    /// When the object arrived, in microseconds since 1970 UTC. It tells the year of a stamp that has none: the latest
    /// in which the stamp lies no more than a day ahead of the arrival.
    pub arrived_at: i64,
    /// What the format leaves to the feed.
    pub reading: &'k Reading,
}

/// What became of one line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "most lines are events, and a box per event is an allocation per line"
)]
pub enum Line<'a> {
    /// A web event. [`Event::line`] is 0: the caller knows the number.
    Event(Event<'a>),
    /// Not an event; to be kept with this reason.
    Reject(RejectReason),
    /// Not an event by a stated rule.
    Skip(Skip),
}

/// Reads the lines of one object in their order. State such as a header row lives in here.
pub trait LineParser: Send {
    /// Reads one line, given without its line end. Values borrow from the line, or from `arena` where they had
    /// to be decoded; reset the arena once the event has been written.
    fn parse<'a>(&mut self, line: &'a [u8], arena: &'a Bump) -> Line<'a>;
}

/// One log format.
pub trait Format: Sync {
    /// The word that a feed's settings use, such as `squid`.
    fn id(&self) -> &'static str;

    /// The name for people, such as `Squid access log`.
    fn title(&self) -> &'static str;

    /// Whether an object looks like this format, judged by its key and its first lines.
    fn sniff(&self, key: &str, head: &[&[u8]]) -> Option<Sniff>;

    /// Refuses what a feed says about the reading of its lines, when this format has no use for it or cannot make
    /// sense of it. [`crate::check`] asks, and looks at the words for fields itself.
    ///
    /// # Errors
    /// [`ReadingError`], for whoever set up the feed.
    fn check(&self, reading: &Reading) -> Result<(), ReadingError> {
        if reading.layout.is_some() {
            return Err(ReadingError::NoLayout { format: self.id() });
        }
        if !reading.fields.is_empty() {
            return Err(ReadingError::NoFields { format: self.id() });
        }
        Ok(())
    }

    /// A fresh parser for one object.
    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser>;
}

/// Why a format cannot be read the way a feed's settings say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// The format has no layout to be stated.
    #[error("format `{format}` has one layout: leave `layout` out")]
    NoLayout {
        /// Id of the format.
        format: &'static str,
    },
    /// The format knows its fields by itself.
    #[error("format `{format}` knows its fields: leave `fields` out")]
    NoFields {
        /// Id of the format.
        format: &'static str,
    },
    /// The layout cannot be understood.
    #[error("layout `{layout}`: {problem}")]
    Layout {
        /// The layout as it was given.
        layout: String,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// A field is said to hold something that an event does not have.
    #[error("field `{name}` cannot be `{word}`: docs/formats.md lists the words")]
    UnknownField {
        /// Name of the source.
        name: String,
        /// What it was said to be.
        word: String,
    },
    /// More fields than can be told apart.
    #[error("{count} fields are named: {max} at most")]
    TooManyFields {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
}

/// How sure a format is that an object is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniff {
    /// Id of the format that says so.
    pub format: &'static str,
    /// 0 to 100: the share of the lines shown that have the format's shape.
    pub confidence: u8,
    /// What was recognised, for the person who sets up the feed.
    pub reason: &'static str,
}

impl Sniff {
    /// The share of the non-blank lines in `head` that `fits` accepts, as a confidence; `None` when none does.
    pub(crate) fn share(
        format: &'static str,
        reason: &'static str,
        head: &[&[u8]],
        mut fits: impl FnMut(&str) -> bool,
    ) -> Option<Self> {
        let arena = Bump::new();
        let (mut lines, mut good) = (0_usize, 0_usize);
        for text in head.iter().filter_map(|line| crate::text::line(line, &arena)) {
            lines += 1;
            good += usize::from(fits(text));
        }
        let confidence = u8::try_from((good * 100).checked_div(lines)?).unwrap_or(100);
        (good > 0).then_some(Self { format, confidence, reason })
    }

    /// The share of lines that a parser takes for its own: events, headers, and what is not web. Its lines must have
    /// marks that no other product's have, or it would claim them too.
    pub(crate) fn by_reading(
        format: &'static str,
        reason: &'static str,
        head: &[&[u8]],
        mut parser: impl ReadLine,
    ) -> Option<Self> {
        Self::share(format, reason, head, |text| {
            let arena = Bump::new();
            let read = parser.unwrap_and_read(text, &mut Event::at(0), &arena);
            matches!(read, Ok(()) | Err(NoEvent::Skip(Skip::Header | Skip::NotWeb)))
        })
    }
}

/// Why a line is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoEvent {
    Reject(RejectReason),
    Skip(Skip),
}

impl From<RejectReason> for NoEvent {
    fn from(reason: RejectReason) -> Self {
        Self::Reject(reason)
    }
}

impl From<Skip> for NoEvent {
    fn from(skip: Skip) -> Self {
        Self::Skip(skip)
    }
}

/// What a format of one line per event has to do itself. The event is handed in and filled in place: it is large, and
/// returning it through every layer would copy it each time.
pub(crate) trait ReadLine: Send {
    /// Whether the product itself writes JSON. An object that it does not know can still be a collector's envelope.
    fn reads_json(&self) -> bool {
        false
    }

    /// Reads a line that is not blank, without white space at its ends and without a collector's wrappers.
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent>;

    /// Takes the wrappers off and reads what is inside.
    fn unwrap_and_read<'a>(
        &mut self,
        text: &'a str,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let message = wrap::strip(Message { text, stamp: "" });
        if message.text.starts_with("last message repeated ") {
            return Err(Skip::Comment.into());
        }
        if !message.text.starts_with('{') {
            return self.read(message, event, arena);
        }
        if self.reads_json() {
            let read = self.read(message, event, arena);
            if read != Err(RejectReason::Malformed.into()) {
                return read;
            }
            *event = Event::at(0);
        }
        let inside = wrap::open_envelope(message, arena).ok_or(RejectReason::Malformed)?;
        self.read(inside, event, arena)
    }
}

impl<T: ReadLine> LineParser for T {
    fn parse<'a>(&mut self, line: &'a [u8], arena: &'a Bump) -> Line<'a> {
        let Some(text) = crate::text::line(line, arena) else { return Line::Skip(Skip::Blank) };
        let mut event = Event::at(0);
        match self.unwrap_and_read(text, &mut event, arena) {
            Ok(()) => Line::Event(event),
            Err(NoEvent::Reject(reason)) => Line::Reject(reason),
            Err(NoEvent::Skip(skip)) => Line::Skip(skip),
        }
    }
}
