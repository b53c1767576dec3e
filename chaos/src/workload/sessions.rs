//! Sessions that end: by their holder, or with the rights of the account.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;

use super::accounts::Account;
use super::keys::{end, linger};
use super::question::Question;
use super::thing::Thing;
use super::world::{World, rest};
use crate::client::{Credential, Request};
use crate::history::Value;

/// Between two questions about a session on one node, on average.
const GAP: Duration = Duration::from_millis(80);
/// Sessions of one account, since passwords are slow to check.
const SESSIONS: usize = 3;
const PASSWORD: &str = "a password for chaos only";

/// An account signs in a few times, ends one of its sessions, and then loses the others.
pub(crate) async fn end_in_time(world: &Arc<World>, random: &mut Rng) {
    let Some(account) = Account::make(world, random, Some(PASSWORD)).await else { return };
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let body = json!({"username": account.name(), "password": PASSWORD});
        let made = world.attempt("sign in", Request::post("/v1/sessions", &Credential::None, body), random, &[]).await;
        let Some(token) = made.text("token") else { continue };
        let question = Question::Session { token: token.clone() };
        sessions.push((token, Thing::made(world, format!("session of {}", account.name()), &made, Value::ALIVE, vec![question], GAP)));
    }
    rest(random, Duration::from_millis(200)).await;
    if let Some((token, mut session)) = sessions.pop() {
        let request = Request::delete("/v1/sessions/current", &Credential::Bearer(token));
        end(world, &mut [&mut session], "end a session", &request, random).await;
        session.over();
    }
    let (what, request) = account.fall(world, random);
    end(world, &mut sessions.iter_mut().map(|(_, thing)| thing).collect::<Vec<_>>(), what, &request, random).await;
    linger(world, random).await;
    sessions.into_iter().for_each(|(_, thing)| thing.over());
}
