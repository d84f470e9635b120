//! Exemptions: what a school may look at for a while, who asked for it and who agreed. An exempted event is still
//! found and counted, as a mark in trends that names the exemption; it alerts nobody.

use crate::fields::{self, Fields};
use crate::judge::Sighting;
use crate::london;
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::rule::{Kind, Match, Rule, domain, lint, years};
use crate::yaml::Node;
use jiff::ToSpan as _;
use jiff::civil::Date;
use trustwatch_model::{RuleId, SchoolId};

/// Longest exemption, in days: what is meant for good is a change of the rule.
const DAYS_MAX: i32 = 366;

/// Something that is allowed for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// Id, such as `egypt-project`.
    pub id: String,
    /// Who asked for it, by their post.
    pub requester: String,
    /// Who agreed, by their post; never the requester.
    pub approver: String,
    /// What for.
    pub reason: String,
    /// Number of the request in another system.
    pub ticket: Option<String>,
    /// What it covers.
    pub scope: Scope,
    /// First day, by the clock of London.
    pub from: Date,
    /// Last day, by the clock of London.
    pub until: Date,
}

/// What an exemption covers: everything that is named here at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Schools; all if empty.
    pub schools: Vec<SchoolId>,
    /// Year groups of pupils; everybody if empty.
    pub years: Vec<String>,
    /// Rules; if empty, all that can be exempted from.
    pub rules: Vec<RuleId>,
    /// Domains, each with all below it. They cover visits, and no searches there.
    pub domains: Vec<String>,
    /// Phrases of lexicons, as they are written there.
    pub phrases: Vec<String>,
}

const FIELDS: &[&str] = &["id", "requester", "approver", "reason", "ticket", "scope", "from", "until"];
const SCOPE: &[&str] = &["schools", "years", "rules", "domains", "phrases"];

/// Reads an exemption against what the file has defined; `known` has all its rules.
pub(crate) fn read_exemption(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<Exemption> {
    let fields = Fields::read(node, "an exemption", FIELDS, notes)?;
    let id = fields.need("id", "an id like egypt-project", notes);
    let taken: Vec<&str> = known.exemptions.iter().map(|exemption| exemption.id.as_str()).collect();
    let id = id.and_then(|node| fields::new_name(node, "exemption", &taken, notes));
    let requester = fields.need_text("requester", notes);
    let approver = fields.need_text("approver", notes);
    if let (Some(node), true) = (fields.get("approver"), approver.is_some() && approver == requester) {
        let advice = "let somebody else agree to it";
        notes.add(
            node.at,
            node.shown(),
            "asks for it and agrees to it",
            "another person than the requester",
            advice,
        );
    }
    let reason = fields.need_text("reason", notes);
    let ticket = fields.get("ticket").and_then(|node| fields::text(node, "a ticket number", notes));
    let ticket = ticket.map(str::to_owned);
    let scope = fields.need("scope", "what it covers", notes).and_then(|node| read_scope(node, known, notes));
    let from = fields.need("from", "its first day", notes).and_then(|node| fields::date(node, notes));
    let until_node = fields.need("until", "its last day", notes);
    let until = until_node.and_then(|node| fields::date(node, notes));
    if let (Some(node), Some(from), Some(until)) = (until_node, from, until) {
        let days = from.until(until).map_or(i32::MAX, |span| span.get_days());
        if days < 0 {
            notes.add(
                node.at,
                node.shown(),
                "is before its first day",
                "`from` or later",
                "correct one of them",
            );
        } else if days > DAYS_MAX {
            let advice = "shorten it, or change the rule if it is meant for good";
            notes.add(node.at, node.shown(), "lets it go on for too long", "at most 366 days", advice);
        }
    }
    Some(Exemption {
        id: id?,
        requester: requester?,
        approver: approver?,
        reason: reason?,
        ticket,
        scope: scope?,
        from: from?,
        until: until?,
    })
}

fn read_scope(node: &Node, known: &Policy, notes: &mut Mistakes) -> Option<Scope> {
    let fields = Fields::read(node, "a scope", SCOPE, notes)?;
    let named = |name: &&str| fields.get(name).is_some_and(|node| !node.is_empty_list());
    if !["rules", "domains", "phrases"].iter().any(named) {
        let expected = "at least one of rules, domains, phrases";
        notes.add(node.at, node.shown(), "covers everything", expected, "say what it covers");
    }
    let mut scope = Scope::default();
    for node in ["schools", "years"].iter().filter_map(|name| fields.get(name)) {
        fields::limit(node, "names nothing", "at least one", notes);
    }
    for node in fields.items("schools", "a list of schools", notes) {
        let school = SchoolId::new(node.shown()).ok();
        if school.is_none() {
            let expected = "the id of a school, like oak-primary";
            notes.add(node.at, node.shown(), "is not the id of a school", expected, "correct it");
        }
        scope.schools.extend(school);
    }
    for node in fields.items("years", "a list of years", notes) {
        scope.years.extend(fields::text(node, "a year group", notes).map(years::fold));
    }
    for node in fields.items("rules", "a list of rules", notes) {
        let ids = known.rules.iter().map(|rule| rule.id.as_str());
        let Some(id) = fields::reference(node, "rule", ids, notes) else { continue };
        let Some(rule) = known.rules.iter().find(|rule| rule.id.as_str() == id) else { continue };
        if lint::never_exempt(rule) {
            let problem = format!("guards against {}, from which nobody is exempted", rule.category);
            notes.add(node.at, node.shown(), problem, "another rule", "remove it");
        }
        scope.rules.push(rule.id.clone());
    }
    for node in fields.items("domains", "a list of domains", notes) {
        scope.domains.extend(domain::read_domain(node, notes).map(str::to_owned));
    }
    for node in fields.items("phrases", "a list of phrases", notes) {
        let phrases = known.lexicons.iter().flat_map(|lexicon| &lexicon.phrases);
        let texts = phrases.map(|phrase| phrase.text.as_str());
        scope.phrases.extend(fields::reference(node, "phrase", texts, notes));
    }
    Some(scope)
}

/// An exemption with its days as moments.
pub(crate) struct Compiled {
    exemption: Exemption,
    /// Microseconds since 1970 UTC: the first moment, and the first after it.
    from: i64,
    end: i64,
}

impl Compiled {
    pub(crate) fn compile(policy: &Policy) -> Vec<Self> {
        let zone = london::london();
        let compile = |exemption: &Exemption| Self {
            from: london::begin(exemption.from, &zone),
            end: london::begin(exemption.until.saturating_add(1.day()), &zone),
            exemption: exemption.clone(),
        };
        policy.exemptions.iter().map(compile).collect()
    }

    /// Whether it covers what a rule found in an event. What is not known of the event is not covered.
    pub(crate) fn covers(&self, rule: &Rule, event: &Sighting<'_>, found: &Match<'_>) -> bool {
        let scope = &self.exemption.scope;
        let named = |host: &str| scope.domains.iter().any(|domain| domain::lies_in(host, domain));
        // That a site may be visited says nothing of what is searched for there.
        let covered = match found.kind {
            Kind::Search => scope.phrases.iter().any(|phrase| phrase == found.matched),
            Kind::Domain | Kind::Category => event.host.is_some_and(named),
        };
        let nothing_named = scope.domains.is_empty() && scope.phrases.is_empty();
        !lint::never_exempt(rule)
            && event.at.is_some_and(|at| (self.from..self.end).contains(&at))
            && (scope.schools.is_empty() || scope.schools.iter().any(|it| Some(it.as_str()) == event.school))
            && (scope.years.is_empty() || event.year().is_some_and(|year| years::holds(&scope.years, year)))
            && (scope.rules.is_empty() || scope.rules.contains(&rule.id))
            && (nothing_named || covered)
    }

    /// What the reader of a finding is told.
    pub(crate) fn factor(&self) -> String {
        let Exemption { id, until, reason, .. } = &self.exemption;
        format!("exempt until {until}: {reason} ({id})")
    }
}
