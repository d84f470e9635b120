//! Sophos Firewall (SFOS, formerly XG) and Sophos UTM.
//!
//! `key=value`, in the vocabulary of the old syslog format (`category=`, `sent_bytes=`), of the central reporting format
//! (`http_category=`, `bytes_sent=`) and of UTM's httpproxy (`srcip=`, `statuscode=`); Sophos Firewall syslog guide, log
//! fields. The verdict is `log_subtype`, in UTM `action`. The same stream carries mail, which has domains but is no web.
//!
//! **Time.** `timezone` is a name or an offset; a name that is not known, or means two things (`IST`), leaves the time
//! local to the feed. A collector that took the date for a program's name cuts a line up to the first colon
//! (`51:10 timezone="BST" …`): the time is then the collector's, where it says one.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::read::wrap::Message;
use crate::row::{Field, Row};
use trustwatch_model::{Action, RejectReason, Skip};

/// The format `sophos`.
pub(super) static SOPHOS: Table = Table {
    id: "sophos",
    title: "Sophos Firewall and UTM",
    reason: "key=value lines with Sophos' keys",
    dialects: &[Dialect::Pairs("")],
    names: NAMES,
    nothing: &["N/A", "None"],
    outcomes: &[
        ("alert", Action::Allowed),
        ("clean", Action::Allowed),
        ("do not decrypt", Action::Allowed),
        ("virus", Action::Blocked),
        ("pua", Action::Blocked),
        ("pending", Action::Blocked),
        ("detected", Action::Allowed),
    ],
    refine: |row, message, _| refine(row, message),
    ..PLAIN
};

const NAMES: &[(&str, Field)] = &[
    ("log_component", Field::Kind),
    ("sys", Field::Kind),
    ("log_type", Field::Detail),
    ("sub", Field::Detail),
    ("timestamp", Field::Time),
    ("date", Field::Date),
    ("time", Field::TimeOfDay),
    ("timezone", Field::Offset),
    ("user_name", Field::User),
    ("user", Field::User),
    ("user_gp", Field::Group),
    ("user_group", Field::Group),
    ("group", Field::Group),
    ("src_ip", Field::SourceIp),
    ("sourceip", Field::SourceIp),
    ("srcip", Field::SourceIp),
    ("dst_ip", Field::DestinationIp),
    ("destinationip", Field::DestinationIp),
    ("dstip", Field::DestinationIp),
    ("url", Field::Url),
    ("domain", Field::Host),
    ("domainname", Field::Host),
    ("sni", Field::Host),
    ("server", Field::Host),
    // Where a file in the sandbox came from.
    ("source", Field::Host),
    ("log_subtype", Field::Action),
    ("action", Field::Action),
    // UTM's `category` is the number of it.
    ("categoryname", Field::Category),
    ("category", Field::Category),
    ("http_category", Field::Category),
    ("sent_bytes", Field::BytesOut),
    ("bytes_sent", Field::BytesOut),
    ("recv_bytes", Field::BytesIn),
    ("bytes_received", Field::BytesIn),
    // UTM's only size is that of the reply.
    ("size", Field::BytesIn),
    ("method", Field::Method),
    ("http_method", Field::Method),
    ("querystring", Field::Query),
    ("httpstatus", Field::Status),
    ("useragent", Field::UserAgent),
    ("localip", Field::DestinationIp),
    ("bytessent", Field::BytesIn),
    ("bytesrcv", Field::BytesOut),
    ("status_code", Field::Status),
    ("http_status", Field::Status),
    ("httpresponsecode", Field::Status),
    ("statuscode", Field::Status),
    ("user_agent", Field::UserAgent),
    ("http_user_agent", Field::UserAgent),
    ("ua", Field::UserAgent),
    ("referer", Field::Referrer),
    ("http_referer", Field::Referrer),
    ("contenttype", Field::ContentType),
    ("content_type", Field::ContentType),
    ("content-type", Field::ContentType),
    ("download_file_name", Field::FileName),
    ("upload_file_name", Field::FileName),
    ("file_name", Field::FileName),
    ("filename", Field::FileName),
    ("web_policy_name", Field::Rule),
    ("fw_rule_name", Field::Rule),
    ("profile", Field::Rule),
    ("fw_rule_id", Field::Rule),
];

/// Components that carry mail.
const MAIL: [&str; 7] = ["SMTP", "SMTPS", "POP3", "POPS", "IMAP", "IMAPS", "IMAP4"];

fn refine<'a>(row: &mut Row<'a>, message: Message<'a>) -> Result<(), NoEvent> {
    let component = row.given(Field::Kind).ok_or(RejectReason::Malformed)?;
    if MAIL.contains(&component) || row.get(Field::Detail) == "Anti-Spam" {
        return Err(Skip::NotWeb.into());
    }
    if row.given(Field::Time).is_none() && row.given(Field::Date).is_none() {
        // UTM writes `2026:11:23-09:00:00 host httpproxy[4321]:` in front.
        let first = message.text.split(' ').next().unwrap_or_default();
        let stamped = first.len() == 19 && first.as_bytes().get(4) == Some(&b':');
        row.set(Field::Time, if stamped { first } else { message.stamp });
    }
    Ok(())
}
