//! `trustwatch demo`

use super::up::stopped;
use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use trustwatch_casework::Status;
use trustwatch_local::cloud::{Cloud, CloudOptions};
use trustwatch_local::demo::{DemoFile, Expected, Plan, rosters};
use trustwatch_local::dev_token::DevPerson;
use trustwatch_local::gateway::Issuer;
use trustwatch_model::{AlertId, Counts, FeedId, FeedSettings, SchoolId, Severity};
use trustwatch_pipeline::{AlertRow, Report, alerts, publish, put_roster, save_feed, verify};
use trustwatch_policy::STARTER;

/// The week in which the clocks go back: Monday 19 to Sunday 25 October 2026.
const FIRST_DAY: jiff::civil::Date = jiff::civil::date(2026, 10, 19);
const DAYS: u8 = 7;
const SEED: u64 = 2026;

#[derive(Args)]
pub(crate) struct Demo {
    /// Lines for each school
    #[arg(long, value_name = "N", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    lines: u64,
    /// End when the week has been worked on, instead of serving it until Ctrl-C
    #[arg(long)]
    once: bool,
    /// Print the figures as one JSON object on the last line
    #[arg(long)]
    json: bool,
    /// Keep the data in this directory, which must be empty, instead of removing it at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Port of the API (with --once, any free port)
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
}

/// Counters of a school, summed over its feeds. A held line is counted when it is settled.
#[derive(Default, PartialEq, Eq)]
struct Delivered {
    lines: u64,
    events: u64,
    rejects: u64,
    skipped: u64,
}

/// What the demo did.
struct Outcome {
    shipped: u64,
    expected: BTreeMap<&'static str, Expected>,
    /// What the feeds of each school say that they delivered.
    delivered: BTreeMap<&'static str, Delivered>,
    report: Report,
    alerts: BTreeMap<AlertId, AlertRow>,
    took: Duration,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let scratch = tempfile::tempdir().context("cannot make a temporary directory")?;
        let data = self.data.as_deref().unwrap_or_else(|| scratch.path());
        if self.data.is_some() && std::fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("`{}` is not empty: the demo would mix with what is there", data.display());
        }
        let port = if self.once { 0 } else { self.port };
        let cloud = Cloud::start(CloudOptions { port, ..CloudOptions::new(data) }).await?;
        say!("Three made-up schools, one week ({FIRST_DAY} and the six days after), three filters.\n")?;
        let outcome = cloud.run(self.work(&cloud)).await?;
        print(&outcome)?;
        let right = outcome.is_right();
        if !self.once {
            show_how_to_ask(&cloud, data).await?;
        }
        if self.json {
            say!("{}", outcome.json())?;
        }
        if !self.once {
            cloud.run(stopped()).await?;
        }
        cloud.stop().await;
        Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn work(&self, cloud: &Cloud) -> anyhow::Result<Outcome> {
        let begun = Instant::now();
        let plan = Plan { seed: SEED, lines_per_school: self.lines, first_day: FIRST_DAY, days: DAYS };
        let files: Vec<DemoFile> = plan.files()?.collect();
        let scratch = tempfile::tempdir()?;
        judge_by(cloud).await?;
        let bar = bar(files.iter().map(|file| file.lines).sum(), "shipping")?;
        let mut expected: BTreeMap<&'static str, Expected> = BTreeMap::new();
        for file in &files {
            register(cloud, file).await?;
            let path = scratch.path().join("upload");
            let account = write(file, &path)?;
            cloud
                .context
                .store
                .upload_file(&file.key(), &path, |_| {})
                .await
                .context("cannot ship a file")?;
            *expected.entry(file.school).or_default() += account;
            bar.inc(file.lines);
        }
        bar.finish();
        wait_until_idle(cloud).await?;
        let took = begun.elapsed();
        let mut delivered = BTreeMap::new();
        for school in expected.keys() {
            delivered.insert(*school, deliveries(cloud, school).await?);
        }
        let report = verify(&cloud.context).await?;
        let schools = expected.keys().map(|school| SchoolId::new(school)).collect::<Result<Vec<_>, _>>()?;
        let alerts = alerts(&cloud.context, &schools, Status::Open).await?;
        Ok(Outcome { shipped: files.len() as u64, expected, delivered, report, alerts, took })
    }
}

/// Says how to look at the alerts.
async fn show_how_to_ask(cloud: &Cloud, data: &Path) -> anyhow::Result<()> {
    let (api, issuer) = (&cloud.endpoints.api, Issuer::open(data)?);
    let school = schools()?.first().cloned().context("the week has no school")?;
    let lasts = jiff::SignedDuration::from_hours(8);
    let dsl = DevPerson::new("dsl", Some(&school))?.token(&cloud.context, &issuer, api, lasts).await?;
    let lead = DevPerson::new("trust_lead", None)?.token(&cloud.context, &issuer, api, lasts).await?;
    let list = "/v1/alerts?severity=5,4";
    say!(
        "\nThe API is up until Ctrl-C. The gravest alerts of {school}, as its safeguarding lead sees them:\n"
    )?;
    say!("  TOKEN={dsl}")?;
    say!("  curl -s -H \"Authorization: Bearer $TOKEN\" '{api}{list}'\n")?;
    say!("One of them with its evidence:\n")?;
    say!(
        "  ID=$(curl -s -H \"Authorization: Bearer $TOKEN\" '{api}{list}' | grep -o '\"id\":\"[0-9a-f]*' | head -n 1 | cut -c 7-)"
    )?;
    say!("  curl -si -H \"Authorization: Bearer $TOKEN\" \"{api}/v1/alerts/$ID\"\n")?;
    say!("All schools, as the trust's safeguarding lead sees them:\n")?;
    say!("  curl -s -H 'Authorization: Bearer {lead}' '{api}{list}'\n")?;
    say!("What the API can do is described at {api}/v1/openapi.json. Stop with Ctrl-C.")?;
    Ok(())
}

/// The made-up schools.
fn schools() -> anyhow::Result<Vec<SchoolId>> {
    Ok(rosters().iter().map(|roster| SchoolId::new(roster.school)).collect::<Result<_, _>>()?)
}

async fn deliveries(cloud: &Cloud, school: &str) -> anyhow::Result<Delivered> {
    let mut sum = Delivered::default();
    for feed in cloud.context.store.feeds(school).await? {
        for (name, count) in &feed.counts {
            match name.as_str() {
                "lines" => sum.lines += count,
                "events" => sum.events += count,
                "rejects" => sum.rejects += count,
                name if name.starts_with("skipped_") => sum.skipped += count,
                _ => {}
            }
        }
    }
    Ok(sum)
}

/// Puts the starter policy and the rosters of the made-up schools in force.
async fn judge_by(cloud: &Cloud) -> anyhow::Result<()> {
    let from = FIRST_DAY.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp();
    publish(&cloud.context, STARTER, from.as_microsecond()).await?;
    for roster in rosters() {
        let (_, mistakes) =
            put_roster(&cloud.context, &SchoolId::new(roster.school)?, roster.csv.into_bytes()).await?;
        if !mistakes.is_empty() {
            bail!("the roster of `{}` has mistakes:\n{mistakes}", roster.school);
        }
    }
    Ok(())
}

async fn register(cloud: &Cloud, file: &DemoFile) -> anyhow::Result<()> {
    // The week of the demo stays where it is while the years pass.
    let settings = FeedSettings { horizon_days: 3_660, ..FeedSettings::of(file.format) };
    let (school, feed) = (SchoolId::new(file.school)?, FeedId::new(file.feed)?);
    save_feed(&cloud.context.store, &school, &feed, settings).await?;
    Ok(())
}

fn write(file: &DemoFile, path: &Path) -> anyhow::Result<Expected> {
    let mut out = BufWriter::new(File::create(path)?);
    let expected = file.write_object_to(&mut out)?;
    out.flush()?;
    Ok(expected)
}

const POLL: Duration = Duration::from_millis(50);

async fn wait_until_idle(cloud: &Cloud) -> anyhow::Result<()> {
    let spinner = ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
    let mut quiet = 0;
    // An event may be on its way from the outbox to its queue: quiet must last a moment.
    while quiet < 5 {
        let work = cloud.status().await?.work();
        let left = work.waiting + work.running;
        spinner.set_message(format!("{left} file(s) left to work on"));
        spinner.tick();
        quiet = if left == 0 { quiet + 1 } else { 0 };
        tokio::time::sleep(POLL).await;
    }
    spinner.finish_and_clear();
    Ok(())
}

fn bar(total: u64, what: &'static str) -> anyhow::Result<ProgressBar> {
    let style = "{msg:<10} [{bar:40}] {human_pos:>9}/{human_len:<9} lines {eta:>5}";
    let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
    Ok(bar.with_message(what))
}

impl Outcome {
    fn total(&self) -> Expected {
        let mut total = Expected::default();
        for expected in self.expected.values() {
            total += *expected;
        }
        total
    }

    /// Everything was worked on, balances, and is what the generator knows that it wrote.
    fn is_right(&self) -> bool {
        self.report.balances()
            && self.report.pending == 0
            && self.report.quarantined == 0
            && self.report.counts == self.total().counts
            && self.expected.iter().all(|(school, expected)| {
                let Counts { lines, events, rejects, skipped, held } = expected.counts;
                let wanted = Delivered { lines: lines - held, events, rejects, skipped: skipped.total() };
                self.delivered.get(school) == Some(&wanted)
            })
    }

    fn json(&self) -> serde_json::Value {
        let Counts { lines, events, rejects, skipped, held } = self.report.counts;
        serde_json::json!({
            "lines": lines,
            "events": events,
            "rejects": rejects,
            "skipped": skipped.total(),
            "held": held,
            "schools": self.expected.len(),
            "files": self.shipped,
            "pending": self.report.pending,
            "quarantined": self.report.quarantined,
            "problems": self.report.findings.len(),
            "findings": self.report.found,
            "alerts": self.alerts.len(),
            "as_generated": self.is_right(),
            "seconds": self.took.as_secs_f64(),
        })
    }
}

/// Alerts of the week by school and severity: numbers only, names are for those who may know.
fn print_alerts(alerts: &BTreeMap<AlertId, AlertRow>) -> anyhow::Result<()> {
    let mut by_school: BTreeMap<&str, BTreeMap<Severity, u64>> = BTreeMap::new();
    for row in alerts.values() {
        *by_school.entry(row.about.cell.school.as_str()).or_default().entry(row.severity).or_default() += 1;
    }
    say!("\nJudged by the starter policy, the week holds {} alerts for people to look at:", alerts.len())?;
    say!("{:<16} {:>9} {:>9} {:>9} {:>9}", "school", "critical", "high", "medium", "low")?;
    for (school, counts) in by_school {
        let of = |severity| counts.get(&severity).copied().unwrap_or(0);
        let [critical, high] = [of(Severity::CRITICAL), of(Severity::HIGH)];
        say!("{school:<16} {critical:>9} {high:>9} {:>9} {:>9}", of(Severity::MEDIUM), of(Severity::LOW))?;
    }
    Ok(())
}

fn print(outcome: &Outcome) -> anyhow::Result<()> {
    say!("{:<16} {:>9} {:>9} {:>9} {:>9}", "school", "lines", "events", "rejects", "skipped")?;
    for (school, delivered) in &outcome.delivered {
        let Delivered { lines, events, rejects, skipped } = delivered;
        say!("{school:<16} {lines:>9} {events:>9} {rejects:>9} {skipped:>9}")?;
    }
    let counts = &outcome.report.counts;
    say!("")?;
    say!(
        "{} files were shipped through S3 and read in {:.1} s. Every raw file was then counted again:",
        outcome.shipped,
        outcome.took.as_secs_f64()
    )?;
    say!("  {:>9} lines", counts.lines)?;
    say!("  {:>9} became events", counts.events)?;
    say!("  {:>9} are kept as rejects: cut off, noise, or from a clock that stood in 1970", counts.rejects)?;
    say!(
        "  {:>9} were skipped by a stated rule, {} of them delivered before by a shorter upload of the same file",
        counts.skipped.total(),
        counts.skipped.repeat
    )?;
    say!("  {:>9} held: the last line of a file that was still being written", counts.held)?;
    if outcome.is_right() {
        say!("Every line has its place, and it is the place that the generator meant it to have.")?;
        print_alerts(&outcome.alerts)?;
    } else {
        say!("This does not balance:")?;
        for finding in &outcome.report.findings {
            say!("  {}: {}", finding.key, finding.problem)?;
        }
        say!("  expected {:?}", outcome.total().counts)?;
        say!("  found    {:?}", counts)?;
        say!("  pending {}, set aside {}", outcome.report.pending, outcome.report.quarantined)?;
    }
    Ok(())
}
