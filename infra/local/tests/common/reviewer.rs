//! A reviewer who works alerts over HTTP until the system is gone under their hands, and remembers what they were told.

use super::done;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// What a reviewer was told of their steps.
#[derive(Debug, Default)]
pub(crate) struct Reviewed {
    /// The review's revision that was answered last, by alert.
    pub(crate) told: BTreeMap<String, u64>,
    /// Steps that were answered.
    pub(crate) steps: u64,
    /// Steps whose answer never came.
    pub(crate) lost: u64,
}

/// Somebody with a token of the system that runs.
pub(crate) struct Reviewer {
    address: String,
    token: String,
}

impl Reviewer {
    pub(crate) fn at(api: &str, directory: &Path) -> Self {
        let address = api.strip_prefix("http://").unwrap().to_owned();
        let token = done(directory, &["token", "--data", "data", "--role", "trust_lead"]);
        Self { address, token: token.trim_end().to_owned() }
    }

    /// Takes alerts, closes them, and opens them again when all are closed, until the system is gone.
    pub(crate) fn work(&self, reviewed: &mut Reviewed) {
        while let Some(ids) = self
            .alerts("/v1/alerts?limit=5")
            .filter(|ids| !ids.is_empty())
            .or_else(|| self.alerts("/v1/alerts?status=closed&limit=5"))
        {
            for id in ids {
                let Some((200, tag, alert)) = self.send("GET", &format!("/v1/alerts/{id}"), "", "") else {
                    return;
                };
                let step = match alert["status"].as_str() {
                    Some("open") => json!({ "transition": "acknowledge" }),
                    Some("closed") => json!({ "transition": "reopen" }),
                    _ => json!({ "transition": "close", "outcome": "no_further_action" }),
                };
                let target = format!("/v1/alerts/{id}/transitions");
                let Some((status, tag, said)) = self.send("POST", &target, &tag, &step.to_string()) else {
                    reviewed.lost += 1;
                    return;
                };
                assert_eq!(status, 200, "nobody else works here: {said}");
                reviewed.steps += 1;
                reviewed.told.insert(id, review_rev(&tag));
            }
        }
    }

    /// The alerts of a list; `None` when the system is gone.
    fn alerts(&self, target: &str) -> Option<Vec<String>> {
        let (_, _, page) = self.send("GET", target, "", "")?;
        let alerts = page["alerts"].as_array().unwrap();
        Some(alerts.iter().map(|alert| alert["id"].as_str().unwrap().to_owned()).collect())
    }

    /// The revision of the review of an alert as it is now.
    pub(crate) fn revision(&self, id: &str) -> u64 {
        let (status, tag, body) = self.send("GET", &format!("/v1/alerts/{id}"), "", "").unwrap();
        assert_eq!(status, 200, "{body}");
        review_rev(&tag)
    }

    /// Status, tag and body; `None` when the answer broke off or never came.
    fn send(&self, method: &str, target: &str, tag: &str, body: &str) -> Option<(u16, String, Value)> {
        let (address, token, length) = (&self.address, &self.token, body.len());
        let mut stream = TcpStream::connect(address).ok()?;
        let if_match = if tag.is_empty() { String::new() } else { format!("if-match: {tag}\r\n") };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{if_match}\
             content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some((status, tag.to_owned(), serde_json::from_str(body).ok()?))
    }
}

/// A tag is `"review-evidence"`.
fn review_rev(tag: &str) -> u64 {
    tag.trim_matches('"').split('-').next().unwrap().parse().unwrap()
}
