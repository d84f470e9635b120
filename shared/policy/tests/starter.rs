//! The starter policy and the example of the documentation keep what they promise.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

use jiff::civil::date;
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

#[test]
fn the_faults_of_the_cited_documents_are_told_on_the_day_from_which_they_are_faults() {
    let told = |day| -> Vec<String> {
        let warnings = POLICY.warnings(day);
        assert_eq!(warnings.left_out(), 0);
        warnings.as_slice().iter().map(|it| format!("{} {}; {}", it.text, it.problem, it.expected)).collect()
    };
    let always = [
        "Data Protection Act 1998 (document 000) was repealed on 25 May 2018; Data Protection Act 2018 and UK GDPR",
        "Children's Internet Protection Act (document 000) is law of the United States; Keeping children safe in \
         education and DfE's standards on filtering and monitoring",
        "consent (document 000) is the basis of monitoring; public_task, legal_obligation or legitimate_interests",
        "L66 (document 000) states a period that is no number; days, months or years",
        "Lawful Business Practice Regulations 2000 (document 001) were revoked in 2018; the Investigatory Powers \
         (Interception by Businesses etc.) Regulations 2018",
        "Flourish With Us, ICT Acceptable Use Policy: Staff and Pupil… (document 002) bears no date of review; `reviewed`",
        "Acceptable Use of Technology Statement (Kent e-Safety policy… (document 003) bears no date of review; `reviewed`",
        "s9.1 (document 004) asks for what no log of a web filter holds; what a log can show",
    ];
    assert_eq!(told(date(2019, 8, 31)), always);
    let edition = |told: &[String]| told.iter().find(|it| it.starts_with("KCSIE")).cloned();
    let earlier = |year| Some(format!("KCSIE 2018 (document 001) is an earlier edition; KCSIE {year}"));
    assert_eq!(edition(&told(date(2019, 9, 1))), earlier(2019));
    assert_eq!(edition(&told(date(2026, 8, 31))), earlier(2025));
    let due =
        |day| told(day).iter().filter(|it| it.contains("has passed") || it.contains("a year ago")).count();
    assert_eq!([due(date(2022, 9, 1)), due(date(2022, 9, 2)), due(date(2022, 10, 2))], [0, 1, 3]);
}
