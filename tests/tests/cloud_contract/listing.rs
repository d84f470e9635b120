//! Listings of current objects.

use crate::server::{Cloud, put, refusal, refused};
use aws_sdk_s3::Client;

const KEYS: [&str; 9] = ["a", "b", "c/1", "c/2", "c/d/3", "c0", "e/", "e/f", "g"];

async fn filled(cloud: &Cloud) -> String {
    let bucket = cloud.versioned_bucket().await;
    for key in KEYS {
        put(&cloud.client, &bucket, key, b"old").await;
        put(&cloud.client, &bucket, key, key.as_bytes()).await;
    }
    put(&cloud.client, &bucket, "c/deleted", b"gone").await;
    cloud.client.delete_object().bucket(&bucket).key("c/deleted").send().await.unwrap();
    bucket
}

/// Every entry of a listing in pages of `max`, common prefixes with a `*`.
async fn pages(
    client: &Client,
    bucket: &str,
    prefix: &str,
    delimiter: Option<&str>,
    max: i32,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = client.list_objects_v2().bucket(bucket).prefix(prefix).max_keys(max);
        let page = page.set_delimiter(delimiter.map(str::to_owned)).set_continuation_token(token.take());
        let page = page.send().await.unwrap();
        let mut entries: Vec<String> =
            page.contents().iter().map(|found| found.key().unwrap().to_owned()).collect();
        for object in page.contents() {
            assert_eq!(object.size(), Some(i64::try_from(object.key().unwrap().len()).unwrap()));
            assert!(object.e_tag().unwrap().starts_with('"'));
            assert!(object.last_modified().is_some());
        }
        entries.extend(page.common_prefixes().iter().map(|found| format!("{}*", found.prefix().unwrap())));
        assert_eq!(page.key_count(), Some(i32::try_from(entries.len()).unwrap()));
        assert!(entries.len() <= usize::try_from(max).unwrap());
        entries.sort();
        found.extend(entries);
        if page.is_truncated() != Some(true) {
            assert_eq!(page.next_continuation_token(), None);
            return found;
        }
        token = page.next_continuation_token;
        assert!(token.is_some());
    }
}

#[tokio::test]
async fn pages_of_two_hold_every_current_object_once_with_its_etag() {
    let cloud = Cloud::start().await;
    let bucket = filled(&cloud).await;
    for max in [1, 2, 3, 1000] {
        assert_eq!(pages(&cloud.client, &bucket, "", None, max).await, KEYS, "pages of {max}");
    }
    assert_eq!(pages(&cloud.client, &bucket, "c", None, 2).await, ["c/1", "c/2", "c/d/3", "c0"]);
    assert!(pages(&cloud.client, &bucket, "x", None, 2).await.is_empty());
}

#[tokio::test]
async fn a_delimiter_folds_keys_into_common_prefixes_on_every_page_size() {
    let cloud = Cloud::start().await;
    let bucket = filled(&cloud).await;
    for max in [1, 2, 3, 1000] {
        let check = async |prefix: &str, delimiter: &str, expected: &[&str]| {
            let found = pages(&cloud.client, &bucket, prefix, Some(delimiter), max).await;
            assert_eq!(found, expected, "`{prefix}` by `{delimiter}` in pages of {max}");
        };
        check("", "/", &["a", "b", "c/*", "c0", "e/*", "g"]).await;
        check("c/", "/", &["c/1", "c/2", "c/d/*"]).await;
        check("c", "/", &["c/*", "c0"]).await;
        check("e/", "/", &["e/", "e/f"]).await;
        check("", "/d/", &["a", "b", "c/1", "c/2", "c/d/*", "c0", "e/", "e/f", "g"]).await;
    }
}

#[tokio::test]
async fn start_after_and_the_elder_listings_marker_leave_out_what_was_told() {
    let cloud = Cloud::start().await;
    let bucket = filled(&cloud).await;
    let after = cloud.client.list_objects_v2().bucket(&bucket).start_after("c/2").send().await.unwrap();
    let keys: Vec<&str> = after.contents().iter().map(|object| object.key().unwrap()).collect();
    assert_eq!(keys, ["c/d/3", "c0", "e/", "e/f", "g"]);

    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = cloud.client.list_objects().bucket(&bucket).delimiter("/").max_keys(2);
        let page = page.set_marker(marker.take()).send().await.unwrap();
        let mut entries: Vec<String> =
            page.contents().iter().map(|object| object.key().unwrap().into()).collect();
        entries.extend(page.common_prefixes().iter().map(|common| common.prefix().unwrap().to_owned()));
        entries.sort();
        found.extend(entries);
        if page.is_truncated() != Some(true) {
            break;
        }
        marker = page.next_marker;
        assert!(marker.is_some());
    }
    assert_eq!(found, ["a", "b", "c/", "c0", "e/", "g"]);
}

#[tokio::test]
async fn a_page_of_none_and_pages_beyond_the_limit() {
    let cloud = Cloud::start().await;
    let bucket = filled(&cloud).await;
    let none = cloud.client.list_objects_v2().bucket(&bucket).max_keys(0).send().await.unwrap();
    assert_eq!((none.key_count(), none.is_truncated()), (Some(0), Some(false)));
    let many = cloud.client.list_objects_v2().bucket(&bucket).max_keys(5000).send().await.unwrap();
    assert_eq!(many.max_keys(), Some(1000));
    let negative = cloud.client.list_objects_v2().bucket(&bucket).max_keys(-1).send().await;
    assert_eq!(refusal(negative), refused(400, "InvalidArgument"));
    let missing = cloud.client.list_objects_v2().bucket("trustwatch-no-such-bucket").send().await;
    assert_eq!(refusal(missing), refused(404, "NoSuchBucket"));
}
