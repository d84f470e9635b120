//! The columns of the eight layouts.

use crate::parser::NoEvent;
use crate::read::csv::Record;
use crate::read::words::Words;
use crate::row::{Field, Row};
use crate::text;
use trustwatch_model::RejectReason;

/// Takes the values of a line, whatever its layout.
pub(super) fn read<'a>(row: &mut Row<'a>, line: &'a str, sniffs: bool) -> Result<(), NoEvent> {
    let malformed = NoEvent::from(RejectReason::Malformed);
    let read = if let Some(opened) = line.strip_prefix('"') {
        // Quotes inside a value stand as they were sent, so only the three letters between two values part them.
        opened.strip_suffix('"').and_then(|cells| dated(row, &Record::<19>::split(cells, "\",\"")))
    } else if line.contains('\t') {
        let record = Record::<23>::split(line, "\t");
        if is_epoch(record.cell(0)) { epoch(row, &record) } else { dated(row, &record) }
    } else if is_epoch(line.split(' ').next().unwrap_or_default()) {
        if sniffs { None } else { native(row, line) }
    } else {
        spaced(row, line)
    };
    read.ok_or(malformed)
}

fn set_all<'a, const N: usize>(row: &mut Row<'a>, values: [(Field, &'a str); N]) {
    values.into_iter().for_each(|(field, value)| row.set(field, text::present(value).unwrap_or_default()));
}

/// Layouts 2 and 4. The oldest lines end behind the size.
fn dated<'a, const N: usize>(row: &mut Row<'a>, record: &Record<'a, N>) -> Option<()> {
    // `logtimestamp` puts an epoch behind the date: in a cell of its own, or, as e2guardian 5.3 does, behind a space.
    let extra = usize::from(is_epoch(record.cell(1)));
    let cell = |index: usize| record.cell(index + extra);
    let stamp = record.cell(extra);
    let stamp = stamp.rsplit_once(' ').map(|(_, last)| last).filter(|last| is_epoch(last)).unwrap_or(stamp);
    if record.len() < 7 || !is_verb(cell(5)) || !is_number(cell(6)) {
        return None;
    }
    set_all(
        row,
        [
            (Field::Time, stamp),
            (Field::User, cell(1)),
            (Field::SourceIp, cell(2)),
            (Field::Url, cell(3)),
            (Field::Detail, cell(4)),
            (Field::Method, cell(5)),
            (Field::BytesIn, cell(6)),
            (Field::Category, cell(8)),
            (Field::Status, cell(10)),
            (Field::ContentType, cell(11)),
            (Field::Device, cell(12)),
            (Field::Group, cell(13)),
            (Field::UserAgent, cell(14)),
        ],
    );
    Some(())
}

/// Layouts 5 to 8.
fn epoch<'a, const N: usize>(row: &mut Row<'a>, record: &Record<'a, N>) -> Option<()> {
    // `logclientnameandip` adds the client's name behind its address.
    let extra = if is_verb(record.cell(5)) { 0 } else { 1 };
    let cell = |index: usize| record.cell(index + extra);
    if record.len() < 19 + extra || !is_verb(cell(5)) {
        return None;
    }
    set_all(
        row,
        [
            (Field::Time, record.cell(0)),
            (Field::User, record.cell(2)),
            (Field::SourceIp, record.cell(3)),
            (Field::Device, if extra == 1 { record.cell(4) } else { "" }),
            (Field::Url, cell(4)),
            (Field::Method, cell(5)),
            (Field::Status, cell(6)),
            (Field::BytesIn, cell(7)),
            (Field::ContentType, cell(8)),
            (Field::UserAgent, cell(9)),
            (Field::Detail, cell(14)),
            (Field::Category, cell(16)),
            (Field::Group, cell(17)),
            (Field::SearchTerms, cell(19)),
        ],
    );
    Some(())
}

/// Layout 3.
fn native<'a>(row: &mut Row<'a>, line: &'a str) -> Option<()> {
    let mut words = Words::new(line);
    let mut next = || words.word();
    let (time, _elapsed, client, result, size) = (next()?, next()?, next()?, next()?, next()?);
    let (method, url, user, peer) = (next()?, next()?, next()?, next()?);
    let (result, status) = text::cut(result, b'/')?;
    let (_, peer) = text::cut(peer, b'/')?;
    set_all(
        row,
        [
            (Field::Time, time),
            (Field::SourceIp, client),
            (Field::Kind, result),
            (Field::Action, result),
            (Field::Status, status),
            (Field::BytesIn, size),
            (Field::Method, method),
            (Field::Url, url),
            (Field::User, user),
            (Field::DestinationIp, if text::is_address(peer) { peer } else { "" }),
            (Field::ContentType, words.word().unwrap_or_default()),
        ],
    );
    Some(())
}

/// Layout 1. What and category hold spaces, so the line is read from the three words that cannot be mistaken: method,
/// size and weight; and from the two numbers behind the category.
fn spaced<'a>(row: &mut Row<'a>, line: &'a str) -> Option<()> {
    let mut rest = line;
    if let Some((date, behind)) = line.split_once(' ').filter(|(date, _)| is_dotted(date)) {
        let (time, behind) = behind.split_once(' ')?;
        row.set(Field::Time, line.get(..date.len() + 1 + time.len())?);
        rest = behind;
    }
    if let Some((stamp, behind)) = rest.split_once(' ').filter(|(stamp, _)| is_epoch(stamp)) {
        row.set(Field::Time, stamp);
        rest = behind;
    }
    let (user, rest) = rest.split_once(' ')?;
    let (client, rest) = rest.split_once(' ')?;
    let (url, rest) = rest.split_once(' ')?;
    let (what, method, rest) = until_method(rest)?;
    let (size, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (_weight, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (category, rest) = until_numbers(rest);
    let mut cells = rest.splitn(6, ' ');
    let mut cell = || cells.next().unwrap_or_default();
    let (_group_number, status, kind, name, group, agent) = (cell(), cell(), cell(), cell(), cell(), cell());
    set_all(
        row,
        [
            (Field::User, user),
            (Field::SourceIp, client),
            (Field::Url, url),
            (Field::Detail, what),
            (Field::Method, method),
            (Field::BytesIn, size),
            (Field::Category, category),
            (Field::Status, status),
            (Field::ContentType, kind),
            (Field::Device, name),
            (Field::Group, group),
            // Parameters, two ids and posted data follow, empty as a rule.
            (Field::UserAgent, agent.strip_suffix(" - - - -").unwrap_or(agent)),
        ],
    );
    Some(())
}

/// What stands before the method, the method, and what follows it.
fn until_method(text: &str) -> Option<(&str, &str, &str)> {
    let mut at = 0;
    loop {
        let word = text.get(at..)?.split(' ').next()?;
        let rest = text.get(at + word.len()..)?.strip_prefix(' ')?;
        let mut numbers = rest.split(' ');
        if is_verb(word) && is_number(numbers.next()?) && numbers.next().is_none_or(is_number) {
            return Some((text.get(..at)?, word, rest));
        }
        at += word.len() + 1;
    }
}

/// The category, and what follows from the group's number on: a number, and behind it a status.
fn until_numbers(text: &str) -> (&str, &str) {
    let mut at = 0;
    while let Some(tail) = text.get(at..) {
        let mut words = tail.split(' ');
        let (Some(group), Some(status)) = (words.next(), words.next()) else { break };
        if is_number(group) && status.len() == 3 && is_number(status) {
            return (text.get(..at).unwrap_or_default(), tail);
        }
        at += group.len() + 1;
    }
    (text, "")
}

fn is_verb(word: &str) -> bool {
    const VERBS: [&str; 10] =
        ["GET", "POST", "CONNECT", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "PROPFIND"];
    VERBS.contains(&word)
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds since 1970, with or without a fraction.
fn is_epoch(word: &str) -> bool {
    let whole = word.split('.').next().unwrap_or_default();
    (9..=10).contains(&whole.len()) && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `2016.1.8`.
fn is_dotted(word: &str) -> bool {
    let dots = word.bytes().filter(|byte| *byte == b'.').count();
    dots == 2
        && (8..=10).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
