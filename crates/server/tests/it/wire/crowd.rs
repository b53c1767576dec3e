//! How many may come at once.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::raw::{GOOD, HEADER, Raw, Watched, hurried};
use crate::support::PASSWORD;
use crate::support::child::Program;

#[tokio::test]
async fn beyond_the_most_connections_the_next_one_waits_for_a_place() {
    let watched = Watched::start(|config| {
        hurried(config);
        config.http.max_connections = 8;
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(watched.connect().await);
    }
    watched.until(|server| server.app.connections.open() == 8).await;
    let began = Instant::now();
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut next = watched.connect().await;
        next.say(GOOD).await;
        waiting.push(next);
    }
    sleep(HEADER / 3).await;
    assert_eq!(watched.server.app.connections.open(), 8, "no more than that");
    for mut next in waiting {
        assert_eq!(next.hear().await.statuses(), [200]);
    }
    assert!(began.elapsed() < HEADER + Duration::from_secs(4));
    drop(silent);
    watched.assert_unharmed().await;
}

#[tokio::test]
async fn a_thousand_silent_connections_do_not_disturb_the_others() {
    let watched = Watched::start(hurried).await;
    let mut silent = Vec::new();
    for _ in 0..1_000 {
        silent.push(watched.connect().await);
    }
    watched.assert_healthy().await;
    watched.assert_unharmed().await;
    for raw in &mut silent {
        raw.closed().await;
    }
}

#[tokio::test]
async fn without_descriptors_left_it_goes_on_when_there_are_some_again() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::on(dir.path()).with_admin().env("KEYBEARER_HTTP_HEADER_TIMEOUT", "1s");
    let running = program.start().await;
    let few = Rlimit { current: Some(64), maximum: Some(64) };
    prlimit(Pid::from_raw(running.id().try_into().unwrap()), Resource::Nofile, few).unwrap();
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(Raw::connect(running.address).await);
    }
    assert_eq!(Raw::connect(running.address).await.ask(GOOD).await.statuses(), [200], "once others were given up");
    let ended = running.stop().await;
    assert!(ended.status.success(), "{}", ended.errors);
    assert!(ended.errors.contains("connections cannot be accepted now"), "{}", ended.errors);
    drop(silent);
}

#[tokio::test]
async fn as_many_descriptors_are_taken_as_there_are() {
    for (hard, warned) in [("4096", true), ("12000", false)] {
        let dir = tempfile::tempdir().unwrap();
        // `exec`, so that the process that we end is the server.
        let script = format!("ulimit -Sn 128 && ulimit -Hn {hard} && exec '{}' --listen 127.0.0.1:0", env!("CARGO_BIN_EXE_keybearer"));
        let mut command = Command::new("bash");
        command.args(["-c", &script]).env_clear().env("KEYBEARER_DATA_DIR", dir.path()).kill_on_drop(true);
        command.env("KEYBEARER_ADMIN_USERNAME", "admin").env("KEYBEARER_ADMIN_PASSWORD", PASSWORD);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Program::wait_for_the_ready_line(&mut process).await;
        let limits = fs::read_to_string(format!("/proc/{}/limits", process.id().unwrap())).unwrap();
        let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(files.split_whitespace().nth(3), Some(hard), "{files}");
        Program::signal(&process, Signal::TERM);
        let ended = process.wait_with_output().await.unwrap();
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(errors.contains("fewer open files than http.max_connections needs"), warned, "{errors}");
    }
}
