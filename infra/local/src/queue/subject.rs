//! What a message is about, for the log.

use trustwatch_lake::keys;
use trustwatch_pipeline::{Notified, read_notification};

/// The ids of the sources that a message tells of; nothing of one that cannot be understood. Keys of objects are
/// the school's to choose and may name people, so they are not logged.
pub(super) fn of(body: &str) -> String {
    let notified = read_notification(body).unwrap_or_default();
    notified.iter().map(source_id).collect::<Vec<_>>().join(" ")
}

/// A manifest that is to be judged is named by the source that it is of.
fn source_id(notified: &Notified) -> String {
    let judged = keys::to_judge(&notified.arrival.key).map(|(_, of)| of.id());
    judged.unwrap_or_else(|| notified.arrival.source_id()).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn a_message_is_named_by_its_source_and_not_by_its_key() {
        let event: Value = serde_json::from_str(include_str!("../../../../events/sqs/s3-put.json")).unwrap();
        let about = super::of(event["Records"][0]["body"].as_str().unwrap());
        assert!(about.len() == 32 && about.bytes().all(|byte| byte.is_ascii_hexdigit()), "{about}");
        assert_eq!(super::of("hello"), "");
    }
}
