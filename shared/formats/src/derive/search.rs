//! Search terms out of a URL.

use super::site::{Rule, Term};
use crate::{scan, text};
use bumpalo::Bump;
use encoding_rs::Encoding;

/// What was searched for, decoded; `None` when the address holds no term, or a blank one.
pub(super) fn terms<'a>(
    rule: &Rule,
    path: Option<&'a str>,
    query: Option<&'a str>,
    arena: &'a Bump,
) -> Option<&'a str> {
    let coded = match &rule.term {
        Term::Query(names) => names.iter().find_map(|name| parameter(query?, name)),
        Term::Path => rule.path.fit(path?),
        Term::None => None,
    }?;
    // Old links to Google and Baidu say in `ie` how they are coded.
    let said = || Encoding::for_label(parameter(query?, "ie")?.as_bytes());
    let decoded = text::percent_decode_as(coded, said, rule.charset, arena).trim();
    (!decoded.is_empty()).then_some(decoded)
}

/// The first value of this name that is not empty.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = query;
    loop {
        let end = scan::find(rest.as_bytes(), b'&');
        let pair = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        if let Some(value) = pair.strip_prefix(name).and_then(|tail| tail.strip_prefix('='))
            && !value.is_empty()
        {
            return Some(value);
        }
        rest = rest.get(end? + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use crate::derive::tests::search_of as read;
    use trustwatch_model::Intent;

    #[test]
    fn a_search_is_read_from_the_engines_that_schools_meet() {
        let check = |url: &str, want: &str| {
            assert_eq!(read(url), (Some(want.to_owned()), Intent::Search), "{url}");
        };
        check("https://www.google.co.uk/search?source=hp&q=roman+roads&oq=rom", "roman roads");
        check("https://www.google.de/search?q=stra%C3%9Fe", "straße");
        check("https://www.google.com/search?q=caf%E9", "café");
        check("https://images.google.com/images?q=owl", "owl");
        check("https://www.google.com/maps/search/chip+shop/@51.5,-0.1", "chip shop");
        check("https://www.google.com/search?q=%EF%E3%E8&ie=windows-1251", "пги");
        check("https://www.baidu.com/s?ie=gb2312&wd=%C3%A8", "猫");
        check("https://www.baidu.com/s?wd=%D6%D0%CE%C4", "中文");
        check("https://www.baidu.com/s?wd=%E7%8C%AB", "猫");
        check("https://giphy.com/search/barn-owls", "barn-owls");
        check("https://tenor.com/search/owl-gifs", "owl");
        check("https://www.argos.co.uk/search/desk+lamp/", "desk lamp");
        check("https://chatgpt.com/?q=explain+fractions", "explain fractions");
        check("https://discord.com/api/v9/guilds/1/messages/search?content=homework", "homework");
        check("https://www.bing.com/search?q=volcano&FORM=QBLH", "volcano");
        check("https://www.bing.com/images/search?q=owl", "owl");
        check("https://duckduckgo.com/?q=tudors&ia=web", "tudors");
        check("https://www.ecosia.org/search?method=index&q=frogs", "frogs");
        check("https://uk.search.yahoo.com/search?p=weather", "weather");
        check("https://www.youtube.com/results?search_query=fractions%20ks2", "fractions ks2");
        check("https://search.brave.com/search?q=castles", "castles");
        check("https://www.startpage.com/sp/search?query=bees", "bees");
        check("https://yandex.ru/search/?text=oak", "oak");
        check("https://www.baidu.com/s?wd=oak", "oak");
        check("https://www.bbc.co.uk/search?q=rivers", "rivers");
        check("https://en.wikipedia.org/w/index.php?search=Henry+VIII", "Henry VIII");
        check("https://www.amazon.co.uk/s?k=pencil+case", "pencil case");
        check("https://www.ebay.co.uk/sch/i.html?_nkw=bike", "bike");
        check("https://www.pinterest.co.uk/search/pins/?q=cake", "cake");
        check("https://www.reddit.com/search/?q=maths", "maths");
        check("https://www.tiktok.com/search?q=dance", "dance");
        check("https://open.spotify.com/search/the%20planets", "the planets");
    }

    #[test]
    fn suggestions_and_beacons_are_not_searches() {
        for url in [
            "https://www.google.com/complete/search?client=chrome&q=rom",
            "https://www.google.co.uk/gen_204?q=roman",
            "https://www.google.com/s?q=roman",
            "https://suggestqueries.google.com/complete/search?q=rom",
            "https://www.bing.com/AS/Suggestions?qry=vol",
            "https://duckduckgo.com/ac/?q=tud",
            "https://en.wikipedia.org/w/api.php?action=opensearch&search=Hen",
        ] {
            assert_eq!(read(url), (None, Intent::Background), "{url}");
        }
    }

    #[test]
    fn a_page_of_an_engine_without_terms_is_a_page() {
        for url in [
            "https://www.google.com/",
            "https://www.google.com/search?q=",
            "https://www.google.com/search?q=+%20",
            "https://www.google.com/search",
            "https://www.google.com/searching?q=x",
            "https://www.google.com/url?q=https://example.org/",
            "https://mail.google.com/mail/u/0/?q=x",
            "https://example.org/search?q=x",
        ] {
            assert_eq!(read(url), (None, Intent::Page), "{url}");
        }
    }
}
