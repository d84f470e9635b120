//! What is known of a host: whether it works behind pages, and where it takes searches.

mod background;
mod engines;

use crate::{scan, text};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A host and everything below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site {
    /// Everything from here is fetched by pages and machines, not by people.
    pub background: bool,
    /// Tried in order; the first whose path fits decides.
    pub rules: &'static [Rule],
}

/// One part of a site.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Whole segments from the start of the path, in any case; empty fits every path.
    pub path: &'static str,
    /// What stands there.
    pub term: Term,
}

/// Where a search term stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Term {
    /// In the first of these parameters that is there and not empty.
    Query(&'static [&'static str]),
    /// In the segment behind the rule's path.
    Path,
    /// Nowhere: suggestions, beacons and thumbnails, which a page asks for by itself.
    None,
}

impl Site {
    /// The rule for a path.
    pub(super) fn rule(&self, path: &str) -> Option<&'static Rule> {
        self.rules.iter().find(|rule| {
            path.split_at_checked(rule.path.len()).is_some_and(|(head, rest)| {
                let whole = rule.path.is_empty() || rest.is_empty() || rest.starts_with('/');
                whole && head.eq_ignore_ascii_case(rule.path)
            })
        })
    }
}

/// Hashes a host name eight bytes at a time. Only our own list is stored, so there is nothing to attack.
#[derive(Default)]
struct HostHasher(u64);

impl Hasher for HostHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        for word in words.iter().chain([&last]) {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

/// The list, and how many labels its longest entry has.
struct Sites {
    by_host: HashMap<&'static str, Site, BuildHasherDefault<HostHasher>>,
    labels_max: usize,
}

static SITES: LazyLock<Sites> = LazyLock::new(|| {
    let background = background::HOSTS.iter().map(|host| (*host, Site { background: true, rules: &[] }));
    let engines = engines::HOSTS.iter().map(|(host, rules)| (*host, Site { background: false, rules }));
    let by_host: HashMap<_, _, _> = background.chain(engines).collect();
    let labels_max = by_host.keys().map(|host| host.split('.').count()).max().unwrap_or_default();
    Sites { by_host, labels_max }
});

/// The last labels of a host, as many as this. Each look-up hashes the whole rest of a host, so a host of very many
/// labels is not to be looked up label by label.
fn last_labels(host: &str, count: usize) -> &str {
    let dots = host.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.');
    let cut = dots.map(|(at, _)| at + 1).nth(count.saturating_sub(1));
    cut.and_then(|at| host.get(at..)).unwrap_or(host)
}

/// The most exact entry for a host. `registered` is its registered domain, by which engines with a domain in every
/// country are known.
pub(super) fn find(host: &str, registered: Option<&str>) -> Option<Site> {
    let sites = &*SITES;
    let mut rest = last_labels(host, sites.labels_max);
    // Every entry has a dot, so the last label alone needs no look-up.
    while let Some(dot) = scan::find(rest.as_bytes(), b'.') {
        if let Some(site) = sites.by_host.get(rest) {
            return Some(*site);
        }
        rest = rest.get(dot + 1..)?;
    }
    let (label, _) = text::cut(registered?, b'.')?;
    engines::in_every_country(label).map(|rules| Site { background: false, rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_entry_decides() {
        let check = |host: &str, registered: &str, want: Option<bool>| {
            assert_eq!(find(host, Some(registered)).map(|site| site.background), want, "{host}");
        };
        check("clients1.google.com", "google.com", Some(true));
        check("www.google.com", "google.com", Some(false));
        check("www.google.com.au", "google.com.au", Some(false));
        check("cdn.doubleclick.net", "doubleclick.net", Some(true));
        check("notdoubleclick.net", "notdoubleclick.net", None);
        check("www.example.org", "example.org", None);
        check("a.b.c.d.e.f.g.clients1.google.com", "google.com", Some(true));
    }

    #[test]
    fn the_longest_entries_are_found_below_any_number_of_labels() {
        let longest = SITES.by_host.keys().filter(|host| host.split('.').count() == SITES.labels_max);
        for host in longest {
            for labels in [0, 1, 40] {
                let below = format!("{}{host}", "x.".repeat(labels));
                assert!(find(&below, None).is_some(), "{below}");
            }
        }
    }

    #[test]
    fn no_more_labels_are_looked_up_than_an_entry_can_have() {
        let check = |host: &str, count, want: &str| assert_eq!(last_labels(host, count), want, "{host}");
        check("a.b.c.d", 2, "c.d");
        check("a.b.c.d", 4, "a.b.c.d");
        check("a.b.c.d", 5, "a.b.c.d");
        check("d", 1, "d");
        check(&"a.".repeat(500_000), 3, "a.a.");
    }

    #[test]
    fn a_rule_fits_whole_segments_only() {
        let site = find("www.google.com", Some("google.com")).unwrap();
        assert!(matches!(site.rule("/s").map(|rule| rule.term), Some(Term::None)));
        assert!(matches!(site.rule("/search").map(|rule| rule.term), Some(Term::Query(_))));
        assert!(site.rule("/searching").is_none());
    }

    #[test]
    fn no_host_is_listed_twice_or_in_a_form_that_never_matches() {
        assert_eq!(SITES.by_host.len(), background::HOSTS.len() + engines::HOSTS.len());
        for host in SITES.by_host.keys() {
            assert_eq!(*host, host.to_ascii_lowercase());
            assert!(host.contains('.') && !host.starts_with('.') && !host.ends_with('.'), "{host}");
        }
    }
}
