//! Symantec (Blue Coat) ProxySG, Edge SWG and Cloud SWG.
//!
//! W3C with the names of the `#Fields` line; through syslog that line never arrives, and `bcreportermain_v1` is assumed,
//! the format that the product uploads by default (Edge SWG documentation, "Access Log Formats"). Edge SWG also writes
//! `key=value` for Splunk, Cloud SWG one JSON object a line with W3C names. Times are UTC.
//!
//! **Outcome.** `sc-filter-result`: `OBSERVED` and `PROXIED` let through, `DENIED` refused, unless the status is 407,
//! which asks the user to log in. Categories come as logged: a list by `;`, or words with spaces.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::read::wrap::Message;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason};

/// The format `symantec_proxysg`.
pub(super) static SYMANTEC_PROXYSG: Table = Table {
    id: "symantec_proxysg",
    title: "Symantec ProxySG, Edge SWG and Cloud SWG",
    reason: "records with Blue Coat's W3C fields",
    dialects: &[Dialect::Json(""), Dialect::Pairs(" - splunk_format - "), Dialect::W3c(Some(BCREPORTERMAIN))],
    names: NAMES,
    nothing: &["unknown", "none", "None"],
    outcomes: &[("proxied", Action::Allowed)],
    refine: |row, message, _| refine(row, message),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("date", Field::Date),
    ("time", Field::TimeOfDay),
    ("c-ip", Field::SourceIp),
    ("cs-username", Field::User),
    ("cs-userdn", Field::User),
    ("cs-auth-group", Field::Group),
    ("cs-auth-groups", Field::Group),
    ("x-client-device-name", Field::Device),
    ("r-ip", Field::DestinationIp),
    ("c-url", Field::Url),
    ("cs-uri", Field::Url),
    ("cs-host", Field::Host),
    ("cs-uri-scheme", Field::Scheme),
    ("cs-uri-port", Field::Port),
    ("cs-uri-path", Field::Path),
    ("cs-uri-query", Field::Query),
    ("cs-method", Field::Method),
    ("sc-status", Field::Status),
    ("sc-filter-result", Field::Action),
    ("cs-categories", Field::Category),
    ("cs-category", Field::Category),
    ("x-exception-id", Field::Rule),
    ("sc-bytes", Field::BytesIn),
    ("cs-bytes", Field::BytesOut),
    ("rs(Content-Type)", Field::ContentType),
    ("rs(content-type)", Field::ContentType),
    ("rs-Content-Type", Field::ContentType),
    ("cs(User-Agent)", Field::UserAgent),
    ("cs-User-Agent", Field::UserAgent),
    ("cs(Referer)", Field::Referrer),
    ("cs(referer)", Field::Referrer),
    ("cs-Referer", Field::Referrer),
    ("search-terms", Field::SearchTerms),
    ("s-action", Field::Kind),
];

/// Edge SWG documentation, `bcreportermain_v1`.
const BCREPORTERMAIN: &[&str] = &[
    "date",
    "time",
    "time-taken",
    "c-ip",
    "cs-username",
    "cs-auth-group",
    "x-exception-id",
    "sc-filter-result",
    "cs-categories",
    "cs(Referer)",
    "sc-status",
    "s-action",
    "cs-method",
    "rs(Content-Type)",
    "cs-uri-scheme",
    "cs-host",
    "cs-uri-port",
    "cs-uri-path",
    "cs-uri-query",
    "cs-uri-extension",
    "cs(User-Agent)",
    "s-ip",
    "sc-bytes",
    "cs-bytes",
    "x-virus-id",
];

fn refine<'a>(row: &mut Row<'a>, message: Message<'a>) -> Result<(), NoEvent> {
    // Every layout of the product holds the cache's verdict and the filter's: TCP_MISS and OBSERVED.
    if row.given(Field::Kind).is_none() && row.given(Field::Action).is_none() {
        return Err(RejectReason::Malformed.into());
    }
    if row.get(Field::Status) == "407" && row.get(Field::Action).eq_ignore_ascii_case("denied") {
        row.set(Field::Outcome, "challenge");
    }
    if row.given(Field::Date).is_none() {
        // Edge SWG's line for Splunk begins with its time, as a rule with its host glued to it.
        let glued = message.text.as_bytes().get(10) == Some(&b'T');
        let stamp = if glued { message.text.get(..19).unwrap_or_default() } else { message.stamp };
        row.set(Field::Time, stamp);
    }
    row.set(Field::Offset, "Z");
    Ok(())
}
