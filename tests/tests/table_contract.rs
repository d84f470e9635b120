//! What every DynamoDB that trustwatch runs on must do, through the real SDK.
//!
//! Without settings the embedded table is started on an ephemeral port. With `TRUSTWATCH_DYNAMODB_ENDPOINT`,
//! `TRUSTWATCH_DYNAMODB_ACCESS_KEY`, `TRUSTWATCH_DYNAMODB_SECRET_KEY` and, if need be, `TRUSTWATCH_DYNAMODB_REGION` the same
//! cases run against another one, in a table of their own each.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do; clippy.toml allows it only inside the test functions"
)]

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection, ProjectionType, Put, ScalarAttributeType, TransactWriteItem, Update,
};
use std::collections::{BTreeSet, HashMap};
use std::env;
use trustwatch_tests::system::System;

type Item = HashMap<String, AttributeValue>;

/// A table of one test, with a sparse index `due` on `due_shard` and `due_at`.
struct Table {
    client: Client,
    name: String,
    /// The embedded one, which lives as long as the test.
    _embedded: Option<System>,
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn item(pk: &str, sk: &str, more: &[(&str, AttributeValue)]) -> Item {
    let keys = [("PK", s(pk)), ("SK", s(sk))];
    keys.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

fn code<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.code().unwrap_or("none")
}

impl Table {
    async fn start(name: &str) -> Self {
        let setting = |name: &str| env::var(format!("TRUSTWATCH_DYNAMODB_{name}"));
        let (embedded, endpoint, key, secret) = match setting("ENDPOINT") {
            Ok(endpoint) => (None, endpoint, setting("ACCESS_KEY").unwrap(), setting("SECRET_KEY").unwrap()),
            Err(_) => {
                let system = System::start().await;
                let keys = system.cloud.credentials.clone();
                let endpoint = system.cloud.endpoints.dynamodb.clone();
                (Some(system), endpoint, keys.access_key, keys.secret_key)
            }
        };
        let region = setting("REGION").unwrap_or_else(|_| "eu-west-2".to_owned());
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .credentials_provider(Credentials::new(key, secret, None, None, "contract"))
            .region(Region::new(region))
            .endpoint_url(endpoint)
            .retry_config(RetryConfig::disabled())
            .build();
        let table =
            Self { client: Client::from_conf(config), name: format!("contract-{name}"), _embedded: embedded };
        table.make().await;
        table
    }

    async fn make(&self) {
        let attribute = |name: &str, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
        };
        let key = |name: &str, kind| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name("due")
            .key_schema(key("due_shard", KeyType::Hash))
            .key_schema(key("due_at", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()
            .unwrap();
        // What an earlier run of another DynamoDB left.
        let _ = self.client.delete_table().table_name(&self.name).send().await;
        self.client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("PK", ScalarAttributeType::S))
            .attribute_definitions(attribute("SK", ScalarAttributeType::S))
            .attribute_definitions(attribute("due_shard", ScalarAttributeType::S))
            .attribute_definitions(attribute("due_at", ScalarAttributeType::N))
            .key_schema(key("PK", KeyType::Hash))
            .key_schema(key("SK", KeyType::Range))
            .global_secondary_indexes(index)
            .send()
            .await
            .unwrap();
    }

    async fn put(&self, item: Item) {
        self.client.put_item().table_name(&self.name).set_item(Some(item)).send().await.unwrap();
    }

    async fn get(&self, pk: &str, sk: &str) -> Option<Item> {
        let get = self.client.get_item().table_name(&self.name).key("PK", s(pk)).key("SK", s(sk));
        get.consistent_read(true).send().await.unwrap().item
    }

    fn put_action(&self, item: Item, condition: Option<&str>) -> TransactWriteItem {
        let put = Put::builder().table_name(&self.name).set_item(Some(item));
        let put = put.set_condition_expression(condition.map(str::to_owned));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    }

    /// Raises a revision, if it is still the one that was seen.
    fn bump(&self, seen: AttributeValue) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&self.name)
            .key("PK", s("A"))
            .key("SK", s("rev"))
            .update_expression("SET rev = rev + :one")
            .condition_expression("rev = :seen")
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":seen", seen);
        TransactWriteItem::builder().update(update.build().unwrap()).build()
    }

    /// What is due in a shard until a moment, with the pages one after the other.
    async fn due(&self, until: i64, page: i32) -> Vec<String> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let query = self.client.query().table_name(&self.name).index_name("due");
            let query = query.key_condition_expression("due_shard = :shard AND due_at <= :until");
            let query = query
                .expression_attribute_values(":shard", s("0"))
                .expression_attribute_values(":until", n(until));
            let answer = query.limit(page).set_exclusive_start_key(from).send().await.unwrap();
            let names = answer.items().iter().map(|item| item["SK"].as_s().unwrap().clone());
            found.extend(names);
            from = answer.last_evaluated_key;
            if from.is_none() {
                return found;
            }
        }
    }
}

#[tokio::test]
async fn of_sixteen_who_put_if_absent_one_wins() {
    let table = Table::start("racers").await;
    let racers = (0..16).map(|racer| {
        let put = table.client.put_item().table_name(&table.name);
        let put = put.set_item(Some(item("A", "once", &[("racer", n(racer))])));
        put.condition_expression("attribute_not_exists(PK)").send()
    });
    let answers = futures::future::join_all(racers).await;
    let winners: Vec<usize> = (0..16).filter(|racer| answers[*racer].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    for lost in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(code(lost), "ConditionalCheckFailedException");
    }
    let kept = table.get("A", "once").await.unwrap();
    assert_eq!(kept["racer"], n(i64::try_from(winners[0]).unwrap()));
}

#[tokio::test]
async fn a_condition_sees_the_item_as_it_is_and_a_refused_update_changes_nothing() {
    let table = Table::start("conditions").await;
    table.put(item("A", "lease", &[("until", n(100)), ("state", s("claimed"))])).await;
    let claim = |now: i64| {
        let update =
            table.client.update_item().table_name(&table.name).key("PK", s("A")).key("SK", s("lease"));
        update
            .update_expression("SET #until = :next ADD claims :one")
            .condition_expression("attribute_not_exists(PK) OR (#state <> :done AND #until < :now)")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":next", n(now + 60))
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":one", n(1))
            .expression_attribute_values(":done", s("done"))
            .send()
    };
    let refused = claim(100).await.unwrap_err();
    assert_eq!(code(&refused), "ConditionalCheckFailedException");
    assert_eq!(table.get("A", "lease").await.unwrap().get("claims"), None);
    claim(101).await.unwrap();
    assert_eq!(code(&claim(102).await.unwrap_err()), "ConditionalCheckFailedException");
    let held = table.get("A", "lease").await.unwrap();
    assert_eq!((&held["until"], &held["claims"]), (&n(161), &n(1)));
}

#[tokio::test]
async fn a_transaction_that_is_cancelled_changes_nothing_and_says_which_action_failed() {
    let table = Table::start("transactions").await;
    table.put(item("A", "rev", &[("rev", n(7))])).await;
    let send = |seen: i64| {
        let put = table.put_action(item("A", "SRC#1", &[]), Some("attribute_not_exists(PK)"));
        table.client.transact_write_items().transact_items(put).transact_items(table.bump(n(seen))).send()
    };
    let error = send(6).await.unwrap_err().into_service_error();
    let reasons = error.is_transaction_canceled_exception().then(|| match &error {
        aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
            cancelled,
        ) => cancelled.cancellation_reasons().iter().map(|it| it.code().unwrap_or("None").to_owned()).collect(),
        _ => Vec::new(),
    });
    assert_eq!(reasons.unwrap(), ["None", "ConditionalCheckFailed"]);
    assert_eq!(table.get("A", "SRC#1").await, None, "nothing of it took effect");

    send(7).await.unwrap();
    assert_eq!(table.get("A", "rev").await.unwrap()["rev"], n(8));
    assert!(table.get("A", "SRC#1").await.is_some());
    assert!(send(8).await.is_err(), "the contribution is there already");
    assert_eq!(table.get("A", "rev").await.unwrap()["rev"], n(8));
}

#[tokio::test]
async fn of_racing_transactions_on_one_revision_each_takes_effect_once() {
    let table = Table::start("revisions").await;
    table.put(item("A", "rev", &[("rev", n(0))])).await;
    let work = (0..8).map(|source| {
        let table = &table;
        async move {
            // Whoever loses reads again and tries again, as contributions to one cell do.
            for _ in 0..200 {
                let seen = table.get("A", "rev").await.unwrap()["rev"].clone();
                let put = table.put_action(item("A", &format!("SRC#{source}"), &[]), None);
                let send = table
                    .client
                    .transact_write_items()
                    .transact_items(put)
                    .transact_items(table.bump(seen))
                    .send();
                if send.await.is_ok() {
                    return;
                }
            }
            panic!("source {source} never came through");
        }
    });
    futures::future::join_all(work).await;
    assert_eq!(table.get("A", "rev").await.unwrap()["rev"], n(8));
}

#[tokio::test]
async fn pages_miss_nothing_and_double_nothing_in_the_order_of_the_key() {
    let table = Table::start("pages").await;
    for index in 0..57 {
        table.put(item("A", &format!("SRC#{index:03}"), &[("text", s(&"x".repeat(30_000)))])).await;
    }
    table.put(item("A", "META", &[])).await;
    table.put(item("B", "SRC#000", &[])).await;
    for limit in [None, Some(1), Some(10)] {
        let mut found = Vec::new();
        let (mut from, mut pages) = (None, 0);
        loop {
            let query = table.client.query().table_name(&table.name).consistent_read(true);
            let query = query.key_condition_expression("PK = :cell AND SK BETWEEN :first AND :last");
            let query = query
                .expression_attribute_values(":cell", s("A"))
                .expression_attribute_values(":first", s("SRC#"))
                .expression_attribute_values(":last", s("SRC#~"));
            let answer = query.set_limit(limit).set_exclusive_start_key(from).send().await.unwrap();
            pages += 1;
            found.extend(answer.items().iter().map(|item| item["SK"].as_s().unwrap().clone()));
            from = answer.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        let expected: Vec<String> = (0..57).map(|index| format!("SRC#{index:03}")).collect();
        assert_eq!(found, expected, "{limit:?}");
        assert!(pages > 1, "1.7 MB is more than a page: {limit:?}");
    }
}

#[tokio::test]
async fn a_sparse_index_holds_what_is_due_and_nothing_else() {
    let table = Table::start("sparse").await;
    for (name, due_at) in [("later", 300), ("first", 9), ("second", 100), ("last", 200)] {
        table.put(item("A", name, &[("due_shard", s("0")), ("due_at", n(due_at))])).await;
    }
    table.put(item("A", "never", &[("text", s("not due"))])).await;
    for page in [1, 2, 10] {
        assert_eq!(table.due(200, page).await, ["first", "second", "last"], "by number, page of {page}");
    }
    let settle = table.client.update_item().table_name(&table.name).key("PK", s("A")).key("SK", s("second"));
    let settle = settle.update_expression("REMOVE due_shard, due_at").condition_expression("due_at = :seen");
    settle.expression_attribute_values(":seen", n(100)).send().await.unwrap();
    assert_eq!(table.due(200, 10).await, ["first", "last"]);
    assert!(table.get("A", "second").await.is_some(), "the item itself stays");
}

#[tokio::test]
async fn values_come_back_as_they_were_put() {
    let table = Table::start("values").await;
    let big = "12345678901234567890123456789012345678";
    let values = [
        ("text", s("ſ ẞ \u{10ffff} \u{0} 'quotes\" \\")),
        ("empty", s("")),
        ("number", AttributeValue::N(big.to_owned())),
        ("below", n(i64::MIN)),
        ("bytes", AttributeValue::B(Blob::new([0, 255, 10]))),
        ("no", AttributeValue::Bool(false)),
        ("none", AttributeValue::Null(true)),
        ("list", AttributeValue::L(vec![n(1), s("a")])),
        ("map", AttributeValue::M(HashMap::from([("a".to_owned(), n(1))]))),
    ];
    table.put(item("A", "values", &values)).await;
    assert_eq!(table.get("A", "values").await.unwrap(), item("A", "values", &values));
}

#[tokio::test]
async fn what_is_larger_than_its_limits_is_refused_and_nothing_of_it_is_kept() {
    let table = Table::start("limits").await;
    let put = |bytes: usize| {
        let put = table.client.put_item().table_name(&table.name);
        put.set_item(Some(item("A", "large", &[("text", s(&"x".repeat(bytes)))]))).send()
    };
    assert_eq!(code(&put(400 * 1024).await.unwrap_err()), "ValidationException");
    assert_eq!(table.get("A", "large").await, None);
    put(400 * 1024 - 64).await.unwrap();

    let send = |count: usize| {
        let actions =
            (0..count).map(|index| table.put_action(item("A", &format!("ACTION#{index:03}"), &[]), None));
        table.client.transact_write_items().set_transact_items(Some(actions.collect())).send()
    };
    assert_eq!(code(&send(101).await.unwrap_err()), "ValidationException");
    assert_eq!(table.get("A", "ACTION#000").await, None);
    send(100).await.unwrap();
    let twice = table.client.transact_write_items();
    let twice = twice
        .transact_items(table.put_action(item("A", "twice", &[]), None))
        .transact_items(table.put_action(item("A", "twice", &[]), None));
    assert_eq!(code(&twice.send().await.unwrap_err()), "ValidationException", "one action an item");
    let kept: BTreeSet<bool> = [table.get("A", "ACTION#000").await, table.get("A", "ACTION#099").await]
        .iter()
        .map(Option::is_some)
        .collect();
    assert_eq!(kept, BTreeSet::from([true]));
}
