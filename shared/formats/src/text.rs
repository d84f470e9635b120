//! Bytes to text, and the small questions that every format asks of a value.

use crate::scan;
use bumpalo::Bump;
use bumpalo::collections::{String as ArenaString, Vec as ArenaVec};
use encoding_rs::Encoding;

/// A line as text, without white space, NUL bytes and a byte order mark at its ends; `None` when nothing is left.
///
/// NUL bytes in front of a line are the hole that `copytruncate` leaves in a file that is still being written.
pub(crate) fn line<'a>(bytes: &'a [u8], arena: &'a Bump) -> Option<&'a str> {
    let bytes = trim(bytes);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").map_or(bytes, trim);
    if bytes.is_empty() { None } else { Some(decode(bytes, arena)) }
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    let idle = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    while let Some((first, rest)) = bytes.split_first()
        && idle(first)
    {
        bytes = rest;
    }
    while let Some((last, rest)) = bytes.split_last()
        && idle(last)
    {
        bytes = rest;
    }
    bytes
}

/// Bytes as text: UTF-8 where it is valid, windows-1252 for the bytes that are not.
///
/// Only the offending bytes are read as windows-1252, because one line can hold a name in UTF-8 beside a URL that a
/// client sent in Latin-1.
pub(crate) fn decode<'a>(bytes: &'a [u8], arena: &'a Bump) -> &'a str {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text;
    }
    let mut text = ArenaString::with_capacity_in(bytes.len() * 2, arena);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let (decoded, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid());
            text.push_str(&decoded);
        }
    }
    text.into_bump_str()
}

/// The text without the backslashes that stand in front of one of these letters. Any other backslash stands for itself.
pub(crate) fn unescape<'a>(text: &'a str, escaped: &[char], arena: &'a Bump) -> &'a str {
    let is_escape =
        |(at, _): (usize, &str)| text.get(at + 1..).is_some_and(|behind| behind.starts_with(escaped));
    if !text.match_indices('\\').any(is_escape) {
        return text;
    }
    let mut plain = ArenaString::with_capacity_in(text.len(), arena);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let meant = (letter == '\\').then(|| letters.next_if(|next| escaped.contains(next))).flatten();
        plain.push(meant.unwrap_or(letter));
    }
    plain.into_bump_str()
}

/// The text with rsyslog's `#011` as the tabs that it stands for. A text that holds tabs was not written by rsyslog.
pub(crate) fn with_tabs<'a>(text: &'a str, arena: &'a Bump) -> &'a str {
    if !text.contains("#011") || text.contains('\t') {
        return text;
    }
    let mut plain = ArenaString::with_capacity_in(text.len(), arena);
    for (index, part) in text.split("#011").enumerate() {
        if index > 0 {
            plain.push('\t');
        }
        plain.push_str(part);
    }
    plain.into_bump_str()
}

/// What stands before and behind the first such byte, which must be ASCII. Twice as fast as `split_once` on the
/// short texts of a log line.
#[inline]
pub(crate) fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = scan::find(text.as_bytes(), byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The value without white space at its ends, or `None` for an empty one and for the placeholder `-`.
#[inline]
pub(crate) fn present(value: &str) -> Option<&str> {
    let bytes = value.as_bytes();
    let padded =
        bytes.first().is_none_or(u8::is_ascii_whitespace) || bytes.last().is_none_or(u8::is_ascii_whitespace);
    let value = if padded { value.trim_ascii() } else { value };
    if value.is_empty() || value == "-" { None } else { Some(value) }
}

/// The value in lower case; borrowed when it already is.
pub(crate) fn lower<'a>(value: &'a str, arena: &'a Bump) -> &'a str {
    if !value.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return value;
    }
    let mut lowered = ArenaString::from_str_in(value, arena);
    lowered.make_ascii_lowercase();
    lowered.into_bump_str()
}

/// A request method in upper case; `None` for anything that is not one word of letters, and for Squid's `NONE`.
pub(crate) fn method<'a>(value: &'a str, arena: &'a Bump) -> Option<&'a str> {
    let word =
        !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    if !word || value == "-" || value.eq_ignore_ascii_case("none") {
        return None;
    }
    if !value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Some(value);
    }
    let mut upper = ArenaString::from_str_in(value, arena);
    upper.make_ascii_uppercase();
    Some(upper.into_bump_str())
}

/// The value percent-decoded, with `+` as a space where `plus_is_space`. Bytes that are not UTF-8 are read as
/// windows-1252; a `%` without two hex digits stands for itself.
pub(crate) fn percent_decode<'a>(value: &'a str, plus_is_space: bool, arena: &'a Bump) -> &'a str {
    percent_bytes(value, plus_is_space, arena).map_or(value, |bytes| decode(bytes, arena))
}

/// The value percent-decoded with `+` as a space. It is in the charset that was `said`, or else UTF-8, or else in the
/// one that is `usual` where it comes from.
pub(crate) fn percent_decode_as<'a>(
    value: &'a str,
    said: impl FnOnce() -> Option<&'static Encoding>,
    usual: Option<&'static Encoding>,
    arena: &'a Bump,
) -> &'a str {
    let Some(bytes) = percent_bytes(value, true, arena) else { return value };
    let text = std::str::from_utf8(bytes);
    if let Ok(text) = text
        && text.is_ascii()
    {
        return text;
    }
    let charset = said().or(if text.is_err() { usual } else { None });
    charset.map_or_else(
        || decode(bytes, arena),
        |charset| arena.alloc_str(&charset.decode_without_bom_handling(bytes).0),
    )
}

/// The bytes that percent escapes stand for; `None` when there are none.
fn percent_bytes<'a>(value: &str, plus_is_space: bool, arena: &'a Bump) -> Option<&'a [u8]> {
    let coded = |byte: u8| byte == b'%' || (plus_is_space && byte == b'+');
    if !value.bytes().any(coded) {
        return None;
    }
    let mut decoded = ArenaVec::with_capacity_in(value.len(), arena);
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                decoded.push(hex_value(*high) << 4 | hex_value(*low));
                rest = after;
            }
            (b'+', _) if plus_is_space => decoded.push(b' '),
            _ => decoded.push(*first),
        }
    }
    Some(decoded.into_bump_slice())
}

const fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

/// Whether the value has the shape of an IPv4 or IPv6 address.
///
/// The shape is enough: some devices and every anonymiser write octets that cannot exist, and a strict check would
/// throw away the only thing that tells two machines apart.
pub(crate) fn is_address(value: &str) -> bool {
    let (mut dots, mut colons, mut digits) = (0, 0, 0);
    for byte in value.bytes() {
        match byte {
            b'.' => dots += 1,
            b':' => colons += 1,
            b'0'..=b'9' => digits += 1,
            b'a'..=b'f' | b'A'..=b'F' => {}
            _ => return false,
        }
    }
    if colons == 0 { dots == 3 && digits + dots == value.len() && digits >= 4 } else { colons >= 2 }
}

/// The value when it is an address.
#[inline]
pub(crate) fn address(value: &str) -> Option<&str> {
    present(value).filter(|value| is_address(value))
}

/// A login without its `DOMAIN\` prefix.
pub(crate) fn bare_user(value: &str) -> Option<&str> {
    let prefix = value.bytes().rposition(|byte| byte == b'\\');
    present(prefix.and_then(|at| value.get(at + 1..)).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_only_what_stands_around_it() {
        let arena = Bump::new();
        let check = |bytes: &[u8], want: Option<&str>| assert_eq!(line(bytes, &arena), want, "{bytes:?}");
        check(b"a b", Some("a b"));
        check(b"\0\0\0a\t\r", Some("a"));
        check(b"\xef\xbb\xbfa", Some("a"));
        check(b" \0\t", None);
        check(b"\xef\xbb\xbf", None);
        check(b"", None);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read_as_windows_1252() {
        let arena = Bump::new();
        let check = |bytes: &[u8], want: &str| assert_eq!(decode(bytes, &arena), want);
        check(b"caf\xe9", "café");
        check(b"\x93quoted\x94", "\u{201c}quoted\u{201d}");
        check("Siân".as_bytes(), "Siân");
        check(b"Si\xc3\xa2n caf\xe9", "Siân café");
    }

    #[test]
    fn percent_decoding_keeps_what_is_not_an_escape() {
        let arena = Bump::new();
        let check = |text: &str, want: &str| assert_eq!(percent_decode(text, true, &arena), want, "{text}");
        check("a+b%20c", "a b c");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%4z%z4", "%4z%z4");
        check("++", "  ");
        check("caf%C3%A9", "café");
        check("caf%E9", "café");
        check("%2B", "+");
        assert_eq!(percent_decode("a+b%5cc", false, &arena), "a+b\\c");
    }

    #[test]
    fn a_value_is_present_when_something_stands_between_its_spaces() {
        let check = |text: &str, want: Option<&str>| assert_eq!(present(text), want, "`{text}`");
        check("a b", Some("a b"));
        check("a ", Some("a"));
        check("\ta", Some("a"));
        check("--", Some("--"));
        check("", None);
        check("  ", None);
        check("-", None);
        check(" -", None);
    }

    #[test]
    fn a_method_is_one_word_in_upper_case() {
        let arena = Bump::new();
        let check = |text: &str, want: Option<&str>| assert_eq!(method(text, &arena), want, "{text}");
        check("GET", Some("GET"));
        check("get", Some("GET"));
        check("M-SEARCH", Some("M-SEARCH"));
        check("bcopy_x", Some("BCOPY_X"));
        for bad in ["", "-", "NONE", "none", "G3T", "two words"] {
            check(bad, None);
        }
    }

    #[test]
    fn an_address_is_told_by_its_shape() {
        for good in ["10.0.0.1", "172.88.888.2", "::1", "2a02:cf40::1", "::ffff:10.0.0.1"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "-", "example.org", "1.2.3", "1.2.3.4.5", "...", "dead.beef.a.b", "10.0.0.1:80", "12:30"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_login_loses_its_domain() {
        let check = |text: &str, want: Option<&str>| assert_eq!(bare_user(text), want, "{text}");
        check("SCHOOL\\pat", Some("pat"));
        check("a\\b\\pat", Some("pat"));
        check("pat@example.sch.uk", Some("pat@example.sch.uk"));
        check("SCHOOL\\", None);
        check("-", None);
    }
}
