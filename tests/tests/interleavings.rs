//! Two workers on the same thing, one call at a time, in every order that matters.
//!
//! `make test` runs all schedules of each play with at most two preemptions, and 125 random ones. With
//! `TRUSTWATCH_EXHAUSTIVE=1` it is three preemptions and 5,000 random ones.

#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "interleavings/alerts.rs"]
mod alerts;

use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::time::Instant;
use trustwatch_pipeline::{Arrival, Context, normalise};
use trustwatch_tests::fixture::{self, SATURDAY_NIGHT, squid_line};
use trustwatch_tests::is_exhaustive;
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::seam::{FailsAt, Fault, Seam};
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{DAY_MS, HOUR_MS, System, Worker};
use trustwatch_tests::turns::{Exhaustive, Schedule, run};

/// Two workers of two builds, whose leases never hold the other off.
struct Pair {
    system: System,
    contexts: [Context; 2],
    seams: [Seam; 2],
    start_ms: i64,
}

impl Pair {
    async fn start() -> Self {
        let system = System::start().await;
        let (one, first) = system.worker(Worker::default().always_stale()).await;
        let (two, second) = system.worker(Worker::other_build().always_stale()).await;
        let start_ms = system.time.now_ms();
        Self { system, contexts: [one, two], seams: [first, second], start_ms }
    }
}

/// What two workers do at the same time.
pub(crate) trait Play: Sync {
    /// Makes what they work on.
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>>;

    /// What one of them does.
    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()>;

    /// What is done afterwards, when nobody interrupts any more.
    fn finish<'a>(&'a self, system: &'a System, arrivals: &'a [Arrival]) -> BoxFuture<'a, ()>;

    /// Whether a call only reads what nobody writes during the play.
    fn commutes(&self, operation: &str) -> bool {
        matches!(operation, "raw_versions" | "open_raw" | "read settings")
    }

    /// The end states that are right: most plays have one.
    fn endings(&self) -> usize {
        1
    }
}

/// Puts a play on under every schedule and compares the ends.
pub(crate) async fn every_schedule_ends_the_same(name: &str, play: &dyn Play) {
    let pair = Pair::start().await;
    let (preemptions, seeds) = if is_exhaustive() { (3, 5_000) } else { (2, 125) };
    // Uninterrupted runs of one after the other say what is right.
    let mut right: Vec<State> = Vec::new();
    for first in 0..2 {
        let schedule = Schedule::Preempted { first, at: Vec::new() };
        let (state, _) = put_on(&pair, play, &format!("r{first:05}"), &schedule).await;
        if !right.contains(&state) {
            right.push(state);
        }
    }
    assert!(right.len() <= play.endings(), "one after the other:\n{}", right[0].difference(&right[1]));
    let began = Instant::now();
    let mut runs = 0;
    let mut traces = BTreeSet::new();
    let mut check = async |schedule: &Schedule| {
        runs += 1;
        let (state, steps) = put_on(&pair, play, &format!("s{runs:05}"), schedule).await;
        if !right.contains(&state) {
            for step in &steps {
                println!("{} {}", step.worker, step.operation);
            }
            panic!("{name}: {schedule:?} ends otherwise\n{}", right[0].difference(&state));
        }
        traces.insert(steps.iter().map(|step| step.worker).collect::<Vec<_>>());
        steps
    };
    let mut exhaustive = Exhaustive::new(preemptions);
    while let Some(schedule) = exhaustive.next_schedule() {
        let steps = check(&schedule).await;
        exhaustive.took(&schedule, &steps, |operation| play.commutes(operation));
    }
    for seed in 0..seeds {
        check(&Schedule::Random(seed)).await;
    }
    let each = began.elapsed() / runs;
    println!(
        "INTERLEAVINGS {name}: {runs} runs ({preemptions} preemptions, {seeds} seeds), {} orders, {:?}, {each:?} a run",
        traces.len(),
        began.elapsed()
    );
    pair.system.stop().await;
}

async fn put_on(
    pair: &Pair,
    play: &dyn Play,
    school: &str,
    schedule: &Schedule,
) -> (State, Vec<trustwatch_tests::turns::Step>) {
    pair.system.time.set_ms(pair.start_ms);
    let arrivals = play.prepare(&pair.system, school).await;
    let workers = (0..2)
        .map(|worker| {
            let part = play.part(worker, pair.contexts[worker].clone(), arrivals.clone());
            (pair.seams[worker].clone(), part)
        })
        .collect();
    let steps = run(workers, schedule).await;
    pair.seams.iter().for_each(Seam::dismiss);
    play.finish(&pair.system, &arrivals).await;
    let state = State::of(&pair.system, Scope::School(school)).await;
    let lines = state.facts("row").count() + state.facts("reject").count();
    assert_eq!(lines, LINES, "{schedule:?}: every line counts once");
    (state, steps)
}

/// Lines of the object below, each an event or a reject.
const LINES: usize = 3;

/// The smallest object with two days and a reject.
fn two_days() -> String {
    let line = |second| squid_line(SATURDAY_NIGHT + second, "pat.ash", "x");
    format!("{}\nno line of squid\n{}\n", line(0), line(20))
}

/// Both work on the same version.
struct OneSource;

impl Play for OneSource {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            system.feed(school, "web", "squid").await;
            vec![system.put(&format!("{school}/web/a.log"), two_days()).await]
        })
    }

    fn part(&self, _: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            normalise(&context, &arrivals[0]).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, _: &'a System, _: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_on_one_source() {
    every_schedule_ends_the_same("one source", &OneSource).await;
}

/// One works on the first version and one on the second, and who is ready goes on with the other.
struct TwoVersions;

async fn put_two_versions(system: &System, school: &str) -> Vec<Arrival> {
    let key = format!("{school}/web/a.log");
    let text = two_days();
    let first = system.put(&key, &text.as_bytes()[..text.len() - 30]).await;
    system.time.pass_ms(HOUR_MS);
    vec![first, system.put(&key, text).await]
}

impl Play for TwoVersions {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            system.feed(school, "web", "squid").await;
            put_two_versions(system, school).await
        })
    }

    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            normalise(&context, &arrivals[worker]).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, system: &'a System, _: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {
            system.time.pass_ms(3 * DAY_MS);
            work_on_what_is_due(system).await;
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_on_two_versions_of_a_key() {
    every_schedule_ends_the_same("two versions", &TwoVersions).await;
}

/// Both settle the same held line.
struct OneTail;

impl Play for OneTail {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            system.feed(school, "web", "squid").await;
            let arrival = system.put(&format!("{school}/web/a.log"), two_days().trim_end()).await;
            normalise(&system.context(), &arrival).await.unwrap();
            system.time.pass_ms(2 * DAY_MS);
            vec![arrival]
        })
    }

    fn part(&self, _: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            normalise(&context, &arrivals[0]).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, _: &'a System, _: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn commutes(&self, operation: &str) -> bool {
        matches!(operation, "raw_versions" | "open_raw" | "read settings")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_settlers_of_one_tail() {
    every_schedule_ends_the_same("one tail", &OneTail).await;
}

/// The feed is registered while one works on the first version, and another on the second.
struct Registered;

impl Play for Registered {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            system.feed(school, "other", "squid").await;
            put_two_versions(system, school).await
        })
    }

    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if worker == 1 {
                register(&context, &arrivals[0]).await;
            }
            normalise(&context, &arrivals[worker]).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, system: &'a System, _: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {
            system.time.pass_ms(3 * DAY_MS);
            work_on_what_is_due(system).await;
        })
    }

    fn commutes(&self, operation: &str) -> bool {
        matches!(operation, "raw_versions" | "open_raw")
    }

    /// The first version is set aside, or it is read: by its own settings or because the second pinned it.
    fn endings(&self) -> usize {
        2
    }
}

async fn register(context: &Context, arrival: &Arrival) {
    let key = trustwatch_model::RawKey::parse(&arrival.key).unwrap();
    let settings = trustwatch_model::FeedSettings::of("squid");
    trustwatch_pipeline::save_feed(&context.store, &key.school, &key.feed, settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_registered_in_between() {
    every_schedule_ends_the_same("registered in between", &Registered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_lease_keeps_others_away() {
    let system = System::start().await;
    let (context, seam) = system.worker(Worker::default()).await;
    system.feed("oak", "web", "squid").await;
    let arrival = system.put("oak/web/a.log", fixture::squid(3)).await;
    seam.appoint(FailsAt::first("open_raw", Fault::NotSent));
    normalise(&context, &arrival).await.unwrap_err();
    let is_busy = async || {
        let error = normalise(&system.context(), &arrival).await.unwrap_err();
        assert_eq!(error.disposition, trustwatch_pipeline::Disposition::Busy, "{error:?}");
    };
    is_busy().await;
    system.time.pass_ms(trustwatch_tests::system::LEASE_MS);
    is_busy().await;
    system.time.pass_ms(1);
    normalise(&system.context(), &arrival).await.unwrap();
    system.stop().await;
}
