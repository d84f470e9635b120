//! Alerts as people work on them: listed, read, and changed, each only by those who may, and each audited before it
//! is answered.

mod change;
mod evidence;
mod list;
mod read;

pub use change::change_alert;
pub use evidence::Sight;
pub use list::{AlertFilter, AlertPage, LIMIT_MAX, list_alerts};
pub use read::{AlertView, RuleText, read_alert};

use crate::alert::AlertRow;
use crate::commit::Context;
use crate::feeds::registered_schools;
use crate::sign_in::KEPT_MS;
use crate::step::{Cause, StepError};
use std::collections::BTreeSet;
use std::sync::Arc;
use trustwatch_access::{
    Action, Authoriser, CursorError, Decision, GroupMap, Principal, Resource, SchoolRole,
};
use trustwatch_casework::ReviewError;
use trustwatch_model::{Attribution, Desk, Queue, SchoolId, SubjectKey, SubjectRole};
use trustwatch_policy::fold_login;
use trustwatch_store::AuditItem;

/// A request of a person, and what decides about it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// Who else has which role.
    pub groups: &'a GroupMap,
    /// The policies.
    pub authoriser: &'a Authoriser,
    /// Id of the request, as the gateway gave it.
    pub id: &'a str,
}

/// Why a request about alerts is refused.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no such alert, or none that this person may see: the answer is the same.
    #[error("there is no alert of this id that you may see")]
    NoSuchAlert,
    /// There is no such school, or none that this person may see.
    #[error("there is no school of this id that you may see")]
    NoSuchSchool,
    /// The token does not say which logins are the person's, so nobody can tell which cases are their own.
    #[error(
        "the token names no login of yours, so that your own cases cannot be kept from you: ask trust IT to let the \
         directory send `preferred_username` or `upn`"
    )]
    NoLogin,
    /// None of the person's roles works alerts.
    #[error("your roles do not work alerts: ask trust IT if they should")]
    NoQueue,
    /// The cursor.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The review.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The store, or what is stored.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl Request<'_> {
    fn may(&self, action: Action, resource: &Resource) -> bool {
        self.authoriser.authorise(self.principal, action, resource) == Decision::Allow
    }

    /// Whether nobody is head of a school: what stands in the head's queue is then the trust's to read.
    fn has_no_head(&self, school: &SchoolId) -> bool {
        !self.groups.gives(SchoolRole::Head, school)
    }

    /// Whether this person, who is these subjects, may do this to the alert that shows this row.
    async fn may_alert(
        &self,
        context: &Context,
        action: Action,
        row: &AlertRow,
        subjects: BTreeSet<SubjectKey>,
    ) -> Result<bool, Cause> {
        let cell = &row.about.cell;
        let role = row.subject_role.max(role_now(context, row).await?);
        let mut queues: BTreeSet<Queue> = row.routes().into_iter().map(|route| route.queue).collect();
        if queues.contains(&Queue::School(cell.school.clone(), Desk::Head)) && self.has_no_head(&cell.school)
        {
            queues.insert(Queue::Trust);
        }
        let principal = self.principal.clone().with_subjects(subjects);
        let alert = trustwatch_access::Alert {
            school: cell.school.clone(),
            audience: row.audience,
            queues,
            subject: Some(cell.subject.clone()),
            subject_is_head: role == Some(SubjectRole::Head),
            subject_is_dsl: role == Some(SubjectRole::Dsl),
        };
        Ok(self.authoriser.authorise(&principal, action, &Resource::Alert(alert)) == Decision::Allow)
    }

    /// Refuses who may not be told any case, whatever their roles.
    fn has_login(&self) -> Result<(), RequestError> {
        if self.principal.logins().is_empty() { Err(RequestError::NoLogin) } else { Ok(()) }
    }

    fn audit(&self, context: &Context, what: &serde_json::Value) -> AuditItem {
        AuditItem {
            name: format!("{:013}#{}", context.now_ms().max(0), self.id),
            by: self.principal.id().to_string(),
            what: what.to_string(),
        }
    }
}

/// What the roster of today says of the subject: who became head since an alert was judged is head.
async fn role_now(context: &Context, row: &AlertRow) -> Result<Option<SubjectRole>, Cause> {
    let cell = &row.about.cell;
    let Some(login) = row.about.user_name.as_deref().filter(|_| row.about.attribution == Attribution::User)
    else {
        return Ok(None);
    };
    let roster = context.roster_now(cell.school.as_str()).await?;
    let person = roster.person(cell.school.as_str(), &fold_login(login), row.last_ms.saturating_mul(1_000));
    Ok(person.and_then(|person| person.role))
}

/// The registered schools that this person may see; with a school given, that one.
///
/// # Errors
/// [`RequestError::NoSuchSchool`] when the school that was given is not among them.
pub async fn visible_schools(
    context: &Context,
    request: &Request<'_>,
    only: Option<&SchoolId>,
) -> Result<Vec<SchoolId>, RequestError> {
    let schools = schools(context).await?;
    let visible = |school: &&SchoolId| request.may(Action::ListSchools, &Resource::School((*school).clone()));
    match only {
        None => Ok(schools.iter().filter(visible).cloned().collect()),
        Some(only) => {
            let found = schools.iter().find(|school| *school == only).filter(visible);
            Ok(vec![found.cloned().ok_or(RequestError::NoSuchSchool)?])
        }
    }
}

async fn schools(context: &Context) -> Result<Arc<Vec<SchoolId>>, StepError> {
    let (shelf, now_ms) = (&context.in_force.0.schools, context.now_ms());
    if let Some(schools) = shelf.get(&(), now_ms) {
        return Ok(schools);
    }
    let schools = Arc::new(registered_schools(context).await?);
    shelf.keep((), Arc::clone(&schools), now_ms + KEPT_MS);
    Ok(schools)
}
