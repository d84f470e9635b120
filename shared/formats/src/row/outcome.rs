//! The outcome words that mean the same everywhere.

use trustwatch_model::Action;

/// Words of many products, in lower case and in the order of the alphabet. What a product means differently stands in
/// its own table, which is asked first.
const COMMON: &[(&str, Action)] = &[
    ("accept", Action::Allowed),
    ("accepted", Action::Allowed),
    ("allow", Action::Allowed),
    ("allowed", Action::Allowed),
    ("block", Action::Blocked),
    ("blocked", Action::Blocked),
    ("bypass", Action::Allowed),
    ("challenge", Action::Challenged),
    ("coach", Action::Warned),
    ("coached", Action::Warned),
    ("continue", Action::Warned),
    ("denied", Action::Blocked),
    ("deny", Action::Blocked),
    ("drop", Action::Blocked),
    ("dropped", Action::Blocked),
    ("filtered", Action::Blocked),
    ("monitor", Action::Allowed),
    ("monitored", Action::Allowed),
    ("observed", Action::Allowed),
    ("overridden", Action::Warned),
    ("override", Action::Warned),
    ("pass", Action::Allowed),
    ("passed", Action::Allowed),
    ("passthrough", Action::Allowed),
    ("permit", Action::Allowed),
    ("permitted", Action::Allowed),
    ("proceed", Action::Warned),
    ("proceeded", Action::Warned),
    ("quarantine", Action::Blocked),
    ("quarantined", Action::Blocked),
    ("redirect", Action::Blocked),
    ("redirected", Action::Blocked),
    ("refused", Action::Blocked),
    ("reject", Action::Blocked),
    ("rejected", Action::Blocked),
    ("reset", Action::Blocked),
    ("warn", Action::Warned),
    ("warned", Action::Warned),
    ("warning", Action::Warned),
];

/// The outcome that a word stands for, whatever its case; `None` for a word that nobody has explained.
pub(crate) fn outcome(word: &str, own: &[(&str, Action)]) -> Option<Action> {
    let find = |table: &[(&str, Action)]| {
        table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, action)| *action)
    };
    find(own).or_else(|| find(COMMON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_products_own_words_come_first_and_unknown_words_mean_nothing() {
        let own = [("redirect", Action::Allowed), ("isolate", Action::Warned)];
        assert_eq!(outcome("REDIRECT", &own), Some(Action::Allowed));
        assert_eq!(outcome("Redirect", &[]), Some(Action::Blocked));
        assert_eq!(outcome("isolate", &[]), None);
        assert_eq!(outcome("", &own), None);
    }

    #[test]
    fn common_words_are_in_order_and_in_lower_case() {
        assert!(COMMON.is_sorted_by(|(one, _), (two, _)| one < two));
        assert!(COMMON.iter().all(|(word, _)| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }
}
