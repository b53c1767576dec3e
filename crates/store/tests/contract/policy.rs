//! Policies: names, versions, what may be granted, and what becomes of their keys.

use keybearer_core::authority::Refusal;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::permission::OwnPermission;
use keybearer_core::policy::PolicyId;
use keybearer_store::{Actor, Cascade, Policy, PolicyChange, StoreError, What};
use uuid::Uuid;

use crate::world::{World, set};

on_every_engine!(
    a_policy_reads_back_as_it_was_made,
    names_are_unique_in_all_their_spellings,
    a_change_raises_the_version,
    a_change_of_an_old_version_is_refused,
    only_what_is_declared_is_newly_granted,
    what_was_granted_may_stay_though_undeclared,
    an_edit_is_in_force_at_once,
    a_policy_in_use_is_deleted_only_with_its_keys,
    no_key_of_a_policy_ends_that_was_not_named,
    a_service_key_writes_only_within_its_power,
    a_list_is_by_name,
);

fn permissions(names: &[&str]) -> PolicyChange {
    PolicyChange { permissions: Some(set(names)), ..PolicyChange::default() }
}

fn name(name: &str) -> PolicyChange {
    PolicyChange { name: Some((name.into(), keybearer_core::name::canonical(name))), ..PolicyChange::default() }
}

async fn change(world: &World, by: Actor, policy: &Policy, change: PolicyChange) -> Result<Policy, StoreError> {
    world.store.change_policy(world.by(by), policy.id, change).await
}

async fn a_policy_reads_back_as_it_was_made(world: &World) {
    world.shop().await;
    let root = world.person("root", "admin").await;
    let new = world.new_policy("Clerk", &["shop:write", "shop:read"]);
    let made = world.store.create_policy(world.by(root.actor()), new).await.unwrap();
    let read = world.store.policy(made.id).await.unwrap();
    assert_eq!(format!("{read:?}"), format!("{made:?}"));
    assert_eq!((read.name.as_str(), &read.permissions, read.keys), ("Clerk", &set(&["shop:read", "shop:write"]), 0));
    assert_eq!((read.created_at, read.created_by), (world.now(), format!("account:{}", root.id.0)));
    assert_eq!(read.version, world.store.stats(world.now()).await.unwrap().revision);
    assert!(world.policy("empty", &[]).await.permissions.is_empty());
    let unknown = PolicyId(Uuid::from_u128(u128::MAX));
    assert!(matches!(world.store.policy(unknown).await, Err(StoreError::NotFound(What::Policy))));
    assert_refused!(world, world.store.change_policy(world.operator(), unknown, name("x")), StoreError::NotFound(What::Policy));
    assert_refused!(
        world,
        world.store.delete_policy(world.operator(), unknown, Cascade::Everything, None),
        StoreError::NotFound(What::Policy)
    );
    let user = world.person("ada", "support").await;
    for by in [user.actor(), Actor::Key(world.account_key(root.actor(), root.id, 7).await.unwrap().id)] {
        let refused = world.store.create_policy(world.by(by), world.new_policy("mine", &[]));
        assert_refused!(world, refused, StoreError::Refused(Refusal::LevelTooLow { .. }));
        assert_refused!(world, change(world, by, &made, name("mine")), StoreError::Refused(Refusal::LevelTooLow { .. }));
        let refused = world.store.delete_policy(world.by(by), made.id, Cascade::Everything, None);
        assert_refused!(world, refused, StoreError::Refused(Refusal::LevelTooLow { .. }));
    }
}

async fn names_are_unique_in_all_their_spellings(world: &World) {
    let clerk = world.policy("Clerk", &[]).await;
    let other = world.policy("other", &[]).await;
    for same in ["Clerk", "cLERK", "Ｃlerk", " clerk"] {
        let taken = world.store.create_policy(world.operator(), world.new_policy(same, &[]));
        assert_refused!(world, taken, StoreError::Taken { what: What::Policy, field: "name" });
        let taken = change(world, Actor::Operator, &other, name(same));
        assert_refused!(world, taken, StoreError::Taken { what: What::Policy, field: "name" });
    }
    // Its own name in another spelling is free to itself, and a name left behind to others.
    assert_eq!(change(world, Actor::Operator, &clerk, name("CLERK")).await.unwrap().name, "CLERK");
    change(world, Actor::Operator, &clerk, name("cashier")).await.unwrap();
    let clerk = change(world, Actor::Operator, &other, name("clerk")).await.unwrap();
    world.store.delete_policy(world.operator(), clerk.id, Cascade::Nothing, None).await.unwrap();
    world.policy("clerk", &[]).await;
}

async fn a_change_raises_the_version(world: &World) {
    world.shop().await;
    let made = world.policy("clerk", &["shop:read"]).await;
    let renamed = change(world, Actor::Operator, &made, name("cashier")).await.unwrap();
    let edited = change(world, Actor::Operator, &made, permissions(&["shop:write"])).await.unwrap();
    assert!(made.version < renamed.version && renamed.version < edited.version);
    assert_eq!((edited.name.as_str(), &edited.permissions), ("cashier", &set(&["shop:write"])));
    assert_eq!(format!("{:?}", world.store.policy(made.id).await.unwrap()), format!("{edited:?}"));
    let before = crate::check::dump(world).await;
    let same = PolicyChange { name: name("cashier").name, ..permissions(&["shop:write"]) };
    assert_eq!(change(world, Actor::Operator, &made, same).await.unwrap().version, edited.version);
    assert_eq!(crate::check::dump(world).await, before, "the same again is no change");
    // Keys come and go without a new version.
    let key = world.service_key(Actor::Operator, "till", made.id).await.unwrap();
    let used = world.store.policy(made.id).await.unwrap();
    assert_eq!((used.version, used.keys), (edited.version, 1));
    world.store.revoke_key(world.operator(), key.id, None, Cascade::Nothing, None).await.unwrap();
    assert_eq!(world.store.policy(made.id).await.unwrap().keys, 0);
}

async fn a_change_of_an_old_version_is_refused(world: &World) {
    world.shop().await;
    let made = world.policy("clerk", &[]).await;
    let at = |version, change| PolicyChange { if_version: Some(version), ..change };
    let now = change(world, Actor::Operator, &made, at(made.version, permissions(&["shop:read"]))).await.unwrap().version;
    let late = change(world, Actor::Operator, &made, at(made.version, permissions(&["shop:write"])));
    assert_refused!(world, late, StoreError::VersionMismatch { current } if current == now);
    let late = world.store.delete_policy(world.operator(), made.id, Cascade::Nothing, Some(made.version));
    assert_refused!(world, late, StoreError::VersionMismatch { current } if current == now);
    // Of many who know the same version, one wins.
    let race: Vec<_> = (0..8)
        .map(|number| {
            let (store, origin) = (world.store.clone(), world.operator());
            tokio::spawn(async move { store.change_policy(origin, made.id, at(now, name(&format!("name {number}")))).await })
        })
        .collect();
    let mut won = 0;
    for racer in race {
        match racer.await.unwrap() {
            Ok(_) => won += 1,
            Err(error) => assert!(matches!(error, StoreError::VersionMismatch { .. }), "{error:?}"),
        }
    }
    assert_eq!(won, 1);
    let current = world.store.policy(made.id).await.unwrap().version;
    world.store.delete_policy(world.operator(), made.id, Cascade::Nothing, Some(current)).await.unwrap();
}

async fn only_what_is_declared_is_newly_granted(world: &World) {
    world.shop().await;
    let unknown = world.store.create_policy(world.operator(), world.new_policy("p", &["shop:read", "shop:fly", "depot:read"]));
    assert_refused!(world, unknown, StoreError::UnknownPermissions(names) if names.len() == 2 && names[1].as_str() == "shop:fly");
    let policy = world.policy("p", &["shop:read"]).await;
    let unknown = change(world, Actor::Operator, &policy, permissions(&["shop:read", "shop:fly"]));
    assert_refused!(world, unknown, StoreError::UnknownPermissions(_));
    // A name and permissions in one change stand or fall together.
    let both = PolicyChange { name: name("q").name, ..permissions(&["shop:fly"]) };
    assert_refused!(world, change(world, Actor::Operator, &policy, both), StoreError::UnknownPermissions(_));
}

async fn what_was_granted_may_stay_though_undeclared(world: &World) {
    world.shop().await;
    let policy = world.policy("clerk", &["shop:refund"]).await;
    world.declare(Actor::Operator, "shop", &["read"]).await.unwrap();
    let kept = change(world, Actor::Operator, &policy, permissions(&["shop:refund", "shop:read"])).await.unwrap();
    assert_eq!(kept.permissions, set(&["shop:read", "shop:refund"]));
    // To another policy it cannot be given, and once taken away not given back.
    let other = world.store.create_policy(world.operator(), world.new_policy("other", &["shop:refund"]));
    assert_refused!(world, other, StoreError::UnknownPermissions(_));
    change(world, Actor::Operator, &policy, permissions(&["shop:read"])).await.unwrap();
    let back = change(world, Actor::Operator, &policy, permissions(&["shop:refund"]));
    assert_refused!(world, back, StoreError::UnknownPermissions(_));
}

async fn an_edit_is_in_force_at_once(world: &World) {
    world.shop().await;
    let policy = world.policy("writer", &["keybearer:keys.write", "keybearer:policies.write"]).await;
    let writer = Actor::Key(world.service_key(Actor::Operator, "writer", policy.id).await.unwrap().id);
    let clerk = world.policy("clerk", &["shop:read"]).await;
    let exceeded = world.service_key(writer, "till", clerk.id);
    assert_refused!(world, exceeded, StoreError::Refused(Refusal::PermissionsExceeded(_)));
    let more = permissions(&["keybearer:keys.write", "keybearer:policies.write", "shop:read"]);
    change(world, Actor::Operator, &policy, more).await.unwrap();
    world.service_key(writer, "till", clerk.id).await.unwrap();
    change(world, Actor::Operator, &policy, permissions(&["keybearer:policies.write"])).await.unwrap();
    let lacking = world.service_key(writer, "till 2", clerk.id);
    assert_refused!(world, lacking, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::KeysWrite)));
    // A key may give up its own power, and then has it no more.
    change(world, writer, &policy, permissions(&[])).await.unwrap();
    let lacking = change(world, writer, &policy, permissions(&[]));
    assert_refused!(world, lacking, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::PoliciesWrite)));
}

async fn no_key_of_a_policy_ends_that_was_not_named(world: &World) {
    let policy = world.policy("clerk", &[]).await;
    let till = world.service_key(Actor::Operator, "till 1", policy.id).await.unwrap().id;
    let later = world.service_key(Actor::Operator, "till 2", policy.id).await.unwrap().id;
    let with = |keys| world.store.delete_policy(world.operator(), policy.id, Cascade::These(keys), None);
    assert_refused!(world, with(vec![]), StoreError::PolicyInUse(users) if users.len() == 2);
    assert_refused!(world, with(vec![till]), StoreError::PolicyInUse(users) if users.len() == 2);
    world.store.revoke_key(world.operator(), till, None, Cascade::Nothing, None).await.unwrap();
    assert_eq!(with(vec![till, later]).await.unwrap(), [later]);
}

async fn a_policy_in_use_is_deleted_only_with_its_keys(world: &World) {
    let policy = world.policy("clerk", &["keybearer:verify"]).await;
    let mut keys = Vec::new();
    for name in ["till 1", "till 2", "till 3"] {
        keys.push(world.service_key(Actor::Operator, name, policy.id).await.unwrap().id);
    }
    world.store.revoke_key(world.operator(), keys[2], None, Cascade::Nothing, None).await.unwrap();
    let other = world.service("other", &["keybearer:verify"]).await.id;
    let in_use = world.store.delete_policy(world.operator(), policy.id, Cascade::Nothing, None);
    let expected = [(keys[0], "till 1".to_owned()), (keys[1], "till 2".to_owned())];
    assert_refused!(world, in_use, StoreError::PolicyInUse(users) if users == expected);
    world.pass(1_000);
    let mut revoked = world.store.delete_policy(world.operator(), policy.id, Cascade::Everything, None).await.unwrap();
    revoked.sort_unstable();
    assert_eq!(revoked, keys[..2]);
    for key in &keys[..2] {
        let lifecycle = world.store.key(*key).await.unwrap().lifecycle;
        let expected = Lifecycle::Revoked { at: world.now(), reason: RevocationReason::PolicyDeleted, expires_at: None };
        assert_eq!(lifecycle, expected);
        assert_refused!(world, world.declare(Actor::Key(*key), "shop", &[]), StoreError::ActorGone);
    }
    let first = world.store.key(keys[2]).await.unwrap().lifecycle;
    assert!(matches!(first, Lifecycle::Revoked { reason: RevocationReason::Deleted, .. }));
    assert!(matches!(world.store.key(other).await.unwrap().lifecycle, Lifecycle::Live { .. }));
    assert!(matches!(world.store.policy(policy.id).await, Err(StoreError::NotFound(What::Policy))));
    assert_refused!(world, world.service_key(Actor::Operator, "till 4", policy.id), StoreError::UnknownPolicy);
    assert_refused!(
        world,
        world.store.delete_policy(world.operator(), policy.id, Cascade::Everything, None),
        StoreError::NotFound(What::Policy)
    );
    assert_refused!(world, change(world, Actor::Operator, &policy, name("x")), StoreError::NotFound(What::Policy));
    // The same policy again, under its name: its keys are not its old ones.
    let again = world.policy("clerk", &["keybearer:verify"]).await;
    assert_eq!(again.keys, 0);
    world.service_key(Actor::Operator, "till 1", again.id).await.unwrap();
    // One whose keys are all revoked is in nobody's use.
    let idle = world.policy("idle", &[]).await;
    let key = world.service_key(Actor::Operator, "idle", idle.id).await.unwrap().id;
    world.store.revoke_key(world.operator(), key, None, Cascade::Nothing, None).await.unwrap();
    assert!(world.store.delete_policy(world.operator(), idle.id, Cascade::Nothing, None).await.unwrap().is_empty());
}

async fn a_service_key_writes_only_within_its_power(world: &World) {
    world.shop().await;
    let writer = Actor::Key(world.service("writer", &["keybearer:policies.write", "shop:read"]).await.id);
    let create = |name: &str, granted: &[&str]| world.store.create_policy(world.by(writer), world.new_policy(name, granted));
    let own = create("own", &["shop:read"]).await.unwrap();
    let above = world.policy("above", &["shop:read", "shop:write"]).await;
    assert_refused!(world, create("more", &["shop:write"]), StoreError::Refused(Refusal::PermissionsExceeded(_)));
    for (policy, granted) in [(&own, &["shop:write"][..]), (&above, &["shop:read"]), (&above, &[])] {
        let refused = change(world, writer, policy, permissions(granted));
        assert_refused!(world, refused, StoreError::Refused(Refusal::PermissionsExceeded(_)));
    }
    let refused = change(world, writer, &above, name("renamed"));
    assert_refused!(world, refused, StoreError::Refused(Refusal::PermissionsExceeded(_)));
    let delete = |policy: &Policy, cascade| world.store.delete_policy(world.by(writer), policy.id, cascade, None);
    assert_refused!(world, delete(&above, Cascade::Everything), StoreError::Refused(Refusal::PermissionsExceeded(_)));
    let key = world.service_key(Actor::Operator, "till", own.id).await.unwrap().id;
    let lacking = delete(&own, Cascade::Everything);
    assert_refused!(world, lacking, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::KeysWrite)));
    world.store.revoke_key(world.operator(), key, None, Cascade::Nothing, None).await.unwrap();
    delete(&own, Cascade::Nothing).await.unwrap();
    // With `keys.write` the keys go too.
    let both = Actor::Key(world.service("both", &["keybearer:policies.write", "keybearer:keys.write"]).await.id);
    let policy = world.store.create_policy(world.by(both), world.new_policy("p", &[])).await.unwrap();
    let key = world.service_key(both, "k", policy.id).await.unwrap().id;
    assert_eq!(world.store.delete_policy(world.by(both), policy.id, Cascade::Everything, None).await.unwrap(), [key]);
}

async fn a_list_is_by_name(world: &World) {
    world.shop().await;
    world.policy("beta", &["shop:read"]).await;
    let gone = world.policy("Delta", &["shop:read"]).await;
    world.policy("Alpha", &[]).await;
    world.policy("Ｇamma", &["shop:read", "shop:write"]).await;
    world.store.delete_policy(world.operator(), gone.id, Cascade::Nothing, None).await.unwrap();
    let policies = world.store.policies().await.unwrap();
    let listed: Vec<(&str, usize)> = policies.iter().map(|policy| (policy.name.as_str(), policy.permissions.len())).collect();
    assert_eq!(listed, [("Alpha", 0), ("beta", 1), ("Ｇamma", 2)]);
}
