//! What a person asks of a queue: is anything stuck, and where.

use std::fmt;

use serde::Serialize;

use super::message::Depth;

/// The state of all queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// One entry per declared queue, in order of name.
    pub queues: Vec<QueueStatus>,
}

/// The state of one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    /// The name of the queue.
    pub queue: String,
    /// How much is in it.
    #[serde(flatten)]
    pub depth: Depth,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:>8} {:>8} {:>9} {:>8} {:>12}",
            "queue", "waiting", "delayed", "in flight", "oldest", "dead letters"
        )?;
        for QueueStatus { queue, depth } in &self.queues {
            let oldest = depth.oldest_age_ms.map_or_else(|| "-".to_owned(), age);
            writeln!(
                f,
                "{queue:<32} {:>8} {:>8} {:>9} {oldest:>8} {:>12}",
                depth.waiting, depth.delayed, depth.in_flight, depth.dead_letters
            )?;
        }
        Ok(())
    }
}

/// An age in the largest unit that it fills.
fn age(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_a_line_per_queue() {
        let depth = Depth {
            waiting: 3,
            in_flight: 1,
            oldest_age_ms: Some(150_000),
            dead_letters: 2,
            ..Depth::default()
        };
        let status = Status { queues: vec![QueueStatus { queue: "normalise".into(), depth }] };
        let text = status.to_string();
        let words: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(words, ["normalise", "3", "0", "1", "2", "min", "2"]);
        assert_eq!(age(59_999), "59 s");
        assert_eq!(age(7_200_000), "2 h");
        assert_eq!(age(3 * 86_400_000), "3 d");
    }
}
