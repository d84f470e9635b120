//! Takes off what collectors put around a line.
//!
//! * Syslog: `<134>`, RFC 5424, RFC 3164 (`Nov 23 09:00:00 host `, no year, no zone), the RFC 3339 stamp that rsyslog
//!   writes; several in a row, where relays added their own.
//! * The JSON object of Fluent Bit, Vector, Cribl, Sentinel or Docker, with the line in one of its members.
//!
//! What the outermost header says of the time is the collector's statement, the innermost is nearest to the device. It
//! is kept as text for products that write no time, or half of one, themselves.

use super::json;
use crate::text;
use bumpalo::Bump;

/// A line without its wrappers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// What the product wrote.
    pub text: &'a str,
    /// When the innermost wrapper says that it was, in its notation; empty without one.
    pub stamp: &'a str,
}

/// Relays that add a header each: more than three in a row have not been seen.
const HEADERS_MAX: usize = 3;

/// Takes off syslog headers.
#[inline]
pub(crate) fn strip(message: Message<'_>) -> Message<'_> {
    let mut message = message;
    for _ in 0..HEADERS_MAX {
        // Most lines come without a header: their first letter says so.
        let text = match message.text.as_bytes().first() {
            Some(b'<') => strip_priority(message.text),
            Some(b'A'..=b'Z' | b'0'..=b'9') => message.text,
            _ => return message,
        };
        let stripped = match text.as_bytes() {
            [b'1', b' ', ..] => rfc5424(text),
            [b'A'..=b'Z', ..] => rfc3164(text),
            [_, _, _, _, b'-', _, _, b'-', _, _, b'T', ..] => rfc3339(text),
            _ => None,
        };
        match stripped {
            Some(inner) => message = inner,
            None if text.len() < message.text.len() => message.text = text,
            None => return message,
        }
    }
    message
}

/// Behind the `program[123]: ` or `program: ` that syslog leaves in front of a message; nothing comes off for a program
/// without a name.
pub(crate) fn behind_tag<'a>(text: &'a str, program: &str) -> &'a str {
    match text.split_once(": ") {
        Some((tag, rest)) if !program.is_empty() && !tag.contains(' ') && tag.contains(program) => {
            rest.trim_ascii_start()
        }
        _ => text,
    }
}

fn strip_priority(text: &str) -> &str {
    let inner = text.strip_prefix('<').and_then(|text| text.split_once('>'));
    match inner {
        Some((number, rest))
            if (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest.trim_ascii_start()
        }
        _ => text,
    }
}

/// `1 time host application process id [data] message` (RFC 5424 section 6).
fn rfc5424(text: &str) -> Option<Message<'_>> {
    let (stamp, mut rest) = text.get(2..)?.split_once(' ')?;
    for _ in 0..4 {
        rest = rest.split_once(' ')?.1;
    }
    if let Some(message) = rest.strip_prefix('-') {
        return Some(Message {
            text: message_text(message),
            stamp: text::present(stamp).unwrap_or_default(),
        });
    }
    if !rest.starts_with('[') {
        return None;
    }
    while let Some(element) = rest.strip_prefix('[') {
        rest = behind_element(element)?;
    }
    Some(Message { text: message_text(rest), stamp })
}

fn message_text(rest: &str) -> &str {
    rest.trim_ascii_start().trim_start_matches('\u{feff}')
}

/// Behind the bracket that closes an element; `\]` closes none.
fn behind_element(text: &str) -> Option<&str> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b']' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    text.get(end + 1..)
}

/// `Nov 23 09:00:00 host message`; some devices write the year between day and time, and some leave the host out.
fn rfc3164(text: &str) -> Option<Message<'_>> {
    crate::time::month_number(text)?;
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_ascii_start();
    let (day, rest) = rest.split_once(' ')?;
    let (next, after) = rest.split_once(' ')?;
    let (time, rest) = if next.len() == 4 { after.split_once(' ')? } else { (next, after) };
    let shaped =
        day.parse::<u8>().is_ok() && time.len() >= 8 && time.bytes().filter(|b| *b == b':').count() == 2;
    let stamp = text.get(..text.len() - rest.len()).filter(|_| shaped)?.trim_ascii_end();
    Some(Message { text: behind_host(rest), stamp })
}

fn rfc3339(text: &str) -> Option<Message<'_>> {
    let (stamp, rest) = text.split_once(' ')?;
    let shaped =
        stamp.len() >= 19 && stamp.bytes().all(|b| !b.is_ascii_alphabetic() || matches!(b, b'T' | b'Z'));
    shaped.then(|| Message { text: behind_host(rest), stamp })
}

/// A word of letters, digits, dots, hyphens and colons is a host, unless it is the whole message or a tag.
fn behind_host(rest: &str) -> &str {
    let rest = rest.trim_ascii_start();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    match rest.split_once(' ') {
        Some((host, message)) if host.bytes().all(plain) && !host.ends_with(':') && !host.contains("::") => {
            message.trim_ascii_start()
        }
        Some((host, message)) if crate::text::is_address(host) => message.trim_ascii_start(),
        _ => rest,
    }
}

/// Members that hold the line, best first.
const LINES: [&str; 7] =
    ["event.original", "_raw", "SyslogMessage", "MESSAGE", "message", "log", "RawMessage"];

/// Members that hold the collector's time, best first.
const STAMPS: [&str; 8] =
    ["@timestamp", "timestamp", "EventTime", "TimeGenerated", "_time", "time", "date", "Timestamp"];

/// Takes the line out of the JSON object that a collector put around it, if it is one.
pub(crate) fn open_envelope<'a>(message: Message<'a>, arena: &'a Bump) -> Option<Message<'a>> {
    let (mut line, mut stamp) = ((LINES.len(), ""), (STAMPS.len(), message.stamp));
    json::read(message.text, arena, &mut |name, value| {
        let better = |names: &[&str], rank: usize| names.iter().take(rank).position(|known| *known == name);
        if let Some(rank) = better(&LINES, line.0).filter(|_| value.is_text) {
            line = (rank, value.text);
        } else if let Some(rank) = better(&STAMPS, stamp.0) {
            stamp = (rank, value.text);
        }
    })?;
    let inside = line.1.trim_ascii();
    if inside.is_empty() { None } else { Some(strip(Message { text: inside, stamp: stamp.1 })) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Message<'_> {
        Message { text, stamp: "" }
    }

    #[test]
    fn headers_come_off_and_messages_stay_whole() {
        let check = |line: &str, stamp: &str, want: &str| {
            assert_eq!(strip(bare(line)), Message { text: want, stamp }, "{line}");
        };
        check("date=2026-11-23 time=09:00:00", "", "date=2026-11-23 time=09:00:00");
        check("<188>date=2026-11-23", "", "date=2026-11-23");
        check("<134>  id=firewall", "", "id=firewall");
        check("<134>Nov 23 09:00:00 fw01 date=1", "Nov 23 09:00:00", "date=1");
        check("Nov  3 09:00:00 fw01 date=1", "Nov  3 09:00:00", "date=1");
        check("Nov 23 2026 09:00:00 fw01 date=1", "Nov 23 2026 09:00:00", "date=1");
        check("Nov 23 09:00:00 10.0.0.1 a b", "Nov 23 09:00:00", "a b");
        check("<134>1 2026-11-23T09:00:00Z fw01 - - - - date=1", "2026-11-23T09:00:00Z", "date=1");
        check("<134>1 - fw01 - - - - date=1", "", "date=1");
        check("<134>1 2026-11-23T09:00:00Z f a 1 m [x@1 k=\"v\"] date=1", "2026-11-23T09:00:00Z", "date=1");
        check(
            "<134>1 2026-11-23T09:00:00Z f a 1 m [x k=\"\\]\"][y] \u{feff}date=1",
            "2026-11-23T09:00:00Z",
            "date=1",
        );
        check("2026-11-23T09:00:00.1+00:00 fw01 <188>date=1", "2026-11-23T09:00:00.1+00:00", "date=1");
        check("<x>date=1", "", "<x>date=1");
        for text in ["Nov third 09:00:00 fw01 a=1", "Nov 23 no-clock fw01 a=1", "2026-11-23T9:00 fw01 a=1"] {
            check(text, "", text);
        }
        for text in ["", "Nov 23", "1 short", "1 1795428000.5 MX84 urls src=10.0.0.1 dst=1 x y z"] {
            check(text, "", text);
        }
    }

    #[test]
    fn every_relays_header_comes_off_and_the_innermost_time_stays() {
        let line = "2026-11-23T09:00:02+00:00 relay <134>Nov 23 09:00:00 fw01 date=1";
        assert_eq!(strip(bare(line)), Message { text: "date=1", stamp: "Nov 23 09:00:00" });
    }

    #[test]
    fn a_header_without_a_host_takes_nothing_from_the_message() {
        let check = |message: &str| {
            let line = format!("Nov 23 09:00:00 {message}");
            assert_eq!(strip(bare(&line)).text, message);
        };
        check("CEF:0|Maker|P|1|2|n|3|a=1 b=2");
        check("dnsmasq[12]: query[A] a.example from 10.0.0.1");
        check("date=2026-11-23 time=09:00:00");
        check("1,2026/11/23 09:00:00,x");
        check("named: x");
        check("word");
    }

    #[test]
    fn the_line_is_taken_out_of_its_envelope() {
        let arena = Bump::new();
        let check = |line: &str, want: Option<(&str, &str)>| {
            let opened = open_envelope(bare(line), &arena);
            assert_eq!(opened.map(|message| (message.stamp, message.text)), want, "{line}");
        };
        check(
            r#"{"log":"a=1\n","stream":"stdout","time":"2026-11-23T09:00:00Z"}"#,
            Some(("2026-11-23T09:00:00Z", "a=1")),
        );
        check(r#"{"message":"<134>Nov 23 09:00:00 fw01 a=1","host":"x"}"#, Some(("Nov 23 09:00:00", "a=1")));
        check(r#"{"_time":1795428000.5,"_raw":"a=\"1\"","message":"x"}"#, Some(("1795428000.5", "a=\"1\"")));
        check(r#"{"event":{"original":"a=1"},"message":"b"}"#, Some(("", "a=1")));
        check(r#"{"message":{"a":"1"}}"#, None);
        check(r#"{"message":17}"#, None);
        check(r#"{"message":"a=1""#, None);
        check("{}", None);
    }

    #[test]
    fn a_tag_comes_off_only_when_it_names_the_program() {
        assert_eq!(behind_tag("(squid-1): 1.2 x", "squid"), "1.2 x");
        assert_eq!(behind_tag("squid[12]: 1.2 x", "squid"), "1.2 x");
        assert_eq!(behind_tag("other[12]: 1.2 x", "squid"), "other[12]: 1.2 x");
        assert_eq!(behind_tag("a squid: x", "squid"), "a squid: x");
        assert_eq!(behind_tag("{\"a\": 1}", ""), "{\"a\": 1}");
    }
}
