//! Multipart uploads.

use crate::server::{Cloud, Embedded, eventually, get, put, refusal, refused};
use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart},
};
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use trustwatch_local::s3::{Durability, Options};

/// S3 wants 5 MiB of every part but the last; the embedded store does not, and quick tests need that.
const PART_BYTES: usize = 5 << 20;

async fn begin(client: &Client, bucket: &str, key: &str) -> String {
    let created = client.create_multipart_upload().bucket(bucket).key(key).metadata("a", "1").send().await;
    created.unwrap().upload_id.unwrap()
}

async fn part(
    client: &Client,
    bucket: &str,
    key: &str,
    upload: &str,
    number: i32,
    body: &[u8],
) -> CompletedPart {
    let request = client.upload_part().bucket(bucket).key(key).upload_id(upload).part_number(number);
    let sent = request.body(ByteStream::from(body.to_vec())).send().await.unwrap();
    CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build()
}

fn list(parts: &[CompletedPart]) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec())).build()
}

#[tokio::test]
async fn parts_become_one_object_with_an_etag_of_their_number() {
    let cloud = Cloud::start().await;
    let bucket = cloud.versioned_bucket().await;
    let client = &cloud.client;
    let before = cloud.blob_files();
    let upload = begin(client, &bucket, "big").await;
    let first = vec![b'1'; PART_BYTES];
    let last = b"the end".to_vec();
    // Parts may come in any order, and one may be sent again.
    let two = part(client, &bucket, "big", &upload, 2, &last).await;
    part(client, &bucket, "big", &upload, 1, b"to be replaced").await;
    let one = part(client, &bucket, "big", &upload, 1, &first).await;

    let listed = client.list_parts().bucket(&bucket).key("big").upload_id(&upload).max_parts(1);
    let listed = listed.send().await.unwrap();
    assert_eq!(listed.parts()[0].part_number(), Some(1));
    assert_eq!(listed.parts()[0].e_tag(), one.e_tag());
    assert_eq!(listed.is_truncated(), Some(true));
    let listed = client.list_parts().bucket(&bucket).key("big").upload_id(&upload).part_number_marker("1");
    let listed = listed.send().await.unwrap();
    assert_eq!(listed.parts().len(), 1);
    assert_eq!(listed.parts()[0].size(), Some(7));
    let unseen = client.get_object().bucket(&bucket).key("big").send().await;
    assert_eq!(refusal(unseen), refused(404, "NoSuchKey"), "before the completion");

    let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
    let done = done.multipart_upload(list(&[one, two])).send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-2\""));
    assert!(done.version_id().is_some());
    let body = get(client, &bucket, "big").await;
    assert_eq!(body.len(), first.len() + last.len());
    assert!(body.starts_with(&first) && body.ends_with(&last));
    let head = client.head_object().bucket(&bucket).key("big").send().await.unwrap();
    assert_eq!(head.metadata().unwrap().get("a").map(String::as_str), Some("1"));
    assert_eq!(head.e_tag(), done.e_tag());
    let again = client.list_parts().bucket(&bucket).key("big").upload_id(&upload).send().await;
    assert_eq!(refusal(again), refused(404, "NoSuchUpload"));
    eventually("only the whole is kept", || {
        cloud.blob_files().zip(before).is_none_or(|(now, before)| now == before + 1)
    })
    .await;
}

#[tokio::test]
async fn the_etag_is_the_md5_of_the_parts_md5s() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let upload = begin(client, &bucket, "big").await;
    let one = part(client, &bucket, "big", &upload, 1, b"hello").await;
    let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
    let done = done.multipart_upload(list(&[one])).send().await.unwrap();
    // printf hello | md5sum | cut -d' ' -f1 | xxd -r -p | md5sum
    assert_eq!(done.e_tag(), Some("\"62109206880d38a4010a98e11243924a-1\""));
}

#[tokio::test]
async fn a_completion_with_wrong_parts_is_refused_and_the_upload_stays() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let upload = begin(client, &bucket, "big").await;
    let one = part(client, &bucket, "big", &upload, 1, &vec![b'1'; PART_BYTES]).await;
    let two = part(client, &bucket, "big", &upload, 2, b"2").await;
    let complete = |parts: &[CompletedPart]| {
        let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
        done.multipart_upload(list(parts)).send()
    };
    let wrong = CompletedPart::builder().part_number(2).set_e_tag(one.e_tag.clone()).build();
    let missing = CompletedPart::builder().part_number(3).set_e_tag(one.e_tag.clone()).build();
    assert_eq!(refusal(complete(&[two.clone(), one.clone()]).await), refused(400, "InvalidPartOrder"));
    assert_eq!(refusal(complete(&[one.clone(), wrong]).await), refused(400, "InvalidPart"));
    assert_eq!(refusal(complete(&[one.clone(), missing]).await), refused(400, "InvalidPart"));
    assert_eq!(refusal(complete(&[]).await), refused(400, "MalformedXML"));
    complete(&[one, two]).await.unwrap();
}

#[tokio::test]
async fn a_condition_that_fails_leaves_the_upload() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    put(client, &bucket, "big", b"already here").await;
    let upload = begin(client, &bucket, "big").await;
    let one = part(client, &bucket, "big", &upload, 1, b"1").await;
    let complete = || {
        let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
        done.multipart_upload(list(std::slice::from_ref(&one)))
    };
    assert_eq!(refusal(complete().if_none_match("*").send().await), refused(412, "PreconditionFailed"));
    complete().send().await.unwrap();
    assert_eq!(get(client, &bucket, "big").await, b"1");
}

#[tokio::test]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let before = cloud.blob_files();
    let kept = begin(client, &bucket, "dir/kept").await;
    let upload = begin(client, &bucket, "dir/aborted").await;
    let one = part(client, &bucket, "dir/aborted", &upload, 1, b"1").await;
    let uploads = client.list_multipart_uploads().bucket(&bucket).prefix("dir/").send().await.unwrap();
    let keys: Vec<&str> = uploads.uploads().iter().map(|upload| upload.key().unwrap()).collect();
    assert_eq!(keys, ["dir/aborted", "dir/kept"]);
    let folded = client.list_multipart_uploads().bucket(&bucket).delimiter("/").send().await.unwrap();
    assert_eq!(folded.common_prefixes().len(), 1);
    let page = client.list_multipart_uploads().bucket(&bucket).max_uploads(1).send().await.unwrap();
    let page = client
        .list_multipart_uploads()
        .bucket(&bucket)
        .key_marker(page.next_key_marker().unwrap())
        .upload_id_marker(page.next_upload_id_marker().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(page.uploads().len(), 1);
    assert_eq!(page.uploads()[0].upload_id(), Some(kept.as_str()));

    let abort =
        || client.abort_multipart_upload().bucket(&bucket).key("dir/aborted").upload_id(&upload).send();
    abort().await.unwrap();
    assert_eq!(refusal(abort().await), refused(404, "NoSuchUpload"));
    let done = client.complete_multipart_upload().bucket(&bucket).key("dir/aborted").upload_id(&upload);
    let done = done.multipart_upload(list(&[one])).send().await;
    assert_eq!(refusal(done), refused(404, "NoSuchUpload"));
    let late = client.upload_part().bucket(&bucket).key("dir/aborted").upload_id(&upload).part_number(1);
    let late = late.body(ByteStream::from_static(b"late")).send().await;
    assert_eq!(refusal(late), refused(404, "NoSuchUpload"));
    let stranger = client.list_parts().bucket(&bucket).key("other").upload_id(&kept).send().await;
    assert_eq!(refusal(stranger), refused(404, "NoSuchUpload"), "an upload belongs to its key");
    eventually("no part is left", || cloud.blob_files() == before).await;
}

#[tokio::test]
async fn an_upload_that_nobody_ends_is_given_up_after_a_week() {
    let directory = tempfile::tempdir().unwrap();
    let now_ms = Arc::new(AtomicI64::new(1_800_000_000_000));
    let read = Arc::clone(&now_ms);
    let clock = Arc::new(move || jiff::Timestamp::from_millisecond(read.load(Ordering::Relaxed)).unwrap());
    let options = Options { durability: Durability::ProcessExit, clock, ..Options::default() };
    let embedded = Embedded::start(directory.path(), options).await;
    let client = &embedded.client;
    client.create_bucket().bucket("uploads").send().await.unwrap();
    let left = begin(client, "uploads", "left").await;
    part(client, "uploads", "left", &left, 1, b"half of it").await;
    let keys = async || {
        let uploads = client.list_multipart_uploads().bucket("uploads").send().await.unwrap();
        uploads.uploads().iter().map(|upload| upload.key().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (passed_ms, key, wanted) in
        [(7 * 86_400_000, "next", ["left", "next"]), (1, "last", ["last", "next"])]
    {
        now_ms.fetch_add(passed_ms, Ordering::Relaxed);
        begin(client, "uploads", key).await;
        assert_eq!(keys().await, wanted);
    }
    let blobs = || walk(&directory.path().join("blobs"));
    eventually("its parts are gone", || blobs() == 0).await;
}

/// How many files are under a directory.
fn walk(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { walk(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_part_can_be_a_range_of_an_object() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    put(client, &bucket, "source", b"0123456789").await;
    let upload = begin(client, &bucket, "big").await;
    let copied = client.upload_part_copy().bucket(&bucket).key("big").upload_id(&upload).part_number(1);
    let copied = copied.copy_source(format!("{bucket}/source")).copy_source_range("bytes=2-5").send().await;
    let etag = copied.unwrap().copy_part_result.unwrap().e_tag;
    let one = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
    let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
    done.multipart_upload(list(&[one])).send().await.unwrap();
    assert_eq!(get(client, &bucket, "big").await, b"2345");
}

#[tokio::test]
async fn checksums_of_parts_and_of_the_whole_are_verified() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket().await;
    let client = &cloud.client;
    let created = client.create_multipart_upload().bucket(&bucket).key("big");
    let created = created.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await.unwrap();
    let upload = created.upload_id.unwrap();
    let damaged = client.upload_part().bucket(&bucket).key("big").upload_id(&upload).part_number(1);
    let damaged = damaged.checksum_crc32("AAAAAA==").body(ByteStream::from_static(b"hello")).send().await;
    assert_eq!(refusal(damaged), refused(400, "BadDigest"));
    let good = client.upload_part().bucket(&bucket).key("big").upload_id(&upload).part_number(1);
    let good = good.checksum_algorithm(ChecksumAlgorithm::Crc32).body(ByteStream::from_static(b"hello"));
    let good = good.send().await.unwrap();
    let one = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(good.e_tag)
        .set_checksum_crc32(good.checksum_crc32)
        .build();
    let complete = || {
        let done = client.complete_multipart_upload().bucket(&bucket).key("big").upload_id(&upload);
        done.multipart_upload(list(std::slice::from_ref(&one)))
    };
    assert_eq!(refusal(complete().checksum_crc32("AAAAAA==-1").send().await), refused(400, "BadDigest"));
    complete().send().await.unwrap();
    let head = client.head_object().bucket(&bucket).key("big").checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.unwrap();
    // The CRC-32 of the four bytes of the part's CRC-32.
    let expected = {
        use std::io::Write;
        let mut crc = flate2::CrcWriter::new(std::io::sink());
        crc.write_all(&[0x36, 0x10, 0xa6, 0x86]).unwrap();
        crc.crc().sum().to_be_bytes()
    };
    assert_eq!(head.checksum_crc32(), Some(format!("{}-1", base64(&expected)).as_str()));
    assert_eq!(get(client, &bucket, "big").await, b"hello");
}

/// Four bytes in base64.
fn base64(bytes: &[u8; 4]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = u64::from(u32::from_be_bytes(*bytes)) << 4;
    let digits =
        (0..6).rev().map(|digit| char::from(ALPHABET[usize::try_from(bits >> (6 * digit) & 63).unwrap()]));
    digits.chain("==".chars()).collect()
}
