//! `trustwatch policy coverage`

use super::parsed;
use crate::commands::log_file::surveyed;
use crate::commands::{ReadingArgs, format};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_formats::Sample;
use trustwatch_model::SchoolId;
use trustwatch_policy::{Assessable, Coverage as Covered, Gap, Policy, Seen};

#[derive(Args)]
pub(crate) struct Coverage {
    /// The policy; without it the starter policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// School of the feeds: rules may ask for its calendar
    #[arg(long)]
    school: Option<SchoolId>,
    /// Log format, where it is not recognised
    #[arg(long, value_name = "ID")]
    format: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
    /// A log of each feed, plain or compressed; the first 1,000 lines are looked at
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Coverage {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Some(policy) = parsed(self.policy.as_ref())? else { return Ok(ExitCode::FAILURE) };
        let format = self.format.as_deref().map(format).transpose()?;
        let reading = match format {
            Some(format) => self.reading.checked(format)?,
            None => self.reading.unchecked(),
        };
        let mut found = Vec::new();
        for path in &self.files {
            let sample = surveyed(path, format, TimeZone::UTC, &reading)?.sample.unwrap_or_default();
            let covered = policy.coverage(&seen(&sample, self.school.as_ref()));
            if self.json {
                let file = path.to_string_lossy();
                let (format, events) = (sample.format, sample.counts.events);
                say!("{}", json!({ "file": file, "format": format, "events": events, "rules": covered }))?;
            } else {
                let read = if sample.format.is_empty() { "not recognised" } else { sample.format };
                say!("{} ({read}, {} events of its first lines)", path.display(), sample.counts.events)?;
                show_feed(&policy, &covered)?;
            }
            found.push(covered);
        }
        if !self.json && self.files.len() > 1 {
            show_all(&policy, &found)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn seen<'s>(sample: &'s Sample, school: Option<&'s SchoolId>) -> Seen<'s> {
    Seen {
        product: sample.format,
        school,
        events: sample.counts.events,
        hosts: sample.hosts,
        pages: sample.with_url().max(sample.searches),
        categorised: sample.categorised,
        decided: sample.decided,
        people: sample.with_user(),
    }
}

fn show_feed(policy: &Policy, covered: &[Covered]) -> anyhow::Result<()> {
    for (level, words) in
        [(Assessable::No, "not at all"), (Assessable::Part, "in part"), (Assessable::Whole, "whole")]
    {
        let rules: Vec<_> =
            policy.rules.iter().zip(covered).filter(|(_, it)| it.assessable == level).collect();
        say!("  {words:<12}{} of {} rules", rules.len(), covered.len())?;
        if level == Assessable::Whole {
            continue;
        }
        for (rule, covered) in rules {
            say!("    {:<24}{}", rule.id.as_str(), rule.title)?;
            for gap in covered.gaps.iter().map(|gap| Gap::told(*gap)) {
                say!("    {:<24}  {gap}", "")?;
            }
        }
    }
    Ok(())
}

/// What none of the feeds can show, as far as these are all that the school has.
fn show_all(policy: &Policy, feeds: &[Vec<Covered>]) -> anyhow::Result<()> {
    let none = |index: &usize| {
        feeds.iter().all(|feed| feed.get(*index).is_some_and(|it| it.assessable == Assessable::No))
    };
    let rules: Vec<usize> = (0..policy.rules.len()).filter(none).collect();
    say!("by none of these feeds: {} of {} rules", rules.len(), policy.rules.len())?;
    for rule in rules.into_iter().filter_map(|index| policy.rules.get(index)) {
        say!("    {:<24}{}", rule.id.as_str(), rule.title)?;
    }
    Ok(())
}
