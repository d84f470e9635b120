//! The formats, and how one is chosen for an object.

mod cisco_umbrella;
mod fortinet;
mod squid;

use crate::parser::{Format, Sniff};

/// Every format. A new one is a file beside this and a line here.
static FORMATS: &[&dyn Format] = &[&cisco_umbrella::CiscoUmbrella, &fortinet::Fortinet, &squid::Squid];

/// All formats, in a fixed order.
#[must_use]
pub fn formats() -> &'static [&'static dyn Format] {
    FORMATS
}

/// The format with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.id() == id)
}

/// The format that is most sure of an object, by its key and its first lines; the first in the list among equals.
#[must_use]
pub fn recognise(key: &str, head: &[&[u8]]) -> Option<Sniff> {
    let sniffs = FORMATS.iter().filter_map(|format| format.sniff(key, head));
    sniffs.reduce(|best, next| if next.confidence > best.confidence { next } else { best })
}
