//! What a command works on: a running system, the data directory of one that is not running, or a deployment on AWS.

use crate::cloud::{self, Cloud, CloudOptions};
use crate::s3::StoreError;
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trustwatch_pipeline::{Context, Limits};
use trustwatch_runtime::{WRITER, read_names};
use trustwatch_store::{Connection, Store};

/// An open system.
pub struct Session {
    /// What use-cases work with.
    pub context: Context,
    /// Ours to stop; absent when the system was running before.
    cloud: Option<Cloud>,
}

const PROBE: Duration = Duration::from_secs(2);
/// How long a system takes to answer that has just been started.
const STARTED_IN: Duration = Duration::from_secs(5);

fn is_locked(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(StoreError::Locked)))
}

impl Session {
    /// Connects to the system that runs on this data directory, or opens the directory for this command alone
    /// (functions do not run then: nothing changes but what the command changes).
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub async fn open(data: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        loop {
            if let Some(store) = running(data).await {
                return Ok(Self::on(store));
            }
            // Whoever has the directory is asked again at once: a system that has just been started answers soon.
            let lock_patience = Duration::ZERO;
            let options = CloudOptions { dispatch: false, lock_patience, ..CloudOptions::new(data) };
            match Cloud::start(options).await {
                Ok(cloud) => return Ok(Self { context: cloud.context.clone(), cloud: Some(cloud) }),
                // A system that is starting has the directory already and does not answer yet.
                Err(error) if is_locked(&error) && began.elapsed() < STARTED_IN => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Connects to the deployment on AWS that the environment names, with the rights of whoever the environment says
    /// calls.
    ///
    /// # Errors
    /// When the environment does not name a whole deployment.
    pub async fn aws() -> anyhow::Result<Self> {
        let names = read_names(|name| std::env::var(name).ok());
        let names = names.context("no deployment is named (docs/deploy.md says how)")?;
        Ok(Self::on(Store::connect(Connection::default(), names).await))
    }

    fn on(store: Store) -> Self {
        let context = Context::new(store, Arc::new(jiff::Timestamp::now), Limits::default(), WRITER);
        Self { context, cloud: None }
    }

    /// Whether the system was running before, so that what is changed is worked on at once.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.cloud.is_none()
    }

    /// Lets go of the directory.
    pub async fn close(self) {
        if let Some(cloud) = self.cloud {
            cloud.stop().await;
        }
    }
}

/// The system that runs on this directory, if it answers. The file of endpoints outlives a system that was
/// killed, and its port may be another's by now: only a server that takes this directory's key is believed.
async fn running(data: &Path) -> Option<Store> {
    let endpoints = cloud::endpoints(data).ok()?;
    let address = endpoints.s3.strip_prefix("http://")?.to_owned();
    tokio::time::timeout(PROBE, tokio::net::TcpStream::connect(address)).await.ok()?.ok()?;
    let store = cloud::connect(&endpoints, &cloud::credentials(data).ok()?).await;
    let asked = tokio::time::timeout(PROBE, store.keys(&store.names().config, "schools/", None)).await;
    asked.ok()?.ok().map(|_| store)
}

/// The directory must hold a system already: a typing mistake must not make an empty one.
///
/// # Errors
/// When there is none.
pub fn must_exist(data: &Path) -> anyhow::Result<()> {
    let there = data.join(cloud::CREDENTIALS_FILE).exists();
    there.then_some(()).with_context(|| {
        format!("`{}` holds no trustwatch system: start one with `trustwatch up`", data.display())
    })
}
