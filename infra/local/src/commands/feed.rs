//! `trustwatch feed`

use super::System;
use clap::{Args, Subcommand};
use std::process::ExitCode;
use trustwatch_lake::keys::UNROUTABLE;
use trustwatch_local::cloud::{self, RECEIVES_MAX};
use trustwatch_local::queue::Status;
use trustwatch_model::{FeedId, FeedSettings, HORIZON_DAYS_DEFAULT, SchoolId, ZONE_DEFAULT};
use trustwatch_pipeline::{
    Context, FeedHealth, SetAsideFile, StepError, feed_health, read_since, registered_schools, save_feed,
    unroutable_health,
};

#[derive(Subcommand)]
pub(crate) enum Feed {
    /// Register a feed, or change how it is read from now on
    Set(Set),
    /// Show what feeds have delivered, and what was set aside
    Show(Show),
}

#[derive(Args)]
pub(crate) struct Set {
    #[command(flatten)]
    system: System,
    /// School, such as `oak-primary`
    #[arg(long)]
    school: SchoolId,
    /// Feed of the school, such as `web`
    #[arg(long)]
    feed: FeedId,
    /// Log format (`trustwatch formats` lists them)
    #[arg(long, value_name = "ID")]
    format: String,
    /// Zone in which the filter writes local times
    #[arg(long, default_value = ZONE_DEFAULT)]
    zone: String,
    /// Days that a line may lie behind the arrival of its file
    #[arg(long, value_name = "N", default_value_t = HORIZON_DAYS_DEFAULT, value_parser = clap::value_parser!(u16).range(1..=3660))]
    horizon_days: u16,
    #[command(flatten)]
    reading: super::ReadingArgs,
}

#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    system: System,
    /// Only this school; without it all schools, and the files that name no registered school
    #[arg(long)]
    school: Option<SchoolId>,
}

impl Feed {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Set(set) => set.run().await,
            Self::Show(show) => show.run().await,
        }
    }
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let reading = self.reading.checked(super::format(&self.format)?)?;
        super::zone(&self.zone).map_err(|problem| anyhow::anyhow!("zone `{}`: {problem}", self.zone))?;
        let (zone, horizon_days) = (self.zone, self.horizon_days);
        let settings = FeedSettings { format: self.format, zone, horizon_days, reading };
        let now = settings.clone();
        let session = self.system.open().await?;
        let saved = save_feed(&session.context.store, &self.school, &self.feed, settings).await;
        session.close().await;
        let before = saved?;
        say!("{}/{} is registered.", self.school, self.feed)?;
        if let Some(before) = before.filter(|before| *before != now) {
            say!("Changed: {}.", changes(&before, &now).join("; "))?;
            say!("What was read before stays as it is: send a file again that could not be read.")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What differs between two settings, in words.
fn changes(before: &FeedSettings, now: &FeedSettings) -> Vec<String> {
    let told = |settings: &FeedSettings| {
        let reading = &settings.reading;
        [
            ("format", format!("`{}`", settings.format)),
            ("zone", settings.zone.clone()),
            ("horizon", format!("{} days", settings.horizon_days)),
            ("order of dates", format!("{:?}", reading.date_order)),
            ("lines without a time", format!("{:?}", reading.undated)),
            ("layout", reading.layout.clone().unwrap_or_else(|| "its own".to_owned())),
            ("fields", format!("{:?}", reading.fields)),
        ]
    };
    let pairs = told(before).into_iter().zip(told(now));
    let changed = pairs.filter(|(before, now)| before != now);
    changed.map(|((what, before), (_, now))| format!("{what} {before} -> {now}")).collect()
}

impl Show {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let session = self.system.open_existing().await?;
        let feeds = named(&session.context, self.school.as_ref()).await;
        let status = match self.system.directory() {
            Some(data) => Some(cloud::status(data).await),
            // CloudWatch shows the queues there.
            None => None,
        };
        session.close().await;
        let (feeds, status) = (feeds?, status.transpose()?);
        if feeds.is_empty() {
            let who = self.school.as_ref().map_or("nobody", SchoolId::as_str);
            let verb = if self.school.is_some() { "has delivered nothing" } else { "has delivered anything" };
            say!("{who} {verb} yet.")?;
        }
        for (FeedHealth { item: feed, .. }, set_aside) in feeds {
            if feed.school == UNROUTABLE {
                say!("files that name no registered school")?;
            } else {
                say!("{}/{}", feed.school, feed.feed)?;
            }
            say!("  last file    {}", feed.last_object_at.map_or_else(|| "-".to_owned(), super::moment))?;
            let outcome =
                feed.last_object.filter(|word| !matches!(word.as_str(), "complete" | "quarantined"));
            if let Some(problem) = outcome {
                say!("               {problem}")?;
            }
            for (name, count) in &feed.counts {
                say!("  {:<12} {count}", name.replace('_', " "))?;
            }
            let count = |name: &str| feed.counts.get(name).copied().unwrap_or(0);
            if count("events") == 0 && count("rejects") > 0 {
                say!(
                    "               not a line could be read: `trustwatch sniff FILE` finds the format of a file,"
                )?;
                say!("               and `trustwatch feed set` changes how the feed is read")?;
            }
            show_set_aside(&set_aside, count("quarantined"))?;
        }
        status.as_ref().map_or(Ok(ExitCode::SUCCESS), show_work)
    }
}

/// Most files set aside that are named of a feed.
const SET_ASIDE_MAX: u16 = 20;

/// Each file that was set aside with what to do, and those that need nothing more as such.
fn show_set_aside(files: &[(SetAsideFile, bool)], in_all: u64) -> anyhow::Result<()> {
    for (SetAsideFile { at, reason, version }, read_since) in files {
        let key = version.as_ref().map_or("a file that is gone", |version| &version.key);
        say!("  set aside    {key} ({})", super::moment(*at))?;
        let left = if *read_since { "sent again since, and read" } else { reason };
        say!("               {left}")?;
    }
    let shown = u64::try_from(files.len()).unwrap_or(u64::MAX);
    if in_all > shown {
        say!("               and {} earlier: `trustwatch verify --json` names them", in_all - shown)?;
    }
    Ok(())
}

type Named = (FeedHealth, Vec<(SetAsideFile, bool)>);

/// The feeds, each with what was set aside and whether it was read since.
async fn named(context: &Context, school: Option<&SchoolId>) -> Result<Vec<Named>, StepError> {
    let mut found = Vec::new();
    for mut feed in feeds(context, school).await? {
        let mut files = Vec::new();
        for file in std::mem::take(&mut feed.set_aside) {
            let is_read = match &file.version {
                Some(version) => read_since(context, version).await?,
                None => false,
            };
            files.push((file, is_read));
        }
        found.push((feed, files));
    }
    Ok(found)
}

/// The feeds of one school; or of all, and then what arrived for none.
async fn feeds(context: &Context, school: Option<&SchoolId>) -> Result<Vec<FeedHealth>, StepError> {
    if let Some(school) = school {
        return feed_health(context, school, SET_ASIDE_MAX).await;
    }
    let mut found = Vec::new();
    for school in registered_schools(context).await? {
        found.extend(feed_health(context, &school, SET_ASIDE_MAX).await?);
    }
    found.extend(unroutable_health(context, SET_ASIDE_MAX).await?);
    Ok(found)
}

/// What is still to be done, for all feeds together.
fn show_work(status: &Status) -> anyhow::Result<ExitCode> {
    say!("\n{}", status.to_string().trim_end())?;
    if status.work().dead > 0 {
        say!(
            "Each dead letter failed {RECEIVES_MAX} times; the log of `trustwatch up` says why. When that is mended,"
        )?;
        say!("start it again: what is not finished is queued anew then, and once a day.")?;
    }
    Ok(ExitCode::SUCCESS)
}
