//! Reading one rule.

use super::{Cite, Example, Grid, Raise, Rule, Severities, When, lint, years};
use crate::calendar::Time;
use crate::document::Document;
use crate::fields::{self, Fields};
use crate::london::london;
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::yaml::Node;
use jiff::civil::DateTime;
use trustwatch_model::{Action, Audience, Distinct, Intent, RuleId, Severity, Threshold};

const FIELDS: &[&str] = &[
    "id",
    "title",
    "category",
    "when",
    "severity",
    "years",
    "time",
    "intent",
    "threshold",
    "grid",
    "raises",
    "advice",
    "cites",
    "tests",
];

/// What a rule can look for; what nobody asked for, [`Intent::Background`], accuses nobody.
const INTENTS: &[Intent] = &[Intent::Page, Intent::Search, Intent::Download];

/// Most events that a threshold may ask for: an alert keeps no more than 64 of them.
const COUNT_MAX: u32 = 32;

/// Reads a rule against what the file has defined before it. `known.rules` are the rules before this one.
pub(crate) fn read_rule(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<Rule> {
    let fields = Fields::read(node, "a rule", FIELDS, notes)?;
    let id = fields.need("id", "an id like suicide-search", notes);
    let id = id.and_then(|node| read_id(node, known, notes));
    let title = fields.need_text("title", notes);
    let category = fields.need("category", "the code of a category", notes);
    let codes = known.categories.iter().map(|category| category.code.as_str());
    let category = category.and_then(|node| fields::reference(node, "category", codes, notes));
    let when = fields.need("when", "search, domain or category", notes);
    let when = when.and_then(|node| read_when(node, category.as_deref(), known, notes));
    let severity = fields.need("severity", "a severity for pupil, staff or visitor", notes);
    let severity = severity.and_then(|node| read_severities(node, category.as_deref(), notes));
    let years = fields.get("years").map_or_else(Vec::new, |node| read_years(node, notes));
    let times = fields.get("time").map_or_else(Vec::new, |node| read_times(node, known, notes));
    let intent = match fields.get("intent") {
        Some(node) => read_intents(node, notes),
        None => INTENTS.to_vec(),
    };
    let grid = fields.get("grid").map_or(Some(Grid::Day), |node| {
        fields::choice(node, &[("day", Grid::Day), ("week", Grid::Week)], notes)
    });
    let threshold = read_threshold(fields.get("threshold"), grid.unwrap_or(Grid::Week), notes);
    let raises = fields.get("raises").map_or_else(Vec::new, |node| read_raises(node, known, notes));
    let advice = fields.need_text("advice", notes);
    let cites = fields.need("cites", "at least one `document clause`", notes);
    let cites = cites.map(|node| read_cites(node, &known.documents, notes));
    let tests = fields.need("tests", "examples that must fire and examples that must not", notes);
    let tests = tests.map(|node| read_examples(node, notes));
    let rule = Rule {
        id: id?,
        title: title?,
        category: category?,
        when: when?,
        severity: severity?,
        years,
        times,
        intent,
        threshold: threshold?,
        grid: grid?,
        raises,
        advice: advice?,
        cites: cites?,
        tests: tests?,
    };
    lint::check(&rule, fields.at(), known, notes);
    Some(rule)
}

fn read_id(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<RuleId> {
    let taken: Vec<&str> = known.rules.iter().map(|rule| rule.id.as_str()).collect();
    let name = fields::new_name(node, "rule", &taken, notes)?;
    let id = RuleId::new(&name).ok();
    if id.is_none() {
        let expected = "1 to 48 of the characters a-z, 0-9 and -, beginning with a letter or digit";
        notes.add(node.at, &name, "is not a rule id", expected, "choose another");
    }
    id
}

fn read_when(node: &Node, category: Option<&str>, known: &Policy, notes: &mut Mistakes) -> Option<When> {
    let fields = Fields::read(node, "when", &["search", "domain", "category", "action"], notes)?;
    if ["search", "domain", "category"].iter().all(|kind| fields.get(kind).is_none()) {
        let expected = "at least one of search, domain, category";
        notes.add(node.at, node.shown(), "looks at nothing", expected, "say what the rule looks at");
    }
    let lexicons = known.lexicons.iter().map(|lexicon| lexicon.name.as_str());
    let search = fields.get("search").and_then(|node| fields::reference(node, "lexicon", lexicons, notes));
    let lists = known.lists.iter().map(|list| list.name.as_str());
    let domain = fields.get("domain").and_then(|node| fields::reference(node, "list", lists, notes));
    let by_word = fields.get("category").is_some_and(|node| read_by_word(node, category, known, notes));
    let actions = fields.get("action").map_or_else(Vec::new, |node| {
        fields::choices(node, &fields::words(Action::ALL, Action::as_str), notes)
    });
    Some(When { search, domain, category: by_word, actions })
}

fn read_by_word(node: &Node, code: Option<&str>, known: &Policy, notes: &mut Mistakes) -> bool {
    let truth = fields::choice(node, &[("true", true)], notes).is_some();
    let category = known.categories.iter().find(|category| Some(category.code.as_str()) == code);
    if truth && category.is_some_and(|category| category.vendors.is_empty()) {
        let problem = "asks for the filter's words, and the category of the rule has none";
        notes.add(node.at, node.shown(), problem, "`vendors` in the category", "add them, or leave this out");
    }
    truth
}

fn read_severities(node: &Node, category: Option<&str>, notes: &mut Mistakes) -> Option<Severities> {
    let fields = Fields::read(node, "severity", &["pupil", "staff", "visitor"], notes)?;
    let mut level = |name| {
        let node = fields.get(name)?;
        let severity = u8::try_from(fields::number(node, 1, 5, notes)?).ok().and_then(Severity::new)?;
        if category == Some(lint::HELP_SEEKING) && severity > Severity::TREND {
            let problem = "is too severe for someone who looks for help";
            notes.add(node.at, node.shown(), problem, "1", "write 1: it counts in trends and alerts nobody");
        }
        Some(severity)
    };
    let severities = Severities { pupil: level("pupil"), staff: level("staff"), visitor: level("visitor") };
    if ["pupil", "staff", "visitor"].iter().all(|name| fields.get(name).is_none()) {
        let expected = "at least one of pupil, staff, visitor";
        notes.add(node.at, node.shown(), "concerns nobody", expected, "say whom the rule concerns");
    }
    Some(severities)
}

fn read_times(node: &Node, known: &Policy, notes: &mut Mistakes) -> Vec<Time> {
    need_calendars(node, known, notes);
    fields::limit(node, "names no time", "one of the words for times", notes);
    fields::choices(node, &Time::WORDS, notes)
}

fn need_calendars(node: &Node, known: &Policy, notes: &mut Mistakes) {
    if known.schools.is_empty() {
        let advice = "say which school keeps which calendar, or leave the time out";
        notes.add(
            node.at,
            node.shown(),
            "asks for a time, and no school has a calendar",
            "`schools`",
            advice,
        );
    }
}

fn read_raises(node: &Node, known: &Policy, notes: &mut Mistakes) -> Vec<Raise> {
    let words = [("allowed", Raise::Allowed), ("typed", Raise::Typed), ("out_of_hours", Raise::OutOfHours)];
    let raises = fields::choices(node, &words, notes);
    if raises.contains(&Raise::OutOfHours) {
        need_calendars(node, known, notes);
    }
    raises
}

fn read_years(node: &Node, notes: &mut Mistakes) -> Vec<String> {
    fields::limit(node, "names no year group", "a year group, like 5", notes);
    let items = fields::list(node, "a list of year groups", notes);
    items.iter().filter_map(|item| fields::text(item, "a year group", notes).map(years::fold)).collect()
}

fn read_intents(node: &Node, notes: &mut Mistakes) -> Vec<Intent> {
    fields::limit(node, "names no intent", "page, search or download", notes);
    let items = fields::list(node, "a list of words", notes);
    let mut intents = Vec::new();
    for item in items {
        if item.shown() == Intent::Background.as_str() {
            let problem = "never accuses anybody";
            let advice = "remove it: no person asked for what a page or a machine fetches by itself";
            notes.add(item.at, item.shown(), problem, "page, search or download", advice);
        } else {
            intents.extend(fields::choice(item, &fields::words(INTENTS, Intent::as_str), notes));
        }
    }
    intents
}

/// A rule without a threshold, or without a span in it, counts over the whole grid window.
fn read_threshold(node: Option<&Node>, grid: Grid, notes: &mut Mistakes) -> Option<Threshold> {
    let whole = Threshold { count: 1, within_ms: grid.ms(), distinct: Distinct::Event };
    let Some(node) = node else { return Some(whole) };
    let fields = Fields::read(node, "threshold", &["count", "within", "distinct"], notes)?;
    let count = fields.need("count", "1 to 32", notes);
    let count = count.and_then(|node| fields::number(node, 1, COUNT_MAX, notes));
    let within_ms = fields.get("within").map_or(Some(whole.within_ms), |node| read_span(node, grid, notes));
    let words = [("event", Distinct::Event), ("thing", Distinct::Thing)];
    let distinct =
        fields.get("distinct").map_or(Some(whole.distinct), |node| fields::choice(node, &words, notes));
    Some(Threshold { count: count?, within_ms: within_ms?, distinct: distinct? })
}

fn read_span(node: &Node, grid: Grid, notes: &mut Mistakes) -> Option<i64> {
    let text = fields::text(node, "a span like 10 min or 24 h", notes)?;
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit.trim() {
        "min" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let span = number.parse::<i64>().ok().zip(unit_ms).and_then(|(number, unit)| number.checked_mul(unit));
    let Some(span) = span.filter(|span| *span > 0) else {
        let expected = "a number and one of min, h, d, like 10 min";
        notes.add(node.at, text, "is not a span of time", expected, "correct it");
        return None;
    };
    if span > grid.ms() {
        let (expected, advice) = match grid {
            Grid::Day => ("at most 24 h", "shorten it, or write `grid: week`"),
            Grid::Week => ("at most 7 d", "shorten it"),
        };
        notes.add(node.at, text, "is longer than the grid that the rule is kept by", expected, advice);
    }
    Some(span)
}

fn read_cites(node: &Node, documents: &[Document], notes: &mut Mistakes) -> Vec<Cite> {
    let items = fields::list(node, "a list of `document clause`", notes);
    if items.is_empty() {
        let advice = "name the clause that the rule enforces";
        notes.add(node.at, node.shown(), "cites nothing", "at least one `document clause`", advice);
    }
    items.iter().filter_map(|item| read_cite(item, documents, notes)).collect()
}

fn read_cite(node: &Node, documents: &[Document], notes: &mut Mistakes) -> Option<Cite> {
    let text = fields::text(node, "`document clause`", notes)?;
    let (document, clause) =
        text.split_once(' ').map_or((text, ""), |(document, clause)| (document, clause.trim()));
    let Some(found) = documents.iter().find(|known| known.id == document) else {
        let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
        let expected = format!("`document clause` with a document out of {}", ids.join(", "));
        notes.add(
            node.at,
            text,
            "cites a document that is not in `documents`",
            expected,
            "correct or add it",
        );
        return None;
    };
    if !found.clauses.contains_key(clause) {
        let clauses: Vec<&str> = found.clauses.keys().map(String::as_str).collect();
        let expected = format!("a clause out of {}", clauses.join(", "));
        let problem = format!("cites a clause that document {document} does not list");
        notes.add(node.at, text, problem, expected, "correct or add it");
        return None;
    }
    Some(Cite { document: document.to_owned(), clause: clause.to_owned() })
}

fn read_examples(node: &Node, notes: &mut Mistakes) -> Vec<Example> {
    let items = fields::list(node, "a list of examples", notes);
    let examples: Vec<Example> = items.iter().filter_map(|item| read_example(item, notes)).collect();
    for (fires, expected) in [(true, "one with `fires: true`"), (false, "one with `fires: false`")] {
        let whole = examples.len() == items.len();
        if whole && !examples.iter().any(|example| example.fires == fires) {
            let advice = "add one, so that the rule is tried in both directions";
            notes.add(node.at, node.shown(), "lacks an example", expected, advice);
        }
    }
    examples
}

fn read_example(node: &Node, notes: &mut Mistakes) -> Option<Example> {
    let known = [
        "search", "domain", "category", "product", "action", "audience", "year", "school", "at", "intent",
        "fires",
    ];
    let fields = Fields::read(node, "an example", &known, notes)?;
    let mut value = |name| {
        let node = fields.get(name)?;
        fields::text(node, "a text", notes).map(str::to_owned)
    };
    let (search, domain, category, product) =
        (value("search"), value("domain"), value("category"), value("product"));
    let (year, school) = (value("year"), value("school"));
    let moment = fields.get("at").and_then(|node| read_moment(node, notes));
    if category.is_some() != product.is_some() {
        let expected = "category and product together";
        let advice = "a category word belongs to the filter product whose word it is";
        notes.add(node.at, node.shown(), "says only half of what a filter says", expected, advice);
    }
    let action = fields.get("action").map_or(Some(Action::Allowed), |node| {
        fields::choice(node, &fields::words(Action::ALL, Action::as_str), notes)
    });
    let audience = fields.get("audience").map_or(Some(Audience::Pupil), |node| {
        fields::choice(node, &fields::words(Audience::ALL, Audience::as_str), notes)
    });
    let usual = if search.is_some() { Intent::Search } else { Intent::Page };
    let intents = fields::words(Intent::ALL, Intent::as_str);
    let intent = fields.get("intent").map_or(Some(usual), |node| fields::choice(node, &intents, notes));
    let fires = fields.need("fires", "true or false", notes);
    let fires = fires.and_then(|node| fields::truth(node, notes));
    let (action, audience, intent, fires) = (action?, audience?, intent?, fires?);
    let at = node.at;
    Some(Example {
        search,
        domain,
        category,
        product,
        action,
        audience,
        intent,
        year,
        school,
        moment,
        fires,
        at,
    })
}

/// A moment by the clock of London, such as `2026-03-27T15:59:59`.
fn read_moment(node: &Node, notes: &mut Mistakes) -> Option<i64> {
    let at = node.shown().parse::<DateTime>().ok().and_then(|at| london().to_timestamp(at).ok());
    if at.is_none() {
        let expected = "day and time of London, like 2026-03-27T15:59:59";
        notes.add(node.at, node.shown(), "is not a moment", expected, "correct it");
    }
    at.map(jiff::Timestamp::as_microsecond)
}
