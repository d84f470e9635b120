//! Where the engines, shops, sites and assistants that UK schools meet take their searches: `engines.csv`, whose head
//! says what its columns are.
//!
//! The table is read once, at the first line that is derived; a test holds every row to the address that the row itself
//! describes.

use super::path::Path;
use encoding_rs::Encoding;
use std::collections::HashMap;

/// The table.
pub(super) const TABLE: &str = include_str!("engines.csv");

/// One part of a site, where searches are taken.
#[derive(Debug, Clone)]
pub(in crate::derive) struct Rule {
    /// Which paths it is for.
    pub path: Path,
    /// Where the term stands.
    pub term: Term,
    /// How a term is coded that is not UTF-8, where the query does not say it.
    pub charset: Option<&'static Encoding>,
}

/// Where a search term stands.
#[derive(Debug, Clone)]
pub(in crate::derive) enum Term {
    /// In the first of these parameters that is there and not empty.
    Query(Vec<&'static str>),
    /// In the path.
    Path,
    /// Nowhere: suggestions and beacons, which a page asks for by itself.
    None,
}

/// One row of the table, as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub host: Host,
    pub path: &'static str,
    pub terms: &'static str,
    pub charset: &'static str,
}

/// A host of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Host {
    /// `bing.com`: this host, and all below it.
    Exact(&'static str),
    /// `images.google.{tld}`: what stands in front of any public suffix.
    AnySuffix(&'static str),
    /// `searx.*`: a first label, in any domain.
    FirstLabel(&'static str),
}

/// The rows of the table. A row that lacks a column is left out, and a test sees that there is none.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let rows = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut cells = line.split(',');
        let host = cells.next()?;
        let host = match (host.strip_suffix(".{tld}"), host.strip_suffix(".*")) {
            (Some(stem), _) => Host::AnySuffix(stem),
            (_, Some(label)) => Host::FirstLabel(label),
            _ => Host::Exact(host),
        };
        Some(Row { host, path: cells.next()?, terms: cells.next()?, charset: cells.next()? })
    })
}

impl Row {
    fn rule(&self) -> Rule {
        let term = match self.terms {
            "" => Term::Path,
            "-" => Term::None,
            names => Term::Query(names.split('|').collect()),
        };
        Rule { path: Path::new(self.path), term, charset: Encoding::for_label(self.charset.as_bytes()) }
    }
}

/// The rules of each host, those of the longest paths first.
pub(super) fn rules() -> HashMap<Host, Vec<Rule>> {
    let mut rules: HashMap<Host, Vec<Rule>> = HashMap::new();
    for row in rows() {
        rules.entry(row.host).or_default().push(row.rule());
    }
    for of_host in rules.values_mut() {
        of_host.sort_by_key(|rule| std::cmp::Reverse(rule.path.segments()));
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive::tests::search_of as read;
    use trustwatch_model::Intent;

    /// Hosts that a row is for.
    fn hosts(row: &Row) -> Vec<String> {
        match row.host {
            Host::Exact(host) => vec![host.to_owned(), format!("www.{host}")],
            Host::AnySuffix(stem) => {
                ["com", "co.uk", "com.au"].map(|suffix| format!("{stem}.{suffix}")).into()
            }
            Host::FirstLabel(label) => vec![format!("{label}.example"), format!("{label}.example.org")],
        }
    }

    /// An address that the row describes, and whether it is a search.
    fn addresses(row: &Row, host: &str) -> Vec<String> {
        let path = row.path.replace('*', "en").replace("{term}", "roman+roads");
        let url = format!("https://{host}{path}");
        let names = row.terms.split('|').filter(|name| !matches!(*name, "" | "-"));
        let with: Vec<_> = names.map(|name| format!("{url}?x=1&{name}=roman+roads&y=")).collect();
        if with.is_empty() { vec![url] } else { with }
    }

    #[test]
    fn every_row_yields_the_term_of_its_own_address() {
        assert_eq!(
            rows().count(),
            TABLE.lines().filter(|line| line.contains(',') && !line.contains('#')).count()
        );
        assert!(rows().count() > 250, "the table is gone");
        for row in rows() {
            for host in hosts(&row) {
                for address in addresses(&row, &host) {
                    let want = match row.terms {
                        "-" => (None, Intent::Background),
                        _ => (Some("roman roads".to_owned()), Intent::Search),
                    };
                    assert_eq!(read(&address), want, "{address} of {row:?}");
                }
            }
        }
    }

    #[test]
    fn hosts_that_only_look_like_an_engine_are_none() {
        for row in rows() {
            for host in hosts(&row) {
                let registered = psl::domain_str(&host).unwrap_or(&host);
                let evil = match row.host {
                    // Any domain may have such a host.
                    Host::FirstLabel(_) => vec![format!("not{host}"), format!("a.{host}")],
                    // Names below a suffix are the suffix's own.
                    _ if registered.starts_with("www.") => vec![format!("{host}.evil.example")],
                    _ => vec![
                        format!("{host}.evil.example"),
                        host.replace(registered, &format!("not-{registered}")),
                    ],
                };
                for address in evil.iter().flat_map(|evil| addresses(&row, evil)) {
                    assert_eq!(read(&address).0, None, "{address}");
                }
            }
        }
    }

    #[test]
    fn every_cell_of_the_table_is_understood() {
        let mut seen = std::collections::HashSet::new();
        for row in rows() {
            assert!(seen.insert((row.host, row.path)), "{row:?} stands twice");
            let (Host::Exact(host) | Host::AnySuffix(host) | Host::FirstLabel(host)) = row.host;
            assert_eq!(host, host.to_ascii_lowercase());
            assert!(!host.contains(['{', '*', '/', ' ']), "{row:?}");
            assert!(row.path.is_empty() || row.path.starts_with('/') && !row.path.ends_with('/'), "{row:?}");
            assert!(row.path.matches('*').count() < 2, "two would take quadratic time: {row:?}");
            assert_eq!(row.path.contains("{term}"), row.terms.is_empty(), "{row:?}");
            assert!(row.charset.is_empty() || row.rule().charset.is_some(), "{row:?}");
        }
    }
}
