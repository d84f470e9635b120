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
                let Sent::Answered(tag, alert) = self.send("GET", &format!("/v1/alerts/{id}"), "", "") else {
                    return;
                };
                let step = match alert["status"].as_str() {
                    Some("open") => json!({ "transition": "acknowledge" }),
                    Some("closed") => json!({ "transition": "reopen" }),
                    _ => json!({ "transition": "close", "outcome": "no_further_action" }),
                };
                let target = format!("/v1/alerts/{id}/transitions");
                match self.send("POST", &target, &tag, &step.to_string()) {
                    Sent::Answered(tag, _) => {
                        reviewed.steps += 1;
                        reviewed.told.insert(id, review_rev(&tag));
                    }
                    Sent::Unanswered => {
                        reviewed.lost += 1;
                        return;
                    }
                    Sent::Refused => return,
                }
            }
        }
    }

    /// The alerts of a list; `None` when the system is gone.
    fn alerts(&self, target: &str) -> Option<Vec<String>> {
        let Sent::Answered(_, page) = self.send("GET", target, "", "") else { return None };
        let alerts = page["alerts"].as_array().unwrap();
        Some(alerts.iter().map(|alert| alert["id"].as_str().unwrap().to_owned()).collect())
    }

    /// The revision of the review of an alert as it is now.
    pub(crate) fn revision(&self, id: &str) -> u64 {
        match self.send("GET", &format!("/v1/alerts/{id}"), "", "") {
            Sent::Answered(tag, _) => review_rev(&tag),
            other => panic!("{other:?}"),
        }
    }

    fn send(&self, method: &str, target: &str, tag: &str, body: &str) -> Sent {
        let (address, token, length) = (&self.address, &self.token, body.len());
        let if_match = if tag.is_empty() { String::new() } else { format!("if-match: {tag}\r\n") };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{if_match}\
             content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let sent = TcpStream::connect(address).and_then(|mut stream| {
            stream.write_all(request.as_bytes())?;
            Ok(stream)
        });
        let Ok(mut stream) = sent else { return Sent::Refused };
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        read.ok().and_then(|_| answered(&answer)).unwrap_or(Sent::Unanswered)
    }
}

/// What became of a request.
#[derive(Debug)]
enum Sent {
    /// Tag and body: nothing is refused to this reviewer.
    Answered(String, Value),
    /// It was sent, and no whole answer came.
    Unanswered,
    /// Nobody took it.
    Refused,
}

/// `None` for an answer that broke off. A server that answers otherwise than with JSON is broken, too.
fn answered(answer: &str) -> Option<Sent> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap_or_default();
    let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
    assert_eq!(status, 200, "nobody else works here: {answer}");
    Some(Sent::Answered(tag.to_owned(), serde_json::from_str(body).ok()?))
}

/// A tag is `"review-evidence"`.
fn review_rev(tag: &str) -> u64 {
    tag.trim_matches('"').split('-').next().unwrap().parse().unwrap()
}
