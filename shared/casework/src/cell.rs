//! The cell of an alert: a school, a rule, a subject and one window of a fixed grid.

use crate::{COUNT_MAX, CaseworkError};
use serde::{Deserialize, Serialize};
use trustwatch_model::{AlertId, Finding, RuleId, SchoolId, SubjectKey};

/// Longest grid window: 31 days.
pub const GRID_MS_MAX: i64 = 31 * 24 * 60 * 60 * 1_000;

/// Where the evidence of one rule on one subject in one window of the grid is gathered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// School.
    #[serde(rename = "sch")]
    pub school: SchoolId,
    /// Rule.
    #[serde(rename = "ru")]
    pub rule: RuleId,
    /// Subject.
    #[serde(rename = "sub")]
    pub subject: SubjectKey,
    /// Length of the window, in milliseconds: whole seconds.
    #[serde(rename = "gr")]
    pub grid_ms: i64,
    /// Beginning of the window: milliseconds since 1970 UTC, a multiple of `grid_ms`.
    #[serde(rename = "wi")]
    pub window_ms: i64,
}

impl Cell {
    /// The cell of a finding, by the time of its event.
    ///
    /// # Errors
    /// [`CaseworkError`] when the finding's grid or threshold is one that cells cannot serve.
    pub fn of(school: &SchoolId, finding: &Finding) -> Result<Self, CaseworkError> {
        check(finding)?;
        Ok(Self {
            school: school.clone(),
            rule: finding.rule.clone(),
            subject: finding.subject.clone(),
            grid_ms: finding.grid_ms,
            window_ms: window_ms(finding),
        })
    }

    /// The id of the cell.
    #[must_use]
    pub fn id(&self) -> AlertId {
        AlertId::of(&self.school, &self.rule, &self.subject, self.grid_ms, self.window_ms)
    }

    /// The cell of the window before.
    #[must_use]
    pub fn before(&self) -> Self {
        Self { window_ms: self.window_ms.saturating_sub(self.grid_ms), ..self.clone() }
    }

    /// The cell of the window after, whose contributions [`crate::fold`] reads too.
    #[must_use]
    pub fn after(&self) -> Self {
        Self { window_ms: self.window_ms.saturating_add(self.grid_ms), ..self.clone() }
    }

    /// The cells whose state may change when a contribution to this one does: the cell before, in which a window
    /// that ends here may have begun, and this one. No other.
    #[must_use]
    pub fn to_fold_again(&self) -> [Self; 2] {
        [self.before(), self.clone()]
    }
}

/// Beginning of the grid window that holds a finding. Whole seconds, also before 1970.
pub(crate) fn window_ms(finding: &Finding) -> i64 {
    finding.event_at.div_euclid(1_000).div_euclid(finding.grid_ms) * finding.grid_ms
}

/// Refuses what a policy that passed its lint does not contain.
pub(crate) fn check(finding: &Finding) -> Result<(), CaseworkError> {
    let (rule, grid_ms, threshold) = (&finding.rule, finding.grid_ms, finding.threshold);
    if grid_ms <= 0 || grid_ms > GRID_MS_MAX || grid_ms % 1_000 != 0 {
        return Err(CaseworkError::Grid { rule: rule.clone(), grid_ms });
    }
    if threshold.count == 0 || threshold.count > COUNT_MAX {
        return Err(CaseworkError::Count { rule: rule.clone(), count: threshold.count });
    }
    if threshold.within_ms <= 0 || threshold.within_ms > grid_ms {
        return Err(CaseworkError::Within { rule: rule.clone(), within_ms: threshold.within_ms, grid_ms });
    }
    Ok(())
}
