//! From a product's names to fields.

use super::{Field, Row};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Where a value goes, and how much its name counts: 0 most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub field: Field,
    pub rank: u8,
}

/// Most names of one format: a rank is a byte, and the last one means that there is no value.
const NAMES_MAX: usize = 254;

/// Most names that a feed may add: as many are left for the format's own.
pub(crate) const FIELDS_MAX: usize = 100;

/// A power of two, and four times as many slots as there can be names: chains stay short.
const SLOTS: usize = 1024;

/// The names that a format knows, to be looked up some thirty times a line: a hash table over length and three
/// letters, which is cheaper than any hash over all letters and tells these names apart well enough.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    entries: Vec<(Cow<'static, str>, Field)>,
    slots: Vec<u8>,
    nothing: &'static [&'static str],
}

impl Names {
    /// A format's table. `nothing` are the product's words for no value, beside `-`.
    pub(crate) fn new(table: &[(&'static str, Field)], nothing: &'static [&'static str]) -> Self {
        Self::with(&BTreeMap::new(), &[table], nothing)
    }

    /// As [`Names::new`], with the names of a feed's settings before those of the tables. Settings that name an
    /// unknown field have been refused before ([`crate::check`]) and are passed over here.
    pub(crate) fn with(
        own: &BTreeMap<String, String>,
        tables: &[&[(&'static str, Field)]],
        nothing: &'static [&'static str],
    ) -> Self {
        let own = own.iter().filter_map(|(name, word)| Some((Cow::Owned(name.clone()), Field::parse(word)?)));
        let tables = tables.iter().flat_map(|table| table.iter());
        let tables = tables.map(|(name, field)| (Cow::Borrowed(*name), *field));
        let entries: Vec<_> = own.chain(tables).take(NAMES_MAX).collect();
        let mut slots = vec![u8::MAX; SLOTS];
        for (rank, (name, _)) in (0_u8..).zip(&entries) {
            let free = (hash(name.as_bytes())..).map(|slot| slot % SLOTS);
            let mut free = free.filter(|slot| slots.get(*slot) == Some(&u8::MAX));
            if let Some(slot) = free.next().and_then(|slot| slots.get_mut(slot)) {
                *slot = rank;
            }
        }
        Self { entries, slots, nothing }
    }

    /// Where the value of this name goes.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<Place> {
        let mut slot = hash(name.as_bytes());
        loop {
            let rank = *self.slots.get(slot % SLOTS)?;
            let (known, field) = self.entries.get(usize::from(rank))?;
            if known == name {
                return Some(Place { field: *field, rank });
            }
            slot += 1;
        }
    }

    /// As [`Names::find`] for the cells of a header, which people and portals write: letter case, spaces, `_` and
    /// `-` do not count.
    pub(crate) fn find_loosely(&self, name: &str) -> Option<Place> {
        let same = |known: &str| letters(known).eq(letters(name));
        let rank = self.entries.iter().position(|(known, _)| same(known))?;
        let (_, field) = self.entries.get(rank)?;
        Some(Place { field: *field, rank: u8::try_from(rank).ok()? })
    }

    /// Takes a pair of the line.
    #[inline]
    pub(crate) fn put<'a>(&self, row: &mut Row<'a>, name: &str, value: &'a str) {
        if let Some(place) = self.find(name) {
            self.put_at(row, place, value);
        }
    }

    /// Takes a value whose place is known.
    #[inline]
    pub(crate) fn put_at<'a>(&self, row: &mut Row<'a>, place: Place, value: &'a str) {
        row.put(place, if self.nothing.contains(&value) { "" } else { value });
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    let said = name.chars().filter(|letter| !matches!(letter, ' ' | '_' | '-' | '\u{feff}'));
    said.flat_map(char::to_lowercase)
}

#[inline]
fn hash(name: &[u8]) -> usize {
    let at = |index: usize| usize::from(name.get(index).copied().unwrap_or_default());
    let end = name.len().wrapping_sub(1);
    at(0).wrapping_mul(31) ^ at(name.len() / 2).wrapping_mul(7) ^ (at(end) << 3) ^ (name.len() << 5)
}

/// What a header said: the place of each column, from the left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    places: Vec<Option<Place>>,
}

impl Columns {
    /// The columns of a header, or of a layout that a product always writes.
    pub(crate) fn named<'n>(names: &Names, header: impl IntoIterator<Item = &'n str>) -> Self {
        Self { places: header.into_iter().map(|name| names.find_loosely(name)).collect() }
    }

    /// Whether a column holds this field.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.places.iter().flatten().any(|place| place.field == field)
    }

    /// How many columns there are, known or not.
    pub(crate) const fn len(&self) -> usize {
        self.places.len()
    }

    /// Takes the cells of a line; returns how many there were.
    #[inline]
    pub(crate) fn fill<'a>(
        &self,
        names: &Names,
        row: &mut Row<'a>,
        cells: impl Iterator<Item = &'a str>,
    ) -> usize {
        let mut count = 0;
        for cell in cells {
            if let Some(Some(place)) = self.places.get(count) {
                names.put_at(row, *place, cell);
            }
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &[(&str, Field)] =
        &[("user", Field::User), ("src-user", Field::User), ("Client IP", Field::SourceIp)];

    #[test]
    fn the_name_that_stands_first_in_the_table_counts() {
        let names = Names::new(TABLE, &["N/A"]);
        let read = |pairs: &[(&str, &'static str)]| {
            let mut row = Row::default();
            pairs.iter().for_each(|(name, value)| names.put(&mut row, name, value));
            row.get(Field::User)
        };
        assert_eq!(read(&[("src-user", "b"), ("user", "a")]), "a");
        assert_eq!(read(&[("user", "a"), ("src-user", "b")]), "a");
        assert_eq!(read(&[("user", "-"), ("src-user", "b")]), "b");
        assert_eq!(read(&[("user", "N/A"), ("src-user", "b")]), "b");
        assert_eq!(read(&[("user", "a"), ("user", "b")]), "a");
        assert_eq!(read(&[("USER", "a")]), "");
    }

    #[test]
    fn a_header_may_be_written_in_any_case() {
        let names = Names::new(TABLE, &[]);
        let columns = Columns::named(&names, ["client_ip", "Note", "\u{feff}USER"]);
        assert!(columns.has(Field::User) && columns.has(Field::SourceIp) && !columns.has(Field::Url));
        let mut row = Row::default();
        assert_eq!(columns.fill(&names, &mut row, ["10.0.0.1", "x", "pat", "beyond"].into_iter()), 4);
        assert_eq!((row.get(Field::User), row.get(Field::SourceIp), row.known()), ("pat", "10.0.0.1", 2));
    }

    #[test]
    fn the_names_of_the_settings_come_first() {
        let own = BTreeMap::from([
            ("login".to_owned(), "user_name".to_owned()),
            ("x".to_owned(), "no field".to_owned()),
        ]);
        let names = Names::with(&own, &[TABLE], &[]);
        assert_eq!(names.find("login"), Some(Place { field: Field::User, rank: 0 }));
        assert_eq!(names.find("user"), Some(Place { field: Field::User, rank: 1 }));
        assert_eq!(names.find("x"), None);
    }

    proptest! {
        #[test]
        fn every_name_is_found_and_no_other(table in prop::collection::btree_set("[a-c]{0,4}", 0..200), name in "[a-d]{0,4}") {
            let own: BTreeMap<_, _> = table.iter().map(|name| (name.clone(), "url".to_owned())).collect();
            let names = Names::with(&own, &[], &[]);
            for (rank, known) in table.iter().enumerate() {
                prop_assert_eq!(names.find(known).map(|place| usize::from(place.rank)), Some(rank));
            }
            prop_assert_eq!(names.find(&name).is_some(), table.contains(&name));
        }
    }
}
