//! Log bytes in, web events out: the formats that trustwatch can read.
//!
//! The crate is pure. It knows no clock, no environment, no network and no file system: the caller hands in a
//! [`std::io::Read`], a time zone and the window of time in which a line is believed. The same bytes give the
//! same events on every machine and on every day.
//!
//! Two halves meet at a line:
//!
//! * [`LineReader`] takes the container apart (gzip, bzip2, xz, zstd, or plain) and yields lines in constant memory.
//! * A [`Format`] hands out a [`LineParser`], which turns each line into exactly one [`Line`]: an event, a
//!   reject with its reason, or a skip with its rule. No input makes it panic and no line disappears.
//!
//! ```
//! use trustwatch_formats::{Line, LineReader, ParseContext, find};
//! use trustwatch_model::{Action, Reading, Window};
//!
//! let log = b"1764000000.123     45 10.1.2.3 TCP_DENIED/403 3900 GET http://games.example/ pat HIER_NONE/- text/html\n";
//! let context = ParseContext {
//!     zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
//!     window: Window { not_before: 0, not_after: i64::MAX },
//!     key: "oak/web/access.log",
//!     arrived_at: 1_764_000_600_000_000,
//!     reading: &Reading::default(),
//! };
//! let mut parser = find("squid").unwrap().parser(&context);
//! let mut lines = LineReader::new(&log[..]);
//! let mut arena = bumpalo::Bump::new();
//! while let Some(raw) = lines.next_line().unwrap() {
//!     let Line::Event(event) = parser.parse(raw.bytes, &arena) else { panic!("an event") };
//!     assert_eq!(event.url_domain, Some("games.example"));
//!     assert_eq!(event.action, Some(Action::Blocked));
//!     arena.reset();
//! }
//! ```
//!
//! # Adding a format
//!
//! One file in `format/` and one line in the list of [`formats`]. The contract test loops over the list and
//! holds every format to the same promises.

mod clock;
mod container;
mod derive;
mod format;
mod parser;
mod read;
mod row;
mod scan;
mod stamp;
mod survey;
mod text;
mod time;
mod url_parts;

#[doc(hidden)]
pub mod fuzz;

/// Counts up whenever a line that was an event, a reject or skipped becomes something else: whoever reads again what an
/// earlier build read knows by it that the difference is meant.
pub const READING: u32 = 1;

pub use container::{
    EXPANDED_BYTES_MAX, EXPANSION_FREE_BYTES, EXPANSION_RATIO_MAX, LINE_BYTES_MAX, LINE_KEPT_BYTES,
    LineReader, RawLine, ReadError, WINDOW_BYTES_MAX,
};
pub use format::{
    HeaderSearch, Missing, NearestMap, UnknownHeader, candidates, check, find, formats, recognise,
};
pub use parser::{Format, Line, LineParser, ParseContext, ReadingError, Sniff};
pub use survey::{Lens, SURVEY_BYTES_MAX, SURVEY_LINES_MAX, Sample, Survey, survey};
