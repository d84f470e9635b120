//! Reading calendars, and which school keeps which.

use super::{Calendar, Hours, PersonalUse, School};
use crate::fields::{self, Fields};
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::yaml::Node;
use jiff::civil::{Date, Time};
use trustwatch_model::SchoolId;

pub(crate) fn read_calendar(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<Calendar> {
    let names = ["name", "terms", "inset", "closed", "day", "breaks"];
    let fields = Fields::read(node, "a calendar", &names, notes)?;
    let taken: Vec<&str> = known.calendars.iter().map(|calendar| calendar.name.as_str()).collect();
    let name = fields.need("name", "a name", notes);
    let name = name.and_then(|node| fields::new_name(node, "calendar", &taken, notes));
    let terms = fields.need("terms", "first and last day of each term", notes);
    let terms = terms.map_or_else(Vec::new, |node| read_terms(node, notes));
    let day = fields.need("day", "hours like 08:30-16:00", notes).and_then(|node| read_hours(node, notes));
    let mut breaks = Vec::new();
    for node in fields.items("breaks", "a list of hours", notes) {
        let Some(hours) = read_hours(node, notes) else { continue };
        if day.is_some_and(|day| hours.from < day.from || hours.until > day.until) {
            notes.add(
                node.at,
                node.shown(),
                "is outside the school's day",
                "hours in `day`",
                "correct one of them",
            );
        }
        breaks.push(hours);
    }
    let inset = read_days(&fields, "inset", &terms, notes);
    let closed = read_days(&fields, "closed", &terms, notes);
    // A calendar with a mistake has its name all the same, so that schools and rules with that name are not blamed.
    let day = day.unwrap_or(Hours { from: Time::MIN, until: Time::MIN });
    Some(Calendar { name: name?, terms, inset, closed, day, breaks })
}

fn read_terms(node: &Node, notes: &mut Mistakes) -> Vec<(Date, Date)> {
    let nodes = fields::list(node, "a list of terms", notes);
    if nodes.is_empty() {
        notes.add(node.at, node.shown(), "has no term", "`{from: …, until: …}`", "add the terms of the year");
    }
    let mut terms: Vec<(Date, Date)> = Vec::new();
    for node in nodes {
        let Some(fields) = Fields::read(node, "a term", &["from", "until"], notes) else { continue };
        let from = fields.need("from", "its first day", notes).and_then(|node| fields::date(node, notes));
        let until = fields.need("until", "its last day", notes).and_then(|node| fields::date(node, notes));
        let (Some(from), Some(until)) = (from, until) else { continue };
        let expected = "first day before last day, and each term after the one before it";
        if until < from || terms.last().is_some_and(|(_, last)| from <= *last) {
            notes.add(node.at, node.shown(), "is not in order", expected, "correct the dates");
        }
        terms.push((from, until));
    }
    terms
}

fn read_days(fields: &Fields<'_>, name: &str, terms: &[(Date, Date)], notes: &mut Mistakes) -> Vec<Date> {
    let mut days = Vec::new();
    for node in fields.items(name, "a list of days", notes) {
        let Some(day) = fields::date(node, notes) else { continue };
        if !terms.iter().any(|(first, last)| (*first..=*last).contains(&day)) {
            notes.add(node.at, node.shown(), "is in no term", "a day of a term", "correct it, or remove it");
        }
        days.push(day);
    }
    days
}

fn read_hours(node: &Node, notes: &mut Mistakes) -> Option<Hours> {
    let hours = node
        .shown()
        .split_once('-')
        .and_then(|(from, until)| Some(Hours { from: clock(from.trim())?, until: clock(until.trim())? }));
    let hours = hours.filter(|hours| hours.from < hours.until);
    if hours.is_none() {
        let advice = "write both in 24 hours, with a quote before and after";
        notes.add(node.at, node.shown(), "is not a span of hours", "hours like \"08:30-16:00\"", advice);
    }
    hours
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    (hour.len() == 2 && minute.len() == 2)
        .then(|| Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok())?
}

pub(crate) fn read_school(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<School> {
    let names = ["id", "calendar", "personal_use", "unknowable"];
    let fields = Fields::read(node, "a school", &names, notes)?;
    let id = fields.need("id", "the id of a school, like oak-primary", notes);
    let id = id.and_then(|node| {
        let id = SchoolId::new(node.shown()).ok();
        if id.as_ref().is_none_or(|id| known.schools.iter().any(|school| school.id == *id)) {
            let expected = "the id of a school, like oak-primary, once";
            notes.add(node.at, node.shown(), "is not the id of another school", expected, "correct it");
        }
        id
    });
    let calendar = fields.need("calendar", "the name of a calendar", notes);
    let calendars = known.calendars.iter().map(|calendar| calendar.name.as_str());
    let calendar = calendar.and_then(|node| fields::reference(node, "calendar", calendars, notes));
    let mut personal_use = Vec::new();
    for node in fields.items("personal_use", "a list of outside_day, breaks and hours", notes) {
        personal_use.extend(match node.shown() {
            "outside_day" => Some(PersonalUse::OutsideDay),
            "breaks" => Some(PersonalUse::Breaks),
            _ => read_hours(node, notes).map(PersonalUse::Hours),
        });
    }
    let unknowable = fields.get("unknowable").and_then(|node| fields::text(node, "a text", notes));
    let calendar = calendar.unwrap_or_default();
    Some(School { id: id?, calendar, personal_use, unknowable: unknowable.map(str::to_owned) })
}
