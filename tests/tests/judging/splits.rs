//! However a day is cut into files and delivered, its alerts are those of all events at once.

use super::{MIDNIGHT, deliver};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeSet;
use trustwatch_casework::Status;
use trustwatch_model::SchoolId;
use trustwatch_pipeline::{AlertRow, Context, alerts, normalise};
use trustwatch_tests::judging::{alert_facts, bet, hurt, judge, judged_school};
use trustwatch_tests::system::System;

#[derive(Debug, Clone)]
struct Delivery {
    events: Vec<Visit>,
    /// The order in which files are delivered, some of them twice.
    order: Vec<usize>,
}

/// Something that somebody did.
#[derive(Debug, Clone, Copy)]
struct Visit {
    /// Index into [`LOGINS`].
    who: usize,
    /// A search that alerts by itself; else a betting site, of which it takes three.
    is_search: bool,
    /// When in the two days.
    second: i64,
    /// Into which of the files it goes.
    file: usize,
}

const FILES: usize = 4;
/// A pupil and a member of staff.
const LOGINS: [&str; 2] = ["pat.ash", "sam.elm"];

fn deliveries() -> impl Strategy<Value = Delivery> {
    // Around midnight and close together, so that thresholds are crossed, or nearly.
    let event = (0..LOGINS.len(), prop::bool::weighted(0.2), -1_200..1_200_i64, 0..FILES)
        .prop_map(|(who, is_search, second, file)| Visit { who, is_search, second, file });
    let order = prop::collection::vec(0..FILES, 0..4);
    (prop::collection::vec(event, 1..20), order, Just((0..FILES).collect::<Vec<_>>()).prop_shuffle())
        .prop_map(|(events, mut again, all)| {
            again.extend(all);
            Delivery { events, order: again }
        })
}

fn line(visit: &Visit) -> String {
    let make = if visit.is_search { hurt } else { bet };
    make(MIDNIGHT + visit.second, LOGINS[visit.who])
}

/// The seconds in which somebody did something of this kind.
fn seconds(delivery: &Delivery, who: usize, is_search: bool) -> BTreeSet<i64> {
    let theirs = delivery.events.iter().filter(|visit| visit.who == who && visit.is_search == is_search);
    theirs.map(|visit| visit.second).collect()
}

/// The seconds of one person that belong to an alert, by the words of the rule and nested loops: those inside a stretch
/// of ten minutes, both ends counted in, with three visits of different seconds.
fn inside(delivery: &Delivery, who: usize) -> BTreeSet<i64> {
    let seconds = seconds(delivery, who, false);
    let mut inside = BTreeSet::new();
    for last in &seconds {
        let stretch: Vec<i64> =
            seconds.iter().copied().filter(|at| (last - 600..=*last).contains(at)).collect();
        if stretch.len() >= 3 {
            inside.extend(stretch);
        }
    }
    inside
}

/// What the alerts of a school say, held against what the visits say.
async fn told_as_visited(context: &Context, school: &str, delivery: &Delivery) {
    let id = SchoolId::new(school).unwrap();
    let rows = alerts(context, std::slice::from_ref(&id), Status::Open).await.unwrap();
    for (who, login) in LOGINS.into_iter().enumerate() {
        let told = |rule: &str| -> Vec<u64> {
            let of_this = |row: &&AlertRow| {
                let about = &row.about;
                about.cell.school == id
                    && about.cell.rule.as_str() == rule
                    && about.user_name.as_deref() == Some(login)
            };
            rows.values().filter(of_this).map(|row| row.events).collect()
        };
        let searches = seconds(delivery, who, true).len() as u64;
        assert_eq!(told("hurt-search").iter().sum::<u64>(), searches, "{login}: {delivery:?}");
        let told = told("betting");
        let expected = inside(delivery, who).len() as u64;
        assert_eq!(told.is_empty(), expected == 0, "{login}: {told:?}, {expected} expected: {delivery:?}");
        // A stretch over midnight may show an event in the alerts of both days; none is left out.
        assert!(told.iter().sum::<u64>() >= expected, "{login}: {told:?}, {expected} expected: {delivery:?}");
        if let [only] = told[..] {
            assert_eq!(only, expected, "{login}: {delivery:?}");
        }
    }
}

/// Alerts do not depend on how the events were cut into files, nor on the order or number of deliveries.
#[test]
fn alerts_are_those_of_all_events_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let system = runtime.block_on(System::start());
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let case = std::cell::Cell::new(0);
    let fired = std::cell::Cell::new(0);
    let result = runner.run(&deliveries(), |delivery| {
        case.set(case.get() + 1);
        let found = runtime.block_on(play(&system, case.get(), &delivery));
        fired.set(fired.get() + usize::from(!found.0.is_empty()));
        prop_assert_eq!(found.0, found.1);
        Ok(())
    });
    result.unwrap();
    assert!(fired.get() > 5, "only {} cases had an alert", fired.get());
    runtime.block_on(system.stop());
}

async fn play(system: &System, case: usize, delivery: &Delivery) -> (Vec<String>, Vec<String>) {
    let (split, whole) = (format!("s{case:04}"), format!("w{case:04}"));
    let context = system.context();
    for school in [&split, &whole] {
        judged_school(system, school).await;
    }
    let mut arrivals = Vec::new();
    for file in 0..FILES {
        let text: String = delivery.events.iter().filter(|visit| visit.file == file).map(line).collect();
        arrivals.push(system.put(&format!("{split}/web/{file}.log"), text).await);
    }
    for file in &delivery.order {
        normalise(&context, &arrivals[*file]).await.unwrap();
        judge(&context, &arrivals[*file]).await;
    }
    let text: String = delivery.events.iter().map(line).collect();
    deliver(system, &format!("{whole}/web/all.log"), &text).await;
    told_as_visited(&context, &split, delivery).await;
    (alert_facts(&context, &split).await, alert_facts(&context, &whole).await)
}
