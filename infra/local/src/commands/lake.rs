//! `trustwatch lake`

use super::System;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use trustwatch_model::SchoolId;
use trustwatch_pipeline::lake_files;

#[derive(Subcommand)]
pub(crate) enum Lake {
    /// List the Parquet files that count, as `s3://` URLs: what to give to DuckDB, Spark or Athena
    Files(Files),
}

#[derive(Args)]
pub(crate) struct Files {
    #[command(flatten)]
    system: System,
    /// Only this school
    #[arg(long)]
    school: Option<SchoolId>,
    /// First UTC day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    from: Option<jiff::civil::Date>,
    /// Last UTC day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    to: Option<jiff::civil::Date>,
}

impl Lake {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Files(files) = self;
        let session = files.system.open_existing().await?;
        let found = lake_files(&session.context, files.school.as_ref(), files.from, files.to).await;
        session.close().await;
        for url in found? {
            say!("{url}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
