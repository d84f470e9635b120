//! One record of separated values, read leniently.

use crate::scan;
use bumpalo::Bump;

/// Walks over the cells of a line. White space around a cell does not count, so `"a", "b"` is two quoted cells. A
/// quote ends its cell when a separator or the end follows; two quotes stand for one; any other quote stands for
/// itself.
#[derive(Debug, Clone)]
pub(crate) struct Cells<'a> {
    line: &'a str,
    at: usize,
    separator: u8,
    ended: bool,
    cut: bool,
    arena: &'a Bump,
}

impl<'a> Cells<'a> {
    /// `separator` is ASCII: a comma, a semicolon, a tab. Always inlined down to the search, which is a third faster for a
    /// byte that is known while compiling.
    #[inline(always)]
    pub(crate) const fn new(line: &'a str, separator: u8, arena: &'a Bump) -> Self {
        Self { line, at: 0, separator, ended: false, cut: false, arena }
    }

    /// Whether the last cell lost its closing quote. It is not handed out.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    #[inline(always)]
    fn next(&mut self) -> Option<&'a str> {
        if self.ended {
            return None;
        }
        let bytes = self.line.as_bytes();
        let at = skip_blanks(bytes, self.at, self.separator);
        let quote = bytes.get(at) == Some(&b'"');
        let span =
            if quote { quoted(bytes, at + 1, self.separator) } else { Some(bare(bytes, at, self.separator)) };
        let Some(Span { from, to, next, doubled }) = span else {
            self.cut = true;
            self.ended = true;
            return None;
        };
        self.ended = next >= bytes.len();
        self.at = next + 1;
        let cell = self.line.get(from..to)?;
        Some(if doubled { self.arena.alloc_str(&cell.replace("\"\"", "\"")) } else { cell })
    }
}

/// The cells of a line; cells beyond `N` are counted and not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a, const N: usize> {
    cells: [&'a str; N],
    count: usize,
    cut: bool,
}

impl<'a, const N: usize> Record<'a, N> {
    /// Reads a line of [`Cells`].
    #[inline(always)]
    pub(crate) fn read(line: &'a str, separator: u8, arena: &'a Bump) -> Self {
        let mut record = Self { cells: [""; N], count: 0, cut: false };
        let mut cells = Cells::new(line, separator, arena);
        for cell in cells.by_ref() {
            if let Some(place) = record.cells.get_mut(record.count) {
                *place = cell;
            }
            record.count += 1;
        }
        record.cut = cells.is_cut();
        record
    }

    /// Cells parted by a text and by nothing else: for products that put nothing in quotes, or quotes around everything
    /// whatever stands inside.
    pub(crate) fn split(line: &'a str, separator: &str) -> Self {
        let mut record = Self { cells: [""; N], count: 0, cut: false };
        for cell in line.split(separator) {
            if let Some(place) = record.cells.get_mut(record.count) {
                *place = cell;
            }
            record.count += 1;
        }
        record
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

/// Where a cell begins and ends, and where its comma stands or the line ends.
struct Span {
    from: usize,
    to: usize,
    next: usize,
    doubled: bool,
}

#[inline(always)]
fn skip_blanks(bytes: &[u8], mut at: usize, separator: u8) -> usize {
    while let Some(blank @ (b' ' | b'\t')) = bytes.get(at)
        && *blank != separator
    {
        at += 1;
    }
    at
}

#[inline(always)]
fn bare(bytes: &[u8], from: usize, separator: u8) -> Span {
    let rest = bytes.get(from..).unwrap_or_default();
    let length = scan::find(rest, separator).unwrap_or(rest.len());
    let cell = rest.get(..length).unwrap_or_default().trim_ascii_end();
    Span { from, to: from + cell.len(), next: from + length, doubled: false }
}

/// The cell behind its opening quote.
#[inline(always)]
fn quoted(bytes: &[u8], from: usize, separator: u8) -> Option<Span> {
    let (mut search, mut doubled) = (from, false);
    loop {
        let at = search + scan::find(bytes.get(search..)?, b'"')?;
        if bytes.get(at + 1) == Some(&b'"') {
            doubled = true;
            search = at + 2;
            continue;
        }
        let next = skip_blanks(bytes, at + 1, separator);
        if bytes.get(next).is_none_or(|byte| *byte == separator) {
            return Some(Span { from, to: at, next, doubled });
        }
        search = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, want: &[&str]) {
        let arena = Bump::new();
        let record = Record::<8>::read(line, b',', &arena);
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
        check("\"a page on \"\"owls\"\"\",x", &["a page on \"owls\"", "x"]);
        check("\"say \"hi\" now\",x", &["say \"hi\" now", "x"]);
        check("", &[""]);
    }

    #[test]
    fn any_separator_parts_cells() {
        let arena = Bump::new();
        let check = |line, separator, want: &[&str]| {
            assert_eq!(Cells::new(line, separator, &arena).collect::<Vec<_>>(), want, "{line}");
        };
        check("a;b, c;\"d;e\"", b';', &["a", "b, c", "d;e"]);
        check("\t\ta b\t\"c\"\t", b'\t', &["", "", "a b", "c", ""]);
    }

    #[test]
    fn more_cells_than_are_kept_are_counted() {
        let arena = Bump::new();
        let record = Record::<2>::read("a,b,c", b',', &arena);
        assert_eq!((record.len(), record.cell(1), record.cell(2)), (3, "b", ""));
    }

    #[test]
    fn a_cell_without_its_end_marks_the_record() {
        let arena = Bump::new();
        assert!(Record::<4>::read("\"a\",\"b", b',', &arena).is_cut());
    }
}
