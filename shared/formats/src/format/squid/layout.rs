//! Layouts that a school wrote itself, in the words of Squid's `logformat`.
//!
//! A layout is codes (`%>a`, `%{Referer}>h`, `%6tr`) with text between them. A value reaches up to the text behind its
//! code, so two codes need some text between them; that is checked when the feed is set up. Codes that say nothing about
//! an event are read over. `ssl::` and other prefixes of a code's family are part of its name.

use super::Outcome;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::words;
use crate::read::wrap::Message;
use crate::row::{self, Field, Row, Rules};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::{Event, RejectReason, Skip};

/// A layout, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// What stands before the first code.
    head: String,
    /// Codes, each with the text behind it; only the last can have none.
    parts: Vec<(Code, String)>,
}

/// What a code holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Value(Field),
    /// Seconds since 1970.
    Seconds,
    /// The fraction of a second, in digits.
    Fraction,
    /// Squid's verdict, such as `TCP_DENIED`.
    Result,
    Other,
}

/// Codes that are used (logformat documentation of Squid 6).
const CODES: &[(&str, Code)] = &[
    ("ts", Code::Seconds),
    ("tu", Code::Fraction),
    ("tl", Code::Value(Field::Time)),
    ("tg", Code::Value(Field::Time)),
    (">a", Code::Value(Field::SourceIp)),
    (">A", Code::Value(Field::Device)),
    ("<a", Code::Value(Field::DestinationIp)),
    ("un", Code::Value(Field::User)),
    ("ul", Code::Value(Field::User)),
    ("ue", Code::Value(Field::User)),
    (">Hs", Code::Value(Field::Status)),
    ("Hs", Code::Value(Field::Status)),
    ("<st", Code::Value(Field::BytesIn)),
    (">st", Code::Value(Field::BytesOut)),
    ("st", Code::Other),
    ("rm", Code::Value(Field::Method)),
    (">rm", Code::Value(Field::Method)),
    ("ru", Code::Value(Field::Url)),
    (">ru", Code::Value(Field::Url)),
    (">rs", Code::Value(Field::Scheme)),
    (">rd", Code::Value(Field::Host)),
    (">rP", Code::Value(Field::Port)),
    (">rp", Code::Value(Field::Path)),
    ("ssl::>sni", Code::Value(Field::Host)),
    ("mt", Code::Value(Field::ContentType)),
    ("Ss", Code::Result),
    ("{referer}>h", Code::Value(Field::Referrer)),
    ("{user-agent}>h", Code::Value(Field::UserAgent)),
    ("{host}>h", Code::Value(Field::Host)),
];

impl Layout {
    /// # Errors
    /// What is wrong, for whoever set up the feed.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut layout = Self { head: String::new(), parts: Vec::new() };
        let mut rest = text;
        while let Some((between, behind)) = rest.split_once('%') {
            layout.extend(between);
            if let Some(behind) = behind.strip_prefix('%') {
                // `%%` stands for a percent sign.
                layout.extend("%");
                rest = behind;
                continue;
            }
            if behind.is_empty() {
                return Err("a `%` at the end names no code");
            }
            if layout.parts.last().is_some_and(|(_, between)| between.is_empty()) {
                return Err("two codes stand side by side: put text between them, in Squid too");
            }
            let (code, behind) = code(behind)?;
            layout.parts.push((code, String::new()));
            rest = behind;
        }
        layout.extend(rest);
        let has = |wanted: &[Code]| layout.parts.iter().any(|(code, _)| wanted.contains(code));
        if !has(&[Code::Seconds, Code::Value(Field::Time)]) {
            return Err("no code holds the time: add `%ts` or `%tl`");
        }
        if !has(&[Code::Value(Field::Url), Code::Value(Field::Host)]) {
            return Err("no code holds the URL: add `%ru`");
        }
        Ok(layout)
    }

    fn extend(&mut self, text: &str) {
        self.parts.last_mut().map_or(&mut self.head, |(_, between)| between).push_str(text);
    }

    /// Takes the values of a line.
    fn read<'a>(&self, row: &mut Row<'a>, line: &'a str, arena: &'a Bump) -> Option<Outcome<'a>> {
        let mut rest = line.strip_prefix(self.head.trim_ascii_start())?;
        let (mut seconds, mut fraction, mut result) = ("", "", "");
        let mut in_quotes = opens(&self.head);
        for (code, between) in &self.parts {
            // A width pads with spaces.
            let padded = rest.trim_ascii_start();
            let value;
            (value, rest) = if in_quotes && between.starts_with('"') {
                let (value, rest) = cut_quoted(padded, between)?;
                (text::unescape(value, ESCAPED, arena), rest)
            } else if between.is_empty() {
                (padded, "")
            } else {
                cut(padded, between)?
            };
            in_quotes ^= opens(between);
            match code {
                Code::Value(field) => row.set(*field, text::present(value).unwrap_or_default()),
                Code::Seconds => seconds = value,
                Code::Fraction => fraction = value,
                Code::Result => result = value,
                Code::Other => {}
            }
        }
        if !seconds.is_empty() {
            let stamp =
                if fraction.is_empty() { seconds } else { arena.alloc_str(&format!("{seconds}.{fraction}")) };
            row.set(Field::Time, stamp);
        }
        let status = row.get(Field::Status).parse().ok();
        Some(Outcome { result, status })
    }
}

/// Whether quotes are open behind a text that were not before it, or the other way round.
fn opens(text: &str) -> bool {
    text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

/// What stands before a text and behind it. Spaces alone may be left out at the end of a line.
fn cut<'a>(line: &'a str, between: &str) -> Option<(&'a str, &'a str)> {
    let whole = line.split_once(between);
    whole.or_else(|| line.strip_suffix(between.trim_ascii_end()).map(|value| (value, "")))
}

/// The same for a value in quotes: Squid writes a backslash in front of each quote inside, so that no agent and no URL
/// can pass for the columns behind it.
fn cut_quoted<'a>(line: &'a str, between: &str) -> Option<(&'a str, &'a str)> {
    let (value, rest) = line.split_at_checked(words::closing_quote(line)?)?;
    let behind = rest.strip_prefix(between);
    behind.or_else(|| (rest == between.trim_ascii_end()).then_some("")).map(|rest| (value, rest))
}

/// What Squid writes a backslash in front of.
const ESCAPED: &[char] = &['"', '\\'];

/// The code at the beginning of a text, and the text behind it: `[encoding][-][[0]width][.max][{argument}]name`.
fn code(piece: &str) -> Result<(Code, &str), &'static str> {
    let rest = piece.trim_start_matches(['"', '[', '#', '/', '\'', '-']);
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let (argument, rest) = match rest.strip_prefix('{') {
        Some(inside) => inside.split_once('}').ok_or("a `{` has no `}`")?,
        None => ("", rest),
    };
    let (family, name) = match rest.split_once("::") {
        Some((family, name)) if family.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            (family.len() + 2, name)
        }
        _ => (0, rest),
    };
    let marks = name.bytes().take_while(|byte| matches!(byte, b'<' | b'>')).count();
    let letters = name.bytes().skip(marks).take_while(u8::is_ascii_alphabetic).count();
    // Text can follow a code without a space, so the longest known name counts.
    let known = (1..=letters).rev().find_map(|length| {
        let end = family + marks + length;
        let full = rest.get(..end)?;
        let with_argument = format!("{{{}}}{full}", argument.to_ascii_lowercase());
        let is = |(code, _): &&(&str, Code)| *code == full || *code == with_argument;
        CODES.iter().find(is).map(|(_, code)| (*code, end))
    });
    let (code, end) = match known {
        Some(known) => known,
        // Squid has some two hundred codes; one that is not used here ends with its letters.
        None if letters > 0 => (Code::Other, family + marks + letters),
        None => return Err("a code is not known"),
    };
    Ok((code, rest.get(end..).unwrap_or_default()))
}

/// Reads lines of a layout.
pub(super) struct LayoutParser {
    layout: Layout,
    clock: Clock,
}

impl LayoutParser {
    pub(super) const fn new(layout: Layout, clock: Clock) -> Self {
        Self { layout, clock }
    }
}

impl ReadLine for LayoutParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        if message.text.starts_with('#') {
            return Err(Skip::Comment.into());
        }
        let mut row = Row::default();
        let outcome = self.layout.read(&mut row, message.text, arena).ok_or(RejectReason::Malformed)?;
        if row.get(Field::Url).starts_with("error:") {
            // A connection that never became a request.
            return Err(Skip::NotWeb.into());
        }
        row.set(Field::User, text::percent_decode(row.get(Field::User), false, arena));
        row.set(Field::Action, outcome.result);
        row::event(event, &row, Rules::default(), &mut self.clock, arena)?;
        event.action = (!outcome.result.is_empty()).then(|| outcome.action());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trustwatch_model::Action;

    const NATIVE: &str = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt";

    fn read<'a>(layout: &str, line: &'a str, arena: &'a Bump) -> Result<Event<'a>, NoEvent> {
        let mut event = Event::at(0);
        let layout = Layout::parse(layout).unwrap();
        LayoutParser::new(layout, Clock::any_time()).unwrap_and_read(line, &mut event, arena)?;
        Ok(event)
    }

    #[test]
    fn the_native_layout_stated_as_a_string_reads_native_lines() {
        let arena = Bump::new();
        let line = "1795428000.123     45 10.0.0.1 TCP_DENIED/403 3900 GET http://games.example/a SCHOOL%5cpat HIER_NONE/- text/html";
        let event = read(NATIVE, line, &arena).unwrap();
        assert_eq!((event.event_at, event.user_name), (1_795_428_000_123_000, Some("pat")));
        assert_eq!((event.action, event.http_status), (Some(Action::Blocked), Some(403)));
        assert_eq!((event.url_domain, event.content_type), (Some("games.example"), Some("text/html")));
        assert_eq!((event.source_ip, event.bytes_in), (Some("10.0.0.1"), Some(3900)));
    }

    #[test]
    fn quoted_headers_and_local_times_are_read() {
        let arena = Bump::new();
        let layout = "%>a [%tl] \"%rm %ru HTTP/%rv\" %>Hs \"%{Referer}>h\" \"%{User-Agent}>h\" %Ss:%Sh 100%%";
        let line = "10.0.0.1 [23/Nov/2026:09:00:00 +0000] \"GET http://a.example/x HTTP/1.1\" 407 \"-\" \"A b\" TCP_DENIED:HIER_NONE 100%";
        let event = read(layout, line, &arena).unwrap();
        assert_eq!((event.event_at, event.action), (1_795_424_400_000_000, Some(Action::Challenged)));
        assert_eq!((event.user_agent, event.referrer), (Some("A b"), None));
    }

    #[test]
    fn a_code_keeps_the_percent_signs_of_its_argument() {
        let arena = Bump::new();
        let layout = "%>a [%{%d/%b/%Y:%H:%M:%S}tl] \"%rm %ru\" %03>Hs %Ss 100%%";
        let line = "10.0.0.1 [23/Nov/2026:09:00:00] \"GET http://a.example/x\" 200 TCP_MISS 100%";
        let event = read(layout, line, &arena).unwrap();
        assert_eq!((event.event_at, event.url_domain), (1_795_424_400_000_000, Some("a.example")));
    }

    #[test]
    fn quotes_inside_a_value_do_not_pass_for_its_end() {
        let arena = Bump::new();
        let layout = "%ts %>a \"%rm %ru\" \"%{User-Agent}>h\" %[un %mt";
        let line = r#"1795428000 10.0.0.1 "GET http://a.example/?say=\"a\"" "A \"1 2\" sam.elm text/html \\" pat.ash text/plain"#;
        let event = read(layout, line, &arena).unwrap();
        assert_eq!((event.user_name, event.content_type), (Some("pat.ash"), Some("text/plain")));
        assert_eq!(event.user_agent, Some(r#"A "1 2" sam.elm text/html \"#));
        assert_eq!(event.url_query, Some("say=\"a\""));
        let nothing = r#"1795428000 10.0.0.1 "- error:transaction-end-before-headers" "-" - -"#;
        assert_eq!(read(layout, nothing, &arena), Err(Skip::NotWeb.into()));
        let line = r#"1795428000 10.0.0.1 "GET http://a.example/" "A\" pat.ash text/plain"#;
        assert_eq!(read(layout, line, &arena), Err(RejectReason::Malformed.into()));
    }

    #[test]
    fn a_line_of_another_layout_is_malformed() {
        let arena = Bump::new();
        for line in ["", "x", "1795428000.123 45 10.0.0.1 TCP_MISS/200 39"] {
            assert_eq!(read(NATIVE, line, &arena).ok(), None, "{line}");
        }
    }

    #[test]
    fn layouts_that_cannot_be_read_are_refused_with_their_reason() {
        let check = |layout: &str, want: &str| {
            let problem = Layout::parse(layout).unwrap_err();
            assert!(problem.contains(want), "{layout}: {problem}");
        };
        check("%>a %ru", "time");
        check("%ts %>a", "URL");
        check("%ts%ru", "side by side");
        check("%ts %{Referer", "`}`");
        check("%ts %ru %", "names no code");
        check("%ts %ru %!", "not known");
    }
}
