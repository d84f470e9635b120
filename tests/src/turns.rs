//! Two or more workers of whom only one moves at a time: each call waits at a gate, and a schedule says whose gate
//! opens next. The same schedule gives the same run.

use crate::seam::{Judge, Seam, Verdict};
use async_trait::async_trait;
use futures::future::BoxFuture;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::{mpsc, oneshot};

enum Event {
    Waits { worker: usize, operation: String, open: oneshot::Sender<()> },
    Ended { worker: usize },
}

struct Gate {
    worker: usize,
    events: mpsc::UnboundedSender<Event>,
}

#[async_trait]
impl Judge for Gate {
    async fn judge(&self, operation: &str) -> Verdict {
        let (open, opened) = oneshot::channel();
        let waits = Event::Waits { worker: self.worker, operation: operation.to_owned(), open };
        if self.events.send(waits).is_ok() {
            // When the schedule is gone the test has failed already.
            let _ = opened.await;
        }
        Verdict::Proceed
    }
}

/// Who moves next.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// `first` moves until it ends; before the calls of these numbers (of all workers together, from 0) the next
    /// worker takes its turn.
    Preempted {
        /// Who begins.
        first: usize,
        /// Numbers of calls, ascending.
        at: Vec<usize>,
    },
    /// Somebody, by this seed.
    Random(u64),
}

/// A step of a run: who could have moved, who did, and what it called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who moved.
    pub worker: usize,
    /// What it called.
    pub operation: String,
    /// Whether another worker could have moved instead.
    pub contended: bool,
}

/// Runs the workers, each behind its seam, under a schedule.
///
/// # Panics
/// When a worker panics.
pub async fn run(workers: Vec<(Seam, BoxFuture<'static, ()>)>, schedule: &Schedule) -> Vec<Step> {
    let (events, mut happened) = mpsc::unbounded_channel();
    let count = workers.len();
    let mut waiting: Vec<Option<(String, oneshot::Sender<()>)>> = Vec::new();
    let mut tasks = Vec::new();
    for (worker, (seam, work)) in workers.into_iter().enumerate() {
        seam.appoint(Gate { worker, events: events.clone() });
        let ended = EndOf { worker, events: events.clone() };
        tasks.push(tokio::spawn(async move {
            work.await;
            drop(ended);
        }));
        waiting.push(None);
        settle(&mut happened, &mut waiting, worker).await;
    }
    let mut chooser = Chooser::new(schedule, count);
    let mut steps = Vec::new();
    loop {
        let able: Vec<usize> = (0..count).filter(|worker| waiting[*worker].is_some()).collect();
        if able.is_empty() {
            break;
        }
        let worker = chooser.choose(steps.len(), &able);
        let (operation, open) = waiting[worker].take().unwrap();
        steps.push(Step { worker, operation, contended: able.len() > 1 });
        open.send(()).unwrap();
        settle(&mut happened, &mut waiting, worker).await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    steps
}

/// Waits until this worker stands at its gate again or has ended. Nobody else moves meanwhile.
async fn settle(
    happened: &mut mpsc::UnboundedReceiver<Event>,
    waiting: &mut [Option<(String, oneshot::Sender<()>)>],
    moved: usize,
) {
    match happened.recv().await.unwrap() {
        Event::Waits { worker, operation, open } => {
            assert_eq!(worker, moved, "only one worker moves at a time");
            waiting[worker] = Some((operation, open));
        }
        Event::Ended { worker } => assert_eq!(worker, moved, "only one worker moves at a time"),
    }
}

/// Tells of the end of a worker, also when it panics.
struct EndOf {
    worker: usize,
    events: mpsc::UnboundedSender<Event>,
}

impl Drop for EndOf {
    fn drop(&mut self) {
        let _ = self.events.send(Event::Ended { worker: self.worker });
    }
}

enum Chooser {
    Preempted { current: usize, at: Vec<usize>, count: usize },
    Random(Box<StdRng>),
}

impl Chooser {
    fn new(schedule: &Schedule, count: usize) -> Self {
        match schedule {
            Schedule::Preempted { first, at } => Self::Preempted { current: *first, at: at.clone(), count },
            Schedule::Random(seed) => Self::Random(Box::new(StdRng::seed_from_u64(*seed))),
        }
    }

    fn choose(&mut self, step: usize, able: &[usize]) -> usize {
        match self {
            Self::Random(dice) => able[dice.random_range(0..able.len())],
            Self::Preempted { current, at, count } => {
                let mut next = *current;
                if at.contains(&step) {
                    next = (next + 1) % *count;
                }
                while !able.contains(&next) {
                    next = (next + 1) % *count;
                }
                *current = next;
                next
            }
        }
    }
}

/// Every schedule of two workers with at most `preemptions_max` preemptions, found by running them. A call that
/// `commutes` with everything the other worker may do is no place for a preemption: before it or behind it is the
/// same.
pub struct Exhaustive {
    preemptions_max: usize,
    todo: Vec<(usize, Vec<usize>)>,
}

impl Exhaustive {
    /// Begins with both uninterrupted runs.
    #[must_use]
    pub fn new(preemptions_max: usize) -> Self {
        Self { preemptions_max, todo: vec![(1, Vec::new()), (0, Vec::new())] }
    }

    /// The next schedule to run.
    pub fn next_schedule(&mut self) -> Option<Schedule> {
        let (first, at) = self.todo.pop()?;
        Some(Schedule::Preempted { first, at })
    }

    /// Takes in the run of a schedule, and adds the schedules that differ from it by one later preemption.
    pub fn took(&mut self, schedule: &Schedule, steps: &[Step], commutes: impl Fn(&str) -> bool) {
        let Schedule::Preempted { first, at } = schedule else { return };
        if at.len() >= self.preemptions_max {
            return;
        }
        // Before the first call nobody can be interrupted: that is the run in which the other one begins.
        let from = at.last().map_or(1, |last| last + 1);
        for (number, step) in steps.iter().enumerate().skip(from) {
            let goes_on = steps[number - 1].worker == step.worker;
            if step.contended && goes_on && !commutes(&step.operation) {
                let mut at = at.clone();
                at.push(number);
                self.todo.push((*first, at));
            }
        }
    }
}
