//! Queues are declared in code: the set of queues belongs to the program, not to its data.

use std::collections::BTreeMap;

use super::error::QueueError;

/// The longest visibility time-out, ms: 12 hours, as in SQS.
pub const VISIBILITY_MS_MAX: u64 = 12 * 60 * 60 * 1000;
/// The longest delay of a send, ms: 15 minutes, as in SQS.
pub const DELAY_MS_MAX: u64 = 15 * 60 * 1000;
/// The most messages of one receive or one batch request, as in SQS.
pub const BATCH_MAX: usize = 10;
/// The longest body, bytes: 1 MiB, as in SQS.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of a queue, as in SQS.
const NAME_BYTES_MAX: usize = 80;

/// The declaration of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// Letters, digits, `-` and `_`, at most 80.
    pub name: String,
    /// How long a received message stays hidden from others, ms. It is the pause before a retry, too.
    pub visibility_ms: u64,
    /// After so many receives a message goes to the dead letters instead of being handed out again.
    pub receives_max: u32,
    /// The queue that takes the dead letters; without one a message is retried for ever.
    pub dead_letter: Option<String>,
    /// After this age, ms, a message counts as overdue in the status. Nothing is ever removed for its age: SQS
    /// would do so, but then a machine that was off over the summer would lose work silently.
    pub retention_ms: u64,
}

impl QueueSpec {
    /// A queue with the given name: hidden for 6 minutes, retried for ever, overdue after 14 days.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            visibility_ms: 6 * 60 * 1000,
            receives_max: 5,
            dead_letter: None,
            retention_ms: 14 * 24 * 60 * 60 * 1000,
        }
    }

    /// The same queue with another visibility time-out, ms.
    #[must_use]
    pub fn visibility_ms(mut self, visibility_ms: u64) -> Self {
        self.visibility_ms = visibility_ms;
        self
    }

    /// The same queue, whose messages go to `queue` after `receives_max` receives.
    #[must_use]
    pub fn dead_letters_to(mut self, queue: impl Into<String>, receives_max: u32) -> Self {
        self.dead_letter = Some(queue.into());
        self.receives_max = receives_max;
        self
    }
}

/// Checks that the declarations are complete and do not contradict each other.
pub(super) fn checked(specs: Vec<QueueSpec>) -> Result<BTreeMap<String, QueueSpec>, QueueError> {
    let mut by_name = BTreeMap::new();
    for spec in specs {
        let wrong = |problem| QueueError::Declaration { queue: spec.name.clone(), problem };
        let name_is_good = (1..=NAME_BYTES_MAX).contains(&spec.name.len())
            && spec.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !name_is_good {
            return Err(wrong("a name is 1 to 80 letters, digits, `-` and `_`"));
        }
        if spec.visibility_ms == 0 || spec.visibility_ms > VISIBILITY_MS_MAX {
            return Err(wrong("the visibility time-out must be above 0 and at most 12 hours"));
        }
        if spec.receives_max == 0 {
            return Err(wrong("a message must be received at least once before it is a dead letter"));
        }
        if by_name.contains_key(&spec.name) {
            return Err(wrong("declared twice"));
        }
        by_name.insert(spec.name.clone(), spec);
    }
    for spec in by_name.values() {
        let Some(dead) = &spec.dead_letter else { continue };
        let wrong = |problem| QueueError::Declaration { queue: spec.name.clone(), problem };
        match by_name.get(dead) {
            None => return Err(wrong("its dead letter queue is not declared")),
            // A chain would make it unclear where a message died; a loop would hide poison for ever.
            Some(dead) if dead.dead_letter.is_some() => {
                return Err(wrong("its dead letter queue has dead letters of its own"));
            }
            Some(_) => {}
        }
    }
    Ok(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contradicting_declarations_are_refused_with_the_queue_named() {
        let dead = QueueSpec::new("dead");
        for (specs, part) in [
            (vec![QueueSpec::new("a b")], "a name is"),
            (vec![QueueSpec::new("")], "a name is"),
            (vec![QueueSpec::new("a"), QueueSpec::new("a")], "declared twice"),
            (vec![QueueSpec::new("a").dead_letters_to("dead", 3)], "is not declared"),
            (vec![QueueSpec::new("a").dead_letters_to("dead", 0), dead.clone()], "at least once"),
            (vec![QueueSpec::new("a").dead_letters_to("a", 3)], "of its own"),
            (vec![QueueSpec::new("a").visibility_ms(0)], "above 0"),
        ] {
            let message = checked(specs).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(checked(vec![QueueSpec::new("a").dead_letters_to("dead", 3), dead]).unwrap().len(), 2);
    }
}
