use super::maps::PORTALS;
use crate::{Line, ParseContext, find};
use bumpalo::Bump;
use trustwatch_model::{Action, Event, Intent, Reading, RejectReason, Skip, Window};

/// Reads a table in a school's zone; calls back with the outcome of its last line.
fn last(format: &str, lines: &[&str], check: impl FnOnce(Line<'_>)) {
    let context = ParseContext {
        zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
        window: Window { not_before: 0, not_after: i64::MAX },
        key: "",
        arrived_at: 0,
        reading: &Reading::default(),
    };
    let mut parser = find(format).unwrap().parser(&context);
    let arena = Bump::new();
    let mut outcome = Line::Skip(Skip::Blank);
    for line in lines {
        outcome = parser.parse(line.as_bytes(), &arena);
    }
    check(outcome);
}

fn event(format: &str, lines: &[&str], check: impl FnOnce(Event<'_>)) {
    last(format, lines, |line| match line {
        Line::Event(event) => check(event),
        other => panic!("{lines:?}: {other:?}"),
    });
}

#[test]
fn every_own_map_leaves_room_for_the_names_of_a_feed() {
    for portal in PORTALS {
        let names = portal.0.names.len() + super::COMMON.len();
        assert!(names + crate::row::FIELDS_MAX <= 254, "{} has {names} names", portal.0.id);
    }
}

#[test]
fn times_are_read_as_portals_write_them() {
    let check = |columns: &str, cells: &str, want: Result<&str, RejectReason>| {
        let header = format!("{columns},URL");
        let row = format!("{cells},a.example");
        last("smoothwall", &[&header, &row], |line| {
            let got = match line {
                Line::Event(event) => {
                    Ok(jiff::Timestamp::from_microsecond(event.event_at).unwrap().to_string())
                }
                Line::Reject(reason) => Err(reason),
                Line::Skip(skip) => panic!("{skip:?}"),
            };
            assert_eq!(got, want.map(str::to_owned), "{cells}");
        });
    };
    let want = Ok("2026-11-23T09:12:00Z");
    check("Time", "23/11/2026 09:12", want);
    check("Date", "23 Nov 2026 09:12", want);
    check("Date", "23 Nov 2026 9:12 AM", want);
    check("Date and Time", "\"Monday, 23 November 2026 09:12:00\"", want);
    check("Date and Time", "\"Mon, 23rd November 2026, 9:12 am\"", want);
    check("Timestamp", "\"November 23, 2026 9:12 AM\"", want);
    check("Date and Time", "23 November 2026 at 09:12", want);
    check("Date,Time", "23/11/2026,09:12", want);
    check("Date,Time", "\"Monday, 23 November 2026\",9:12 AM", want);
    check("Date/Time", "23/06/2026 10:12:00 BST", Ok("2026-06-23T09:12:00Z"));
    // What spreadsheets make of dates: a number of days, and a date without its time of day.
    check("Time", "46349.3833333333", Err(RejectReason::BadTime));
    check("Time", "46349", Err(RejectReason::BadTime));
    check("Date,Time", "46349,0.3833333333", Err(RejectReason::BadTime));
    check("Time", "23/11/2026", Err(RejectReason::BadTime));
    check("Time", "12:30.4", Err(RejectReason::BadTime));
    check("Date,Time", ",", Err(RejectReason::NoTime));
}

#[test]
fn the_log_level_ranks_a_request_of_smoothwall() {
    let check = |level: &str, action: Option<Action>, rule: Option<&str>, intent: Intent| {
        let row = format!("23/11/2026 09:12,a.example/x,{level},Pupils");
        event("smoothwall", &["Time,URL,Log Level,Policy", &row], |event| {
            assert_eq!((event.action, event.filter_rule, event.intent), (action, rule, intent), "{level}");
        });
    };
    let (policy, page) = (Some("Pupils"), Intent::Page);
    check("1", None, policy, Intent::Background);
    check("Level 2", None, policy, Intent::Background);
    check("3", Some(Action::Allowed), policy, page);
    check("4", Some(Action::Blocked), policy, page);
    check("5", None, Some("safeguarding breach (log level 5), Pupils"), page);
    check("", None, policy, page);
    let stated = ["Time,URL,Log Level,Action", "23/11/2026 09:12,a.example,4,Allowed"];
    event("smoothwall", &stated, |event| assert_eq!(event.action, Some(Action::Allowed)));
}

#[test]
fn several_categories_are_parted_by_commas() {
    let lines = ["Time,URL,Category", "23/11/2026 09:12,a.example,Games; Web Search|News"];
    event("smoothwall", &lines, |event| assert_eq!(event.filter_category, Some("Games, Web Search,News")));
}

#[test]
fn what_a_child_typed_is_an_event_with_or_without_a_page() {
    let header = "Date,Time,Username,Device,Window Title,URL,Phrase,Library,Severity";
    let row =
        |url: &str, phrase: &str| format!("23/11/2026,09:12,pat,PC-1,Essay - Word,{url},{phrase},Bullying,2");
    event("senso", &[header, &row("", "nobody likes you")], |event| {
        assert_eq!((event.search_terms, event.url_domain), (Some("nobody likes you"), None));
        assert_eq!((event.filter_category, event.filter_rule), (Some("Bullying"), Some("2")));
        assert_eq!((event.intent, event.device_name), (Intent::Search, Some("PC-1")));
    });
    event("senso", &[header, &row("https://docs.example/d/1", "nobody likes you")], |event| {
        assert_eq!((event.search_terms, event.url_domain), (Some("nobody likes you"), Some("docs.example")));
    });
    event("senso", &[header, &row("https://www.google.com/search?q=essay", "nobody likes you")], |event| {
        assert_eq!(event.search_terms, Some("nobody likes you"), "it is why the row is there");
    });
    event("senso", &[header, &row("https://a.example/", "")], |event| assert_eq!(event.search_terms, None));
    for url in ["", "Essay - Word"] {
        last("senso", &[header, &row(url, "")], |line| {
            assert_eq!(line, Line::Reject(RejectReason::Malformed), "neither typed words nor a page");
        });
    }
}

#[test]
fn the_names_of_a_feed_make_an_unknown_header_known() {
    let fields = [("Datum".to_owned(), "time".to_owned()), ("Adresse".to_owned(), "url".to_owned())].into();
    let reading = Reading { fields, ..Reading::default() };
    for portal in PORTALS {
        let format = find(portal.0.id).unwrap();
        assert_eq!(crate::check(format, &reading), Ok(()));
        let mut parser = format.parser(&ParseContext {
            zone: jiff::tz::TimeZone::UTC,
            window: Window { not_before: 0, not_after: i64::MAX },
            key: "",
            arrived_at: 0,
            reading: &reading,
        });
        let arena = Bump::new();
        assert_eq!(parser.parse(b"Datum;Adresse", &arena), Line::Skip(Skip::Header), "{}", portal.0.id);
        let Line::Event(event) = parser.parse(b"23/11/2026 09:12;a.example/b", &arena) else {
            panic!("event")
        };
        assert_eq!((event.url_domain, event.url_path), (Some("a.example"), Some("/b")));
    }
}

#[test]
fn a_report_names_what_it_is_for_before_its_table() {
    let preamble = ["Org. units: All", "\"Report for: Oak\"", "Activity Sources,All", "Activities: 2"];
    for line in preamble {
        last("securly", &[line], |line| assert_eq!(line, Line::Skip(Skip::Comment)));
    }
    last("securly", &["pat,a.example"], |line| assert_eq!(line, Line::Reject(RejectReason::NoHeader)));
}
