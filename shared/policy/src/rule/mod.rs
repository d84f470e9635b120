//! Rules. Each kind of thing that a rule can look at has a file: what stands for it in a policy, how that is checked,
//! compiled and found in a value of an event.

pub(crate) mod category;
pub(crate) mod domain;
pub(crate) mod lint;
pub(crate) mod read;
pub(crate) mod search;
pub(crate) mod years;

use crate::calendar::{Moment, Time};
use crate::judge::Sighting;
use crate::mistake::At;
use serde::Serialize;
use trustwatch_model::{Action, Audience, Intent, RuleId, Severity, Threshold};

/// One rule of the policy.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Id, of which alert ids are made: a rule keeps it for life.
    pub id: RuleId,
    /// What people read.
    pub title: String,
    /// Code of its category.
    pub category: String,
    /// What it looks at.
    pub when: When,
    /// How serious a hit is, by audience.
    pub severity: Severities,
    /// Year groups of pupils that it concerns, folded; all if empty. It leaves staff and visitors as they are.
    pub years: Vec<String>,
    /// Kinds of time in which it holds, by the calendar of the school; any if empty.
    pub times: Vec<Time>,
    /// What a person must have meant to do. Never [`Intent::Background`].
    pub intent: Vec<Intent>,
    /// How many events, how close together, make an alert.
    pub threshold: Threshold,
    /// The grid by which alerts are kept.
    pub grid: Grid,
    /// What lifts the severity, by one step at most in all.
    pub raises: Vec<Raise>,
    /// What the reader of an alert is told to do.
    pub advice: String,
    /// The clauses that it enforces; at least one.
    pub cites: Vec<Cite>,
    /// Examples, run by the lint.
    pub tests: Vec<Example>,
}

/// What a rule looks at: any of the first three, and the action beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// A lexicon whose phrases stand in the search.
    pub search: Option<String>,
    /// A list that the host is on.
    pub domain: Option<String>,
    /// Whether a category word of the filter that maps to the rule's category is enough.
    pub category: bool,
    /// What the filter did; any if empty.
    pub actions: Vec<Action>,
}

impl When {
    fn takes(&self, action: Option<Action>) -> bool {
        self.actions.is_empty() || action.is_some_and(|action| self.actions.contains(&action))
    }
}

/// The severity for each audience that a rule concerns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Severities {
    /// Children.
    pub pupil: Option<Severity>,
    /// Whoever works there.
    pub staff: Option<Severity>,
    /// Guests.
    pub visitor: Option<Severity>,
}

impl Severities {
    /// The severity for an audience; nobody known is judged as the strictest.
    #[must_use]
    pub fn of(&self, audience: Audience) -> Option<Severity> {
        match audience {
            Audience::Pupil => self.pupil,
            Audience::Staff => self.staff,
            Audience::Visitor => self.visitor,
            Audience::Unknown => self.all().max(),
        }
    }

    fn all(&self) -> impl Iterator<Item = Severity> {
        [self.pupil, self.staff, self.visitor].into_iter().flatten()
    }
}

/// The fixed grid of windows by which alerts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
}

impl Grid {
    /// Length of a window in milliseconds.
    #[must_use]
    pub const fn ms(self) -> i64 {
        match self {
            Self::Day => 86_400_000,
            Self::Week => 7 * 86_400_000,
        }
    }
}

/// A circumstance that lifts the severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raise {
    /// The filter let it through.
    Allowed,
    /// It was typed as a search.
    Typed,
    /// Pupils were not in school, by the calendar of the school.
    OutOfHours,
}

impl Raise {
    /// What the reader of an alert is told.
    const fn factor(self) -> &'static str {
        match self {
            Self::Allowed => "allowed rather than blocked",
            Self::Typed => "typed search rather than page",
            Self::OutOfHours => "out of hours",
        }
    }
}

/// A clause of a document of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cite {
    /// Id of the document.
    pub document: String,
    /// Id of the clause in it.
    pub clause: String,
}

/// An event that a rule must or must not fire on.
#[derive(Debug, Clone)]
pub struct Example {
    /// What was searched for.
    pub search: Option<String>,
    /// The host.
    pub domain: Option<String>,
    /// The filter's category word.
    pub category: Option<String>,
    /// The filter product that says so.
    pub product: Option<String>,
    /// What the filter did.
    pub action: Action,
    /// Who.
    pub audience: Audience,
    /// What for.
    pub intent: Intent,
    /// Year group of the pupil.
    pub year: Option<String>,
    /// The school.
    pub school: Option<String>,
    /// When, in microseconds since 1970 UTC.
    pub moment: Option<i64>,
    /// Whether the rule must fire.
    pub fires: bool,
    /// Where it stands, for a mistake.
    at: At,
}

impl Example {
    fn sighting(&self) -> Sighting<'_> {
        Sighting {
            search: self.search.as_deref(),
            host: self.domain.as_deref(),
            category: self.category.as_deref(),
            action: Some(self.action),
            intent: self.intent,
            year_group: self.year.as_deref(),
            school: self.school.as_deref(),
            at: self.moment,
            ..Sighting::page(self.audience)
        }
    }
}

/// The kinds of things that a rule can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Phrases in a search.
    Search,
    /// A host on a list.
    Domain,
    /// The filter's category word.
    Category,
}

impl Rule {
    /// What the rule looks at; any of it is enough.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        let When { search, domain, category, .. } = &self.when;
        let looks =
            [(Kind::Search, search.is_some()), (Kind::Domain, domain.is_some()), (Kind::Category, *category)];
        looks.into_iter().filter_map(|(kind, looks)| looks.then_some(kind))
    }
}

/// That a value of an event concerns a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Match<'j> {
    /// Index of the rule.
    pub(crate) rule: usize,
    pub(crate) kind: Kind,
    /// What the reader of an alert sees.
    pub(crate) matched: &'j str,
    /// Whether the phrase is graded clear.
    pub(crate) clear: bool,
}

/// What rules make of an event that concerns one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) severity: Severity,
    pub(crate) threshold: Threshold,
    pub(crate) thing: String,
    pub(crate) matched: Vec<String>,
    pub(crate) factors: Vec<String>,
}

impl Rule {
    /// What the rule makes of an event, given everything in it that concerns the rule.
    pub(crate) fn decide(
        &self,
        event: &Sighting<'_>,
        moment: Option<Moment<'_>>,
        matches: &[Match<'_>],
    ) -> Option<Verdict> {
        let first = matches.first()?;
        // Not even a rule that lists it lays to a person what a page or a machine fetched by itself.
        if event.intent == Intent::Background {
            return None;
        }
        if !self.intent.contains(&event.intent) || !self.when.takes(event.action) {
            return None;
        }
        // A pupil of whom no year is known is judged as the strictest.
        if !self.years.is_empty() && event.year().is_some_and(|year| !years::holds(&self.years, year)) {
            return None;
        }
        let time = self.time(moment)?;
        let base = self.severity.of(event.audience)?;
        let typed = event.intent == Intent::Search && matches.iter().any(|found| found.kind == Kind::Search);
        let clear = matches.iter().find(|found| typed && found.clear);

        let mut factors: Vec<String> = time.into_iter().collect();
        let mut severity = base;
        let holds = |raise: &&Raise| match raise {
            Raise::Allowed => event.action == Some(Action::Allowed),
            Raise::Typed => typed,
            Raise::OutOfHours => moment.is_some_and(|moment| moment.is(Time::OutOfHours)),
        };
        if base.raised() > base {
            for raise in self.raises.iter().filter(holds) {
                severity = base.raised();
                factors.push(raise.factor().to_owned());
            }
        }
        let mut threshold = self.threshold;
        if clear.is_some() {
            severity = severity.max(Severity::MEDIUM);
            threshold.count = 1;
            factors.push("clear phrase: one search is enough".to_owned());
        }
        let strongest = clear.unwrap_or(first);
        let thing = match strongest.kind {
            Kind::Category => event.host.unwrap_or(strongest.matched),
            Kind::Search | Kind::Domain => strongest.matched,
        };
        let mut matched: Vec<String> = Vec::new();
        for found in matches {
            if !matched.iter().any(|earlier| earlier == found.matched) {
                matched.push(found.matched.to_owned());
            }
        }
        Some(Verdict { severity, threshold, thing: thing.to_owned(), matched, factors })
    }
}

impl Rule {
    /// What the reader is told of the time, if the rule is held to some and this is of it. A rule that is held to a
    /// time does not hold where no calendar says what time it was.
    fn time(&self, moment: Option<Moment<'_>>) -> Option<Option<String>> {
        if self.times.is_empty() {
            return Some(None);
        }
        let moment = moment?;
        let time = self.times.iter().find(|time| moment.is(**time))?;
        let (word, _) = Time::WORDS.iter().find(|(_, known)| known == time)?;
        let doubt = moment.unknowable.filter(|_| *time == Time::Directed);
        let doubt = doubt.map_or_else(String::new, |what| format!(", and no log can know whether {what}"));
        Some(Some(format!("time: {}{doubt}", word.replace('_', " "))))
    }
}

/// The indexes of the rules for which something holds.
fn indexes(rules: &[Rule], holds: impl Fn(&Rule) -> bool) -> impl Iterator<Item = usize> {
    rules.iter().enumerate().filter(move |(_, rule)| holds(rule)).map(|(index, _)| index)
}
