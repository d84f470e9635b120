//! dnsmasq's query log, as Pi-hole writes it too (dnsmasq(8), `--log-queries`, `--log-queries=extra`).
//!
//! `dnsmasq[pid]: [serial client/port] query[A] name from client`, and on lines of their own what became of it. A query is
//! an event without an outcome; a block (`gravity blocked`, `regex denied`, `config name is 0.0.0.0` …) is an event of its
//! own, because its line may stand far behind. With `extra` a block names its client; without, the latest of the last
//! [`QUERIES_KEPT`] queries for the name counts. Forwarding, replies and the cache are not web, and neither is DHCP.
//!
//! Stamps have no year and no zone.

use super::by_line::ByLine;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::wrap::{self, Message};
use crate::row::{self, Field, Row, Rules};
use crate::text;
use bumpalo::Bump;
use std::collections::VecDeque;
use trustwatch_model::{Event, RejectReason, Skip};

/// The format `dnsmasq_pihole`.
pub(super) static DNSMASQ_PIHOLE: ByLine<DnsmasqParser> = ByLine {
    id: "dnsmasq_pihole",
    title: "Pi-hole and dnsmasq query log",
    reason: "query lines of dnsmasq",
    parser: |clock| DnsmasqParser { clock, asked: VecDeque::new() },
};

/// Queries that are remembered to find the client of a block.
const QUERIES_KEPT: usize = 64;

pub(super) struct DnsmasqParser {
    clock: Clock,
    /// Names and who asked for them, the latest at the end.
    asked: VecDeque<(String, String)>,
}

/// First words of lines that say what became of a query.
const OTHERS: [&str; 12] = [
    "forwarded",
    "reply",
    "cached",
    "cached-stale",
    "validation",
    "dnssec-query[DS]",
    "dnssec-query[DNSKEY]",
    "dnssec-retry",
    "DHCP",
    "Rate-limiting",
    "special",
    "Apple",
];

impl ReadLine for DnsmasqParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = wrap::behind_tag(message.text, "dnsmasq");
        let is_tagged = text.len() < message.text.len();
        let (client, text) = extra(text).unwrap_or(("", text));
        let mut row = Row::default();
        row.set(Field::Time, message.stamp);
        if let Some((name, asker)) = query(text) {
            self.remember(name, asker);
            row.set(Field::Host, name);
            row.set(Field::SourceIp, asker);
        } else if let Some((name, verdict)) = block(text) {
            row.set(Field::Host, name);
            row.set(Field::Action, verdict);
            row.set(Field::Outcome, "block");
            let asker = if client.is_empty() { self.asker(name) } else { client };
            row.set(Field::SourceIp, arena.alloc_str(asker));
        } else {
            let first = text.split(' ').next().unwrap_or_default();
            let known = is_tagged || OTHERS.contains(&first) || first == "config" || first.starts_with("/");
            return Err(if known { Skip::NotWeb.into() } else { RejectReason::Malformed.into() });
        }
        row::event(event, &row, Rules::default(), &mut self.clock, arena)
    }
}

impl DnsmasqParser {
    fn remember(&mut self, name: &str, asker: &str) {
        let full = self.asked.len() >= QUERIES_KEPT;
        let (mut kept_name, mut kept_asker) =
            if full { self.asked.pop_front().unwrap_or_default() } else { <(String, String)>::default() };
        kept_name.clear();
        kept_name.push_str(name);
        kept_asker.clear();
        kept_asker.push_str(asker);
        self.asked.push_back((kept_name, kept_asker));
    }

    fn asker(&self, name: &str) -> &str {
        let latest = self.asked.iter().rev().find(|(asked, _)| asked.eq_ignore_ascii_case(name));
        latest.map_or("", |(_, asker)| asker)
    }
}

/// `21745 10.10.10.33/59490 ` of `--log-queries=extra`: the client, and what follows.
fn extra(text: &str) -> Option<(&str, &str)> {
    let (serial, rest) = text.split_once(' ')?;
    let (client, rest) = rest.split_once(' ')?;
    let (address, _port) = client.rsplit_once('/')?;
    let shaped = serial.bytes().all(|byte| byte.is_ascii_digit()) && text::is_address(address);
    shaped.then_some((address, rest))
}

/// `query[A] name from client`.
fn query(text: &str) -> Option<(&str, &str)> {
    let (_kind, rest) = text.strip_prefix("query[")?.split_once("] ")?;
    rest.split_once(" from ").map(|(name, client)| (name, client.split(' ').next().unwrap_or_default()))
}

/// The name and the words before it, of a line that says that it was blocked.
fn block(text: &str) -> Option<(&str, &str)> {
    let (said, answer) = text.split_once(" is ")?;
    let (verdict, name) = said.rsplit_once(' ')?;
    let blocks = ["gravity", "regex", "exactly", "special"].iter().any(|word| verdict.starts_with(word))
        && (verdict.ends_with("blocked") || verdict.ends_with("denied") || verdict.ends_with("blacklisted"));
    // A name that the configuration answers with nowhere. `NODATA` is what it says of every name of its own when it is asked
    // for a kind of record that the name has not, as browsers do with HTTPS: no block.
    let nowhere = verdict == "config" && matches!(answer, "0.0.0.0" | "::" | "NXDOMAIN");
    (blocks || nowhere).then_some((name, verdict))
}
