//! e2guardian and DansGuardian, in each layout of `logfileformat` (e2guardian `src/FatController.cpp`, `configs/
//! e2guardian.conf.in`). A line tells its layout:
//!
//! | n | told by | columns |
//! |---|---|---|
//! | 1 | spaces, a date with dots | date, user, client, URL, what, method, size, weight, category, group number, status, type, client's name, group name, agent … |
//! | 2 | quotes | the same, separated by commas; quotes inside are not escaped |
//! | 3 | spaces, an epoch | Squid's native layout |
//! | 4 | tabs, a date | as 1 |
//! | 5 to 8 | tabs, an epoch | epoch, server, user, client (and its name), URL, method, status, size, type, agent, result, duration, peer, number, what, weight, category, group name, group number (7 and 8: search terms, flags) |
//!
//! DansGuardian writes dates without leading zeros and fewer columns. Dates are local, epochs are not. Empty columns of
//! layout 1 leave spaces in a row, so that they count. Where syslog took the date for its own, its stamp stands for it.
//!
//! **What** begins with marks between stars, of which `*DENIED*` and `*INFECTED*` refuse; behind them stands the reason.
//! Marks come from the language file of the box: one that is not known refuses when the status is 403.

mod columns;

use crate::clock::Clock;
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, Sniff};
use crate::read::wrap::{self, Message};
use crate::row::{self, Field, Row, Rules};
use bumpalo::Bump;
use trustwatch_model::{Action, Event};

/// The format `e2guardian`.
pub(super) struct E2guardian;

impl Format for E2guardian {
    fn id(&self) -> &'static str {
        "e2guardian"
    }

    fn title(&self) -> &'static str {
        "DansGuardian and e2guardian"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let reason = "lines of an e2guardian access log";
        Sniff::by_reading(
            self.id(),
            reason,
            head,
            E2guardianParser { clock: Clock::any_time(), sniffs: true },
        )
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(E2guardianParser { clock: Clock::new(context), sniffs: false })
    }
}

struct E2guardianParser {
    clock: Clock,
    /// Layout 3 is Squid's: a feed says that it is e2guardian's, a line does not.
    sniffs: bool,
}

impl ReadLine for E2guardianParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = wrap::behind_tag(message.text, "guardian");
        let mut row = Row::default();
        columns::read(&mut row, text, self.sniffs)?;
        if row.given(Field::Time).is_none() {
            row.set(Field::Time, message.stamp);
        }
        let what = What::read(row.get(Field::Detail));
        row.set(Field::Action, if what.marks.is_empty() { row.get(Field::Action) } else { what.marks });
        row.set(Field::Rule, what.reason);
        if row.get(Field::SourceIp) == "0.0.0.0" {
            // `anonymizelogs`.
            row.set(Field::SourceIp, "");
        }
        row::event(event, &row, Rules::default(), &mut self.clock, arena)?;
        event.action = Some(what.action(event.http_status, row.get(Field::Kind)));
        Ok(())
    }
}

/// The verdict with its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct What<'a> {
    /// Everything up to the last star of the marks, as written.
    marks: &'a str,
    reason: &'a str,
}

/// Marks that refuse; `-POST` and `-PARAMS` can follow the word.
const REFUSING: [&str; 2] = ["*DENIED", "*INFECTED"];

/// Marks that let through.
const PASSING: [&str; 9] = [
    "*TRUSTED",
    "*EXCEPTION",
    "*SCANNED",
    "*CONTENTMOD",
    "*URLMOD",
    "*HEADERMOD",
    "*GREY",
    "*BYPASS",
    "*OVERRIDE",
];

impl<'a> What<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim_ascii();
        let mut end = 0;
        while let Some(rest) = text.get(end..).map(str::trim_ascii_start).filter(|rest| rest.starts_with('*'))
        {
            let Some(closing) = rest.get(1..).and_then(|inner| inner.find('*')) else { break };
            end = text.len() - rest.len() + closing + 2;
        }
        let (marks, reason) = text.split_at_checked(end).unwrap_or(("", text));
        Self { marks, reason: reason.trim_ascii() }
    }

    fn action(self, status: Option<u16>, result: &str) -> Action {
        let has = |marks: &[&str]| marks.iter().any(|mark| self.marks.contains(mark));
        let strange = !self.marks.is_empty() && !has(&PASSING);
        let refused = has(&REFUSING) || (strange && status == Some(403)) || result.contains("DENIED");
        match (refused, status) {
            (_, Some(407)) => Action::Challenged,
            (true, _) => Action::Blocked,
            (false, _) => Action::Allowed,
        }
    }
}

#[cfg(test)]
mod tests;
