//! What ends all keys and sessions of an account (section 3 of the design), and that going back revives nothing.

use keybearer_core::account::Status;
use keybearer_core::authority::Refusal;
use keybearer_core::key::{Lifecycle, RevocationReason};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{AccountChange, Actor, Cascade, Revoked, StoreError, What};

use crate::world::{PASSWORD, Person, World};

on_every_engine!(
    each_trigger_ends_keys_and_sessions_and_undoing_it_revives_none,
    deletion_ends_keys_and_sessions,
    no_key_ends_that_was_not_counted,
    excessive_use_ends_keys_and_sessions,
    the_first_reason_stands,
    other_changes_end_nothing,
    an_unfit_account_gets_no_key,
);

/// Somebody of level 5 with two sessions and three keys, one of them made by another and one expired; and a bystander.
struct Scene {
    holder: Person,
    elsewhere: Person,
    keys: Vec<KeyId>,
    bystander: Person,
    untouched: KeyId,
}

async fn scene(world: &World, suffix: &str) -> Scene {
    let holder = world.person(&format!("holder {suffix}"), "bughunter").await;
    let elsewhere = world.signed_in(holder.id).await;
    let bystander = world.person(&format!("bystander {suffix}"), "bughunter").await;
    let own = world.account_key(holder.actor(), holder.id, 5).await.unwrap().id;
    let made = world.account_key(Actor::Key(own), holder.id, 1).await.unwrap().id;
    let mut short = world.new_account_key(holder.id, 2);
    short.expires_at = world.now().plus(1);
    let expired = world.store.issue_account_key(world.by(holder.actor()), short).await.unwrap().id;
    let untouched = world.account_key(bystander.actor(), bystander.id, 5).await.unwrap().id;
    world.pass(1_000);
    Scene { holder, elsewhere, keys: vec![own, made, expired], bystander, untouched }
}

async fn lifecycle(world: &World, key: KeyId) -> Lifecycle {
    world.store.key(key).await.unwrap().lifecycle
}

/// All of the holder's is over since then for this reason, none of the bystander's.
async fn assert_over(world: &World, scene: &Scene, since: UnixMillis, why: RevocationReason) {
    for key in &scene.keys {
        let found = lifecycle(world, *key).await;
        assert!(matches!(found, Lifecycle::Revoked { at, reason, .. } if at == since && reason == why), "{why:?}: {found:?}");
        assert_refused!(world, world.account_key(Actor::Key(*key), scene.holder.id, 0), StoreError::ActorGone);
    }
    assert!(world.store.sessions(scene.holder.id, world.now()).await.unwrap().is_empty());
    for session in [scene.holder, scene.elsewhere] {
        assert_refused!(world, world.account_key(session.actor(), scene.holder.id, 0), StoreError::ActorGone);
        assert_refused!(world, world.store.end_session(world.by(session.actor()), session.session), StoreError::ActorGone);
    }
    assert!(matches!(lifecycle(world, scene.untouched).await, Lifecycle::Live { .. }));
    world.account_key(scene.bystander.actor(), scene.bystander.id, 5).await.unwrap();
}

fn role(role: &str) -> AccountChange {
    AccountChange { role: Some(role.into()), ..AccountChange::default() }
}

fn status(status: Status) -> AccountChange {
    AccountChange { status: Some(status), ..AccountChange::default() }
}

fn consent(consent: bool) -> AccountChange {
    AccountChange { consent: Some(consent), ..AccountChange::default() }
}

async fn each_trigger_ends_keys_and_sessions_and_undoing_it_revives_none(world: &World) {
    let triggers = [
        (role("user"), role("bughunter"), RevocationReason::RoleDowngraded),
        (role("no role of the table"), role("bughunter"), RevocationReason::RoleDowngraded),
        (status(Status::Locked), status(Status::Active), RevocationReason::AccountLocked),
        (status(Status::Blocked), status(Status::Active), RevocationReason::AccountBlocked),
        (consent(false), consent(true), RevocationReason::ConsentRevoked),
    ];
    for (number, (trigger, undo, reason)) in triggers.into_iter().enumerate() {
        let scene = scene(world, &number.to_string()).await;
        let since = world.now();
        let changed = world.change(Actor::Operator, scene.holder.id, trigger).await.unwrap();
        assert_eq!(changed.revoked, Revoked { keys: 3, sessions: 2 }, "{reason:?}");
        assert_over(world, &scene, since, reason).await;
        world.pass(1_000);
        let undone = world.change(Actor::Operator, scene.holder.id, undo).await.unwrap();
        assert_eq!(undone.revoked, Revoked::default());
        assert_over(world, &scene, since, reason).await;
        // What is made from then on is good.
        let again = world.signed_in(scene.holder.id).await;
        let key = world.account_key(again.actor(), again.id, 5).await.unwrap();
        world.account_key(Actor::Key(key.id), again.id, 5).await.unwrap();
    }
}

async fn deletion_ends_keys_and_sessions(world: &World) {
    let scene = scene(world, "deleted").await;
    let since = world.now();
    let deleted = world.store.delete_account(world.by(scene.holder.actor()), scene.holder.id, Some(PASSWORD.into()), None).await.unwrap();
    assert_eq!(deleted, Revoked { keys: 3, sessions: 2 });
    assert_over(world, &scene, since, RevocationReason::AccountDeleted).await;
    // The same name again is another account: what was the old one's is not its.
    let again = world.person("holder deleted", "bughunter").await;
    assert_ne!(again.id, scene.holder.id);
    assert_over(world, &scene, since, RevocationReason::AccountDeleted).await;
    assert_refused!(world, world.account_key(Actor::Operator, scene.holder.id, 0), StoreError::NotFound(What::Account));
}

async fn no_key_ends_that_was_not_counted(world: &World) {
    let root = world.person("root", "admin").await;
    let scene = scene(world, "counted").await;
    let id = scene.holder.id;
    for if_keys in [0, 2, 4].map(Some) {
        let change = AccountChange { if_keys, ..status(Status::Blocked) };
        assert_refused!(world, world.change(root.actor(), id, change), StoreError::KeysChanged);
        let revoked = world.store.revoke_account_keys(world.by(root.actor()), id, "too much".into(), if_keys);
        assert_refused!(world, revoked, StoreError::KeysChanged);
        let deleted = world.store.delete_account(world.by(root.actor()), id, None, if_keys);
        assert_refused!(world, deleted, StoreError::KeysChanged);
    }
    // What ends none must be known to.
    let raised = |if_keys| AccountChange { if_keys: Some(if_keys), ..role("support") };
    assert_refused!(world, world.change(root.actor(), id, raised(3)), StoreError::KeysChanged);
    world.change(root.actor(), id, raised(0)).await.unwrap();
    assert_refused!(world, world.change(root.actor(), id, raised(3)), StoreError::KeysChanged);
    let revoked = world.store.revoke_account_keys(world.by(root.actor()), id, "too much".into(), Some(3)).await.unwrap();
    assert_eq!(revoked.keys, 3);
    let locked = AccountChange { if_keys: Some(0), ..status(Status::Locked) };
    assert_eq!(world.change(root.actor(), id, locked).await.unwrap().revoked, Revoked::default());
    world.store.delete_account(world.by(root.actor()), id, None, Some(0)).await.unwrap();
}

async fn excessive_use_ends_keys_and_sessions(world: &World) {
    let root = world.person("root", "admin").await;
    let scene = scene(world, "excessive").await;
    let since = world.now();
    let reason = "10,000 requests a second".to_owned();
    let revoked = world.store.revoke_account_keys(world.by(root.actor()), scene.holder.id, reason.clone(), None).await.unwrap();
    assert_eq!(revoked, Revoked { keys: 3, sessions: 2 });
    assert_over(world, &scene, since, RevocationReason::ExcessiveUse).await;
    let event = crate::check::events(world).await.into_iter().find(|event| event.action == "account.keys_revoked").unwrap();
    assert_eq!(event.after.unwrap()["reason"], reason);
    let again = world.signed_in(scene.holder.id).await;
    world.account_key(again.actor(), again.id, 5).await.unwrap();
    let nobody = world.store.revoke_account_keys(world.by(root.actor()), keybearer_core::account::AccountId(999), reason, None);
    assert_refused!(world, nobody, StoreError::NotFound(What::Account));
}

async fn the_first_reason_stands(world: &World) {
    let scene = scene(world, "twice").await;
    let since = world.now();
    let mut ended = Revoked::default();
    for change in [consent(false), status(Status::Locked), status(Status::Blocked), role("user")] {
        let revoked = world.change(Actor::Operator, scene.holder.id, change).await.unwrap().revoked;
        (ended.keys, ended.sessions) = (ended.keys + revoked.keys, ended.sessions + revoked.sessions);
        world.pass(1_000);
    }
    assert_eq!(ended, Revoked { keys: 3, sessions: 2 });
    world.store.revoke_account_keys(world.operator(), scene.holder.id, "late".into(), None).await.unwrap();
    world.store.delete_account(world.operator(), scene.holder.id, None, None).await.unwrap();
    assert_refused!(
        world,
        world.store.revoke_key(world.operator(), scene.keys[0], None, Cascade::Everything, None),
        StoreError::NotFound(What::Key)
    );
    assert_over(world, &scene, since, RevocationReason::ConsentRevoked).await;
}

async fn other_changes_end_nothing(world: &World) {
    let holder = world.person("ada", "bughunter").await;
    let key = world.account_key(holder.actor(), holder.id, 5).await.unwrap();
    let email = AccountChange { email: Some(Some("ada@example.org".into())), ..AccountChange::default() };
    for change in [role("support"), role("admin"), email, consent(true), status(Status::Active)] {
        assert_eq!(world.change(Actor::Operator, holder.id, change).await.unwrap().revoked, Revoked::default());
    }
    // The old session has the new power at once.
    world.account_key(holder.actor(), holder.id, 8).await.unwrap();
    // The old key has its own level, no more.
    let more = world.account_key(Actor::Key(key.id), holder.id, 6);
    assert_refused!(world, more, StoreError::Refused(Refusal::LevelExceedsCredential { .. }));
}

async fn an_unfit_account_gets_no_key(world: &World) {
    let root = world.person("root", "admin").await;
    let writer = Actor::Key(world.service("writer", &["keybearer:keys.write"]).await.id);
    let holder = world.account("ada", "user").await.id;
    for (stop, go) in [
        (status(Status::Locked), status(Status::Active)),
        (status(Status::Blocked), status(Status::Active)),
        (consent(false), consent(true)),
    ] {
        world.change(Actor::Operator, holder, stop).await.unwrap();
        for by in [Actor::Operator, root.actor(), writer] {
            assert_refused!(world, world.account_key(by, holder, 0), StoreError::Refused(Refusal::OwnerUnfit(_)));
        }
        // The holder may sign in (unless blocked), and then make no key either.
        if let Ok(session) = world.sign_in(holder, PASSWORD).await {
            let own = Actor::Session { account: holder, session: session.id };
            assert_refused!(world, world.account_key(own, holder, 0), StoreError::Refused(Refusal::Unfit(_)));
        }
        world.change(Actor::Operator, holder, go).await.unwrap();
        world.account_key(root.actor(), holder, 4).await.unwrap();
    }
}
