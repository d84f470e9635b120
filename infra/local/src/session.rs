//! What a command works on: a running system, or the data directory of one that is not running.

use crate::cloud::{self, Cloud, CloudOptions, Endpoints};
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use trustwatch_pipeline::{Context, Limits};
use trustwatch_runtime::WRITER;
use trustwatch_store::Store;

/// An open system.
pub struct Session {
    /// What use-cases work with.
    pub context: Context,
    /// Where it listens.
    pub endpoints: Endpoints,
    /// Ours to stop; absent when the system was running before.
    cloud: Option<Cloud>,
}

const PROBE: Duration = Duration::from_secs(2);

impl Session {
    /// Connects to the system that runs on this data directory, or opens the directory for this command alone
    /// (functions do not run then: nothing changes but what the command changes).
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub async fn open(data: &Path) -> anyhow::Result<Self> {
        if let Some((endpoints, store)) = running(data).await {
            let context = Context::new(store, Arc::new(jiff::Timestamp::now), Limits::default(), WRITER);
            return Ok(Self { context, endpoints, cloud: None });
        }
        let cloud = Cloud::start(CloudOptions { dispatch: false, ..CloudOptions::new(data) }).await?;
        Ok(Self { context: cloud.context.clone(), endpoints: cloud.endpoints.clone(), cloud: Some(cloud) })
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
async fn running(data: &Path) -> Option<(Endpoints, Store)> {
    let endpoints = cloud::endpoints(data).ok()?;
    let address = endpoints.s3.strip_prefix("http://")?.to_owned();
    tokio::time::timeout(PROBE, tokio::net::TcpStream::connect(address)).await.ok()?.ok()?;
    let store = cloud::connect(&endpoints, &cloud::credentials(data).ok()?).await;
    let asked = tokio::time::timeout(PROBE, store.keys(&store.names().config, "schools/", None)).await;
    asked.ok()?.ok().map(|_| (endpoints, store))
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
