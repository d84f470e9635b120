//! Filters and monitors that people export from a portal: tables with a header row.
//!
//! What such a product is, is a map from the names of its columns to fields, and nothing else: [`maps`] has one for each.
//! No layout is fixed, because portals let people choose, drag and rename columns; so every map goes on with
//! [`COMMON`], the names that mean the same in any of them, and a feed's settings add the school's own. A header that
//! names no time or no page is refused with all rows below it, and [`advice`] says which map is nearest.
//!
//! **Time.** A date and a time of day in two columns, or both in one that is called `Date` or `Time`: local to the feed's
//! zone, as people read it in the portal. A number of days, as spreadsheets write dates, is no time (`bad_time`), and
//! neither is a date alone.

pub(super) mod advice;
pub(super) mod maps;

use super::table::{Dialect, PLAIN, Table};
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadingError, Sniff};
use crate::read::csv::Cells;
use crate::read::header::{Required, SEPARATORS, satisfies};
use crate::read::wrap::Message;
use crate::row::{Columns, Field, Names, Row};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::Reading;

/// A format that is a map of column names.
pub(super) struct Portal(Table);

/// What every export has to name.
const REQUIRED: Required = &[TIMES, PAGES];

const TIMES: &[Field] = &[Field::Time, Field::Date, Field::TimeOfDay];
const PAGES: &[Field] = &[Field::Url, Field::Host];

/// What the portals have in common.
const PORTAL: Table = Table {
    reason: "a table with the columns of this portal",
    dialects: &[Dialect::Header(REQUIRED)],
    shared_names: COMMON,
    nothing: &["N/A", "n/a", "None", "none", "null", "(none)", "(null)"],
    refine: |row, _, arena| {
        refine(row, arena);
        Ok(())
    },
    takes_fields: true,
    ..PLAIN
};

/// Names of columns that mean the same whoever writes them. Names that can mean two things stand in the map of the
/// product alone: `Domain` is a site's or a directory's, `Hostname` a server's or a client's, `Status` an outcome or a
/// number.
const COMMON: &[(&str, Field)] = &[
    ("Timestamp", Field::Time),
    ("Date Time", Field::Time),
    ("Date/Time", Field::Time),
    ("Date and Time", Field::Time),
    ("Date & Time", Field::Time),
    ("Time Stamp", Field::Time),
    ("Event Time", Field::Time),
    ("Request Time", Field::Time),
    ("Access Time", Field::Time),
    ("Local Time", Field::Time),
    ("Date", Field::Date),
    ("Time", Field::TimeOfDay),
    ("Time Zone", Field::Offset),
    ("UTC Offset", Field::Offset),
    ("Username", Field::User),
    ("User", Field::User),
    ("Login", Field::User),
    ("Login Name", Field::User),
    ("User Email", Field::User),
    ("Email Address", Field::User),
    ("Email", Field::User),
    ("User Principal Name", Field::User),
    ("Group", Field::Group),
    ("Groups", Field::Group),
    ("User Group", Field::Group),
    ("User Groups", Field::Group),
    ("OU", Field::Group),
    ("User OU", Field::Group),
    ("Org Unit", Field::Group),
    ("Organisational Unit", Field::Group),
    ("Organizational Unit", Field::Group),
    ("Source IP", Field::SourceIp),
    ("Source IP Address", Field::SourceIp),
    ("Client IP", Field::SourceIp),
    ("Client IP Address", Field::SourceIp),
    ("Internal IP", Field::SourceIp),
    ("Local IP", Field::SourceIp),
    ("User IP", Field::SourceIp),
    ("IP Address", Field::SourceIp),
    ("IP", Field::SourceIp),
    ("Destination IP", Field::DestinationIp),
    ("Server IP", Field::DestinationIp),
    ("Device Name", Field::Device),
    ("Device", Field::Device),
    ("Computer Name", Field::Device),
    ("Computer", Field::Device),
    ("Machine", Field::Device),
    ("Workstation", Field::Device),
    ("MAC Address", Field::Device),
    ("URL", Field::Url),
    ("Full URL", Field::Url),
    ("Request URL", Field::Url),
    ("Requested URL", Field::Url),
    ("Web Address", Field::Url),
    ("Website", Field::Url),
    ("Destination Host", Field::Host),
    ("Destination Domain", Field::Host),
    ("Search Term", Field::SearchTerms),
    ("Search Terms", Field::SearchTerms),
    ("Search Phrase", Field::SearchTerms),
    ("Search Query", Field::SearchTerms),
    ("Method", Field::Method),
    ("HTTP Method", Field::Method),
    ("HTTP Status", Field::Status),
    ("Status Code", Field::Status),
    ("Response Code", Field::Status),
    ("Action", Field::Action),
    ("Verdict", Field::Action),
    ("Outcome", Field::Action),
    ("Policy", Field::Rule),
    ("Policy Name", Field::Rule),
    ("Rule", Field::Rule),
    ("Rule Name", Field::Rule),
    ("Category", Field::Category),
    ("Categories", Field::Category),
    ("Category Name", Field::Category),
    ("Category Names", Field::Category),
    ("URL Category", Field::Category),
    ("Web Category", Field::Category),
    ("Bytes Down", Field::BytesIn),
    ("Bytes In", Field::BytesIn),
    ("Bytes Received", Field::BytesIn),
    ("Bytes Up", Field::BytesOut),
    ("Bytes Out", Field::BytesOut),
    ("Bytes Sent", Field::BytesOut),
    ("Content Type", Field::ContentType),
    ("MIME Type", Field::ContentType),
    ("File Name", Field::FileName),
    ("User Agent", Field::UserAgent),
    ("Referrer", Field::Referrer),
    ("Referer", Field::Referrer),
];

/// Fewest columns that a portal must know by its own map for a table to be taken for its export, and their least share
/// of all columns in percent.
const OWN_MIN: usize = 4;
const SHARE_MIN: usize = 60;

/// Most that recognition claims: other portals write much the same columns.
const CONFIDENCE_MAX: usize = 90;

impl Portal {
    /// How many columns of a header the portal's own map has, and of how many; `None` when it is no header.
    fn own_columns(&self, (own, all): (&Names, &Names), line: &str, arena: &Bump) -> Option<(usize, usize)> {
        SEPARATORS.into_iter().find_map(|separator| {
            let columns = Columns::named(all, Cells::new(line, separator, arena));
            let known = Cells::new(line, separator, arena).filter(|name| own.find_loosely(name).is_some());
            satisfies(&columns, required(&self.0)).then(|| (known.count(), columns.len()))
        })
    }
}

/// What a header of this table has to name.
fn required(table: &Table) -> Required {
    let mut headers = table.dialects.iter().filter_map(|dialect| match dialect {
        Dialect::Header(required) => Some(*required),
        _ => None,
    });
    headers.next().unwrap_or_default()
}

impl Format for Portal {
    fn id(&self) -> &'static str {
        self.0.id
    }

    fn title(&self) -> &'static str {
        self.0.title
    }

    /// Looks for the header among the first lines; its confidence is the share of the columns that the portal's own map
    /// has.
    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        let arena = Bump::new();
        let (own, all) = (Names::new(self.0.names, &[]), self.0.all_names(&Reading::default()));
        let mut lines = head.iter().filter_map(|line| text::line(line, &arena));
        let (known, all) = lines.find_map(|line| self.own_columns((&own, &all), line, &arena))?;
        let share = (known * 100).checked_div(all)?;
        let confidence = u8::try_from(share.min(CONFIDENCE_MAX)).ok()?;
        let claims = known >= OWN_MIN && share >= SHARE_MIN;
        claims.then_some(Sniff { format: self.0.id, confidence, reason: self.0.reason })
    }

    fn check(&self, reading: &Reading) -> Result<(), ReadingError> {
        self.0.check(reading)
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        self.0.parser(context)
    }
}

/// What the rows of all portals need.
fn refine<'a>(row: &mut Row<'a>, arena: &'a Bump) {
    // A date or a time of day that stands alone is the whole stamp, or no time at all.
    if row.given(Field::Time).is_none() {
        match (row.given(Field::Date), row.given(Field::TimeOfDay)) {
            (Some(whole), None) | (None, Some(whole)) => row.set(Field::Time, whole),
            _ => {}
        }
    }
    // Several categories in one cell, which an event has parted by commas.
    let categories = row.get(Field::Category);
    if categories.contains([';', '|']) {
        row.set(Field::Category, arena.alloc_str(&categories.replace([';', '|'], ",")));
    }
}

/// As [`refine`], for Smoothwall: its log level ranks a request (kb.smoothwall.com, "What are the different Log
/// Levels"). 1 and 2 are parts of a page, 3 is what a user did, 4 was blocked, 5 is a safeguarding breach, which says
/// nothing of the outcome.
fn refine_smoothwall<'a>(row: &mut Row<'a>, _: Message<'a>, arena: &'a Bump) -> Result<(), NoEvent> {
    refine(row, arena);
    let level = row.get(Field::Detail).bytes().find(u8::is_ascii_digit);
    let is_stated = row.given(Field::Action).is_some();
    match level {
        Some(b'1' | b'2') => row.mark_unasked(),
        Some(b'3') if !is_stated => row.set(Field::Outcome, "allowed"),
        Some(b'4') if !is_stated => row.set(Field::Outcome, "blocked"),
        Some(b'5') => {
            let rule = match row.given(Field::Rule) {
                Some(rule) => arena.alloc_str(&[BREACH, ", ", rule].concat()),
                None => BREACH,
            };
            row.set(Field::Rule, rule);
        }
        _ => {}
    }
    Ok(())
}

const BREACH: &str = "safeguarding breach (log level 5)";

/// As [`refine`], for Senso: what a child typed counts wherever it was typed. A row that holds neither that nor a page is
/// refused, so that it stays in sight.
fn refine_senso<'a>(row: &mut Row<'a>, _: Message<'a>, arena: &'a Bump) -> Result<(), NoEvent> {
    refine(row, arena);
    let names_a_page = PAGES.iter().filter_map(|field| row.given(*field)).any(|text| {
        let parts = crate::url_parts::split(text, arena);
        parts.host.is_some() || parts.path.is_some()
    });
    let typed = row.given(Field::SearchTerms).is_some();
    if typed {
        row.mark_typed();
    }
    if names_a_page || typed { Ok(()) } else { Err(trustwatch_model::RejectReason::Malformed.into()) }
}

#[cfg(test)]
mod tests;
