//! Cisco Meraki MX: syslog (Meraki documentation, "Syslog Event Types and Log Samples").
//!
//! `<134>1 epoch.nanoseconds device urls src=ip:port dst=ip:port mac=… [agent='…'] request: METHOD URL`, and for blocks
//! `events content_filtering_block url='…' category0='…' server='ip:port' client_mac='…'`. A session over HTTPS is logged
//! as `UNKNOWN https://host/...` with three dots for what was not seen. The only name of a client is its MAC address.
//! Flows, alerts and wireless events of the same stream are not web.

use super::by_line::ByLine;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::wrap::Message;
use crate::row::{self, Field, Row, Rules};
use bumpalo::Bump;
use trustwatch_model::{Event, Precision, RejectReason, Skip};

/// The format `cisco_meraki`.
pub(super) static CISCO_MERAKI: ByLine<MerakiParser> = ByLine {
    id: "cisco_meraki",
    title: "Cisco Meraki MX",
    reason: "Meraki syslog with an epoch, a device and an event type",
    parser: |clock| MerakiParser { clock },
};

pub(super) struct MerakiParser {
    clock: Clock,
}

/// Event types that name no site.
const OTHERS: [&str; 9] = [
    "flows",
    "firewall",
    "ids-alerts",
    "security_event",
    "airmarshal_events",
    "vpn_firewall",
    "cellular_firewall",
    "ip_flow_start",
    "ip_flow_end",
];

/// What stands for the part of a URL that was not seen.
const UNSEEN: &str = "/...";

impl ReadLine for MerakiParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let malformed = RejectReason::Malformed;
        let text = message.text.strip_prefix("1 ").unwrap_or(message.text);
        let (time, rest) = text.split_once(' ').ok_or(malformed)?;
        let (_device, rest) = rest.split_once(' ').ok_or(malformed)?;
        let (kind, rest) = rest.split_once(' ').ok_or(malformed)?;
        if !time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(malformed.into());
        }
        let mut row = Row::default();
        row.set(Field::Time, time);
        match kind {
            "urls" => request(&mut row, rest).ok_or(malformed)?,
            "events" if rest.starts_with("content_filtering_block ") => block(&mut row, rest),
            "events" => return Err(Skip::NotWeb.into()),
            _ if OTHERS.contains(&kind) => return Err(Skip::NotWeb.into()),
            _ => return Err(malformed.into()),
        }
        row::event(event, &row, Rules::default(), &mut self.clock, arena)?;
        if event.url_path == Some(UNSEEN) {
            event.precision = Precision::Domain;
        }
        Ok(())
    }
}

fn request<'a>(row: &mut Row<'a>, text: &'a str) -> Option<()> {
    // The request stands last, so that nothing in a URL can be taken for a key.
    let (keys, request) = text.split_once("request: ")?;
    let (method, url) = request.split_once(' ')?;
    row.set(Field::Method, if method == "UNKNOWN" { "" } else { method });
    row.set(Field::Url, url);
    row.set(Field::SourceIp, host(value(keys, "src=")));
    row.set(Field::DestinationIp, host(value(keys, "dst=")));
    row.set(Field::Device, value(keys, "mac="));
    row.set(Field::UserAgent, quoted(keys, "agent='"));
    Some(())
}

fn block<'a>(row: &mut Row<'a>, text: &'a str) {
    row.set(Field::Action, "content_filtering_block");
    row.set(Field::Outcome, "block");
    row.set(Field::Url, quoted(text, "url='"));
    row.set(Field::Category, quoted(text, "category0='"));
    row.set(Field::DestinationIp, host(quoted(text, "server='")));
    row.set(Field::Device, quoted(text, "client_mac='"));
}

/// The word behind a key.
fn value<'a>(text: &'a str, key: &str) -> &'a str {
    let behind = text.split_once(key).map_or("", |(_, behind)| behind);
    behind.split(' ').next().unwrap_or_default()
}

/// What stands in single quotes behind a key.
fn quoted<'a>(text: &'a str, key: &str) -> &'a str {
    let behind = text.split_once(key).map_or("", |(_, behind)| behind);
    behind.split_once('\'').map_or("", |(inside, _)| inside)
}

/// An address without its port.
fn host(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']'])
}
