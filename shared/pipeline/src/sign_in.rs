//! Who somebody is here: their grants by the group map, and the subjects of alerts that they are themselves.

use crate::commit::Context;
use crate::step::{At, Cause, StepError};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trustwatch_access::{AccessError, GroupMap, GroupMapError, Principal};
use trustwatch_casework::{AcademicYear, Cell, subject_key};
use trustwatch_model::{Attribution, Audience, SubjectKey};
use trustwatch_policy::fold_login;
use trustwatch_store::PutOutcome;

/// Where the group map lies in the config bucket.
pub const GROUP_MAP_KEY: &str = "access.yaml";

/// How long the group map and the list of schools are kept: a right that was taken away ends after so long.
pub(crate) const KEPT_MS: i64 = 10_000;

/// Why somebody who has a good token is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Their token makes them nobody here.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Nobody has any role yet.
    #[error("nobody has a role here yet: put the group map with `trustwatch access set access.yaml`")]
    NoMap,
    /// The map was put past the command that checks it.
    #[error("the group map has mistakes and is not used: {0}")]
    Map(GroupMapError),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// Somebody who was let in, and the map by which they were.
#[derive(Debug)]
pub struct SignedIn {
    /// Who it is.
    pub principal: Principal,
    /// Who has which role.
    pub groups: Arc<GroupMap>,
}

/// The person that the claims of a verified token stand for.
///
/// # Errors
/// [`SignInError`]; nobody is let in who has no grant.
pub async fn sign_in(context: &Context, claims: &BTreeMap<String, String>) -> Result<SignedIn, SignInError> {
    let kept = context.in_force.0.groups.get(&(), context.now_ms());
    if let Some(groups) = kept {
        match Principal::from_claims(claims, &groups) {
            // The map may have been changed for them a moment ago: who is refused is looked up again.
            Err(AccessError::NoGrant { .. }) => {}
            principal => return Ok(SignedIn { principal: principal?, groups }),
        }
    }
    let groups = group_map(context).await?;
    Ok(SignedIn { principal: Principal::from_claims(claims, &groups)?, groups })
}

async fn group_map(context: &Context) -> Result<Arc<GroupMap>, SignInError> {
    let (shelf, now_ms) = (&context.in_force.0.groups, context.now_ms());
    let found = context.store.read(&context.store.names().config, GROUP_MAP_KEY).await;
    let object = found.at("read group map", "-")?.ok_or(SignInError::NoMap)?;
    let map = GroupMap::parse(&String::from_utf8_lossy(&object.bytes)).map_err(SignInError::Map)?;
    let map = Arc::new(map);
    shelf.keep((), Arc::clone(&map), now_ms + KEPT_MS);
    Ok(map)
}

/// Why a group map was not put.
#[derive(Debug, thiserror::Error)]
pub enum PutGroupMapError {
    /// It has mistakes.
    #[error(transparent)]
    Map(#[from] GroupMapError),
    /// The store.
    #[error(transparent)]
    Step(#[from] StepError),
    /// Somebody else put one at the same time.
    #[error("somebody else put a group map at the same time: look at theirs and try again")]
    Contended,
}

/// Puts the group map that `change` makes of the one that is there, or of nothing.
///
/// # Errors
/// [`PutGroupMapError`]; a map with a mistake is not put.
pub async fn put_group_map(
    context: &Context,
    change: impl FnOnce(Option<String>) -> String,
) -> Result<GroupMap, PutGroupMapError> {
    let config = &context.store.names().config;
    let found = context.store.read(config, GROUP_MAP_KEY).await.at("read group map", "-")?;
    let text = found.as_ref().map(|object| String::from_utf8_lossy(&object.bytes).into_owned());
    let changed = change(text.clone());
    let map = GroupMap::parse(&changed)?;
    if text.as_ref() == Some(&changed) {
        return Ok(map);
    }
    let etag = found.as_ref().map(|object| object.etag.as_str());
    let put = context.store.replace(config, GROUP_MAP_KEY, Bytes::from(changed), etag).await;
    match put.at("put group map", "-")? {
        PutOutcome::Created => Ok(map),
        PutOutcome::Exists => Err(PutGroupMapError::Contended),
    }
}

/// The subjects of a cell's school and years that a person is, by every login of theirs: those of the token, and
/// those that the roster gives to the same person.
pub(crate) async fn subjects(
    context: &Context,
    principal: &Principal,
    cell: &Cell,
) -> Result<BTreeSet<SubjectKey>, Cause> {
    let mut keys = BTreeSet::new();
    if principal.logins().is_empty() {
        return Ok(keys);
    }
    let roster = context.roster_now(cell.school.as_str()).await?;
    let folded: Vec<String> = principal.logins().iter().map(|login| fold_login(login)).collect();
    // Nobody who works alerts is a pupil: a login that is a pupil's at this school is another person of the same name.
    let school = cell.school.as_str();
    let is_pupil = |login: &&String| {
        let person = roster.person(school, login, cell.window_ms.saturating_mul(1_000));
        person.is_some_and(|person| person.audience == Audience::Pupil)
    };
    let own = folded.iter().filter(|login| !is_pupil(login));
    let logins: BTreeSet<&str> = own.flat_map(|login| roster.logins_of(school, login)).collect();
    // A window may reach from one academic year into the next.
    let last_ms = cell.after().window_ms.saturating_sub(1);
    for at_ms in BTreeSet::from([cell.window_ms, last_ms]) {
        let key = context.year_key(AcademicYear::of(at_ms.saturating_mul(1_000))?).await?;
        for login in &logins {
            let kinds = [Attribution::User, Attribution::SharedLogin];
            keys.extend(kinds.map(|kind| subject_key(&key, &cell.school, kind, login)));
        }
    }
    Ok(keys)
}
