//! The formats, and how one is chosen for an object.

mod adguard_home;
mod barracuda;
mod bind;
mod by_line;
mod censornet;
mod cisco_meraki;
mod cisco_umbrella;
mod cisco_wsa;
mod cloudflare;
mod dnsmasq_pihole;
mod e2guardian;
mod forcepoint;
mod fortinet;
mod generic;
mod netskope;
mod nextdns;
mod panw;
mod portal;
mod sonicwall;
mod sophos;
mod squid;
mod symantec_proxysg;
mod table;
mod unbound;
mod w3c_iis;
mod watchguard;
mod zscaler;

pub use portal::advice::{HeaderSearch, Missing, NearestMap, UnknownHeader};

use crate::parser::{Format, ReadingError, Sniff};
use crate::row::{FIELDS_MAX, Field};
use trustwatch_model::Reading;

/// Every format. A new one is a file beside this and a line here.
static FORMATS: &[&dyn Format] = &[
    &adguard_home::ADGUARD_HOME,
    &barracuda::BARRACUDA,
    &bind::BIND,
    &censornet::CENSORNET,
    &cisco_meraki::CISCO_MERAKI,
    &cisco_umbrella::CiscoUmbrella,
    &cisco_wsa::CISCO_WSA,
    &cloudflare::CLOUDFLARE,
    &dnsmasq_pihole::DNSMASQ_PIHOLE,
    &e2guardian::E2guardian,
    &forcepoint::FORCEPOINT,
    &fortinet::Fortinet,
    &portal::maps::LGFL,
    &portal::maps::LIGHTSPEED,
    &portal::maps::LINEWIZE,
    &netskope::NETSKOPE,
    &portal::maps::NETSWEEPER,
    &nextdns::NEXTDNS,
    &panw::PANW,
    &portal::maps::SECURLY,
    &portal::maps::SENSO,
    &portal::maps::SMOOTHWALL,
    &sonicwall::SONICWALL,
    &sophos::SOPHOS,
    &squid::Squid,
    &symantec_proxysg::SYMANTEC_PROXYSG,
    &unbound::UNBOUND,
    &w3c_iis::W3cIis,
    &watchguard::WATCHGUARD,
    &zscaler::ZSCALER,
    &generic::CEF,
    &generic::LEEF,
    &generic::NDJSON,
];

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

/// Whether the format can read lines the way a feed's settings say.
///
/// # Errors
/// [`ReadingError`] says what to change.
pub fn check(format: &dyn Format, reading: &Reading) -> Result<(), ReadingError> {
    for (name, word) in &reading.fields {
        if Field::parse(word).is_none() {
            return Err(ReadingError::UnknownField { name: name.clone(), word: word.clone() });
        }
    }
    if reading.fields.len() > FIELDS_MAX {
        return Err(ReadingError::TooManyFields { count: reading.fields.len(), max: FIELDS_MAX });
    }
    format.check(reading)
}

/// The formats that claim an object, by its key and its first lines: the most sure one first, and among equals the one
/// that stands first in the list.
#[must_use]
pub fn candidates(key: &str, head: &[&[u8]]) -> Vec<Sniff> {
    let mut sniffs: Vec<Sniff> = FORMATS.iter().filter_map(|format| format.sniff(key, head)).collect();
    sniffs.sort_by_key(|sniff| std::cmp::Reverse(sniff.confidence));
    sniffs
}

/// The first of the [`candidates`].
#[must_use]
pub fn recognise(key: &str, head: &[&[u8]]) -> Option<Sniff> {
    candidates(key, head).first().copied()
}
