//! `key=value` pairs, quoted and bare mixed, parted by spaces or by commas.

use crate::scan;
use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

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
    rest: &'a str,
    separator: u8,
    cut: bool,
}

impl<'a> Pairs<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text, separator: separator(text), cut: false }
    }

    /// Whether the last value lost its end.
    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    #[inline]
    fn next_pair(&mut self) -> Option<(&'a str, &'a str)> {
        loop {
            let start = self.rest.bytes().position(|byte| !matches!(byte, b' ' | b',' | b'\t'))?;
            let text = self.rest.get(start..)?;
            let end = scan::find2(text.as_bytes(), b'=', self.separator)?;
            let (key, after) = text.split_at_checked(end)?;
            let Some(value) = after.strip_prefix('=') else {
                self.rest = after;
                continue;
            };
            let read = if value.starts_with('"') { quoted(value) } else { Some(self.bare(value)) };
            let Some((value, rest)) = read else {
                self.cut = true;
                self.rest = "";
                return None;
            };
            self.rest = rest;
            return Some((key, value));
        }
    }

    fn bare(&self, text: &'a str) -> (&'a str, &'a str) {
        let end = scan::find(text.as_bytes(), self.separator);
        end.and_then(|end| text.split_at_checked(end)).unwrap_or((text, ""))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.next_pair()
    }
}

/// A comma parts the pairs when one stands between two of them before the first space.
fn separator(text: &str) -> u8 {
    let head = text.split(' ').next().unwrap_or(text);
    let parted = head.split(',').skip(1).any(|next| {
        next.split_once('=')
            .is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric()))
    });
    if parted { b',' } else { b' ' }
}

/// The value that starts with a quote, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inner = text.get(1..)?;
    if let Some(doubled) = inner.strip_prefix('"') {
        if matches!(doubled.as_bytes().first(), None | Some(b' ' | b',' | b'\t')) {
            return Some(("", doubled));
        }
        return doubled.split_once("\"\"");
    }
    let mut from = 0;
    loop {
        let at = from + scan::find(inner.as_bytes().get(from..)?, b'"')?;
        let (value, rest) = inner.split_at_checked(at)?;
        let rest = rest.get(1..)?;
        let ends = matches!(rest.as_bytes().first(), None | Some(b' ' | b',' | b'\t'));
        if ends && (!value.ends_with('\\') || backslashes_at_end(value).is_multiple_of(2)) {
            return Some((value, rest));
        }
        from = at + 1;
    }
}

fn backslashes_at_end(text: &str) -> usize {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count()
}

/// The value with `\"` as `"`. A backslash before anything else stands for itself: Windows names hold them.
pub(crate) fn unescape<'a>(value: &'a str, arena: &'a Bump) -> &'a str {
    if !value.contains("\\\"") {
        return value;
    }
    let mut plain = ArenaString::with_capacity_in(value.len(), arena);
    for (index, part) in value.split("\\\"").enumerate() {
        if index > 0 {
            plain.push('"');
        }
        plain.push_str(part);
    }
    plain.into_bump_str()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn quotes_inside_a_value_do_not_end_it() {
        check("m=\"File \"x\"y\" is\" b=1", &[("m", "File \"x\"y"), ("b", "1")]);
        check("m=\"a \\\" user=b\" c=1", &[("m", "a \\\" user=b"), ("c", "1")]);
        check("m=\"C:\\\\\" c=1", &[("m", "C:\\\\"), ("c", "1")]);
        check("a=\"\"x y\"\" b=\"\"z\"\"", &[("a", "x y"), ("b", "z")]);
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
        assert_eq!(unescape("a \\\"b\\\" C:\\d", &arena), "a \"b\" C:\\d");
    }
}
