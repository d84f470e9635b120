//! Netskope: transaction events (W3C or CSV) and the events and alerts of its API (JSON).
//!
//! Transactions come with a `#Fields` line or without, in a fixed order of 146 columns (Netskope help, "Transaction Events
//! Fields"); `cs-` is from the client, `sc-` to it. Times are UTC. Of an event `action` is the verdict and `activity` what
//! the user did.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use crate::text;
use trustwatch_model::{Action, RejectReason, Skip};

/// The format `netskope`.
pub(super) static NETSKOPE: Table = Table {
    id: "netskope",
    title: "Netskope",
    reason: "Netskope transactions or events",
    dialects: &[
        Dialect::Json("netskope.events."),
        Dialect::Csv(COLUMNS.len(), COLUMNS),
        Dialect::W3c(Some(COLUMNS)),
    ],
    names: NAMES,
    nothing: &["NotAvailable", "NotChecked", "NoSSL", "N/A", "NA", "n/a", "null", "unknown", "Unavailable"],
    outcomes: &[
        ("alert", Action::Allowed),
        ("allow_default", Action::Allowed),
        ("auth-redirect", Action::Challenged),
        ("bypass", Action::Allowed),
        ("detection", Action::Allowed),
        ("isolate", Action::Allowed),
        ("useralert", Action::Warned),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("date", Field::Date),
    ("time", Field::TimeOfDay),
    ("timestamp", Field::Time),
    ("cs-username", Field::User),
    ("user", Field::User),
    ("ur_normalized", Field::User),
    ("organization_unit", Field::Group),
    // The client's own address; `srcip` is the one that the service saw.
    ("x-cs-userip", Field::SourceIp),
    ("c-ip", Field::SourceIp),
    ("userip", Field::SourceIp),
    ("srcip", Field::SourceIp),
    ("s-ip", Field::DestinationIp),
    ("dstip", Field::DestinationIp),
    ("hostname", Field::Device),
    ("cs-host", Field::Host),
    ("cs-dns", Field::Host),
    ("cs-uri", Field::Path),
    ("cs-uri-query", Field::Query),
    ("cs-uri-port", Field::Port),
    ("cs-uri-scheme", Field::Scheme),
    ("url", Field::Url),
    ("domain", Field::Host),
    ("dsthost", Field::Host),
    ("cs-method", Field::Method),
    ("sc-status", Field::Status),
    ("x-policy-action", Field::Action),
    ("x-request-action", Field::Action),
    ("action", Field::Action),
    ("x-policy-name", Field::Rule),
    ("policy", Field::Rule),
    ("x-category", Field::Category),
    ("category", Field::Category),
    ("appcategory", Field::Category),
    ("sc-bytes", Field::BytesIn),
    ("server_bytes", Field::BytesIn),
    ("cs-bytes", Field::BytesOut),
    ("client_bytes", Field::BytesOut),
    ("sc-content-type", Field::ContentType),
    ("dlp_file", Field::FileName),
    ("object", Field::FileName),
    ("file_name", Field::FileName),
    ("cs-user-agent", Field::UserAgent),
    ("useragent", Field::UserAgent),
    ("cs-referer", Field::Referrer),
    ("referer", Field::Referrer),
    ("x-type", Field::Kind),
    ("access_method", Field::Kind),
    ("audit_log_event", Field::Kind),
    ("event_type", Field::Kind),
    ("netskope_pop", Field::Kind),
    ("_id", Field::Kind),
];

/// The order of a transaction's columns; those that are not used have no name.
const COLUMNS: &[&str] = &[
    "date",
    "time",
    "",
    "cs-bytes",
    "sc-bytes",
    "",
    "c-ip",
    "s-ip",
    "cs-username",
    "cs-method", // 1 to 10
    "cs-uri-scheme",
    "cs-uri-query",
    "cs-user-agent",
    "",
    "sc-status",
    "sc-content-type",
    "cs-dns",
    "cs-host",
    "cs-uri",
    "cs-uri-port", // to 20
    "cs-referer",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 30
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 40
    "",
    "",
    "",
    "x-cs-userip",
    "",
    "",
    "x-category",
    "",
    "x-type",
    "", // to 50
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 60
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 70
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 80
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 90
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 100
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 110
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 120
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "", // to 130
    "",
    "",
    "",
    "",
    "",
    "x-request-action",
    "",
    "x-policy-action",
    "x-policy-name", // to 139
];

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    if row.given(Field::Kind).is_none() {
        return Err(RejectReason::Malformed.into());
    }
    if row.get(Field::Date) == "date" {
        return Err(Skip::Header.into());
    }
    // A site without a login is logged under its address.
    if text::is_address(row.get(Field::User)) {
        row.set(Field::User, "");
    }
    if row.given(Field::Date).is_some() {
        row.set(Field::Offset, "Z");
    }
    Ok(())
}
