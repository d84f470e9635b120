//! Squid's access log.
//!
//! Three layouts, told apart line by line (<https://www.squid-cache.org/Doc/config/logformat/>):
//!
//! * `squid` (native): `epoch.ms elapsed client RESULT/status size method URL user HIERARCHY/peer type`, padded with
//!   spaces, and whatever the school added behind it. Quoted additions are read as referrer and user agent.
//! * `common` and `combined`: Apache's layout with `RESULT:HIERARCHY` at the end ([`access`]).
//! * A layout seen in the field that writes `[dd/mm/yyyy hh:mm:ss]` and a category at the end ([`access`]).
//!
//! `TCP_DENIED` is a refusal, except with status 407, which asks the user to log in; every other result was let
//! through by the filter, whatever became of it. `strip_query_terms` is on by default in Squid and cuts queries off:
//! such a feed shows no searches.

mod access;

use crate::derive::{self, Hints};
use crate::parser::{Format, Line, LineParser, ParseContext, Sniff};
use crate::read::syslog;
use crate::read::words::Words;
use crate::time::{self, LocalClock, SECOND_US};
use crate::{text, url_parts};
use bumpalo::Bump;
use trustwatch_model::{Action, Event, RejectReason, Skip, Window};

/// The format `squid`.
pub(super) struct Squid;

impl Format for Squid {
    fn id(&self) -> &'static str {
        "squid"
    }

    fn title(&self) -> &'static str {
        "Squid access log"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let mut parser = SquidParser::any_time();
        Sniff::share(self.id(), "lines of Squid's native or combined layout", head, |text| {
            let arena = Bump::new();
            let line = parser.parse_text(text, &arena);
            // Apache writes the combined layout too, so only a result code makes such a line Squid's.
            matches!(line, Ok(Line::Event(event)) if event.filter_action.is_some())
        })
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(SquidParser { clock: LocalClock::new(context.zone.clone()), window: context.window })
    }
}

struct SquidParser {
    clock: LocalClock,
    window: Window,
}

impl LineParser for SquidParser {
    fn parse<'a>(&mut self, line: &'a [u8], arena: &'a Bump) -> Line<'a> {
        match text::line(line, arena) {
            None => Line::Skip(Skip::Blank),
            Some(text) => self.parse_text(text, arena).unwrap_or_else(Line::Reject),
        }
    }
}

impl SquidParser {
    const fn any_time() -> Self {
        let window = Window { not_before: i64::MIN, not_after: i64::MAX };
        Self { clock: LocalClock::new(jiff::tz::TimeZone::UTC), window }
    }

    fn parse_text<'a>(&mut self, text: &'a str, arena: &'a Bump) -> Result<Line<'a>, RejectReason> {
        let text = if text.starts_with(|c: char| c.is_ascii_digit()) {
            text
        } else {
            behind_tag(syslog::strip(text))
        };
        if text.starts_with('#') {
            return Ok(Line::Skip(Skip::Comment));
        }
        let mut words = Words::new(text);
        let first = words.word().ok_or(RejectReason::Malformed)?;
        match epoch(first) {
            Some(event_at) => native(event_at, words, self.window, arena),
            None => access::parse(first, words, &mut self.clock, self.window, arena),
        }
    }
}

/// Behind the `(squid-1): ` or `squid[123]: ` that syslog leaves in front.
fn behind_tag(text: &str) -> &str {
    match text.split_once(": ") {
        Some((tag, rest)) if tag.contains("squid") && !tag.contains(' ') => rest.trim_ascii_start(),
        _ => text,
    }
}

/// `seconds.milliseconds` since 1970, in microseconds. Seconds alone are accepted as well.
fn epoch(word: &str) -> Option<i64> {
    let (seconds, fraction) = word.split_once('.').unwrap_or((word, ""));
    if !(9..=10).contains(&seconds.len()) || fraction.len() > 6 {
        return None;
    }
    let digits = |text: &str| {
        text.bytes()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let scale = [SECOND_US, 100_000, 10_000, 1000, 100, 10, 1].get(fraction.len())?;
    Some(digits(seconds)? * SECOND_US + digits(fraction)? * scale)
}

fn native<'a>(
    event_at: i64,
    mut words: Words<'a>,
    window: Window,
    arena: &'a Bump,
) -> Result<Line<'a>, RejectReason> {
    let mut next = || words.word().ok_or(RejectReason::Malformed);
    let (elapsed, client, result, size, method, url, user, peer) =
        (next()?, next()?, next()?, next()?, next()?, next()?, next()?, next()?);
    let outcome = Outcome::split(result, '/').ok_or(RejectReason::Malformed)?;
    let whole_number =
        |text: &str| text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
    let (hierarchy, peer) = peer.split_once('/').ok_or(RejectReason::Malformed)?;
    if !whole_number(elapsed) || !whole_number(size) {
        return Err(RejectReason::Malformed);
    }
    let media_type = words.word();
    let mut event = Event::at(event_at);
    event.content_type = media_type.and_then(text::present);
    event.bytes_in = size.parse().ok().filter(|size| *size >= 0);
    who(&mut event, client, user, arena);
    // A parent proxy's address is not the server's.
    if ["DIRECT", "ORIGINAL_DST", "PINNED"].iter().any(|kind| hierarchy.ends_with(kind)) {
        event.destination_ip = text::address(peer);
    }
    event.http_method = text::method(method, arena);
    read_additions(&mut event, &mut words);
    finish(event, outcome, url, window, arena)
}

/// Quoted columns behind the known ones: a URL is the referrer, anything else the user agent.
fn read_additions<'a>(event: &mut Event<'a>, words: &mut Words<'a>) {
    while !words.rest().is_empty() {
        let Some(value) = words.quoted() else {
            if words.word().is_none() {
                return;
            }
            continue;
        };
        match text::present(value) {
            Some(value) if event.referrer.is_none() && value.contains("://") => event.referrer = Some(value),
            Some(value) if event.user_agent.is_none() => event.user_agent = Some(value),
            _ => {}
        }
    }
}

/// `TCP_MISS/200` in the native layout, `TCP_MISS:HIER_DIRECT` with a status of its own in the others.
#[derive(Debug, Clone, Copy)]
struct Outcome<'a> {
    result: &'a str,
    status: Option<u16>,
}

impl<'a> Outcome<'a> {
    fn split(word: &'a str, separator: char) -> Option<Self> {
        let (result, status) = word.split_once(separator)?;
        let shaped =
            !result.is_empty() && result.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'));
        let status = status.parse().ok()?;
        shaped.then_some(Self { result, status: Some(status) })
    }

    fn action(self) -> Action {
        if !self.result.contains("DENIED") {
            Action::Allowed
        } else if self.status == Some(407) {
            Action::Challenged
        } else {
            Action::Blocked
        }
    }
}

/// Client and login.
fn who<'a>(event: &mut Event<'a>, client: &'a str, user: &'a str, arena: &'a Bump) {
    match text::address(client) {
        Some(address) => event.source_ip = Some(address),
        // With `log_fqdn on` the client is a name.
        None => event.device_name = text::present(client),
    }
    // Squid percent-encodes logins: the backslash behind a Windows domain arrives as %5c.
    event.user_name = text::bare_user(text::percent_decode(user, false, arena));
}

/// What every layout ends with.
fn finish<'a>(
    mut event: Event<'a>,
    outcome: Outcome<'a>,
    url: &'a str,
    window: Window,
    arena: &'a Bump,
) -> Result<Line<'a>, RejectReason> {
    let parts = url_parts::split(url, arena);
    if parts.host.is_none() {
        // `error:invalid-request`, `-`: a connection that never became a request.
        return Ok(Line::Skip(Skip::NotWeb));
    }
    event.event_at = time::within(window, event.event_at)?;
    parts.fill(&mut event);
    event.filter_action = text::present(outcome.result);
    event.action = Some(outcome.action());
    // 000 is Squid's word for no reply at all.
    event.http_status = outcome.status.filter(|status| *status != 0);
    let hints = Hints { host_is_address: parts.is_address(), path_is_blind: false };
    derive::finish(&mut event, hints, arena);
    Ok(Line::Event(event))
}

#[cfg(test)]
mod tests;
