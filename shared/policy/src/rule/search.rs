//! The rule kind `search`: phrases of a lexicon in what was searched for.

use super::{Kind, Match};
use crate::PolicyError;
use crate::fields::{self, Fields};
use crate::fold::{self, Folded};
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::yaml::Node;
use aho_corasick::AhoCorasick;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Fewest letters of a phrase, so that no slip alerts on everything.
const LETTERS_MIN: usize = 3;

/// How much a phrase says by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// One typed search alerts.
    Clear,
    /// Counts towards the rule's threshold.
    Vague,
}

/// Words that mean something, unless others stand beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The words, as written.
    pub text: String,
    /// How much it says by itself.
    pub grade: Grade,
    /// Words any of which takes the meaning away.
    pub unless: Vec<String>,
}

/// Phrases under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexicon {
    /// The name that rules use.
    pub name: String,
    /// The phrases.
    pub phrases: Vec<Phrase>,
}

pub(crate) fn read_lexicon(node: &Node, taken: &[&str], notes: &mut Mistakes) -> Option<Lexicon> {
    let fields = Fields::read(node, "a lexicon", &["name", "phrases"], notes)?;
    let name = fields.need("name", "a name", notes);
    let name = name.and_then(|node| fields::new_name(node, "lexicon", taken, notes));
    let mut seen = HashSet::new();
    let mut phrases = Vec::new();
    if let Some(list) = fields.need("phrases", "a list of phrases", notes) {
        for node in fields::list(list, "a list of phrases", notes) {
            phrases.extend(read_phrase(node, &mut seen, notes));
        }
    }
    Some(Lexicon { name: name?, phrases })
}

fn read_phrase(node: &Node, seen: &mut HashSet<Folded>, notes: &mut Mistakes) -> Option<Phrase> {
    let fields = Fields::read(node, "a phrase", &["text", "grade", "unless"], notes)?;
    let grade = fields.need("grade", "clear or vague", notes);
    let grade = grade
        .and_then(|node| fields::choice(node, &[("clear", Grade::Clear), ("vague", Grade::Vague)], notes));
    let text_node = fields.need("text", "the words of the phrase", notes)?;
    let text = fields::text(text_node, "the words of the phrase", notes)?;
    let folded = fold::fold(text);
    if folded.letters() < LETTERS_MIN {
        let expected = "at least 3 different letters or digits in a row";
        notes.add(text_node.at, text, "is too short for a phrase", expected, "write a longer phrase");
    }
    if seen.contains(&folded) {
        let problem = "is the same as an earlier phrase once it is folded";
        notes.add(text_node.at, text, problem, "each phrase once", "remove one of them");
    }
    let mut unless = Vec::new();
    if let Some(list) = fields.get("unless") {
        for node in fields::list(list, "a list of words", notes) {
            let Some(word) = fields::text(node, "a word", notes) else { continue };
            let other = fold::fold(word);
            if other.is_empty() {
                notes.add(node.at, word, "holds no letter and no digit", "a word", "correct or remove it");
            } else if folded.as_str().contains(other.as_str()) {
                let problem = "is part of the phrase, which could then never match";
                notes.add(node.at, word, problem, "a word that stands beside the phrase", "remove it");
            }
            unless.push(word.to_owned());
        }
    }
    seen.insert(folded);
    Some(Phrase { text: text.to_owned(), grade: grade?, unless })
}

/// All phrases of all lexicons in one automaton.
pub(crate) struct Searches {
    automaton: AhoCorasick,
    patterns: Vec<Pattern>,
    phrases: Vec<Compiled>,
}

/// One text to look for, as a phrase, as a word that takes meaning away, or both.
struct Pattern {
    folded: Folded,
    phrases: Vec<usize>,
}

struct Compiled {
    text: String,
    clear: bool,
    /// Words any of which takes the meaning away, each with its pattern.
    unless: Vec<(usize, String)>,
    rules: Vec<usize>,
}

impl Searches {
    pub(crate) fn compile(policy: &Policy) -> Result<Self, PolicyError> {
        let mut index: HashMap<Folded, usize> = HashMap::new();
        let mut patterns: Vec<Pattern> = Vec::new();
        let mut pattern_of = |text: &str, phrase: Option<usize>| {
            let folded = fold::fold(text);
            let at = *index.entry(folded.clone()).or_insert(patterns.len());
            if at == patterns.len() {
                patterns.push(Pattern { folded, phrases: Vec::new() });
            }
            if let Some(pattern) = patterns.get_mut(at) {
                pattern.phrases.extend(phrase);
            }
            at
        };
        let mut phrases = Vec::new();
        for lexicon in &policy.lexicons {
            let uses = |rule: &super::Rule| rule.when.search.as_deref() == Some(&lexicon.name);
            let rules: Vec<usize> = super::indexes(&policy.rules, uses).collect();
            for phrase in &lexicon.phrases {
                pattern_of(&phrase.text, Some(phrases.len()));
                let unless =
                    phrase.unless.iter().map(|word| (pattern_of(word, None), word.clone())).collect();
                let (text, clear) = (phrase.text.clone(), phrase.grade == Grade::Clear);
                phrases.push(Compiled { text, clear, unless, rules: rules.clone() });
            }
        }
        let automaton = AhoCorasick::new(patterns.iter().map(|pattern| pattern.folded.as_str()))?;
        Ok(Self { automaton, patterns, phrases })
    }

    /// What the words of a search say, in the order of the policy.
    pub(crate) fn find(&self, text: &str) -> Vec<Match<'_>> {
        let present = self.present(text);
        let meant = self.phrases_in(&present).filter(|phrase| phrase.taken_away_by(&present).is_none());
        meant
            .flat_map(|phrase| {
                phrase.rules.iter().map(|rule| Match {
                    rule: *rule,
                    kind: Kind::Search,
                    matched: &phrase.text,
                    clear: phrase.clear,
                })
            })
            .collect()
    }

    /// The phrases in a search that mean nothing there, each with the word that takes the meaning away.
    pub(crate) fn taken_away(&self, text: &str) -> Vec<(&str, &str)> {
        let present = self.present(text);
        let phrases = self.phrases_in(&present);
        phrases.filter_map(|phrase| Some((phrase.text.as_str(), phrase.taken_away_by(&present)?))).collect()
    }

    /// The patterns that stand in a search.
    fn present(&self, text: &str) -> BTreeSet<usize> {
        let mut present = BTreeSet::new();
        for reading in fold::readings(text) {
            for found in self.automaton.find_overlapping_iter(reading.as_str()) {
                let index = found.pattern().as_usize();
                let Some(pattern) = self.patterns.get(index) else { continue };
                if reading.has_runs_of(&pattern.folded, found.start()) {
                    present.insert(index);
                }
            }
        }
        present
    }

    /// The phrases among patterns, in the order of the policy.
    fn phrases_in(&self, present: &BTreeSet<usize>) -> impl Iterator<Item = &Compiled> {
        let patterns = present.iter().filter_map(|index| self.patterns.get(*index));
        let phrases: BTreeSet<usize> = patterns.flat_map(|pattern| pattern.phrases.iter().copied()).collect();
        phrases.into_iter().filter_map(|index| self.phrases.get(index))
    }
}

impl Compiled {
    fn taken_away_by(&self, present: &BTreeSet<usize>) -> Option<&str> {
        self.unless.iter().find(|(pattern, _)| present.contains(pattern)).map(|(_, word)| word.as_str())
    }
}
