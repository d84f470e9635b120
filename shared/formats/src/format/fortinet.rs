//! FortiGate and FortiProxy.
//!
//! Layouts: `key=value` with quoted or (old firmware) bare values, parted by spaces or commas; CEF with the prefixes
//! `FTNTFGT`, `FortinetFortiGate` or `ad.`; either behind a syslog header; and the CSV of FortiAnalyzer, whose cells are
//! `"key=value"` or stand below a header row of keys. The same stream carries firewall sessions
//! and system messages: a line that names neither host nor URL is `not_web`, whatever its type. Key names follow the
//! FortiOS Log Message Reference.
//!
//! **Time.** `date` + `time` + `tz` is the device's statement. `eventtime` (seconds to nanoseconds since 1970) is the
//! event's own stamp and finer: it is taken when it lies within a minute of the statement, and when date or `tz` is
//! missing; fixtures and clocks that were set wrong make the two contradict, and then the statement holds. Without
//! `tz` and `eventtime` the time is local to the feed's zone.
//!
//! **URL.** `url` is a path in most subtypes and the whole URL in some. `method` says how the rating was found and is
//! the request method only in the firewall's own API records; web records write `httpmethod`. A session that was not
//! decrypted is logged with the path `/`, so that path over TLS counts as a domain and not as a URL.

mod fields;

use crate::derive::{self, Hints};
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, Sniff};
use crate::read::wrap::{self, Message};
use crate::text;
use crate::time::{self, Civil, LocalClock, SECOND_US};
use crate::url_parts::{self, UrlParts};
use bumpalo::Bump;
use fields::{Fields, Header};
use trustwatch_model::{Action, Event, RejectReason, Skip, Window};

/// The format `fortinet`.
pub(super) struct Fortinet;

impl Format for Fortinet {
    fn id(&self) -> &'static str {
        "fortinet"
    }

    fn title(&self) -> &'static str {
        "FortiGate and FortiProxy"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let mut header = Header::default();
        Sniff::share(self.id(), "key=value or CEF lines with FortiOS keys", head, |text| {
            let arena = Bump::new();
            let mut fields = Fields::default();
            if header.learn(text, &arena) || header.read(&mut fields, text, &arena) {
                return true;
            }
            fields.read(wrap::strip(Message { text, stamp: "" }).text, &arena);
            fields.is_fortios()
        })
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(FortinetParser {
            clock: LocalClock::new(context.zone.clone()),
            window: context.window,
            header: Header::default(),
        })
    }
}

struct FortinetParser {
    clock: LocalClock,
    window: Window,
    header: Header,
}

impl ReadLine for FortinetParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let mut fields = Fields::default();
        if self.header.learn(message.text, arena) {
            return Err(Skip::Header.into());
        }
        if !self.header.read(&mut fields, message.text, arena) {
            fields.read(message.text, arena);
        }
        if fields.known_keys == 0 {
            return Err(RejectReason::Malformed.into());
        }
        let parts = target(&fields, arena);
        if parts.host.is_none() && parts.path.is_none() {
            // A line that lost its end may have lost the host: it cannot be called a firewall session.
            return Err(if fields.is_cut { RejectReason::Malformed.into() } else { Skip::NotWeb.into() });
        }
        event.event_at = time::within(self.window, self.instant(&fields)?)?;
        parts.fill(event);
        fill(event, &fields, arena);
        let root = parts.query.is_none() && parts.path.is_none_or(|path| path == "/");
        let path_is_blind = root && event.url_scheme != Some("http");
        derive::finish(
            event,
            Hints { host_is_address: parts.is_address(), path_is_blind, ..Hints::default() },
            arena,
        )?;
        Ok(())
    }
}

impl FortinetParser {
    fn instant(&mut self, fields: &Fields<'_>) -> Result<i64, RejectReason> {
        let own = time::epoch_by_digits(fields.event_time);
        let civil = match (fields.date, fields.time) {
            ("", _) | (_, "") => None,
            (date, time) => {
                Some(Civil::from_halves(date.as_bytes(), time.as_bytes()).ok_or(RejectReason::BadTime)?)
            }
        };
        let stated = civil.zip(time::offset_seconds(fields.tz).filter(|_| !fields.tz.is_empty()));
        match (stated, own, civil) {
            (Some((civil, offset_s)), own, _) => {
                let stated = civil.at_offset(offset_s);
                Ok(own.filter(|own| own.abs_diff(stated) <= 60 * SECOND_US.unsigned_abs()).unwrap_or(stated))
            }
            (None, Some(own), _) => Ok(own),
            (None, None, Some(civil)) => self.clock.instant(civil).ok_or(RejectReason::BadTime),
            (None, None, None) => Err(RejectReason::NoTime),
        }
    }
}

/// Host, path and query out of `qname`, `hostname` and `url`.
fn target<'a>(fields: &Fields<'a>, arena: &'a Bump) -> UrlParts<'a> {
    if let Some(name) = given(fields.query_name) {
        // FortiOS 7 writes some names in brackets.
        let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        return UrlParts { host: url_parts::lone_host(name, arena), ..UrlParts::default() };
    }
    let named = given(fields.host_name).map(|host| url_parts::split(host, arena)).unwrap_or_default();
    let mut parts = given(fields.url).map(|url| url_parts::split(url, arena)).unwrap_or_default();
    match (parts.host, named.host) {
        // A text that is neither a path nor a URL of this host says nothing about the path.
        (Some(host), Some(name)) if parts.scheme.is_none() && host != name => parts = named,
        (None, Some(host)) => {
            parts.host = Some(host);
            parts.port = named.port;
        }
        _ => {}
    }
    if parts.scheme.is_none() && parts.host.is_some() {
        parts.scheme = scheme(fields);
    }
    parts
}

fn scheme(fields: &Fields<'_>) -> Option<&'static str> {
    let said = given(fields.scheme).or_else(|| given(fields.service))?;
    [("https", "https"), ("ssl", "https"), ("http", "http"), ("ftp", "ftp")]
        .into_iter()
        .find_map(|(word, scheme)| word.eq_ignore_ascii_case(said).then_some(scheme))
}

fn fill<'a>(event: &mut Event<'a>, fields: &Fields<'a>, arena: &'a Bump) {
    event.user_name = given(fields.user).and_then(user);
    event.user_group = given(fields.group);
    event.source_ip = given(fields.source_ip).filter(|value| text::is_address(value));
    event.destination_ip = given(fields.destination_ip).filter(|value| text::is_address(value));
    event.device_name = given(fields.source_name);
    event.http_method = given(fields.http_method)
        .and_then(|method| text::method(method, arena))
        .or_else(|| given(fields.method).filter(|method| is_verb(method)));
    event.http_status = given(fields.status_code).and_then(|code| code.parse().ok());
    event.filter_action =
        given(fields.action).or_else(|| given(fields.utm_action)).or_else(|| given(fields.event_type));
    event.action = event.filter_action.and_then(|word| action(word, fields.message));
    event.filter_rule =
        [fields.profile, fields.app_list, fields.policy_name, fields.policy_id].into_iter().find_map(given);
    event.filter_category = given(fields.category)
        .or_else(|| given(fields.app_category).filter(|category| *category != "unscanned"));
    event.bytes_in = bytes(fields.received_bytes).or_else(|| bytes(fields.response_bytes));
    event.bytes_out = bytes(fields.sent_bytes).or_else(|| bytes(fields.request_bytes));
    event.content_type = given(fields.content_type);
    event.file_name = given(fields.file_name);
    event.user_agent = given(fields.user_agent);
    event.referrer = given(fields.referrer);
}

/// The value, unless it is one of FortiOS's words for nothing.
#[inline]
fn given(value: &str) -> Option<&str> {
    text::present(value).filter(|value| !matches!(*value, "N/A" | "n/a" | "(null)" | "null" | "none"))
}

/// A login without its domain, and without the directory path that LDAP logins carry (`pat,cn=pat,ou=…`).
fn user(value: &str) -> Option<&str> {
    text::bare_user(value.split(",cn=").next().unwrap_or(value))
}

fn is_verb(method: &str) -> bool {
    matches!(method, "GET" | "POST" | "PUT" | "HEAD" | "DELETE" | "PATCH" | "OPTIONS" | "CONNECT" | "TRACE")
}

fn bytes(value: &str) -> Option<i64> {
    value.parse().ok().filter(|bytes| *bytes >= 0)
}

/// FortiOS's words in four. A category set to "warning" is logged as blocked, with a message that says so; what the
/// user does on the warning page makes a line of its own.
fn action(word: &str, message: &str) -> Option<Action> {
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&[
        "blocked",
        "block",
        "deny",
        "denied",
        "dropped",
        "drop",
        "reset",
        "reset_client",
        "reset_server",
        "redirect",
    ]) || is(&[
        "quarantine",
        "quarantined",
        "drop_session",
        "clear_session",
        "blocked-infected",
        "reset_both",
        "close-connection",
    ]) {
        let warned = message.contains("warnings enabled");
        return Some(if warned { Action::Warned } else { Action::Blocked });
    }
    if is(&[
        "passthrough",
        "pass",
        "pass_session",
        "allow",
        "allowed",
        "accept",
        "permit",
        "exempt",
        "exempted",
    ]) || is(&[
        "monitor",
        "monitored",
        "detected",
        "log-only",
        "close",
        "resign-as-untrusted",
        "resign-as-trusted",
        "filtered",
    ]) {
        return Some(Action::Allowed);
    }
    if is(&["warning", "warn", "continue", "override"]) {
        return Some(Action::Warned);
    }
    is(&["authenticate", "authentication"]).then_some(Action::Challenged)
}

#[cfg(test)]
mod tests;
