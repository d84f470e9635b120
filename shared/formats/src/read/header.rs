//! Tables whose first row names the columns: exports of portals, streams with a header.
//!
//! Columns go by the name in the header, never by their position: portals let people choose and drag columns. Lines in
//! front of the header (a report's title, its filters) and rows below a header that is not known are
//! [`RejectReason::NoHeader`]: kept and shown, never guessed at. A header that comes again, or another one, counts from
//! there on; that is the only thing a line tells those below it.

use super::csv::Cells;
use crate::parser::NoEvent;
use crate::row::{Columns, Field, Names, Row};
use bumpalo::Bump;
use trustwatch_model::{RejectReason, Skip};

/// Reads the rows of one object.
#[derive(Debug)]
pub(crate) struct HeaderTable {
    required: &'static [Field],
    separator: u8,
    columns: Option<Columns>,
}

/// What may part the cells of a table.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

impl HeaderTable {
    /// A header is one that names columns for all `required` fields.
    pub(crate) const fn new(required: &'static [Field]) -> Self {
        Self { required, separator: b',', columns: None }
    }

    /// Takes the cells of a row.
    ///
    /// # Errors
    /// [`Skip::Header`] for a header, [`RejectReason::NoHeader`] for a row that stands below none, and
    /// [`RejectReason::Malformed`] for a row that has not as many cells as its header.
    pub(crate) fn read<'a>(
        &mut self,
        names: &Names,
        text: &'a str,
        row: &mut Row<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        if let Some((separator, columns)) = self.header(names, text, arena) {
            (self.separator, self.columns) = (separator, Some(columns));
            return Err(Skip::Header.into());
        }
        let columns = self.columns.as_ref().ok_or(RejectReason::NoHeader)?;
        let mut cells = Cells::new(text, self.separator, arena);
        let count = columns.fill(names, row, cells.by_ref());
        if count == columns.len() { Ok(()) } else { Err(RejectReason::Malformed.into()) }
    }

    /// The columns, when the line is a header.
    fn header(&self, names: &Names, text: &str, arena: &Bump) -> Option<(u8, Columns)> {
        SEPARATORS.into_iter().find_map(|separator| {
            let mut cells = Cells::new(text, separator, arena);
            // Rows are many and headers few: most rows are told by a digit in their first cell.
            let first = cells.next().filter(|cell| !cell.bytes().any(|byte| byte.is_ascii_digit()))?;
            let columns = Columns::named(names, std::iter::once(first).chain(cells));
            self.required.iter().all(|field| columns.has(*field)).then_some((separator, columns))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Field)] =
        &[("Date", Field::Time), ("User Name", Field::User), ("URL", Field::Url), ("Site", Field::Url)];

    fn read(lines: &[&str]) -> Vec<Result<(String, String), NoEvent>> {
        let names = Names::new(TABLE, &[]);
        let mut table = HeaderTable::new(&[Field::Time, Field::Url]);
        let arena = Bump::new();
        let mut outcomes = Vec::new();
        for line in lines {
            let mut row = Row::default();
            let read = table.read(&names, line, &mut row, &arena);
            outcomes.push(read.map(|()| (row.get(Field::User).to_owned(), row.get(Field::Url).to_owned())));
        }
        outcomes
    }

    fn row(user: &str, url: &str) -> Result<(String, String), NoEvent> {
        Ok((user.to_owned(), url.to_owned()))
    }

    #[test]
    fn columns_go_by_their_names_wherever_they_stand() {
        let header = Err(Skip::Header.into());
        assert_eq!(
            read(&[
                "URL,Date,user_name,Colour",
                "a.example,23/11/2026 09:00,pat,red",
                "\"Date\";\"Site\"",
                "23/11/2026;b.example",
                "URL\tDATE",
                "c.example\t23/11/2026",
            ]),
            [
                header.clone(),
                row("pat", "a.example"),
                header.clone(),
                row("", "b.example"),
                header,
                row("", "c.example"),
            ]
        );
    }

    #[test]
    fn rows_below_no_known_header_are_refused() {
        let refused = Err(RejectReason::NoHeader.into());
        assert_eq!(read(&["Report for Oak", "Datum,Adresse", "23/11/2026,a.example"]), vec![refused; 3]);
    }

    #[test]
    fn a_row_of_another_width_is_not_read() {
        let read = read(&["Date,URL", "23/11/2026,a.example,b", "23/11/2026", "23/11/2026,\"a.exam"]);
        assert_eq!(read.get(1..), Some(&vec![Err(RejectReason::Malformed.into()); 3][..]));
    }
}
