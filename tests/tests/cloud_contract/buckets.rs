//! Buckets, and who may talk to them.

use crate::server::{ACCESS_KEY, Cloud, SECRET_KEY, client, get, put, refusal, refused, set_versioning};
use aws_sdk_s3::types::BucketVersioningStatus;
use std::env;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The SDK signs whatever it sends, so this request is written by hand.
async fn unsigned_get(endpoint: &str, path: &str) -> String {
    let host = endpoint.strip_prefix("http://").expect("the contract speaks plain HTTP");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_bucket_comes_is_listed_and_goes_when_it_is_empty() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    client.head_bucket().bucket(&bucket).send().await.unwrap();
    client.get_bucket_location().bucket(&bucket).send().await.unwrap();
    let listed = client.list_buckets().send().await.unwrap();
    assert!(listed.buckets().iter().any(|listed| listed.name() == Some(&bucket)));

    put(client, &bucket, "key", b"body").await;
    let delete = || client.delete_bucket().bucket(&bucket).send();
    assert_eq!(refusal(delete().await), refused(409, "BucketNotEmpty"));
    client.delete_object().bucket(&bucket).key("key").send().await.unwrap();
    delete().await.unwrap();
    assert_eq!(refusal(client.head_bucket().bucket(&bucket).send().await).0, 404);
    assert_eq!(refusal(delete().await), refused(404, "NoSuchBucket"));
    let get = client.get_object().bucket(&bucket).key("key").send().await;
    assert_eq!(refusal(get), refused(404, "NoSuchBucket"));
    let put = client.put_object().bucket(&bucket).key("key").send().await;
    assert_eq!(refusal(put), refused(404, "NoSuchBucket"));
}

#[tokio::test]
async fn a_name_is_taken_once_and_must_be_one_that_s3_takes() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let again = cloud.client.create_bucket().bucket(&bucket).send().await;
    // The first region of S3 answers 200 here, for its history.
    if again.is_err() {
        assert_eq!(refusal(again), refused(409, "BucketAlreadyOwnedByYou"));
    }
    let bad = cloud.client.create_bucket().bucket("Not_A_Bucket").send().await;
    assert_eq!(refusal(bad), refused(400, "InvalidBucketName"));
}

#[tokio::test]
async fn versioning_is_off_then_enabled_then_suspended() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let status =
        || async { cloud.client.get_bucket_versioning().bucket(&bucket).send().await.unwrap().status };
    assert_eq!(status().await, None);
    for wanted in [BucketVersioningStatus::Enabled, BucketVersioningStatus::Suspended] {
        set_versioning(&cloud.client, &bucket, wanted.clone()).await;
        assert_eq!(status().await, Some(wanted));
    }
}

#[tokio::test]
async fn a_wrong_signature_an_unknown_key_and_no_signature_are_refused() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    put(&cloud.client, &bucket, "key", b"body").await;
    let access_key = env::var("TRUSTWATCH_S3_ACCESS_KEY").unwrap_or_else(|_| ACCESS_KEY.to_owned());
    let forger = client(&cloud.endpoint, &access_key, "not-the-secret");
    let forged = forger.get_object().bucket(&bucket).key("key").send().await;
    assert_eq!(refusal(forged), refused(403, "SignatureDoesNotMatch"));
    let forged = forger.put_object().bucket(&bucket).key("key").body(b"forged".to_vec().into()).send().await;
    assert_eq!(refusal(forged), refused(403, "SignatureDoesNotMatch"));

    let stranger = client(&cloud.endpoint, "nobody", SECRET_KEY);
    let strange = stranger.get_object().bucket(&bucket).key("key").send().await;
    assert_eq!(refusal(strange).0, 403);

    let answer = unsigned_get(&cloud.endpoint, &format!("/{bucket}/key")).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
    assert_eq!(get(&cloud.client, &bucket, "key").await, b"body");
}

#[tokio::test]
async fn what_is_not_there_says_not_implemented() {
    let cloud = Cloud::start().await;
    if env::var("TRUSTWATCH_S3_ENDPOINT").is_ok() {
        return;
    }
    let bucket = cloud.bucket().await;
    let tags = cloud.client.get_bucket_tagging().bucket(&bucket).send().await;
    assert_eq!(refusal(tags), refused(501, "NotImplemented"));
    let tagged = cloud.client.put_object().bucket(&bucket).key("key").tagging("a=b").send().await;
    assert_eq!(refusal(tagged), refused(501, "NotImplemented"));
}
