//! Files that grow: every line of the text counts once, wherever the versions were cut, whatever was damaged, and
//! in whatever order the versions were worked on and the held lines settled.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt::Write as _;
use trustwatch_pipeline::{Arrival, Context, normalise};
use trustwatch_tests::cuts::{GAPS_MS, Stored, Version, expected};
use trustwatch_tests::fixture;
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{DAY_MS, HOUR_MS, System};

/// Lines that no format knows: each becomes a reject, which keeps its text as it stands.
fn text(lines: usize, line_end: &str) -> String {
    let mut text = String::new();
    for line in 0..lines {
        let _ = write!(text, "line-{line}-{}{line_end}", "x".repeat(line % 3));
    }
    text
}

fn a_version() -> impl Strategy<Value = Version> {
    let stored = prop_oneof![
        3 => Just(Stored::Plain),
        3 => Just(Stored::Gzip),
        1 => Just(Stored::CutInside),
        2 => Just(Stored::CutAtEnd),
    ];
    let gap = prop::sample::select(GAPS_MS.to_vec());
    (1..=1_000_usize, stored, gap, vec(any::<u8>(), 0..4)).prop_map(|(cut, stored, after_ms, then)| Version {
        cut,
        stored,
        after_ms,
        then,
    })
}

/// Versions, each at least as long as the one before. Equal ones are common: a collector that has nothing new.
fn growing() -> impl Strategy<Value = Vec<Version>> {
    (vec(a_version(), 1..6), vec(any::<bool>(), 6)).prop_map(|(mut versions, same)| {
        versions.sort_by_key(|version| version.cut);
        let mut cut = 0;
        for (version, same) in versions.iter_mut().zip(same) {
            if same && cut > 0 {
                version.cut = cut;
            }
            cut = version.cut;
        }
        versions
    })
}

/// Uploads, works and settles as planned; then everything that is left, and everything again.
async fn play(system: &System, school: &str, text: &str, versions: &[Version]) -> Vec<String> {
    system.feed(school, "web", "squid").await;
    let context = system.context();
    let mut arrivals: Vec<Arrival> = Vec::new();
    for version in versions {
        system.time.pass_ms(version.after_ms);
        arrivals.push(system.put(&format!("{school}/web/a.log"), version.bytes(text)).await);
        for step in &version.then {
            match usize::from(*step) {
                step if step % 3 == 0 => work_on_what_is_due(system).await,
                step => work(&context, &arrivals[step / 3 % arrivals.len()]).await,
            }
        }
    }
    for arrival in arrivals.iter().rev().chain(&arrivals) {
        work(&context, arrival).await;
        work_on_what_is_due(system).await;
    }
    system.time.pass_ms(3 * DAY_MS);
    work_on_what_is_due(system).await;
    let state = State::of(system, Scope::School(school)).await;
    assert!(!state.facts("item").any(|fact| fact.contains("\"is_due\":true")), "a line is still held");
    delivered(&state)
}

async fn work(context: &Context, arrival: &Arrival) {
    normalise(context, arrival).await.unwrap();
}

fn delivered(state: &State) -> Vec<String> {
    assert_eq!(state.facts("row").count(), 0, "every line of this text is a reject");
    let text = |fact: &str| {
        let json = fact.splitn(3, ' ').last().unwrap();
        let line: serde_json::Value = serde_json::from_str(json).unwrap();
        line["text"].as_str().unwrap().trim_end_matches('\r').to_owned()
    };
    let mut lines: Vec<String> = state.facts("reject").map(text).collect();
    lines.sort();
    lines
}

#[test]
fn every_line_of_a_growing_file_counts_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let system = runtime.block_on(System::start());
    let exhaustive = std::env::var("TRUSTWATCH_EXHAUSTIVE").is_ok_and(|value| value == "1");
    let cases = if exhaustive { 1_500 } else { 96 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    // The same cases every time, so that a red test is red for everybody; other ones where time is not short.
    let dice = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner =
        if exhaustive { TestRunner::new(config) } else { TestRunner::new_with_rng(config, dice) };
    let start_ms = system.time.now_ms();
    let run = std::cell::Cell::new(0);
    let plan = (2..6_usize, prop::sample::select(vec!["\n", "\r\n"]), growing());
    runner
        .run(&plan, |(lines, line_end, versions)| {
            run.set(run.get() + 1);
            system.time.set_ms(start_ms);
            let text = text(lines, line_end);
            let school = format!("s{:05}", run.get());
            let found = runtime.block_on(play(&system, &school, &text, &versions));
            let mut wanted = expected(&text, &versions);
            wanted.sort();
            prop_assert_eq!(found, wanted, "of {:?}", text);
            Ok(())
        })
        .unwrap();
    println!("GROWING {} runs", run.get());
    runtime.block_on(system.stop());
}

/// A case that a bug was found by, or that the random ones would rarely meet.
async fn check(text: &str, versions: &[(usize, Stored, i64)]) {
    let system = System::start().await;
    let versions: Vec<Version> = versions
        .iter()
        .map(|(length, stored, after_ms)| Version {
            cut: (length * 1_000).div_ceil(text.len()),
            stored: *stored,
            after_ms: *after_ms,
            then: vec![1, 0],
        })
        .collect();
    let found = play(&system, "oak", text, &versions).await;
    let mut wanted = expected(text, &versions);
    wanted.sort();
    assert_eq!(found, wanted);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_version_ends_no_line() {
    check("aaaa\nbbbb\n", &[(7, Stored::Plain, 0), (10, Stored::CutAtEnd, HOUR_MS)]).await;
}

/// It could be read far enough to end the line, and nobody has worked on it when the line is settled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_version_that_waits_ends_no_line() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let half = system.put("oak/web/a.log", "aaaa\nbb").await;
    work(&context, &half).await;
    system.time.pass_ms(HOUR_MS);
    let text = "aaaa\nbbbb\n".to_owned() + &"cccc\n".repeat(9_000);
    let mut cut = fixture::gzip(text.as_bytes());
    cut.truncate(cut.len() - 4);
    let damaged = system.put("oak/web/a.log", cut).await;
    system.time.pass_ms(25 * HOUR_MS);
    work_on_what_is_due(&system).await;
    work(&context, &damaged).await;
    assert_eq!(delivered(&State::of(&system, Scope::All).await), ["aaaa", "bb"]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_version_delivers_nothing() {
    check("aaaa\nbbbb\n", &[(10, Stored::CutAtEnd, 0), (10, Stored::Plain, HOUR_MS)]).await;
}

/// Its manifest would say so; but nobody has worked on it yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_version_that_waits_delivers_nothing() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let damaged = system.put("oak/web/a.log", fixture::damaged(b"aaaa\nbbbb\n")).await;
    system.time.pass_ms(HOUR_MS);
    let whole = system.put("oak/web/a.log", "aaaa\nbbbb\n").await;
    let context = system.context();
    for arrival in [&whole, &damaged] {
        work(&context, arrival).await;
    }
    assert_eq!(delivered(&State::of(&system, Scope::All).await), ["aaaa", "bbbb"]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_half_line_a_day_later_counts_once() {
    use Stored::Plain;
    check("aaaa\nbbbb\n", &[(7, Plain, 0), (7, Plain, 30 * HOUR_MS)]).await;
    check("aaaa\nbbbb\n", &[(9, Plain, 0), (9, Plain, 30 * HOUR_MS), (10, Plain, HOUR_MS)]).await;
    check("aaaa\r\nbbbb\r\n", &[(10, Plain, 0), (11, Plain, 30 * HOUR_MS), (12, Plain, HOUR_MS)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_moment_in_which_a_line_can_be_ended_belongs_to_the_later_version() {
    use Stored::Plain;
    check("aaaa\nbbbb\n", &[(7, Plain, 0), (10, Plain, 24 * HOUR_MS)]).await;
    check("aaaa\nbbbb\n", &[(7, Plain, 0), (10, Plain, 24 * HOUR_MS + 1)]).await;
}

/// The settler comes in the very moment in which the line becomes due, before a version of the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_of_the_moment_in_which_a_line_becomes_due_is_waited_for() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let first = system.put("oak/web/a.log", "aaaa\nbb").await;
    work(&context, &first).await;
    system.time.pass_ms(24 * HOUR_MS);
    work_on_what_is_due(&system).await;
    let second = system.put("oak/web/a.log", "aaaa\nbbbb\n").await;
    work(&context, &second).await;
    system.time.pass_ms(3 * DAY_MS);
    work_on_what_is_due(&system).await;
    assert_eq!(delivered(&State::of(&system, Scope::All).await), ["aaaa", "bbbb"]);
    system.stop().await;
}

/// A return at the end of a half line is half a line end only if a newline follows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_goes_on_elsewhere_ends_no_line() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    for bytes in ["aaaa\nbb\r", "aaaa\nbbcc\n"] {
        let arrival = system.put("oak/web/a.log", bytes).await;
        work(&context, &arrival).await;
        system.time.pass_ms(HOUR_MS);
    }
    system.time.pass_ms(3 * DAY_MS);
    work_on_what_is_due(&system).await;
    assert_eq!(delivered(&State::of(&system, Scope::All).await), ["aaaa", "bb", "bbcc"]);
    system.stop().await;
}

/// Over-long lines are compared whole though only their beginning is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_lines_that_begin_alike_are_not_the_same() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let long = "x".repeat((1 << 20) + 10);
    for (bytes, then_ms) in [(long.clone() + "a", 30 * HOUR_MS), (long + "ab\n", 0)] {
        let arrival = system.put("oak/web/a.log", bytes).await;
        work(&context, &arrival).await;
        system.time.pass_ms(then_ms);
        work_on_what_is_due(&system).await;
    }
    let state = State::of(&system, Scope::All).await;
    assert_eq!(state.facts("reject").count(), 2, "the longer line is new");
    system.stop().await;
}

/// A listing has a thousand versions a page; the version before may lie on the next one behind unreadable ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_before_is_found_behind_a_page_of_the_listing() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let text = text(3, "\n");
    let key = "oak/web/a.log";
    let first = system.put(key, text.as_bytes()).await;
    let damaged =
        Version { cut: 1_000, stored: Stored::CutAtEnd, after_ms: 0, then: Vec::new() }.bytes(&text);
    system.put(key, damaged.clone()).await;
    system.put(key, damaged).await;
    let middle = system.put(key, text.as_bytes()).await;
    // The page that the middle one is on ends with the first damaged version before it.
    for _ in 0..998 {
        system.put(key, Vec::new()).await;
    }
    work(&context, &first).await;
    work(&context, &middle).await;
    let state = State::of(&system, Scope::All).await;
    assert_eq!(delivered(&state).len(), 3, "the lines of the first version are repeats");
    system.stop().await;
}
