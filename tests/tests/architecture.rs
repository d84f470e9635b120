//! The house rules that a compiler does not know: which crate may know which, what pure crates keep away from, how
//! long a file may be, and what has no place in a repository.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that read no clock, environment, disk or network.
const PURE: [&str; 6] = ["model", "formats", "lake", "policy", "casework", "access"];
const LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

/// The word that the rules call a crate by.
fn word(package: &Package) -> &str {
    package.name.strip_prefix("trustwatch-").unwrap()
}

/// Dependencies of the code itself; tests may use more.
fn dependencies(package: &Package) -> BTreeSet<&str> {
    let built =
        package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    built.map(|dependency| dependency.name.as_str()).collect()
}

fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    assert!(listed.status.success(), "these tests read the files that git tracks");
    let names = String::from_utf8(listed.stdout).unwrap();
    // A file that was deleted and not yet committed is listed still.
    names
        .split('\0')
        .filter(|name| !name.is_empty() && root().join(name).is_file())
        .map(PathBuf::from)
        .collect()
}

fn text(file: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(root().join(file)).unwrap()).into_owned()
}

/// Which of our crates each may build on.
fn may_know(crate_word: &str) -> &'static [&'static str] {
    match crate_word {
        "model" => &[],
        "formats" | "lake" | "policy" | "casework" | "access" | "store" => &["model"],
        "pipeline" => &["model", "formats", "lake", "policy", "casework", "access", "store"],
        "runtime" => &["model", "store", "pipeline"],
        "normalise" | "classify" | "compact" => &["model", "store", "pipeline", "runtime"],
        "api" => &["model", "casework", "access", "pipeline", "runtime"],
        "bootstrap" => &["store", "pipeline", "runtime", "normalise", "classify", "compact", "api"],
        "local" => &[
            "model",
            "formats",
            "lake",
            "policy",
            "casework",
            "access",
            "store",
            "pipeline",
            "runtime",
            "normalise",
            "classify",
            "compact",
            "api",
        ],
        "tests" => &[
            "model",
            "formats",
            "lake",
            "policy",
            "casework",
            "access",
            "store",
            "pipeline",
            "runtime",
            "normalise",
            "classify",
            "compact",
            "api",
            "local",
        ],
        other => panic!("`{other}` is a new crate: say here what it may know"),
    }
}

#[test]
fn imports_point_one_way() {
    for package in metadata().workspace_packages() {
        let allowed = may_know(word(package));
        for ours in dependencies(package).into_iter().filter_map(|name| name.strip_prefix("trustwatch-")) {
            assert!(allowed.contains(&ours), "`{}` may not know `{ours}`", word(package));
        }
    }
}

#[test]
fn few_crates_know_the_outside() {
    let only = |prefixes: &[&str], allowed: &[&str]| {
        let mut known_by = BTreeSet::new();
        for package in metadata().workspace_packages() {
            for name in dependencies(package) {
                if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
                    assert!(allowed.contains(&word(package)), "`{}` may not know `{name}`", word(package));
                    known_by.insert(word(package).to_owned());
                }
            }
        }
        // A rule about a name that nobody has any more would hold for ever.
        assert!(!known_by.is_empty(), "nobody knows {prefixes:?}");
    };
    only(&["arrow"], &["lake", "policy", "tests"]);
    only(&["parquet"], &["lake", "tests"]);
    only(&["aws-sdk-", "aws-config"], &["store", "tests"]);
    only(
        &["lambda_", "aws_lambda_events"],
        &["runtime", "normalise", "classify", "compact", "api", "bootstrap", "local"],
    );
    only(&["rusqlite", "dynoxide", "s3s"], &["local"]);
    only(&["cedar-policy"], &["access"]);
    only(&["tokio"], &["store", "pipeline", "bootstrap", "local", "tests"]);
    only(&["anyhow"], &["local"]);
}

#[test]
fn pure_crates_know_no_clock_environment_disk_or_network() {
    let forbidden = [
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "std::env",
        "std::fs",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "std::process",
        "tokio",
        "rand::",
    ];
    let mut read = 0;
    for file in tracked() {
        let path = file.to_str().unwrap();
        let pure = PURE.iter().any(|name| path.starts_with(&format!("shared/{name}/src/")));
        if !pure || !path.ends_with(".rs") || path.ends_with("/tests.rs") {
            continue;
        }
        let whole = text(&file);
        // Unit tests stand at the end of a file.
        let code = whole.split("#[cfg(test)]").next().unwrap();
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (line, word) in code.flat_map(|line| forbidden.map(|word| (line, word))) {
            assert!(!line.contains(word), "{path} knows `{word}`: {line}");
        }
        read += 1;
    }
    assert!(read > 20, "{read} files read");
}

#[test]
fn every_crate_follows_the_lints() {
    for package in metadata().workspace_packages() {
        let manifest: String = std::fs::read_to_string(&package.manifest_path).unwrap();
        let follows = manifest.contains("[lints]\nworkspace = true");
        // The crate of tests has its own, because it is tests and nothing else.
        assert!(follows != (word(package) == "tests"), "`{}`", word(package));
        assert_eq!(package.publish.as_deref(), Some(&[][..]), "`{}` is not for a registry", word(package));
    }
}

#[test]
fn no_file_has_grown_past_a_second_idea() {
    for file in
        tracked().into_iter().filter(|file| file.extension().is_some_and(|end| end == "rs" || end == "py"))
    {
        let lines = text(&file).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", file.display());
    }
}

#[test]
fn the_repository_names_no_machine() {
    // In pieces, so that this file does not name them.
    let paths = ["work", "home", "root", "Users"].map(|top| format!("/{top}/"));
    let hosts = ["artifact", "nexus", "mirror", "proxy"].map(|word| format!("registry+https://{word}"));
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    for file in tracked() {
        let whole = text(&file);
        let logs = file.starts_with("events");
        for line in whole.lines() {
            let named = paths.iter().find(|path| !logs && begins_path(line, path));
            assert!(named.is_none(), "{} names a machine's path: {line}", file.display());
            assert!(!hosts.iter().any(|host| line.contains(host)), "{}: {line}", file.display());
            if file.ends_with("Cargo.lock") && line.starts_with("source = ") {
                assert_eq!(line, format!("source = \"{index}\""));
            }
        }
    }
}

/// Whether an absolute path of this kind begins somewhere: not inside a longer path or an address.
fn begins_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| before.is_whitespace() || "\"'`=:(,".contains(before))
    })
}

/// `make mutants` takes its time; that a patch has gone stale shows at once.
#[test]
fn every_mutant_still_applies_and_names_its_test() {
    let folder = root().join("tests/mutants");
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let patches: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|end| end == "patch")).collect();
    assert!(patches.len() > 20, "{patches:?}");
    for patch in patches {
        let checked =
            Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(root()).output().unwrap();
        assert!(
            checked.status.success(),
            "{}: {}",
            patch.display(),
            String::from_utf8_lossy(&checked.stderr)
        );
        let text = std::fs::read_to_string(&patch).unwrap();
        let test = text.lines().next().and_then(|line| line.strip_prefix("# test: ")).unwrap_or_default();
        let (binary, name) = test.split_once(' ').unwrap_or_default();
        let function = name.rsplit("::").next().unwrap_or_default();
        let mut sources = tracked().into_iter().filter(|file| {
            file.iter().any(|part| part == "tests") && file.extension().is_some_and(|end| end == "rs")
        });
        assert!(
            !binary.is_empty() && sources.any(|file| self::text(&file).contains(function)),
            "{test} is no test"
        );
    }
}
