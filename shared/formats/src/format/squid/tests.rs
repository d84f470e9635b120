use super::*;
use crate::parser::Line;
use jiff::tz::TimeZone;
use trustwatch_model::{Attribution, Intent, Precision};

const ALWAYS: Window = Window { not_before: i64::MIN, not_after: i64::MAX };

fn read(line: &str, then: impl FnOnce(Line<'_>)) {
    let arena = Bump::new();
    let clock = LocalClock::new(TimeZone::get("Europe/London").unwrap());
    then(SquidParser { clock, window: ALWAYS }.parse(line.as_bytes(), &arena));
}

fn event(line: &str, then: impl FnOnce(Event<'_>)) {
    read(line, |read| match read {
        Line::Event(event) => then(event),
        other => panic!("{line}: {other:?}"),
    });
}

fn native(result: &str, method: &str, url: &str, user: &str, peer: &str) -> String {
    format!("1764058201.120     87 10.20.1.15 {result} 18233 {method} {url} {user} {peer} text/html")
}

#[test]
fn the_result_code_says_what_the_filter_did() {
    let check = |result: &str, action: Action, word: &str, status: Option<u16>| {
        event(&native(result, "GET", "http://example.org/", "-", "HIER_NONE/-"), |event| {
            assert_eq!(
                (event.action, event.filter_action, event.http_status),
                (Some(action), Some(word), status)
            );
        });
    };
    check("TCP_MISS/200", Action::Allowed, "TCP_MISS", Some(200));
    check("TCP_MISS/403", Action::Allowed, "TCP_MISS", Some(403));
    check("TCP_MISS/407", Action::Allowed, "TCP_MISS", Some(407));
    check("TCP_DENIED/403", Action::Blocked, "TCP_DENIED", Some(403));
    check("TCP_DENIED_REPLY/403", Action::Blocked, "TCP_DENIED_REPLY", Some(403));
    check("TCP_DENIED/302", Action::Blocked, "TCP_DENIED", Some(302));
    check("TCP_DENIED/407", Action::Challenged, "TCP_DENIED", Some(407));
    check("TCP_MISS_ABORTED/000", Action::Allowed, "TCP_MISS_ABORTED", None);
    check("NONE/400", Action::Allowed, "NONE", Some(400));
}

#[test]
fn logins_lose_their_domain_and_their_escapes() {
    let check = |user: &str, want: Option<&str>, attribution: Attribution| {
        event(&native("TCP_MISS/200", "GET", "http://example.org/", user, "HIER_NONE/-"), |event| {
            assert_eq!((event.user_name, event.attribution), (want, attribution), "{user}");
        });
    };
    check("pat", Some("pat"), Attribution::User);
    check("OAK\\pat", Some("pat"), Attribution::User);
    check("oak%5cpat", Some("pat"), Attribution::User);
    check("OAK%5Cpat%20ash", Some("pat ash"), Attribution::User);
    check("pat@example.sch.uk", Some("pat@example.sch.uk"), Attribution::User);
    check("PC-12$", Some("PC-12$"), Attribution::Device);
    check("-", None, Attribution::Address);
}

#[test]
fn only_the_servers_own_address_is_the_destination() {
    let check = |peer: &str, want: Option<&str>| {
        event(&native("TCP_MISS/200", "GET", "http://example.org/", "-", peer), |event| {
            assert_eq!(event.destination_ip, want, "{peer}");
        });
    };
    check("HIER_DIRECT/192.0.2.1", Some("192.0.2.1"));
    check("DIRECT/192.0.2.1", Some("192.0.2.1"));
    check("ORIGINAL_DST/2001:db8::1", Some("2001:db8::1"));
    check("FIRSTUP_PARENT/10.0.0.2", None);
    check("HIER_DIRECT/example.org", None);
    check("HIER_NONE/-", None);
}

#[test]
fn tunnels_name_a_host_and_pages_a_path() {
    let check = |method: &str, url: &str, want: (Option<&str>, Option<u16>, Precision)| {
        event(&native("TCP_MISS/200", method, url, "-", "HIER_NONE/-"), |event| {
            assert_eq!((event.url_domain, event.url_port, event.precision), want, "{url}");
        });
    };
    check("CONNECT", "example.org:443", (Some("example.org"), Some(443), Precision::Domain));
    check("CONNECT", "192.0.2.1:443", (Some("192.0.2.1"), Some(443), Precision::Address));
    check("GET", "http://example.org/", (Some("example.org"), None, Precision::Url));
    check("get", "http://EXAMPLE.org:81/a", (Some("example.org"), Some(81), Precision::Url));
}

#[test]
fn columns_behind_the_known_ones_are_read_when_they_are_quoted() {
    let line = native("TCP_MISS/200", "GET", "http://example.org/", "-", "HIER_NONE/-");
    let check = |more: &str, want: (Option<&str>, Option<&str>)| {
        event(&format!("{line} {more}"), |event| {
            assert_eq!((event.referrer, event.user_agent), want, "{more}")
        });
    };
    check("\"http://a.example/\" \"Agent 1.0\"", (Some("http://a.example/"), Some("Agent 1.0")));
    check("\"-\" \"Agent 1.0\"", (None, Some("Agent 1.0")));
    check("\"Agent 1.0\" \"more\"", (None, Some("Agent 1.0")));
    check("word 12 \"Agent \\\"1\\\"\"", (None, Some("Agent \\\"1\\\"")));
    check("\"no end", (None, None));
}

#[test]
fn times_carry_their_fraction_or_their_zone() {
    let check = |line: &str, want: &str| {
        event(line, |event| {
            assert_eq!(jiff::Timestamp::from_microsecond(event.event_at).unwrap().to_string(), want);
        });
    };
    check(
        &native("TCP_MISS/200", "GET", "http://example.org/", "-", "HIER_NONE/-"),
        "2025-11-25T08:10:01.12Z",
    );
    check(
        "1764058201.123456 87 10.0.0.1 TCP_MISS/200 1 GET http://example.org/ - HIER_NONE/- -",
        "2025-11-25T08:10:01.123456Z",
    );
    let access =
        |stamp: &str| format!("10.0.0.1 - pat ash [{stamp}] \"GET http://example.org/ HTTP/1.1\" 200 5");
    check(&access("25/Jul/2025:08:10:01 +0100"), "2025-07-25T07:10:01Z");
    check(&access("25/Jul/2025:08:10:01 -0500"), "2025-07-25T13:10:01Z");
    check(&access("05/07/2025 08:10:01"), "2025-07-05T07:10:01Z");
    check(&access("5/7/2025 8:10:01"), "2025-07-05T07:10:01Z");
}

#[test]
fn lines_that_are_no_event_say_why() {
    let check = |line: &str, want: Line<'static>| read(line, |read| assert_eq!(read, want, "{line}"));
    let malformed = Line::Reject(RejectReason::Malformed);
    check("", Line::Skip(Skip::Blank));
    check("# comment", Line::Skip(Skip::Comment));
    check("prose of some length that is not a log line at all", malformed);
    check("1764058201.120 87 10.20.1.15 TCP_MISS/200 18233 GET http://example.org/", malformed);
    check("1764058201.120 87 10.20.1.15 TCP_MISS/200 x GET http://example.org/ - HIER_NONE/- -", malformed);
    check("1764058201.120 87 10.20.1.15 tcp_miss/200 1 GET http://example.org/ - HIER_NONE/- -", malformed);
    check("17640582 87 10.20.1.15 TCP_MISS/200 1 GET http://example.org/ - HIER_NONE/- -", malformed);
    check(&native("NONE/000", "NONE", "error:invalid-request", "-", "HIER_NONE/-"), Line::Skip(Skip::NotWeb));
    let dated = |stamp: &str| format!("10.0.0.1 - - [{stamp}] \"GET http://example.org/ HTTP/1.1\" 200 5");
    check(&dated("07/13/2025 08:00:00"), Line::Reject(RejectReason::BadTime));
    check(&dated("yesterday"), Line::Reject(RejectReason::BadTime));
}

#[test]
fn a_syslog_header_in_front_is_taken_off() {
    let line = native("TCP_MISS/200", "GET", "http://example.org/", "pat", "HIER_NONE/-");
    for header in
        ["<134>Nov 25 08:10:01 proxy (squid-1): ", "<134>Nov 25 08:10:01 proxy squid[12]: ", "(squid-1): "]
    {
        event(&format!("{header}{line}"), |event| assert_eq!(event.user_name, Some("pat"), "{header}"));
    }
}

#[test]
fn a_colon_behind_a_space_is_no_tag_of_syslog() {
    let line =
        "pc-12 - pat [05/02/2025 11:30:29] \"GET http://squid.example/ HTTP/1.1\" 200 5 \"-\" \"Agent: 1\"";
    event(line, |event| {
        assert_eq!((event.device_name, event.user_agent), (Some("pc-12"), Some("Agent: 1")));
    });
}

#[test]
fn the_category_at_the_end_belongs_to_lines_without_a_result() {
    event(
        "10.0.0.1 - pat [05/02/2025 11:30:29] \"GET http://example.org/ HTTP/1.1\" 200 - - 1000 Business Services",
        |event| {
            assert_eq!((event.filter_category, event.filter_action), (Some("Business Services"), None));
            assert_eq!((event.bytes_in, event.intent), (None, Intent::Page));
        },
    );
}

#[test]
fn a_clock_that_stood_in_1970_is_too_old_and_not_malformed() {
    let window = Window::around(1_764_058_201_000_000, 400);
    let check = |at: &str, want: RejectReason| {
        let arena = Bump::new();
        let mut parser = SquidParser { clock: LocalClock::new(TimeZone::UTC), window };
        let line =
            format!("{at}     87 10.20.1.15 TCP_MISS/200 9 GET http://example.org/ - HIER_NONE/- text/html");
        assert_eq!(parser.parse(line.as_bytes(), &arena), Line::Reject(want), "{at}");
    };
    check("0.000", RejectReason::TooOld);
    check("812.118", RejectReason::TooOld);
    check("86400.1", RejectReason::TooOld);
    // Without a fraction a short number may be anything.
    check("812", RejectReason::Malformed);
    check("812.", RejectReason::Malformed);
    check(".118", RejectReason::Malformed);
    check("17640582011.120", RejectReason::Malformed);
}

#[test]
fn a_result_is_told_from_other_words_with_a_colon() {
    let check = |end: &str, want: (Option<&str>, Option<&str>)| {
        let line =
            format!("10.0.0.1 - - [05/02/2025 11:30:29] \"GET http://example.org/ HTTP/1.1\" 200 5 {end}");
        event(&line, |event| assert_eq!((event.filter_action, event.filter_category), want, "{end}"));
    };
    check("TCP_MISS:HIER_DIRECT", (Some("TCP_MISS"), None));
    check("UDP_DENIED:HIER_NONE", (Some("UDP_DENIED"), None));
    check("NONE:HIER_NONE", (Some("NONE"), None));
    check("Games: Online", (None, Some("Games: Online")));
    check("TCP_miss:HIER_DIRECT", (None, Some("TCP_miss:HIER_DIRECT")));
    check("GAMES:ONLINE", (None, Some("GAMES:ONLINE")));
}

#[test]
fn quotes_that_squid_leaves_in_its_combined_layout_end_no_value() {
    let line = "10.20.1.15 - pat.ash [25/Nov/2025:08:10:01 +0000] \"GET http://example.org/?say=\"a\"&\"b\" HTTP/1.1\" 200 5 \
                \"-\" \"A (\"1 2\" b) TCP_DENIED:HIER_NONE \"c\"\" TCP_MISS:HIER_DIRECT";
    event(line, |event| {
        assert_eq!((event.url_query, event.http_status), (Some("say=\"a\"&\"b\""), Some(200)));
        assert_eq!(event.user_agent, Some("A (\"1 2\" b) TCP_DENIED:HIER_NONE \"c\""));
        assert_eq!((event.filter_action, event.referrer), (Some("TCP_MISS"), None));
    });
}

#[test]
fn a_connection_without_a_request_is_not_web_in_any_layout() {
    for line in [
        "10.20.1.15 - - [25/Nov/2025:08:10:01 +0000] \"- error:transaction-end-before-headers NONE/0.0\" 0 0 NONE_NONE:HIER_NONE",
        "1764058208.000 0 10.20.1.15 NONE_NONE/000 0 - error:transaction-end-before-headers - HIER_NONE/- -",
    ] {
        read(line, |read| assert!(matches!(read, Line::Skip(Skip::NotWeb)), "{line}: {read:?}"));
    }
}
