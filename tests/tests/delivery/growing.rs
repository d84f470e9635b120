//! Files that grow: every line of the text counts once, wherever the versions were cut, whatever was damaged, and
//! in whatever order the versions were worked on and the held lines settled.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fmt::Write as _;
use trustwatch_pipeline::{Arrival, Cause, Context, Limits, normalise, verify};
use trustwatch_tests::cuts::{GAPS_MS, Stored, Version, expected};
use trustwatch_tests::fixture::{self, SATURDAY_NIGHT, squid_line};
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{DAY_MS, HOUR_MS, LEASE_MS, System};

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

/// Versions, each at least as long as the one before. Equal ones are common: a collector that has nothing new, now
/// and then for days.
fn growing() -> impl Strategy<Value = Vec<Version>> {
    (vec(a_version(), 1..8), vec(any::<bool>(), 8), any::<bool>()).prop_map(
        |(mut versions, same, is_idle)| {
            versions.sort_by_key(|version| version.cut);
            let (mut cut, last) = (0, versions.len() - 1);
            for (place, (version, same)) in versions.iter_mut().zip(same).enumerate() {
                // An idle file says the same until it goes on at last.
                if cut > 0 && (same || (is_idle && place < last)) {
                    version.cut = cut;
                }
                cut = version.cut;
            }
            versions
        },
    )
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

/// Counts everything again: the proof must hold of what these tests know to be right.
async fn assert_verified(system: &System) {
    let report = verify(&system.context()).await.unwrap();
    assert!(report.balances() && report.pending == 0, "{report:?}");
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
    system.time.pass_ms(30 * DAY_MS);
    runtime.block_on(assert_verified(&system));
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
    assert_verified(&system).await;
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

/// More versions than are looked at: the work is refused until others have done theirs, and nothing counts twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_beyond_the_versions_that_are_looked_at_is_not_guessed() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let narrow = Context { limits: Limits { versions_max: 3, ..context.limits }, ..context.clone() };
    let mut arrivals = Vec::new();
    for _ in 0..5 {
        arrivals.push(system.put("oak/web/a.log", "aaaa\nbb").await);
        system.time.pass_ms(HOUR_MS);
    }
    arrivals.push(system.put("oak/web/a.log", "aaaa\nbbbb\n").await);
    let refused = async |arrival: &Arrival| {
        let error = normalise(&narrow, arrival).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Crowded { versions_max: 3 }), "{error:?}");
        system.time.pass_ms(LEASE_MS + 1);
    };
    // Behind it lie four that nobody has worked on and that say the same.
    refused(&arrivals[4]).await;
    for arrival in &arrivals {
        work(&narrow, arrival).await;
    }
    // The one that ends its line is the fifth after it.
    system.time.pass_ms(DAY_MS);
    refused(&arrivals[0]).await;
    work_on_what_is_due(&system).await;
    assert_eq!(delivered(&State::of(&system, Scope::All).await), ["aaaa", "bbbb"]);
    assert_verified(&system).await;
    system.stop().await;
}

/// Lines that go to and fro between four days: too many files, whichever of the lines are delivered here.
fn scattered() -> String {
    let line = |n: i64| squid_line(SATURDAY_NIGHT - 86_400 * (n % 4), "pat.ash", &n.to_string()) + "\n";
    (0..1_100).map(line).collect()
}

/// Its manifest would say so; but nobody has worked on it yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scattered_version_that_waits_delivers_nothing_and_ends_no_line() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let (context, scattered) = (system.context(), scattered());
    let few: String = scattered.split_inclusive('\n').take(10).collect();
    for key in ["oak/web/shorter.log", "oak/web/longer.log"] {
        let half = &few[..few.len() - 1];
        let texts = if key.contains("shorter") { [&scattered, few.as_str()] } else { [half, &scattered] };
        let mut arrivals = Vec::new();
        for text in texts {
            arrivals.push(system.put(key, text).await);
            system.time.pass_ms(HOUR_MS);
        }
        let (waits, comes_first) =
            if key.contains("shorter") { (&arrivals[0], &arrivals[1]) } else { (&arrivals[1], &arrivals[0]) };
        work(&context, comes_first).await;
        system.time.pass_ms(3 * DAY_MS);
        work_on_what_is_due(&system).await;
        work(&context, waits).await;
    }
    let state = State::of(&system, Scope::All).await;
    for key in ["shorter", "longer"] {
        let rows = state.facts("row").filter(|row| row.contains(key)).count();
        assert_eq!(rows, 10, "{key}");
    }
    assert_verified(&system).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_half_line_a_day_later_counts_once() {
    use Stored::Plain;
    check("aaaa\nbbbb\n", &[(7, Plain, 0), (7, Plain, 30 * HOUR_MS)]).await;
    check("aaaa\nbbbb\n", &[(9, Plain, 0), (9, Plain, 30 * HOUR_MS), (10, Plain, HOUR_MS)]).await;
    check("aaaa\r\nbbbb\r\n", &[(10, Plain, 0), (11, Plain, 30 * HOUR_MS), (12, Plain, HOUR_MS)]).await;
}

/// What the file broke off with is read a day after it was first said, however often it is said again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_file_that_is_sent_again_and_again_has_its_last_line_read() {
    use Stored::Plain;
    let half = |after_ms| (7, Plain, after_ms);
    check("aaaa\nbbbb\n", &[half(0), half(12 * HOUR_MS), half(12 * HOUR_MS), (10, Plain, HOUR_MS)]).await;
    check("aaaa\nbbbb\n", &[half(0), half(12 * HOUR_MS), half(11 * HOUR_MS), (10, Plain, HOUR_MS)]).await;
    check("aaaa\nbbbb\n", &[(9, Plain, 0), (9, Plain, 23 * HOUR_MS), (10, Plain, 23 * HOUR_MS)]).await;
    let returned = [(9, Plain, 0), (10, Plain, 20 * HOUR_MS), (11, Plain, 20 * HOUR_MS)];
    check("aaaa\r\nbbb\r\n", &returned).await;
}

/// It is read a day after it was first said, then said again and again, and ended at last; worked on in the order of
/// the versions and in the reverse order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_line_of_a_long_idle_file_counts_once() {
    let system = System::start().await;
    let start_ms = system.time.now_ms();
    for school in ["oak", "elm"] {
        system.time.set_ms(start_ms);
        system.feed(school, "web", "squid").await;
        let (context, key) = (system.context(), format!("{school}/web/a.log"));
        let mut arrivals = vec![system.put(&key, "aaaa\nbbbb").await];
        system.time.pass_ms(30 * HOUR_MS);
        // Backwards each looks at all before it.
        for _ in 0..if school == "elm" { 20 } else { 110 } {
            arrivals.push(system.put(&key, "aaaa\nbbbb").await);
            system.time.pass_ms(HOUR_MS / 12);
        }
        arrivals.push(system.put(&key, "aaaa\nbbbb\ncccc\n").await);
        if school == "elm" {
            arrivals.reverse();
        }
        for arrival in &arrivals {
            work(&context, arrival).await;
        }
        work_on_what_is_due(&system).await;
        system.time.pass_ms(3 * DAY_MS);
        work_on_what_is_due(&system).await;
        let found = delivered(&State::of(&system, Scope::School(school)).await);
        assert_eq!(found, ["aaaa", "bbbb", "cccc"], "{school}");
    }
    assert_verified(&system).await;
    system.stop().await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_no_bytes_says_nothing_of_the_file() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let mut arrivals = Vec::new();
    for text in ["aaaa\nbb", "", "aaaa\nbbbb\ncccc\n", "", "aaaa\nbbbb\ncccc\ndddd\n"] {
        let arrival = system.put("oak/web/a.log", text).await;
        arrivals.push(arrival);
        system.time.pass_ms(HOUR_MS);
    }
    for arrival in arrivals.iter().rev().chain(&arrivals) {
        work(&context, arrival).await;
    }
    system.time.pass_ms(3 * DAY_MS);
    work_on_what_is_due(&system).await;
    let found = delivered(&State::of(&system, Scope::School("oak")).await);
    assert_eq!(found, ["aaaa", "bbbb", "cccc", "dddd"]);
    assert_verified(&system).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_version_that_waits_is_read_by_the_settings_of_its_own_time() {
    let system = System::start().await;
    let context = system.context();
    let line = |second| {
        trustwatch_tests::judging::visit(fixture::SATURDAY_NIGHT + second, "pat.ash", "http://a.example/")
    };
    // The first is read wrongly, and the second was sent when that was mended.
    system.feed("oak", "web", "fortinet").await;
    let first = system.put("oak/web/a.log", line(0) + line(1).trim_end()).await;
    work(&context, &first).await;
    system.time.pass_ms(HOUR_MS);
    system.feed("oak", "web", "squid").await;
    let second = system.put("oak/web/a.log", line(0) + &line(1) + &line(2) + &line(3)).await;
    system.time.pass_ms(27 * HOUR_MS);
    work_on_what_is_due(&system).await;
    work(&context, &second).await;
    let state = State::of(&system, Scope::School("oak")).await;
    // The line that the first broke off with is the second's: it was ended in time.
    assert_eq!((state.facts("row").count(), state.facts("reject").count()), (3, 1));
    assert_verified(&system).await;
    system.stop().await;
}
