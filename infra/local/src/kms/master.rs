//! The one key of a data directory, and what it seals.

use super::context::CanonicalContext;
use crate::secret;
use anyhow::Context as _;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// File of the key in the data directory.
const FILE_NAME: &str = "kms.json";
/// Bytes of the key, and of each data key: AES-256.
pub(super) const KEY_BYTES: usize = 32;
/// The form of a sealed key: this byte, a nonce, the ciphertext with its tag.
const FORM: u8 = 1;

/// The key, as it lies in the file.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    /// In hex digits.
    key: String,
}

/// Seals data keys. It is read from, or made in, a data directory.
pub struct MasterKey {
    id: String,
    key: LessSafeKey,
    random: SystemRandom,
}

/// A data key in the clear, and sealed.
pub(super) struct DataKey {
    pub(super) plain: [u8; KEY_BYTES],
    pub(super) sealed: Vec<u8>,
}

/// The system has no random bytes to give.
#[derive(Debug)]
pub(super) struct NoRandom;

impl MasterKey {
    /// Reads the key of a data directory, or makes one.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is not of the shape that this writes.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE_NAME);
        let random = SystemRandom::new();
        let text = secret::read_or_make(&path, || {
            let key: [u8; KEY_BYTES] = bytes(&random).ok().context("the system gives no random bytes")?;
            let stored = Stored { id: crate::queue::new_id(), key: hex::encode(key) };
            Ok(serde_json::to_string(&stored)?)
        })?;
        let problem = || format!("`{}` holds no key", path.display());
        let stored: Stored = serde_json::from_str(&text).ok().with_context(problem)?;
        let key = hex::decode(&stored.key).ok().and_then(|key| UnboundKey::new(&AES_256_GCM, &key).ok());
        let key = LessSafeKey::new(key.with_context(problem)?);
        Ok(Self { id: stored.id, key, random })
    }

    /// The id of the key.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Makes a data key and seals it under the context.
    pub(super) fn data_key(&self, context: &CanonicalContext) -> Result<DataKey, NoRandom> {
        let plain: [u8; KEY_BYTES] = bytes(&self.random)?;
        let nonce: [u8; NONCE_LEN] = bytes(&self.random)?;
        let mut body = plain.to_vec();
        let aad = Aad::from(context.as_bytes());
        let sealed = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body);
        sealed.map_err(|_| NoRandom)?;
        Ok(DataKey { plain, sealed: [&[FORM][..], &nonce, &body].concat() })
    }

    /// Opens what was sealed by this key under this context; nothing for all else, without saying why.
    pub(super) fn open_sealed(&self, sealed: &[u8], context: &CanonicalContext) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.strip_prefix(&[FORM])?.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut body = body.to_vec();
        let plain = self.key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut body).ok()?;
        Some(plain.to_vec())
    }
}

fn bytes<const N: usize>(random: &SystemRandom) -> Result<[u8; N], NoRandom> {
    let mut bytes = [0; N];
    random.fill(&mut bytes).map_err(|_| NoRandom)?;
    Ok(bytes)
}
