//! What is wrong with a text that people write, and what to do about it.

use std::fmt;

/// Characters of the offending text that are shown.
const SHOWN_CHARS_MAX: usize = 60;

/// Mistakes that are kept; a file that is wrong throughout needs no more to be recognised, and the rest is counted.
const MISTAKES_MAX: usize = 200;

/// One mistake in a policy file or a roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// The offending text, cut to 60 characters.
    pub text: String,
    /// What is wrong with it.
    pub problem: String,
    /// What was expected.
    pub expected: String,
    /// What to do.
    pub advice: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, text, problem, expected, advice } = self;
        write!(out, "{line}:{column}: `{text}` {problem}: expected {expected}; {advice}")
    }
}

/// Where something stands in its file: line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// All mistakes of one file, in the order of the file. Never empty as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mistakes {
    kept: Vec<Mistake>,
    left_out: usize,
}

impl Mistakes {
    /// The mistakes, first line first; of more than 200 the first that were found.
    #[must_use]
    pub fn as_slice(&self) -> &[Mistake] {
        &self.kept
    }

    /// How many more there are than [`Self::as_slice`] shows.
    #[must_use]
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether further mistakes are only counted, so that nobody need find out where they stand.
    pub(crate) const fn is_full(&self) -> bool {
        self.kept.len() >= MISTAKES_MAX
    }

    pub(crate) fn add(
        &mut self,
        at: At,
        text: &str,
        problem: impl Into<String>,
        expected: impl Into<String>,
        advice: impl Into<String>,
    ) {
        if self.is_full() {
            self.left_out += 1;
        } else {
            self.kept.push(Mistake {
                line: at.line,
                column: at.column,
                text: shown(text),
                problem: problem.into(),
                expected: expected.into(),
                advice: advice.into(),
            });
        }
    }

    /// In the order of the file, whatever the order of reading.
    pub(crate) fn sorted(mut self) -> Self {
        self.kept.sort_by_key(|mistake| (mistake.line, mistake.column));
        self
    }
}

/// The first line of a text, as far as it helps to recognise it.
fn shown(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.trim_end().len() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.kept.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(out, "{newline}{mistake}")?;
        }
        if self.left_out > 0 {
            write!(out, "\nand {} more", self.left_out)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}
