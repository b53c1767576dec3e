//! Sessions: who may sign in, how many at a time, and that one that is over does nothing more.

use keybearer_core::account::Status;
use keybearer_core::authority::Refusal;
use keybearer_core::key::DAY;
use keybearer_core::time::UnixMillis;
use keybearer_store::{AccountChange, Actor, Cascade, NewAccount, NewSession, SessionId, StoreError, What};
use uuid::Uuid;

use crate::world::{PASSWORD, World};

on_every_engine!(
    a_session_needs_the_password_that_is_stored_now,
    a_locked_holder_signs_in_and_a_blocked_one_does_not,
    the_oldest_sessions_make_room,
    a_session_is_ended_by_its_holder_or_an_admin,
    a_session_that_is_over_does_nothing_more,
    a_list_has_the_newest_first,
    a_refused_start_ends_no_other_session,
);

async fn a_session_needs_the_password_that_is_stored_now(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let new = world.new_session(ada, 20);
    let actor = Actor::Session { account: ada, session: new.session.id };
    let started = world.store.start_session(world.by(actor), new.clone()).await.unwrap();
    assert_eq!(started, new.session);
    assert_refused!(world, world.sign_in(ada, "$argon2id$wrong"), StoreError::ActorGone);
    let change = AccountChange { password_hash: Some("$argon2id$second".into()), ..AccountChange::default() };
    world.change(Actor::Operator, ada, change).await.unwrap();
    assert_refused!(world, world.sign_in(ada, PASSWORD), StoreError::ActorGone);
    world.sign_in(ada, "$argon2id$second").await.unwrap();
    world.store.delete_account(world.operator(), ada, None, None).await.unwrap();
    assert_refused!(world, world.sign_in(ada, "$argon2id$second"), StoreError::ActorGone);
    let without = NewAccount { password_hash: None, ..world.new_account("bob", "user") };
    let without = world.store.create_account(world.operator(), without).await.unwrap().id;
    assert_refused!(world, world.sign_in(without, ""), StoreError::ActorGone);
}

async fn a_locked_holder_signs_in_and_a_blocked_one_does_not(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let status = |status| AccountChange { status: Some(status), ..AccountChange::default() };
    let consent = |consent| AccountChange { consent: Some(consent), ..AccountChange::default() };
    world.change(Actor::Operator, ada, status(Status::Locked)).await.unwrap();
    let locked = world.signed_in(ada).await;
    assert_refused!(world, world.change(locked.actor(), ada, consent(false)), StoreError::Refused(Refusal::Unfit(_)));
    world.change(locked.actor(), ada, status(Status::Active)).await.unwrap();
    world.change(locked.actor(), ada, consent(false)).await.unwrap();
    let lacking = world.signed_in(ada).await;
    world.change(lacking.actor(), ada, consent(true)).await.unwrap();
    world.account_key(lacking.actor(), ada, 4).await.unwrap();
    world.change(Actor::Operator, ada, status(Status::Blocked)).await.unwrap();
    assert_refused!(world, world.sign_in(ada, PASSWORD), StoreError::ActorGone);
}

async fn the_oldest_sessions_make_room(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let bob = world.person("bob", "user").await;
    let mut started = Vec::new();
    for _ in 0..5 {
        started.push(world.start(world.new_session(ada, 3)).await.unwrap());
        world.pass(1);
    }
    started.reverse();
    assert_eq!(world.store.sessions(ada, world.now()).await.unwrap(), started[..3], "the three newest");
    assert_eq!(world.store.sessions(bob.id, world.now()).await.unwrap().len(), 1, "others keep theirs");
    // One that is over by its time makes room first.
    let ended = world.store.end_session(world.operator(), started[0].id).await;
    ended.unwrap();
    let short = world.new_session(ada, 3);
    let over = short.session.id;
    let short = NewSession { session: keybearer_store::Session { expires_at: world.now().plus(1), ..short.session }, ..short };
    world.start(short).await.unwrap();
    world.pass(1);
    let last = world.start(world.new_session(ada, 3)).await.unwrap();
    assert_eq!(world.store.sessions(ada, world.now()).await.unwrap(), [last, started[1], started[2]]);
    let ever = world.store.sessions(ada, UnixMillis(0)).await.unwrap();
    assert!(ever.iter().all(|session| session.id != over), "what is over is not kept");
}

async fn a_session_is_ended_by_its_holder_or_an_admin(world: &World) {
    let (ada, bob, root) = (world.person("ada", "user").await, world.person("bob", "user").await, world.person("root", "admin").await);
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let service = world.service("service", &["keybearer:accounts.write"]).await;
    let end = |by, session| world.store.end_session(world.by(by), session);
    assert_refused!(world, end(bob.actor(), ada.session), StoreError::Refused(Refusal::Hidden));
    assert_refused!(world, end(Actor::Key(key.id), ada.session), StoreError::Refused(Refusal::SessionNeeded));
    let unknown = SessionId(Uuid::from_u128(u128::MAX));
    for session in [ada.session, unknown] {
        assert_refused!(world, end(Actor::Key(service.id), session), StoreError::Refused(Refusal::ServiceKeyRefused(_)));
    }
    assert_refused!(world, end(ada.actor(), unknown), StoreError::NotFound(What::Session));
    end(root.actor(), ada.session).await.unwrap();
    assert_refused!(world, end(root.actor(), ada.session), StoreError::NotFound(What::Session));
    end(bob.actor(), bob.session).await.unwrap();
    assert!(world.store.sessions(bob.id, world.now()).await.unwrap().is_empty());
    let over = world.signed_in(ada.id).await;
    world.pass(DAY);
    assert_refused!(world, end(Actor::Operator, over.session), StoreError::NotFound(What::Session));
}

async fn a_session_that_is_over_does_nothing_more(world: &World) {
    let (ended, expired, other) =
        (world.person("ada", "admin").await, world.person("bob", "admin").await, world.person("eve", "admin").await);
    let target = world.account("target", "user").await.id;
    world.store.end_session(world.by(ended.actor()), ended.session).await.unwrap();
    world.pass(DAY / 2 - 1);
    world.account_key(expired.actor(), target, 1).await.unwrap();
    world.pass(1);
    let other = world.signed_in(other.id).await;
    let borrowed = Actor::Session { account: ended.id, session: other.session };
    let policy = world.policy("policy", &[]).await;
    for gone in [ended.actor(), expired.actor(), borrowed] {
        assert_refused!(world, world.account_key(gone, target, 1), StoreError::ActorGone);
        assert_refused!(world, world.service_key(gone, "service", policy.id), StoreError::ActorGone);
        assert_refused!(world, world.change(gone, target, AccountChange::default()), StoreError::ActorGone);
        assert_refused!(world, world.declare(gone, "shop", &["read"]), StoreError::ActorGone);
        assert_refused!(world, world.store.delete_policy(world.by(gone), policy.id, Cascade::Everything, None), StoreError::ActorGone);
        assert_refused!(world, world.store.create_policy(world.by(gone), world.new_policy("other", &[])), StoreError::ActorGone);
        assert_refused!(world, world.store.create_account(world.by(gone), world.new_account("x", "user")), StoreError::ActorGone);
        assert_refused!(world, world.store.delete_account(world.by(gone), target, None, None), StoreError::ActorGone);
        assert_refused!(world, world.store.revoke_account_keys(world.by(gone), target, String::new(), None), StoreError::ActorGone);
    }
}

async fn a_list_has_the_newest_first(world: &World) {
    let ada = world.account("ada", "user").await.id;
    let older = world.sign_in(ada, PASSWORD).await.unwrap();
    world.pass(1_000);
    // Of two at one moment, the greater id comes first.
    let tied = [world.sign_in(ada, PASSWORD).await.unwrap(), world.sign_in(ada, PASSWORD).await.unwrap()];
    assert_eq!(world.store.sessions(ada, world.now()).await.unwrap(), [tied[1], tied[0], older]);
    assert_eq!(world.store.sessions(ada, older.expires_at).await.unwrap(), [tied[1], tied[0]], "over at the very moment");
    assert!(world.store.sessions(ada, tied[0].expires_at).await.unwrap().is_empty());
}

async fn a_refused_start_ends_no_other_session(world: &World) {
    let ada = world.person("ada", "user").await;
    world.pass(1);
    let second = world.start(world.new_session(ada.id, 2)).await.unwrap();
    // It makes room first and then fails, since the id is there already: the room must not have been made.
    let again = NewSession { session: second, ..world.new_session(ada.id, 2) };
    assert_refused!(world, world.start(again), StoreError::Unavailable(_));
}
