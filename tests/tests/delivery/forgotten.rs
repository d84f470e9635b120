//! What the ledger has forgotten, because its rows expire after 60 days.

use trustwatch_model::SourceId;
use trustwatch_pipeline::{
    Arrival, Notified, normalise, queue_due, queue_unfinished, reconcile, write_notification,
};
use trustwatch_store::{ClaimRequest, Due};
use trustwatch_tests::fixture::squid;
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::seam::{FailsAt, Fault};
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{DAY_MS, HOUR_MS, LEASE_MS, System, Worker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_comes_again_after_60_days_changes_nothing() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let arrival = system.put("oak/web/a.log", squid(9).trim_end()).await;
    let mut states = Vec::new();
    for _ in 0..2 {
        normalise(&context, &arrival).await.unwrap();
        system.time.pass_ms(2 * DAY_MS);
        work_on_what_is_due(&system).await;
        states.push(State::of(&system, Scope::All).await);
        system.forget(&arrival).await;
        system.time.pass_ms(61 * DAY_MS);
    }
    State::assert_same(&states[0], &states[1], "after 60 days");
    system.stop().await;
}

/// More than a page of them: what is queued is put off, and must not be met again behind the cursor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_unfinished_source_is_queued_once_at_a_start() {
    let system = System::start().await;
    let context = system.context();
    let now_ms = system.time.now_ms();
    let sources = 900;
    for number in 0..sources {
        let source = SourceId::of("raw", "oak/web/a.log", &number.to_string());
        let arrival =
            Arrival { bucket: "raw".into(), key: "oak/web/a.log".into(), version_id: number.to_string() };
        let message = write_notification(&Notified { arrival, bytes: 1, arrived_ms: now_ms }).unwrap();
        let due = Due { at_ms: now_ms + 7_200_000, message };
        let claim = ClaimRequest {
            source: &source,
            stage: "NORMALISE",
            pins: "{}",
            counted: false,
            now_ms,
            lease_ms: LEASE_MS,
            alone_since_ms: 0,
            due: Some(&due),
        };
        context.store.claim(&claim).await.unwrap();
    }
    assert_eq!(queue_unfinished(&context).await.unwrap(), sources);
    // They are not due for a while.
    system.time.pass_ms(7_200_000);
    assert_eq!(queue_due(&context).await.unwrap(), 0);
    system.time.pass_ms(7_200_000);
    assert_eq!(queue_due(&context).await.unwrap(), sources);
    system.stop().await;
}

/// What was claimed comes back by the due index: to queue it by both would make a long queue longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_leaves_alone_what_the_due_index_brings_back() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let claimed = system.put("oak/web/a.log", squid(9)).await;
    system.put("oak/web/b.log", squid(9)).await;
    let (context, seam) = system.worker(Worker::default()).await;
    seam.appoint(FailsAt::first("open_raw", Fault::NotSent));
    normalise(&context, &claimed).await.unwrap_err();
    seam.dismiss();
    system.time.pass_ms(HOUR_MS);
    let found = reconcile(&context, HOUR_MS + 1).await.unwrap();
    assert_eq!((found.versions, found.queued), (2, 0), "they are on their way");
    let found = reconcile(&context, HOUR_MS).await.unwrap();
    assert_eq!((found.versions, found.queued), (2, 1));
    assert_eq!(queue_due(&context).await.unwrap(), 0);
    system.time.pass_ms(HOUR_MS);
    assert_eq!(queue_due(&context).await.unwrap(), 1);
    system.stop().await;
}

/// It comes again after 60 days, and the worker dies between its claim and its end: whoever goes on must not count again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_comes_again_after_60_days_and_breaks_off_is_counted_once() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let arrival = system.put("oak/web/a.log", squid(9)).await;
    normalise(&system.context(), &arrival).await.unwrap();
    let before = State::of(&system, Scope::All).await;
    system.forget(&arrival).await;
    system.time.pass_ms(61 * DAY_MS);
    let (context, seam) = system.worker(Worker::default()).await;
    seam.appoint(FailsAt::first("finish", Fault::NotSent));
    normalise(&context, &arrival).await.unwrap_err();
    seam.dismiss();
    system.time.pass_ms(LEASE_MS + 1);
    normalise(&context, &arrival).await.unwrap();
    State::assert_same(&before, &State::of(&system, Scope::All).await, "after 60 days");
    system.stop().await;
}

/// Sent again as its quarantine advises, though late: the version that was set aside delivered nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_was_set_aside_60_days_ago_is_not_repeated() {
    for registered in [true, false] {
        let system = System::start().await;
        if registered {
            system.feed("oak", "other", "squid").await;
        }
        let context = system.context();
        let first = system.put("oak/web/a.log", squid(9)).await;
        normalise(&context, &first).await.unwrap();
        system.forget(&first).await;
        system.time.pass_ms(61 * DAY_MS);
        system.feed("oak", "web", "squid").await;
        let second = system.put("oak/web/a.log", squid(9)).await;
        normalise(&context, &second).await.unwrap();
        let rows = |state: &State| state.facts("row").count();
        assert_eq!(rows(&State::of(&system, Scope::All).await), 7, "read whole");

        // Its own event may come again, too, and a third version is compared with the second.
        if registered {
            normalise(&context, &first).await.unwrap();
        }
        let third = system.put("oak/web/a.log", squid(9)).await;
        normalise(&context, &third).await.unwrap();
        assert_eq!(rows(&State::of(&system, Scope::All).await), 7, "once");
        system.stop().await;
    }
}
