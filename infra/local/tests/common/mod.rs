//! The `trustwatch` binary as a user runs it.
#![allow(dead_code, reason = "each test file takes what it needs")]

pub(crate) mod reviewer;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use trustwatch_local::cloud::{self, ENDPOINTS_FILE, Endpoints};
use trustwatch_model::ObjectVersion;
use trustwatch_store::{Store, StoreError};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A scratch directory for one test.
pub(crate) fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A command with its working directory, without settings of whoever runs the tests.
pub(crate) fn trustwatch(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trustwatch"));
    for name in ["LOG_LEVEL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE"] {
        command.env_remove(name);
    }
    command.current_dir(directory).stdin(Stdio::null());
    command
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        // No code means that a signal ended it, which no command here may be.
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// Runs a command to its end.
pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Said {
    trustwatch(directory).args(arguments).output().unwrap().into()
}

/// Runs a command to its end, with these bytes on its standard input.
pub(crate) fn run_with(directory: &Path, arguments: &[&str], input: &[u8]) -> Said {
    let file = directory.join("standard-input");
    std::fs::write(&file, input).unwrap();
    let input = std::fs::File::open(&file).unwrap();
    trustwatch(directory).args(arguments).stdin(input).output().unwrap().into()
}

/// Runs a command that must succeed and say nothing on standard error.
#[track_caller]
pub(crate) fn done(directory: &Path, arguments: &[&str]) -> String {
    let said = run(directory, arguments);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}: {said:?}");
    said.out
}

/// A `trustwatch up` of its own, killed when the test ends.
pub(crate) struct Up {
    pub(crate) child: Child,
    pub(crate) data: PathBuf,
}

impl Up {
    /// Starts it on `directory/data`.
    pub(crate) fn start(directory: &Path) -> Self {
        let mut up = Self::begin(directory);
        let out = BufReader::new(up.child.stdout.take().unwrap());
        let mut lines = out.lines().map(Result::unwrap);
        let first = lines.next();
        assert_eq!(first.as_deref(), Some("trustwatch is up."));
        // Nobody reads on: it must not mind.
        up
    }

    /// Starts it without waiting until it answers.
    pub(crate) fn begin(directory: &Path) -> Self {
        let child = trustwatch(directory)
            .args(["up", "--data", "data", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, data: directory.join("data") }
    }

    pub(crate) fn endpoints(&self) -> Endpoints {
        serde_json::from_slice(&std::fs::read(self.data.join(ENDPOINTS_FILE)).unwrap()).unwrap()
    }

    /// A store that talks to it.
    pub(crate) async fn store(&self) -> Store {
        cloud::connect(&self.endpoints(), &cloud::credentials(&self.data).unwrap()).await
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn peak_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
    }

    /// The plug is pulled.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as a service manager does.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The report of `verify --json`, and its exit code.
pub(crate) fn verify(directory: &Path) -> (serde_json::Value, i32) {
    let said = run(directory, &["verify", "--data", "data", "--json"]);
    (serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}")), said.code)
}

/// Verifies until nothing is pending.
#[track_caller]
pub(crate) fn verified(directory: &Path) -> serde_json::Value {
    let begun = Instant::now();
    loop {
        let (report, code) = verify(directory);
        if report["pending"] == 0 && code == 0 {
            return report;
        }
        assert!(begun.elapsed() < PATIENCE, "{report}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The versions of one key, the newest first: all that fit a page.
pub(crate) async fn versions_of(store: &Store, key: &str) -> Result<Vec<ObjectVersion>, StoreError> {
    let page = store.raw_versions(key, None).await?;
    Ok(page.entries.into_iter().filter(|entry| entry.key == key).collect())
}
