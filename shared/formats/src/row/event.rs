//! From a row to an event.

use super::{Field, Row, outcome};
use crate::clock::Clock;
use crate::derive::{self, Hints};
use crate::parser::NoEvent;
use crate::text;
use crate::url_parts::{self, UrlParts};
use bumpalo::Bump;
use trustwatch_model::{Action, Event, RejectReason, Skip};

/// What a format says about its rows beyond its names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// Outcome words of the product, in any case.
    pub outcomes: &'static [(&'static str, Action)],
    /// The line lost its end: what is not on it may have stood there.
    pub is_cut: bool,
}

/// Fills the event from the row.
///
/// # Errors
/// [`Skip::NotWeb`] for a row that names neither host nor URL nor what was typed, [`RejectReason::Malformed`] for one that has no name of
/// the format at all or lost its end before it named one; and what [`Clock`] says about the time.
pub(crate) fn event<'a>(
    event: &mut Event<'a>,
    row: &Row<'a>,
    rules: Rules,
    clock: &mut Clock,
    arena: &'a Bump,
) -> Result<(), NoEvent> {
    let parts = target(row, arena);
    // What a person typed is there to be seen, even where a monitor does not say on which page.
    let is_typed = row.given(Field::SearchTerms).is_some();
    if parts.host.is_none() && parts.path.is_none() && !is_typed {
        let malformed = row.known() == 0 || rules.is_cut;
        return Err(if malformed { RejectReason::Malformed.into() } else { Skip::NotWeb.into() });
    }
    event.event_at = time(row, clock)?;
    parts.fill(event);
    fill(event, row, rules, arena);
    // Of a session that was not decrypted many products log the path `/`, which nobody asked for.
    let is_root = event.url_query.is_none() && event.url_path.is_none_or(|path| path == "/");
    let is_tunnel = event.http_method == Some("CONNECT")
        || event.url_scheme == Some("tunnel")
        || TUNNELS.iter().any(|word| word.eq_ignore_ascii_case(row.get(Field::Scheme)));
    let path_is_blind = is_root && is_tunnel;
    let host_is_address = parts.is_address();
    let hints = Hints { host_is_address, path_is_blind, unasked: row.unasked, typed: row.typed };
    derive::finish(event, hints, arena)?;
    Ok(())
}

/// Words for the scheme of a session that was not decrypted.
const TUNNELS: [&str; 4] = ["ssl", "tcp", "tls", "quic"];

/// The instant that the row states.
///
/// # Errors
/// What [`Clock`] says.
pub(crate) fn time(row: &Row<'_>, clock: &mut Clock) -> Result<i64, RejectReason> {
    let offset = row.get(Field::Offset);
    if let Some(stamp) = row.given(Field::Time) {
        return clock.instant(stamp, offset);
    }
    match (row.given(Field::Date), row.given(Field::TimeOfDay)) {
        (Some(date), Some(time)) => clock.instant_of(date, time, offset),
        _ => clock.undated(),
    }
}

/// Host, port, path and query out of whichever fields name them.
fn target<'a>(row: &Row<'a>, arena: &'a Bump) -> UrlParts<'a> {
    let split = |field| row.given(field).map(|text| url_parts::split(text, arena)).unwrap_or_default();
    let (mut parts, named) = (split(Field::Url), split(Field::Host));
    if parts.host.is_none() {
        (parts.host, parts.port) = (named.host, named.port);
    }
    if parts.path.is_none() && row.get(Field::Path).starts_with('/') {
        let path = split(Field::Path);
        (parts.path, parts.query) = (path.path, path.query);
    }
    if parts.query.is_none()
        && let Some(query) = row.given(Field::Query)
    {
        parts.query = text::present(query.strip_prefix('?').unwrap_or(query));
    }
    if parts.host.is_some() {
        parts.scheme = parts.scheme.or_else(|| row.given(Field::Scheme).and_then(|word| scheme(word, arena)));
        parts.port = parts.port.or_else(|| port(row, parts.scheme));
    }
    parts
}

/// A scheme, or what stands for one. A service that is none says nothing.
fn scheme<'a>(word: &'a str, arena: &'a Bump) -> Option<&'a str> {
    let word = text::lower(word, arena);
    match word {
        "http" | "https" | "ftp" | "ws" | "wss" => Some(word),
        "ssl" | "tls" | "quic" => Some("https"),
        _ => None,
    }
}

/// A port that the scheme does not say already.
fn port(row: &Row<'_>, scheme: Option<&str>) -> Option<u16> {
    let port = row.given(Field::Port)?.parse().ok()?;
    let usual = match scheme {
        Some("http") => port == 80,
        Some(_) => port == 443,
        None => port == 80 || port == 443,
    };
    let usual = usual || port == 0;
    (!usual).then_some(port)
}

fn fill<'a>(event: &mut Event<'a>, row: &Row<'a>, rules: Rules, arena: &'a Bump) {
    event.user_name = row.given(Field::User).and_then(text::bare_user);
    event.user_group = row.given(Field::Group);
    event.source_ip = address(row.get(Field::SourceIp));
    event.destination_ip = address(row.get(Field::DestinationIp));
    event.device_name = row.given(Field::Device);
    event.search_terms = row.given(Field::SearchTerms);
    event.http_method = text::method(row.get(Field::Method), arena);
    event.http_status = row.given(Field::Status).and_then(|code| code.parse().ok()).filter(|code| *code != 0);
    event.filter_action = row.given(Field::Action);
    let word = row.given(Field::Outcome).or(event.filter_action);
    event.action = word.and_then(|word| outcome(word, rules.outcomes));
    event.filter_rule = row.given(Field::Rule);
    event.filter_category = row.given(Field::Category);
    event.bytes_in = bytes(row.get(Field::BytesIn));
    event.bytes_out = bytes(row.get(Field::BytesOut));
    event.content_type = row.given(Field::ContentType);
    event.file_name = row.given(Field::FileName);
    event.user_agent = row.given(Field::UserAgent);
    event.referrer = row.given(Field::Referrer);
}

/// An address, without the zone that IPv6 addresses of a link carry (RFC 4007 section 11: `fe80::1%12`).
fn address(value: &str) -> Option<&str> {
    text::address(text::cut(value, b'%').map_or(value, |(address, _)| address))
}

fn bytes(value: &str) -> Option<i64> {
    value.parse().ok().filter(|bytes| *bytes >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Place;
    use trustwatch_model::{Intent, Precision};

    fn read<'a>(values: &[(Field, &'a str)], arena: &'a Bump) -> Result<Event<'a>, NoEvent> {
        let mut row = Row::default();
        row.put(Place { field: Field::Time, rank: 0 }, "2026-11-23 09:00:00");
        values.iter().for_each(|(field, value)| row.put(Place { field: *field, rank: 0 }, value));
        let mut made = Event::at(0);
        event(&mut made, &row, Rules::default(), &mut Clock::any_time(), arena)?;
        Ok(made)
    }

    #[test]
    fn a_url_is_put_together_from_what_the_row_names() {
        let arena = Bump::new();
        let check = |values: &[(Field, &'static str)], want: [Option<&str>; 4], port: Option<u16>| {
            let made = read(values, &arena).unwrap();
            let got = [made.url_scheme, made.url_domain, made.url_path, made.url_query];
            assert_eq!((got, made.url_port), (want, port), "{values:?}");
        };
        let (http, https, host, path) = (Some("http"), Some("https"), Some("a.example"), Some("/b"));
        check(&[(Field::Url, "http://a.example/b?c")], [http, host, path, Some("c")], None);
        check(&[(Field::Url, "/b"), (Field::Host, "a.example:81")], [None, host, path, None], Some(81));
        check(
            &[(Field::Host, "a.example"), (Field::Path, "/b?c"), (Field::Scheme, "HTTPS")],
            [https, host, path, Some("c")],
            None,
        );
        check(
            &[(Field::Host, "a.example"), (Field::Path, "/b"), (Field::Query, "?c"), (Field::Port, "8080")],
            [None, host, path, Some("c")],
            Some(8080),
        );
        check(
            &[(Field::Host, "a.example"), (Field::Scheme, "https"), (Field::Port, "443")],
            [https, host, None, None],
            None,
        );
        check(&[(Field::Host, "b.example"), (Field::Url, "a.example/b")], [None, host, path, None], None);
    }

    #[test]
    fn a_row_without_host_or_url_is_not_web() {
        let arena = Bump::new();
        assert_eq!(read(&[(Field::User, "pat")], &arena), Err(Skip::NotWeb.into()));
        let unknown =
            event(&mut Event::at(0), &Row::default(), Rules::default(), &mut Clock::any_time(), &arena);
        assert_eq!(unknown, Err(RejectReason::Malformed.into()));
    }

    #[test]
    fn what_was_typed_is_an_event_without_a_page() {
        let arena = Bump::new();
        let made = read(&[(Field::User, "pat"), (Field::SearchTerms, "fireworks")], &arena).unwrap();
        assert_eq!((made.search_terms, made.url_domain), (Some("fireworks"), None));
        assert_eq!((made.precision, made.intent), (Precision::Address, Intent::Search));
    }

    #[test]
    fn the_filters_own_word_on_a_search_counts_where_the_url_has_none() {
        let arena = Bump::new();
        let terms = |url| {
            let row = [(Field::Url, url), (Field::SearchTerms, "owls")];
            read(&row, &arena).unwrap().search_terms
        };
        assert_eq!(terms("https://www.google.com/search?q=barn+owls"), Some("barn owls"));
        assert_eq!(terms("https://www.google.com/"), Some("owls"));
        assert_eq!(terms("a.example"), Some("owls"));
    }

    #[test]
    fn a_tunnel_tells_a_domain_and_no_more() {
        let arena = Bump::new();
        let precision = |method| {
            read(&[(Field::Url, "https://a.example/"), (Field::Method, method)], &arena).unwrap().precision
        };
        assert_eq!((precision("GET"), precision("connect")), (Precision::Url, Precision::Domain));
    }
}
