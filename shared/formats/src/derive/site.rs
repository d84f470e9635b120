//! What is known of a host: whether it works behind pages, and where it takes searches.

mod background;
mod engines;
mod path;

use crate::{scan, text};
use engines::Host;
pub(super) use engines::{Rule, Term};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// What is known of a host and a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// Nothing.
    Elsewhere,
    /// Pages and machines fetch it, not people.
    Background,
    /// Searches are taken here.
    Engine(&'static Rule),
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

type ByHost<V> = HashMap<&'static str, V, BuildHasherDefault<HostHasher>>;

/// What stands for a host and everything below it.
enum Entry {
    Background,
    Engine(Vec<Rule>),
}

/// The lists, and how many labels the longest entry of each has.
struct Sites {
    by_host: ByHost<Entry>,
    labels_max: usize,
    /// Engines with a domain in every country, by what stands in front of the public suffix.
    by_stem: ByHost<Vec<Rule>>,
    stem_labels_max: usize,
    by_first_label: Vec<(&'static str, Vec<Rule>)>,
}

static SITES: LazyLock<Sites> = LazyLock::new(|| {
    let mut by_host: ByHost<_> = background::HOSTS.iter().map(|host| (*host, Entry::Background)).collect();
    let (mut by_stem, mut by_first_label) = (ByHost::default(), Vec::new());
    for (host, rules) in engines::rules() {
        match host {
            Host::Exact(host) => drop(by_host.insert(host, Entry::Engine(rules))),
            Host::AnySuffix(stem) => drop(by_stem.insert(stem, rules)),
            Host::FirstLabel(label) => by_first_label.push((label, rules)),
        }
    }
    let labels = |host: &str| host.split('.').count();
    let labels_max = by_host.keys().map(|host| labels(host)).max().unwrap_or_default();
    let stem_labels_max = by_stem.keys().map(|host| labels(host)).max().unwrap_or_default();
    Sites { by_host, labels_max, by_stem, stem_labels_max, by_first_label }
});

/// The last labels of a host, as many as this. Each look-up hashes the whole rest of a host, so a host of very many
/// labels is not to be looked up label by label.
fn last_labels(host: &str, count: usize) -> &str {
    let dots = host.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'.');
    let cut = dots.map(|(at, _)| at + 1).nth(count.saturating_sub(1));
    cut.and_then(|at| host.get(at..)).unwrap_or(host)
}

/// What the most exact entry says that knows the path. `registered` is the registered domain of the host, by which engines
/// with a domain in every country are known.
pub(super) fn find(host: &str, registered: Option<&str>, path: &str) -> Place {
    let sites = &*SITES;
    let mut rest = last_labels(host, sites.labels_max);
    // Every entry has a dot, so the last label alone needs no look-up.
    while let Some(dot) = scan::find(rest.as_bytes(), b'.') {
        match sites.by_host.get(rest) {
            Some(Entry::Background) => return Place::Background,
            Some(Entry::Engine(rules)) => {
                if let Some(place) = place(rules, path) {
                    return place;
                }
            }
            None => {}
        }
        rest = rest.get(dot + 1..).unwrap_or_default();
    }
    in_every_country(sites, host, registered, path).unwrap_or(Place::Elsewhere)
}

fn in_every_country(
    sites: &'static Sites,
    host: &str,
    registered: Option<&str>,
    path: &str,
) -> Option<Place> {
    let registered = registered?;
    let (label, suffix) = text::cut(registered, b'.')?;
    if sites.by_stem.contains_key(label) {
        let stem = host.get(..host.len().checked_sub(suffix.len() + 1)?)?;
        let mut rest = last_labels(stem, sites.stem_labels_max);
        loop {
            if let Some(place) = sites.by_stem.get(rest).and_then(|rules| place(rules, path)) {
                return Some(place);
            }
            let Some((_, below)) = text::cut(rest, b'.') else { break };
            rest = below;
        }
    }
    let (first, _) = text::cut(host, b'.')?;
    let (_, rules) = sites.by_first_label.iter().find(|(label, _)| *label == first)?;
    place(rules, path)
}

fn place(rules: &'static [Rule], path: &str) -> Option<Place> {
    let rule = rules.iter().find(|rule| rule.path.fit(path).is_some())?;
    Some(if matches!(rule.term, Term::None) { Place::Background } else { Place::Engine(rule) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(host: &str, path: &str) -> &'static str {
        match find(host, psl::domain_str(host), path) {
            Place::Elsewhere => "elsewhere",
            Place::Background => "background",
            Place::Engine(_) => "engine",
        }
    }

    #[test]
    fn the_most_exact_entry_that_knows_the_path_decides() {
        let check = |host: &str, path: &str, want: &str| assert_eq!(show(host, path), want, "{host}{path}");
        check("clients1.google.com", "/search", "background");
        check("www.google.com", "/search", "engine");
        check("www.google.com", "/s", "background");
        check("www.google.com", "/searching", "elsewhere");
        check("www.google.com.au", "/search", "engine");
        check("images.google.co.uk", "/any", "engine");
        check("a.images.google.co.uk", "/any", "engine");
        check("mail.google.com", "/any", "elsewhere");
        check("play.google.com", "/store/search", "engine");
        check("play.google.com", "/log", "background");
        check("music.youtube.com", "/search", "engine");
        check("music.youtube.com", "/results", "engine");
        check("music.youtube.com", "/ptracking", "background");
        check("cdn.doubleclick.net", "/", "background");
        check("notdoubleclick.net", "/", "elsewhere");
        check("www.example.org", "/search", "elsewhere");
        check("searx.example.org", "/search", "engine");
        check("a.searx.example.org", "/search", "elsewhere");
        check("a.b.c.d.e.f.g.clients1.google.com", "/", "background");
        check("google.com.evil.example", "/search", "elsewhere");
        check("notgoogle.com", "/search", "elsewhere");
    }

    #[test]
    fn the_longest_entries_are_found_below_any_number_of_labels() {
        let longest = SITES.by_host.keys().filter(|host| host.split('.').count() == SITES.labels_max);
        for host in longest {
            for labels in [0, 1, 40] {
                let below = format!("{}{host}", "x.".repeat(labels));
                let known = [last_labels(&below, SITES.labels_max)]
                    .iter()
                    .any(|host| SITES.by_host.contains_key(host));
                assert!(known, "{below}");
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
    fn no_host_is_listed_twice_or_in_a_form_that_never_matches() {
        let engines: std::collections::HashSet<_> = engines::rows().map(|row| row.host).collect();
        let all = SITES.by_host.len() + SITES.by_stem.len() + SITES.by_first_label.len();
        assert_eq!(all, background::HOSTS.len() + engines.len());
        for host in SITES.by_host.keys() {
            assert_eq!(*host, host.to_ascii_lowercase());
            assert!(host.contains('.') && !host.starts_with('.') && !host.ends_with('.'), "{host}");
        }
    }
}
