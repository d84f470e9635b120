//! Cloudflare Gateway: Logpush of HTTP and DNS records, one JSON object a line
//! (<https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/>: `gateway_http`, `gateway_dns`,
//! `gateway_network`, `http_requests`, `dns_logs`).
//!
//! Which fields there are is the customer's choice, and so is the form of times: RFC 3339, seconds or nanoseconds.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason};

/// The format `cloudflare`.
pub(super) static CLOUDFLARE: Table = Table {
    id: "cloudflare",
    title: "Cloudflare Gateway",
    reason: "JSON lines with the fields of Logpush",
    dialects: &[Dialect::Json("")],
    names: NAMES,
    nothing: &["<unknown file name>", "unknown"],
    outcomes: &[
        ("isolate", Action::Allowed),
        ("noisolate", Action::Allowed),
        ("allowedByQueryName", Action::Allowed),
        ("allowedOnNoPolicyMatch", Action::Allowed),
        ("allowedOnNoRuleMatch", Action::Allowed),
        ("allowedOnNoLocation", Action::Allowed),
        ("allowedRule", Action::Allowed),
        ("overrideForSafeSearch", Action::Allowed),
        ("overrideApplied", Action::Allowed),
        ("blockedByCategory", Action::Blocked),
        ("blockedAlwaysCategory", Action::Blocked),
        ("blockedByQueryName", Action::Blocked),
        ("blockedRule", Action::Blocked),
    ],
    refine: |row, _, _| refine(row),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("Datetime", Field::Time),
    ("Timestamp", Field::Time),
    ("EdgeStartTimestamp", Field::Time),
    ("Email", Field::User),
    // The client's own address, where there is one; the other is the school's.
    ("SourceInternalIP", Field::SourceIp),
    ("SourceIP", Field::SourceIp),
    ("SrcIP", Field::SourceIp),
    ("ClientIP", Field::SourceIp),
    ("DestinationIP", Field::DestinationIp),
    ("DstIP", Field::DestinationIp),
    ("OriginIP", Field::DestinationIp),
    ("DeviceName", Field::Device),
    ("URL", Field::Url),
    ("HTTPHost", Field::Host),
    ("QueryName", Field::Host),
    ("SNI", Field::Host),
    ("ClientRequestHost", Field::Host),
    ("ClientRequestURI", Field::Path),
    ("ClientRequestScheme", Field::Scheme),
    ("HTTPMethod", Field::Method),
    ("ClientRequestMethod", Field::Method),
    ("HTTPStatusCode", Field::Status),
    ("EdgeResponseStatus", Field::Status),
    ("Action", Field::Action),
    ("ResolverDecision", Field::Action),
    ("PolicyName", Field::Rule),
    ("Policy", Field::Rule),
    ("QueryCategoryNames", Field::Category),
    ("CategoryNames", Field::Category),
    ("MatchedCategoryNames", Field::Category),
    ("EdgeResponseBytes", Field::BytesIn),
    ("ClientRequestBytes", Field::BytesOut),
    ("EdgeResponseContentType", Field::ContentType),
    ("DownloadedFileNames", Field::FileName),
    ("UploadedFileNames", Field::FileName),
    ("BlockedFileName", Field::FileName),
    ("UserAgent", Field::UserAgent),
    ("ClientRequestUserAgent", Field::UserAgent),
    ("Referer", Field::Referrer),
    ("ClientRequestReferer", Field::Referrer),
    ("ColoCode", Field::Kind),
    ("AccountID", Field::Kind),
    ("RequestID", Field::Kind),
    ("RayID", Field::Kind),
    ("SessionID", Field::Kind),
];

/// The fields that any record has besides those of others: names in Pascal case are Cloudflare's habit.
const KNOWN_MIN: u32 = 3;

fn refine(row: &mut Row<'_>) -> Result<(), NoEvent> {
    if row.known() < KNOWN_MIN {
        return Err(RejectReason::Malformed.into());
    }
    Ok(())
}
