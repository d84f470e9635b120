//! Coverage: which rules a feed can be held against, and why not. Where a rule is not assessable, its silence does not
//! mean that nothing happened.

use crate::policy::Policy;
use crate::rule::{Kind, Raise, Rule};
use serde::Serialize;
use trustwatch_model::{RuleId, SchoolId};

/// What a sample of a feed says of what the feed can say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen<'s> {
    /// Id of the log format, whose category words the policy translates.
    pub product: &'s str,
    /// The school, where it is known: rules may ask for its calendar.
    pub school: Option<&'s SchoolId>,
    /// Events of the sample.
    pub events: u64,
    /// Of these, with a host name.
    pub hosts: u64,
    /// With a URL, or with search terms.
    pub pages: u64,
    /// With a category word of the filter.
    pub categorised: u64,
    /// With what the filter did.
    pub decided: u64,
    /// Laid to the login of one person.
    pub people: u64,
}

/// What a feed, or the policy beside it, lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Nothing in the sample could be read.
    NoEvents,
    /// Network addresses only.
    NoHosts,
    /// Hosts, and not what was asked for there.
    NoPages,
    /// No category word of the filter.
    NoCategories,
    /// Category words, none of which the policy takes for the category of the rule.
    NoWords,
    /// Not what the filter did.
    NoOutcome,
    /// No calendar of the school in the policy.
    NoCalendar,
    /// No login of one person.
    NoPeople,
}

impl Gap {
    /// A sentence for people.
    #[must_use]
    pub const fn told(self) -> &'static str {
        match self {
            Self::NoEvents => "nothing in the sample could be read",
            Self::NoHosts => "the feed names addresses only, so that no site can be told",
            Self::NoPages => "the feed names sites only, so that no search can be seen",
            Self::NoCategories => "the feed states no category of the filter",
            Self::NoWords => "the policy has no word of this filter for the category of the rule",
            Self::NoOutcome => "the feed does not say what the filter did",
            Self::NoCalendar => "the policy has no calendar for the school",
            Self::NoPeople => "the feed names no person: alerts would name a device or an address at most",
        }
    }
}

/// How far a rule can be held against a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assessable {
    /// In all respects.
    Whole,
    /// By some of what it looks at, or without what would raise it.
    Part,
    /// Not at all.
    No,
}

/// A rule held against a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The rule.
    pub rule: RuleId,
    /// How far.
    pub assessable: Assessable,
    /// By what it can find something.
    pub by: Vec<Kind>,
    /// What is lacking for the rest, each once.
    pub gaps: Vec<Gap>,
}

impl Policy {
    /// Holds each rule against what a feed can say, in the order of the rules.
    ///
    /// ```
    /// use trustwatch_policy::{Assessable, Gap, Policy, STARTER, Seen};
    /// let policy = Policy::parse(STARTER).unwrap();
    /// let dns = Seen { product: "bind", events: 900, hosts: 900, ..Seen::default() };
    /// let search = policy.coverage(&dns).into_iter().find(|it| it.rule.as_str() == "suicide-search").unwrap();
    /// assert_eq!((search.assessable, search.gaps), (Assessable::No, vec![Gap::NoPages]));
    /// ```
    #[must_use]
    pub fn coverage(&self, seen: &Seen<'_>) -> Vec<Coverage> {
        self.rules.iter().map(|rule| self.cover(rule, seen)).collect()
    }

    fn cover(&self, rule: &Rule, seen: &Seen<'_>) -> Coverage {
        let (mut by, mut gaps) = (Vec::new(), Vec::new());
        for kind in rule.kinds() {
            match self.gap(rule, kind, seen) {
                Some(gap) => gaps.push(gap),
                None => by.push(kind),
            }
        }
        let calendar = seen.school.is_some_and(|school| self.schools.iter().any(|it| it.id == *school));
        let needs = [
            (Gap::NoOutcome, !rule.when.actions.is_empty() && seen.decided == 0),
            (Gap::NoCalendar, !rule.times.is_empty() && !calendar),
        ];
        let needs: Vec<Gap> = needs.iter().filter(|(_, lacks)| *lacks).map(|(gap, _)| *gap).collect();
        if !needs.is_empty() {
            by.clear();
        }
        gaps.extend(needs);
        // What a rule is not raised by is a smaller loss: it is found all the same.
        let raises = [
            (Gap::NoOutcome, rule.raises.contains(&Raise::Allowed) && seen.decided == 0),
            (Gap::NoCalendar, rule.raises.contains(&Raise::OutOfHours) && !calendar),
            (Gap::NoPeople, seen.people == 0),
        ];
        if !by.is_empty() {
            gaps.extend(raises.iter().filter(|(_, lacks)| *lacks).map(|(gap, _)| *gap));
        }
        gaps.sort_unstable();
        gaps.dedup();
        let assessable = match (by.is_empty(), gaps.is_empty()) {
            (true, _) => Assessable::No,
            (false, true) => Assessable::Whole,
            (false, false) => Assessable::Part,
        };
        Coverage { rule: rule.id.clone(), assessable, by, gaps }
    }

    /// What keeps a rule from finding anything of a kind.
    fn gap(&self, rule: &Rule, kind: Kind, seen: &Seen<'_>) -> Option<Gap> {
        if seen.events == 0 {
            return Some(Gap::NoEvents);
        }
        let category = self.categories.iter().find(|category| category.code == rule.category);
        let is_worded = || category.is_some_and(|category| category.vendors.contains_key(seen.product));
        match kind {
            Kind::Search | Kind::Domain if seen.hosts == 0 && seen.pages == 0 => Some(Gap::NoHosts),
            Kind::Search if seen.pages == 0 => Some(Gap::NoPages),
            Kind::Category if seen.categorised == 0 => Some(Gap::NoCategories),
            Kind::Category if !is_worded() => Some(Gap::NoWords),
            Kind::Search | Kind::Domain | Kind::Category => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::STARTER;

    const WHOLE: Seen<'_> = Seen {
        product: "smoothwall",
        school: None,
        events: 100,
        hosts: 100,
        pages: 90,
        categorised: 80,
        decided: 70,
        people: 60,
    };

    fn of(rule: &str, seen: &Seen<'_>) -> Coverage {
        let found = Policy::parse(STARTER).unwrap().coverage(seen);
        found.into_iter().find(|coverage| coverage.rule.as_str() == rule).unwrap()
    }

    #[test]
    fn each_thing_that_a_feed_lacks_is_told_of_each_rule_that_needs_it() {
        let check = |rule: &str, seen: Seen<'_>, assessable, by: &[Kind], gaps: &[Gap]| {
            let found = of(rule, &seen);
            assert_eq!(
                (found.assessable, &*found.by, &*found.gaps),
                (assessable, by, gaps),
                "{rule} {seen:?}"
            );
        };
        let search = &[Kind::Search][..];
        check("suicide-search", WHOLE, Assessable::Whole, search, &[]);
        let dns = Seen { pages: 0, ..WHOLE };
        check("suicide-search", dns, Assessable::No, &[], &[Gap::NoPages]);
        let addresses = Seen { hosts: 0, pages: 0, ..WHOLE };
        check("suicide-search", addresses, Assessable::No, &[], &[Gap::NoHosts]);
        let nothing = Seen { events: 0, ..WHOLE };
        check("suicide-search", nothing, Assessable::No, &[], &[Gap::NoEvents]);
        let nobody = Seen { people: 0, ..WHOLE };
        check("suicide-search", nobody, Assessable::Part, search, &[Gap::NoPeople]);
        // A portal that gives the words of a search, and no URL.
        let portal = Seen { hosts: 0, ..WHOLE };
        check("suicide-search", portal, Assessable::Whole, search, &[]);
    }

    #[test]
    fn a_rule_by_category_needs_words_of_the_filter_that_the_policy_knows() {
        let by_word = |seen: &Seen<'_>| {
            let policy = Policy::parse(STARTER).unwrap();
            let worded = policy.rules.iter().filter(|rule| rule.kinds().eq([Kind::Category]));
            let ids: Vec<String> = worded.map(|rule| rule.id.to_string()).collect();
            assert!(ids.len() > 3, "{ids:?}");
            let gaps: Vec<Vec<Gap>> = ids.iter().map(|id| of(id, seen).gaps).collect();
            gaps
        };
        let silent = Seen { categorised: 0, ..WHOLE };
        assert!(by_word(&silent).iter().all(|gaps| gaps.contains(&Gap::NoCategories)));
        let foreign = Seen { product: "squid", ..WHOLE };
        assert!(by_word(&foreign).iter().all(|gaps| gaps.contains(&Gap::NoWords)));
        assert!(by_word(&WHOLE).iter().any(Vec::is_empty));
    }

    #[test]
    fn a_rule_that_is_held_to_times_or_outcomes_needs_them() {
        let mut policy = Policy::parse(STARTER).unwrap();
        let index = policy.rules.iter().position(|rule| rule.id.as_str() == "suicide-search").unwrap();
        let (school, other) = (SchoolId::new("oak").unwrap(), SchoolId::new("elm").unwrap());
        policy.schools.push(crate::School {
            id: school.clone(),
            calendar: "own".to_owned(),
            personal_use: Vec::new(),
            unknowable: None,
        });
        policy.rules[index].times = vec![crate::Time::WORDS[0].1];
        policy.rules[index].when.actions = vec![trustwatch_model::Action::Allowed];
        let at = |seen: Seen<'_>| policy.coverage(&seen).swap_remove(index);
        assert_eq!(at(Seen { school: Some(&school), ..WHOLE }).assessable, Assessable::Whole);
        for elsewhere in [None, Some(&other)] {
            let found = at(Seen { school: elsewhere, ..WHOLE });
            assert_eq!((found.assessable, found.gaps), (Assessable::No, vec![Gap::NoCalendar]));
        }
        let found = at(Seen { school: Some(&school), decided: 0, ..WHOLE });
        assert_eq!((found.assessable, found.gaps), (Assessable::No, vec![Gap::NoOutcome]));
    }
}
