//! Who may call: the holder of the one access key, proved by a SigV4 signature over the whole request.
//!
//! The canonical request is built here by the AWS reference "Create a signed AWS API request"; the key derivation
//! and the signature come from the SDK's own `aws-sigv4`. The age of a signature is not judged: the endpoint is
//! bound to loopback, and whoever could record a request there can read the credentials.

use std::time::SystemTime;

use aws_sigv4::sign::v4;
use axum::http::{HeaderMap, Method, Uri, header};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::api_error::ApiError;
use trustwatch_store::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The parts of an `Authorization` header of SigV4.
struct Claim<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix(ALGORITHM)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            match field.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => signed_headers = Some(value),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let mut scope = credential?.split('/');
        let claim = Self {
            access_key_id: scope.next()?,
            date: scope.next()?,
            region: scope.next()?,
            service: scope.next()?,
            signed_headers: signed_headers?,
            signature: signature?,
        };
        let ends_well = scope.next() == Some("aws4_request") && scope.next().is_none();
        ends_well.then_some(claim)
    }
}

/// Checks that the request was signed with the key of the endpoint.
pub(super) fn verify(
    credentials: &Credentials,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), ApiError> {
    let missing =
        || ApiError::forbidden("MissingAuthenticationToken", "the request carries no SigV4 authorization");
    let mismatch = || {
        ApiError::forbidden(
            "SignatureDoesNotMatch",
            "the signature is not that of this request and access key",
        )
    };
    let authorization = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let claim = authorization.to_str().ok().and_then(Claim::parse).ok_or_else(missing)?;
    if claim.access_key_id != credentials.access_key {
        return Err(ApiError::forbidden("InvalidClientTokenId", "the access key is not known here"));
    }
    let expected =
        expected_signature(credentials, &claim, method, uri, headers, body).ok_or_else(mismatch)?;
    if !equal_in_constant_time(expected.as_bytes(), claim.signature.as_bytes()) {
        return Err(mismatch());
    }
    Ok(())
}

/// The signature that the request should have, or none if it lacks what a signature is made of.
fn expected_signature(
    credentials: &Credentials,
    claim: &Claim<'_>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<String> {
    // Without these two among what is signed, a signature could be moved to another verb or another server.
    let is_signed = |name: &str| claim.signed_headers.split(';').any(|signed| signed == name);
    if !is_signed("host") || !is_signed("x-amz-target") || uri.query().is_some() {
        return None;
    }
    let stamp = headers.get("x-amz-date")?.to_str().ok()?;
    if stamp.get(..8)? != claim.date {
        return None;
    }
    let signed_at = strtime::parse("%Y%m%dT%H%M%SZ", stamp).ok()?.to_datetime().ok()?;
    let signed_at = SystemTime::from(signed_at.to_zoned(TimeZone::UTC).ok()?.timestamp());

    let mut canonical = format!("{method}\n{}\n\n", uri.path());
    for name in claim.signed_headers.split(';') {
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            values.push(value.to_str().ok()?.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        if values.is_empty() {
            return None;
        }
        canonical.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    canonical.push_str(&format!("\n{}\n{}", claim.signed_headers, hex::encode(Sha256::digest(body))));

    let scope = format!("{}/{}/{}/aws4_request", claim.date, claim.region, claim.service);
    let hash = hex::encode(Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{hash}");
    let key = v4::generate_signing_key(&credentials.secret_key, signed_at, claim.region, claim.service);
    Some(v4::calculate_signature(key, to_sign.as_bytes()))
}

/// Compares without telling by its time how much is right.
fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
