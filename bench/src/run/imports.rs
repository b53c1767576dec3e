//! `keybearer import`, beside a bare bulk insert of the same rows: point 5.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use keybearer::config::Config;
use keybearer_core::token::Credential;
use serde_json::{Map, Value};

use super::Run;
use crate::bare::{Bare, Source};
use crate::figures::Figure;
use crate::process::{cpu_of, cpu_of_children};
use crate::report::{Report, cell};
use crate::world::{TOKEN, World};

/// Rounds.
const ROUNDS: usize = 5;
/// Rows of one transaction of the reference, as the store takes them in.
const AT_ONCE: usize = 10_000;
/// How much of the database is in memory meanwhile, in KiB, as the store has it.
const ROOM: i64 = 131_072;

/// Seconds, and of CPU.
type Took = (f64, f64);

/// Measures.
///
/// # Panics
/// Where a row is not taken in.
pub fn measure(run: &Run, keys: usize, report: &mut Report) {
    // Beside the program, so on a real disk.
    let disk = tempfile::Builder::new().prefix("bench").tempdir_in(run.own.parent().unwrap()).unwrap();
    let at = |name: &str| disk.path().join(name);
    // In one order: where rows go all over the indexes, SQLite takes most of the time of both, and the ratio would be better.
    let world = World::seed_apart(&at("world"), keys, 1);
    let (export, tokens) = (at("export.jsonl"), at("tokens.jsonl"));
    keybearer(run, &world.dir, &["export", export.to_str().unwrap()]);
    write_tokens(&world, &export, &tokens);

    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let import = |file: &Path| {
            let target = at("imported");
            fs::create_dir_all(&target).unwrap();
            fs::copy(Config::for_data_dir(&world.dir).keyring_path(), Config::for_data_dir(&target).keyring_path()).unwrap();
            (timed(cpu_of_children, || keybearer(run, &target, &["import", file.to_str().unwrap()])), target)
        };
        let (of_tokens, target) = import(&tokens);
        fs::remove_dir_all(&target).unwrap();
        let (of_export, target) = import(&export);
        let [keys, all] = bare(&target, [&at("keys"), &at("all")]);
        fs::remove_dir_all(&target).unwrap();
        rounds.push([of_export, of_tokens, keys, all]);
    }
    report.section(&format!("Imports of {} keys", world.keys()), &["", "s", "CPU, s", "rate of an export to it", "of tokens"]);
    let names = [
        "import of an export",
        "import of tokens",
        "bare insert of the same rows of keys",
        "bare insert of the same rows of keys, events and counter",
    ];
    for (place, name) in names.into_iter().enumerate() {
        let of = |value: &dyn Fn(&[Took; 4]) -> f64| cell(Figure::of(rounds.iter().map(value).collect()));
        let ratio = |import: usize| if place < 2 { String::new() } else { of(&|round| round[place].0 / round[import].0) };
        report.row(&[name.to_owned(), of(&|round| round[place].0), of(&|round| round[place].1), ratio(0), ratio(1)]);
    }
}

/// Runs a command on a data directory, on both cores as for any user.
fn keybearer(run: &Run, dir: &Path, words: &[&str]) {
    let mut command = Command::new("taskset");
    command.args(["-c", "0,1"]).arg(&run.server).args(words).arg("--data-dir").arg(dir);
    let printed = command.env("KEYBEARER_KEYS_MAX_PER_ACCOUNT", "1000000000").output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
}

fn timed(cpu: fn() -> f64, run: impl FnOnce()) -> Took {
    let (began, before) = (Instant::now(), cpu());
    run();
    (began.elapsed().as_secs_f64(), cpu() - before)
}

/// Writes the keys of one database into new ones, without and with their events. What they name is there before; neither that nor reading
/// them is timed.
fn bare(from: &Path, to: [&Path; 2]) -> [Took; 2] {
    let from = Config::for_data_dir(from).database_path();
    let mut targets = [(to[0], false), (to[1], true)].map(|(dir, with_events)| {
        fs::create_dir_all(dir).unwrap();
        let config = Config::for_data_dir(dir);
        drop(keybearer_store::open_sqlite(&config.database_path(), config.roles.clone()).unwrap());
        let bare = Bare::open(&config.database_path(), with_events).with_room(ROOM);
        bare.copy_holders(&from);
        bare
    });
    let mut source = Source::open(&from, false);
    let mut took = [(0.0, 0.0); 2];
    loop {
        let rows = source.next(AT_ONCE);
        if rows.keys() == 0 {
            break;
        }
        for (bare, took) in targets.iter_mut().zip(&mut took) {
            let (seconds, cpu) = timed(
                || cpu_of("self"),
                || {
                    bare.write(&rows, AT_ONCE);
                },
            );
            *took = (took.0 + seconds, took.1 + cpu);
        }
    }
    drop(targets);
    to.into_iter().for_each(|dir| fs::remove_dir_all(dir).unwrap());
    took
}

/// The lines of an export with tokens in place of digests.
fn write_tokens(world: &World, export: &Path, to: &Path) {
    let tokens = world.tokens.chunks_exact(TOKEN).map(|token| std::str::from_utf8(token).unwrap());
    let tokens = tokens.chain([world.verifier.as_str(), world.maker.as_str()]);
    let by_id: HashMap<String, &str> = tokens.map(|token| (Credential::parse_token(token).unwrap().id.to_string(), token)).collect();
    let mut file = BufWriter::new(fs::File::create(to).unwrap());
    for line in BufReader::new(fs::File::open(export).unwrap()).lines() {
        let mut line: Map<String, Value> = serde_json::from_str(&line.unwrap()).unwrap();
        if line["type"] == "key" {
            let id = line.remove("id").unwrap();
            line.insert("token".into(), by_id[id.as_str().unwrap()].into());
            line.retain(|name, _| name != "digest" && name != "pepper");
        }
        serde_json::to_writer(&mut file, &line).unwrap();
        file.write_all(b"\n").unwrap();
    }
    file.flush().unwrap();
}
