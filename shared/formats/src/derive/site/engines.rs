//! Where the engines, shops and sites that UK schools meet take their searches.
//!
//! Hosts and parameters are facts; those of search engines follow matomo-org/searchengine-and-social-list
//! (`SearchEngines.yml`, CC0), paths and the rest are from general knowledge.

use super::{Rule, Term};

const fn search(path: &'static str, names: &'static [&'static str]) -> Rule {
    Rule { path, term: Term::Query(names) }
}

const fn in_path(path: &'static str) -> Rule {
    Rule { path, term: Term::Path }
}

const fn background(path: &'static str) -> Rule {
    Rule { path, term: Term::None }
}

const GOOGLE: &[Rule] = &[
    background("/complete/search"),
    background("/gen_204"),
    background("/client_204"),
    background("/s"),
    background("/async"),
    background("/xjs"),
    search("/search", &["q", "as_q"]),
    search("/images", &["q"]),
    search("/imgres", &["q"]),
    search("/webhp", &["q"]),
    search("/cse", &["q", "query"]),
    search("/custom", &["q"]),
    search("/scholar", &["q"]),
    search("/books", &["q", "dq"]),
    in_path("/maps/search"),
    search("/maps", &["q"]),
    search("/trends/explore", &["q"]),
];

const YANDEX: &[Rule] =
    &[search("/search", &["text"]), search("/images", &["text"]), search("/video", &["text"])];
const AMAZON: &[Rule] =
    &[search("/s", &["k", "field-keywords"]), search("/gp/search", &["field-keywords", "k"])];
const EBAY: &[Rule] = &[search("/sch", &["_nkw"])];
const PINTEREST: &[Rule] = &[search("/search", &["q"])];
const ANY_Q: &[Rule] = &[search("", &["q"])];
const ANY_QUERY: &[Rule] = &[search("", &["query"])];
const SEARCH_Q: &[Rule] = &[search("/search", &["q"])];
const YAHOO: &[Rule] = &[background("/sugg"), search("", &["p", "q", "va"])];
const WIKI: &[Rule] = &[
    background("/w/api.php"),
    background("/w/rest.php"),
    background("/beacon"),
    search("/w/index.php", &["search"]),
    search("/wiki", &["search"]),
];

/// Engines that have a domain in every country, by the label in front of the public suffix.
pub(super) fn in_every_country(label: &str) -> Option<&'static [Rule]> {
    Some(match label {
        "google" => GOOGLE,
        "yandex" => YANDEX,
        "amazon" => AMAZON,
        "ebay" => EBAY,
        "pinterest" => PINTEREST,
        _ => return None,
    })
}

/// Hosts and everything below them.
pub(super) const HOSTS: &[(&str, &[Rule])] = &[
    (
        "bing.com",
        &[
            background("/as/suggestions"),
            background("/fd/ls"),
            background("/rp"),
            search("/search", &["q"]),
            search("/images/search", &["q"]),
            search("/videos/search", &["q"]),
            search("/news/search", &["q"]),
            search("/shop", &["q"]),
            search("/maps", &["q"]),
        ],
    ),
    ("duckduckgo.com", &[background("/ac"), background("/t"), search("", &["q"])]),
    (
        "ecosia.org",
        &[
            search("/search", &["q"]),
            search("/images", &["q"]),
            search("/videos", &["q"]),
            search("/news", &["q"]),
        ],
    ),
    ("search.yahoo.com", YAHOO),
    ("search.yahoo.co.jp", YAHOO),
    ("search.aol.com", &[search("", &["q", "query"])]),
    ("ask.com", &[search("", &["q", "ask"])]),
    ("baidu.com", &[search("/s", &["wd", "word"])]),
    ("qwant.com", ANY_Q),
    ("qwantjunior.com", ANY_Q),
    (
        "startpage.com",
        &[background("/suggestions"), search("/sp/search", &["query"]), search("/do", &["query", "q"])],
    ),
    (
        "search.brave.com",
        &[
            background("/api/suggest"),
            search("/search", &["q"]),
            search("/images", &["q"]),
            search("/videos", &["q"]),
            search("/news", &["q"]),
        ],
    ),
    ("mojeek.com", SEARCH_Q),
    ("swisscows.com", ANY_QUERY),
    ("kagi.com", SEARCH_Q),
    ("presearch.com", ANY_Q),
    ("metager.de", &[search("", &["eingabe"])]),
    ("dogpile.com", ANY_Q),
    ("webcrawler.com", ANY_Q),
    ("search.lilo.org", ANY_Q),
    ("oceanhero.today", ANY_Q),
    ("search.marginalia.nu", &[search("/search", &["query"])]),
    ("naver.com", ANY_QUERY),
    ("sogou.com", &[search("/web", &["query"])]),
    ("search.seznam.cz", ANY_Q),
    ("juniorsafesearch.com", ANY_Q),
    ("swiggle.org.uk", ANY_Q),
    ("kiddle.co", &[search("/s.php", &["q"])]),
    ("kidrex.org", ANY_Q),
    ("kidzsearch.com", ANY_Q),
    ("wackysafe.com", ANY_Q),
    ("wolframalpha.com", &[search("/input", &["i"])]),
    (
        "youtube.com",
        &[
            background("/api/stats"),
            background("/youtubei/v1/log_event"),
            background("/ptracking"),
            search("/results", &["search_query", "q"]),
        ],
    ),
    ("music.youtube.com", SEARCH_Q),
    ("youtubekids.com", SEARCH_Q),
    ("vimeo.com", SEARCH_Q),
    ("dailymotion.com", &[in_path("/search")]),
    ("twitch.tv", &[search("/search", &["term"])]),
    ("tiktok.com", &[background("/api/search/general/preview"), search("/search", &["q"])]),
    ("rumble.com", &[search("/search/video", &["q"])]),
    ("odysee.com", &[search("/$/search", &["q"])]),
    ("bitchute.com", &[search("/search", &["query"])]),
    (
        "bbc.co.uk",
        &[search("/search", &["q"]), search("/bitesize/search", &["q"]), search("/iplayer/search", &["q"])],
    ),
    ("netflix.com", SEARCH_Q),
    ("imgur.com", SEARCH_Q),
    ("giphy.com", &[in_path("/search")]),
    ("deviantart.com", SEARCH_Q),
    ("flickr.com", &[search("/search", &["text"])]),
    ("unsplash.com", &[in_path("/s/photos")]),
    ("shutterstock.com", &[in_path("/search")]),
    ("facebook.com", SEARCH_Q),
    ("instagram.com", &[search("/explore/search", &["q"])]),
    ("x.com", SEARCH_Q),
    ("twitter.com", SEARCH_Q),
    ("reddit.com", SEARCH_Q),
    ("tumblr.com", &[in_path("/search")]),
    ("snapchat.com", SEARCH_Q),
    ("quora.com", SEARCH_Q),
    ("threads.net", SEARCH_Q),
    ("bsky.app", SEARCH_Q),
    ("discord.com", &[background("/api/v9/science"), background("/api/v9/metrics")]),
    ("archiveofourown.org", &[search("/works/search", &["work_search[query]", "work_search%5Bquery%5D"])]),
    ("roblox.com", &[search("/discover", &["Keyword", "keyword"])]),
    ("scratch.mit.edu", &[search("/search", &["q"])]),
    ("open.spotify.com", &[in_path("/search")]),
    ("soundcloud.com", SEARCH_Q),
    ("genius.com", SEARCH_Q),
    ("urbandictionary.com", &[search("/define.php", &["term"])]),
    ("wikipedia.org", WIKI),
    ("wiktionary.org", WIKI),
    ("britannica.com", &[search("/search", &["query"])]),
    ("wikihow.com", &[search("/wikiHowTo", &["search"])]),
    ("nhs.uk", SEARCH_Q),
    ("gov.uk", &[search("/search", &["keywords", "q"])]),
    ("quizlet.com", &[search("/search", &["query"])]),
    ("etsy.com", SEARCH_Q),
    ("argos.co.uk", &[in_path("/search")]),
    ("aliexpress.com", &[search("/wholesale", &["SearchText"])]),
    ("temu.com", &[search("/search_result.html", &["search_key"])]),
    ("vinted.co.uk", &[search("/catalog", &["search_text"])]),
    ("gumtree.com", SEARCH_Q),
    ("openstreetmap.org", &[search("/search", &["query"])]),
    ("github.com", SEARCH_Q),
    ("stackoverflow.com", SEARCH_Q),
    ("play.google.com", &[background("/log"), search("/store/search", &["q"])]),
    ("chromewebstore.google.com", &[in_path("/search")]),
    ("store.steampowered.com", &[search("/search", &["term"])]),
];
