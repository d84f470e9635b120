//! BIND's query log (BIND 9 Administrator Reference Manual, "The logging block", category `queries`, `rpz`).
//!
//! `[date time] [category: severity:] client [@0x…] address#port (name): [view x:] query: name class type …`. A response
//! policy writes a line of its own: `rpz QNAME NXDOMAIN rewrite name/type/class via name.of.the.list`. Log either
//! questions or answers, or each name counts twice. The rest of `named`'s messages is not web.
//!
//! Without `print-time` a line has no time but its collector's.

use super::by_line::ByLine;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::wrap::{self, Message};
use crate::row::{self, Field, Row, Rules};
use bumpalo::Bump;
use trustwatch_model::{Action, Event, RejectReason, Skip};

/// The format `bind`.
pub(super) static BIND: ByLine<BindParser> = ByLine {
    id: "bind",
    title: "BIND query log",
    reason: "query lines of BIND",
    parser: |clock| BindParser { clock },
};

pub(super) struct BindParser {
    clock: Clock,
}

/// Outcomes of a response policy.
const OUTCOMES: &[(&str, Action)] = &[
    ("PASSTHRU", Action::Allowed),
    ("NXDOMAIN", Action::Blocked),
    ("NODATA", Action::Blocked),
    ("DROP", Action::Blocked),
    ("TCP-ONLY", Action::Allowed),
    ("CNAME", Action::Blocked),
    ("Local-Data", Action::Blocked),
];

/// How other messages of `named` begin.
const OTHERS: [&str; 20] = [
    "client",
    "error",
    "failed",
    "general",
    "lame",
    "managed",
    "network unreachable",
    "no valid",
    "received",
    "rpz",
    "running",
    "serial",
    "success resolving",
    "timed out",
    "transfer",
    "validating",
    "view",
    "xfer-",
    "zone",
    "resolver",
];

impl ReadLine for BindParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = wrap::behind_tag(message.text, "named");
        let (stamp, text) = own_stamp(text).unwrap_or((message.stamp, text));
        let Some(client) = find_client(text) else {
            let known = OTHERS.iter().any(|begin| text.trim_ascii_start().starts_with(begin));
            return Err(if known { Skip::NotWeb.into() } else { RejectReason::Malformed.into() });
        };
        let mut row = Row::default();
        row.set(Field::Time, stamp);
        request(&mut row, client).ok_or(Skip::NotWeb)?;
        row::event(event, &row, Rules { outcomes: OUTCOMES, ..Rules::default() }, &mut self.clock, arena)
    }
}

/// `23-Nov-2026 09:00:00.123` in front of a line.
fn own_stamp(text: &str) -> Option<(&str, &str)> {
    let (date, rest) = text.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    let shaped = date.len() >= 10
        && date.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && time.bytes().filter(|byte| *byte == b':').count() == 2;
    shaped.then(|| Some((text.get(..date.len() + 1 + time.len())?, rest)))?
}

/// What stands behind `client `, at the beginning or behind category and severity.
fn find_client(text: &str) -> Option<&str> {
    if let Some(client) = text.strip_prefix("client ") {
        return Some(client);
    }
    let (head, client) = text.split_once(": client ")?;
    head.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b':' | b' ' | b'-')).then_some(client)
}

/// Client, name and verdict; `None` for a message about a client that names nothing it asked for.
fn request<'a>(row: &mut Row<'a>, text: &'a str) -> Option<()> {
    let text = if text.starts_with('@') { text.split_once(' ')?.1 } else { text };
    let (address, rest) = text.split_once('#')?;
    row.set(Field::SourceIp, address);
    let (_port, rest) = rest.split_once(" (")?;
    let (asked, rest) = rest.split_once("): ")?;
    let rest = match rest.strip_prefix("view ") {
        Some(view) => view.split_once(": ")?.1,
        None => rest,
    };
    if let Some(policy) = rest.strip_prefix("rpz ") {
        let mut words = policy.split(' ');
        let (_trigger, action) = (words.next()?, words.next()?);
        row.set(Field::Action, action);
        row.set(Field::Rule, policy.split_once(" via ").map_or("", |(_, list)| list));
        row.set(Field::Host, asked);
        return Some(());
    }
    let name = rest.strip_prefix("query: ").or_else(|| rest.strip_prefix("answer: "));
    let name = name.or_else(|| rest.strip_prefix("response: "))?;
    row.set(Field::Host, name.split(' ').next()?);
    Some(())
}
