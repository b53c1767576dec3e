//! Manifests of services.

use keybearer_core::authority::Refusal;
use keybearer_core::permission::{OwnPermission, Permission};
use keybearer_store::{Actor, Cascade, Declaration, DeclaredPermission, NewServiceKey, PolicyChange, StoreError};

use crate::world::{World, set};

on_every_engine!(
    keybearer_declares_its_own,
    a_manifest_replaces_the_last_one,
    the_same_manifest_is_no_change,
    what_is_granted_outlives_its_declaration,
    a_service_has_one_spelling,
    a_service_key_declares_for_its_own_service,
    people_below_level_8_declare_nothing,
);

/// All permissions but Keybearer's own, as `name` or `(name)` for what is no longer declared.
async fn shown(world: &World) -> Vec<String> {
    let all = world.store.permissions().await.unwrap();
    let others = all.iter().filter(|one| one.permission.service() != "keybearer");
    others.map(|one| if one.declared { one.permission.to_string() } else { format!("({})", one.permission) }).collect()
}

async fn keybearer_declares_its_own(world: &World) {
    let permissions = world.store.permissions().await.unwrap();
    assert_eq!(permissions.len(), OwnPermission::ALL.len());
    for own in OwnPermission::ALL {
        let expected =
            DeclaredPermission { permission: own.full_name().parse().unwrap(), description: own.description().into(), declared: true };
        assert!(permissions.contains(&expected), "{expected:?}");
    }
    for spelled in ["keybearer", "KeyBearer"] {
        let refused = world.declare(Actor::Operator, spelled, &["everything"]);
        assert_refused!(world, refused, StoreError::Refused(Refusal::ReservedService));
    }
}

async fn a_manifest_replaces_the_last_one(world: &World) {
    let declared = world.declare(Actor::Operator, "shop", &["write", "read"]).await.unwrap();
    let names: Vec<&str> = declared.iter().map(|one| one.permission.name()).collect();
    assert_eq!(names, ["read", "write"], "by full name");
    assert_eq!(declared[0].description, "may read");
    world.declare(Actor::Operator, "depot", &["read"]).await.unwrap();
    assert_eq!(shown(world).await, ["depot:read", "shop:read", "shop:write"]);
    world.declare(Actor::Operator, "shop", &["read", "refund"]).await.unwrap();
    assert_eq!(shown(world).await, ["depot:read", "shop:read", "shop:refund"]);
    let service = "shop".parse().unwrap();
    let permissions = vec![("shop:read".parse::<Permission>().unwrap(), "described anew".to_owned())];
    let declared = world.store.declare(world.operator(), Declaration { service, permissions }).await.unwrap();
    assert_eq!((declared.len(), declared[0].description.as_str()), (1, "described anew"));
    world.declare(Actor::Operator, "shop", &[]).await.unwrap();
    assert_eq!(shown(world).await, ["depot:read"]);
}

async fn the_same_manifest_is_no_change(world: &World) {
    world.declare(Actor::Operator, "shop", &["read", "write"]).await.unwrap();
    world.declare(Actor::Operator, "empty", &[]).await.unwrap();
    let before = crate::check::dump(world).await;
    assert_eq!(world.declare(Actor::Operator, "shop", &["write", "read"]).await.unwrap().len(), 2);
    world.declare(Actor::Operator, "empty", &[]).await.unwrap();
    assert_eq!(crate::check::dump(world).await, before);
}

async fn what_is_granted_outlives_its_declaration(world: &World) {
    world.shop().await;
    let policy = world.policy("clerk", &["shop:read", "shop:refund"]).await;
    world.declare(Actor::Operator, "shop", &["write"]).await.unwrap();
    assert_eq!(shown(world).await, ["(shop:read)", "(shop:refund)", "shop:write"]);
    assert_eq!(world.store.policy(policy.id).await.unwrap().permissions, set(&["shop:read", "shop:refund"]));
    world.declare(Actor::Operator, "shop", &["write"]).await.unwrap();
    assert_eq!(shown(world).await, ["(shop:read)", "(shop:refund)", "shop:write"]);
    // Once no policy grants it any more, it is gone, and declaring the same again is still no change.
    let change = PolicyChange { permissions: Some(set(&["shop:read"])), ..PolicyChange::default() };
    world.store.change_policy(world.operator(), policy.id, change).await.unwrap();
    assert_eq!(shown(world).await, ["(shop:read)", "shop:write"]);
    let before = crate::check::dump(world).await;
    world.declare(Actor::Operator, "shop", &["write"]).await.unwrap();
    assert_eq!(crate::check::dump(world).await, before);
    world.declare(Actor::Operator, "shop", &["read", "write"]).await.unwrap();
    assert_eq!(shown(world).await, ["shop:read", "shop:write"]);
    world.declare(Actor::Operator, "shop", &["write"]).await.unwrap();
    world.store.delete_policy(world.operator(), policy.id, Cascade::Nothing, None).await.unwrap();
    assert_eq!(shown(world).await, ["shop:write"]);
}

async fn a_service_has_one_spelling(world: &World) {
    world.declare(Actor::Operator, "Shop", &["read"]).await.unwrap();
    let refused = world.declare(Actor::Operator, "shop", &["read"]);
    assert_refused!(world, refused, StoreError::ServiceSpelledOtherwise(known) if known == "Shop");
    // An empty manifest does not free the name.
    world.declare(Actor::Operator, "Shop", &[]).await.unwrap();
    assert_refused!(world, world.declare(Actor::Operator, "SHOP", &[]), StoreError::ServiceSpelledOtherwise(_));
}

async fn a_service_key_declares_for_its_own_service(world: &World) {
    let policy = world.policy("declarer", &["keybearer:permissions.declare"]).await;
    let new = NewServiceKey { service: Some("shop".parse().unwrap()), ..world.new_service_key("shop key", policy.id) };
    let bound = Actor::Key(world.store.issue_service_key(world.operator(), new).await.unwrap().id);
    let unbound = Actor::Key(world.service_key(Actor::Operator, "unbound", policy.id).await.unwrap().id);
    let lacking =
        NewServiceKey { service: Some("shop".parse().unwrap()), ..world.new_service_key("lacking", world.policy("none", &[]).await.id) };
    let lacking = Actor::Key(world.store.issue_service_key(world.operator(), lacking).await.unwrap().id);
    world.declare(bound, "shop", &["read"]).await.unwrap();
    assert_refused!(world, world.declare(bound, "depot", &["read"]), StoreError::Refused(Refusal::ForeignService(_)));
    assert_refused!(world, world.declare(unbound, "shop", &["read"]), StoreError::Refused(Refusal::ForeignService(_)));
    let refused = world.declare(lacking, "shop", &["write"]);
    assert_refused!(world, refused, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::PermissionsDeclare)));
    // What the key declares gives it no power.
    let event = crate::check::events(world).await.pop().unwrap();
    assert_eq!((event.action.as_str(), event.target.as_str()), ("permissions.declared", "service:shop"));
    assert_eq!(event.actor, bound.to_string());
}

async fn people_below_level_8_declare_nothing(world: &World) {
    let support = world.person("support", "support").await;
    let refused = world.declare(support.actor(), "shop", &["read"]);
    assert_refused!(world, refused, StoreError::Refused(Refusal::LevelTooLow { .. }));
    let root = world.person("root", "admin").await;
    let key = world.account_key(root.actor(), root.id, 8).await.unwrap();
    world.declare(root.actor(), "shop", &["read"]).await.unwrap();
    world.declare(Actor::Key(key.id), "shop", &["write"]).await.unwrap();
}
