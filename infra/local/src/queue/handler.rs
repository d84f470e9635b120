//! The seam to the functions: an event in, an answer out, whatever happens inside.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::task::JoinHandle;

/// A Lambda function, called as AWS calls it: JSON in, JSON out.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Handles one event.
    ///
    /// # Errors
    /// What AWS would see as a failed invocation: the whole batch comes back.
    async fn call(&self, event: Value) -> Result<Value, HandlerError>;
}

/// A failed invocation, in the two parts that Lambda reports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct HandlerError {
    /// What kind of error (Lambda's `errorType`). This is logged, so it must not hold data.
    pub kind: &'static str,
    /// What happened (Lambda's `errorMessage`). The dispatcher does not log it, because it may name a key.
    pub message: String,
}

impl HandlerError {
    /// An error of a kind, with what happened.
    #[must_use]
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Why an invocation gave no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The handler said so.
    Error(HandlerError),
    /// The handler panicked.
    Panic,
    /// The handler took longer than its time-out and was stopped.
    TimedOut,
}

impl Failure {
    /// A constant that may be logged.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Error(error) => error.kind,
            Self::Panic => "panic",
            Self::TimedOut => "time-out",
        }
    }
}

/// Ends the task when its owner goes away, so that a dispatcher that is dropped leaves no handler running.
struct Owned(JoinHandle<Result<Value, HandlerError>>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Calls the handler in a task of its own, so that its panic is an answer and its time can be limited.
///
/// Where a build aborts on panic, a panic ends the process, and the messages come back when it is started again.
/// A handler that never reaches an `await` cannot be stopped: this then waits for it, because to go on would run
/// more handlers at once than the mapping allows.
pub(super) async fn invoke(
    handler: Arc<dyn Handler>,
    event: Value,
    time_out: Duration,
) -> Result<Value, Failure> {
    let mut task = Owned(tokio::spawn(async move { handler.call(event).await }));
    let joined = match tokio::time::timeout(time_out, &mut task.0).await {
        Ok(joined) => joined,
        Err(_) => {
            task.0.abort();
            let _ = (&mut task.0).await;
            return Err(Failure::TimedOut);
        }
    };
    match joined {
        Ok(answer) => answer.map_err(Failure::Error),
        Err(_) => Err(Failure::Panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Script;

    #[async_trait]
    impl Handler for Script {
        async fn call(&self, event: Value) -> Result<Value, HandlerError> {
            match event.as_str() {
                Some("panic") => panic!("as told"),
                Some("hang") => std::future::pending().await,
                Some("error") => Err(HandlerError::new("Told", "as told")),
                _ => Ok(event),
            }
        }
    }

    #[tokio::test]
    async fn every_end_of_a_handler_is_an_answer() {
        let run = |event: &str| invoke(Arc::new(Script), event.into(), Duration::from_millis(50));
        assert_eq!(run("fine").await, Ok("fine".into()));
        assert_eq!(run("error").await.unwrap_err().kind(), "Told");
        assert_eq!(run("panic").await, Err(Failure::Panic));
        assert_eq!(run("hang").await, Err(Failure::TimedOut));
    }
}
