//! What is wrong with an exemption, or with the years of a rule.

use super::{GOOD, mistakes};

const EXEMPTION: &str = "\
exemptions:
  - id: project
    requester: Class teacher
    approver: Headteacher
    reason: A project
    scope: {rules: [violence], years: [5]}
    from: 2026-11-02
    until: 2026-11-06
";

#[test]
fn exemptions_and_years() {
    let good = format!("{GOOD}{EXEMPTION}");
    assert_eq!(mistakes(&good), [""; 0]);
    let mut wrong = Vec::new();
    for (from, to, expected) in [
        (
            "    approver: Headteacher\n",
            "",
            "48:5: `approver` is missing from an exemption: expected a text; add it",
        ),
        (
            "    until: 2026-11-06\n",
            "",
            "48:5: `until` is missing from an exemption: expected its last day; add it",
        ),
        (
            "approver: Headteacher",
            "approver: Class teacher",
            "50:15: `Class teacher` asks for it and agrees to it: expected another person than the requester; let somebody else agree to it",
        ),
        (
            "until: 2026-11-06",
            "until: 2026-11-01",
            "54:12: `2026-11-01` is before its first day: expected `from` or later; correct one of them",
        ),
        (
            "until: 2026-11-06",
            "until: 2027-11-04",
            "54:12: `2027-11-04` lets it go on for too long: expected at most 366 days; shorten it, or change the rule if it is meant for good",
        ),
        (
            "{rules: [violence], years: [5]}",
            "{rules: [], domains: []}",
            "52:12: `{…}` covers everything: expected at least one of rules, domains, phrases; say what it covers",
        ),
        (
            "{rules: [violence], years: [5]}",
            "{rules: [violence], years: []}",
            "52:39: `[…]` names nothing: expected at least one; add one or leave it out",
        ),
        (
            "{rules: [violence], years: [5]}",
            "{years: [5]}",
            "52:12: `{…}` covers everything: expected at least one of rules, domains, phrases; say what it covers",
        ),
        (
            "rules: [violence]",
            "rules: [violins]",
            "52:21: `violins` names no rule of this file: expected one of violence; correct the name or define the rule",
        ),
        (
            "rules: [violence]",
            "phrases: [bombs]",
            "52:23: `bombs` names no phrase of this file: expected one of make a bomb, shooting; correct the name or define the phrase",
        ),
        (
            "rules: [violence]",
            "domains: [co.uk]",
            "52:23: `co.uk` is a public suffix, under which everybody registers: expected a registered domain like example.co.uk; write the domains below it that are meant",
        ),
        (
            "years: [5]",
            "schools: [Oak Primary]",
            "52:42: `Oak Primary` is not the id of a school: expected the id of a school, like oak-primary; correct it",
        ),
        (
            "severity: {pupil: 4, staff: 3}",
            "severity: {pupil: 4, staff: 3}\n    years: []",
            "36:12: `[…]` names no year group: expected a year group, like 5; add one or leave it out",
        ),
    ] {
        assert_eq!(good.matches(from).count(), 1, "`{from}` must stand once");
        let found = mistakes(&good.replace(from, to));
        if found != [expected] {
            wrong.push(format!("`{from}` -> `{to}`:\n  {}\nnot\n  {expected}", found.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn nobody_is_exempted_from_a_rule_that_guards_a_life() {
    let guarded = GOOD.replace("category: violence\n", "category: self_harm\n");
    let guarded = guarded.replace("code: violence\n", "code: self_harm\n");
    assert_eq!(
        mistakes(&format!("{guarded}{EXEMPTION}")),
        [
            "52:21: `violence` guards against self_harm, from which nobody is exempted: expected another rule; remove it"
        ]
    );
}
