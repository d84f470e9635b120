//! What `verify` proves: it balances where everything is right, and names what is not.

use trustwatch_lake::{BrokenOff, Manifest, Outcome, Stage, keys};
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

async fn manifest_of(system: &System, arrival: &Arrival, stage: Stage) -> Manifest {
    let key = keys::manifest(stage, "oak", arrival.source_id().as_str());
    let store = &system.cloud.context.store;
    let object = store.read(&store.names().lake, &key).await.unwrap().unwrap();
    Manifest::from_json(&object.bytes).unwrap()
}

/// Replaces the manifest of a stage by what it could be and is not.
async fn forge(system: &System, arrival: &Arrival, stage: Stage, other: impl Fn(Manifest) -> Manifest) {
    let key = keys::manifest(stage, "oak", arrival.source_id().as_str());
    let manifest = other(manifest_of(system, arrival, stage).await);
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

/// The second version reads the shared line again: all of its files are right, and the line is there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_count_twice_do_not_balance() {
    let (system, arrivals) = grown(&["aaaa\n", "aaaa\nbbbb\n"], HOUR_MS).await;
    let (alone, lone) = grown(&["aaaa\nbbbb\n"], HOUR_MS).await;
    let read_all = manifest_of(&alone, &lone[0], Stage::Normalise).await;
    for file in &read_all.rejects {
        let lake = &alone.cloud.context.store.names().lake;
        let object = alone.cloud.context.store.read(lake, &file.key).await.unwrap().unwrap();
        system.forge(&file.key, object.bytes.to_vec()).await;
    }
    forge(&system, &arrivals[1], Stage::Normalise, |manifest| Manifest {
        repeats: None,
        counts: read_all.counts,
        rejects: read_all.rejects.clone(),
        ..manifest
    })
    .await;
    assert_eq!(
        problems(&system).await,
        [
            "lines shared with the version before: found 0, expected 1",
            &format!("the version that is repeated: found None, expected Some({:?})", arrivals[0].version_id),
        ]
    );
    for system in [system, alone] {
        system.stop().await;
    }
}

/// Every figure agrees with every other: only the bytes know better.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_said_to_be_skipped_does_not_balance() {
    let (system, arrivals) = grown(&["aaaa\nbbbb\n"], HOUR_MS).await;
    let skipped = SkipCounts { not_web: 2, ..SkipCounts::default() };
    let claims_nothing = |manifest: Manifest| Manifest {
        counts: Counts { lines: 2, skipped, ..Counts::default() },
        rejects: Vec::new(),
        ..manifest
    };
    forge(&system, &arrivals[0], Stage::Normalise, claims_nothing).await;
    assert_named(&problems(&system).await, "the lines that are rejects: the raw object says something else");
    // A build may have had its reasons: what it read stands, and a person is told.
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        writer: "trustwatch 0.0.1".to_owned(),
        ..manifest
    })
    .await;
    let report = verify(&system.context()).await.unwrap();
    assert!(report.balances() && report.read_otherwise == 1, "{report:?}");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_line_that_nobody_holds_does_not_balance() {
    let (system, arrivals) = grown(&["aaaa\nbb", "aaaa\nbb"], HOUR_MS).await;
    assert_eq!(problems(&system).await, Vec::<String>::new());
    let other = BrokenOff { version_id: "another".to_owned(), arrived_at: 0 };
    forge(&system, &arrivals[1], Stage::Normalise, |manifest| Manifest {
        broken_off: Some(other.clone()),
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "who broke off first");
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        counts: Counts { held: 0, lines: manifest.counts.lines - 1, ..manifest.counts },
        held: None,
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "a held last line");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_say_a_line_twice_or_are_in_no_index_do_not_balance() {
    const LINE: &str =
        "1792999800.000 1 10.0.0.1 TCP_MISS/200 5 GET http://a.example/ pat HIER_DIRECT/- text/html\n";
    let (system, arrivals) = grown(&[LINE], HOUR_MS).await;
    assert_eq!(problems(&system).await, Vec::<String>::new());
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        parts: manifest.parts.iter().chain(&manifest.parts).cloned().collect(),
        ..manifest
    })
    .await;
    let found = problems(&system).await;
    assert_named(&found, "distinct line numbers: found 1, expected 2");
    assert_named(&found, "events in parts: found 2, expected 1");
    assert_named(&found, "rows in the index of 2026-10-26: found 1, expected 2");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raw_object_that_was_deleted_is_counted_and_what_it_became_still_proved() {
    for gone in [0, 1] {
        let (system, arrivals) = grown(&["aaaa\n", "aaaa\nbb", "aaaa\nbbbb\ncccc\n"], HOUR_MS).await;
        let before = verify(&system.context()).await.unwrap();
        system.delete_raw(&arrivals[gone]).await;
        let after = verify(&system.context()).await.unwrap();
        assert_eq!(after.findings, []);
        assert_eq!((after.objects, after.gone), (2, 1));
        assert_eq!(after.counts.rejects, before.counts.rejects);
        // Its files are all that is left of it.
        let manifest = manifest_of(&system, &arrivals[0], Stage::Normalise).await;
        system.forge(&manifest.rejects[0].key, "something else").await;
        assert_named(&problems(&system).await, "does not have the bytes that its name says");
        system.stop().await;
    }
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
    // Reasons for which nobody has to read the object.
    for (reason, words) in [
        (QuarantineReason::BadKey { detail: "it is not".to_owned() }, "which its key does not bear out"),
        (QuarantineReason::UnknownFeed, "which its settings do not bear out"),
        (damaged(), "can be read"),
    ] {
        let outcome = || Outcome::Quarantined { reason: reason.clone() };
        forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
            outcome: outcome(),
            ..manifest
        })
        .await;
        assert_named(&problems(&system).await, words);
    }
    forge(&system, &arrivals[0], Stage::Normalise, |manifest| Manifest {
        counts: Counts { lines: 2, rejects: 2, ..Counts::default() },
        ..manifest
    })
    .await;
    assert_named(&problems(&system).await, "has lines all the same");
    system.stop().await;
}
