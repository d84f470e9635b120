//! Terms, bells and clock changes, to the second: staff who use the web for themselves, and pupils out of hours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use trustwatch_model::{Audience, Intent, Severity};
use trustwatch_policy::{Judge, Policy, Sighting};

/// The rules on personal use of three of the source policies: 000, 001 and 004.
const POLICY: &str = r#"version: 1
title: Three schools
documents:
  - id: "000"
    title: Internet Policy for Staff
    clauses:
      L45: No personal use from 8.30 to 16.00
      L47: No social networking on site
categories:
  - code: social_chat_games
    title: Social networks
    vendors: {fortinet: [Social Networking]}
lexicons:
  - name: threats
    phrases:
      - {text: shooting, grade: vague}
calendars:
  - name: year
    terms:
      - {from: 2026-02-23, until: 2026-04-02}
      - {from: 2026-04-20, until: 2026-05-29}
      - {from: 2026-09-01, until: 2026-10-30}
    inset: [2026-09-01]
    closed: [2026-09-18]
    day: "08:30-16:00"
    breaks: ["10:30-10:45", "12:00-13:00"]
schools:
  - {id: petits, calendar: year, personal_use: [outside_day]}
  - {id: acton, calendar: year, personal_use: [outside_day, breaks], unknowable: pupils were present}
  - {id: gent, calendar: year, personal_use: [outside_day, "12:15-13:00"]}
rules:
  - id: staff-personal-use
    title: Personal use in directed time
    category: social_chat_games
    when: {category: true}
    severity: {staff: 2}
    time: [directed]
    advice: For the weekly digest
    cites: [000 L45]
    tests:
      - {category: Social Networking, product: fortinet, audience: staff, school: petits, at: 2026-03-27T15:59:59, fires: true}
      - {category: Social Networking, product: fortinet, audience: staff, school: petits, at: 2026-03-27T16:00:00, fires: false}
      - {category: Social Networking, product: fortinet, audience: staff, fires: false}
  - id: threats-out-of-hours
    title: Threats
    category: social_chat_games
    when: {search: threats}
    severity: {pupil: 3}
    raises: [out_of_hours]
    advice: Look at it
    cites: [000 L47]
    tests:
      - {search: shooting, fires: true}
      - {search: shoot, fires: false}
  - id: games-in-lessons
    title: Social networks in lessons
    category: social_chat_games
    when: {category: true}
    severity: {pupil: 2}
    time: [lesson]
    advice: Tell the teacher
    cites: [000 L47]
    tests:
      - {category: Social Networking, product: fortinet, school: acton, at: 2026-09-02T09:00:00, fires: true}
      - {category: Social Networking, product: fortinet, school: acton, at: 2026-09-02T10:30:00, fires: false}
"#;

fn judge() -> Judge {
    let policy = Policy::parse(POLICY).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    Judge::new(&policy).unwrap()
}

fn london(at: &str) -> Option<i64> {
    let zone = TimeZone::get("Europe/London").unwrap();
    Some(zone.to_timestamp(at.parse::<DateTime>().unwrap()).unwrap().as_microsecond())
}

/// What staff of a school are told of at a time of London.
fn staff(judge: &Judge, school: &str, at: &str) -> Vec<Vec<String>> {
    let category = Some("Social Networking");
    let event =
        Sighting { category, school: Some(school), at: london(at), ..Sighting::page(Audience::Staff) };
    judge.sighting(&event, "fortinet").into_iter().map(|hit| hit.factors).collect()
}

fn directed() -> Vec<Vec<String>> {
    vec![vec!["time: directed".to_owned()]]
}

#[test]
fn staff_of_000_are_free_from_four_to_the_second_on_both_sides_of_both_clock_changes() {
    let judge = judge();
    for day in ["2026-03-27", "2026-03-30", "2026-10-23", "2026-10-26"] {
        assert_eq!(staff(&judge, "petits", &format!("{day}T15:59:59")), directed(), "{day}");
        assert_eq!(staff(&judge, "petits", &format!("{day}T16:00:00")), [[""; 0]; 0], "{day}");
        assert_eq!(staff(&judge, "petits", &format!("{day}T08:29:59")), [[""; 0]; 0], "{day}");
        assert_eq!(staff(&judge, "petits", &format!("{day}T08:30:00")), directed(), "{day}");
    }
    // The same moments in UTC: the clock of London moved under them.
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    assert_eq!(london("2026-03-27T15:59:59"), Some(at("2026-03-27T15:59:59Z")));
    assert_eq!(london("2026-03-30T15:59:59"), Some(at("2026-03-30T14:59:59Z")));
    assert_eq!(london("2026-10-26T15:59:59"), Some(at("2026-10-26T15:59:59Z")));
}

#[test]
fn staff_work_on_inset_days_and_not_in_half_term_at_weekends_or_when_school_is_closed() {
    let judge = judge();
    assert_eq!(staff(&judge, "petits", "2026-09-01T10:00:00"), directed(), "INSET");
    for (day, why) in [
        ("2026-04-10", "Easter holidays"),
        ("2026-05-04", "bank holiday in term"),
        ("2026-09-05", "Saturday"),
        ("2026-09-18", "closed"),
        ("2026-02-22", "before the first term"),
        ("2026-10-31", "after the last term"),
    ] {
        assert_eq!(staff(&judge, "petits", &format!("{day}T10:00:00")), [[""; 0]; 0], "{why}");
    }
    assert_eq!(staff(&judge, "elsewhere", "2026-09-02T10:00:00"), [[""; 0]; 0], "no calendar, no accusation");
}

#[test]
fn the_same_lunch_is_fine_at_004_and_at_001_depends_on_what_no_log_can_know() {
    let judge = judge();
    let at = |school, clock: &str| staff(&judge, school, &format!("2026-09-02T{clock}"));
    assert_eq!(at("petits", "12:30:00"), directed());
    assert_eq!(at("gent", "12:30:00"), [[""; 0]; 0]);
    assert_eq!(at("gent", "12:14:59"), directed());
    assert_eq!(at("gent", "13:00:00"), directed());
    assert_eq!(at("acton", "12:30:00"), [[""; 0]; 0]);
    assert_eq!(at("acton", "10:44:59"), [[""; 0]; 0]);
    let doubt = "time: directed, and no log can know whether pupils were present".to_owned();
    assert_eq!(at("acton", "10:45:00"), [[doubt]]);
}

#[test]
fn a_search_out_of_hours_is_one_step_graver_where_a_calendar_says_so() {
    let judge = judge();
    let search = |school, at| {
        let search = Some("shooting");
        let event =
            Sighting { search, intent: Intent::Search, school, at, ..Sighting::page(Audience::Pupil) };
        judge.sighting(&event, "").into_iter().map(|hit| (hit.severity, hit.factors)).collect::<Vec<_>>()
    };
    let grave = vec![(Severity::new(4).unwrap(), vec!["out of hours".to_owned()])];
    let plain = vec![(Severity::MEDIUM, Vec::<String>::new())];
    for out in ["2026-09-02T08:29:59", "2026-09-02T16:00:00", "2026-09-05T10:00:00", "2026-09-01T10:00:00"] {
        assert_eq!(search(Some("acton"), london(out)), grave, "{out}");
    }
    for school_time in ["2026-09-02T08:30:00", "2026-09-02T12:30:00", "2026-09-02T15:59:59"] {
        assert_eq!(search(Some("acton"), london(school_time)), plain, "{school_time}");
    }
    assert_eq!(search(Some("acton"), london("2027-09-01T03:00:00")), plain, "nobody said what that day is");
    assert_eq!(search(Some("elsewhere"), london("2026-09-05T10:00:00")), plain);
    assert_eq!(search(None, london("2026-09-05T10:00:00")), plain);
}

#[test]
fn every_mistake_in_a_calendar_is_told() {
    let mut wrong = Vec::<String>::new();
    for (from, to, expected) in [
        (
            "day: \"08:30-16:00\"",
            "day: \"16:00-08:30\"",
            "25:10: `16:00-08:30` is not a span of hours: expected hours like \"08:30-16:00\"; write both in 24 hours, with a quote before and after",
        ),
        (
            "day: \"08:30-16:00\"",
            "day: \"8:30-16:00\"",
            "25:10: `8:30-16:00` is not a span of hours: expected hours like \"08:30-16:00\"; write both in 24 hours, with a quote before and after",
        ),
        (
            "\"10:30-10:45\"",
            "\"08:00-08:45\"",
            "26:14: `08:00-08:45` is outside the school's day: expected hours in `day`; correct one of them",
        ),
        (
            "inset: [2026-09-01]",
            "inset: [2026-08-31]",
            "23:13: `2026-08-31` is in no term: expected a day of a term; correct it, or remove it",
        ),
        (
            "{from: 2026-04-20,",
            "{from: 2026-04-02,",
            "21:9: `{…}` is not in order: expected first day before last day, and each term after the one before it; correct the dates",
        ),
        (
            "{id: gent, calendar: year,",
            "{id: acton, calendar: year,",
            "30:10: `acton` is not the id of another school: expected the id of a school, like oak-primary, once; correct it",
        ),
        (
            "{id: gent, calendar: year,",
            "{id: gent, calendar: yaer,",
            "30:26: `yaer` names no calendar of this file: expected one of year; correct the name or define the calendar",
        ),
        (
            "time: [lesson]",
            "time: [lessons]",
            "60:12: `lessons` is not a word that can stand here: expected one of lesson, break, school_hours, out_of_hours, holiday, directed; choose one",
        ),
        (
            "at: 2026-03-27T16:00:00,",
            "at: 4 pm,",
            "42:95: `4 pm` is not a moment: expected day and time of London, like 2026-03-27T15:59:59; correct it",
        ),
    ] {
        assert_eq!(POLICY.matches(from).count(), 1, "`{from}` must stand once");
        let mistakes = Policy::parse(&POLICY.replace(from, to)).unwrap_err();
        if mistakes.to_string().trim_end() != expected {
            wrong.push(format!(
                "`{from}` -> `{to}`:
{mistakes}
not
{expected}
"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (before, rest) = POLICY.split_once("calendars:").unwrap();
    let (_, rules) = rest.split_once("rules:").unwrap();
    let mistakes = Policy::parse(&format!("{before}rules:{rules}")).unwrap_err().to_string();
    let told = "asks for a time, and no school has a calendar: expected `schools`; say which school keeps which calendar, or leave the time out";
    assert_eq!(mistakes.matches(told).count(), 3, "{mistakes}");
}
