//! JSON objects, one a line, read in one pass without building a tree.
//!
//! Members come as pairs of a path (`a`, or `a.b` for a member of an object inside) and a text. Elements of a list that
//! are plain values come joined by commas under the list's own path; objects in a list come as the list's members. `null`
//! is absent. An object may stand between the brackets and commas of a list that was spread over lines.

use crate::scan;
use bumpalo::Bump;
use bumpalo::collections::String as ArenaString;

/// A plain value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    /// What it says; a number or a word as written.
    pub text: &'a str,
    /// Whether it stood in quotes.
    pub is_text: bool,
}

/// How deep objects and lists may lie in each other.
const DEPTH_MAX: u32 = 32;

/// Hands out the members of the object, in their order. `None` for a text that is not exactly one object; members in
/// front of the mistake have been handed out by then.
pub(crate) fn read<'a>(
    text: &'a str,
    arena: &'a Bump,
    take: &mut dyn FnMut(&'a str, Value<'a>),
) -> Option<()> {
    let text = between_lines(text);
    let mut reader = Reader { text, at: 0, arena };
    if reader.peek()? != b'{' {
        return None;
    }
    reader.object("", DEPTH_MAX, take)?;
    reader.peek().is_none().then_some(())
}

/// Without the `[` in front and the `,` or `]` behind that a list over several lines leaves on its lines.
fn between_lines(text: &str) -> &str {
    let text = text.trim_ascii();
    let text = text.strip_prefix('[').unwrap_or(text);
    let text = text.strip_suffix(']').unwrap_or(text).trim_ascii_end();
    text.strip_suffix(',').unwrap_or(text)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    arena: &'a Bump,
}

impl<'a> Reader<'a> {
    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match *bytes.get(self.at)? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                other => return Some(other),
            }
        }
    }

    /// Goes over this byte.
    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn object(&mut self, path: &'a str, depth: u32, take: &mut dyn FnMut(&'a str, Value<'a>)) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.string()?;
            let path = if path.is_empty() { name } else { self.joined(path, name) };
            self.expect(b':')?;
            self.member(path, depth, take)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    /// Whether a comma follows, and not the end of the object or list.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        if next == b',' { Some(true) } else { (next == end).then_some(false) }
    }

    fn joined(&self, path: &str, name: &str) -> &'a str {
        let mut joined = ArenaString::with_capacity_in(path.len() + 1 + name.len(), self.arena);
        joined.push_str(path);
        joined.push('.');
        joined.push_str(name);
        joined.into_bump_str()
    }

    fn member(&mut self, path: &'a str, depth: u32, take: &mut dyn FnMut(&'a str, Value<'a>)) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(path, depth, take),
            b'[' => self.list(path, depth, take),
            _ => {
                if let Some(value) = self.plain()? {
                    take(path, value);
                }
                Some(())
            }
        }
    }

    fn list(&mut self, path: &'a str, depth: u32, take: &mut dyn FnMut(&'a str, Value<'a>)) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        let mut first: Option<Value<'a>> = None;
        let mut all: Option<ArenaString<'a>> = None;
        loop {
            if matches!(self.peek()?, b'{' | b'[') {
                self.member(path, depth, take)?;
            } else if let Some(value) = self.plain()? {
                match (first, &mut all) {
                    (None, _) => first = Some(value),
                    (Some(_), Some(all)) => push(all, value.text),
                    (Some(one), None) => {
                        let mut joined = ArenaString::from_str_in(one.text, self.arena);
                        push(&mut joined, value.text);
                        all = Some(joined);
                    }
                }
            }
            if !self.goes_on(b']')? {
                break;
            }
        }
        if let Some(value) = first {
            let text = all.map_or(value.text, ArenaString::into_bump_str);
            take(path, Value { text, ..value });
        }
        Some(())
    }

    /// A text, a number, `true` or `false`; `Some(None)` for `null`.
    fn plain(&mut self) -> Option<Option<Value<'a>>> {
        if self.peek()? == b'"' {
            return Some(Some(Value { text: self.string()?, is_text: true }));
        }
        let rest = self.text.get(self.at..)?;
        let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let end = rest.bytes().take_while(of_word).count();
        let word = rest.get(..end)?;
        self.at += end;
        match word {
            "null" => Some(None),
            "true" | "false" => Some(Some(Value { text: word, is_text: false })),
            _ => is_number(word).then_some(Some(Value { text: word, is_text: false })),
        }
    }

    /// A text in quotes, which come next.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let plain = start + scan::find2(bytes.get(start..)?, b'"', b'\\')?;
        if bytes.get(plain) == Some(&b'"') {
            self.at = plain + 1;
            return self.text.get(start..plain);
        }
        let mut decoded = ArenaString::from_str_in(self.text.get(start..plain)?, self.arena);
        let mut at = plain;
        loop {
            if bytes.get(at)? == &b'"' {
                self.at = at + 1;
                return Some(decoded.into_bump_str());
            }
            at = self.escape(at + 1, &mut decoded)?;
            let next = at + scan::find2(bytes.get(at..)?, b'"', b'\\')?;
            decoded.push_str(self.text.get(at..next)?);
            at = next;
        }
    }

    /// Undoes the escape behind a backslash; returns where the text goes on.
    fn escape(&self, at: usize, decoded: &mut ArenaString<'a>) -> Option<usize> {
        let letter = match *self.text.as_bytes().get(at)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let (letter, next) = self.code_unit(at + 1)?;
                decoded.push(letter);
                return Some(next);
            }
            plain @ (b'"' | b'\\' | b'/') => char::from(plain),
            _ => return None,
        };
        decoded.push(letter);
        Some(at + 1)
    }

    /// The letter of `\uXXXX`, or of a pair of surrogates. Half a pair is no letter and is shown as one that is missing.
    fn code_unit(&self, at: usize) -> Option<(char, usize)> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 4)?;
            digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
        };
        let first = unit(at)?;
        if (0xd800..0xdc00).contains(&first) && self.text.get(at + 4..at + 6) == Some("\\u") {
            let second = unit(at + 6)?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Some((char::from_u32(code)?, at + 10));
            }
        }
        Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), at + 4))
    }
}

fn push(all: &mut ArenaString<'_>, text: &str) {
    all.push(',');
    all.push_str(text);
}

fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    digits.starts_with(|first: char| first.is_ascii_digit()) && word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Option<Vec<(String, String)>> {
        let arena = Bump::new();
        let mut pairs = Vec::new();
        read(text, &arena, &mut |path, value| pairs.push((path.to_owned(), value.text.to_owned())))?;
        Some(pairs)
    }

    #[test]
    fn members_come_with_their_paths() {
        let check = |text: &str, want: &[(&str, &str)]| {
            let want: Vec<_> = want.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            assert_eq!(pairs(text), Some(want), "{text}");
        };
        check(
            r#"{"a":"1","b":2.5,"c":true,"d":null,"e":""}"#,
            &[("a", "1"), ("b", "2.5"), ("c", "true"), ("e", "")],
        );
        check(r#" { "a" : { "b" : { "c" : -1 } } , "d" : {} } "#, &[("a.b.c", "-1")]);
        check(
            r#"{"a":["x","y",3],"b":["z"],"c":[],"d":[{"e":"f"}]}"#,
            &[("a", "x,y,3"), ("b", "z"), ("d.e", "f")],
        );
        check(r#"{"a":"q\"\\\/\n\u00e9\ud83d\ude00\ud800"}"#, &[("a", "q\"\\/\n\u{e9}\u{1f600}\u{fffd}")]);
        check("{}", &[]);
        check(r#"[{"a":"1"},"#, &[("a", "1")]);
        check(r#"{"a":"1"}]"#, &[("a", "1")]);
    }

    #[test]
    fn a_text_that_is_not_one_object_is_refused() {
        for bad in [
            "",
            "[]",
            "1",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{\"a\":trooe}",
            "{\"a\":\"b}",
            "{\"a\":1}{\"b\":2}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{a:1}",
            "{\"a\":1}x",
            "{\"a\":[1}",
            "{\"a\":+1}",
            "{\"a\":inf}",
        ] {
            assert_eq!(pairs(bad), None, "{bad}");
        }
        assert_eq!(pairs(&format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40))), None);
    }

    /// A tree as this reader hands it out.
    fn flatten(path: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
        use serde_json::Value::{Array, Null, Object, String};
        let under = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Null => {}
            Object(members) => members.iter().for_each(|(name, value)| flatten(&under(name), value, out)),
            Array(elements) => {
                let (inside, plain): (Vec<_>, Vec<_>) =
                    elements.iter().partition(|e| e.is_object() || e.is_array());
                inside.iter().for_each(|value| flatten(path, value, out));
                let plain: Vec<_> = plain.iter().filter(|e| !e.is_null()).map(|e| text(e)).collect();
                if !plain.is_empty() {
                    out.push((path.to_owned(), plain.join(",")));
                }
            }
            String(text) => out.push((path.to_owned(), text.clone())),
            other => out.push((path.to_owned(), other.to_string())),
        }
    }

    fn text(value: &serde_json::Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
    }

    fn trees() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[a\"\\\\é\n\u{1f600}]{0,6}".prop_map(Into::into),
        ];
        let inner = leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-c]{1,2}", inner, 0..5)
            .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn objects_are_read_as_serde_reads_them(tree in trees()) {
            let mut want = Vec::new();
            flatten("", &tree, &mut want);
            prop_assert_eq!(pairs(&tree.to_string()), Some(want));
        }

        #[test]
        fn what_serde_refuses_is_refused(text in "[{}\\[\\]\":,a1n.\\\\ -]{0,12}") {
            let object = format!("{{\"a\":{text}}}");
            if pairs(&object).is_some() && !object.ends_with("]}") {
                let refused = serde_json::from_str::<serde_json::Value>(between_lines(&object)).err();
                // Numbers such as `01` and `1.` are let through: they are somebody's number all the same.
                let number = text.contains('1');
                prop_assert!(refused.is_none() || number, "{} {:?}", object, refused);
            }
        }
    }
}
