//! `kill -9` at any moment: what was acknowledged is there, and every line still has exactly one place.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::reviewer::{Reviewed, Reviewer};
use common::{PATIENCE, Up, done, scratch, verified, versions_of};
use rand::{Rng, SeedableRng};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};
use trustwatch_local::cloud::{self, Cloud, CloudOptions, ENDPOINTS_FILE};
use trustwatch_local::demo::{DemoFile, Expected, Plan, rosters};
use trustwatch_local::queue::NewMessage;
use trustwatch_model::{Counts, FeedId, FeedSettings, SchoolId};
use trustwatch_pipeline::save_feed;
use trustwatch_policy::STARTER;
use trustwatch_store::Store;

/// Kills that must meet work, and how many are tried at most for that.
const KILLS: usize = 20;
const TRIES: usize = 28;
/// Kills while somebody works alerts, of which one at least must meet a step on its way.
const REVIEWS: usize = 5;
const REVIEWS_MAX: usize = 40;

fn week() -> Vec<DemoFile> {
    // Arrivals are now, and the week of the demo is in the future of whoever runs this before it: ten days ago is
    // in the horizon always.
    let first_day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let first_day = first_day.checked_sub(jiff::Span::new().days(10)).unwrap();
    let plan = Plan { seed: 3, lines_per_school: 20_000, first_day, days: 3 };
    plan.files().unwrap().collect()
}

async fn register(store: &Store, files: &[DemoFile]) {
    for file in files {
        let settings = FeedSettings::of(file.format);
        let (school, feed) = (SchoolId::new(file.school).unwrap(), FeedId::new(file.feed).unwrap());
        save_feed(store, &school, &feed, settings).await.unwrap();
    }
}

/// Puts the starter policy and the rosters in force, so that the kills fall into judging, too.
fn judge_by(directory: &Path) {
    std::fs::write(directory.join("policy.yaml"), STARTER).unwrap();
    let publish = ["policy", "publish", "--data", "data", "policy.yaml"];
    done(directory, &[&publish[..], &["--effective-from", "2020-01-01T00:00:00Z"]].concat());
    for roster in rosters() {
        std::fs::write(directory.join("roster.csv"), roster.csv).unwrap();
        done(directory, &["roster", "set", "--data", "data", "--school", roster.school, "roster.csv"]);
    }
}

/// Ships as a collector does that keeps its place: a put whose answer was lost may have been heard.
async fn ship(store: &Store, file: &DemoFile, scratch: &Path) -> Option<()> {
    let sent = versions_of(store, &file.key()).await.ok()?;
    if sent.len() < usize::from(file.version) {
        let path = scratch.join("upload");
        file.write_object_to(std::fs::File::create(&path).unwrap()).unwrap();
        store.upload_file(&file.key(), &path, |_| {}).await.ok()?;
    }
    Some(())
}

/// Messages that a worker had when its process was killed.
fn held_messages(directory: &Path) -> u64 {
    let queue = rusqlite::Connection::open(directory.join("data/queue.sqlite")).unwrap();
    let now_ms = jiff::Timestamp::now().as_millisecond();
    // Beyond the longest pause between two tries: it was hidden by a delivery and not by a retry.
    let sql =
        "SELECT COUNT(*) FROM message WHERE receives > 0 AND visible_ms > ?1 AND queue NOT LIKE '%-dead'";
    queue.query_row(sql, [now_ms + 60_000], |row| row.get(0)).unwrap()
}

/// Somebody works alerts, and the system dies under their hands again and again.
async fn kills_under_a_reviewer(directory: &Path, dice: &mut rand::rngs::StdRng) -> Reviewed {
    let mut reviewed = Reviewed::default();
    for round in 1..=REVIEWS_MAX {
        let up = Up::start(directory);
        let reviewer = Reviewer::at(&up.endpoints().api, directory);
        let at_work = tokio::task::spawn_blocking(move || {
            reviewer.work(&mut reviewed);
            reviewed
        });
        tokio::time::sleep(Duration::from_millis(dice.random_range(100..400))).await;
        up.kill();
        reviewed = at_work.await.unwrap();
        println!("kill {round} of a review: {} steps, {} without an answer", reviewed.steps, reviewed.lost);
        if round >= REVIEWS && reviewed.lost > 0 {
            break;
        }
    }
    reviewed
}

/// A step that was answered is there, and each that was taken has its one entry in the audit trail.
async fn every_step_was_taken_once(up: &Up, directory: &Path, reviewed: &Reviewed) {
    let Reviewed { told, steps, lost } = reviewed;
    assert!(*steps > 10, "only {steps} steps of a reviewer");
    assert!(*lost > 0, "no kill met a step on its way");
    let reviewer = Reviewer::at(&up.endpoints().api, directory);
    let mut beyond = 0;
    for (id, told) in told {
        let revision = reviewer.revision(id);
        assert!(revision >= *told, "a step on {id} is gone: {told} was answered, and {revision} is there");
        beyond += revision - told;
        assert_eq!(audited_steps(up, id).await, revision, "steps on {id} in the audit trail");
    }
    assert!(beyond <= *lost, "{beyond} steps were taken that nobody asked for");
}

async fn audited_steps(up: &Up, id: &str) -> u64 {
    let text = |value: String| aws_sdk_dynamodb::types::AttributeValue::S(value);
    let keys = cloud::credentials(&up.data).unwrap();
    let keys = aws_credential_types::Credentials::from_keys(keys.access_key, keys.secret_key, None);
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(aws_sdk_dynamodb::config::Region::new("eu-west-2"))
        .endpoint_url(up.endpoints().dynamodb)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(keys);
    let entries = aws_sdk_dynamodb::Client::from_conf(config.build())
        .query()
        .table_name(cloud::names("").table)
        .key_condition_expression("PK = :alert AND begins_with(SK, :audit)")
        .expression_attribute_values(":alert", text(format!("ALERT#{id}")))
        .expression_attribute_values(":audit", text("AUDIT#".to_owned()))
        .send()
        .await
        .unwrap();
    // A read is no step.
    let steps = entries.items().iter().filter(|item| item["what"].as_s().unwrap().contains("review_rev"));
    steps.count() as u64
}

async fn until_up(up: &mut Up) -> bool {
    let out = BufReader::new(up.child.stdout.take().unwrap());
    let first = tokio::task::spawn_blocking(move || out.lines().next());
    first.await.unwrap().is_some_and(|line| line.unwrap() == "trustwatch is up.")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_by_twenty_kills() {
    let begun = Instant::now();
    let given = std::env::var("TRUSTWATCH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    println!("TRUSTWATCH_SEED={seed}");
    let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
    let directory = scratch();
    let files = week();
    let mut expected = Expected::default();
    for file in &files {
        expected += file.write_to(std::io::sink()).unwrap();
    }
    let each_round = files.len().div_ceil(TRIES);
    let up = Up::start(directory.path());
    register(&up.store().await, &files).await;
    judge_by(directory.path());
    up.kill();

    let (mut shipped, mut in_work) = (0, 0);
    for round in 1..=TRIES {
        let mut up = Up::begin(directory.path());
        // Every third kill falls into the start, with the work of the round before still to be taken up; the others
        // into the work on what was just shipped.
        let in_start = (round % 3 == 0).then(|| Duration::from_millis(dice.random_range(0..600)));
        let after = Duration::from_millis(dice.random_range(0..60));
        let work = async {
            assert!(until_up(&mut up).await);
            let store = up.store().await;
            let last = files.len().min(round * each_round);
            while shipped < last && ship(&store, &files[shipped], directory.path()).await.is_some() {
                shipped += 1;
            }
            tokio::time::sleep(after).await;
        };
        match in_start {
            Some(moment) => drop(tokio::time::timeout(moment, work).await),
            None => work.await,
        }
        up.kill();
        let held = held_messages(directory.path());
        in_work += usize::from(held > 0);
        println!(
            "kill {round}, {in_start:?} after the start or {after:?} after shipping: {shipped} of {} files \
             shipped, {held} in work",
            files.len()
        );
    }
    println!("{in_work} of {TRIES} kills in mid-work, after {:?}", begun.elapsed());
    assert!(in_work >= KILLS, "only {in_work} kills met work");

    let up = Up::start(directory.path());
    let store = up.store().await;
    for file in files.iter().skip(shipped) {
        ship(&store, file, directory.path()).await.unwrap();
    }
    let report = verified(directory.path());
    let counts: Counts = serde_json::from_value(report["counts"].clone()).unwrap();
    assert_eq!(counts, expected.counts);
    assert_eq!(report["objects"], files.len() as u64);
    assert_eq!(report["quarantined"], 0);
    // What was found, what it added to alerts and what follows from that was reckoned again by `verify`.
    let found = report["found"].as_u64().unwrap();
    assert!(found > 100, "{found} findings");
    // The counters of the feeds are added up as the work is done, and not by `verify`.
    let mut counted = 0;
    for school in files.iter().map(|file| file.school).collect::<std::collections::BTreeSet<_>>() {
        counted += store.feeds(school).await.unwrap().iter().map(|feed| feed.counts["events"]).sum::<u64>();
    }
    assert_eq!(counted, expected.counts.events);
    up.stop();
    let reviewed = kills_under_a_reviewer(directory.path(), &mut dice).await;
    let up = Up::start(directory.path());
    every_step_was_taken_once(&up, directory.path(), &reviewed).await;
    verified(directory.path());
    up.stop();
    nothing_is_left(directory.path()).await;
    println!("done after {:?}", begun.elapsed());
}

/// No message waits or hides. One may have died: whoever meets eight kills is taken for poison, and that is right,
/// because its work was queued again by each start and is done.
async fn nothing_is_left(directory: &Path) {
    let cloud = Cloud::start(CloudOptions::new(&directory.join("data"))).await.unwrap();
    until_idle(&cloud).await;
    cloud.stop().await;
}

async fn until_idle(cloud: &Cloud) {
    let begun = Instant::now();
    while !cloud.is_idle().await.unwrap() {
        assert!(begun.elapsed() < PATIENCE, "{:?}", cloud.status().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_held_is_worked_on_at_the_next_start() {
    let directory = scratch();
    let data = directory.path().join("data");
    let down = Cloud::start(CloudOptions { dispatch: false, ..CloudOptions::new(&data) }).await.unwrap();
    let queue = "trustwatch-normalise";
    // The test message of S3 asks for nothing, so that only its own way can keep the queue busy.
    let body = r#"{"Event":"s3:TestEvent","Bucket":"trustwatch-raw"}"#;
    down.queues().send(queue, NewMessage::new(body)).await.unwrap();
    assert_eq!(down.queues().receive(queue, 1, None).await.unwrap().len(), 1);
    assert_eq!(down.queues().depth(queue).await.unwrap().in_flight, 1);
    down.stop().await;

    let up = Cloud::start(CloudOptions::new(&data)).await.unwrap();
    until_idle(&up).await;
    up.stop().await;
}

#[test]
fn endpoints_that_a_kill_left_behind_mislead_no_command() {
    let directory = scratch();
    let up = Up::start(directory.path());
    let left = up.data.join(ENDPOINTS_FILE);
    up.kill();
    assert!(left.exists());
    let said = done(directory.path(), &["feed", "show", "--data", "data"]);
    assert!(said.contains("nobody has delivered anything yet"), "{said}");

    // The port is another system's by now.
    let other = scratch();
    let stranger = Up::start(other.path());
    std::fs::copy(stranger.data.join(ENDPOINTS_FILE), &left).unwrap();
    let set = ["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"];
    done(directory.path(), &set);
    let log = other.path().join("access.log");
    std::fs::write(&log, "no log\n").unwrap();
    let ship = ["ship", "--data", "data", "--school", "oak", "--feed", "web", log.to_str().unwrap()];
    assert!(done(directory.path(), &ship).contains("The system is not running"));
    let theirs = done(other.path(), &["verify", "--data", "data", "--json"]);
    assert!(theirs.contains("\"objects\":0"), "{theirs}");
}
