//! WatchGuard Firebox: LEEF, and syslog lines of words and `key=value` (Fireware Log Catalog).
//!
//! Proxy messages (`1AFF-…` HTTP, `2CFF-…` HTTPS) name a host in `dstname`, `sni` or `cn`; the rest of the stream does
//! not. A syslog line begins `Allow|Deny interface interface protocol source destination port port msg="…"`. LEEF states
//! a time only where it was asked to; otherwise the collector's counts.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::read::wrap::Message;
use crate::row::{Field, Row};
use crate::text;
use trustwatch_model::RejectReason;

/// The format `watchguard`.
pub(super) static WATCHGUARD: Table = Table {
    id: "watchguard",
    title: "WatchGuard Firebox",
    reason: "LEEF or syslog of a Firebox",
    dialects: &[Dialect::Leef(&["WatchGuard"]), Dialect::Pairs("")],
    names: NAMES,
    nothing: &["N/A", "(none)"],
    refine: |row, message, _| refine(row, message),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("msg_id", Field::Kind),
    ("@id", Field::Kind),
    ("devTime", Field::Time),
    ("src_user", Field::User),
    ("usrName", Field::User),
    ("src", Field::SourceIp),
    ("dst", Field::DestinationIp),
    ("dstPort", Field::Port),
    ("dstname", Field::Host),
    ("sni", Field::Host),
    ("cn", Field::Host),
    ("arg", Field::Path),
    ("op", Field::Method),
    ("disp", Field::Action),
    ("cats", Field::Category),
    ("rule_name", Field::Rule),
    ("policy", Field::Rule),
    ("proxy_act", Field::Rule),
    ("rcvd_bytes", Field::BytesIn),
    ("sent_bytes", Field::BytesOut),
    ("file_name", Field::FileName),
    ("content_type", Field::ContentType),
];

fn refine<'a>(row: &mut Row<'a>, message: Message<'a>) -> Result<(), NoEvent> {
    if row.given(Field::Kind).is_none() {
        return Err(RejectReason::Malformed.into());
    }
    if row.given(Field::Time).is_none() {
        row.set(Field::Time, message.stamp);
    }
    if row.given(Field::Action).is_none() {
        words(row, message.text);
    }
    let scheme = match row.get(Field::Port) {
        "443" => "https",
        "80" => "http",
        _ => return Ok(()),
    };
    row.set(Field::Scheme, scheme);
    Ok(())
}

/// Reads the words between the message's number and its text.
fn words<'a>(row: &mut Row<'a>, text: &'a str) {
    let head = text.find(" msg=").and_then(|end| text.get(..end)).unwrap_or(text);
    let mut words = head.split_ascii_whitespace();
    let Some(action) = words.by_ref().find(|word| matches!(*word, "Allow" | "Deny")) else { return };
    row.set(Field::Action, action);
    let mut addresses = words.clone().filter(|word| text::is_address(word));
    row.set(Field::SourceIp, addresses.next().unwrap_or_default());
    row.set(Field::DestinationIp, addresses.next().unwrap_or_default());
    let mut ports = words.filter(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()));
    row.set(Field::Port, ports.next_back().unwrap_or_default());
}
