//! YAML as a tree in which everything knows where it stands, so that a reader can go on after a mistake.

use crate::mistake::{At, Mistakes};
use serde::de::{self, Deserialize, Deserializer};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Nesting that a file may have: twice what the language needs, and safe on any stack.
const DEPTH_MAX: usize = 16;

/// Values that aliases (`*name`) may repeat in all.
const REPEATED_MAX: usize = 10_000;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Nothing,
    /// Any scalar as written: `003` stays `003`.
    Text(String),
    List(Vec<Node>),
    /// Keys may repeat; the reader says so.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// How the value is shown in a mistake.
    pub(crate) fn shown(&self) -> &str {
        match &self.value {
            Value::Nothing => "",
            Value::Text(text) => text,
            Value::List(_) => "[…]",
            Value::Map(_) => "{…}",
        }
    }

    /// Whether it is a list without an item.
    pub(crate) fn is_empty_list(&self) -> bool {
        matches!(&self.value, Value::List(items) if items.is_empty())
    }
}

/// Reads a file of one document.
///
/// # Errors
/// The one syntax error that ends the reading.
pub(crate) fn read(yaml: &str) -> Result<Node, Mistakes> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: DEPTH_MAX },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: REPEATED_MAX },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(yaml, options) {
        Ok(raw) => Ok(raw_to_node(raw, yaml)),
        Err(error) => Err(syntax_mistake(&error, yaml)),
    }
}

fn syntax_mistake(error: &serde_saphyr::Error, yaml: &str) -> Mistakes {
    let at = error.location().map_or(At { line: 1, column: 1 }, |location| At::of(&location));
    let index = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = yaml.lines().nth(index).unwrap_or_default();
    let message = error.without_snippet().to_string();
    // The place is told once, by us.
    let message = message.split(" at line ").next().unwrap_or_default();
    let mut mistakes = Mistakes::default();
    let advice = "correct this first: nothing after it was read";
    mistakes.add(at, line.trim(), format!("cannot be read ({message})"), "YAML of one document", advice);
    mistakes
}

impl At {
    fn of(location: &Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// A value as the parser hands it over. Numbers and the like are looked up in the file again, as they were written.
enum Raw {
    Nothing,
    AsWritten,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Raw>, Spanned<Raw>)>),
}

fn raw_to_node(raw: Spanned<Raw>, yaml: &str) -> Node {
    let value = match raw.value {
        Raw::Nothing => Value::Nothing,
        Raw::AsWritten => Value::Text(written(&raw.defined, yaml).to_owned()),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(items.into_iter().map(|item| raw_to_node(item, yaml)).collect()),
        Raw::Map(pairs) => Value::Map(
            pairs
                .into_iter()
                .map(|(key, value)| (raw_to_node(key, yaml), raw_to_node(value, yaml)))
                .collect(),
        ),
    };
    Node { at: At::of(&raw.referenced), value }
}

fn written<'y>(location: &Location, yaml: &'y str) -> &'y str {
    let span = location.span();
    let range = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        Some(start..start.checked_add(usize::try_from(length).ok()?)?)
    });
    range.and_then(|range| yaml.get(range)).unwrap_or_default().trim()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> de::Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::AsWritten)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
        Ok(Raw::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
