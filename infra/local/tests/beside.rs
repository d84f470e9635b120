//! Commands beside a system that is just starting, and what `ship` refuses before it sends anything.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{Up, done, run, scratch};
use trustwatch_lake::{Stage, keys};

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

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_lake_are_not_said_to_be_all_where_some_cannot_be_found() {
    let here = scratch();
    let path = here.path();
    let up = Up::start(path);
    done(path, &["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"]);
    let files = ["lake", "files", "--data", "data"];
    assert_eq!(done(path, &[&files[..], &["--school", "oak"]].concat()), "");
    let said = run(path, &[&files[..], &["--school", "aok"]].concat());
    assert!(said.code == 1 && said.err.contains("no school is called `aok`"), "{said:?}");
    assert!(said.err.contains("expected one of oak"), "{said:?}");
    let said = run(path, &[&files[..], &["--from", "2026-03-02", "--to", "2026-03-01"]].concat());
    assert!(said.code == 1 && said.err.contains("exchange --from and --to"), "{said:?}");

    let store = up.store().await;
    let lake = store.names().lake.clone();
    let line =
        "1795428000.120 87 10.20.1.15 TCP_MISS/200 18 GET http://example.org/ pat HIER_NONE/- text/html\n";
    std::fs::write(path.join("access.log"), line).unwrap();
    done(path, &["ship", "--data", "data", "--school", "oak", "--feed", "web", "access.log"]);
    let begun = std::time::Instant::now();
    while done(path, &files).is_empty() {
        assert!(begun.elapsed() < common::PATIENCE, "the file was not worked on");
    }
    let spoilt = keys::manifest(Stage::Normalise, "oak", "spoilt");
    store.put_new(&lake, &spoilt, "{".into()).await.unwrap();
    let said = run(path, &files);
    assert_eq!((said.code, said.out.lines().count()), (1, 1), "{said:?}");
    assert_eq!(said.err.matches(&spoilt).count(), 1, "{said:?}");
    assert_eq!(said.err.matches("EOF while parsing").count(), 1, "{said:?}");
    assert!(said.err.contains("1 manifest(s) are missing above"), "{said:?}");
    up.stop();
}
