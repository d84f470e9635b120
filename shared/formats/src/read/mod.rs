//! Readers that several formats share: wrappers, words, key=value pairs, CEF, LEEF, JSON, tables with a header, W3C.

pub(crate) mod cef;
pub(crate) mod csv;
pub(crate) mod elff;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod leef;
pub(crate) mod pairs;
pub(crate) mod words;
pub(crate) mod wrap;
