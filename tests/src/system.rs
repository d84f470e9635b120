//! A cloud in a directory of its own, whose time the test sets and in which nothing runs by itself.

use crate::seam::Seam;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::{BehaviorVersion, Region, retry::RetryConfig};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use trustwatch_local::cloud::{self, Cloud, CloudOptions};
use trustwatch_model::{FeedId, FeedSettings, SchoolId};
use trustwatch_pipeline::{Arrival, Clock, Context, Limits, PartLimits, save_feed};
use trustwatch_store::{Connection, Store};

/// Hours and days in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Monday after the clocks went back in 2026, nine in the morning UTC: when everything begins.
pub const START: &str = "2026-10-26T09:00:00Z";

/// The time, as the test sets it. Arrivals, leases and due items all follow it.
#[derive(Clone, Debug)]
pub struct Time(Arc<AtomicI64>);

impl Time {
    fn new() -> Self {
        let start: jiff::Timestamp = START.parse().unwrap();
        Self(Arc::new(AtomicI64::new(start.as_millisecond())))
    }

    /// Now, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Lets so much time pass.
    pub fn pass_ms(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Goes to a point of time.
    pub fn set_ms(&self, at_ms: i64) {
        self.0.store(at_ms, Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let time = self.clone();
        Arc::new(move || jiff::Timestamp::from_millisecond(time.now_ms()).unwrap())
    }
}

/// An item of the table.
pub type Item = HashMap<String, AttributeValue>;

/// A running cloud and the clients that tests look at it with.
pub struct System {
    /// The time.
    pub time: Time,
    /// The cloud. Nothing is dispatched.
    pub cloud: Cloud,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    http: aws_smithy_runtime_api::client::http::SharedHttpClient,
    _data: TempDir,
}

/// What tells one worker from another.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Name and version of its build.
    pub writer: &'static str,
    /// How it cuts parts.
    pub parts: PartLimits,
    /// Its lease; below zero it is stale from the beginning.
    pub lease_ms: i64,
}

impl Default for Worker {
    fn default() -> Self {
        Self { writer: "tests", parts: PartLimits::default(), lease_ms: LEASE_MS }
    }
}

/// The lease of a worker who does not say otherwise.
pub const LEASE_MS: i64 = 70_000;

impl Worker {
    /// A worker of another build, who cuts everything smaller.
    #[must_use]
    pub fn other_build() -> Self {
        let parts = PartLimits { batch_rows: 2, row_group_rows: 3, part_bytes: 1, days_open: 2 };
        Self { writer: "tests-of-another-build", parts, ..Self::default() }
    }

    /// The same worker with a lease that never holds anybody off.
    #[must_use]
    pub fn always_stale(self) -> Self {
        Self { lease_ms: -1, ..self }
    }
}

impl System {
    /// Starts an empty one.
    pub async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let time = Time::new();
        let options = CloudOptions {
            dispatch: false,
            durability: trustwatch_local::durability::Durability::ProcessExit,
            clock: time.clock(),
            ..CloudOptions::new(data.path())
        };
        let cloud = Cloud::start(options).await.unwrap();
        let http = aws_smithy_http_client::Builder::new().build_http();
        let credentials = aws_credential_types::Credentials::new(
            &cloud.credentials.access_key,
            &cloud.credentials.secret_key,
            None,
            None,
            "tests",
        );
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http.clone())
            .credentials_provider(credentials.clone())
            .region(Region::new("eu-west-2"))
            .endpoint_url(&cloud.endpoints.s3)
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .build();
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http.clone())
            .credentials_provider(credentials)
            .region(Region::new("eu-west-2"))
            .endpoint_url(&cloud.endpoints.dynamodb)
            .build();
        Self {
            time,
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            s3: aws_sdk_s3::Client::from_conf(s3),
            cloud,
            http,
            _data: data,
        }
    }

    /// A worker whose calls go straight through.
    #[must_use]
    pub fn context(&self) -> Context {
        let worker = Worker::default();
        let Context { store, in_force, .. } = self.cloud.context.clone();
        Context { in_force, ..Context::new(store, self.time.clock(), limits(&worker), worker.writer) }
    }

    /// A worker whose calls go through a seam. The SDK does not try again by itself, so that no fault is hidden.
    pub async fn worker(&self, worker: Worker) -> (Context, Seam) {
        let seam = Seam::around(self.http.clone());
        let endpoints = &self.cloud.endpoints;
        let connection = Connection {
            s3: Some(endpoints.s3.clone()),
            dynamodb: Some(endpoints.dynamodb.clone()),
            sqs: Some(endpoints.sqs.clone()),
            kms: Some(endpoints.kms.clone()),
            credentials: Some(self.cloud.credentials.clone()),
            http_client: Some(seam.client()),
            attempts_max: Some(1),
        };
        let store = Store::connect(connection, cloud::names(&endpoints.sqs)).await;
        let limits = limits(&worker);
        let context = Context::new(store, self.time.clock(), limits, worker.writer);
        (context, seam)
    }

    /// Registers a feed.
    pub async fn feed(&self, school: &str, feed: &str, format: &str) {
        let settings = FeedSettings::of(format);
        let (school, feed) = (SchoolId::new(school).unwrap(), FeedId::new(feed).unwrap());
        save_feed(&self.cloud.context.store, &school, &feed, settings).await.unwrap();
    }

    /// Puts an object into the raw bucket as a filter would. It arrives now.
    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) -> Arrival {
        let bucket = self.cloud.context.store.names().raw.clone();
        let body = aws_sdk_s3::primitives::ByteStream::from(bytes.into());
        let put = self.s3.put_object().bucket(&bucket).key(key).body(body).send().await.unwrap();
        Arrival { bucket, key: key.to_owned(), version_id: put.version_id.unwrap() }
    }

    /// Puts an object of the lake in the place of another, which nothing of ours does.
    pub async fn forge(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let lake = &self.cloud.context.store.names().lake;
        let body = aws_sdk_s3::primitives::ByteStream::from(bytes.into());
        self.s3.put_object().bucket(lake).key(key).body(body).send().await.unwrap();
    }

    /// Deletes a version of a raw object for good, which nothing of ours does without a certificate.
    pub async fn delete_raw(&self, arrival: &Arrival) {
        let deleted = self.s3.delete_object().bucket(&arrival.bucket).key(&arrival.key);
        deleted.version_id(&arrival.version_id).send().await.unwrap();
    }

    /// Lets the ledger forget a source, as it does 60 days after its end.
    pub async fn forget(&self, arrival: &Arrival) {
        for stage in ["NORMALISE", "TAIL"] {
            let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
            self.dynamodb
                .delete_item()
                .table_name(&self.cloud.context.store.names().table)
                .key("PK", text(format!("SRC#{}", arrival.source_id())))
                .key("SK", text(stage.to_owned()))
                .send()
                .await
                .unwrap();
        }
    }

    /// Changes the items of an alert whose sort key begins so, as nothing of ours would: what `change` answers with
    /// nothing is deleted.
    ///
    /// # Panics
    /// When there is no such item.
    pub async fn forge_alert(&self, alert: &str, sort: &str, change: impl Fn(Item) -> Option<Item>) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let table = self.cloud.context.store.names().table.clone();
        let found = self.dynamodb.query().table_name(&table);
        let found = found.key_condition_expression("PK = :alert AND begins_with(SK, :sort)");
        let found = found.expression_attribute_values(":alert", text(&format!("ALERT#{alert}")));
        let items =
            found.expression_attribute_values(":sort", text(sort)).send().await.unwrap().items.unwrap();
        assert!(!items.is_empty(), "{alert} has no {sort}");
        for item in items {
            let (partition, sort) = (item["PK"].clone(), item["SK"].clone());
            match change(item) {
                Some(item) => {
                    self.dynamodb.put_item().table_name(&table).set_item(Some(item)).send().await.unwrap();
                }
                None => {
                    let deleted = self.dynamodb.delete_item().table_name(&table).key("PK", partition);
                    deleted.key("SK", sort).send().await.unwrap();
                }
            }
        }
    }

    /// Stops it.
    pub async fn stop(self) {
        self.cloud.stop().await;
    }
}

fn limits(worker: &Worker) -> Limits {
    // One call after the other, so that the same call is the nth each time.
    Limits { lease_ms: worker.lease_ms, parts: worker.parts, subjects_at_once: 1, ..Limits::default() }
}
