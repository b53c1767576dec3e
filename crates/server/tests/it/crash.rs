//! `kill -9` of the real binary in the midst of changes: every acknowledged change is there, and none is half there.

mod image;
mod ledger;
mod load;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use self::image::Image;
use self::ledger::Ledger;
use self::load::Load;
use crate::support::Cred;
use crate::support::child::{Program, Running};

const KILLS: u64 = 100;
/// How many clients change things at once.
const CLIENTS: u64 = 12;
/// Within which a killed server is ready again, however it ended.
const READY_WITHIN: Duration = Duration::from_secs(2);
/// How often all that ever happened is compared with all that there is.
const COMPARE_EVERY: u64 = 20;
/// How long one stream of changes may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_half_written_in_a_hundred_kills() {
    let dir = tempfile::tempdir().unwrap();
    let mut running = Program::on(dir.path()).with_admin().start().await;
    // This session outlives all the kills.
    let admin = running.admin().await;
    let mut ledger = Ledger::default();
    let mut image = Image::default();
    let mut slowest = Duration::ZERO;
    for run in 0..KILLS {
        // From the first change to the two hundredth, in no order.
        let changes = 1 + usize::try_from(run * 37 % 200).unwrap();
        let load = Arc::new(Load::new(run, changes));
        let server = Arc::new(running);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| tokio::spawn(Arc::clone(&load).change_until_it_dies(Arc::clone(&server), admin.clone(), client)))
            .collect();
        timeout(PATIENCE, load.enough()).await.expect("changes are acknowledged");
        server.kill();
        for client in clients {
            ledger.enter(client.await.unwrap());
        }
        let ended = Arc::into_inner(server).expect("the clients are done").ended().await;
        assert_eq!(ended.status.signal(), Some(9));
        assert!(!ended.errors.contains("panicked") && !ended.errors.contains("ERROR"), "{}", ended.errors);

        running = Program::on(dir.path()).start().await;
        slowest = slowest.max(running.ready_after);
        assert!(running.ready_after < READY_WITHIN, "ready only after {:?} in run {run}", running.ready_after);
        image.follow(&running, &admin).await;
        ledger.settle(&running, &admin, &image).await;
        if run % COMPARE_EVERY == 0 || run == KILLS - 1 {
            image.compare(&running, &admin).await;
            ledger.verify_all(&running, &admin, &image).await;
        }
    }
    println!("{} acknowledged changes, {} events; ready after {slowest:?} at most", ledger.len(), image.revision());
    assert!(running.stop().await.status.success());
}

/// Killed as soon as a file appears that the first start makes, it starts the next time as if nothing had been.
#[tokio::test]
async fn a_first_start_may_be_killed_at_any_step() {
    for file in ["keybearer.lock", "keyring.json", "keybearer.db", "keybearer.db-wal"] {
        for _ in 0..5 {
            let dir = tempfile::tempdir().unwrap();
            let data = dir.path().join("data");
            let mut process = Program::on(&data).with_admin().spawn();
            let appears = async {
                while !data.join(file).exists() {
                    tokio::task::yield_now().await;
                }
            };
            timeout(PATIENCE, appears).await.expect("it starts");
            process.kill().await.unwrap();

            let running = Program::on(&data).with_admin().start().await;
            let admin = running.admin().await;
            let accounts = running.get("/v1/accounts", &admin).await.expect(200);
            assert_eq!(accounts["items"].as_array().unwrap().len(), 1, "killed when {file} appeared");
            assert!(running.stop().await.status.success());
            for entry in fs::read_dir(&data).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let known = ["keybearer.lock", "keyring.json", "keybearer.db", "keybearer.db-wal", "keybearer.db-shm"];
                assert!(known.contains(&&*name) || name.starts_with("keyring.json."), "{name}");
            }
        }
    }
}

/// The events above this revision, oldest first.
async fn events_above(running: &Running, admin: &Cred, revision: i64) -> Vec<Value> {
    let mut events = Vec::new();
    let mut path = "/v1/events?limit=200".to_owned();
    loop {
        let page = running.get(&path, admin).await.expect(200);
        for event in page["items"].as_array().unwrap() {
            if event["revision"].as_i64().unwrap() <= revision {
                events.reverse();
                return events;
            }
            events.push(event.clone());
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            events.reverse();
            return events;
        };
        path = format!("/v1/events?limit=200&cursor={cursor}");
    }
}
