//! Keys of both kinds: who makes, changes and revokes them, by what holds at that moment.

use keybearer_core::account::AccountId;
use keybearer_core::authority::Refusal;
use keybearer_core::key::{DAY, KeyKind, Lifecycle, RevocationReason};
use keybearer_core::permission::OwnPermission;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{
    AccountChange, Actor, Cascade, Key, KeyHolder, NewAccountKey, NewKey, NewServiceKey, ServiceKeyChange, StoreError, What,
};

use crate::world::{World, level, metadata};

on_every_engine!(
    an_account_key_reads_back_as_it_was_made,
    a_service_key_reads_back_as_it_was_made,
    no_key_exceeds_its_owner_or_its_maker,
    the_owner_counts_as_it_stands_now,
    a_maker_that_is_gone_makes_nothing,
    an_account_has_so_many_live_keys,
    names_of_service_keys_are_unique_in_all_their_spellings,
    a_service_key_makes_only_within_its_power,
    a_service_key_binds_only_to_its_own_service,
    a_service_key_makes_account_keys_up_to_level_4,
    a_service_key_changes_and_an_account_key_does_not,
    a_service_key_changes_others_only_within_its_power,
    a_key_is_revoked_once,
    a_key_is_revoked_by_whom_it_concerns,
    revoking_reaches_all_descendants_or_none,
    no_descendant_ends_that_was_not_named,
    use_is_noted_and_never_goes_back,
);

fn name(name: &str) -> ServiceKeyChange {
    ServiceKeyChange { name: Some((name.into(), keybearer_core::name::canonical(name))), ..ServiceKeyChange::default() }
}

async fn change(world: &World, by: Actor, id: KeyId, change: ServiceKeyChange) -> Result<Key, StoreError> {
    world.store.change_service_key(world.by(by), id, change, false).await
}

async fn revoke(world: &World, by: Actor, id: KeyId) -> Result<Vec<KeyId>, StoreError> {
    world.store.revoke_key(world.by(by), id, None, Cascade::Nothing, None).await
}

/// All of a key that is told, without the digest.
fn told(key: &Key) -> String {
    format!("{:?}", (key.id, &key.name, &key.holder, key.lifecycle, &key.metadata, key.pepper, key.created_at, &key.created_by))
}

async fn an_account_key_reads_back_as_it_was_made(world: &World) {
    let ada = world.person("ada", "user").await;
    let key = NewKey { metadata: metadata("host", "laptop"), ..world.new_key("Laptop") };
    let (id, digest) = (key.id, key.digest);
    let new = NewAccountKey { key, ..world.new_account_key(ada.id, 3) };
    let made = world.store.issue_account_key(world.by(ada.actor()), new).await.unwrap();
    let read = world.store.key(id).await.unwrap();
    assert_eq!(told(&read), told(&made));
    assert!(read.digest.matches(&digest));
    assert_eq!((read.name.as_str(), read.metadata), ("Laptop", metadata("host", "laptop")));
    assert_eq!(read.holder, KeyHolder::Account { owner: ada.id, level: level(3) });
    assert_eq!(read.lifecycle, Lifecycle::Live { expires_at: Some(world.now().plus(30 * DAY)) });
    assert_eq!((read.created_at, read.created_by, read.last_used_at), (world.now(), format!("account:{}", ada.id.0), None));
    let made = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let by_key = world.account_key(Actor::Key(made), ada.id, 0).await.unwrap();
    assert_eq!(by_key.created_by, format!("key:{made}"));
    assert!(matches!(world.store.key(world.new_key("x").id).await, Err(StoreError::NotFound(What::Key))));
}

async fn a_service_key_reads_back_as_it_was_made(world: &World) {
    let policy = world.policy("clerk", &[]).await.id;
    let service = Some("shop".parse().unwrap());
    let expires_at = Some(world.now().plus(DAY));
    let new = NewServiceKey { service: service.clone(), expires_at, ..world.new_service_key("Till", policy) };
    let made = world.store.issue_service_key(world.operator(), new).await.unwrap();
    let read = world.store.key(made.id).await.unwrap();
    assert_eq!(told(&read), told(&made));
    assert_eq!(read.holder, KeyHolder::Service { policy, service });
    assert_eq!(read.lifecycle, Lifecycle::Live { expires_at });
    assert_eq!(read.created_by, "operator");
    let unbound = world.service_key(Actor::Operator, "till 2", policy).await.unwrap();
    assert_eq!(unbound.lifecycle, Lifecycle::Live { expires_at: None });
    let nowhere = world.new_policy("nowhere", &[]).id;
    assert_refused!(world, world.service_key(Actor::Operator, "till 3", nowhere), StoreError::UnknownPolicy);
}

async fn no_key_exceeds_its_owner_or_its_maker(world: &World) {
    let (ada, root) = (world.person("ada", "bughunter").await, world.person("root", "admin").await);
    let four = Actor::Key(world.account_key(ada.actor(), ada.id, 4).await.unwrap().id);
    let three = Actor::Key(world.account_key(four, ada.id, 3).await.unwrap().id);
    let own = world.account_key(ada.actor(), ada.id, 6);
    assert_refused!(world, own, StoreError::Refused(Refusal::LevelExceedsOwner { .. }));
    let by_admin = world.account_key(root.actor(), ada.id, 6);
    assert_refused!(world, by_admin, StoreError::Refused(Refusal::LevelExceedsOwner { .. }));
    let by_operator = world.account_key(Actor::Operator, ada.id, 6);
    assert_refused!(world, by_operator, StoreError::Refused(Refusal::LevelExceedsOwner { .. }));
    assert_refused!(world, world.account_key(four, ada.id, 5), StoreError::Refused(Refusal::LevelExceedsCredential { .. }));
    assert_refused!(world, world.account_key(three, ada.id, 0), StoreError::Refused(Refusal::LevelTooLow { .. }));
    // For others only level 8 makes keys, and whether such an account exists is told to nobody else.
    for owner in [root.id, AccountId(999)] {
        assert_refused!(world, world.account_key(ada.actor(), owner, 0), StoreError::Refused(Refusal::LevelTooLow { .. }));
        assert_refused!(world, world.account_key(four, owner, 0), StoreError::Refused(Refusal::LevelTooLow { .. }));
    }
    assert_refused!(world, world.account_key(root.actor(), AccountId(999), 0), StoreError::NotFound(What::Account));
    let policy = world.policy("clerk", &[]).await.id;
    for by in [ada.actor(), four, Actor::Key(world.account_key(root.actor(), root.id, 7).await.unwrap().id)] {
        assert_refused!(world, world.service_key(by, "till", policy), StoreError::Refused(Refusal::LevelTooLow { .. }));
    }
    world.account_key(root.actor(), ada.id, 5).await.unwrap();
    world.service_key(Actor::Key(world.account_key(root.actor(), root.id, 8).await.unwrap().id), "till", policy).await.unwrap();
}

async fn the_owner_counts_as_it_stands_now(world: &World) {
    let (ada, root) = (world.account("ada", "support").await.id, world.person("root", "admin").await);
    let role = |role: &str| AccountChange { role: Some(role.into()), ..AccountChange::default() };
    world.account_key(root.actor(), ada, 6).await.unwrap();
    world.change(Actor::Operator, ada, role("user")).await.unwrap();
    for too_much in [5, 6] {
        let refused = world.account_key(root.actor(), ada, too_much);
        assert_refused!(world, refused, StoreError::Refused(Refusal::LevelExceedsOwner { .. }));
    }
    world.account_key(root.actor(), ada, 4).await.unwrap();
    // A role that the table does not have is worth nothing.
    world.change(Actor::Operator, ada, role("emperor")).await.unwrap();
    let refused = world.account_key(root.actor(), ada, 1);
    assert_refused!(world, refused, StoreError::Refused(Refusal::LevelExceedsOwner { .. }));
    world.account_key(root.actor(), ada, 0).await.unwrap();
}

async fn a_maker_that_is_gone_makes_nothing(world: &World) {
    let root = world.person("root", "admin").await;
    let policy = world.policy("policy", &["keybearer:keys.write"]).await.id;
    let revoked = world.account_key(root.actor(), root.id, 8).await.unwrap().id;
    revoke(world, root.actor(), revoked).await.unwrap();
    let service = world.service_key(root.actor(), "service", policy).await.unwrap().id;
    revoke(world, root.actor(), service).await.unwrap();
    let short = NewAccountKey { expires_at: world.now().plus(1_000), ..world.new_account_key(root.id, 8) };
    let expired = world.store.issue_account_key(world.by(root.actor()), short).await.unwrap().id;
    let short = NewServiceKey { expires_at: Some(world.now().plus(1_000)), ..world.new_service_key("short", policy) };
    let expired_service = world.store.issue_service_key(world.by(root.actor()), short).await.unwrap().id;
    world.pass(999);
    world.account_key(Actor::Key(expired), root.id, 8).await.unwrap();
    world.service_key(Actor::Key(expired_service), "made in time", policy).await.unwrap();
    world.pass(1);
    for gone in [revoked, service, expired, expired_service, world.new_key("never was").id] {
        let gone = Actor::Key(gone);
        assert_refused!(world, world.account_key(gone, root.id, 0), StoreError::ActorGone);
        assert_refused!(world, world.service_key(gone, "another", policy), StoreError::ActorGone);
        assert_refused!(world, revoke(world, gone, revoked), StoreError::ActorGone);
        assert_refused!(world, change(world, gone, service, name("another")), StoreError::ActorGone);
    }
}

async fn an_account_has_so_many_live_keys(world: &World) {
    let ada = world.person("ada", "user").await;
    let limited = || NewAccountKey { max_per_account: 3, ..world.new_account_key(ada.id, 1) };
    let short = NewAccountKey { expires_at: world.now().plus(1_000), ..limited() };
    world.store.issue_account_key(world.by(ada.actor()), short).await.unwrap();
    let race: Vec<_> = (0..16)
        .map(|_| {
            let (store, origin, new) = (world.store.clone(), world.by(ada.actor()), limited());
            tokio::spawn(async move { store.issue_account_key(origin, new).await })
        })
        .collect();
    let mut made = Vec::new();
    for racer in race {
        match racer.await.unwrap() {
            Ok(key) => made.push(key.id),
            Err(error) => assert!(matches!(error, StoreError::TooManyKeys { max: 3 }), "{error:?}"),
        }
    }
    assert_eq!(made.len(), 2);
    // What is revoked or expired makes room; what others have takes none.
    revoke(world, ada.actor(), made[0]).await.unwrap();
    world.store.issue_account_key(world.by(ada.actor()), limited()).await.unwrap();
    world.pass(1_000);
    world.store.issue_account_key(world.by(ada.actor()), limited()).await.unwrap();
    let one_more = world.store.issue_account_key(world.operator(), limited());
    assert_refused!(world, one_more, StoreError::TooManyKeys { max: 3 });
    let bob = world.person("bob", "user").await;
    let first = NewAccountKey { max_per_account: 1, ..world.new_account_key(bob.id, 1) };
    world.store.issue_account_key(world.by(bob.actor()), first).await.unwrap();
}

async fn names_of_service_keys_are_unique_in_all_their_spellings(world: &World) {
    let policy = world.policy("policy", &[]).await.id;
    let till = world.service_key(Actor::Operator, "Till", policy).await.unwrap().id;
    let other = world.service_key(Actor::Operator, "other", policy).await.unwrap().id;
    for same in ["Till", "tILL", "ｔｉｌｌ", "till "] {
        let taken = world.service_key(Actor::Operator, same, policy);
        assert_refused!(world, taken, StoreError::Taken { what: What::Key, field: "name" });
        let taken = change(world, Actor::Operator, other, name(same));
        assert_refused!(world, taken, StoreError::Taken { what: What::Key, field: "name" });
    }
    assert_eq!(change(world, Actor::Operator, till, name("TILL")).await.unwrap().name, "TILL");
    revoke(world, Actor::Operator, till).await.unwrap();
    change(world, Actor::Operator, other, name("till")).await.unwrap();
    // One that is only expired keeps its name.
    let short = NewServiceKey { expires_at: Some(world.now().plus(1)), ..world.new_service_key("short", policy) };
    let short = world.store.issue_service_key(world.operator(), short).await.unwrap().id;
    world.pass(1);
    let taken = world.service_key(Actor::Operator, "short", policy);
    assert_refused!(world, taken, StoreError::Taken { what: What::Key, field: "name" });
    revoke(world, Actor::Operator, short).await.unwrap();
    world.service_key(Actor::Operator, "short", policy).await.unwrap();
    // A person's keys may have any names.
    let ada = world.person("ada", "user").await;
    for _ in 0..2 {
        let new = NewAccountKey { key: world.new_key("till"), ..world.new_account_key(ada.id, 1) };
        world.store.issue_account_key(world.by(ada.actor()), new).await.unwrap();
    }
}

async fn a_service_key_makes_only_within_its_power(world: &World) {
    world.shop().await;
    let writer = world.service("writer", &["keybearer:keys.write", "shop:read"]).await;
    let by = Actor::Key(writer.id);
    let (within, above) = (world.policy("within", &["shop:read"]).await.id, world.policy("above", &["shop:read", "shop:write"]).await.id);
    let made = world.service_key(by, "within", within).await.unwrap();
    assert_eq!(made.created_by, format!("key:{}", writer.id));
    let exceeded = world.service_key(by, "above", above);
    assert_refused!(world, exceeded, StoreError::Refused(Refusal::PermissionsExceeded(names)) if names[0].as_str() == "shop:write");
    let unable = Actor::Key(made.id);
    let lacking = world.service_key(unable, "more", within);
    assert_refused!(world, lacking, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::KeysWrite)));
    // Re-pointed to another policy, it has that one's power at once.
    let weaker = world.policy("weaker", &["keybearer:keys.write"]).await.id;
    let repointed = ServiceKeyChange { policy: Some(weaker), ..ServiceKeyChange::default() };
    change(world, Actor::Operator, writer.id, repointed).await.unwrap();
    let exceeded = world.service_key(by, "again", within);
    assert_refused!(world, exceeded, StoreError::Refused(Refusal::PermissionsExceeded(_)));
}

async fn a_service_key_binds_only_to_its_own_service(world: &World) {
    let policy = world.policy("policy", &["keybearer:keys.write"]).await.id;
    let bound =
        |service: &str, name: &str| NewServiceKey { service: Some(service.parse().unwrap()), ..world.new_service_key(name, policy) };
    let issue = |by, new| world.store.issue_service_key(world.by(by), new);
    let shop = Actor::Key(issue(Actor::Operator, bound("shop", "shop")).await.unwrap().id);
    let unbound = Actor::Key(world.service_key(Actor::Operator, "unbound", policy).await.unwrap().id);
    issue(shop, bound("shop", "shop 2")).await.unwrap();
    world.service_key(shop, "no service", policy).await.unwrap();
    assert_refused!(world, issue(shop, bound("depot", "depot")), StoreError::Refused(Refusal::ForeignService(_)));
    assert_refused!(world, issue(unbound, bound("shop", "shop 3")), StoreError::Refused(Refusal::ForeignService(_)));
    assert_refused!(world, issue(Actor::Operator, bound("KeyBearer", "own")), StoreError::Refused(Refusal::ReservedService));
}

async fn a_service_key_makes_account_keys_up_to_level_4(world: &World) {
    let writer = Actor::Key(world.service("writer", &["keybearer:keys.write"]).await.id);
    let other = Actor::Key(world.service("other", &["keybearer:accounts.write"]).await.id);
    let (user, hunter) = (world.account("user", "user").await.id, world.account("hunter", "bughunter").await.id);
    let made = world.account_key(writer, user, 4).await.unwrap().id;
    assert_refused!(world, world.account_key(writer, hunter, 0), StoreError::Refused(Refusal::AccountTooPowerful(_)));
    assert_refused!(world, world.account_key(writer, AccountId(999), 0), StoreError::NotFound(What::Account));
    for owner in [user, AccountId(999)] {
        let lacking = world.account_key(other, owner, 0);
        assert_refused!(world, lacking, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::KeysWrite)));
    }
    let theirs = world.account_key(Actor::Operator, hunter, 1).await.unwrap().id;
    assert_refused!(world, revoke(world, writer, theirs), StoreError::Refused(Refusal::AccountTooPowerful(_)));
    assert_eq!(revoke(world, writer, made).await.unwrap(), [made]);
}

async fn a_service_key_changes_and_an_account_key_does_not(world: &World) {
    let (first, second) = (world.policy("first", &[]).await.id, world.policy("second", &[]).await.id);
    let key = world.service_key(Actor::Operator, "till", first).await.unwrap();
    let all = ServiceKeyChange { policy: Some(second), metadata: Some(metadata("room", "3")), ..name("Till 3") };
    let changed = change(world, Actor::Operator, key.id, all.clone()).await.unwrap();
    let read = world.store.key(key.id).await.unwrap();
    assert_eq!(told(&read), told(&changed));
    assert_eq!((read.name.as_str(), &read.metadata), ("Till 3", &metadata("room", "3")));
    assert_eq!(read.holder, KeyHolder::Service { policy: second, service: None });
    let users = (world.store.policy(first).await.unwrap().keys, world.store.policy(second).await.unwrap().keys);
    assert_eq!(users, (0, 1));
    let before = crate::check::dump(world).await;
    change(world, Actor::Operator, key.id, all).await.unwrap();
    change(world, Actor::Operator, key.id, ServiceKeyChange::default()).await.unwrap();
    assert_eq!(crate::check::dump(world).await, before, "the same again is no change");
    let nowhere = ServiceKeyChange { policy: Some(world.new_policy("x", &[]).id), ..ServiceKeyChange::default() };
    assert_refused!(world, change(world, Actor::Operator, key.id, nowhere), StoreError::UnknownPolicy);

    let (ada, eve) = (world.person("ada", "user").await, world.person("eve", "user").await);
    let own = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    for by in [Actor::Operator, ada.actor()] {
        assert_refused!(world, change(world, by, own, name("x")), StoreError::Immutable);
        let as_absent = world.store.change_service_key(world.by(by), own, name("x"), true);
        assert_refused!(world, as_absent, StoreError::NotFound(What::Key));
    }
    assert_refused!(world, change(world, eve.actor(), own, name("x")), StoreError::Refused(Refusal::Hidden));
    assert_refused!(world, change(world, eve.actor(), key.id, name("x")), StoreError::Refused(Refusal::Hidden));
    assert_refused!(world, change(world, Actor::Operator, world.new_key("x").id, name("x")), StoreError::NotFound(What::Key));
    let low = Actor::Key(world.account_key(eve.actor(), eve.id, 3).await.unwrap().id);
    for id in [own, key.id, world.new_key("never was").id] {
        assert_refused!(world, change(world, low, id, name("x")), StoreError::Refused(Refusal::LevelTooLow { .. }));
    }
    revoke(world, Actor::Operator, key.id).await.unwrap();
    assert_refused!(world, change(world, Actor::Operator, key.id, name("x")), StoreError::NotFound(What::Key));
}

async fn a_service_key_changes_others_only_within_its_power(world: &World) {
    world.shop().await;
    let writer = Actor::Key(world.service("writer", &["keybearer:keys.write", "shop:read"]).await.id);
    let (within, above) = (world.policy("within", &["shop:read"]).await.id, world.policy("above", &["shop:write"]).await.id);
    let mine = world.service_key(Actor::Operator, "mine", within).await.unwrap().id;
    let not_mine = world.service_key(Actor::Operator, "not mine", above).await.unwrap().id;
    let to = |policy| ServiceKeyChange { policy: Some(policy), ..ServiceKeyChange::default() };
    change(world, writer, mine, name("renamed")).await.unwrap();
    for (id, wanted) in [(mine, to(above)), (not_mine, to(within)), (not_mine, name("x"))] {
        assert_refused!(world, change(world, writer, id, wanted), StoreError::Refused(Refusal::PermissionsExceeded(_)));
    }
    assert_refused!(world, revoke(world, writer, not_mine), StoreError::Refused(Refusal::PermissionsExceeded(_)));
    let lacking = Refusal::PermissionLacking(OwnPermission::KeysWrite);
    let unable = Actor::Key(mine);
    for id in [not_mine, world.new_key("never was").id] {
        assert_refused!(world, change(world, unable, id, name("x")), StoreError::Refused(refusal) if refusal == lacking);
        assert_refused!(world, revoke(world, unable, id), StoreError::Refused(refusal) if refusal == lacking);
    }
    assert_eq!(revoke(world, writer, mine).await.unwrap(), [mine]);
}

async fn a_key_is_revoked_once(world: &World) {
    let ada = world.person("ada", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let service = world.service("till", &[]).await.id;
    world.pass(1_000);
    let since = world.now();
    for (kind, id) in [(KeyKind::Service, key.id), (KeyKind::Account, service)] {
        let other_kind = world.store.revoke_key(world.operator(), id, Some(kind), Cascade::Everything, None);
        assert_refused!(world, other_kind, StoreError::NotFound(What::Key));
    }
    for (kind, id, expires_at) in [(KeyKind::Account, key.id, key.lifecycle.expires_at()), (KeyKind::Service, service, None)] {
        assert_eq!(world.store.revoke_key(world.operator(), id, Some(kind), Cascade::Nothing, None).await.unwrap(), [id]);
        let revoked = Lifecycle::Revoked { at: since, reason: RevocationReason::Deleted, expires_at };
        assert_eq!(world.store.key(id).await.unwrap().lifecycle, revoked);
        world.pass(1_000);
        assert_refused!(world, revoke(world, Actor::Operator, id), StoreError::NotFound(What::Key));
        world.pass(-1_000);
    }
    assert_refused!(world, revoke(world, Actor::Operator, world.new_key("never was").id), StoreError::NotFound(What::Key));
}

async fn a_key_is_revoked_by_whom_it_concerns(world: &World) {
    let (ada, eve, root) = (world.person("ada", "user").await, world.person("eve", "support").await, world.person("root", "admin").await);
    let key = |level| world.account_key(ada.actor(), ada.id, level);
    let (one, two, three) = (key(4).await.unwrap().id, key(3).await.unwrap().id, key(4).await.unwrap().id);
    let service = world.service("till", &[]).await.id;
    let eves = Actor::Key(world.account_key(eve.actor(), eve.id, 6).await.unwrap().id);
    for stranger in [eve.actor(), eves] {
        assert_refused!(world, revoke(world, stranger, one), StoreError::Refused(Refusal::Hidden));
        assert_refused!(world, revoke(world, stranger, service), StoreError::Refused(Refusal::Hidden));
    }
    // Below level 4 a key revokes nothing but itself, and so does a service key without the permission.
    let (low, weak) = (key(0).await.unwrap().id, world.service("weak", &[]).await.id);
    assert_refused!(world, revoke(world, Actor::Key(low), two), StoreError::Refused(Refusal::LevelTooLow { .. }));
    assert_refused!(world, revoke(world, Actor::Key(weak), service), StoreError::Refused(Refusal::PermissionLacking(_)));
    for itself in [low, weak] {
        assert_eq!(revoke(world, Actor::Key(itself), itself).await.unwrap(), [itself]);
        assert_refused!(world, revoke(world, Actor::Key(itself), itself), StoreError::ActorGone);
    }
    assert_eq!(revoke(world, Actor::Key(one), two).await.unwrap(), [two]);
    assert_eq!(revoke(world, ada.actor(), one).await.unwrap(), [one]);
    assert_eq!(revoke(world, root.actor(), three).await.unwrap(), [three]);
    assert_eq!(revoke(world, root.actor(), service).await.unwrap(), [service]);
}

async fn revoking_reaches_all_descendants_or_none(world: &World) {
    let ada = world.person("ada", "user").await;
    let make = async |by: KeyId| world.account_key(Actor::Key(by), ada.id, 4).await.unwrap().id;
    let root = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let (child, other_child) = (make(root).await, make(root).await);
    let grandchild = make(child).await;
    let sibling = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    assert_eq!(revoke(world, ada.actor(), child).await.unwrap(), [child], "alone, if not asked otherwise");
    let is_live = async |id| matches!(world.store.key(id).await.unwrap().lifecycle, Lifecycle::Live { .. });
    assert!(is_live(grandchild).await);
    // Through one that is revoked already, those that it made are reached all the same.
    let mut revoked = world.store.revoke_key(world.by(ada.actor()), root, None, Cascade::Everything, None).await.unwrap();
    revoked.sort_unstable();
    assert_eq!(revoked, [root, other_child, grandchild]);
    assert!(is_live(sibling).await);
    assert_refused!(
        world,
        world.store.revoke_key(world.by(ada.actor()), root, None, Cascade::Everything, None),
        StoreError::NotFound(What::Key)
    );

    // One among them out of reach: none is revoked.
    let both = world.policy("both", &["keybearer:keys.write"]).await;
    let maker = world.service_key(Actor::Operator, "maker", both.id).await.unwrap().id;
    let made = world.service_key(Actor::Key(maker), "made", both.id).await.unwrap().id;
    world.shop().await;
    let above = ServiceKeyChange { policy: Some(world.policy("above", &["shop:read"]).await.id), ..ServiceKeyChange::default() };
    change(world, Actor::Operator, made, above).await.unwrap();
    let by = Actor::Key(world.service_key(Actor::Operator, "by", both.id).await.unwrap().id);
    let out_of_reach = world.store.revoke_key(world.by(by), maker, None, Cascade::Everything, None);
    assert_refused!(world, out_of_reach, StoreError::Refused(Refusal::PermissionsExceeded(_)));
    assert_eq!(world.store.revoke_key(world.operator(), maker, None, Cascade::Everything, None).await.unwrap(), [maker, made]);
}

async fn no_descendant_ends_that_was_not_named(world: &World) {
    let ada = world.person("ada", "user").await;
    let make = async |by: KeyId| world.account_key(Actor::Key(by), ada.id, 4).await.unwrap().id;
    let root = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let (child, gone) = (make(root).await, make(root).await);
    revoke(world, ada.actor(), gone).await.unwrap();
    let made = async |of| world.store.descendants(of).await.unwrap().iter().map(|key| key.id).collect::<Vec<_>>();
    let named = made(root).await;
    assert_eq!((&named, made(child).await), (&vec![child], vec![]));
    let grandchild = make(child).await;
    assert_eq!(made(root).await, [child, grandchild]);
    let with = |keys| world.store.revoke_key(world.by(ada.actor()), root, None, Cascade::These(keys), None);
    assert_refused!(world, with(named), StoreError::KeysChanged);
    // One that was named and has ended by itself stands in no way.
    assert_eq!(with(vec![child, gone, grandchild]).await.unwrap(), [root, child, grandchild]);
    assert_eq!(made(root).await, []);
}

async fn use_is_noted_and_never_goes_back(world: &World) {
    let ada = world.person("ada", "user").await;
    let used = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let unused = world.account_key(ada.actor(), ada.id, 4).await.unwrap().id;
    let revision = world.store.stats(world.now()).await.unwrap().revision;
    let note = |uses: Vec<(KeyId, i64)>| world.store.record_use(uses.into_iter().map(|(id, at)| (id, UnixMillis(at))).collect(), vec![]);
    note(vec![(used, 2_000), (used, 1_000), (world.new_key("never was").id, 9_000)]).await.unwrap();
    note(vec![(used, 1_500)]).await.unwrap();
    note(Vec::new()).await.unwrap();
    assert_eq!(world.store.key(used).await.unwrap().last_used_at, Some(UnixMillis(2_000)));
    assert_eq!(world.store.key(unused).await.unwrap().last_used_at, None);
    revoke(world, ada.actor(), used).await.unwrap();
    note(vec![(used, 3_000)]).await.unwrap();
    let late = world.store.key(used).await.unwrap();
    assert_eq!(late.last_used_at, Some(UnixMillis(3_000)), "noted late, by the moment of the use");
    assert!(matches!(late.lifecycle, Lifecycle::Revoked { .. }));
    assert_eq!(world.store.stats(world.now()).await.unwrap().revision, revision + 1, "bookkeeping is no change");
}
