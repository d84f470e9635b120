//! What `verify` proves: it balances where everything is right, and names what is not.

use trustwatch_lake::{Manifest, Outcome, Stage, keys};
use trustwatch_model::{Counts, QuarantineReason, SkipCounts};
use trustwatch_pipeline::{Arrival, normalise, verify};
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::system::{DAY_MS, HOUR_MS, System};

const KEY: &str = "oak/web/a.log";

/// Uploads texts so far apart and works on each, and on what is due at the end.
async fn grown(texts: &[&str], gap_ms: i64) -> (System, Vec<Arrival>) {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let mut arrivals = Vec::new();
    for text in texts {
        let arrival = system.put(KEY, *text).await;
        normalise(&system.context(), &arrival).await.unwrap();
        arrivals.push(arrival);
        system.time.pass_ms(gap_ms);
    }
    system.time.pass_ms(3 * DAY_MS);
    work_on_what_is_due(&system).await;
    (system, arrivals)
}

async fn problems(system: &System) -> Vec<String> {
    let report = verify(&system.context()).await.unwrap();
    assert_eq!(report.balances(), report.findings.is_empty(), "{report:?}");
    report.findings.into_iter().map(|finding| finding.problem).collect()
}

/// Replaces the manifest of a stage by what it could be and is not.
async fn forge(system: &System, arrival: &Arrival, stage: Stage, other: impl Fn(Manifest) -> Manifest) {
    let key = keys::manifest(stage, "oak", arrival.source_id().as_str());
    let store = &system.cloud.context.store;
    let object = store.read(&store.names().lake, &key).await.unwrap().unwrap();
    let manifest = other(Manifest::from_json(&object.bytes).unwrap());
    system.forge(&key, manifest.to_json().unwrap()).await;
}

#[track_caller]
fn assert_named(problems: &[String], words: &str) {
    assert!(problems.iter().any(|problem| problem.contains(words)), "`{words}` is not in {problems:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_file_broke_off_with_was_delivered_once() {
    // Ended in time; ended too late; never ended; said again, and ended too late.
    let histories: [(&[&str], i64); 4] = [
        (&["aaaa\nbb", "aaaa\nbbbb\n"], HOUR_MS),
        (&["aaaa\nbb", "aaaa\nbb\ncccc\n"], 30 * HOUR_MS),
        (&["aaaa\nbb"], HOUR_MS),
        (&["aaaa\nbb", "aaaa\nbb", "aaaa\nbb", "aaaa\nbb\n"], 10 * HOUR_MS),
    ];
    for (texts, gap_ms) in histories {
        let (system, _) = grown(texts, gap_ms).await;
        assert_eq!(problems(&system).await, Vec::<String>::new(), "{texts:?}");
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_left_to_nobody_does_not_balance() {
    let (system, arrivals) = grown(&["aaaa\nbb", "aaaa\nbb\ncccc\n"], 30 * HOUR_MS).await;
    let by = Some(arrivals[1].version_id.clone());
    forge(&system, &arrivals[0], Stage::Tail, |tail| Manifest {
        counts: Counts {
            lines: 1,
            skipped: SkipCounts { repeat: 1, ..SkipCounts::default() },
            ..Counts::default()
        },
        repeats: by.clone(),
        rejects: Vec::new(),
        ..tail
    })
    .await;
    let found = problems(&system).await;
    assert_named(&found, "left to a version that does not deliver it");
    assert_named(&found, "read as it stood");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeats_of_a_version_that_delivered_nothing_do_not_balance() {
    let (system, arrivals) = grown(&["aaaa\n", "aaaa\nbbbb\n"], HOUR_MS).await;
    assert_eq!(problems(&system).await, Vec::<String>::new());
    let reason = QuarantineReason::Damaged { detail: "made up".to_owned(), lines_read: 0 };
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        outcome: Outcome::Quarantined { reason: reason.clone() },
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "repeats without a version before");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_count_twice_do_not_balance() {
    let (system, arrivals) = grown(&["aaaa\n", "aaaa\nbbbb\n"], HOUR_MS).await;
    // It would have read the shared line again.
    forge(&system, &arrivals[1], Stage::Normalise, |manifest| Manifest { repeats: None, ..manifest }).await;
    assert_named(&problems(&system).await, "the version that is repeated");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_too_long_does_not_balance() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let waiting = system.put(KEY, "aaaa\nbb").await;
    system.time.pass_ms(HOUR_MS);
    let report = verify(&system.context()).await.unwrap();
    assert!(report.balances() && report.pending == 1, "{report:?}");
    system.time.pass_ms(1);
    assert_named(&problems(&system).await, "is not worked on");
    normalise(&system.context(), &waiting).await.unwrap();
    system.time.pass_ms(25 * HOUR_MS - 1);
    assert_eq!(problems(&system).await, Vec::<String>::new());
    system.time.pass_ms(1);
    assert_named(&problems(&system).await, "held for more than 26 hours");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_file_that_was_set_aside_is_named() {
    let (system, arrivals) = grown(&["aaaa\nbbbb\n"], HOUR_MS).await;
    let damaged = || QuarantineReason::Damaged { detail: "it is not".to_owned(), lines_read: 0 };
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        outcome: Outcome::Quarantined { reason: damaged() },
        counts: Counts::default(),
        parts: Vec::new(),
        rejects: Vec::new(),
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "it was set aside (damaged) and can be read");
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        counts: Counts { lines: 2, rejects: 2, ..Counts::default() },
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "has lines all the same");
    system.stop().await;
}
