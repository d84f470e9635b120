//! Cursors: where the next page of a list begins, sealed so that only its own reader can go on with its own list.
//!
//! A cursor is base64url text without padding of `version (1) ‖ nonce (24) ‖ sealed`, where `sealed` is
//! `issued_at_ms (8, big endian) ‖ position` under XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), bound to the reader and
//! the filter, which are not in the text. The position is secret: it may name an alert that was looked at and that the
//! reader may not see. The nonce is an HMAC over all that is sealed and what it is bound to, so that no randomness is
//! needed and none can be short of it.

use crate::PrincipalId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

const VERSION: u8 = 2;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const KEY_BYTES_MIN: usize = 32;
const POSITION_BYTES_MAX: usize = 1024;

/// Longest text that is looked at as a cursor, in bytes: four characters for three bytes.
pub const CURSOR_BYTES_MAX: usize = (1 + NONCE_BYTES + 8 + POSITION_BYTES_MAX + TAG_BYTES).div_ceil(3) * 4;

/// A cursor that cannot be used. There is one error for all of forged, cut, expired and someone else's, so that it
/// tells an attacker nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this cursor does not belong to this list: ask for the first page again, without a cursor")]
pub struct CursorError;

/// A key that is too short to seal with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cursor key has {0} bytes: give it at least {KEY_BYTES_MIN} random bytes")]
pub struct CursorKeyError(usize);

/// A place in a list that is too long to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position has {0} bytes: at most {POSITION_BYTES_MAX} fit a cursor")]
pub struct PositionError(usize);

/// Where a page ended, in words of the store: at most 1 KiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position(String);

impl Position {
    /// A place in a list, such as the last key of a page. It must not hold the name of a person.
    ///
    /// # Errors
    /// [`PositionError`] when it is longer than any key of ours.
    pub fn new(text: &str) -> Result<Self, PositionError> {
        if text.len() > POSITION_BYTES_MAX {
            return Err(PositionError(text.len()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Seals and opens cursors.
///
/// ```
/// use trustwatch_access::{CursorError, CursorKey, GroupMap, Position, Principal};
/// # let map = GroupMap::parse("groups: {g-1: {role: dsl, schools: [oak]}}").unwrap();
/// # let claims = [("sub", "ab12"), ("groups", "[g-1]")].map(|(k, v)| (k.to_owned(), v.to_owned()));
/// let reader = Principal::from_claims(&claims.into(), &map).unwrap();
/// let (key, filter) = (CursorKey::new(&[7; 32]).unwrap(), "queue=oak/dsl&status=open");
/// let cursor = key.seal(reader.id(), filter, &Position::new("5#2026").unwrap(), 1_000);
/// assert_eq!(key.open(&cursor, reader.id(), filter, 2_000, 60_000).unwrap().as_str(), "5#2026");
/// assert_eq!(key.open(&cursor, reader.id(), "queue=oak/dsl", 2_000, 60_000), Err(CursorError));
/// ```
#[derive(Clone)]
pub struct CursorKey {
    nonce: Hmac<Sha256>,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CursorKey(…)")
    }
}

impl CursorKey {
    /// A key from at least 32 random bytes.
    ///
    /// # Errors
    /// [`CursorKeyError`] when there are fewer.
    pub fn new(bytes: &[u8]) -> Result<Self, CursorKeyError> {
        let too_short = || CursorKeyError(bytes.len());
        if bytes.len() < KEY_BYTES_MIN {
            return Err(too_short());
        }
        let root = Hmac::<Sha256>::new_from_slice(bytes).map_err(|_| too_short())?;
        // One key for each use.
        let of = |what: &[u8]| root.clone().chain_update(what).finalize().into_bytes();
        let nonce = Hmac::new_from_slice(&of(b"trustwatch cursor nonce")).map_err(|_| too_short())?;
        Ok(Self { nonce, cipher: XChaCha20Poly1305::new(&of(b"trustwatch cursor cipher")) })
    }

    /// The text that goes on at `position` for this reader of this list, issued at a time in milliseconds since 1970
    /// UTC. `filter` names the list and everything that narrows it, the same text for the same request each time.
    #[must_use]
    pub fn seal(
        &self,
        principal: &PrincipalId,
        filter: &str,
        position: &Position,
        issued_at_ms: u64,
    ) -> String {
        let mut plain = issued_at_ms.to_be_bytes().to_vec();
        plain.extend(position.0.as_bytes());
        let bound_to = bound_to(principal, filter);
        let nonce = self.nonce.clone().chain_update(&bound_to).chain_update(&plain).finalize().into_bytes();
        let nonce: [u8; NONCE_BYTES] = nonce.first_chunk().copied().unwrap_or_default();
        let payload = Payload { msg: &plain, aad: &bound_to };
        // It fails for texts of many gigabytes alone; a position has one kilobyte. What is empty opens as nothing.
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([&[VERSION][..], &nonce, &sealed].concat())
    }

    /// Where this cursor goes on, if it was sealed under this key for this reader and filter and is no older than
    /// `age_ms_max` (nor further ahead, which a clock that was set back would show).
    ///
    /// # Errors
    /// [`CursorError`], whatever is wrong with it.
    pub fn open(
        &self,
        cursor: &str,
        principal: &PrincipalId,
        filter: &str,
        now_ms: u64,
        age_ms_max: u64,
    ) -> Result<Position, CursorError> {
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(CursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| CursorError)?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or(CursorError)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(CursorError)?;
        let payload = Payload { msg: sealed, aad: &bound_to(principal, filter) };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| CursorError)?;
        let (issued_at_ms, position) = plain.split_first_chunk::<8>().ok_or(CursorError)?;
        if now_ms.abs_diff(u64::from_be_bytes(*issued_at_ms)) > age_ms_max {
            return Err(CursorError);
        }
        let position = std::str::from_utf8(position).map_err(|_| CursorError)?;
        Position::new(position).map_err(|_| CursorError)
    }
}

/// Each part with its length in front, so that no two pairs run together.
fn bound_to(principal: &PrincipalId, filter: &str) -> Vec<u8> {
    let mut bound = vec![VERSION];
    for part in [principal.as_str(), filter] {
        bound.extend((part.len() as u64).to_be_bytes());
        bound.extend(part.as_bytes());
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_MS: u64 = 1_780_000_000_000;
    const HOUR_MS: u64 = 3_600_000;

    fn key(byte: u8) -> CursorKey {
        CursorKey::new(&[byte; 32]).unwrap()
    }

    fn reader(text: &str) -> PrincipalId {
        PrincipalId::of_test(text)
    }

    fn sealed(position: &str) -> String {
        key(1).seal(&reader("sub:a"), "status=open", &Position::new(position).unwrap(), NOW_MS)
    }

    fn open(cursor: &str) -> Result<Position, CursorError> {
        key(1).open(cursor, &reader("sub:a"), "status=open", NOW_MS, HOUR_MS)
    }

    #[test]
    fn a_cursor_opens_only_for_its_reader_its_filter_its_key_and_its_hour() {
        let cursor = sealed("5#2026");
        let opens = |key: CursorKey, who: &str, filter: &str, now_ms: u64| {
            key.open(&cursor, &reader(who), filter, now_ms, HOUR_MS)
        };
        assert_eq!(opens(key(1), "sub:a", "status=open", NOW_MS).unwrap().as_str(), "5#2026");
        assert!(opens(key(1), "sub:a", "status=open", NOW_MS + HOUR_MS).is_ok());
        assert!(opens(key(1), "sub:a", "status=open", NOW_MS - HOUR_MS).is_ok());
        for refused in [
            opens(key(2), "sub:a", "status=open", NOW_MS),
            opens(key(1), "sub:b", "status=open", NOW_MS),
            opens(key(1), "sub:a", "status=closed", NOW_MS),
            opens(key(1), "sub:a", "status=open", NOW_MS + HOUR_MS + 1),
            opens(key(1), "sub:a", "status=open", NOW_MS - HOUR_MS - 1),
            // The border between reader and filter is covered.
            opens(key(1), "sub:as", "tatus=open", NOW_MS),
            opens(key(1), "sub:", "astatus=open", NOW_MS),
        ] {
            assert_eq!(refused, Err(CursorError));
        }
    }

    #[test]
    fn the_longest_position_fits_and_nothing_longer_is_looked_at() {
        let longest = "p".repeat(POSITION_BYTES_MAX);
        let cursor = sealed(&longest);
        assert!(cursor.len() <= CURSOR_BYTES_MAX);
        assert_eq!(open(&cursor).unwrap().as_str(), longest);
        assert_eq!(Position::new(&"p".repeat(1025)), Err(PositionError(1025)));
        // Not even when it is sealed.
        let longer = Position(longest + "p");
        assert_eq!(open(&key(1).seal(&reader("sub:a"), "status=open", &longer, NOW_MS)), Err(CursorError));
    }

    #[test]
    fn a_version_that_is_not_ours_is_refused() {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed("5#2026")).unwrap();
        bytes[0] += 1;
        assert_eq!(open(&URL_SAFE_NO_PAD.encode(bytes)), Err(CursorError));
    }

    #[test]
    fn a_cursor_does_not_show_where_it_goes_on() {
        let position = "5#2026-10-26/an-alert-of-somebody-else";
        let bytes = URL_SAFE_NO_PAD.decode(sealed(position)).unwrap();
        assert!(!bytes.windows(4).any(|window| position.as_bytes().windows(4).any(|part| part == window)));
    }

    #[test]
    fn short_keys_are_refused_and_no_key_is_shown() {
        assert_eq!(CursorKey::new(&[1; 31]).unwrap_err(), CursorKeyError(31));
        assert_eq!(format!("{:?}", key(65)), "CursorKey(…)");
    }

    proptest! {
        #[test]
        fn every_change_of_one_character_is_refused(position in ".{0,40}", at: prop::sample::Index, to in "[A-Za-z0-9_=+/-]") {
            let cursor = sealed(&position);
            let at = at.index(cursor.len());
            let mut forged = cursor.clone();
            forged.replace_range(at..=at, &to);
            prop_assume!(forged != cursor);
            prop_assert_eq!(open(&forged), Err(CursorError));
        }

        #[test]
        fn every_cut_and_every_addition_is_refused(position in ".{0,40}", at: prop::sample::Index, more in "[A-Za-z0-9_=-]{1,8}") {
            let cursor = sealed(&position);
            prop_assert_eq!(open(&cursor[..at.index(cursor.len())]), Err(CursorError));
            prop_assert_eq!(open(&(cursor.clone() + &more)), Err(CursorError));
            prop_assert_eq!(open(&(more + &cursor)), Err(CursorError));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            prop_assert_eq!(open(&text), Err(CursorError));
        }

        #[test]
        fn positions_come_back_as_they_were(position in ".{0,200}") {
            prop_assert_eq!(open(&sealed(&position)), Ok(Position(position)));
        }
    }
}
