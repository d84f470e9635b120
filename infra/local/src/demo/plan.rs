//! Which files a school week has.

use super::clock::{Hour, timetable};
use super::dice::seed_of;
use super::file::{DemoFile, Growth};
use super::layout::Shape;
use super::schools::{Feed, SCHOOLS, School};
use jiff::civil::Date;
use std::sync::Arc;

/// What to generate.
///
/// ```
/// use trustwatch_local::demo::Plan;
/// let plan = Plan { lines_per_school: 2_000, ..Plan::default() };
/// for file in plan.files().unwrap() {
///     let mut text = Vec::new();
///     let expected = file.write_to(&mut text).unwrap();
///     assert!(expected.counts.balances());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Another seed gives another week of the same people.
    pub seed: u64,
    /// Lines of each school over all its feeds. What a growing file repeats comes on top.
    pub lines_per_school: u64,
    /// First day, in Europe/London.
    pub first_day: Date,
    /// Days from there on.
    pub days: u8,
}

impl Default for Plan {
    /// 100,000 lines a school in the week whose Sunday, 25 October 2026, has one o'clock twice.
    fn default() -> Self {
        Self { seed: 1, lines_per_school: 100_000, first_day: jiff::civil::date(2026, 10, 19), days: 7 }
    }
}

/// Why a plan has no files.
#[derive(Debug, thiserror::Error)]
#[error("the days of the demo cannot be laid out from {first_day}")]
pub struct PlanError {
    first_day: Date,
    source: jiff::Error,
}

/// Hours of the wall clock at which a new file begins.
const PARTS: [u8; 4] = [0, 9, 11, 13];

/// The part of a growing day that its first version has: the hours before this one.
const FIRST_VERSION_ENDS: u8 = 11;

/// The day of the week, from 0, that is one growing file.
const GROWING_DAY: usize = 3;

/// Members of an object that a collector appended to.
const MEMBERS: u8 = 3;

impl Plan {
    /// The files of every school, by day. Two versions of one key follow each other, the shorter one first.
    ///
    /// # Errors
    /// [`PlanError`] when the days do not exist: they would run past the year 9999.
    pub fn files(&self) -> Result<impl Iterator<Item = DemoFile> + use<>, PlanError> {
        let mut files = Vec::new();
        for school in SCHOOLS {
            let mut left = self.lines_per_school;
            for (at, feed) in school.feeds.iter().enumerate() {
                let last = at + 1 == school.feeds.len();
                let lines = if last { left } else { self.lines_per_school / 100 * feed.percent };
                left -= lines;
                self.feed(school, feed, lines, &mut files)
                    .map_err(|source| PlanError { first_day: self.first_day, source })?;
            }
        }
        Ok(files.into_iter())
    }

    fn feed(
        &self,
        school: &'static School,
        feed: &'static Feed,
        lines: u64,
        files: &mut Vec<DemoFile>,
    ) -> Result<(), jiff::Error> {
        let week = timetable(self.first_day, self.days, school.lessons, lines)?;
        let growing = feed.grows.then(|| GROWING_DAY.min(week.len().saturating_sub(1)));
        for (number, day) in week.iter().enumerate() {
            if growing == Some(number) {
                let before = day.iter().filter(|hour| hour.local.hour < FIRST_VERSION_ENDS);
                let whole = before.map(|hour| hour.lines).sum();
                let all: Arc<[Hour]> = day.as_slice().into();
                if lines_of(&all) > whole && whole > 0 {
                    for growth in [Growth::First { whole }, Growth::Second { repeats: whole }] {
                        files.push(self.file(school, feed, Arc::clone(&all), growth, 1));
                    }
                    continue;
                }
            }
            for (part, hours) in day.chunk_by(|one, two| part_of(one) == part_of(two)).enumerate() {
                let members = if feed.appended && part == 1 { MEMBERS } else { 1 };
                if lines_of(hours) > 0 {
                    files.push(self.file(school, feed, hours.into(), Growth::None, members));
                }
            }
        }
        Ok(())
    }

    fn file(
        &self,
        school: &'static School,
        feed: &'static Feed,
        hours: Arc<[Hour]>,
        growth: Growth,
        members: u8,
    ) -> DemoFile {
        let name = name(feed.shape, &hours, growth);
        let seed = seed_of(self.seed, &[school.id, feed.id, &name]);
        DemoFile::new(school, feed, name, hours, growth, members, seed)
    }
}

fn part_of(hour: &Hour) -> usize {
    PARTS.iter().filter(|begins| **begins <= hour.local.hour).count()
}

fn lines_of(hours: &[Hour]) -> u64 {
    hours.iter().map(|hour| hour.lines).sum()
}

/// The key below school and feed, as the vendor or its collector spells it.
fn name(shape: Shape, hours: &[Hour], growth: Growth) -> String {
    let Some(first) = hours.first() else { return String::new() };
    let (local, utc) = (&first.local, &first.utc);
    let dated = local.date.replace('-', "/");
    match (shape, growth) {
        (Shape::Squid, Growth::None) => format!("{dated}/access-{:02}00.log.gz", local.hour),
        (Shape::Squid, _) => format!("{dated}/access.log"),
        (Shape::Fortigate(_), _) => format!("{dated}/fortigate-{:02}00.log.gz", local.hour),
        (Shape::UmbrellaProxy(_), _) => {
            format!("proxylogs/{0}/{0}-{1:02}-00-7c1e.csv.gz", utc.date, utc.hour)
        }
        (Shape::UmbrellaDns, _) => format!("dnslogs/{0}/{0}-{1:02}-00-7c1e.csv.gz", utc.date, utc.hour),
    }
}
