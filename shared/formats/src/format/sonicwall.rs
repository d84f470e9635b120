//! SonicWall firewalls: `key=value` (`id=firewall …`) and CEF (SonicOS Log Events Reference Guide).
//!
//! Messages 97 (web site hit), 14 (access denied) and 16 (access allowed) name a site; whatever else names none is not
//! web. `src` and `dst` hold address, port and interface between colons, `op` a word or a number.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason};

/// The format `sonicwall`.
pub(super) static SONICWALL: Table = Table {
    id: "sonicwall",
    title: "SonicWall",
    reason: "key=value or CEF lines with SonicOS keys",
    dialects: &[Dialect::Cef(&["SonicWall"]), Dialect::Pairs("")],
    names: NAMES,
    nothing: &["N/A", "NA", "Unknown (SSO failed)", "Unknown", "0.0.0.0"],
    outcomes: &[
        ("web site access denied", Action::Blocked),
        ("website access denied", Action::Blocked),
        ("web site access allowed", Action::Allowed),
        ("web site hit", Action::Allowed),
        ("syslog website accessed", Action::Allowed),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("m", Field::Kind),
    ("@id", Field::Kind),
    ("sn", Field::Detail),
    ("@name", Field::Detail),
    ("time", Field::Time),
    ("rt", Field::Time),
    ("usr", Field::User),
    ("user", Field::User),
    ("susr", Field::User),
    ("suser", Field::User),
    ("src", Field::SourceIp),
    ("dst", Field::DestinationIp),
    ("dstname", Field::Host),
    ("arg", Field::Path),
    ("request", Field::Url),
    ("proto", Field::Scheme),
    ("op", Field::Method),
    ("requestMethod", Field::Method),
    ("result", Field::Status),
    ("fw_action", Field::Action),
    ("msg", Field::Action),
    ("Category", Field::Category),
    ("webCategory", Field::Category),
    ("website-category", Field::Category),
    ("rcvd", Field::BytesIn),
    ("in", Field::BytesIn),
    ("sent", Field::BytesOut),
    ("out", Field::BytesOut),
    ("rule", Field::Rule),
];

/// What the numbers of `op` stand for.
const METHODS: [(&str, &str); 3] = [("1", "GET"), ("2", "POST"), ("3", "HEAD")];

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    if row.given(Field::Kind).is_none() || row.given(Field::Detail).is_none() {
        return Err(RejectReason::Malformed.into());
    }
    for field in [Field::SourceIp, Field::DestinationIp] {
        let value = row.get(field);
        // An IPv6 address has colons of its own and stands alone.
        if value.contains('.') {
            row.set(field, value.split(':').next().unwrap_or_default());
        }
    }
    // Its CEF leaves quotes around values.
    for field in [Field::User, Field::Action, Field::Category, Field::Rule] {
        let value = row.get(field).trim_matches('"');
        row.set(field, if value == "NA" { "" } else { value });
    }
    if row.given(Field::Action).is_none() {
        row.set(Field::Action, row.get(Field::Detail));
    }
    row.set(Field::Scheme, row.get(Field::Scheme).rsplit('/').next().unwrap_or_default());
    let method = row.get(Field::Method);
    let named = METHODS.iter().find(|(number, _)| *number == method).map(|(_, name)| *name);
    row.set(Field::Method, named.unwrap_or(method));
    Ok(())
}
