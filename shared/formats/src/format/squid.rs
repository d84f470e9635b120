//! Squid's access log.
//!
//! Three layouts, told apart line by line, and any other that the feed's settings state in the words of Squid's own
//! `logformat` ([`layout`]; <https://www.squid-cache.org/Doc/config/logformat/>):
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
mod layout;

use crate::clock::Clock;
use crate::derive::{self, Hints};
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, ReadingError, Sniff};
use crate::read::words::Words;
use crate::read::wrap::{self, Message};
use crate::time::{self, LocalClock, SECOND_US};
use crate::{text, url_parts};
use bumpalo::Bump;
use layout::Layout;
use trustwatch_model::{Action, Event, Reading, RejectReason, Skip, Window};

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
            let mut event = Event::at(0);
            let read = parser.unwrap_and_read(text, &mut event, &arena);
            // Apache writes the combined layout too, so only a result code makes such a line Squid's.
            read.is_ok() && event.filter_action.is_some()
        })
    }

    fn check(&self, reading: &Reading) -> Result<(), ReadingError> {
        if !reading.fields.is_empty() {
            return Err(ReadingError::NoFields { format: self.id() });
        }
        let Some(text) = &reading.layout else { return Ok(()) };
        match Layout::parse(text) {
            Ok(_) => Ok(()),
            Err(problem) => Err(ReadingError::Layout { layout: text.clone(), problem }),
        }
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        // A layout that cannot be understood was refused with the settings.
        if let Some(layout) = context.reading.layout.as_deref().and_then(|text| Layout::parse(text).ok()) {
            return Box::new(layout::LayoutParser::new(layout, Clock::new(context)));
        }
        Box::new(SquidParser { clock: LocalClock::new(context.zone.clone()), window: context.window })
    }
}

struct SquidParser {
    clock: LocalClock,
    window: Window,
}

impl SquidParser {
    const fn any_time() -> Self {
        let window = Window { not_before: i64::MIN, not_after: i64::MAX };
        Self { clock: LocalClock::new(jiff::tz::TimeZone::UTC), window }
    }
}

impl ReadLine for SquidParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = message.text;
        let digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let text = if digit { text } else { wrap::behind_tag(text, "squid") };
        if text.starts_with('#') {
            return Err(Skip::Comment.into());
        }
        let mut words = Words::new(text);
        let first = words.word().ok_or(RejectReason::Malformed)?;
        let (outcome, url) = match epoch(first) {
            Some(event_at) => {
                event.event_at = event_at;
                native(event, &mut words, arena)?
            }
            None => access::read(event, first, words, &mut self.clock, arena)?,
        };
        finish(event, outcome, url, self.window, arena)
    }
}

/// `seconds.milliseconds` since 1970, in microseconds. Seconds alone are accepted as well.
fn epoch(word: &str) -> Option<i64> {
    let (seconds, fraction) = text::cut(word, b'.').unwrap_or((word, ""));
    // A clock that stood in 1970 gives few digits; the fraction then tells its time from any other number.
    let digits_min = if fraction.is_empty() { 9 } else { 1 };
    if !(digits_min..=10).contains(&seconds.len()) || fraction.len() > 6 {
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
    event: &mut Event<'a>,
    words: &mut Words<'a>,
    arena: &'a Bump,
) -> Result<(Outcome<'a>, &'a str), NoEvent> {
    let mut next = || words.word().ok_or(RejectReason::Malformed);
    let (_elapsed, client, result, size, method, url, user, peer) =
        (next()?, next()?, next()?, next()?, next()?, next()?, next()?, next()?);
    let outcome = Outcome::read(result).ok_or(RejectReason::Malformed)?;
    let (hierarchy, peer) = text::cut(peer, b'/').ok_or(RejectReason::Malformed)?;
    let size: i64 = size.parse().map_err(|_| RejectReason::Malformed)?;
    event.content_type = words.word().and_then(text::present);
    event.bytes_in = (size >= 0).then_some(size);
    who(event, client, user, arena);
    // A parent proxy's address is not the server's.
    event.destination_ip = text::address(peer)
        .filter(|_| ["DIRECT", "ORIGINAL_DST", "PINNED"].iter().any(|kind| hierarchy.ends_with(kind)));
    event.http_method = text::method(method, arena);
    read_additions(event, words);
    Ok((outcome, url))
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
    fn read(word: &'a str) -> Option<Self> {
        let (result, status) = text::cut(word, b'/')?;
        let shaped =
            !result.is_empty() && result.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'-'));
        let status = status.parse().ok()?;
        shaped.then_some(Self { result, status: Some(status) })
    }

    fn action(self) -> Action {
        // `TCP_DENIED`, `TCP_DENIED_REPLY`, `UDP_DENIED`.
        if self.result.get(4..10) != Some("DENIED") {
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
    event: &mut Event<'a>,
    outcome: Outcome<'a>,
    url: &'a str,
    window: Window,
    arena: &'a Bump,
) -> Result<(), NoEvent> {
    let parts = url_parts::split(url, arena);
    if parts.host.is_none() {
        // `error:invalid-request`, `-`: a connection that never became a request.
        return Err(Skip::NotWeb.into());
    }
    event.event_at = time::within(window, event.event_at)?;
    parts.fill(event);
    event.filter_action = text::present(outcome.result);
    event.action = Some(outcome.action());
    // 000 is Squid's word for no reply at all.
    event.http_status = outcome.status.filter(|status| *status != 0);
    derive::finish(event, Hints { host_is_address: parts.is_address(), ..Hints::default() }, arena)?;
    Ok(())
}

#[cfg(test)]
mod tests;
