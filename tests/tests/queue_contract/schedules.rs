//! Schedules through the dispatcher: the right number of runs, whatever clock and machine do.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use trustwatch_local::queue::{Dispatcher, DispatcherError, HandlerError, Schedule, When};

use super::support::{Bench, Scripted, settle};

const HOUR_MS: i64 = 3_600_000;

fn ms(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn schedule(when: When, handler: &Arc<Scripted>) -> Schedule {
    Schedule {
        name: "purge".to_owned(),
        when,
        input: json!({ "job": "purge" }),
        handler: Arc::clone(handler) as _,
        time_out: Duration::from_secs(5),
    }
}

fn start(bench: &Bench, when: &When, handler: &Arc<Scripted>) -> Dispatcher {
    let schedule = schedule(when.clone(), handler);
    Dispatcher::builder(bench.store.clone()).schedule(schedule).start().unwrap()
}

#[tokio::test]
async fn a_time_in_the_doubled_hour_and_one_in_the_missing_hour_run_once() {
    for (noon_before, due) in [
        ("2026-10-24T12:00:00Z", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("2026-03-28T12:00:00Z", ["2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]),
    ] {
        let bench = Bench::new().await;
        bench.clock.set(ms(noon_before));
        let handler = Scripted::fine();
        let _dispatcher = start(&bench, &When::daily(1, 30).unwrap(), &handler);
        settle().await;
        for (runs, due) in due.into_iter().enumerate() {
            bench.clock.set(ms(due) - 1);
            settle().await;
            assert_eq!(handler.call_count(), runs, "not before {due}");
            bench.clock.set(ms(due));
            handler.until_calls(runs + 1).await;
            for hours in 1..4 {
                settle().await;
                bench.clock.set(ms(due) + hours * HOUR_MS);
            }
            settle().await;
            assert_eq!(handler.call_count(), runs + 1, "once for {due}");
        }
        assert_eq!(handler.calls.lock().unwrap()[0], json!({ "job": "purge" }));
    }
}

#[tokio::test]
async fn runs_missed_while_the_machine_was_off_happen_once_at_start() {
    let bench = Bench::new().await;
    let handler = Scripted::fine();
    let daily = When::daily(7, 0).unwrap();
    let dispatcher = start(&bench, &daily, &handler);
    settle().await;
    assert_eq!(handler.call_count(), 0, "a schedule that is new has missed nothing");
    drop(dispatcher);
    bench.clock.advance(5 * 24 * HOUR_MS);
    let bench = bench.reopen().await;
    let dispatcher = start(&bench, &daily, &handler);
    handler.until_calls(1).await;
    settle().await;
    assert_eq!(handler.call_count(), 1);
    drop(dispatcher);

    let bench = bench.reopen().await;
    let _dispatcher = start(&bench, &daily, &handler);
    settle().await;
    assert_eq!(handler.call_count(), 1, "a run that was done is not done again");
    bench.clock.advance(24 * HOUR_MS);
    handler.until_calls(2).await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_run_again() {
    let bench = Bench::new().await;
    let every = When::every(Duration::from_secs(60)).unwrap();
    let hanging = Scripted::hanging();
    let dispatcher = start(&bench, &every, &hanging);
    settle().await;
    bench.clock.advance(60_000);
    hanging.until_calls(1).await;
    drop(dispatcher);
    let bench = bench.reopen().await;
    let handler = Scripted::fine();
    let _dispatcher = start(&bench, &every, &handler);
    handler.until_calls(1).await;
    settle().await;
    assert_eq!(handler.call_count(), 1);
}

#[tokio::test]
async fn a_failed_run_is_tried_three_times_and_then_left_to_the_next() {
    let bench = Bench::new().await;
    let handler = Scripted::answering(|_| Err::<Value, _>(HandlerError::new("Told", "as told")));
    let _dispatcher = start(&bench, &When::daily(9, 0).unwrap(), &handler);
    settle().await;
    for (calls, wait_ms) in [(1, HOUR_MS), (2, 60_000), (3, 120_000)] {
        bench.clock.advance(wait_ms - 1);
        settle().await;
        assert_eq!(handler.call_count(), calls - 1);
        bench.clock.advance(1);
        handler.until_calls(calls).await;
        settle().await;
    }
    bench.clock.advance(10 * HOUR_MS);
    settle().await;
    assert_eq!(handler.call_count(), 3);
    bench.clock.advance(14 * HOUR_MS);
    handler.until_calls(4).await;
}

#[tokio::test]
async fn a_moment_from_a_clock_that_was_far_ahead_does_not_silence_a_schedule() {
    let bench = Bench::new().await;
    let now = trustwatch_local::queue::Clock::now_ms(bench.clock.as_ref());
    bench.clock.advance(365 * 24 * HOUR_MS);
    let handler = Scripted::fine();
    let every = When::every(Duration::from_secs(3600)).unwrap();
    let dispatcher = start(&bench, &every, &handler);
    settle().await;
    drop(dispatcher);
    bench.clock.set(now);
    let _dispatcher = start(&bench, &every, &handler);
    settle().await;
    bench.clock.advance(HOUR_MS);
    handler.until_calls(1).await;
}

#[tokio::test]
async fn two_schedules_of_one_name_are_refused() {
    let bench = Bench::new().await;
    let handler = Scripted::fine();
    let once = || schedule(When::daily(1, 0).unwrap(), &handler);
    let twice = Dispatcher::builder(bench.store.clone()).schedule(once()).schedule(once()).start();
    assert!(matches!(twice, Err(DispatcherError::Schedule(name)) if name == "purge"));
}
