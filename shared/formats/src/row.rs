//! The values of one line under our names, whatever the product calls them.
//!
//! A format is, as a rule, a table from the product's names to [`Field`]s, a reader that hands out pairs or cells, and
//! a table of outcome words. [`Names`] looks pairs up, [`Columns`] remembers what a header said, [`Row`] collects, and
//! [`event`] makes the event.

mod event;
mod names;
mod outcome;

pub(crate) use event::{Rules, event};
pub(crate) use names::{Columns, FIELDS_MAX, Names, Place};
pub(crate) use outcome::outcome;

use crate::text;

/// Declares the fields and the words by which settings name them.
macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $variant:ident => $word:literal,)+) => {
        /// What a value of a line is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Field {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Field {
            /// All fields, in the order of their declaration.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that stands for it in a feed's settings.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

fields! {
    /// Date and time of day in one, in any notation of [`crate::stamp`].
    Time => "time",
    /// A date that stands apart from its time of day.
    Date => "date",
    /// A time of day that stands apart from its date.
    TimeOfDay => "time_of_day",
    /// Offset from UTC or name of the zone.
    Offset => "offset",
    /// Login.
    User => "user_name",
    /// Directory group.
    Group => "user_group",
    /// Client address.
    SourceIp => "source_ip",
    /// Server address.
    DestinationIp => "destination_ip",
    /// Name of the client machine.
    Device => "device_name",
    /// A whole URL, a host with a path, or a path alone.
    Url => "url",
    /// Scheme, or a service that stands for one.
    Scheme => "url_scheme",
    /// Host, with or without a port.
    Host => "url_domain",
    /// Port of the server.
    Port => "url_port",
    /// Path, with or without a query.
    Path => "url_path",
    /// Query.
    Query => "url_query",
    /// What was searched for.
    SearchTerms => "search_terms",
    /// Request method.
    Method => "http_method",
    /// Status of the response.
    Status => "http_status",
    /// Outcome in the product's word.
    Action => "filter_action",
    /// Outcome in a word that counts before the product's, where several values say it together: for the format itself.
    Outcome => "outcome",
    /// Rule, policy or profile.
    Rule => "filter_rule",
    /// Category words.
    Category => "filter_category",
    /// Bytes towards the client.
    BytesIn => "bytes_in",
    /// Bytes from the client.
    BytesOut => "bytes_out",
    /// Media type of the response.
    ContentType => "content_type",
    /// Name of a file that was fetched or sent.
    FileName => "file_name",
    /// User agent.
    UserAgent => "user_agent",
    /// Referring page.
    Referrer => "referrer",
    /// What sort of record it is: for the format itself.
    Kind => "kind",
    /// A second word on the outcome or the sort of record: for the format itself.
    Detail => "detail",
}

impl Field {
    const COUNT: usize = Self::ALL.len();

    /// The field that a word of the settings stands for.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.word() == word)
    }
}

/// The values of one line. Of several names for one field the one that stands first in the format's table counts; of
/// one name that occurs twice the first value: what a browser can write stands behind what the device knows.
#[derive(Debug, Clone)]
pub(crate) struct Row<'a> {
    values: [&'a str; Field::COUNT],
    ranks: [u8; Field::COUNT],
    known: u32,
    unasked: bool,
    typed: bool,
}

impl Default for Row<'_> {
    fn default() -> Self {
        Self {
            values: [""; Field::COUNT],
            ranks: [u8::MAX; Field::COUNT],
            known: 0,
            unasked: false,
            typed: false,
        }
    }
}

impl<'a> Row<'a> {
    /// The value, or an empty text.
    #[inline]
    pub(crate) fn get(&self, field: Field) -> &'a str {
        self.values.get(field as usize).copied().unwrap_or_default()
    }

    /// The value, when there is one.
    #[inline]
    pub(crate) fn given(&self, field: Field) -> Option<&'a str> {
        text::present(self.get(field))
    }

    /// Puts a value in place of whatever the line said.
    pub(crate) fn set(&mut self, field: Field, value: &'a str) {
        self.known += 1;
        if let Some(place) = self.values.get_mut(field as usize) {
            *place = value;
        }
    }

    /// Takes a value of the line, unless a better one is there.
    #[inline]
    pub(crate) fn put(&mut self, place: Place, value: &'a str) {
        self.known += 1;
        let index = place.field as usize;
        if let (Some(rank), Some(slot)) = (self.ranks.get_mut(index), self.values.get_mut(index))
            && place.rank < *rank
            && let Some(value) = text::present(value)
        {
            *rank = place.rank;
            *slot = value;
        }
    }

    /// Takes down that nobody asked for this by the product's own word: a part of a page.
    pub(crate) const fn mark_unasked(&mut self) {
        self.unasked = true;
    }

    /// Takes down that the row is there because of its search terms: they count before those in its URL.
    pub(crate) const fn mark_typed(&mut self) {
        self.typed = true;
    }

    /// How many values were taken.
    pub(crate) const fn known(&self) -> u32 {
        self.known
    }
}
