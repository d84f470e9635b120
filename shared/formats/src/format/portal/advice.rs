//! What to say of a table whose header no map knows.

use super::maps::PORTALS;
use super::{COMMON, Portal, required};
use crate::read::csv::Cells;
use crate::read::header::SEPARATORS;
use crate::row::{Columns, Field, Names};
use crate::text;
use bumpalo::Bump;
use std::fmt;
use trustwatch_model::Reading;

/// Most columns that are named.
const COLUMNS_MAX: usize = 30;

/// Letters of a name that can be a column's.
const NAME_LETTERS_MAX: usize = 40;

/// Lines that are looked at for a header. One that comes later has not been seen.
const LINES_MAX: u32 = 50;

/// Looks for the header among lines that stood below none ([`trustwatch_model::RejectReason::NoHeader`]), so that a person
/// can be told what to set. What it remembers is bounded, and holds no values of rows.
#[derive(Debug)]
pub struct HeaderSearch {
    format: Option<String>,
    reading: Reading,
    lines: u32,
    best: Option<(u32, UnknownHeader)>,
}

impl HeaderSearch {
    /// For a table that was read as this format (`None`: as any) with a feed's settings.
    #[must_use]
    pub fn new(format: Option<&str>, reading: &Reading) -> Self {
        Self { format: format.map(str::to_owned), reading: reading.clone(), lines: 0, best: None }
    }

    /// Takes a line that stood below no header, without its line end.
    pub fn look(&mut self, line: &[u8]) {
        if self.lines == LINES_MAX {
            return;
        }
        self.lines += 1;
        let arena = Bump::new();
        let Some(line) = text::line(line, &arena) else { return };
        let Some(cells) = cells(line, &arena) else { return };
        let (score, header) = self.explain(&cells);
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            self.best = Some((score, header));
        }
    }

    /// What was found; `None` when no line had several cells.
    #[must_use]
    pub fn found(&self) -> Option<&UnknownHeader> {
        self.best.as_ref().map(|(_, header)| header)
    }

    /// What can be said of a line, and how much it is a header: by the names that are known, then by its looks.
    fn explain(&self, cells: &[&str]) -> (u32, UnknownHeader) {
        if !looks_like_a_header(cells) {
            return (0, UnknownHeader { columns: Vec::new(), count: cells.len(), nearest: None });
        }
        let of_feed = |portal: &&Portal| self.format.as_deref() == Some(portal.0.id);
        let nearest = PORTALS.into_iter().find(of_feed).map_or_else(
            || PORTALS.into_iter().map(|portal| self.compare(portal, cells)).reduce(nearer),
            |portal| Some(self.compare(portal, cells)),
        );
        let columns = cells.iter().take(COLUMNS_MAX).map(|cell| (*cell).to_owned()).collect();
        let known = nearest.as_ref().map_or(0, |nearest| nearest.known.len());
        let score = u32::try_from(known).unwrap_or(u32::MAX - 1) + 1;
        let nearest = nearest.filter(|nearest| !nearest.known.is_empty());
        (score, UnknownHeader { columns, count: cells.len(), nearest })
    }

    fn compare(&self, portal: &Portal, cells: &[&str]) -> NearestMap {
        let table = &portal.0;
        let (own, all) = (Names::new(table.names, &[]), table.all_names(&self.reading));
        let columns = Columns::named(&all, cells.iter().copied());
        let known = cells.iter().filter(|cell| all.find_loosely(cell).is_some());
        let missing = required(table).iter().filter(|group| !group.iter().any(|field| columns.has(*field)));
        NearestMap {
            format: table.id,
            title: table.title,
            own: cells.iter().filter(|cell| own.find_loosely(cell).is_some()).count(),
            known: known.take(COLUMNS_MAX).map(|cell| (*cell).to_owned()).collect(),
            missing: missing.filter_map(|group| example(portal, group)).collect(),
        }
    }
}

/// The map that knows more columns by itself, then with what all have in common; the first among equals.
fn nearer(one: NearestMap, other: NearestMap) -> NearestMap {
    let rank = |map: &NearestMap| (map.own, map.known.len());
    if rank(&other) > rank(&one) { other } else { one }
}

/// A column that would do, as the portal calls it.
fn example(portal: &Portal, fields: &[Field]) -> Option<Missing> {
    let mut names = portal.0.names.iter().chain(COMMON).filter(|(_, field)| fields.contains(field));
    let (example, _) = names.next()?;
    Some(Missing { example, word: fields.first()?.word() })
}

/// The cells of a line, by the separator that makes the most of it; `None` when it is one cell whatever parts it.
fn cells<'a>(line: &'a str, arena: &'a Bump) -> Option<Vec<&'a str>> {
    let split = |separator| Cells::new(line, separator, arena).collect::<Vec<_>>();
    SEPARATORS.into_iter().map(split).max_by_key(Vec::len).filter(|cells| cells.len() > 1)
}

/// Whether a line can be shown: several different names, and nothing that a row would hold. Names of people cannot be
/// told from names of columns, but rows that hold nothing else are no log.
fn looks_like_a_header(cells: &[&str]) -> bool {
    let names: Vec<&str> = cells.iter().copied().filter(|cell| !cell.is_empty()).collect();
    let different = names.iter().enumerate().all(|(at, name)| !names.iter().take(at).any(|one| one == name));
    names.len() > 1 && different && names.iter().all(|name| is_name(name))
}

/// A word or a few, with a letter and without the marks of addresses and times.
fn is_name(cell: &str) -> bool {
    let bytes = cell.as_bytes();
    let pairs = || bytes.iter().zip(bytes.iter().skip(1));
    // `9:00`, `10.0.0.1`, `a.example`, `23/11`.
    let of_value = pairs().any(|(one, next)| match one {
        b':' | b'/' => next.is_ascii_digit() || *next == b'/',
        b'.' => next.is_ascii_alphanumeric(),
        _ => false,
    });
    cell.chars().count() <= NAME_LETTERS_MAX
        && cell.chars().any(char::is_alphabetic)
        && !of_value
        && !cell.contains(['@', '\\'])
        && !cell.chars().any(char::is_control)
}

/// A header that no map knows, for a person to mend. It shows names of columns and nothing of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHeader {
    /// The names as they stand, thirty at most; none when the line does not look like a header.
    pub columns: Vec<String>,
    /// How many columns there are.
    pub count: usize,
    /// The map that knows most of them; `None` when none knows any.
    pub nearest: Option<NearestMap>,
}

/// A portal's map beside a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearestMap {
    /// Id of the format.
    pub format: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How many columns are known by the portal's own map.
    own: usize,
    /// The columns that are known.
    pub known: Vec<String>,
    /// What the header would have to name.
    pub missing: Vec<Missing>,
}

/// A column that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// How the portal calls it.
    pub example: &'static str,
    /// The word for it in a feed's settings.
    pub word: &'static str,
}

impl fmt::Display for UnknownHeader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.columns.is_empty() {
            return write!(
                out,
                "no line above the rows names their {} columns: export the table with its header row",
                self.count
            );
        }
        write!(out, "the header has {}", Quoted(&self.columns))?;
        if let Some(more) = self.count.checked_sub(self.columns.len()).filter(|more| *more > 0) {
            write!(out, " and {more} more")?;
        }
        let Some(nearest) = &self.nearest else {
            return write!(
                out,
                "; no portal is known that calls its columns so: say with --field what they hold"
            );
        };
        write!(
            out,
            "; nearest is `{}` ({}): known {}",
            nearest.format,
            nearest.title,
            Quoted(&nearest.known)
        )?;
        for Missing { example, word } in &nearest.missing {
            write!(out, "; missing `{example}`: say with --field NAME={word} which column it is")?;
        }
        Ok(())
    }
}

struct Quoted<'a>(&'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            write!(out, "{}`{name}`", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(format: Option<&str>, lines: &[&str]) -> Option<String> {
        let mut search = HeaderSearch::new(format, &Reading::default());
        lines.iter().for_each(|line| search.look(line.as_bytes()));
        search.found().map(|header| header.to_string())
    }

    #[test]
    fn a_header_is_shown_with_the_nearest_map_and_what_is_missing() {
        assert_eq!(
            found(None, &["Export of the week", "Datum;Username;Code;URL"]).unwrap(),
            "the header has `Datum`, `Username`, `Code`, `URL`; nearest is `smoothwall` (Smoothwall Filter and Cloud \
             Filter): known `Username`, `Code`, `URL`; missing `Time`: say with --field NAME=time which column it is"
        );
        let of_feed = found(Some("securly"), &["Datum;Username;Code;URL"]).unwrap();
        assert!(of_feed.contains("nearest is `securly`") && of_feed.contains("missing `Date and Time`"));
        let strange = found(None, &["Datum,Adresse"]).unwrap();
        assert!(strange.starts_with("the header has `Datum`, `Adresse`; no portal"), "{strange}");
    }

    #[test]
    fn the_line_that_is_most_of_a_header_is_shown() {
        let shown = found(None, &["Filters: a, b", "Colour,Size", "URL,Datum,User", "pat,oak"]).unwrap();
        assert!(shown.starts_with("the header has `URL`, `Datum`, `User`;"), "{shown}");
    }

    #[test]
    fn nothing_of_a_row_is_ever_shown() {
        for row in [
            "23/11/2026 09:00,pat,www.a.example,Allowed",
            "pat@example.sch.uk,oak,Allowed",
            "pat,http://a.example/,Allowed",
            "pat,a.example,Allowed",
            "pat,10.0.0.1,Allowed",
            "OAK\\pat,Year 7,Allowed",
            "pat,7,Allowed",
            "pat,pat,Allowed",
        ] {
            let shown = found(None, &[row]).unwrap();
            let columns = row.split(',').count();
            assert_eq!(
                shown,
                format!(
                    "no line above the rows names their {columns} columns: export the table with its header row"
                )
            );
        }
        assert_eq!(found(None, &["prose", ""]), None);
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let wide = (0..200).map(|at| format!("c{}", "x".repeat(at % 30 + 1) + &at.to_string()));
        let wide = wide.collect::<Vec<_>>().join(",");
        let shown = found(None, &[&wide]).unwrap();
        assert!(shown.contains(" and 170 more") && shown.len() < 3_000, "{}", shown.len());
        let mut search = HeaderSearch::new(None, &Reading::default());
        (0..LINES_MAX).for_each(|_| search.look(b"prose"));
        search.look(b"Date,URL");
        assert_eq!(search.found(), None);
    }

    #[test]
    fn columns_that_the_feed_names_count() {
        let fields = [("Datum".to_owned(), "time".to_owned())].into();
        let mut search = HeaderSearch::new(None, &Reading { fields, ..Reading::default() });
        search.look(b"Datum,Adresse");
        let nearest = search.found().unwrap().nearest.as_ref().unwrap();
        assert_eq!(nearest.known, ["Datum"]);
        assert_eq!(nearest.missing.iter().map(|missing| missing.word).collect::<Vec<_>>(), ["url"]);
    }
}
