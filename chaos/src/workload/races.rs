//! Keys that are made in the moment in which what they stand on ends: they are refused, or they end with it.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::join;

use super::accounts::{self, Account};
use super::keys::{linger, service_questions};
use super::question::{Question, permissions};
use super::thing::Thing;
use super::world::{Attempt, World, rest};
use crate::client::Request;
use crate::history::Value;

/// How a key is refused that comes too late.
const TOO_LATE: [u16; 4] = [403, 404, 409, 422];
/// By so much at most is one of the two earlier.
const HEAD_START: Duration = Duration::from_millis(6);

/// An account is downgraded while keys are made for it.
pub(crate) async fn key_and_downgrade(world: &Arc<World>, random: &mut Rng) {
    let Some(account) = Account::make(world, random, None).await else { return };
    let (mut one, mut two, mut three) = (random.fork(), random.fork(), random.fork());
    let key = async |random: &mut Rng| {
        rest(random, HEAD_START).await;
        account.key(world, random, &TOO_LATE).await
    };
    let fall = async {
        rest(&mut three, HEAD_START).await;
        world.attempt("downgrade a role", account.downgrade(world), &mut three, &[]).await
    };
    let (first, second, end) = join!(key(&mut one), key(&mut two), fall);
    judge(world, &[first, second], &end, Value::ALIVE, "account key", accounts::questions, random).await;
}

/// A policy is deleted while keys are made that have it.
pub(crate) async fn key_and_deletion(world: &Arc<World>, random: &mut Rng) {
    let granted = 1;
    let body = json!({"name": world.name("short"), "permissions": permissions(granted)});
    let made = world.attempt("create a policy", Request::post("/v1/policies", &world.admin, body), random, &[]).await;
    let Some(policy) = made.text("id") else { return };
    let (mut one, mut two, mut three) = (random.fork(), random.fork(), random.fork());
    let key = async |random: &mut Rng| {
        rest(random, HEAD_START).await;
        let body = json!({"name": world.name("key"), "policy_id": policy});
        world.attempt("create a service key", Request::post("/v1/keys", &world.admin, body), random, &TOO_LATE).await
    };
    let deletion = async {
        rest(&mut three, HEAD_START).await;
        let request = Request::delete(format!("/v1/policies/{policy}?cascade=true"), &world.admin);
        world.attempt("delete a policy", request, &mut three, &[]).await
    };
    let (first, second, end) = join!(key(&mut one), key(&mut two), deletion);
    judge(world, &[first, second], &end, Value::variant(granted), "service key", service_questions, random).await;
}

/// Those that were made are asked about now that both have returned.
async fn judge(
    world: &Arc<World>,
    made: &[Attempt],
    end: &Attempt,
    value: Value,
    kind: &str,
    questions: fn(&str) -> Vec<Question>,
    random: &mut Rng,
) {
    let mut things = Vec::new();
    for made in made {
        let Some((id, token)) = made.text("id").zip(made.text("token")) else { continue };
        things.push(Thing::made_and_ended(world, format!("{kind} {id}, in a race"), made, value, end, questions(&token)));
    }
    if !things.is_empty() {
        linger(world, random).await;
    }
    things.into_iter().for_each(Thing::over);
}
