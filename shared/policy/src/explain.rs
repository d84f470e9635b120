//! What a policy makes of one event, told to a person: which rules hold, why, and what took a meaning away.

use crate::judge::{Hit, Judge, Sighting};
use crate::rule::Rule;
use serde::Serialize;
use trustwatch_model::{Audience, Intent, Severity};

/// The judgement of one event by itself, with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Whether somebody is told of this event alone, at severity 3 or more.
    pub alert: bool,
    /// The highest severity of all rules that hold, 1 to 5; none where no rule holds.
    pub severity: Option<u8>,
    /// The rules that hold, the gravest first.
    pub rules: Vec<String>,
    /// A sentence for each rule that holds and for each phrase whose meaning was taken away; never empty.
    pub why: Vec<String>,
}

impl Judge {
    /// Judges one event of a filter product and says why.
    ///
    /// ```
    /// use trustwatch_model::{Audience, Intent};
    /// use trustwatch_policy::{Judge, Policy, STARTER, Sighting};
    /// let judge = Judge::new(&Policy::parse(STARTER).unwrap()).unwrap();
    /// let search = Some("how to die in minecraft");
    /// let event = Sighting { search, intent: Intent::Search, ..Sighting::page(Audience::Pupil) };
    /// let explained = judge.explain(&event, "");
    /// assert!(!explained.alert);
    /// assert_eq!(explained.why, ["`how to die` is there, and `minecraft` takes its meaning away"]);
    /// ```
    #[must_use]
    pub fn explain(&self, event: &Sighting<'_>, product: &str) -> Explanation {
        let mut found = self.find(event, product);
        let mut hits = Vec::new();
        self.decide(0, event, &mut found, &mut hits);
        hits.sort_by_key(|hit| std::cmp::Reverse((hit.alerts_alone(), hit.severity)));
        let held: Vec<(&Rule, &Hit)> =
            hits.iter().filter_map(|hit| Some((self.rules().get(hit.rule)?, hit))).collect();
        let mut why: Vec<String> =
            held.iter().map(|(rule, hit)| sentence(rule, hit, event.audience)).collect();
        for (phrase, word) in event.search.map(|text| self.taken_away(text)).unwrap_or_default() {
            why.push(format!("`{phrase}` is there, and `{word}` takes its meaning away"));
        }
        for rule in self.waiting_for_a_time(event, &found) {
            why.push(format!(
                "{}: not assessed: it holds at certain times of the school's calendar, and the time, or the calendar \
                 of the school, is not known",
                rule.id.as_str()
            ));
        }
        if why.is_empty() {
            why.push(nothing(event).to_owned());
        }
        Explanation {
            alert: hits.iter().any(Hit::alerts_alone),
            severity: hits.iter().map(|hit| hit.severity).max().map(Severity::level),
            rules: held.iter().map(|(rule, _)| rule.id.as_str().to_owned()).collect(),
            why,
        }
    }
}

const fn nothing(event: &Sighting<'_>) -> &'static str {
    match event.intent {
        Intent::Background => "background traffic, which nobody asked for, accuses nobody",
        _ => "nothing that a rule for this audience looks for",
    }
}

fn sentence(rule: &Rule, hit: &Hit, audience: Audience) -> String {
    let matched: Vec<String> = hit.matched.iter().map(|matched| format!("`{matched}`")).collect();
    let whom = match audience {
        Audience::Unknown => "somebody unknown, judged as the strictest",
        known => known.as_str(),
    };
    let mut parts = vec![
        format!("{}: {}: {}", rule.id.as_str(), rule.title, matched.join(", ")),
        format!("severity {} for {whom}", hit.severity.level()),
    ];
    parts.extend(hit.factors.iter().cloned());
    parts.push(consequence(hit));
    let cites: Vec<String> =
        rule.cites.iter().map(|cite| format!("{} {}", cite.document, cite.clause)).collect();
    parts.push(format!("cites {}", cites.join(", ")));
    parts.join("; ")
}

fn consequence(hit: &Hit) -> String {
    if hit.severity == Severity::TREND {
        return "counted in trends only".to_owned();
    }
    if hit.threshold.count > 1 {
        let minutes = hit.threshold.within_ms / 60_000;
        return format!("counts towards {} within {minutes} minutes", hit.threshold.count);
    }
    if hit.severity < Severity::MEDIUM {
        "told in the digest".to_owned()
    } else {
        "told by itself".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Policy, STARTER};
    use std::sync::LazyLock;
    use trustwatch_model::Action;

    static JUDGE: LazyLock<Judge> = LazyLock::new(|| Judge::new(&Policy::parse(STARTER).unwrap()).unwrap());

    fn search(text: &str, audience: Audience) -> Explanation {
        let event = Sighting { search: Some(text), intent: Intent::Search, ..Sighting::page(audience) };
        JUDGE.explain(&event, "")
    }

    #[test]
    fn a_clear_search_alerts_and_says_what_for_whom_and_by_which_clause() {
        let explained = search("How to DIE", Audience::Pupil);
        assert!(explained.alert);
        assert_eq!(
            (explained.severity, explained.rules.as_slice()),
            (Some(5), ["suicide-search".to_owned()].as_slice())
        );
        assert_eq!(
            explained.why,
            ["suicide-search: Search about taking one's own life: `how to die`; severity 5 for pupil; \
              clear phrase: one search is enough; told by itself; cites 000 L76, 000 L96"]
        );
        assert_eq!(search("how to die", Audience::Staff).severity, Some(4));
        let unknown = search("how to die", Audience::Unknown);
        assert!(
            unknown.why[0].contains("severity 5 for somebody unknown, judged as the strictest"),
            "{unknown:?}"
        );
    }

    #[test]
    fn what_counts_only_and_what_means_nothing_is_no_alert_and_says_so() {
        let vague = search("isis flag", Audience::Pupil);
        assert_eq!((vague.alert, vague.severity), (false, Some(4)));
        assert!(vague.why[0].contains("counts towards 2 within 1440 minutes"), "{vague:?}");

        let help = search("childline", Audience::Pupil);
        assert_eq!((help.alert, help.severity), (false, Some(1)));
        assert!(help.why[0].contains("counted in trends only"), "{help:?}");
        assert_eq!(search("childline", Audience::Staff).rules, [""; 0]);

        let nothing = search("netball rules", Audience::Pupil);
        assert_eq!((nothing.alert, nothing.severity), (false, None));
        assert_eq!(nothing.why, ["nothing that a rule for this audience looks for"]);
    }

    #[test]
    fn the_gravest_rule_comes_first_and_a_digest_is_no_alert() {
        let both = search("pirate bay how to die", Audience::Pupil);
        assert_eq!(both.rules, ["suicide-search", "piracy"]);
        assert_eq!((both.alert, both.severity), (true, Some(5)));

        let category = Some("Pornography");
        let page = Sighting { category, action: Some(Action::Allowed), ..Sighting::page(Audience::Pupil) };
        assert!(JUDGE.explain(&page, "fortinet").alert);
        let fetched = Sighting { intent: Intent::Background, ..page };
        let explained = JUDGE.explain(&fetched, "fortinet");
        assert_eq!((explained.alert, explained.severity), (false, None));
        assert_eq!(explained.why, ["background traffic, which nobody asked for, accuses nobody"]);
    }

    #[test]
    fn a_rule_held_to_times_says_that_the_time_is_lacking() {
        let lunch = "\ncalendars:\n  - {name: own, terms: [{from: 2026-09-02, until: 2026-12-18}], day: \"08:30-16:00\"}\nschools:\n  - {id: oak, calendar: own}\nrules:\n";
        let yaml = STARTER.replacen("\nrules:\n", lunch, 1);
        let mut policy = Policy::parse(&yaml).unwrap();
        let index = policy.rules.iter().position(|rule| rule.id.as_str() == "suicide-search").unwrap();
        policy.rules[index].times = crate::Time::WORDS.map(|(_, time)| time).to_vec();
        let judge = Judge::new(&policy).unwrap();
        let event = Sighting {
            search: Some("how to die"),
            intent: Intent::Search,
            ..Sighting::page(Audience::Pupil)
        };
        let told = |event: &Sighting<'_>| judge.explain(event, "").why.concat().contains("not assessed");
        assert!(told(&event));
        assert!(told(&Sighting { school: Some("oak"), ..event }));
        // A Monday in term.
        let at = Some(1_793_008_800_000_000);
        assert!(told(&Sighting { school: Some("elm"), at, ..event }));
        assert!(!told(&Sighting { school: Some("oak"), at, ..event }));
        let nothing = Sighting { search: Some("netball"), ..event };
        assert!(!told(&nothing));
    }
}
