//! The layouts that are written, and one line of any of them.

use super::clock::Moment;
use super::dice::Dice;
use super::people::Person;
use super::request::Request;
use super::{fortigate, squid, umbrella};

/// What a line tells of.
pub(super) struct Line<'a> {
    pub(super) moment: Moment<'a>,
    pub(super) request: &'a Request,
    pub(super) person: &'a Person,
    /// Second byte of the school's private addresses.
    pub(super) network: u8,
    pub(super) dice: &'a mut Dice,
}

/// How a file's lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Squid,
    Fortigate(fortigate::Address),
    UmbrellaProxy(umbrella::Columns),
    UmbrellaDns,
}

impl Shape {
    /// The row that names the columns, where the layout can have one.
    pub(super) const fn header(self) -> Option<&'static str> {
        match self {
            Self::Squid | Self::Fortigate(_) => None,
            Self::UmbrellaProxy(_) => Some(umbrella::PROXY_HEADER),
            Self::UmbrellaDns => Some(umbrella::DNS_HEADER),
        }
    }

    /// Appends a line of web use, without its newline. Returns how many bytes of it make a line that was
    /// clearly cut off.
    pub(super) fn put(self, out: &mut Vec<u8>, line: &mut Line<'_>) -> usize {
        match self {
            Self::Squid => squid::put_line(out, line),
            Self::Fortigate(address) => fortigate::put_line(out, line, address),
            Self::UmbrellaProxy(columns) => umbrella::put_line(out, line, columns),
            Self::UmbrellaDns => umbrella::put_query(out, line),
        }
    }
}

/// A layout of one vendor's log, as the benchmark names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// Squid's native `access.log`.
    Squid,
    /// FortiGate web filter, key=value.
    Fortinet,
    /// Cisco Umbrella proxy logs, CSV.
    #[value(name = "cisco_umbrella")]
    CiscoUmbrella,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Self; 3] = [Self::Squid, Self::Fortinet, Self::CiscoUmbrella];

    /// The id of the format that reads it.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::Squid => "squid",
            Self::Fortinet => "fortinet",
            Self::CiscoUmbrella => "cisco_umbrella",
        }
    }
}
