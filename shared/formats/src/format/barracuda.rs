//! Barracuda: web log streaming of CloudGen Firewall (JSON), and the syslog of Web Security Gateway.
//!
//! CloudGen writes one object a request; `action` is a number of which 0, let through, is documented, and `category` a
//! list of numbers. Threat records name no site. Its box logs share the stream and are free text. The gateway writes
//! `http_scan[123]: epoch-ms elapsed client server type client URL size BYF ALLOWED|BLOCKED …` (Barracuda Campus, "Syslog
//! and the Barracuda Web Security Gateway").

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::read::wrap::Message;
use crate::row::{Field, Row};
use crate::text;
use trustwatch_model::{Action, RejectReason};

/// The format `barracuda`.
pub(super) static BARRACUDA: Table = Table {
    id: "barracuda",
    title: "Barracuda CloudGen Firewall and Web Security Gateway",
    reason: "Barracuda's JSON, box log or http_scan lines",
    dialects: &[Dialect::Json(""), Dialect::W3c(Some(HTTP_SCAN))],
    names: NAMES,
    nothing: &["(-)", "ldap0:", "[ldap0:]"],
    outcomes: &[("0", Action::Allowed), ("detected", Action::Allowed)],
    refine: |row, message, _| refine(row, message),
    tag: "http_scan",
    not_web: is_box_log,
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("timestamp", Field::Time),
    ("epoch", Field::Time),
    ("user", Field::User),
    ("source_ip", Field::SourceIp),
    ("src_ip", Field::SourceIp),
    ("client", Field::SourceIp),
    ("destination_ip", Field::DestinationIp),
    ("dst_ip", Field::DestinationIp),
    ("server", Field::DestinationIp),
    ("name", Field::Url),
    ("url", Field::Url),
    ("domain", Field::Host),
    ("method", Field::Method),
    ("status_code", Field::Status),
    ("action", Field::Action),
    ("operation", Field::Action),
    ("fw_rule", Field::Rule),
    ("app_rule", Field::Rule),
    ("category", Field::Category),
    ("size", Field::BytesIn),
    ("content_type", Field::ContentType),
    ("user_agent", Field::UserAgent),
    ("traffic_type", Field::Kind),
    ("component", Field::Kind),
    ("byf", Field::Kind),
];

/// Columns of the gateway that are used; more follow.
const HTTP_SCAN: &[&str] =
    &["epoch", "elapsed", "client", "server", "content_type", "", "url", "size", "byf", "action"];

/// Severities with which a box log begins, padded to eight letters.
const SEVERITIES: [&str; 7] = ["Info", "Notice", "Warning", "Error", "Security", "Fatal", "Panic"];

fn is_box_log(line: &str) -> bool {
    line.get(..9).is_some_and(|head| head.ends_with(' ') && SEVERITIES.contains(&head.trim_ascii_end()))
}

fn refine<'a>(row: &mut Row<'a>, message: Message<'a>) -> Result<(), NoEvent> {
    let is_json = message.text.starts_with('{');
    if row.given(Field::Kind).is_none() || (!is_json && row.get(Field::Kind) != "BYF") {
        return Err(RejectReason::Malformed.into());
    }
    // Without a login the address stands in its place.
    if text::is_address(row.get(Field::User)) {
        row.set(Field::User, "");
    }
    Ok(())
}
