//! The rule kind `domain`: hosts on a list, each entry with everything below it.

use super::{Kind, Match};
use crate::fields::{self, Fields};
use crate::mistake::Mistakes;
use crate::policy::Policy;
use crate::yaml::Node;
use jiff::civil::Date;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// Domains under one name, and where they come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainList {
    /// The name that rules use.
    pub name: String,
    /// Who made it.
    pub source: String,
    /// The terms under which it may be used.
    pub licence: String,
    /// The day it was taken.
    pub date: Date,
    /// Domains in lower case; each stands for itself and everything below it.
    pub domains: Vec<String>,
}

pub(crate) fn read_list(node: &Node, taken: &[&str], notes: &mut Mistakes) -> Option<DomainList> {
    let fields = Fields::read(node, "a list", &["name", "source", "licence", "date", "domains"], notes)?;
    let name = fields.need("name", "a name", notes);
    let name = name.and_then(|node| fields::new_name(node, "list", taken, notes));
    let source = fields.need_text("source", notes);
    let licence = fields.need_text("licence", notes);
    let date = fields.need("date", "the day it was taken", notes);
    let date = date.and_then(|node| fields::date(node, notes));
    let mut domains = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(list) = fields.need("domains", "a list of domains", notes) {
        for node in fields::list(list, "a list of domains", notes) {
            let Some(domain) = read_domain(node, notes) else { continue };
            if !seen.insert(domain) {
                notes.add(
                    node.at,
                    domain,
                    "stands twice in the list",
                    "each domain once",
                    "remove one of them",
                );
            }
            domains.push(domain.to_owned());
        }
    }
    // A list with a mistake has its name all the same, so that rules with that name are not blamed.
    Some(DomainList {
        name: name?,
        source: source.unwrap_or_default(),
        licence: licence.unwrap_or_default(),
        date: date.unwrap_or_default(),
        domains,
    })
}

pub(crate) fn read_domain<'n>(node: &'n Node, notes: &mut Mistakes) -> Option<&'n str> {
    let domain = fields::text(node, "a domain", notes)?;
    let is_label = |label: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        !label.is_empty() && label.bytes().all(plain)
    };
    if is_address(domain) {
        let advice = "write the domains of the sites that are meant: one address serves many";
        notes.add(node.at, domain, "is an address or a range of them", "a domain like example.com", advice);
        return None;
    }
    if is_public_suffix(domain) {
        let advice = "write the domains below it that are meant";
        let problem = "is a public suffix, under which everybody registers";
        notes.add(node.at, domain, problem, "a registered domain like example.co.uk", advice);
        return None;
    }
    if domain.contains('.') && domain.split('.').all(is_label) {
        return Some(domain);
    }
    let expected = "a domain like example.com in small letters, an international one as xn--…";
    let advice = "leave out scheme, `*.`, path and port: everything below the domain is meant too";
    notes.add(node.at, domain, "is not a domain", expected, advice);
    None
}

/// Whether a host is a domain or lies below it.
pub(crate) fn lies_in(host: &str, domain: &str) -> bool {
    let before = host.strip_suffix(domain);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_address(text: &str) -> bool {
    let address = text.split_once(['/', '-']).map_or(text, |(address, _)| address);
    address.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// Whether the whole of it is a suffix of a registry, such as `uk` or `co.uk`. Hosting suffixes (`github.io`) may
/// stand on a list: they belong to one company.
fn is_public_suffix(domain: &str) -> bool {
    let suffix = psl::suffix(domain.as_bytes());
    suffix.is_some_and(|suffix| {
        suffix.as_bytes() == domain.as_bytes() && suffix.typ() == Some(psl::Type::Icann)
    })
}

/// All entries of all lists.
pub(crate) struct Domains {
    /// Entry to the rules that look at a list with it.
    entries: HashMap<String, Vec<usize>>,
}

impl Domains {
    pub(crate) fn compile(policy: &Policy) -> Self {
        let mut entries: HashMap<String, Vec<usize>> = HashMap::new();
        for list in &policy.lists {
            let uses = |rule: &super::Rule| rule.when.domain.as_deref() == Some(&list.name);
            let rules: Vec<usize> = super::indexes(&policy.rules, uses).collect();
            if rules.is_empty() {
                continue;
            }
            for domain in &list.domains {
                entries.entry(domain.clone()).or_default().extend(&rules);
            }
        }
        Self { entries }
    }

    /// The entries that a host (lower case) is or lies below, the most exact first.
    pub(crate) fn find(&self, host: &str) -> Vec<Match<'_>> {
        let mut found = Vec::new();
        let mut rest = Some(host);
        while let Some(name) = rest {
            if let Some((entry, rules)) = self.entries.get_key_value(name) {
                found.extend(rules.iter().map(|rule| Match {
                    rule: *rule,
                    kind: Kind::Domain,
                    matched: entry,
                    clear: false,
                }));
            }
            rest = name.split_once('.').map(|(_, parent)| parent);
        }
        found
    }
}
