//! `trustwatch verify`

use super::System;
use clap::Args;
use std::process::ExitCode;
use trustwatch_pipeline::{Report, SetAside, verify};

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    system: System,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let session = self.system.open_existing().await?;
        let report = verify(&session.context).await;
        session.close().await;
        let report = report?;
        if self.json {
            say!("{}", serde_json::to_string(&report)?)?;
        } else {
            print(&report)?;
        }
        Ok(if report.balances() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Most files set aside that people are shown.
const SHOWN_MAX: usize = 20;

fn print(report: &Report) -> anyhow::Result<()> {
    let counts = &report.counts;
    say!("objects      {:>12}", report.objects)?;
    say!("  set aside  {:>12}   as a whole", report.quarantined)?;
    for SetAside { key, reason } in report.set_aside.iter().take(SHOWN_MAX) {
        say!("               {key}: {reason}")?;
    }
    if report.set_aside.len() > SHOWN_MAX {
        say!("               and more: `--json` names all")?;
    }
    say!("  pending    {:>12}   not yet worked on", report.pending)?;
    if report.gone > 0 {
        say!(
            "  gone       {:>12}   their raw objects were deleted; their files are as they were",
            report.gone
        )?;
    }
    say!("lines        {:>12}", counts.lines)?;
    say!("  events     {:>12}", counts.events)?;
    say!("  rejects    {:>12}   kept, with a reason", counts.rejects)?;
    say!(
        "  skipped    {:>12}   by a stated rule ({} repeats)",
        counts.skipped.total(),
        counts.skipped.repeat
    )?;
    say!("  held       {:>12}   last lines that wait for their end", counts.held)?;
    if report.read_otherwise > 0 {
        say!(
            "{} object(s) were read by another build, and this one would read some lines otherwise.",
            report.read_otherwise
        )?;
    }
    for finding in &report.findings {
        say!("DOES NOT BALANCE {} ({}): {}", finding.key, finding.source_id, finding.problem)?;
    }
    if report.balances() && report.pending > 0 {
        say!(
            "Every line of what was worked on has its place; {} object(s) are not worked on yet.",
            report.pending
        )?;
    } else if report.balances() {
        let aside = match report.quarantined {
            0 => "",
            _ => " of the files that could be read; what to do about the others stands above",
        };
        say!("Every line{aside} has its place.")?;
    } else {
        say!("{} thing(s) do not balance.", report.findings.len())?;
    }
    Ok(())
}
