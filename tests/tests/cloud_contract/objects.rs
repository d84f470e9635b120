//! Putting, getting, copying and deleting single objects.

use crate::server::{Cloud, eventually, get, put, refusal, refused};
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumMode, Delete, MetadataDirective, ObjectIdentifier},
};

#[tokio::test]
async fn a_body_and_its_headers_come_back_as_they_went() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let put = cloud.client.put_object().bucket(&bucket).key("key").body(ByteStream::from_static(b"hello"));
    let put = put
        .content_type("text/plain")
        .content_encoding("gzip")
        .cache_control("no-store")
        .content_disposition("inline")
        .metadata("school", "st-anne")
        .metadata("feed", "smoothwall");
    let put = put.send().await.unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""), "the MD5 of the body");
    let got = cloud.client.get_object().bucket(&bucket).key("key").send().await.unwrap();
    assert_eq!(got.e_tag(), put.e_tag());
    assert_eq!(got.content_length(), Some(5));
    assert_eq!(got.content_type(), Some("text/plain"));
    assert_eq!(got.content_encoding(), Some("gzip"));
    assert_eq!(got.cache_control(), Some("no-store"));
    assert_eq!(got.content_disposition(), Some("inline"));
    let metadata = got.metadata().unwrap();
    assert_eq!(metadata.get("school").map(String::as_str), Some("st-anne"));
    assert_eq!(metadata.len(), 2);
    let head = cloud.client.head_object().bucket(&bucket).key("key").send().await.unwrap();
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.content_type(), Some("text/plain"));
    assert_eq!(head.metadata(), Some(metadata));
    assert_eq!(head.last_modified(), got.last_modified());
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
}

#[tokio::test]
async fn bodies_of_all_sizes_round_trip() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    // Around the piece of 1 MiB in which bodies travel, and the SDK's chunks of 64 KiB.
    for bytes in [0, 1, 65_535, 65_536, 1 << 20, (1 << 20) + 1, (3 << 20) + 7] {
        let body: Vec<u8> = (0..bytes).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect();
        put(&cloud.client, &bucket, "key", &body).await;
        assert!(get(&cloud.client, &bucket, "key").await == body, "{bytes} bytes");
    }
}

#[tokio::test]
async fn ranges_are_cut_as_rfc_9110_says() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let large: Vec<u8> = (0..(2_500_000_u32)).map(|at| u8::try_from(at % 251).unwrap()).collect();
    put(client, &bucket, "small", b"0123456789").await;
    put(client, &bucket, "large", &large).await;
    put(client, &bucket, "empty", b"").await;
    let check = |key: &'static str, range: &'static str, expected: Vec<u8>, shown: &'static str| {
        let get = client.get_object().bucket(&bucket).key(key).range(range);
        async move {
            let got = get.send().await.unwrap();
            assert_eq!(got.content_range(), Some(shown), "{range}");
            assert_eq!(got.content_length().unwrap(), i64::try_from(expected.len()).unwrap(), "{range}");
            assert!(got.body.collect().await.unwrap().to_vec() == expected, "{range}");
        }
    };
    check("small", "bytes=0-0", b"0".to_vec(), "bytes 0-0/10").await;
    check("small", "bytes=2-4", b"234".to_vec(), "bytes 2-4/10").await;
    check("small", "bytes=7-", b"789".to_vec(), "bytes 7-9/10").await;
    check("small", "bytes=7-100", b"789".to_vec(), "bytes 7-9/10").await;
    check("small", "bytes=-3", b"789".to_vec(), "bytes 7-9/10").await;
    check("small", "bytes=-100", b"0123456789".to_vec(), "bytes 0-9/10").await;
    check("large", "bytes=5-2400004", large[5..2_400_005].to_vec(), "bytes 5-2400004/2500000").await;
    check("large", "bytes=-8", large[2_499_992..].to_vec(), "bytes 2499992-2499999/2500000").await;
    for (key, range) in [("small", "bytes=10-"), ("small", "bytes=-0"), ("empty", "bytes=0-0")] {
        let got = client.get_object().bucket(&bucket).key(key).range(range).send().await;
        assert_eq!(refusal(got), refused(416, "InvalidRange"), "{key} {range}");
    }
}

#[tokio::test]
async fn a_missing_key_is_404_no_such_key() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let get = cloud.client.get_object().bucket(&bucket).key("missing").send().await;
    assert_eq!(refusal(get), refused(404, "NoSuchKey"));
    let head = cloud.client.head_object().bucket(&bucket).key("missing").send().await;
    assert!(head.unwrap_err().into_service_error().is_not_found());
    cloud.client.delete_object().bucket(&bucket).key("missing").send().await.unwrap();
}

/// Keys that trip servers which see paths in them.
fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "a+b",
        "a%b",
        "a%2Fb",
        "a b",
        "é",
        "日本語/ログ.gz",
        "../up",
        "a/../b",
        "a/./b",
        "..",
        ".",
        "//",
        "a//b",
        "/leading",
        "trailing/",
        "pp",
        "pp/q",
        "a?b=c&d",
        "a#b",
        "a\\b",
        "a'b\"c",
        "a<b>&c",
        "a\tb",
        "a\nb",
        "a\u{1}b",
        "a\u{7f}b",
        "a;b,c:d@e=f$g!h*i(j)",
        "~tilde",
        "a\u{301}",
        "\u{1f600}",
        "%00",
        "null",
    ]
    .map(str::to_owned)
    .into();
    keys.push("k".repeat(1024));
    keys.push("é".repeat(512));
    keys
}

#[tokio::test]
async fn odd_keys_and_keys_of_1024_bytes_round_trip_through_put_get_list_and_delete() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let mut keys = odd_keys();
    for key in &keys {
        put(client, &bucket, key, key.as_bytes()).await;
    }
    for key in &keys {
        assert_eq!(get(client, &bucket, key).await, key.as_bytes(), "{key:?}");
    }
    let list = client.list_objects_v2().bucket(&bucket);
    let listed = list.encoding_type(aws_sdk_s3::types::EncodingType::Url).send().await.unwrap();
    let listed: Vec<String> = listed
        .contents()
        .iter()
        .map(|object| {
            let key = object.key().unwrap().replace('+', " ");
            percent_encoding::percent_decode_str(&key).decode_utf8().unwrap().into_owned()
        })
        .collect();
    keys.sort();
    assert_eq!(listed, keys, "in the order of their bytes");
    for key in &keys {
        let source = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
        let copy = client.copy_object().bucket(&bucket).key("copy").copy_source(format!("{bucket}/{source}"));
        copy.send().await.unwrap_or_else(|error| panic!("{key:?}: {error:?}"));
        assert_eq!(get(client, &bucket, "copy").await, key.as_bytes(), "{key:?}");
        client.delete_object().bucket(&bucket).key(key).send().await.unwrap();
    }
    let left = client.list_objects_v2().bucket(&bucket).send().await.unwrap();
    assert_eq!(left.key_count(), Some(1), "the copy");
}

#[tokio::test]
async fn a_key_of_1025_bytes_is_refused() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    for key in ["k".repeat(1025), format!("k{}", "é".repeat(512))] {
        let put = cloud.client.put_object().bucket(&bucket).key(&key).send().await;
        assert_eq!(refusal(put), refused(400, "KeyTooLongError"));
    }
}

#[tokio::test]
async fn a_body_with_a_wrong_checksum_is_refused_and_leaves_nothing() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let before = cloud.blob_files();
    let put = || cloud.client.put_object().bucket(&bucket).key("key").body(ByteStream::from_static(b"hello"));
    let md5 = put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await;
    assert_eq!(refusal(md5), refused(400, "BadDigest"));
    let md5 = put().content_md5("AAAA").send().await;
    assert_eq!(refusal(md5), refused(400, "InvalidDigest"));
    let crc32 = put().checksum_crc32("AAAAAA==").send().await;
    assert_eq!(refusal(crc32), refused(400, "BadDigest"));
    let sha256 = put().checksum_sha256("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCU=").send().await;
    // That is the SHA-256 of `hello` with its last byte changed.
    assert_eq!(refusal(sha256), refused(400, "BadDigest"));
    let got = cloud.client.get_object().bucket(&bucket).key("key").send().await;
    assert_eq!(refusal(got), refused(404, "NoSuchKey"));
    eventually("no body is left", || cloud.blob_files() == before).await;

    put().content_md5("XUFAKrxLKna5cZ2REBfFkg==").send().await.unwrap();
    put().checksum_sha256("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=").send().await.unwrap();
    let head = cloud.client.head_object().bucket(&bucket).key("key").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    assert_eq!(head.checksum_sha256(), Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="));
}

#[tokio::test]
async fn the_checksum_that_the_sdk_sends_as_a_trailer_is_verified_and_kept() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    put(&cloud.client, &bucket, "key", b"hello").await;
    let head = cloud.client.head_object().bucket(&bucket).key("key").checksum_mode(ChecksumMode::Enabled);
    assert_eq!(head.send().await.unwrap().checksum_crc32(), Some("NhCmhg=="));
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_metadata_and_is_independent_of_its_source() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let body = ByteStream::from_static(b"first");
    let put_first = client.put_object().bucket(&bucket).key("source").body(body).metadata("a", "1");
    let first = put_first.content_type("text/plain").send().await.unwrap();
    put(client, &bucket, "source", b"second").await;
    let version = first.version_id().unwrap();

    let copy = client.copy_object().bucket(&bucket).key("kept");
    let copy = copy.copy_source(format!("{bucket}/source?versionId={version}")).send().await.unwrap();
    assert_eq!(copy.copy_object_result().unwrap().e_tag(), first.e_tag());
    assert_eq!(copy.copy_source_version_id(), Some(version));
    assert!(copy.version_id().is_some());
    let kept = client.head_object().bucket(&bucket).key("kept").send().await.unwrap();
    assert_eq!(kept.metadata().unwrap().get("a").map(String::as_str), Some("1"));
    assert_eq!(kept.content_type(), Some("text/plain"));

    let copy = client.copy_object().bucket(&bucket).key("replaced").copy_source(format!("{bucket}/kept"));
    let copy = copy.metadata_directive(MetadataDirective::Replace).metadata("b", "2");
    copy.content_type("text/csv").send().await.unwrap();
    let replaced = client.head_object().bucket(&bucket).key("replaced").send().await.unwrap();
    assert_eq!(replaced.metadata().unwrap().get("b").map(String::as_str), Some("2"));
    assert_eq!(replaced.metadata().unwrap().len(), 1);
    assert_eq!(replaced.content_type(), Some("text/csv"));

    client.delete_object().bucket(&bucket).key("source").version_id(version).send().await.unwrap();
    assert_eq!(get(client, &bucket, "kept").await, b"first");
    assert_eq!(get(client, &bucket, "replaced").await, b"first");
    let missing = client.copy_object().bucket(&bucket).key("x").copy_source(format!("{bucket}/nothing"));
    assert_eq!(refusal(missing.send().await), refused(404, "NoSuchKey"));
    let conditional = client.copy_object().bucket(&bucket).key("x").copy_source(format!("{bucket}/kept"));
    let conditional = conditional.copy_source_if_match("\"00\"").send().await;
    assert_eq!(refusal(conditional), refused(412, "PreconditionFailed"));
}

#[tokio::test]
async fn a_batch_of_1000_is_deleted_at_once_and_1001_are_refused() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let before = cloud.blob_files();
    for key in 0..40 {
        put(client, &bucket, &format!("key-{key:04}"), b"body").await;
    }
    let batch = |keys: usize| {
        let objects =
            (0..keys).map(|key| ObjectIdentifier::builder().key(format!("key-{key:04}")).build().unwrap());
        let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
        client.delete_objects().bucket(&bucket).delete(delete).send()
    };
    assert_eq!(refusal(batch(1001).await), refused(400, "MalformedXML"));
    let deleted = batch(1000).await.unwrap();
    assert_eq!(deleted.deleted().len(), 1000, "what is not there counts as deleted");
    assert_eq!(deleted.errors().len(), 0);
    let left = client.list_objects_v2().bucket(&bucket).send().await.unwrap();
    assert_eq!(left.key_count(), Some(0));
    eventually("the bodies are gone", || cloud.blob_files() == before).await;
}

#[tokio::test]
async fn an_overwrite_without_versioning_leaves_one_body() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let before = cloud.blob_files();
    for body in ["one", "two", "three"] {
        put(&cloud.client, &bucket, "key", body.as_bytes()).await;
    }
    assert_eq!(get(&cloud.client, &bucket, "key").await, b"three");
    let one_more = || cloud.blob_files().zip(before).is_none_or(|(now, before)| now == before + 1);
    eventually("one body is left", one_more).await;
}
