//! The group map: which group of the directory gives which role where. The object `access.yaml` of the config
//! bucket.

use crate::claims::is_plain_id;
use crate::{Grant, SchoolRole, TrustRole};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, MessageFormatter as _, Spanned, UserMessageFormatter};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use trustwatch_model::SchoolId;

/// Longest map that is read, in bytes: some thousands of groups.
const MAP_BYTES_MAX: usize = 256 * 1024;

/// How the ids of groups begin that `trustwatch token` makes up for a person who is only tried.
pub const DEVELOPMENT: &str = "dev-";

/// Names a group of the directory: 1 to 64 ASCII letters, digits, `-` and `_`. Entra ID: its object id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(String);

impl GroupId {
    /// The id, if the text is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        is_plain_id(text).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One thing that is wrong with a map, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1; 0 when it is of the file as a whole.
    pub line: u64,
    /// Column, from 1; 0 when it is of the file as a whole.
    pub column: u64,
    /// What, and what was expected.
    pub what: String,
}

/// Everything that is wrong with a map: it is used as a whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct GroupMapError {
    /// In the order of the file, at least one.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for GroupMapError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Mistake { line, column, what }) in self.mistakes.iter().enumerate() {
            let end = if nth == 0 { "" } else { "\n" };
            write!(out, "{end}access.yaml:{line}:{column}: {what}")?;
        }
        Ok(())
    }
}

/// Which group gives which grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupMap(BTreeMap<GroupId, BTreeSet<Grant>>);

impl GroupMap {
    /// Reads a map.
    ///
    /// ```
    /// use trustwatch_access::GroupMap;
    /// let map = GroupMap::parse(
    ///     "groups:\n  g-oak-dsl: {role: dsl, schools: [oak]}\n  g-it: {role: trust_it, schools: all}\n",
    /// );
    /// assert!(map.is_ok());
    /// let error = GroupMap::parse("groups:\n  g-oak-dsl: {role: dsl, schools: all}\n").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "access.yaml:2:35: `dsl` is a role of schools: name them, such as `schools: [oak, elm]`"
    /// );
    /// ```
    ///
    /// # Errors
    /// [`GroupMapError`] with every mistake, or with the first of the syntax.
    pub fn parse(text: &str) -> Result<Self, GroupMapError> {
        if text.len() > MAP_BYTES_MAX {
            let what = format!("the file has {} bytes, and at most {MAP_BYTES_MAX} are read", text.len());
            return Err(GroupMapError { mistakes: vec![Mistake { line: 0, column: 0, what }] });
        }
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let at = error.location().unwrap_or(Location::UNKNOWN);
            let what = UserMessageFormatter.format_message(error.without_snippet());
            GroupMapError { mistakes: vec![mistake(&at, what.replace(char::is_control, " "))] }
        })?;
        let (mut map, mut mistakes) = (BTreeMap::new(), Vec::new());
        for (group, entry) in file.groups.0 {
            match GroupId::new(&group.value) {
                Some(id) => {
                    map.insert(id, entry.grants(&mut mistakes));
                }
                None => mistakes.push(mistake(
                    &group.referenced,
                    format!(
                        "`{}` is not a group id: use the id of the group, not its name: 1 to 64 letters, digits, - and _",
                        group.value
                    ),
                )),
            }
        }
        if mistakes.is_empty() { Ok(Self(map)) } else { Err(GroupMapError { mistakes }) }
    }

    /// Whether some group of the directory gives this role at this school.
    #[must_use]
    pub fn gives(&self, role: SchoolRole, school: &SchoolId) -> bool {
        self.gives_any(&Grant::School { role, school: school.clone() })
    }

    /// Nobody of the directory is in a group of development.
    pub(crate) fn gives_any(&self, grant: &Grant) -> bool {
        let mut groups = self.0.iter().filter(|(id, _)| !id.0.starts_with(DEVELOPMENT));
        groups.any(|(_, grants)| grants.contains(grant))
    }

    /// What the members of a group are granted: nothing, for a group that is not in the map.
    pub fn grants(&self, group: &GroupId) -> impl Iterator<Item = &Grant> {
        self.0.get(group).into_iter().flatten()
    }
}

fn mistake(at: &Location, what: String) -> Mistake {
    Mistake { line: at.line(), column: at.column(), what }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    groups: Entries,
}

/// In the order of the file, with the place of each key. (A key that is given twice is refused by the YAML reader.)
struct Entries(Vec<(Spanned<String>, Entry)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    role: Spanned<String>,
    schools: Spanned<Schools>,
}

enum Schools {
    All,
    Named(Vec<Spanned<String>>),
}

impl Entry {
    fn grants(&self, mistakes: &mut Vec<Mistake>) -> BTreeSet<Grant> {
        let role = self.role.value.as_str();
        let schools_at = &self.schools.referenced;
        match (TrustRole::parse(role), SchoolRole::parse(role), &self.schools.value) {
            (Some(role), _, Schools::All) => BTreeSet::from([Grant::Trust { role }]),
            (_, Some(role), Schools::Named(schools)) if !schools.is_empty() => {
                school_grants(role, schools, mistakes)
            }
            (Some(_), _, Schools::Named(_)) => {
                let what = format!("`{role}` is a role of the whole trust: write `schools: all`");
                mistakes.push(mistake(schools_at, what));
                BTreeSet::new()
            }
            (_, Some(_), _) => {
                let what = format!("`{role}` is a role of schools: name them, such as `schools: [oak, elm]`");
                mistakes.push(mistake(schools_at, what));
                BTreeSet::new()
            }
            (None, None, _) => {
                let known = TrustRole::ALL.iter().map(|role| role.as_str());
                let known: Vec<&str> =
                    known.chain(SchoolRole::ALL.iter().map(|role| role.as_str())).collect();
                let what = format!("`{role}` is not a role: expected one of {}", known.join(", "));
                mistakes.push(mistake(&self.role.referenced, what));
                BTreeSet::new()
            }
        }
    }
}

fn school_grants(
    role: SchoolRole,
    schools: &[Spanned<String>],
    mistakes: &mut Vec<Mistake>,
) -> BTreeSet<Grant> {
    let mut grants = BTreeSet::new();
    for school in schools {
        match SchoolId::new(&school.value) {
            Ok(id) => {
                if !grants.insert(Grant::School { role, school: id }) {
                    let what = format!("`{}` stands here twice: name a school once", school.value);
                    mistakes.push(mistake(&school.referenced, what));
                }
            }
            Err(error) => mistakes.push(mistake(&school.referenced, error.to_string())),
        }
    }
    grants
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("group ids, each with `role` and `schools`")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl<'de> Deserialize<'de> for Schools {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrList;
        impl<'de> Visitor<'de> for WordOrList {
            type Value = Schools;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("`all` or a list of schools")
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Schools, E> {
                if word == "all" {
                    Ok(Schools::All)
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Schools, A::Error> {
                let mut schools = Vec::new();
                while let Some(school) = list.next_element()? {
                    schools.push(school);
                }
                Ok(Schools::Named(schools))
            }
        }
        deserializer.deserialize_any(WordOrList)
    }
}
