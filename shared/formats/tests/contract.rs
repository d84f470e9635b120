//! What every format promises, whatever it reads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use bumpalo::Bump;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::collections::BTreeSet;
use trustwatch_formats::{
    Format, Line, LineParser, ParseContext, check as check_reading, find, formats, fuzz, recognise,
};
use trustwatch_model::{Reading, RejectReason, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

const ALWAYS: Window = Window { not_before: i64::MIN, not_after: i64::MAX };

fn parser(format: &dyn Format, zone: &str, window: Window) -> Box<dyn LineParser> {
    format.parser(&ParseContext {
        zone: TimeZone::get(zone).unwrap(),
        window,
        key: "",
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    })
}

/// The samples, in lines.
fn files() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/logs");
    let mut files = Vec::new();
    for format in formats() {
        for file in std::fs::read_dir(root.join(format.id())).expect("every format has samples") {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            files.push((format.id(), bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()));
        }
    }
    files
}

/// The lines of the samples, to break from.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    files().into_iter().flat_map(|(id, lines)| lines.into_iter().map(move |line| (id, line))).collect()
}

/// Calls `check` with every line of the samples, and a way to read it below the lines that stand above it.
fn each_line(
    mut check: impl FnMut(&'static str, &dyn Fn(&str, Window) -> Option<Result<i64, RejectReason>>),
) {
    for (id, lines) in files() {
        for (at, line) in lines.iter().enumerate() {
            check(id, &|zone, window| {
                let arena = Bump::new();
                let mut parser = parser(find(id).unwrap(), zone, window);
                for above in &lines[..at] {
                    parser.parse(above, &arena);
                }
                match parser.parse(line, &arena) {
                    Line::Event(event) => Some(Ok(event.event_at)),
                    Line::Reject(reason) => Some(Err(reason)),
                    Line::Skip(_) => None,
                }
            });
        }
    }
}

fn check(format: &dyn Format, line: &[u8]) {
    let arena = Bump::new();
    let first = parser(format, "Europe/London", ALWAYS).parse(line, &arena);
    let again = parser(format, "Europe/London", ALWAYS).parse(line, &arena);
    assert_eq!(first, again, "{} reads a line in two ways", format.id());
    if let Line::Event(event) = first {
        for text in fuzz::texts(&event) {
            assert!(!text.is_empty(), "{}: an empty text", format.id());
            assert_ne!(text, "-", "{}: a placeholder", format.id());
            // A path may end with a space: it stands as logged.
            let of_url = event.url_path == Some(text) || event.url_query == Some(text);
            assert!(of_url || text == text.trim_ascii(), "{}: white space around `{text}`", format.id());
        }
        let domain = event.url_domain.unwrap_or_default();
        assert!(!domain.ends_with('.') && !domain.bytes().any(|b| b.is_ascii_uppercase()), "{domain}");
        assert!(domain.ends_with(event.registered_domain.unwrap_or_default()), "{domain}");
        assert_eq!(event.line, 0, "the caller numbers lines");
    }
}

#[test]
fn formats_have_ids_titles_and_one_place_in_the_list() {
    let ids: BTreeSet<_> = formats().iter().map(|format| format.id()).collect();
    assert_eq!(ids.len(), formats().len());
    for format in formats() {
        assert_eq!(find(format.id()).map(Format::title), Some(format.title()));
        assert!(format.title().starts_with(char::is_uppercase), "a title is for people");
    }
    assert!(find("no such format").is_none());
}

#[test]
fn the_format_of_most_lines_is_recognised_and_the_first_in_the_list_among_equals() {
    let fortinet = &b"logid=1 type=utm hostname=example.org"[..];
    let squid = &b"1764058201.1 87 10.0.0.1 TCP_MISS/200 9 GET http://example.org/ - HIER_NONE/- -"[..];
    let check = |head: &[&[u8]], want: Option<(&str, u8)>| {
        let sniff = recognise("oak/web/x", head).map(|sniff| (sniff.format, sniff.confidence));
        assert_eq!(sniff, want);
    };
    check(&[fortinet, squid, squid], Some(("squid", 66)));
    check(&[squid, fortinet, fortinet], Some(("fortinet", 66)));
    check(&[squid, fortinet], Some(("fortinet", 50)));
    check(&[squid, b"", b" \t"], Some(("squid", 100)));
    let apache =
        &b"10.0.0.1 - pat [25/Jul/2025:08:10:01 +0100] \"GET http://example.org/ HTTP/1.1\" 200 5"[..];
    check(&[apache], None);
    check(&[b"prose"], None);
    check(&[], None);
}

#[test]
fn samples_of_a_format_keep_its_promises_in_every_parser() {
    let samples = samples();
    assert!(samples.len() > 30);
    for (_, line) in &samples {
        for format in formats() {
            check(*format, line);
        }
    }
}

#[test]
fn a_line_of_nothing_is_blank() {
    let arena = Bump::new();
    for format in formats() {
        for line in [&b""[..], b"  \t", b"\0\0\0", b"\0 \r"] {
            let read = parser(*format, "UTC", ALWAYS).parse(line, &arena);
            assert_eq!(read, Line::Skip(trustwatch_model::Skip::Blank), "{}", format.id());
        }
    }
}

#[test]
fn the_window_alone_decides_what_is_too_old_or_too_new() {
    let mut seen = BTreeSet::new();
    each_line(|id, read| {
        let Some(Ok(at)) = read("UTC", ALWAYS) else { return };
        seen.insert(id);
        assert_eq!(read("UTC", Window { not_before: at, not_after: at }), Some(Ok(at)), "{id}");
        let later = Window { not_before: at + 1, not_after: i64::MAX };
        assert_eq!(read("UTC", later), Some(Err(RejectReason::TooOld)), "{id}");
        let earlier = Window { not_before: i64::MIN, not_after: at - 1 };
        assert_eq!(read("UTC", earlier), Some(Err(RejectReason::InFuture)), "{id}");
    });
    assert_eq!(seen.len(), formats().len(), "every format has an event among its samples");
}

#[test]
fn only_local_times_follow_the_zone_and_they_follow_it_exactly() {
    let mut local = BTreeSet::new();
    each_line(|id, read| {
        let (Some(Ok(utc)), Some(Ok(kathmandu))) = (read("UTC", ALWAYS), read("Asia/Kathmandu", ALWAYS))
        else {
            return;
        };
        if utc != kathmandu {
            assert_eq!(utc - kathmandu, (5 * 60 + 45) * 60 * 1_000_000, "{id}");
            local.insert(id);
        }
    });
    let want = [
        "bind",
        "cef",
        "dnsmasq_pihole",
        "e2guardian",
        "forcepoint",
        "fortinet",
        "leef",
        "lgfl",
        "lightspeed",
        "linewize",
        "netsweeper",
        "panw",
        "securly",
        "senso",
        "smoothwall",
        "sonicwall",
        "sophos",
        "squid",
        "unbound",
        "watchguard",
        "zscaler",
    ];
    assert_eq!(local, BTreeSet::from(want));
}

#[test]
fn what_a_feed_says_is_refused_where_it_makes_no_sense() {
    let says = |id: &str, reading: Reading| {
        check_reading(find(id).unwrap(), &reading).map_err(|error| error.to_string())
    };
    let fields = |name: &str, word: &str| Reading {
        fields: [(name.to_owned(), word.to_owned())].into(),
        ..Reading::default()
    };
    let layout = |text: &str| Reading { layout: Some(text.to_owned()), ..Reading::default() };
    for format in formats() {
        assert_eq!(says(format.id(), Reading::default()), Ok(()), "{}", format.id());
    }
    assert_eq!(says("ndjson", fields("who", "user_name")), Ok(()));
    assert!(says("ndjson", fields("who", "person")).unwrap_err().contains("`who` cannot be `person`"));
    assert!(says("panw", fields("who", "user_name")).unwrap_err().contains("leave `fields` out"));
    assert_eq!(says("squid", layout("%ts %>a %ru")), Ok(()));
    assert!(says("squid", layout("%>a %ru")).unwrap_err().contains("no code holds the time"));
    assert!(says("sophos", layout("%ts %ru")).unwrap_err().contains("leave `layout` out"));
}

#[test]
fn a_feeds_own_names_are_read_and_come_first() {
    let reading = Reading {
        fields: [("who", "user_name"), ("when", "time"), ("address", "url")]
            .map(|(name, word)| (name.to_owned(), word.to_owned()))
            .into(),
        ..Reading::default()
    };
    let context = ParseContext {
        zone: TimeZone::UTC,
        window: ALWAYS,
        key: "",
        arrived_at: ARRIVED_AT,
        reading: &reading,
    };
    let arena = Bump::new();
    let line =
        br#"{"when":"2026-06-15 09:00:00","who":"pat","user_name":"sam","address":"http://a.example/"}"#;
    let Line::Event(event) = find("ndjson").unwrap().parser(&context).parse(line, &arena) else {
        panic!("an event");
    };
    assert_eq!((event.user_name, event.url_domain), (Some("pat"), Some("a.example")));
}

/// A sample line with a few bytes changed, cut or put in.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    let samples: Vec<Vec<u8>> =
        samples().into_iter().map(|(_, line)| line).filter(|line| !line.is_empty()).collect();
    let edit = (
        any::<prop::sample::Index>(),
        0..3_u8,
        prop_oneof![any::<u8>(), prop::sample::select(b"\" ,=|\\[]-:/%\0\xe9".to_vec())],
    );
    (prop::sample::select(samples), prop::collection::vec(edit, 1..4)).prop_map(|(mut line, edits)| {
        for (place, kind, byte) in edits {
            if line.is_empty() {
                break;
            }
            let at = place.index(line.len());
            match kind {
                0 => line[at] = byte,
                1 => line.truncate(at),
                _ => line.insert(at, byte),
            }
        }
        line
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_bytes_break_a_promise(line in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in formats() {
            check(*format, &line);
        }
    }

    #[test]
    fn no_broken_sample_breaks_a_promise(line in broken()) {
        for format in formats() {
            check(*format, &line);
        }
    }

    #[test]
    fn the_entry_points_for_fuzzing_accept_anything(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::fuzz_formats(&data);
        fuzz::fuzz_container(&data);
        fuzz::fuzz_survey(&data);
    }

    #[test]
    fn recognition_never_claims_more_than_all(line in broken()) {
        let head = [line.as_slice()];
        if let Some(sniff) = recognise("oak/web/x", &head) {
            prop_assert!((1..=100).contains(&sniff.confidence));
            prop_assert!(find(sniff.format).is_some() && !sniff.reason.is_empty());
        }
    }
}
