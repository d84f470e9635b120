//! A policy file: one YAML document that holds everything by which events are judged.

use crate::calendar::{Calendar, School, read_calendar, read_school};
use crate::document::{Document, read_document};
use crate::exemption::{Exemption, read_exemption};
use crate::fields::{self, Fields};
use crate::judge::Judge;
use crate::mistake::{At, Mistakes};
use crate::rule::category::{Category, TakenWords, read_category};
use crate::rule::domain::{DomainList, read_list};
use crate::rule::read::read_rule;
use crate::rule::search::{Lexicon, read_lexicon};
use crate::rule::{Rule, lint};
use crate::yaml::{self, Node};
use jiff::civil::Date;

/// Longest policy file, in bytes.
pub const POLICY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Most rules of a policy.
pub const RULES_MAX: usize = 500;

/// A policy in which no mistake is left.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Policy {
    /// Number of this version.
    pub version: u32,
    /// What people read.
    pub title: String,
    /// What rules cite.
    pub documents: Vec<Document>,
    /// What rules sort events into.
    pub categories: Vec<Category>,
    /// Domains that rules look for.
    pub lists: Vec<DomainList>,
    /// Phrases that rules look for.
    pub lexicons: Vec<Lexicon>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// When schools are in session.
    pub calendars: Vec<Calendar>,
    /// Which school keeps which calendar.
    pub schools: Vec<School>,
    /// What is allowed for a while.
    pub exemptions: Vec<Exemption>,
}

const FIELDS: &[&str] = &[
    "version",
    "title",
    "documents",
    "categories",
    "lists",
    "lexicons",
    "calendars",
    "schools",
    "rules",
    "exemptions",
];

impl Policy {
    /// Reads a policy file, lints it, and runs the tests of its rules.
    ///
    /// ```
    /// use trustwatch_policy::Policy;
    /// let mistakes = Policy::parse("version: one\ntitle: Oak Trust\nrules: []\n").unwrap_err();
    /// let first = "1:10: `one` is not a number of that range: expected 1 or more; write digits only";
    /// assert_eq!(mistakes.to_string().lines().next(), Some(first));
    /// ```
    ///
    /// # Errors
    /// All [`Mistakes`] of the file with line and column; a syntax error stands alone, because nothing after it can
    /// be read. The tests of the rules run once there is no other mistake.
    pub fn parse(yaml: &str) -> Result<Self, Mistakes> {
        let mut notes = Mistakes::default();
        if yaml.len() > POLICY_BYTES_MAX {
            let expected = format!("at most {POLICY_BYTES_MAX} bytes");
            notes.add(START, "", "is too long a file", expected, "remove what no rule uses");
            return Err(notes);
        }
        let policy = read_policy(&yaml::read(yaml)?, &mut notes);
        let Some(policy) = policy.filter(|_| notes.is_empty()) else { return Err(notes.sorted()) };
        match Judge::new(&policy) {
            Ok(judge) => lint::try_examples(&policy, &judge, &mut notes),
            Err(error) => notes.add(START, "", error.to_string(), "fewer phrases", "shorten the lexicons"),
        }
        if notes.is_empty() { Ok(policy) } else { Err(notes.sorted()) }
    }

    /// Reads a policy that was published, when it had no mistake, by an earlier build. What this build has come to call
    /// a mistake is told beside it and stops nothing: no search goes unseen because a lint grew stricter. Only a rule
    /// that cannot be read at all is left out.
    ///
    /// # Errors
    /// Its [`Mistakes`] when nothing of it can be read.
    pub fn published(yaml: &str) -> Result<(Self, Mistakes), Mistakes> {
        let mut notes = Mistakes::default();
        match read_policy(&yaml::read(yaml)?, &mut notes) {
            Some(policy) if !policy.rules.is_empty() => Ok((policy, notes.sorted())),
            _ => Err(notes.sorted()),
        }
    }
}

impl Policy {
    /// What in the cited documents wants attention on a day: law that is repealed or foreign, passed review dates, periods that
    /// are no numbers, consent as a basis, what logs cannot answer. The policy can be published all the same.
    #[must_use]
    pub fn warnings(&self, today: Date) -> Mistakes {
        let mut notes = Mistakes::default();
        for document in &self.documents {
            document.warn(today, &mut notes);
        }
        notes.sorted()
    }
}

const START: At = At { line: 1, column: 1 };

/// Reads everything that can be read, in the order in which one part may name another.
fn read_policy(node: &Node, notes: &mut Mistakes) -> Option<Policy> {
    let fields = Fields::read(node, "the policy", FIELDS, notes)?;
    let version = fields.need("version", "the number of this version", notes);
    let version = version.and_then(|node| fields::number(node, 1, u32::MAX, notes));
    let title = fields.need_text("title", notes);
    let mut policy = Policy {
        version: version.unwrap_or_default(),
        title: title.unwrap_or_default(),
        documents: Vec::new(),
        categories: Vec::new(),
        lists: Vec::new(),
        lexicons: Vec::new(),
        rules: Vec::new(),
        calendars: Vec::new(),
        schools: Vec::new(),
        exemptions: Vec::new(),
    };
    for node in fields.items("documents", "a list of documents", notes) {
        let taken: Vec<&str> = policy.documents.iter().map(|document| document.id.as_str()).collect();
        let document = read_document(node, &taken, notes);
        policy.documents.extend(document);
    }
    let mut taken_words = TakenWords::new();
    for node in fields.items("categories", "a list of categories", notes) {
        let taken: Vec<&str> = policy.categories.iter().map(|category| category.code.as_str()).collect();
        let category = read_category(node, &taken, &mut taken_words, notes);
        policy.categories.extend(category);
    }
    for node in fields.items("lists", "a list of lists", notes) {
        let taken: Vec<&str> = policy.lists.iter().map(|list| list.name.as_str()).collect();
        let list = read_list(node, &taken, notes);
        policy.lists.extend(list);
    }
    for node in fields.items("lexicons", "a list of lexicons", notes) {
        let taken: Vec<&str> = policy.lexicons.iter().map(|lexicon| lexicon.name.as_str()).collect();
        let lexicon = read_lexicon(node, &taken, notes);
        policy.lexicons.extend(lexicon);
    }
    for node in fields.items("calendars", "a list of calendars", notes) {
        let calendar = read_calendar(node, &policy, notes);
        policy.calendars.extend(calendar);
    }
    for node in fields.items("schools", "a list of schools", notes) {
        let school = read_school(node, &policy, notes);
        policy.schools.extend(school);
    }
    let Some(rules) = fields.need("rules", "a list of rules", notes) else { return Some(policy) };
    let nodes = fields::list(rules, "a list of rules", notes);
    if nodes.is_empty() || nodes.len() > RULES_MAX {
        let expected = format!("1 to {RULES_MAX} rules");
        notes.add(rules.at, rules.shown(), "is not so many rules", expected, "add or remove rules");
    }
    for node in nodes.iter().take(RULES_MAX) {
        let rule = read_rule(node, &policy, notes);
        policy.rules.extend(rule);
    }
    for node in fields.items("exemptions", "a list of exemptions", notes) {
        let exemption = read_exemption(node, &policy, notes);
        policy.exemptions.extend(exemption);
    }
    Some(policy)
}
