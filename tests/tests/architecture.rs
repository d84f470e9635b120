//! The house rules that a compiler does not know: which crate may know which, what pure crates keep away from, how
//! long a file may be, and what has no place in a repository.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

/// The repository's files: all but what `.gitignore` names, also where there is no git.
fn tracked() -> Vec<PathBuf> {
    let root = root();
    let walk = ignore::WalkBuilder::new(&root)
        .hidden(false)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build();
    let files = walk.map(Result::unwrap).filter(|entry| entry.file_type().is_some_and(|it| it.is_file()));
    let files: Vec<PathBuf> = files.map(|file| file.path().strip_prefix(&root).unwrap().to_owned()).collect();
    assert!(files.len() > 200 && !files.iter().any(|file| file.starts_with("target")), "{}", files.len());
    files
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
        let code = without_tests(&text(&file));
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (line, word) in code.flat_map(|line| forbidden.map(|word| (line, word))) {
            assert!(!line.contains(word), "{path} knows `{word}`: {line}");
        }
        read += 1;
    }
    assert!(read > 20, "{read} files read");
}

/// A file without the items that stand below `#[cfg(test)]`, wherever they stand.
fn without_tests(whole: &str) -> String {
    let mut kept = String::new();
    let mut lines = whole.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let item = lines.by_ref().find(|line| !line.trim_start().starts_with("#[")).unwrap();
        if !item.trim_end().ends_with([';', '}']) {
            // As rustfmt writes it, the item ends where a brace stands below its first letter.
            lines.by_ref().find(|line| *line == format!("{indent}}}")).unwrap();
        }
    }
    kept
}

#[test]
fn what_stands_behind_a_test_is_looked_at() {
    let file = "one\n#[cfg(test)]\nmod tests;\ntwo\n    #[cfg(test)]\n    #[must_use]\n    fn a() {\n        b\n    }\n\
                three\n#[cfg(test)]\nmod tests {\n    c\n}\nfour\n";
    assert_eq!(without_tests(file), "one\ntwo\nthree\nfour\n");
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
        let text = std::fs::read_to_string(&patch).unwrap();
        let diff = diffy::Patch::from_str(&text).unwrap();
        let file = Path::new(diff.original().unwrap().strip_prefix("a/").unwrap());
        let whole = self::text(file);
        let mutant = diffy::apply(&whole, &diff);
        assert!(mutant.is_ok_and(|mutant| mutant != whole), "{} does not apply", patch.display());
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
