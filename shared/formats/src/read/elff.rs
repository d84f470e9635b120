//! W3C Extended Log File Format: `#` directives, and rows whose columns the last `#Fields` names
//! (<https://www.w3.org/TR/WD-logfile.html>).
//!
//! The directive can change in the middle of a file; it counts from there on. Through syslog it never arrives, so a
//! format may state the order that its product writes by default.

use super::csv::Cells;
use super::words::Words;
use crate::parser::NoEvent;
use crate::row::{Columns, Names, Row};
use bumpalo::Bump;
use trustwatch_model::{RejectReason, Skip};

/// Reads the rows of one object.
#[derive(Debug)]
pub(crate) struct ElffTable {
    columns: Option<Columns>,
    /// The columns were stated by the file and not assumed.
    stated: bool,
    tabs: bool,
}

impl ElffTable {
    /// `assumed` are the columns before any directive.
    pub(crate) fn new(names: &Names, assumed: Option<&'static [&'static str]>) -> Self {
        let columns = assumed.map(|assumed| Columns::named(names, assumed.iter().copied()));
        Self { columns, stated: false, tabs: false }
    }

    /// Takes the values of a row.
    ///
    /// # Errors
    /// [`Skip::Header`] for `#Fields`, [`Skip::Comment`] for other directives, [`RejectReason::NoHeader`] for a row
    /// below no directive, [`RejectReason::Malformed`] for one that has not as many values as columns.
    pub(crate) fn read<'a>(
        &mut self,
        names: &Names,
        text: &'a str,
        row: &mut Row<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        if let Some(directive) = text.strip_prefix('#') {
            let Some((name, fields)) = directive.split_once(':') else { return Err(Skip::Comment.into()) };
            if !name.trim_ascii().eq_ignore_ascii_case("fields") {
                return Err(Skip::Comment.into());
            }
            self.tabs = fields.trim_ascii().contains('\t');
            self.columns = Some(Columns::named(names, fields.split_ascii_whitespace()));
            self.stated = true;
            return Err(Skip::Header.into());
        }
        let columns = self.columns.as_ref().ok_or(RejectReason::NoHeader)?;
        let count = if self.tabs {
            columns.fill(names, row, Cells::new(text, b'\t', arena))
        } else {
            let mut words = Words::new(text);
            columns.fill(names, row, std::iter::from_fn(|| words.value()))
        };
        // Products append columns to their default order; a file that states its own keeps to it.
        let fits = if self.stated { count == columns.len() } else { count >= columns.len() };
        if fits { Ok(()) } else { Err(RejectReason::Malformed.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Field;

    const TABLE: &[(&str, Field)] =
        &[("cs-host", Field::Host), ("cs(User-Agent)", Field::UserAgent), ("c-ip", Field::SourceIp)];

    fn read(
        assumed: Option<&'static [&'static str]>,
        lines: &[&str],
    ) -> Vec<Result<(String, String), NoEvent>> {
        let names = Names::new(TABLE, &[]);
        let mut table = ElffTable::new(&names, assumed);
        let arena = Bump::new();
        let mut outcomes = Vec::new();
        for line in lines {
            let mut row = Row::default();
            let read = table.read(&names, line, &mut row, &arena);
            let values = (row.get(Field::Host).to_owned(), row.get(Field::UserAgent).to_owned());
            outcomes.push(read.map(|()| values));
        }
        outcomes
    }

    fn row(host: &str, agent: &str) -> Result<(String, String), NoEvent> {
        Ok((host.to_owned(), agent.to_owned()))
    }

    #[test]
    fn the_last_directive_names_the_columns() {
        let (header, comment) = (Err(Skip::Header.into()), Err(Skip::Comment.into()));
        assert_eq!(
            read(
                None,
                &[
                    "#Software: x",
                    "a.example agent",
                    "#Fields: c-ip cs-host cs(User-Agent)",
                    "10.0.0.1 a.example \"a b \"c\"d\"",
                    "10.0.0.1  b.example -",
                    "10.0.0.1 b.example",
                    "#Fields: cs(user-agent)\tcs-host",
                    "a b\tc.example",
                    "#",
                ]
            ),
            [
                comment.clone(),
                Err(RejectReason::NoHeader.into()),
                header.clone(),
                row("a.example", "a b \"c\"d"),
                row("b.example", ""),
                Err(RejectReason::Malformed.into()),
                header,
                row("c.example", "a b"),
                comment,
            ]
        );
    }

    #[test]
    fn an_assumed_order_may_have_more_columns_behind_it() {
        let assumed: Option<&'static [&'static str]> = Some(&["c-ip", "cs-host"]);
        let read = read(assumed, &["10.0.0.1 a.example more", "10.0.0.1"]);
        assert_eq!(read, [row("a.example", ""), Err(RejectReason::Malformed.into())]);
    }
}
