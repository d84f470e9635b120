//! Verbs on objects.

use crate::{Store, StoreError, Trouble};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, EncodingType};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tokio::io::AsyncReadExt;
use trustwatch_model::ObjectVersion;

/// Longest object that is read whole: some times the largest part.
const READ_BYTES_MAX: i64 = 256 << 20;

/// A small object that was read whole.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its entity tag, for a conditional replacement.
    pub etag: String,
    /// Its version, where the bucket keeps versions.
    pub version_id: Option<String>,
}

/// The body of an object, chunk by chunk.
#[derive(Debug)]
pub struct Body(ByteStream);

impl Body {
    /// The next chunk; `None` at the end. An error means that the transfer broke off, not that the object is bad.
    pub async fn next(&mut self) -> Option<Result<Bytes, StoreError>> {
        let chunk = self.0.next().await?;
        Some(chunk.map_err(|error| StoreError::passing("open_raw", "Body", error)))
    }
}

/// What a put with a condition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// The object is ours.
    Created,
    /// Something of this name (or of another entity tag) was already there; nothing was written.
    Exists,
}

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// Entries, in the order of their keys.
    pub entries: Vec<T>,
    /// What to pass for the next page.
    pub next: Option<String>,
}

impl Store {
    /// Opens one version of a raw object for streaming. `None` when it is gone.
    ///
    /// # Errors
    /// [`StoreError`] of the call; the body may fail later while it is read.
    pub async fn open_raw(&self, version: &ObjectVersion) -> Result<Option<Body>, StoreError> {
        let answer = self
            .s3
            .get_object()
            .bucket(&version.bucket)
            .key(&version.key)
            .version_id(&version.version_id)
            .send()
            .await;
        found("open_raw", answer).map(|object| object.map(|object| Body(object.body)))
    }

    /// Reads a small object whole. `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`] of the call or of the body; a fault when the object has more than 256 MiB.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Option<Object>, StoreError> {
        self.read_version(bucket, key, None).await
    }

    /// Reads one version of a small object whole, or the current one. `None` when there is none.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read_version(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<Object>, StoreError> {
        let get = self.s3.get_object().bucket(bucket).key(key);
        let answer = get.set_version_id(version_id.map(str::to_owned)).send().await;
        let Some(object) = found("read", answer)? else { return Ok(None) };
        if object.content_length.is_none_or(|bytes| bytes > READ_BYTES_MAX) {
            return Err(StoreError::fault("read", "TooLarge"));
        }
        let etag = object.e_tag.unwrap_or_default();
        let version_id = object.version_id;
        let body = object.body.collect().await;
        let bytes = body.map_err(|error| StoreError::passing("read", "Body", error))?.into_bytes();
        Ok(Some(Object { bytes, etag, version_id }))
    }

    /// The current version id of an object, in a bucket that keeps versions. `None` when there is no object.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn version_of(&self, bucket: &str, key: &str) -> Result<Option<String>, StoreError> {
        match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => Ok(Some(head.version_id.unwrap_or_else(|| "null".to_owned()))),
            Err(error) => {
                let gone = error.as_service_error().is_some_and(|error| error.is_not_found());
                if gone { Ok(None) } else { Err(StoreError::of("version_of", error)) }
            }
        }
    }

    /// Puts an object where there is none (`If-None-Match: *`).
    ///
    /// # Errors
    /// [`StoreError`] of the call. A cut-off call may have written: put again and take `Exists` as done.
    pub async fn put_new(&self, bucket: &str, key: &str, bytes: Bytes) -> Result<PutOutcome, StoreError> {
        let put = self.s3.put_object().bucket(bucket).key(key).body(bytes.into()).if_none_match("*");
        conditional("put_new", put.send().await)
    }

    /// Replaces an object that has this entity tag, or puts it where there is none.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn replace(
        &self,
        bucket: &str,
        key: &str,
        bytes: Bytes,
        expected: Option<&str>,
    ) -> Result<PutOutcome, StoreError> {
        let put = self.s3.put_object().bucket(bucket).key(key).body(bytes.into());
        let put = match expected {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        conditional("replace", put.send().await)
    }

    /// Uploads a file to the raw bucket as a filter would, in parts when it is long. Tells `sent` how many bytes
    /// have just gone. Returns the version id.
    ///
    /// Memory: one part of 16 MiB.
    ///
    /// # Errors
    /// [`StoreError`] of a call, or of reading the file. An upload in parts that fails is taken back.
    pub async fn upload_file(
        &self,
        key: &str,
        file: &std::path::Path,
        sent: impl Fn(u64),
    ) -> Result<String, StoreError> {
        const VERB: &str = "upload_file";
        let unreadable = |error| StoreError::passing(VERB, "File", error);
        let mut reader = tokio::fs::File::open(file).await.map_err(unreadable)?;
        let first = read_part(&mut reader).await.map_err(unreadable)?;
        if first.len() < UPLOAD_PART_BYTES {
            let bytes = first.len() as u64;
            let put = self.s3.put_object().bucket(&self.names.raw).key(key).body(first.into()).send().await;
            sent(bytes);
            let version = put.map_err(|error| StoreError::of(VERB, error))?.version_id;
            return Ok(version.unwrap_or_else(|| "null".to_owned()));
        }
        let begun = self.s3.create_multipart_upload().bucket(&self.names.raw).key(key).send().await;
        let upload = begun.map_err(|error| StoreError::of(VERB, error))?.upload_id;
        let upload = upload.ok_or_else(|| StoreError::fault(VERB, "NoUploadId"))?;
        let result = self.upload_parts(key, &upload, first, &mut reader, sent).await;
        if result.is_err() {
            // What cannot be taken back now is taken back by the bucket's own rule.
            let _ = self
                .s3
                .abort_multipart_upload()
                .bucket(&self.names.raw)
                .key(key)
                .upload_id(upload)
                .send()
                .await;
        }
        result
    }

    async fn upload_parts(
        &self,
        key: &str,
        upload: &str,
        first: Bytes,
        reader: &mut tokio::fs::File,
        sent: impl Fn(u64),
    ) -> Result<String, StoreError> {
        const VERB: &str = "upload_file";
        let bucket = &self.names.raw;
        let (mut done, mut part) = (Vec::new(), first);
        for number in 1.. {
            let bytes = part.len() as u64;
            let put = self.s3.upload_part().bucket(bucket).key(key).upload_id(upload).part_number(number);
            let put = put.body(part.into()).send().await.map_err(|error| StoreError::of(VERB, error))?;
            sent(bytes);
            done.push(CompletedPart::builder().part_number(number).set_e_tag(put.e_tag).build());
            part = read_part(reader).await.map_err(|error| StoreError::passing(VERB, "File", error))?;
            if part.is_empty() {
                break;
            }
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(done)).build();
        let complete = self.s3.complete_multipart_upload().bucket(bucket).key(key).upload_id(upload);
        let complete = complete.multipart_upload(parts).send().await;
        let version = complete.map_err(|error| StoreError::of(VERB, error))?.version_id;
        Ok(version.unwrap_or_else(|| "null".to_owned()))
    }

    /// One page of the versions under a prefix of the raw bucket: keys in order, and of each key the newest
    /// version first. Delete markers are left out.
    ///
    /// # Errors
    /// [`StoreError`] of the call, or a fault when an entry lacks what S3 always gives.
    pub async fn raw_versions(
        &self,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listed<ObjectVersion>, StoreError> {
        const VERB: &str = "raw_versions";
        let (key, version) = match next.map(|next| next.split_once('\0').unwrap_or((next, ""))) {
            Some((key, version)) => {
                (Some(key.to_owned()), Some(version.to_owned()).filter(|v| !v.is_empty()))
            }
            None => (None, None),
        };
        let page = self
            .s3
            .list_object_versions()
            .bucket(&self.names.raw)
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(key)
            .set_version_id_marker(version)
            .send()
            .await
            .map_err(|error| StoreError::of(VERB, error))?;
        let next = page.next_key_marker.map(|key| {
            let version = page.next_version_id_marker.unwrap_or_default();
            format!("{}\0{version}", decoded(&key))
        });
        let mut entries = Vec::new();
        for entry in page.versions.unwrap_or_default() {
            let (Some(key), Some(version_id), Some(modified)) =
                (entry.key, entry.version_id, entry.last_modified)
            else {
                return Err(StoreError::fault(VERB, "IncompleteListing"));
            };
            entries.push(ObjectVersion {
                bucket: self.names.raw.clone(),
                key: decoded(&key),
                version_id,
                bytes: entry.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                arrived_at: modified.secs() * 1_000_000 + i64::from(modified.subsec_nanos() / 1_000),
            });
        }
        Ok(Listed { entries, next: if page.is_truncated == Some(true) { next } else { None } })
    }

    /// One page of keys under a prefix, with the length of each.
    ///
    /// # Errors
    /// [`StoreError`] of the call.
    pub async fn keys(
        &self,
        bucket: &str,
        prefix: &str,
        next: Option<&str>,
    ) -> Result<Listed<(String, u64)>, StoreError> {
        let page = self
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .encoding_type(EncodingType::Url)
            .set_continuation_token(next.map(str::to_owned))
            .send()
            .await
            .map_err(|error| StoreError::of("keys", error))?;
        let entries = page
            .contents
            .unwrap_or_default()
            .into_iter()
            .filter_map(|entry| {
                let bytes = entry.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                entry.key.map(|key| (decoded(&key), bytes))
            })
            .collect();
        Ok(Listed { entries, next: page.next_continuation_token })
    }

    /// All keys under a prefix, in order, with the length of each. Pages are asked for as they are needed.
    pub fn all_keys<'s>(
        &'s self,
        bucket: &'s str,
        prefix: &'s str,
    ) -> BoxStream<'s, Result<(String, u64), StoreError>> {
        all(move |next: Option<String>| async move { self.keys(bucket, prefix, next.as_deref()).await })
    }

    /// All versions of all raw objects under a prefix, in the order of [`Store::raw_versions`].
    pub fn all_raw_versions<'s>(
        &'s self,
        prefix: &'s str,
    ) -> BoxStream<'s, Result<ObjectVersion, StoreError>> {
        all(move |next: Option<String>| async move { self.raw_versions(prefix, next.as_deref()).await })
    }
}

/// The entries of page after page.
fn all<'s, T, P>(page: impl Fn(Option<String>) -> P + Send + 's) -> BoxStream<'s, Result<T, StoreError>>
where
    T: Send + 's,
    P: Future<Output = Result<Listed<T>, StoreError>> + Send + 's,
{
    let pages = stream::try_unfold(Some(None), move |place: Option<Option<String>>| {
        let page = place.map(&page);
        async move {
            let Some(page) = page else { return Ok(None) };
            let Listed { entries, next } = page.await?;
            Ok(Some((stream::iter(entries).map(Ok), next.map(Some))))
        }
    });
    pages.try_flatten().boxed()
}

/// A key as it stands in a listing. Keys may hold characters that XML cannot, so listings are asked for encoded:
/// like a form field, with `+` for a space.
fn decoded(key: &str) -> String {
    percent_encoding::percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// Length of a part of an upload.
const UPLOAD_PART_BYTES: usize = 16 << 20;

async fn read_part(reader: &mut tokio::fs::File) -> std::io::Result<Bytes> {
    let mut part = Vec::new();
    reader.take(UPLOAD_PART_BYTES as u64).read_to_end(&mut part).await?;
    Ok(part.into())
}

type Answer<T, E> = Result<T, aws_sdk_s3::error::SdkError<E>>;

fn found<E>(
    verb: &'static str,
    answer: Answer<GetObjectOutput, E>,
) -> Result<Option<GetObjectOutput>, StoreError>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer.map_err(|error| StoreError::of(verb, error)) {
        Ok(object) => Ok(Some(object)),
        Err(error) if error.trouble == Trouble::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn conditional<T, E>(verb: &'static str, answer: Answer<T, E>) -> Result<PutOutcome, StoreError>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer.map_err(|error| StoreError::of(verb, error)) {
        Ok(_) => Ok(PutOutcome::Created),
        Err(error) if error.trouble == Trouble::Condition => Ok(PutOutcome::Exists),
        Err(error) => Err(error),
    }
}
