//! One record of comma-separated values, read leniently.

use crate::scan;
use bumpalo::Bump;

/// The cells of a line; cells beyond `N` are counted and not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a, const N: usize> {
    cells: [&'a str; N],
    count: usize,
    cut: bool,
}

impl<'a, const N: usize> Record<'a, N> {
    /// Reads a line. White space around a cell does not count, so `"a", "b"` is two quoted cells. A quote ends its
    /// cell when a comma or the end follows; two quotes stand for one; any other quote stands for itself.
    pub(crate) fn read(line: &'a str, arena: &'a Bump) -> Self {
        let mut record = Self { cells: [""; N], count: 0, cut: false };
        let mut rest = line;
        loop {
            if !rest.starts_with('"') {
                rest = rest.trim_ascii_start();
            }
            let (cell, after) = match rest.strip_prefix('"') {
                Some(inner) => match quoted(inner, arena) {
                    Some(read) => read,
                    None => {
                        record.cut = true;
                        return record;
                    }
                },
                None => {
                    let end = scan::find(rest.as_bytes(), b',').unwrap_or(rest.len());
                    let (cell, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    (cell.trim_ascii_end(), after)
                }
            };
            if let Some(place) = record.cells.get_mut(record.count) {
                *place = cell;
            }
            record.count += 1;
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => return record,
            }
        }
    }

    /// The cell, or an empty text when the line has fewer.
    #[inline]
    pub(crate) fn cell(&self, index: usize) -> &'a str {
        self.cells.get(index).copied().unwrap_or_default()
    }

    /// Cells on the line.
    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// Whether the last cell lost its closing quote.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }
}

/// The cell behind its opening quote, and what follows it from the comma on.
fn quoted<'a>(inner: &'a str, arena: &'a Bump) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    let mut doubled = false;
    loop {
        let at = from + scan::find(inner.as_bytes().get(from..)?, b'"')?;
        let rest = inner.get(at + 1..)?;
        if rest.starts_with('"') {
            doubled = true;
            from = at + 2;
            continue;
        }
        let after = if rest.starts_with(',') { rest } else { rest.trim_ascii_start() };
        if after.is_empty() || after.starts_with(',') {
            let cell = inner.get(..at)?;
            let cell = if doubled { arena.alloc_str(&cell.replace("\"\"", "\"")) } else { cell };
            return Some((cell, after));
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &[&str]) {
        let arena = Bump::new();
        let record = Record::<8>::read(line, &arena);
        let cells: Vec<_> = (0..record.len()).map(|index| record.cell(index)).collect();
        assert_eq!(cells, want, "{line}");
        assert!(!record.is_cut());
    }

    #[test]
    fn cells_are_told_apart_however_they_are_quoted() {
        check("\"a\",\"b c\",\"\"", &["a", "b c", ""]);
        check(" \"a\", \"b, c\" ,d", &["a", "b, c", "d"]);
        check("a,,b,", &["a", "", "b", ""]);
        check("\"say \"\"hi\"\" now\",x", &["say \"hi\" now", "x"]);
        check("\"say \"hi\" now\",x", &["say \"hi\" now", "x"]);
        check("", &[""]);
    }

    #[test]
    fn more_cells_than_are_kept_are_counted() {
        let arena = Bump::new();
        let record = Record::<2>::read("a,b,c", &arena);
        assert_eq!((record.len(), record.cell(1), record.cell(2)), (3, "b", ""));
    }

    #[test]
    fn a_cell_without_its_end_marks_the_record() {
        let arena = Bump::new();
        assert!(Record::<4>::read("\"a\",\"b", &arena).is_cut());
    }
}
