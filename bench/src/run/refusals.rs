//! What a bad request costs beside a good one: point 8.

use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Prefix, Secret};

use super::{Run, gate};
use crate::load::Random;
use crate::process::Process;
use crate::questions::Question;
use crate::report::{Report, cell};
use crate::rounds::{Contestant, alternate};
use crate::world::{TOKEN, World};

/// How many bad keys of each sort.
const BAD: usize = 10_000;

/// Measures.
///
/// # Panics
/// Where a bad key is accepted.
pub fn measure(run: &Run, world: &World, server: &Process, report: &mut Report) {
    let path = gate(server, world);
    let mut random = Random::new(13);
    let count = BAD.min(world.keys());
    let mut spell = |number: usize, is_known: bool| {
        let id = if is_known {
            Credential::parse_token(world.token(number)).unwrap().id
        } else {
            KeyId::new(UnixMillis(1_700_000_000_000), &random.bytes())
        };
        Credential { id, secret: Secret::new(random.bytes()) }.to_token(&Prefix::default())
    };
    let unknown: Vec<u8> = (0..count).flat_map(|number| spell(number, false).as_bytes().to_vec()).collect();
    let wrong: Vec<u8> = (0..count).flat_map(|number| spell(number, true).as_bytes().to_vec()).collect();
    let mut mistyped = world.tokens[..count * TOKEN].to_vec();
    for token in mistyped.chunks_exact_mut(TOKEN) {
        token[TOKEN - 1] = if token[TOKEN - 1] == b'0' { b'1' } else { b'0' };
    }
    let names = ["accepted", "unknown key", "wrong secret", "bad checksum", "8 KiB in place of a key"];
    let mut contestants = [
        Contestant::new(server, Question::header(&world.tokens, path, "200")),
        Contestant::new(server, Question::header(&unknown, path, "401")),
        Contestant::new(server, Question::header(&wrong, path, "401")),
        Contestant::new(server, Question::header(&mistyped, path, "401")),
        Contestant::new(server, Question::long(path, 8 * 1024, "401")),
    ];
    alternate(&mut contestants, run.rounds, run.time / 2);
    report.section("Refusals", &["", "CPU, us", "to an accepted one"]);
    for (name, contestant) in names.iter().zip(&contestants) {
        let ratio = contestant.ratio(&contestants[0], |round| round.cpu);
        report.row(&[(*name).to_owned(), cell(contestant.figure(|round| round.cpu)), cell(ratio)]);
    }
}
