//! A growing file: a text that is uploaded again and again, cut anywhere, and an obviously right account of what of
//! it is to be delivered.

use crate::fixture::gzip;
use crate::system::HOUR_MS;

/// How a version is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// As it is.
    Plain,
    /// Under gzip.
    Gzip,
    /// Under gzip that ends in the middle.
    CutInside,
    /// Under gzip of which only the check at the end is missing: every line can be read, and still it is damaged.
    CutAtEnd,
}

/// One upload.
#[derive(Debug, Clone)]
pub struct Version {
    /// How much of the text it has, in thousandths.
    pub cut: usize,
    /// How it is stored.
    pub stored: Stored,
    /// How long after the one before.
    pub after_ms: i64,
    /// What is done once it is there: settle, or work on one of the versions so far.
    pub then: Vec<u8>,
}

/// Gaps around the day after which a file is final, and some of which several make a day.
pub const GAPS_MS: [i64; 7] =
    [HOUR_MS, 12 * HOUR_MS, 23 * HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS + 1, 30 * HOUR_MS, 60 * HOUR_MS];

impl Version {
    /// The text of this version.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[..text.len() * self.cut / 1_000]
    }

    /// What is uploaded.
    #[must_use]
    pub fn bytes(&self, text: &str) -> Vec<u8> {
        let text = self.text(text).as_bytes();
        let mut packed = gzip(text);
        match self.stored {
            Stored::Plain => return text.to_vec(),
            Stored::Gzip => {}
            Stored::CutInside => packed.truncate(10 + (packed.len() - 10) / 2),
            Stored::CutAtEnd => packed.truncate(packed.len() - 8),
        }
        packed
    }

    /// Whether it can be read to its end.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.stored, Stored::Plain | Stored::Gzip)
    }
}

/// What the file broke off with, from the first version that says so.
struct BrokenOff {
    /// Complete lines before it.
    complete: usize,
    text: String,
    /// How long ago the first version came that breaks off so.
    age_ms: i64,
}

/// The lines that must be delivered, in order: each line of the text once; and what the file broke off with, when
/// nothing more of it came for more than a day, unless it is then the whole line. A version that says the same again
/// is nothing more.
#[must_use]
pub fn expected(text: &str, versions: &[Version]) -> Vec<String> {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let mut delivered = Vec::new();
    // Complete lines so far, and the text under which the next one was already delivered.
    let (mut complete, mut spent) = (0, None::<String>);
    let mut open = None::<BrokenOff>;
    let break_off = |open: &BrokenOff, spent: &mut Option<String>, delivered: &mut Vec<String>| {
        if spent.as_ref() != Some(&open.text) {
            delivered.push(open.text.clone());
            *spent = Some(open.text.clone());
        }
    };
    for version in versions {
        if let Some(open) = &mut open {
            open.age_ms += version.after_ms;
        }
        if !version.is_whole() {
            continue;
        }
        if let Some(open) = open.as_ref().filter(|open| open.age_ms > DAY_MS) {
            break_off(open, &mut spent, &mut delivered);
        }
        let text = version.text(text);
        let mut lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let last = lines.pop().unwrap_or_default();
        let says_the_same = |open: &BrokenOff| open.complete == lines.len() && open.text == last;
        if open.as_ref().is_some_and(says_the_same) {
            continue;
        }
        for line in &lines[complete..] {
            if spent.take().is_none_or(|spent| spent != *line) {
                delivered.push((*line).to_owned());
            }
        }
        complete = lines.len();
        // A return alone may be half of a line's end, or a line: it is blank either way.
        let is_open = !text.is_empty() && !text.ends_with('\n');
        open = is_open.then(|| BrokenOff { complete, text: last.to_owned(), age_ms: 0 });
    }
    if let Some(open) = &open {
        break_off(open, &mut spent, &mut delivered);
    }
    delivered.retain(|line| !line.trim().is_empty());
    delivered
}
