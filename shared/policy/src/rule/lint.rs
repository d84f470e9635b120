//! What a rule must not be, beyond what its fields say: the promises of the product to the people it watches.

use super::Rule;
use super::search::Grade;
use crate::judge::Judge;
use crate::mistake::{At, Mistakes};
use crate::policy::Policy;

/// The category of those who look for help.
pub(crate) const HELP_SEEKING: &str = "help_seeking";

/// Categories that only the filter's own words may serve: no phrases and no lists are kept for them.
const VENDOR_ONLY: [&str; 2] = ["illegal_csam", "terror_illegal"];

/// Categories of danger to somebody: nobody is exempted from their rules.
const NEVER_EXEMPT: [&str; 5] = ["illegal_csam", "terror_illegal", "suicide", "self_harm", "grooming_cse"];

pub(crate) fn never_exempt(rule: &Rule) -> bool {
    NEVER_EXEMPT.contains(&rule.category.as_str())
}

pub(crate) fn check(rule: &Rule, at: At, known: &Policy, notes: &mut Mistakes) {
    let when = &rule.when;
    if VENDOR_ONLY.contains(&rule.category.as_str()) && (when.search.is_some() || when.domain.is_some()) {
        let problem = format!("keeps phrases or a list for {}", rule.category);
        let advice = "look at the filter's category word only: such material is never listed by us";
        notes.add(at, rule.id.as_str(), problem, "`category: true` alone", advice);
    }
    if rule.category == HELP_SEEKING {
        check_help_seeking(rule, at, known, notes);
    }
}

/// Whoever looks for help never causes an alert by that, so nothing may lift the severity of 1.
fn check_help_seeking(rule: &Rule, at: At, known: &Policy, notes: &mut Mistakes) {
    if !rule.raises.is_empty() {
        let advice = "remove `raises`: looking for help never becomes an alert";
        notes.add(at, rule.id.as_str(), "raises the severity of help_seeking", "no raises", advice);
    }
    let lexicon = known.lexicons.iter().find(|lexicon| Some(&lexicon.name) == rule.when.search.as_ref());
    if lexicon.is_some_and(|lexicon| lexicon.phrases.iter().any(|phrase| phrase.grade == Grade::Clear)) {
        let advice = "grade them vague: looking for help never becomes an alert";
        notes.add(at, rule.id.as_str(), "has clear phrases in help_seeking", "vague phrases", advice);
    }
}

/// Tries every rule's own examples.
pub(crate) fn try_examples(policy: &Policy, judge: &Judge, notes: &mut Mistakes) {
    for (index, rule) in policy.rules.iter().enumerate() {
        for example in &rule.tests {
            let product = example.product.as_deref().unwrap_or_default();
            let hits = judge.sighting(&example.sighting(), product);
            let fired = hits.iter().any(|hit| hit.rule == index);
            if fired == example.fires {
                continue;
            }
            let (problem, expected) = if fired {
                ("fires on an example that it must not fire on", "no hit")
            } else {
                ("does not fire on an example that it must fire on", "a hit")
            };
            notes.add(example.at, rule.id.as_str(), problem, expected, "correct the rule or the example");
        }
    }
}
