//! The keys that matter out of the fifty on a line.

use crate::read::cef::{self, Cef};
use crate::read::csv::Cells;
use crate::read::pairs::{self, Pairs};
use crate::text;
use bumpalo::Bump;

/// Values as they stand; empty where the line has none. Of a key that occurs twice the first value counts: what a
/// browser can write (agent, URL, message) stands behind what the device knows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fields<'a> {
    /// How many keys of FortiOS the line has.
    pub known_keys: u32,
    /// The line lost its end.
    pub is_cut: bool,
    pub date: &'a str,
    pub time: &'a str,
    pub tz: &'a str,
    pub event_time: &'a str,
    pub event_type: &'a str,
    pub user: &'a str,
    pub group: &'a str,
    pub source_ip: &'a str,
    pub source_name: &'a str,
    pub destination_ip: &'a str,
    pub host_name: &'a str,
    pub query_name: &'a str,
    pub url: &'a str,
    pub scheme: &'a str,
    pub service: &'a str,
    pub action: &'a str,
    pub utm_action: &'a str,
    pub message: &'a str,
    pub method: &'a str,
    pub http_method: &'a str,
    pub status_code: &'a str,
    pub category: &'a str,
    pub app_category: &'a str,
    pub app_list: &'a str,
    pub profile: &'a str,
    pub policy_id: &'a str,
    pub policy_name: &'a str,
    pub sent_bytes: &'a str,
    pub received_bytes: &'a str,
    pub request_bytes: &'a str,
    pub response_bytes: &'a str,
    pub user_agent: &'a str,
    pub referrer: &'a str,
    pub content_type: &'a str,
    pub file_name: &'a str,
    is_traffic: bool,
    identity_keys: u32,
}

impl<'a> Fields<'a> {
    /// Whether the line has the keys that every FortiOS record has, for recognition.
    pub(super) const fn is_fortios(&self) -> bool {
        self.identity_keys >= 2
    }

    /// Reads a line of either layout. No key is known of a line that is neither.
    pub(super) fn read(&mut self, text: &'a str, arena: &'a Bump) {
        if let Some(cef) = Cef::read(text) {
            if cef.vendor == "Fortinet" {
                self.known_keys = 1;
                cef.pairs().for_each(|(key, value)| self.put_cef(key, value, arena));
            }
            return;
        }
        if text.starts_with('"') {
            self.read_cells(text, arena);
            return;
        }
        let escapes = memchr::memchr(b'\\', text.as_bytes()).is_some();
        let mut pairs = Pairs::new(text);
        for (key, value) in pairs.by_ref() {
            self.put(key, if escapes { text::unescape(value, pairs::ESCAPED, arena) } else { value });
        }
        self.is_cut = pairs.is_cut();
    }

    /// Reads cells of `key=value`.
    fn read_cells(&mut self, text: &'a str, arena: &'a Bump) {
        let mut cells = Cells::new(text, b',', arena);
        for (key, value) in cells.by_ref().filter_map(|cell| text::cut(cell, b'=')) {
            self.put_cell(key, value.trim_matches('"'));
        }
        self.is_cut = cells.is_cut();
    }

    /// As [`Fields::put`], for exports, which are rare: inlined here too it would not be where it matters.
    #[inline(never)]
    fn put_cell(&mut self, key: &str, value: &'a str) {
        self.put(key, value);
    }

    /// Takes one pair of the key=value layout.
    #[inline]
    pub(super) fn put(&mut self, key: &str, value: &'a str) {
        let Some(place) = self.place(key) else { return };
        if place.is_empty() {
            *place = value;
        }
    }

    /// By length first: most of a line's keys are told as unwanted by a comparison or two.
    fn place(&mut self, key: &str) -> Option<&mut &'a str> {
        let place = match key.len() {
            2 if key == "tz" => &mut self.tz,
            3 => match key {
                "url" => &mut self.url,
                "msg" => &mut self.message,
                _ => return None,
            },
            4 => match key {
                "date" => &mut self.date,
                "time" => &mut self.time,
                "user" => &mut self.user,
                "type" => return self.identify(),
                _ => return None,
            },
            5 => match key {
                "srcip" => &mut self.source_ip,
                "dstip" => &mut self.destination_ip,
                "group" => &mut self.group,
                "qname" => &mut self.query_name,
                "agent" => &mut self.user_agent,
                "logid" | "devid" => return self.identify(),
                _ => return None,
            },
            6 => match key {
                "action" => &mut self.action,
                "method" => &mut self.method,
                "appcat" => &mut self.app_category,
                "scheme" => &mut self.scheme,
                _ => return None,
            },
            7 => match key {
                "service" => &mut self.service,
                "profile" => &mut self.profile,
                "catdesc" => &mut self.category,
                "srcname" => &mut self.source_name,
                "applist" => &mut self.app_list,
                "subtype" | "devname" => return self.identify(),
                _ => return None,
            },
            8 => match key {
                "hostname" => &mut self.host_name,
                "sentbyte" => &mut self.sent_bytes,
                "rcvdbyte" => &mut self.received_bytes,
                "policyid" => &mut self.policy_id,
                "filename" => &mut self.file_name,
                _ => return None,
            },
            9 => match key {
                "eventtime" => &mut self.event_time,
                "eventtype" => &mut self.event_type,
                "utmaction" => &mut self.utm_action,
                "reqlength" => &mut self.request_bytes,
                _ => return None,
            },
            10 => match key {
                "httpmethod" => &mut self.http_method,
                "statuscode" => &mut self.status_code,
                "policyname" => &mut self.policy_name,
                "resplength" => &mut self.response_bytes,
                _ => return None,
            },
            11 => match key {
                "referralurl" => &mut self.referrer,
                "contenttype" => &mut self.content_type,
                _ => return None,
            },
            _ => return None,
        };
        self.known_keys += 1;
        Some(place)
    }

    fn identify(&mut self) -> Option<&mut &'a str> {
        self.known_keys += 1;
        self.identity_keys += 1;
        None
    }

    /// Takes one pair of the CEF layout: FortiOS's own keys behind a prefix, or CEF's names for them.
    pub(super) fn put_cef(&mut self, key: &str, value: &'a str, arena: &'a Bump) {
        let prefixes = ["FTNTFGT", "FortinetFortiGate", "ad."];
        let own = prefixes.iter().find_map(|prefix| key.strip_prefix(prefix));
        let name = match (own, key) {
            (Some(own), _) => own,
            (None, "cat") => {
                self.identity_keys += 2;
                self.is_traffic = value.starts_with("traffic");
                return;
            }
            // In session records this is a name that the firewall looked up, not one that was asked for.
            (None, "dhost") if self.is_traffic => return,
            (None, "dhost") => "hostname",
            (None, "request") => "url",
            (None, "act") => "action",
            (None, "src") => "srcip",
            (None, "dst") => "dstip",
            (None, "shost") => "srcname",
            (None, "suser" | "duser") => "user",
            (None, "app") => "service",
            (None, "out") => "sentbyte",
            (None, "in") => "rcvdbyte",
            (None, "fname") => "filename",
            (None, "requestMethod") => "httpmethod",
            (None, "requestContext") => "referralurl",
            (None, "requestClientApplication") => "agent",
            // CEF's own time, where it is a number; in words it has no zone and is no better than none.
            (None, "rt" | "start") if value.bytes().all(|byte| byte.is_ascii_digit()) => "eventtime",
            (None, "msg" | "tz") => key,
            _ => return,
        };
        self.put(name, text::unescape(value, cef::ESCAPED, arena));
    }
}

/// The keys of an export with a header row.
#[derive(Debug, Default)]
pub(super) struct Header {
    keys: Vec<String>,
}

/// Keys of which a header holds two at least.
const HEADER_KEYS: [&str; 5] = ["logid", "devid", "subtype", "srcip", "hostname"];

impl Header {
    /// Takes the line for a header, when it is one.
    pub(super) fn learn(&mut self, line: &str, arena: &Bump) -> bool {
        // A pair or CEF on any line that is not a header.
        if memchr::memchr2(b'=', b'|', line.as_bytes()).is_some() {
            return false;
        }
        let cells = || Cells::new(line, b',', arena);
        let is_header = cells().filter(|cell| HEADER_KEYS.contains(cell)).count() >= 2;
        if is_header {
            self.keys = cells().map(str::to_owned).collect();
        }
        is_header
    }

    /// Takes the cells of a row below a header. A row of another width is none.
    pub(super) fn read<'a>(&self, fields: &mut Fields<'a>, line: &'a str, arena: &'a Bump) -> bool {
        if self.keys.is_empty() || Cells::new(line, b',', arena).count() != self.keys.len() {
            return false;
        }
        for (key, cell) in self.keys.iter().zip(Cells::new(line, b',', arena)) {
            fields.put_cell(key, cell);
        }
        true
    }
}
