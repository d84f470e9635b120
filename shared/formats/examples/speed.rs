//! How fast lines become events: `speed [FORMAT [LINES]]`, release build, one thread, MB/s of log text.
//!
//! The lines are made up here, 200,000 a format unless told otherwise, with hosts, paths and people that repeat as they do in a school.
//! Each run parses all of them out of memory; the best of twenty counts, in CPU time, so that a busy machine does not
//! show.

use bumpalo::Bump;
use std::fmt::Write as _;
use std::hint::black_box;
use trustwatch_formats::{Line, LineReader, ParseContext, find};
use trustwatch_model::{Reading, Window};

/// 23 November 2026.
const ARRIVED_AT: i64 = 1_795_392_000_000_000;

const LINES: u64 = 200_000;

/// Generates `index` -> line.
type Maker = fn(&mut String, u64) -> std::fmt::Result;

fn main() {
    let wanted = std::env::args().nth(1);
    let lines = std::env::args().nth(2).and_then(|number| number.parse().ok()).unwrap_or(LINES);
    let makers: [(&str, &str, Maker); 4] = [
        ("squid", "oak/web/access.log", squid),
        ("fortinet", "oak/web/fgt.log", fortigate),
        ("cisco_umbrella", "oak/web/proxylogs/x.csv", umbrella_proxy),
        ("cisco_umbrella", "oak/web/dnslogs/x.csv", umbrella_dns),
    ];
    for (format, key, make) in makers {
        if wanted.as_deref().is_none_or(|wanted| wanted == format) {
            measure(format, key, make, lines);
        }
    }
}

#[expect(clippy::print_stdout, reason = "a command prints")]
fn measure(id: &str, key: &str, make: Maker, count: u64) {
    let mut text = String::new();
    for index in 0..count {
        if make(&mut text, index).is_err() {
            return;
        }
        text.push('\n');
    }
    let Some(format) = find(id) else { return };
    let lines: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b'\n').collect();
    let megabytes = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)) / 1e6;
    let window = Window { not_before: 0, not_after: i64::MAX };
    let context = ParseContext {
        zone: jiff::tz::TimeZone::UTC,
        window,
        key,
        arrived_at: ARRIVED_AT,
        reading: &Reading::default(),
    };
    let (mut parse, mut read) = (f64::MAX, f64::MAX);
    let mut events = 0;
    for _ in 0..20 {
        let mut parser = format.parser(&context);
        let mut arena = Bump::with_capacity(1 << 16);
        let start = cpu_seconds();
        events = 0;
        for line in &lines {
            events += u64::from(matches!(black_box(parser.parse(line, &arena)), Line::Event(_)));
            arena.reset();
        }
        parse = parse.min(cpu_seconds() - start);
        let start = cpu_seconds();
        let mut reader = LineReader::new(text.as_bytes());
        while let Ok(Some(line)) = reader.next_line() {
            black_box(line);
        }
        read = read.min(cpu_seconds() - start);
    }
    let name = key.rsplit('/').nth(1).unwrap_or(key);
    println!(
        "{id:15} {name:10} {events:>7} events {megabytes:>6.1} MB  parse {:>6.0} MB/s {:>5.0} ns/line  lines {:>6.0} MB/s",
        megabytes / parse,
        parse * 1e9 / f64::from(u32::try_from(count).unwrap_or(u32::MAX)),
        megabytes / read
    );
}

/// CPU time of this thread as Linux counts it.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.unwrap_or_default() / 1e9
}

const HOSTS: [&str; 8] = [
    "www.example.sch.uk",
    "learn.example.org",
    "cdn.example.net",
    "www.google.co.uk",
    "www.bbc.co.uk",
    "fonts.gstatic.com",
    "login.portal.example.com",
    "video.example.ac.uk",
];
const PATHS: [&str; 6] = [
    "/",
    "/maths/year7/fractions?page=2&theme=light",
    "/assets/app.5f3a.js",
    "/search?q=roman+roads&source=hp",
    "/images/logo.png",
    "/api/v2/session/refresh?client=0a1b2c3d4e5f&state=ready",
];

fn pick<'a>(list: &[&'a str], index: u64) -> &'a str {
    let length = list.len().max(1);
    usize::try_from(index).ok().and_then(|index| list.get(index % length)).copied().unwrap_or_default()
}

fn squid(out: &mut String, index: u64) -> std::fmt::Result {
    let (host, path) = (pick(&HOSTS, index / 3), pick(&PATHS, index));
    write!(
        out,
        "{}.{:03} {:>6} 10.1.{}.{} ",
        1_764_000_000 + index / 40,
        index % 1000,
        index % 4000,
        index % 7,
        index % 250
    )?;
    match index % 4 {
        0 => write!(
            out,
            "TCP_TUNNEL/200 {} CONNECT {host}:443 pupil{} HIER_DIRECT/192.0.2.7 -",
            4000 + index,
            index % 900
        ),
        1 => write!(
            out,
            "TCP_MISS/200 {} GET http://{host}{path} pupil{} HIER_DIRECT/192.0.2.7 text/html",
            900 + index,
            index % 900
        ),
        2 => write!(out, "TCP_MEM_HIT/200 {} GET http://{host}{path} - HIER_NONE/- image/png", 300 + index),
        _ => write!(
            out,
            "TCP_DENIED/403 3900 GET http://{host}{path} pupil{} HIER_NONE/- text/html",
            index % 900
        ),
    }
}

fn fortigate(out: &mut String, index: u64) -> std::fmt::Result {
    let (host, path) = (pick(&HOSTS, index / 3), pick(&PATHS, index));
    write!(
        out,
        "<188>date=2026-11-23 time=09:{:02}:{:02} devname=\"FW-OAK\" devid=\"FG100E0000000000\" logid=\"0317013312\" type=\"utm\" \
         subtype=\"webfilter\" eventtype=\"ftgd_allow\" level=\"notice\" vd=\"root\" eventtime=17638885{:02}052907555 tz=\"+0000\" \
         policyid=38 sessionid={index} user=\"pupil{}\" group=\"Year 8\" authserver=\"DC01\" srcip=10.1.{}.{} srcport=61930 \
         srcintf=\"lan\" srcintfrole=\"lan\" dstip=192.0.2.7 dstport=443 dstintf=\"wan1\" dstintfrole=\"wan\" proto=6 service=\"HTTPS\" \
         hostname=\"{host}\" profile=\"Pupils\" action=\"passthrough\" reqtype=\"direct\" url=\"{path}\" sentbyte=1152 rcvdbyte=6812 \
         direction=\"outgoing\" msg=\"URL belongs to an allowed category in policy\" method=\"domain\" cat=30 catdesc=\"Education\"",
        index / 60 % 60,
        index % 60,
        index % 60,
        index % 900,
        index % 7,
        index % 250
    )
}

fn umbrella_proxy(out: &mut String, index: u64) -> std::fmt::Result {
    let (host, path) = (pick(&HOSTS, index / 3), pick(&PATHS, index));
    write!(
        out,
        "\"2026-11-23 09:{:02}:{:02}\",\"Oak, Pat (pupil{}@example.sch.uk)\",\"10.1.{}.{}\",\"198.51.100.4\",\"192.0.2.7\",\"text/html\",\"ALLOWED\",\
         \"https://{host}{path}\",\"https://www.example.sch.uk/\",\"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/128.0.0.0 \
         Safari/537.36\",\"200\",\"850\",\"1489\",\"1300\",\"\",\"Education,Business Services\",\"\",\"\",\"\",\"\",\"\",\"AD Users\",\"\",\
         \"Oak, Pat (pupil{}@example.sch.uk),PC-{}\",\"AD Users,Roaming Computers\",\"GET\",\"\",\"\",\"\",\"13671956\",\"\",\"\"",
        index / 60 % 60,
        index % 60,
        index % 900,
        index % 7,
        index % 250,
        index % 900,
        index % 300
    )
}

fn umbrella_dns(out: &mut String, index: u64) -> std::fmt::Result {
    write!(
        out,
        "\"2026-11-23 09:{:02}:{:02}\",\"Oak, Pat (pupil{}@example.sch.uk)\",\"Oak, Pat (pupil{}@example.sch.uk),PC-{}\",\"10.1.{}.{}\",\"198.51.100.4\",\
         \"Allowed\",\"1 (A)\",\"NOERROR\",\"{}.\",\"Education,Business Services\",\"AD Users\",\"AD Users,Roaming Computers\",\"\"",
        index / 60 % 60,
        index % 60,
        index % 900,
        index % 900,
        index % 300,
        index % 7,
        index % 250,
        pick(&HOSTS, index / 3)
    )
}
