//! Each command as a user types it: what it prints, what it says when it cannot, and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use aws_credential_types::Credentials as ClientCredentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use common::{PATIENCE, Said, Up, done, run, scratch, trustwatch, verified, verify};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;
use trustwatch_local::cloud;

const SET: [&str; 10] =
    ["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"];
const SHIP: [&str; 7] = ["ship", "--data", "data", "--school", "oak", "--feed", "web"];

/// `count` good lines, a minute apart, the last one from a minute ago.
fn log(count: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let line = |n: i64| {
        let second = now - 60 * (count - n);
        format!(
            "{second}.120 87 10.20.1.15 TCP_MISS/200 18 GET http://example.org/{n} pat HIER_NONE/- text/html\n"
        )
    };
    (0..count).map(line).collect()
}

fn with<'a>(first: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [first, more].concat()
}

/// The command fails as a tool should: with this code, in at most two lines that say what, where and what to do.
#[track_caller]
fn refused(directory: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let said = run(directory, arguments);
    assert_eq!(said.code, code, "{arguments:?}: {said:?}");
    assert_eq!(said.out, "", "{arguments:?}");
    plain(&said, words);
}

#[track_caller]
fn plain(said: &Said, words: &[&str]) {
    for word in words {
        assert!(said.err.contains(word), "`{word}` is not said: {}", said.err);
    }
    // What clap adds to each mistake is known and short.
    let lines = said.err.lines().filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    assert!(lines.count() <= 2, "{}", said.err);
    for debug in ["Error {", "Some(", "Err(", "panicked", "kind:", "source:", "stack backtrace"] {
        assert!(!said.err.contains(debug), "{}", said.err);
    }
}

#[test]
fn every_command_says_what_it_is_for() {
    let here = scratch();
    let commands = [
        "up",
        "demo",
        "feed set",
        "feed show",
        "ship",
        "token",
        "verify",
        "lake files",
        "parse",
        "convert",
        "formats",
    ];
    let all = done(here.path(), &["--help"]);
    for command in commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = done(here.path(), &words);
        assert!(help.contains(&format!("Usage: trustwatch {command}")), "{help}");
        assert!(all.contains(words[0]), "{command} is missing: {all}");
        let first = help.lines().next().unwrap();
        assert!(first.len() > 15, "{command}: {first}");
        // Each option says what it is.
        for option in help.lines().filter(|line| line.trim_start().starts_with("--")) {
            let explained =
                option.trim().split("  ").count() > 1 || help.contains(&format!("{option}\n          "));
            assert!(explained, "{command}: {option}");
        }
    }
    assert!(done(here.path(), &["--version"]).starts_with("trustwatch "));
    let formats = done(here.path(), &["formats"]);
    for format in ["squid", "fortinet", "cisco_umbrella"] {
        assert!(formats.lines().any(|line| line.starts_with(format)), "{formats}");
    }
}

#[test]
fn wrong_arguments_are_refused_with_what_would_be_right() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("noise.log"), "no log\n").unwrap();
    std::fs::create_dir(here.join("folder")).unwrap();
    let set = |more: &[&'static str]| with(&["feed", "set"], more);
    let check = |arguments: &[&str], words: &[&str]| refused(here, arguments, 1, words);
    let oak = ["--school", "oak", "--feed", "web"];
    check(
        &with(&set(&oak), &["--format", "abacus"]),
        &["`abacus` is not known", "`trustwatch formats` lists"],
    );
    let mars = with(&set(&oak), &["--format", "squid", "--zone", "Mars/Base"]);
    check(&mars, &["`Mars/Base`", "such as Europe/London"]);
    check(&["parse", "absent.log"], &["cannot read `absent.log`", "No such file"]);
    check(&["parse", "folder"], &["cannot read `folder`", "Is a directory"]);
    check(&["parse", "--format", "abacus", "noise.log"], &["`trustwatch formats` lists"]);
    check(&["parse", "noise.log"], &["`noise.log` is not recognised", "--format"]);
    check(&["convert", "--format", "squid", "absent.log", "out.parquet"], &["cannot read `absent.log`"]);
    check(&["convert", "--format", "squid", "folder", "out.parquet"], &["cannot read `folder`"]);
    check(
        &["convert", "--format", "squid", "noise.log", "none/out.parquet"],
        &["cannot write `none/out.parquet`"],
    );
    check(
        &["convert", "--format", "squid", "noise.log", "noise.log"],
        &["is the log itself", "name another"],
    );
    check(&["verify", "--data", "none"], &["`none` holds no trustwatch system", "`trustwatch up`"]);
    check(&["lake", "files", "--data", "none"], &["`none` holds no trustwatch system"]);
    check(&["feed", "show", "--data", "none"], &["`none` holds no trustwatch system"]);
    check(&["ship", "--data", "none", "--school", "oak", "--feed", "web", "noise.log"], &["`trustwatch up`"]);
    check(&["demo", "--once", "--data", "."], &["`.` is not empty"]);
    check(&["up", "--data", "noise.log"], &["`noise.log`"]);
    check(&["up", "--data", "data", "--port", "65534"], &["port"]);

    let check = |arguments: &[&str], words: &[&str]| refused(here, arguments, 2, words);
    check(
        &set(&["--school", "Oak", "--feed", "web", "--format", "squid"]),
        &["`Oak` is not a school id", "a-z"],
    );
    check(&set(&["--school", "oak", "--feed", "a/b", "--format", "squid"]), &["`a/b` is not a feed id"]);
    check(&with(&set(&oak), &["--format", "squid", "--horizon-days", "0"]), &["'0'", "1..=3660"]);
    check(&["parse", "--zone", "Mars/Base", "noise.log"], &["'Mars/Base'", "such as Europe/London"]);
    check(&["lake", "files", "--from", "2026-13-01"], &["'2026-13-01'", "--from"]);
    check(&["convert", "--format", "squid", "--threads", "0", "a", "b"], &["'0'", "1..=64"]);
    check(&["demo", "--lines", "5"], &["'5'", "1000..=50000000"]);
    // Nothing that failed left anything behind.
    let mut left: Vec<_> = std::fs::read_dir(here).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.retain(|name| name != "data");
    left.sort();
    assert_eq!(left, ["folder", "noise.log"]);
    assert_eq!(std::fs::read(here.join("noise.log")).unwrap(), b"no log\n");
}

#[test]
fn a_file_without_the_right_to_read_it_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let here = scratch();
    let file = here.path().join("secret.log");
    std::fs::write(&file, log(1)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::File::open(&file).is_ok() {
        // Root reads everything; a file that nobody can read is one that hands out errors.
        refused(
            here.path(),
            &["parse", "--format", "squid", "/proc/self/mem"],
            1,
            &["cannot read `/proc/self/mem`"],
        );
    } else {
        refused(here.path(), &["parse", "secret.log"], 1, &["cannot read `secret.log`", "Permission denied"]);
    }
}

#[test]
fn a_port_or_a_directory_that_is_taken_is_named() {
    let here = scratch();
    let up = Up::start(here.path());
    refused(
        here.path(),
        &["up", "--data", "data", "--port", "0"],
        1,
        &["`data`", "in use by another process"],
    );
    let api = up.endpoints().api;
    let port = api.rsplit(':').next().unwrap();
    refused(
        here.path(),
        &["up", "--data", "other", "--port", port],
        1,
        &[port, "choose another port with --port"],
    );
    // The first one never noticed.
    done(here.path(), &["feed", "show", "--data", "data"]);
    up.stop();
}

#[test]
fn files_are_shipped_while_the_system_runs_and_while_it_does_not() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("access.log"), log(3)).unwrap();
    std::fs::write(here.join("more.log"), log(4)).unwrap();
    assert_eq!(done(here, &SET), "oak/web is registered.\n");
    let down = done(here, &with(&SHIP, &["access.log"]));
    assert!(
        down.starts_with("sent oak/web/access.log (") && down.contains("`trustwatch up` will work on"),
        "{down}"
    );
    let (report, code) = verify(here);
    assert_eq!((report["pending"].as_u64(), code), (Some(1), 0));

    let up = Up::start(here);
    assert_eq!(done(here, &SET), "oak/web is registered.\n", "setting it again changes nothing");
    let live = done(here, &with(&SHIP, &["access.log", "more.log"]));
    assert_eq!(live.lines().count(), 2, "{live}");
    let report = verified(here);
    assert_eq!(report["counts"]["events"], 7, "the second access.log is a repeat: {report}");
    assert_eq!(report["counts"]["skipped"]["repeat"], 3);

    // One file that is not there keeps all from being sent, and a directory is not a file.
    refused(here, &with(&SHIP, &["access.log", "absent.log"]), 1, &["cannot read `absent.log`"]);
    std::fs::create_dir(here.join("folder")).unwrap();
    refused(here, &with(&SHIP, &["folder"]), 1, &["`folder` is a directory", "name the files"]);
    assert_eq!(verified(here)["objects"], 3);
    // Its manifest is there a moment before its message is gone.
    let begun = Instant::now();
    let shown = loop {
        let shown = done(here, &["feed", "show", "--data", "data", "--school", "oak"]);
        let busy = |line: &str| {
            let figures: Vec<&str> = line.split_whitespace().collect();
            line.starts_with("trustwatch-") && figures[1..4] != ["0", "0", "0"]
        };
        if !shown.lines().any(busy) {
            break shown;
        }
        assert!(begun.elapsed() < PATIENCE, "{shown}");
    };
    assert!(shown.contains("oak/web\n") && shown.contains("events       7\n"), "{shown}");
    assert!(!shown.contains("set aside"), "{shown}");
    let queues: Vec<&str> = shown.lines().filter(|line| line.starts_with("trustwatch-")).collect();
    let names: Vec<&str> = queues.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["trustwatch-backfill", "trustwatch-classify", "trustwatch-normalise"], "{shown}");
    assert!(!shown.contains("dead letter failed"), "{shown}");

    // With the keys of the environment and an address, as from another machine.
    let keys = cloud::credentials(&up.data).unwrap();
    let mut remote = trustwatch(here);
    remote.env("AWS_ACCESS_KEY_ID", &keys.access_key).env("AWS_SECRET_ACCESS_KEY", &keys.secret_key);
    let s3 = up.endpoints().s3;
    remote.args(["ship", "--school", "oak", "--feed", "web", "--endpoint", &s3, "more.log"]);
    let said = Said::from(remote.output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{said:?}");
    let mut stranger = trustwatch(here);
    stranger.env("AWS_ACCESS_KEY_ID", "nobody").env("AWS_SECRET_ACCESS_KEY", "nothing");
    stranger.args(["ship", "--school", "oak", "--feed", "web", "--endpoint", &s3, "more.log"]);
    let said = Said::from(stranger.output().unwrap());
    assert_eq!(said.code, 1);
    plain(&said, &["cannot send `more.log`", "InvalidAccessKeyId", "`credentials` of its data directory"]);
    up.stop();
}

#[test]
fn feed_show_says_what_waits_and_what_to_do_about_what_died() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("access.log"), log(3)).unwrap();
    done(here, &SET);
    let alter = |sql: &str| {
        rusqlite::Connection::open(here.join("data/queue.sqlite")).unwrap().execute_batch(sql).unwrap();
    };
    let message = |id: &str, visible_ms: &str, receives: u32| {
        format!(
            "INSERT INTO message (id, queue, body, attributes, sent_ms, visible_ms, receives)
             VALUES ('{id}', 'trustwatch-normalise', 'b', '{{}}', 0, {visible_ms}, {receives});"
        )
    };
    alter(&[message("a", "0", 0), message("b", "9000000000000000", 1), message("c", "0", 8)].concat());
    alter(
        "UPDATE message SET queue = 'trustwatch-normalise-dead', died_in = 'trustwatch-normalise' WHERE id = 'c'",
    );
    let shown = done(here, &["feed", "show", "--data", "data"]);
    let queue = shown.lines().find(|line| line.starts_with("trustwatch-normalise")).unwrap();
    let words: Vec<&str> = queue.split_whitespace().collect();
    assert_eq!((words[1], words[3], *words.last().unwrap()), ("1", "1", "1"), "{shown}");
    assert!(shown.contains("failed 8 times") && shown.contains("start it again"), "{shown}");
}

#[test]
fn parse_prints_an_object_an_event_and_names_the_lines_that_are_none() {
    let here = scratch();
    let text = format!("{}no line of Squid's\n\n{}", log(2), log(1));
    std::fs::write(here.path().join("access.log"), text).unwrap();
    let said = run(here.path(), &["parse", "--format", "squid", "access.log"]);
    assert_eq!((said.code, said.err.as_str()), (0, "line 3: malformed\n"));
    let events: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let lines: Vec<_> = events.iter().map(|event| event["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 5]);
    assert_eq!(events[1]["url_domain"], "example.org");
    assert_eq!(events[1]["url_path"], "/1");
    assert_eq!(events[1]["user_name"], "pat");
    assert!(events[1]["event_at"].as_str().unwrap().ends_with('Z'));
    for absent in ["school", "feed", "source_id"] {
        assert!(events[0].get(absent).is_none(), "{absent}");
    }
    let guessed = run(here.path(), &["parse", "access.log"]);
    assert_eq!(guessed.out, said.out);
    assert!(guessed.err.starts_with("format squid ("), "{guessed:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let here = scratch();
    std::fs::write(here.path().join("access.log"), log(20_000)).unwrap();
    let mut child = trustwatch(here.path())
        .args(["parse", "--format", "squid", "access.log"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut first = [0; 64];
    out.read_exact(&mut first).unwrap();
    drop(out);
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (0, ""));

    // Nobody listens from the beginning.
    for arguments in [&["formats"][..], &["--version"]] {
        let mut child = trustwatch(here.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let said = Said::from(child.wait_with_output().unwrap());
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn convert_gives_the_same_rows_with_one_thread_and_with_two() {
    let here = scratch();
    let here = here.path();
    let text = format!("{}no line of Squid's\n", log(30_000));
    std::fs::write(here.join("access.log"), text).unwrap();
    let convert = |threads: &str, out: &str| {
        let said = done(here, &["convert", "--format", "squid", "--threads", threads, "access.log", out]);
        assert_eq!(said, "30001 lines: 30000 events, 1 rejects, 0 skipped\n");
        let bytes = std::fs::read(here.join(out)).unwrap();
        (trustwatch_lake::read_part(bytes.clone().into()).unwrap(), bytes)
    };
    let ((one, first), (two, second)) = (convert("1", "one.parquet"), convert("2", "two.parquet"));
    assert_eq!(one.rows, 30_000);
    assert_eq!((one.lines, one.first_event_at), (two.lines, two.first_event_at));
    assert!(first == second, "the files differ in their bytes");
    // Again, over what is there.
    convert("1", "two.parquet");
}

#[test]
fn lake_files_are_found_by_school_and_day() {
    let here = scratch();
    let here = here.path();
    let days = ["2026-03-01", "2026-03-02", "2026-03-03"];
    let text: String = days
        .iter()
        .map(|day| {
            let noon: jiff::Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
            let second = noon.as_second();
            format!(
                "{second}.0 87 10.20.1.15 TCP_MISS/200 18 GET http://example.org/ pat HIER_NONE/- text/html\n"
            )
        })
        .collect();
    std::fs::write(here.join("access.log"), text).unwrap();
    let up = Up::start(here);
    for school in ["oak", "elm"] {
        let set = ["feed", "set", "--data", "data", "--school", school, "--feed", "web", "--format", "squid"];
        done(here, &with(&set, &["--horizon-days", "3660"]));
        done(here, &["ship", "--data", "data", "--school", school, "--feed", "web", "access.log"]);
    }
    assert_eq!(verified(here)["counts"]["events"], 6);
    let check = |filters: &[&str], schools: &[&str], days: &[&str]| {
        let found = done(here, &with(&["lake", "files", "--data", "data"], filters));
        assert_eq!(found.lines().count(), schools.len() * days.len(), "{filters:?}: {found}");
        for school in schools {
            for day in days {
                let part = format!("s3://trustwatch-lake/events/v1/school={school}/date={day}/");
                assert!(found.lines().any(|line| line.starts_with(&part)), "{filters:?}: {found}");
            }
        }
    };
    check(&[], &["oak", "elm"], &days);
    check(&["--school", "oak"], &["oak"], &days);
    check(&["--from", "2026-03-02"], &["oak", "elm"], &days[1..]);
    check(&["--to", "2026-03-02"], &["oak", "elm"], &days[..2]);
    check(&["--school", "elm", "--from", "2026-03-02", "--to", "2026-03-02"], &["elm"], &days[1..2]);
    up.stop();
    check(&["--school", "oak"], &["oak"], &days);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_sees_what_was_done_behind_its_back() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("access.log"), format!("{}no line\n", log(3))).unwrap();
    let up = Up::start(here);
    done(here, &SET);
    done(here, &with(&SHIP, &["access.log"]));
    verified(here);
    let s3 = s3(&up);
    let lake = "trustwatch-lake";
    for (prefix, missing) in
        [("events/", "a part of 3 rows is missing"), ("rejects/", "a file of 1 rejects is missing")]
    {
        let listed = s3.list_objects_v2().bucket(lake).prefix(prefix).send().await.unwrap();
        let key = listed.contents()[0].key().unwrap().to_owned();
        let whole = s3.get_object().bucket(lake).key(&key).send().await.unwrap();
        let whole = whole.body.collect().await.unwrap().into_bytes();
        let mut altered = whole.to_vec();
        altered[9] ^= 0xff;
        for (body, problem) in [
            (None, missing),
            (Some(altered), "does not have the bytes that its name says"),
            (Some(b"nothing of the kind".to_vec()), "cannot be read"),
            (Some(Vec::new()), "does not have the bytes that its name says"),
        ] {
            match body {
                Some(body) => {
                    drop(s3.put_object().bucket(lake).key(&key).body(body.into()).send().await.unwrap())
                }
                None => drop(s3.delete_object().bucket(lake).key(&key).send().await.unwrap()),
            }
            let said = run(here, &["verify", "--data", "data"]);
            assert_eq!(said.code, 1, "{problem}: {said:?}");
            assert!(said.out.contains("DOES NOT BALANCE oak/web/access.log"), "{problem}: {said:?}");
            assert!(said.out.contains(problem), "{problem}: {said:?}");
            assert_eq!(verify(here).1, 1, "{problem}");
        }
        s3.put_object().bucket(lake).key(&key).body(whole.into()).send().await.unwrap();
        verified(here);
    }
    let listed = s3.list_objects_v2().bucket(lake).prefix("manifests/").send().await.unwrap();
    let key = listed.contents()[0].key().unwrap();
    s3.put_object().bucket(lake).key(key).body(b"{".to_vec().into()).send().await.unwrap();
    let said = run(here, &["verify", "--data", "data"]);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("its manifest cannot be read"), "{said:?}");
    up.stop();
}

fn s3(up: &Up) -> Client {
    let keys = cloud::credentials(&up.data).unwrap();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(ClientCredentials::new(keys.access_key, keys.secret_key, None, None, "test"))
        .region(Region::new("eu-west-2"))
        .endpoint_url(up.endpoints().s3)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

#[test]
fn the_demo_ends_in_one_object_with_its_figures() {
    let here = scratch();
    let said = run(here.path(), &["demo", "--once", "--json", "--lines", "1000"]);
    assert_eq!(said.code, 0, "{said:?}");
    let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    let figure = |name: &str| last[name].as_u64().unwrap_or_else(|| panic!("{name}: {last}"));
    assert_eq!(figure("schools"), 3);
    assert_eq!(
        figure("lines"),
        figure("events") + figure("rejects") + figure("skipped") + figure("held"),
        "{last}"
    );
    assert!(figure("events") > 2_500 && figure("rejects") > 0, "{last}");
    assert_eq!(last["as_generated"], true, "{last}");
    assert!(said.out.contains("Every line has its place"), "{said:?}");
    assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 0, "the demo cleans up");
}
