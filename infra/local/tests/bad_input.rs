//! What schools send that is no log, through the running system: each is named with what to do, kept as it came, and
//! keeps no neighbour from being read.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do"
)]

mod common;

use common::{PATIENCE, Up, done, scratch, verified, versions_of};
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::{Rng, SeedableRng};
use std::io::Write;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use trustwatch_lake::{Manifest, Outcome, Stage, keys};
use trustwatch_model::{Counts, ObjectVersion, SkipCounts, SourceId};
use trustwatch_store::Store;

/// Lines of the neighbour of every bad file.
const NEIGHBOUR: u64 = 20;
/// Far above what the system needs, far below what a bomb would take.
const MEMORY_MAX: u64 = 300 << 20;

struct System {
    directory: TempDir,
    up: Up,
    store: Store,
}

impl System {
    /// A system whose school `oak` has the feed `web` of Squid's.
    async fn start() -> Self {
        let directory = scratch();
        let up = Up::start(directory.path());
        let set = ["feed", "set", "--data", "data", "--school", "oak", "--feed", "web", "--format", "squid"];
        done(directory.path(), &set);
        let store = up.store().await;
        Self { directory, up, store }
    }

    async fn put(&self, key: &str, body: &[u8]) -> ObjectVersion {
        let path = self.directory.path().join("upload");
        std::fs::write(&path, body).unwrap();
        let version = self.store.upload_file(key, &path, |_| {}).await.unwrap();
        let listed = versions_of(&self.store, key).await.unwrap();
        let mut listed = listed.into_iter().filter(|listed| listed.version_id == version);
        listed.next().unwrap_or_else(|| panic!("`{key}` is not listed"))
    }

    /// Waits for the manifest of a version.
    async fn manifest(&self, version: &ObjectVersion) -> Manifest {
        let id = SourceId::of(&version.bucket, &version.key, &version.version_id);
        let school = version.key.split('/').next().unwrap();
        let begun = Instant::now();
        loop {
            for school in [school, keys::UNROUTABLE] {
                let key = keys::manifest(Stage::Normalise, school, id.as_str());
                if let Some(object) = self.store.read(&self.store.names().lake, &key).await.unwrap() {
                    return Manifest::from_json(&object.bytes).unwrap();
                }
            }
            assert!(begun.elapsed() < PATIENCE, "`{}` was not worked on", version.key);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The bytes that are stored now.
    async fn stored(&self, version: &ObjectVersion) -> Vec<u8> {
        let mut body = self.store.open_raw(version).await.unwrap().unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        bytes
    }

    /// Puts a file that is to be set aside. `health` is where its feed is shown.
    async fn set_aside(&self, key: &str, body: &[u8], health: (&str, &str), words: &[&str]) {
        let version = self.put(key, body).await;
        let manifest = self.manifest(&version).await;
        let Outcome::Quarantined { reason } = &manifest.outcome else { panic!("{key}: {manifest:?}") };
        assert_eq!(reason.code(), words[0], "{key}");
        assert_eq!(manifest.counts, Counts::default(), "{key}");
        assert!(manifest.parts.is_empty() && manifest.rejects.is_empty(), "{key}");
        assert!(self.stored(&version).await == body, "{key} is not what was sent");
        let begun = Instant::now();
        loop {
            let shown = self.store.set_aside(health.0, health.1, 100).await.unwrap();
            let id = SourceId::of(&version.bucket, &version.key, &version.version_id);
            let shown = shown.into_iter().find(|shown| shown.source_id == id.as_str());
            let said = shown.map(|shown| shown.detail).unwrap_or_default();
            if words.iter().all(|word| said.contains(word)) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{key}: {said} lacks some of {words:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let shown = done(self.directory.path(), &["feed", "show", "--data", "data"]);
        assert!(shown.contains(key) && shown.contains(words[0]), "{key}: {shown}");
    }

    /// Puts a file that is to be read, and returns its account.
    async fn read(&self, key: &str, body: &[u8]) -> Manifest {
        let version = self.put(key, body).await;
        let manifest = self.manifest(&version).await;
        assert!(manifest.is_complete(), "{key}: {:?}", manifest.outcome);
        assert!(self.stored(&version).await == body, "{key} is not what was sent");
        manifest
    }

    /// The same school's good file is read, and all of it balances.
    async fn end(self, quarantined: u64) {
        let good: String = (0..NEIGHBOUR).map(|n| line(&format!("http://example.org/{n}"))).collect();
        let manifest = self.read("oak/web/neighbour.log", good.as_bytes()).await;
        assert_eq!(manifest.counts, Counts { lines: NEIGHBOUR, events: NEIGHBOUR, ..Counts::default() });
        let report = verified(self.directory.path());
        assert_eq!(report["quarantined"], quarantined, "{report}");
        self.up.stop();
    }
}

/// A line of Squid's from a minute ago.
fn line(url: &str) -> String {
    at(jiff::Timestamp::now().as_second() - 60, url)
}

fn at(second: i64, url: &str) -> String {
    format!(
        "{second}.120     87 10.20.1.15 TCP_MISS/200 18233 GET {url} pat HIER_DIRECT/192.0.2.7 text/html\n"
    )
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::default());
    zip.write_all(text).unwrap();
    zip.finish().unwrap()
}

const OAK: (&str, &str) = ("oak", "web");
const NOWHERE: (&str, &str) = (keys::UNROUTABLE, keys::UNROUTABLE);

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_set_aside_with_what_to_do() {
    let system = System::start().await;
    let text: String = (0..2_000).map(|n| line(&format!("http://example.org/{n}"))).collect();
    let whole = gzip(text.as_bytes());
    let half = &whole[..whole.len() / 2];
    system
        .set_aside("oak/web/half.log.gz", half, OAK, &["damaged", "ends early", "send it again whole"])
        .await;
    system
        .set_aside(
            "oak/web/head.log.gz",
            &[0x1f],
            OAK,
            &["damaged", "header of the compressed data ends early"],
        )
        .await;
    let mut garbage = whole.clone();
    garbage.extend_from_slice(b"and more");
    system.set_aside("oak/web/more.log.gz", &garbage, OAK, &["damaged", "something that is not gzip"]).await;
    let mut flipped = whole.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    system.set_aside("oak/web/flipped.log.gz", &flipped, OAK, &["damaged"]).await;
    // The same key again, whole this time: nothing of the half was delivered, so that nothing is a repeat.
    let again = system.read("oak/web/half.log.gz", &whole).await;
    assert_eq!(again.counts, Counts { lines: 2_000, events: 2_000, ..Counts::default() });
    // All four are on the feed, and the one that was sent again since asks for nothing more.
    let shown = done(system.directory.path(), &["feed", "show", "--data", "data"]);
    let told: Vec<(&str, &str)> = shown
        .lines()
        .zip(shown.lines().skip(1))
        .filter_map(|(file, what)| Some((file.strip_prefix("  set aside    ")?, what.trim())))
        .collect();
    assert_eq!(told.len(), 4, "{shown}");
    for (file, what) in told {
        let again = file.starts_with("oak/web/half.log.gz ");
        assert_eq!(what == "sent again since, and read", again, "{shown}");
        assert_eq!(what.starts_with("damaged: "), !again, "{shown}");
    }
    system.end(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_of_the_wrong_format_says_how_to_find_the_right_one() {
    let system = System::start().await;
    let (here, feed) = (system.directory.path(), ["--data", "data", "--school", "oak", "--feed", "web"]);
    let set = |format| done(here, &[&["feed", "set"][..], &feed, &["--format", format]].concat());
    set("fortinet");
    let good = line("http://example.org/");
    let manifest = system.read("oak/web/a.log", good.as_bytes()).await;
    assert_eq!((manifest.counts.events, manifest.counts.rejects), (0, 1));
    let begun = Instant::now();
    while !done(here, &["feed", "show", "--data", "data"])
        .contains("`trustwatch sniff FILE` finds the format")
    {
        assert!(begun.elapsed() < PATIENCE, "nothing is said of the format");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let said = set("squid");
    assert!(said.contains("Changed: format `fortinet` -> `squid`."), "{said}");
    assert!(!set("squid").contains("Changed"), "nothing changed");
    system.up.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_set_aside_in_little_memory() {
    let system = System::start().await;
    let before = system.up.peak_bytes();
    // A megabyte that would be a gigabyte of zeros.
    let bomb = gzip(&vec![0; 64 << 20]).repeat(16);
    assert!((1 << 19..1 << 21).contains(&bomb.len()), "{}", bomb.len());
    system
        .set_aside("oak/web/bomb.gz", &bomb, OAK, &["expansion", "this is not a log", "check what was"])
        .await;
    // A billion empty lines, in members that are each innocent.
    let members = gzip(&vec![b'\n'; 15 << 20]).repeat(64);
    system.set_aside("oak/web/lines.gz", &members, OAK, &["expansion", "this is not a log"]).await;
    let peak = system.up.peak_bytes();
    println!("peak {} MiB, {} MiB before the bombs", peak >> 20, before >> 20);
    assert!(peak < MEMORY_MAX, "{} MiB", peak >> 20);
    system.end(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_used_are_named() {
    let system = System::start().await;
    let config = system.store.names().config.clone();
    let settings = [
        ("elm", "feeds:\n  web:\n    format: abacus\n"),
        ("fir", "feeds:\n  web:\n    format: squid\n    zone: Mars/Base\n"),
        ("ash", "feeds:\n  web: [\n"),
    ];
    for (school, yaml) in settings {
        let key = format!("schools/{school}.yaml");
        system.store.put_new(&config, &key, yaml.into()).await.unwrap();
    }
    let good = line("http://example.org/");
    let good = good.as_bytes();
    let words = ["unknown_format", "`abacus` is not known", "`trustwatch formats` lists"];
    system.set_aside("elm/web/a.log", good, ("elm", "web"), &words).await;
    system.set_aside("fir/web/a.log", good, ("fir", "web"), &["bad_settings", "zone `Mars/Base`"]).await;
    system
        .set_aside("ash/web/a.log", good, ("ash", "web"), &["bad_settings", "cannot be read", "line 2"])
        .await;
    let words = ["unknown_feed", "register it with `trustwatch feed set`"];
    system.set_aside("oak/wep/a.log", good, ("oak", "wep"), &words).await;
    let words = ["unknown_school", "`trustwatch feed set`", "send the file again"];
    system.set_aside("yew/web/a.log", good, NOWHERE, &words).await;
    // A command that would have to guess what the file was meant to say leaves it alone.
    let set = ["feed", "set", "--data", "data", "--school", "ash", "--feed", "web", "--format", "squid"];
    let said = common::run(system.directory.path(), &set);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("`schools/ash.yaml`"), "{said:?}");
    system.end(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_keys_are_read_and_dangerous_ones_set_aside() {
    let system = System::start().await;
    let good = line("http://example.org/");
    let good = good.as_bytes();
    let words = ["bad_key", "`..`", "upload to `<school>/<feed>/<name>`"];
    system.set_aside("oak/web/../../yew/web/a.log", good, NOWHERE, &words).await;
    system.set_aside("oak/web//a.log", good, NOWHERE, &["bad_key", "empty segment"]).await;
    system.set_aside("oak/web/", b"", NOWHERE, &["bad_key", "trailing slash"]).await;
    system.set_aside("/oak/web/a.log", good, NOWHERE, &["bad_key", "leading"]).await;
    system.set_aside("access.log", good, NOWHERE, &["bad_key", "1 segment(s)"]).await;
    system.set_aside("Oak/web/a.log", good, NOWHERE, &["bad_key", "`Oak` is not a school id"]).await;
    let long = format!("oak/web/{}", "x".repeat(1_016));
    assert_eq!(long.len(), 1_024);
    for key in [
        long.as_str(),
        "oak/web/a+b.log",
        "oak/web/100%.log",
        "oak/web/a%2Fb%20c.log",
        "oak/web/caf\u{e9}.log",
        "oak/web/a b.log",
        "oak/web/a&b=<c>\"d'.log",
        // What XML cannot carry, and a listing therefore must not try to.
        "oak/web/a\u{1}b.log",
        "oak/web/a\nb.log",
    ] {
        assert_eq!(system.read(key, good).await.counts.events, 1, "{key}");
    }
    system.end(6).await;
}

/// One line a day in turn would make a file of each line: that is no log, and one upload must not keep a queue busy.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_jump_between_days_without_end_are_set_aside() {
    let system = System::start().await;
    let now = jiff::Timestamp::now().as_second();
    let jumping: String =
        (0..1_100).map(|n| at(now - 86_400 * (n % 4) - 60, &format!("http://example.org/{n}"))).collect();
    let words = ["scattered", "sort the file by time"];
    system.set_aside("oak/web/jumping.log", jumping.as_bytes(), ("oak", "web"), &words).await;
    system.end(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_none_have_their_place() {
    let system = System::start().await;
    let one = line("http://example.org/one");
    let two = line("http://example.org/two");
    let reasons = |manifest: &Manifest| {
        let named = manifest.rejects_by_reason.iter();
        named.map(|(reason, count)| (reason.as_str(), *count)).collect::<Vec<_>>()
    };
    let events = |lines: u64| Counts { lines, events: lines, ..Counts::default() };

    let mut noise = vec![0_u8; 1 << 20];
    rand::rngs::StdRng::seed_from_u64(9).fill(noise.as_mut_slice());
    let manifest = system.read("oak/web/noise.bin", &noise).await;
    let counts = manifest.counts;
    assert!(counts.balances() && counts.lines > 1_000 && counts.events == 0, "{counts:?}");
    // By chance a line of noise is empty, or begins with the `#` of a comment.
    let SkipCounts { blank, comment, .. } = counts.skipped;
    assert_eq!(counts.skipped, SkipCounts { blank, comment, ..SkipCounts::default() });
    assert!(counts.rejects > counts.lines * 9 / 10, "{counts:?}");

    let long = [one.as_bytes(), &vec![b'x'; 10 << 20], b"\n", two.as_bytes()].concat();
    let manifest = system.read("oak/web/long.log", &long).await;
    assert_eq!(manifest.counts, Counts { lines: 3, events: 2, rejects: 1, ..Counts::default() });
    assert_eq!(reasons(&manifest), [("too_long", 1)]);
    assert!(manifest.rejects[0].bytes < 64 << 10, "the whole line is in the raw object alone");

    assert_eq!(system.read("oak/web/empty.log", b"").await.counts, Counts::default());
    assert_eq!(system.read("oak/web/empty.log.gz", &gzip(b"")).await.counts, Counts::default());

    let clocks =
        [at(812, "http://example.org/"), at(4_070_908_800, "http://example.org/"), one.clone()].concat();
    let manifest = system.read("oak/web/clocks.log", clocks.as_bytes()).await;
    assert_eq!(manifest.counts, Counts { lines: 3, events: 1, rejects: 2, ..Counts::default() });
    assert_eq!(reasons(&manifest), [("too_old", 1), ("in_future", 1)]);

    let nuls = [one.as_bytes(), &[0; 4_096], b"\n", two.as_bytes()].concat();
    let manifest = system.read("oak/web/nuls.log", &nuls).await;
    // What a disk holds where a machine lost power: nothing was written there.
    let skipped = SkipCounts { blank: 1, ..SkipCounts::default() };
    assert_eq!(manifest.counts, Counts { lines: 3, events: 2, skipped, ..Counts::default() });

    let marked = [b"\xef\xbb\xbf", one.as_bytes(), two.as_bytes()].concat();
    assert_eq!(system.read("oak/web/marked.log", &marked).await.counts, events(2));
    let returns = [&one, &two].map(|line| line.replace('\n', "\r\n")).concat();
    assert_eq!(system.read("oak/web/returns.log", returns.as_bytes()).await.counts, events(2));

    let open = [&one, two.trim_end()].concat();
    let manifest = system.read("oak/web/open.log", open.as_bytes()).await;
    assert_eq!(manifest.counts, Counts { lines: 2, events: 1, held: 1, ..Counts::default() });
    // The rest arrives: the first line is a repeat, and the second counts once.
    let manifest = system.read("oak/web/open.log", [one, two].concat().as_bytes()).await;
    let skipped = SkipCounts { repeat: 1, ..SkipCounts::default() };
    assert_eq!(manifest.counts, Counts { lines: 2, events: 1, skipped, ..Counts::default() });
    system.end(0).await;
}
