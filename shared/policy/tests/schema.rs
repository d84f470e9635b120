//! The published schema says of each field, each word and each thing that must be there what the parser says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use trustwatch_policy::{Policy, SCHEMA, STARTER};

/// A policy that has everything the language knows.
const FULL: &str = r#"
version: 3
title: Oak Trust
documents:
  - id: "003"
    title: Technology Statement
    reviewed: 2025-09-01
    review_due: 2026-09-01
    laws: [KCSIE 2025]
    basis: public_task
    undefined: [L17]
    beyond_logs: [L17]
    clauses: {L17: Cyberbullying is reported}
categories:
  - {code: violence, title: Violence, vendors: {fortinet: [Weapons]}}
lists:
  - {name: shops, source: trustwatch, licence: Apache-2.0, date: 2026-11-23, domains: [knives.example.com]}
lexicons:
  - name: threats
    phrases:
      - {text: make a bomb, grade: clear, unless: [bath]}
calendars:
  - name: primary
    terms: [{from: 2026-09-01, until: 2026-10-23}]
    inset: [2026-09-01]
    closed: [2026-09-04]
    day: "08:30-16:00"
    breaks: ["10:30-10:45"]
schools:
  - {id: oak, calendar: primary, personal_use: [outside_day, "12:15-13:00"], unknowable: pupils were present}
rules:
  - id: violence
    title: Violence
    category: violence
    when: {search: threats, domain: shops, category: true, action: [allowed, blocked]}
    severity: {pupil: 4, staff: 3, visitor: 3}
    years: ["5"]
    time: [school_hours]
    intent: [page, search]
    threshold: {count: 3, within: 30 min, distinct: thing}
    grid: day
    raises: [allowed, typed]
    advice: Look at it
    cites: [003 L17]
    tests:
      - {search: make a bomb, domain: knives.example.com, category: Weapons, product: fortinet, action: allowed, audience: pupil, year: "5", school: oak, at: "2026-09-02T10:00:00", intent: search, fires: true}
      - {search: make a bath bomb, school: oak, at: "2026-09-02T10:00:00", fires: false}
exemptions:
  - id: project
    requester: Class teacher of year 5
    approver: Headteacher
    reason: Project
    ticket: LGFL-4711
    scope: {schools: [oak], years: ["5"], rules: [violence], domains: [knives.example.com], phrases: [make a bomb]}
    from: 2026-09-02
    until: 2026-09-06
"#;

fn instance(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn is_valid(instance: &Value) -> bool {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("policy.schema.json", schema()).unwrap();
    let index = compiler.compile("policy.schema.json", &mut schemas).unwrap();
    schemas.validate(instance, index).is_ok()
}

/// What the parser says of a policy. JSON is YAML.
fn mistakes(instance: &Value) -> Vec<String> {
    match Policy::parse(&instance.to_string()) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.as_slice().iter().map(ToString::to_string).collect(),
    }
}

/// Follows a schema down an instance and shows each place of it with what the schema says there.
fn walk<'s>(
    root: &'s Value,
    here: &'s Value,
    at: &str,
    full: &Value,
    visit: &mut impl FnMut(&str, &'s Value),
) {
    let here = match here["$ref"].as_str() {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap(),
        None => here,
    };
    visit(at, here);
    match full.pointer(at).unwrap() {
        Value::Object(entries) => {
            for name in entries.keys() {
                let inner = here["properties"].get(name).unwrap_or(&here["additionalProperties"]);
                assert!(inner.is_object(), "{at}/{name}");
                walk(root, inner, &format!("{at}/{name}"), full, visit);
            }
        }
        Value::Array(items) => {
            for number in 0..items.len() {
                walk(root, &here["items"], &format!("{at}/{number}"), full, visit);
            }
        }
        _ => {}
    }
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect()
}

/// The words between `expected one of` and the advice.
fn expected(mistake: &str) -> BTreeSet<&str> {
    let (_, rest) = mistake.split_once("expected one of ").unwrap_or_else(|| panic!("{mistake}"));
    rest.split(';').next().unwrap().split(", ").collect()
}

fn changed(full: &Value, at: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut instance = full.clone();
    change(instance.pointer_mut(at).unwrap());
    instance
}

#[test]
fn what_the_parser_takes_the_schema_takes() {
    for (name, yaml) in [("full", FULL), ("starter", STARTER)] {
        assert_eq!(mistakes(&instance(yaml)), Vec::<String>::new(), "{name}");
        assert!(is_valid(&instance(yaml)), "{name}");
    }
}

#[test]
fn both_know_the_same_fields_and_miss_the_same() {
    let (full, schema) = (instance(FULL), schema());
    let mut objects = 0;
    walk(&schema, &schema, "", &full, &mut |at, here| {
        let Some(properties) = here["properties"].as_object() else { return };
        objects += 1;
        let stray = changed(&full, at, |object| object["zzz"] = json!("1"));
        let told = mistakes(&stray);
        let told = told.iter().find(|told| told.contains("`zzz` is not a field of")).unwrap();
        let known: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(expected(told), known, "{at}");
        assert!(!is_valid(&stray), "{at}");
        let required = names(&here["required"]);
        for name in full.pointer(at).unwrap().as_object().unwrap().keys() {
            let without = changed(&full, at, |object| drop(object.as_object_mut().unwrap().remove(name)));
            let is_missed =
                mistakes(&without).iter().any(|told| told.contains(&format!("`{name}` is missing from")));
            assert_eq!(is_missed, required.contains(name.as_str()), "{at}/{name}");
            assert!(!is_missed || !is_valid(&without), "{at}/{name}");
        }
    });
    assert!(objects > 15, "{objects}");
}

#[test]
fn the_full_policy_has_every_field_of_the_schema() {
    let (full, schema) = (instance(FULL), schema());
    let mut met = BTreeSet::new();
    walk(&schema, &schema, "", &full, &mut |at, here| {
        if let (Some(known), Some(object)) =
            (here["properties"].as_object(), full.pointer(at).unwrap().as_object())
        {
            let of = here["description"].as_str().unwrap();
            met.extend(
                object.keys().filter(|name| known.contains_key(*name)).map(|name| format!("{of} {name}")),
            );
        }
    });
    let objects = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for object in objects {
        for name in object["properties"].as_object().into_iter().flat_map(|properties| properties.keys()) {
            let field = format!("{} {name}", object["description"].as_str().unwrap());
            assert!(met.contains(&field), "{field}");
        }
    }
}

#[test]
fn both_know_the_same_words() {
    let (full, schema) = (instance(FULL), schema());
    let mut words = 0;
    walk(&schema, &schema, "", &full, &mut |at, here| {
        if here["enum"].is_null() {
            return;
        }
        words += 1;
        let wrong = changed(&full, at, |word| *word = json!("zzz"));
        let told = mistakes(&wrong);
        let told = told
            .iter()
            .find(|told| told.contains("`zzz` is not a word"))
            .unwrap_or_else(|| panic!("{at}: {told:?}"));
        let mut known = names(&here["enum"]);
        // The language says of background traffic why it cannot stand in a rule.
        if at.ends_with("/intent") && !at.contains("/tests/") {
            known.remove("background");
        }
        assert_eq!(expected(told), known, "{at}");
        assert!(!is_valid(&wrong), "{at}");
    });
    assert!(words > 12, "{words}");
}

#[test]
fn what_has_the_wrong_shape_is_refused_by_both() {
    let full = instance(FULL);
    for (at, wrong) in [
        ("/version", json!(0)),
        ("/rules", json!([])),
        ("/rules/0/severity", json!({})),
        ("/rules/0/severity/pupil", json!(6)),
        ("/rules/0/threshold/count", json!(33)),
        ("/rules/0/threshold/within", json!("soon")),
        ("/rules/0/when", json!({"action": ["allowed"]})),
        ("/rules/0/when/category", json!(false)),
        ("/rules/0/years", json!([])),
        ("/rules/0/time", json!([])),
        ("/rules/0/intent", json!(["background"])),
        ("/rules/0/cites", json!([])),
        ("/rules/0/tests/0/fires", json!("perhaps")),
        ("/rules/0/tests/0/at", json!("yesterday")),
        ("/rules/0/tests/0", json!({"category": "Weapons", "fires": true})),
        ("/rules/0/id", json!("Violence and threats")),
        ("/documents/0/reviewed", json!("last year")),
        ("/lists/0/domains/0", json!("com")),
        ("/calendars/0/day", json!("all day")),
        ("/calendars/0/terms", json!([])),
        ("/schools/0/personal_use/0", json!("evenings")),
        ("/exemptions/0/scope", json!({"schools": ["oak"]})),
    ] {
        let policy = changed(&full, at, |value| *value = wrong);
        assert!(!mistakes(&policy).is_empty(), "the parser takes {at}");
        assert!(!is_valid(&policy), "the schema takes {at}");
    }
}
