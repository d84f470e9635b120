//! Rosters, good and bad.

use super::*;
use proptest::prelude::*;

/// [`Audience::Unknown`] where nobody is known, as the judge takes it.
fn audience_of(roster: &Roster, school: &str, login: Option<&str>, attribution: Attribution) -> Audience {
    roster.subject(school, login, attribution, 0).map_or(Audience::Unknown, |person| person.audience)
}

const HEADER: &str = "user_name,aliases,audience,year_group,form,school,leaving_date\n";

fn mistakes(csv: &str) -> Vec<String> {
    Roster::parse(csv.as_bytes()).1.as_slice().iter().map(ToString::to_string).collect()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

#[test]
fn logins_are_found_in_every_spelling() {
    let csv = format!("{HEADER}ASmith,a.smith@oak.example.sch.uk; OAK\\as1,pupil,5,5A,oak,\n");
    let (roster, notes) = Roster::parse(csv.as_bytes());
    assert!(notes.is_empty(), "{notes}");
    for login in [r"OAK\asmith", "asmith@oak.example.sch.uk", "A.Smith", "AS1", " asmith "] {
        let person = roster.person("oak", &fold_login(login), 0).unwrap();
        let (year, form) = (person.year_group.as_deref(), person.form.as_deref());
        assert_eq!((person.audience, year, form), (Audience::Pupil, Some("5"), Some("5A")), "{login}");
        assert_eq!(roster.person("elm", &fold_login(login), 0), None, "{login} of another school");
    }
    assert_eq!(roster.person("oak", "smith", 0), None);
}

#[test]
fn only_a_login_of_one_person_has_an_audience() {
    let (roster, _) = Roster::parse(format!("{HEADER}ann,,pupil,,,oak,\n").as_bytes());
    let audience = |login, attribution| audience_of(&roster, "oak", login, attribution);
    assert_eq!(audience(Some("ann"), Attribution::User), Audience::Pupil);
    assert_eq!(audience(Some("bob"), Attribution::User), Audience::Unknown);
    assert_eq!(audience(None, Attribution::User), Audience::Unknown);
    for other in [Attribution::SharedLogin, Attribution::Device, Attribution::Address] {
        assert_eq!(audience(Some("ann"), other), Audience::Unknown, "{other:?}");
    }
}

#[test]
fn the_leaving_date_is_the_last_day_by_the_clock_of_london() {
    let csv = format!("{HEADER}sum,,pupil,,,oak,2026-07-22\nwin,,pupil,,,oak,2026-12-18\n");
    let (roster, _) = Roster::parse(csv.as_bytes());
    let known = |login, time| roster.person("oak", login, at(time)).is_some();
    assert!(known("sum", "2026-07-22T22:59:59.999999Z"));
    assert!(!known("sum", "2026-07-22T23:00:00Z"), "midnight of summer time");
    assert!(known("win", "2026-12-18T23:59:59.999999Z"));
    assert!(!known("win", "2026-12-19T00:00:00Z"));
}

#[test]
fn a_pupil_who_moves_is_known_at_each_school_in_turn() {
    let csv = format!("{HEADER}sam,,pupil,,,oak,2026-02-13\nsam,,pupil,,,elm,\n");
    let (roster, notes) = Roster::parse(csv.as_bytes());
    assert!(notes.is_empty(), "{notes}");
    let known = |school, time| roster.person(school, "sam", at(time)).is_some();
    assert!(known("oak", "2026-02-13T12:00:00Z") && !known("oak", "2026-02-14T12:00:00Z"));
    assert!(known("elm", "2026-02-14T12:00:00Z"));
}

#[test]
fn a_login_that_is_handed_on_is_of_whoever_had_it_then() {
    for rows in [
        "s.smith,,pupil,7,7N,oak,\ns.smith,,pupil,11,11O,oak,2026-11-20\n",
        "s.smith,,pupil,11,11O,oak,2026-11-20\ns.smith,,pupil,7,7N,oak,\n",
    ] {
        let (roster, notes) = Roster::parse(format!("{HEADER}{rows}").as_bytes());
        assert!(notes.is_empty(), "{notes}");
        let form = |time| roster.person("oak", "s.smith", at(time)).unwrap().form.as_deref();
        assert_eq!(form("2026-11-20T12:00:00Z"), Some("11O"));
        assert_eq!(form("2026-11-21T12:00:00Z"), Some("7N"));
    }
    let both = format!("{HEADER}s.smith,,pupil,7,7N,oak,\ns.smith,,pupil,11,11O,oak,\n");
    let said = mistakes(&both).concat();
    assert!(
        said.starts_with("3:1: `s.smith` already stands in an earlier row that ends on the same day"),
        "{said}"
    );
}

#[test]
fn a_login_of_two_audiences_is_nobody_and_said() {
    let csv = format!("{HEADER}kim,kimi,pupil,,,oak,\nkk,KIM,staff,,,oak,\nkim,,staff,,,elm,\n");
    let (roster, notes) = Roster::parse(csv.as_bytes());
    let expected = "3:4: `kim` already stands in an earlier row as another audience: expected each login in one \
                    audience of a school; correct one of them: until then both count as unknown";
    assert_eq!(notes.to_string(), expected);
    let audience = |school, login| audience_of(&roster, school, Some(login), Attribution::User);
    for login in ["kim", "kimi", "kk"] {
        assert_eq!(audience("oak", login), Audience::Unknown, "{login}");
    }
    assert_eq!(audience("elm", "kim"), Audience::Staff);
    let twice = format!("{HEADER}kim,KIM,pupil,,,oak,\nkim,,pupil,,,oak,\n");
    assert_eq!(mistakes(&twice), [""; 0], "twice as the same is no contradiction");
}

#[test]
fn every_mistake_has_its_place_and_the_good_rows_stay() {
    let csv = "\u{feff}extra, School ,user_name,aliases,audience,year_group,form,leaving_date\r\n\
               \"a, \"\"b\"\"\",oak,ann,,pupil,,,\r\n\
               \r\n\
               ,Oak Primary,,,teacher,,,2026-02-30\r\n\
               ,,,,,,,\r\n\
               \"two\r\nlines\",oak,zoë,,pupils,,,\r\n\
               ,oak,bob,,staff\r\n\
               ,oak,cat,,STAFF,,,2026-07-22\r\n";
    assert_eq!(
        mistakes(csv),
        [
            "4:2: `Oak Primary` is not a school: expected the id of a school: 1 to 48 of the characters a-z, 0-9 \
             and -; write the id that the school's feeds have",
            "4:14: `` is no login: expected the login that the filter logs; fill it in or remove the row",
            "4:16: `teacher` is not an audience: expected one of pupil, staff, visitor; correct it",
            "4:26: `2026-02-30` is not a date: expected a date like 2026-07-31, or nothing; correct it",
            "6:1: `two…` holds a line break, so that the rows after it may have been taken for a part of it: expected \
             cells of one line; close the quote, or remove the line break",
            "7:17: `pupils` is not an audience: expected one of pupil, staff, visitor; correct it",
            "8:1: `` is a row of 5 cells: expected 8 like the header; check the commas",
        ]
    );
    assert_eq!(Roster::parse(csv.as_bytes()).0.people().len(), 2);
}

#[test]
fn a_header_must_have_each_column_once() {
    let columns = "user_name,aliases,audience,year_group,form,school,leaving_date";
    assert_eq!(
        mistakes("user_name,audience,form,form,school,leaving,aliases,year_group\nann,pupil,,,oak,,,\n"),
        [
            format!("1:1: `leaving_date` is missing from the header: expected {columns}; add the column"),
            "1:25: `form` stands twice in the header: expected each column once; remove one of them"
                .to_owned(),
        ]
    );
    let empty = format!("1:1: `` is an empty file: expected {columns}; begin with this header");
    assert_eq!(mistakes(""), [empty]);
}

#[test]
fn a_file_in_another_encoding_is_named_and_its_other_rows_stay() {
    let mut csv = HEADER.as_bytes().to_vec();
    csv.extend(b"zo\xeb,,pupil,,,oak,\nbob,,staff,,,oak,\n");
    let (roster, notes) = Roster::parse(&csv);
    let expected = "2:3: `\u{fffd}` is not a character of UTF-8: expected text in UTF-8; save the file as UTF-8 (in \
                    Excel: `CSV UTF-8`)";
    assert_eq!(notes.to_string(), expected);
    assert_eq!(audience_of(&roster, "oak", Some("bob"), Attribution::User), Audience::Staff);
}

proptest! {
    #[test]
    fn folding_a_login_twice_changes_nothing(login in r"[ aB\\@.]{0,12}|\PC{0,12}") {
        let once = fold_login(&login);
        prop_assert_eq!(fold_login(&once), once);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), quoted in "[\",;a\r\né]{0,60}") {
        let mut csv = HEADER.as_bytes().to_vec();
        csv.extend(quoted.as_bytes());
        csv.extend(&bytes);
        let (roster, _) = Roster::parse(&csv);
        prop_assert!(roster.people().len() <= csv.len());
        prop_assert!(Roster::parse(&bytes).0.people().len() <= bytes.len());
    }
}
