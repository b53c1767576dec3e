//! People whose role is lowered or who are blocked, with their keys and sessions.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value as Json, json};

use super::keys::{end, linger};
use super::question::Question;
use super::thing::Thing;
use super::world::{Attempt, World, rest};
use crate::client::Request;
use crate::history::Value;

/// The role that is lowered, and the level that it names: also that of the keys, which none of a lower role may make.
const ROLE: &str = "bughunter";
const LEVEL: u8 = 5;
/// Between two questions about a key on one node, on average.
const GAP: Duration = Duration::from_millis(120);

/// An account.
pub(crate) struct Account {
    id: String,
    name: String,
}

impl Account {
    /// Makes one, with a password if it is to sign in.
    pub(crate) async fn make(world: &Arc<World>, random: &mut Rng, password: Option<&str>) -> Option<Self> {
        let name = world.name("somebody");
        let mut body = json!({"username": name, "role": ROLE});
        if let Some(password) = password {
            body["password"] = json!(password);
        }
        let made = world.attempt("create an account", Request::post("/v1/accounts", &world.admin, body), random, &[]).await;
        Some(Self { id: made.text("id")?, name })
    }

    /// The name to sign in with.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks for a key of this account.
    pub(crate) async fn key(&self, world: &Arc<World>, random: &mut Rng, refusals: &[u16]) -> Attempt {
        let owner: i64 = self.id.parse().unwrap_or_default();
        let body = json!({"name": world.name("key"), "level": LEVEL, "owner": owner});
        world.attempt("create an account key", Request::post("/v1/keys", &world.admin, body), random, refusals).await
    }

    /// What takes all its keys and sessions from it.
    pub(crate) fn fall(&self, world: &World, random: &mut Rng) -> (&'static str, Request) {
        if random.bool() { ("downgrade a role", self.change(world, json!({"role": "user"}))) } else { self.block(world) }
    }

    /// What lowers its role.
    pub(crate) fn downgrade(&self, world: &World) -> Request {
        self.change(world, json!({"role": "user"}))
    }

    fn block(&self, world: &World) -> (&'static str, Request) {
        ("block an account", self.change(world, json!({"status": "blocked"})))
    }

    fn change(&self, world: &World, body: Json) -> Request {
        Request::patch(format!("/v1/accounts/{}", self.id), &world.admin, body)
    }
}

/// The ways to ask about a person's key.
pub(crate) fn questions(token: &str) -> Vec<Question> {
    let level = |level| Question::Level { token: token.to_owned(), level };
    vec![level(LEVEL), level(1), Question::Gate { token: token.to_owned() }]
}

/// An account with keys loses them.
pub(crate) async fn lose_their_keys(world: &Arc<World>, random: &mut Rng) {
    let Some(account) = Account::make(world, random, None).await else { return };
    let mut things = Vec::new();
    for _ in 0..random.u8(1..4) {
        let made = account.key(world, random, &[]).await;
        let Some((id, token)) = made.text("id").zip(made.text("token")) else { continue };
        things.push(Thing::made(world, format!("account key {id}"), &made, Value::ALIVE, questions(&token), GAP));
    }
    rest(random, Duration::from_millis(100)).await;
    let (what, request) = account.fall(world, random);
    end(world, &mut things.iter_mut().collect::<Vec<_>>(), what, &request, random).await;
    linger(world, random).await;
    things.into_iter().for_each(Thing::over);
}
