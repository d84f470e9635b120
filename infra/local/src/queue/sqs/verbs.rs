//! The verbs: each reads its request, calls the store, and gives the answer that the SDK expects.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::super::batch::{ACCOUNT, queue_arn, system_attributes};
use super::super::message::{Attribute, NewMessage, Received, md5_hex, md5_of_attributes};
use super::super::spec::{BATCH_MAX, BODY_BYTES_MAX};
use super::super::store::QueueStore;
use super::requests::{
    Batch, ChangeMessageVisibility, DeleteEntry, DeleteMessage, GetQueueAttributes, GetQueueUrl, Message,
    ReceiveMessage, SendEntry, SendMessage,
};
use crate::aws_json::{ApiError, parse};

/// The longest wait of a receive for a first message, s.
const WAIT_S_MAX: i64 = 20;

pub(super) async fn call(
    store: &QueueStore,
    verb: &str,
    base_url: &str,
    body: &[u8],
) -> Result<Value, ApiError> {
    match verb {
        "GetQueueUrl" => get_queue_url(store, base_url, &parse(body)?),
        "SendMessage" => send_message(store, parse(body)?).await,
        "SendMessageBatch" => send_message_batch(store, parse(body)?).await,
        "ReceiveMessage" => receive_message(store, &parse(body)?).await,
        "DeleteMessage" => delete_message(store, &parse(body)?).await,
        "DeleteMessageBatch" => delete_message_batch(store, parse(body)?).await,
        "ChangeMessageVisibility" => change_message_visibility(store, &parse(body)?).await,
        "GetQueueAttributes" => get_queue_attributes(store, &parse(body)?).await,
        _ => Err(ApiError::invalid_action(verb)),
    }
}

/// The queue of a URL `…/<account>/<queue>`.
fn queue_of(url: &str) -> Result<&str, ApiError> {
    let mut parts = url.rsplit('/');
    match (parts.next(), parts.next()) {
        (Some(queue), Some(ACCOUNT)) => Ok(queue),
        _ => Err(ApiError::new("InvalidAddress", "the queue URL does not end in account and queue")),
    }
}

fn milliseconds(field: &str, seconds: i64) -> Result<u64, ApiError> {
    let seconds =
        u64::try_from(seconds).map_err(|_| ApiError::invalid(format!("{field} must not be negative")))?;
    Ok(seconds.saturating_mul(1000))
}

fn get_queue_url(store: &QueueStore, base_url: &str, request: &GetQueueUrl) -> Result<Value, ApiError> {
    let spec = store.spec(&request.queue_name)?;
    Ok(json!({ "QueueUrl": format!("{base_url}/{ACCOUNT}/{}", spec.name) }))
}

/// The message that a request asks to send, checked.
fn new_message(message: Message) -> Result<NewMessage, ApiError> {
    if message.message_group_id.is_some() || message.message_deduplication_id.is_some() {
        return Err(ApiError::invalid("group and deduplication ids are for FIFO queues, and this is none"));
    }
    for attribute in message.message_attributes.values() {
        let is_valued = attribute.string_value.is_some() != attribute.binary_value.is_some();
        let kind = attribute.data_type.split('.').next().unwrap_or_default();
        let is_binary = attribute.binary_value.is_some();
        if !is_valued || !matches!((kind, is_binary), ("String" | "Number", false) | ("Binary", true)) {
            return Err(ApiError::invalid("a message attribute has a type that does not fit its value"));
        }
    }
    let message = NewMessage {
        delay_ms: milliseconds("DelaySeconds", message.delay_seconds.unwrap_or(0))?,
        body: message.message_body,
        deduplication_key: None,
        attributes: message.message_attributes,
    };
    message.check()?;
    Ok(message)
}

/// What the sender gets to compare with what it meant to send.
fn digests(message: &NewMessage) -> Map<String, Value> {
    let mut digests = Map::new();
    digests.insert("MD5OfMessageBody".to_owned(), md5_hex(message.body.as_bytes()).into());
    if let Some(md5) = md5_of_attributes(&message.attributes) {
        digests.insert("MD5OfMessageAttributes".to_owned(), md5.into());
    }
    digests
}

async fn send_message(store: &QueueStore, request: SendMessage) -> Result<Value, ApiError> {
    let queue = queue_of(&request.queue_url)?;
    store.spec(queue)?;
    let message = new_message(request.message)?;
    let mut answer = digests(&message);
    let sent = store.send(queue, message).await?;
    answer.insert("MessageId".to_owned(), sent.id.into());
    Ok(answer.into())
}

/// Refuses a batch as a whole for what SQS refuses it for.
fn check_batch<'a>(ids: impl ExactSizeIterator<Item = &'a str>) -> Result<(), ApiError> {
    match ids.len() {
        0 => return Err(ApiError::empty_batch()),
        1..=BATCH_MAX => {}
        _ => return Err(ApiError::long_batch()),
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(ApiError::repeated_id());
        }
    }
    Ok(())
}

fn failed_entry(id: &str, error: &ApiError) -> Value {
    json!({
        "Id": id, "Code": error.code(), "Message": error.message(), "SenderFault": error.is_fault_of_sender(),
    })
}

async fn send_message_batch(store: &QueueStore, request: Batch<SendEntry>) -> Result<Value, ApiError> {
    let queue = queue_of(&request.queue_url)?;
    store.spec(queue)?;
    check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let bytes: usize = request.entries.iter().map(|entry| entry.message.message_body.len()).sum();
    if bytes > BODY_BYTES_MAX {
        return Err(ApiError::heavy_batch());
    }
    let (mut answers, mut messages, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for entry in request.entries {
        match new_message(entry.message) {
            Ok(message) => {
                let mut answer = digests(&message);
                answer.insert("Id".to_owned(), entry.id.into());
                answers.push(answer);
                messages.push((queue.to_owned(), message));
            }
            Err(error) => failed.push(failed_entry(&entry.id, &error)),
        }
    }
    let sent = store.send_all(messages).await?;
    for (answer, sent) in answers.iter_mut().zip(sent) {
        answer.insert("MessageId".to_owned(), sent.id.into());
    }
    Ok(json!({ "Successful": answers, "Failed": failed }))
}

async fn receive_message(store: &QueueStore, request: &ReceiveMessage) -> Result<Value, ApiError> {
    let queue = queue_of(&request.queue_url)?;
    let most = request.max_number_of_messages.unwrap_or(1);
    let most = usize::try_from(most).ok().filter(|most| (1..=BATCH_MAX).contains(most));
    let most = most.ok_or_else(|| ApiError::invalid("MaxNumberOfMessages must be between 1 and 10"))?;
    let visibility_ms =
        request.visibility_timeout.map(|seconds| milliseconds("VisibilityTimeout", seconds)).transpose()?;
    let wait_s = request.wait_time_seconds.unwrap_or(0);
    if !(0..=WAIT_S_MAX).contains(&wait_s) {
        return Err(ApiError::invalid("WaitTimeSeconds must be between 0 and 20"));
    }
    let wait = Duration::from_millis(milliseconds("WaitTimeSeconds", wait_s)?);
    let received = receive_within(store, queue, most, visibility_ms, wait).await?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let messages: Vec<Value> = received.iter().map(|message| message_out(message, request)).collect();
    Ok(json!({ "Messages": messages }))
}

/// Receives, and waits for a first message up to `wait`.
async fn receive_within(
    store: &QueueStore,
    queue: &str,
    most: usize,
    visibility_ms: Option<u64>,
    wait: Duration,
) -> Result<Vec<Received>, ApiError> {
    let until = Instant::now() + wait;
    let mut changes = store.changes(queue)?;
    let clock = store.clock();
    loop {
        changes.mark_unchanged();
        let received = store.receive(queue, most, visibility_ms).await?;
        if !received.is_empty() || Instant::now() >= until {
            return Ok(received);
        }
        let next_ms = store.next_visible_ms(queue).await?.unwrap_or(i64::MAX);
        tokio::select! {
            _ = changes.changed() => {}
            () = clock.sleep_until(next_ms) => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

fn message_out(message: &Received, request: &ReceiveMessage) -> Value {
    let mut out = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": md5_hex(message.body.as_bytes()),
    });
    let Some(fields) = out.as_object_mut() else { return out };
    let wanted: BTreeSet<&str> = request
        .attribute_names
        .iter()
        .chain(&request.message_system_attribute_names)
        .map(String::as_str)
        .collect();
    let mut system = system_attributes(message);
    system.retain(|name, _| wanted.contains("All") || wanted.contains(name.as_str()));
    if !system.is_empty() {
        fields.insert("Attributes".to_owned(), system.into());
    }
    let attributes: BTreeMap<String, Attribute> = message
        .attributes
        .iter()
        .filter(|(name, _)| request.message_attribute_names.iter().any(|pattern| matches_name(pattern, name)))
        .map(|(name, attribute)| (name.clone(), attribute.clone()))
        .collect();
    if let (Some(md5), Ok(attributes)) = (md5_of_attributes(&attributes), serde_json::to_value(&attributes)) {
        fields.insert("MD5OfMessageAttributes".to_owned(), md5.into());
        fields.insert("MessageAttributes".to_owned(), attributes);
    }
    out
}

/// `All`, `.*`, a name, or a prefix followed by `.*`.
fn matches_name(pattern: &str, name: &str) -> bool {
    pattern == "All"
        || pattern == name
        || pattern.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

async fn delete_message(store: &QueueStore, request: &DeleteMessage) -> Result<Value, ApiError> {
    store.delete(queue_of(&request.queue_url)?, &request.receipt_handle).await?;
    Ok(json!({}))
}

async fn delete_message_batch(store: &QueueStore, request: Batch<DeleteEntry>) -> Result<Value, ApiError> {
    let queue = queue_of(&request.queue_url)?;
    store.spec(queue)?;
    check_batch(request.entries.iter().map(|entry| entry.id.as_str()))?;
    let (ids, receipts): (Vec<_>, Vec<_>) =
        request.entries.into_iter().map(|entry| (entry.id, entry.receipt_handle)).unzip();
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, answer) in ids.iter().zip(store.delete_all(queue, receipts).await?) {
        match answer {
            Ok(()) => successful.push(json!({ "Id": id })),
            Err(error) => failed.push(failed_entry(id, &error.into())),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

async fn change_message_visibility(
    store: &QueueStore,
    request: &ChangeMessageVisibility,
) -> Result<Value, ApiError> {
    let visibility_ms = milliseconds("VisibilityTimeout", request.visibility_timeout)?;
    store.change_visibility(queue_of(&request.queue_url)?, &request.receipt_handle, visibility_ms).await?;
    Ok(json!({}))
}

async fn get_queue_attributes(store: &QueueStore, request: &GetQueueAttributes) -> Result<Value, ApiError> {
    let queue = queue_of(&request.queue_url)?;
    let spec = store.spec(queue)?;
    let depth = store.depth(queue).await?;
    let mut known = BTreeMap::from([
        ("ApproximateNumberOfMessages", depth.waiting.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ("VisibilityTimeout", (spec.visibility_ms / 1000).to_string()),
        ("MessageRetentionPeriod", (spec.retention_ms / 1000).to_string()),
        ("MaximumMessageSize", BODY_BYTES_MAX.to_string()),
        ("DelaySeconds", "0".to_owned()),
        ("ReceiveMessageWaitTimeSeconds", "0".to_owned()),
        ("QueueArn", queue_arn(queue)),
    ]);
    if let Some(dead_letter) = &spec.dead_letter {
        let policy = json!({
            "deadLetterTargetArn": queue_arn(dead_letter), "maxReceiveCount": spec.receives_max,
        });
        known.insert("RedrivePolicy", policy.to_string());
    }
    if request.attribute_names.iter().all(|name| name != "All") {
        // A queue without dead letters has no redrive policy, which is no mistake of the one who asks.
        let is_known = |name: &String| name == "RedrivePolicy" || known.contains_key(name.as_str());
        if !request.attribute_names.iter().all(is_known) {
            return Err(ApiError::new("InvalidAttributeName", "an attribute name is not known here"));
        }
        known.retain(|name, _| request.attribute_names.iter().any(|wanted| wanted == name));
    }
    Ok(json!({ "Attributes": known }))
}
