//! `trustwatch policy coverage`: which rules the log of a feed can be held against.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{done, run, scratch};
use serde_json::{Value, json};

const PROXY: &str =
    "1795428000.120 87 10.20.1.15 TCP_MISS/200 18 GET http://example.org/ pat HIER_NONE/- text/html\n";
const RESOLVER: &str = "Nov 24 09:12:03 dnsmasq[814]: query[A] www.example.org from 10.20.1.15\n";

#[test]
fn a_resolver_sees_no_search_and_a_proxy_without_categories_no_category() {
    let here = scratch();
    let here = here.path();
    std::fs::write(here.join("access.log"), PROXY.repeat(20)).unwrap();
    std::fs::write(here.join("dns.log"), RESOLVER.repeat(20)).unwrap();
    let rule = |file: &str, id: &str| -> Value {
        let format = if file == "dns.log" { "dnsmasq_pihole" } else { "squid" };
        let said = done(here, &["policy", "coverage", "--json", "--format", format, file]);
        let told: Value = serde_json::from_str(&said).unwrap();
        assert_eq!((&told["format"], &told["events"]), (&json!(format), &json!(20)), "{told}");
        told["rules"].as_array().unwrap().iter().find(|told| told["rule"] == id).unwrap().clone()
    };
    let expected = json!({"rule": "suicide-search", "assessable": "whole", "by": ["search"], "gaps": []});
    assert_eq!(rule("access.log", "suicide-search"), expected);
    let blind = json!({"rule": "suicide-search", "assessable": "no", "by": [], "gaps": ["no_pages"]});
    assert_eq!(rule("dns.log", "suicide-search"), blind);
    assert_eq!(rule("access.log", "suicide-category")["gaps"], json!(["no_categories"]));

    let said = done(here, &["policy", "coverage", "--format", "dnsmasq_pihole", "dns.log"]);
    assert!(said.contains("the feed names sites only, so that no search can be seen"), "{said}");
    let both = done(here, &["policy", "coverage", "dns.log", "access.log"]);
    let (_, none) = both.split_once("by none of these feeds: ").unwrap();
    assert!(none.contains("suicide-category") && !none.contains("suicide-search"), "{both}");
}

#[test]
fn a_file_that_nobody_can_read_covers_nothing_and_a_missing_one_is_named() {
    let here = scratch();
    std::fs::write(here.path().join("noise.log"), "no log\n").unwrap();
    let said = done(here.path(), &["policy", "coverage", "noise.log"]);
    assert!(said.contains("noise.log (not recognised, 0 events"), "{said}");
    assert!(said.contains("nothing in the sample could be read"), "{said}");
    let said = run(here.path(), &["policy", "coverage", "none.log"]);
    assert!(said.code == 1 && said.err.contains("cannot read `none.log`"), "{said:?}");
}
