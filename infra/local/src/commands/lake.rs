//! `trustwatch lake`

use super::System;
use anyhow::{bail, ensure};
use clap::{Args, Subcommand};
use std::process::ExitCode;
use trustwatch_model::SchoolId;
use trustwatch_pipeline::{lake_files, registered_schools};

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
        if let (Some(from), Some(to)) = (files.from, files.to) {
            ensure!(from <= to, "no day is both from {from} on and until {to}: exchange --from and --to");
        }
        let session = files.system.open_existing().await?;
        let found = lake_files(&session.context, files.school.as_ref(), files.from, files.to).await;
        // Silence of a school that nobody knows would pass for a school without files.
        let doubted = files.school.filter(|_| found.as_ref().is_ok_and(|found| !found.any_manifest));
        let schools = match &doubted {
            Some(_) => registered_schools(&session.context).await,
            None => Ok(Vec::new()),
        };
        session.close().await;
        let (found, schools) = (found?, schools?);
        if let Some(school) = doubted.filter(|school| !schools.contains(school)) {
            let known: Vec<&str> = schools.iter().map(SchoolId::as_str).collect();
            bail!(
                "no school is called `{school}`, and the lake holds nothing of it: expected one of {}",
                known.join(", ")
            );
        }
        for url in &found.urls {
            say!("{url}")?;
        }
        let missing = found.unreadable.len();
        for error in found.unreadable {
            eprintln!("trustwatch: {:#}", anyhow::Error::from(error));
        }
        ensure!(
            missing == 0,
            "the files of {missing} manifest(s) are missing above: see `trustwatch verify`"
        );
        Ok(ExitCode::SUCCESS)
    }
}
