//! The walk under every listing of objects and versions.
//!
//! A listing is a walk over rows in byte order of their keys. Everything that says where it goes on (a token, a
//! marker, a common prefix that was already told) is turned into one thing: the first key that may still come.
//! A common prefix therefore costs one seek however many keys are below it.

use super::{
    error::{Result, refuse},
    index::VersionRow,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rusqlite::{Connection, params};
use s3s::{S3ErrorCode, dto::EncodingType};

/// S3 answers with at most this many entries, whatever is asked for.
pub(super) const PAGE_MAX: usize = 1000;

/// Sorts after every key: no UTF-8 text has this byte.
const AFTER_ALL: &[u8] = &[0xff];

/// Which rows a listing sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// The newest version of each key, unless it is a delete marker.
    Current,
    /// Every version and marker, newest first below each key.
    All,
}

/// What to list.
pub(super) struct Query {
    pub(super) rows: Rows,
    pub(super) prefix: String,
    /// Empty for none.
    pub(super) delimiter: String,
    /// The first key that may be listed.
    pub(super) from: Vec<u8>,
    /// With [`Rows::All`]: of this key, list only the versions older than this sequence, before the rest.
    pub(super) rest_of: Option<(String, i64)>,
    pub(super) max: usize,
}

/// One line of a listing.
#[derive(Debug)]
pub(super) enum Entry {
    Row(Box<VersionRow>),
    CommonPrefix(String),
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    pub(super) truncated: bool,
}

/// The first possible key after `key`.
pub(super) fn after_key(key: &str) -> Vec<u8> {
    let mut bytes = key.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

/// The first possible key after every key that starts with `prefix`.
pub(super) fn after_prefix(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    match bytes.last_mut() {
        // The last byte of UTF-8 text is at most 0xbf, so there is always a next one.
        Some(last) => *last += 1,
        None => bytes = AFTER_ALL.to_vec(),
    }
    bytes
}

/// Where a listing goes on after a marker that names a key or a common prefix.
pub(super) fn after_marker(marker: &str, prefix: &str, delimiter: &str) -> Vec<u8> {
    match common_prefix(marker, prefix, delimiter) {
        Some(common) if common == marker => after_prefix(marker),
        _ => after_key(marker),
    }
}

/// Where a listing goes on after this entry.
pub(super) fn after_entry(entry: &Entry) -> Vec<u8> {
    match entry {
        Entry::Row(row) => after_key(&row.key),
        Entry::CommonPrefix(prefix) => after_prefix(prefix),
    }
}

/// `key` up to and with the first delimiter after the prefix.
pub(super) fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let found = key.strip_prefix(prefix)?.find(delimiter)?;
    key.get(..prefix.len() + found + delimiter.len())
}

/// Lists one page.
pub(super) fn page(connection: &Connection, bucket: i64, query: &Query) -> Result<Page> {
    let mut page = Page::default();
    if query.max == 0 {
        return Ok(page);
    }
    let mut floor = query.prefix.as_bytes().to_vec();
    if let Some((key, sequence)) = &query.rest_of {
        let from = key.as_bytes().to_vec().max(floor.clone());
        floor =
            walk(connection, bucket, query, Span { from, end: after_key(key), below: *sequence }, &mut page)?;
    }
    if !page.truncated {
        let from = query.from.clone().max(floor);
        let span = Span { from, end: after_prefix(&query.prefix), below: i64::MAX };
        walk(connection, bucket, query, span, &mut page)?;
    }
    Ok(page)
}

/// The keys from `from` to before `end`, and of them the versions with a sequence below `below`.
struct Span {
    from: Vec<u8>,
    end: Vec<u8>,
    below: i64,
}

/// Adds the entries of a span to the page and returns the first key after them.
fn walk(connection: &Connection, bucket: i64, query: &Query, span: Span, page: &mut Page) -> Result<Vec<u8>> {
    let (index, filter) = match query.rows {
        Rows::Current => ("latest_by_key", "AND is_latest = 1 AND is_marker = 0"),
        Rows::All => ("versions_by_key", ""),
    };
    let sql = format!(
        "SELECT {} FROM versions INDEXED BY {index}
         WHERE bucket = ?1 AND key >= ?2 AND key < ?3 AND sequence < ?4 {filter}
         ORDER BY key, sequence DESC LIMIT ?5",
        VersionRow::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let Span { mut from, end, below } = span;
    while from < end {
        // One more than fits, to know whether there is more.
        let wanted = i64::try_from(query.max - page.entries.len() + 1).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![bucket, from, end, below, wanted])?;
        let mut jump = None;
        while let Some(row) = rows.next()? {
            if page.entries.len() == query.max {
                page.truncated = true;
                return Ok(from);
            }
            let row = VersionRow::read(row)?;
            if let Some(common) = common_prefix(&row.key, &query.prefix, &query.delimiter) {
                jump = Some(after_prefix(common));
                page.entries.push(Entry::CommonPrefix(common.to_owned()));
                break;
            }
            page.entries.push(Entry::Row(Box::new(row)));
        }
        drop(rows);
        match jump {
            Some(next) => from = next,
            None => break,
        }
    }
    Ok(from)
}

/// Reads `max-keys` and its like.
pub(super) fn page_size(asked: Option<i32>) -> Result<usize> {
    match asked {
        None => Ok(PAGE_MAX),
        Some(asked) => usize::try_from(asked)
            .map(|asked| asked.min(PAGE_MAX))
            .map_err(|_| refuse(S3ErrorCode::InvalidArgument, "the page size must not be negative")),
    }
}

/// How names are written in a listing. XML 1.0 has no control characters, so clients that may meet them ask for
/// URL encoding, as all the usual ones do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    url_encoded: bool,
}

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

impl Names {
    pub(super) fn new(encoding: Option<&EncodingType>) -> Result<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { url_encoded: false }),
            Some(EncodingType::URL) => Ok(Self { url_encoded: true }),
            Some(_) => Err(refuse(S3ErrorCode::InvalidArgument, "the only encoding type is `url`")),
        }
    }

    pub(super) fn write(self, name: &str) -> String {
        if self.url_encoded { utf8_percent_encode(name, ENCODED).to_string() } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_common_prefix_ends_with_the_first_delimiter_after_the_prefix() {
        let check = |key: &str, prefix: &str, delimiter: &str, expected: Option<&str>| {
            assert_eq!(common_prefix(key, prefix, delimiter), expected, "{key} {prefix} {delimiter}");
        };
        check("a/b/c", "", "/", Some("a/"));
        check("a/b/c", "a/", "/", Some("a/b/"));
        check("a/b", "a/", "/", None);
        check("a/b", "", "", None);
        check("a//b", "a/", "/", Some("a//"));
        check("a--b--c", "", "--", Some("a--"));
        check("é/é", "é", "/", Some("é/"));
    }

    #[test]
    fn what_follows_a_prefix_is_after_all_its_keys_and_before_the_next() {
        let check = |prefix: &str, inside: &str, outside: &str| {
            let after = after_prefix(prefix);
            assert!(inside.as_bytes() < after.as_slice(), "{inside} is below {prefix}");
            assert!(after.as_slice() <= outside.as_bytes(), "{outside} is after {prefix}");
        };
        check("a/", "a/\u{10ffff}", "a0");
        check("é", "éz", "ê");
    }
}
