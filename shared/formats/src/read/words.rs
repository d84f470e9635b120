//! Columns that are parted by runs of spaces.

use crate::scan;

/// Walks over a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What has not been read, without the spaces in front.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest.trim_ascii_start()
    }

    /// The next word.
    #[inline]
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        let padded = self.rest.starts_with(' ');
        let text = if padded { self.rest.trim_ascii_start() } else { self.rest };
        if text.is_empty() {
            return None;
        }
        let (word, rest) = match scan::find(text.as_bytes(), b' ') {
            Some(end) => (text.get(..end)?, text.get(end + 1..)?),
            None => (text, ""),
        };
        self.rest = rest;
        Some(word)
    }

    /// The next word, or what stands in double quotes. A quote ends its value when a space or the end follows, so
    /// that quotes inside a value, which some products leave as they are, do not derail the rest. A quote without an
    /// end swallows the rest of the line.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let Some(inner) = rest.strip_prefix('"') else { return self.word() };
        let bytes = inner.as_bytes();
        let ends = |at: &usize| bytes.get(at + 1).is_none_or(|byte| *byte == b' ');
        let at = memchr::memchr_iter(b'"', bytes).find(ends).unwrap_or(bytes.len());
        self.rest = inner.get(at + 1..).unwrap_or_default();
        inner.get(..at)
    }

    /// What stands between `open` and the next `close`, when `open` comes next.
    pub(crate) fn enclosed(&mut self, open: char, close: char) -> Option<&'a str> {
        let inner = self.rest().strip_prefix(open)?;
        let (inside, rest) = inner.split_once(close)?;
        self.rest = rest;
        Some(inside)
    }

    /// What stands in double quotes, when a quote comes next. A quote behind a backslash does not end it.
    pub(crate) fn quoted(&mut self) -> Option<&'a str> {
        let inner = self.rest().strip_prefix('"')?;
        let (inside, rest) = inner.split_at_checked(closing_quote(inner)?)?;
        self.rest = rest.get(1..)?;
        Some(inside)
    }
}

/// Where the first quote stands that no backslash takes its meaning from.
pub(crate) fn closing_quote(text: &str) -> Option<usize> {
    let is_plain = |at: &usize| {
        let before = text.as_bytes().iter().take(*at).rev();
        before.take_while(|byte| **byte == b'\\').count().is_multiple_of(2)
    };
    memchr::memchr_iter(b'"', text.as_bytes()).find(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_quotes_and_brackets_follow_each_other() {
        let mut words = Words::new("  a   b [c d] \"e \\\" f\"  g");
        assert_eq!((words.word(), words.word()), (Some("a"), Some("b")));
        assert_eq!(words.quoted(), None);
        assert_eq!(words.enclosed('[', ']'), Some("c d"));
        assert_eq!(words.quoted(), Some("e \\\" f"));
        assert_eq!((words.word(), words.word()), (Some("g"), None));
        assert_eq!(Words::new("\"no end").quoted(), None);
    }

    #[test]
    fn a_value_is_a_word_or_what_stands_in_quotes() {
        let mut words = Words::new("a \"b \"c\"d\" \"\"  \"e f");
        assert_eq!((words.value(), words.value()), (Some("a"), Some("b \"c\"d")));
        assert_eq!((words.value(), words.value(), words.value()), (Some(""), Some("e f"), None));
    }
}
