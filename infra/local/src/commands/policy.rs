//! `trustwatch policy`

mod coverage;
mod explain;

use super::System;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_pipeline::{PublishError, publish};
use trustwatch_policy::{Mistakes, Policy as Parsed, SCHEMA, STARTER};

#[derive(Subcommand)]
pub(crate) enum Policy {
    /// Print the starter policy for UK schools, to be made one's own
    Starter,
    /// Print the JSON Schema of policies, with which an editor completes and checks while one types
    Schema,
    /// Read a policy, run the tests of its rules, and name every mistake
    Check(Check),
    /// Say what a policy makes of one made-up event, or of a column of searches: one JSON object each
    Explain(Box<explain::Explain>),
    /// Say which rules can be held against a feed, by a log of it, and why not: their silence would prove nothing
    Coverage(coverage::Coverage),
    /// Put a policy in force
    Publish(Publish),
}

#[derive(Args)]
pub(crate) struct Check {
    /// The policy
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    system: System,
    /// From when on it judges, such as 2026-12-01T08:00:00Z; ten minutes from now at the earliest, but for the first
    /// policy, which also judges what came before it
    #[arg(long, value_name = "TIME")]
    effective_from: Option<jiff::Timestamp>,
    /// The policy
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Policy {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Starter => {
                say!("{}", STARTER.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Schema => {
                say!("{}", SCHEMA.trim_end())?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Check(check) => check.run(),
            Self::Explain(explain) => explain.run(),
            Self::Coverage(coverage) => coverage.run(),
            Self::Publish(publish) => publish.run().await,
        }
    }
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

/// The policy of a file, or the starter policy. `None` when it has mistakes, which are shown.
fn parsed(file: Option<&PathBuf>) -> anyhow::Result<Option<Parsed>> {
    let text = file.map_or_else(|| Ok(STARTER.to_owned()), read)?;
    match Parsed::parse(&text) {
        Ok(policy) => Ok(Some(policy)),
        Err(mistakes) => {
            show(file.map_or("starter".as_ref(), PathBuf::as_path), &mistakes)?;
            Ok(None)
        }
    }
}

/// Prints mistakes as compilers do, each with its place.
fn show(file: &std::path::Path, mistakes: &Mistakes) -> anyhow::Result<()> {
    for line in mistakes.to_string().lines() {
        say!("{}:{line}", file.display())?;
    }
    Ok(())
}

impl Check {
    fn run(self) -> anyhow::Result<ExitCode> {
        match Parsed::parse(&read(&self.file)?) {
            Ok(policy) => {
                let rules = policy.rules.len();
                say!(
                    "`{}` (version {}) has no mistakes: {rules} rules, and their tests pass.",
                    policy.title,
                    policy.version
                )?;
                let warnings = policy.warnings(jiff::Zoned::now().date());
                if !warnings.is_empty() {
                    say!("The documents that it cites want attention; it can be published all the same:")?;
                    show(&self.file, &warnings)?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(mistakes) => {
                show(&self.file, &mistakes)?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

impl Publish {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let text = read(&self.file)?;
        let session = self.system.open().await?;
        let from = self.effective_from.unwrap_or_else(jiff::Timestamp::now).as_microsecond();
        let published = publish(&session.context, &text, from).await;
        session.close().await;
        match published {
            Ok(version) => {
                say!("Version {version} is published.")?;
                Ok(ExitCode::SUCCESS)
            }
            Err(PublishError::Mistakes(mistakes)) => {
                show(&self.file, &mistakes)?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }
}
