//! Times for the plain evaluator: moments whose day and clock in London were looked up, and calendars about them.

use super::Event;
use super::reference::some_of;
use crate::calendar::{Calendar, Hours, PersonalUse, School, Time};
use crate::{Policy, Rule};
use jiff::civil::{Date, Time as Clock, date, time};
use proptest::prelude::*;
use proptest::sample::select;
use trustwatch_model::SchoolId;

/// A moment, and what it is in London.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant {
    /// Microseconds since 1970 UTC.
    pub(super) at: i64,
    pub(super) day: Date,
    clock: Clock,
    /// A weekend, or a bank holiday of England.
    is_day_off: bool,
}

const fn moment(at: i64, day: Date, clock: Clock, is_day_off: bool) -> Instant {
    Instant { at, day, clock, is_day_off }
}

const SUNDAY: Date = date(2026, 9, 20);
const MONDAY: Date = date(2026, 9, 21);
/// The day after the clocks went back.
const WINTER: Date = date(2026, 10, 26);

pub(super) const INSTANTS: [Instant; 9] = [
    // The summer bank holiday, a Monday.
    moment(1_788_163_200_000_000, date(2026, 8, 31), time(9, 0, 0, 0), true),
    moment(1_789_945_199_999_999, SUNDAY, time(23, 59, 59, 999_999_000), true),
    moment(1_789_945_200_000_000, MONDAY, time(0, 0, 0, 0), false),
    moment(1_789_975_800_000_000, MONDAY, time(8, 30, 0, 0), false),
    moment(1_789_983_000_000_000, MONDAY, time(10, 30, 0, 0), false),
    moment(1_790_002_799_999_999, MONDAY, time(15, 59, 59, 999_999_000), false),
    moment(1_790_002_800_000_000, MONDAY, time(16, 0, 0, 0), false),
    moment(1_792_999_800_000_000, WINTER, time(7, 30, 0, 0), false),
    moment(1_793_003_400_000_000, WINTER, time(8, 30, 0, 0), false),
];

pub(super) fn instant(event: &Event) -> &'static Instant {
    INSTANTS.iter().find(|instant| instant.at == event.event_at).unwrap()
}

const DAY: Hours = Hours { from: time(8, 30, 0, 0), until: time(16, 0, 0, 0) };
const BREAK: Hours = Hours { from: time(10, 30, 0, 0), until: time(10, 45, 0, 0) };
const EARLY: Hours = Hours { from: time(8, 0, 0, 0), until: time(9, 0, 0, 0) };

/// The kinds of time that a moment is of, by the calendar of the event's school; `None` where nobody has said.
fn times(policy: &Policy, event: &Event) -> Option<(Vec<Time>, Option<String>)> {
    let school = policy.schools.iter().find(|school| school.id.as_str() == event.school)?;
    let calendar = policy.calendars.iter().find(|calendar| calendar.name == school.calendar)?;
    let Instant { day, clock, is_day_off, .. } = instant(event);
    let (begin, end) = (calendar.terms[0].0, calendar.terms[calendar.terms.len() - 1].1);
    if *day < begin || *day > end {
        return None;
    }
    let within = |hours: &Hours| hours.from <= *clock && *clock < hours.until;
    let in_term = calendar.terms.iter().any(|(first, last)| first <= day && day <= last);
    let staff = in_term && !is_day_off && !calendar.closed.contains(day);
    let pupils = staff && !calendar.inset.contains(day);
    let (in_day, in_break) = (within(&calendar.day), calendar.breaks.iter().any(within));
    let own = school.personal_use.iter().any(|time| match time {
        PersonalUse::OutsideDay => !in_day,
        PersonalUse::Breaks => in_break,
        PersonalUse::Hours(hours) => within(hours),
    });
    let kinds = [
        (Time::Lesson, pupils && in_day && !in_break),
        (Time::Break, pupils && in_day && in_break),
        (Time::SchoolHours, pupils && in_day),
        (Time::OutOfHours, !(pupils && in_day)),
        (Time::Holiday, !pupils),
        (Time::Directed, staff && in_day && !own),
    ];
    let kinds = kinds.into_iter().filter_map(|(time, holds)| holds.then_some(time));
    Some((kinds.collect(), school.unknowable.clone()))
}

pub(super) fn is_out_of_hours(policy: &Policy, event: &Event) -> bool {
    times(policy, event).is_some_and(|(times, _)| times.contains(&Time::OutOfHours))
}

/// Whether a rule holds at the time of an event, and what its reader is told of that.
pub(super) fn holds(policy: &Policy, rule: &Rule, event: &Event) -> Option<Option<String>> {
    if rule.times.is_empty() {
        return Some(None);
    }
    let (times, unknowable) = times(policy, event)?;
    let time = rule.times.iter().find(|time| times.contains(time))?;
    Some(Some(match (time, unknowable) {
        (Time::Lesson, _) => "time: lesson".to_owned(),
        (Time::Break, _) => "time: break".to_owned(),
        (Time::SchoolHours, _) => "time: school hours".to_owned(),
        (Time::OutOfHours, _) => "time: out of hours".to_owned(),
        (Time::Holiday, _) => "time: holiday".to_owned(),
        (Time::Directed, None) => "time: directed".to_owned(),
        (Time::Directed, Some(what)) => format!("time: directed, and no log can know whether {what}"),
    }))
}

/// Times of a rule: often none.
pub(super) fn of_a_rule() -> impl Strategy<Value = Vec<Time>> {
    let all = [Time::Lesson, Time::Break, Time::SchoolHours, Time::OutOfHours, Time::Holiday, Time::Directed];
    prop_oneof![2 => Just(Vec::new()), 1 => some_of(&all)]
}

/// A calendar, and the schools that keep it.
pub(super) fn calendar() -> impl Strategy<Value = (Calendar, Vec<School>)> {
    let begin = select(vec![date(2026, 8, 24), date(2026, 9, 1), MONDAY]);
    let days = || some_of(&[MONDAY, WINTER]);
    let calendar = (begin, any::<bool>(), days(), days(), some_of(&[BREAK]));
    let calendar = calendar.prop_map(|(begin, has_second, inset, closed, breaks)| {
        let mut terms = vec![(begin, date(2026, 10, 23))];
        terms.extend(has_second.then_some((WINTER, date(2026, 12, 18))));
        Calendar { name: "c".to_owned(), terms, inset, closed, day: DAY, breaks }
    });
    let school = |id: &'static str| {
        let own = [PersonalUse::OutsideDay, PersonalUse::Breaks, PersonalUse::Hours(EARLY)];
        (some_of(&own), prop::option::of(Just("pupils were present".to_owned()))).prop_map(
            move |(personal_use, unknowable)| School {
                id: SchoolId::new(id).unwrap(),
                calendar: "c".to_owned(),
                personal_use,
                unknowable,
            },
        )
    };
    let schools = (school("oak"), school("elm"), 0usize..=2);
    (calendar, schools)
        .prop_map(|(calendar, (oak, elm, kept))| (calendar, [oak, elm].into_iter().take(kept).collect()))
}
