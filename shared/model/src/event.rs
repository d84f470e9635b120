//! One web event, as normalised from one log line.

use serde::{Deserialize, Serialize};

/// What the filter did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The request went through.
    Allowed,
    /// The filter refused it.
    Blocked,
    /// The filter showed a warning; the user could continue.
    Warned,
    /// Not decided: the user was asked to authenticate first.
    Challenged,
}

/// How exactly a feed can say what was visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// A path, and a query where there was one.
    Url,
    /// A host name only: DNS logs, tunnels that were not decrypted.
    Domain,
    /// A bare network address.
    Address,
}

/// Whom a line can be laid to. Only `User` may ever be shown as a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// A login of one person.
    User,
    /// A login that several people use.
    SharedLogin,
    /// A device without a login.
    Device,
    /// A network address only.
    Address,
}

/// Whether a person meant the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// A page or a request that cannot be told from one.
    Page,
    /// A search that was sent off.
    Search,
    /// A file that was fetched.
    Download,
    /// Something that the page, the browser or the machine asked for by itself.
    Background,
}

/// Words of a closed set, as they stand in columns, items and answers.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// All values, in the order of their words in documents.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands in the column.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value that a word of the column stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use words;

words!(Action { Allowed => "allowed", Blocked => "blocked", Warned => "warned", Challenged => "challenged" });
words!(Precision { Url => "url", Domain => "domain", Address => "address" });
words!(Attribution { User => "user", SharedLogin => "shared_login", Device => "device", Address => "address" });
words!(Intent { Page => "page", Search => "search", Download => "download", Background => "background" });

/// One event, borrowed from its line (and from scratch memory where a value had to be decoded).
///
/// Absent is `None`: never an empty string, never a placeholder such as `-`. The columns `school`, `feed` and
/// `source_id` belong to the object and are added when the event is written; `category`, `audience` and
/// `year_group` depend on versioned data and are judged later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'a> {
    /// When it happened: microseconds since 1970-01-01 UTC.
    pub event_at: i64,
    /// Login as the filter knows it, without a `DOMAIN\` prefix.
    pub user_name: Option<&'a str>,
    /// Directory group, in the filter's words.
    pub user_group: Option<&'a str>,
    /// Client address.
    pub source_ip: Option<&'a str>,
    /// Server address.
    pub destination_ip: Option<&'a str>,
    /// Name of the client machine.
    pub device_name: Option<&'a str>,
    /// Request method in upper case.
    pub http_method: Option<&'a str>,
    /// `http`, `https`, …
    pub url_scheme: Option<&'a str>,
    /// Host in lower case, without port and without a dot at the end.
    pub url_domain: Option<&'a str>,
    /// Port where the line says one.
    pub url_port: Option<u16>,
    /// Domain below the public suffix (`bbc.co.uk`).
    pub registered_domain: Option<&'a str>,
    /// Path as logged, still percent-encoded.
    pub url_path: Option<&'a str>,
    /// Query as logged, without `?`.
    pub url_query: Option<&'a str>,
    /// What was searched for, decoded.
    pub search_terms: Option<&'a str>,
    /// Status of the response.
    pub http_status: Option<u16>,
    /// Outcome in one of four words.
    pub action: Option<Action>,
    /// Outcome in the filter's own words.
    pub filter_action: Option<&'a str>,
    /// The filter's rule or profile.
    pub filter_rule: Option<&'a str>,
    /// The filter's category words, separated by commas where there are several.
    pub filter_category: Option<&'a str>,
    /// Bytes towards the client.
    pub bytes_in: Option<i64>,
    /// Bytes from the client.
    pub bytes_out: Option<i64>,
    /// Media type of the response.
    pub content_type: Option<&'a str>,
    /// Name of a file that was fetched or sent.
    pub file_name: Option<&'a str>,
    /// User agent.
    pub user_agent: Option<&'a str>,
    /// Referring page.
    pub referrer: Option<&'a str>,
    /// How exactly the line says what was visited.
    pub precision: Precision,
    /// Whom the line can be laid to.
    pub attribution: Attribution,
    /// Whether a person meant it.
    pub intent: Intent,
    /// Line number in the uncompressed object, from 1.
    pub line: u64,
}

impl Event<'_> {
    /// An event of which nothing is known but its time.
    #[must_use]
    pub const fn at(event_at: i64) -> Self {
        Self {
            event_at,
            user_name: None,
            user_group: None,
            source_ip: None,
            destination_ip: None,
            device_name: None,
            http_method: None,
            url_scheme: None,
            url_domain: None,
            url_port: None,
            registered_domain: None,
            url_path: None,
            url_query: None,
            search_terms: None,
            http_status: None,
            action: None,
            filter_action: None,
            filter_rule: None,
            filter_category: None,
            bytes_in: None,
            bytes_out: None,
            content_type: None,
            file_name: None,
            user_agent: None,
            referrer: None,
            precision: Precision::Address,
            attribution: Attribution::Address,
            intent: Intent::Page,
            line: 0,
        }
    }
}
