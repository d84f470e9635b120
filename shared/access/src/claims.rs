//! A person and their grants, from the claims of a token that the gateway has checked.
//!
//! API Gateway's JWT authorizer of an HTTP API hands a function each claim as a string: an array arrives as
//! `[a b c]`, an object as `map[…]`. That loses the borders between the members of an array, so group ids are taken
//! letter by letter and the whole claim is refused when one of them could be something else. A role that a token
//! names by itself is never read.

use crate::{Grant, GroupId, GroupMap};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use trustwatch_model::SubjectKey;

/// Longest `sub`: OpenID Connect Core 1.0, section 2, "must not exceed 255 ASCII characters".
const SUB_BYTES_MAX: usize = 255;
/// Longest `oid`, `tid` and group id. Entra ID gives 36.
const ID_BYTES_MAX: usize = 64;
/// Longest login: the longest mail address (RFC 3696, erratum 1690) with a domain in front.
const LOGIN_BYTES_MAX: usize = 320;
/// Longest `groups`: Entra ID sends at most 200 ids of 36 digits and then leaves the claim out.
const GROUPS_BYTES_MAX: usize = 16 * 1024;

/// Claims that may hold a login, in any form (`name`, `name@school`, `DOMAIN\name`).
pub const LOGIN_CLAIMS: [&str; 4] = ["preferred_username", "upn", "unique_name", "email"];

/// Why a token makes nobody a user here. The gateway has believed the token, so each is answered by 403.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A claim that must be there is not.
    #[error("the token has no claim `{claim}`: ask trust IT to let the directory send it")]
    Missing {
        /// Its name.
        claim: &'static str,
    },
    /// A claim is not of the form that it has to have. Its value is not repeated: it may name a person.
    #[error("the claim `{claim}` is not {expected}: ask trust IT to look at what the directory sends")]
    Malformed {
        /// Its name.
        claim: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A claim is longer than any honest one.
    #[error(
        "the claim `{claim}` has {bytes} bytes, and at most {bytes_max} are read: ask trust IT to let the directory send less"
    )]
    Oversized {
        /// Its name.
        claim: &'static str,
        /// Its length.
        bytes: usize,
        /// What is read.
        bytes_max: usize,
    },
    /// The directory left the groups out, because there are too many for a token (Entra ID: more than 200).
    #[error(
        "your account is in too many groups for the directory to list them in a token: ask trust IT to set the \
         application's groups claim to \"groups assigned to the application\", then sign in again"
    )]
    TooManyGroups,
    /// None of the groups is in the group map.
    #[error(
        "your account has no role here: none of its {groups} groups is one that trustwatch knows; ask trust IT to \
         add you to the group of your role, then sign in again"
    )]
    NoGrant {
        /// Groups in the token.
        groups: usize,
    },
}

/// Names a person for as long as their account lives, and tells nothing about them:
/// `entra:<tenant>/<object id>`, or `sub:<subject>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(String);

impl PrincipalId {
    /// The id as text, for audit entries and the author of a change.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Prefers the pair of Entra ID, which is the same in every application; `sub` differs between them.
    fn from_claims(claims: &BTreeMap<String, String>) -> Result<Self, AccessError> {
        let sub = bounded(claims, "sub", SUB_BYTES_MAX)?.ok_or(AccessError::Missing { claim: "sub" })?;
        if sub.is_empty() || !sub.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AccessError::Malformed {
                claim: "sub",
                expected: "made of visible ASCII characters",
            });
        }
        let (tid, oid) = (plain_claim(claims, "tid")?, plain_claim(claims, "oid")?);
        Ok(Self(match (tid, oid) {
            (Some(tid), Some(oid)) => format!("entra:{tid}/{oid}"),
            _ => format!("sub:{sub}"),
        }))
    }

    #[cfg(test)]
    pub(crate) fn of_test(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A person who has at least one grant.
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    id: PrincipalId,
    grants: BTreeSet<Grant>,
    logins: BTreeSet<String>,
    subjects: Option<BTreeSet<SubjectKey>>,
}

impl Principal {
    /// The person of a token, with the grants of those of their groups that are in the map.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use trustwatch_access::{GroupMap, Principal};
    ///
    /// let map = GroupMap::parse("groups: {g-7: {role: dsl, schools: [oak]}}").unwrap();
    /// let claims = [("sub", "ab12"), ("groups", "[g-1 g-7]")];
    /// let claims: BTreeMap<String, String> = claims.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    /// let principal = Principal::from_claims(&claims, &map).unwrap();
    /// assert_eq!(principal.id().as_str(), "sub:ab12");
    /// assert_eq!(principal.grants().len(), 1);
    /// ```
    ///
    /// # Errors
    /// [`AccessError`] when the token does not say who it is, or gives them nothing to do here.
    pub fn from_claims(claims: &BTreeMap<String, String>, map: &GroupMap) -> Result<Self, AccessError> {
        let id = PrincipalId::from_claims(claims)?;
        let groups = groups(claims)?;
        let grants: BTreeSet<Grant> = groups.iter().flat_map(|group| map.grants(group)).cloned().collect();
        if grants.is_empty() {
            return Err(AccessError::NoGrant { groups: groups.len() });
        }
        Ok(Self { id, grants, logins: logins(claims)?, subjects: None })
    }

    /// Says which subjects of alerts this person is: the keys of each of [`Self::logins`] at the schools and in the
    /// academic years in question. Until this is said, no alert about a subject is open to them.
    #[must_use]
    pub fn with_subjects(self, subjects: BTreeSet<SubjectKey>) -> Self {
        Self { subjects: Some(subjects), ..self }
    }

    /// Who it is.
    #[must_use]
    pub const fn id(&self) -> &PrincipalId {
        &self.id
    }

    /// What they were granted: never nothing.
    #[must_use]
    pub const fn grants(&self) -> &BTreeSet<Grant> {
        &self.grants
    }

    /// The logins that the token names, as the directory writes them. They are names of a person: for deriving
    /// subject keys, never for a key, a log line or a mail.
    #[must_use]
    pub const fn logins(&self) -> &BTreeSet<String> {
        &self.logins
    }

    pub(crate) const fn subjects(&self) -> Option<&BTreeSet<SubjectKey>> {
        self.subjects.as_ref()
    }
}

/// Shows no login: what is shown ends in logs.
impl fmt::Debug for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Principal")
            .field("id", &self.id)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

fn groups(claims: &BTreeMap<String, String>) -> Result<BTreeSet<GroupId>, AccessError> {
    match bounded(claims, "groups", GROUPS_BYTES_MAX)? {
        Some(value) => group_ids(value).ok_or(AccessError::Malformed {
            claim: "groups",
            expected: "a list of group ids (ids, not names)",
        }),
        None if groups_were_left_out(claims) => Err(AccessError::TooManyGroups),
        None => Ok(BTreeSet::new()),
    }
}

/// The members of `[a b c]`, or of a claim that is one id. `None` when any of them is not an id: a group that is
/// named `x dsl-group` must not pass for two.
fn group_ids(value: &str) -> Option<BTreeSet<GroupId>> {
    match value.strip_prefix('[') {
        None => GroupId::new(value).map(|one| BTreeSet::from([one])),
        Some("]") => Some(BTreeSet::new()),
        Some(rest) => rest.strip_suffix(']')?.split(' ').map(GroupId::new).collect(),
    }
}

/// Entra ID puts one of two claims in the place of `groups`, by the kind of the flow ("Groups overage claim" in its
/// reference of access token claims).
fn groups_were_left_out(claims: &BTreeMap<String, String>) -> bool {
    let has = |claim: &str, word: &str| claims.get(claim).is_some_and(|value| value.contains(word));
    has("hasgroups", "true") || has("_claim_names", "groups")
}

fn logins(claims: &BTreeMap<String, String>) -> Result<BTreeSet<String>, AccessError> {
    let mut logins = BTreeSet::new();
    for claim in LOGIN_CLAIMS {
        let Some(login) = bounded(claims, claim, LOGIN_BYTES_MAX)? else { continue };
        if login.trim().is_empty() || login.chars().any(char::is_control) {
            return Err(AccessError::Malformed { claim, expected: "a login without control characters" });
        }
        logins.insert(login.to_owned());
    }
    Ok(logins)
}

fn plain_claim<'c>(
    claims: &'c BTreeMap<String, String>,
    claim: &'static str,
) -> Result<Option<&'c str>, AccessError> {
    let value = bounded(claims, claim, ID_BYTES_MAX)?;
    if value.is_some_and(|value| !is_plain_id(value)) {
        return Err(AccessError::Malformed { claim, expected: "an id of letters, digits, - and _" });
    }
    Ok(value)
}

/// An id that stays one id wherever it is written: 1 to 64 ASCII letters, digits, `-` and `_`.
pub(crate) fn is_plain_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

fn bounded<'c>(
    claims: &'c BTreeMap<String, String>,
    claim: &'static str,
    bytes_max: usize,
) -> Result<Option<&'c str>, AccessError> {
    match claims.get(claim) {
        Some(value) if value.len() > bytes_max => {
            Err(AccessError::Oversized { claim, bytes: value.len(), bytes_max })
        }
        value => Ok(value.map(String::as_str)),
    }
}
