//! Rows from elsewhere: what is taken in is as it was, and what is refused leaves nothing.

use std::sync::{Arc, Mutex};

use keybearer_core::account::{AccountId, Status};
use keybearer_core::key::{DAY, Lifecycle, Limits, RevocationReason};
use keybearer_core::name::canonical;
use keybearer_core::token::Digest;
use keybearer_store::{
    AccountChange, AccountRow, Actor, Cascade, IfGate, Incoming, IncomingHolder, IncomingKey, IncomingRow, Keep, Key, KeyHolder, Metadata,
    NamedGate, OutgoingRow, OwnerName, PolicyName, PolicyRow, StoreError, Verdict,
};
use serde_json::json;

use crate::world::{World, level, metadata};
use crate::{check, gate};

/// Rows, and what became of each.
struct Source {
    rows: Vec<(u64, IncomingRow)>,
    told: Arc<Mutex<Vec<String>>>,
    is_wanted: bool,
}

impl Incoming for Source {
    fn next(&mut self) -> Option<Vec<(u64, IncomingRow)>> {
        let next: Vec<_> = self.rows.drain(..self.rows.len().min(2)).collect();
        (!next.is_empty()).then_some(next)
    }

    fn told(&mut self, number: u64, verdict: Verdict) {
        let word = match verdict {
            Verdict::Imported => "imported".to_owned(),
            Verdict::Present => "present".to_owned(),
            Verdict::Refused(why) => why.to_string(),
        };
        let mut told = self.told.lock().unwrap();
        assert_eq!(usize::try_from(number).unwrap(), told.len(), "each row once, in its order");
        told.push(word);
    }

    fn committed(&mut self) {}

    fn is_wanted(&mut self) -> bool {
        self.is_wanted
    }
}

/// Returns whether they were kept, and what was told of each.
async fn import(world: &World, keep: Keep, is_wanted: bool, rows: Vec<IncomingRow>) -> (bool, Vec<String>) {
    let told = Arc::default();
    let source = Source { rows: (0..).zip(rows).collect(), told: Arc::clone(&told), is_wanted };
    let kept = world.store.import(world.operator(), Limits::default(), keep, Box::new(source)).await.unwrap();
    let told = told.lock().unwrap().clone();
    (kept, told)
}

async fn take(world: &World, rows: Vec<IncomingRow>) -> Vec<String> {
    let (kept, told) = import(world, Keep::Pieces, false, rows).await;
    assert!(kept);
    told
}

/// What became of one row.
pub(crate) async fn verdict(world: &World, row: IncomingRow) -> String {
    take(world, vec![row]).await.remove(0)
}

/// A row of this key.
pub(crate) fn incoming(key: Key, owner_name: Option<&str>) -> IncomingKey {
    let holder = match key.holder {
        KeyHolder::Account { owner, level } => {
            IncomingHolder::Account { owner: OwnerName::Number(owner, owner_name.map(canonical)), level }
        }
        KeyHolder::Service { policy, service } => IncomingHolder::Service { policy: PolicyName::Id(policy), service },
    };
    let revoked = match key.lifecycle {
        Lifecycle::Revoked { at, reason, .. } => Some((at, reason)),
        Lifecycle::Live { .. } => None,
    };
    IncomingKey {
        id: key.id,
        name_key: canonical(&key.name),
        name: key.name,
        holder,
        revoked,
        expires_at: key.lifecycle.expires_at(),
        metadata: key.metadata,
        digests: vec![(key.pepper, key.digest)],
        created_at: Some(key.created_at),
        created_by: Some(key.created_by),
        last_used_at: key.last_used_at,
    }
}

async fn exported(world: &World) -> Vec<OutgoingRow> {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        Ok(())
    };
    world.database.export::<StoreError>(true, |_| Ok(()), each).await.unwrap();
    rows
}

async fn rows_of(world: &World) -> Vec<IncomingRow> {
    let turn = |row| match row {
        OutgoingRow::Service(service) => IncomingRow::Service(service),
        OutgoingRow::Account(account) => IncomingRow::Account(account),
        OutgoingRow::Policy(policy) => IncomingRow::Policy(policy),
        OutgoingRow::Gate(gate) => IncomingRow::Gate(Box::new(gate)),
        OutgoingRow::Key { key, owner_name } => IncomingRow::Key(Box::new(incoming(key, owner_name.as_deref()))),
    };
    exported(world).await.into_iter().map(turn).collect()
}

/// All that an export tells, a row a line, but for what is the store's own.
async fn told(world: &World) -> Vec<String> {
    let line = |row| match row {
        OutgoingRow::Service(service) => format!("{service:?}"),
        OutgoingRow::Account(AccountRow::Present { account, password_hash }) => format!("{account:?} {password_hash:?}"),
        OutgoingRow::Account(AccountRow::Deleted { id, created_at, deleted_at }) => format!("{id:?} {created_at:?} {deleted_at:?}"),
        OutgoingRow::Policy(PolicyRow::Present(policy)) => format!("{:?}", keybearer_store::Policy { version: 0, ..policy }),
        OutgoingRow::Policy(deleted) => format!("{deleted:?}"),
        OutgoingRow::Gate(gate) => format!("{:?}", NamedGate { version: 0, ..gate }),
        OutgoingRow::Key { key, owner_name } => {
            let Key { id, name, holder, lifecycle, metadata, digest, pepper, created_at, created_by, last_used_at } = key;
            let digest = digest.as_bytes();
            format!(
                "{id} {name} {owner_name:?} {holder:?} {lifecycle:?} {metadata:?} {digest:?} {pepper} {created_at:?} {created_by} {last_used_at:?}"
            )
        }
    };
    exported(world).await.into_iter().map(line).collect()
}

/// A store with a bit of everything, the dead included.
async fn furnished() -> World {
    let world = World::sqlite().await;
    world.shop().await;
    let ada = world.person("Ada", "admin").await;
    let bob = world.person("bob", "user").await;
    let eve = world.account("eve", "user").await.id;
    world.account_key(ada.actor(), bob.id, 2).await.unwrap();
    world.account_key(Actor::Operator, eve, 1).await.unwrap();
    world.store.delete_account(world.operator(), eve, None, None).await.unwrap();
    let change =
        AccountChange { metadata: Some(metadata("born", "1815")), email: Some(Some("ada@example.org".into())), ..Default::default() };
    world.change(Actor::Operator, ada.id, change).await.unwrap();
    let reader = world.service("reader", &["shop:read", "keybearer:keys.write"]).await;
    // A key that a key made, with an id below that of its maker: the clock had gone back.
    world.pass(-DAY);
    let policy = world.policy("empty", &[]).await.id;
    let made = world.service_key(Actor::Key(reader.id), "made", policy).await.unwrap();
    world.pass(DAY);
    world.store.record_use(vec![(made.id, world.now())], vec![]).await.unwrap();
    let gone = world.service("gone", &["shop:write"]).await;
    let KeyHolder::Service { policy, .. } = gone.holder else { panic!("a key of a service") };
    world.store.delete_policy(world.operator(), policy, Cascade::Everything, None).await.unwrap();
    // What it granted is declared no more, but stays granted.
    world.policy("refunds", &["shop:refund"]).await;
    let text = json!({"any_of": ["shop:refund"], "rules": [{"path": "/refunds"}]});
    gate::put(&world, Actor::Operator, "refunds", text, IfGate::Whatever).await.unwrap();
    world.declare(Actor::Operator, "shop", &["read", "write"]).await.unwrap();
    let (short, key) = (world.now().plus(1), world.new_account_key(bob.id, 0));
    world.store.issue_account_key(world.operator(), keybearer_store::NewAccountKey { expires_at: short, ..key }).await.unwrap();
    world.pass(2);
    world
}

async fn what_one_store_exports_another_takes_in_as_it_was(world: &World) {
    let origin = furnished().await;
    world.pass(3 * DAY);
    let rows = rows_of(&origin).await;
    let count = rows.len();
    assert_eq!(take(world, rows.clone()).await, vec!["imported"; count]);
    assert_eq!(told(world).await, told(&origin).await);
    check::all(world).await;
    let before = check::dump(world).await;
    assert_eq!(take(world, rows).await, vec!["present"; count], "a second time there is nothing to do");
    assert_eq!(check::dump(world).await, before);
    // Numbers go on behind those that came.
    assert_eq!(world.account("next", "user").await.id, AccountId(4));
}

async fn what_is_not_wanted_in_the_end_leaves_nothing(world: &World) {
    let rows = rows_of(&furnished().await).await;
    let before = check::dump(world).await;
    let (kept, told) = import(world, Keep::IfWanted, false, rows.clone()).await;
    assert!(!kept && told.iter().all(|word| word == "imported"), "{told:?}");
    assert_eq!(check::dump(world).await, before);
    assert!(import(world, Keep::IfWanted, true, rows).await.0);
}

async fn only_who_may_do_everything_imports(world: &World) {
    let bob = world.person("bob", "user").await;
    let source = || Box::new(Source { rows: Vec::new(), told: Arc::default(), is_wanted: true });
    let by = |actor| world.store.import(world.by(actor), Limits::default(), Keep::Pieces, source());
    assert_refused!(world, by(bob.actor()), StoreError::Refused(_));
    let admin = world.person("root", "admin").await;
    assert!(by(admin.actor()).await.unwrap());
}

async fn the_same_id_with_something_else_behind_it_is_refused(world: &World) {
    let ada = world.account("ada", "user").await;
    let key = world.account_key(Actor::Operator, ada.id, 2).await.unwrap();
    let same = incoming(key.clone(), Some("ADA"));
    let row = |key: IncomingKey| IncomingRow::Key(Box::new(key));
    assert_eq!(verdict(world, row(same.clone())).await, "present");
    let other_digest = vec![(1, Digest::from_bytes([9; 32]))];
    let differs = |field| format!("this key is here already, with another {field}");
    let before = check::dump(world).await;
    for (told, other) in [
        (differs("secret"), IncomingKey { digests: other_digest, ..same.clone() }),
        (differs("name"), IncomingKey { name: "other".into(), name_key: "other".into(), ..same.clone() }),
        (differs("metadata"), IncomingKey { metadata: metadata("a", "b"), ..same.clone() }),
        (differs("expires_at"), IncomingKey { expires_at: Some(world.now().plus(5)), ..same.clone() }),
        (differs("created_at"), IncomingKey { created_at: Some(world.now().plus(5)), ..same.clone() }),
        (differs("created_by"), IncomingKey { created_by: Some("account:1".into()), ..same.clone() }),
        (
            differs("holder"),
            IncomingKey { holder: IncomingHolder::Account { owner: OwnerName::Username("ada".into()), level: level(1) }, ..same.clone() },
        ),
        (
            "this key is live here, but revoked in the file: if it should be dead, revoke it by `keybearer key revoke`".into(),
            IncomingKey { revoked: Some((world.now(), RevocationReason::Deleted)), ..same.clone() },
        ),
    ] {
        assert_eq!(verdict(world, row(other)).await, told);
    }
    assert_eq!(check::dump(world).await, before);
    world.store.revoke_key(world.operator(), key.id, None, Cascade::Nothing, None).await.unwrap();
    assert_eq!(verdict(world, row(same.clone())).await, "this key is revoked here, and nothing brings a key back to life");
    let otherwise = IncomingKey { revoked: Some((world.now(), RevocationReason::ExcessiveUse)), ..same };
    assert_eq!(verdict(world, row(otherwise)).await, differs("revocation"));
}

async fn a_row_that_breaks_a_rule_is_refused_and_those_beside_it_are_not(world: &World) {
    let ada = world.account("ada", "user").await;
    let policy = world.policy("p", &[]).await.id;
    world.service_key(Actor::Operator, "taken", policy).await.unwrap();
    let locked = world.account("locked", "user").await.id;
    world.change(Actor::Operator, locked, AccountChange { status: Some(Status::Locked), ..Default::default() }).await.unwrap();
    let new = |owner: OwnerName, at: i64| {
        let key = world.new_key("laptop");
        IncomingKey {
            id: key.id,
            name: key.name,
            name_key: key.name_key,
            holder: IncomingHolder::Account { owner, level: level(at) },
            revoked: None,
            expires_at: Some(world.now().plus(DAY)),
            metadata: Metadata::new(),
            digests: vec![(1, key.digest)],
            created_at: None,
            created_by: None,
            last_used_at: None,
        }
    };
    let service = |name: &str, policy: PolicyName| IncomingKey {
        name: name.into(),
        name_key: canonical(name),
        holder: IncomingHolder::Service { policy, service: None },
        ..new(OwnerName::Number(ada.id, None), 0)
    };
    let named = || OwnerName::Username("ada".into());
    let mut cases = vec![
        ("imported", new(named(), 4)),
        ("level 5 exceeds", new(named(), 5)),
        ("no such owner", new(OwnerName::Username("nobody".into()), 1)),
        ("no such owner", new(OwnerName::Number(AccountId(77), None), 1)),
        ("another user name", new(OwnerName::Number(ada.id, Some("bob".into())), 1)),
        ("cannot have keys", new(OwnerName::Number(locked, None), 1)),
        ("lifetime must be at most", IncomingKey { expires_at: Some(world.now().plus(366 * DAY)), ..new(named(), 1) }),
        ("imported", IncomingKey { expires_at: None, ..new(named(), 1) }),
        ("imported", IncomingKey { expires_at: Some(world.now().minus(DAY)), ..new(named(), 1) }),
        ("imported", IncomingKey { revoked: Some((world.now(), RevocationReason::RoleDowngraded)), ..new(named(), 8) }),
        ("the key that made it", IncomingKey { created_by: Some(format!("key:{}", world.new_key("x").id)), ..new(named(), 1) }),
        ("imported", service("mine", PolicyName::Name("p".into()))),
        ("this name belongs to another key", service("TAKEN", PolicyName::Id(policy))),
        ("no such policy", service("lost", PolicyName::Name("q".into()))),
        (
            "is reserved",
            IncomingKey {
                holder: IncomingHolder::Service { policy: PolicyName::Id(policy), service: Some("keybearer".parse().unwrap()) },
                ..service("own", PolicyName::Id(policy))
            },
        ),
    ];
    // Two of these are live by now, the revoked and the expired do not count.
    cases.extend((2..100).map(|_| ("imported", new(named(), 1))));
    cases.push(("100 live keys", new(named(), 1)));
    let (expected, rows): (Vec<_>, Vec<_>) = cases.into_iter().map(|(word, key)| (word, IncomingRow::Key(Box::new(key)))).unzip();
    let told = take(world, rows).await;
    for (told, expected) in told.iter().zip(&expected) {
        assert!(told.contains(expected), "{told:?} is not {expected:?}");
    }
    assert_eq!(told.len(), expected.len());
}

async fn accounts_and_policies_are_held_to_their_rules(world: &World) {
    let ada = world.account("ada", "user").await;
    world.policy("p", &[]).await;
    let account = |id, username: &str, role: &str| {
        let account = keybearer_store::Account { id: AccountId(id), username: username.into(), role: role.into(), ..ada.clone() };
        IncomingRow::Account(AccountRow::Present { account, password_hash: None })
    };
    let policy = |name: &str, permissions: &[&str]| {
        let new = world.new_policy(name, permissions);
        let (created_at, created_by) = (world.now(), "operator".to_owned());
        IncomingRow::Policy(PolicyRow::Present(keybearer_store::Policy {
            id: new.id,
            name: new.name,
            permissions: new.permissions,
            created_at,
            created_by,
            version: 0,
            keys: 0,
        }))
    };
    let gate = |name: &str, text| {
        let (created_at, created_by) = (world.now(), "operator".to_owned());
        IncomingRow::Gate(Box::new(NamedGate { name: gate::name(name), gate: gate::gate(text), created_at, created_by, version: 0 }))
    };
    let key = IncomingKey {
        holder: IncomingHolder::Account { owner: OwnerName::Number(ada.id, Some("ada".into())), level: level(1) },
        ..incoming(world.service("any", &[]).await, None)
    };
    let key = IncomingKey { id: world.new_key("k").id, ..key };
    let deleted = AccountRow::Deleted { id: AccountId(9), created_at: world.now(), deleted_at: world.now() };
    let own = keybearer_store::ServiceRow { service: "Keybearer".parse().unwrap(), permissions: Vec::new() };
    let cases = [
        (account(1, "ada", "support"), "this account is here already, with another role"),
        (IncomingRow::Key(Box::new(key)), "its owner's line was refused"),
        (account(7, "bob", "user"), "imported"),
        (account(5, "carl", "user"), "the number 5 was given before"),
        (account(8, "ADA", "user"), "this username belongs to another account"),
        (account(8, "dora", "emperor"), "its role is not in the table"),
        (IncomingRow::Account(deleted), "imported"),
        (account(9, "back", "user"), "another deleted_at"),
        (policy("P", &[]), "this name belongs to another policy"),
        (policy("q", &["shop:read"]), "no service here has declared shop:read"),
        (policy("q", &["keybearer:verify"]), "imported"),
        (IncomingRow::Service(own), "is reserved"),
        (gate("g", json!({"any_of": ["shop:read"]})), "no service here has declared shop:read"),
        (gate("g", json!({"any_of": ["keybearer:verify"]})), "imported"),
        (gate("g", json!({"any_of": ["keybearer:verify"]})), "present"),
        (gate("g", json!({"level": 8})), "this gate is here already, with another requirement"),
    ];
    let (rows, expected): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    for (told, expected) in take(world, rows).await.iter().zip(expected) {
        assert!(told.contains(expected), "{told:?} is not {expected:?}");
    }
}

on_every_engine!(
    what_one_store_exports_another_takes_in_as_it_was,
    what_is_not_wanted_in_the_end_leaves_nothing,
    only_who_may_do_everything_imports,
    the_same_id_with_something_else_behind_it_is_refused,
    a_row_that_breaks_a_rule_is_refused_and_those_beside_it_are_not,
    accounts_and_policies_are_held_to_their_rules,
);
