//! `trustwatch access`

use super::System;
use anyhow::Context as _;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_pipeline::{PutGroupMapError, put_group_map, registered_schools};

#[derive(Subcommand)]
pub(crate) enum Access {
    /// Say which group of the directory has which role where: it holds for requests from ten seconds later on
    Set(Set),
}

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    system: System,
    /// YAML as docs/access.md describes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Access {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Set(Set { system, file }) = self;
        let yaml =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let session = system.open().await?;
        let put = put_group_map(&session.context, |_| yaml).await;
        let schools = registered_schools(&session.context).await;
        session.close().await;
        match put {
            Ok(map) => {
                say!("The group map is set.")?;
                for gap in map.gaps(&schools?) {
                    say!("Note: {gap}.")?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(PutGroupMapError::Map(error)) => {
                for mistake in &error.mistakes {
                    say!("{}:{}:{}: {}", file.display(), mistake.line, mistake.column, mistake.what)?;
                }
                say!("Nothing was changed.")?;
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(error.into()),
        }
    }
}
