//! A first look at a log: what it is, what would become of its lines, and what is in doubt.
//!
//! It is for the person who is about to set up a feed. It counts, and names formats, columns and times; it holds no line
//! of the log and no name of a person.

use crate::format::{HeaderSearch, UnknownHeader, candidates, find};
use crate::parser::{Format, Line, LineParser, ParseContext, Sniff};
use crate::read::wrap::{self, Message};
use crate::{LINE_BYTES_MAX, LineReader, text};
use bumpalo::Bump;
use jiff::tz::{Offset, TimeZone};
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use trustwatch_model::{Attribution, Counts, DateOrder, Event, Precision, Reading, RejectReason, Window};

/// Lines that are looked at.
pub const SURVEY_LINES_MAX: usize = 1_000;

/// Bytes of lines that are looked at: lines can be long.
pub const SURVEY_BYTES_MAX: usize = 8 << 20;

/// Lines by which a format is recognised.
const HEAD_LINES: usize = 50;

/// What to look with.
#[derive(Debug, Clone)]
pub struct Lens<'a> {
    /// Object key or file name.
    pub key: &'a str,
    /// Id of the format; without one the most likely is taken.
    pub format: Option<&'a str>,
    /// Zone of local times.
    pub zone: TimeZone,
    /// When the file arrived: microseconds since 1970 UTC.
    pub arrived_at: i64,
    /// The span in which an event is believed.
    pub window: Window,
    /// What the feed is to say.
    pub reading: &'a Reading,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Formats that claim the log, the most likely first.
    pub candidates: Vec<Sniff>,
    /// How the file is compressed, such as `gzip`; `none` where it is not.
    pub container: &'static str,
    /// How its text is coded.
    pub encoding: &'static str,
    /// What a collector put around the lines, where it did.
    pub wrapper: Option<&'static str>,
    /// What the named or the most likely format makes of the first lines; `None` when there is no such format.
    pub sample: Option<Sample>,
    /// A header that no map knows, where rows stand below none.
    pub header: Option<UnknownHeader>,
    /// Why the file cannot be read further.
    pub fault: Option<String>,
}

/// What a format makes of the first lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Id of the format.
    pub format: &'static str,
    /// The account of the lines that were looked at.
    pub counts: Counts,
    /// Rejects by reason.
    pub rejects: BTreeMap<RejectReason, u64>,
    /// Events by what they say of the page.
    pub precision: BTreeMap<&'static str, u64>,
    /// Events by whom they can be laid to.
    pub attribution: BTreeMap<&'static str, u64>,
    /// Different logins.
    pub users: usize,
    /// Events with an outcome.
    pub decided: u64,
    /// Events with search terms.
    pub searches: u64,
    /// Events with a host name.
    pub hosts: u64,
    /// Events with a category word of the filter.
    pub categorised: u64,
    /// First and last time: microseconds since 1970 UTC.
    pub span: Option<(i64, i64)>,
    /// Events whose time depends on the feed's zone.
    pub local_times: u64,
    /// Events whose date would be another one if the other number were the month.
    pub open_dates: u64,
    /// Lines that would be an event only if the other number were the month.
    pub dates_of_other_order: u64,
}

/// The first lines of a file, in memory.
struct Head {
    lines: Vec<Vec<u8>>,
    over_long: u64,
}

/// Looks at the first lines of a log.
pub fn survey(source: impl Read, lens: &Lens<'_>) -> Survey {
    let mut reader = LineReader::new(source);
    let (head, fault) = read_head(&mut reader);
    let few: Vec<&[u8]> = head.lines.iter().take(HEAD_LINES).map(Vec::as_slice).collect();
    let candidates = candidates(lens.key, &few);
    let named = lens.format.or_else(|| candidates.first().map(|sniff| sniff.format));
    let mut header = HeaderSearch::new(lens.format, lens.reading);
    let sample = named.and_then(find).map(|format| sample(format, &head, lens, &mut header));
    if sample.is_none() {
        head.lines.iter().for_each(|line| header.look(line));
    }
    Survey {
        candidates,
        container: reader.container(),
        encoding: reader.encoding().unwrap_or_else(|| encoding(&head)),
        wrapper: wrapper(&few),
        sample,
        header: header.found().cloned(),
        fault,
    }
}

fn read_head<R: Read>(reader: &mut LineReader<R>) -> (Head, Option<String>) {
    let mut head = Head { lines: Vec::new(), over_long: 0 };
    let mut bytes = 0;
    while head.lines.len() < SURVEY_LINES_MAX && bytes < SURVEY_BYTES_MAX {
        match reader.next_line() {
            Ok(Some(line)) if line.over_long => {
                bytes += LINE_BYTES_MAX;
                head.over_long += 1;
            }
            Ok(Some(line)) => {
                bytes += line.bytes.len();
                head.lines.push(line.bytes.to_vec());
            }
            Ok(None) => break,
            Err(error) => return (head, Some(error.to_string())),
        }
    }
    let is_empty = head.lines.is_empty() && head.over_long == 0;
    (head, is_empty.then(|| "it is empty: there is not a line to look at".to_owned()))
}

/// Reads all lines, in a zone and an order of dates.
fn each<'h>(
    format: &dyn Format,
    head: &'h Head,
    lens: &Lens<'_>,
    zone: TimeZone,
    date_order: DateOrder,
    mut take: impl FnMut(&'h [u8], Line<'_>),
) {
    let reading = Reading { date_order, ..lens.reading.clone() };
    let Lens { key, arrived_at, window, .. } = *lens;
    let mut parser = format.parser(&ParseContext { zone, window, key, arrived_at, reading: &reading });
    let parser: &mut dyn LineParser = parser.as_mut();
    let mut arena = Bump::new();
    for line in &head.lines {
        take(line, parser.parse(line, &arena));
        arena.reset();
    }
}

/// `header` sees the rows that are refused for the want of one.
fn sample(format: &'static dyn Format, head: &Head, lens: &Lens<'_>, header: &mut HeaderSearch) -> Sample {
    let lines = (head.lines.len() as u64) + head.over_long;
    let mut sample = Sample { format: format.id(), ..Sample::default() };
    sample.counts = Counts { lines, rejects: head.over_long, ..Counts::default() };
    if head.over_long > 0 {
        sample.rejects.insert(RejectReason::TooLong, head.over_long);
    }
    let mut users: HashSet<String> = HashSet::new();
    let order = lens.reading.date_order;
    let mut times = Vec::with_capacity(head.lines.len());
    each(format, head, lens, lens.zone.clone(), order, |text, line| {
        times.push(time_of(&line));
        match line {
            Line::Event(event) => {
                sample.take(&event);
                users.extend(event.user_name.map(str::to_owned));
            }
            Line::Reject(reason) => {
                sample.counts.rejects += 1;
                *sample.rejects.entry(reason).or_default() += 1;
                if reason == RejectReason::NoHeader {
                    header.look(text);
                }
            }
            Line::Skip(skip) => sample.counts.skipped.add(skip),
        }
    });
    sample.users = users.len();
    // Any zone that no school is in: a time that follows it is local.
    let elsewhere = TimeZone::fixed(Offset::constant(-11));
    let mut moved = times.iter();
    each(format, head, lens, elsewhere, order, |_, line| {
        let before = moved.next().copied().flatten();
        sample.local_times += u64::from(before.is_some() && before != time_of(&line));
    });
    let other = match order {
        DateOrder::DayFirst => DateOrder::MonthFirst,
        DateOrder::MonthFirst => DateOrder::DayFirst,
    };
    let mut turned = times.iter();
    each(format, head, lens, lens.zone.clone(), other, |_, line| {
        match (turned.next().copied().flatten(), time_of(&line)) {
            (Some(before), Some(after)) => sample.open_dates += u64::from(before != after),
            (None, Some(_)) => sample.dates_of_other_order += 1,
            (_, None) => {}
        }
    });
    sample
}

const fn time_of(line: &Line<'_>) -> Option<i64> {
    match line {
        Line::Event(event) => Some(event.event_at),
        Line::Reject(_) | Line::Skip(_) => None,
    }
}

impl Sample {
    fn take(&mut self, event: &Event<'_>) {
        self.counts.events += 1;
        *self.precision.entry(event.precision.as_str()).or_default() += 1;
        *self.attribution.entry(event.attribution.as_str()).or_default() += 1;
        self.decided += u64::from(event.action.is_some());
        self.searches += u64::from(event.search_terms.is_some());
        self.hosts += u64::from(event.precision != Precision::Address && event.url_domain.is_some());
        self.categorised += u64::from(event.filter_category.is_some());
        let (first, last) = self.span.unwrap_or((event.event_at, event.event_at));
        self.span = Some((first.min(event.event_at), last.max(event.event_at)));
    }

    /// Events whose page is known by its URL.
    #[must_use]
    pub fn with_url(&self) -> u64 {
        self.precision.get(Precision::Url.as_str()).copied().unwrap_or_default()
    }

    /// Events that can be laid to one person.
    #[must_use]
    pub fn with_user(&self) -> u64 {
        self.attribution.get(Attribution::User.as_str()).copied().unwrap_or_default()
    }
}

fn encoding(head: &Head) -> &'static str {
    let odd = head.lines.iter().any(|line| std::str::from_utf8(line).is_err());
    if odd { "Windows-1252" } else { "UTF-8" }
}

/// What stands around more than half of the lines.
fn wrapper(lines: &[&[u8]]) -> Option<&'static str> {
    let arena = Bump::new();
    let (mut all, mut syslog, mut json) = (0, 0, 0);
    for text in lines.iter().filter_map(|line| text::line(line, &arena)) {
        all += 1;
        let message = wrap::strip(Message { text, stamp: "" });
        if message.text.len() < text.len() {
            syslog += 1;
        } else if message.text.starts_with('{') && wrap::open_envelope(message, &arena).is_some() {
            json += 1;
        }
    }
    let most = |count: usize| count * 2 > all;
    if most(syslog) {
        Some("syslog")
    } else if most(json) {
        Some("JSON of a collector")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(bytes: &[u8], format: Option<&str>) -> Survey {
        survey(
            bytes,
            &Lens {
                key: "web.log",
                format,
                zone: TimeZone::get("Europe/London").unwrap(),
                arrived_at: 1_795_392_000_000_000,
                window: Window { not_before: 0, not_after: i64::MAX },
                reading: &Reading::default(),
            },
        )
    }

    const PORTAL: &str = "\
Time,Username,Source IP,Group,Code,URL,Category,Domain
03/11/2026 09:12,pat,10.0.0.1,Year 6,200,https://www.bing.com/search?q=owls,Search,bing.com
04/11/2026 09:13,pat,10.0.0.1,Year 6,200,games.example,Games,games.example
11/23/2026 09:14,sam,10.0.0.2,Staff,200,games.example,Games,games.example
,sam,10.0.0.2,Staff,200,games.example,Games,games.example
";

    #[test]
    fn a_look_counts_what_would_become_of_the_lines() {
        let seen = look(PORTAL.as_bytes(), None);
        assert_eq!(seen.candidates.first().map(|sniff| sniff.format), Some("smoothwall"));
        assert_eq!((seen.container, seen.encoding, seen.wrapper), ("none", "UTF-8", None));
        let sample = seen.sample.unwrap();
        assert!(sample.counts.balances());
        assert_eq!((sample.counts.lines, sample.counts.events), (5, 2));
        assert_eq!(sample.rejects, BTreeMap::from([(RejectReason::NoTime, 1), (RejectReason::BadTime, 1)]));
        assert_eq!((sample.users, sample.with_user(), sample.with_url(), sample.searches), (1, 2, 1, 1));
        assert_eq!((sample.local_times, sample.open_dates, sample.dates_of_other_order), (2, 2, 1));
        let utc = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        assert_eq!(sample.span, Some((utc("2026-11-03T09:12:00Z"), utc("2026-11-04T09:13:00Z"))));
        assert_eq!(seen.header, None);
    }

    #[test]
    fn a_time_with_its_zone_leaves_no_doubt() {
        let line =
            b"1764000000.123 45 10.1.2.3 TCP_MISS/200 3900 GET http://a.example/ pat HIER_NONE/- text/html\n";
        let sample = look(line, None).sample.unwrap();
        assert_eq!((sample.format, sample.counts.events), ("squid", 1));
        assert_eq!((sample.local_times, sample.open_dates, sample.dates_of_other_order), (0, 0, 0));
    }

    #[test]
    fn what_nobody_knows_is_shown_by_its_header() {
        let seen = look(b"Datum;Adresse;Username\n23/11/2026;a.example;pat\n", None);
        assert_eq!((seen.candidates.len(), seen.sample.is_none()), (0, true));
        assert!(
            seen.header.unwrap().to_string().starts_with("the header has `Datum`, `Adresse`, `Username`")
        );
        let named = look(b"Datum;Adresse\n23/11/2026;a.example\n", Some("securly"));
        assert_eq!(named.sample.unwrap().rejects, BTreeMap::from([(RejectReason::NoHeader, 2)]));
        assert!(named.header.is_some());
    }

    #[test]
    fn containers_wrappers_and_codes_are_told() {
        let line = "<134>Nov 23 09:00:00 fw01 squid: 1764000000.123 45 10.1.2.3 TCP_MISS/200 3 GET http://a.example/ - - -\n";
        let packed = zstd::encode_all(line.as_bytes(), 1).unwrap();
        let seen = look(&packed, None);
        assert_eq!((seen.container, seen.wrapper), ("zstd", Some("syslog")));
        let wrapped = look(br#"{"log":"a b c","time":"2026-11-23T09:00:00Z"}"#, None);
        assert_eq!(wrapped.wrapper, Some("JSON of a collector"));
        assert_eq!(look(b"caf\xe9\n", None).encoding, "Windows-1252");
        assert_eq!(look(b"\xff\xfea\0\n\0", None).encoding, "UTF-16LE");
        let cut = look(&packed[..packed.len() - 3], None);
        assert!(cut.fault.unwrap().contains("damaged"));
    }

    #[test]
    fn no_more_than_the_first_lines_are_held() {
        let many = "a\n".repeat(SURVEY_LINES_MAX * 3);
        assert_eq!(
            look(many.as_bytes(), Some("squid")).sample.unwrap().counts.lines,
            SURVEY_LINES_MAX as u64
        );
        let long = "x".repeat(crate::LINE_BYTES_MAX - 1) + "\n";
        let seen = look(long.repeat(20).as_bytes(), Some("squid")).sample.unwrap();
        assert!(seen.counts.lines <= 9, "{}", seen.counts.lines);
    }
}
