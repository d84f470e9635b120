//! Whether an alert is what its evidence says, and stands where those who may know look.

use crate::alert::{about_of, alert_of, concluded, queues};
use crate::commit::Context;
use crate::step::{At, StepError};
use trustwatch_casework::Cell;
use trustwatch_store::CellItem;

/// A cell as it was read, with the one behind it, from which its state follows as well.
pub(crate) struct SeenCell {
    pub(crate) own: CellItem,
    pub(crate) next: CellItem,
}

impl SeenCell {
    pub(crate) async fn read(context: &Context, cell: &Cell, id: &str) -> Result<Self, StepError> {
        let own = context.store.cell(&cell.id()).await.at("read cell", id)?;
        let next = context.store.cell(&cell.after().id()).await.at("read cell", id)?;
        Ok(Self { own, next })
    }

    /// What is wrong with it.
    pub(crate) fn problems(&self, cell: &Cell, id: &str) -> Result<Vec<String>, StepError> {
        let mut problems = Vec::new();
        let own = &self.own;
        let state = concluded(cell, own, &self.next).at("fold cell", id)?;
        let alert = alert_of(own).at("read alert", id)?;
        if alert.state != state {
            problems.push(format!("alert {} is not what its evidence says", cell.id()));
        }
        if alert.state.firing.is_some() && alert.episode().is_none() {
            problems.push(format!("alert {} fires and has no episode for anybody to work on", cell.id()));
        }
        if own.rev > 0 {
            let about = about_of(own).at("read alert", id)?;
            if queues(&about, &alert, own).at("read alert", id)? != own.queues {
                problems.push(format!("alert {} does not stand where those who may know look", cell.id()));
            }
        }
        Ok(problems)
    }
}
