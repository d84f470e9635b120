//! A plain evaluator: row by row, rule by rule, every phrase, entry and word tried in turn. The judge must agree.

use super::*;
use crate::fold;
use crate::rule::search::Grade;
use crate::{Category, DomainList, Exemption, Grid, Lexicon, Phrase, Raise, Scope, Severities, When};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeMap;
use trustwatch_model::{Distinct, RuleId, SchoolId};

fn stands_in(phrase: &str, text: &str) -> bool {
    let phrase = fold::fold(phrase);
    fold::readings(text).any(|reading| {
        (0..reading.as_str().len()).any(|start| {
            reading.as_str().as_bytes()[start..].starts_with(phrase.as_str().as_bytes())
                && reading.has_runs_of(&phrase, start)
        })
    })
}

fn same_spelling(a: &str, b: &str) -> bool {
    let plain = |word: &str| {
        let spaced = word.to_lowercase().replace('&', " and ").replace('-', " ").replace('/', " / ");
        spaced.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    plain(a) == plain(b)
}

fn audience_of(event: &Event) -> Audience {
    let login = event.user_name.as_deref().map(fold_login);
    // 20 September 2026, 23:00 UTC is the first moment of the 21st in London.
    let lee_has_left = event.event_at >= 1_789_945_200_000_000;
    match (event.attribution, event.school, login.as_deref()) {
        (Attribution::User, "oak", Some("ann" | "ann.oak")) => Audience::Pupil,
        (Attribution::User, "elm", Some("ann")) | (Attribution::User, "oak", Some("bob")) => Audience::Staff,
        (Attribution::User, "oak", Some("vic")) => Audience::Visitor,
        (Attribution::User, "oak", Some("lee")) if !lee_has_left => Audience::Pupil,
        _ => Audience::Unknown,
    }
}

/// What matched, whether by a phrase, and whether the phrase is clear.
struct Found {
    thing: String,
    text: String,
    by_search: bool,
    clear: bool,
}

fn found(policy: &Policy, rule: &Rule, event: &Event, product: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut push = |thing: &str, text: &str, by_search, clear| {
        found.push(Found { thing: thing.to_owned(), text: text.to_owned(), by_search, clear });
    };
    for lexicon in policy.lexicons.iter().filter(|it| Some(&it.name) == rule.when.search.as_ref()) {
        for phrase in &lexicon.phrases {
            let Some(search) = &event.search else { continue };
            let void = phrase.unless.iter().any(|word| stands_in(word, search));
            if stands_in(&phrase.text, search) && !void {
                push(&phrase.text, &phrase.text, true, phrase.grade == Grade::Clear);
            }
        }
    }
    for list in policy.lists.iter().filter(|it| Some(&it.name) == rule.when.domain.as_ref()) {
        let Some(host) = &event.host else { continue };
        let mut entries: Vec<&String> = list
            .domains
            .iter()
            .filter(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.len()));
        for entry in entries {
            push(entry, entry, false, false);
        }
    }
    if rule.when.category {
        let category = policy.categories.iter().find(|it| it.code == rule.category).unwrap();
        let words = category.vendors.get(product).cloned().unwrap_or_default();
        for said in event.category.as_deref().unwrap_or_default().split(',') {
            for word in words.iter().filter(|word| same_spelling(word, said)) {
                push(event.host.as_ref().unwrap_or(word), word, false, false);
            }
        }
    }
    found
}

/// The pupils' year groups in [`ROSTER`].
fn year_of(event: &Event) -> Option<&'static str> {
    if audience_of(event) != Audience::Pupil {
        return None;
    }
    event.user_name.as_deref().map(|login| if fold_login(login) == "lee" { "6" } else { "5" })
}

/// Whether what was found is exempted.
fn is_exempt(exemption: &Exemption, rule: &Rule, event: &Event, found: &Found) -> bool {
    let Scope { schools, years, rules, domains, phrases } = &exemption.scope;
    let day = times::instant(event).day;
    if rule.category == "suicide" || day < exemption.from || day > exemption.until {
        return false;
    }
    let by_phrase = found.by_search && phrases.contains(&found.text);
    let by_host = !found.by_search
        && event.host.as_ref().is_some_and(|host| {
            domains.iter().any(|domain| host == domain || host.ends_with(&format!(".{domain}")))
        });
    (schools.is_empty() || schools.iter().any(|school| school.as_str() == event.school))
        && (years.is_empty() || year_of(event).is_some_and(|year| years.iter().any(|it| it == year)))
        && (rules.is_empty() || rules.contains(&rule.id))
        && (domains.is_empty() && phrases.is_empty() || by_phrase || by_host)
}

fn expected_hit(policy: &Policy, index: usize, event: &Event, row: usize, product: &str) -> Option<Hit> {
    let rule = &policy.rules[index];
    let mut found = found(policy, rule, event, product);
    let audience = audience_of(event);
    if !rule.years.is_empty() && year_of(event).is_some_and(|year| !rule.years.iter().any(|it| it == year)) {
        return None;
    }
    let time = times::holds(policy, rule, event)?;
    let exemption = |found: &Found| policy.exemptions.iter().find(|it| is_exempt(it, rule, event, found));
    let reason = found.iter().find_map(exemption);
    let all_exempt = found.iter().all(|found| exemption(found).is_some());
    if !all_exempt {
        found.retain(|found| exemption(found).is_none());
    }
    let severity = match audience {
        Audience::Pupil => rule.severity.pupil,
        Audience::Staff => rule.severity.staff,
        Audience::Visitor => rule.severity.visitor,
        Audience::Unknown => rule.severity.pupil.max(rule.severity.staff).max(rule.severity.visitor),
    };
    let action_fits = rule.when.actions.is_empty()
        || event.action.is_some_and(|action| rule.when.actions.contains(&action));
    if found.is_empty()
        || event.intent == Intent::Background
        || !rule.intent.contains(&event.intent)
        || !action_fits
    {
        return None;
    }
    let mut severity = severity?;
    let typed = event.intent == Intent::Search && found.iter().any(|found| found.by_search);
    let mut factors: Vec<String> = time.into_iter().collect();
    let base = severity;
    for raise in &rule.raises {
        let (holds, factor) = match raise {
            Raise::Allowed => (event.action == Some(Action::Allowed), "allowed rather than blocked"),
            Raise::Typed => (typed, "typed search rather than page"),
            Raise::OutOfHours => (times::is_out_of_hours(policy, event), "out of hours"),
        };
        if holds && base < Severity::CRITICAL {
            severity = Severity::new(base.level() + 1).unwrap();
            factors.push(factor.to_owned());
        }
    }
    let clear = found.iter().find(|found| found.clear && event.intent == Intent::Search);
    let mut threshold = rule.threshold;
    if clear.is_some() {
        threshold.count = 1;
        severity = severity.max(Severity::MEDIUM);
        factors.push("clear phrase: one search is enough".to_owned());
    }
    let mut matched = Vec::new();
    for found in &found {
        if !matched.contains(&found.text) {
            matched.push(found.text.clone());
        }
    }
    if let Some(reason) = reason.filter(|_| all_exempt) {
        severity = Severity::TREND;
        factors = vec![format!("exempt until {}: a reason ({})", reason.until, reason.id)];
    }
    let thing = clear.unwrap_or(&found[0]).thing.clone();
    let grid_ms = if rule.grid == Grid::Day { 86_400_000 } else { 604_800_000 };
    Some(Hit { row, rule: index, severity, threshold, grid_ms, thing, matched, factors, audience })
}

const PHRASES: [&str; 8] =
    ["how to die", "kill myself", "shooting", "self harm", "raping", "can't go on", "s0s call", "isis"];
const WORDS: [&str; 6] = ["basketball", "stars", "egypt", "my hair", "song", "self"];
const HOSTS: [&str; 7] = [
    "example.com",
    "a.example.com",
    "badexample.com",
    "b.a.example.com",
    "example.sch.uk",
    "com",
    "www.example.sch.uk",
];
const CELLS: [&str; 7] = [
    "Games",
    "Hate & Discrimination",
    "hate and-discrimination",
    "Proxy / Anonymizer,Games",
    "proxy/anonymizer",
    "News, games ,Hate & Discrimination",
    "",
];

/// A phrase or word with a trick.
fn disguised() -> impl Strategy<Value = String> {
    let trick = select(vec![
        |text: &str| text.to_owned(),
        |text: &str| text.to_uppercase(),
        |text: &str| text.replace('i', "1").replace('e', "3"),
        |text: &str| text.replace('i', "iii"),
        |text: &str| text.replace('o', "oo"),
        |text: &str| text.replace('p', "pp"),
        |text: &str| text.replace(' ', "-"),
        |text: &str| text.chars().flat_map(|c| [c, '.']).collect(),
        |text: &str| text.chars().flat_map(|c| [c, ' ']).collect(),
        |text: &str| text.replace('i', "і"),
        |text: &str| format!("{text}s"),
    ] as Vec<fn(&str) -> String>);
    let plain = select([PHRASES.as_slice(), WORDS.as_slice(), &["on", "a", "20", "."]].concat());
    (plain, trick).prop_map(|(text, trick)| trick(text))
}

fn phrases() -> impl Strategy<Value = Vec<Phrase>> {
    subsequence(PHRASES.to_vec(), 2..=8).prop_flat_map(|texts| {
        let one = |text: &'static str| {
            let grade = select(vec![Grade::Clear, Grade::Vague]);
            (grade, subsequence(WORDS.to_vec(), 0..=2)).prop_map(move |(grade, unless)| Phrase {
                text: text.to_owned(),
                grade,
                unless: unless.into_iter().map(str::to_owned).collect(),
            })
        };
        texts.into_iter().map(one).collect::<Vec<_>>()
    })
}

pub(super) fn some_of<T: Clone + std::fmt::Debug + 'static>(
    all: &[T],
) -> impl Strategy<Value = Vec<T>> + use<T> {
    subsequence(all.to_vec(), 0..=all.len())
}

fn rule(index: usize) -> impl Strategy<Value = Rule> {
    let level = || prop::option::weighted(0.7, (1u8..=5).prop_map(|level| Severity::new(level).unwrap()));
    let when = (
        prop::option::weighted(0.8, select(vec!["x", "y"])),
        prop::option::of(select(vec!["x", "y"])),
        any::<bool>(),
        some_of(&[Action::Allowed, Action::Blocked]),
    );
    let how = (
        some_of(&[Intent::Page, Intent::Search, Intent::Download, Intent::Background]),
        some_of(&[Raise::Allowed, Raise::Typed, Raise::OutOfHours]),
        1u32..4,
        select(vec![Grid::Day, Grid::Week]),
        select(vec!["p", "suicide"]),
        some_of(&["5", "6"]),
        times::of_a_rule(),
    );
    (when, (level(), level(), level()), how).prop_map(move |(when, severity, how)| Rule {
        id: RuleId::new(&format!("r{index}")).unwrap(),
        title: String::new(),
        category: how.4.to_owned(),
        when: When {
            search: when.0.map(str::to_owned),
            domain: when.1.map(str::to_owned),
            category: when.2,
            actions: when.3,
        },
        severity: Severities { pupil: severity.0, staff: severity.1, visitor: severity.2 },
        years: how.5.into_iter().map(str::to_owned).collect(),
        times: how.6,
        intent: how.0,
        threshold: Threshold { count: how.2, within_ms: 60_000, distinct: Distinct::Thing },
        grid: how.3,
        raises: how.1,
        advice: String::new(),
        cites: Vec::new(),
        tests: Vec::new(),
    })
}

fn exemption() -> impl Strategy<Value = Exemption> {
    let texts = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let day = || (19i8..=22).prop_map(|day| jiff::civil::date(2026, 9, day));
    let scope = (
        some_of(&["oak", "elm"]),
        some_of(&["5", "6"]),
        some_of(&["r0", "r1", "r2"]),
        some_of(&["example.com", "example.sch.uk"]),
        some_of(&PHRASES),
    );
    (scope, day(), day(), select(vec!["a", "b"])).prop_map(move |(scope, from, until, id)| Exemption {
        id: id.to_owned(),
        requester: "one".to_owned(),
        approver: "another".to_owned(),
        reason: "a reason".to_owned(),
        ticket: None,
        scope: Scope {
            schools: scope.0.into_iter().map(|id| SchoolId::new(id).unwrap()).collect(),
            years: texts(scope.1),
            rules: scope.2.into_iter().map(|id| RuleId::new(id).unwrap()).collect(),
            domains: texts(scope.3),
            phrases: texts(scope.4),
        },
        from,
        until,
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let list = |name: &'static str| {
        some_of(&HOSTS).prop_map(move |domains| DomainList {
            name: name.to_owned(),
            source: String::new(),
            licence: String::new(),
            date: jiff::civil::date(2026, 9, 1),
            domains: domains.into_iter().map(str::to_owned).collect(),
        })
    };
    let lexicon =
        |name: &'static str| phrases().prop_map(move |phrases| Lexicon { name: name.to_owned(), phrases });
    let category = |code: &str, words: &[&str]| Category {
        code: code.to_owned(),
        title: String::new(),
        vendors: BTreeMap::from([(
            "fortinet".to_owned(),
            words.iter().map(|word| (*word).to_owned()).collect(),
        )]),
    };
    let categories = vec![
        category("p", &["Games", "Proxy/Anonymizer"]),
        category("suicide", &["Hate and Discrimination"]),
    ];
    let rules = (rule(0), rule(1), rule(2), rule(3));
    let made =
        (lexicon("x"), lexicon("y"), list("x"), list("y"), rules, vec(exemption(), 0..3), times::calendar());
    made.prop_map(move |(a, b, c, d, rules, exemptions, (calendar, schools))| Policy {
        version: 1,
        title: String::new(),
        documents: Vec::new(),
        categories: categories.clone(),
        lists: vec![c, d],
        lexicons: vec![a, b],
        rules: vec![rules.0, rules.1, rules.2, rules.3],
        calendars: vec![calendar],
        schools,
        exemptions,
    })
}

fn event() -> impl Strategy<Value = Event> {
    let users = vec!["OAK\\Ann", "ann@oak.example.sch.uk", "ann.oak", "bob", "VIC", "lee", "nobody", ""];
    let who = (select(vec!["oak", "elm"]), prop::option::of(select(users)));
    let attributions =
        vec![Attribution::User, Attribution::User, Attribution::SharedLogin, Attribution::Device];
    let what = (
        prop::option::weighted(0.9, vec(disguised(), 0..5).prop_map(|words| words.join(" "))),
        prop::option::of(select(HOSTS.to_vec())),
        prop::option::of(select(CELLS.to_vec())),
    );
    let how = (
        prop::option::of(select(vec![Action::Allowed, Action::Blocked, Action::Warned])),
        select(attributions),
        select(vec![Intent::Page, Intent::Search, Intent::Search, Intent::Background]),
        select(times::INSTANTS.map(|instant| instant.at).to_vec()),
    );
    (who, what, how).prop_map(|(who, what, how)| Event {
        event_at: how.3,
        school: who.0,
        user_name: who.1.map(str::to_owned),
        host: what.1.map(str::to_owned),
        search: what.0,
        category: what.2.map(str::to_owned),
        action: how.0,
        attribution: how.1,
        intent: how.2,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_judge_agrees_with_a_plain_evaluator(
        policy in policy(),
        events in vec(event(), 1..12),
        product in select(vec!["fortinet", "squid"]),
    ) {
        let expected: Vec<Hit> = events
            .iter()
            .enumerate()
            .flat_map(|(row, event)| (0..policy.rules.len()).map(move |index| (row, event, index)))
            .filter_map(|(row, event, index)| expected_hit(&policy, index, event, row, product))
            .collect();
        let judge = Judge::new(&policy).unwrap();
        prop_assert_eq!(judge.batch(&batch_of(&events), product, &roster()).unwrap(), expected);
    }

    #[test]
    fn a_single_event_is_judged_like_a_batch_of_one(policy in policy(), event in event()) {
        let judge = Judge::new(&policy).unwrap();
        let sighting = Sighting {
            search: event.search.as_deref(),
            host: event.host.as_deref(),
            category: event.category.as_deref(),
            action: event.action,
            intent: event.intent,
            year_group: year_of(&event),
            school: Some(event.school),
            at: Some(event.event_at),
            ..Sighting::page(audience_of(&event))
        };
        let batch = judge.batch(&batch_of(std::slice::from_ref(&event)), "fortinet", &roster()).unwrap();
        prop_assert_eq!(judge.sighting(&sighting, "fortinet"), batch);
    }
}

#[test]
fn the_random_policies_do_find_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut hits, mut clear, mut raised, mut timed) = (0, 0, 0, 0);
    for _ in 0..300 {
        let policy = policy().new_tree(&mut runner).unwrap().current();
        let events = vec(event(), 12).new_tree(&mut runner).unwrap().current();
        let judge = Judge::new(&policy).unwrap();
        for hit in judge.batch(&batch_of(&events), "fortinet", &roster()).unwrap() {
            hits += 1;
            clear += usize::from(hit.factors.iter().any(|factor| factor.starts_with("clear")));
            timed += usize::from(hit.factors.iter().any(|factor| factor.starts_with("time")));
            raised += usize::from(hit.factors.iter().any(|factor| factor.starts_with("allowed")));
        }
    }
    assert!(hits > 500 && clear > 50 && raised > 50 && timed > 50, "{hits}, {clear}, {raised}, {timed}");
}
