//! What must run for as long as the cloud does, and the news when a part of it has ended.

use anyhow::anyhow;
use std::io;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The servers of a cloud. None ends by itself, and without one of them the others would wait for ever, so that
/// whoever runs a cloud waits for [`Servers::ended`] too. Dropping this ends all of them.
pub(crate) struct Servers {
    tasks: JoinSet<()>,
    /// Why the first server that ended did so.
    ended: watch::Sender<Option<String>>,
}

impl Servers {
    pub(crate) fn new() -> Self {
        Self { tasks: JoinSet::new(), ended: watch::Sender::new(None) }
    }

    /// Runs a server. `what` is its name in errors.
    pub(crate) fn spawn(
        &mut self,
        what: &'static str,
        server: impl Future<Output = io::Result<()>> + Send + 'static,
    ) {
        let guard = Guard { what, ended: self.ended.clone() };
        self.tasks.spawn(async move {
            if let Err(error) = server.await {
                guard.tell(&error.to_string());
            }
        });
    }

    /// Runs something that comes to an end of its own, and ends with the servers at the latest.
    pub(crate) fn spawn_aside(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Waits until a server has ended, and says which and why.
    pub(crate) async fn ended(&self) -> anyhow::Error {
        let mut ended = self.ended.subscribe();
        let reason = match ended.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The sender is ours.
            Err(_) => "the servers are gone".to_owned(),
        };
        anyhow!("{reason}: what was acknowledged is safe; start the system again")
    }

    /// Ends all of them under their users, as nothing but a fault would.
    #[cfg(test)]
    pub(crate) fn abort(&mut self) {
        self.tasks.abort_all();
    }

    /// Ends all of them.
    pub(crate) async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Held by a server: it is dropped however the server ends, by a panic too.
struct Guard {
    what: &'static str,
    ended: watch::Sender<Option<String>>,
}

impl Guard {
    fn tell(&self, why: &str) {
        self.ended.send_if_modified(|reason| {
            let is_first = reason.is_none();
            if is_first {
                *reason = Some(format!("the {} server ended ({why})", self.what));
            }
            is_first
        });
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let why = if std::thread::panicking() { "it panicked" } else { "it was stopped" };
        self.tell(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn reason(server: impl Future<Output = io::Result<()>> + Send + 'static) -> String {
        let mut servers = Servers::new();
        servers.spawn("other", std::future::pending());
        servers.spawn_aside(async {});
        servers.spawn("S3", server);
        tokio::time::timeout(Duration::from_secs(10), servers.ended()).await.unwrap().to_string()
    }

    #[tokio::test]
    async fn every_end_of_a_server_is_noticed() {
        let check = |said: String, why: &str| {
            assert!(said.starts_with(&format!("the S3 server ended ({why}): ")), "{said}");
        };
        check(reason(async { Ok(()) }).await, "it was stopped");
        check(reason(async { Err(io::Error::other("no more sockets")) }).await, "no more sockets");
        check(reason(async { panic!("as told") }).await, "it panicked");
    }

    #[tokio::test]
    async fn servers_that_run_and_work_that_is_done_are_no_news() {
        let mut servers = Servers::new();
        servers.spawn("S3", std::future::pending());
        servers.spawn_aside(async {});
        let waited = tokio::time::timeout(Duration::from_millis(50), servers.ended()).await;
        assert!(waited.is_err(), "{waited:?}");
    }
}
