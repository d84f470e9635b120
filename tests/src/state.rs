//! The end state, in a form in which two workers, two orders and two systems can be compared: everything that
//! readers see and nothing that may differ (names of parts, writers, leases, attempts, times of the work).

use crate::judging::alert_facts;
use crate::system::System;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::TryStreamExt as _;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use trustwatch_lake::{JudgedManifest, Manifest, keys, read_findings, reject_lines};
use trustwatch_model::ObjectVersion;
use trustwatch_pipeline::Arrival;
use trustwatch_store::Store;

type Item = HashMap<String, AttributeValue>;

/// One line for each fact, in order. A fact that is there twice is two lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State(Vec<String>);

/// What of a system is looked at.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'s> {
    /// Everything, by a scan of the table.
    All,
    /// One school, so that many runs can share a system. Its name is left out of the facts.
    School(&'s str),
}

/// The size of each item of the table as AWS counts it: names and values.
///
/// # Panics
/// When the table cannot be read.
pub async fn item_bytes(system: &System) -> Vec<usize> {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Bool(_) => 1,
        other => panic!("{other:?} is not used here"),
    };
    let size = |item: &Item| item.iter().map(|(name, held)| name.len() + value(held)).sum();
    scan(system).await.iter().map(size).collect()
}

/// What was audited: where it stands, who did it, and what.
///
/// # Panics
/// When the table cannot be read.
pub async fn audit_entries(system: &System) -> Vec<(String, String, Value)> {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let items = scan(system).await;
    let entries = items.iter().filter(|item| text(item, "SK").starts_with("AUDIT#"));
    let entries = entries
        .map(|item| (text(item, "PK"), text(item, "by"), serde_json::from_str(&text(item, "what")).unwrap()));
    entries.collect()
}

impl State {
    /// Reads the state of a system.
    pub async fn of(system: &System, scope: Scope<'_>) -> Self {
        let store = &system.cloud.context.store;
        let prefix = match scope {
            Scope::All => String::new(),
            Scope::School(school) => format!("{school}/"),
        };
        let names = Names::of(&versions(store, &prefix).await, scope);
        let mut facts = Vec::new();
        let mut days = BTreeSet::new();
        for manifest in manifests(system, scope).await {
            days.extend(manifest.parts.iter().map(|part| part.date.to_string()));
            facts.push(format!("manifest {}", manifest_facts(&manifest)));
            facts.extend(contents(store, &manifest).await);
        }
        facts.extend(judgements(system, scope).await);
        let items = match scope {
            Scope::All => scan(system).await,
            Scope::School(school) => items_of(system, school, &names, &days).await,
        };
        facts.extend(items.iter().map(item_facts));
        let mut facts: Vec<String> = facts.iter().map(|fact| names.replace(fact)).collect();
        facts.sort();
        Self(facts)
    }

    /// Nothing, with `expected` and `found` printed where they differ.
    ///
    /// # Panics
    /// When the two differ.
    pub fn assert_same(expected: &Self, found: &Self, what: &str) {
        if expected != found {
            panic!("{what}: the end state differs\n{}", expected.difference(found));
        }
    }

    /// The facts that only one of the two has: `-` is missing, `+` is too many.
    #[must_use]
    pub fn difference(&self, found: &Self) -> String {
        let mut balance: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in &self.0 {
            *balance.entry(fact).or_default() -= 1;
        }
        for fact in &found.0 {
            *balance.entry(fact).or_default() += 1;
        }
        let mut text = String::new();
        for (fact, times) in balance.iter().filter(|(_, times)| **times != 0) {
            let sign = if *times < 0 { '-' } else { '+' };
            for _ in 0..times.abs() {
                let _ = writeln!(text, "{sign} {fact}");
            }
        }
        text
    }

    /// The facts that begin so.
    pub fn facts<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(String::as_str).filter(move |fact| fact.starts_with(begin))
    }
}

/// Names that do not depend on the run: `<key>@<n>`, where n counts the versions of a key from the oldest.
struct Names {
    ids: Vec<(String, String)>,
    school: Option<String>,
    sources: Vec<String>,
}

impl Names {
    fn of(versions: &[ObjectVersion], scope: Scope<'_>) -> Self {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut ids, mut sources) = (Vec::new(), Vec::new());
        // A listing gives the newest version of a key first.
        for version in versions.iter().rev() {
            let number = count.entry(&version.key).or_default();
            *number += 1;
            let name = format!("{}@{number}", version.key);
            let source = Arrival::from(version).source_id().to_string();
            ids.push((version.version_id.clone(), name.clone()));
            ids.push((source.clone(), name));
            sources.push(source);
        }
        let school = match scope {
            Scope::All => None,
            Scope::School(school) => Some(school.to_owned()),
        };
        Self { ids, school, sources }
    }

    fn replace(&self, fact: &str) -> String {
        let mut fact = fact.to_owned();
        for (id, name) in self.ids.iter().filter(|(id, _)| id.len() >= 16) {
            if fact.contains(id.as_str()) {
                fact = fact.replace(id.as_str(), name);
            }
        }
        match &self.school {
            Some(school) => fact.replace(school.as_str(), "SCHOOL"),
            None => fact,
        }
    }
}

async fn versions(store: &Store, prefix: &str) -> Vec<ObjectVersion> {
    store.all_raw_versions(prefix).try_collect().await.unwrap()
}

/// The keys of manifests. Each must have been put exactly once.
async fn manifest_keys(system: &System, prefix: &str) -> Vec<String> {
    let lake = &system.cloud.context.store.names().lake;
    let page = system.s3.list_object_versions().bucket(lake).prefix(prefix).send().await.unwrap();
    assert_ne!(page.is_truncated, Some(true), "the manifests of a test fit a page");
    let versions = page.versions.unwrap_or_default();
    let keys: Vec<String> = versions.into_iter().filter_map(|version| version.key).collect();
    for pair in keys.windows(2) {
        assert_ne!(pair[0], pair[1], "a manifest was put twice");
    }
    keys
}

async fn manifests(system: &System, scope: Scope<'_>) -> Vec<Manifest> {
    let store = &system.cloud.context.store;
    let prefixes = match scope {
        Scope::All => ["normalise", "tail"].map(|stage| format!("manifests/v1/{stage}/")).to_vec(),
        Scope::School(school) => {
            ["normalise", "tail"].into_iter().map(|stage| format!("manifests/v1/{stage}/{school}/")).collect()
        }
    };
    let mut found = Vec::new();
    for prefix in prefixes {
        for key in manifest_keys(system, &prefix).await {
            let object = store.read(&store.names().lake, &key).await.unwrap().unwrap();
            let manifest = Manifest::from_json(&object.bytes).unwrap();
            let name = format!("/{}/{}.json", manifest.school, manifest.source_id);
            assert!(key.ends_with(&name), "`{key}` is not the key of its manifest");
            found.push(manifest);
        }
    }
    found
}

/// What was judged, and the alerts that came of it.
async fn judgements(system: &System, scope: Scope<'_>) -> Vec<String> {
    let context = system.context();
    let prefix = match scope {
        Scope::All => keys::all_judged(None),
        Scope::School(school) => keys::all_judged(Some(school)),
    };
    let (mut facts, mut schools) = (Vec::new(), BTreeSet::new());
    for key in manifest_keys(system, &prefix).await {
        let object = context.store.read(&context.store.names().lake, &key).await.unwrap().unwrap();
        let judged = JudgedManifest::from_json(&object.bytes).unwrap();
        let mut found = Vec::new();
        for part in &judged.parts {
            let object = context.store.read(&context.store.names().lake, &part.key).await.unwrap().unwrap();
            let rows = read_findings(object.bytes).unwrap();
            found.extend(rows.iter().map(|row| (row.finding.rule.to_string(), row.finding.line)));
        }
        facts.push(format!(
            "judged {} {} {} {found:?}",
            judged.of.source_id, judged.generation, judged.events
        ));
        schools.insert(judged.school);
    }
    for school in schools {
        facts.extend(alert_facts(&context, &school).await);
    }
    facts
}

/// A manifest without what may differ between two workers.
fn manifest_facts(manifest: &Manifest) -> Value {
    let mut value = serde_json::to_value(manifest).unwrap();
    let fields = value.as_object_mut().unwrap();
    for name in ["writer", "parts", "rejects"] {
        fields.remove(name);
    }
    if let Some(source) = fields.get_mut("source").and_then(Value::as_object_mut) {
        source.remove("version_id");
    }
    fields["pins"] = pins_facts(&fields["pins"]);
    value
}

/// Pins without the versions of settings and rosters, whose names differ between systems.
fn pins_facts(pins: &Value) -> Value {
    let mut pins = pins.clone();
    if let Some(fields) = pins.as_object_mut() {
        fields.retain(|name, _| !["timeline", "roster"].contains(&name.as_str()));
    }
    if let Some(feed) = pins.pointer_mut("/feed/Ok").and_then(Value::as_object_mut) {
        feed.remove("settings_version");
    }
    pins
}

/// The rows and rejects of a manifest. Each part must be there and hold what its entry says.
async fn contents(store: &Store, manifest: &Manifest) -> Vec<String> {
    let lake = &store.names().lake;
    let stage = manifest.stage.as_str();
    let mut facts = Vec::new();
    for part in &manifest.parts {
        let object = store.read(lake, &part.key).await.unwrap();
        let bytes = object.unwrap_or_else(|| panic!("the part `{}` is missing", part.key)).bytes;
        assert_eq!(trustwatch_lake::sha256_hex(&bytes), part.sha256, "`{}` has other bytes", part.key);
        let file = SerializedFileReader::new(bytes).unwrap();
        let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(rows.len() as u64, part.rows, "rows of `{}`", part.key);
        facts.extend(rows.iter().map(|row| format!("row {stage} {} {row}", part.date)));
    }
    for file in &manifest.rejects {
        let object = store.read(lake, &file.key).await.unwrap();
        let bytes = object.unwrap_or_else(|| panic!("the rejects `{}` are missing", file.key)).bytes;
        let lines = reject_lines(&bytes).unwrap();
        assert_eq!(lines.len() as u64, file.lines, "rejects of `{}`", file.key);
        facts.extend(
            lines.iter().map(|line| format!("reject {stage} {}", serde_json::to_string(line).unwrap())),
        );
    }
    facts
}

async fn scan(system: &System) -> Vec<Item> {
    let table = &system.cloud.context.store.names().table;
    let (mut found, mut start) = (Vec::new(), None);
    loop {
        let page = system
            .dynamodb
            .scan()
            .table_name(table)
            .consistent_read(true)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        found.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return found;
        }
    }
}

async fn items_of(system: &System, school: &str, names: &Names, days: &BTreeSet<String>) -> Vec<Item> {
    let mut partitions = vec![format!("SCHOOL#{school}")];
    partitions.extend(names.sources.iter().map(|source| format!("SRC#{source}")));
    partitions.extend(days.iter().map(|day| format!("DAY#{school}#{day}")));
    let mut found = Vec::new();
    for partition in partitions {
        let page = system
            .dynamodb
            .query()
            .table_name(&system.cloud.context.store.names().table)
            .key_condition_expression("PK = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .consistent_read(true)
            .send()
            .await
            .unwrap();
        assert!(page.last_evaluated_key.is_none(), "a partition of a test has one page");
        found.extend(page.items.unwrap_or_default());
    }
    found
}

/// What belongs to the work and not to its effect.
const OF_THE_WORK: [&str; 8] = [
    "attempts",
    "claimed_at",
    "lease_until",
    "finished_at",
    "expires_at",
    "due_shard",
    "due_message",
    "counted",
];

fn item_facts(item: &Item) -> String {
    let name = |key: &str| item[key].as_s().unwrap().clone();
    // A map of JSON may keep the order in which the item came.
    let mut fields: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in item {
        if ["PK", "SK"].contains(&name.as_str()) || OF_THE_WORK.contains(&name.as_str()) {
            continue;
        }
        let value = match value {
            AttributeValue::S(text) if name == "pins" => pins_facts(&serde_json::from_str(text).unwrap()),
            AttributeValue::S(text) => json!(text),
            AttributeValue::N(number) => json!(number.parse::<i64>().unwrap()),
            other => json!(format!("{other:?}")),
        };
        fields.insert(name.clone(), value);
    }
    fields.insert("is_due".to_owned(), json!(item.contains_key("due_shard")));
    format!("item {} {} {}", name("PK"), name("SK"), json!(fields))
}
