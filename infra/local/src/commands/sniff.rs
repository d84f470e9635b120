//! `trustwatch sniff`

use super::log_file::surveyed;
use super::{moment, zone};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trustwatch_formats::{Sample, Survey};
use trustwatch_model::{DateOrder, Reading, Undated, ZONE_DEFAULT};

#[derive(Args)]
pub(crate) struct Sniff {
    /// Log format, where it is known
    #[arg(long, value_name = "ID")]
    format: Option<String>,
    /// Zone in which the filter writes local times
    #[arg(long, default_value = ZONE_DEFAULT)]
    zone: String,
    #[command(flatten)]
    reading: super::ReadingArgs,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
    /// Log files, plain or compressed
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Sniff {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let zone = zone(&self.zone).map_err(|problem| anyhow::anyhow!("zone `{}`: {problem}", self.zone))?;
        let format = self.format.as_deref().map(super::format).transpose()?;
        let reading = match format {
            Some(format) => self.reading.checked(format)?,
            None => self.reading.unchecked(),
        };
        let mut all_known = true;
        for path in &self.files {
            let seen = surveyed(path, format, zone.clone(), &reading)?;
            all_known &= seen.sample.as_ref().is_some_and(|sample| sample.counts.events > 0);
            let next = seen.sample.as_ref().map(|sample| command(sample, &self.zone, &reading));
            if self.json {
                say!("{}", object(path, &seen, next))?;
            } else {
                show(path, &seen, next.as_deref(), &self.zone)?;
            }
        }
        Ok(if all_known { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The command that registers a feed of such files.
fn command(sample: &Sample, zone: &str, reading: &Reading) -> String {
    let mut command =
        format!("trustwatch feed set --school SCHOOL --feed FEED --format {} --zone {zone}", sample.format);
    if reading.date_order == DateOrder::MonthFirst {
        command.push_str(" --month-first");
    }
    if reading.undated == Undated::Arrival {
        command.push_str(" --undated-at-arrival");
    }
    if let Some(layout) = &reading.layout {
        command.push_str(&format!(" --layout {}", quoted(layout)));
    }
    for (name, column) in &reading.fields {
        command.push_str(&format!(" --field {}", quoted(&format!("{name}={column}"))));
    }
    command
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "=_-./:".contains(letter);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

fn show(path: &Path, seen: &Survey, next: Option<&str>, zone: &str) -> anyhow::Result<()> {
    say!("{}", path.display())?;
    let mut candidates = seen.candidates.iter();
    match candidates.next() {
        Some(best) => say!("  format      {} ({} %: {})", best.format, best.confidence, best.reason)?,
        None => say!("  format      not recognised")?,
    }
    for sniff in candidates {
        say!("              or {} ({} %: {})", sniff.format, sniff.confidence, sniff.reason)?;
    }
    say!("  container   {}", seen.container)?;
    say!("  encoding    {}", seen.encoding)?;
    say!("  wrapper     {}", seen.wrapper.unwrap_or("none"))?;
    if let Some(problem) = &seen.fault {
        say!("  fault       {problem}")?;
    }
    if let Some(sample) = &seen.sample {
        show_sample(sample, zone)?;
    }
    if let Some(header) = &seen.header {
        say!("  header      {header}")?;
    }
    match next {
        Some(next) => say!("  next        {next}\n"),
        None => say!(
            "  next        name the format with --format (`trustwatch formats` lists them); for a product of your own see\n              \
             docs/formats.md\n"
        ),
    }
}

fn show_sample(sample: &Sample, zone: &str) -> anyhow::Result<()> {
    let counts = &sample.counts;
    let skipped = counts.skipped.total();
    say!(
        "  read as     {}: of the first {} lines {} events, {} rejects, {skipped} skipped",
        sample.format,
        counts.lines,
        counts.events,
        counts.rejects
    )?;
    for (reason, count) in &sample.rejects {
        say!("              {count} {}", reason.as_str())?;
    }
    for (rule, count) in skips(sample) {
        say!("              {count} skipped: {}", rule.replace('_', " "))?;
    }
    if counts.events == 0 {
        return Ok(());
    }
    say!("  precision   {}", list(&sample.precision))?;
    say!("  laid to     {}; {} different logins", list(&sample.attribution), sample.users)?;
    say!("  known       the outcome of {}, search terms of {}", sample.decided, sample.searches)?;
    if let Some((first, last)) = sample.span {
        say!("  times       {} to {}", moment(first), moment(last))?;
    }
    for doubt in doubts(sample, zone) {
        say!("  in doubt    {doubt}")?;
    }
    Ok(())
}

/// What a person who knows the filter has to confirm.
fn doubts(sample: &Sample, zone: &str) -> Vec<String> {
    let mut doubts = Vec::new();
    if sample.local_times > 0 {
        doubts.push(format!("{} times state no zone and are read as {zone}: --zone", sample.local_times));
    }
    if sample.open_dates > 0 {
        doubts.push(format!(
            "{} dates would be others with the numbers of day and month exchanged: --month-first",
            sample.open_dates
        ));
    }
    if sample.dates_of_other_order > 0 {
        doubts.push(format!(
            "{} dates exist only with the numbers of day and month exchanged: --month-first",
            sample.dates_of_other_order
        ));
    }
    if sample.rejects.contains_key(&trustwatch_model::RejectReason::NoTime) {
        doubts.push(
            "lines without a time are rejects: --undated-at-arrival where a collector ships every few minutes"
                .to_owned(),
        );
    }
    doubts
}

fn list(counts: &BTreeMap<&'static str, u64>) -> String {
    let each: Vec<_> =
        counts.iter().map(|(word, count)| format!("{count} {}", word.replace('_', " "))).collect();
    each.join(", ")
}

fn skips(sample: &Sample) -> impl Iterator<Item = (&'static str, u64)> {
    let skipped = sample.counts.skipped;
    [
        ("header", skipped.header),
        ("comment", skipped.comment),
        ("blank", skipped.blank),
        ("not_web", skipped.not_web),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
}

fn object(path: &Path, seen: &Survey, next: Option<String>) -> Value {
    let candidates: Vec<Value> = seen
        .candidates
        .iter()
        .map(
            |sniff| json!({ "format": sniff.format, "confidence": sniff.confidence, "reason": sniff.reason }),
        )
        .collect();
    let sample = seen.sample.as_ref().map(|sample| {
        let rejects: BTreeMap<_, _> =
            sample.rejects.iter().map(|(reason, count)| (reason.as_str(), *count)).collect();
        json!({
            "format": sample.format,
            "lines": sample.counts.lines,
            "events": sample.counts.events,
            "rejects": rejects,
            "skipped": skips(sample).collect::<BTreeMap<_, _>>(),
            "precision": sample.precision,
            "attribution": sample.attribution,
            "users": sample.users,
            "with_outcome": sample.decided,
            "with_search_terms": sample.searches,
            "first": sample.span.map(|(first, _)| moment(first)),
            "last": sample.span.map(|(_, last)| moment(last)),
            "local_times": sample.local_times,
            "open_dates": sample.open_dates,
            "dates_of_other_order": sample.dates_of_other_order,
        })
    });
    json!({
        "file": path.to_string_lossy(),
        "candidates": candidates,
        "container": seen.container,
        "encoding": seen.encoding,
        "wrapper": seen.wrapper,
        "fault": seen.fault,
        "sample": sample,
        "header": seen.header.as_ref().map(ToString::to_string),
        "next": next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_command_is_one_word_for_a_shell() {
        let check = |word: &str, want: &str| assert_eq!(quoted(word), want);
        check("Date=time", "Date=time");
        check("Wer war's=user_name", r"'Wer war'\''s=user_name'");
        check("%ts %>a", "'%ts %>a'");
    }
}
