//! The documents say what is so: the README's commands are run as they stand, and its tables and links are held to what they speak of.
//!
//! What is fenced as `sh` is run, block after block, in one bash. What is fenced as `text` must be found, in its order, in what the block
//! before it printed; `…` stands for anything. Three texts are replaced: `cargo run --release` by the binary under test with a free port,
//! the address of the README by the one that this printed, and the placeholder of the setup link by the link that it printed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use keybearer::cli::Exit;
use keybearer::config::SETTINGS;
use keybearer_core::role::Level;
use tempfile::TempDir;

/// How the README starts the server.
const START: &str = "cargo run --release";
/// Where the README expects the server.
const ADDRESS: &str = "127.0.0.1:5000";
/// What the README's reader replaces by the link that the server printed.
const LINK: &str = "http://127.0.0.1:5000/setup/...";
/// What the README's reader types when asked.
const PASSWORD: &str = "four random words do well";
/// Documents whose links and paths are checked.
const DOCUMENTS: [&str; 5] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The part of a document below a heading, up to the next of its rank.
fn below<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading:?}"));
    rest.split("\n## ").next().unwrap()
}

/// A block of commands, and the lines that it must print.
struct Step {
    commands: String,
    printed: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<String> = lines.by_ref().take_while(|line| *line != "```").map(str::to_owned).collect();
        match (language, steps.last_mut()) {
            ("sh", _) => steps.push(Step { commands: block.join("\n"), printed: Vec::new() }),
            ("text", Some(step)) => step.printed = block,
            _ => panic!("a block of {language:?} that is neither run nor compared"),
        }
    }
    steps
}

/// Whether the lines stand in the output in their order, each `…` for anything.
#[track_caller]
fn assert_printed(step: &Step, output: &str) {
    let mut rest = output;
    for part in step.printed.iter().flat_map(|line| line.split('…')) {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("the README says that this is printed:\n  {part}\nby:\n{}\nwhich printed:\n{output}", step.commands);
        };
        rest = after;
    }
}

/// A bash in an empty directory, with nothing of our environment that could change what commands do.
fn bash(dir: &TempDir, commands: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", commands]).current_dir(dir.path()).stdin(Stdio::null());
    bash.env_clear().env("HOME", dir.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    bash
}

/// The server as the README starts it, and what it printed before it was ready. Ends with the test.
struct Started {
    process: Child,
    printed: String,
}

impl Started {
    fn by(step: &Step, dir: &TempDir) -> Self {
        assert_eq!(step.commands, START);
        let binary = env!("CARGO_BIN_EXE_keybearer");
        // `exec`, so that the process that we end is the server.
        let commands = step.commands.replace(START, &format!("exec '{binary}' --listen 127.0.0.1:0"));
        let log = File::create(dir.path().join("log")).unwrap();
        let mut process = bash(dir, &commands).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut started = Self { process, printed: String::new() };
        while !started.printed.contains(" listening on ") {
            let Some(line) = lines.next() else {
                panic!("the server did not start: {}{}", started.printed, fs::read_to_string(dir.path().join("log")).unwrap());
            };
            started.printed += &line;
            started.printed.push('\n');
        }
        started
    }

    /// The rest of the line after these words.
    fn told(&self, words: &str) -> &str {
        self.printed.lines().find_map(|line| line.split_once(words)).unwrap().1
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // By its process id, and only this one.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn the_first_minute_the_three_faces_and_the_command_line_run_as_they_stand() {
    let readme = document("README.md");
    let mut steps = steps(below(&readme, "A first key in a minute")).into_iter();
    let start = steps.next().unwrap();
    let further = ["Three faces", "Command line"].into_iter().flat_map(|heading| self::steps(below(&readme, heading)));
    let steps: Vec<Step> = steps.chain(further).collect();

    let dir = tempfile::tempdir().unwrap();
    let server = Started::by(&start, &dir);
    let address = server.told(" listening on http://").to_owned();
    assert_printed(&start, &server.printed.replace(&address, ADDRESS));

    let mut script = "exec 2>&1\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        script += &format!("{}\necho '=== {number}'\n", step.commands);
    }
    assert_eq!(script.matches(LINK).count(), 1, "the reader puts the link in one place");
    let script = script.replace(LINK, server.told("30 minutes): ")).replace(ADDRESS, &address);
    let typed = dir.path().join("typed");
    fs::write(&typed, format!("{PASSWORD}\n")).unwrap();
    let mut bash = bash(&dir, &script);
    let binary = Path::new(env!("CARGO_BIN_EXE_keybearer")).parent().unwrap();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(binary.to_owned()).chain(std::env::split_paths(&others))).unwrap();
    bash.env("PATH", path).env("KEYBEARER_URL", format!("http://{address}")).stdin(File::open(typed).unwrap());
    let done = bash.output().unwrap();
    let output = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{}: {output}", done.status);

    let mut rest = output.as_str();
    for (number, step) in steps.iter().enumerate() {
        let (printed, after) = rest.split_once(&format!("=== {number}\n")).unwrap();
        assert_printed(step, printed);
        rest = after;
    }
    // The README must not stop telling of these.
    let promised = steps.iter().flat_map(|step| &step.printed).map(String::as_str).collect::<String>();
    for promise in
        [r#""valid":true"#, "INSUFFICIENT_PERMISSIONS", "204", "REVOKED", "credential_revoked", r#""result":"success""#, r#""policies""#]
    {
        assert!(promised.contains(promise), "the README no longer shows {promise}");
    }
}

#[test]
fn the_tables_say_what_the_code_says() {
    let readme = document("README.md");
    let rows = |heading| -> Vec<&str> { below(&readme, heading).lines().filter(|line| line.starts_with('|')).skip(2).collect() };
    let settings = SETTINGS.iter().map(|setting| match setting.default {
        Some(default) => format!("| `{}` | `{default}` | {} |", setting.name, setting.help),
        None => format!("| `{}` | | {} |", setting.name, setting.help),
    });
    assert_eq!(rows("Settings"), settings.collect::<Vec<_>>());
    let levels = Level::all().map(|level| format!("| {level} | {} |", level.meaning()));
    assert_eq!(rows("Levels"), levels.collect::<Vec<_>>());
    let codes = Exit::ALL.map(|exit| format!("| {} | {} |", exit.code(), exit.meaning()));
    assert_eq!(rows("Command line"), codes);
}

#[test]
fn every_link_and_path_leads_somewhere() {
    for name in DOCUMENTS {
        let text = document(name);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"));
        let spans = text.split('`').skip(1).step_by(2).filter(|span| ["crates/", "scripts/"].iter().any(|start| span.starts_with(start)));
        for path in links.chain(spans) {
            assert!(root().join(path).exists(), "{name} names {path}, which is not there");
        }
    }
}
