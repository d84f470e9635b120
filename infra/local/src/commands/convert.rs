//! `trustwatch convert`

use super::log_file::LogFile;
use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tempfile::NamedTempFile;
use trustwatch_formats::RawLine;
use trustwatch_lake::{ColumnSet, EventFile, LakeError, Object, PartLimits};
use trustwatch_model::{Event, RejectReason};
use trustwatch_pipeline::{AccountError, Rules, Sink, account};

#[derive(Clone, Copy, ValueEnum)]
enum Columns {
    /// The lake's columns
    All,
    /// The columns that the benchmark's peers write
    Bench,
}

#[derive(Args)]
pub(crate) struct Convert {
    /// Log format, or `auto` to recognise it from the first lines
    #[arg(long, value_name = "ID")]
    format: String,
    /// Zone of times that the file states without one
    #[arg(long, value_parser = super::zone, default_value = "UTC")]
    zone: jiff::tz::TimeZone,
    #[command(flatten)]
    reading: super::ReadingArgs,
    /// Threads: 1 does all in one, 2 or more encode beside reading and parsing
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// Columns of the file
    #[arg(long, value_enum, default_value = "all")]
    columns: Columns,
    /// Log file, plain or compressed
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Parquet file to write
    #[arg(value_name = "OUT.parquet")]
    output: PathBuf,
}

impl Convert {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let problem = || format!("cannot read `{}`", self.input.display());
        let LogFile { mut parser, mut lines, .. } =
            LogFile::open(&self.input, &self.format, self.zone, self.reading)?;
        let output = || format!("cannot write `{}`", self.output.display());
        if is_same_file(&self.input, &self.output) {
            bail!("`{}` is the log itself: name another file to write to", self.output.display());
        }
        let object = Object {
            school: String::new(),
            feed: String::new(),
            source_id: self.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let columns = match self.columns {
            Columns::All => ColumnSet::All,
            Columns::Bench => ColumnSet::Bench,
        };
        let target = Target::open(&self.output).with_context(output)?;
        let out = BufWriter::new(target.writer().with_context(output)?);
        let limits = PartLimits::default();
        let file = if self.threads == 1 {
            EventFile::new(out, &object, columns, &limits)
        } else {
            EventFile::threaded(out, &object, columns, &limits)
        };
        let mut sink = FileSink { file: file.with_context(output)? };
        let counts = match account(&mut lines, parser.as_mut(), Rules::default(), &mut sink) {
            Ok((counts, _)) => counts,
            Err(AccountError::Read(error)) => return Err(error).with_context(problem),
            Err(AccountError::Sink(error)) => return Err(error).with_context(output),
        };
        sink.file.finish().with_context(output)?.flush().with_context(output)?;
        target.keep(&self.output).with_context(output)?;
        say!(
            "{} lines: {} events, {} rejects, {} skipped",
            counts.lines,
            counts.events,
            counts.rejects,
            counts.skipped.total()
        )?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where the Parquet goes.
enum Target {
    /// Beside its place, and moved there when it is whole: what breaks off leaves nothing behind, and an earlier
    /// file stays until then.
    Beside(NamedTempFile),
    /// Straight into a device or a pipe, which nothing may take the place of.
    Into(File),
}

impl Target {
    fn open(output: &Path) -> io::Result<Self> {
        if std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file()) {
            return File::options().write(true).open(output).map(Self::Into);
        }
        let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        std::fs::metadata(directory)?;
        // What any new file may be, less what the user's mask takes away.
        let permissions = std::fs::Permissions::from_mode(0o666);
        let mut beside = tempfile::Builder::new();
        let beside = beside.prefix(".trustwatch-").permissions(permissions);
        beside.tempfile_in(directory).map(Self::Beside)
    }

    fn writer(&self) -> io::Result<File> {
        match self {
            Self::Beside(file) => file.reopen(),
            Self::Into(file) => file.try_clone(),
        }
    }

    fn keep(self, output: &Path) -> io::Result<()> {
        match self {
            Self::Beside(file) => file.persist(output).map(drop).map_err(|error| error.error),
            Self::Into(_) => Ok(()),
        }
    }
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

struct FileSink {
    file: EventFile<BufWriter<File>>,
}

impl Sink for FileSink {
    type Error = LakeError;

    fn event(&mut self, event: &Event<'_>) -> Result<(), LakeError> {
        self.file.push(event).map(|_| ())
    }

    fn reject(&mut self, _: &RawLine<'_>, _: RejectReason) -> Result<(), LakeError> {
        Ok(())
    }
}
