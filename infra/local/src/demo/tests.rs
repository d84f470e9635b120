//! What the demo and the benchmark rely on.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write};
use trustwatch_model::{FeedId, RawKey, SchoolId};

const LINES: u64 = 10_000;

fn plan() -> Plan {
    Plan { lines_per_school: LINES, ..Plan::default() }
}

fn text_of(file: &DemoFile) -> (Vec<u8>, Expected) {
    let mut text = Vec::new();
    let expected = file.write_to(&mut text).unwrap();
    (text, expected)
}

fn lines_of(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

/// All text of one feed, without the first versions of growing files.
fn feed_text(plan: Plan, school: &str, feed: &str) -> String {
    let mut all = Vec::new();
    let files: Vec<_> =
        plan.files().unwrap().filter(|file| file.school == school && file.feed == feed).collect();
    for (at, file) in files.iter().enumerate() {
        if files.get(at + 1).is_none_or(|next| next.name != file.name) {
            file.write_to(&mut all).unwrap();
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let week = |seed| -> Vec<_> {
        Plan { seed, lines_per_school: 3_000, ..plan() }.files().unwrap().map(|file| text_of(&file)).collect()
    };
    let (one, two) = (week(1), week(2));
    assert_eq!(one, week(1));
    // A file of the night may have a single line, which says no more than the header.
    let long = |file: &&(Vec<u8>, Expected)| file.1.counts.lines > 5;
    assert!(one.iter().filter(long).all(|file| two.iter().all(|other| other.0 != file.0)));
}

#[test]
fn the_account_of_every_file_is_what_stands_in_it() {
    for file in plan().files().unwrap() {
        let (text, expected) = text_of(&file);
        let name = file.key();
        let counts = expected.counts;
        assert!(counts.balances(), "{name}: {counts:?}");
        assert_eq!(counts.lines, lines_of(&text).count() as u64, "{name}");
        assert_eq!(counts.lines, file.lines, "{name}");
        assert_eq!(expected.bytes, text.len() as u64, "{name}");
        assert_eq!(counts.rejects, expected.malformed + expected.too_old, "{name}");
        assert_eq!(counts.held, u64::from(!text.ends_with(b"\n")), "{name}");
        if counts.skipped.repeat == 0 {
            let blank = lines_of(&text).filter(|line| *line == b"\n").count() as u64;
            let noise = lines_of(&text).filter(|line| std::str::from_utf8(line).is_err()).count() as u64;
            let old = lines_of(&text).filter(|line| is_of_1970(line)).count() as u64;
            assert_eq!(counts.skipped.blank, blank, "{name}");
            let cut = expected.malformed - noise;
            assert!(cut == noise || cut == noise + 1, "a cut line goes before each line of noise: {name}");
            assert_eq!(expected.too_old, old, "{name}");
            let other = lines_of(&text)
                .filter(|line| contains(line, b"type=\"traffic\"") || contains(line, b"type=\"event\""));
            assert_eq!(counts.skipped.not_web, other.count() as u64, "{name}");
        }
    }
}

fn contains(line: &[u8], what: &[u8]) -> bool {
    line.windows(what.len()).any(|window| window == what)
}

fn is_of_1970(line: &[u8]) -> bool {
    let squid =
        line.iter().position(|byte| *byte == b'.').is_some_and(|at| at <= 4) && line[0].is_ascii_digit();
    squid || line.starts_with(b"date=1970-01-01") || line.starts_with(b"\"1970-01-01")
}

#[test]
fn the_week_has_every_day_every_fault_and_every_outcome() {
    let mut days: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut sums: BTreeMap<&str, Expected> = BTreeMap::new();
    for file in plan().files().unwrap() {
        let (text, expected) = text_of(&file);
        assert!(!text.is_empty(), "{}", file.key());
        let day = &file.hours_for_tests()[12.min(file.hours_for_tests().len() - 1)].local.date;
        days.entry((file.school, file.feed)).or_default().insert(day.to_string());
        *sums.entry(file.school).or_default() += expected;
        let key = RawKey::parse(&file.key()).unwrap();
        assert_eq!(
            (key.school, key.feed),
            (SchoolId::new(file.school).unwrap(), FeedId::new(file.feed).unwrap())
        );
    }
    assert_eq!(days.len(), 4);
    assert!(days.values().all(|of| of.len() == 7), "{days:?}");
    for (school, sum) in sums {
        let fresh = sum.counts.lines - sum.counts.skipped.repeat - sum.counts.held;
        assert_eq!(fresh, LINES, "{school}");
        assert!(sum.malformed > 0 && sum.too_old > 0 && sum.counts.skipped.blank > 0, "{school}");
        assert!(sum.blocked > LINES / 500 && sum.blocked < LINES / 5, "{school}: {sum:?}");
        assert_eq!(sum.challenged > 0, school == "oak-primary");
        assert_eq!(sum.counts.skipped.not_web > 0, school == "birch-academy");
        assert_eq!(sum.counts.skipped.header > 0, school == "cedar-college");
        assert_eq!(sum.counts.held, u64::from(school == "oak-primary"));
    }
}

#[test]
fn a_growing_file_begins_with_what_was_uploaded_before() {
    let versions: Vec<_> = plan().files().unwrap().filter(|file| file.name.ends_with("access.log")).collect();
    let [first, second] = versions.as_slice() else { panic!("{versions:?}") };
    assert_eq!((first.key(), first.version, second.version), (second.key(), 1, 2));
    let ((early, held), (late, all)) = (text_of(first), text_of(second));
    assert!(late.starts_with(&early) && late.len() > early.len() && !early.ends_with(b"\n"));
    assert_eq!((held.counts.held, all.counts.skipped.repeat), (1, held.counts.lines - 1));
    let fresh = |of: &Expected| of.counts.events + of.counts.rejects + of.counts.skipped.blank;
    assert_eq!(fresh(&held) + fresh(&all), all.counts.lines);
}

#[test]
fn objects_unpack_to_their_text_and_some_have_several_members() {
    let mut most = 0;
    for file in plan().files().unwrap() {
        let mut object = Vec::new();
        let expected = file.write_object_to(&mut object).unwrap();
        let (text, same) = text_of(&file);
        assert_eq!(expected, same);
        if file.members == 0 {
            assert_eq!(object, text);
            continue;
        }
        let mut unpacked = Vec::new();
        flate2::read::MultiGzDecoder::new(object.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, text, "{}", file.key());
        let mut rest = object.as_slice();
        let mut members = 0;
        while !rest.is_empty() {
            flate2::bufread::GzDecoder::new(&mut rest).read_to_end(&mut Vec::new()).unwrap();
            members += 1;
        }
        assert_eq!(members, file.members, "{}", file.key());
        most = most.max(members);
    }
    assert!(most > 1);
}

#[test]
fn the_clock_change_is_seen_on_the_wall_and_not_in_utc() {
    let forti = feed_text(plan(), "birch-academy", "web");
    let at_one = |zone: &str| {
        let begins = |line: &&str| line.starts_with("date=2026-10-25 time=01:") && line.contains(zone);
        forti.lines().filter(begins).count()
    };
    assert!(at_one("tz=\"+0100\"") > 0 && at_one("tz=\"+0000\"") > 0);
    let zones = |day: &str| {
        let of_day = forti.lines().filter(|line| line.starts_with(&format!("date={day} ")));
        (
            of_day.clone().filter(|line| line.contains("+0100")).count() > 0,
            of_day.filter(|line| line.contains("+0000")).count() > 0,
        )
    };
    assert_eq!((zones("2026-10-24"), zones("2026-10-25")), ((true, false), (true, true)));
    // The wall's time minus its offset is the time since 1970.
    for line in forti.lines().filter(|line| line.starts_with("date=2026") && line.contains("tz=")) {
        let value = |key: &str| line.split_once(key).unwrap().1.split([' ', '"']).next().unwrap();
        let wall: jiff::civil::DateTime = format!("{}T{}", value("date="), value("time=")).parse().unwrap();
        let offset = if line.contains("tz=\"+0100\"") { 1 } else { 0 };
        let at = jiff::tz::Offset::constant(offset).to_timestamp(wall).unwrap().as_second();
        assert_eq!(value("eventtime=")[..10].parse::<i64>().unwrap(), at, "{line}");
    }
    let squid = feed_text(plan(), "oak-primary", "web");
    let first = squid.lines().next().unwrap().split_once('.').unwrap().0.parse::<i64>().unwrap();
    let monday = jiff::civil::date(2026, 10, 19).in_tz("Europe/London").unwrap().timestamp().as_second();
    assert!((monday..monday + 3_600).contains(&first), "{first}");
}

#[test]
fn few_hosts_and_people_make_most_of_the_lines() {
    let squid = feed_text(plan(), "oak-primary", "web");
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut logins: BTreeMap<&str, usize> = BTreeMap::new();
    for fields in squid.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()) {
        if let [_, _, _, _, _, _, url, login, ..] = fields.as_slice() {
            let host =
                url.split_once("://").map_or(*url, |(_, rest)| rest).split(['/', ':', '?']).next().unwrap();
            *hosts.entry(host).or_default() += 1;
            *logins.entry(login).or_default() += 1;
        }
    }
    logins.remove("-");
    for counts in [hosts, logins] {
        let mut sorted: Vec<_> = counts.values().copied().collect();
        sorted.sort_unstable_by(|one, two| two.cmp(one));
        let all: usize = sorted.iter().sum();
        let fifth: usize = sorted.iter().take(sorted.len() / 5).sum();
        assert!(sorted.len() > 100 && fifth * 2 > all, "{} values, {fifth} of {all}", sorted.len());
    }
}

#[test]
fn every_layout_shows_its_kinds_of_lines() {
    let plan = || Plan { lines_per_school: 30_000, ..plan() };
    let [oak, birch, cedar] =
        ["oak-primary", "birch-academy", "cedar-college"].map(|school| feed_text(plan(), school, "web"));
    let check = |text: &str, wanted: &[&str]| {
        for want in wanted {
            assert!(text.contains(want), "{want}");
        }
    };
    let search =
        ["/search?q=", "/complete/search?", "results?search_query=", "www.bbc.co.uk", "googlevideo.com"];
    check(&oak, &search);
    check(&birch, &search);
    check(&cedar, &search);
    let squid = [
        "TCP_DENIED/407 ",
        "TCP_DENIED/403 ",
        "TCP_TUNNEL/200 ",
        " CONNECT ",
        "TCP_MISS/404 ",
        "/304 ",
        "HIER_NONE/- ",
    ];
    check(&oak, &squid);
    let forti = [
        "action=\"blocked\"",
        "action=\"passthrough\"",
        "catdesc=\"Social Networking\"",
        "user=\"y9-",
        "type=\"event\"",
    ];
    check(&birch, &forti);
    let umbrella =
        ["\"BLOCKED\"", "\"Proxy/Anonymizer,Filter Avoidance\"", "@cedar.example.sch.uk)\",\"10.40."];
    check(&cedar, &umbrella);
    check(
        &feed_text(plan(), "cedar-college", "dns"),
        &["\"Blocked\"", "\"1 (A)\"", "\"en.wikipedia.org.\"", "AD Users,Roaming"],
    );
}

#[test]
fn planted_searches_are_counted_where_a_policy_can_see_them() {
    let plan = || Plan { lines_per_school: 40_000, ..plan() };
    for (school, feed) in [("oak-primary", "web"), ("cedar-college", "web")] {
        let expected: u64 = (plan().files().unwrap().filter(|file| file.school == school))
            .map(|file| text_of(&file).1.planted)
            .sum();
        let spelt: Vec<_> = PLANTED.iter().map(|phrase| phrase.replace(' ', "+")).collect();
        let text = feed_text(plan(), school, feed);
        let seen = text.lines().filter(|line| {
            let results = ["/search?q=", "/?q=", "search_query="].iter().find_map(|at| line.split_once(at));
            let ended = |rest: &str, phrase: &str| {
                rest.strip_prefix(phrase)
                    .is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric()))
            };
            !line.contains("/complete/search")
                && results.is_some_and(|(_, rest)| spelt.iter().any(|phrase| ended(rest, phrase)))
        });
        assert!(expected > 0);
        assert_eq!(seen.count() as u64, expected, "{school}");
    }
}

/// Counts what it is given, and never holds it.
#[derive(Default)]
struct Meter {
    bytes: u64,
    largest: usize,
}

impl Write for Meter {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes += piece.len() as u64;
        self.largest = self.largest.max(piece.len());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn text_is_handed_on_in_small_pieces() {
    for layout in Layout::ALL {
        let mut meter = Meter::default();
        bench_lines(layout, 30_000, 1, &mut meter).unwrap();
        assert!(meter.bytes > 30_000 * 100 && meter.largest < 80 * 1024, "{}", meter.largest);
    }
}

#[test]
fn the_benchmark_has_no_faults_and_urls_of_real_length() {
    for layout in Layout::ALL {
        let mut text = Vec::new();
        bench_lines(layout, 20_000, 1, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 20_000);
        assert!(!text.contains("type=\"traffic\"") && !text.lines().any(str::is_empty));
        let urls: Vec<_> = text
            .lines()
            .filter_map(|line| match layout {
                Layout::Squid => line.split_whitespace().nth(6),
                Layout::Fortinet => line.split_once(" url=\"")?.1.split('"').next(),
                Layout::CiscoUmbrella => line.split("\",\"").nth(7),
            })
            .collect();
        assert_eq!(urls.len(), 20_000);
        let mean = urls.iter().map(|url| url.len()).sum::<usize>() / urls.len();
        let queries = urls.iter().filter(|url| url.contains('?')).count();
        assert!((60..200).contains(&mean) && queries > 20_000 / 4, "{layout:?}: {mean}, {queries}");
        if layout == Layout::CiscoUmbrella {
            assert!(text.lines().all(|line| line.split("\",\"").count() == 23));
        }
    }
}

#[test]
fn odd_plans_make_no_empty_file_and_no_panic() {
    let check = |plan: Plan, fresh: u64| {
        let mut lines = 0;
        for file in plan.files().unwrap() {
            let (text, expected) = text_of(&file);
            assert!(!text.is_empty() && expected.counts.balances(), "{plan:?}");
            lines += expected.counts.lines - expected.counts.skipped.repeat - expected.counts.held;
        }
        assert_eq!(lines, fresh, "{plan:?}");
    };
    check(Plan { days: 0, ..plan() }, 0);
    check(Plan { lines_per_school: 0, ..plan() }, 0);
    check(Plan { lines_per_school: 1, ..plan() }, 3);
    check(Plan { lines_per_school: 150, days: 1, ..plan() }, 450);
    check(
        Plan { lines_per_school: 999, days: 30, first_day: jiff::civil::date(2026, 3, 20), ..plan() },
        2_997,
    );
    let error = Plan { first_day: jiff::civil::Date::MAX, ..plan() }.files().err().unwrap().to_string();
    assert!(error.contains("9999-12-31"), "{error}");
}

#[test]
fn no_pupil_of_a_day_school_sits_at_a_machine_at_night() {
    let forti = feed_text(plan(), "birch-academy", "web");
    let night = |line: &&str| {
        line.contains(" time=03:") || line.contains(" time=22:") || line.starts_with("date=2026-10-24")
    };
    assert!(forti.lines().filter(night).count() > 50);
    assert!(!forti.lines().filter(night).any(|line| line.contains("group=\"Pupils")));
    assert!(forti.lines().any(|line| line.contains(" time=11:") && line.contains("group=\"Pupils")));
}
