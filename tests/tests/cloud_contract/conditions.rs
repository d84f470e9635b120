//! Conditions of writes and reads: the ground on which every commit of the pipeline stands.

use crate::server::{Cloud, eventually, get, put, refusal, refused};
use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{CompletedMultipartUpload, CompletedPart},
};
use futures::future::join_all;

const RACERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn of_16_writers_of_a_new_key_one_wins_and_15_are_told_so() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let before = cloud.blob_files();
    let racers = (0..RACERS).map(|racer| {
        let body = ByteStream::from(format!("racer {racer}").into_bytes());
        let put = cloud.client.put_object().bucket(&bucket).key("manifest").if_none_match("*").body(body);
        async move { (racer, put.send().await) }
    });
    let (won, lost): (Vec<_>, Vec<_>) =
        join_all(racers).await.into_iter().partition(|(_, outcome)| outcome.is_ok());
    assert_eq!(won.len(), 1);
    assert_eq!(lost.len(), RACERS - 1);
    for (_, outcome) in lost {
        assert_eq!(refusal(outcome), refused(412, "PreconditionFailed"));
    }
    assert_eq!(get(&cloud.client, &bucket, "manifest").await, format!("racer {}", won[0].0).as_bytes());
    eventually("only the winner's body is kept", || {
        cloud.blob_files().zip(before).is_none_or(|(now, before)| now == before + 1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_writers_over_the_same_etag_one_wins() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    put(&cloud.client, &bucket, "state", b"start").await;
    let head = cloud.client.head_object().bucket(&bucket).key("state").send().await.unwrap();
    let etag = head.e_tag.unwrap();
    let racers = (0..RACERS).map(|racer| {
        let body = ByteStream::from(format!("racer {racer}").into_bytes());
        cloud.client.put_object().bucket(&bucket).key("state").if_match(&etag).body(body).send()
    });
    let outcomes = join_all(racers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(outcome), refused(412, "PreconditionFailed"));
    }
    let versions = cloud.client.list_object_versions().bucket(&bucket).send().await.unwrap();
    assert_eq!(versions.versions().len(), 2, "the losers left no version");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_16_completions_of_different_uploads_to_a_new_key_one_wins() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let racers = (0..RACERS).map(|racer| {
        let bucket = &bucket;
        async move {
            let created = client.create_multipart_upload().bucket(bucket).key("big").send().await.unwrap();
            let upload = created.upload_id.unwrap();
            let body = ByteStream::from(format!("racer {racer}").into_bytes());
            let part = client.upload_part().bucket(bucket).key("big").upload_id(&upload).part_number(1);
            let part = part.body(body).send().await.unwrap();
            let done = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
            let done = CompletedMultipartUpload::builder().parts(done).build();
            let complete = client.complete_multipart_upload().bucket(bucket).key("big").upload_id(upload);
            complete.multipart_upload(done).if_none_match("*").send().await
        }
    });
    let outcomes = join_all(racers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert_eq!(refusal(outcome), refused(412, "PreconditionFailed"));
    }
}

#[tokio::test]
async fn a_delete_marker_counts_as_no_object() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    put(&cloud.client, &bucket, "key", b"first").await;
    let again = || cloud.client.put_object().bucket(&bucket).key("key").if_none_match("*").send();
    assert_eq!(refusal(again().await), refused(412, "PreconditionFailed"));
    cloud.client.delete_object().bucket(&bucket).key("key").send().await.unwrap();
    again().await.unwrap();
}

#[tokio::test]
async fn an_overwrite_of_nothing_is_no_such_key() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let put = cloud.client.put_object().bucket(&bucket).key("key").if_match("\"00\"").send().await;
    assert_eq!(refusal(put), refused(404, "NoSuchKey"));
}

#[tokio::test]
async fn reads_answer_304_and_412_by_etag_and_time() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    put(&cloud.client, &bucket, "key", b"body").await;
    let head = cloud.client.head_object().bucket(&bucket).key("key").send().await.unwrap();
    let (etag, modified) = (head.e_tag.unwrap(), head.last_modified.unwrap());
    let past = DateTime::from_secs(modified.secs() - 3600);
    let get = || cloud.client.get_object().bucket(&bucket).key("key");
    let status = |outcome: Result<_, _>| refusal(outcome).0;

    assert_eq!(status(get().if_none_match(&etag).send().await), 304);
    assert_eq!(status(get().if_modified_since(modified).send().await), 304);
    assert_eq!(refusal(get().if_match("\"00\"").send().await), refused(412, "PreconditionFailed"));
    assert_eq!(refusal(get().if_unmodified_since(past).send().await), refused(412, "PreconditionFailed"));
    get().if_match(&etag).send().await.unwrap();
    get().if_none_match("\"00\"").send().await.unwrap();
    get().if_modified_since(past).send().await.unwrap();
    get().if_unmodified_since(modified).send().await.unwrap();
    // The ETag wins over the date, in both directions.
    get().if_match(&etag).if_unmodified_since(past).send().await.unwrap();
    get().if_none_match("\"00\"").if_modified_since(modified).send().await.unwrap();

    let head = cloud.client.head_object().bucket(&bucket).key("key").if_none_match(&etag).send().await;
    assert_eq!(refusal(head).0, 304);
}

#[tokio::test]
async fn a_delete_with_another_etag_deletes_nothing() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    put(&cloud.client, &bucket, "key", b"body").await;
    let delete = cloud.client.delete_object().bucket(&bucket).key("key").if_match("\"00\"").send().await;
    assert_eq!(refusal(delete), refused(412, "PreconditionFailed"));
    assert_eq!(get(&cloud.client, &bucket, "key").await, b"body");
}
