//! Formats that are tables: the dialects in which a product writes, and what its names hold.

use crate::clock::Clock;
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, ReadingError, Sniff};
use crate::read::cef::{self, Cef};
use crate::read::csv::Cells;
use crate::read::elff::ElffTable;
use crate::read::header::{HeaderTable, Required};
use crate::read::json;
use crate::read::leef::Leef;
use crate::read::pairs::{self, Pairs};
use crate::read::wrap::{self, Message};
use crate::row::{self, Columns, Field, Names, Place, Row, Rules};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::{Action, Event, Reading, RejectReason, Skip};

/// A format that is a table. All of it is data but `refine`.
pub(super) struct Table {
    /// The word that a feed's settings use.
    pub id: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What recognition says it saw.
    pub reason: &'static str,
    /// The shapes of its lines; the first that a line has counts.
    pub dialects: &'static [Dialect],
    /// The product's names, best first among those for one field.
    pub names: &'static [(&'static str, Field)],
    /// Names that it shares with others, which come behind its own.
    pub shared_names: &'static [(&'static str, Field)],
    /// What lines in front of a table with a header begin with.
    pub preamble: &'static [&'static str],
    /// The product's words for no value.
    pub nothing: &'static [&'static str],
    /// The product's words for outcomes, where they are not the usual ones.
    pub outcomes: &'static [(&'static str, Action)],
    /// Makes the row of a line of this product what the columns expect. It refuses lines of other products
    /// ([`RejectReason::Malformed`]) and sorts out what is not web.
    pub refine: Refine,
    /// The program that syslog names in front of its lines; empty when there is none.
    pub tag: &'static str,
    /// Lines of the same stream that are not web and have no dialect of their own, told by their shape.
    pub not_web: fn(&str) -> bool,
    /// Most that recognition claims: less than 100 for formats that a more exact one should go before.
    pub confidence_max: u8,
    /// Whether a feed may add names.
    pub takes_fields: bool,
}

/// The code of a table.
pub(super) type Refine = for<'a> fn(&mut Row<'a>, Message<'a>, &'a Bump) -> Result<(), NoEvent>;

/// What most tables have in common.
pub(super) const PLAIN: Table = Table {
    id: "",
    title: "",
    reason: "",
    dialects: &[],
    names: &[],
    shared_names: &[],
    preamble: &[],
    nothing: &[],
    outcomes: &[],
    refine: |_, _, _| Ok(()),
    tag: "",
    not_web: |_| false,
    confidence_max: 100,
    takes_fields: false,
};

/// A shape of lines.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dialect {
    /// One JSON object; the text is a prefix that names may have, such as `event.`.
    Json(&'static str),
    /// CEF of these vendors, of all when there is none. The header is `@id` and `@name`.
    Cef(&'static [&'static str]),
    /// LEEF of these vendors, of all when there is none. The header is `@id`.
    Leef(&'static [&'static str]),
    /// `key=value`, in lines that hold this mark in front of their first pair.
    Pairs(&'static str),
    /// W3C, with the columns before any `#Fields`.
    W3c(Option<&'static [&'static str]>),
    /// CSV with a header row that names of each of these groups a field.
    Header(Required),
    /// CSV that always has these columns, at least so many of them; more may follow.
    Csv(usize, &'static [&'static str]),
}

/// The names of `N` columns, of which only some are of interest: each with its place, from 1. The others have none. A
/// place that there is not stops the build.
#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and refuses a place beyond the end")]
pub(super) const fn columns<const N: usize>(named: &[(usize, &'static str)]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut next = 0;
    while next < named.len() {
        let (place, name) = named[next];
        names[place - 1] = name;
        next += 1;
    }
    names
}

impl Table {
    /// The names that count for a feed, its own first.
    pub(super) fn all_names(&self, reading: &Reading) -> Names {
        Names::with(&reading.fields, &[self.names, self.shared_names], self.nothing)
    }
}

impl Format for Table {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let reading = Reading::default();
        let sniff = Sniff::by_reading(
            self.id,
            self.reason,
            head,
            TableParser::new(self, &reading, Clock::any_time()),
        )?;
        Some(Sniff { confidence: sniff.confidence.min(self.confidence_max), ..sniff })
    }

    fn check(&self, reading: &Reading) -> Result<(), ReadingError> {
        if reading.layout.is_some() {
            return Err(ReadingError::NoLayout { format: self.id });
        }
        if !self.takes_fields && !reading.fields.is_empty() {
            return Err(ReadingError::NoFields { format: self.id });
        }
        Ok(())
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(TableParser::new(self, context.reading, Clock::new(context)))
    }
}

struct TableParser {
    names: Names,
    readers: Vec<Reader>,
    outcomes: &'static [(&'static str, Action)],
    refine: Refine,
    tag: &'static str,
    not_web: fn(&str) -> bool,
    clock: Clock,
}

impl TableParser {
    fn new(table: &Table, reading: &Reading, clock: Clock) -> Self {
        let names = table.all_names(reading);
        let readers = table.dialects.iter().map(|dialect| Reader::new(*dialect, table, &names)).collect();
        let Table { outcomes, refine, tag, not_web, .. } = *table;
        Self { names, readers, outcomes, refine, tag, not_web, clock }
    }
}

impl ReadLine for TableParser {
    fn reads_json(&self) -> bool {
        self.readers.iter().any(|reader| matches!(reader, Reader::Json(_)))
    }

    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = wrap::behind_tag(message.text, self.tag);
        let message = Message { text, ..message };
        if (self.not_web)(text) {
            return Err(Skip::NotWeb.into());
        }
        let mut row = Row::default();
        let mut refusal = NoEvent::from(RejectReason::Malformed);
        let mut is_cut = None;
        for reader in &mut self.readers {
            match reader.read(&self.names, text, &mut row, arena) {
                // What it took for its own before it saw that the line is none.
                Shape::Other if row.known() > 0 => row = Row::default(),
                Shape::Other => {}
                // Another dialect may need no header.
                Shape::Refused(reason) if reason == RejectReason::NoHeader.into() => refusal = reason,
                Shape::Refused(reason) => return Err(reason),
                Shape::Read { is_cut: cut } => {
                    is_cut = Some(cut);
                    break;
                }
            }
        }
        let is_cut = is_cut.ok_or(refusal)?;
        (self.refine)(&mut row, message, arena)?;
        let rules = Rules { outcomes: self.outcomes, is_cut };
        row::event(event, &row, rules, &mut self.clock, arena)
    }
}

/// What a line was to a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Not of this dialect.
    Other,
    /// Of this dialect, and in the row.
    Read { is_cut: bool },
    /// Of this dialect, and no row.
    Refused(NoEvent),
}

/// A dialect with what its lines say of those below them.
enum Reader {
    Json(&'static str),
    Cef(&'static [&'static str]),
    Leef(&'static [&'static str]),
    Pairs(&'static str),
    W3c(ElffTable),
    Header(HeaderTable),
    Csv(usize, Columns),
}

impl Reader {
    fn new(dialect: Dialect, table: &Table, names: &Names) -> Self {
        match dialect {
            Dialect::Json(prefix) => Self::Json(prefix),
            Dialect::Cef(vendors) => Self::Cef(vendors),
            Dialect::Leef(vendors) => Self::Leef(vendors),
            Dialect::Pairs(mark) => Self::Pairs(mark),
            Dialect::W3c(assumed) => Self::W3c(ElffTable::new(names, assumed)),
            Dialect::Header(required) => Self::Header(HeaderTable::new(required, table.preamble)),
            Dialect::Csv(least, columns) => Self::Csv(least, Columns::named(names, columns.iter().copied())),
        }
    }

    fn read<'a>(&mut self, names: &Names, text: &'a str, row: &mut Row<'a>, arena: &'a Bump) -> Shape {
        let read = Shape::Read { is_cut: false };
        match self {
            Self::Json(prefix) => {
                if !text.starts_with(['{', '[']) {
                    // What a list over several lines leaves on its last one.
                    return if text == "]" { Shape::Refused(Skip::Comment.into()) } else { Shape::Other };
                }
                if matches!(text, "[" | "[]") {
                    return Shape::Refused(Skip::Comment.into());
                }
                let whole = json::read(text, arena, &mut |name, value| {
                    names.put(row, name.strip_prefix(*prefix).unwrap_or(name), value.text);
                });
                // An object that cannot be read to its end is a half line, or no JSON at all.
                if whole.is_some() { read } else { Shape::Refused(RejectReason::Malformed.into()) }
            }
            Self::Cef(vendors) => match Cef::read(text).filter(|cef| is_one_of(vendors, cef.vendor)) {
                Some(cef) => {
                    put_cef(names, row, &cef, arena);
                    read
                }
                None => Shape::Other,
            },
            Self::Leef(vendors) => {
                match Leef::read(text, arena).filter(|leef| is_one_of(vendors, leef.vendor)) {
                    Some(leef) => {
                        names.put(row, "@id", leef.event_id);
                        leef.pairs().for_each(|(name, value)| names.put(row, name, value));
                        read
                    }
                    None => Shape::Other,
                }
            }
            Self::Pairs(mark) => {
                // What a browser can write stands behind the first pair.
                if !text.split('=').next().is_some_and(|head| head.contains(*mark)) {
                    return Shape::Other;
                }
                let escapes = memchr::memchr(b'\\', text.as_bytes()).is_some();
                let mut pairs = Pairs::new(text);
                for (name, value) in pairs.by_ref() {
                    names.put(
                        row,
                        name,
                        if escapes { text::unescape(value, pairs::ESCAPED, arena) } else { value },
                    );
                }
                if row.known() == 0 { Shape::Other } else { Shape::Read { is_cut: pairs.is_cut() } }
            }
            Self::W3c(table) => of(table.read(names, text, row, arena)),
            Self::Header(table) => of(table.read(names, text, row, arena)),
            Self::Csv(least, columns) => {
                let mut cells = Cells::new(text, b',', arena);
                let count = columns.fill(names, row, cells.by_ref());
                if count >= *least { Shape::Read { is_cut: cells.is_cut() } } else { Shape::Other }
            }
        }
    }
}

fn of(read: Result<(), NoEvent>) -> Shape {
    match read {
        Ok(()) => Shape::Read { is_cut: false },
        Err(reason) => Shape::Refused(reason),
    }
}

fn is_one_of(vendors: &[&str], vendor: &str) -> bool {
    vendors.is_empty() || vendors.iter().any(|known| known.eq_ignore_ascii_case(vendor))
}

/// Custom fields of a CEF message that are named by another (`cs1Label=Policy cs1=…`): eighteen by ArcSight's
/// dictionary.
const LABELS_MAX: usize = 18;

fn put_cef<'a>(names: &Names, row: &mut Row<'a>, cef: &Cef<'a>, arena: &'a Bump) {
    names.put(row, "@id", cef.event_id);
    names.put(row, "@name", cef.name);
    let mut labels: [Option<(&str, Place)>; LABELS_MAX] = [None; LABELS_MAX];
    if memchr::memmem::find(cef.extension.as_bytes(), b"Label=").is_some() {
        let labelled =
            cef.pairs().filter_map(|(name, label)| Some((name.strip_suffix("Label")?, names.find(label)?)));
        labels.iter_mut().zip(labelled).for_each(|(slot, label)| *slot = Some(label));
    }
    for (name, value) in cef.pairs() {
        let labelled = labels.iter().flatten().find(|(field, _)| *field == name).map(|(_, place)| *place);
        if let Some(place) = names.find(name).or(labelled) {
            names.put_at(row, place, text::unescape(value, cef::ESCAPED, arena));
        }
    }
}
