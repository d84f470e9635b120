//! Fuzzes on a stable compiler: `fuzz TARGET SECONDS [SEED]`, release build with debug assertions for the checks.
//!
//! Targets are `formats`, `container` and `survey`. It starts from the samples and the stored inputs, and edits: bytes are
//! changed, cut, put in, doubled; pieces of two inputs are joined. No coverage guides it, so it is worth its minutes after a
//! change to a parser and no more. What makes a target panic is written to `finding-TARGET` for `tests/fuzz/TARGET`.
#![allow(clippy::print_stdout, reason = "a command prints")]

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use trustwatch_formats::formats;
use trustwatch_formats::fuzz::{fuzz_container, fuzz_formats, fuzz_survey};

/// Longest input: beyond it only the time grows.
const INPUT_BYTES_MAX: usize = 4 << 10;

/// What parsers look for.
const MARKS: &[u8] = b"\"',;|\t=:/\\[]{}%#-\n\r \0\xff09aA";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().ok_or("say a target: formats, container, survey")?;
    let seconds = arguments.next().ok_or("say how many seconds")?.parse()?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let run: fn(&[u8]) = match target.as_str() {
        "formats" => fuzz_formats,
        "container" => fuzz_container,
        "survey" => fuzz_survey,
        other => return Err(format!("`{other}` is no target").into()),
    };
    let inputs = inputs(&target)?;
    let mut dice = Dice(seed);
    let begun = Instant::now();
    let mut runs = 0_u64;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let input = dice.edited(&inputs);
        if catch_unwind(AssertUnwindSafe(|| run(&input))).is_err() {
            let path = PathBuf::from(format!("finding-{target}"));
            std::fs::write(&path, &input)?;
            return Err(format!("run {runs} panicked: see {}", path.display()).into());
        }
        runs += 1;
    }
    println!("{target}: {runs} runs from {} inputs in {seconds} s, no finding", inputs.len());
    Ok(())
}

/// The stored inputs of the target, and the samples: for `formats` behind the byte that picks their format.
fn inputs(target: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(root.join("tests/fuzz").join(target))? {
        inputs.push(std::fs::read(entry?.path())?);
    }
    for (pick, format) in (0_u8..).zip(formats()) {
        for entry in std::fs::read_dir(root.join("events/logs").join(format.id()))? {
            let mut sample = std::fs::read(entry?.path())?;
            sample.truncate(INPUT_BYTES_MAX);
            if target == "formats" {
                sample.insert(0, pick);
            }
            inputs.push(sample);
        }
    }
    Ok(inputs)
}

/// xorshift64*: the same seed gives the same inputs on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or_default() % end.max(1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }

    fn edited(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(inputs).cloned().unwrap_or_default();
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            let to = (at + 1 + self.below(24)).min(input.len());
            match self.below(7) {
                0 => drop(input.splice(at..to.max(at), [])),
                1 => input.truncate(at),
                2 => input.insert(at, u8::try_from(self.below(256)).unwrap_or_default()),
                3 => {
                    let other = self.pick(inputs).cloned().unwrap_or_default();
                    let from = self.below(other.len());
                    input.truncate(at);
                    input.extend(other.into_iter().skip(from));
                }
                4 => {
                    let piece = input.get(at..to).unwrap_or_default().repeat(1 + self.below(40));
                    drop(input.splice(at..at, piece));
                }
                _ => {
                    let mark = self.pick(MARKS).copied().unwrap_or_default();
                    match input.get_mut(at) {
                        Some(byte) => *byte = mark,
                        None => input.push(mark),
                    }
                }
            }
            input.truncate(INPUT_BYTES_MAX);
        }
        input
    }
}
