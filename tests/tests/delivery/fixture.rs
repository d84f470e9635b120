//! Every event of the fixture twice, shuffled, and on several tasks.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use std::sync::Arc;
use trustwatch_pipeline::{Arrival, Context, Disposition, normalise, verify};
use trustwatch_tests::fixture::load;
use trustwatch_tests::queue::work_on_what_is_due;
use trustwatch_tests::state::{Scope, State};
use trustwatch_tests::system::{DAY_MS, LEASE_MS, System};

async fn settled(system: &System) -> State {
    system.time.pass_ms(3 * DAY_MS);
    let context = system.context();
    work_on_what_is_due(system).await;
    let report = verify(&context).await.unwrap();
    assert!(report.balances(), "{:?}", report.findings);
    assert_eq!(report.pending, 0);
    State::of(system, Scope::All).await
}

async fn one_by_one() -> State {
    let system = System::start().await;
    let context = system.context();
    for arrival in load(&system).await {
        normalise(&context, &arrival).await.unwrap();
    }
    let state = settled(&system).await;
    system.stop().await;
    state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fixture_holds_what_it_should() {
    let state = one_by_one().await;
    let reasons: Vec<&str> = ["bad_key", "unknown_school", "unknown_feed", "damaged"].to_vec();
    for reason in reasons {
        let code = format!("\"code\":\"{reason}\"");
        assert!(state.facts("manifest").any(|fact| fact.contains(&code)), "nothing is set aside as {reason}");
    }
    for school in ["oak", "birch", "elm"] {
        let of = |begin: &str| {
            let school = format!("{school}/");
            state.facts(begin).filter(|fact| fact.contains(&school)).count()
        };
        assert!(of("row") > 0 && of("reject") > 0, "{school} lacks events or rejects");
    }
    for reason in ["malformed", "bad_time", "too_old", "in_future"] {
        let counter = format!("n_rejects_{reason}");
        assert!(state.facts("item SCHOOL#").any(|fact| fact.contains(&counter)), "nothing is {reason}");
    }
    for fact in state.facts("row").chain(state.facts("item DAY#")) {
        let of = |school: &str| fact.contains(&format!("{school}/"));
        let school = ["oak", "birch", "elm"].into_iter().find(|school| of(school)).unwrap();
        let says = [format!("school: \"{school}\""), format!("DAY#{school}#")];
        assert!(says.iter().any(|says| fact.contains(says)), "of another school than its key's: {fact}");
    }
    for day in ["2026-10-24", "2026-10-25"] {
        assert!(state.facts(&format!("row normalise {day}")).count() > 0, "nothing happened on {day}");
    }
    assert!(state.facts("row tail").count() > 0, "no held line was read");
    assert!(
        state
            .facts("manifest")
            .any(|fact| fact.contains("\"stage\":\"tail\"") && fact.contains("\"repeat\":1"))
    );
    for skip in ["header", "blank", "not_web", "repeat"] {
        assert!(
            state.facts("item SCHOOL#").any(|fact| fact.contains(&format!("n_skipped_{skip}"))),
            "{skip}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twice_and_shuffled() {
    let expected = one_by_one().await;
    for seed in 0..8 {
        let system = System::start().await;
        let context = system.context();
        let mut arrivals = load(&system).await;
        arrivals.extend(arrivals.clone());
        arrivals.shuffle(&mut StdRng::seed_from_u64(seed));
        if seed == 0 {
            // The newest version of everything first, certainly.
            arrivals = load_order_reversed(arrivals);
        }
        for arrival in arrivals {
            normalise(&context, &arrival).await.unwrap();
        }
        State::assert_same(&expected, &settled(&system).await, &format!("seed {seed}"));
        system.stop().await;
    }
}

fn load_order_reversed(mut arrivals: Vec<Arrival>) -> Vec<Arrival> {
    arrivals.sort_by(|one, other| other.version_id.cmp(&one.version_id));
    arrivals
}

/// Works on an arrival as a queue would have it done: a busy one comes again when the lease has run out.
async fn until_done(system: Arc<System>, context: Context, arrival: Arrival) {
    loop {
        match normalise(&context, &arrival).await {
            Ok(_) => return,
            Err(error) => {
                assert_eq!(error.disposition, Disposition::Busy, "{error:?}");
                system.time.pass_ms(LEASE_MS / 4);
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twice_and_all_at_once() {
    let expected = one_by_one().await;
    for seed in 0..4 {
        let system = Arc::new(System::start().await);
        let mut arrivals = load(&system).await;
        arrivals.extend(arrivals.clone());
        arrivals.shuffle(&mut StdRng::seed_from_u64(seed));
        let tasks: Vec<_> = arrivals
            .into_iter()
            .map(|arrival| tokio::spawn(until_done(Arc::clone(&system), system.context(), arrival)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        State::assert_same(&expected, &settled(&system).await, &format!("seed {seed}"));
        Arc::into_inner(system).unwrap().stop().await;
    }
}
