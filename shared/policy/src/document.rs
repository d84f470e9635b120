//! The policies and laws that rules cite, and what in them wants attention before somebody relies on it.

use crate::fields::{self, Fields};
use crate::mistake::{At, Mistakes};
use crate::yaml::Node;
use jiff::ToSpan as _;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Laws that are no longer to be cited, as `name,problem,instead`.
const LAWS: &str = include_str!("laws.csv");
/// The guidance that has a new edition each September: "Keeping children safe in education".
const KCSIE: &str = "KCSIE ";

/// A policy or law that rules cite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Id, such as `003`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The day of its last review, where it bears one.
    pub reviewed: Option<Date>,
    /// Clause id to one line of what it says.
    pub clauses: BTreeMap<String, String>,
    doubts: Vec<(At, String, Doubt)>,
}

/// What may be wrong with the prose of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// It bears no date.
    Undated,
    /// It says when it was last reviewed, and not when it will be again.
    LastReviewed(Date),
    /// It says when its next review is due.
    ReviewDue(Date),
    /// It cites a law or guidance.
    Cites,
    /// It takes consent as the basis of monitoring.
    Consent,
    /// A clause states a period that is no number.
    UndefinedPeriod,
    /// A clause asks for what no log of a web filter holds.
    BeyondLogs,
}

const FIELDS: &[&str] =
    &["id", "title", "reviewed", "review_due", "laws", "basis", "undefined", "beyond_logs", "clauses"];

const BASES: &[(&str, bool)] = &[
    ("consent", true),
    ("contract", false),
    ("legal_obligation", false),
    ("vital_interests", false),
    ("public_task", false),
    ("legitimate_interests", false),
];

pub(crate) fn read_document(node: &Node, taken: &[&str], notes: &mut Mistakes) -> Option<Document> {
    let fields = Fields::read(node, "a document", FIELDS, notes)?;
    let id = fields.need("id", "an id like 003", notes);
    let id = id.and_then(|node| fields::new_name(node, "document", taken, notes));
    let title = fields.need_text("title", notes);
    let reviewed = fields.get("reviewed").and_then(|node| fields::date(node, notes));
    let mut clauses = BTreeMap::new();
    if let Some(node) = fields.need("clauses", "`clause: what it says`, one a line", notes) {
        for (name, summary) in fields::map(node, "a set of clauses", notes).unwrap_or_default() {
            let clause = fields::text(name, "a clause id", notes);
            let summary = fields::text(summary, "one line of what the clause says", notes);
            let (Some(clause), Some(summary)) = (clause, summary) else { continue };
            if clauses.insert(clause.to_owned(), summary.to_owned()).is_some() {
                let expected = "each clause once";
                notes.add(name.at, clause, "stands twice in the document", expected, "remove one of them");
            }
        }
    }
    let title = title.unwrap_or_default();
    let mut doubts = read_doubts(&fields, &clauses, notes);
    match (fields.get("reviewed"), reviewed) {
        (None, _) => doubts.push((node.at, title.clone(), Doubt::Undated)),
        (Some(node), Some(day)) if fields.get("review_due").is_none() => {
            doubts.push((node.at, node.shown().to_owned(), Doubt::LastReviewed(day)));
        }
        _ => {}
    }
    Some(Document { id: id?, title, reviewed, clauses, doubts })
}

fn read_doubts(
    fields: &Fields<'_>,
    clauses: &BTreeMap<String, String>,
    notes: &mut Mistakes,
) -> Vec<(At, String, Doubt)> {
    let mut doubts = Vec::new();
    if let Some(node) = fields.get("review_due")
        && let Some(due) = fields::date(node, notes)
    {
        doubts.push((node.at, node.shown().to_owned(), Doubt::ReviewDue(due)));
    }
    if let Some(node) = fields.get("basis")
        && fields::choice(node, BASES, notes) == Some(true)
    {
        doubts.push((node.at, node.shown().to_owned(), Doubt::Consent));
    }
    for node in fields.items("laws", "a list of laws", notes) {
        if let Some(law) = fields::text(node, "the name of a law", notes) {
            doubts.push((node.at, law.to_owned(), Doubt::Cites));
        }
    }
    for (name, doubt) in [("undefined", Doubt::UndefinedPeriod), ("beyond_logs", Doubt::BeyondLogs)] {
        for node in fields.items(name, "a list of clauses", notes) {
            let known = clauses.keys().map(String::as_str);
            let clause = fields::reference(node, "clause", known, notes);
            doubts.extend(clause.map(|clause| (node.at, clause, doubt)));
        }
    }
    doubts
}

impl Document {
    /// What wants attention on a day: none of it keeps a policy from being published, for the documents are others'.
    pub(crate) fn warn(&self, today: Date, notes: &mut Mistakes) {
        for (at, text, doubt) in &self.doubts {
            let mut warn = |problem: &str, expected: &str, advice: &str| {
                notes.add(*at, text, format!("(document {}) {problem}", self.id), expected, advice);
            };
            match doubt {
                Doubt::Undated => {
                    warn("bears no date of review", "`reviewed`", "ask its owner when it was last reviewed")
                }
                Doubt::ReviewDue(due) if *due < today => {
                    warn("has passed", "a review by then", "ask its owner for the reviewed document");
                }
                Doubt::LastReviewed(day) if day.saturating_add(1.year()) < today => {
                    warn(
                        "is more than a year ago",
                        "a review each year",
                        "ask its owner for the reviewed document",
                    );
                }
                Doubt::ReviewDue(_) | Doubt::LastReviewed(_) => {}
                Doubt::Cites => warn_of_law(text, today, warn),
                Doubt::Consent => warn(
                    "is the basis of monitoring",
                    "public_task, legal_obligation or legitimate_interests",
                    "a worker or a child can seldom refuse freely: have the basis corrected",
                ),
                Doubt::UndefinedPeriod => {
                    warn(
                        "states a period that is no number",
                        "days, months or years",
                        "agree a number, and put it in the retention schedule",
                    );
                }
                Doubt::BeyondLogs => warn(
                    "asks for what no log of a web filter holds",
                    "what a log can show",
                    "do not promise it: have the clause corrected",
                ),
            }
        }
    }
}

fn warn_of_law(text: &str, today: Date, mut warn: impl FnMut(&str, &str, &str)) {
    let advice = "have it corrected at the next review";
    if let Some(year) = text.strip_prefix(KCSIE).and_then(|year| year.parse::<i16>().ok()) {
        // In force from the first of September of its year until the next.
        let edition = if today.month() >= 9 { today.year() } else { today.year() - 1 };
        if year < edition {
            warn("is an earlier edition", &format!("{KCSIE}{edition}"), advice);
        }
        return;
    }
    let mut laws = csv::Reader::from_reader(LAWS.as_bytes());
    for law in laws.records().filter_map(Result::ok) {
        if let (Some(name), Some(problem), Some(instead)) = (law.get(0), law.get(1), law.get(2))
            && text.to_lowercase().contains(&name.to_lowercase())
        {
            warn(problem, instead, advice);
        }
    }
}
