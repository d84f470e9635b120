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

/// Gaps around the day after which a file is final.
pub const GAPS_MS: [i64; 6] =
    [HOUR_MS, 23 * HOUR_MS, 24 * HOUR_MS, 24 * HOUR_MS + 1, 30 * HOUR_MS, 60 * HOUR_MS];

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

/// The lines that must be delivered, in order: each line of the text once; and what a version broke off with, when
/// nothing followed for more than a day, unless it is then the whole line.
#[must_use]
pub fn expected(text: &str, versions: &[Version]) -> Vec<String> {
    const DAY_MS: i64 = 24 * HOUR_MS;
    let mut delivered = Vec::new();
    // Complete lines so far, and the text under which the next one was already delivered.
    let (mut complete, mut spent) = (0, None::<String>);
    // What the latest whole version broke off with, and how long ago it came.
    let (mut open, mut age_ms) = (None::<String>, 0);
    let break_off = |open: &mut Option<String>, spent: &mut Option<String>, delivered: &mut Vec<String>| {
        if let Some(open) = open.take()
            && spent.as_ref() != Some(&open)
        {
            delivered.push(open.clone());
            *spent = Some(open);
        }
    };
    for version in versions {
        age_ms += version.after_ms;
        if !version.is_whole() {
            continue;
        }
        if age_ms > DAY_MS {
            break_off(&mut open, &mut spent, &mut delivered);
        }
        age_ms = 0;
        let text = version.text(text);
        let mut lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
        let last = lines.pop().unwrap_or_default();
        for line in &lines[complete..] {
            if spent.take().is_none_or(|spent| spent != *line) {
                delivered.push((*line).to_owned());
            }
        }
        complete = lines.len();
        // A return alone may be half of a line's end, or a line: it is blank either way.
        open = (!text.is_empty() && !text.ends_with('\n')).then(|| last.to_owned());
    }
    break_off(&mut open, &mut spent, &mut delivered);
    delivered.retain(|line| !line.trim().is_empty());
    delivered
}
