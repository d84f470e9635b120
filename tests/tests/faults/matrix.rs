//! Scenario by call by kind of fault.

use crate::scenarios::{ALL, FirstVersion, Scenario};
use std::collections::{BTreeMap, BTreeSet};
use trustwatch_pipeline::{Context, InForce, reconcile};
use trustwatch_tests::is_exhaustive;
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::seam::{FailsAt, Fault, Seam};
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{HOUR_MS, LEASE_MS, System, Worker};

/// The operations of `shared/store` that normalise, tail, reconcile and the lanes use. A new one must be named here
/// and needs a scenario that meets it.
const OPERATIONS: [&str; 38] = [
    "cell",
    "cell_exists",
    "claim",
    "due",
    "finish",
    "finish days",
    "decrypt",
    "generate_data_key",
    "keys",
    "ledger",
    "make_key",
    "open_raw",
    "pin",
    "put_off",
    "put_contribution",
    "put_new findings",
    "put_new judgement",
    "put_new manifest",
    "put_new part",
    "put_new rejects",
    "quota_used",
    "raw_versions",
    "read findings",
    "read judgement",
    "read manifest",
    "read part",
    "read policy",
    "read roster",
    "read settings",
    "sealed_key",
    "send",
    "settle_due",
    "show_latest",
    "show_set_aside",
    "version_of",
    "write_cell",
    "come_back_in",
    "replace settings",
];

/// Met by tests of `function.rs`, which have no end state of this kind.
const ELSEWHERE: [(&str, &str); 2] = [
    ("come_back_in", "a_busy_message_is_given_back_and_comes_again_soon"),
    ("replace settings", "settings_that_were_saved_though_the_answer_was_lost_are_saved_again"),
];

/// Verbs of the store that no use-case of these scenarios has: a new one must be named here or met above.
const OTHER_VERBS: [(&str, &str); 9] = [
    ("connect", "calls nothing"),
    ("day", "read by verify"),
    ("feeds", "read for people"),
    ("set_aside", "read for people"),
    ("provision", "makes a deployment before there is work"),
    ("queue_range", "met by the matrix of the API"),
    ("put_audit", "met by the matrix of the API"),
    ("cursor_key", "opened once by the API, like a year key"),
    ("upload_file", "what a filter does"),
];

/// The operation that a verb shows as, where the two have different names.
fn shows_as(verb: &str) -> &str {
    match verb {
        "read" | "read_version" => "read settings",
        "put_new" => "put_new part",
        "replace" => "replace settings",
        "year_key" => "decrypt",
        verb => verb,
    }
}

#[test]
fn every_verb_of_the_store_fails_in_some_scenario() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/store/src");
    let mut verbs = BTreeSet::new();
    for file in std::fs::read_dir(source).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let names =
            text.split("    pub async fn ").skip(1).map(|rest| rest.split(['(', '<']).next().unwrap());
        verbs.extend(names.map(str::to_owned));
    }
    assert!(verbs.len() > 20, "{verbs:?}");
    verbs.remove("next");
    for verb in &verbs {
        let is_met = OPERATIONS.contains(&shows_as(verb));
        let is_other = OTHER_VERBS.iter().any(|(other, _)| other == verb);
        assert!(is_met != is_other, "`{verb}` is met by no scenario and not named, or both");
    }
}

struct Bench {
    system: System,
    context: Context,
    seam: Seam,
    /// A worker of another build, who may be the one that tries again.
    other: Context,
    start_ms: i64,
}

impl Bench {
    async fn start() -> Self {
        let system = System::start().await;
        let (context, seam) = system.worker(Worker::default()).await;
        let (other, _) = system.worker(Worker::other_build()).await;
        let start_ms = system.time.now_ms();
        Self { system, context, seam, other, start_ms }
    }

    /// One run without faults: its end state and its calls.
    async fn faultless(&self, scenario: &dyn Scenario, school: &str) -> (State, Vec<String>) {
        self.system.time.set_ms(self.start_ms);
        let arrivals = scenario.prepare(&self.system, school).await;
        let judge = FailsAt::never();
        self.seam.appoint(judge.clone());
        scenario.work(&self.system, &fresh(&self.context), &arrivals).await.unwrap();
        self.seam.dismiss();
        scenario.finish(&self.system).await;
        (State::of(&self.system, Scope::School(school)).await, judge.calls())
    }

    /// One run in which a call fails, and what follows until everything is done.
    async fn faulty(&self, scenario: &dyn Scenario, school: &str, number: usize, fault: Fault) -> State {
        self.system.time.set_ms(self.start_ms);
        let arrivals = scenario.prepare(&self.system, school).await;
        let judge = FailsAt::new(number, fault);
        self.seam.appoint(judge);
        let result = scenario.work(&self.system, &fresh(&self.context), &arrivals).await;
        assert!(result.is_err(), "the failed call was taken as done");
        self.seam.dismiss();
        let retrier = if number.is_multiple_of(2) { &self.context } else { &self.other };
        // Whoever comes before the lease has run out finds the source busy, or free, and does no harm.
        if let Err(failed) = scenario.work(&self.system, retrier, &arrivals).await {
            assert!(failed.busy, "a retry without faults failed");
            self.system.time.pass_ms(LEASE_MS + 1);
            scenario.work(&self.system, retrier, &arrivals).await.unwrap();
        }
        scenario.finish(&self.system).await;
        State::of(&self.system, Scope::School(school)).await
    }
}

/// Every call of a first version fails once, and its message never comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_tries_again_is_brought_back_by_the_schedules() {
    let bench = Bench::start().await;
    let scenario = FirstVersion;
    let (expected, calls) = bench.faultless(&scenario, "s00000").await;
    for number in numbers(&calls) {
        let school = format!("s{:05}", number + 1);
        bench.system.time.set_ms(bench.start_ms);
        let arrivals = scenario.prepare(&bench.system, &school).await;
        bench.seam.appoint(FailsAt::new(number, Fault::NotSent));
        scenario.work(&bench.system, &bench.context, &arrivals).await.unwrap_err();
        bench.seam.dismiss();
        bench.system.time.pass_ms(3 * HOUR_MS);
        reconcile(&bench.context, HOUR_MS).await.unwrap();
        work_on_what_is_due(&bench.system).await;
        let found = State::of(&bench.system, Scope::School(&school)).await;
        State::assert_same(&expected, &found, &format!("call {number}, `{}`", calls[number]));
    }
    bench.system.stop().await;
}

/// A worker that has just been started: nothing is kept from the run before, or its calls would be missing.
fn fresh(context: &Context) -> Context {
    Context { in_force: InForce::default(), ..context.clone() }
}

/// Of many equal calls in a row the first two and the last stand for the others, unless all are asked for.
fn numbers(calls: &[String]) -> Vec<usize> {
    if is_exhaustive() {
        return (0..calls.len()).collect();
    }
    let equal = |number: usize, other: Option<usize>| {
        other.and_then(|other| calls.get(other)).is_some_and(|call| *call == calls[number])
    };
    (0..calls.len())
        .filter(|&number| {
            let inside = equal(number, number.checked_sub(1))
                && equal(number, number.checked_sub(2))
                && equal(number, Some(number + 1));
            !inside
        })
        .collect()
}

async fn every_fault_leaves_the_same_state(name: &str) {
    let (_, scenario) = ALL.iter().find(|(found, _)| *found == name).unwrap();
    let mut bench = Bench::start().await;
    let mut runs = 0;
    let (expected, calls) = bench.faultless(*scenario, "s00000").await;
    let mut tried: BTreeMap<Fault, usize> = BTreeMap::new();
    let began = std::time::Instant::now();
    for number in numbers(&calls)
        .into_iter()
        .filter(|number| is_exhaustive() || scenario.is_of_interest(&calls[*number]))
    {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.fits(&calls[number])) {
            if scenario.is_global() {
                std::mem::replace(&mut bench, Bench::start().await).system.stop().await;
            }
            runs += 1;
            let school = format!("s{runs:05}");
            let what = format!("{name}: {fault:?} at call {number}, `{}`", calls[number]);
            println!("{what}");
            let found = bench.faulty(*scenario, &school, number, fault).await;
            State::assert_same(&expected, &found, &what);
            *tried.entry(fault).or_default() += 1;
        }
    }
    println!("FAULTS {name}: {} calls, {runs} runs {tried:?}, {:?}", calls.len(), began.elapsed());
    bench.system.stop().await;
}

macro_rules! scenarios {
    ($($test:ident => $name:literal),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                every_fault_leaves_the_same_state($name).await;
            }
        )+

        /// The table of scenarios, so that none is left without a test.
        const TESTED: &[&str] = &[$($name),+];
    };
}

scenarios! {
    a_first_version => "first version",
    a_growing_file_in_order => "growing, in order",
    a_growing_file_newer_first => "growing, newer first",
    an_unknown_feed => "unknown feed",
    a_damaged_object => "damaged gzip",
    a_tail_by_reading => "tail by reading",
    a_tail_by_continuation => "tail by continuation",
    judging => "judging",
    judging_the_first_of_a_year => "first of a year",
    queueing_what_is_due => "due work",
    reconciling => "reconcile",
    handing_on_to_backfill => "to backfill",
    many_open_days => "many open days",
    many_days => "many days",
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_met_by_a_scenario() {
    assert_eq!(ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>(), TESTED);
    let bench = Bench::start().await;
    let mut met = BTreeSet::new();
    for (operation, test) in ELSEWHERE {
        let found = include_str!("function.rs").split_once(&format!("async fn {test}()"));
        let body = found.and_then(|(_, rest)| rest.split("#[tokio::test").next());
        assert!(body.is_some_and(|body| body.contains(&format!("\"{operation}\""))), "{test}");
        met.insert(operation.to_owned());
    }
    for (run, (_, scenario)) in ALL.iter().enumerate() {
        let school = format!("s{run:05}");
        if scenario.is_global() {
            let alone = Bench::start().await;
            met.extend(alone.faultless(*scenario, &school).await.1);
            alone.system.stop().await;
        } else {
            met.extend(bench.faultless(*scenario, &school).await.1);
        }
    }
    let expected: BTreeSet<String> = OPERATIONS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(met, expected);
    bench.system.stop().await;
}
