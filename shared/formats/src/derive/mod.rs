//! What every format derives from the columns that it read: registered domain, search terms, precision,
//! attribution and intent. One rule for all formats, so that a school can change its filter and keep its policy.

mod attribution;
mod intent;
mod search;
mod site;

use crate::url_parts::HOST_BYTES_MAX;
use bumpalo::Bump;
use site::Place;
use trustwatch_model::{Event, Intent, Precision, RejectReason};

/// What a format knows about a line beyond its columns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hints {
    /// The host is an address and not a name.
    pub host_is_address: bool,
    /// The path says nothing: a tunnel, or a session that was not decrypted.
    pub path_is_blind: bool,
    /// The filter itself says that this is a part of a page.
    pub unasked: bool,
    /// The line is there because of the search terms that it states.
    pub typed: bool,
}

/// Fills in the derived columns. The URL's parts, user, device, method, status, content type and file name must
/// have been set, and search terms where the line states them: those in the URL come first, unless the line is there
/// because of them.
///
/// # Errors
/// [`RejectReason::Malformed`] when the host is longer than any name can be: nobody was there, and the line is kept
/// for a person to see who sends such things.
pub(crate) fn finish<'a>(event: &mut Event<'a>, hints: Hints, arena: &'a Bump) -> Result<(), RejectReason> {
    if event.url_domain.is_some_and(|host| host.len() > HOST_BYTES_MAX) {
        return Err(RejectReason::Malformed);
    }
    event.registered_domain = match event.url_domain {
        Some(host) if !hints.host_is_address => psl::domain_str(host),
        _ => None,
    };
    let path = event.url_path.unwrap_or("/");
    let place =
        event.url_domain.map_or(Place::Elsewhere, |host| site::find(host, event.registered_domain, path));
    let in_url = match place {
        Place::Engine(rule) => search::terms(rule, event.url_path, event.url_query, arena),
        Place::Elsewhere | Place::Background => None,
    };
    let stated = event.search_terms;
    event.search_terms = if hints.typed { stated.or(in_url) } else { in_url.or(stated) };
    event.precision = precision(event, hints);
    event.attribution = attribution::of(event);
    event.intent = if hints.unasked { Intent::Background } else { intent::of(event, place) };
    Ok(())
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
    use crate::url_parts;

    /// Search terms and intent of a request for this URL.
    pub(super) fn search_of(url: &str) -> (Option<String>, Intent) {
        let arena = Bump::new();
        let parts = url_parts::split(url, &arena);
        let mut event = Event::at(0);
        parts.fill(&mut event);
        let hints = Hints { host_is_address: parts.is_address(), ..Hints::default() };
        finish(&mut event, hints, &arena).unwrap();
        (event.search_terms.map(str::to_owned), event.intent)
    }

    #[test]
    fn only_a_name_has_a_registered_domain() {
        let arena = Bump::new();
        let check = |host: &str, host_is_address: bool, want: Option<&str>| {
            let mut event = Event { url_domain: Some(host), ..Event::at(0) };
            finish(&mut event, Hints { host_is_address, ..Hints::default() }, &arena).unwrap();
            assert_eq!(event.registered_domain, want, "{host}");
        };
        check("www.example.org", false, Some("example.org"));
        check("192.0.2.1", true, None);
    }

    #[test]
    fn a_host_longer_than_any_name_is_refused_in_every_spelling() {
        let check = |host: &str, want: Result<(), RejectReason>| {
            let arena = Bump::new();
            let url = format!("http://{host}/x");
            let mut event = Event::at(0);
            url_parts::split(&url, &arena).fill(&mut event);
            assert_eq!(finish(&mut event, Hints::default(), &arena), want, "{} bytes", host.len());
        };
        let longest = format!("{}example", "a.".repeat(123));
        assert_eq!(longest.len(), HOST_BYTES_MAX);
        check(&longest, Ok(()));
        // A dot at the end stands for the root and is no part of the name.
        check(&format!("{longest}."), Ok(()));
        check(&format!("{longest}s"), Err(RejectReason::Malformed));
        check(&longest.replace('a', "%61"), Ok(()));
        check(&"%61.".repeat(200), Err(RejectReason::Malformed));
        check(&"ü.".repeat(100_000), Err(RejectReason::Malformed));
    }
}
