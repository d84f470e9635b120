//! Products without a format of their own, by the names of a standard and those that a feed adds.
//!
//! * `cef`: ArcSight Common Event Format, "CEF Producer Dictionary".
//! * `leef`: IBM QRadar LEEF, "Predefined LEEF event attributes".
//! * `ndjson`: one JSON object a line, with the names of the Elastic Common Schema or of an event of ours.
//!
//! A feed says in `reading.fields` what other names hold. Times without a zone are local to the feed.

use super::table::{Dialect, PLAIN, Table};
use crate::row::Field;
use trustwatch_model::RejectReason;

/// Any exact format goes before these.
const CONFIDENCE_MAX: u8 = 30;

/// The format `cef`.
pub(super) static CEF: Table = Table {
    id: "cef",
    title: "Common Event Format, any vendor",
    reason: "CEF of no product that is known better",
    dialects: &[Dialect::Cef(&[])],
    names: &[
        ("rt", Field::Time),
        ("end", Field::Time),
        ("start", Field::Time),
        ("dtz", Field::Offset),
        ("suser", Field::User),
        ("duser", Field::User),
        ("src", Field::SourceIp),
        ("dst", Field::DestinationIp),
        ("shost", Field::Device),
        ("request", Field::Url),
        ("dhost", Field::Host),
        ("destinationDnsDomain", Field::Host),
        ("dpt", Field::Port),
        ("app", Field::Scheme),
        ("requestMethod", Field::Method),
        ("act", Field::Action),
        ("outcome", Field::Action),
        ("cat", Field::Category),
        ("Policy", Field::Rule),
        ("Rule", Field::Rule),
        ("URLCategory", Field::Category),
        ("in", Field::BytesIn),
        ("out", Field::BytesOut),
        ("fname", Field::FileName),
        ("requestClientApplication", Field::UserAgent),
        ("requestContext", Field::Referrer),
    ],
    nothing: &["N/A", "NA"],
    confidence_max: CONFIDENCE_MAX,
    takes_fields: true,
    ..PLAIN
};

/// The format `leef`.
pub(super) static LEEF: Table = Table {
    id: "leef",
    title: "Log Event Extended Format, any vendor",
    reason: "LEEF of no product that is known better",
    dialects: &[Dialect::Leef(&[])],
    names: &[
        ("devTime", Field::Time),
        ("usrName", Field::User),
        ("accountName", Field::User),
        ("src", Field::SourceIp),
        ("dst", Field::DestinationIp),
        ("identHostName", Field::Device),
        ("url", Field::Url),
        ("request", Field::Url),
        ("dstname", Field::Host),
        ("dstHost", Field::Host),
        ("domain", Field::Host),
        ("dstPort", Field::Port),
        ("method", Field::Method),
        ("action", Field::Action),
        ("disposition", Field::Action),
        ("cat", Field::Category),
        ("policy", Field::Rule),
        ("bytesIn", Field::BytesIn),
        ("dstBytes", Field::BytesIn),
        ("bytesOut", Field::BytesOut),
        ("srcBytes", Field::BytesOut),
        ("fileName", Field::FileName),
        ("userAgent", Field::UserAgent),
    ],
    nothing: &["N/A", "NA"],
    confidence_max: CONFIDENCE_MAX,
    takes_fields: true,
    ..PLAIN
};

/// The format `ndjson`.
pub(super) static NDJSON: Table = Table {
    id: "ndjson",
    title: "JSON lines with ECS names, any product",
    reason: "JSON lines of no product that is known better",
    dialects: &[Dialect::Json("")],
    names: &[
        ("@timestamp", Field::Time),
        ("event_at", Field::Time),
        ("timestamp", Field::Time),
        ("user.email", Field::User),
        ("user.name", Field::User),
        ("user_name", Field::User),
        ("user.group.name", Field::Group),
        ("user_group", Field::Group),
        ("client.ip", Field::SourceIp),
        ("source.ip", Field::SourceIp),
        ("source_ip", Field::SourceIp),
        ("destination.ip", Field::DestinationIp),
        ("server.ip", Field::DestinationIp),
        ("destination_ip", Field::DestinationIp),
        ("host.name", Field::Device),
        ("device_name", Field::Device),
        ("url.full", Field::Url),
        ("url.original", Field::Url),
        ("url", Field::Url),
        ("url.scheme", Field::Scheme),
        ("url_scheme", Field::Scheme),
        ("url.domain", Field::Host),
        ("dns.question.name", Field::Host),
        ("destination.domain", Field::Host),
        ("url_domain", Field::Host),
        ("url.port", Field::Port),
        ("url_port", Field::Port),
        ("url.path", Field::Path),
        ("url_path", Field::Path),
        ("url.query", Field::Query),
        ("url_query", Field::Query),
        ("search_terms", Field::SearchTerms),
        ("http.request.method", Field::Method),
        ("http_method", Field::Method),
        ("http.response.status_code", Field::Status),
        ("http_status", Field::Status),
        ("event.action", Field::Action),
        ("filter_action", Field::Action),
        ("rule.name", Field::Rule),
        ("filter_rule", Field::Rule),
        ("rule.category", Field::Category),
        ("filter_category", Field::Category),
        ("http.response.bytes", Field::BytesIn),
        ("destination.bytes", Field::BytesIn),
        ("bytes_in", Field::BytesIn),
        ("http.request.bytes", Field::BytesOut),
        ("source.bytes", Field::BytesOut),
        ("bytes_out", Field::BytesOut),
        ("http.response.mime_type", Field::ContentType),
        ("content_type", Field::ContentType),
        ("file.name", Field::FileName),
        ("file_name", Field::FileName),
        ("user_agent.original", Field::UserAgent),
        ("user_agent", Field::UserAgent),
        ("http.request.referrer", Field::Referrer),
        ("referrer", Field::Referrer),
    ],
    refine: |row, _, _| {
        // Any object is JSON: only its names say that it is about something we know.
        if row.known() == 0 { Err(RejectReason::Malformed.into()) } else { Ok(()) }
    },
    confidence_max: CONFIDENCE_MAX,
    takes_fields: true,
    ..PLAIN
};
