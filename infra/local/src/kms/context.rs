//! The encryption context: names and values that must be the same at both ends.

use crate::aws_json::ApiError;
use std::collections::BTreeMap;

/// The longest context, bytes of names and values together.
const CONTEXT_BYTES_MAX: usize = 8192;

/// A context in one form, whatever order its pairs came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CanonicalContext(Vec<u8>);

impl CanonicalContext {
    /// # Errors
    /// When the context is longer than KMS takes.
    pub(super) fn new(pairs: &BTreeMap<String, String>) -> Result<Self, ApiError> {
        let mut bytes = Vec::new();
        // Each part has its length in front, so that no two contexts read the same.
        for part in pairs.iter().flat_map(|(name, value)| [name, value]) {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        let parts: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if parts > CONTEXT_BYTES_MAX {
            let problem =
                format!("the encryption context has {parts} bytes; {CONTEXT_BYTES_MAX} are the most");
            return Err(ApiError::new("ValidationException", problem));
        }
        Ok(Self(bytes))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(pairs: &[(&str, &str)]) -> Result<CanonicalContext, ApiError> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        CanonicalContext::new(&pairs.collect())
    }

    #[test]
    fn only_the_same_pairs_are_the_same_context() {
        let one = canonical(&[("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(one, canonical(&[("b", "2"), ("a", "1")]).unwrap());
        for other in [
            &[("a", "1")][..],
            &[("a", "1"), ("b", "3")],
            &[("a", "2"), ("b", "1")],
            &[("a", "1b2"), ("", "")],
            &[("a1", ""), ("b2", "")],
            &[],
        ] {
            assert_ne!(one, canonical(other).unwrap(), "{other:?}");
        }
    }

    #[test]
    fn a_context_has_a_limit() {
        let value = "x".repeat(CONTEXT_BYTES_MAX - 1);
        assert!(canonical(&[("a", &value)]).is_ok());
        assert!(canonical(&[("ab", &value)]).is_err());
    }
}
