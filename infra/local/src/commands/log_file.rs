//! A log file on a disk, for commands that read one without a system.

use super::{ReadingArgs, format};
use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use std::fs::File;
use std::io;
use std::path::Path;
use trustwatch_formats::{Format, HeaderSearch, Lens, LineParser, LineReader, ParseContext, Survey, survey};
use trustwatch_model::{Reading, Window};

/// A file on a disk has no arrival: any time of this century is believed.
pub(super) const PARSE_WINDOW: Window =
    Window { not_before: 946_684_800_000_000, not_after: 4_102_444_800_000_000 };

/// When a file was last written to: on a disk this stands for its arrival.
pub(super) fn written_at(file: &File) -> io::Result<i64> {
    let modified = file.metadata()?.modified()?;
    jiff::Timestamp::try_from(modified).map(|at| at.as_microsecond()).map_err(io::Error::other)
}

/// An open log file, with what reads its lines.
pub(crate) struct LogFile {
    pub(crate) parser: Box<dyn LineParser>,
    pub(crate) lines: LineReader<File>,
    /// Takes rows that stand below no header, to say which would do.
    pub(crate) header: HeaderSearch,
}

impl LogFile {
    /// Opens a file whose format is named, or `auto`.
    pub(crate) fn open(
        path: &Path,
        format_id: &str,
        zone: TimeZone,
        reading: ReadingArgs,
    ) -> anyhow::Result<Self> {
        let problem = || format!("cannot read `{}`", path.display());
        let format = if format_id == "auto" { recognised(path)? } else { format(format_id)? };
        let reading = reading.checked(format)?;
        let file = File::open(path).with_context(problem)?;
        let context = ParseContext {
            zone,
            window: PARSE_WINDOW,
            key: &path.to_string_lossy(),
            arrived_at: written_at(&file).with_context(problem)?,
            reading: &reading,
        };
        let header = HeaderSearch::new(Some(format.id()), &reading);
        Ok(Self { parser: format.parser(&context), lines: LineReader::new(file), header })
    }
}

/// Looks at the first lines of a file; of the named format, or else of the most likely.
pub(super) fn surveyed(
    path: &Path,
    format: Option<&'static dyn Format>,
    zone: TimeZone,
    reading: &Reading,
) -> anyhow::Result<Survey> {
    let problem = || format!("cannot read `{}`", path.display());
    let file = File::open(path).with_context(problem)?;
    let lens = Lens {
        key: &path.to_string_lossy(),
        format: format.map(Format::id),
        zone,
        arrived_at: written_at(&file).with_context(problem)?,
        window: PARSE_WINDOW,
        reading,
    };
    Ok(survey(file, &lens))
}

/// Lines that recognition looks at.
const HEAD_LINES: usize = 50;

/// Recognises the format of a file.
fn recognised(file: &Path) -> anyhow::Result<&'static dyn Format> {
    let problem = || format!("cannot read `{}`", file.display());
    let mut lines = LineReader::new(File::open(file).with_context(problem)?);
    let mut head: Vec<Vec<u8>> = Vec::new();
    while head.len() < HEAD_LINES {
        match lines.next_line().with_context(problem)? {
            Some(line) => head.push(line.bytes.to_vec()),
            None => break,
        }
    }
    if head.is_empty() {
        bail!("`{}` is empty: there is not a line to recognise a format by", file.display());
    }
    let head: Vec<&[u8]> = head.iter().map(Vec::as_slice).collect();
    let Some(sniff) = trustwatch_formats::recognise(&file.to_string_lossy(), &head) else {
        bail!(
            "the format of `{0}` is not recognised: name it with --format (`trustwatch formats` lists them), or ask \
             `trustwatch sniff {0}`",
            file.display()
        );
    };
    eprintln!("format {} ({} %: {})", sniff.format, sniff.confidence, sniff.reason);
    format(sniff.format)
}
