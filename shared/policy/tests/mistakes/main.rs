//! Every mistake that the language knows, with its exact words and place.

mod exemptions;

use proptest::prelude::*;
use trustwatch_policy::{POLICY_BYTES_MAX, Policy};

/// A small policy without a mistake.
const GOOD: &str = r#"version: 3
title: Oak Trust
documents:
  - id: "003"
    title: Technology Statement
    reviewed: 2025-09-01
    clauses:
      L17: Cyberbullying is reported
      L27: No inappropriate material
categories:
  - code: violence
    title: Violence
    vendors:
      fortinet: [Weapons, Explicit Violence]
  - code: help_seeking
    title: Looking for help
  - code: illegal_csam
    title: Abuse material
lists:
  - name: shops
    source: trustwatch
    licence: Apache-2.0
    date: 2026-11-23
    domains: [knives.example.com, guns.example.org]
lexicons:
  - name: threats
    phrases:
      - {text: make a bomb, grade: clear, unless: [bath]}
      - {text: shooting, grade: vague, unless: [basketball]}
rules:
  - id: violence
    title: Violence
    category: violence
    when: {search: threats, domain: shops, category: true, action: [allowed, blocked]}
    severity: {pupil: 4, staff: 3}
    intent: [page, search]
    threshold: {count: 3, within: 30 min, distinct: thing}
    grid: day
    raises: [allowed, typed]
    advice: Look at it
    cites: [003 L17]
    tests:
      - {search: how to make a bomb, fires: true}
      - {category: weapons, product: fortinet, fires: true}
      - {domain: www.knives.example.com, fires: true}
      - {search: make a bath bomb, fires: false}
"#;

fn mistakes(yaml: &str) -> Vec<String> {
    match Policy::parse(yaml) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.as_slice().iter().map(ToString::to_string).collect(),
    }
}

/// The mistakes of the good policy after one change.
fn changed(from: &str, to: &str) -> Vec<String> {
    assert_eq!(GOOD.matches(from).count(), 1, "`{from}` must stand once");
    mistakes(&GOOD.replace(from, to))
}

fn check(cases: &[(&str, &str, &str)]) {
    assert_eq!(mistakes(GOOD), [""; 0]);
    let mut wrong = Vec::new();
    for (from, to, expected) in cases {
        let found = changed(from, to);
        if found != [*expected] {
            wrong.push(format!("`{from}` -> `{to}`:\n  {}\nnot\n  {expected}", found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn shapes() {
    check(&[
        (
            "version: 3",
            "version: 0",
            "1:10: `0` is not a number of that range: expected 1 or more; write digits only",
        ),
        (
            "version: 3",
            "version: ",
            "1:1: `version` is missing from the policy: expected the number of this version; add it",
        ),
        (
            "title: Oak Trust",
            "title: [Oak]",
            "2:8: `[…]` is not a text: expected a text; write it on the same line",
        ),
        (
            "title: Oak Trust",
            "title: Oak Trust\ntitle: Elm",
            "3:1: `title` stands twice in the policy: expected each field once; remove one of them",
        ),
        (
            "title: Oak Trust",
            "titel: Oak Trust\ntitle: Elm",
            "2:1: `titel` is not a field of the policy: expected one of version, title, documents, categories, lists, lexicons, calendars, schools, rules, exemptions; correct or remove it",
        ),
        (
            "    grid: day",
            "    gird: day",
            "38:5: `gird` is not a field of a rule: expected one of id, title, category, when, severity, years, time, intent, threshold, grid, raises, advice, cites, tests; correct or remove it",
        ),
        (
            "raises: [allowed, typed]",
            "raises: allowed",
            "39:13: `allowed` is not a list: expected a list of words; write `[a, b]`, or one item a line after `- `",
        ),
        (
            "severity: {pupil: 4, staff: 3}",
            "severity: 4",
            "35:15: `4` is not severity: expected fields, one a line; write `name: value`",
        ),
    ]);
}

#[test]
fn documents() {
    check(&[
        (
            "reviewed: 2025-09-01",
            "reviewed: Sept 2025",
            "6:15: `Sept 2025` is not a date: expected a date like 2026-09-01; write year, month and day",
        ),
        (
            "      L27: No",
            "      L17: No",
            "9:7: `L17` stands twice in the document: expected each clause once; remove one of them",
        ),
        (
            "cites: [003 L17]",
            "cites: [004 s1]",
            "41:13: `004 s1` cites a document that is not in `documents`: expected `document clause` with a document out of 003; correct or add it",
        ),
        (
            "cites: [003 L17]",
            "cites: [003 L18]",
            "41:13: `003 L18` cites a clause that document 003 does not list: expected a clause out of L17, L27; correct or add it",
        ),
        (
            "cites: [003 L17]",
            "cites: []",
            "41:12: `[…]` cites nothing: expected at least one `document clause`; name the clause that the rule enforces",
        ),
    ]);
}

#[test]
fn categories_and_lists() {
    check(&[
        (
            "code: illegal_csam",
            "code: Illegal",
            "17:11: `Illegal` is not a name of a category: expected characters out of a-z, 0-9, _ and -; write it in small letters",
        ),
        (
            "code: illegal_csam",
            "code: violence",
            "17:11: `violence` is already the name of a category: expected a name of its own; choose another",
        ),
        (
            "title: Abuse material",
            "title: Abuse\n    vendors: {fortinet: [weapons]}",
            "19:26: `weapons` already belongs to category violence for fortinet: expected each word in one category; remove one of them",
        ),
        (
            "date: 2026-11-23",
            "date: 2026-11-31",
            "23:11: `2026-11-31` is not a date: expected a date like 2026-09-01; write year, month and day",
        ),
        (
            "guns.example.org]",
            "knives.example.com]",
            "24:35: `knives.example.com` stands twice in the list: expected each domain once; remove one of them",
        ),
        (
            "guns.example.org]",
            "'https://guns.example.org']",
            "24:35: `https://guns.example.org` is not a domain: expected a domain like example.com in small letters, an international one as xn--…; leave out scheme, `*.`, path and port: everything below the domain is meant too",
        ),
        (
            "guns.example.org]",
            "org]",
            "24:35: `org` is a public suffix, under which everybody registers: expected a registered domain like example.co.uk; write the domains below it that are meant",
        ),
        (
            "guns.example.org]",
            "co.uk]",
            "24:35: `co.uk` is a public suffix, under which everybody registers: expected a registered domain like example.co.uk; write the domains below it that are meant",
        ),
        (
            "guns.example.org]",
            "guns]",
            "24:35: `guns` is not a domain: expected a domain like example.com in small letters, an international one as xn--…; leave out scheme, `*.`, path and port: everything below the domain is meant too",
        ),
        (
            "guns.example.org]",
            "192.0.2.0/24]",
            "24:35: `192.0.2.0/24` is an address or a range of them: expected a domain like example.com; write the domains of the sites that are meant: one address serves many",
        ),
        (
            "guns.example.org]",
            "192.0.2.7]",
            "24:35: `192.0.2.7` is an address or a range of them: expected a domain like example.com; write the domains of the sites that are meant: one address serves many",
        ),
    ]);
}

#[test]
fn lexicons() {
    check(&[
        (
            "grade: vague",
            "grade: dim",
            "29:33: `dim` is not a word that can stand here: expected one of clear, vague; choose one",
        ),
        (
            "text: shooting",
            "text: b-b",
            "29:16: `b-b` is too short for a phrase: expected at least 3 different letters or digits in a row; write a longer phrase",
        ),
        (
            "text: shooting",
            "text: MAKE a b0mb",
            "29:16: `MAKE a b0mb` is the same as an earlier phrase once it is folded: expected each phrase once; remove one of them",
        ),
        ("[bath]", "['!']", "28:52: `!` holds no letter and no digit: expected a word; correct or remove it"),
        (
            "[bath]",
            "[bomb]",
            "28:52: `bomb` is part of the phrase, which could then never match: expected a word that stands beside the phrase; remove it",
        ),
    ]);
}

#[test]
fn what_a_rule_looks_at() {
    check(&[
        (
            "  - id: violence",
            "  - id: vio_lence",
            "31:9: `vio_lence` is not a rule id: expected 1 to 48 of the characters a-z, 0-9 and -, beginning with a letter or digit; choose another",
        ),
        (
            "search: threats",
            "search: threat",
            "34:20: `threat` names no lexicon of this file: expected one of threats; correct the name or define the lexicon",
        ),
        (
            "domain: shops",
            "domain: shop",
            "34:37: `shop` names no list of this file: expected one of shops; correct the name or define the list",
        ),
        (
            "    category: violence",
            "    category: voilence",
            "33:15: `voilence` names no category of this file: expected one of violence, help_seeking, illegal_csam; correct the name or define the category",
        ),
        (
            "category: true",
            "category: weapons",
            "34:54: `weapons` is not a word that can stand here: expected one of true; choose one",
        ),
        (
            "[allowed, blocked]",
            "[alowed, blocked]",
            "34:69: `alowed` is not a word that can stand here: expected one of allowed, blocked, warned, challenged; choose one",
        ),
        (
            "when: {search: threats, domain: shops, category: true, action: [allowed, blocked]}",
            "when: {action: [allowed]}",
            "34:11: `{…}` looks at nothing: expected at least one of search, domain, category; say what the rule looks at",
        ),
        (
            "intent: [page, search]",
            "intent: [page, background]",
            "36:20: `background` never accuses anybody: expected page, search or download; remove it: no person asked for what a page or a machine fetches by itself",
        ),
        (
            "intent: [page, search]",
            "intent: []",
            "36:13: `[…]` names no intent: expected page, search or download; add one or leave it out",
        ),
    ]);
}

#[test]
fn how_serious_a_rule_is() {
    check(&[
        (
            "pupil: 4",
            "pupil: 6",
            "35:23: `6` is not a number of that range: expected 1 to 5; write digits only",
        ),
        (
            "pupil: 4",
            "unknown: 4",
            "35:16: `unknown` is not a field of severity: expected one of pupil, staff, visitor; correct or remove it",
        ),
        (
            "{pupil: 4, staff: 3}",
            "{}",
            "35:15: `{…}` concerns nobody: expected at least one of pupil, staff, visitor; say whom the rule concerns",
        ),
        (
            "count: 3",
            "count: 33",
            "37:24: `33` is not a number of that range: expected 1 to 32; write digits only",
        ),
        ("count: 3, ", "", "37:16: `count` is missing from threshold: expected 1 to 32; add it"),
        (
            "30 min",
            "30 minutes",
            "37:35: `30 minutes` is not a span of time: expected a number and one of min, h, d, like 10 min; correct it",
        ),
        (
            "30 min",
            "0 h",
            "37:35: `0 h` is not a span of time: expected a number and one of min, h, d, like 10 min; correct it",
        ),
        (
            "30 min",
            "25 h",
            "37:35: `25 h` is longer than the grid that the rule is kept by: expected at most 24 h; shorten it, or write `grid: week`",
        ),
        (
            "within: 30 min, distinct: thing}\n    grid: day",
            "within: 8 d}\n    grid: week",
            "37:35: `8 d` is longer than the grid that the rule is kept by: expected at most 7 d; shorten it",
        ),
        (
            "distinct: thing",
            "distinct: host",
            "37:53: `host` is not a word that can stand here: expected one of event, thing; choose one",
        ),
        (
            "raises: [allowed, typed]",
            "raises: [often]",
            "39:14: `often` is not a word that can stand here: expected one of allowed, typed, out_of_hours; choose one",
        ),
    ]);
}

#[test]
fn tests_of_a_rule() {
    check(&[
        (
            "make a bath bomb, fires: false",
            "make a bath bomb, fires: no",
            "46:43: `no` is not a word that can stand here: expected one of true, false; choose one",
        ),
        (
            "      - {search: make a bath bomb, fires: false}\n",
            "",
            "43:7: `[…]` lacks an example: expected one with `fires: false`; add one, so that the rule is tried in both directions",
        ),
        (
            ", product: fortinet",
            "",
            "44:9: `{…}` says only half of what a filter says: expected category and product together; a category word belongs to the filter product whose word it is",
        ),
        (
            "search: make a bath bomb",
            "search: make a b.o.m.b",
            "46:9: `violence` fires on an example that it must not fire on: expected no hit; correct the rule or the example",
        ),
        (
            "search: how to make a bomb,",
            "search: how to make a bomb, audience: visitor,",
            "43:9: `violence` does not fire on an example that it must fire on: expected a hit; correct the rule or the example",
        ),
    ]);
}

/// A rule on a second category, behind the good one.
fn second_rule(category: &str, when: &str, severity: u8, raises: &str) -> Vec<String> {
    let rule = format!(
        "  - id: second\n    title: Second\n    category: {category}\n    when: {when}\n    severity: {{pupil: {severity}}}\n    \
         raises: {raises}\n    advice: Nothing\n    cites: [003 L27]\n    tests:\n      - {{search: make a bomb, \
         domain: knives.example.com, fires: true}}\n      - {{search: nothing, fires: false}}\n"
    );
    mistakes(&format!("{GOOD}{rule}"))
}

#[test]
fn promises_to_people() {
    let too_severe = "51:23: `2` is too severe for someone who looks for help: expected 1; write 1: it counts in \
                      trends and alerts nobody";
    assert_eq!(second_rule("help_seeking", "{domain: shops}", 1, "[]"), [""; 0]);
    assert_eq!(second_rule("help_seeking", "{domain: shops}", 2, "[]"), [too_severe]);
    let raises = "47:5: `second` raises the severity of help_seeking: expected no raises; remove `raises`: looking \
                  for help never becomes an alert";
    assert_eq!(second_rule("help_seeking", "{domain: shops}", 1, "[typed]"), [raises]);
    let clear = "47:5: `second` has clear phrases in help_seeking: expected vague phrases; grade them vague: looking \
                 for help never becomes an alert";
    assert_eq!(second_rule("help_seeking", "{search: threats}", 1, "[]"), [clear]);
    let listed = "47:5: `second` keeps phrases or a list for illegal_csam: expected `category: true` alone; look at \
                  the filter's category word only: such material is never listed by us";
    assert_eq!(second_rule("illegal_csam", "{domain: shops}", 5, "[]"), [listed]);
    assert_eq!(second_rule("illegal_csam", "{search: threats}", 5, "[]"), [listed]);
    let wordless = "50:22: `true` asks for the filter's words, and the category of the rule has none: expected \
                    `vendors` in the category; add them, or leave this out";
    assert_eq!(second_rule("illegal_csam", "{category: true}", 5, "[]"), [wordless]);
}

#[test]
fn all_mistakes_of_a_file_are_told_in_its_order() {
    let yaml = GOOD
        .replace("pupil: 4", "pupil: 9")
        .replace("version: 3", "version: x")
        .replace("distinct: thing", "distinct: host")
        .replace("grade: vague", "grade: dim");
    let lines: Vec<String> =
        mistakes(&yaml).iter().map(|mistake| mistake.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(lines, ["1", "29", "35", "37"]);
}

#[test]
fn a_file_that_is_wrong_throughout_is_told_in_part_and_counted() {
    let wrong: String = (0..250).map(|index| format!("wrong{index}: x\n")).collect();
    let mistakes = Policy::parse(&format!("{wrong}{GOOD}")).unwrap_err();
    assert_eq!((mistakes.as_slice().len(), mistakes.left_out()), (200, 50));
    assert!(mistakes.to_string().ends_with("\nand 50 more"));
}

#[test]
fn a_syntax_error_stands_alone() {
    let found = mistakes("version: 1\ntitle: a: b\nrules: x\n");
    let expected = "2:9: `title: a: b` cannot be read (mapping values are not allowed in this context): expected YAML \
                    of one document; correct this first: nothing after it was read";
    assert_eq!(found, [expected]);
    let tab = "4:2: `- id: a` cannot be read (tabs disallowed within this context (block indentation)): expected YAML \
               of one document; correct this first: nothing after it was read";
    assert_eq!(mistakes("version: 1\ntitle: x\nrules:\n\t- id: a\n"), [tab]);
    let cycle = "2:12: `rules: &a [*a]` cannot be read (recursive references require weak recursion types): expected YAML \
                 of one document; correct this first: nothing after it was read";
    assert_eq!(mistakes("version: 1\nrules: &a [*a]\n"), [cycle]);
    assert_eq!(mistakes("a: 1\n---\nb: 2\n").len(), 1);
    assert_eq!(mistakes(&format!("{}1", "[".repeat(5_000))).len(), 1, "nested too deeply");
}

#[test]
fn an_endless_file_is_refused_before_it_is_read() {
    let found = mistakes(&" ".repeat(POLICY_BYTES_MAX + 1));
    assert_eq!(
        found,
        ["1:1: `` is too long a file: expected at most 4194304 bytes; remove what no rule uses"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Policy::parse(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn no_cut_or_swap_of_a_good_file_makes_it_panic(
        from in 0..GOOD.len(), length in 0..40usize, put in "[-:{}\\[\\],'\"|>&*!%@ \n0a]{0,8}",
    ) {
        let to = (from + length).min(GOOD.len());
        let yaml = format!("{}{put}{}", &GOOD[..from], &GOOD[to..]);
        if let Err(mistakes) = Policy::parse(&yaml) {
            prop_assert!(!mistakes.is_empty());
            prop_assert!(mistakes.as_slice().iter().all(|mistake| mistake.line > 0 && mistake.column > 0));
        }
    }

}
