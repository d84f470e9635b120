//! Unbound's log of queries, replies and local actions (unbound.conf: `log-queries`, `log-replies`, `log-local-actions`,
//! `log-tag-queryreply`).
//!
//! `[epoch] unbound[pid:thread] info: address name. type class`, with `query:` or `reply:` for `info:` where tags are on;
//! a local zone or response policy puts its verdict in front of `address@port`. Log either queries or replies, or each
//! name counts twice. The rest of the daemon's messages is not web.

use super::by_line::ByLine;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::wrap::{self, Message};
use crate::row::{self, Field, Row, Rules};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::{Action, Event, RejectReason, Skip};

/// The format `unbound`.
pub(super) static UNBOUND: ByLine<UnboundParser> = ByLine {
    id: "unbound",
    title: "Unbound query log",
    reason: "lines of Unbound",
    parser: |clock| UnboundParser { clock },
};

pub(super) struct UnboundParser {
    clock: Clock,
}

/// Types of local zones, and actions of a response policy.
const OUTCOMES: &[(&str, Action)] = &[
    ("always_deny", Action::Blocked),
    ("always_null", Action::Blocked),
    ("always_nxdomain", Action::Blocked),
    ("always_refuse", Action::Blocked),
    ("always_transparent", Action::Allowed),
    ("inform", Action::Allowed),
    ("inform_deny", Action::Blocked),
    ("inform_redirect", Action::Blocked),
    ("nodata", Action::Blocked),
    ("nodefault", Action::Allowed),
    ("nxdomain", Action::Blocked),
    ("passthru", Action::Allowed),
    ("refuse", Action::Blocked),
    ("static", Action::Blocked),
    ("transparent", Action::Allowed),
    ("typetransparent", Action::Allowed),
];

impl ReadLine for UnboundParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let malformed = RejectReason::Malformed;
        let text = wrap::behind_tag(message.text, "unbound");
        let (stamp, text) = own_stamp(text).unwrap_or((message.stamp, text));
        let text = text.strip_prefix("unbound").unwrap_or(text);
        // `[pid:thread]` stands in front of every message.
        let inside = text.strip_prefix('[').and_then(|text| text.split_once("] ")).ok_or(malformed)?;
        let (thread, text) = inside;
        if !thread.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
            return Err(malformed.into());
        }
        let (_level, text) = text.split_once(": ").ok_or(malformed)?;
        let mut row = Row::default();
        row.set(Field::Time, stamp);
        request(&mut row, text).ok_or(Skip::NotWeb)?;
        row::event(event, &row, Rules { outcomes: OUTCOMES, ..Rules::default() }, &mut self.clock, arena)
    }
}

/// `[1795428000] ` in front of a line.
fn own_stamp(text: &str) -> Option<(&str, &str)> {
    let (stamp, rest) = text.strip_prefix('[')?.split_once("] ")?;
    stamp.bytes().all(|byte| byte.is_ascii_digit()).then_some((stamp, rest))
}

/// Address, name, type and class stand in a row; what stands before them is the verdict.
fn request<'a>(row: &mut Row<'a>, text: &'a str) -> Option<()> {
    let mut words = text.split(' ');
    let mut before = ["", ""];
    let client = loop {
        let word = words.next()?;
        let (address, _port) = text::cut(word, b'@').unwrap_or((word, ""));
        if text::is_address(address) {
            break address;
        }
        before = [before.last().copied().unwrap_or_default(), word];
    };
    let (name, _kind, class) = (words.next()?, words.next()?, words.next()?);
    if !matches!(class, "IN" | "CH" | "HS" | "ANY") {
        return None;
    }
    let [rule, verdict] = before;
    row.set(Field::SourceIp, client);
    row.set(Field::Host, name);
    row.set(Field::Action, verdict);
    row.set(Field::Rule, rule.trim_end_matches('.'));
    Some(())
}
