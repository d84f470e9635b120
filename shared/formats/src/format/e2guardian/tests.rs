use super::*;
use trustwatch_model::RejectReason;

fn read<'a>(line: &'a str, arena: &'a Bump) -> Result<Event<'a>, NoEvent> {
    let mut event = Event::at(0);
    let mut parser = E2guardianParser { clock: Clock::any_time(), sniffs: false };
    parser.unwrap_and_read(line, &mut event, arena)?;
    Ok(event)
}

#[test]
fn the_verdict_is_in_the_marks() {
    let check = |what: &str, status: u16, marks: &str, reason: &str, action: Action| {
        let read = What::read(what);
        assert_eq!((read.marks, read.reason), (marks, reason), "{what}");
        assert_eq!(read.action(Some(status), ""), action, "{what}");
    };
    check("", 200, "", "", Action::Allowed);
    check("*DENIED* Banned site: x", 403, "*DENIED*", "Banned site: x", Action::Blocked);
    check("*SCANNED* *INFECTED-POST* a*b", 200, "*SCANNED* *INFECTED-POST*", "a*b", Action::Blocked);
    check("*EXCEPTION* y", 403, "*EXCEPTION*", "y", Action::Allowed);
    check("*VERWEIGERT* y", 403, "*VERWEIGERT*", "y", Action::Blocked);
    check("*VERWEIGERT* y", 200, "*VERWEIGERT*", "y", Action::Allowed);
    check("*DENIED* y", 407, "*DENIED*", "y", Action::Challenged);
    check("*half", 200, "", "*half", Action::Allowed);
}

#[test]
fn the_words_of_layout_1_are_told_from_the_text_around_them() {
    let arena = Bump::new();
    let line = "2026.11.23 9:00:00 pat 10.0.0.1 http://games.example/a *DENIED* Banned phrase: GET rich GET 120 -20 \
                Games for 2 players 3 403 text/html pc-12 year7 Mozilla/5.0 (X11) - - - -";
    let event = read(line, &arena).unwrap();
    assert_eq!(event.filter_rule, Some("Banned phrase: GET rich"));
    assert_eq!((event.http_method, event.bytes_in, event.http_status), (Some("GET"), Some(120), Some(403)));
    assert_eq!(event.filter_category, Some("Games for 2 players"));
    assert_eq!((event.device_name, event.user_group), (Some("pc-12"), Some("year7")));
    assert_eq!(event.user_agent, Some("Mozilla/5.0 (X11)"));
}

#[test]
fn a_line_that_is_not_whole_is_malformed() {
    let arena = Bump::new();
    for line in [
        "2026.11.23 9:00:00 pat 10.0.0.1 http://games.example/a *DENIED* Banned",
        "\"2026.11.23 9:00:00\",\"pat\",\"10.0.0.1\",\"http://games.ex",
        "1795428000.1\t\tpat\t10.0.0.1\thttp://games.example/\tGET\t200",
        "prose",
    ] {
        assert_eq!(read(line, &arena), Err(RejectReason::Malformed.into()), "{line}");
    }
}

#[test]
fn the_epoch_behind_the_date_is_the_time() {
    let arena = Bump::new();
    for line in [
        "2026.11.23 9:00:00 1795424400.610\tpat\t10.0.0.1\thttp://a.example\t-\tGET\t880\t0\t-\t1\t200\t-\tpc-12\tyear7",
        "2026.11.23 9:00:00\t1795424400.610\tpat\t10.0.0.1\thttp://a.example\t-\tGET\t880\t0\t-\t1\t200\t-\tpc-12\tyear7",
        "\"2026.11.23 9:00:00 1795424400.610\",\"pat\",\"10.0.0.1\",\"http://a.example\",\"-\",\"GET\",\"880\",\"0\",\"-\",\"1\"",
        "2026.11.23 9:00:00 1795424400.610 pat 10.0.0.1 http://a.example - GET 880 0 - 1 200 - pc-12 year7 A - - - -",
    ] {
        let event = read(line, &arena).unwrap();
        assert_eq!((event.event_at, event.user_name), (1_795_424_400_610_000, Some("pat")), "{line}");
    }
}

#[test]
fn quotes_inside_a_value_derail_no_layout() {
    let arena = Bump::new();
    let cells = [
        "2026.11.23 9:00:00",
        "pat",
        "10.0.0.1",
        "http://a.example/?say=\"a\"",
        "-",
        "GET",
        "880",
        "0",
        "-",
        "1",
        "200",
    ];
    let cells = [cells.as_slice(), &["-", "pc-12", "year7", "\"A\" b, \"c", "-", "-", "-", "-"]].concat();
    for line in [format!("\"{}\"", cells.join("\",\"")), cells.join("\t"), cells.join(" ")] {
        let line = arena.alloc_str(&line);
        let event = read(line, &arena).unwrap();
        assert_eq!((event.url_query, event.user_agent), (Some("say=\"a\""), Some("\"A\" b, \"c")), "{line}");
    }
}
