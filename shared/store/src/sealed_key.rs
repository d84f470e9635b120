//! Keys that the table holds sealed by KMS: those under which people are named, one for each academic year, and the
//! one that seals cursors. When a year's key is destroyed, nothing links its alerts to people any more.

use crate::error::unless_changed;
use crate::ledger::{Item, text};
use crate::{Store, StoreError};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::types::DataKeySpec;

/// What a key is for. KMS opens it for nothing else: a key of another year or purpose cannot be passed off as it.
#[derive(Clone, Copy)]
struct Purpose<'a> {
    context: &'static str,
    name: &'a str,
    sort: &'static str,
}

impl Purpose<'_> {
    fn key(&self) -> Item {
        Item::from([
            ("PK".to_owned(), text(format!("KEY#{}", self.name))),
            ("SK".to_owned(), text(self.sort)),
        ])
    }
}

impl Store {
    /// The key of an academic year (`2026-27`), made when it is first asked for.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn year_key(&self, year: &str) -> Result<[u8; 32], StoreError> {
        let context = "trustwatch:academic-year";
        self.key_for(Purpose { context, name: year, sort: "SUBJECT" }).await
    }

    /// The key that seals the cursors of lists, made when it is first asked for.
    ///
    /// # Errors
    /// [`StoreError`] of a call.
    pub async fn cursor_key(&self) -> Result<[u8; 32], StoreError> {
        let context = "trustwatch:cursor";
        self.key_for(Purpose { context, name: "cursor", sort: "CURSOR" }).await
    }

    async fn key_for(&self, purpose: Purpose<'_>) -> Result<[u8; 32], StoreError> {
        const VERB: &str = "key_for";
        let sealed = match self.sealed_key(purpose).await? {
            Some(sealed) => sealed,
            None => {
                self.make_key(purpose).await?;
                // Whoever was first made the key that counts.
                self.sealed_key(purpose).await?.ok_or_else(|| StoreError::fault(VERB, "NoKey"))?
            }
        };
        let opened = self
            .kms
            .decrypt()
            .key_id(&self.names.kms_key)
            .ciphertext_blob(aws_sdk_kms::primitives::Blob::new(sealed.into_inner()))
            .encryption_context(purpose.context, purpose.name)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let key = opened.plaintext.map(aws_sdk_kms::primitives::Blob::into_inner).unwrap_or_default();
        key.try_into().map_err(|_| StoreError::fault(VERB, "KeyLength"))
    }

    async fn sealed_key(&self, purpose: Purpose<'_>) -> Result<Option<Blob>, StoreError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(&self.names.table)
            .set_key(Some(purpose.key()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::of("sealed_key", error))?;
        Ok(answer.item.and_then(|item| item.get("sealed").and_then(|sealed| sealed.as_b().ok()).cloned()))
    }

    async fn make_key(&self, purpose: Purpose<'_>) -> Result<(), StoreError> {
        const VERB: &str = "make_key";
        let made = self
            .kms
            .generate_data_key()
            .key_id(&self.names.kms_key)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(purpose.context, purpose.name)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let sealed = made.ciphertext_blob.ok_or_else(|| StoreError::fault(VERB, "NoKey"))?.into_inner();
        let put = self
            .dynamodb
            .put_item()
            .table_name(&self.names.table)
            .set_item(Some(purpose.key()))
            .item("sealed", AttributeValue::B(Blob::new(sealed)))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        unless_changed(put.map_err(|error| StoreError::of(VERB, error)))
    }
}
