//! Whom a login belongs to, by a school's roster.

use crate::london::london;
use crate::mistake::{At, Mistakes};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use trustwatch_model::{Attribution, Audience, SchoolId, SubjectRole};

/// Longest roster, in bytes.
pub const ROSTER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A row of the roster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// [`Audience::Unknown`] where the roster contradicts itself about one of the person's logins.
    pub audience: Audience,
    /// Year group, in the school's words.
    pub year_group: Option<String>,
    /// Form or class, in the school's words.
    pub form: Option<String>,
    /// School.
    pub school: SchoolId,
    /// What they are at the school, where that changes who may know of their case.
    pub role: Option<SubjectRole>,
    /// Last day (Europe/London) on which the login is this person's.
    pub leaving_date: Option<Date>,
}

impl Person {
    /// Whether this is somebody else of the same audience who leaves on the same day, as far as a roster tells.
    fn is_not(&self, other: &Self) -> bool {
        let told = |person: &Self| (person.year_group.clone(), person.form.clone(), person.role);
        self.audience == other.audience
            && self.leaving_date == other.leaving_date
            && told(self) != told(other)
    }
}

/// The people of one or several schools by their logins.
#[derive(Debug, Clone)]
pub struct Roster {
    people: Vec<Person>,
    /// School, then folded login, to `people`.
    logins: HashMap<String, HashMap<String, Vec<usize>>>,
    london: TimeZone,
}

impl Default for Roster {
    fn default() -> Self {
        Self { people: Vec::new(), logins: HashMap::new(), london: london() }
    }
}

/// A login as it is compared: lower case, without `DOMAIN\` before it, `@…` behind it and spaces around it. Where
/// nothing would be left, the whole text in lower case.
///
/// ```
/// use trustwatch_policy::fold_login;
/// assert_eq!(fold_login(r"OAK\SSmith"), "ssmith");
/// assert_eq!(fold_login(" ssmith@oak.example.sch.uk"), "ssmith");
/// ```
#[must_use]
pub fn fold_login(login: &str) -> String {
    let whole = login.trim();
    let name = whole.rsplit_once('\\').map_or(whole, |(_, name)| name);
    let name = name.split_once('@').map_or(name, |(name, _)| name).trim();
    if name.is_empty() { whole.to_lowercase() } else { name.to_lowercase() }
}

impl Roster {
    /// Reads a CSV file in UTF-8 with a header of `user_name, aliases, audience, year_group, form, school,
    /// leaving_date` in any order, and perhaps `role` (`head`, `dsl` or nothing); other columns are ignored, aliases
    /// are parted by `;`, dates are `YYYY-MM-DD`.
    ///
    /// Returns the good rows, and every mistake with line and column. A login that one school's rows give to different
    /// audiences is a mistake, and both rows are kept as [`Audience::Unknown`].
    #[must_use]
    pub fn parse(csv: &[u8]) -> (Self, Mistakes) {
        let mut roster = Self::default();
        let mut notes = Mistakes::default();
        if csv.len() > ROSTER_BYTES_MAX {
            let expected = format!("at most {ROSTER_BYTES_MAX} bytes");
            notes.add(START, "", "is too long a file", expected, "give each school a file of its own");
            return (roster, notes);
        }
        let text = String::from_utf8_lossy(csv);
        if let Err(error) = std::str::from_utf8(csv) {
            let at = place(&text, error.valid_up_to(), &notes);
            let advice = "save the file as UTF-8 (in Excel: `CSV UTF-8`)";
            notes.add(at, "\u{fffd}", "is not a character of UTF-8", "text in UTF-8", advice);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        read_rows(text, &mut roster, &mut notes);
        (roster, notes.sorted())
    }

    /// Everybody, in the order of the file.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// Whose login this is at a school at a time (microseconds since 1970 UTC): of those who had it one after the other,
    /// the one who left first of all who had not left yet. The login is folded by [`fold_login`].
    #[must_use]
    pub fn person(&self, school: &str, login: &str, event_at: i64) -> Option<&Person> {
        let people = self.logins.get(school)?.get(login)?.iter().filter_map(|index| self.people.get(*index));
        let date = self.london_date(event_at);
        people
            .filter(|person| person.leaving_date.is_none_or(|last| date <= Some(last)))
            .min_by_key(|person| (person.leaving_date.is_none(), person.leaving_date))
    }

    /// Every login, folded, of those whose login this is or was at a school, this one included.
    pub fn logins_of<'r>(&'r self, school: &str, login: &'r str) -> impl Iterator<Item = &'r str> {
        let logins = self.logins.get(school);
        let people = logins.and_then(|logins| logins.get(login)).map_or(&[] as &[usize], Vec::as_slice);
        let theirs = |owners: &Vec<usize>| owners.iter().any(|owner| people.contains(owner));
        let others = logins.into_iter().flatten().filter(move |(_, owners)| theirs(owners));
        others.map(|(name, _)| name.as_str()).chain([login])
    }

    /// The person whom an event concerns; nobody where the login is not known, or is not one person's.
    #[must_use]
    pub fn subject(
        &self,
        school: &str,
        login: Option<&str>,
        attribution: Attribution,
        event_at: i64,
    ) -> Option<&Person> {
        let login = login.filter(|_| attribution == Attribution::User)?;
        self.person(school, login, event_at)
    }

    fn london_date(&self, event_at: i64) -> Option<Date> {
        let at = Timestamp::from_microsecond(event_at).ok()?;
        Some(self.london.to_datetime(at).date())
    }
}

const START: At = At { line: 1, column: 1 };

/// A date `YYYY-MM-DD` and nothing else.
pub(crate) fn civil_date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

const COLUMNS: [&str; 7] =
    ["user_name", "aliases", "audience", "year_group", "form", "school", "leaving_date"];
/// A column that a roster may lack.
const ROLE: &str = "role";

fn read_rows(text: &str, roster: &mut Roster, notes: &mut Mistakes) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    // Reading from memory, of text that is UTF-8, into rows of any length cannot fail.
    let Some(header) = records.next().and_then(Result::ok) else {
        notes.add(START, "", "is an empty file", COLUMNS.join(","), "begin with this header");
        return;
    };
    let Some(columns) = read_header(text, &header, notes) else { return };
    let role = header.iter().position(|cell| cell.trim().eq_ignore_ascii_case(ROLE));
    let mut found = Vec::new();
    for record in records.filter_map(Result::ok) {
        let row = Row { text, record: &record, columns, role };
        if let Some((column, cell)) = record.iter().enumerate().find(|(_, cell)| cell.contains('\n')) {
            let problem =
                "holds a line break, so that the rows after it may have been taken for a part of it";
            let at = place(text, row.start_of(column), notes);
            notes.add(at, cell, problem, "cells of one line", "close the quote, or remove the line break");
        }
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            if record.len() == header.len() {
                found.extend(row.read(notes));
            } else {
                let problem = format!("is a row of {} cells", record.len());
                let expected = format!("{} like the header", header.len());
                notes.add(
                    place(text, row.start_of(0), notes),
                    record.get(0).unwrap_or_default(),
                    problem,
                    expected,
                    "check the commas",
                );
            }
        }
    }
    enter(text, found, roster, notes);
}

/// Where each of [`COLUMNS`] stands.
fn read_header(
    text: &str,
    header: &csv::StringRecord,
    notes: &mut Mistakes,
) -> Option<[usize; COLUMNS.len()]> {
    let mut columns = [0; COLUMNS.len()];
    let mut whole = true;
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        let mut places = header.iter().enumerate().filter(|(_, cell)| cell.trim().eq_ignore_ascii_case(name));
        match places.next() {
            Some((place, _)) => *column = place,
            None => {
                notes.add(START, name, "is missing from the header", COLUMNS.join(","), "add the column");
                whole = false;
            }
        }
        if let Some((second, _)) = places.next() {
            let at = place(text, cell_start(text, header, second), notes);
            notes.add(at, name, "stands twice in the header", "each column once", "remove one of them");
            whole = false;
        }
    }
    whole.then_some(columns)
}

/// A good row: the person, and each login with the byte at which its cell begins.
type Entry = (Person, Vec<(String, usize)>);

/// Lets people be found by their logins; where rows contradict each other, nobody is.
fn enter(text: &str, found: Vec<Entry>, roster: &mut Roster, notes: &mut Mistakes) {
    let mut contradicted = Vec::new();
    for (person, logins) in found {
        let index = roster.people.len();
        let known = roster.logins.entry(person.school.to_string()).or_default();
        for (login, start) in logins {
            let same = known.entry(login.clone()).or_default();
            if same.contains(&index) {
                continue;
            }
            let audience = |other: &usize| roster.people.get(*other).map(|other| other.audience);
            if same.iter().any(|other| audience(other) != Some(person.audience)) {
                let at = place(text, start, notes);
                let expected = "each login in one audience of a school";
                let advice = "correct one of them: until then both count as unknown";
                notes.add(
                    at,
                    &login,
                    "already stands in an earlier row as another audience",
                    expected,
                    advice,
                );
                contradicted.extend(same.iter().copied().chain([index]));
            }
            let others = same.iter().filter_map(|other| roster.people.get(*other));
            if others.into_iter().any(|other| other.is_not(&person)) {
                let at = place(text, start, notes);
                let problem = "already stands in an earlier row that ends on the same day";
                let advice = "give the row of whoever had the login before its `leaving_date`: until then the earlier row counts";
                notes.add(at, &login, problem, "one person at a time for a login", advice);
            }
            same.push(index);
        }
        roster.people.push(person);
    }
    // At the end, so that a third row is compared with what the first two say.
    for index in contradicted {
        if let Some(person) = roster.people.get_mut(index) {
            person.audience = Audience::Unknown;
        }
    }
}

#[derive(Clone, Copy)]
struct Row<'r> {
    text: &'r str,
    record: &'r csv::StringRecord,
    columns: [usize; COLUMNS.len()],
    role: Option<usize>,
}

impl Row<'_> {
    fn start_of(&self, column: usize) -> usize {
        cell_start(self.text, self.record, column)
    }

    fn read(&self, notes: &mut Mistakes) -> Option<Entry> {
        let [user_name, aliases, audience, year_group, form, school, leaving_date] = self.columns;
        let cell = |column: usize| self.record.get(column).unwrap_or_default().trim();
        let present = |column| Some(cell(column)).filter(|text| !text.is_empty());
        let mut wrong = |column, problem: &str, expected: &str, advice: &str| {
            let at = place(self.text, self.start_of(column), notes);
            notes.add(at, cell(column), problem, expected, advice);
        };
        let words = [Audience::Pupil, Audience::Staff, Audience::Visitor];
        let word = words.into_iter().find(|word| word.as_str().eq_ignore_ascii_case(cell(audience)));
        let id = SchoolId::new(cell(school)).ok();
        let last = present(leaving_date).map(civil_date);
        if present(user_name).is_none() {
            wrong(user_name, "is no login", "the login that the filter logs", "fill it in or remove the row");
        }
        if word.is_none() {
            wrong(audience, "is not an audience", "one of pupil, staff, visitor", "correct it");
        }
        if id.is_none() {
            let expected = "the id of a school: 1 to 48 of the characters a-z, 0-9 and -";
            wrong(school, "is not a school", expected, "write the id that the school's feeds have");
        }
        if last == Some(None) {
            wrong(leaving_date, "is not a date", "a date like 2026-07-31, or nothing", "correct it");
        }
        let role = self.role.and_then(present).map(|text| SubjectRole::parse(&text.to_lowercase()));
        if let Some((column, None)) = self.role.zip(role) {
            wrong(
                column,
                "is not a role",
                "head, dsl or nothing",
                "correct it: who reads their case depends on it",
            );
        }
        if matches!(role, Some(Some(_))) && word.is_some_and(|word| word != Audience::Staff) {
            wrong(audience, "is the audience of a head or DSL", "staff", "correct it, or leave the role out");
            return None;
        }
        let person = Person {
            audience: word?,
            year_group: present(year_group).map(str::to_owned),
            form: present(form).map(str::to_owned),
            school: id?,
            leaving_date: match last {
                Some(date) => Some(date?),
                None => None,
            },
            role: match role {
                Some(role) => Some(role?),
                None => None,
            },
        };
        let own = (fold_login(present(user_name)?), self.start_of(user_name));
        let others = cell(aliases).split(';').map(str::trim).filter(|alias| !alias.is_empty());
        let others = others.map(|alias| (fold_login(alias), self.start_of(aliases)));
        Some((person, std::iter::once(own).chain(others).collect()))
    }
}

/// The byte at which a cell begins, found by reading the row again: the parser does not say.
fn cell_start(text: &str, record: &csv::StringRecord, column: usize) -> usize {
    let start = record.position().map_or(0, csv::Position::byte);
    let start = usize::try_from(start).unwrap_or_default();
    let row = text.get(start..).unwrap_or_default();
    // The parser begins a row at the line end of the row before.
    let start = start + row.len() - row.trim_start_matches(['\r', '\n']).len();
    let row = text.get(start..).unwrap_or_default();
    let (mut commas, mut quoted) = (0, false);
    let cell = row.char_indices().find(|(_, c)| {
        let here = commas == column;
        quoted ^= *c == '"';
        commas += usize::from(*c == ',' && !quoted);
        here
    });
    start + cell.map_or(0, |(offset, _)| offset)
}

/// Line and column of a byte. Found by counting from the start, so not for mistakes that are only counted.
fn place(text: &str, byte: usize, notes: &Mistakes) -> At {
    if notes.is_full() {
        return START;
    }
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    At { line: line as u64, column: column as u64 }
}

#[cfg(test)]
mod tests;
