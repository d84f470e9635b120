//! NextDNS's log download: CSV with a header row (<https://help.nextdns.io>, "Logs").
//!
//! DNS knows names and no pages. Times are RFC 3339 in UTC. A name without a status was answered.

use super::table::{Dialect, PLAIN, Table};
use crate::row::Field;
use trustwatch_model::Action;

/// The format `nextdns`.
pub(super) static NEXTDNS: Table = Table {
    id: "nextdns",
    title: "NextDNS log download",
    reason: "CSV with the header row of NextDNS",
    dialects: &[Dialect::Header(&[
        &[Field::Time],
        &[Field::Host],
        &[Field::Action],
        &[Field::Kind],
        &[Field::Detail],
    ])],
    names: &[
        ("timestamp", Field::Time),
        ("domain", Field::Host),
        // The address in the school's own net; `client_ip` is the school's public one.
        ("device_local_ip", Field::SourceIp),
        ("client_ip", Field::SourceIp),
        ("device_name", Field::Device),
        ("status", Field::Action),
        ("reasons", Field::Rule),
        ("root_domain", Field::Kind),
        ("device_id", Field::Detail),
    ],
    outcomes: &[("default", Action::Allowed), ("relayed", Action::Allowed)],
    refine: |row, _, _| {
        if row.given(Field::Action).is_none() {
            row.set(Field::Outcome, "default");
        }
        Ok(())
    },
    ..PLAIN
};
