//! Commands beside a system that is just starting, and what `ship` refuses before it sends anything.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{Up, done, run, scratch};

#[test]
fn a_command_right_after_the_start_finds_the_system() {
    let here = scratch();
    let up = Up::begin(here.path());
    // As somebody pastes the commands of the README: nothing waits for the system to say that it is up.
    done(
        here.path(),
        &["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"],
    );
    drop(up);
}

#[test]
fn files_of_one_name_and_what_is_no_file_are_refused_before_anything_is_sent() {
    let here = scratch();
    let path = here.path();
    done(path, &["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"]);
    for folder in ["a", "b"] {
        std::fs::create_dir(path.join(folder)).unwrap();
        std::fs::write(path.join(folder).join("access.log"), "x\n").unwrap();
    }
    let ship = ["ship", "--data", "data", "--school", "oak", "--feed", "web"];
    let said = run(path, &[&ship[..], &["a/access.log", "b/access.log"]].concat());
    assert!(said.code == 1 && said.out.is_empty(), "{said:?}");
    assert!(said.err.contains("`a/access.log` and `b/access.log` have one name"), "{said:?}");
    // A pipe that nobody writes to is not waited for.
    let made = std::process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap();
    assert!(made.success());
    for none in ["/dev/null", "pipe"] {
        let said = run(path, &[&ship[..], &[none]].concat());
        assert!(said.code == 1 && said.err.contains(&format!("`{none}` is no file")), "{said:?}");
    }
}
