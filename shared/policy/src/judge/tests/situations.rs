//! Situations that schools told of, under the starter policy.

use super::*;
use std::sync::LazyLock;
use trustwatch_model::Precision;

static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(crate::STARTER).unwrap());
static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(&POLICY).unwrap());

/// Ids of the rules that hit, with their severity and whether they alert alone.
fn judged(event: Event, product: &str) -> Vec<(String, u8, bool)> {
    let hits = JUDGE.batch(&batch_of(&[event]), product, &roster()).unwrap();
    let shown = |hit: &Hit| (POLICY.rules[hit.rule].id.to_string(), hit.severity.level(), hit.alerts_alone());
    hits.iter().map(shown).collect()
}

fn search(text: &str, user: &str) -> Event {
    let (search, user_name) = (Some(text.to_owned()), Some(user.to_owned()));
    Event { search, user_name, intent: Intent::Search, ..PAGE }
}

fn hit(rule: &str, severity: u8, alone: bool) -> (String, u8, bool) {
    (rule.to_owned(), severity, alone)
}

#[test]
fn a_page_with_an_embedded_box_of_a_social_network_accuses_nobody() {
    let visit = Event {
        category: Some("Social Networking".into()),
        host: Some("social.example.com".into()),
        user_name: Some("ann".into()),
        ..PAGE
    };
    assert_eq!(judged(visit.clone(), "fortinet"), [hit("social-chat-games", 2, false)]);
    let embedded = Event { intent: Intent::Background, ..visit };
    assert_eq!(judged(embedded, "fortinet"), []);
    let suggestion = Event { intent: Intent::Background, ..search("how to die", "ann") };
    assert_eq!(judged(suggestion, "fortinet"), []);
}

#[test]
fn harmless_searches_stay_harmless_and_one_clear_search_of_a_child_alerts() {
    for harmless in [
        "cut my hair",
        "how to cut my own hair",
        "basketball shooting",
        "shooting stars",
        "how to dye wool",
        "suicide squad",
        "isis egyptian goddess",
        "bath bomb recipe",
        "essex county council",
        "scunthorpe",
        "life hacks",
        "good samaritans bible",
        "a level grades",
        "white power bank",
        "buy weed killer",
    ] {
        assert_eq!(judged(search(harmless, "ann"), "fortinet"), [], "{harmless}");
    }
    for trick in ["how to die", "HOW TO DIE?", "h0w t0 d1e", "how to d.i.e", "hоw tо diе", "how   to diiiiie"]
    {
        assert_eq!(judged(search(trick, "ann"), "fortinet"), [hit("suicide-search", 5, true)], "{trick}");
    }
    let vague = judged(search("shooting", "ann"), "fortinet");
    assert_eq!(vague, [hit("violence-weapons", 4, false)], "counts, and does not alert alone");
}

#[test]
fn a_shared_login_is_never_laid_to_a_child() {
    let alone = search("how to die", "ann");
    let shared = Event { attribution: Attribution::SharedLogin, ..alone.clone() };
    let hits = JUDGE.batch(&batch_of(&[alone, shared]), "fortinet", &roster()).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.audience).collect::<Vec<_>>(), [Audience::Pupil, Audience::Unknown]);
}

#[test]
fn an_address_without_a_user_is_judged_as_the_strictest() {
    let event = Event {
        category: Some("Gambling".into()),
        host: Some("bets.example.com".into()),
        attribution: Attribution::Address,
        ..PAGE
    };
    assert_eq!(judged(event.clone(), "fortinet"), [hit("gambling", 3, false)]);
    let staff = Event { attribution: Attribution::User, user_name: Some("bob".into()), ..event };
    assert_eq!(judged(staff, "fortinet"), [hit("gambling", 2, false)]);
}

#[test]
fn looking_for_help_is_a_mark_in_trends_and_no_alert() {
    let childline =
        Event { host: Some("www.childline.org.uk".into()), user_name: Some("ann".into()), ..PAGE };
    assert_eq!(judged(childline, "fortinet"), [hit("help-seeking", 1, false)]);
    assert_eq!(judged(search("childline", "ann"), "fortinet"), [hit("help-seeking", 1, false)]);
    assert_eq!(judged(search("childline", "bob"), "fortinet"), [], "of no concern for staff");
}

#[test]
fn a_rule_that_needs_a_search_says_what_a_feed_of_domains_cannot_answer() {
    let missing = |id: &str, feed| {
        let says = |enough: bool| u64::from(enough);
        let seen = crate::Seen {
            product: "fortinet",
            events: 1,
            hosts: says(feed != Precision::Address),
            pages: says(feed == Precision::Url),
            categorised: 1,
            decided: 1,
            people: 1,
            school: None,
        };
        let (rule, covered) =
            POLICY.rules.iter().zip(POLICY.coverage(&seen)).find(|(rule, _)| rule.id.as_str() == id).unwrap();
        rule.kinds().filter(|kind| !covered.by.contains(kind)).collect::<Vec<_>>()
    };
    use crate::Kind::{Domain, Search};
    assert_eq!(missing("suicide-search", Precision::Url), []);
    assert_eq!(missing("suicide-search", Precision::Domain), [Search]);
    assert_eq!(missing("help-seeking", Precision::Domain), [Search]);
    assert_eq!(missing("help-seeking", Precision::Address), [Search, Domain]);
    assert_eq!(missing("csam-category", Precision::Address), []);
}
