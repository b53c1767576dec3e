//! Gates: definitions, versions, who may, and what an export and a restoration make of them.

use keybearer_core::authority::Refusal;
use keybearer_core::gate::{Gate, GateName};
use keybearer_core::permission::OwnPermission;
use keybearer_store::{Actor, GateText, IfGate, NamedGate, PutGate, StoreError, What};
use serde_json::{Value, json};

use crate::world::World;

on_every_engine!(
    a_gate_reads_back_as_it_was_put,
    a_gate_of_another_version_stays_as_it_is,
    only_a_person_of_level_8_writes_gates,
    what_a_gate_names_anew_is_declared,
    whoever_lost_the_right_meanwhile_writes_no_gate,
);

pub(crate) fn name(text: &str) -> GateName {
    text.parse().unwrap()
}

/// A gate from its JSON, which tells carriers and headers only where they matter.
pub(crate) fn gate(mut text: Value) -> Gate {
    for (field, all) in [("carriers", json!(["bearer", "basic"])), ("headers", json!(["x-key-id", "x-permissions"]))] {
        text.as_object_mut().unwrap().entry(field).or_insert(all);
    }
    serde_json::from_value::<GateText>(text).unwrap().try_into().unwrap()
}

pub(crate) async fn put(world: &World, by: Actor, at: &str, text: Value, known: IfGate) -> Result<PutGate, StoreError> {
    world.store.put_gate(world.by(by), name(at), gate(text), known).await
}

async fn defined(world: &World, at: &str, text: Value) -> NamedGate {
    put(world, Actor::Operator, at, text, IfGate::Whatever).await.unwrap().gate
}

async fn a_gate_reads_back_as_it_was_put(world: &World) {
    world.shop().await;
    let text = json!({
        "any_of": ["shop:write", "shop:read"],
        "rules": [{"methods": ["GET"], "path": "/a%20b/", "all_of": ["shop:refund"]}, {"path": "/x", "kind": "service"}],
        "carriers": ["x-api-key"], "headers": [],
    });
    let made = put(world, Actor::Operator, "orders", text.clone(), IfGate::Absent).await.unwrap();
    assert!(made.is_new);
    let read = world.store.gate(name("orders")).await.unwrap();
    assert_eq!((&read.gate, read.version, &*read.created_by), (&gate(text.clone()), made.gate.version, "operator"));
    world.pass(5);
    let again = put(world, Actor::Operator, "orders", text, IfGate::Whatever).await.unwrap();
    assert_eq!((again.is_new, again.gate.version), (false, read.version), "the same again is no change");
    let changed = defined(world, "orders", json!({"level": 3})).await;
    assert!(changed.version > read.version);
    assert_eq!((changed.created_at, &changed.gate), (read.created_at, &gate(json!({"level": 3}))));
    defined(world, "a-gate", json!({})).await;
    let names: Vec<String> = world.store.gates().await.unwrap().iter().map(|gate| gate.name.to_string()).collect();
    assert_eq!(names, ["a-gate", "orders"]);
    world.store.delete_gate(world.operator(), name("orders"), IfGate::Whatever).await.unwrap();
    assert!(matches!(world.store.gate(name("orders")).await, Err(StoreError::NotFound(What::Gate))));
    let gone = world.store.delete_gate(world.operator(), name("orders"), IfGate::Whatever);
    assert_refused!(world, gone, StoreError::NotFound(What::Gate));
}

async fn a_gate_of_another_version_stays_as_it_is(world: &World) {
    let made = defined(world, "g", json!({"level": 1})).await;
    let other = IfGate::Version(made.version + 1);
    assert_refused!(world, put(world, Actor::Operator, "g", json!({}), other), StoreError::VersionMismatch { .. });
    assert_refused!(world, put(world, Actor::Operator, "g", json!({}), IfGate::Absent), StoreError::Taken { what: What::Gate, .. });
    assert_refused!(world, put(world, Actor::Operator, "none", json!({}), other), StoreError::VersionMismatch { current: 0 });
    assert_refused!(world, world.store.delete_gate(world.operator(), name("g"), other), StoreError::VersionMismatch { .. });
    let known = IfGate::Version(made.version);
    assert!(put(world, Actor::Operator, "g", json!({}), known).await.unwrap().gate.version > made.version);
    assert_refused!(world, world.store.delete_gate(world.operator(), name("g"), known), StoreError::VersionMismatch { .. });
}

async fn only_a_person_of_level_8_writes_gates(world: &World) {
    let admin = world.person("ada", "admin").await;
    let support = world.person("sue", "support").await;
    let all: Vec<&str> = OwnPermission::ALL.iter().map(|permission| permission.full_name()).collect();
    let service = Actor::Key(world.service("mighty", &all).await.id);
    let seven = Actor::Key(world.account_key(admin.actor(), admin.id, 7).await.unwrap().id);
    defined(world, "g", json!({"level": 8})).await;
    for by in [support.actor(), seven] {
        assert_refused!(world, put(world, by, "g", json!({}), IfGate::Whatever), StoreError::Refused(Refusal::LevelTooLow { .. }));
        let deleted = world.store.delete_gate(world.by(by), name("g"), IfGate::Whatever);
        assert_refused!(world, deleted, StoreError::Refused(Refusal::LevelTooLow { .. }));
    }
    let by_service = put(world, service, "h", json!({}), IfGate::Whatever);
    assert_refused!(world, by_service, StoreError::Refused(Refusal::ServiceKeyRefused(_)));
    put(world, admin.actor(), "g", json!({}), IfGate::Whatever).await.unwrap();
    world.store.delete_gate(world.by(admin.actor()), name("g"), IfGate::Whatever).await.unwrap();
}

async fn what_a_gate_names_anew_is_declared(world: &World) {
    world.shop().await;
    let unknown = put(world, Actor::Operator, "g", json!({"any_of": ["shop:read", "shop:fly"]}), IfGate::Whatever);
    assert_refused!(world, unknown, StoreError::UnknownPermissions(names) if names.len() == 1);
    defined(world, "g", json!({"rules": [{"all_of": ["shop:write"]}]})).await;
    world.declare(Actor::Operator, "shop", &["read"]).await.unwrap();
    defined(world, "g", json!({"any_of": ["shop:write", "shop:read"]})).await;
    defined(world, "g", json!({})).await;
    let again = put(world, Actor::Operator, "g", json!({"any_of": ["shop:write"]}), IfGate::Whatever);
    assert_refused!(world, again, StoreError::UnknownPermissions(_));
}

async fn whoever_lost_the_right_meanwhile_writes_no_gate(world: &World) {
    world.person("root", "admin").await;
    let admin = world.person("ada", "admin").await;
    let key = Actor::Key(world.account_key(admin.actor(), admin.id, 8).await.unwrap().id);
    let lowered = keybearer_store::AccountChange { role: Some("support".into()), ..Default::default() };
    world.change(Actor::Operator, admin.id, lowered).await.unwrap();
    for by in [admin.actor(), key] {
        assert_refused!(world, put(world, by, "g", json!({}), IfGate::Whatever), StoreError::ActorGone);
    }
}
