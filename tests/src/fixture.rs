//! Three made-up schools with all that files can hold, small enough to be worked on hundreds of times.

use crate::system::{HOUR_MS, System};
use flate2::{Compression, write::GzEncoder};
use std::fmt::Write as _;
use std::io::Write as _;
use trustwatch_pipeline::Arrival;

/// Under gzip.
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Gzip that lost its last quarter.
#[must_use]
pub fn damaged(bytes: &[u8]) -> Vec<u8> {
    let mut whole = gzip(bytes);
    whole.truncate((whole.len() * 3 / 4).max(12));
    whole
}

/// One squid line at this second since 1970 UTC.
#[must_use]
pub fn squid_line(second: i64, user: &str, path: &str) -> String {
    format!(
        "{second}.120 87 10.20.1.15 TCP_MISS/200 18233 GET http://www.example.org/{path} {user} HIER_DIRECT/192.0.2.10 text/html"
    )
}

/// 23:59:50 UTC on the Saturday on whose night the clocks go back.
pub const SATURDAY_NIGHT: i64 = 1_792_886_390;

/// Squid lines over the midnight of UTC, with rejects and blank lines.
#[must_use]
pub fn squid(lines: i64) -> String {
    let mut text = String::new();
    for line in 0..lines {
        match line % 7 {
            4 => text.push_str("this is not a line of squid\n"),
            5 => text.push('\n'),
            _ => {
                let _ =
                    writeln!(text, "{}", squid_line(SATURDAY_NIGHT + line * 5, "pat.ash", &line.to_string()));
            }
        }
    }
    text
}

/// FortiGate lines in local time without a zone, on both sides of the hour that comes twice, with a session that is
/// no web line and one that cannot be read.
#[must_use]
pub fn fortinet() -> String {
    let mut text = String::new();
    for (day, time) in [("24", "23:30:00"), ("25", "00:30:00"), ("25", "01:30:00"), ("25", "02:30:00")] {
        let _ = writeln!(
            text,
            "date=2026-10-{day} time={time} devname=\"FW\" type=\"utm\" subtype=\"webfilter\" user=\"sam.elm\" srcip=10.20.1.16 \
             dstip=192.0.2.20 service=\"HTTPS\" hostname=\"learn.example.org\" action=\"passthrough\" url=\"/maths\" catdesc=\"Education\""
        );
    }
    text.push_str("date=2026-10-25 time=03:30:00 devname=\"FW\" type=\"traffic\" srcip=10.20.1.16 dstip=192.0.2.20 action=\"accept\"\n");
    text.push_str("date=2026-99-25 time=03:30:00 devname=\"FW\" type=\"utm\" hostname=\"learn.example.org\" url=\"/\"\n");
    text
}

/// Umbrella's proxy log: a header, two days, a reject.
#[must_use]
pub fn umbrella() -> String {
    let mut text = "\"Timestamp\",\"Policy Identity\",\"Internal IP Address\",\"External IP Address\",\"Destination IP Address\",\"Content Type\",\"Action\",\"URL\"\n".to_owned();
    for at in ["2026-10-24 23:59:58", "2026-10-25 00:00:03", "2026-10-25 01:30:00", "yesterday"] {
        let _ = writeln!(
            text,
            "\"{at}\",\"Oak Site\",\"10.20.1.15\",\"198.51.100.4\",\"192.0.2.10\",\"text/html\",\"ALLOWED\",\"https://www.example.org/a\",\"\",\"Test\",\"200\",\"850\",\"1489\",\"1200\",\"\",\"Education\""
        );
    }
    text
}

/// Something that a filter puts.
pub struct Upload {
    /// Key.
    pub key: String,
    /// Bytes.
    pub bytes: Vec<u8>,
    /// How long after the one before.
    pub after_ms: i64,
}

/// Everything, in the order of arrival.
#[must_use]
pub fn uploads() -> Vec<Upload> {
    let growing = squid(16);
    let half = growing.len() - 40;
    let members = [gzip(squid(5).as_bytes()), gzip(squid(9).as_bytes())].concat();
    let mut all = Vec::new();
    let mut add = |after_ms, key: &str, bytes: Vec<u8>| {
        all.push(Upload { key: key.to_owned(), bytes, after_ms });
    };
    add(0, "oak/web/access.log", growing.as_bytes()[..half].to_vec());
    add(HOUR_MS, "birch/fw/fortigate.log", fortinet().into_bytes());
    add(0, "elm/dns/proxy.csv", umbrella().into_bytes());
    add(HOUR_MS, "oak/web/access.log", gzip(growing.as_bytes()));
    add(0, "oak/web/members.log.gz", members);
    add(HOUR_MS, "oak/web/access.log", damaged((growing.clone() + &squid(30)).as_bytes()));
    add(0, "oak/web/broken.log.gz", damaged(squid(40).as_bytes()));
    add(
        HOUR_MS,
        "oak/web/access.log",
        (growing + &squid_line(SATURDAY_NIGHT + 900, "jo.yew", "last")).into_bytes(),
    );
    let second = |days: i64| squid_line(SATURDAY_NIGHT + days * 86_400, "pat.ash", "far") + "\n";
    add(0, "oak/web/far.log", (second(-500) + &second(30)).into_bytes());
    add(0, "birch/fw/half.log", b"date=2026-10-25 time=04:30:00 hostname=\"a.example\" url=\"/\"".to_vec());
    add(0, "ash/web/access.log", squid(3).into_bytes());
    add(0, "oak/nofeed/access.log", squid(3).into_bytes());
    add(0, "oak/access.log", squid(3).into_bytes());
    add(0, "oak/web/../../elm/web/x", squid(3).into_bytes());
    add(0, "Oak/web/access.log", squid(3).into_bytes());
    add(0, "elm/dns/empty.csv", Vec::new());
    all
}

/// The feeds of the three schools.
pub const FEEDS: [(&str, &str, &str); 3] =
    [("oak", "web", "squid"), ("birch", "fw", "fortinet"), ("elm", "dns", "cisco_umbrella")];

/// Registers the feeds and puts everything.
pub async fn load(system: &System) -> Vec<Arrival> {
    for (school, feed, format) in FEEDS {
        system.feed(school, feed, format).await;
    }
    let mut arrivals = Vec::new();
    for upload in uploads() {
        system.time.pass_ms(upload.after_ms);
        arrivals.push(system.put(&upload.key, upload.bytes).await);
    }
    arrivals
}
