//! The HTTP endpoint through the real SDK.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use trustwatch_local::queue::{Credentials, NewMessage, router};

use super::support::{Bench, START_MS, VISIBILITY_MS};

const KEY: &str = "AKIDLOCAL";
const SECRET: &str = "secret";

fn client(endpoint: &str, key: &str, secret: &str) -> Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .endpoint_url(endpoint)
        .credentials_provider(SdkCredentials::new(key, secret, None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The endpoint at the root of an ephemeral port, and below a path.
async fn serve(bench: &Bench) -> String {
    let credentials = Credentials { access_key: KEY.to_owned(), secret_key: SECRET.to_owned() };
    let root = router(bench.store.clone(), credentials);
    let app = root.clone().nest_service("/sqs", root);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    endpoint
}

async fn connected(bench: &Bench) -> (Client, String) {
    let client = client(&serve(bench).await, KEY, SECRET);
    let url = client.get_queue_url().queue_name("work").send().await.unwrap().queue_url.unwrap();
    (client, url)
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    error.code().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    assert!(url.ends_with("/000000000000/work"), "{url}");
    let text = MessageAttributeValue::builder().data_type("String").string_value("v").build().unwrap();
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("caf\u{e9}\n")
        .message_attributes("kind", text)
        .send()
        .await
        .unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("6e99834b7c3e3fd53529a5489725d7e8"));

    let received = client
        .receive_message()
        .queue_url(&url)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .unwrap();
    let [message] = received.messages() else { panic!("one message was sent") };
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.body(), Some("caf\u{e9}\n"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(message.message_attributes().unwrap()["kind"].string_value(), Some("v"));
    let system = message.attributes().unwrap();
    assert_eq!(system[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    assert_eq!(system[&MessageSystemAttributeName::SentTimestamp], START_MS.to_string());
    assert!(client.receive_message().queue_url(&url).send().await.unwrap().messages().is_empty());

    let handle = message.receipt_handle().unwrap();
    for _ in 0..2 {
        // The second time is what a client does whose first answer was lost.
        client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
    }
    bench.clock.advance(10 * VISIBILITY_MS);
    assert!(client.receive_message().queue_url(&url).send().await.unwrap().messages().is_empty());
}

#[tokio::test]
async fn visibility_is_changed_and_runs_out() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    client.send_message().queue_url(&url).message_body("a").send().await.unwrap();
    let take = || client.receive_message().queue_url(&url).send();
    let change = |handle: String, seconds| {
        client
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    let first = take().await.unwrap().messages.unwrap().remove(0).receipt_handle.unwrap();
    change(first.clone(), 10).await.unwrap();
    bench.clock.advance(9_999);
    assert!(take().await.unwrap().messages().is_empty());
    bench.clock.advance(1);
    let error = change(first.clone(), 10).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_message_not_inflight(), "{error:?}");

    let second = take().await.unwrap().messages.unwrap().remove(0).receipt_handle.unwrap();
    let error = change(first.clone(), 0).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_receipt_handle_is_invalid(), "{error:?}");
    let error = client.delete_message().queue_url(&url).receipt_handle(first).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_receipt_handle_is_invalid(), "{error:?}");
    change(second, 0).await.unwrap();
    let third = client.receive_message().queue_url(&url).visibility_timeout(1).send().await.unwrap();
    assert_eq!(third.messages().len(), 1);
    bench.clock.advance(1_000);
    bench.until_counts((1, 0, 0)).await;
}

#[tokio::test]
async fn attributes_count_what_is_where() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    for body in ["a", "b", "c"] {
        client.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    client.send_message().queue_url(&url).message_body("d").delay_seconds(5).send().await.unwrap();
    client.receive_message().queue_url(&url).send().await.unwrap();
    let ask = |name| client.get_queue_attributes().queue_url(&url).attribute_names(name).send();
    let found = ask(QueueAttributeName::All).await.unwrap().attributes.unwrap();
    assert_eq!(found[&QueueAttributeName::ApproximateNumberOfMessages], "2");
    assert_eq!(found[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "1");
    assert_eq!(found[&QueueAttributeName::ApproximateNumberOfMessagesDelayed], "1");
    assert_eq!(found[&QueueAttributeName::VisibilityTimeout], "60");
    assert_eq!(found[&QueueAttributeName::QueueArn], "arn:aws:sqs:eu-west-2:000000000000:work");
    assert!(found[&QueueAttributeName::RedrivePolicy].contains(":dead"));
    let one = ask(QueueAttributeName::VisibilityTimeout).await.unwrap().attributes.unwrap();
    assert_eq!(one.len(), 1);
    let error = ask(QueueAttributeName::from("Nonsense")).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_invalid_attribute_name(), "{error:?}");
}

#[tokio::test]
async fn batches_answer_for_each_entry() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    let entry = |id: &str, body: &str| {
        SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
    };
    let send = |entries| client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send();
    let sent = send(vec![entry("good", "a"), entry("bad", "\u{1}"), entry("late", "b")]).await.unwrap();
    let ids: Vec<&str> = sent.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, ["good", "late"]);
    let [failed] = sent.failed() else { panic!("one entry is bad") };
    assert_eq!((failed.id(), failed.code(), failed.sender_fault()), ("bad", "InvalidMessageContents", true));

    let error = send(vec![]).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_empty_batch_request(), "{error:?}");
    let error = send(vec![entry("x", "a"), entry("x", "b")]).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_batch_entry_ids_not_distinct(), "{error:?}");
    let eleven = (0..11).map(|n| entry(&n.to_string(), "a")).collect();
    let error = send(eleven).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_too_many_entries_in_batch_request(), "{error:?}");
    let half = "x".repeat(600_000);
    let error = send(vec![entry("1", &half), entry("2", &half)]).await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_batch_request_too_long(), "{error:?}");
    assert_eq!(bench.counts().await, (2, 0, 0), "a batch that is refused sends nothing");

    let received = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    let mut entries: Vec<_> = received
        .messages()
        .iter()
        .enumerate()
        .map(|(n, message)| {
            let handle = message.receipt_handle().unwrap();
            DeleteMessageBatchRequestEntry::builder()
                .id(n.to_string())
                .receipt_handle(handle)
                .build()
                .unwrap()
        })
        .collect();
    let nonsense = DeleteMessageBatchRequestEntry::builder().id("n").receipt_handle("nonsense");
    entries.push(nonsense.build().unwrap());
    let deleted =
        client.delete_message_batch().queue_url(&url).set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(bench.counts().await, (0, 0, 0));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    let poll = tokio::spawn(client.receive_message().queue_url(&url).wait_time_seconds(10).send());
    super::support::settle().await;
    let started = std::time::Instant::now();
    bench.store.send("work", NewMessage::new("a")).await.unwrap();
    assert_eq!(poll.await.unwrap().unwrap().messages().len(), 1);
    assert!(started.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn mistakes_are_the_sdks_own_errors() {
    let bench = Bench::new().await;
    let (client, url) = connected(&bench).await;
    let error = client.get_queue_url().queue_name("nope").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_does_not_exist(), "{error:?}");
    let error = client.receive_message().queue_url(url.replace("work", "nope")).send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_queue_does_not_exist(), "{error:?}");
    let error = client.delete_message().queue_url(&url).receipt_handle("x").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_receipt_handle_is_invalid(), "{error:?}");
    let error = client.send_message().queue_url(&url).message_body("\u{0}").send().await.unwrap_err();
    assert!(error.as_service_error().unwrap().is_invalid_message_contents(), "{error:?}");
    let error = client.purge_queue().queue_url(&url).send().await.unwrap_err();
    assert_eq!(code(&error), "InvalidAction");
    for (most, wait, hidden) in [(0, 0, 0), (11, 0, 0), (1, 21, 0), (1, 0, -1), (1, 0, 43_201)] {
        let request = client.receive_message().queue_url(&url).max_number_of_messages(most);
        let error = request.wait_time_seconds(wait).visibility_timeout(hidden).send().await.unwrap_err();
        assert_eq!(code(&error), "InvalidParameterValue", "{most} {wait} {hidden}");
    }
    let long = client.send_message().queue_url(&url).message_body("a").delay_seconds(901).send().await;
    assert_eq!(code(&long.unwrap_err()), "InvalidParameterValue");
}

#[tokio::test]
async fn only_the_holder_of_the_key_is_served() {
    let bench = Bench::new().await;
    let endpoint = serve(&bench).await;
    let ask = |key, secret| client(&endpoint, key, secret).get_queue_url().queue_name("work").send();
    assert_eq!(code(&ask("AKIDOTHER", SECRET).await.unwrap_err()), "InvalidClientTokenId");
    assert_eq!(code(&ask(KEY, "guessed").await.unwrap_err()), "SignatureDoesNotMatch");
    assert!(ask(KEY, SECRET).await.is_ok());
}

#[tokio::test]
async fn the_endpoint_works_below_a_path() {
    let bench = Bench::new().await;
    let endpoint = format!("{}/sqs", serve(&bench).await);
    let client = client(&endpoint, KEY, SECRET);
    let url = client.get_queue_url().queue_name("work").send().await.unwrap().queue_url.unwrap();
    assert_eq!(url, format!("{endpoint}/000000000000/work"));
    client.send_message().queue_url(&url).message_body("a").send().await.unwrap();
    assert_eq!(bench.counts().await, (1, 0, 0));
}
