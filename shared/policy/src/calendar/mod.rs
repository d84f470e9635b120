//! When a school is in session: its terms, its day, its breaks, and when staff may use the web for themselves. All by
//! the clock of London.

mod bank_holiday;
mod read;

pub(crate) use read::{read_calendar, read_school};

use crate::london::london;
use crate::policy::Policy;
use bank_holiday::is_bank_holiday;
use jiff::Timestamp;
use jiff::civil::{Date, Time as Clock, Weekday};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use trustwatch_model::SchoolId;

/// The year of one or several schools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// The name that schools use.
    pub name: String,
    /// First and last day of each term or half-term, in order.
    pub terms: Vec<(Date, Date)>,
    /// Days on which staff work and no pupil is there.
    pub inset: Vec<Date>,
    /// Other days in a term on which the school is closed.
    pub closed: Vec<Date>,
    /// The school's day.
    pub day: Hours,
    /// Breaks in it.
    pub breaks: Vec<Hours>,
}

/// A span of a day, its end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Its beginning.
    pub from: Clock,
    /// Its end.
    pub until: Clock,
}

impl Hours {
    fn hold(&self, clock: Clock) -> bool {
        (self.from..self.until).contains(&clock)
    }
}

/// When staff may use the web for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalUse {
    /// Outside the school's day.
    OutsideDay,
    /// In its breaks.
    Breaks,
    /// At a time of its own.
    Hours(Hours),
}

/// A school of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// Its id.
    pub id: SchoolId,
    /// Name of its calendar.
    pub calendar: String,
    /// When staff may use the web for themselves on a working day.
    pub personal_use: Vec<PersonalUse>,
    /// What the school's rule on personal use depends on and no log can know, such as that no pupil is present.
    pub unknowable: Option<String>,
}

/// A kind of time that a rule may be held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// A school day, in the school's day, outside the breaks.
    Lesson,
    /// A school day, in a break.
    Break,
    /// Lesson or break.
    SchoolHours,
    /// All other time.
    OutOfHours,
    /// A day on which no pupil is at school.
    Holiday,
    /// A working day of staff, in the school's day, when they may not use the web for themselves.
    Directed,
}

impl Time {
    /// The word of the policy, with what it stands for.
    pub(crate) const WORDS: [(&'static str, Self); 6] = [
        ("lesson", Self::Lesson),
        ("break", Self::Break),
        ("school_hours", Self::SchoolHours),
        ("out_of_hours", Self::OutOfHours),
        ("holiday", Self::Holiday),
        ("directed", Self::Directed),
    ];
}

/// What a school's calendar says of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment<'c> {
    pupils_there: bool,
    in_day: bool,
    in_break: bool,
    directed: bool,
    /// What the answer on directed time depends on and no log can know.
    pub(crate) unknowable: Option<&'c str>,
}

impl Moment<'_> {
    pub(crate) const fn is(&self, time: Time) -> bool {
        let in_hours = self.pupils_there && self.in_day;
        match time {
            Time::Lesson => in_hours && !self.in_break,
            Time::Break => in_hours && self.in_break,
            Time::SchoolHours => in_hours,
            Time::OutOfHours => !in_hours,
            Time::Holiday => !self.pupils_there,
            Time::Directed => self.directed,
        }
    }
}

/// The calendar of each school.
pub(crate) struct Calendars {
    /// By school.
    schools: HashMap<String, (School, Calendar)>,
    zone: TimeZone,
}

impl Calendars {
    pub(crate) fn compile(policy: &Policy) -> Self {
        let with_calendar = |school: &School| {
            let calendar = policy.calendars.iter().find(|calendar| calendar.name == school.calendar)?;
            Some((school.id.to_string(), (school.clone(), calendar.clone())))
        };
        Self { schools: policy.schools.iter().filter_map(with_calendar).collect(), zone: london() }
    }

    /// What the calendar of a school says of a moment (microseconds since 1970 UTC). Nothing for a school without one,
    /// and for days before its first or after its last term: nobody has said what they are.
    pub(crate) fn moment(&self, school: Option<&str>, at: Option<i64>) -> Option<Moment<'_>> {
        let (school, calendar) = self.schools.get(school?)?;
        let local = self.zone.to_datetime(Timestamp::from_microsecond(at?).ok()?);
        let (day, clock) = (local.date(), local.time());
        let known = calendar.terms.first()?.0..=calendar.terms.last()?.1;
        if !known.contains(&day) {
            return None;
        }
        let staff_there = calendar.staff_work(day);
        let in_day = calendar.day.hold(clock);
        let in_break = calendar.breaks.iter().any(|hours| hours.hold(clock));
        let own_time = school.personal_use.iter().any(|time| match time {
            PersonalUse::OutsideDay => !in_day,
            PersonalUse::Breaks => in_break,
            PersonalUse::Hours(hours) => hours.hold(clock),
        });
        Some(Moment {
            pupils_there: staff_there && !calendar.inset.contains(&day),
            in_day,
            in_break,
            directed: staff_there && in_day && !own_time,
            unknowable: school.unknowable.as_deref(),
        })
    }
}

impl Calendar {
    fn staff_work(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let in_term = self.terms.iter().any(|(first, last)| (*first..=*last).contains(&day));
        in_term && !weekend && !self.closed.contains(&day) && !is_bank_holiday(day)
    }
}
