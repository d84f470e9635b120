//! Judging and reviewing one alert at the same time.

use crate::{Play, every_schedule_ends_the_same};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Mutex;
use trustwatch_access::{Authoriser, GroupMap, Principal};
use trustwatch_casework::{Alert, Outcome, ReviewError, Revs, Status, Transition};
use trustwatch_lake::Stage;
use trustwatch_model::{AlertId, SchoolId};
use trustwatch_pipeline::{
    Arrival, Context, InForce, Request, RequestError, alerts, change_alert, classify, normalise,
};
use trustwatch_tests::fixture::SATURDAY_NIGHT;
use trustwatch_tests::judging::{alert_facts, bet, hurt, judged_school, manifest_of, visit};
use trustwatch_tests::state::audit_entries;
use trustwatch_tests::system::{HOUR_MS, System};

/// Two sources of one alert are judged at the same time.
struct OneAlert;

impl Play for OneAlert {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            judged_school(system, school).await;
            let context = system.context();
            context.store.year_key("2026-27").await.unwrap();
            let search = |second: i64| hurt(SATURDAY_NIGHT + second, "pat.ash");
            let mut manifests = Vec::new();
            // Each is an alert alone, so both write the cell; the whole truth is two events.
            let texts = [("a", search(0) + &bet(SATURDAY_NIGHT, "pat.ash")), ("b", search(5))];
            for (name, text) in texts {
                system.time.pass_ms(HOUR_MS);
                let arrival = system.put(&format!("{school}/web/{name}.log"), text).await;
                normalise(&context, &arrival).await.unwrap();
                manifests.push(manifest_of(&context, &arrival, Stage::Normalise));
            }
            manifests
        })
    }

    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let context = Context { in_force: InForce::default(), ..context };
            classify(&context, &arrivals[worker], 0).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, system: &'a System, arrivals: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {
            let school = arrivals[0].key.split('/').nth(3).unwrap();
            let facts = alert_facts(&system.context(), school).await;
            assert!(facts.len() == 1 && facts[0].contains("Some((5, 2,"), "{facts:?}");
        })
    }

    fn commutes(&self, operation: &str) -> bool {
        // What only one of the two writes, or nobody.
        is_their_own(operation)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sources_of_one_alert() {
    every_schedule_ends_the_same("one alert", &OneAlert).await;
}

/// Two workers of two builds judge the same events, neither kept away by the other's lease.
struct OneManifest;

impl Play for OneManifest {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            judged_school(system, school).await;
            system.context().store.year_key("2026-27").await.unwrap();
            vec![searched(system, school, "a", 0, 2).await]
        })
    }

    fn part(&self, _: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let context = Context { in_force: InForce::default(), ..context };
            classify(&context, &arrivals[0], 0).await.unwrap();
        })
    }

    fn finish<'a>(&'a self, system: &'a System, arrivals: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async {
            let facts = alert_facts(&system.context(), school_of(&arrivals[0])).await;
            assert!(facts.len() == 1 && facts[0].contains("Some((5, 1,"), "{facts:?}");
        })
    }

    fn commutes(&self, operation: &str) -> bool {
        [
            "version_of",
            "sealed_key",
            "decrypt",
            "read policy",
            "read roster",
            "read settings",
            "read manifest",
        ]
        .contains(&operation)
            || operation == "read part"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_judges_of_one_source() {
    every_schedule_ends_the_same("one manifest", &OneManifest).await;
}

/// Alerts by the school of a run: what reviewers have before their eyes.
type Seen = Mutex<BTreeMap<String, AlertId>>;

/// A school with one open alert, and so many lines beside it.
async fn one_alert(system: &System, school: &str, seen: &Seen, beside: i64) -> Arrival {
    judged_school(system, school).await;
    let manifest = searched(system, school, "a", 0, beside).await;
    classify(&system.context(), &manifest, 0).await.unwrap();
    let id = SchoolId::new(school).unwrap();
    let found = alerts(&system.context(), &[id], Status::Open).await.unwrap();
    let of_this = found.into_iter().find(|(_, row)| row.about.cell.school.as_str() == school);
    seen.lock().unwrap().insert(school.to_owned(), of_this.unwrap().0);
    manifest
}

/// A file with one search and so many lines beside it, not judged yet.
async fn searched(system: &System, school: &str, name: &str, second: i64, beside: i64) -> Arrival {
    let line = hurt(SATURDAY_NIGHT + second, "pat.ash");
    let others = (0..beside).map(|n| visit(SATURDAY_NIGHT + n, "pat.ash", "http://news.example/"));
    let text = line + &others.collect::<String>();
    let arrival = system.put(&format!("{school}/web/{name}.log"), text).await;
    normalise(&system.context(), &arrival).await.unwrap();
    manifest_of(&system.context(), &arrival, Stage::Normalise)
}

fn school_of(manifest: &Arrival) -> &str {
    manifest.key.split('/').nth(3).unwrap()
}

/// Closes the alert as it was when it was opened.
async fn close(context: Context, school: &str, login: &str, id: AlertId) -> Result<(), RequestError> {
    let context = Context { in_force: InForce::default(), ..context };
    let map = format!("groups: {{g: {{role: dsl, schools: [{school}]}}}}");
    let claims = [("sub", login), ("groups", "[g]"), ("preferred_username", login)];
    let claims: BTreeMap<String, String> =
        claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let groups = &GroupMap::parse(&map).unwrap();
    let principal = &Principal::from_claims(&claims, groups).unwrap();
    let request = Request { principal, groups, authoriser: &Authoriser::new().unwrap(), id: login };
    let seen = Revs { review: 0, evidence: 1 };
    let step = Transition::Close(Outcome::Confirmed);
    change_alert(&context, &request, &id, step, seen).await.map(|_| ())
}

/// What a review and a judgement of one alert read that neither writes, or that only one of the two writes.
fn is_their_own(operation: &str) -> bool {
    ["version_of", "sealed_key", "decrypt", "claim", "finish", "put_new findings", "put_new judgement"]
        .contains(&operation)
        || operation.starts_with("read ")
}

/// Two reviewers close one alert.
#[derive(Default)]
struct TwoClosers(Seen);

impl Play for TwoClosers {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move { vec![one_alert(system, school, &self.0, 2).await] })
    }

    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        let id = self.0.lock().unwrap()[school_of(&arrivals[0])].clone();
        Box::pin(async move {
            let closed = close(context, school_of(&arrivals[0]), ["ann", "bob"][worker], id).await;
            let is_told = matches!(closed, Ok(()) | Err(RequestError::Review(ReviewError::Stale { .. })));
            assert!(is_told, "{closed:?}");
        })
    }

    fn finish<'a>(&'a self, system: &'a System, arrivals: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let id = self.0.lock().unwrap()[school_of(&arrivals[0])].clone();
            let cell = system.context().store.cell(&id).await.unwrap();
            let alert: Alert = serde_json::from_str(cell.alert.as_deref().unwrap()).unwrap();
            assert_eq!((alert.review_rev, alert.episodes.len()), (1, 1), "one of them closed it");
            let closings = audit_entries(system).await;
            let closings = closings.iter().filter(|entry| entry.0 == format!("ALERT#{id}"));
            assert_eq!(closings.count(), 1, "and is written down for it");
        })
    }

    fn commutes(&self, operation: &str) -> bool {
        is_their_own(operation)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_reviewers_close_one_alert() {
    every_schedule_ends_the_same("two closers", &TwoClosers::default()).await;
}

/// A reviewer closes an alert while new evidence is judged.
#[derive(Default)]
struct ClosedMeanwhile(Seen);

impl Play for ClosedMeanwhile {
    fn prepare<'a>(&'a self, system: &'a System, school: &'a str) -> BoxFuture<'a, Vec<Arrival>> {
        Box::pin(async move {
            let first = one_alert(system, school, &self.0, 1).await;
            system.time.pass_ms(HOUR_MS);
            vec![first, searched(system, school, "b", 5, 0).await]
        })
    }

    fn part(&self, worker: usize, context: Context, arrivals: Vec<Arrival>) -> BoxFuture<'static, ()> {
        let id = self.0.lock().unwrap()[school_of(&arrivals[0])].clone();
        Box::pin(async move {
            if worker == 0 {
                let closed = close(context, school_of(&arrivals[0]), "ann", id).await;
                let is_told =
                    matches!(closed, Ok(()) | Err(RequestError::Review(ReviewError::NewEvidence { .. })));
                assert!(is_told, "{closed:?}");
            } else {
                let context = Context { in_force: InForce::default(), ..context };
                classify(&context, &arrivals[1], 0).await.unwrap();
            }
        })
    }

    /// Either way the alert stands open at the end, and says that there were two events.
    fn finish<'a>(&'a self, system: &'a System, arrivals: &'a [Arrival]) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let facts = alert_facts(&system.context(), school_of(&arrivals[0])).await;
            let is_open = facts.len() == 1 && facts[0].contains(" Open ") && facts[0].contains("Some((5, 2,");
            assert!(is_open, "{facts:?}");
        })
    }

    fn commutes(&self, operation: &str) -> bool {
        is_their_own(operation)
    }

    /// Closed, and opened again by what came after; or not closed, because of what came before.
    fn endings(&self) -> usize {
        2
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_closed_while_evidence_comes_in() {
    every_schedule_ends_the_same("closed meanwhile", &ClosedMeanwhile::default()).await;
}
