//! Cisco Umbrella's exported logs: gzip CSV, one kind of record a folder.
//!
//! Columns are counted from the left (<https://docs.umbrella.com/deployment-umbrella/docs/log-formats-and-versioning>);
//! newer schema versions append more, older ones have fewer, and both are read. Times are UTC. The kind of record
//! stands in the object key only (`…/dnslogs/…`); without it each row is judged by what its columns hold, and a row
//! that cannot be told is malformed rather than guessed. A key that names a kind does not excuse a row of another.
//!
//! DNS, proxy and DLP records are web events. Firewall records become one when they name exactly one host; address,
//! intrusion and audit records never do.

mod identity;

use crate::derive::{self, Hints};
use crate::parser::{Format, LineParser, NoEvent, ParseContext, ReadLine, Sniff};
use crate::read::csv;
use crate::read::wrap::Message;
use crate::time::{self, Civil};
use crate::{text, url_parts};
use bumpalo::Bump;
use identity::Identities;
use trustwatch_model::{Action, Event, RejectReason, Skip, Window};

/// The format `cisco_umbrella`.
pub(super) struct CiscoUmbrella;

/// Schema version 13 has 46 columns in proxy records; those beyond are not used.
type Record<'a> = csv::Record<'a, 40>;

impl Format for CiscoUmbrella {
    fn id(&self) -> &'static str {
        "cisco_umbrella"
    }

    fn title(&self) -> &'static str {
        "Cisco Umbrella"
    }

    fn sniff(&self, _key: &str, head: &[&[u8]]) -> Option<Sniff> {
        Sniff::share(self.id(), "CSV rows with the columns of an Umbrella record", head, |text| {
            let arena = Bump::new();
            let row = Record::read(text, b',', &arena);
            Kind::of_row(&row, stamp(&row).is_some()).is_some() || is_header(&row)
        })
    }

    fn parser(&self, context: &ParseContext<'_>) -> Box<dyn LineParser> {
        Box::new(UmbrellaParser { kind: Kind::of_key(context.key), window: context.window })
    }
}

/// The kinds of record, as the folders are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dns,
    Proxy,
    Dlp,
    Firewall,
    Ip,
    Intrusion,
    Audit,
}

const FOLDERS: [(&str, Kind); 7] = [
    ("dnslogs", Kind::Dns),
    ("proxylogs", Kind::Proxy),
    ("dlplogs", Kind::Dlp),
    ("firewalllogs", Kind::Firewall),
    ("iplogs", Kind::Ip),
    ("intrusionlogs", Kind::Intrusion),
    ("auditlogs", Kind::Audit),
];

impl Kind {
    /// By the word that stands furthest to the right in the key: prefixes are the school's to choose.
    fn of_key(key: &str) -> Option<Self> {
        let key = key.to_ascii_lowercase();
        let found = FOLDERS.iter().filter_map(|(word, kind)| key.rfind(word).map(|at| (at, *kind)));
        found.max_by_key(|(at, _)| *at).map(|(_, kind)| kind)
    }

    /// By what the columns hold.
    fn of_row(row: &Record<'_>, dated: bool) -> Option<Self> {
        [Self::Dns, Self::Proxy, Self::Dlp, Self::Firewall, Self::Ip, Self::Audit]
            .into_iter()
            .find(|kind| kind.fits(row, dated))
    }

    /// Whether a row has the shape of this kind; `dated` is whether its first cell holds a time.
    fn fits(self, row: &Record<'_>, dated: bool) -> bool {
        let (cell, columns) = (|index| row.cell(index), row.len());
        let place = |index| cell(index).is_empty() || text::is_address(cell(index));
        match self {
            Self::Dns => {
                dated
                    && columns >= 9
                    && verdict(cell(5)).is_some()
                    && place(3)
                    && place(4)
                    && !cell(8).is_empty()
            }
            Self::Proxy => {
                dated
                    && columns >= 8
                    && verdict(cell(6)).is_some()
                    && place(2)
                    && place(3)
                    && !cell(7).is_empty()
            }
            Self::Dlp => dated && columns >= 10 && verdict(cell(9)).is_some() && cell(8).contains("://"),
            Self::Firewall => dated && columns >= 14 && place(7) && place(9) && cell(1).starts_with('['),
            Self::Ip => {
                dated
                    && columns == 7
                    && text::is_address(cell(2))
                    && text::is_address(cell(4))
                    && is_number(cell(5))
            }
            // Of its columns little is written down: whatever is dated and of no other kind.
            Self::Intrusion => dated && columns >= 8 && Self::of_row(row, dated).is_none(),
            Self::Audit => is_number(cell(0)) && Civil::parse_iso(cell(1)).is_some(),
        }
    }
}

fn stamp(row: &Record<'_>) -> Option<Civil> {
    Civil::parse_iso(row.cell(0))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An option of the export puts the names of the columns into the first row.
fn is_header(row: &Record<'_>) -> bool {
    ["timestamp", "date", "id"].iter().any(|name| name.eq_ignore_ascii_case(row.cell(0)))
}

struct UmbrellaParser {
    kind: Option<Kind>,
    window: Window,
}

impl ReadLine for UmbrellaParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let row = Record::read(message.text, b',', arena);
        if row.is_cut() {
            return Err(RejectReason::Malformed.into());
        }
        let stamp = stamp(&row);
        let kind = match self.kind {
            Some(kind) => kind.fits(&row, stamp.is_some()).then_some(kind),
            None => Kind::of_row(&row, stamp.is_some()),
        };
        let Some(kind) = kind else {
            return Err(if is_header(&row) { Skip::Header.into() } else { RejectReason::Malformed.into() });
        };
        let hints = match kind {
            Kind::Dns => dns(event, &row, arena)?,
            Kind::Proxy => proxy(event, &row, arena)?,
            Kind::Dlp => dlp(event, &row, arena)?,
            Kind::Firewall => firewall(event, &row, arena)?,
            Kind::Ip | Kind::Intrusion | Kind::Audit => return Err(Skip::NotWeb.into()),
        };
        let stamp = stamp.ok_or(RejectReason::BadTime)?;
        event.event_at = time::within(self.window, stamp.at_offset(0))?;
        derive::finish(event, hints, arena)?;
        Ok(())
    }
}

fn dns<'a>(event: &mut Event<'a>, row: &Record<'a>, arena: &'a Bump) -> Result<Hints, RejectReason> {
    let host = url_parts::lone_host(row.cell(8), arena).ok_or(RejectReason::Malformed)?;
    event.url_domain = Some(host.name);
    event.source_ip = text::address(row.cell(3)).or_else(|| text::address(row.cell(4)));
    event.filter_action = text::present(row.cell(5));
    event.action = verdict(row.cell(5));
    event.filter_category = text::present(row.cell(9));
    // Records of 13 columns and more end with the rule; in the oldest ones column 11 holds a policy name.
    event.filter_rule = text::present(row.cell(13));
    Identities { policy: row.cell(1), policy_kind: row.cell(10), all: row.cell(2), kinds: row.cell(11) }
        .fill(event);
    Ok(Hints { host_is_address: host.is_address, ..Hints::default() })
}

fn proxy<'a>(event: &mut Event<'a>, row: &Record<'a>, arena: &'a Bump) -> Result<Hints, RejectReason> {
    let hints = address(event, row.cell(7), arena)?;
    // Without the client's own address the school's public one is what there is.
    event.source_ip = text::address(row.cell(2)).or_else(|| text::address(row.cell(3)));
    event.destination_ip = text::address(row.cell(4));
    event.content_type = text::present(row.cell(5));
    event.filter_action = text::present(row.cell(6));
    event.action = match verdict(row.cell(6)) {
        Some(Action::Allowed) if text::present(row.cell(34)).is_some() => Some(Action::Warned),
        verdict => verdict,
    };
    event.referrer = text::present(row.cell(8));
    event.user_agent = text::present(row.cell(9));
    event.http_status = row.cell(10).parse().ok().filter(|status| *status != 0);
    event.bytes_out = row.cell(11).parse().ok();
    event.bytes_in = row.cell(12).parse().ok();
    event.filter_category = text::present(row.cell(15));
    event.http_method = text::method(row.cell(25), arena);
    event.file_name = text::present(row.cell(28));
    event.filter_rule = text::present(row.cell(30)).or_else(|| text::present(row.cell(29)));
    Identities { policy: row.cell(1), policy_kind: row.cell(21), all: row.cell(23), kinds: row.cell(24) }
        .fill(event);
    Ok(hints)
}

fn dlp<'a>(event: &mut Event<'a>, row: &Record<'a>, arena: &'a Bump) -> Result<Hints, RejectReason> {
    let hints = address(event, row.cell(8), arena)?;
    event.file_name = text::present(row.cell(6));
    event.filter_action = text::present(row.cell(9));
    event.action = verdict(row.cell(9));
    event.filter_rule = text::present(row.cell(10));
    event.content_type = text::present(row.cell(13));
    Ok(hints)
}

/// Several names match one rule and not one session, so only a single one can be laid to it.
fn firewall<'a>(event: &mut Event<'a>, row: &Record<'a>, arena: &'a Bump) -> Result<Hints, NoEvent> {
    let host =
        text::present(row.cell(14)).and_then(|name| url_parts::lone_host(name, arena)).ok_or(Skip::NotWeb)?;
    event.url_domain = Some(host.name);
    event.source_ip = text::address(row.cell(7));
    event.destination_ip = text::address(row.cell(9));
    event.filter_rule = text::present(row.cell(12));
    event.filter_action = text::present(row.cell(13));
    event.action = verdict(row.cell(13));
    Ok(Hints { host_is_address: host.is_address, ..Hints::default() })
}

fn address<'a>(event: &mut Event<'a>, url: &'a str, arena: &'a Bump) -> Result<Hints, RejectReason> {
    let parts = url_parts::split(url, arena);
    if parts.host.is_none() {
        return Err(RejectReason::Malformed);
    }
    parts.fill(event);
    Ok(Hints { host_is_address: parts.is_address(), ..Hints::default() })
}

/// Umbrella's words in four. `Proxied` is a name that was sent through the proxy for a closer look, and answered.
fn verdict(word: &str) -> Option<Action> {
    let is = |known: &str| known.eq_ignore_ascii_case(word);
    if is("allowed") || is("allow") || is("proxied") || is("monitored") || is("monitor") {
        Some(Action::Allowed)
    } else if is("blocked") || is("block") {
        Some(Action::Blocked)
    } else if is("warned") || is("warn") {
        Some(Action::Warned)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
