//! What every format derives from the columns that it read: registered domain, search terms, precision,
//! attribution and intent. One rule for all formats, so that a school can change its filter and keep its policy.

mod attribution;
mod intent;
mod search;
mod site;

use bumpalo::Bump;
use trustwatch_model::{Event, Precision};

/// What a format knows about a line beyond its columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    /// The host is an address and not a name.
    pub host_is_address: bool,
    /// The path says nothing: a tunnel, or a session that was not decrypted.
    pub path_is_blind: bool,
}

/// Fills in the derived columns. The URL's parts, user, device, method, status, content type and file name must
/// have been set.
pub(crate) fn finish<'a>(event: &mut Event<'a>, hints: Hints, arena: &'a Bump) {
    event.registered_domain = match event.url_domain {
        Some(host) if !hints.host_is_address => psl::domain_str(host),
        _ => None,
    };
    let site = event.url_domain.and_then(|host| site::find(host, event.registered_domain));
    let rule = site.and_then(|site| site.rule(event.url_path.unwrap_or("/")));
    event.search_terms = rule.and_then(|rule| search::terms(rule, event.url_path, event.url_query, arena));
    event.precision = precision(event, hints);
    event.attribution = attribution::of(event);
    event.intent = intent::of(event, site, rule);
}

/// The finest statement that the line supports.
const fn precision(event: &Event<'_>, hints: Hints) -> Precision {
    let has_path = event.url_path.is_some() || event.url_query.is_some();
    match event.url_domain {
        Some(_) if has_path && !hints.path_is_blind => Precision::Url,
        Some(_) if !hints.host_is_address => Precision::Domain,
        _ => Precision::Address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_has_a_registered_domain() {
        let arena = Bump::new();
        let check = |host: &str, host_is_address: bool, want: Option<&str>| {
            let mut event = Event { url_domain: Some(host), ..Event::at(0) };
            finish(&mut event, Hints { host_is_address, path_is_blind: false }, &arena);
            assert_eq!(event.registered_domain, want, "{host}");
        };
        check("www.example.org", false, Some("example.org"));
        check("192.0.2.1", true, None);
    }
}
