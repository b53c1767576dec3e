//! A verification without any network, beside one SHA-256 of 40 bytes.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use keybearer::app::App;
use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer_core::decision::decide;
use keybearer_core::requirement::Requirement;
use keybearer_core::token::Credential;
use sha2::{Digest, Sha256};

use crate::load::Random;
use crate::world::TOKEN;

/// Rounds, in each of which both are measured.
const ROUNDS: usize = 11;
/// Verifications of a round.
const VERIFICATIONS: usize = 100_000;
/// Digests of a round.
const DIGESTS: usize = 1_000_000;

/// Opens a data directory that is this process's own.
///
/// # Panics
/// Where it cannot be opened.
pub async fn open(dir: &Path) -> Arc<App> {
    App::open(Config::for_data_dir(dir), Clock::System).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Token text in, verdict out: as `/v1/verify` decides, without what only its answer tells.
#[must_use]
pub fn is_valid(app: &App, token: &str) -> bool {
    let mut view = app.index.view();
    let credential = Credential::parse_expecting(token, |id| view.expect(id)).ok();
    let Some(key) = credential.and_then(|credential| view.prove(&credential, &app.peppers)) else { return false };
    let (facts, now) = (app.index.facts(&key), app.clock.now());
    let is_valid = decide(&facts.record(key.lifecycle()), &Requirement::ANY, now).is_ok();
    if is_valid {
        app.last_used.note(&view, &key, now);
    }
    is_valid
}

/// Measures, and prints a line for each round: nanoseconds of CPU for a digest, and for a verification.
///
/// # Panics
/// Where a key is refused.
pub async fn measure(dir: &Path, tokens: &Path) {
    let (app, tokens) = (open(dir).await, fs::read(tokens).unwrap());
    let mut random = Random::new(11);
    for _ in 0..ROUNDS {
        let picked = pick(&tokens, &mut random, VERIFICATIONS);
        let began = nanoseconds();
        for number in 0..DIGESTS {
            let mut input = [7; 40];
            input[..8].copy_from_slice(&number.to_le_bytes());
            black_box(Sha256::digest(black_box(&input)));
        }
        let digest = (nanoseconds() - began) / DIGESTS as f64;
        let began = nanoseconds();
        ask_all(&app, &picked);
        println!("{digest} {}", (nanoseconds() - began) / VERIFICATIONS as f64);
    }
}

/// Verifies so many keys and does nothing else: for callgrind, which counts instructions.
///
/// # Panics
/// Where a key is refused.
pub async fn count(dir: &Path, tokens: &Path, verifications: usize) {
    let (app, tokens) = (open(dir).await, fs::read(tokens).unwrap());
    ask_all(&app, &pick(&tokens, &mut Random::new(11), verifications));
}

/// The CPU time of this thread: what else uses the machine is not in it.
fn nanoseconds() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

/// The texts of random keys one behind the other: as in a server, the text of a key is in the cache when it is asked about.
fn pick(tokens: &[u8], random: &mut Random, count: usize) -> Vec<u8> {
    let mut picked = Vec::with_capacity(count * TOKEN);
    for _ in 0..count {
        picked.extend_from_slice(&tokens[random.below(tokens.len() / TOKEN) * TOKEN..][..TOKEN]);
    }
    picked
}

fn ask_all(app: &App, tokens: &[u8]) {
    for token in tokens.chunks_exact(TOKEN) {
        assert!(is_valid(app, std::str::from_utf8(token).unwrap()), "a good key was refused");
    }
}
