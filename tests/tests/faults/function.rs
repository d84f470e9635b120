//! What the function answers for a message whose work did not go through.

use serde_json::Value;
use trustwatch_local::queue::NewMessage;
use trustwatch_model::{FeedId, FeedSettings, SchoolId};
use trustwatch_pipeline::{Arrival, Cause, Context, Limits, normalise, save_feed};
use trustwatch_tests::fixture;
use trustwatch_tests::queue::{LIVE, call, drain, message};
use trustwatch_tests::seam::{FailsAt, Fault};
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{LEASE_MS, System, Worker};

async fn two_objects(system: &System) -> Vec<Arrival> {
    system.feed("oak", "web", "squid").await;
    vec![
        system.put("oak/web/a.log", fixture::squid(3)).await,
        system.put("oak/web/b.log", fixture::squid(4)).await,
    ]
}

fn messages(system: &System, arrivals: &[Arrival]) -> Vec<Value> {
    let now = system.time.now_ms();
    let message = |(number, arrival)| message(arrival, 100, now, &format!("m{number}"), "r");
    arrivals.iter().enumerate().map(message).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_call_gives_its_own_message_back_and_no_other() {
    let system = System::start().await;
    let (context, seam) = system.worker(Worker::default()).await;
    let arrivals = two_objects(&system).await;
    let count = FailsAt::never();
    let probe = vec![system.put("oak/web/c.log", fixture::squid(3)).await];
    seam.appoint(count.clone());
    assert_eq!(call(&context, false, &messages(&system, &probe)).await, Vec::<String>::new());
    for number in 0..count.calls().len() {
        let arrivals = vec![
            system.put(&format!("oak/web/{number}-a.log"), fixture::squid(3)).await,
            system.put(&format!("oak/web/{number}-b.log"), fixture::squid(4)).await,
        ];
        seam.appoint(FailsAt::new(number, Fault::NotSent));
        assert_eq!(call(&context, false, &messages(&system, &arrivals)).await, ["m0"], "call {number}");
        seam.dismiss();
        system.time.pass_ms(LEASE_MS + 1);
        assert_eq!(call(&context, false, &messages(&system, &arrivals)).await, Vec::<String>::new());
    }
    assert_eq!(call(&context, false, &messages(&system, &arrivals)).await, Vec::<String>::new());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_message_is_given_back_and_comes_again_soon() {
    let system = System::start().await;
    let (context, seam) = system.worker(Worker::default()).await;
    let arrivals = two_objects(&system).await;
    // A worker claims the source and dies.
    seam.appoint(FailsAt::first("open_raw", Fault::NotSent));
    normalise(&context, &arrivals[0]).await.unwrap_err();

    let queues = system.cloud.queues();
    let [mut text, _] = <[Value; 2]>::try_from(messages(&system, &arrivals)).unwrap();
    queues.send(LIVE, NewMessage::new(text["body"].as_str().unwrap())).await.unwrap();
    let received = queues.receive(LIVE, 1, None).await.unwrap().remove(0);
    text["receiptHandle"] = received.receipt.into();
    let until_ms = |at: Option<i64>| at.unwrap() - jiff::Timestamp::now().as_millisecond();
    assert!(until_ms(queues.next_visible_ms(LIVE).await.unwrap()) > 300_000);

    // The change of visibility is a convenience: when it fails the message is given back all the same.
    for judge in [FailsAt::first("come_back_in", Fault::NotSent), FailsAt::never()] {
        seam.appoint(judge.clone());
        assert_eq!(call(&context, false, std::slice::from_ref(&text)).await, ["m0"]);
        assert_eq!(judge.calls().last().unwrap(), "come_back_in");
    }
    assert!(until_ms(queues.next_visible_ms(LIVE).await.unwrap()) <= LEASE_MS + 1_000);
    assert_eq!(State::of(&system, Scope::All).await.facts("manifest").count(), 0);

    seam.dismiss();
    system.time.pass_ms(LEASE_MS + 1);
    assert_eq!(call(&context, false, std::slice::from_ref(&text)).await, Vec::<String>::new());
    assert_eq!(State::of(&system, Scope::All).await.facts("manifest").count(), 1);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_of_an_earlier_process_keeps_nobody_away() {
    let system = System::start().await;
    let (context, seam) = system.worker(Worker::default()).await;
    let arrivals = two_objects(&system).await;
    let begun_ms = system.time.now_ms();
    seam.appoint(FailsAt::first("open_raw", Fault::NotSent));
    normalise(&context, &arrivals[0]).await.unwrap_err();
    seam.dismiss();
    let since = |alone_since_ms| {
        let limits = Limits { alone_since_ms, ..context.limits };
        Context { limits, ..context.clone() }
    };
    let busy = normalise(&since(begun_ms), &arrivals[0]).await.unwrap_err();
    assert!(matches!(busy.cause, Cause::Busy { .. }), "the one that claimed it may be of this process");
    normalise(&since(begun_ms + 1), &arrivals[0]).await.unwrap();
    assert_eq!(State::of(&system, Scope::All).await.facts("manifest").count(), 1);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_its_worker_each_time_is_given_the_longer_time() {
    let system = System::start().await;
    let (context, _) = system.worker(Worker::default()).await;
    system.feed("oak", "web", "squid").await;
    let arrival = system.put("oak/web/a.log", fixture::squid(3)).await;
    let mut message = message(&arrival, 100, system.time.now_ms(), "m0", "r");
    message["attributes"] = serde_json::json!({ "ApproximateReceiveCount": "4" });
    assert_eq!(call(&context, false, std::slice::from_ref(&message)).await, Vec::<String>::new());
    assert_eq!(State::of(&system, Scope::All).await.facts("manifest").count(), 0);
    assert_eq!(drain(&system, &context).await, 1, "it was handed on");
    assert_eq!(State::of(&system, Scope::All).await.facts("manifest").count(), 1);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_reads_with_the_settings_of_the_first_claim() {
    let system = System::start().await;
    let (context, seam) = system.worker(Worker::default()).await;
    let arrivals = two_objects(&system).await;
    let judge = FailsAt::first("open_raw", Fault::NotSent);
    seam.appoint(judge.clone());
    normalise(&context, &arrivals[0]).await.unwrap_err();
    assert!(judge.calls().contains(&"claim".to_owned()), "it is the claim that pins");
    seam.dismiss();
    system.feed("oak", "web", "fortinet").await;
    system.time.pass_ms(LEASE_MS + 1);
    normalise(&context, &arrivals[0]).await.unwrap();
    let state = State::of(&system, Scope::All).await;
    assert_eq!(state.facts("row").count(), 3, "squid lines, read as squid");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_were_saved_though_the_answer_was_lost_are_saved_again() {
    let settings = FeedSettings { zone: "UTC".to_owned(), horizon_days: 7, ..FeedSettings::of("squid") };
    let (school, feed) = (SchoolId::new("oak").unwrap(), FeedId::new("web").unwrap());
    for number in 0..2 {
        for fault in Fault::ALL {
            let system = System::start().await;
            let (context, seam) = system.worker(Worker::default()).await;
            system.feed("oak", "other", "fortinet").await;
            let judge = FailsAt::new(number, fault);
            seam.appoint(judge.clone());
            let saved = save_feed(&context.store, &school, &feed, settings.clone()).await;
            if !fault.fits(&judge.calls()[number]) {
                continue;
            }
            assert!(saved.is_err(), "{fault:?} at {:?}", judge.calls());
            assert_eq!(judge.calls().last().unwrap(), ["read settings", "replace settings"][number]);
            seam.dismiss();
            save_feed(&context.store, &school, &feed, settings.clone()).await.unwrap();
            let loaded = trustwatch_pipeline::load_school(&context.store, &school).await.unwrap().unwrap();
            assert_eq!(loaded.settings.feeds.len(), 2);
            assert_eq!(loaded.settings.feeds[&feed], settings);
            system.stop().await;
        }
    }
}
