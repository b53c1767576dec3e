//! An import that is killed: what is there is sound, and the next one completes it.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::{PROGRAM, Run};

use super::*;

/// More than the store commits at once.
const FIRST: usize = 21_000;
const ALL: usize = 25_000;

fn account(number: usize) -> String {
    let (id, name) = (number + 1, format!("user {number}"));
    format!(r#"{{"type":"account","id":{id},"username":"{name}","role":"user","created_at":"2024-01-01T00:00:00Z"}}"#)
}

#[test]
fn an_import_that_is_killed_is_completed_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = (dir.path().join("data"), dir.path().join("accounts.jsonl"));
    let lines: Vec<String> = (0..ALL).map(account).collect();
    fs::write(&file, lines.join("\n")).unwrap();
    // It waits for the rest of its lines when it is killed.
    let mut process = Command::new(PROGRAM);
    process.env_clear().env("KEYBEARER_DATA_DIR", &data).args(["import", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut process = process.stderr(Stdio::null()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    input.write_all(lines[..FIRST].join("\n").as_bytes()).unwrap();
    input.flush().unwrap();
    let count = || {
        let told = Run::on(&data, ["export", "--force", dir.path().join("now.jsonl").to_str().unwrap()]).done();
        let text = fs::read_to_string(dir.path().join("now.jsonl")).unwrap_or_default();
        if told.code == 0 { text.lines().count() - 2 } else { 0 }
    };
    let committed = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        Some(count()).filter(|count| *count > 0)
    });
    let committed = committed.expect("a part is committed before the end");
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success());
    let left = count();
    assert!(committed <= left && left < FIRST && left.is_multiple_of(10_000), "{committed} and then {left}");

    let done = import(&data, &file, &["--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let told = summary(&done);
    assert_eq!((told["present"].as_u64(), told["imported"].as_u64()), (Some(left as u64), Some((ALL - left) as u64)));
    assert_eq!(count(), ALL);
    let told = Run::on(&data, ["doctor"]).done();
    assert!(!told.out.contains("damaged"), "{told:?}");
}
