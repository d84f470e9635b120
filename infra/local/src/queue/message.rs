//! One message: what goes in, what comes out, and the receipt that proves who holds it.

use std::collections::BTreeMap;

use aws_smithy_types::base64;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::error::QueueError;
use super::spec::{BODY_BYTES_MAX, DELAY_MS_MAX};

/// A typed attribute beside the body, in the shape of the SQS protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a suffix after a full stop.
    pub data_type: String,
    /// The value of a `String` or `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// A message to send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// The text that the handler gets.
    pub body: String,
    /// How long the message stays hidden at first, ms.
    pub delay_ms: u64,
    /// A message with this key and the same body that is still in the queue makes this send a no-op. Once that one
    /// is handled the key is free again, so that a key can spare work but never lose any.
    pub deduplication_key: Option<String>,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
}

impl NewMessage {
    /// A message with a body and nothing else.
    #[must_use]
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The same message with a deduplication key.
    #[must_use]
    pub fn keyed(mut self, key: impl Into<String>) -> Self {
        self.deduplication_key = Some(key.into());
        self
    }

    /// The same message, hidden for the first `delay_ms`.
    #[must_use]
    pub fn delayed(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }

    /// Refuses what SQS would refuse, so that what works here works there.
    pub(super) fn check(&self) -> Result<(), QueueError> {
        if self.body.is_empty() {
            return Err(QueueError::Body("is empty"));
        }
        if self.body.len() > BODY_BYTES_MAX {
            return Err(QueueError::Body("is longer than 1 MiB"));
        }
        let carried =
            |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n' | '\r');
        if !self.body.chars().all(carried) {
            return Err(QueueError::Body("holds control characters, which SQS does not carry"));
        }
        if self.delay_ms > DELAY_MS_MAX {
            return Err(QueueError::OutOfRange {
                field: "delay_ms",
                value: self.delay_ms,
                max: DELAY_MS_MAX,
            });
        }
        Ok(())
    }
}

/// The answer to a send: the message is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The id of the message, in the form of a UUID.
    pub id: String,
    /// False if the same message was still in the queue under the same key.
    pub is_new: bool,
}

/// A message as handed out by one receive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The id of the message, the same at each receive.
    pub id: String,
    /// Proof of this delivery: it is stale once the message is handed out again.
    pub receipt: String,
    /// The text that was sent.
    pub body: String,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// When it was sent, ms since 1970 (UTC).
    pub sent_ms: i64,
    /// When it was handed out for the first time, ms since 1970 (UTC).
    pub first_received_ms: i64,
    /// How often it was handed out, this time included.
    pub receives: u32,
    /// For a dead letter: the queue in which it died.
    pub died_in: Option<String>,
}

/// How much is in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Depth {
    /// Messages that could be received now.
    pub waiting: u64,
    /// Messages that were sent with a delay which is not over.
    pub delayed: u64,
    /// Messages that were handed out and are hidden until their deadline.
    pub in_flight: u64,
    /// Age of the oldest message, ms.
    pub oldest_age_ms: Option<u64>,
    /// Messages older than the retention of the queue.
    pub overdue: u64,
    /// Messages that died here and wait in the dead letter queue.
    pub dead_letters: u64,
}

/// A receipt handle: the message, and which of its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) id: String,
    pub(super) delivery: i64,
}

impl Receipt {
    pub(super) fn parse(handle: &str) -> Result<Self, QueueError> {
        let (id, delivery) = handle.split_once('.').ok_or(QueueError::ReceiptMalformed)?;
        let delivery = delivery.parse().map_err(|_| QueueError::ReceiptMalformed)?;
        if id.is_empty() {
            return Err(QueueError::ReceiptMalformed);
        }
        Ok(Self { id: id.to_owned(), delivery })
    }

    pub(super) fn handle(id: &str, delivery: i64) -> String {
        format!("{id}.{delivery}")
    }
}

/// A new message id in the form of a random UUID.
pub(crate) fn new_id() -> String {
    let bits: u128 = rand::random();
    let versioned = (bits & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{versioned:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

/// MD5 in hex. SQS proves transport with it; it secures nothing.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// MD5 over the attributes, by the encoding that the SQS developer guide gives ("Calculating the MD5 message digest
/// for message attributes"): names in order, each part with its length in front, 1 for text and 2 for bytes.
pub(super) fn md5_of_attributes(attributes: &BTreeMap<String, Attribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut encoded = Vec::new();
    let mut part = |kind: Option<u8>, bytes: &[u8]| {
        encoded.extend(kind);
        encoded.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        encoded.extend_from_slice(bytes);
    };
    for (name, attribute) in attributes {
        part(None, name.as_bytes());
        part(None, attribute.data_type.as_bytes());
        match (&attribute.string_value, &attribute.binary_value) {
            (Some(text), _) => part(Some(1), text.as_bytes()),
            (None, Some(coded)) => part(Some(2), &base64::decode(coded).unwrap_or_default()),
            (None, None) => part(Some(1), b""),
        }
    }
    Some(md5_hex(&encoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_known_values() {
        assert_eq!(md5_hex(b"This is a test message"), "fafb00f5732ab283681e124bf8747ed1");
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
        // Computed by hand with `printf '\0\0\0\4name\0\0\0\6String\1\0\0\0\5value' | md5sum`.
        let one =
            Attribute { data_type: "String".into(), string_value: Some("value".into()), binary_value: None };
        let attributes = BTreeMap::from([("name".to_owned(), one)]);
        assert_eq!(md5_of_attributes(&attributes).as_deref(), Some("25ada41cad9d6e55ad5a2b3d2da508a2"));
    }

    #[test]
    fn ids_have_the_form_of_random_uuids_and_differ() {
        let (a, b) = (new_id(), new_id());
        assert_ne!(a, b);
        assert_eq!(a.len(), 36);
        assert_eq!(a.get(14..15), Some("4"));
        assert!(matches!(a.get(19..20), Some("8" | "9" | "a" | "b")), "{a}");
    }

    #[test]
    fn only_what_sqs_carries_is_accepted() {
        for good in ["a", "tab\tline\r\n", "é😀", "{}"] {
            assert!(NewMessage::new(good).check().is_ok(), "{good:?}");
        }
        for bad in ["", "\0", "a\u{1b}", "\u{ffff}"] {
            assert!(NewMessage::new(bad).check().is_err(), "{bad:?}");
        }
        assert!(NewMessage::new("x".repeat(BODY_BYTES_MAX)).check().is_ok());
        assert!(NewMessage::new("x".repeat(BODY_BYTES_MAX + 1)).check().is_err());
        assert!(NewMessage::new("x").delayed(DELAY_MS_MAX + 1).check().is_err());
    }
}
