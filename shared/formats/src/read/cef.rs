//! ArcSight's Common Event Format: seven header fields between pipes, then `key=value` with spaces in values.

/// One CEF message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cef<'a> {
    /// Device vendor.
    pub vendor: &'a str,
    /// Device event class id.
    pub event_id: &'a str,
    /// Name of the event.
    pub name: &'a str,
    /// The pairs.
    pub extension: &'a str,
}

impl<'a> Cef<'a> {
    /// Reads a message with or without the word `CEF:`, which collectors often take for a syslog tag and cut off.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let text = text.trim_ascii_start();
        let text = text.strip_prefix("CEF:").map_or(text, str::trim_ascii_start);
        let rest = match *text.as_bytes() {
            [b'0'..=b'9', b'|', ..] => text.get(2..)?,
            _ => return None,
        };
        let (vendor, rest) = header_field(rest)?;
        let (_product, rest) = header_field(rest)?;
        let (_version, rest) = header_field(rest)?;
        let (event_id, rest) = header_field(rest)?;
        let (name, rest) = header_field(rest)?;
        let (_severity, extension) = header_field(rest)?;
        Some(Self { vendor, event_id, name, extension })
    }

    /// The pairs, with values as they stand.
    pub(crate) const fn pairs(&self) -> CefPairs<'a> {
        CefPairs { rest: self.extension }
    }
}

/// Up to the next pipe that is not escaped.
fn header_field(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(b'|', text.as_bytes().get(from..)?)?;
        let (field, rest) = text.split_at_checked(at)?;
        if !field.ends_with('\\') {
            return Some((field, rest.get(1..)?));
        }
        from = at + 1;
    }
}

/// A value ends where the next ` key=` begins. An `=` that no plain key stands before belongs to the value.
#[derive(Debug, Clone)]
pub(crate) struct CefPairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for CefPairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (start, equals) = next_key(self.rest)?;
        let key = self.rest.get(start..equals)?;
        let after = self.rest.get(equals + 1..)?;
        let end = next_key(after).map_or(after.len(), |(start, _)| start);
        let (value, rest) = after.split_at_checked(end)?;
        self.rest = rest;
        Some((key, value.trim_ascii()))
    }
}

/// Where the next key begins, and where its `=` stands.
fn next_key(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let equals = from + memchr::memchr(b'=', bytes.get(from..)?)?;
        // No key reaches back over the `=` before: looking for its space further back is quadratic on `=====`.
        let before = bytes.get(from..equals)?;
        let space = memchr::memrchr(b' ', before);
        let key = before.get(space.map_or(0, |space| space + 1)..)?;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let begins = space.is_some() || from == 0;
        if begins && !key.is_empty() && key.iter().all(plain) {
            return Some((equals - key.len(), equals));
        }
        from = equals + 1;
    }
}

/// What a backslash takes its meaning from in a value.
pub(crate) const ESCAPED: &[char] = &['\\', '=', '|'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use bumpalo::Bump;

    fn check(text: &str, want: &[(&str, &str)]) {
        let cef = Cef::read(text).unwrap();
        assert_eq!(cef.vendor, "Maker");
        assert_eq!(cef.pairs().collect::<Vec<_>>(), want, "{text}");
    }

    #[test]
    fn values_reach_to_the_next_key() {
        check(
            "CEF:0|Maker|P|1|2|n|3|a=1 b=two words c= d=x",
            &[("a", "1"), ("b", "two words"), ("c", ""), ("d", "x")],
        );
        check("0|Maker|P|1|2|a\\|b|3|request=/x?a=b&c=d e=f", &[("request", "/x?a=b&c=d"), ("e", "f")]);
        check(
            "CEF: 0|Maker|P|1|2|n|3|u=LDAP://x/OU=Users,OU=IT k=v",
            &[("u", "LDAP://x/OU=Users,OU=IT"), ("k", "v")],
        );
        check("CEF:0|Maker|P|1|2|n|3|r=Method\\=GET k=v", &[("r", "Method\\=GET"), ("k", "v")]);
        check("CEF:0|Maker|P|1|2|n|3|a=x?b==c=d k=v", &[("a", "x?b==c=d"), ("k", "v")]);
        check("CEF:0|Maker|P|1|2|n|3|", &[]);
    }

    #[test]
    fn other_texts_are_not_cef() {
        for text in ["", "0|Maker|P", "date=1 a|b|c|d|e|f|g|h", "x|Maker|P|1|2|n|3|a=1"] {
            assert_eq!(Cef::read(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_are_undone_once() {
        let arena = Bump::new();
        assert_eq!(text::unescape("a\\=b \\\\c \\d", ESCAPED, &arena), "a=b \\c \\d");
    }
}
