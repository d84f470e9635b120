//! Censornet, sold by BT as Unified Security Service: log streaming of web hits to S3 (help.clouduss.com, "Log Streaming
//! overview" and "record format"). One JSON object a line, or a list with an object on each of its lines.
//!
//! **Time.** `utc_timestamp` is UTC. `tz_offset` says where the client was, by an unclear sign, and is not needed.
//! **URL.** Host, path and query stand in three members. **Search.** `keywords` is the list of the words that were
//! searched for; a URL that holds the search tells it in its own order.

use super::table::{Dialect, PLAIN, Table};
use crate::parser::NoEvent;
use crate::row::{Field, Row};
use bumpalo::Bump;
use trustwatch_model::RejectReason;

/// The format `censornet`.
pub(super) static CENSORNET: Table = Table {
    id: "censornet",
    title: "Censornet, BT Unified Security Service",
    reason: "JSON lines with the members of Censornet's web hits",
    dialects: &[Dialect::Json("")],
    names: &[
        ("visit_id", Field::Kind),
        ("utc_timestamp", Field::Time),
        ("samaccountname", Field::User),
        ("ip_address", Field::SourceIp),
        ("dst_ip_address", Field::DestinationIp),
        ("hostname", Field::Device),
        ("mac_address", Field::Device),
        ("http_method", Field::Method),
        ("url_scheme", Field::Scheme),
        ("url_domain", Field::Host),
        ("url_path", Field::Path),
        ("url_query", Field::Query),
        ("final_action", Field::Action),
        ("filter_rule_name", Field::Rule),
        ("web_category_names", Field::Category),
        ("url_category_names", Field::Detail),
        ("keyword_category_names", Field::Outcome),
        ("keywords", Field::SearchTerms),
    ],
    nothing: &["false", "null", "None", "N/A"],
    refine: |row, _, arena| refine(row, arena),
    takes_fields: true,
    ..PLAIN
};

fn refine<'a>(row: &mut Row<'a>, arena: &'a Bump) -> Result<(), NoEvent> {
    // Either name is nobody else's.
    if row.given(Field::Kind).is_none() && row.given(Field::Time).is_none() {
        return Err(RejectReason::Malformed.into());
    }
    row.set(Field::Offset, "UTC");
    if let Some(words) = row.given(Field::SearchTerms) {
        row.set(Field::SearchTerms, arena.alloc_str(&words.replace(',', " ")));
    }
    let categories = [Field::Category, Field::Detail, Field::Outcome].map(|field| row.given(field));
    let categories: Vec<&str> = categories.into_iter().flatten().collect();
    row.set(Field::Category, arena.alloc_str(&categories.join(",")));
    row.set(Field::Outcome, "");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Line, ParseContext, find};
    use bumpalo::Bump;
    use trustwatch_model::{Event, Reading, Skip, Window};

    fn read(line: &str, check: impl FnOnce(Line<'_>)) {
        let mut parser = find("censornet").unwrap().parser(&ParseContext {
            zone: jiff::tz::TimeZone::get("Europe/London").unwrap(),
            window: Window { not_before: 0, not_after: i64::MAX },
            key: "",
            arrived_at: 0,
            reading: &Reading::default(),
        });
        check(parser.parse(line.as_bytes(), &Bump::new()));
    }

    fn event(members: &str, check: impl FnOnce(Event<'_>)) {
        let line = format!(
            r#"{{"visit_id":"1","utc_timestamp":"2026-06-15 09:12:03.250000","url_domain":"www.example.org",{members}}}"#
        );
        read(&line, |line| match line {
            Line::Event(event) => check(event),
            other => panic!("{other:?}"),
        });
    }

    #[test]
    fn the_time_is_utc_whatever_the_offset_says() {
        let want = "2026-06-15T09:12:03.25Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
        for offset in ["-60", "60", "0", "null"] {
            event(&format!(r#""tz_offset":{offset}"#), |event| assert_eq!(event.event_at, want, "{offset}"));
        }
    }

    #[test]
    fn three_parts_make_a_url_and_a_list_of_words_a_search() {
        let members = r#""url_scheme":"https","url_path":"/find","url_query":"a=b","keywords":["barn","owls"],
            "hostname":false,"mac_address":"00:00:5e:00:53:01","web_category_names":["Search"],"keyword_category_names":["Animals"]"#;
        event(members, |event| {
            assert_eq!((event.url_path, event.url_query), (Some("/find"), Some("a=b")));
            assert_eq!(event.search_terms, Some("barn owls"));
            assert_eq!(event.filter_category, Some("Search,Animals"));
            assert_eq!(event.device_name, Some("00:00:5e:00:53:01"));
        });
    }

    #[test]
    fn the_brackets_of_a_list_over_several_lines_are_no_records() {
        for line in ["[", "]", "[]"] {
            read(line, |read| assert_eq!(read, Line::Skip(Skip::Comment), "{line}"));
        }
    }
}
