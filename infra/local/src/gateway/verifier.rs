//! Who may pass: the holder of a token that the issuer signed, that is meant for this API, and whose time it is.

use super::claims::Claims;
use super::issuer::{AUDIENCE, Issuer};
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

/// The longest token, bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// How much the clocks of issuer and gateway may differ, s.
const SKEW_S: i64 = 60;

/// Why a request is not passed on. It says nothing of what is in the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorised {
    /// There is no token.
    #[error("the request needs a token: `Authorization: Bearer …`")]
    Missing,
    /// There is more than one `Authorization`, or one that is no bearer token.
    #[error("the request must have one `Authorization` header, with a bearer token")]
    Malformed,
    /// The token is too long.
    #[error("the token is longer than 8 KiB")]
    Oversized,
    /// Another algorithm or key, or no signature of the issuer's.
    #[error("the token was not signed by the issuer of this API")]
    Signature,
    /// It is another issuer's, or for another API.
    #[error("the token is not meant for this API")]
    Addressee,
    /// Its time is over, or has not come.
    #[error("the token has expired, or is not valid yet")]
    Time,
}

/// Verifies tokens of one issuer.
pub struct Verifier {
    key_id: String,
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    /// For the tokens of an issuer that is found at `url`.
    #[must_use]
    pub fn new(issuer: &Issuer, url: &str) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[url]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        // Times are judged below, by the clock of the system, which is not always that of the machine.
        validation.validate_exp = false;
        Self { key_id: issuer.key_id().to_owned(), key: issuer.decoding_key(), validation }
    }

    /// Takes the token out of a request's headers and verifies it.
    ///
    /// # Errors
    /// [`Unauthorised`], which becomes a 401.
    pub fn verify_headers(&self, headers: &HeaderMap, now: Timestamp) -> Result<Claims, Unauthorised> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let given = match (given.next(), given.next()) {
            (None, _) => return Err(Unauthorised::Missing),
            (Some(given), None) => given.to_str().map_err(|_| Unauthorised::Malformed)?,
            (Some(_), Some(_)) => return Err(Unauthorised::Malformed),
        };
        let (scheme, token) = given.split_once(' ').ok_or(Unauthorised::Malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Unauthorised::Malformed);
        }
        self.verify(token, now)
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// [`Unauthorised`].
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Unauthorised> {
        use jsonwebtoken::errors::ErrorKind;
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Unauthorised::Oversized);
        }
        let head = decode_header(token).map_err(|_| Unauthorised::Signature)?;
        // An extension that must be understood is one that we do not understand (RFC 7515, section 4.1.11).
        if head.kid.as_ref() != Some(&self.key_id) || head.crit.is_some() {
            return Err(Unauthorised::Signature);
        }
        let verified = decode::<Map<String, Value>>(token, &self.key, &self.validation);
        let claims = verified.map_err(|error| match error.kind() {
            ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience | ErrorKind::MissingRequiredClaim(_) => {
                Unauthorised::Addressee
            }
            _ => Unauthorised::Signature,
        })?;
        check_times(&claims.claims, now.as_second())?;
        Ok(claims.claims.into())
    }
}

/// RFC 7519, sections 4.1.4 to 4.1.6; like API Gateway, this takes no token that was issued in the future.
fn check_times(claims: &Map<String, Value>, now_s: i64) -> Result<(), Unauthorised> {
    let at = |name: &str| claims.get(name).map(|at| at.as_i64().ok_or(Unauthorised::Time)).transpose();
    let is_over = at("exp")?.is_none_or(|at| at.saturating_add(SKEW_S) <= now_s);
    let is_ahead = |at: Option<i64>| at.is_some_and(|at| at.saturating_sub(SKEW_S) > now_s);
    if is_over || is_ahead(at("nbf")?) || is_ahead(at("iat")?) {
        return Err(Unauthorised::Time);
    }
    Ok(())
}
