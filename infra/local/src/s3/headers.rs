//! The headers that an object keeps: they come with the write and go out with every read.

use s3s::{dto, dto::Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What S3 gives an object without a content type.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// System and user metadata of an object.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StoredHeaders {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) website_redirect_location: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
}

impl StoredHeaders {
    pub(super) fn content_type(&self) -> String {
        self.content_type.clone().unwrap_or_else(|| DEFAULT_CONTENT_TYPE.to_owned())
    }

    pub(super) fn dto_metadata(&self) -> Option<dto::Metadata> {
        (!self.metadata.is_empty()).then(|| self.metadata.clone().into_iter().collect())
    }
}

/// `aws-chunked` says how the request was sent, not what the object is.
fn without_chunking(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// The three requests that bring headers name them alike, but share no type.
macro_rules! stored_headers {
    ($($input:ty),+) => {
        $(impl From<&mut $input> for StoredHeaders {
            fn from(input: &mut $input) -> Self {
                Self {
                    cache_control: input.cache_control.take(),
                    content_disposition: input.content_disposition.take(),
                    content_encoding: input.content_encoding.take().as_deref().and_then(without_chunking),
                    content_language: input.content_language.take(),
                    content_type: input.content_type.take(),
                    expires: input.expires.take(),
                    website_redirect_location: input.website_redirect_location.take(),
                    metadata: input.metadata.take().unwrap_or_default().into_iter().collect(),
                }
            }
        })+
    };
}

stored_headers!(dto::PutObjectInput, dto::CopyObjectInput, dto::CreateMultipartUploadInput);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_of_the_request_is_not_kept() {
        let check = |given: &str, kept: Option<&str>| {
            assert_eq!(without_chunking(given).as_deref(), kept, "{given}");
        };
        check("aws-chunked", None);
        check("gzip", Some("gzip"));
        check("aws-chunked,gzip", Some("gzip"));
        check("gzip, AWS-Chunked", Some("gzip"));
        check("", None);
    }
}
