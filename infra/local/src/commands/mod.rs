//! One file a command.

/// `println!` for commands: whoever reads the output may have seen enough (`trustwatch lake files | head`), and that
/// ends no command and changes no exit code.
macro_rules! say {
    ($($text:tt)*) => { $crate::commands::print_line(format_args!($($text)*)) };
}

pub(crate) mod access;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod feed;
pub(crate) mod lake;
pub(crate) mod log_file;
pub(crate) mod parse;
pub(crate) mod policy;
pub(crate) mod roster;
pub(crate) mod ship;
pub(crate) mod sniff;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod verify;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Arguments;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trustwatch_local::session::{Session, must_exist};
use trustwatch_model::{DateOrder, Reading, Undated};

/// The directory that holds a system's data.
#[derive(Args, Clone)]
pub(crate) struct Data {
    /// Directory of the system's data
    #[arg(long, value_name = "DIR", default_value = "trustwatch-data")]
    pub(crate) data: PathBuf,
}

/// The system that a command works on: one on this machine, or a deployment on AWS.
#[derive(Args, Clone)]
pub(crate) struct System {
    #[command(flatten)]
    data: Data,
    /// Work on the deployment on AWS that the environment names (RAW_BUCKET and so on: docs/deploy.md)
    #[arg(long, conflicts_with = "data")]
    aws: bool,
}

impl System {
    /// Opens it; a directory that holds none becomes one.
    pub(crate) async fn open(&self) -> anyhow::Result<Session> {
        if self.aws { Session::aws().await } else { Session::open(&self.data.data).await }
    }

    /// Opens it; there must be one.
    pub(crate) async fn open_existing(&self) -> anyhow::Result<Session> {
        self.directory().map_or(Ok(()), must_exist)?;
        self.open().await
    }

    /// Its directory, where it is on this machine.
    pub(crate) fn directory(&self) -> Option<&Path> {
        (!self.aws).then_some(self.data.data.as_path())
    }
}

/// A time in microseconds since 1970 UTC, for people.
pub(crate) fn moment(at: i64) -> String {
    jiff::Timestamp::from_microsecond(at).map_or_else(|_| "-".to_owned(), |at| at.to_string())
}

/// How lines are to be read where the format alone does not say it.
#[derive(Args, Clone)]
pub(crate) struct ReadingArgs {
    /// Dates in digits have the month first, as in the United States
    #[arg(long)]
    month_first: bool,
    /// Lines that state no time are of the moment at which their file arrived, instead of rejects
    #[arg(long)]
    undated_at_arrival: bool,
    /// Layout of a line in the product's own words, such as the string of Squid's `logformat`
    #[arg(long, value_name = "TEXT")]
    layout: Option<String>,
    /// What one of the source's fields holds, such as `act=filter_action`; may be given several times
    #[arg(long = "field", value_name = "NAME=COLUMN", value_parser = field)]
    fields: Vec<(String, String)>,
}

impl ReadingArgs {
    /// The settings, if the format takes them.
    pub(crate) fn checked(self, format: &dyn trustwatch_formats::Format) -> anyhow::Result<Reading> {
        let reading = self.unchecked();
        trustwatch_formats::check(format, &reading)?;
        Ok(reading)
    }

    /// The settings, before a format is known that is to take them.
    pub(crate) fn unchecked(self) -> Reading {
        let date_order = if self.month_first { DateOrder::MonthFirst } else { DateOrder::DayFirst };
        let fields = self.fields.into_iter().collect();
        let undated = if self.undated_at_arrival { Undated::Arrival } else { Undated::Reject };
        Reading { date_order, undated, layout: self.layout, fields }
    }
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, column) = text.rsplit_once('=').ok_or("expected NAME=COLUMN")?;
    Ok((name.to_owned(), column.to_owned()))
}

/// Prints a line on standard output.
pub(crate) fn print_line(line: Arguments<'_>) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("cannot print"),
    }
}

/// Prints the formats.
pub(crate) fn formats() -> anyhow::Result<ExitCode> {
    for format in trustwatch_formats::formats() {
        say!("{:<16} {}", format.id(), format.title())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar that counts bytes. It is hidden where standard error is no terminal.
pub(crate) fn bytes_bar(total: u64, what: &str) -> anyhow::Result<ProgressBar> {
    let style = "{msg:<28} [{bar:30}] {bytes:>10}/{total_bytes:<10} {bytes_per_sec:>12} {eta:>5}";
    let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?.progress_chars("=> "));
    Ok(bar.with_message(what.to_owned()))
}

/// Looks a format up by its id.
pub(crate) fn format(id: &str) -> anyhow::Result<&'static dyn trustwatch_formats::Format> {
    trustwatch_formats::find(id).ok_or_else(|| {
        anyhow::anyhow!("format `{id}` is not known: `trustwatch formats` lists those that are")
    })
}

/// Looks a zone up by its IANA name.
pub(crate) fn zone(name: &str) -> Result<jiff::tz::TimeZone, String> {
    jiff::tz::TimeZone::get(name)
        .map_err(|error| format!("{error}: expected an IANA name such as Europe/London"))
}
