//! `trustwatch roster`

use super::System;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_model::{SchoolId, SubjectRole};
use trustwatch_pipeline::{judge_again, put_roster};
use trustwatch_policy::Person;

#[derive(Subcommand)]
pub(crate) enum Roster {
    /// Say who the people of a school are: what comes from now on is judged by it
    Set(Set),
    /// Judge again what was judged by an earlier roster of a school (on AWS: with the rights of the function `classify`)
    Apply(Apply),
}

#[derive(Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    system: System,
    /// School
    #[arg(long, value_name = "ID")]
    school: SchoolId,
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
        match self {
            Self::Set(set) => set.run().await,
            Self::Apply(apply) => apply.run().await,
        }
    }
}

impl Apply {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let session = self.system.open_existing().await?;
        let again = judge_again(&session.context, &self.school).await;
        session.close().await;
        say!("{} file(s) of events of `{}` were judged again by today's roster.", again?, self.school)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let Self { system, school, file } = self;
        let csv = std::fs::read(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let session = system.open().await?;
        let put = put_roster(&session.context, &school, csv).await;
        session.close().await;
        let (roster, mistakes) = put?;
        for line in mistakes.to_string().lines() {
            say!("{}:{line}", file.display())?;
        }
        let is_head = |person: &Person| person.school == school && person.role == Some(SubjectRole::Head);
        if !roster.people().iter().any(is_head) {
            say!(
                "Note: no row has the role `head`. A case on the headteacher would stand in their own queue, where \
                 nobody else looks: name them in the column `role`."
            )?;
        }
        if mistakes.is_empty() {
            say!(
                "The roster of `{school}` is set. What was judged before stays as it is until `trustwatch roster apply`."
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        say!(
            "The roster of `{school}` is set. Rows that cannot be read are left out, and a login in two audiences counts as \
             unknown in both: such people are judged as unknown."
        )?;
        Ok(ExitCode::FAILURE)
    }
}
