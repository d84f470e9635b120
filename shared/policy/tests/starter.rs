//! The starter policy and the example of the documentation keep what they promise.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

use std::sync::LazyLock;
use trustwatch_model::{Audience, Intent};
use trustwatch_policy::{Hit, Judge, Policy, STARTER, Sighting};

static POLICY: LazyLock<Policy> =
    LazyLock::new(|| Policy::parse(STARTER).unwrap_or_else(|mistakes| panic!("{mistakes}")));
static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(&POLICY).unwrap());

fn search(text: &str) -> Vec<Hit> {
    let audience = Audience::Unknown;
    let typed = Intent::Search;
    let event = Sighting { search: Some(text), intent: typed, ..Sighting::page(audience) };
    JUDGE.sighting(&event, "")
}

fn matches(text: &str, phrase: &str) -> bool {
    search(text).iter().any(|hit| hit.matched.iter().any(|matched| matched == phrase))
}

#[test]
fn every_phrase_is_looked_for_by_a_rule_and_taken_away_by_each_of_its_words() {
    for phrase in POLICY.lexicons.iter().flat_map(|lexicon| &lexicon.phrases) {
        assert!(matches(&phrase.text, &phrase.text), "{}", phrase.text);
        for word in &phrase.unless {
            assert!(!matches(&format!("{} {word}", phrase.text), &phrase.text), "{} {word}", phrase.text);
        }
    }
}

#[test]
fn every_word_of_a_filter_and_every_help_line_is_looked_for_by_a_rule() {
    let page = |host, category, product| {
        let event = Sighting {
            host,
            category,
            action: Some(trustwatch_model::Action::Allowed),
            ..Sighting::page(Audience::Unknown)
        };
        JUDGE.sighting(&event, product)
    };
    for category in POLICY.categories.iter().filter(|category| category.code != "none") {
        for (product, word) in
            category.vendors.iter().flat_map(|(product, words)| words.iter().map(move |word| (product, word)))
        {
            let hits = page(None, Some(word), product);
            assert!(!hits.is_empty(), "{word} of {product}");
            assert!(hits.iter().all(|hit| POLICY.rules[hit.rule].category == category.code), "{word}");
        }
    }
    for domain in POLICY.lists.iter().flat_map(|list| &list.domains) {
        let levels: Vec<u8> = page(Some(domain), None, "").iter().map(|hit| hit.severity.level()).collect();
        assert_eq!(levels, [1], "{domain}");
    }
}

#[test]
fn severities_are_those_of_the_requirements() {
    for (category, pupil, staff, visitor) in [
        ("illegal_csam", 5, 5, 5),
        ("suicide", 5, 4, 4),
        ("self_harm", 4, 3, 2),
        ("help_seeking", 1, 0, 0),
        ("radicalisation", 4, 4, 3),
        ("grooming_cse", 5, 5, 4),
        ("nudes", 4, 5, 3),
        ("pornography", 3, 4, 3),
        ("bullying", 4, 3, 2),
        ("hate", 3, 4, 3),
        ("violence_weapons", 4, 3, 3),
        ("drugs", 3, 3, 2),
        ("bypass", 3, 3, 3),
        ("hacking", 3, 4, 4),
        ("crime", 3, 4, 3),
        ("gambling", 3, 2, 2),
        ("personal_data", 3, 2, 0),
        ("copyright", 2, 2, 2),
        ("academic_malpractice", 2, 0, 0),
        ("social_chat_games", 2, 2, 1),
    ] {
        let level = |audience| {
            let rules = POLICY.rules.iter().filter(|rule| rule.category == category);
            let severities = rules.filter_map(|rule| rule.severity.of(audience));
            severities.max().map_or(0, trustwatch_model::Severity::level)
        };
        let found = [level(Audience::Pupil), level(Audience::Staff), level(Audience::Visitor)];
        assert_eq!(found, [pupil, staff, visitor], "{category}");
    }
}

#[test]
fn the_example_of_the_documentation_is_a_policy() {
    let page = include_str!("../../../docs/policy.md");
    let yaml = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy = Policy::parse(yaml).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(policy.rules.len(), 1);
}
