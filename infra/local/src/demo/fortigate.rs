//! FortiGate's key=value lines: web filter records, and the sessions and events that share their stream.

use super::clock::Moment;
use super::layout::Line;
use super::request::Outcome;
use super::text::{dec, hex, padded, private_address, put, put_all, server_address};

/// One line in this many tells of a session or of the firewall itself, not of the web.
pub(super) const NOT_WEB_ONE_IN: u32 = 16;

/// Where the filter writes the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// In `hostname`, and `url` has the path only.
    Split,
    /// `url` has all of it, as FortiOS 7 writes it for a proxy policy.
    Whole,
}

/// Date, time and zone of the wall, and the nanoseconds since 1970 that go with them.
fn put_time(out: &mut Vec<u8>, moment: Moment<'_>) {
    put_all(out, &["date=", &moment.hour.local.date, " time="]);
    padded(out, u64::from(moment.hour.local.hour), 2, b'0');
    out.push(b':');
    padded(out, u64::from(moment.second / 60), 2, b'0');
    out.push(b':');
    padded(out, u64::from(moment.second % 60), 2, b'0');
}

fn put_zone(out: &mut Vec<u8>, moment: Moment<'_>) {
    put(out, " eventtime=");
    // A clock that is still in 1970 has few digits; the zero second would have none but one.
    dec(out, (moment.seconds() * 1_000 + u64::from(moment.milli)) * 1_000_000 + 417);
    put_all(out, &[" tz=\"", moment.hour.offset, "\""]);
}

/// Appends a web filter line. Returns where a cut leaves a line that cannot be read: inside a quoted value,
/// before the host.
pub(super) fn put_line(out: &mut Vec<u8>, line: &mut Line<'_>, address: Address) -> usize {
    let start = out.len();
    let (request, person, dice) = (line.request, line.person, &mut *line.dice);
    let blocked = request.outcome == Outcome::Blocked;
    put_time(out, line.moment);
    put(out, " devname=\"birch-fw1\" devid=\"FG200FT900000001\"");
    put(
        out,
        if blocked {
            " logid=\"0316013056\" type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_blk\" level=\"warning\" vd=\"root\""
        } else {
            " logid=\"0317013312\" type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_allow\" level=\"notice\" vd=\"root\""
        },
    );
    put_zone(out, line.moment);
    put(out, " policyid=");
    dec(out, if person.group == "Staff" { 12 } else { 14 });
    put(out, " policytype=\"policy\" sessionid=");
    dec(out, u64::from(dice.below(400_000_000)) + 1_000_000);
    if request.attended {
        put_all(
            out,
            &[" user=\"", &person.login, "\" group=\"", person.group, "\" authserver=\"FSSO-BIRCH\""],
        );
    }
    put(out, " srcip=");
    private_address(out, line.network, person.host);
    put(out, " srcport=");
    dec(out, u64::from(49_152 + dice.below(16_000)));
    put(out, " srccountry=\"Reserved\" srcintf=\"lan-pup");
    let cut = out.len() - start;
    put(out, "ils\" srcintfrole=\"lan\" dstip=");
    server_address(out, &request.host);
    put_all(out, if request.secure { &[" dstport=443"] } else { &[" dstport=80"] });
    put(out, " dstcountry=\"United Kingdom\" dstintf=\"wan1\" dstintfrole=\"wan\" proto=6 service=\"");
    put_all(out, &[if request.secure { "HTTPS" } else { "HTTP" }, "\" hostname=\""]);
    out.extend_from_slice(&request.host);
    put(out, "\" profile=\"");
    put(out, if person.group == "Staff" { "birch-staff" } else { "birch-pupils" });
    put_all(out, &["\" action=\"", if blocked { "blocked" } else { "passthrough" }]);
    put_all(
        out,
        &["\" reqtype=\"", if request.referrer.is_empty() { "direct" } else { "referral" }, "\" url=\""],
    );
    if address == Address::Whole {
        put(out, if request.secure { "https://" } else { "http://" });
        out.extend_from_slice(&request.host);
    }
    out.extend_from_slice(&request.target);
    if !request.referrer.is_empty() {
        put(out, "\" referralurl=\"https://");
        out.extend_from_slice(&request.referrer);
        out.push(b'/');
    }
    put_all(out, &["\" httpmethod=\"", request.method, "\" agent=\"", person.user_agent, "\" sentbyte="]);
    dec(out, request.bytes_out);
    put(out, " rcvdbyte=");
    dec(out, request.bytes_in);
    put(out, " direction=\"outgoing\" msg=\"");
    put(
        out,
        if blocked {
            "URL belongs to a denied category in policy"
        } else {
            "URL belongs to an allowed category in policy"
        },
    );
    let (number, name) = request.subject.fortinet();
    put(out, "\" method=\"domain\" cat=");
    dec(out, u64::from(number));
    put_all(out, &[" catdesc=\"", name, "\""]);
    cut
}

/// Appends a line that names neither host nor URL.
pub(super) fn put_other(out: &mut Vec<u8>, line: &mut Line<'_>) {
    let (person, dice) = (line.person, &mut *line.dice);
    put_time(out, line.moment);
    put(out, " devname=\"birch-fw1\" devid=\"FG200FT900000001\"");
    if dice.one_in(10) {
        put(out, " logid=\"0100032011\" type=\"event\" subtype=\"system\" level=\"notice\" vd=\"root\"");
        put_zone(out, line.moment);
        put(
            out,
            " logdesc=\"Disk log rolled\" action=\"roll-log\" reason=\"file-size\" log=\"wlog\" msg=\"Disk log has rolled.\"",
        );
        return;
    }
    put(out, " logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\"");
    put_zone(out, line.moment);
    put(out, " srcip=");
    private_address(out, line.network, person.host);
    put(out, " srcport=");
    dec(out, u64::from(49_152 + dice.below(16_000)));
    put(out, " srcintf=\"lan-pupils\" srcintfrole=\"lan\" dstip=");
    server_address(out, &dice.next().to_le_bytes());
    put(out, " dstport=443 dstintf=\"wan1\" dstintfrole=\"wan\" poluuid=\"");
    hex(out, dice, 8);
    put(out, "-1c2d-51ef-8a90-7d2b41c6e001\" sessionid=");
    dec(out, u64::from(dice.below(400_000_000)) + 1_000_000);
    put(
        out,
        " proto=6 action=\"close\" policyid=14 policytype=\"policy\" service=\"HTTPS\" trandisp=\"snat\" duration=",
    );
    dec(out, dice.size(1, 9));
    put(out, " sentbyte=");
    dec(out, dice.size(400, 8));
    put(out, " rcvdbyte=");
    dec(out, dice.size(800, 12));
    put(out, " sentpkt=14 rcvdpkt=18 appcat=\"unscanned\"");
}
