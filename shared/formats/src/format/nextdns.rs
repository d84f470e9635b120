//! NextDNS's log download: CSV with a header row (<https://help.nextdns.io>, "Logs").
//!
//! DNS knows names and no pages. Times are RFC 3339 in UTC. A name without a status was answered.

use crate::clock::Clock;
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, Sniff};
use crate::read::header::HeaderTable;
use crate::row::{self, Field, Names, Row, Rules};
use bumpalo::Bump;
use trustwatch_model::{Action, Event};

const NAMES: &[(&str, Field)] = &[
    ("timestamp", Field::Time),
    ("domain", Field::Host),
    // The address in the school's own net; `client_ip` is the school's public one.
    ("device_local_ip", Field::SourceIp),
    ("client_ip", Field::SourceIp),
    ("device_name", Field::Device),
    ("status", Field::Action),
    ("reasons", Field::Rule),
    ("root_domain", Field::Kind),
    ("device_id", Field::Detail),
];

/// The columns that make a header NextDNS's.
const REQUIRED: &[Field] = &[Field::Time, Field::Host, Field::Action, Field::Kind, Field::Detail];

const OUTCOMES: &[(&str, Action)] = &[("default", Action::Allowed), ("relayed", Action::Allowed)];

/// The format `nextdns`.
pub(super) struct NextDns;

impl Format for NextDns {
    fn id(&self) -> &'static str {
        "nextdns"
    }

    fn title(&self) -> &'static str {
        "NextDNS log download"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        Sniff::by_reading(
            self.id(),
            "CSV with the header row of NextDNS",
            head,
            NextDnsParser::new(Clock::any_time()),
        )
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(NextDnsParser::new(Clock::new(context)))
    }
}

struct NextDnsParser {
    table: HeaderTable,
    clock: Clock,
}

impl NextDnsParser {
    fn new(clock: Clock) -> Self {
        Self { table: HeaderTable::new(Names::new(NAMES, &[]), REQUIRED), clock }
    }
}

impl ReadLine for NextDnsParser {
    fn read<'a>(&mut self, text: &'a str, event: &mut Event<'a>, arena: &'a Bump) -> Result<(), NoEvent> {
        let mut row = Row::default();
        self.table.read(text, &mut row, arena)?;
        row::event(event, &row, Rules { outcomes: OUTCOMES, ..Rules::default() }, &mut self.clock, arena)?;
        if event.filter_action.is_none() {
            event.action = Some(Action::Allowed);
        }
        Ok(())
    }
}
