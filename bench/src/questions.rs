//! What is asked of the servers: each kind of request as a template into which a key is written.

use crate::client::Client;
use crate::load::{Ask, Random};
use crate::world::{TOKEN, World};

/// Stands in a template where a key belongs.
const HOLE: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

/// A request with holes for random keys of a table.
pub struct Question<'a> {
    tokens: &'a [u8],
    template: Vec<u8>,
    holes: Vec<usize>,
    status: &'static str,
    /// What the body of the right answer begins with.
    body: &'static str,
}

impl<'a> Question<'a> {
    fn new(tokens: &'a [u8], template: Vec<u8>, status: &'static str, body: &'static str) -> Self {
        let holes = memchr::memmem::find_iter(&template, HOLE.as_bytes()).collect();
        Self { tokens, template, holes, status, body }
    }

    /// A key in a header, as a gate reads it. The keys are those of a world, or others that are refused.
    #[must_use]
    pub fn header(tokens: &'a [u8], path: &str, status: &'static str) -> Self {
        Self::new(tokens, Client::request("GET", path, &[("X-API-Key", HOLE)], ""), status, "")
    }

    /// So many bytes in place of a key, the same each time.
    #[must_use]
    pub fn long(path: &str, bytes: usize, status: &'static str) -> Self {
        Self::new(&[], Client::request("GET", path, &[("X-API-Key", &"x".repeat(bytes))], ""), status, "")
    }

    /// `POST /v1/verify` by the key that may.
    #[must_use]
    pub fn verify(world: &'a World) -> Self {
        Self::new(&world.tokens, post(&world.verifier, "/v1/verify", &item()), "200", r#"{"valid":true"#)
    }

    /// `POST /v1/verify/batch` with so many keys.
    #[must_use]
    pub fn batch(world: &'a World, keys: usize) -> Self {
        let body = format!(r#"{{"items":[{}]}}"#, vec![item(); keys].join(","));
        Self::new(&world.tokens, post(&world.verifier, "/v1/verify/batch", &body), "200", r#"{"results":[{"valid":true"#)
    }
}

fn item() -> String {
    format!(r#"{{"key":"{HOLE}"}}"#)
}

fn post(key: &str, path: &str, body: &str) -> Vec<u8> {
    Client::request("POST", path, &[("X-API-Key", key), ("Content-Type", "application/json")], body)
}

impl Ask for Question<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        if request.len() != self.template.len() {
            request.clear();
            request.extend_from_slice(&self.template);
        }
        for hole in &self.holes {
            let number = random.below(self.tokens.len() / TOKEN);
            request[*hole..hole + TOKEN].copy_from_slice(&self.tokens[number * TOKEN..][..TOKEN]);
        }
    }

    fn is_right(&self, status: &[u8], body: &[u8]) -> bool {
        status == self.status.as_bytes() && body.starts_with(self.body.as_bytes())
    }
}

/// `POST /v1/keys`: half of them for random people, half for services; each name once.
pub struct Creation<'a> {
    world: &'a World,
    made: u64,
    run: u64,
}

impl<'a> Creation<'a> {
    /// `run` keeps the names of several runs apart.
    #[must_use]
    pub fn new(world: &'a World, run: u64) -> Self {
        Self { world, made: 0, run }
    }
}

impl Ask for Creation<'_> {
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>) {
        self.made += 1;
        let name = format!("made {} {}", self.run, self.made);
        let body = if self.made.is_multiple_of(2) {
            let owner = 1 + random.below(self.world.accounts);
            format!(r#"{{"name":"{name}","level":1,"owner":{owner},"expires_in":8640000}}"#)
        } else {
            let policy = self.world.open_policies[random.below(self.world.open_policies.len())];
            format!(r#"{{"name":"{name}","policy_id":"{policy}"}}"#)
        };
        *request = post(&self.world.maker, "/v1/keys", &body);
    }

    fn is_right(&self, status: &[u8], _: &[u8]) -> bool {
        status == b"201"
    }
}
