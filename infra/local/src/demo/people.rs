//! Made-up people. No name here is of anyone: forenames and birds, put together by number.

use super::dice::{Dice, Zipf, seed_of};

/// One login of a school.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// `a.finch7`, or `y9-b.wren12` for a pupil.
    pub(super) login: String,
    /// `Finch, Ada (ada.finch7@cedar.example.sch.uk)`.
    pub(super) identity: String,
    /// Directory group.
    pub(super) group: &'static str,
    /// Last two bytes of the private address.
    pub(super) host: u16,
    /// Name of the machine.
    pub(super) device: String,
    /// What the browser says of itself.
    pub(super) user_agent: &'static str,
}

const FORENAMES: [&str; 40] = [
    "Ada", "Ben", "Cara", "Dev", "Ella", "Finn", "Gwen", "Hari", "Isla", "Jack", "Kezia", "Leo", "Maya",
    "Noah", "Orla", "Priya", "Quinn", "Rosa", "Sam", "Tess", "Uma", "Vik", "Will", "Xena", "Yusuf", "Zara",
    "Amir", "Beth", "Cai", "Dina", "Evan", "Farah", "Gus", "Huda", "Ivan", "Jade", "Kofi", "Lena", "Musa",
    "Nell",
];
const SURNAMES: [&str; 32] = [
    "Finch", "Wren", "Heron", "Swift", "Robin", "Martin", "Crane", "Kestrel", "Plover", "Lark", "Avocet",
    "Teal", "Dunnock", "Siskin", "Linnet", "Merlin", "Osprey", "Puffin", "Rook", "Starling", "Tern",
    "Whinchat", "Bunting", "Curlew", "Dipper", "Fulmar", "Gannet", "Jackdaw", "Kite", "Magpie", "Nightjar",
    "Redstart",
];
const USER_AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
];

/// Every ninth login is of staff.
const STAFF_EVERY: u16 = 9;
/// The first of them.
const STAFF_AT: u16 = 4;

/// Directory group of each pupil year, as `(year, group)`.
pub(super) const PRIMARY_YEARS: &[(u8, &str)] =
    &[(3, "Pupils-Y3"), (4, "Pupils-Y4"), (5, "Pupils-Y5"), (6, "Pupils-Y6")];
/// The same for a secondary school.
pub(super) const SECONDARY_YEARS: &[(u8, &str)] =
    &[(7, "Pupils-Y7"), (8, "Pupils-Y8"), (9, "Pupils-Y9"), (10, "Pupils-Y10"), (11, "Pupils-Y11")];
/// The same for a sixth-form college.
pub(super) const COLLEGE_YEARS: &[(u8, &str)] = &[(12, "Students-Y12"), (13, "Students-Y13")];

/// Everyone who has a login at one school, and how busy each is.
#[derive(Debug, Clone)]
pub(super) struct People {
    all: Vec<Person>,
    /// Of staff; stands for a number that no one has.
    guest: Person,
    busy: Zipf,
}

impl People {
    /// The same people for the same school, whatever the seed of the week: a person must keep the name from
    /// one file to the next.
    pub(super) fn new(domain: &str, years: &[(u8, &'static str)], count: u16) -> Self {
        let mut dice = Dice::new(seed_of(0, &["people", domain]));
        let all = (0..count).map(|number| person(&mut dice, domain, years, number)).collect();
        Self {
            all,
            guest: person(&mut dice, domain, years, count / STAFF_EVERY * STAFF_EVERY + STAFF_AT),
            busy: Zipf::new(count, 12),
        }
    }

    pub(super) fn all(&self) -> &[Person] {
        &self.all
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> u16 {
        self.busy.draw(dice)
    }

    /// Someone of staff.
    pub(super) fn draw_staff(&self, dice: &mut Dice) -> u16 {
        self.draw(dice) / STAFF_EVERY * STAFF_EVERY + STAFF_AT
    }

    pub(super) fn get(&self, number: u16) -> &Person {
        self.all.get(usize::from(number)).unwrap_or(&self.guest)
    }
}

fn person(dice: &mut Dice, domain: &str, years: &[(u8, &'static str)], number: u16) -> Person {
    let (forename, surname) = (dice.pick(&FORENAMES), dice.pick(&SURNAMES));
    let (first, last) = (forename.to_ascii_lowercase(), surname.to_ascii_lowercase());
    let initial = first.get(..1).unwrap_or("x");
    // The number at the end keeps two of the same name apart.
    let (login, group) = if number % STAFF_EVERY == STAFF_AT {
        (format!("{initial}.{last}{number}"), "Staff")
    } else {
        let (year, group) = dice.pick(years);
        (format!("y{year}-{initial}.{last}{number}"), group)
    };
    let device = format!("{}-LT-{number:04}", domain.get(..3).unwrap_or("sch").to_ascii_uppercase());
    Person {
        login,
        identity: format!("{surname}, {forename} ({first}.{last}{number}@{domain})"),
        group,
        host: 256 + number,
        device,
        user_agent: dice.pick(&USER_AGENTS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn logins_are_distinct_and_carry_year_or_staff() {
        let people = People::new("cedar.example.sch.uk", SECONDARY_YEARS, 500);
        let logins: BTreeSet<_> = people.all.iter().map(|person| &person.login).collect();
        assert_eq!(logins.len(), 500);
        for person in &people.all {
            assert_eq!(person.group != "Staff", person.login.starts_with('y') && person.login.contains('-'));
            assert!(person.identity.contains(", ") && person.identity.ends_with("@cedar.example.sch.uk)"));
        }
    }
}
