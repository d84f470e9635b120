//! W3C Extended log files: IIS, Forefront TMG and whatever else names its columns in `#Fields`.
//!
//! Times are UTC by definition (W3C Extended Log File Format, section "Date and time"). IIS writes a space in a value as
//! `+`, so that a plus in a user agent cannot be told from one. A piece of a rotated file can have lost its directive:
//! then a row is read by IIS's own order ([`canonical`]), as far as it can be told.

mod canonical;

use crate::clock::Clock;
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, Sniff};
use crate::read::elff::ElffTable;
use crate::read::wrap::Message;
use crate::row::{self, Field, Names, Row, Rules};
use bumpalo::Bump;
use trustwatch_model::{Event, RejectReason};

const NAMES: &[(&str, Field)] = &[
    ("date", Field::Date),
    ("time", Field::TimeOfDay),
    ("cs-username", Field::User),
    ("c-ip", Field::SourceIp),
    ("r-ip", Field::DestinationIp),
    ("s-ip", Field::DestinationIp),
    ("cs-host", Field::Host),
    ("r-host", Field::Host),
    ("cs-uri", Field::Url),
    ("cs-uri-stem", Field::Path),
    ("cs-uri-query", Field::Query),
    ("cs-uri-scheme", Field::Scheme),
    ("s-port", Field::Port),
    ("r-port", Field::Port),
    ("cs-method", Field::Method),
    ("s-operation", Field::Method),
    ("sc-status", Field::Status),
    ("action", Field::Action),
    ("rule", Field::Rule),
    ("UrlCategory", Field::Category),
    ("sc-bytes", Field::BytesIn),
    ("cs-bytes", Field::BytesOut),
    ("cs-mime-type", Field::ContentType),
    ("cs(User-Agent)", Field::UserAgent),
    ("c-agent", Field::UserAgent),
    ("cs(Referer)", Field::Referrer),
    ("cs-referred", Field::Referrer),
];

/// The format `w3c_iis`.
pub(super) struct W3cIis;

impl Format for W3cIis {
    fn id(&self) -> &'static str {
        "w3c_iis"
    }

    fn title(&self) -> &'static str {
        "W3C Extended log file (IIS, TMG and others)"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let reason = "W3C rows with a #Fields line or in the order of IIS";
        // Products that write W3C too go before this one.
        let sniff = Sniff::by_reading(self.id(), reason, head, W3cParser::new(Clock::any_time()))?;
        Some(Sniff { confidence: sniff.confidence.min(90), ..sniff })
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(W3cParser::new(Clock::new(context)))
    }
}

struct W3cParser {
    names: Names,
    table: ElffTable,
    clock: Clock,
}

impl W3cParser {
    fn new(clock: Clock) -> Self {
        let names = Names::new(NAMES, &[]);
        let table = ElffTable::new(&names, None);
        Self { names, table, clock }
    }
}

impl ReadLine for W3cParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let mut row = Row::default();
        match self.table.read(&self.names, message.text, &mut row, arena) {
            Err(NoEvent::Reject(RejectReason::NoHeader)) => {
                canonical::read(&mut row, message.text).ok_or(RejectReason::NoHeader)?;
            }
            read => read?,
        }
        row.set(Field::Offset, "Z");
        let agent = row.get(Field::UserAgent);
        if agent.contains('+') && !agent.contains(' ') {
            row.set(Field::UserAgent, arena.alloc_str(&agent.replace('+', " ")));
        }
        row::event(event, &row, Rules::default(), &mut self.clock, arena)
    }
}
