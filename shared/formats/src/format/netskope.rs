//! Netskope: transaction events (W3C or CSV) and the events and alerts of its API (JSON).
//!
//! Transactions come with a `#Fields` line or without, in a fixed order of 146 columns (Netskope help, "Transaction Events
//! Fields"); `cs-` is from the client, `sc-` to it. Times are UTC. Of an event `action` is the verdict and `activity` what
//! the user did.

use super::table::{Dialect, PLAIN, Table, columns};
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
const COLUMNS: &[&str] = &columns::<139>(&[
    (1, "date"),
    (2, "time"),
    (4, "cs-bytes"),
    (5, "sc-bytes"),
    (7, "c-ip"),
    (8, "s-ip"),
    (9, "cs-username"),
    (10, "cs-method"),
    (11, "cs-uri-scheme"),
    (12, "cs-uri-query"),
    (13, "cs-user-agent"),
    (15, "sc-status"),
    (16, "sc-content-type"),
    (17, "cs-dns"),
    (18, "cs-host"),
    (19, "cs-uri"),
    (20, "cs-uri-port"),
    (21, "cs-referer"),
    (44, "x-cs-userip"),
    (47, "x-category"),
    (49, "x-type"),
    (136, "x-request-action"),
    (138, "x-policy-action"),
    (139, "x-policy-name"),
]);

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
