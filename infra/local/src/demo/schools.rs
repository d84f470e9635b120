//! The three made-up schools, each with another vendor's filter.

use super::clock::{BELL, Curve, EVENINGS};
use super::layout::{Layout, Shape};
use super::people::{COLLEGE_YEARS, PRIMARY_YEARS, People, SECONDARY_YEARS};
use super::sites::Subject;
use super::traffic::Rules;
use super::{fortigate, umbrella};

/// One made-up school.
#[derive(Debug)]
pub(super) struct School {
    pub(super) id: &'static str,
    pub(super) layout: Layout,
    /// Domain of its mail addresses.
    domain: &'static str,
    years: &'static [(u8, &'static str)],
    logins: u16,
    pub(super) rules: Rules,
    pub(super) lessons: &'static Curve,
    /// Second byte of its private addresses.
    pub(super) network: u8,
    pub(super) feeds: &'static [Feed],
}

/// One stream of logs of a school.
#[derive(Debug)]
pub(super) struct Feed {
    pub(super) id: &'static str,
    pub(super) shape: Shape,
    /// Its share of the school's lines, in hundredths. The last feed takes what is left.
    pub(super) percent: u64,
    /// Whether a day's busy morning goes out in several gzip members, as a collector that appends leaves it.
    pub(super) appended: bool,
    /// Whether one day is a plain file that is uploaded again while it grows.
    pub(super) grows: bool,
}

impl School {
    pub(super) fn people(&self) -> People {
        People::new(self.domain, self.years, self.logins)
    }
}

const UNWANTED: &[Subject] =
    &[Subject::Proxy, Subject::Gambling, Subject::Tobacco, Subject::Weapons, Subject::Social, Subject::Games];
const UNWANTED_BY_CHILDREN: &[Subject] = &[
    Subject::Proxy,
    Subject::Gambling,
    Subject::Tobacco,
    Subject::Weapons,
    Subject::Social,
    Subject::Games,
    Subject::Chat,
];
const UNWANTED_BY_STUDENTS: &[Subject] =
    &[Subject::Proxy, Subject::Gambling, Subject::Tobacco, Subject::Weapons, Subject::Games];

pub(super) static OAK: School = School {
    id: "oak-primary",
    layout: Layout::Squid,
    domain: "oak.example.sch.uk",
    years: PRIMARY_YEARS,
    logins: 240,
    rules: Rules {
        blocked: UNWANTED_BY_CHILDREN,
        tunnels: 15,
        challenges: true,
        open: 8..18,
        weekends: false,
    },
    lessons: &BELL,
    network: 20,
    feeds: &[Feed { id: "web", shape: Shape::Squid, percent: 100, appended: true, grows: true }],
};

pub(super) static BIRCH: School = School {
    id: "birch-academy",
    layout: Layout::Fortinet,
    domain: "birch.example.sch.uk",
    years: SECONDARY_YEARS,
    logins: 1_100,
    rules: Rules { blocked: UNWANTED, tunnels: 6, challenges: false, open: 7..19, weekends: false },
    lessons: &BELL,
    network: 30,
    feeds: &[Feed {
        id: "web",
        shape: Shape::Fortigate(fortigate::Address::Split),
        percent: 100,
        appended: true,
        grows: false,
    }],
};

pub(super) static CEDAR: School = School {
    id: "cedar-college",
    layout: Layout::CiscoUmbrella,
    domain: "cedar.example.sch.uk",
    years: COLLEGE_YEARS,
    logins: 700,
    rules: Rules {
        blocked: UNWANTED_BY_STUDENTS,
        tunnels: 4,
        challenges: false,
        open: 7..23,
        weekends: true,
    },
    lessons: &EVENINGS,
    network: 40,
    feeds: &[
        Feed {
            id: "web",
            shape: Shape::UmbrellaProxy(umbrella::Columns::ThirtyTwo),
            percent: 75,
            appended: false,
            grows: false,
        },
        Feed { id: "dns", shape: Shape::UmbrellaDns, percent: 25, appended: false, grows: false },
    ],
};

/// All of them.
pub(super) static SCHOOLS: [&School; 3] = [&OAK, &BIRCH, &CEDAR];

impl Layout {
    /// The school that has it, and the shape in which the benchmark reads it.
    pub(super) fn school(self) -> (&'static School, Shape) {
        match self {
            Self::Squid => (&OAK, Shape::Squid),
            Self::Fortinet => (&BIRCH, Shape::Fortigate(fortigate::Address::Whole)),
            Self::CiscoUmbrella => (&CEDAR, Shape::UmbrellaProxy(umbrella::Columns::TwentyThree)),
        }
    }
}
