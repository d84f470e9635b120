//! Readers that several formats share: words, syslog headers, key=value pairs, CEF, CSV.

pub(crate) mod cef;
pub(crate) mod csv;
pub(crate) mod header;
pub(crate) mod pairs;
pub(crate) mod syslog;
pub(crate) mod words;
