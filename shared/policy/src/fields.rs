//! Reading a tree field by field. Each function notes a mistake and gives nothing, so that its caller can go on.

use crate::mistake::{At, Mistakes};
use crate::yaml::{Node, Value};

/// A mapping whose keys are known fields, each at most once.
pub(crate) struct Fields<'n> {
    what: &'static str,
    at: At,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Reads a mapping that stands for `what` (`a rule`). Unknown and repeated fields are mistakes.
    pub(crate) fn read(
        node: &'n Node,
        what: &'static str,
        known: &[&str],
        notes: &mut Mistakes,
    ) -> Option<Self> {
        let mut entries: Vec<(&str, &Node)> = Vec::new();
        for (key, value) in map(node, what, notes)? {
            let name = key.shown();
            let expected = || format!("one of {}", known.join(", "));
            if !known.contains(&name) {
                let problem = format!("is not a field of {what}");
                notes.add(key.at, name, problem, expected(), "correct or remove it");
            } else if entries.iter().any(|(earlier, _)| *earlier == name) {
                notes.add(
                    key.at,
                    name,
                    format!("stands twice in {what}"),
                    "each field once",
                    "remove one of them",
                );
            } else {
                entries.push((name, value));
            }
        }
        Some(Self { what, at: node.at, entries })
    }

    /// The value of a field that may be absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        let (_, node) = self.entries.iter().find(|(known, _)| *known == name)?;
        (!matches!(node.value, Value::Nothing)).then_some(*node)
    }

    /// The value of a field that must be there.
    pub(crate) fn need(&self, name: &str, expected: &str, notes: &mut Mistakes) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            notes.add(self.at, name, format!("is missing from {}", self.what), expected, "add it");
        }
        found
    }

    /// A text that must be there.
    pub(crate) fn need_text(&self, name: &str, notes: &mut Mistakes) -> Option<String> {
        let node = self.need(name, "a text", notes)?;
        text(node, "a text", notes).map(str::to_owned)
    }

    /// The items of a list that may be absent.
    pub(crate) fn items(&self, name: &str, expected: &str, notes: &mut Mistakes) -> &'n [Node] {
        self.get(name).map_or(&[], |node| list(node, expected, notes))
    }

    /// Where the mapping begins.
    pub(crate) const fn at(&self) -> At {
        self.at
    }
}

/// The entries of a mapping.
pub(crate) fn map<'n>(node: &'n Node, what: &str, notes: &mut Mistakes) -> Option<&'n [(Node, Node)]> {
    if let Value::Map(entries) = &node.value {
        return Some(entries);
    }
    notes.add(node.at, node.shown(), format!("is not {what}"), "fields, one a line", "write `name: value`");
    None
}

/// The items of a list; none where there is no list.
pub(crate) fn list<'n>(node: &'n Node, expected: &str, notes: &mut Mistakes) -> &'n [Node] {
    if let Value::List(items) = &node.value {
        return items;
    }
    notes.add(
        node.at,
        node.shown(),
        "is not a list",
        expected,
        "write `[a, b]`, or one item a line after `- `",
    );
    &[]
}

/// Notes a list without an item: whoever wrote it meant to limit something, and it would limit nothing.
pub(crate) fn limit(node: &Node, problem: &str, expected: &str, notes: &mut Mistakes) {
    if node.is_empty_list() {
        notes.add(node.at, node.shown(), problem, expected, "add one or leave it out");
    }
}

/// A text, without spaces around it and never empty.
pub(crate) fn text<'n>(node: &'n Node, expected: &str, notes: &mut Mistakes) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
        _ => {
            notes.add(node.at, node.shown(), "is not a text", expected, "write it on the same line");
            None
        }
    }
}

/// A whole number of a range.
pub(crate) fn number(node: &Node, from: u32, to: u32, notes: &mut Mistakes) -> Option<u32> {
    let found = node.shown().parse().ok().filter(|number| (from..=to).contains(number));
    if found.is_none() {
        let expected = if to == u32::MAX { format!("{from} or more") } else { format!("{from} to {to}") };
        notes.add(node.at, node.shown(), "is not a number of that range", expected, "write digits only");
    }
    found
}

/// `true` or `false`.
pub(crate) fn truth(node: &Node, notes: &mut Mistakes) -> Option<bool> {
    choice(node, &[("true", true), ("false", false)], notes)
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(node: &Node, words: &[(&str, T)], notes: &mut Mistakes) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == node.shown());
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let expected = format!("one of {}", known.join(", "));
        notes.add(node.at, node.shown(), "is not a word that can stand here", expected, "choose one");
    }
    found.map(|(_, value)| *value)
}

/// The words of a closed set, for [`choice`] and [`choices`].
pub(crate) fn words<T: Copy>(all: &[T], as_str: fn(T) -> &'static str) -> Vec<(&'static str, T)> {
    all.iter().map(|value| (as_str(*value), *value)).collect()
}

/// A list of some of a few words.
pub(crate) fn choices<T: Copy>(node: &Node, words: &[(&str, T)], notes: &mut Mistakes) -> Vec<T> {
    list(node, "a list of words", notes).iter().filter_map(|item| choice(item, words, notes)).collect()
}

/// A name that something else in the file defines.
pub(crate) fn reference<'a>(
    node: &Node,
    what: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    notes: &mut Mistakes,
) -> Option<String> {
    let found = known.clone().find(|name| *name == node.shown());
    if found.is_none() {
        let names: Vec<&str> = known.take(NAMES_SHOWN_MAX).collect();
        let expected = if names.is_empty() {
            format!("a {what}, and there is none")
        } else {
            format!("one of {}", names.join(", "))
        };
        let advice = format!("correct the name or define the {what}");
        notes.add(node.at, node.shown(), format!("names no {what} of this file"), expected, advice);
    }
    found.map(str::to_owned)
}

const NAMES_SHOWN_MAX: usize = 40;

/// A name for other parts of the file to use: not yet taken, of plain letters.
pub(crate) fn new_name(node: &Node, what: &str, taken: &[&str], notes: &mut Mistakes) -> Option<String> {
    let name = text(node, "a name", notes)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !name.chars().all(plain) {
        let expected = "characters out of a-z, 0-9, _ and -";
        notes.add(node.at, name, format!("is not a name of a {what}"), expected, "write it in small letters");
        return None;
    }
    if taken.contains(&name) {
        notes.add(
            node.at,
            name,
            format!("is already the name of a {what}"),
            "a name of its own",
            "choose another",
        );
        return None;
    }
    Some(name.to_owned())
}

/// A date `YYYY-MM-DD`.
pub(crate) fn date(node: &Node, notes: &mut Mistakes) -> Option<jiff::civil::Date> {
    let found = crate::roster::civil_date(node.shown());
    if found.is_none() {
        notes.add(
            node.at,
            node.shown(),
            "is not a date",
            "a date like 2026-09-01",
            "write year, month and day",
        );
    }
    found
}
