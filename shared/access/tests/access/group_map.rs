//! The group map: what it gives, and how it names every mistake.

use proptest::prelude::*;
use trustwatch_access::{Grant, GroupId, GroupMap};

fn grants(map: &str, group: &str) -> Vec<String> {
    let map = GroupMap::parse(map).unwrap();
    let word = |grant: &Grant| match grant {
        Grant::School { role, school } => format!("{} {school}", role.as_str()),
        Grant::Trust { role } => role.as_str().to_owned(),
    };
    map.grants(&GroupId::new(group).unwrap()).map(word).collect()
}

#[test]
fn a_group_gives_its_role_at_each_of_its_schools() {
    let map = "
groups:
  g-1:
    role: dsl
    schools: [oak, elm]
  g-2: {role: trust_it, schools: all}
  g-3: {role: dsl, schools: [oak]}
";
    assert_eq!(grants(map, "g-1"), ["dsl elm", "dsl oak"]);
    assert_eq!(grants(map, "g-2"), ["trust_it"]);
    assert_eq!(grants(map, "g-3"), ["dsl oak"]);
    assert_eq!(grants(map, "g-4"), [""; 0]);
    assert_eq!(GroupMap::parse("groups: {}").unwrap(), GroupMap::default());
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let map = "\
groups:
  g-1: {role: dls, schools: [oak]}
  g-2: {role: dsl, schools: all}
  g-3: {role: trust_it, schools: [oak]}
  g-4: {role: dsl, schools: []}
  g-5: {role: dsl, schools: [oak, Elm, oak]}
  oak dsl: {role: dsl, schools: [oak]}
  g-6: {role: dsl, schools: [ash]}
";
    let expected = "\
access.yaml:2:15: `dls` is not a role: expected one of trust_it, trust_lead, dpo, chair, school_it, dsl, head, deputy_head, governor
access.yaml:3:29: `dsl` is a role of schools: name them, such as `schools: [oak, elm]`
access.yaml:4:34: `trust_it` is a role of the whole trust: write `schools: all`
access.yaml:5:29: `dsl` is a role of schools: name them, such as `schools: [oak, elm]`
access.yaml:6:35: `Elm` is not a school id: use 1 to 48 of the characters a-z, 0-9 and -, beginning with a letter or digit
access.yaml:6:40: `oak` stands here twice: name a school once
access.yaml:7:3: `oak dsl` is not a group id: use the id of the group, not its name: 1 to 64 letters, digits, - and _";
    assert_eq!(GroupMap::parse(map).unwrap_err().to_string(), expected);
}

#[test]
fn what_is_not_such_a_file_is_refused_with_its_place() {
    for (map, expected) in [
        ("", "1:1: unexpected end of file"),
        ("groups: {g: {role: dsl}}", "1:14: missing field `schools`"),
        (
            "groups: {g: {role: dsl, schools: [oak], admin: true}}",
            "1:41: unknown field `admin`, expected one of role, schools",
        ),
        ("groups: {}\nroles: {}", "2:1: unknown field `roles`, expected one of groups"),
        (
            "groups: {g: {role: dsl, schools: some}}",
            "1:25: invalid value: string \"some\", expected `all` or a list of schools",
        ),
        ("groups: [g]", "1:9: expected mapping start"),
        ("groups: {g: {role: dsl, schools: [oak]", "1:13: unclosed bracket '{'"),
        (
            "groups:\n  g: {role: dsl, schools: [oak]}\n  g: {role: head, schools: [oak]}",
            "3:3: duplicate mapping key `g` is not allowed here",
        ),
        ("groups:\n  ? [a, b]\n  : {role: dsl, schools: [oak]}", "2:5: expected string scalar"),
    ] {
        let error = GroupMap::parse(map).unwrap_err().to_string();
        assert_eq!(error, format!("access.yaml:{expected}"));
    }
    let error = GroupMap::parse(&"#".repeat(256 * 1024 + 1)).unwrap_err();
    assert_eq!(error.to_string(), "access.yaml:0:0: the file has 262145 bytes, and at most 262144 are read");
}

#[test]
fn the_documents_example_is_a_map() {
    let document = include_str!("../../../../docs/access.md");
    let (_, rest) = document.split_once("```yaml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    assert_eq!(grants(example, "0760b6cf-170e-4a14-91b3-4b78e0739963"), ["dsl elm", "dsl oak"]);
    assert_eq!(grants(example, "5f0c1a52-93d4-4b0e-8a67-2d1be0a5c9f1"), ["trust_it"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "(groups|role|schools|all|dsl|g-1|[\\[\\]{}:, \n&*<|>'\"-]){0,40}|.{0,60}") {
        let _ = GroupMap::parse(&text);
    }
}
