//! The notification that S3 sends to a queue when an object is made.
//!
//! Shape: Amazon S3 user guide, "Event message structure", version 2.1.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use serde_json::{Value, json};

use super::batch::{ACCOUNT, REGION};

/// One object that was made, as the S3 server recorded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectEvent {
    /// The place of the event in the server's outbox; grows with each event.
    pub sequence: u64,
    /// What made the object, in S3's words: `ObjectCreated:Put`, `ObjectCreated:CompleteMultipartUpload`.
    pub event_name: &'static str,
    /// The bucket.
    pub bucket: String,
    /// The key, as it is: not encoded.
    pub key: String,
    /// The version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The size of the object, bytes.
    pub bytes: u64,
    /// The entity tag, with or without its quotes.
    pub etag: String,
    /// When the object was made.
    pub event_time: Timestamp,
}

/// Encodes a key as S3 does in a notification: like a form field, but with `/` kept.
#[must_use]
pub fn encode_key(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// The notification for one object. It is a function of the event alone, so that the same event sent twice is the
/// same text.
#[must_use]
pub fn s3_notification(event: &ObjectEvent) -> Value {
    let mut object = json!({
        "key": encode_key(&event.key),
        "size": event.bytes,
        "eTag": event.etag.trim_matches('"'),
        // Compared as text by readers, so the width is fixed.
        "sequencer": format!("{:016X}", event.sequence),
    });
    if let (Some(version), Some(object)) = (&event.version_id, object.as_object_mut()) {
        object.insert("versionId".to_owned(), version.clone().into());
    }
    let printer = DateTimePrinter::new().precision(Some(3));
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": printer.timestamp_to_string(&event.event_time),
        "eventName": event.event_name,
        "userIdentity": { "principalId": ACCOUNT },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {
            "x-amz-request-id": format!("{:016X}", event.sequence),
            "x-amz-id-2": format!("{:016X}", event.sequence),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "trustwatch",
            "bucket": {
                "name": event.bucket,
                "ownerIdentity": { "principalId": ACCOUNT },
                "arn": format!("arn:aws:s3:::{}", event.bucket),
            },
            "object": object,
        },
    }] })
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::s3::S3Event;

    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_encodes_them() {
        for (key, encoded) in [
            ("oakfield/squid/access.log", "oakfield/squid/access.log"),
            ("a b+c.log", "a+b%2Bc.log"),
            ("caf\u{e9}/=&?#%.log", "caf%C3%A9/%3D%26%3F%23%25.log"),
            ("A-z_0.9*~", "A-z_0.9*%7E"),
            ("(1)!'\u{1f600}", "%281%29%21%27%F0%9F%98%80"),
        ] {
            assert_eq!(encode_key(key), encoded);
        }
    }

    #[test]
    fn the_notification_is_the_one_of_s3() {
        let mut event = ObjectEvent {
            sequence: 255,
            event_name: "ObjectCreated:CompleteMultipartUpload",
            bucket: "raw".into(),
            key: "oak field/x.log".into(),
            version_id: Some("v1".into()),
            bytes: 12,
            etag: "\"abc\"".into(),
            event_time: "2026-03-01T08:00:00Z".parse().unwrap(),
        };
        let value = s3_notification(&event);
        let record = &value["Records"][0];
        assert_eq!(record["eventVersion"], "2.1");
        assert_eq!(record["eventSource"], "aws:s3");
        assert_eq!(record["awsRegion"], "eu-west-2");
        assert_eq!(record["eventTime"], "2026-03-01T08:00:00.000Z");
        assert_eq!(record["eventName"], "ObjectCreated:CompleteMultipartUpload");
        assert_eq!(record["s3"]["bucket"]["name"], "raw");
        assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::raw");
        let object = json!({
            "key": "oak+field/x.log", "size": 12, "eTag": "abc", "versionId": "v1",
            "sequencer": "00000000000000FF"
        });
        assert_eq!(record["s3"]["object"], object);
        let parsed: S3Event = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(parsed.records[0].s3.object.key.as_deref(), Some("oak+field/x.log"));

        event.version_id = None;
        assert!(s3_notification(&event)["Records"][0]["s3"]["object"].get("versionId").is_none());
    }
}
