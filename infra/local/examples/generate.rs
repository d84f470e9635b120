//! Writes one generated log file, for the benchmark and for trying a parser by hand:
//! `cargo run --release --example generate -- --layout squid --lines 200000 --gzip access.log.gz`.

use anyhow::Context as _;
use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use trustwatch_local::demo::{Layout, bench_lines};

/// Writes a log file of a made-up school.
#[derive(Parser)]
struct Args {
    /// Whose layout.
    #[arg(long)]
    layout: Layout,
    /// How many lines.
    #[arg(long, default_value_t = 200_000)]
    lines: u64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compress with gzip, at the level that gzip itself takes.
    #[arg(long)]
    gzip: bool,
    /// The file to write.
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let mut out =
        File::create(&args.out).with_context(|| format!("cannot write `{}`", args.out.display()))?;
    if args.gzip {
        let mut zip = GzEncoder::new(&mut out, Compression::default());
        bench_lines(args.layout, args.lines, args.seed, &mut zip)?;
        zip.finish()?;
    } else {
        bench_lines(args.layout, args.lines, args.seed, &mut out)?;
    }
    out.flush()?;
    Ok(())
}
