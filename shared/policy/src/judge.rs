//! Judging: a policy compiled, and a batch of events held against it.

use crate::calendar::{Calendars, Moment};
use crate::exemption::Compiled;
use crate::rule::category::Words;
use crate::rule::domain::Domains;
use crate::rule::search::Searches;
use crate::rule::{Match, Rule, Verdict};
use crate::{Policy, PolicyError, Roster, fold_login};
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, PrimitiveArray, RecordBatch, StringArray};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use trustwatch_model::{Action, Attribution, Audience, Intent, Severity, Threshold};

/// What rules look at in one event.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'e> {
    /// What was searched for.
    pub search: Option<&'e str>,
    /// Host in lower case.
    pub host: Option<&'e str>,
    /// The filter's category words, parted by commas.
    pub category: Option<&'e str>,
    /// What the filter did.
    pub action: Option<Action>,
    /// Whether a person meant it.
    pub intent: Intent,
    /// Whom it concerns.
    pub audience: Audience,
    /// Year group of the person, in the school's words, where it is known.
    pub year_group: Option<&'e str>,
    /// The school, where it is known.
    pub school: Option<&'e str>,
    /// When it was, where that is known: microseconds since 1970 UTC.
    pub at: Option<i64>,
}

impl Sighting<'_> {
    /// A page of which nothing is known but whom it concerns, to be filled in.
    #[must_use]
    pub const fn page(audience: Audience) -> Self {
        Self {
            search: None,
            host: None,
            category: None,
            action: None,
            intent: Intent::Page,
            audience,
            year_group: None,
            school: None,
            at: None,
        }
    }

    /// The year group of a pupil.
    pub(crate) fn year(&self) -> Option<&str> {
        self.year_group.filter(|_| self.audience == Audience::Pupil)
    }
}

/// One event that one rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Row of the batch, from 0.
    pub row: usize,
    /// Index into [`Policy::rules`].
    pub rule: usize,
    /// Severity for this audience, raises included. 1 is a mark in trends and no alert.
    pub severity: Severity,
    /// What this event needs beside it to be an alert.
    pub threshold: Threshold,
    /// Length of the grid window that alerts of the rule are kept by, in milliseconds.
    pub grid_ms: i64,
    /// The phrase, the entry of the list or the host: what must differ for two events to count as two things.
    pub thing: String,
    /// Everything that matched, for the reader: phrases, list entries, category words of the filter.
    pub matched: Vec<String>,
    /// What changed severity or threshold, for the reader.
    pub factors: Vec<String>,
    /// Whom it concerns.
    pub audience: Audience,
}

impl Hit {
    /// Whether somebody is told of this event alone, the same day or sooner.
    #[must_use]
    pub fn alerts_alone(&self) -> bool {
        self.threshold.count == 1 && self.severity >= Severity::MEDIUM
    }
}

/// A compiled policy. It is made once and judges any number of batches; it may be shared between threads.
pub struct Judge {
    rules: Vec<Rule>,
    searches: Searches,
    domains: Domains,
    /// By filter product.
    words: HashMap<String, Words>,
    exemptions: Vec<Compiled>,
    calendars: Calendars,
}

impl Judge {
    /// Compiles a policy.
    ///
    /// # Errors
    /// [`PolicyError::Phrases`] when its phrases do not fit into one automaton.
    pub fn new(policy: &Policy) -> Result<Self, PolicyError> {
        Ok(Self {
            rules: policy.rules.clone(),
            searches: Searches::compile(policy)?,
            domains: Domains::compile(policy),
            words: Words::compile(policy),
            exemptions: Compiled::compile(policy),
            calendars: Calendars::compile(policy),
        })
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Phrases in a search that mean nothing there, each with the word that takes the meaning away.
    pub(crate) fn taken_away(&self, search: &str) -> Vec<(&str, &str)> {
        self.searches.taken_away(search)
    }

    /// Judges one event of a filter product. Hits are in the order of the rules and say row 0.
    #[must_use]
    pub fn sighting(&self, event: &Sighting<'_>, product: &str) -> Vec<Hit> {
        let mut found = self.find(event, product);
        let mut hits = Vec::new();
        self.decide(0, event, &mut found, &mut hits);
        hits
    }

    /// Everything in an event that concerns a rule.
    pub(crate) fn find(&self, event: &Sighting<'_>, product: &str) -> Vec<Match<'_>> {
        let words = self.words.get(product);
        let found = [
            event.search.map(|text| self.searches.find(text)),
            event.host.map(|host| self.domains.find(host)),
            event.category.zip(words).map(|(cell, words)| words.find(cell)),
        ];
        found.into_iter().flatten().flatten().collect()
    }

    /// Rules that something in an event concerns, and that are held to times which are not known of it.
    pub(crate) fn waiting_for_a_time(&self, event: &Sighting<'_>, found: &[Match<'_>]) -> Vec<&Rule> {
        if self.calendars.moment(event.school, event.at).is_some() {
            return Vec::new();
        }
        let concerned: BTreeSet<usize> = found.iter().map(|found| found.rule).collect();
        let rules = concerned.into_iter().filter_map(|index| self.rules.get(index));
        rules.filter(|rule| !rule.times.is_empty() && rule.severity.of(event.audience).is_some()).collect()
    }

    /// Judges a batch of the lake's events. `product` is the id of the feed's log format, whose category words the
    /// policy translates. Columns are taken by name; each distinct value is looked at once.
    ///
    /// Hits are in the order of rows, then rules: at most one a row and rule. Background traffic has none.
    ///
    /// # Errors
    /// [`PolicyError::Column`] and [`PolicyError::Word`] for a batch that the lake did not write.
    pub fn batch(
        &self,
        batch: &RecordBatch,
        product: &str,
        roster: &Roster,
    ) -> Result<Vec<Hit>, PolicyError> {
        let columns = Columns::of(batch)?;
        let nothing = Words::default();
        let words = self.words.get(product).unwrap_or(&nothing);
        let mut searches = Memo::new(columns.search_terms, |text| self.searches.find(text));
        let mut hosts = Memo::new(columns.url_domain, |host| self.domains.find(host));
        let mut categories = Memo::new(columns.filter_category, |cell| words.find(cell));
        let mut logins = Memo::new(columns.user_name, fold_login);

        let mut hits = Vec::new();
        // Used again for each row, so that a row without a hit allocates nothing.
        let mut found: Vec<Match<'_>> = Vec::new();
        for row in 0..batch.num_rows() {
            found.clear();
            for matches in [searches.at(row), hosts.at(row), categories.at(row)] {
                found.extend(matches.into_iter().flatten());
            }
            if found.is_empty() {
                continue;
            }
            let login = logins.at(row).map(String::as_str);
            let (school, event_at) = (columns.school.value(row), columns.event_at.value(row));
            let subject = roster.subject(school, login, columns.attribution(row)?, event_at);
            let event = Sighting {
                search: value(columns.search_terms, row),
                host: value(columns.url_domain, row),
                category: value(columns.filter_category, row),
                action: columns.action(row)?,
                intent: columns.intent(row)?,
                audience: subject.map_or(Audience::Unknown, |person| person.audience),
                year_group: subject.and_then(|person| person.year_group.as_deref()),
                school: Some(school),
                at: Some(event_at),
            };
            self.decide(row, &event, &mut found, &mut hits);
        }
        Ok(hits)
    }

    /// What a rule makes of an event, exemptions considered: what is not exempted counts; where all is, it is a mark.
    fn verdict(
        &self,
        rule: &Rule,
        event: &Sighting<'_>,
        moment: Option<Moment<'_>>,
        matches: &[Match<'_>],
    ) -> Option<Verdict> {
        let exemption = |found: &Match<'_>| self.exemptions.iter().find(|it| it.covers(rule, event, found));
        let Some(exempt) = matches.iter().find_map(exemption) else {
            return rule.decide(event, moment, matches);
        };
        let free: Vec<Match<'_>> =
            matches.iter().filter(|found| exemption(found).is_none()).copied().collect();
        if !free.is_empty() {
            return rule.decide(event, moment, &free);
        }
        let mut verdict = rule.decide(event, moment, matches)?;
        verdict.severity = Severity::TREND;
        verdict.factors = vec![exempt.factor()];
        Some(verdict)
    }

    /// Asks each rule that something in the event concerns.
    pub(crate) fn decide(
        &self,
        row: usize,
        event: &Sighting<'_>,
        found: &mut [Match<'_>],
        hits: &mut Vec<Hit>,
    ) {
        // Stable: what a rule found stays in the order phrases, entries, category words.
        found.sort_by_key(|found| found.rule);
        let moment = self.calendars.moment(event.school, event.at);
        for matches in found.chunk_by(|a, b| a.rule == b.rule) {
            let index = matches.first().map_or(0, |found| found.rule);
            let Some(rule) = self.rules.get(index) else { continue };
            let Some(verdict) = self.verdict(rule, event, moment, matches) else { continue };
            hits.push(Hit {
                row,
                rule: index,
                severity: verdict.severity,
                threshold: verdict.threshold,
                grid_ms: rule.grid.ms(),
                thing: verdict.thing,
                matched: verdict.matched,
                factors: verdict.factors,
                audience: event.audience,
            });
        }
    }
}

/// What a function makes of each distinct text of a column.
struct Memo<'b, T, F> {
    column: &'b StringArray,
    made: HashMap<&'b str, T>,
    make: F,
}

impl<'b, T, F: Fn(&'b str) -> T> Memo<'b, T, F> {
    fn new(column: &'b StringArray, make: F) -> Self {
        Self { column, made: HashMap::new(), make }
    }

    fn at(&mut self, row: usize) -> Option<&T> {
        let text = value(self.column, row)?;
        Some(match self.made.entry(text) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(vacant) => vacant.insert((self.make)(text)),
        })
    }
}

fn value(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// The columns that judging reads.
struct Columns<'b> {
    event_at: &'b PrimitiveArray<TimestampMicrosecondType>,
    school: &'b StringArray,
    user_name: &'b StringArray,
    url_domain: &'b StringArray,
    search_terms: &'b StringArray,
    action: &'b StringArray,
    filter_category: &'b StringArray,
    attribution: &'b StringArray,
    intent: &'b StringArray,
}

impl<'b> Columns<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self, PolicyError> {
        Ok(Self {
            event_at: column(batch, "event_at")?,
            school: column(batch, "school")?,
            user_name: column(batch, "user_name")?,
            url_domain: column(batch, "url_domain")?,
            search_terms: column(batch, "search_terms")?,
            action: column(batch, "action")?,
            filter_category: column(batch, "filter_category")?,
            attribution: column(batch, "attribution")?,
            intent: column(batch, "intent")?,
        })
    }

    fn intent(&self, row: usize) -> Result<Intent, PolicyError> {
        word("intent", self.intent.value(row), Intent::parse)
    }

    fn attribution(&self, row: usize) -> Result<Attribution, PolicyError> {
        word("attribution", self.attribution.value(row), Attribution::parse)
    }

    fn action(&self, row: usize) -> Result<Option<Action>, PolicyError> {
        value(self.action, row).map(|text| word("action", text, Action::parse)).transpose()
    }
}

fn column<'b, A: Array + 'static>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b A, PolicyError> {
    let column = batch.column_by_name(name).and_then(|column| column.as_any().downcast_ref());
    column.ok_or(PolicyError::Column(name))
}

fn word<T>(column: &'static str, text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, PolicyError> {
    parse(text).ok_or_else(|| PolicyError::Word { column, word: text.to_owned() })
}

#[cfg(test)]
mod tests;
