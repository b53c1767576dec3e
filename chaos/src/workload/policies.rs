//! A policy whose permissions are given and taken again and again, with a few keys that are asked about all the time.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::json;
use tokio::time::Instant;

use super::keys::{end, linger, service_questions};
use super::question::{PERMISSIONS, permissions};
use super::thing::Thing;
use super::world::{World, rest};
use crate::client::Request;
use crate::history::Value;

/// How long a policy lives: so long that many changes follow one another, and so short that its history stays small.
const LIFE: Duration = Duration::from_secs(10);
/// Keys of a policy.
const KEYS: u8 = 3;
/// Between two questions about the policy on one node, on average.
const GAP: Duration = Duration::from_millis(12);
/// Between two changes, at most.
const REST: Duration = Duration::from_millis(200);

/// The life of a hot policy.
pub(crate) async fn hot(world: &Arc<World>, random: &mut Rng) {
    let name = world.name("hot");
    let mut granted: u8 = random.u8(0..1 << PERMISSIONS);
    let body = json!({"name": name, "permissions": permissions(granted)});
    let made = world.attempt("create a policy", Request::post("/v1/policies", &world.admin, body), random, &[]).await;
    let (Some(policy), Some(etag)) = (made.text("id"), made.etag()) else { return rest(random, REST).await };
    let mut questions = Vec::new();
    for _ in 0..KEYS {
        let body = json!({"name": world.name("hot key"), "policy_id": policy});
        let key = world.attempt("create a service key", Request::post("/v1/keys", &world.admin, body), random, &[]).await;
        questions.extend(key.text("token").iter().flat_map(|token| service_questions(token)));
    }
    let path = format!("/v1/policies/{policy}");
    let mut thing = Thing::made(world, format!("policy {policy} and its keys"), &made, Value::variant(granted), questions, GAP);
    let mut etag = Some(etag);
    let began = Instant::now();
    while began.elapsed() < LIFE && !world.closing() {
        rest(random, REST).await;
        let Some(known) = etag.take() else {
            etag = world.version(&policy, random).await;
            continue;
        };
        // The version keeps an edit whose outcome is unknown from coming after this one.
        let next = granted ^ (1 << random.u8(0..PERMISSIONS));
        let body = json!({"name": name, "permissions": permissions(next)});
        let edited = world.attempt("edit a policy", Request::put(&path, &world.admin, body).if_match(&known), random, &[412]).await;
        thing.tried("edit", &edited, Value::variant(next));
        if !edited.unknown() {
            etag = edited.etag();
        }
        if edited.done() {
            granted = next;
        }
    }
    end(world, &mut [&mut thing], "delete a policy", &Request::delete(format!("{path}?cascade=true"), &world.admin), random).await;
    linger(world, random).await;
    thing.over();
}
