//! `trustwatch up`

use super::Data;
use anyhow::Context as _;
use clap::Args;
use std::process::ExitCode;
use trustwatch_local::cloud::{CREDENTIALS_FILE, Cloud, CloudOptions};

#[derive(Args)]
pub(crate) struct Up {
    #[command(flatten)]
    data: Data,
    /// Port of the API; S3, DynamoDB, SQS and KMS take the four after it. 0 takes any free ports
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
}

impl Up {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = &self.data.data;
        let options = CloudOptions { port: self.port, ..CloudOptions::new(data) };
        let cloud = Cloud::start(options).await?;
        say!("trustwatch is up.")?;
        say!("  API       {}/v1/health", cloud.endpoints.api)?;
        say!("  S3        {}   bucket {}", cloud.endpoints.s3, cloud.context.store.names().raw)?;
        say!("  keys      {}", data.join(CREDENTIALS_FILE).display())?;
        say!("  data      {}", data.display())?;
        say!("")?;
        say!("Register a feed:  trustwatch feed set --school oak --feed web --format squid")?;
        say!("Send a file:      trustwatch ship --school oak --feed web access.log")?;
        say!("Stop with Ctrl-C; nothing is lost.")?;
        cloud.run(stopped()).await?;
        say!("stopping …")?;
        cloud.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Waits for Ctrl-C or a service manager's request to end.
pub(crate) async fn stopped() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for Ctrl-C"),
        _ = terminated.recv() => Ok(()),
    }
}
