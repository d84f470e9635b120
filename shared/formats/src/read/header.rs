//! Tables whose first row names the columns: exports of portals, streams with a header.
//!
//! Columns go by the name in the header, never by their position: portals let people choose and drag columns. Lines in
//! front of the header (a report's title, its filters) and rows below a header that is not known are
//! [`RejectReason::NoHeader`]: kept and shown, never guessed at. Lines that a format knows its reports to begin with
//! are comments. A header that comes again, or another one, counts from there on; that is the only thing a line tells
//! those below it.

use super::csv::Cells;
use crate::parser::NoEvent;
use crate::row::{Columns, Field, Names, Row};
use bumpalo::Bump;
use trustwatch_model::{RejectReason, Skip};

/// Reads the rows of one object.
#[derive(Debug)]
pub(crate) struct HeaderTable {
    required: Required,
    preamble: &'static [&'static str],
    separator: u8,
    columns: Option<Columns>,
}

/// What a header has to name: of each of these groups one field at least.
pub(crate) type Required = &'static [&'static [Field]];

/// What may part the cells of a table.
pub(crate) const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl HeaderTable {
    /// A header is one that names the `required` columns. `preamble` are the words with which lines in front of it
    /// begin.
    pub(crate) const fn new(required: Required, preamble: &'static [&'static str]) -> Self {
        Self { required, preamble, separator: b',', columns: None }
    }

    /// Takes the cells of a row.
    ///
    /// # Errors
    /// [`Skip::Header`] for a header, [`Skip::Comment`] for a line of the preamble, [`RejectReason::NoHeader`] for a row that stands below none, and
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
        let Some(columns) = &self.columns else {
            let is_preamble = self.preamble.iter().any(|word| begins_with(text, word));
            return Err(if is_preamble { Skip::Comment.into() } else { RejectReason::NoHeader.into() });
        };
        let mut cells = Cells::new(text, self.separator, arena);
        let count = columns.fill(names, row, cells.by_ref());
        if count == columns.len() { Ok(()) } else { Err(RejectReason::Malformed.into()) }
    }

    /// The columns, when the line is a header.
    fn header(&self, names: &Names, text: &str, arena: &Bump) -> Option<(u8, Columns)> {
        // Rows are many and headers few: a row is told by the time of day that it holds, wherever that stands.
        if has_time_of_day(text) {
            return None;
        }
        SEPARATORS.into_iter().find_map(|separator| {
            let mut cells = Cells::new(text, separator, arena);
            // Some rows state their time in another way, and most begin with it.
            let first = cells.next().filter(|cell| !cell.bytes().any(|byte| byte.is_ascii_digit()))?;
            let columns = Columns::named(names, std::iter::once(first).chain(cells));
            satisfies(&columns, self.required).then_some((separator, columns))
        })
    }
}

/// Whether a header names what is required.
pub(crate) fn satisfies(columns: &Columns, required: Required) -> bool {
    required.iter().all(|group| group.iter().any(|field| columns.has(*field)))
}

/// Whether a colon stands between two digits.
fn has_time_of_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    memchr::memchr_iter(b':', bytes).any(|at| is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
}

fn begins_with(text: &str, word: &str) -> bool {
    let text = text.trim_start_matches('"');
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Field)] =
        &[("Date", Field::Time), ("User Name", Field::User), ("URL", Field::Url), ("Site", Field::Host)];

    fn read(lines: &[&str]) -> Vec<Result<(String, String), NoEvent>> {
        let names = Names::new(TABLE, &[]);
        let mut table = HeaderTable::new(&[&[Field::Time], &[Field::Url, Field::Host]], &["Report for"]);
        let arena = Bump::new();
        let mut outcomes = Vec::new();
        for line in lines {
            let mut row = Row::default();
            let read = table.read(&names, line, &mut row, &arena);
            outcomes.push(read.map(|()| {
                (
                    row.get(Field::User).to_owned(),
                    [Field::Url, Field::Host].map(|field| row.get(field)).concat(),
                )
            }));
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
        assert_eq!(read(&["Oak", "Datum,Adresse", "23/11/2026,a.example"]), vec![refused; 3]);
    }

    #[test]
    fn what_reports_begin_with_is_no_row_until_the_header_comes() {
        let read = read(&["Report for,Oak", "\"report for: Oak\"", "Date,URL", "Report for,a.example"]);
        let comment = Err(Skip::Comment.into());
        assert_eq!(read, [comment.clone(), comment, Err(Skip::Header.into()), row("", "a.example")]);
    }

    #[test]
    fn a_row_is_told_from_a_header_by_its_time() {
        for (text, want) in [("a,9:00", true), ("12:30", true), ("a:9", false), ("a::b", false), (":", false)]
        {
            assert_eq!(has_time_of_day(text), want, "{text}");
        }
    }

    #[test]
    fn a_row_of_another_width_is_not_read() {
        let read = read(&["Date,URL", "23/11/2026,a.example,b", "23/11/2026", "23/11/2026,\"a.exam"]);
        assert_eq!(read.get(1..), Some(&vec![Err(RejectReason::Malformed.into()); 3][..]));
    }
}
