//! Versions: their order, reading one, markers and deleting for good.

use crate::server::{Cloud, get, put, refusal, refused, set_versioning};
use aws_sdk_s3::{
    Client,
    types::{BucketVersioningStatus, Delete, ObjectIdentifier},
};

async fn get_version(client: &Client, bucket: &str, key: &str, version: &str) -> Vec<u8> {
    let got = client.get_object().bucket(bucket).key(key).version_id(version).send().await.unwrap();
    assert_eq!(got.version_id(), Some(version));
    got.body.collect().await.unwrap().to_vec()
}

#[tokio::test]
async fn versions_are_listed_newest_first_and_read_by_id() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let mut ids = Vec::new();
    for body in 0..5 {
        ids.push(put(client, &bucket, "key", format!("body {body}").as_bytes()).await);
    }
    for (body, id) in ids.iter().enumerate() {
        assert_eq!(get_version(client, &bucket, "key", id).await, format!("body {body}").as_bytes());
    }
    assert_eq!(get(client, &bucket, "key").await, b"body 4");
    let listed = client.list_object_versions().bucket(&bucket).send().await.unwrap();
    let listed: Vec<(&str, bool)> = listed
        .versions()
        .iter()
        .map(|version| (version.version_id().unwrap(), version.is_latest().unwrap()))
        .collect();
    let expected: Vec<(&str, bool)> =
        ids.iter().rev().enumerate().map(|(at, id)| (id.as_str(), at == 0)).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_delete_makes_a_marker_and_deleting_the_marker_brings_the_object_back() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let version = put(client, &bucket, "key", b"body").await;
    let deleted = client.delete_object().bucket(&bucket).key("key").send().await.unwrap();
    assert_eq!(deleted.delete_marker(), Some(true));
    let marker = deleted.version_id().unwrap().to_owned();

    let missing = client.get_object().bucket(&bucket).key("key").send().await.unwrap_err();
    let shown = missing.raw_response().unwrap();
    assert_eq!(shown.status().as_u16(), 404);
    assert_eq!(shown.headers().get("x-amz-delete-marker"), Some("true"));
    assert_eq!(shown.headers().get("x-amz-version-id"), Some(marker.as_str()));
    let direct = client.get_object().bucket(&bucket).key("key").version_id(&marker).send().await;
    assert_eq!(refusal(direct), refused(405, "MethodNotAllowed"));
    assert_eq!(get_version(client, &bucket, "key", &version).await, b"body");
    let current = client.list_objects_v2().bucket(&bucket).send().await.unwrap();
    assert_eq!(current.key_count(), Some(0));
    let listed = client.list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!(listed.delete_markers().len(), 1);
    assert_eq!(listed.delete_markers()[0].is_latest(), Some(true));
    assert_eq!(listed.versions()[0].is_latest(), Some(false));

    let undone = client.delete_object().bucket(&bucket).key("key").version_id(&marker).send().await.unwrap();
    assert_eq!(undone.delete_marker(), Some(true));
    assert_eq!(undone.version_id(), Some(marker.as_str()));
    assert_eq!(get(client, &bucket, "key").await, b"body");
}

#[tokio::test]
async fn a_delete_by_version_is_for_good_and_the_version_before_is_the_latest() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let first = put(client, &bucket, "key", b"first").await;
    let second = put(client, &bucket, "key", b"second").await;
    let before = cloud.blob_files();
    client.delete_object().bucket(&bucket).key("key").version_id(&second).send().await.unwrap();
    assert_eq!(get(client, &bucket, "key").await, b"first");
    let gone = client.get_object().bucket(&bucket).key("key").version_id(&second).send().await;
    assert_eq!(refusal(gone), refused(404, "NoSuchVersion"));
    crate::server::eventually("the body is gone", || {
        cloud.blob_files().zip(before).is_none_or(|(now, before)| now == before - 1)
    })
    .await;
    client.delete_object().bucket(&bucket).key("key").version_id(&first).send().await.unwrap();
    let listed = client.list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!(listed.versions().len() + listed.delete_markers().len(), 0);
    client.delete_object().bucket(&bucket).key("key").version_id(&first).send().await.unwrap();
}

#[tokio::test]
async fn a_batch_deletes_versions_and_makes_markers() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let old = put(client, &bucket, "a", b"1").await;
    put(client, &bucket, "a", b"2").await;
    put(client, &bucket, "b", b"3").await;
    let by_version = ObjectIdentifier::builder().key("a").version_id(&old).build().unwrap();
    let by_key = ObjectIdentifier::builder().key("b").build().unwrap();
    let delete = Delete::builder().objects(by_version).objects(by_key).build().unwrap();
    let done = client.delete_objects().bucket(&bucket).delete(delete).send().await.unwrap();
    assert_eq!(done.deleted()[0].version_id(), Some(old.as_str()));
    assert_eq!(done.deleted()[0].delete_marker(), None);
    assert_eq!(done.deleted()[1].delete_marker(), Some(true));
    assert!(done.deleted()[1].delete_marker_version_id().is_some());
    let listed = client.list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!((listed.versions().len(), listed.delete_markers().len()), (2, 1));
}

#[tokio::test]
async fn without_versioning_the_version_is_null_and_is_kept_when_versioning_begins() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    assert_eq!(put(client, &bucket, "key", b"one").await, "");
    put(client, &bucket, "key", b"two").await;
    set_versioning(client, &bucket, BucketVersioningStatus::Enabled).await;
    let third = put(client, &bucket, "key", b"three").await;
    assert_eq!(get_version(client, &bucket, "key", "null").await, b"two");
    assert_eq!(get_version(client, &bucket, "key", &third).await, b"three");

    set_versioning(client, &bucket, BucketVersioningStatus::Suspended).await;
    assert_eq!(put(client, &bucket, "key", b"four").await, "null");
    assert_eq!(get_version(client, &bucket, "key", "null").await, b"four");
    assert_eq!(get_version(client, &bucket, "key", &third).await, b"three");
    let marker = client.delete_object().bucket(&bucket).key("key").send().await.unwrap();
    assert_eq!((marker.delete_marker(), marker.version_id()), (Some(true), Some("null")));
    let listed = client.list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!((listed.versions().len(), listed.delete_markers().len()), (1, 1));
}

#[tokio::test]
async fn version_pages_of_two_hold_everything_once_and_in_order() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let mut expected = Vec::new();
    for key in ["a", "b", "b/c", "d"] {
        let mut ids = Vec::new();
        for body in 0..3 {
            ids.push((key.to_owned(), put(client, &bucket, key, &[body]).await));
        }
        let marker = client.delete_object().bucket(&bucket).key(key).send().await.unwrap();
        ids.push((key.to_owned(), marker.version_id.unwrap()));
        expected.extend(ids.into_iter().rev());
    }
    let mut found = Vec::new();
    let (mut key_marker, mut version_marker) = (None, None);
    loop {
        let page = client.list_object_versions().bucket(&bucket).max_keys(2);
        let page = page.set_key_marker(key_marker.take()).set_version_id_marker(version_marker.take());
        let page = page.send().await.unwrap();
        let mut entries: Vec<(String, String)> = Vec::new();
        for version in page.versions() {
            entries.push((version.key().unwrap().into(), version.version_id().unwrap().into()));
        }
        for marker in page.delete_markers() {
            entries.push((marker.key().unwrap().into(), marker.version_id().unwrap().into()));
        }
        assert!(entries.len() <= 2);
        // Versions and markers come in two lists; within a key the newest id is the greatest.
        entries.sort_by(|one, two| one.0.cmp(&two.0).then(two.1.cmp(&one.1)));
        found.extend(entries);
        if page.is_truncated() != Some(true) {
            break;
        }
        key_marker = page.next_key_marker;
        version_marker = page.next_version_id_marker;
    }
    assert_eq!(found, expected);
    let below =
        client.list_object_versions().bucket(&bucket).prefix("b").delimiter("/").send().await.unwrap();
    assert_eq!(below.versions().len() + below.delete_markers().len(), 4);
    assert_eq!(below.common_prefixes()[0].prefix(), Some("b/"));
}
