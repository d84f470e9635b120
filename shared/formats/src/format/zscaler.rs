//! Zscaler Internet Access: NSS and cloud NSS feeds.
//!
//! The layout is a template that the customer edits, so keys are names and no standard: JSON (`{"sourcetype":…,
//! "event":{…}}` or flat), key=value parted by tabs, CSV with a header, CEF and LEEF, in the vocabulary of the old
//! default (`eurl`, `cip`, `reqsize`) and of the Splunk template (`url`, `ClientIP`, `requestsize`). A field that the
//! template names otherwise is added by the feed's settings. DNS and CASB records that name a host or URL are web
//! events; firewall, tunnel and audit records are not.
//!
//! **Time** carries no zone: the feed's setting says which the template was given. **Encoding.** Fields whose names begin
//! with `e` are percent-encoded as a whole, and have no scheme.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::{Action, RejectReason};

/// The format `zscaler`.
pub(super) static ZSCALER: Table = Table {
    id: "zscaler",
    title: "Zscaler Internet Access",
    reason: "records of a Zscaler NSS feed",
    dialects: &[
        Dialect::Json("event."),
        Dialect::Cef(&["Zscaler"]),
        Dialect::Leef(&["Zscaler"]),
        Dialect::Header(&[&[Field::Time], &[Field::Url], &[Field::Action]]),
        Dialect::Pairs(""),
    ],
    names: NAMES,
    nothing: &["None", "NA", "N/A", "Unknown URL", "Unknown"],
    outcomes: &[
        ("req_allow", Action::Allowed),
        ("req_block", Action::Blocked),
        ("cautioned", Action::Warned),
        ("isolated", Action::Allowed),
    ],
    refine,
    takes_fields: true,
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("sourcetype", Field::Kind),
    ("vendor", Field::Kind),
    ("urlcategory", Field::Detail),
    ("urlcat", Field::Detail),
    ("epochtime", Field::Time),
    ("datetime", Field::Time),
    ("time", Field::Time),
    ("rt", Field::Time),
    ("devTime", Field::Time),
    ("tz", Field::Offset),
    ("login", Field::User),
    ("user", Field::User),
    ("elogin", Field::User),
    ("suser", Field::User),
    ("usrName", Field::User),
    ("dept", Field::Group),
    ("department", Field::Group),
    ("edepartment", Field::Group),
    ("cintip", Field::SourceIp),
    ("ClientIP", Field::SourceIp),
    ("clt_sip", Field::SourceIp),
    ("csip", Field::SourceIp),
    ("cip", Field::SourceIp),
    ("src", Field::SourceIp),
    ("sip", Field::DestinationIp),
    ("serverip", Field::DestinationIp),
    ("srv_dip", Field::DestinationIp),
    ("dst", Field::DestinationIp),
    ("devicehostname", Field::Device),
    ("edevicehostname", Field::Device),
    ("eurl", Field::Url),
    ("url", Field::Url),
    ("fullurl", Field::Url),
    ("request", Field::Url),
    ("ehost", Field::Host),
    ("host", Field::Host),
    ("hostname", Field::Host),
    ("dns_req", Field::Host),
    ("dhost", Field::Host),
    ("proto", Field::Scheme),
    ("protocol", Field::Scheme),
    ("reqmethod", Field::Method),
    ("requestmethod", Field::Method),
    ("requestMethod", Field::Method),
    ("respcode", Field::Status),
    ("status", Field::Status),
    ("action", Field::Action),
    ("reqaction", Field::Action),
    ("act", Field::Action),
    ("urlfilterrulelabel", Field::Rule),
    ("rulelabel", Field::Rule),
    ("reqrulelabel", Field::Rule),
    ("policy", Field::Rule),
    ("category", Field::Category),
    ("cat", Field::Category),
    ("reqsize", Field::BytesOut),
    ("requestsize", Field::BytesOut),
    ("out", Field::BytesOut),
    ("respsize", Field::BytesIn),
    ("responsesize", Field::BytesIn),
    ("in", Field::BytesIn),
    ("contenttype", Field::ContentType),
    ("filename", Field::FileName),
    ("efilename", Field::FileName),
    ("upload_filename", Field::FileName),
    ("eua", Field::UserAgent),
    ("useragent", Field::UserAgent),
    ("ua", Field::UserAgent),
    ("ereferer", Field::Referrer),
    ("refererURL", Field::Referrer),
    ("referer", Field::Referrer),
];

fn refine<'a>(row: &mut Row<'a>, _: crate::read::wrap::Message<'a>, arena: &'a Bump) -> Result<(), NoEvent> {
    let kind = row.get(Field::Kind);
    let is_own = kind.starts_with("zscalernss") || kind == "Zscaler" || row.given(Field::Detail).is_some();
    if !is_own {
        return Err(RejectReason::Malformed.into());
    }
    if row.given(Field::Category).is_none() {
        row.set(Field::Category, row.get(Field::Detail));
    }
    // An encoded URL has its slashes as %2F; in any other the escapes belong to the path.
    let url = row.get(Field::Url);
    let authority = url.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('%') {
        row.set(Field::Url, text::percent_decode(url, false, arena));
    }
    for field in [Field::UserAgent, Field::Group, Field::Rule, Field::User] {
        row.set(field, text::percent_decode(row.get(field), false, arena));
    }
    // The product's own words for types (`Other`, `HTML`) are no media types.
    if !row.get(Field::ContentType).contains('/') {
        row.set(Field::ContentType, "");
    }
    Ok(())
}
