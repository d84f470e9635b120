use super::*;
use crate::parser::Line;
use jiff::tz::TimeZone;
use trustwatch_model::{Intent, Precision};

const ALWAYS: Window = Window { not_before: i64::MIN, not_after: i64::MAX };

fn read(line: &str, then: impl FnOnce(Line<'_>)) {
    let arena = Bump::new();
    let clock = LocalClock::new(TimeZone::get("Europe/London").unwrap());
    then(FortinetParser { clock, window: ALWAYS, header: Header::default() }.parse(line.as_bytes(), &arena));
}

fn event(line: &str, then: impl FnOnce(Event<'_>)) {
    read(line, |read| match read {
        Line::Event(event) => then(event),
        other => panic!("{line}: {other:?}"),
    });
}

#[test]
fn the_device_says_the_time_and_eventtime_makes_it_finer() {
    let check = |time: &str, want: &str| {
        event(&format!("{time} type=\"utm\" hostname=\"example.org\""), |event| {
            assert_eq!(
                jiff::Timestamp::from_microsecond(event.event_at).unwrap().to_string(),
                want,
                "{time}"
            );
        });
    };
    // 1764058201 is 2025-11-25T08:10:01Z.
    check("date=2025-11-25 time=09:10:01 tz=\"+0100\"", "2025-11-25T08:10:01Z");
    check(
        "date=2025-11-25 time=09:10:02 tz=\"+0100\" eventtime=1764058201052907555",
        "2025-11-25T08:10:01.052907Z",
    );
    check("date=2025-11-25 time=09:11:01 tz=\"+0100\" eventtime=1764058201052", "2025-11-25T08:10:01.052Z");
    // A contradiction of more than a minute: the statement holds.
    check("date=2025-11-25 time=09:12:01 tz=\"+0100\" eventtime=1764058201052907555", "2025-11-25T08:12:01Z");
    check("date=2025-11-25 time=03:00:00 eventtime=1764058201", "2025-11-25T08:10:01Z");
    check("time=03:00:00 tz=\"+0100\" eventtime=1764058201052", "2025-11-25T08:10:01.052Z");
    check("date=2025-07-01 time=09:00:00", "2025-07-01T08:00:00Z");
    // The hour that occurs twice: the device's own word decides, without one the first occurrence.
    check("date=2025-10-26 time=01:30:00", "2025-10-26T00:30:00Z");
    check("date=2025-10-26 time=01:30:00 tz=\"+0000\"", "2025-10-26T01:30:00Z");
    check("date=2025-10-26 time=01:30:00 eventtime=1761442200", "2025-10-26T01:30:00Z");
    check("vd=\"root\" date=2025-11-25 time=09:10:01 tz=\"+0100\"", "2025-11-25T08:10:01Z");
    check("tz=\"UTC-5:00\" date=2025-11-25 time=03:10:01", "2025-11-25T08:10:01Z");
}

#[test]
fn host_and_path_come_together_from_their_keys() {
    let check = |keys: &str, want: &str, precision: Precision| {
        event(&format!("eventtime=1764058201 type=utm {keys}"), |event| {
            let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
            let got =
                format!("{} {} {}", part(event.url_scheme), part(event.url_domain), part(event.url_path));
            assert_eq!((got.as_str(), event.precision), (want, precision), "{keys}");
        });
    };
    check("service=HTTPS hostname=example.org url=/a", "https example.org /a", Precision::Url);
    check("service=HTTPS hostname=example.org url=/", "https example.org /", Precision::Domain);
    check("service=HTTP hostname=example.org url=/", "http example.org /", Precision::Url);
    check("scheme=https service=HTTP hostname=example.org url=/a", "https example.org /a", Precision::Url);
    check("service=HTTPS url=\"https://example.org/a\"", "https example.org /a", Precision::Url);
    check("hostname=example.org url=\"http://cdn.example/a\"", "http cdn.example /a", Precision::Url);
    check("hostname=example.org url=\"example.org/a\"", "- example.org /a", Precision::Url);
    check("hostname=example.org url=\"cdn.example/a\"", "- example.org -", Precision::Domain);
    check("hostname=192.0.2.1 service=SSL", "https 192.0.2.1 -", Precision::Address);
    check("hostname=example.org:8443 url=/a", "- example.org /a", Precision::Url);
    check("qname=\"[learn.example.org]\" service=DNS", "- learn.example.org -", Precision::Domain);
    check("dstip=192.0.2.1 url=/a", "- - /a", Precision::Address);
}

#[test]
fn a_line_that_names_neither_host_nor_url_is_not_web() {
    for line in [
        "date=2025-11-25 time=09:10:01 type=\"traffic\" subtype=\"forward\" srcip=10.0.0.1 dstip=192.0.2.1",
        "type=\"event\" subtype=\"system\" msg=\"hello\"",
        "type=\"event\" subtype=\"system\"",
        "eventtime=1764058201 type=utm hostname=\"N/A\" url=\"\"",
        "CEF:0|Fortinet|Fortigate|v7|13|traffic:forward close|3|cat=traffic:forward src=10.0.0.1 dhost=looked.up.example",
    ] {
        read(line, |read| assert_eq!(read, Line::Skip(Skip::NotWeb), "{line}"));
    }
}

#[test]
fn lines_that_are_no_event_say_why() {
    let check =
        |line: &str, want: RejectReason| read(line, |read| assert_eq!(read, Line::Reject(want), "{line}"));
    check("prose", RejectReason::Malformed);
    check("CEF:0|Other|P|1|2|n|3|dhost=example.org", RejectReason::Malformed);
    check("type=utm user=\"pat", RejectReason::Malformed);
    check("type=utm hostname=example.org", RejectReason::NoTime);
    check("type=utm date=2025-02-30 time=09:00:00 hostname=example.org", RejectReason::BadTime);
    check(
        "type=utm date=2025-11-25 time=25:00:00 eventtime=1764058201 hostname=example.org",
        RejectReason::BadTime,
    );
}

#[test]
fn the_filters_words_become_four() {
    let check = |keys: &str, want: Option<Action>, word: Option<&str>| {
        event(&format!("eventtime=1764058201 hostname=example.org {keys}"), |event| {
            assert_eq!((event.action, event.filter_action), (want, word), "{keys}");
        });
    };
    check("action=blocked", Some(Action::Blocked), Some("blocked"));
    check(
        "action=\"blocked\" msg=\"URL belongs to a category with warnings enabled\"",
        Some(Action::Warned),
        Some("blocked"),
    );
    check("action=passthrough", Some(Action::Allowed), Some("passthrough"));
    check("utmaction=block", Some(Action::Blocked), Some("block"));
    check("eventtype=dns-query", None, Some("dns-query"));
    check("action=something-new", None, Some("something-new"));
    check("", None, None);
}

#[test]
fn a_browser_cannot_write_keys_of_its_own() {
    let line = "eventtime=1764058201 user=\"pat\" hostname=\"example.org\" url=\"/a\" agent=\"x\\\" user=\\\"other\" user=\"third\"";
    event(line, |event| {
        assert_eq!((event.user_name, event.user_agent), (Some("pat"), Some("x\" user=\"other")));
    });
}

#[test]
fn the_rating_method_is_not_the_request_method() {
    let check = |keys: &str, want: Option<&str>| {
        event(&format!("eventtime=1764058201 hostname=example.org {keys}"), |event| {
            assert_eq!(event.http_method, want, "{keys}");
        });
    };
    check("method=domain", None);
    check("method=domain httpmethod=POST", Some("POST"));
    check("method=GET", Some("GET"));
}

#[test]
fn dns_and_files_are_read_from_their_own_keys() {
    event(
        "eventtime=1764058201 type=utm subtype=dlp hostname=example.org url=/up filename=\"my essay.docx\"",
        |event| {
            assert_eq!((event.file_name, event.intent), (Some("my essay.docx"), Intent::Download));
        },
    );
    event("eventtime=1764058201 type=utm subtype=dns qname=example.org. catdesc=\"Education\"", |event| {
        assert_eq!((event.url_domain, event.filter_category), (Some("example.org"), Some("Education")));
    });
}

#[test]
fn the_category_of_the_application_counts_where_the_page_has_none() {
    let check = |keys: &str, want: Option<&str>| {
        event(&format!("eventtime=1764058201 hostname=example.org {keys}"), |event| {
            assert_eq!(event.filter_category, want, "{keys}");
        });
    };
    check("appcat=\"Video/Audio\"", Some("Video/Audio"));
    check("appcat=\"Video/Audio\" catdesc=Education", Some("Education"));
    check("appcat=unscanned", None);
}

#[test]
fn the_rule_is_the_closest_one_that_the_line_names() {
    let mut keys = "eventtime=1764058201 hostname=example.org".to_owned();
    for (key, name) in [("policyid", "7"), ("policyname", "Pupils"), ("applist", "Apps"), ("profile", "Web")]
    {
        keys = format!("{keys} {key}={name}");
        event(&keys, |event| assert_eq!(event.filter_rule, Some(name), "{keys}"));
    }
}

#[test]
fn what_the_browser_said_is_read_from_its_own_keys() {
    let keys = "referralurl=\"http://a.example/\" contenttype=\"text/html\" agent=\"Agent 1\"";
    event(&format!("eventtime=1764058201 hostname=example.org {keys}"), |event| {
        let said = (event.referrer, event.content_type, event.user_agent);
        assert_eq!(said, (Some("http://a.example/"), Some("text/html"), Some("Agent 1")));
    });
}

#[test]
fn the_names_of_cef_stand_for_those_of_fortios() {
    let cef = |extension: &str| format!("CEF:0|Fortinet|Fortigate|v7|13|n|3|cat=utm:webfilter {extension}");
    let client = "shost=PC-12 fname=essay.docx requestMethod=POST requestContext=http://a.example/ \
        requestClientApplication=Agent 1";
    let rest = "dhost=example.org act=blocked msg=a category with warnings enabled rt=1764058201000";
    event(&cef(&format!("{client} {rest}")), |event| {
        assert_eq!((event.device_name, event.file_name), (Some("PC-12"), Some("essay.docx")));
        assert_eq!((event.http_method, event.user_agent), (Some("POST"), Some("Agent 1")));
        assert_eq!((event.referrer, event.action), (Some("http://a.example/"), Some(Action::Warned)));
        assert_eq!(event.event_at, 1_764_058_201_000_000);
    });
    // A time in words does not stand in the way of one in digits.
    event(&cef("rt=Nov 25 2025 08:10:01 FTNTFGTeventtime=1764058201 dhost=example.org"), |event| {
        assert_eq!(event.event_at, 1_764_058_201_000_000);
    });
}

#[test]
fn a_line_is_recognised_by_two_keys_that_every_record_has() {
    let check = |line: &str, want: bool| {
        assert_eq!(Fortinet.sniff("", &[line.as_bytes()]).is_some(), want, "{line}");
    };
    check("logid=1 type=utm", true);
    check("devid=FG1 type=utm", true);
    check("subtype=webfilter devname=fw01", true);
    check("CEF:0|Fortinet|Fortigate|v7|13|n|3|cat=utm:webfilter", true);
    check("type=utm hostname=example.org url=/a", false);
    check("hostname=example.org url=/a", false);
}
