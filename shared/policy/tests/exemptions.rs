//! A school's project week, to the second, under the starter policy with one exemption.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

use jiff::Timestamp;
use trustwatch_model::{Audience, Intent};
use trustwatch_policy::{Judge, Policy, STARTER, Sighting};

const EGYPT: &str = "
exemptions:
  - id: egypt-project
    requester: Class teacher of year 5
    approver: Headteacher
    reason: Project on ancient Egypt
    ticket: LGFL-4711
    scope: {schools: [oak-primary], years: [Year 5], rules: [radicalisation], phrases: [isis]}
    from: 2026-11-02
    until: 2026-11-06
";

fn judge(exemptions: &str) -> Judge {
    let policy = Policy::parse(&format!("{STARTER}{exemptions}"));
    Judge::new(&policy.unwrap_or_else(|mistakes| panic!("{mistakes}"))).unwrap()
}

/// A search of a year 5 pupil of oak-primary, at a time.
fn search<'e>(text: &'e str, at: &str) -> Sighting<'e> {
    Sighting {
        search: Some(text),
        intent: Intent::Search,
        year_group: Some("5"),
        school: Some("oak-primary"),
        at: Some(at.parse::<Timestamp>().unwrap().as_microsecond()),
        ..Sighting::page(Audience::Pupil)
    }
}

/// Severity of each hit and what the reader is told.
fn told(judge: &Judge, event: &Sighting<'_>) -> Vec<(u8, Vec<String>)> {
    let hits = judge.sighting(event, "");
    hits.into_iter().map(|hit| (hit.severity.level(), hit.factors)).collect()
}

const FRIDAY: &str = "2026-11-06T23:59:59.999999Z";

fn mark() -> Vec<(u8, Vec<String>)> {
    vec![(1, vec!["exempt until 2026-11-06: Project on ancient Egypt (egypt-project)".to_owned()])]
}

#[test]
fn a_project_is_exempt_until_friday_and_a_search_on_saturday_counts() {
    let judge = judge(EGYPT);
    let at = |at| told(&judge, &search("isis", at));
    let counts = vec![(4, Vec::<String>::new())];
    assert_eq!(at("2026-11-01T23:59:59.999999Z"), counts);
    assert_eq!(at("2026-11-02T00:00:00Z"), mark());
    assert_eq!(at(FRIDAY), mark());
    assert_eq!(at("2026-11-07T00:00:00Z"), counts);
}

#[test]
fn it_covers_whom_and_what_it_names_and_nothing_else() {
    let judge = judge(EGYPT);
    let friday = search("isis", FRIDAY);
    let counts = |event: &Sighting<'_>| told(&judge, event).iter().any(|(severity, _)| *severity == 4);
    assert!(counts(&Sighting { year_group: Some("6"), ..friday }));
    assert!(counts(&Sighting { year_group: None, ..friday }));
    assert!(counts(&Sighting { school: Some("elm-primary"), ..friday }));
    assert!(counts(&Sighting { school: None, ..friday }));
    assert!(counts(&Sighting { at: None, ..friday }));
    assert!(counts(&Sighting { audience: Audience::Staff, ..friday }), "years are of pupils");
    assert!(counts(&Sighting { audience: Audience::Unknown, ..friday }));
    assert!(counts(&Sighting { search: Some("white power"), ..friday }));

    let both = told(&judge, &Sighting { search: Some("how to join isis"), ..friday });
    assert_eq!(
        both,
        [(4, vec!["clear phrase: one search is enough".to_owned()])],
        "the phrase beside it counts"
    );
    let danger = judge.explain(&Sighting { search: Some("isis how to die"), ..friday }, "");
    assert_eq!((danger.alert, danger.severity), (true, Some(5)));
    let exempt = judge.explain(&friday, "");
    assert_eq!((exempt.alert, exempt.severity), (false, Some(1)));
    assert!(
        exempt.why[0].contains("exempt until 2026-11-06") && exempt.why[0].contains("trends only"),
        "{exempt:?}"
    );
}

#[test]
fn a_domain_is_exempt_with_all_below_it_and_danger_to_life_never() {
    let judge = judge(&EGYPT.replace(
        "{schools: [oak-primary], years: [Year 5], rules: [radicalisation], phrases: [isis]}",
        "{domains: [games.example.com]}",
    ));
    let page = |host, category| {
        let at = search("x", FRIDAY).at;
        let event =
            Sighting { host: Some(host), category: Some(category), at, ..Sighting::page(Audience::Pupil) };
        judge.sighting(&event, "linewize").iter().map(|hit| hit.severity.level()).collect::<Vec<_>>()
    };
    assert_eq!(page("games.example.com", "Games"), [1]);
    assert_eq!(page("a.games.example.com", "Games"), [1]);
    let there = Sighting { host: Some("games.example.com"), ..search("isis", FRIDAY) };
    assert_eq!(told(&judge, &there), [(4, vec![])], "what is searched for there is another matter");
    assert_eq!(page("notgames.example.com", "Games"), [2]);
    assert_eq!(page("a.games.example.com", "Suicide"), [5], "from danger to life nobody is exempted");
}
