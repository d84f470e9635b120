//! The development issuer: signs tokens for whoever can read the data directory, and for nobody else.

use crate::secret;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, rand_core::OsRng};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// Whom tokens are for.
pub const AUDIENCE: &str = "trustwatch";
/// File of the key in the data directory.
const FILE_NAME: &str = "issuer.pem";
const KEY_BITS: usize = 2048;

/// Signs tokens with the key of a data directory.
pub struct Issuer {
    signing: EncodingKey,
    key_id: String,
    /// Base64url of the modulus and the exponent, as a JWK has them.
    modulus: String,
    exponent: String,
    verifying: DecodingKey,
}

impl Issuer {
    /// Reads the key of a data directory, or makes one.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds no key.
    pub fn open(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE_NAME);
        let pem = secret::read_or_make(&path, || {
            let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).context("cannot make a key")?;
            Ok(key.to_pkcs8_pem(LineEnding::LF).context("cannot write the key down")?.to_string())
        })?;
        let problem = || format!("`{}` holds no key", path.display());
        let key = RsaPrivateKey::from_pkcs8_pem(&pem).with_context(problem)?;
        let (modulus, exponent) = (key.n().to_bytes_be(), key.e().to_bytes_be());
        let verifying = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
        let (modulus, exponent) = (URL_SAFE_NO_PAD.encode(modulus), URL_SAFE_NO_PAD.encode(exponent));
        // The thumbprint of the key (RFC 7638), so that a new key has a new name.
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        Ok(Self {
            signing: EncodingKey::from_rsa_der(key.to_pkcs1_der().with_context(problem)?.as_bytes()),
            key_id: URL_SAFE_NO_PAD.encode(Sha256::digest(members)),
            modulus,
            exponent,
            verifying,
        })
    }

    /// The document at `/.well-known/openid-configuration` of an issuer that is found at `url` (OpenID Connect
    /// Discovery 1.0, section 3, as far as a verifier of tokens reads it).
    #[must_use]
    pub fn configuration(&self, url: &str) -> Value {
        json!({
            "issuer": url,
            "jwks_uri": format!("{url}/.well-known/jwks.json"),
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// The document at `/.well-known/jwks.json` (RFC 7517).
    #[must_use]
    pub fn keys(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256",
            "kid": self.key_id, "n": self.modulus, "e": self.exponent,
        }] })
    }

    /// Signs a token for a member of a group.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn token(
        &self,
        url: &str,
        group: &str,
        from: Timestamp,
        lasts: SignedDuration,
    ) -> anyhow::Result<String> {
        let (begins_s, lasts_s) = (from.as_second(), lasts.as_secs());
        self.sign(&json!({
            "iss": url, "aud": AUDIENCE, "sub": group, "groups": [group], "preferred_username": group,
            "iat": begins_s, "nbf": begins_s, "exp": begins_s.saturating_add(lasts_s),
        }))
    }

    /// Signs any claims.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        encode(&header, claims, &self.signing).context("cannot sign a token")
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        self.verifying.clone()
    }
}
