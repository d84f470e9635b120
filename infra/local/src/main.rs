//! `trustwatch`: the whole system on one machine, and the tools of a trust's IT.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command is for")]

mod commands;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Watches the web use of every school in a trust.
#[derive(Parser)]
#[command(name = "trustwatch", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the system on this machine: empty at first, durable, until Ctrl-C
    Up(commands::up::Up),
    /// Show trustwatch working on a made-up school week
    Demo(commands::demo::Demo),
    /// Register how a school's feed is read
    #[command(subcommand)]
    Feed(commands::feed::Feed),
    /// Look at a policy, or put it in force
    #[command(subcommand)]
    Policy(commands::policy::Policy),
    /// Say which group of the directory may do what
    #[command(subcommand)]
    Access(commands::access::Access),
    /// Say who the people of a school are
    #[command(subcommand)]
    Roster(commands::roster::Roster),
    /// Send log files to the system as a school's filter would
    Ship(commands::ship::Ship),
    /// Sign a token for trying the API of the system that runs on this machine
    Token(commands::token::Token),
    /// Count every raw object again and say what does not balance
    Verify(commands::verify::Verify),
    /// Find the files of the lake
    #[command(subcommand)]
    Lake(commands::lake::Lake),
    /// Look at a log file: what it is, what would become of its lines, and what to set for its feed
    Sniff(commands::sniff::Sniff),
    /// Read a log file and print its events as JSON lines
    Parse(commands::parse::Parse),
    /// Turn a log file into one Parquet file
    Convert(commands::convert::Convert),
    /// List the log formats that can be read
    Formats,
}

/// What is logged unless `LOG_LEVEL` says otherwise. The embedded DynamoDB warns of each condition that does not hold,
/// which is how workers find out that they are not the first; `s3s` calls each request that a client got wrong an error
/// of its own, and what is wrong with the store is logged by the store.
const QUIET: &str = "warn,dynoxide=error,s3s=off";

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new(QUIET));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    let result = match cli.command {
        // These need no servers and no threads but their own.
        Command::Sniff(command) => command.run(),
        Command::Parse(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Formats => commands::formats(),
        other => run(other),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("trustwatch: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        match command {
            Command::Up(command) => command.run().await,
            Command::Demo(command) => command.run().await,
            Command::Feed(command) => command.run().await,
            Command::Policy(command) => command.run().await,
            Command::Access(command) => command.run().await,
            Command::Roster(command) => command.run().await,
            Command::Token(command) => command.run().await,
            Command::Ship(command) => command.run().await,
            Command::Verify(command) => command.run().await,
            Command::Lake(command) => command.run().await,
            Command::Sniff(_) | Command::Parse(_) | Command::Convert(_) | Command::Formats => {
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // A server that still waits for a connection must not keep the command from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    code
}
