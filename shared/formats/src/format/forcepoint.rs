//! Forcepoint (Websense) Web Security: CEF, LEEF and `key=value` of its SIEM integration, and the CSV of Web Security
//! Cloud.
//!
//! A category is a number, in CEF the event class id. `suser` is a directory path whose last part is a person's name;
//! `loginID` is the login. The CSV has its date and time in two columns, day first unless the feed says otherwise.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason, Skip};

/// The format `forcepoint`.
pub(super) static FORCEPOINT: Table = Table {
    id: "forcepoint",
    title: "Forcepoint Web Security",
    reason: "Forcepoint's CEF, LEEF, key=value or cloud CSV",
    dialects: &[
        Dialect::Cef(&["Forcepoint", "Websense"]),
        Dialect::Leef(&["Forcepoint", "Websense"]),
        Dialect::Csv(COLUMNS.len(), COLUMNS),
        Dialect::Pairs("vendor"),
    ],
    names: NAMES,
    nothing: &["Not available", "None", "anonymous"],
    outcomes: &[
        ("transaction blocked", Action::Blocked),
        ("transaction permitted", Action::Allowed),
        ("quota", Action::Warned),
        ("confirm", Action::Warned),
        ("authentication", Action::Challenged),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("@id", Field::Category),
    ("categories", Field::Category),
    ("category", Field::Category),
    ("cat", Field::Category),
    ("vendor", Field::Kind),
    ("@name", Field::Kind),
    ("policy_type", Field::Kind),
    ("rt", Field::Time),
    ("devTime", Field::Time),
    ("date", Field::Date),
    ("time", Field::TimeOfDay),
    ("loginID", Field::User),
    ("suser", Field::User),
    ("usrName", Field::User),
    ("user", Field::User),
    ("src", Field::SourceIp),
    ("src_host", Field::SourceIp),
    ("dst", Field::DestinationIp),
    ("dst_ip", Field::DestinationIp),
    ("request", Field::Url),
    ("url", Field::Url),
    ("dhost", Field::Host),
    ("dst_host", Field::Host),
    ("app", Field::Scheme),
    ("protocol", Field::Scheme),
    ("requestMethod", Field::Method),
    ("http_method", Field::Method),
    ("method", Field::Method),
    ("http_response", Field::Status),
    ("status", Field::Status),
    ("act", Field::Action),
    ("action", Field::Action),
    ("Policy", Field::Rule),
    ("policy", Field::Rule),
    ("in", Field::BytesIn),
    ("bytes_in", Field::BytesIn),
    ("out", Field::BytesOut),
    ("bytes_out", Field::BytesOut),
    ("ContentType", Field::ContentType),
    ("http_content_type", Field::ContentType),
    ("fileName", Field::FileName),
    ("file_name", Field::FileName),
    ("requestClientApplication", Field::UserAgent),
    ("http_user_agent", Field::UserAgent),
    ("refererUrl", Field::Referrer),
];

/// The cloud's default report columns; its first address is that of the school's connection.
const COLUMNS: &[&str] = &[
    "date",
    "time",
    "user",
    "",
    "categories",
    "action",
    "",
    "policy",
    "url",
    "src",
    "dst_ip",
    "",
    "",
    "",
    "http_user_agent",
    "status",
    "method",
];

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    if row.get(Field::Date).eq_ignore_ascii_case("date") {
        return Err(Skip::Header.into());
    }
    let time = row.get(Field::TimeOfDay).as_bytes();
    let is_cloud = matches!(time, [_, _, b':', _, _, b':', _, _]) && row.given(Field::Action).is_some();
    if row.given(Field::Kind).is_none() && !is_cloud {
        return Err(RejectReason::Malformed.into());
    }
    let user = row.get(Field::User);
    if user.starts_with("LDAP://") {
        row.set(Field::User, user.rsplit('/').next().unwrap_or_default());
    }
    Ok(())
}
