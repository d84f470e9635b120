//! The dispatcher: starts and stops what moves messages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::delivery::{self, Mapping};
use super::error::QueueError;
use super::pump::{self, EventSource, Route};
use super::schedule::{self, Schedule};
use super::spec::BATCH_MAX;
use super::store::QueueStore;

/// A dispatcher that cannot be started as it was put together.
#[derive(Debug, thiserror::Error)]
pub enum DispatcherError {
    /// A mapping names an unknown queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A mapping contradicts itself or its queue.
    #[error("mapping of queue `{queue}`: {problem}")]
    Mapping {
        /// The queue of the mapping.
        queue: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Two schedules have one name, so that one would take the other's runs for its own.
    #[error("two schedules are named `{0}`")]
    Schedule(String),
}

/// Puts a dispatcher together.
pub struct DispatcherBuilder {
    store: QueueStore,
    mappings: Vec<Mapping>,
    schedules: Vec<Schedule>,
    pumps: Vec<(Arc<dyn EventSource>, Route)>,
}

impl DispatcherBuilder {
    /// Delivers the messages of a queue to a handler.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.mappings.push(mapping);
        self
    }

    /// Calls a handler by time.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule);
        self
    }

    /// Moves the events of `source` to the queues that `route` chooses by bucket and key.
    #[must_use]
    pub fn pump(
        mut self,
        source: Arc<dyn EventSource>,
        route: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.pumps.push((source, Arc::new(route)));
        self
    }

    /// Starts everything on the current runtime.
    ///
    /// # Errors
    /// If a mapping or a schedule cannot work as it was given. Nothing is started then.
    ///
    /// # Panics
    /// If it is called outside of a Tokio runtime.
    pub fn start(self) -> Result<Dispatcher, DispatcherError> {
        self.check()?;
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for mapping in self.mappings {
            tasks.spawn(delivery::run(self.store.clone(), mapping, stop.subscribe()));
        }
        for (source, route) in self.pumps {
            tasks.spawn(pump::run(self.store.clone(), source, route, stop.subscribe()));
        }
        for schedule in self.schedules {
            tasks.spawn(schedule::run(self.store.clone(), schedule, stop.subscribe()));
        }
        Ok(Dispatcher { stop, tasks })
    }

    fn check(&self) -> Result<(), DispatcherError> {
        for mapping in &self.mappings {
            let spec = self.store.spec(&mapping.queue)?;
            let wrong = |problem| DispatcherError::Mapping { queue: mapping.queue.clone(), problem };
            if !(1..=BATCH_MAX).contains(&mapping.batch_size) {
                return Err(wrong("a batch has 1 to 10 messages"));
            }
            if mapping.concurrency == 0 {
                return Err(wrong("the concurrency must be at least 1"));
            }
            if mapping.time_out >= Duration::from_millis(spec.visibility_ms) {
                return Err(wrong("the time-out must be shorter than the visibility of the queue"));
            }
        }
        let mut names = BTreeSet::new();
        for schedule in &self.schedules {
            if !names.insert(&schedule.name) {
                return Err(DispatcherError::Schedule(schedule.name.clone()));
            }
        }
        Ok(())
    }
}

/// Delivers messages to handlers until it is stopped. Dropping it is like pulling the plug: handlers end where they
/// are, and their messages come back when their visibility runs out.
#[derive(Debug)]
pub struct Dispatcher {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Dispatcher {
    /// Starts to put a dispatcher together.
    #[must_use]
    pub fn builder(store: QueueStore) -> DispatcherBuilder {
        DispatcherBuilder { store, mappings: Vec::new(), schedules: Vec::new(), pumps: Vec::new() }
    }

    /// Stops receiving, waits up to `limit` for handlers that run, and ends those that then still do. Returns
    /// whether all of them came to their own end.
    pub async fn stop(mut self, limit: Duration) -> bool {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let is_clean = tokio::time::timeout(limit, all).await.is_ok();
        if !is_clean {
            tracing::warn!("handlers were ended while they ran; their messages come back");
            self.tasks.abort_all();
        }
        is_clean
    }
}
