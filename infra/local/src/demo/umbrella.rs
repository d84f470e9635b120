//! Cisco Umbrella's CSV exports: the proxy's requests and the resolver's queries, always in UTC.

use super::clock::Moment;
use super::layout::Line;
use super::request::Outcome;
use super::text::{dec, hex, padded, private_address, put, put_all, server_address};

/// The row that an option of the export puts first, up to the columns that stand here.
pub(super) const PROXY_HEADER: &str = "\"Timestamp\",\"Policy Identity\",\"Internal Client IP\",\"External Client IP\",\"Destination IP\",\"Content Type\",\"Verdict\",\"URL\",\"Referer\",\"User Agent\",\"Status Code\",\"Request Size (bytes)\",\"Response Size (bytes)\",\"Response Body Size (bytes)\",\"SHA-SHA256\",\"Categories\",\"AV Detections\",\"PUAs\",\"AMP Disposition\",\"AMP Malware Name\",\"AMP Score\",\"Policy Identity Type\",\"Blocked Categories\",\"Identities\",\"Identity Types\",\"Request Method\",\"DLP Status\",\"Certificate Errors\",\"File Name\",\"Ruleset ID\",\"Rule ID\",\"Destination List IDs\"";
/// The same for the resolver.
pub(super) const DNS_HEADER: &str = "\"Timestamp\",\"Policy Identity\",\"Identities\",\"Internal Client IP\",\"External Client IP\",\"Action\",\"Query Type\",\"Response Code\",\"Domain\",\"Categories\",\"Policy Identity Type\",\"Identity Types\",\"Blocked Categories\"";

/// How many columns a row of the proxy has: they were only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// Up to the blocked categories, the first layout.
    TwentyThree,
    /// Up to the lists of destinations.
    ThirtyTwo,
}

/// Rows stand in the order in which machines hand them in: a row may be this much older than its place.
const LATE_SECONDS: u32 = 20;

fn put_time(out: &mut Vec<u8>, moment: Moment<'_>, late: u32) {
    let second = moment.second.saturating_sub(late);
    put_all(out, &["\"", &moment.hour.utc.date, " "]);
    padded(out, u64::from(moment.hour.utc.hour), 2, b'0');
    out.push(b':');
    padded(out, u64::from(second / 60), 2, b'0');
    out.push(b':');
    padded(out, u64::from(second % 60), 2, b'0');
    out.push(b'"');
}

fn put_host(out: &mut Vec<u8>, host: &[u8], scheme: &str) {
    put(out, scheme);
    out.extend_from_slice(host);
}

/// Appends a row of the proxy. Returns where a cut leaves a row that cannot be read: inside the third cell.
pub(super) fn put_line(out: &mut Vec<u8>, line: &mut Line<'_>, columns: Columns) -> usize {
    let start = out.len();
    let (request, person, dice) = (line.request, line.person, &mut *line.dice);
    let blocked = request.outcome == Outcome::Blocked;
    put_time(out, line.moment, dice.below(LATE_SECONDS));
    // Without a login the identity is the machine's.
    let identity = if request.attended { &person.identity } else { &person.device };
    put_all(out, &[",\"", identity, "\",\"10."]);
    let cut = out.len() - start;
    out.truncate(out.len() - 3);
    private_address(out, line.network, person.host);
    put(out, "\",\"203.0.113.9\",\"");
    server_address(out, &request.host);
    put_all(
        out,
        &["\",\"", request.content_type, "\",\"", if blocked { "BLOCKED" } else { "ALLOWED" }, "\",\""],
    );
    put_host(out, &request.host, if request.secure { "https://" } else { "http://" });
    out.extend_from_slice(&request.target);
    put(out, "\",\"");
    if !request.referrer.is_empty() {
        put_host(out, &request.referrer, "https://");
        out.push(b'/');
    }
    put_all(out, &["\",\"", person.user_agent, "\",\""]);
    dec(out, u64::from(request.status));
    put(out, "\",\"");
    dec(out, request.bytes_out);
    put(out, "\",\"");
    dec(out, request.bytes_in);
    put(out, "\",\"");
    dec(out, request.bytes_in.saturating_sub(120));
    put(out, "\",\"");
    if dice.one_in(4) {
        hex(out, dice, 64);
    }
    let words = request.subject.umbrella();
    put_all(out, &["\",\"", words, "\",\"\",\"\",\"\",\"\",\"\",\""]);
    let kind = if request.attended { "AD Users" } else { "Roaming Computers" };
    put_all(out, &[kind, "\",\"", if blocked { words } else { "" }, "\""]);
    if columns == Columns::ThirtyTwo {
        put_all(out, &[",\"", identity]);
        if request.attended {
            put_all(out, &[",", &person.device, "\",\"AD Users,Roaming Computers"]);
        } else {
            put(out, "\",\"Roaming Computers");
        }
        put_all(
            out,
            &["\",\"", request.method, "\",\"\",\"\",\"\",\"4501\",\"", if blocked { "88021" } else { "" }],
        );
        put(out, "\",\"\"");
    }
    cut
}

/// Appends a row of the resolver: all that it knows of the request is the host. The cut is as above.
pub(super) fn put_query(out: &mut Vec<u8>, line: &mut Line<'_>) -> usize {
    let start = out.len();
    let (request, person, dice) = (line.request, line.person, &mut *line.dice);
    let blocked = request.outcome == Outcome::Blocked;
    put_time(out, line.moment, dice.below(LATE_SECONDS));
    let kinds = if request.attended {
        put_all(out, &[",\"", &person.identity, "\",\"", &person.identity, ",", &person.device]);
        "\",\"AD Users\",\"AD Users,Roaming Computers\",\""
    } else {
        put_all(out, &[",\"", &person.device, "\",\"", &person.device]);
        "\",\"Roaming Computers\",\"Roaming Computers\",\""
    };
    let cut = out.len() - start;
    put(out, "\",\"");
    private_address(out, line.network, person.host);
    put_all(out, &["\",\"203.0.113.9\",\"", if blocked { "Blocked" } else { "Allowed" }, "\",\""]);
    put(out, if dice.one_in(5) { "28 (AAAA)" } else { "1 (A)" });
    put(out, "\",\"NOERROR\",\"");
    out.extend_from_slice(&request.host);
    let words = request.subject.umbrella();
    put_all(out, &[".\",\"", words, kinds, if blocked { words } else { "" }, "\""]);
    cut
}
