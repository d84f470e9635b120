//! The rosters of the made-up schools, as their information systems would export them.

use super::schools::SCHOOLS;

/// The roster of one school, as a CSV file.
pub struct DemoRoster {
    /// School.
    pub school: &'static str,
    /// The file.
    pub csv: String,
}

/// The rosters of all made-up schools.
#[must_use]
pub fn rosters() -> Vec<DemoRoster> {
    let of = |school: &&super::schools::School| {
        let mut csv = "user_name,aliases,audience,year_group,form,school,leaving_date\n".to_owned();
        for person in school.people().all() {
            // A pupil's group ends with the year: `Pupils-Y7`.
            let year = person.group.rsplit_once("-Y").map(|(_, year)| year);
            let audience = if year.is_some() { "pupil" } else { "staff" };
            let (login, year, school) = (&person.login, year.unwrap_or_default(), school.id);
            // An identity has a comma in it, as filters print it.
            csv.push_str(&format!("{login},\"{}\",{audience},{year},,{school},\n", person.identity));
        }
        DemoRoster { school: school.id, csv }
    };
    SCHOOLS.iter().map(of).collect()
}
