//! Keys that are made, verified and revoked within milliseconds, and keys that get another policy.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::question::{PERMISSIONS, Question};
use super::thing::Thing;
use super::world::{Attempt, World, rest};
use crate::client::Request;
use crate::history::Value;

/// Between two questions about a key on one node, on average.
const GAP: Duration = Duration::from_millis(120);
/// How long a dead key is asked about: mostly briefly, and sometimes for longer than a node stands still.
const LINGER: [u64; 6] = [50, 50, 100, 200, 500, 5_000];

/// Makes a service's key, verifies it, and revokes it.
pub(crate) async fn made_verified_revoked(world: &Arc<World>, random: &mut Rng) {
    let Some(key) = Key::make(world, random).await else { return };
    let life = if random.u8(0..3) == 0 { 400 } else { 20 };
    rest(random, Duration::from_millis(life)).await;
    key.revoke(world, random).await;
}

/// Lets a service's key have one policy after the other.
pub(crate) async fn pointed_elsewhere(world: &Arc<World>, random: &mut Rng) {
    let Some(mut key) = Key::make(world, random).await else { return };
    for _ in 0..random.u8(3..12) {
        rest(random, Duration::from_millis(150)).await;
        let next = (key.policy + random.u8(1..PERMISSIONS)) % PERMISSIONS;
        let body = json!({"policy_id": world.fixed[usize::from(next)]});
        let pointed = world.attempt("re-point a key", Request::patch(key.path(), &world.admin, body), random, &[]).await;
        key.thing.tried("re-point", &pointed, value(next));
        if !pointed.done() {
            // It may still be on its way, and nothing but the end of the key keeps it from coming after another one.
            break;
        }
        key.policy = next;
        if world.closing() {
            break;
        }
    }
    key.revoke(world, random).await;
}

/// A service's key, asked about.
struct Key {
    id: String,
    policy: u8,
    thing: Thing,
}

impl Key {
    async fn make(world: &Arc<World>, random: &mut Rng) -> Option<Self> {
        let policy = random.u8(0..PERMISSIONS);
        let body = json!({"name": world.name("key"), "policy_id": world.fixed[usize::from(policy)]});
        let made = world.attempt("create a service key", Request::post("/v1/keys", &world.admin, body), random, &[]).await;
        // Of a creation whose outcome is unknown nobody has the secret.
        let (id, token) = (made.text("id")?, made.text("token")?);
        let thing = Thing::made(world, format!("service key {id}"), &made, value(policy), service_questions(&token), GAP);
        Some(Self { id, policy, thing })
    }

    fn path(&self) -> String {
        format!("/v1/keys/{}", self.id)
    }

    async fn revoke(mut self, world: &Arc<World>, random: &mut Rng) {
        let request = Request::delete(self.path(), &world.admin);
        end(world, &mut [&mut self.thing], "revoke a key", &request, random).await;
        linger(world, random).await;
        self.thing.over();
    }
}

/// The value of a key with one of the fixed policies.
fn value(policy: u8) -> Value {
    Value::variant(1 << policy)
}

/// The ways to ask about a service's key.
pub(crate) fn service_questions(token: &str) -> Vec<Question> {
    let token = token.to_owned();
    let mut questions: Vec<Question> = (0..PERMISSIONS).map(|number| Question::Permission { token: token.clone(), number }).collect();
    questions.push(Question::Gate { token });
    questions
}

/// Ends things by one change that has no way back, so that it may be asked for again while its outcome is unknown.
pub(crate) async fn end(
    world: &Arc<World>,
    things: &mut [&mut Thing],
    what: &'static str,
    request: &Request,
    random: &mut Rng,
) -> Option<Attempt> {
    let mut doubt = false;
    for _ in 0..3 {
        // Whoever asks again may hear that there is nothing left to end, which tells nothing of the first time.
        let refusals: &[u16] = if doubt { &[401, 404, 409, 412] } else { &[] };
        let ended = world.attempt(what, request.clone(), random, refusals).await;
        for thing in &mut *things {
            thing.tried(what, &ended, Value::DEAD);
        }
        if !ended.unknown() {
            return Some(ended);
        }
        doubt = true;
        rest(random, Duration::from_millis(500)).await;
    }
    None
}

/// Leaves time to ask about what is dead.
pub(crate) async fn linger(world: &Arc<World>, random: &mut Rng) {
    if !world.closing() {
        let long = random.choice(LINGER).unwrap_or(LINGER[0]);
        rest(random, Duration::from_millis(long)).await;
    }
}
