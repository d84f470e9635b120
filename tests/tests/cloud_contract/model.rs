//! Random operations against a reference that is too small to be wrong.

use crate::server::{Embedded, put};
use aws_sdk_s3::Client;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};
use trustwatch_local::s3::{Durability, Versioning};

/// Few keys, so that operations meet; some are prefixes of others.
const KEYS: [&str; 6] = ["a", "a/b", "a/b/c", "a+", "é", "z"];

#[derive(Debug, Clone)]
enum Operation {
    Put { key: usize, body: u8 },
    PutNew { key: usize, body: u8 },
    Delete { key: usize },
    DeleteVersion { key: usize, version: usize },
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    let key = 0..KEYS.len();
    prop_oneof![
        5 => (key.clone(), any::<u8>()).prop_map(|(key, body)| Operation::Put { key, body }),
        3 => (key.clone(), any::<u8>()).prop_map(|(key, body)| Operation::PutNew { key, body }),
        3 => key.clone().prop_map(|key| Operation::Delete { key }),
        4 => (key, 0..8_usize).prop_map(|(key, version)| Operation::DeleteVersion { key, version }),
        1 => Just(Operation::Reopen),
    ]
}

/// The versions of each key, oldest first; a marker has no body.
type Model = BTreeMap<&'static str, Vec<(String, Option<u8>)>>;

fn current(model: &Model) -> Vec<(&'static str, u8)> {
    let newest = |(key, versions): (&&'static str, &Vec<(String, Option<u8>)>)| {
        versions.last().and_then(|(_, body)| *body).map(|body| (*key, body))
    };
    model.iter().filter_map(newest).collect()
}

async fn apply(client: &Client, bucket: &str, model: &mut Model, operation: &Operation) {
    match *operation {
        Operation::Put { key, body } => {
            let version = put(client, bucket, KEYS[key], &[body]).await;
            model.entry(KEYS[key]).or_default().push((version, Some(body)));
        }
        Operation::PutNew { key, body } => {
            let exists = current(model).iter().any(|(found, _)| *found == KEYS[key]);
            let put = client.put_object().bucket(bucket).key(KEYS[key]).if_none_match("*");
            let outcome = put.body(vec![body].into()).send().await;
            assert_eq!(outcome.is_err(), exists, "If-None-Match");
            if let Ok(put) = outcome {
                model.entry(KEYS[key]).or_default().push((put.version_id.unwrap(), Some(body)));
            }
        }
        Operation::Delete { key } => {
            let deleted = client.delete_object().bucket(bucket).key(KEYS[key]).send().await.unwrap();
            model.entry(KEYS[key]).or_default().push((deleted.version_id.unwrap(), None));
        }
        Operation::DeleteVersion { key, version } => {
            let versions = model.entry(KEYS[key]).or_default();
            if versions.is_empty() {
                return;
            }
            let (id, body) = versions.remove(version % versions.len());
            let delete = client.delete_object().bucket(bucket).key(KEYS[key]).version_id(&id);
            let deleted = delete.send().await.unwrap();
            assert_eq!(deleted.delete_marker() == Some(true), body.is_none());
        }
        Operation::Reopen => {}
    }
}

async fn compare(client: &Client, bucket: &str, model: &Model) {
    let listed = client.list_objects_v2().bucket(bucket).send().await.unwrap();
    let listed: Vec<&str> = listed.contents().iter().map(|object| object.key().unwrap()).collect();
    let expected = current(model);
    assert_eq!(listed, expected.iter().map(|(key, _)| *key).collect::<Vec<_>>());

    let folded = client.list_objects_v2().bucket(bucket).delimiter("/").send().await.unwrap();
    let found: BTreeSet<&str> = (folded.contents().iter().map(|object| object.key().unwrap()))
        .chain(folded.common_prefixes().iter().map(|common| common.prefix().unwrap()))
        .collect();
    let fold = |key: &'static str| key.find('/').map_or(key, |at| &key[..=at]);
    assert_eq!(found, expected.iter().map(|(key, _)| fold(key)).collect());

    let versions = client.list_object_versions().bucket(bucket).send().await.unwrap();
    let mut found: Vec<(&str, &str, bool, bool)> = Vec::new();
    for version in versions.versions() {
        let latest = version.is_latest().unwrap();
        found.push((version.key().unwrap(), version.version_id().unwrap(), latest, false));
    }
    for marker in versions.delete_markers() {
        let latest = marker.is_latest().unwrap();
        found.push((marker.key().unwrap(), marker.version_id().unwrap(), latest, true));
    }
    found.sort_unstable();
    let mut expected: Vec<(&str, &str, bool, bool)> = Vec::new();
    for (key, versions) in model {
        for (at, (id, body)) in versions.iter().enumerate() {
            expected.push((key, id, at + 1 == versions.len(), body.is_none()));
        }
    }
    expected.sort_unstable();
    assert_eq!(found, expected);
}

async fn compare_bodies(client: &Client, bucket: &str, model: &Model) {
    for (key, body) in current(model) {
        assert_eq!(crate::server::get(client, bucket, key).await, [body], "{key}");
    }
    for (key, versions) in model {
        for (id, body) in versions {
            let got = client.get_object().bucket(bucket).key(*key).version_id(id).send().await;
            assert_eq!(got.is_ok(), body.is_some());
            if let (Ok(got), Some(body)) = (got, body) {
                assert_eq!(got.body.collect().await.unwrap().to_vec(), [*body]);
            }
        }
    }
}

#[test]
fn random_histories_look_like_a_map_of_versions() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let server = runtime.block_on(Embedded::start(directory.path(), Durability::ProcessExit));
    let server = Cell::new(Some(server));
    let cases = Cell::new(0_u32);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() });
    let outcome = runner.run(&vec(operation(), 1..12), |history| {
        cases.set(cases.get() + 1);
        let bucket = format!("model-{}", cases.get());
        runtime.block_on(async {
            let mut embedded = server.take().unwrap();
            embedded.store.ensure_bucket(&bucket, Versioning::Enabled).await.unwrap();
            let mut model = Model::new();
            for operation in &history {
                if matches!(operation, Operation::Reopen) && cases.get() % 8 == 0 {
                    drop(embedded);
                    embedded = Embedded::start(directory.path(), Durability::ProcessExit).await;
                }
                apply(&embedded.client, &bucket, &mut model, operation).await;
                compare(&embedded.client, &bucket, &model).await;
            }
            compare_bodies(&embedded.client, &bucket, &model).await;
            server.set(Some(embedded));
        });
        Ok(())
    });
    outcome.unwrap();
}
