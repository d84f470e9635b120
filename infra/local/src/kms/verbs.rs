//! The verbs: each reads its request, and gives the answer or the error that KMS would give (AWS KMS API Reference,
//! "GenerateDataKey" and "Decrypt").

use super::ALIAS;
use super::context::CanonicalContext;
use super::master::{DataKey, KEY_BYTES, MasterKey};
use crate::aws_json::{ApiError, parse};
use crate::queue::{ACCOUNT, REGION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The longest ciphertext, bytes, as in KMS.
const CIPHERTEXT_BYTES_MAX: usize = 6144;
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GenerateDataKey {
    key_id: String,
    key_spec: Option<String>,
    number_of_bytes: Option<u64>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    ciphertext_blob: String,
    key_id: Option<String>,
    encryption_algorithm: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
}

pub(super) fn call(key: &MasterKey, verb: &str, body: &[u8]) -> Result<Value, ApiError> {
    match verb {
        "GenerateDataKey" => generate_data_key(key, &parse(body)?),
        "Decrypt" => decrypt(key, &parse(body)?),
        _ => Err(ApiError::new("UnknownOperationException", format!("`{verb}` is not known here"))),
    }
}

fn generate_data_key(key: &MasterKey, request: &GenerateDataKey) -> Result<Value, ApiError> {
    if !names(key, &request.key_id) {
        return Err(ApiError::new(
            "NotFoundException",
            format!("key `{}` is not known here", request.key_id),
        ));
    }
    match (request.key_spec.as_deref(), request.number_of_bytes) {
        (Some("AES_256"), None) => {}
        (None, Some(bytes)) if bytes == KEY_BYTES as u64 => {}
        (Some(_), Some(_)) | (None, None) => {
            return Err(invalid("give either KeySpec or NumberOfBytes"));
        }
        _ => return Err(invalid("data keys are AES_256 here")),
    }
    let context = CanonicalContext::new(&request.encryption_context)?;
    let made = key.data_key(&context);
    let DataKey { plain, sealed } =
        made.map_err(|_| ApiError::internal("KMSInternalException", "the system gives no random bytes"))?;
    Ok(json!({
        "KeyId": arn(key), "Plaintext": STANDARD.encode(plain), "CiphertextBlob": STANDARD.encode(sealed),
    }))
}

fn decrypt(key: &MasterKey, request: &Decrypt) -> Result<Value, ApiError> {
    if request.encryption_algorithm.as_deref().is_some_and(|algorithm| algorithm != ALGORITHM) {
        return Err(invalid("the algorithm of this key is SYMMETRIC_DEFAULT"));
    }
    if request.key_id.as_deref().is_some_and(|id| !names(key, id)) {
        let message = "the key in the request is not the one that the ciphertext was made under";
        return Err(ApiError::new("IncorrectKeyException", message));
    }
    let sealed = STANDARD.decode(&request.ciphertext_blob);
    let sealed =
        sealed.map_err(|_| ApiError::new("SerializationException", "CiphertextBlob is not base64"))?;
    if !(1..=CIPHERTEXT_BYTES_MAX).contains(&sealed.len()) {
        return Err(invalid("CiphertextBlob must have 1 to 6144 bytes"));
    }
    let context = CanonicalContext::new(&request.encryption_context)?;
    // KMS does not tell a wrong context from a damaged ciphertext, nor from one of another key.
    let plain = key.open_sealed(&sealed, &context);
    let plain = plain
        .ok_or_else(|| ApiError::new("InvalidCiphertextException", "the ciphertext cannot be opened"))?;
    Ok(json!({
        "KeyId": arn(key), "Plaintext": STANDARD.encode(plain), "EncryptionAlgorithm": ALGORITHM,
    }))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn arn(key: &MasterKey) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", key.id())
}

/// Whether a request means the key: by its id, its alias, or the ARN of either.
fn names(key: &MasterKey, id: &str) -> bool {
    id == key.id() || id == ALIAS || id == arn(key) || id == format!("arn:aws:kms:{REGION}:{ACCOUNT}:{ALIAS}")
}
