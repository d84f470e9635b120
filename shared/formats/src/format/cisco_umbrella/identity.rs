//! Who stands behind an Umbrella record.
//!
//! A record names the identity that its policy matched, and all identities with their kinds, as two lists with commas.
//! A person is written `Surname, Forename (first.last@school.uk)`: a comma inside a name inside a list. A name counts
//! as a person only when its kind says so; networks and sites never do.

use crate::text;
use trustwatch_model::Event;

/// The four columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identities<'a> {
    /// The identity that the policy matched.
    pub policy: &'a str,
    /// Its kind.
    pub policy_kind: &'a str,
    /// All identities.
    pub all: &'a str,
    /// Their kinds, in the same order.
    pub kinds: &'a str,
}

impl<'a> Identities<'a> {
    /// Sets user, device and group.
    pub(super) fn fill(&self, event: &mut Event<'a>) {
        put(event, self.policy, self.policy_kind);
        let kinds = || self.kinds.split(',').map(str::trim_ascii);
        let wanted = kinds().count();
        if text::present(self.kinds).is_none() || text::present(self.all).is_none() {
            return;
        }
        // A comma with a space behind it stands inside a name, as a rule.
        if names(self.all).count() == wanted {
            names(self.all).zip(kinds()).for_each(|(name, kind)| put(event, name, kind));
        } else if !self.all.contains('(') && self.all.split(',').count() == wanted {
            self.all.split(',').zip(kinds()).for_each(|(name, kind)| put(event, name, kind));
        }
    }
}

/// Splits at commas that no space follows.
fn names(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let text = rest?;
        let bytes = text.as_bytes();
        let end = memchr::memchr_iter(b',', bytes).find(|at| bytes.get(at + 1) != Some(&b' '));
        rest = end.and_then(|end| text.get(end + 1..));
        end.map_or(Some(text), |end| text.get(..end))
    })
}

/// The first of each sort counts; the policy's own comes first.
fn put<'a>(event: &mut Event<'a>, name: &'a str, kind: &str) {
    let Some(name) = text::present(name) else { return };
    let ends = |word: &str| {
        let start = kind.len().checked_sub(word.len());
        start.and_then(|start| kind.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    let network = ends("network devices") || ends("network device");
    if ends("users") || ends("user") {
        event.user_name = event.user_name.or_else(|| text::bare_user(account(name)));
    } else if ends("groups") || ends("group") {
        event.user_group = event.user_group.or(Some(name));
    } else if !network && DEVICES.iter().any(|word| ends(word)) {
        event.device_name = event.device_name.or(Some(name));
    }
}

const DEVICES: [&str; 8] =
    ["computers", "computer", "client", "clients", "devices", "device", "chromebooks", "chromebook"];

/// The account in brackets at the end of a name, or the whole name.
fn account(name: &str) -> &str {
    let inside = name.strip_suffix(')').and_then(|name| {
        let open = name.bytes().rposition(|byte| byte == b'(')?;
        name.get(..open)?.ends_with(' ').then(|| name.get(open + 1..))?
    });
    let odd = |byte: u8| matches!(byte, b' ' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b',' | b':' | b';');
    let plain = |account: &&str| !account.is_empty() && !account.bytes().any(odd);
    inside.filter(plain).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_devices_and_places_are_told_apart_by_their_kinds() {
        let check = |policy, policy_kind, all, kinds, want: (Option<&str>, Option<&str>, Option<&str>)| {
            let mut event = Event::at(0);
            Identities { policy, policy_kind, all, kinds }.fill(&mut event);
            assert_eq!((event.user_name, event.device_name, event.user_group), want, "{all}");
        };
        let pat = "Oak, Pat (pat.oak@example.sch.uk)";
        let list = "Oak, Pat (pat.oak@example.sch.uk),PC-12";
        check(
            pat,
            "AD Users",
            list,
            "AD Users,Anyconnect Roaming Client",
            (Some("pat.oak@example.sch.uk"), Some("PC-12"), None),
        );
        check(
            "PC-12",
            "Roaming Computers",
            "PC-12,Pat (pat@x.uk)",
            "Roaming Computers,AD Users",
            (Some("pat@x.uk"), Some("PC-12"), None),
        );
        check(
            "pat",
            "Policy 1",
            "pat,PC-12",
            "AD Users, Roaming Computers",
            (Some("pat"), Some("PC-12"), None),
        );
        check("Site A", "Sites", "Site A,Net", "Sites,Networks", (None, None, None));
        check("Switch", "Network Devices", "Switch", "Network Devices", (None, None, None));
        check("pat", "", "pat,PC-12", "", (None, None, None));
        check("A", "", "A, B,C", "Roaming Computer, Site, Network", (None, Some("A"), None));
        check("Year 7", "AD Groups", "Year 7", "AD Groups", (None, None, Some("Year 7")));
    }

    #[test]
    fn lists_that_do_not_match_their_kinds_name_no_one() {
        let mut event = Event::at(0);
        let all = "Oak, Pat (pat@x.uk)";
        Identities { policy: "", policy_kind: "", all, kinds: "AD Users,Computers" }.fill(&mut event);
        assert_eq!((event.user_name, event.device_name), (None, None));
    }

    #[test]
    fn the_account_is_what_stands_in_brackets_at_the_end() {
        let check = |name: &str, want: &str| assert_eq!(account(name), want);
        check("Oak, Pat M (Patty) (pat@x.uk)", "pat@x.uk");
        check("Pat Oak", "Pat Oak");
        check("Pat (Year 7)", "Pat (Year 7)");
        check("Pat ()", "Pat ()");
    }
}
