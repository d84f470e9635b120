//! `key=value` pairs, quoted and bare mixed, parted by spaces, commas or tabs.

use crate::scan;

/// Walks over the pairs of a line. Words without `=` are passed over.
///
/// * A quoted value ends at a quote that a space, a comma or the end follows, so that a stray quote inside a message
///   does not derail the rest. A quote behind a backslash never ends it: what a browser sends as its name must not
///   be able to write keys of its own.
/// * Quotes can all be doubled (`key=""value""`), by an export that quoted the line once more.
/// * Bare values end at the separator of the line.
/// * A value whose closing quote is missing was cut off; it is not handed out, and [`Pairs::is_cut`] tells.
#[derive(Debug, Clone)]
pub(crate) struct Pairs<'a> {
    text: &'a str,
    at: usize,
    separator: u8,
    cut: bool,
}

/// Where a value begins and ends, and where the text goes on behind it.
type Span = (usize, usize, usize);

impl<'a> Pairs<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, separator: separator(text), cut: false }
    }

    /// Whether the last value lost its end.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        let equals = loop {
            while let Some(b' ' | b',' | b'\t') = bytes.get(start) {
                start += 1;
            }
            let end = start + scan::find2(bytes.get(start..)?, b'=', self.separator)?;
            if bytes.get(end) == Some(&b'=') {
                break end;
            }
            start = end;
        };
        let value = equals + 1;
        let span = match bytes.get(value) {
            Some(b'"') => quoted(bytes, value + 1),
            _ => {
                let rest = bytes.get(value..)?;
                let end = scan::find(rest, self.separator).map_or(bytes.len(), |length| value + length);
                Some((value, end, end))
            }
        };
        let Some((from, to, next)) = span else {
            self.cut = true;
            self.at = bytes.len();
            return None;
        };
        self.at = next;
        Some((self.text.get(start..equals)?, self.text.get(from..to)?))
    }
}

/// How far a first pair, such as a date in words, can reach.
const FIRST_PAIR_BYTES: usize = 64;

/// A tab parts the pairs of a line that has one behind its first pair; a comma when one stands between two of them
/// before the first space.
fn separator(text: &str) -> u8 {
    let bytes = text.as_bytes();
    let first = bytes.get(..FIRST_PAIR_BYTES).unwrap_or(bytes);
    if scan::find(first, b'\t').is_some() {
        return b'\t';
    }
    let head = bytes.get(..scan::find(bytes, b' ').unwrap_or(bytes.len())).unwrap_or_default();
    if scan::find(head, b',').is_none() {
        return b' ';
    }
    let parted = head.split(|byte| *byte == b',').skip(1).any(|next| {
        let key = next.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        key > 0 && next.get(key) == Some(&b'=')
    });
    if parted { b',' } else { b' ' }
}

/// The value behind its opening quote.
fn quoted(bytes: &[u8], open: usize) -> Option<Span> {
    let ends = |at: usize| matches!(bytes.get(at), None | Some(b' ' | b',' | b'\t'));
    let mut from = open;
    if bytes.get(open) == Some(&b'"') {
        if ends(open + 1) {
            return Some((open, open, open + 1));
        }
        let inner = open + 1;
        let length = memchr::memmem::find(bytes.get(inner..)?, b"\"\"")?;
        return Some((inner, inner + length, inner + length + 2));
    }
    loop {
        let at = from + scan::find(bytes.get(from..)?, b'"')?;
        if ends(at + 1) && !is_escaped(bytes.get(open..at)?) {
            return Some((open, at, at + 1));
        }
        from = at + 1;
    }
}

/// Whether an odd number of backslashes stands at the end.
fn is_escaped(before: &[u8]) -> bool {
    before.ends_with(b"\\") && before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// What a backslash takes its meaning from in a value. Before anything else it stands for itself: Windows names hold
/// them.
pub(crate) const ESCAPED: &[char] = &['"'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use bumpalo::Bump;

    fn check(line: &str, want: &[(&str, &str)]) {
        assert_eq!(Pairs::new(line).collect::<Vec<_>>(), want, "{line}");
    }

    #[test]
    fn quoted_and_bare_values_mix() {
        check(
            "a=1 b=\"two words\" c= d=\"\" e=x",
            &[("a", "1"), ("b", "two words"), ("c", ""), ("d", ""), ("e", "x")],
        );
        check("word a=1  ,b=2 tail", &[("a", "1"), ("b", "2")]);
        check("url=\"/a?b=c d=e\"", &[("url", "/a?b=c d=e")]);
        check("", &[]);
    }

    #[test]
    fn a_comma_parts_pairs_only_where_the_line_says_so() {
        check("a=1,b=\"x, y\",c=3", &[("a", "1"), ("b", "x, y"), ("c", "3")]);
        check("a=1,2 b=3", &[("a", "1,2"), ("b", "3")]);
        check("a=1,=2 b=3", &[("a", "1,=2"), ("b", "3")]);
        check("a=1 b=\"x\",c=\"\",d=2", &[("a", "1"), ("b", "x"), ("c", ""), ("d", "2")]);
    }

    #[test]
    fn a_tab_parts_the_pairs_of_a_line_that_has_one() {
        check("a=two words\tb=\"x\ty\"\tc=", &[("a", "two words"), ("b", "x\ty"), ("c", "")]);
    }

    #[test]
    fn quotes_inside_a_value_do_not_end_it() {
        check("m=\"File \"x\"y\" is\" b=1", &[("m", "File \"x\"y"), ("b", "1")]);
        check("m=\"a \\\" user=b\" c=1", &[("m", "a \\\" user=b"), ("c", "1")]);
        check("m=\"C:\\\\\" c=1", &[("m", "C:\\\\"), ("c", "1")]);
        check("a=\"\"x y\"\" b=\"\"z\"\"", &[("a", "x y"), ("b", "z")]);
        check("a=\"\"two words=x\"\" b=1", &[("a", "two words=x"), ("b", "1")]);
    }

    #[test]
    fn a_value_without_its_end_is_not_used() {
        let mut pairs = Pairs::new("a=1 host=\"exam");
        assert_eq!(pairs.next(), Some(("a", "1")));
        assert_eq!(pairs.next(), None);
        assert!(pairs.is_cut());
        let mut whole = Pairs::new("a=1");
        assert_eq!((whole.next(), whole.next(), whole.is_cut()), (Some(("a", "1")), None, false));
    }

    #[test]
    fn only_escaped_quotes_are_unescaped() {
        let arena = Bump::new();
        assert_eq!(text::unescape("a \\\"b\\\" C:\\d", ESCAPED, &arena), "a \"b\" C:\\d");
    }
}
