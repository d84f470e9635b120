//! IBM's Log Event Extended Format: header fields between pipes, then pairs parted by tabs, or in LEEF 2.0 by what the
//! sixth field names.

use crate::text;
use bumpalo::Bump;

/// One LEEF message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leef<'a> {
    /// Vendor.
    pub vendor: &'a str,
    /// Event id.
    pub event_id: &'a str,
    attributes: &'a str,
    delimiter: char,
}

impl<'a> Leef<'a> {
    /// Reads a message with or without the word `LEEF:`, which collectors take for a syslog tag and cut off. Tabs may
    /// have been written as `#011`, as rsyslog does.
    pub(crate) fn read(text: &'a str, arena: &'a Bump) -> Option<Self> {
        let text = text.strip_prefix("LEEF:").map_or(text, str::trim_ascii_start);
        let mut fields = text.splitn(6, '|');
        let version = fields.next()?;
        let (vendor, _product, _version, event_id) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let rest = fields.next()?;
        let (delimiter, attributes) = match version {
            "1.0" | "1" => ('\t', rest),
            "2.0" | "2" => delimiter(rest),
            _ => return None,
        };
        let attributes = if delimiter == '\t' { text::with_tabs(attributes, arena) } else { attributes };
        Some(Self { vendor, event_id, attributes, delimiter })
    }

    /// The pairs. Words without `=` are passed over.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.attributes
            .split(self.delimiter)
            .filter_map(|pair| text::cut(pair, b'='))
            .map(|(k, v)| (k.trim_ascii(), v))
    }
}

/// The delimiter of LEEF 2.0 (`^`, `x5E`, `0x5E`, or nothing for a tab) and what stands behind it.
fn delimiter(rest: &str) -> (char, &str) {
    let Some((named, attributes)) = rest.split_once('|').filter(|(named, _)| !named.contains('=')) else {
        return ('\t', rest);
    };
    let hex =
        named.strip_prefix("0x").or_else(|| named.strip_prefix('x')).filter(|digits| !digits.is_empty());
    let code = hex.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
    (code.or_else(|| named.chars().next()).unwrap_or('\t'), attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_parted_by_what_the_header_says() {
        let arena = Bump::new();
        let check = |text: &str| {
            let leef = Leef::read(text, &arena).unwrap();
            assert_eq!((leef.vendor, leef.event_id), ("Maker", "7"), "{text}");
            assert_eq!(leef.pairs().collect::<Vec<_>>(), [("a", "1 2"), ("b", "x=y"), ("c", "")], "{text}");
        };
        check("LEEF:1.0|Maker|P|1|7|a=1 2\tb=x=y\tc=");
        check("LEEF: 1.0|Maker|P|1|7|a=1 2\tb=x=y\tnoise\tc=");
        check("1.0|Maker|P|1|7|a=1 2#011b=x=y#011c=");
        check("LEEF:2.0|Maker|P|1|7|^|a=1 2^b=x=y^c=");
        check("LEEF:2.0|Maker|P|1|7|x5E|a=1 2^b=x=y^c=");
        check("LEEF:2.0|Maker|P|1|7|0x5e|a=1 2^b=x=y^c=");
        check("LEEF:2.0|Maker|P|1|7||a=1 2\tb=x=y\tc=");
        check("LEEF:2.0|Maker|P|1|7|a=1 2\tb=x=y\tc=");
    }

    #[test]
    fn other_texts_are_not_leef() {
        let arena = Bump::new();
        for text in ["", "LEEF:1.0|Maker|P|1", "0|Maker|P|1|2|n|3|a=1", "LEEF:3.0|Maker|P|1|7|a=1", "prose"] {
            assert_eq!(Leef::read(text, &arena), None, "{text}");
        }
    }
}
