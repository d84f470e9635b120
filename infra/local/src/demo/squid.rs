//! Squid's native `access.log`, written by `%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`.

use super::layout::Line;
use super::request::Outcome;
use super::text::{dec, padded, private_address, put, put_all, server_address};

/// Appends a line without its newline. Returns where a cut leaves a line that cannot be read: before the URL.
pub(super) fn put_line(out: &mut Vec<u8>, line: &mut Line<'_>) -> usize {
    let start = out.len();
    let (request, person, dice) = (line.request, line.person, &mut *line.dice);
    let allowed = request.outcome == Outcome::Allowed;
    dec(out, line.moment.seconds());
    out.push(b'.');
    padded(out, u64::from(line.moment.milli), 3, b'0');
    out.push(b' ');
    let took_ms = if allowed { dice.size(4, 11) } else { u64::from(dice.below(4)) };
    padded(out, took_ms, 6, b' ');
    out.push(b' ');
    private_address(out, line.network, person.host);
    out.push(b' ');
    let tunnel = request.tunnel && request.secure;
    let cached = dice.below(8);
    let (verdict, status) = match (request.outcome, request.status) {
        (Outcome::Blocked, _) => ("TCP_DENIED", 403),
        (Outcome::Challenged, _) => ("TCP_DENIED", 407),
        (Outcome::Allowed, _) if tunnel => ("TCP_TUNNEL", 200),
        (Outcome::Allowed, 304) if cached < 3 => ("TCP_IMS_HIT", 304),
        (Outcome::Allowed, 304) => ("TCP_REFRESH_UNMODIFIED", 304),
        (Outcome::Allowed, 200) if cached == 0 => ("TCP_MEM_HIT", 200),
        (Outcome::Allowed, 200) if cached == 1 => ("TCP_HIT", 200),
        (Outcome::Allowed, 200) if cached == 2 && dice.one_in(30) => ("TCP_MISS_ABORTED", 0),
        (Outcome::Allowed, status) => ("TCP_MISS", status),
    };
    put(out, verdict);
    out.push(b'/');
    padded(out, u64::from(status), 3, b'0');
    out.push(b' ');
    dec(out, request.bytes_in);
    out.push(b' ');
    let cut = out.len() - start;
    if tunnel || (request.outcome == Outcome::Challenged && request.secure) {
        put(out, "CONNECT ");
        out.extend_from_slice(&request.host);
        put(out, ":443");
    } else {
        put_all(out, &[request.method, if request.secure { " https://" } else { " http://" }]);
        out.extend_from_slice(&request.host);
        out.extend_from_slice(&request.target);
    }
    out.push(b' ');
    // Who has not logged in yet has no name, and a machine never has one.
    put(out, if request.attended && request.outcome != Outcome::Challenged { &person.login } else { "-" });
    let from_cache = matches!(verdict, "TCP_HIT" | "TCP_MEM_HIT" | "TCP_IMS_HIT");
    if !allowed || from_cache {
        put(out, " HIER_NONE/- ");
    } else {
        put(out, " HIER_DIRECT/");
        server_address(out, &request.host);
        out.push(b' ');
    }
    put(out, if tunnel || status == 304 { "-" } else { request.content_type });
    cut
}
