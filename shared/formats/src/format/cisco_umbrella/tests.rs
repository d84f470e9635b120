use super::*;
use crate::parser::Line;

const ALWAYS: Window = Window { not_before: i64::MIN, not_after: i64::MAX };

fn read(key: &str, line: &str, then: impl FnOnce(Line<'_>)) {
    let arena = Bump::new();
    then(UmbrellaParser { kind: Kind::of_key(key), window: ALWAYS }.parse(line.as_bytes(), &arena));
}

fn event(key: &str, line: &str, then: impl FnOnce(Event<'_>)) {
    read(key, line, |read| match read {
        Line::Event(event) => then(event),
        other => panic!("{line}: {other:?}"),
    });
}

const DNS: &str = "\"2025-11-25 08:10:01\",\"pat\",\"pat,PC-12\",\"10.0.0.1\",\"198.51.100.4\",\"Allowed\",\"1 (A)\",\"NOERROR\",\"Learn.Example.org.\",\"Education\"";
const PROXY: &str = "\"2025-11-25 08:10:01\",\"PC-12\",\"10.0.0.1\",\"198.51.100.4\",\"192.0.2.1\",\"text/html\",\"BLOCKED\",\"https://example.org/a?b=c\",\"\",\"Agent\",\"403\",\"850\",\"1489\"";

#[test]
fn the_kind_of_record_comes_from_the_key_or_from_the_row() {
    let check = |key: &str, want: Option<Kind>| assert_eq!(Kind::of_key(key), want, "{key}");
    check("oak/web/dnslogs/2025-11-25/2025-11-25-08-10-a1b2.csv.gz", Some(Kind::Dns));
    check("oak/proxylogs/dnslogs/x.csv", Some(Kind::Dns));
    check("oak/web/cloudfirewalllogs/x.csv", Some(Kind::Firewall));
    check("oak/web/DLPLogs.csv", Some(Kind::Dlp));
    check("oak/web/export.csv", None);
    for key in ["", "oak/web/dnslogs/x.csv"] {
        event(key, DNS, |event| assert_eq!(event.url_domain, Some("learn.example.org")));
    }
    for key in ["", "oak/web/proxylogs/x.csv"] {
        event(key, PROXY, |event| assert_eq!(event.url_query, Some("b=c")));
    }
}

#[test]
fn a_row_of_another_kind_than_the_key_says_is_malformed() {
    read("dnslogs", PROXY, |read| assert_eq!(read, Line::Reject(RejectReason::Malformed)));
    read("proxylogs", DNS, |read| assert_eq!(read, Line::Reject(RejectReason::Malformed)));
    // Nothing of an intrusion record is an event: a visit must not pass for one.
    read("intrusionlogs", PROXY, |read| assert_eq!(read, Line::Reject(RejectReason::Malformed)));
}

#[test]
fn a_row_is_of_a_kind_when_every_column_that_tells_it_does() {
    let fits = |kind: Kind, cells: &[&str]| {
        let (line, arena) = (cells.join(","), Bump::new());
        let row = Record::read(&line, b',', &arena);
        kind.fits(&row, stamp(&row).is_some())
    };
    // The shortest row that fits, and what no such row has in one column.
    let check = |kind: Kind, row: &str, wrong: &[(usize, &str)]| {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(fits(kind, &cells), "{row}");
        assert!(!fits(kind, &cells[..cells.len() - 1]), "{kind:?} with a column less");
        for (index, cell) in wrong {
            let mut cells = cells.clone();
            cells[*index] = *cell;
            assert!(!fits(kind, &cells), "{kind:?} with `{cell}` in column {index}");
        }
    };
    let dns = "2025-11-25 08:10:01,pat,pat,10.0.0.1,,Allowed,1 (A),NOERROR,example.org";
    check(Kind::Dns, dns, &[(0, "then"), (3, "x"), (4, "x"), (5, "x"), (8, "")]);
    let proxy = "2025-11-25 08:10:01,pat,10.0.0.1,,192.0.2.1,text/html,BLOCKED,http://example.org/";
    check(Kind::Proxy, proxy, &[(0, "then"), (2, "x"), (3, "x"), (6, "x"), (7, "")]);
    let dlp = "2025-11-25 08:10:01,Real Time,0a,HIGH,pat,,a.docx,Drive,https://example.org/,BLOCK";
    check(Kind::Dlp, dlp, &[(0, "then"), (8, "example.org"), (9, "x")]);
    let firewall = "2025-11-25 08:10:01,[1],Tunnel,Device,OUTBOUND,1,84,10.0.0.1,,192.0.2.9,,lon1,12,ALLOW";
    check(Kind::Firewall, firewall, &[(0, "then"), (1, "1"), (7, "x"), (9, "x")]);
    let ip = "2025-11-25 08:10:01,Site,10.0.0.1,50123,192.0.2.9,445,Malware";
    check(Kind::Ip, ip, &[(0, "then"), (2, ""), (4, ""), (5, "x"), (5, "")]);
    let intrusion = "2025-11-25 08:10:01,pat,1,1,1,HIGH,WEB,text";
    check(Kind::Intrusion, intrusion, &[(0, "then")]);
    check(Kind::Audit, "17,2025-11-25 08:10:01", &[(0, "x"), (1, "then")]);
}

#[test]
fn lines_that_are_no_event_say_why() {
    let check = |line: &str, want: Line<'static>| read("", line, |read| assert_eq!(read, want, "{line}"));
    let malformed = Line::Reject(RejectReason::Malformed);
    check("\"Timestamp\",\"Policy Identity\"", Line::Skip(Skip::Header));
    check("ID,Timestamp,User", Line::Skip(Skip::Header));
    check(
        "\"2025-11-25 08:10:05\",\"Site\",\"10.0.0.1\",\"50123\",\"192.0.2.9\",\"445\",\"Malware\"",
        Line::Skip(Skip::NotWeb),
    );
    check("\"17\",\"2025-11-25 08:10:08\",\"it@x.uk\",\"IT\",\"a\",\"b\"", Line::Skip(Skip::NotWeb));
    check("\"2025-11-25 08:10:09\",\"something\",\"else\"", malformed);
    check("\"2025-11-25 08:10:01\",\"pat", malformed);
    check(&DNS.replace("2025-11-25", "2025-13-25"), malformed);
    check(&DNS.replace("Learn.Example.org.", "not a host"), malformed);
}

#[test]
fn times_are_utc() {
    event("", &DNS.replace("2025-11-25", "2025-07-25"), |event| {
        assert_eq!(
            event.event_at,
            "2025-07-25T08:10:01Z".parse::<jiff::Timestamp>().unwrap().as_microsecond()
        );
    });
}

#[test]
fn the_schools_public_address_stands_in_for_a_missing_one() {
    event("", &PROXY.replace("10.0.0.1", ""), |event| assert_eq!(event.source_ip, Some("198.51.100.4")));
    event("", PROXY, |event| assert_eq!(event.source_ip, Some("10.0.0.1")));
}

#[test]
fn a_firewall_record_is_an_event_when_it_names_one_host() {
    let line = |names: &str| {
        format!(
            "2025-11-25 08:10:06,[1],Tunnel,CDFW Tunnel Device,OUTBOUND,1,84,10.0.0.1,,192.0.2.9,,lon1.edc,12,ALLOW{names}"
        )
    };
    for names in ["", ",", ",\"a.example,b.example\",44"] {
        read("", &line(names), |read| assert_eq!(read, Line::Skip(Skip::NotWeb), "{names}"));
    }
    event("", &line(",example.org,44"), |event| assert_eq!(event.url_domain, Some("example.org")));
}

#[test]
fn words_of_the_filter_become_four() {
    let check = |word: &str, want: Option<Action>| assert_eq!(verdict(word), want, "{word}");
    check("ALLOWED", Some(Action::Allowed));
    check("Proxied", Some(Action::Allowed));
    check("Monitored", Some(Action::Allowed));
    check("Blocked", Some(Action::Blocked));
    check("Warned", Some(Action::Warned));
    check("elsewhere", None);
}
