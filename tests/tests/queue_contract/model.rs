//! The store beside a reference that is too small to be wrong: random operations, and everything compared.

use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;
use trustwatch_local::queue::{ManualClock, NewMessage, QueueStore};

use super::support::{RECEIVES_MAX, START_MS, VISIBILITY_MS, open};

#[derive(Debug, Clone)]
enum Operation {
    Send { body: u8, delay_s: u8, key: Option<u8> },
    Receive { most: usize },
    Delete { receipt: usize },
    ChangeVisibility { receipt: usize, seconds: u8 },
    Advance { seconds: u8 },
    Reopen,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (0..4u8, prop_oneof![Just(0u8), 0..30u8], prop::option::of(0..3u8))
            .prop_map(|(body, delay_s, key)| Operation::Send { body, delay_s, key }),
        5 => (1..4usize).prop_map(|most| Operation::Receive { most }),
        3 => (0..12usize).prop_map(|receipt| Operation::Delete { receipt }),
        2 => (0..12usize, 0..90u8).prop_map(|(receipt, seconds)| Operation::ChangeVisibility { receipt, seconds }),
        4 => (0..90u8).prop_map(|seconds| Operation::Advance { seconds }),
        1 => Just(Operation::Reopen),
    ]
}

#[derive(Debug, Clone)]
struct Message {
    order: usize,
    body: String,
    key: Option<u8>,
    sent_ms: i64,
    visible_ms: i64,
    receives: u32,
    is_dead: bool,
    /// The place of its valid receipt among all receipts that were ever given.
    receipt: Option<usize>,
}

#[derive(Debug, Default)]
struct Model {
    messages: Vec<Message>,
    sent: usize,
}

impl Model {
    fn send(&mut self, now: i64, body: &str, delay_s: u8, key: Option<u8>) -> bool {
        let is_twin = |m: &Message| !m.is_dead && m.key == key && m.body == body;
        if key.is_some() && self.messages.iter().any(is_twin) {
            return false;
        }
        self.messages.push(Message {
            order: self.sent,
            body: body.to_owned(),
            key,
            sent_ms: now,
            visible_ms: now + i64::from(delay_s) * 1000,
            receives: 0,
            is_dead: false,
            receipt: None,
        });
        self.sent += 1;
        true
    }

    /// Body and receive count of what is handed out.
    fn receive(&mut self, now: i64, most: usize, first_receipt: usize) -> Vec<(String, u32)> {
        self.messages.sort_by_key(|m| (m.visible_ms, m.order));
        let mut out = Vec::new();
        for m in self.messages.iter_mut().filter(|m| !m.is_dead && m.visible_ms <= now) {
            if out.len() == most {
                break;
            }
            if m.receives >= RECEIVES_MAX {
                (m.is_dead, m.receives, m.visible_ms, m.receipt) = (true, 0, now, None);
                continue;
            }
            m.receives += 1;
            m.visible_ms = now + VISIBILITY_MS;
            m.receipt = Some(first_receipt + out.len());
            out.push((m.body.clone(), m.receives));
        }
        out
    }

    fn holder(&mut self, receipt: usize) -> Option<usize> {
        self.messages.iter().position(|m| m.receipt == Some(receipt))
    }

    /// Waiting, delayed, in flight, dead.
    fn depth(&self, now: i64) -> (u64, u64, u64, u64) {
        let count = |is: &dyn Fn(&&Message) -> bool| self.messages.iter().filter(is).count() as u64;
        (
            count(&|m| !m.is_dead && m.visible_ms <= now),
            count(&|m| !m.is_dead && m.visible_ms > now && m.receives == 0),
            count(&|m| !m.is_dead && m.visible_ms > now && m.receives > 0),
            count(&|m| m.is_dead),
        )
    }
}

async fn compare(operations: Vec<Operation>) {
    let directory = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(START_MS));
    let mut store: QueueStore = open(directory.path(), &clock).await;
    let mut model = Model::default();
    let mut receipts: Vec<String> = Vec::new();
    let mut now = START_MS;
    for operation in operations {
        match operation {
            Operation::Send { body, delay_s, key } => {
                let body = format!("body {body}");
                let message = NewMessage {
                    deduplication_key: key.map(|key| key.to_string()),
                    ..NewMessage::new(body.clone()).delayed(u64::from(delay_s) * 1000)
                };
                let sent = store.send("work", message).await.unwrap();
                assert_eq!(sent.is_new, model.send(now, &body, delay_s, key));
            }
            Operation::Receive { most } => {
                let received = store.receive("work", most, None).await.unwrap();
                let expected = model.receive(now, most, receipts.len());
                let found: Vec<_> = received.iter().map(|m| (m.body.clone(), m.receives)).collect();
                assert_eq!(found, expected);
                receipts.extend(received.into_iter().map(|m| m.receipt));
            }
            Operation::Delete { receipt } => {
                let Some(handle) = receipts.get(receipt) else { continue };
                let holder = model.holder(receipt);
                // A stale receipt is an error and one of a message that is gone is not; both change nothing.
                let deleted = store.delete("work", handle).await;
                if let Some(holder) = holder {
                    deleted.unwrap();
                    model.messages.remove(holder);
                }
            }
            Operation::ChangeVisibility { receipt, seconds } => {
                let Some(handle) = receipts.get(receipt) else { continue };
                let changed = store.change_visibility("work", handle, u64::from(seconds) * 1000).await;
                let held = model.holder(receipt).filter(|held| model.messages[*held].visible_ms > now);
                assert_eq!(changed.is_ok(), held.is_some());
                if let Some(held) = held {
                    model.messages[held].visible_ms = now + i64::from(seconds) * 1000;
                }
            }
            Operation::Advance { seconds } => {
                clock.advance(i64::from(seconds) * 1000);
                now += i64::from(seconds) * 1000;
            }
            Operation::Reopen => {
                drop(store);
                store = open(directory.path(), &clock).await;
            }
        }
        let depth = store.depth("work").await.unwrap();
        let found = (depth.waiting, depth.delayed, depth.in_flight, depth.dead_letters);
        assert_eq!(found, model.depth(now));
        let alive = || model.messages.iter().filter(|m| !m.is_dead);
        let oldest = alive().map(|m| m.sent_ms).min().map(|sent_ms| (now - sent_ms) as u64);
        assert_eq!(depth.oldest_age_ms, oldest);
        let next = store.next_visible_ms("work").await.unwrap();
        assert_eq!(next, alive().map(|m| m.visible_ms).min());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_reference_does(operations in prop::collection::vec(operation(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(compare(operations));
    }
}
