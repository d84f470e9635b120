//! AdGuard Home's query log: one JSON object a line (AdguardTeam/AdGuardHome, `internal/querylog` and
//! `internal/filtering/reason.go`).
//!
//! Fields that are zero are left out, so a line without a reason was not filtered. Times have the server's offset. DNS
//! knows names and no pages.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason};

/// The format `adguard_home`.
pub(super) static ADGUARD_HOME: Table = Table {
    id: "adguard_home",
    title: "AdGuard Home query log",
    reason: "JSON lines of AdGuard Home's query log",
    dialects: &[Dialect::Json("")],
    names: &[
        ("T", Field::Time),
        ("QH", Field::Host),
        ("QT", Field::Kind),
        ("IP", Field::SourceIp),
        ("CID", Field::Device),
        ("Result.Reason", Field::Detail),
        ("Result.Rules.Text", Field::Rule),
        ("Result.Rule", Field::Rule),
        ("Result.ServiceName", Field::Category),
    ],
    outcomes: &[
        ("NotFilteredNotFound", Action::Allowed),
        ("NotFilteredAllowList", Action::Allowed),
        ("NotFilteredError", Action::Allowed),
        ("FilteredBlockList", Action::Blocked),
        ("FilteredSafeBrowsing", Action::Blocked),
        ("FilteredParental", Action::Blocked),
        ("FilteredInvalid", Action::Blocked),
        ("FilteredSafeSearch", Action::Allowed),
        ("FilteredBlockedService", Action::Blocked),
        ("Rewritten", Action::Allowed),
        ("RewrittenAutoHosts", Action::Allowed),
        ("RewrittenRule", Action::Allowed),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

/// The names of the reasons, by their numbers.
const REASONS: [(&str, &str); 12] = [
    ("0", "NotFilteredNotFound"),
    ("1", "NotFilteredAllowList"),
    ("2", "NotFilteredError"),
    ("3", "FilteredBlockList"),
    ("4", "FilteredSafeBrowsing"),
    ("5", "FilteredParental"),
    ("6", "FilteredInvalid"),
    ("7", "FilteredSafeSearch"),
    ("8", "FilteredBlockedService"),
    ("9", "Rewritten"),
    ("10", "RewrittenAutoHosts"),
    ("11", "RewrittenRule"),
];

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    let host = row.get(Field::Host);
    // A number in the place of the name is a broken record, and would be read as an address.
    let is_name = host.bytes().any(|byte| !byte.is_ascii_digit());
    if row.given(Field::Time).is_none() || row.given(Field::Kind).is_none() || !is_name {
        return Err(RejectReason::Malformed.into());
    }
    let reason = row.given(Field::Detail).unwrap_or("0");
    let name = REASONS.iter().find(|(number, _)| *number == reason).map(|(_, name)| *name);
    row.set(Field::Action, name.unwrap_or(reason));
    Ok(())
}
