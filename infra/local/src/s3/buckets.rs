//! Buckets and their versioning.

use super::{
    REGION, S3Store,
    conditions::timestamp,
    error::{Result, StoreError, refuse},
    index::{self, BucketRow, Versioning},
    now_ms,
    writer::Effects,
};
use rusqlite::{Connection, params};
use s3s::{S3ErrorCode, S3Response, dto};
use std::sync::Arc;

impl S3Store {
    /// Makes the bucket if it is not there, and sets its versioning either way. For the start of the process,
    /// before anybody can ask over the wire.
    ///
    /// # Errors
    ///
    /// `InvalidBucketName`, or when the index cannot be written.
    pub async fn ensure_bucket(&self, name: &str, versioning: Versioning) -> Result<()> {
        match create_row(self, name.to_owned(), versioning).await {
            Err(StoreError::Refused(error)) if *error.code() == S3ErrorCode::BucketAlreadyOwnedByYou => {
                set_versioning(self, name.to_owned(), versioning).await
            }
            outcome => outcome,
        }
    }
}

async fn create_row(store: &S3Store, name: String, versioning: Versioning) -> Result<()> {
    if !s3s::path::check_bucket_name(&name) {
        return Err(S3ErrorCode::InvalidBucketName.into());
    }
    let clock = Arc::clone(&store.clock);
    let write = move |connection: &Connection, _: &mut Effects| {
        let made = connection
            .prepare_cached(
                "INSERT INTO buckets (name, created_ms, versioning) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO NOTHING",
            )?
            .execute(params![name, now_ms(&clock), versioning.column()])?;
        if made == 0 {
            let message =
                "Your previous request to create the named bucket succeeded and you already own it.";
            return Err(refuse(S3ErrorCode::BucketAlreadyOwnedByYou, message));
        }
        Ok(())
    };
    store.writer.write(None, write).await
}

async fn set_versioning(store: &S3Store, name: String, versioning: Versioning) -> Result<()> {
    let write = move |connection: &Connection, _: &mut Effects| {
        let bucket = index::bucket(connection, &name)?;
        connection
            .prepare_cached("UPDATE buckets SET versioning = ?2 WHERE id = ?1")?
            .execute(params![bucket.id, versioning.column()])?;
        Ok(())
    };
    store.writer.write(None, write).await
}

async fn find(store: &S3Store, name: String) -> Result<BucketRow> {
    store.read(move |connection| index::bucket(connection, &name)).await
}

pub(super) async fn create(
    store: &S3Store,
    input: dto::CreateBucketInput,
) -> Result<S3Response<dto::CreateBucketOutput>> {
    let location = format!("/{}", input.bucket);
    create_row(store, input.bucket, Versioning::Off).await?;
    Ok(S3Response::new(dto::CreateBucketOutput { location: Some(location) }))
}

pub(super) async fn head(
    store: &S3Store,
    input: dto::HeadBucketInput,
) -> Result<S3Response<dto::HeadBucketOutput>> {
    find(store, input.bucket).await?;
    Ok(S3Response::new(dto::HeadBucketOutput {
        bucket_region: Some(REGION.to_owned()),
        ..Default::default()
    }))
}

pub(super) async fn location(
    store: &S3Store,
    input: dto::GetBucketLocationInput,
) -> Result<S3Response<dto::GetBucketLocationOutput>> {
    find(store, input.bucket).await?;
    let location_constraint = Some(dto::BucketLocationConstraint::from_static(REGION));
    Ok(S3Response::new(dto::GetBucketLocationOutput { location_constraint }))
}

pub(super) async fn list(
    store: &S3Store,
    input: dto::ListBucketsInput,
) -> Result<S3Response<dto::ListBucketsOutput>> {
    let rows = store
        .read(|connection| {
            let sql = format!("SELECT {} FROM buckets ORDER BY name", BucketRow::COLUMNS);
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([])?;
            let mut buckets = Vec::new();
            while let Some(row) = rows.next()? {
                buckets.push(BucketRow::read(row)?);
            }
            Ok(buckets)
        })
        .await?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let max = input.max_buckets.and_then(|max| usize::try_from(max).ok()).unwrap_or(usize::MAX);
    let mut found = rows.into_iter().filter(|row| row.name.starts_with(prefix) && row.name.as_str() > after);
    let buckets: Vec<dto::Bucket> = found
        .by_ref()
        .take(max)
        .map(|row| dto::Bucket {
            name: Some(row.name),
            creation_date: Some(timestamp(row.created_ms)),
            bucket_region: Some(REGION.to_owned()),
        })
        .collect();
    let more = found.next().is_some();
    let continuation_token = buckets.last().filter(|_| more).and_then(|bucket| bucket.name.clone());
    let owner = dto::Owner { display_name: Some("local".to_owned()), id: Some("local".to_owned()) };
    Ok(S3Response::new(dto::ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(owner),
        continuation_token,
        prefix: input.prefix,
    }))
}

pub(super) async fn delete(
    store: &S3Store,
    input: dto::DeleteBucketInput,
) -> Result<S3Response<dto::DeleteBucketOutput>> {
    let write = move |connection: &Connection, effects: &mut Effects| {
        let bucket = index::bucket(connection, &input.bucket)?;
        if !index::is_empty(connection, bucket.id)? {
            return Err(refuse(S3ErrorCode::BucketNotEmpty, "The bucket you tried to delete is not empty."));
        }
        // Uploads that nobody completed do not hold a bucket; their parts go with it.
        let mut parts = connection.prepare_cached(
            "SELECT blob FROM parts JOIN uploads ON uploads.id = parts.upload WHERE uploads.bucket = ?1",
        )?;
        for blob in parts.query_map([bucket.id], |row| row.get::<_, i64>(0))? {
            effects.obsolete.push(blob?.cast_unsigned());
        }
        connection.execute("DELETE FROM uploads WHERE bucket = ?1", [bucket.id])?;
        connection.execute("DELETE FROM buckets WHERE id = ?1", [bucket.id])?;
        Ok(())
    };
    store.writer.write(None, write).await?;
    Ok(S3Response::with_status(dto::DeleteBucketOutput {}, http::StatusCode::NO_CONTENT))
}

pub(super) async fn get_versioning(
    store: &S3Store,
    input: dto::GetBucketVersioningInput,
) -> Result<S3Response<dto::GetBucketVersioningOutput>> {
    let name = match find(store, input.bucket).await?.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(dto::BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(dto::BucketVersioningStatus::SUSPENDED),
    };
    let status = name.map(dto::BucketVersioningStatus::from_static);
    Ok(S3Response::new(dto::GetBucketVersioningOutput { status, ..Default::default() }))
}

pub(super) async fn put_versioning(
    store: &S3Store,
    input: dto::PutBucketVersioningInput,
) -> Result<S3Response<dto::PutBucketVersioningOutput>> {
    let status = input.versioning_configuration.status;
    let versioning = match status.as_ref().map(dto::BucketVersioningStatus::as_str) {
        Some(dto::BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(dto::BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(refuse(S3ErrorCode::MalformedXML, "the status must be Enabled or Suspended")),
    };
    set_versioning(store, input.bucket, versioning).await?;
    Ok(S3Response::new(dto::PutBucketVersioningOutput {}))
}
