//! The notification that S3 sends when an object was put: read from a queue, and written for objects that we
//! queue ourselves, so that a handler knows one kind of message.
//!
//! Shape: Amazon S3 user guide, "Event message structure". Only what is needed is asked for, because other
//! stores that speak S3 leave fields out.

use crate::Arrival;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// An object that a message tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    /// The object.
    pub arrival: Arrival,
    /// Stored length as the notification says it.
    pub bytes: u64,
    /// When it was put: milliseconds since 1970 UTC.
    pub arrived_ms: i64,
}

/// Why a message cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("the body is not a notification of S3: {0}")]
pub struct NotificationError(#[from] serde_json::Error);

#[derive(Serialize, Deserialize)]
struct Envelope {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: jiff::Timestamp,
    s3: Entity,
}

#[derive(Serialize, Deserialize)]
struct Entity {
    bucket: Bucket,
    object: Object,
}

#[derive(Serialize, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    /// Percent-encoded, with `+` for a space.
    key: String,
    #[serde(default)]
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

/// The message that S3 sends when a notification is set up. It tells of no object.
#[derive(Deserialize)]
struct TestEvent {
    #[serde(rename = "Event")]
    event: String,
}

/// Version id of an object in a bucket that keeps no versions.
const NO_VERSION: &str = "null";

/// Reads the body of a message.
///
/// # Errors
/// [`NotificationError`] when it is not a notification.
pub fn read_notification(body: &str) -> Result<Vec<Notified>, NotificationError> {
    if serde_json::from_str::<TestEvent>(body).is_ok_and(|test| test.event == "s3:TestEvent") {
        return Ok(Vec::new());
    }
    let envelope: Envelope = serde_json::from_str(body)?;
    Ok(envelope.records.into_iter().map(notified).collect())
}

fn notified(record: Record) -> Notified {
    let Object { key, size, version_id } = record.s3.object;
    let spaced = key.replace('+', " ");
    Notified {
        arrival: Arrival {
            bucket: record.s3.bucket.name,
            key: percent_decode_str(&spaced).decode_utf8_lossy().into_owned(),
            version_id: version_id.unwrap_or_else(|| NO_VERSION.to_owned()),
        },
        bytes: size,
        arrived_ms: record.event_time.as_millisecond(),
    }
}

/// Writes the body of a message about one object.
///
/// # Errors
/// Never for an object of ours; the signature is `serde_json`'s.
pub fn write_notification(notified: &Notified) -> Result<String, NotificationError> {
    let Arrival { bucket, key, version_id } = &notified.arrival;
    let event_time =
        jiff::Timestamp::from_millisecond(notified.arrived_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let object = Object {
        key: url::form_urlencoded::byte_serialize(key.as_bytes()).collect(),
        size: notified.bytes,
        version_id: Some(version_id.clone()),
    };
    let s3 = Entity { bucket: Bucket { name: bucket.clone() }, object };
    Ok(serde_json::to_string(&Envelope { records: vec![Record { event_time, s3 }] })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_s3(key: &str) -> String {
        format!(
            r#"{{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-2",
            "eventTime":"2026-10-19T08:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{{"principalId":"A"}},
            "s3":{{"bucket":{{"name":"raw","arn":"arn:aws:s3:::raw"}},
            "object":{{"key":"{key}","size":7,"eTag":"e","versionId":"v1","sequencer":"0A"}}}}}}]}}"#
        )
    }

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        let check = |encoded: &str, key: &str| {
            assert_eq!(read_notification(&from_s3(encoded)).unwrap()[0].arrival.key, key);
        };
        check("oak/web/a+b.log", "oak/web/a b.log");
        check("oak/web/a%2Bb.log", "oak/web/a+b.log");
        check("oak/web/100%25.log", "oak/web/100%.log");
        check("oak/web/%C3%A9.log", "oak/web/é.log");
    }

    #[test]
    fn a_notification_gives_version_size_and_time() {
        let found = &read_notification(&from_s3("oak/web/x")).unwrap()[0];
        assert_eq!(found.arrival.version_id, "v1");
        assert_eq!((found.bytes, found.arrived_ms), (7, 1_792_396_800_000));
    }

    #[test]
    fn what_we_write_is_read_back() {
        for key in ["oak/web/plain.log", "oak/web/a b+c%d é/x", "oak//x/", "\u{1}"] {
            let arrival = Arrival { bucket: "raw".into(), key: key.into(), version_id: "v9".into() };
            let notified = Notified { arrival, bytes: 12, arrived_ms: 1_792_396_800_123 };
            assert_eq!(read_notification(&write_notification(&notified).unwrap()).unwrap(), [notified]);
        }
    }

    #[test]
    fn the_test_message_of_s3_tells_of_nothing() {
        assert_eq!(read_notification(r#"{"Event":"s3:TestEvent","Bucket":"raw"}"#).unwrap(), []);
    }

    #[test]
    fn a_message_that_is_no_notification_is_an_error() {
        for body in ["", "{}x", "[]", "{}", r#"{"Records":[{}]}"#, r#"{"Event":"other"}"#] {
            assert!(read_notification(body).is_err(), "{body}");
        }
    }
}
