//! `trustwatch roster`

use super::System;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_model::SchoolId;
use trustwatch_pipeline::put_roster;

#[derive(Subcommand)]
pub(crate) enum Roster {
    /// Say who the people of a school are: what comes from now on is judged by it
    Set(Set),
}

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    system: System,
    /// School
    #[arg(long, value_name = "ID")]
    school: SchoolId,
    /// CSV with the columns user_name, aliases, audience, year_group, form, school, leaving_date
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Roster {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Set(Set { system, school, file }) = self;
        let csv = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let session = system.open().await?;
        let put = put_roster(&session.context, &school, csv).await;
        session.close().await;
        let mistakes = put?;
        for line in mistakes.to_string().lines() {
            say!("{}:{line}", file.display())?;
        }
        if mistakes.is_empty() {
            say!("The roster of `{school}` is set.")?;
            return Ok(ExitCode::SUCCESS);
        }
        say!(
            "The roster of `{school}` is set. Rows that cannot be read are left out, and a login in two audiences counts as \
             unknown in both: such people are judged as unknown."
        )?;
        Ok(ExitCode::FAILURE)
    }
}
