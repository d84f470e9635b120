//! What is done while a call fails.

use async_trait::async_trait;
use std::fmt::Write as _;
use trustwatch_lake::Stage;
use trustwatch_pipeline::{Arrival, Context, classify, normalise, queue_due, reconcile};
use trustwatch_tests::fixture::{self, SATURDAY_NIGHT, squid_line};
use trustwatch_tests::judging::{bet, hurt, judged_school, manifest_of};
use trustwatch_tests::queue;
use trustwatch_tests::seam::{FailsAt, Fault};
use trustwatch_tests::system::{DAY_MS, HOUR_MS, System, Worker};

/// How work ended that did not go through.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) busy: bool,
}

impl From<trustwatch_pipeline::StepError> for Failed {
    fn from(error: trustwatch_pipeline::StepError) -> Self {
        use trustwatch_pipeline::Disposition;
        // Nothing that a network can do is a mistake of ours.
        assert!(error.disposition != Disposition::Bug, "{error:?}");
        Self { busy: error.disposition == Disposition::Busy }
    }
}

/// Work that may be begun again from the beginning as often as need be.
#[async_trait]
pub(crate) trait Scenario: Sync {
    /// Whether it looks at all schools, so that runs cannot share a system.
    fn is_global(&self) -> bool {
        false
    }

    /// Whether this call is failed here. What other scenarios fail as well need not be failed in a slow one.
    fn is_of_interest(&self, _operation: &str) -> bool {
        true
    }

    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival>;

    async fn work(&self, system: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed>;

    /// What others do afterwards, without faults.
    async fn finish(&self, _system: &System) {}
}

/// The first version of a key: two days, rejects, blank lines.
pub(crate) struct FirstVersion;

#[async_trait]
impl Scenario for FirstVersion {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "web", "squid").await;
        vec![system.put(&format!("{school}/web/access.log"), fixture::squid(9)).await]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

async fn one_by_one(context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
    for arrival in arrivals {
        normalise(context, arrival).await?;
    }
    Ok(())
}

/// A growing file whose first version ends in half a line.
pub(crate) struct Growing {
    /// Whether the second version is worked on first.
    pub(crate) newer_first: bool,
}

async fn put_growing(system: &System, school: &str) -> Vec<Arrival> {
    system.feed(school, "web", "squid").await;
    let key = format!("{school}/web/access.log");
    let text = fixture::squid(9);
    let first = system.put(&key, &text.as_bytes()[..text.len() - 30]).await;
    system.time.pass_ms(HOUR_MS);
    vec![first, system.put(&key, fixture::gzip(text.as_bytes())).await]
}

#[async_trait]
impl Scenario for Growing {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        let mut arrivals = put_growing(system, school).await;
        if self.newer_first {
            arrivals.reverse();
        }
        arrivals
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

/// A feed that nobody registered.
pub(crate) struct UnknownFeed;

#[async_trait]
impl Scenario for UnknownFeed {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "other", "squid").await;
        vec![system.put(&format!("{school}/web/access.log"), fixture::squid(9)).await]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

/// Gzip that ends early.
pub(crate) struct Damaged;

#[async_trait]
impl Scenario for Damaged {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "web", "squid").await;
        vec![system.put(&format!("{school}/web/a.gz"), fixture::damaged(fixture::squid(40).as_bytes())).await]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

/// A held line that is settled a day later.
pub(crate) struct Tail {
    /// Whether a later version ended it.
    pub(crate) continued: bool,
}

#[async_trait]
impl Scenario for Tail {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        let mut arrivals = put_growing(system, school).await;
        if !self.continued {
            // Another key with nothing behind it.
            let text = fixture::squid(9);
            let key = format!("{school}/web/lone.log");
            arrivals = vec![system.put(&key, text.trim_end()).await];
        }
        let context = system.context();
        one_by_one(&context, &arrivals).await.unwrap();
        system.time.pass_ms(2 * DAY_MS);
        arrivals
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

/// Events that make two alerts.
pub(crate) struct Judging;

#[async_trait]
impl Scenario for Judging {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        judged_school(system, school).await;
        system.context().store.year_key("2026-27").await.unwrap();
        let bets: String = (0..3).map(|minute| bet(SATURDAY_NIGHT + 60 * minute, "pat.ash")).collect();
        let search = hurt(SATURDAY_NIGHT, "sam.elm");
        let arrival = system.put(&format!("{school}/web/a.log"), bets + &search).await;
        normalise(&system.context(), &arrival).await.unwrap();
        vec![manifest_of(&system.context(), &arrival, Stage::Normalise)]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        for manifest in arrivals {
            classify(context, manifest, 0).await?;
        }
        Ok(())
    }
}

/// The first events of an academic year: its key is made.
pub(crate) struct FirstOfYear;

#[async_trait]
impl Scenario for FirstOfYear {
    fn is_global(&self) -> bool {
        true
    }

    fn is_of_interest(&self, operation: &str) -> bool {
        ["sealed_key", "generate_data_key", "make_key", "decrypt"].contains(&operation)
    }

    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        judged_school(system, school).await;
        let search = hurt(SATURDAY_NIGHT, "sam.elm");
        let arrival = system.put(&format!("{school}/web/a.log"), search).await;
        normalise(&system.context(), &arrival).await.unwrap();
        vec![manifest_of(&system.context(), &arrival, Stage::Normalise)]
    }

    async fn work(&self, system: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        Judging.work(system, context, arrivals).await
    }
}

/// A held line, and a source whose worker died between its manifest and its end: both are due.
pub(crate) struct DueWork;

#[async_trait]
impl Scenario for DueWork {
    fn is_global(&self) -> bool {
        true
    }

    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "web", "squid").await;
        let held = system.put(&format!("{school}/web/held.log"), fixture::squid(9).trim_end()).await;
        system.time.pass_ms(HOUR_MS);
        let unfinished = system.put(&format!("{school}/web/unfinished.log"), fixture::squid(4)).await;
        normalise(&system.context(), &held).await.unwrap();
        system.time.pass_ms(26 * HOUR_MS);
        let (context, seam) = system.worker(Worker::default()).await;
        seam.appoint(FailsAt::first("finish", Fault::NotSent));
        normalise(&context, &unfinished).await.unwrap_err();
        system.time.pass_ms(3 * HOUR_MS);
        vec![held, unfinished]
    }

    async fn work(&self, _: &System, context: &Context, _: &[Arrival]) -> Result<(), Failed> {
        queue_due(context).await?;
        Ok(())
    }

    async fn finish(&self, system: &System) {
        assert!(queue::drain(system, &system.context()).await >= 2);
    }
}

/// Versions whose event was lost, beside one that is done.
pub(crate) struct Reconcile;

#[async_trait]
impl Scenario for Reconcile {
    fn is_global(&self) -> bool {
        true
    }

    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        let mut arrivals = put_growing(system, school).await;
        // An old one goes to the other queue, and a key without a school lies beside them.
        system.time.pass_ms(30 * HOUR_MS);
        arrivals.push(system.put(&format!("{school}/web/late.log"), fixture::squid(4)).await);
        arrivals.push(system.put("nowhere", fixture::squid(4)).await);
        normalise(&system.context(), &arrivals[0]).await.unwrap();
        system.time.pass_ms(2 * HOUR_MS);
        arrivals
    }

    async fn work(&self, _: &System, context: &Context, _: &[Arrival]) -> Result<(), Failed> {
        let found = reconcile(context, HOUR_MS).await?;
        assert_eq!((found.versions, found.queued), (4, 3));
        Ok(())
    }

    async fn finish(&self, system: &System) {
        assert!(queue::drain(system, &system.context()).await >= 3);
    }
}

/// An object that is too large for the live lane.
pub(crate) struct ToBackfill;

#[async_trait]
impl Scenario for ToBackfill {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        FirstVersion.prepare(system, school).await
    }

    async fn work(&self, system: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        let mut context = context.clone();
        context.limits.lanes.object_bytes_max = 10;
        let message = queue::message(&arrivals[0], 11, system.time.now_ms(), "m", "r");
        let failed = queue::call(&context, false, &[message]).await;
        if failed.is_empty() { Ok(()) } else { Err(Failed { busy: false }) }
    }

    async fn finish(&self, system: &System) {
        assert!(queue::drain(system, &system.context()).await >= 1);
    }
}

/// More days than are written at once, to and fro, so that parts are put while lines are still read.
pub(crate) struct ManyOpenDays;

#[async_trait]
impl Scenario for ManyOpenDays {
    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "web", "squid").await;
        let days = [0, 1, 2, 3, 0, 4, 1, 5];
        vec![system.put(&format!("{school}/web/days.log"), lines_of_days(&days)).await]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

/// More days than one transaction takes.
pub(crate) struct ManyDays;

#[async_trait]
impl Scenario for ManyDays {
    fn is_of_interest(&self, operation: &str) -> bool {
        operation.starts_with("finish") || operation == "put_new manifest"
    }

    async fn prepare(&self, system: &System, school: &str) -> Vec<Arrival> {
        system.feed(school, "web", "squid").await;
        let days: Vec<i64> = (0..91).collect();
        vec![system.put(&format!("{school}/web/days.log"), lines_of_days(&days)).await]
    }

    async fn work(&self, _: &System, context: &Context, arrivals: &[Arrival]) -> Result<(), Failed> {
        one_by_one(context, arrivals).await
    }
}

fn lines_of_days(days: &[i64]) -> String {
    let mut text = String::new();
    for day in days {
        let _ = writeln!(text, "{}", squid_line(SATURDAY_NIGHT - day * 86_400, "pat.ash", "x"));
    }
    text
}

/// All scenarios by name.
pub(crate) const ALL: &[(&str, &dyn Scenario)] = &[
    ("first version", &FirstVersion),
    ("growing, in order", &Growing { newer_first: false }),
    ("growing, newer first", &Growing { newer_first: true }),
    ("unknown feed", &UnknownFeed),
    ("damaged gzip", &Damaged),
    ("tail by reading", &Tail { continued: false }),
    ("tail by continuation", &Tail { continued: true }),
    ("judging", &Judging),
    ("first of a year", &FirstOfYear),
    ("due work", &DueWork),
    ("reconcile", &Reconcile),
    ("to backfill", &ToBackfill),
    ("many open days", &ManyOpenDays),
    ("many days", &ManyDays),
];
