//! One file of the demo, and the single files of the benchmark.

use super::clock::{BELL, Hour, timetable};
use super::dice::seed_of;
use super::expected::Expected;
use super::layout::Layout;
use super::lines::{Extras, Lines};
use super::schools::{Feed, School};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{self, Write};
use std::sync::Arc;

/// Whether a key is uploaded more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// Once.
    None,
    /// An upload in the middle of the day: so many lines, and half of the next.
    First { whole: u64 },
    /// The whole day, which begins with the lines of the first upload.
    Second { repeats: u64 },
}

/// One version of one object. It holds no lines: they are made while they are written.
#[derive(Debug, Clone)]
pub struct DemoFile {
    /// Id of the school.
    pub school: &'static str,
    /// Id of the feed.
    pub feed: &'static str,
    /// Id of the format that reads it.
    pub format: &'static str,
    /// The key below school and feed, such as `2026/10/19/access-0900.log.gz`.
    pub name: String,
    /// 1, or 2 for the later version of a growing file. Versions of a key are to be put in this order.
    pub version: u8,
    /// Lines, faults and all.
    pub lines: u64,
    /// Gzip members of the object; 0 for plain text.
    pub members: u8,
    from: &'static School,
    stream: &'static Feed,
    hours: Arc<[Hour]>,
    growth: Growth,
    seed: u64,
}

impl DemoFile {
    pub(super) fn new(
        school: &'static School,
        feed: &'static Feed,
        name: String,
        hours: Arc<[Hour]>,
        growth: Growth,
        members: u8,
        seed: u64,
    ) -> Self {
        let all = hours.iter().map(|hour| hour.lines).sum();
        Self {
            school: school.id,
            feed: feed.id,
            format: school.layout.format(),
            members: if name.ends_with(".gz") { members } else { 0 },
            name,
            version: if matches!(growth, Growth::Second { .. }) { 2 } else { 1 },
            lines: if let Growth::First { whole } = growth { whole + 1 } else { all },
            from: school,
            stream: feed,
            hours,
            growth,
            seed,
        }
    }

    /// The raw key: `<school>/<feed>/<name>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.school, self.feed, self.name)
    }

    /// Writes the object as it is uploaded: gzip when its name says so. Returns its account.
    ///
    /// # Errors
    /// What `out` reports.
    pub fn write_object_to(&self, mut out: impl Write) -> io::Result<Expected> {
        if self.members == 0 {
            return self.write_to(out);
        }
        let mut lines = self.source();
        let members = u64::from(self.members);
        for member in 0..members {
            let share = self.lines * (member + 1) / members - self.lines * member / members;
            let mut zip = GzEncoder::new(&mut out, Compression::fast());
            lines.write(share, &mut zip)?;
            zip.finish()?;
        }
        Ok(lines.expected())
    }

    /// Writes the text. Returns its account.
    ///
    /// # Errors
    /// What `out` reports.
    pub fn write_to(&self, mut out: impl Write) -> io::Result<Expected> {
        let mut lines = self.source();
        match self.growth {
            Growth::First { whole } => {
                lines.write(whole, &mut out)?;
                lines.write_half(&mut out)?;
            }
            Growth::None | Growth::Second { .. } => lines.write(self.lines, &mut out)?,
        }
        Ok(lines.expected())
    }

    #[cfg(test)]
    pub(super) fn hours_for_tests(&self) -> &[Hour] {
        &self.hours
    }

    fn source(&self) -> Lines<'_> {
        let repeats = if let Growth::Second { repeats } = self.growth { repeats } else { 0 };
        // Whoever set up the export may have asked for a row of names or not; here the hour decides.
        let header = self.hours.first().is_some_and(|hour| hour.local.hour >= 11);
        Lines::new(
            self.seed,
            self.from,
            self.stream.shape,
            &self.hours,
            Extras { header, faults: true, repeats },
        )
    }
}

/// Writes one file of `lines` lines without faults, in exactly the columns that the benchmark's peers read:
/// FortiGate with the whole address in `url`, Umbrella's proxy rows with 23 columns and no header.
///
/// # Errors
/// What `out` reports.
///
/// ```
/// use trustwatch_local::demo::{Layout, bench_lines};
/// let mut text = Vec::new();
/// bench_lines(Layout::Squid, 10, 1, &mut text).unwrap();
/// assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), 10);
/// ```
pub fn bench_lines(layout: Layout, lines: u64, seed: u64, mut out: impl Write) -> io::Result<()> {
    let (school, shape) = layout.school();
    let week = timetable(jiff::civil::date(2026, 10, 19), 5, &BELL, lines).map_err(io::Error::other)?;
    let hours = week.concat();
    let extras = Extras { header: false, faults: false, repeats: 0 };
    Lines::new(seed_of(seed, &["bench", school.id]), school, shape, &hours, extras).write(lines, &mut out)
}
