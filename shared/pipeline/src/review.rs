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
use crate::sign_in::{KEPT_MS, subjects};
use crate::step::{Cause, StepError};
use std::collections::BTreeSet;
use std::sync::Arc;
use trustwatch_access::{Action, Authoriser, CursorError, Decision, Principal, Resource};
use trustwatch_casework::ReviewError;
use trustwatch_model::{SchoolId, SubjectRole};
use trustwatch_store::AuditItem;

/// A request of a person, and what decides about it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
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

    /// Whether this person may do this to the alert that shows this row.
    async fn may_alert(&self, context: &Context, action: Action, row: &AlertRow) -> Result<bool, Cause> {
        let cell = &row.about.cell;
        let subjects = subjects(context, self.principal, cell).await?;
        let principal = self.principal.clone().with_subjects(subjects);
        let alert = trustwatch_access::Alert {
            school: cell.school.clone(),
            audience: row.audience,
            queues: row.routes().into_iter().map(|route| route.queue).collect::<BTreeSet<_>>(),
            subject: Some(cell.subject.clone()),
            subject_is_head: row.subject_role == Some(SubjectRole::Head),
            // The ladder that makes an alert the head's own is not there yet.
            assigned_to_head: false,
        };
        Ok(self.authoriser.authorise(&principal, action, &Resource::Alert(alert)) == Decision::Allow)
    }

    fn audit(&self, context: &Context, what: &serde_json::Value) -> AuditItem {
        AuditItem {
            name: format!("{:013}#{}", context.now_ms().max(0), self.id),
            by: self.principal.id().to_string(),
            what: what.to_string(),
        }
    }
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
