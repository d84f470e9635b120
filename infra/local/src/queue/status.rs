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
    /// Whether it takes the dead letters of others, so that nobody works on what is in it.
    pub takes_dead_letters: bool,
    /// How much is in it.
    #[serde(flatten)]
    pub depth: Depth,
}

/// How much work there is in all queues together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Messages that wait for a worker, now or after a pause.
    pub waiting: u64,
    /// Messages that a worker has.
    pub running: u64,
    /// Messages that had all their chances.
    pub dead: u64,
}

impl Status {
    /// The sum of all queues.
    #[must_use]
    pub fn work(&self) -> Work {
        let worked_on = self.queues.iter().filter(|queue| !queue.takes_dead_letters);
        worked_on.fold(Work::default(), |sum, QueueStatus { depth, .. }| Work {
            waiting: sum.waiting + depth.waiting + depth.delayed,
            running: sum.running + depth.in_flight,
            dead: sum.dead + depth.dead_letters,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<32} {:>8} {:>8} {:>9} {:>8} {:>12}",
            "queue", "waiting", "delayed", "in flight", "oldest", "dead letters"
        )?;
        // What lies among the dead letters is counted where it died.
        for QueueStatus { queue, depth, .. } in self.queues.iter().filter(|queue| !queue.takes_dead_letters) {
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
    fn a_person_sees_a_line_for_each_queue_that_is_worked_on() {
        let depth = Depth {
            waiting: 3,
            in_flight: 1,
            oldest_age_ms: Some(150_000),
            dead_letters: 2,
            ..Depth::default()
        };
        let queue =
            |name: &str, takes_dead_letters| QueueStatus { queue: name.into(), takes_dead_letters, depth };
        let status = Status { queues: vec![queue("normalise", false), queue("dead", true)] };
        let text = status.to_string();
        let words: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(words, ["normalise", "3", "0", "1", "2", "min", "2"]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert_eq!(age(59_999), "59 s");
        assert_eq!(age(7_200_000), "2 h");
        assert_eq!(age(3 * 86_400_000), "3 d");
    }

    #[test]
    fn a_dead_letter_is_counted_once() {
        let queue = |takes_dead_letters, depth| QueueStatus { queue: "q".into(), takes_dead_letters, depth };
        let live = Depth { waiting: 3, delayed: 1, in_flight: 2, dead_letters: 5, ..Depth::default() };
        let dead = Depth { waiting: 5, ..Depth::default() };
        let status = Status { queues: vec![queue(false, live), queue(false, live), queue(true, dead)] };
        assert_eq!(status.work(), Work { waiting: 8, running: 4, dead: 10 });
    }
}
