//! Rows of IIS without their `#Fields` line.
//!
//! An administrator chooses the fields, but their order is IIS's own: `date time [s-sitename] [s-computername] [s-ip]
//! cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip [cs-version] cs(User-Agent) [cs(Cookie)] [cs(Referer)]
//! [cs-host] sc-status …`. The method is the word in
//! front of the path, and everything else is told from there.
//! Between user agent and status one word is the referrer (IIS's default choice) and three are cookie, referrer and
//! host; of two nobody can say which, and they are left out.

use crate::read::words::Words;
use crate::row::{Field, Row};
use crate::text;

/// Words between the date and the method at most: site, computer, address.
const BEFORE_MAX: usize = 3;

pub(super) fn read<'a>(row: &mut Row<'a>, line: &'a str) -> Option<()> {
    let mut words = Words::new(line);
    let mut next = || words.word();
    let (date, time) = (next()?, next()?);
    let (mut method, mut path, mut server) = (next()?, next()?, "");
    for _ in 0..BEFORE_MAX {
        if path.starts_with('/') {
            break;
        }
        server = if text::is_address(without_zone(method)) { method } else { server };
        (method, path) = (path, next()?);
    }
    let (query, port, user, client) = (next()?, next()?, next()?, next()?);
    let shaped = is_verb(method)
        && path.starts_with('/')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && text::is_address(without_zone(client));
    if !shaped {
        return None;
    }
    let version_or_agent = next()?;
    let agent = if version_or_agent.starts_with("HTTP/") { next()? } else { version_or_agent };
    let mut between = [""; 3];
    let mut count = 0;
    let status = loop {
        let word = next()?;
        if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            break word;
        }
        *between.get_mut(count)? = word;
        count += 1;
    };
    let (referrer, host) = match (count, between) {
        (1, [referrer, ..]) => (referrer, ""),
        (3, [_cookie, referrer, host]) => (referrer, host),
        _ => ("", ""),
    };
    let values = [
        (Field::Date, date),
        (Field::TimeOfDay, time),
        (Field::DestinationIp, server),
        (Field::Method, method),
        (Field::Path, path),
        (Field::Query, query),
        (Field::Port, port),
        (Field::User, user),
        (Field::SourceIp, client),
        (Field::UserAgent, agent),
        (Field::Referrer, referrer),
        (Field::Host, host),
        (Field::Status, status),
    ];
    values.into_iter().for_each(|(field, value)| row.set(field, value));
    Some(())
}

fn is_verb(word: &str) -> bool {
    (3..=17).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

fn without_zone(address: &str) -> &str {
    address.split('%').next().unwrap_or_default()
}
