//! The envelope of a batch: the event that AWS Lambda's mapping of an SQS queue sends, and the answer it reads.
//!
//! Shapes: AWS Lambda developer guide, "Using Lambda with Amazon SQS" (event) and "Handling errors for an SQS event
//! source in Lambda" (partial batch responses: what counts as a success, and what as a failure of the whole batch).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::message::{Attribute, Received, md5_hex, md5_of_attributes};

/// The region of the embedded cloud.
pub const REGION: &str = "eu-west-2";
/// The account of the embedded cloud.
pub const ACCOUNT: &str = "000000000000";

/// The ARN of a queue of the embedded cloud.
#[must_use]
pub fn queue_arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

/// The event for a batch of received messages.
pub(super) fn sqs_event(queue: &str, batch: &[Received]) -> Value {
    let records: Vec<Value> = batch.iter().map(|message| record(queue, message)).collect();
    json!({ "Records": records })
}

fn record(queue: &str, message: &Received) -> Value {
    let attributes: Map<String, Value> =
        message.attributes.iter().map(|(name, value)| (name.clone(), lambda_attribute(value))).collect();
    let mut record = json!({
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": system_attributes(message),
        "messageAttributes": attributes,
        "md5OfBody": md5_hex(message.body.as_bytes()),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn(queue),
        "awsRegion": REGION,
    });
    if let (Some(md5), Some(record)) = (md5_of_attributes(&message.attributes), record.as_object_mut()) {
        record.insert("md5OfMessageAttributes".to_owned(), md5.into());
    }
    record
}

/// What SQS knows of a message, all of it as text.
pub(super) fn system_attributes(message: &Received) -> Map<String, Value> {
    let mut attributes = Map::new();
    let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value.into());
    put("ApproximateReceiveCount", message.receives.to_string());
    put("SentTimestamp", message.sent_ms.to_string());
    put("SenderId", ACCOUNT.to_owned());
    put("ApproximateFirstReceiveTimestamp", message.first_received_ms.to_string());
    if let Some(queue) = &message.died_in {
        put("DeadLetterQueueSourceArn", queue_arn(queue));
    }
    attributes
}

fn lambda_attribute(attribute: &Attribute) -> Value {
    let mut value = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    });
    if let Some(value) = value.as_object_mut() {
        if let Some(text) = &attribute.string_value {
            value.insert("stringValue".to_owned(), text.clone().into());
        }
        if let Some(bytes) = &attribute.binary_value {
            value.insert("binaryValue".to_owned(), bytes.clone().into());
        }
    }
    value
}

/// What the answer of a handler says about the batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All but these message ids are done; none here means that the batch is done.
    DoneExcept(BTreeSet<String>),
    /// The answer cannot be trusted to say which messages are done, so none is.
    AllFailed(&'static str),
}

/// Reads `batchItemFailures` as AWS does: absent, null or empty is a success; anything that is not clearly a list of
/// ids of this batch fails the whole batch.
pub(super) fn verdict(answer: &Value, batch: &[Received]) -> Verdict {
    let failures = match answer {
        Value::Null => return Verdict::DoneExcept(BTreeSet::new()),
        Value::Object(answer) => match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return Verdict::DoneExcept(BTreeSet::new()),
            Some(Value::Array(failures)) => failures,
            Some(_) => return Verdict::AllFailed("`batchItemFailures` is no list"),
        },
        _ => return Verdict::AllFailed("the answer is no object"),
    };
    let mut failed = BTreeSet::new();
    for failure in failures {
        let Some(id) = failure.get("itemIdentifier").and_then(Value::as_str) else {
            return Verdict::AllFailed("an item of `batchItemFailures` has no `itemIdentifier`");
        };
        if !batch.iter().any(|message| message.id == id) {
            return Verdict::AllFailed("an `itemIdentifier` is not of this batch");
        }
        failed.insert(id.to_owned());
    }
    Verdict::DoneExcept(failed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lambda_events::event::sqs::SqsEvent;

    use super::*;

    fn received(id: &str) -> Received {
        Received {
            id: id.to_owned(),
            receipt: format!("{id}.1"),
            body: "{}".to_owned(),
            attributes: BTreeMap::new(),
            sent_ms: 1_700_000_000_000,
            first_received_ms: 1_700_000_000_500,
            receives: 2,
            died_in: None,
        }
    }

    #[test]
    fn the_event_is_the_one_that_lambda_gets() {
        let mut message = received("m1");
        let text =
            Attribute { data_type: "String".into(), string_value: Some("v".into()), binary_value: None };
        message.attributes.insert("kind".into(), text);
        let event = sqs_event("normalise", &[message]);
        assert_eq!(
            event,
            json!({ "Records": [{
                "messageId": "m1",
                "receiptHandle": "m1.1",
                "body": "{}",
                "attributes": {
                    "ApproximateReceiveCount": "2",
                    "SentTimestamp": "1700000000000",
                    "SenderId": "000000000000",
                    "ApproximateFirstReceiveTimestamp": "1700000000500"
                },
                "messageAttributes": { "kind": {
                    "stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String"
                } },
                "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
                "md5OfMessageAttributes": md5_of_attributes(&BTreeMap::from([("kind".to_owned(), Attribute {
                    data_type: "String".into(), string_value: Some("v".into()), binary_value: None,
                })])),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-2:000000000000:normalise",
                "awsRegion": "eu-west-2"
            }] })
        );
        let parsed: SqsEvent = serde_json::from_value(event).unwrap();
        assert_eq!(parsed.records[0].message_id.as_deref(), Some("m1"));
        assert_eq!(parsed.records[0].attributes["ApproximateReceiveCount"], "2");
    }

    #[test]
    fn an_answer_counts_as_aws_counts_it() {
        let batch = [received("a"), received("b")];
        let done = |ids: &[&str]| Verdict::DoneExcept(ids.iter().map(|id| (*id).to_owned()).collect());
        for answer in [
            json!(null),
            json!({}),
            json!({ "batchItemFailures": null }),
            json!({ "batchItemFailures": [] }),
            json!({ "statusCode": 200 }),
        ] {
            assert_eq!(verdict(&answer, &batch), done(&[]), "{answer}");
        }
        let twice = json!({ "batchItemFailures": [{ "itemIdentifier": "b" }, { "itemIdentifier": "b" }] });
        assert_eq!(verdict(&twice, &batch), done(&["b"]));
        for answer in [
            json!("done"),
            json!([]),
            json!({ "batchItemFailures": {} }),
            json!({ "batchItemFailures": ["a"] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": null }] }),
            json!({ "batchItemFailures": [{ "id": "a" }] }),
            json!({ "batchItemFailures": [{ "itemIdentifier": "a" }, { "itemIdentifier": "zz" }] }),
        ] {
            assert!(matches!(verdict(&answer, &batch), Verdict::AllFailed(_)), "{answer}");
        }
    }
}
