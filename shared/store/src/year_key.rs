//! The keys under which people are named, one for each academic year. The table holds them sealed by KMS; when a
//! year's key is destroyed, nothing links its alerts to people any more.

use crate::error::unless_changed;
use crate::ledger::{Item, text};
use crate::{Store, StoreError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;

/// What a sealed key is for. A key of another year or purpose cannot be passed off as it.
const CONTEXT: &str = "trustwatch:academic-year";

fn key_of(year: &str) -> Item {
    Item::from([("PK".to_owned(), text(format!("KEY#{year}"))), ("SK".to_owned(), text("SUBJECT"))])
}

impl Store {
    /// The key of an academic year (`2026-27`), made when it is first asked for.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn year_key(&self, year: &str) -> Result<[u8; 32], StoreError> {
        const VERB: &str = "year_key";
        let sealed = match self.sealed_key(year).await? {
            Some(sealed) => sealed,
            None => {
                self.make_year_key(year).await?;
                // Whoever was first made the key that counts.
                self.sealed_key(year).await?.ok_or_else(|| StoreError::fault(VERB, "NoKey"))?
            }
        };
        let opened = self
            .kms
            .decrypt()
            .key_id(&self.names.kms_key)
            .ciphertext_blob(aws_sdk_kms::primitives::Blob::new(sealed.into_inner()))
            .encryption_context(CONTEXT, year)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let key = opened.plaintext.map(aws_sdk_kms::primitives::Blob::into_inner).unwrap_or_default();
        key.try_into().map_err(|_| StoreError::fault(VERB, "KeyLength"))
    }

    async fn sealed_key(&self, year: &str) -> Result<Option<Blob>, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .set_key(Some(key_of(year)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::of("sealed_key", error))?;
        Ok(answer.item.and_then(|item| item.get("sealed").and_then(|sealed| sealed.as_b().ok()).cloned()))
    }

    async fn make_year_key(&self, year: &str) -> Result<(), StoreError> {
        const VERB: &str = "make_year_key";
        let made = self
            .kms
            .generate_data_key()
            .key_id(&self.names.kms_key)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT, year)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let sealed = made.ciphertext_blob.ok_or_else(|| StoreError::fault(VERB, "NoKey"))?.into_inner();
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.names.table)
            .set_item(Some(key_of(year)))
            .item("sealed", AttributeValue::B(Blob::new(sealed)))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        unless_changed(put.map_err(|error| StoreError::of(VERB, error)))
    }
}
