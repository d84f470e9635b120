//! One alert with its evidence.

use super::evidence::{Sight, sights};
use super::{Request, RequestError};
use crate::alert::{AlertRow, about_of, alert_of, row_of};
use crate::commit::Context;
use crate::sign_in::subjects;
use crate::step::{At, StepError};
use serde_json::json;
use trustwatch_access::Action;
use trustwatch_casework::Alert;
use trustwatch_model::{AlertId, is_masked};
use trustwatch_store::{AuditPlace, CellItem};

/// What a policy says about the rule of an alert, in the latest version that judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// Version of the policy.
    pub policy: u32,
    /// Title.
    pub title: String,
    /// What the reader is advised to do.
    pub advice: String,
    /// The clauses that it enforces: title of the document, id of the clause, what it says.
    pub cites: Vec<(String, String, String)>,
}

/// An alert as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertView {
    /// Id.
    pub id: AlertId,
    /// What a list shows.
    pub row: AlertRow,
    /// State, episodes and revisions.
    pub alert: Alert,
    /// Rule.
    pub rule: Option<RuleText>,
    /// Events, the most severe and of these the latest first.
    pub sights: Vec<Sight>,
    /// Addresses and searches are hidden from everybody.
    pub is_masked: bool,
}

/// A cell that this person may do this to, as it is now.
pub(super) async fn open(
    context: &Context,
    request: &Request<'_>,
    action: Action,
    id: &AlertId,
) -> Result<(CellItem, Alert, AlertRow), RequestError> {
    request.has_login()?;
    let seen = context.store.cell(id).await.at("read cell", id.as_str())?;
    if seen.rev == 0 {
        return Err(RequestError::NoSuchAlert);
    }
    let (about, alert) = (about_of(&seen).at("read alert", id.as_str())?, alert_of(&seen));
    let alert = alert.at("read alert", id.as_str())?;
    let row = row_of(&about, &alert, &seen).at("read alert", id.as_str())?;
    let row = row.ok_or(RequestError::NoSuchAlert)?;
    let own = subjects(context, request.principal, &row.about.cell).await;
    let own = own.at("read what decides", id.as_str())?;
    let may = request.may_alert(context, action, &row, own).await.at("read what decides", id.as_str())?;
    if may { Ok((seen, alert, row)) } else { Err(RequestError::NoSuchAlert) }
}

/// Reads an alert. That it was read is written down first.
///
/// # Errors
/// [`RequestError`].
pub async fn read_alert(
    context: &Context,
    request: &Request<'_>,
    id: &AlertId,
) -> Result<AlertView, RequestError> {
    let (seen, alert, row) = open(context, request, Action::ReadAlert, id).await?;
    let audit = request.audit(context, &json!({"did": "read alert"}));
    context.store.put_audit(&AuditPlace::Alert(id), &audit).await.at("audit", id.as_str())?;
    let cell = &row.about.cell;
    let (mut rule, mut seen_events) = (None, Vec::new());
    if let Some(firing) = &alert.state.firing {
        let next = context.store.cell(&cell.after().id()).await.at("read cell", id.as_str())?;
        let listed =
            sights(context, &cell.school, &cell.rule, &row.category, &firing.evidence, [&seen, &next]);
        seen_events = listed.await?;
        if let Some(version) = firing.policies.last() {
            rule = rule_text(context, &row, *version).await?;
        }
    }
    let is_masked = is_masked(&row.category);
    Ok(AlertView { id: id.clone(), row, alert, rule, sights: seen_events, is_masked })
}

async fn rule_text(context: &Context, row: &AlertRow, version: u32) -> Result<Option<RuleText>, StepError> {
    let compiled = context.policy(version).await.at("read policy", "-")?;
    let policy = &compiled.policy;
    let Some(rule) = policy.rules.iter().find(|rule| rule.id == row.about.cell.rule) else { return Ok(None) };
    let cites = rule.cites.iter().filter_map(|cite| {
        let document = policy.documents.iter().find(|document| document.id == cite.document)?;
        let clause = document.clauses.get(&cite.clause)?;
        Some((document.title.clone(), cite.clause.clone(), clause.clone()))
    });
    Ok(Some(RuleText {
        policy: version,
        title: rule.title.clone(),
        advice: rule.advice.clone(),
        cites: cites.collect(),
    }))
}
