//! What the embedded store keeps when its process ends without a word, and what its outbox promises.

use crate::server::{
    ACCESS_KEY, Embedded, SECRET_KEY, blob_files, client, eventually, get, put, set_versioning,
};
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{BucketVersioningStatus, CompletedMultipartUpload, CompletedPart},
};
use std::{
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use trustwatch_local::s3::{
    Credentials, Durability, EventKind, ObjectEvent, Options, S3Store, StoreError, Versioning, serve,
};

/// Set for the copy of this test binary that is started to be killed.
const VICTIM_DIRECTORY: &str = "TRUSTWATCH_CONTRACT_VICTIM";

async fn versioned(embedded: &Embedded) {
    embedded.client.create_bucket().bucket("raw").send().await.unwrap();
    set_versioning(&embedded.client, "raw", BucketVersioningStatus::Enabled).await;
}

/// Not a case of its own: the server that `what_was_acknowledged_is_there_after_kill_9` kills.
#[tokio::test]
async fn victim() {
    let Ok(directory) = env::var(VICTIM_DIRECTORY) else { return };
    let store = Arc::new(S3Store::open(directory.as_ref()).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nlistening {}", listener.local_addr().unwrap());
    let credentials = Credentials { access_key: ACCESS_KEY.to_owned(), secret_key: SECRET_KEY.to_owned() };
    serve(listener, store, credentials).await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["durability::victim", "--exact", "--nocapture"])
        .env(VICTIM_DIRECTORY, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let address = lines.find_map(|line| line.unwrap().strip_prefix("listening ").map(str::to_owned)).unwrap();
    let killed = client(&format!("http://{address}"), ACCESS_KEY, SECRET_KEY);
    killed.create_bucket().bucket("raw").send().await.unwrap();
    set_versioning(&killed, "raw", BucketVersioningStatus::Enabled).await;
    let mut versions = Vec::new();
    for body in 0..20_u8 {
        versions.push(put(&killed, "raw", "key", &[body]).await);
    }
    // Writers are busy while the process dies, so that it dies in the middle of something.
    let busy = tokio::spawn({
        let killed = killed.clone();
        async move {
            let mut acknowledged = Vec::new();
            for at in 0.. {
                let body = ByteStream::from(vec![7; 200_000]);
                let key = format!("busy/{at}");
                match killed.put_object().bucket("raw").key(&key).body(body).send().await {
                    Ok(_) => acknowledged.push(key),
                    Err(_) => break,
                }
            }
            acknowledged
        }
    });
    tokio::time::sleep(Duration::from_millis(150)).await;
    victim.kill().unwrap();
    victim.wait().unwrap();
    let busy = busy.await.unwrap();
    assert!(!busy.is_empty());

    let after = Embedded::start(directory.path(), Durability::ProcessExit).await;
    for (body, version) in versions.iter().enumerate() {
        let got =
            after.client.get_object().bucket("raw").key("key").version_id(version).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), [u8::try_from(body).unwrap()]);
    }
    for key in &busy {
        assert_eq!(get(&after.client, "raw", key).await, vec![7; 200_000], "{key}");
    }
    let next = put(&after.client, "raw", "key", b"next").await;
    assert!(versions.iter().all(|version| *version < next), "version ids go on where they were");
    let events = after.store.events_after(0, 10_000).await.unwrap();
    let told = |key: &str| events.iter().any(|event| event.key == key);
    assert!(busy.iter().all(|key| told(key)), "every acknowledged object has its event");
    let listed = after.client.list_object_versions().bucket("raw").send().await.unwrap();
    assert_eq!(blob_files(directory.path()), listed.versions().len(), "no body without a row");
}

#[tokio::test]
async fn bodies_that_were_never_committed_are_swept_at_open() {
    let directory = tempfile::tempdir().unwrap();
    let before = Embedded::start(directory.path(), Durability::ProcessExit).await;
    versioned(&before).await;
    put(&before.client, "raw", "kept", b"kept").await;
    drop(before);
    // As a crash leaves them: one body renamed but without its row, one still being written.
    let blobs = directory.path().join("blobs");
    std::fs::create_dir(blobs.join("7f")).unwrap();
    std::fs::write(blobs.join("7f").join("000000000000ff7f"), b"renamed, not committed").unwrap();
    std::fs::write(blobs.join("tmp").join("000000000000ff80"), b"half a bo").unwrap();
    assert_eq!(blob_files(directory.path()), 3);

    let after = Embedded::start(directory.path(), Durability::ProcessExit).await;
    assert_eq!(blob_files(directory.path()), 1);
    assert_eq!(get(&after.client, "raw", "kept").await, b"kept");
}

#[tokio::test]
async fn a_body_that_the_client_does_not_finish_leaves_nothing() {
    use tokio::io::AsyncWriteExt;
    let directory = tempfile::tempdir().unwrap();
    let server = Embedded::start(directory.path(), Durability::ProcessExit).await;
    versioned(&server).await;
    let presigned = server
        .client
        .put_object()
        .bucket("raw")
        .key("half")
        .presigned(aws_sdk_s3::presigning::PresigningConfig::expires_in(Duration::from_secs(60)).unwrap())
        .await
        .unwrap();
    let host = server.endpoint.strip_prefix("http://").unwrap();
    let path = presigned.uri().strip_prefix(&server.endpoint).unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let head = format!("PUT {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5000000\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![1; 3_000_000]).await.unwrap();
    stream.flush().await.unwrap();
    eventually("the body is being written", || blob_files(directory.path()) == 1).await;
    drop(stream);
    eventually("nothing is left of it", || blob_files(directory.path()) == 0).await;
    let listed = server.client.list_object_versions().bucket("raw").send().await.unwrap();
    assert_eq!(listed.versions().len(), 0);
}

#[tokio::test]
async fn one_directory_is_open_in_one_place() {
    let directory = tempfile::tempdir().unwrap();
    let first = S3Store::open_with(directory.path(), Durability::ProcessExit).unwrap();
    let path = directory.path().to_owned();
    let open = move || S3Store::open_with(&path, Durability::ProcessExit);
    let second = tokio::task::spawn_blocking(open.clone()).await.unwrap();
    assert!(matches!(second, Err(StoreError::Locked)));
    drop(first);
    tokio::task::spawn_blocking(open).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_bucket_of_the_start_up_is_made_once_and_gets_its_versioning() {
    let directory = tempfile::tempdir().unwrap();
    let server = Embedded::start(directory.path(), Durability::ProcessExit).await;
    for versioning in [Versioning::Off, Versioning::Enabled, Versioning::Enabled] {
        server.store.ensure_bucket("raw", versioning).await.unwrap();
    }
    let shown = server.client.get_bucket_versioning().bucket("raw").send().await.unwrap();
    assert_eq!(shown.status(), Some(&BucketVersioningStatus::Enabled));
    let bad = server.store.ensure_bucket("Not_A_Bucket", Versioning::Off).await;
    assert!(matches!(bad, Err(StoreError::Refused(_))));
}

#[tokio::test]
async fn the_outbox_tells_every_new_object_in_order_until_it_is_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let server = Embedded::start(directory.path(), Durability::ProcessExit).await;
    versioned(&server).await;
    let client = &server.client;
    let version = put(client, "raw", "st-anne/proxy/a log+é.gz", b"hello").await;
    let copy =
        client.copy_object().bucket("raw").key("copy").copy_source("raw/st-anne/proxy/a%20log%2B%C3%A9.gz");
    copy.send().await.unwrap();
    let upload = client.create_multipart_upload().bucket("raw").key("big").send().await.unwrap();
    let upload = upload.upload_id.unwrap();
    let part = client.upload_part().bucket("raw").key("big").upload_id(&upload).part_number(1);
    let part = part.body(ByteStream::from_static(b"part")).send().await.unwrap();
    let one = CompletedPart::builder().part_number(1).set_e_tag(part.e_tag).build();
    let done = client.complete_multipart_upload().bucket("raw").key("big").upload_id(&upload);
    done.multipart_upload(CompletedMultipartUpload::builder().parts(one).build()).send().await.unwrap();
    // Neither a refused write nor a deletion is a new object.
    client.put_object().bucket("raw").key("copy").if_none_match("*").send().await.unwrap_err();
    client.delete_object().bucket("raw").key("copy").send().await.unwrap();

    let told = server.store.events_after(0, 10).await.unwrap();
    let kinds: Vec<(EventKind, &str)> = told.iter().map(|event| (event.kind, event.key.as_str())).collect();
    let expected = [
        (EventKind::Put, "st-anne/proxy/a log+é.gz"),
        (EventKind::Copy, "copy"),
        (EventKind::CompleteMultipartUpload, "big"),
    ];
    assert_eq!(kinds, expected);
    let first = &told[0];
    assert_eq!((first.bucket.as_str(), first.bytes), ("raw", 5));
    assert_eq!(first.version_id.as_deref(), Some(version.as_str()));
    assert_eq!(first.etag, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(server.store.events_after(first.sequence, 1).await.unwrap(), told[1..2], "after, and at most");

    server.store.acknowledge_events(first.sequence).await.unwrap();
    drop(server);
    let after = Embedded::start(directory.path(), Durability::ProcessExit).await;
    assert_eq!(after.store.events_after(0, 10).await.unwrap(), told[1..], "the rest comes again");
    let last = told[2].sequence;
    after.store.acknowledge_events(last).await.unwrap();
    assert_eq!(after.store.events_after(0, 10).await.unwrap(), []);
    put(&after.client, "raw", "new", b"").await;
    let new = after.store.events_after(0, 10).await.unwrap();
    assert!(new[0].sequence > last, "a sequence is never used twice");
}

#[tokio::test]
async fn a_dispatcher_that_waits_is_woken_and_misses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let server = Embedded::start(directory.path(), Durability::ProcessExit).await;
    versioned(&server).await;
    let dispatcher = tokio::spawn({
        let store = Arc::clone(&server.store);
        async move {
            let wake = store.event_notify();
            let mut seen: Vec<ObjectEvent> = Vec::new();
            while seen.len() < 50 {
                let events =
                    store.events_after(seen.last().map_or(0, |event| event.sequence), 7).await.unwrap();
                match events.last() {
                    Some(last) => store.acknowledge_events(last.sequence).await.unwrap(),
                    None => wake.notified().await,
                }
                seen.extend(events);
            }
            seen
        }
    });
    let puts = (0..50).map(|at| {
        let client = server.client.clone();
        async move { put(&client, "raw", &format!("{at}"), b"").await }
    });
    futures::future::join_all(puts).await;
    let seen = tokio::time::timeout(Duration::from_secs(10), dispatcher).await.unwrap().unwrap();
    assert_eq!(seen.len(), 50);
    assert!(seen.is_sorted_by_key(|event| event.sequence));
}

#[tokio::test]
async fn times_come_from_the_clock_that_was_given_and_order_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_700_000_000_250));
    let clock = Arc::clone(&now);
    let options = Options {
        durability: Durability::ProcessExit,
        clock: Arc::new(move || jiff::Timestamp::from_millisecond(clock.load(Ordering::Relaxed)).unwrap()),
        ..Options::default()
    };
    let server = Embedded::start(directory.path(), options).await;
    versioned(&server).await;
    put(&server.client, "raw", "key", b"first").await;
    // The clock goes back; the second write is the newest all the same.
    now.store(1_600_000_000_750, Ordering::Relaxed);
    put(&server.client, "raw", "key", b"second").await;
    let head = server.client.head_object().bucket("raw").key("key").send().await.unwrap();
    assert_eq!(head.last_modified().unwrap().secs(), 1_600_000_000);
    assert_eq!(get(&server.client, "raw", "key").await, b"second");
    let listed = server.client.list_object_versions().bucket("raw").send().await.unwrap();
    let times: Vec<i64> = listed
        .versions()
        .iter()
        .map(|version| version.last_modified().unwrap().to_millis().unwrap())
        .collect();
    assert_eq!(times, [1_600_000_000_750, 1_700_000_000_250]);
    let events = server.store.events_after(0, 10).await.unwrap();
    assert_eq!(events[1].event_time.as_millisecond(), 1_600_000_000_750);
}
