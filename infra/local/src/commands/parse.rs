//! `trustwatch parse`

use super::log_file::LogFile;
use super::zone;
use anyhow::Context as _;
use clap::Args;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_formats::{HeaderSearch, RawLine};
use trustwatch_lake::{Object, event_json};
use trustwatch_model::{Event, RejectReason};
use trustwatch_pipeline::{AccountError, Rules, Sink, account};

#[derive(Args)]
pub(crate) struct Parse {
    /// Log format, or `auto` to recognise it from the first lines
    #[arg(long, value_name = "ID", default_value = "auto")]
    format: String,
    /// Zone of times that the file states without one
    #[arg(long, value_parser = zone, default_value = "UTC")]
    zone: jiff::tz::TimeZone,
    #[command(flatten)]
    reading: super::ReadingArgs,
    /// Log file, plain or compressed
    file: PathBuf,
}

impl Parse {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let problem = || format!("cannot read `{}`", self.file.display());
        let LogFile { mut parser, mut lines, header } =
            LogFile::open(&self.file, &self.format, self.zone, self.reading)?;
        let (out, err) = (BufWriter::new(io::stdout().lock()), BufWriter::new(io::stderr().lock()));
        let mut sink = Printer { out, err, header };
        let done = account(&mut lines, parser.as_mut(), Rules::default(), &mut sink);
        let done = done.and_then(|done| {
            sink.explain().map_err(AccountError::Sink)?;
            sink.out.flush().and_then(|()| sink.err.flush()).map_err(AccountError::Sink)?;
            Ok(done)
        });
        match done {
            Ok(_) => Ok(ExitCode::SUCCESS),
            // The reader of our output has seen enough.
            Err(AccountError::Sink(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(AccountError::Sink(error)) => Err(error).context("cannot print"),
            Err(AccountError::Read(error)) => Err(error).with_context(problem),
        }
    }
}

struct Printer<O: Write, E: Write> {
    out: O,
    err: E,
    header: HeaderSearch,
}

impl<O: Write, E: Write> Printer<O, E> {
    /// Says what to do about a header that is not known.
    fn explain(&mut self) -> io::Result<()> {
        match self.header.found() {
            Some(header) => writeln!(self.err, "{header}"),
            None => Ok(()),
        }
    }
}

impl<O: Write, E: Write> Sink for Printer<O, E> {
    type Error = io::Error;

    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let nowhere = Object { school: String::new(), feed: String::new(), source_id: String::new() };
        let mut row = event_json(event, &nowhere);
        // These belong to an object of the lake, and a file on a disk is none.
        for absent in ["school", "feed", "source_id"] {
            row.remove(absent);
        }
        serde_json::to_writer(&mut self.out, &row)?;
        self.out.write_all(b"\n")
    }

    fn reject(&mut self, line: &RawLine<'_>, reason: RejectReason) -> io::Result<()> {
        if reason == RejectReason::NoHeader {
            self.header.look(line.bytes);
        }
        writeln!(self.err, "line {}: {}", line.number, reason.as_str())
    }
}
