//! Splits what a log calls a URL, without changing what was logged.
//!
//! The `url` crate parses and rewrites; a log line wants its path and query as they stand. The usual shapes are cut
//! by hand, about four times as fast; a host that is out of the ordinary (IDN, percent-encoded, `0x7f.1`) goes to
//! the `url` crate, and a test holds the two to the same host, port and path.

use crate::{scan, text};
use bumpalo::Bump;
use std::net::{Ipv4Addr, Ipv6Addr};
use trustwatch_model::Event;

/// The parts of a URL. All borrow from the line unless they had to be rewritten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct UrlParts<'a> {
    /// Lower case, without `://`.
    pub scheme: Option<&'a str>,
    /// Absent for a path-only text and for a URL without an authority.
    pub host: Option<Host<'a>>,
    /// Where the text says one; never a default.
    pub port: Option<u16>,
    /// From its `/` on, still percent-encoded.
    pub path: Option<&'a str>,
    /// Behind the `?`; a fragment is dropped.
    pub query: Option<&'a str>,
}

/// Longest name that a host can have (RFC 1035 section 2.3.4: 255 octets on the wire, 253 letters).
pub(crate) const HOST_BYTES_MAX: usize = 253;

/// Longest text that can stand for such a name: each of its letters four bytes of UTF-8, each byte written as `%XX`.
/// The `url` crate takes its time over hosts, so it is not asked about longer ones.
const HOST_TEXT_BYTES_MAX: usize = HOST_BYTES_MAX * 4 * 3;

/// A host name or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host<'a> {
    /// Lower case, without a dot at the end, IDN in its ASCII form, IPv6 in brackets. Of any length: what is longer
    /// than [`HOST_BYTES_MAX`] stands as logged and is refused by `derive::finish`.
    pub name: &'a str,
    /// Whether it is an address and not a name.
    pub is_address: bool,
}

impl<'a> UrlParts<'a> {
    /// Puts the parts into the event's columns.
    pub(crate) fn fill(&self, event: &mut Event<'a>) {
        event.url_scheme = self.scheme;
        event.url_domain = self.host.map(|host| host.name);
        event.url_port = self.port;
        event.url_path = self.path;
        event.url_query = self.query;
    }

    /// Whether the host is an address.
    pub(crate) fn is_address(&self) -> bool {
        self.host.is_some_and(|host| host.is_address)
    }
}

/// Splits a URL, a `host:port`, a bare host with or without a path, or a path. Whatever is none of these (`urn:`,
/// `data:`, `error:invalid-request`, prose) has no host and no path.
pub(crate) fn split<'a>(text: &'a str, arena: &'a Bump) -> UrlParts<'a> {
    let text = text.trim_ascii();
    if text.starts_with('/') {
        return UrlParts { ..tail(text) };
    }
    let Some((scheme, rest)) = scheme(text, arena) else { return bare(text, arena) };
    let (authority, after) = cut(rest);
    if authority.text.is_empty() && matches!(scheme, "http" | "https" | "ftp") {
        return slow(text, arena);
    }
    if authority.is_plain() {
        return UrlParts { scheme: Some(scheme), host: plain_host(authority, arena), ..tail(after) };
    }
    // The last @ ends the user information: what stands before it can look like a host and is not.
    let authority = authority.text.rsplit_once('@').map_or(authority.text, |(_, host)| host);
    let (host, port) = host_and_port(authority, arena);
    UrlParts { scheme: Some(scheme), host, port, ..tail(after) }
}

/// Reads a host that stands alone in its column. The URL standard allows marks in a host that no name has; without a
/// scheme in front they say that the text is something else, such as a list or an account.
pub(crate) fn lone_host<'a>(text: &'a str, arena: &'a Bump) -> Option<Host<'a>> {
    let (survey, rest) = cut(text);
    if survey.is_plain() && rest.is_empty() {
        return plain_host(survey, arena);
    }
    if survey.classes & (MARK | AT) != 0 { None } else { host(text, arena) }
}

// What the bytes of an authority are; a survey is their union.
const NAMED: u8 = 1;
const UPPER: u8 = 2;
const DOT: u8 = 4;
const COLON: u8 = 8;
const AT: u8 = 16;
/// Allowed in a host by the URL standard, and in no name.
const MARK: u8 = 32;
/// Brackets, `%`, `*`, controls, and letters beyond ASCII.
const ODD: u8 = 64;
/// Ends the authority. Browsers read `\` as `/`.
const END: u8 = 128;

static CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "runs while compiling, 0 to 255"
)]
const fn classes() -> [u8; 256] {
    let mut table = [ODD; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' => NAMED,
            b'A'..=b'Z' => UPPER,
            b'-' | b'_' => 0,
            b'.' => DOT,
            b':' => COLON,
            b'@' => AT,
            b'/' | b'?' | b'#' | b'\\' => END,
            b' ' | b'!'..=b'$' | b'&'..=b')' | b'+' | b',' | b';' | b'=' | b'`' | b'{' | b'}' | b'~' => MARK,
            _ => ODD,
        };
        byte += 1;
    }
    table
}

/// An authority and what it is made of.
#[derive(Debug, Clone, Copy)]
struct Survey<'a> {
    text: &'a str,
    classes: u8,
    /// Where the last label begins.
    last_label: usize,
}

impl Survey<'_> {
    /// Whether it is a name or an IPv4 address and nothing else.
    const fn is_plain(&self) -> bool {
        self.classes & (COLON | AT | MARK | ODD) == 0
    }
}

/// The authority, and the rest from its `/`, `?` or `#` on.
#[inline]
fn cut(text: &str) -> (Survey<'_>, &str) {
    let (mut classes, mut last_label, mut end) = (0, 0, text.len());
    for (at, byte) in text.bytes().enumerate() {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(ODD);
        if class == END {
            end = at;
            break;
        }
        if class == DOT {
            last_label = at + 1;
        }
        classes |= class;
    }
    let (authority, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    (Survey { text: authority, classes, last_label }, rest)
}

fn host<'a>(text: &'a str, arena: &'a Bump) -> Option<Host<'a>> {
    let text = text.trim_ascii();
    let (survey, rest) = cut(text);
    if survey.is_plain() && rest.is_empty() {
        plain_host(survey, arena)
    } else {
        odd_host(text.trim_end_matches('.'), arena)
    }
}

#[inline]
fn plain_host<'a>(survey: Survey<'a>, arena: &'a Bump) -> Option<Host<'a>> {
    // `-` is a placeholder and no name, whatever the URL standard says.
    if survey.classes & (NAMED | UPPER) == 0 {
        return None;
    }
    let text = if survey.classes & UPPER == 0 { survey.text } else { text::lower(survey.text, arena) };
    match text.get(survey.last_label..).map(str::as_bytes) {
        Some([b'0'..=b'9', ..]) => Some(numeric_host(text, text.get(survey.last_label..)?, arena)),
        Some([_, ..]) => Some(Host { name: text, is_address: false }),
        // A dot at the end, or several.
        _ => host(text.trim_end_matches('.'), arena),
    }
}

fn scheme<'a>(text: &'a str, arena: &'a Bump) -> Option<(&'a str, &'a str)> {
    if let Some(rest) = text.strip_prefix("http://") {
        return Some(("http", rest));
    }
    if let Some(rest) = text.strip_prefix("https://") {
        return Some(("https", rest));
    }
    let end = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))?;
    let rest = text.get(end..)?.strip_prefix("://")?;
    let name = text.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    Some((text::lower(name, arena), rest))
}

/// Path and query.
fn tail(text: &str) -> UrlParts<'_> {
    let text = scan::find(text.as_bytes(), b'#').and_then(|at| text.get(..at)).unwrap_or(text);
    let (path, query) = match scan::find(text.as_bytes(), b'?') {
        Some(at) => (text.get(..at), text.get(at + 1..)),
        None => (Some(text), None),
    };
    UrlParts {
        path: path.filter(|path| !path.is_empty()),
        query: query.filter(|query| !query.is_empty()),
        ..UrlParts::default()
    }
}

/// A text without `://`.
fn bare<'a>(text: &'a str, arena: &'a Bump) -> UrlParts<'a> {
    let (survey, after) = cut(text);
    let authority = survey.text;
    let (name, port) = match text::cut(authority, b':') {
        Some((_, rest))
            if authority.starts_with('[')
                || (rest.contains(':') && authority.parse::<Ipv6Addr>().is_ok()) =>
        {
            let (host, port) = host_and_port(authority, arena);
            return UrlParts { host, port, ..tail(after) };
        }
        // `http:/host` and the like, which a browser mends.
        Some((name, _)) if name.eq_ignore_ascii_case("http") || name.eq_ignore_ascii_case("https") => {
            return slow(text, arena);
        }
        // `urn:`, `data:`, `error:`: a scheme, not a host.
        Some((_, port)) if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) => {
            return UrlParts::default();
        }
        Some((name, port)) => (name, port.parse().ok()),
        None => (authority, None),
    };
    match lone_host(name, arena) {
        Some(found) => UrlParts { host: Some(found), port, ..tail(after) },
        None => UrlParts::default(),
    }
}

fn host_and_port<'a>(authority: &'a str, arena: &'a Bump) -> (Option<Host<'a>>, Option<u16>) {
    let colons = authority.bytes().filter(|byte| *byte == b':').count();
    if colons == 0 {
        return (host(authority, arena), None);
    }
    if colons > 1 || authority.starts_with('[') {
        let end = authority.find(']').map_or(authority.len(), |at| at + 1);
        let (name, rest) = authority.split_at_checked(end).unwrap_or((authority, ""));
        return (odd_host(name, arena), rest.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text::cut(authority, b':') {
        Some((name, port)) => (host(name, arena), port.parse().ok()),
        None => (host(authority, arena), None),
    }
}

/// A host whose last label begins with a digit: an IPv4 address in one of its spellings, or a name that cannot be.
fn numeric_host<'a>(text: &'a str, last_label: &str, arena: &'a Bump) -> Host<'a> {
    if text.parse::<Ipv4Addr>().is_ok() {
        return Host { name: text, is_address: true };
    }
    let number = last_label.bytes().all(|b| b.is_ascii_digit()) || last_label.starts_with("0x");
    if !number {
        return Host { name: text, is_address: false };
    }
    match url::Host::parse(text) {
        Ok(url::Host::Ipv4(address)) => {
            Host { name: arena.alloc_str(&address.to_string()), is_address: true }
        }
        // No such address or name: kept as logged, because it is what the line says. Anonymised octets above 255
        // are the common case.
        _ => Host { name: text, is_address: text.bytes().all(|b| b.is_ascii_digit() || b == b'.') },
    }
}

/// Brackets, percent-encoding, letters beyond ASCII and whatever else is not a plain name.
fn odd_host<'a>(text: &'a str, arena: &'a Bump) -> Option<Host<'a>> {
    if text.len() > HOST_TEXT_BYTES_MAX {
        return Some(Host { name: text, is_address: false });
    }
    let literal = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = literal.parse::<Ipv6Addr>() {
        return Some(Host { name: arena.alloc_str(&format!("[{address}]")), is_address: true });
    }
    match url::Host::parse(text).ok()? {
        url::Host::Domain(name) => {
            let name = arena.alloc_str(name.trim_end_matches('.'));
            (!name.is_empty()).then_some(Host { name, is_address: false })
        }
        url::Host::Ipv4(address) => {
            Some(Host { name: arena.alloc_str(&address.to_string()), is_address: true })
        }
        url::Host::Ipv6(address) => {
            Some(Host { name: arena.alloc_str(&format!("[{address}]")), is_address: true })
        }
    }
}

/// What the hand-written splitter does not recognise.
fn slow<'a>(text: &'a str, arena: &'a Bump) -> UrlParts<'a> {
    let Ok(url) = url::Url::parse(text) else { return UrlParts::default() };
    let keep = |text: &str| -> &'a str { arena.alloc_str(text) };
    UrlParts {
        scheme: Some(keep(url.scheme())),
        host: url.host_str().and_then(|name| host(keep(name), arena)),
        port: url.port(),
        path: Some(keep(url.path())).filter(|path| !path.is_empty()),
        query: url.query().map(keep).filter(|query| !query.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(text: &str) -> String {
        let arena = Bump::new();
        let parts = split(text, &arena);
        let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let port = parts.port.map(|port| port.to_string());
        let host = parts
            .host
            .map(|host| if host.is_address { format!("@{}", host.name) } else { host.name.to_owned() });
        format!(
            "{} {} {} {} {}",
            part(parts.scheme),
            part(host.as_deref()),
            part(port.as_deref()),
            part(parts.path),
            part(parts.query)
        )
    }

    #[test]
    fn a_url_is_cut_where_a_browser_would_cut_it() {
        let check = |text: &str, want: &str| assert_eq!(show(text), want, "{text}");
        check("http://www.example.org/a/b?q=1&r=%20#f", "http www.example.org - /a/b q=1&r=%20");
        check("HTTPS://WWW.Example.ORG.:8443/", "https www.example.org 8443 / -");
        check("https://example.org", "https example.org - - -");
        check("https://example.org?q=1", "https example.org - - q=1");
        check("ftp://user:secret@example.org/f", "ftp example.org - /f -");
        check("http://www.example.org@games.example/", "http games.example - / -");
        check("http://games.example\\@www.example.org/", "http games.example - \\@www.example.org/ -");
        check("http://a.example/x?u=http://b.example/#c", "http a.example - /x u=http://b.example/");
    }

    #[test]
    fn texts_without_a_scheme_are_hosts_or_paths() {
        let check = |text: &str, want: &str| assert_eq!(show(text), want, "{text}");
        check("example.org:443", "- example.org 443 - -");
        check("example.org", "- example.org - - -");
        check("www.example.org/a?b=c", "- www.example.org - /a b=c");
        check("/a/b?c=d", "- - - /a/b c=d");
        check("//a/b", "- - - //a/b -");
        check("_ldap._tcp.corp.example", "- _ldap._tcp.corp.example - - -");
    }

    #[test]
    fn addresses_are_told_from_names() {
        let check = |text: &str, want: &str| assert_eq!(show(text), want, "{text}");
        check("10.0.0.1:443", "- @10.0.0.1 443 - -");
        check("http://0x7f.1/", "http @127.0.0.1 - / -");
        check("http://2130706433/", "http @127.0.0.1 - / -");
        check("172.88.888.2", "- @172.88.888.2 - - -");
        check("[2001:DB8::1]:443", "- @[2001:db8::1] 443 - -");
        check("2001:db8::1", "- @[2001:db8::1] - - -");
        check("http://[::1]/x", "http @[::1] - /x -");
        check("4chan.example", "- 4chan.example - - -");
        check("www.example.3com", "- www.example.3com - - -");
    }

    #[test]
    fn international_and_encoded_hosts_get_their_ascii_form() {
        let check = |text: &str, want: &str| assert_eq!(show(text), want, "{text}");
        check("http://bücher.example/", "http xn--bcher-kva.example - / -");
        check("http://ex%61mple.org/", "http example.org - / -");
        check("bücher.example", "- xn--bcher-kva.example - - -");
        // An ASCII form that stands for nothing is still the name that was asked for.
        check("http://XN--A.Example/", "http xn--a.example - / -");
        check("http:/example.org/a", "http example.org - /a -");
        check("http:///example.org/a", "http example.org - /a -");
        check("http:/example.org/a?b=c", "http example.org - /a b=c");
    }

    #[test]
    fn what_is_not_a_web_address_names_no_host() {
        for text in [
            "",
            "-:-",
            "urn:isbn:1",
            "urn:example:a/b",
            "data:text/html,x",
            "error:invalid-request",
            "about:blank",
            "mailto:a@b",
        ] {
            assert_eq!(show(text), "- - - - -", "{text}");
        }
        for text in ["two words", "pat@example.sch.uk", "<script>", "a.example,b.example", "(none)"] {
            assert_eq!(show(text), "- - - - -", "{text}");
        }
        assert_eq!(show("http://exa mple.org/"), "http - - / -");
    }

    proptest! {
        #[test]
        fn the_splitter_agrees_with_the_url_crate(
            scheme in "(http|https|HTTP|ftp)",
            user in "([a-z.:]{1,6}@)?",
            host in "[a-zA-Z0-9._é%@*\\[\\]:-]{1,20}",
            port in "(:[0-9]{0,5})?",
            path in "(/[a-zA-Z0-9_~!$&()*+,;=:@%-]{1,8}){0,3}/?",
            query in "(\\?[a-z0-9&=+%/?-]{0,12})?",
            fragment in "(#[a-z?/]{0,4})?",
        ) {
            // An empty label at the end makes the crate read `0..` as a name.
            prop_assume!(!host.ends_with(".."));
            let text = format!("{scheme}://{user}{host}{port}{path}{query}{fragment}");
            let arena = Bump::new();
            let ours = split(&text, &arena);
            if let Ok(theirs) = url::Url::parse(&text) {
                let named = |name: &&str| name.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'*');
                let name = theirs.host_str().map(|name| name.trim_end_matches('.')).filter(named);
                prop_assert_eq!(ours.host.map(|host| host.name), name);
                prop_assert_eq!(ours.scheme, Some(theirs.scheme()));
                // The crate drops a default port and writes the root path out.
                prop_assert!(theirs.port().is_none() || ours.port == theirs.port());
                prop_assert_eq!(ours.path.unwrap_or("/"), theirs.path());
                prop_assert_eq!(ours.query, theirs.query().filter(|query| !query.is_empty()));
            }
        }

        #[test]
        fn no_text_makes_it_panic_or_return_empty_parts(text in "\\PC{0,40}") {
            let arena = Bump::new();
            let parts = split(&text, &arena);
            for part in [parts.scheme, parts.host.map(|host| host.name), parts.path, parts.query].into_iter().flatten() {
                prop_assert!(!part.is_empty());
            }
        }
    }
}
