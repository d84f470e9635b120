//! The layouts that look like an Apache access log.
//!
//! `client ident user [time] "METHOD url HTTP/1.1" status size "referrer" "user agent" RESULT:HIERARCHY`, where the
//! quoted pair stands in `combined` only. Squid leaves quotes inside these values as they are (seen with Squid 5.7), so that
//! a value ends where what must follow does. The layout from the field has no ident, writes `[dd/mm/yyyy hh:mm:ss]` and
//! ends with a category in plain words.
//!
//! A date in digits is read as day/month/year, as UK schools write it. A source that writes the month first shows as
//! `bad_time` rejects from the 13th of a month on; it is never read now one way and now the other.

use super::{Outcome, who};
use crate::parser::NoEvent;
use crate::read::words::Words;
use crate::text;
use crate::time::{self, Civil, LocalClock};
use bumpalo::Bump;
use trustwatch_model::{Event, RejectReason};

/// Fills the event; returns the outcome and the URL.
pub(super) fn read<'a>(
    event: &mut Event<'a>,
    client: &'a str,
    mut words: Words<'a>,
    clock: &mut LocalClock,
    arena: &'a Bump,
) -> Result<(Outcome<'a>, &'a str), NoEvent> {
    let malformed = RejectReason::Malformed;
    let _ident = words.word().ok_or(malformed)?;
    // A login can hold spaces here, so it reaches up to the bracket.
    let (user, _) = words.rest().split_once('[').ok_or(malformed)?;
    let mut words = Words::new(words.rest().get(user.len()..).unwrap_or_default());
    let stamp = words.enclosed('[', ']').ok_or(malformed)?;
    let (request, mut words) = request(words.rest()).ok_or(malformed)?;
    let status: u16 = words.word().and_then(|word| word.parse().ok()).ok_or(malformed)?;
    let size = words.word().ok_or(malformed)?;
    let (method, url) = request.split_once(' ').ok_or(malformed)?;
    let url = url.rsplit_once(' ').map_or(url, |(url, _protocol)| url);
    who(event, client, user.trim_ascii_end(), arena);
    event.bytes_in = size.parse().ok().filter(|size| *size >= 0);
    event.http_method = text::method(method, arena);
    let outcome = read_end(event, words, status);
    event.event_at = instant(stamp, clock)?;
    Ok((outcome, url))
}

/// The request, which ends at the first quote with a status behind it (`0` where nothing was answered).
fn request(text: &str) -> Option<(&str, Words<'_>)> {
    let inner = text.strip_prefix('"')?;
    let ends = |at: &usize| {
        let behind = inner.get(at + 1..).and_then(|text| text.strip_prefix(' ')).unwrap_or_default();
        let status = behind.split(' ').next().unwrap_or_default();
        (1..=3).contains(&status.len()) && status.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (request, behind) =
        inner.split_at_checked(memchr::memchr_iter(b'"', inner.as_bytes()).find(ends)?)?;
    Some((request, Words::new(behind.get(1..)?)))
}

/// Referrer and user agent of `combined`, and the word behind them.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let (pair, word) = text.strip_prefix('"')?.rsplit_once("\" ")?;
    let (referrer, agent) = pair.split_once("\" \"")?;
    Some((referrer, agent, word))
}

/// Referrer, user agent, result, category: whichever of them stand behind the size.
fn read_end<'a>(event: &mut Event<'a>, mut words: Words<'a>, status: u16) -> Outcome<'a> {
    let mut outcome = Outcome { result: "", status: Some(status) };
    if let Some((referrer, agent, word)) = pair(words.rest())
        && let Some((result, _hierarchy)) = word.split_once(':').filter(|(result, _)| is_result(result))
    {
        event.referrer = text::present(referrer);
        event.user_agent = text::present(agent);
        outcome.result = result;
        return outcome;
    }
    let (mut quoted, mut prose) = (0, None);
    while !words.rest().is_empty() {
        if let Some(value) = words.quoted() {
            quoted += 1;
            match quoted {
                1 => event.referrer = text::present(value),
                2 => event.user_agent = text::present(value),
                _ => {}
            }
            continue;
        }
        let rest = words.rest();
        let Some(word) = words.word() else { break };
        match word.split_once(':') {
            Some((result, _hierarchy)) if is_result(result) => outcome.result = result,
            _ if prose.is_none() && word.starts_with(|c: char| c.is_alphabetic()) => prose = Some(rest),
            _ => {}
        }
    }
    if outcome.result.is_empty() {
        event.filter_category = prose.and_then(text::present);
    }
    outcome
}

fn is_result(word: &str) -> bool {
    (word.starts_with("TCP_") || word.starts_with("UDP_") || word.starts_with("NONE"))
        && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

/// `05/Feb/2025:11:30:29 +0000`, `05/02/2025 11:30:29`; local where no offset is given.
fn instant(stamp: &str, clock: &mut LocalClock) -> Result<i64, RejectReason> {
    let (date, time) = stamp.split_once([':', ' ']).ok_or(RejectReason::BadTime)?;
    let (time, offset) = time.split_once(' ').map_or((time, None), |(time, offset)| (time, Some(offset)));
    let civil = civil(date, time).ok_or(RejectReason::BadTime)?;
    match offset {
        Some(offset) => time::offset_seconds(offset).map(|offset_s| civil.at_offset(offset_s)),
        None => clock.instant(civil),
    }
    .ok_or(RejectReason::BadTime)
}

fn civil(date: &str, time: &str) -> Option<Civil> {
    let mut date = date.split('/');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    let month = time::month_number(month).or_else(|| month.parse().ok())?;
    Civil::new(
        year.parse().ok()?,
        month,
        day.parse().ok()?,
        hour.parse().ok()?,
        minute.parse().ok()?,
        second.parse().ok()?,
    )
}
