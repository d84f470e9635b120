//! A reviewer's step on an alert.

use super::read::open;
use super::{Request, RequestError};
use crate::alert::{AlertRow, TRIES_MAX, row_of, write};
use crate::commit::Context;
use crate::step::{At, Cause, StepError};
use serde_json::json;
use trustwatch_access::Action;
use trustwatch_casework::{Alert, Revs, Transition, review};
use trustwatch_model::AlertId;
use trustwatch_store::CellWritten;

/// Takes a step on an alert that this person had before their eyes at `seen`. Who did it is written down in the same
/// transaction. Answers what the alert is now.
///
/// # Errors
/// [`RequestError`]; nothing has changed then, unless a call was cut off: read the alert again.
pub async fn change_alert(
    context: &Context,
    request: &Request<'_>,
    id: &AlertId,
    transition: Transition,
    seen: Revs,
) -> Result<(AlertRow, Alert), RequestError> {
    // Detection may write the cell at any moment, which stands in the way of this only where the reviewer should see
    // what it wrote. Another reviewer's step raises the revision, which `review` refuses.
    for _ in 0..TRIES_MAX {
        let (cell, alert, row) = open(context, request, Action::TransitionAlert, id).await?;
        let now_ms = context.now_ms();
        let changed = review(&alert, transition, request.principal.id().as_str(), now_ms, seen)?;
        let what = json!({
            "did": transition.as_str(),
            "outcome": transition.outcome(),
            "review_rev": changed.review_rev,
            "evidence_rev": changed.evidence_rev,
        });
        let audit = request.audit(context, &what);
        let written = write(context, id, &cell, &changed, &[], Some(&audit)).await;
        if written.at("write cell", id.as_str())? == CellWritten::Now {
            let row = row_of(&row.about, &changed, &cell).at("read alert", id.as_str())?.unwrap_or(row);
            return Ok((row, changed));
        }
    }
    Err(StepError::new("write cell", id.as_str(), Cause::Contended).into())
}
