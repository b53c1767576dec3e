//! The fences of ARCHITECTURE.md: which crate may depend on which, what the faces may reach, and what may stand in no file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// The crates of the workspace, each with those that it depends on. A new crate needs a row.
const CRATES: [(&str, &[&str]); 6] = [
    ("keybearer", &["keybearer-api", "keybearer-core", "keybearer-store"]),
    ("keybearer-api", &[]),
    ("keybearer-bench", &["keybearer", "keybearer-api", "keybearer-core", "keybearer-store"]),
    ("keybearer-chaos", &["keybearer-api"]),
    ("keybearer-core", &[]),
    ("keybearer-store", &["keybearer-core"]),
];

/// All that the rules are made of: texts, hashes, ids and errors. Nothing here waits, reads a file or speaks to a network.
const CORE: [&str; 10] =
    ["caseless", "crc32fast", "hmac", "serde", "sha2", "subtle", "thiserror", "unicode-normalization", "uuid", "zeroize"];

/// What only the store may name, whichever of them it does; and the benchmark, which measures the store beside the bare driver.
const DRIVERS: [&str; 9] =
    ["rusqlite", "libsqlite3-sys", "tokio-postgres", "postgres", "deadpool-postgres", "sqlx", "diesel", "sea-orm", "redis"];

/// The faces, and where in the server's sources each has its files: `name.rs` and `name/`.
const FACES: [(&str, &[&str]); 5] = [
    ("native", &["http/native"]),
    ("freesewing", &["http/freesewing"]),
    ("catena", &["http/catena", "catena"]),
    ("dashboard", &["http/dashboard"]),
    ("gate", &["http/gate"]),
];

/// How a face would reach past the operations, without white space.
const SHORTCUTS: [&str; 5] = ["rusqlite", "crate::index", "app.index", "app.store", "dynStore"];

/// The faces' shortcuts of today: types in which an operation answers. The list may only become shorter.
const TAKEN: [(&str, &str); 0] = [];

/// The most lines of a Rust file.
const LONGEST: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn crates() -> Vec<Package> {
    let manifest = root().join("Cargo.toml");
    let locked = ["--locked".to_owned(), "--offline".to_owned()];
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(locked).exec().unwrap().packages
}

/// The dependencies of a crate, of every kind, by the name under which they are published.
fn dependencies(package: &Package) -> BTreeSet<&str> {
    package.dependencies.iter().map(|dependency| dependency.name.as_str()).collect()
}

#[test]
fn the_crates_depend_on_each_other_as_drawn() {
    let packages = crates();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(names, CRATES.iter().map(|(name, _)| *name).collect());
    for package in &packages {
        let (_, drawn) = CRATES.iter().find(|(name, _)| *name == package.name.as_str()).unwrap();
        let found: BTreeSet<&str> = dependencies(package).intersection(&names).copied().collect();
        assert_eq!(found, drawn.iter().copied().collect(), "{}", package.name);
    }
}

#[test]
fn the_rules_depend_on_nothing_that_waits_or_speaks() {
    let packages = crates();
    let core = packages.iter().find(|package| package.name.as_str() == "keybearer-core").unwrap();
    let of = |wanted: &[DependencyKind]| -> BTreeSet<&str> {
        core.dependencies.iter().filter(|one| wanted.contains(&one.kind)).map(|one| one.name.as_str()).collect()
    };
    assert_eq!(of(&[DependencyKind::Normal, DependencyKind::Build]), BTreeSet::from(CORE));
    assert_eq!(of(&[DependencyKind::Development]), BTreeSet::from(["proptest", "stateright"]));
}

#[test]
fn only_the_store_and_the_benchmark_name_a_database_driver() {
    for package in &crates() {
        let found: Vec<&str> = dependencies(package).into_iter().filter(|name| DRIVERS.contains(name)).collect();
        let may = ["keybearer-store", "keybearer-bench"].contains(&package.name.as_str());
        assert_eq!(may, !found.is_empty(), "{}: {found:?}", package.name);
    }
}

/// A source file of the server: its path below `src`, and its text without comments.
struct Source {
    path: String,
    code: String,
}

impl Source {
    /// Whether a word stands in the code as a whole.
    fn has_word(&self, word: &str) -> bool {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|one| one == word)
    }

    /// Whether a module of this name stands in a path. The rules have one that is called as a face is.
    fn names(&self, module: &str) -> bool {
        let code: String = self.code.split_whitespace().collect();
        code.match_indices(module).any(|(at, _)| {
            let (before, after) = (&code[..at], &code[at + module.len()..]);
            let is_part = |side: Option<char>| side.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let is_whole = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
            is_whole && (before.ends_with("::") || after.starts_with("::")) && !before.ends_with("keybearer_core::")
        })
    }

    /// Whether a text stands in the code, however it is broken into lines.
    fn has(&self, text: &str) -> bool {
        self.code.split_whitespace().collect::<String>().contains(text)
    }
}

/// The files of a module: `name.rs` and all below `name/`.
fn module(name: &str) -> Vec<Source> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    gather(&sources.join(name), &mut files);
    files.push(sources.join(format!("{name}.rs")));
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).ok()?;
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Some(Source { path: file.strip_prefix(&sources).unwrap().to_str().unwrap().to_owned(), code })
    };
    files.into_iter().filter_map(read).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn face(places: &[&str]) -> Vec<Source> {
    let sources: Vec<Source> = places.iter().flat_map(|place| module(place)).collect();
    assert!(!sources.is_empty(), "no files in {places:?}: has the face moved?");
    sources
}

#[test]
fn no_face_knows_another() {
    for (name, places) in FACES {
        for source in face(places) {
            for (other, _) in FACES.iter().filter(|(other, _)| *other != name) {
                assert!(!source.names(other), "{} of the face {name} names the face {other}", source.path);
            }
        }
    }
}

#[test]
fn faces_reach_store_and_index_through_operations() {
    let mut found = BTreeSet::new();
    for source in FACES.iter().flat_map(|(_, places)| face(places)) {
        for shortcut in SHORTCUTS.into_iter().filter(|shortcut| source.has(shortcut)) {
            found.insert((source.path.clone(), shortcut));
        }
    }
    let taken: BTreeSet<_> = TAKEN.into_iter().map(|(path, shortcut)| (path.to_owned(), shortcut)).collect();
    let new: Vec<_> = found.difference(&taken).collect();
    assert!(new.is_empty(), "these belong into an operation: {new:?}");
    let stale: Vec<_> = taken.difference(&found).collect();
    assert!(stale.is_empty(), "well done; now take these off the list: {stale:?}");
}

#[test]
fn operations_and_index_know_no_http() {
    for source in ["ops", "index"].into_iter().flat_map(module) {
        for word in ["axum", "http", "tonic"] {
            assert!(!source.has_word(word), "{} names {word}", source.path);
        }
    }
}

#[test]
fn the_commands_that_ask_a_server_know_nothing_of_its_inside() {
    for source in module("cli/remote") {
        let code: String = source.code.split_whitespace().collect();
        for named in code.split("crate::").skip(1) {
            let known = ["cli", "clock", "config"].iter().any(|place| named.starts_with(place));
            assert!(known, "{} names crate::{}", source.path, named.chars().take(30).collect::<String>());
        }
        assert!(!source.has_word("keybearer_core") && !source.has_word("keybearer_store"), "{}", source.path);
    }
}

/// All files under version control, by their paths from the root.
fn tracked() -> Vec<String> {
    // The repository may belong to somebody else than the tests run as.
    let git = Command::new("git").args(["-c", "safe.directory=*", "ls-files", "-z"]).current_dir(root()).output();
    let listed = git.expect("git is installed");
    assert!(listed.status.success(), "this is no clone: {}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8(listed.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn nothing_is_put_off_and_no_file_is_too_long() {
    // Put together here, so that this file does not find itself.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["todo", "!"]].map(|halves| halves.concat());
    let files = tracked();
    assert!(files.iter().any(|file| file == "Cargo.toml"), "the list has no Cargo.toml: {files:?}");
    let mut wrong = Vec::new();
    for file in files {
        // Deleted, but not yet committed.
        let Ok(bytes) = fs::read(root().join(&file)) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                wrong.push(format!("{file}:{} puts something off", number + 1));
            }
        }
        let lines = text.lines().count();
        if file.ends_with(".rs") && lines > LONGEST {
            wrong.push(format!("{file} has {lines} lines, more than {LONGEST}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
