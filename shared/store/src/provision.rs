//! Making what a deployment consists of, where no template does it.

use crate::alert_queue::QUEUE_INDEX;
use crate::{DUE_INDEX, Store, StoreError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

impl Store {
    /// Makes the buckets (with versions) and the table that are not there yet.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn provision(&self) -> Result<(), StoreError> {
        for bucket in [&self.names.raw, &self.names.lake, &self.names.config] {
            self.make_bucket(bucket).await?;
        }
        self.make_table().await
    }

    async fn make_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        const VERB: &str = "provision";
        if let Err(error) = self.s3.create_bucket().bucket(bucket).send().await {
            let ours = error.as_service_error().is_some_and(|error| error.is_bucket_already_owned_by_you());
            if !ours {
                return Err(StoreError::of(VERB, error));
            }
        }
        let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let put =
            self.s3.put_bucket_versioning().bucket(bucket).versioning_configuration(versions).send().await;
        put.map(|_| ()).map_err(|error| StoreError::of(VERB, error))
    }

    async fn make_table(&self) -> Result<(), StoreError> {
        const VERB: &str = "provision";
        let fault = |_| StoreError::fault(VERB, "Construction");
        let attribute = |name: &str, kind| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().map_err(fault)
        };
        let key = |name: &str, kind| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(fault)
        };
        let index = |name: &str, hash: &str, range: &str| {
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(hash, KeyType::Hash)?)
                .key_schema(key(range, KeyType::Range)?)
                .projection(Projection::builder().projection_type(ProjectionType::All).build())
                .build()
                .map_err(fault)
        };
        let made = self
            .dynamodb
            .create_table()
            .table_name(&self.names.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("PK", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("SK", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("due_shard", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("due_at", ScalarAttributeType::N)?)
            .attribute_definitions(attribute("queue", ScalarAttributeType::S)?)
            .attribute_definitions(attribute("queue_order", ScalarAttributeType::S)?)
            .key_schema(key("PK", KeyType::Hash)?)
            .key_schema(key("SK", KeyType::Range)?)
            .global_secondary_indexes(index(DUE_INDEX, "due_shard", "due_at")?)
            .global_secondary_indexes(index(QUEUE_INDEX, "queue", "queue_order")?)
            .send()
            .await;
        if let Err(error) = made {
            let exists = error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception());
            if !exists {
                return Err(StoreError::of(VERB, error));
            }
        }
        self.let_rows_expire().await
    }

    /// Ledger rows go when their `expires_at` has passed.
    async fn let_rows_expire(&self) -> Result<(), StoreError> {
        const VERB: &str = "provision";
        let table = &self.names.table;
        let found = self.dynamodb.describe_time_to_live().table_name(table).send().await;
        let found = found.map_err(|error| StoreError::of(VERB, error))?.time_to_live_description;
        let status = found.and_then(|found| found.time_to_live_status);
        if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
            return Ok(());
        }
        let rule = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build();
        let rule = rule.map_err(|_| StoreError::fault(VERB, "Construction"))?;
        let set = self.dynamodb.update_time_to_live().table_name(table).time_to_live_specification(rule);
        set.send().await.map(|_| ()).map_err(|error| StoreError::of(VERB, error))
    }
}
