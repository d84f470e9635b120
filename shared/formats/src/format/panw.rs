//! Palo Alto Networks: PAN-OS firewalls, Prisma Access, Strata Logging Service.
//!
//! Syslog CSV (PAN-OS Administrator's Guide, "Threat Log Fields" and "URL Filtering Log Fields": versions append
//! columns), CEF and LEEF by the published templates, and the JSON of the logging service. A web event is a `THREAT` of
//! subtype `url`; other threats name a file or nothing, and other types are sessions and system messages.
//!
//! **Action.** `alert` lets through. `block-continue` showed a page with a button; `continue` is the press of it.
//! **Time.** The time of generation (column 7) is local to the feed; the high-resolution stamp of PAN-OS 10 (column 108)
//! has an offset and counts where it stands. **URL.** Without a scheme.

use super::table::{Dialect, PLAIN, Table, columns};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason, Skip};

/// The format `panw`.
pub(super) static PANW: Table = Table {
    id: "panw",
    title: "Palo Alto Networks",
    reason: "CSV, CEF, LEEF or JSON of PAN-OS logs",
    dialects: &[
        Dialect::Cef(&["Palo Alto Networks"]),
        Dialect::Leef(&["Palo Alto Networks"]),
        Dialect::Json(""),
        Dialect::Csv(5, COLUMNS),
    ],
    names: NAMES,
    nothing: &["any", "N/A", "not-applicable"],
    outcomes: &[
        ("alert", Action::Allowed),
        ("block-continue", Action::Warned),
        ("block-override", Action::Warned),
        ("block-url", Action::Blocked),
        ("drop-packet", Action::Blocked),
        ("override-lockout", Action::Blocked),
        ("reset-both", Action::Blocked),
        ("reset-client", Action::Blocked),
        ("reset-server", Action::Blocked),
        ("sinkhole", Action::Blocked),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("type", Field::Kind),
    ("LogType", Field::Kind),
    ("@id", Field::Kind),
    ("subtype", Field::Detail),
    ("Subtype", Field::Detail),
    ("@name", Field::Detail),
    ("high_res_timestamp", Field::Time),
    ("time_generated", Field::Time),
    ("TimeGenerated", Field::Time),
    ("rt", Field::Time),
    ("devTime", Field::Time),
    ("dtz", Field::Offset),
    ("src", Field::SourceIp),
    ("SourceAddress", Field::SourceIp),
    ("dst", Field::DestinationIp),
    ("DestinationAddress", Field::DestinationIp),
    ("srcuser", Field::User),
    ("SourceUser", Field::User),
    ("suser", Field::User),
    ("usrName", Field::User),
    ("misc", Field::Url),
    ("URL", Field::Url),
    ("request", Field::Url),
    ("url", Field::Url),
    ("app", Field::Scheme),
    ("Application", Field::Scheme),
    ("action", Field::Action),
    ("Action", Field::Action),
    ("act", Field::Action),
    ("category", Field::Category),
    ("URLCategory", Field::Category),
    ("rule", Field::Rule),
    ("Rule", Field::Rule),
    ("content_type", Field::ContentType),
    ("ContentType", Field::ContentType),
    ("user_agent", Field::UserAgent),
    ("UserAgent", Field::UserAgent),
    ("requestClientApplication", Field::UserAgent),
    ("referer", Field::Referrer),
    ("Referer", Field::Referrer),
    ("PanOSReferer", Field::Referrer),
    ("http_method", Field::Method),
    ("HTTPMethod", Field::Method),
    ("requestMethod", Field::Method),
    ("SourceDeviceHost", Field::Device),
    ("PanOSSourceDeviceHost", Field::Device),
];

/// Columns of a threat record; those that are not used have no name.
const COLUMNS: &[&str] = &columns::<108>(&[
    (4, "type"),
    (5, "subtype"),
    (7, "time_generated"),
    (8, "src"),
    (9, "dst"),
    (12, "rule"),
    (13, "srcuser"),
    (15, "app"),
    (31, "action"),
    (32, "misc"),
    (34, "category"),
    (42, "content_type"),
    (47, "user_agent"),
    (50, "referer"),
    (64, "http_method"),
    (108, "high_res_timestamp"),
]);

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    let kind = row.get(Field::Kind);
    // Types are words in upper case: TRAFFIC, SYSTEM, GLOBALPROTECT, HIPMATCH.
    if kind.len() < 3 || !kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-') {
        return Err(RejectReason::Malformed.into());
    }
    let is_url = kind == "THREAT" && row.get(Field::Detail).eq_ignore_ascii_case("url");
    let is_url = is_url || kind == "URL";
    if is_url { Ok(()) } else { Err(Skip::NotWeb.into()) }
}
