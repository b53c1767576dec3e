//! Copies of a database, and restored ones: over random histories, nothing comes back that was taken away since the copy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keybearer_core::account::{AccountId, Standing, Status};
use keybearer_core::decision::{Evidence, Holder, Record, decide};
use keybearer_core::identity::Identity;
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::requirement::Requirement;
use keybearer_core::role::{Level, Roles};
use keybearer_core::token::KeyId;
use keybearer_store::{
    AccountChange, Actor, CarriedOver, Cascade, IfGate, KeyHolder, Newcomer, PolicyChange, Replaced, ServiceKeyChange, Store, StoreError,
    check_sqlite, copy_sqlite, open_sqlite, prepare_restored_sqlite, read_replaced_sqlite, sqlite_contents,
};
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;

use crate::gate;
use crate::image::{Image, Told};
use crate::world::{World, first, set};

const NAMES: [&str; 3] = ["shop:read", "shop:write", "shop:refund"];
const ROLES: [&str; 3] = ["user", "support", "admin"];

/// One change of a random history; numbers pick what is there.
#[derive(Clone, Debug)]
enum Step {
    NewAccountKey(usize),
    NewServiceKey(usize),
    NewPolicy(u8),
    NewAccount(usize),
    RevokeKey(usize),
    Role(usize, usize),
    Status(usize, u8),
    Consent(usize, bool),
    Password(usize),
    DeleteAccount(usize),
    EditPolicy(usize, u8),
    DeletePolicy(usize),
    Repoint(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0usize..8;
    prop_oneof![
        3 => which().prop_map(Step::NewAccountKey),
        3 => which().prop_map(Step::NewServiceKey),
        2 => (0u8..8).prop_map(Step::NewPolicy),
        1 => (0usize..3).prop_map(Step::NewAccount),
        2 => which().prop_map(Step::RevokeKey),
        3 => (which(), 0usize..3).prop_map(|(account, role)| Step::Role(account, role)),
        3 => (which(), 0u8..3).prop_map(|(account, status)| Step::Status(account, status)),
        2 => (which(), any::<bool>()).prop_map(|(account, consent)| Step::Consent(account, consent)),
        1 => which().prop_map(Step::Password),
        1 => which().prop_map(Step::DeleteAccount),
        3 => (which(), 0u8..8).prop_map(|(policy, bits)| Step::EditPolicy(policy, bits)),
        1 => which().prop_map(Step::DeletePolicy),
        3 => (which(), which()).prop_map(|(key, policy)| Step::Repoint(key, policy)),
    ]
}

fn permissions(bits: u8) -> Vec<&'static str> {
    NAMES.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name).collect()
}

/// Does what the step says, as far as the rules allow it.
async fn take(world: &World, number: usize, step: Step) {
    let pick = |count: usize, which: usize| if count == 0 { None } else { Some(which % count) };
    let (accounts, policies, keys): (Vec<AccountId>, Vec<PolicyId>, Vec<KeyId>) = {
        let told = world.image.told();
        (told.accounts.keys().copied().collect(), told.policies.keys().copied().collect(), told.keys.keys().copied().collect())
    };
    let account = |which| pick(accounts.len(), which).map(|at| accounts[at]);
    let policy = |which| pick(policies.len(), which).map(|at| policies[at]);
    let key = |which| pick(keys.len(), which).map(|at| keys[at]);
    let change = async |which, change| {
        if let Some(id) = account(which) {
            drop(world.change(Actor::Operator, id, change).await);
        }
    };
    match step {
        Step::NewAccountKey(owner) => {
            if let Some(owner) = account(owner) {
                drop(world.account_key(Actor::Operator, owner, 4).await);
            }
        }
        Step::NewServiceKey(which) => {
            if let Some(policy) = policy(which) {
                drop(world.service_key(Actor::Operator, &format!("key {number}"), policy).await);
            }
        }
        Step::NewPolicy(bits) => drop(world.policy(&format!("policy {number}"), &permissions(bits)).await),
        Step::NewAccount(role) => drop(world.account(&format!("person {number}"), ROLES[role]).await),
        Step::RevokeKey(which) => {
            if let Some(key) = key(which) {
                drop(world.store.revoke_key(world.operator(), key, None, Cascade::Nothing, None).await);
            }
        }
        Step::Role(which, role) => change(which, AccountChange { role: Some(ROLES[role].into()), ..AccountChange::default() }).await,
        Step::Status(which, status) => {
            let status = [Status::Active, Status::Locked, Status::Blocked][usize::from(status)];
            change(which, AccountChange { status: Some(status), ..AccountChange::default() }).await;
        }
        Step::Consent(which, consent) => change(which, AccountChange { consent: Some(consent), ..AccountChange::default() }).await,
        Step::Password(which) => {
            change(which, AccountChange { password_hash: Some(format!("hash {number}")), ..AccountChange::default() }).await;
        }
        Step::DeleteAccount(which) => {
            if let Some(id) = account(which) {
                drop(world.store.delete_account(world.operator(), id, None, None).await);
            }
        }
        Step::EditPolicy(which, bits) => {
            if let Some(id) = policy(which) {
                let permissions = Some(set(&permissions(bits)));
                drop(world.store.change_policy(world.operator(), id, PolicyChange { permissions, ..PolicyChange::default() }).await);
            }
        }
        Step::DeletePolicy(which) => {
            if let Some(id) = policy(which) {
                drop(world.store.delete_policy(world.operator(), id, Cascade::Everything, None).await);
            }
        }
        Step::Repoint(which, to) => {
            if let (Some(key), Some(policy)) = (key(which), policy(to)) {
                let change = ServiceKeyChange { policy: Some(policy), ..ServiceKeyChange::default() };
                drop(world.store.change_service_key(world.operator(), key, change, false).await);
            }
        }
    }
}

/// What a key may, where it may anything.
#[derive(Clone, PartialEq, Debug)]
enum Rights {
    Level(Level),
    Permissions(PermissionSet),
}

impl Rights {
    fn are_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Level(level), Self::Level(other)) => level <= other,
            (Self::Permissions(own), Self::Permissions(other)) => own.beyond(other).next().is_none(),
            _ => false,
        }
    }
}

/// What every key may, by the one decision function.
fn rights(world: &World, told: &Told) -> BTreeMap<KeyId, Option<Rights>> {
    let roles = Roles::default();
    let none = PermissionSet::default();
    let of = |key: &keybearer_store::Key| {
        let holder = match &key.holder {
            KeyHolder::Account { owner, level } => {
                let absent = Standing { level: Level::NONE, status: Status::Blocked, consent: false };
                Holder::Account { level: *level, owner: told.accounts.get(owner).map_or(absent, |owner| owner.standing(&roles)) }
            }
            KeyHolder::Service { policy, .. } => {
                Holder::Service { permissions: told.policies.get(policy).map_or(&none, |policy| &policy.permissions) }
            }
        };
        let grant = decide(&Record { lifecycle: key.lifecycle, holder }, &Requirement::ANY, world.now()).ok()?;
        Some(match grant.evidence() {
            Evidence::Level(level) => Rights::Level(level),
            Evidence::Permissions { held, .. } => Rights::Permissions(held.clone()),
        })
    };
    told.keys.iter().map(|(id, key)| (*id, of(key))).collect()
}

fn database(world: &World) -> PathBuf {
    world.place.path().join("keybearer.db")
}

/// A copy of the world's database under this name beside it.
fn copy(world: &World, name: &str) -> PathBuf {
    let to = world.place.path().join(name);
    std::fs::write(&to, "").unwrap();
    copy_sqlite(&database(world), &to).unwrap();
    to
}

fn prepare(world: &World, copy: &Path, replaced: Option<&Replaced>) -> Result<CarriedOver, StoreError> {
    prepare_restored_sqlite(copy, replaced, &[(1, "first".to_owned())].into(), &Roles::default(), world.now())
}

async fn load(file: &Path) -> (Arc<dyn Store>, Arc<Image>) {
    let store = open_sqlite(file, Roles::default()).unwrap();
    store.check_peppers([(1, "first".to_owned())].into()).await.unwrap();
    let image = Arc::new(Image::default());
    store.follow(image.clone()).await.unwrap();
    (store, image)
}

async fn furnished() -> World {
    let world = World::sqlite().await;
    world.shop().await;
    for (name, role) in [("root", "admin"), ("ada", "user"), ("grace", "support"), ("mary", "admin")] {
        let id = world.account(name, role).await.id;
        world.account_key(Actor::Operator, id, 4).await.unwrap();
    }
    for (name, permissions) in [("all", &NAMES[..]), ("read", &NAMES[..1]), ("none", &[])] {
        let policy = world.policy(name, permissions).await.id;
        world.service_key(Actor::Operator, &format!("{name} 1"), policy).await.unwrap();
        world.service_key(Actor::Operator, &format!("{name} 2"), policy).await.unwrap();
    }
    world
}

async fn nothing_comes_back(before: Vec<Step>, after: Vec<Step>) {
    let world = furnished().await;
    for (number, step) in before.into_iter().enumerate() {
        take(&world, number, step).await;
    }
    let copy = copy(&world, "copy.db");
    let at_copy = rights(&world, &world.image.told());
    world.pass(1_000);
    for (number, step) in after.into_iter().enumerate() {
        take(&world, 1_000 + number, step).await;
    }
    let last = rights(&world, &world.image.told());
    let passwords = async |store: &Arc<dyn Store>, id: AccountId| store.login_by_id(id).await.unwrap().map(|login| login.password_hash);
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    prepare(&world, &copy, Some(&replaced)).unwrap();
    check_sqlite(&copy).unwrap();

    let (store, image) = load(&copy).await;
    let accounts: Vec<AccountId> = image.told().accounts.keys().copied().collect();
    for id in accounts {
        assert_eq!(passwords(&store, id).await, passwords(&world.store, id).await);
    }
    let restored = keybearer_store::EventFilter { action: Some("store.restored".into()), ..Default::default() };
    assert_eq!(store.events(restored, first(5)).await.unwrap().items.len(), 1);
    let told = image.told();
    assert!(told.sessions.is_empty());
    let restored = rights(&world, &told);
    assert_eq!(restored.keys().collect::<Vec<_>>(), at_copy.keys().collect::<Vec<_>>(), "the keys are those of the copy");
    for (id, now) in &restored {
        let (then, last) = (&at_copy[id], &last[id]);
        match (now, last) {
            (Some(now), Some(last)) => assert!(now.are_within(last), "{id} got back {now:?} from {last:?}"),
            (Some(now), None) => panic!("{id} got back {now:?}"),
            (None, _) => {}
        }
        if matches!(then, Some(Rights::Level(_))) {
            assert_eq!(now.is_some(), last.is_some(), "{id}, a person's key, is lost without need");
        }
    }
    let original = world.image.told();
    for (id, account) in &told.accounts {
        let known = original.accounts.get(id).unwrap_or_else(|| panic!("account {id:?} was deleted"));
        let (stands, stood) = (account.standing(&Roles::default()), known.standing(&Roles::default()));
        assert_eq!(stands.lesser(&stood), stands, "account {id:?}: {stands:?} was {stood:?}");
    }
    for (id, policy) in &told.policies {
        let known = original.policies.get(id).unwrap_or_else(|| panic!("policy {id} was deleted"));
        assert!(policy.permissions.beyond(&known.permissions).next().is_none());
    }
    assert!(told.revision > original.revision, "revisions never go back");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_comes_back_that_was_taken_away(
        before in proptest::collection::vec(step(), 0..20),
        after in proptest::collection::vec(step(), 0..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(nothing_comes_back(before, after));
    }
}

#[tokio::test]
async fn a_copy_has_what_the_database_has_and_changes_nothing() {
    let world = furnished().await;
    let copy = copy(&world, "copy.db");
    let (original, copied) = (sqlite_contents(&database(&world)).unwrap(), sqlite_contents(&copy).unwrap());
    assert_eq!(original, copied);
    assert_eq!((original.accounts, original.keys, original.policies), (4, 10, 3));
    assert_eq!((original.active_roles.join(" "), original.peppers.len()), ("admin support user".to_owned(), 1));
    check_sqlite(&copy).unwrap();
    crate::check::all(&world).await;
}

#[tokio::test]
async fn what_lacks_a_pepper_or_is_damaged_is_not_restored() {
    let world = furnished().await;
    let copy = copy(&world, "copy.db");
    let other = prepare_restored_sqlite(&copy, None, &[(1, "other".to_owned())].into(), &Roles::default(), world.now());
    assert!(matches!(other, Err(StoreError::Pepper { version: 1, .. })), "{other:?}");
    Connection::open(&copy).unwrap().execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM policies").unwrap();
    let damaged = prepare(&world, &copy, None);
    assert!(matches!(&damaged, Err(StoreError::Unavailable(why)) if why.contains("refer to nothing")), "{damaged:?}");
    assert!(check_sqlite(&copy).is_err());
    std::fs::write(&copy, "no database").unwrap();
    assert!(prepare(&world, &copy, None).is_err() && sqlite_contents(&copy).is_err());
    assert!(read_replaced_sqlite(&world.place.path().join("nowhere.db")).is_err());
}

#[tokio::test]
async fn a_copy_with_all_of_the_other_history_is_taken_as_it_is() {
    let world = furnished().await;
    let early = copy(&world, "early.db");
    let raised = AccountChange { role: Some("admin".into()), ..AccountChange::default() };
    world.change(Actor::Operator, AccountId(2), raised).await.unwrap();
    let late = copy(&world, "late.db");
    let replaced = read_replaced_sqlite(&early).unwrap();
    assert_eq!(prepare(&world, &late, Some(&replaced)).unwrap(), CarriedOver::default());
    assert_eq!(load(&late).await.0.account(AccountId(2)).await.unwrap().role, "admin");
}

#[tokio::test]
async fn the_number_of_an_account_is_not_given_again_after_a_restoration() {
    let world = furnished().await;
    let copy = copy(&world, "copy.db");
    let late = world.account("late", "user").await.id;
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    prepare(&world, &copy, Some(&replaced)).unwrap();
    let (store, _image) = load(&copy).await;
    let next = store.create_account(world.operator(), world.new_account("next", "user")).await.unwrap().id;
    assert!(next > late, "{next:?} after {late:?}");
}

/// A store that was restored from `copy`, to go on with.
async fn world_of(copy: &Path) -> World {
    let place = tempfile::tempdir().unwrap();
    std::fs::copy(copy, place.path().join("keybearer.db")).unwrap();
    World::at(place).await
}

fn raise(role: &str) -> AccountChange {
    AccountChange { role: Some(role.into()), ..AccountChange::default() }
}

fn password(hash: &str) -> AccountChange {
    AccountChange { password_hash: Some(hash.into()), ..AccountChange::default() }
}

async fn hash_of(store: &Arc<dyn Store>, id: AccountId) -> Option<String> {
    store.login_by_id(id).await.unwrap().unwrap().password_hash
}

const ADA: AccountId = AccountId(2);
const GRACE: AccountId = AccountId(3);
const MARY: AccountId = AccountId(4);

#[tokio::test]
async fn of_two_histories_each_gives_what_only_it_has_changed_and_both_what_is_less() {
    let world = furnished().await;
    let key = world.service("moved", &["shop:write"]).await;
    let KeyHolder::Service { policy: old, .. } = key.holder else { panic!("a key of a service") };
    let early = copy(&world, "early.db");
    // In the one history all of this happens.
    let target = world.policy("target", &["shop:read"]).await.id;
    let move_it = ServiceKeyChange { policy: Some(target), ..ServiceKeyChange::default() };
    world.store.change_service_key(world.operator(), key.id, move_it, false).await.unwrap();
    world.store.delete_policy(world.operator(), old, Cascade::Nothing, None).await.unwrap();
    for (id, hash) in [(ADA, "ada, here"), (GRACE, "grace, here")] {
        world.change(Actor::Operator, id, password(hash)).await.unwrap();
    }
    world.change(Actor::Operator, MARY, raise("support")).await.unwrap();
    let late = copy(&world, "late.db");
    // In the other, which begins with the early copy, this does.
    prepare(&world, &early, None).unwrap();
    let other = world_of(&early).await;
    other.change(Actor::Operator, GRACE, password("grace, there")).await.unwrap();
    other.change(Actor::Operator, MARY, raise("user")).await.unwrap();

    let replaced = read_replaced_sqlite(&database(&other)).unwrap();
    let carried = prepare(&world, &late, Some(&replaced)).unwrap();
    let (store, image) = load(&late).await;
    assert_eq!(hash_of(&store, ADA).await.as_deref(), Some("ada, here"), "only one history changed it");
    assert_eq!(hash_of(&store, GRACE).await, None, "nobody can tell which is the last");
    assert_eq!((carried.lost_passwords, carried.repointed_keys), (1, 0));
    assert_eq!(store.account(MARY).await.unwrap().role, "user");
    let may = rights(&world, &image.told());
    assert_eq!(may[&key.id], Some(Rights::Permissions(set(&["shop:read"]))), "the other history never touched it");
}

#[tokio::test]
async fn a_key_that_one_history_gave_a_policy_which_the_other_deleted_is_revoked() {
    let world = furnished().await;
    let (one, two) = (world.policy("one", &["shop:read"]).await.id, world.policy("two", &["shop:read"]).await.id);
    let key = world.service_key(Actor::Operator, "between", one).await.unwrap().id;
    let early = copy(&world, "early.db");
    world.store.delete_policy(world.operator(), two, Cascade::Nothing, None).await.unwrap();
    let late = copy(&world, "late.db");
    prepare(&world, &early, None).unwrap();
    let other = world_of(&early).await;
    let move_it = ServiceKeyChange { policy: Some(two), ..ServiceKeyChange::default() };
    other.store.change_service_key(other.operator(), key, move_it, false).await.unwrap();
    let replaced = read_replaced_sqlite(&database(&other)).unwrap();
    prepare(&world, &late, Some(&replaced)).unwrap();
    let (_store, image) = load(&late).await;
    assert_eq!(rights(&world, &image.told())[&key], None);
}

#[tokio::test]
async fn a_policy_keeps_its_name_where_that_has_become_free() {
    let world = furnished().await;
    let x = world.policy("x", &["shop:read"]).await.id;
    let key = world.service_key(Actor::Operator, "desk", x).await.unwrap().id;
    let copy = copy(&world, "copy.db");
    let next = world.policy("next", &["shop:read"]).await.id;
    let move_it = ServiceKeyChange { policy: Some(next), ..ServiceKeyChange::default() };
    world.store.change_service_key(world.operator(), key, move_it, false).await.unwrap();
    world.store.delete_policy(world.operator(), x, Cascade::Nothing, None).await.unwrap();
    let rename = PolicyChange { name: Some(("x".into(), "x".into())), ..PolicyChange::default() };
    world.store.change_policy(world.operator(), next, rename).await.unwrap();
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    assert_eq!(prepare(&world, &copy, Some(&replaced)).unwrap().renamed_policies, 0);
    let (store, _image) = load(&copy).await;
    assert_eq!(store.policy(next).await.unwrap().name, "x");
}

#[tokio::test]
async fn a_gate_that_was_changed_since_is_gone_and_one_that_was_not_is_there() {
    let world = furnished().await;
    let put = async |name: &str, level: i64| {
        gate::put(&world, Actor::Operator, name, json!({"level": level}), IfGate::Whatever).await.unwrap();
    };
    for name in ["same", "wider", "narrower", "deleted", "back"] {
        put(name, 4).await;
    }
    let copy = copy(&world, "copy.db");
    put("wider", 1).await;
    put("narrower", 8).await;
    put("back", 8).await;
    put("back", 4).await;
    put("new", 1).await;
    world.store.delete_gate(world.operator(), gate::name("deleted"), IfGate::Whatever).await.unwrap();
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    assert_eq!(prepare(&world, &copy, Some(&replaced)).unwrap().closed_gates, 3);
    let (store, image) = load(&copy).await;
    let names: Vec<String> = store.gates().await.unwrap().iter().map(|gate| gate.name.to_string()).collect();
    assert_eq!(names, ["back", "same"]);
    assert_eq!(image.told().gates.len(), 2);
}

#[tokio::test]
async fn of_roles_that_no_table_has_nobody_can_tell_the_lower() {
    let world = furnished().await;
    let set_role = |role: &str| {
        let file = database(&world);
        Connection::open(file).unwrap().execute("UPDATE accounts SET role = ?1 WHERE id = 2", [role]).unwrap();
    };
    set_role("chief");
    let copy = copy(&world, "copy.db");
    world.change(Actor::Operator, ADA, raise("user")).await.unwrap();
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    let refused = prepare(&world, &copy, Some(&replaced));
    assert!(matches!(&refused, Err(StoreError::UnknownRole(role)) if role == "chief"), "{refused:?}");
    let roles = Roles::default().with("chief", Level::ALL).unwrap();
    prepare_restored_sqlite(&copy, Some(&replaced), &[(1, "first".to_owned())].into(), &roles, world.now()).unwrap();
    assert_eq!(load(&copy).await.0.account(ADA).await.unwrap().role, "user");
}

#[tokio::test]
async fn a_person_elsewhere_who_lost_an_account_does_not_get_it_back() {
    let world = furnished().await;
    let link = |external_id: Option<&str>| AccountChange {
        external_id: Some(external_id.map(Into::into)),
        issuer: external_id.map(|_| Some("https://app.example".into())),
        ..AccountChange::default()
    };
    for (id, name) in [(ADA, "ada"), (GRACE, "grace"), (MARY, "mary")] {
        world.change(Actor::Operator, id, link(Some(name))).await.unwrap();
    }
    let early = copy(&world, "early.db");
    world.change(Actor::Operator, ADA, link(None)).await.unwrap();
    world.change(Actor::Operator, GRACE, link(Some("another"))).await.unwrap();
    world.store.delete_account(world.operator(), MARY, None, None).await.unwrap();
    let replaced = read_replaced_sqlite(&database(&world)).unwrap();
    prepare(&world, &early, Some(&replaced)).unwrap();
    let (store, _image) = load(&early).await;
    let name = async |id| store.account(id).await.unwrap().identity().map(|identity| identity.external_id);
    assert_eq!((name(ADA).await, name(GRACE).await.as_deref()), (None, Some("another")));
    let newcomer = |name: &str| {
        let identity = Identity { issuer: "https://app.example".into(), external_id: name.into() };
        Newcomer { usernames: identity.usernames(None).into(), identity, role: "user".into() }
    };
    let origin = || world.by(Actor::Issuer);
    assert!(matches!(store.welcome(origin(), newcomer("mary")).await, Err(StoreError::IdentityDeleted)));
    assert!(![ADA, GRACE].contains(&store.welcome(origin(), newcomer("ada")).await.unwrap().id));
}
