//! What holds after every test: the follower's image is the rows, and the events account for every one of them.

use std::collections::{BTreeMap, BTreeSet};

use keybearer_core::key::Lifecycle;
use keybearer_core::permission::Permission;
use keybearer_core::time::UnixMillis;
use keybearer_store::{
    Account, AccountFilter, Event, EventFilter, GateText, Horizon, Key, KeyFilter, KeyHolder, KeySort, NamedGate, PageRequest, Policy,
    Session, Store, Target,
};
use serde_json::{Value, json};

use crate::cluster;
use crate::world::{PASSWORD, World, first};

/// Before any session ended by itself.
const EVER: UnixMillis = UnixMillis(i64::MIN);

/// All rows, as the store tells of them.
struct Rows {
    accounts: Vec<Account>,
    sessions: Vec<Session>,
    policies: Vec<Policy>,
    gates: Vec<NamedGate>,
    keys: Vec<Key>,
}

impl Rows {
    async fn read(store: &dyn Store) -> Self {
        let accounts = store.accounts(AccountFilter::default(), first(u32::MAX)).await.unwrap().items;
        let mut sessions = Vec::new();
        for account in &accounts {
            sessions.extend(store.sessions(account.id, EVER).await.unwrap());
        }
        sessions.sort_by_key(|session| session.id);
        let mut policies = store.policies().await.unwrap();
        policies.sort_by_key(|policy| policy.id);
        let gates = store.gates().await.unwrap();
        let keys = store.keys(KeyFilter::default(), (KeySort::Created, false), EVER, first(u32::MAX)).await.unwrap().items;
        Self { accounts, sessions, policies, gates, keys }
    }

    /// One line a row, of what decides. How many keys use a policy and when a key was last used is told to people, not to the follower.
    fn lines(&self) -> Vec<String> {
        let accounts = self.accounts.iter().map(|account| format!("{account:?}"));
        let sessions = self.sessions.iter().map(|session| format!("{session:?}"));
        let policies = self.policies.iter().map(|policy| format!("{:?}", Policy { keys: 0, ..policy.clone() }));
        let gates = self.gates.iter().map(|gate| format!("{gate:?}"));
        accounts.chain(sessions).chain(policies).chain(gates).chain(self.keys.iter().map(line)).collect()
    }
}

fn line(key: &Key) -> String {
    let Key { id, name, holder, lifecycle, metadata, pepper, created_at, created_by, .. } = key;
    format!("{id} {name} {holder:?} {lifecycle:?} {metadata:?} {} {pepper} {created_at:?} {created_by}", hex(key))
}

fn hex(key: &Key) -> String {
    key.digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All events, oldest first.
pub(crate) async fn events(world: &World) -> Vec<Event> {
    let mut events = Vec::new();
    let mut page = first(100);
    loop {
        let read = world.store.events(EventFilter::default(), page).await.unwrap();
        events.extend(read.items);
        match read.next {
            Some(next) => page = PageRequest { cursor: Some(next), limit: 100 },
            None => break,
        }
    }
    events.reverse();
    events
}

/// All that the store tells, as text.
pub(crate) async fn dump(world: &World) -> Vec<String> {
    let rows = Rows::read(&*world.store).await;
    let mut dump = rows.lines();
    dump.extend(rows.policies.iter().map(|policy| format!("{} keys", policy.keys)));
    dump.extend(rows.keys.iter().map(|key| format!("used {:?}", key.last_used_at)));
    dump.extend(world.store.permissions().await.unwrap().iter().map(|permission| format!("{permission:?}")));
    dump.extend(events(world).await.iter().map(|event| format!("{event:?}")));
    dump.push(format!("{:?}", world.store.stats(world.now()).await.unwrap()));
    dump
}

pub(crate) async fn all(world: &World) {
    let rows = Rows::read(&*world.store).await;
    let events = events(world).await;
    let revision = world.store.stats(world.now()).await.unwrap().revision;
    one_revision_an_event(&events, revision);
    events_account_for_all(&rows, &events, *world.horizon.lock().unwrap());
    events_tell_the_present(&rows, &events);
    events_tell_no_secret(&rows, &events);
    image_is_the_rows(world, rows, revision);
    if let Some(url) = &world.url {
        what_is_repeated_is_the_same(url).await;
    }
}

/// On PostgreSQL, a revocation repeats whose the key is, and the names of services' live keys are rows of their own.
async fn what_is_repeated_is_the_same(url: &str) {
    let wrong = "SELECT revocations.key::text FROM revocations LEFT JOIN keys ON keys.id = revocations.key
                 WHERE (keys.id, keys.owner, keys.policy, keys.expires_at)
                 IS DISTINCT FROM (revocations.key, revocations.owner, revocations.policy, revocations.expires_at)
                 UNION ALL SELECT name FROM keys LEFT JOIN service_key_names ON key = id
                 WHERE kind = 'service' AND service_key_names.name_key IS DISTINCT FROM keys.name_key
                 AND NOT EXISTS (SELECT FROM revocations WHERE revocations.key = id)";
    let wrong: Vec<String> = cluster::client(url).await.query(wrong, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The rows on this side of the horizon.
fn image_is_the_rows(world: &World, mut rows: Rows, revision: i64) {
    let horizon = *world.horizon.lock().unwrap();
    rows.keys.retain(|key| key.lifecycle.ends_at().is_none_or(|end| end > horizon.keys));
    let told = world.image.told();
    assert!(told.faults.is_empty(), "{:?}", told.faults);
    assert_eq!(told.revision, revision, "the follower holds the last revision");
    let image = Rows {
        accounts: told.accounts.values().cloned().collect(),
        sessions: told.sessions.values().copied().collect(),
        policies: told.policies.values().cloned().collect(),
        gates: told.gates.values().cloned().collect(),
        keys: told.keys.values().cloned().collect(),
    };
    assert_eq!(image.lines(), rows.lines(), "the follower's image (left) is not what the store holds");
}

fn one_revision_an_event(events: &[Event], revision: i64) {
    let revisions: Vec<i64> = events.iter().map(|event| event.revision).collect();
    assert_eq!(revisions, (1..=revision).collect::<Vec<_>>());
}

/// Whoever reads the events alone knows which rows there are, and which keys are revoked. A session that is over may go without a word.
fn events_account_for_all(rows: &Rows, events: &[Event], horizon: Horizon) {
    let (mut live, mut revoked) = (BTreeSet::new(), BTreeSet::new());
    for event in events {
        assert_eq!(event.touched.first(), Some(&event.target), "an event touches its target: {event:?}");
        match event.action.as_str() {
            "session.started" if event.after.as_ref().is_some_and(|after| after["expires_at"].as_i64() <= Some(horizon.sessions.0)) => {}
            // What was dead when it came never lived here.
            "account.deleted" | "policy.deleted" if is_imported(event) => assert!(!live.contains(&event.target)),
            "key.revoked" if is_imported(event) => assert!(revoked.insert(event.target.clone()) && !live.contains(&event.target)),
            "account.created" | "session.started" | "policy.created" | "gate.created" | "key.created" => {
                assert!(live.insert(event.target.clone()));
            }
            "account.deleted" | "session.ended" | "policy.deleted" | "gate.deleted" => assert!(live.remove(&event.target)),
            "key.revoked" => {
                live.remove(&event.target);
                revoked.insert(event.target.clone());
            }
            "account.changed" | "account.keys_revoked" | "policy.changed" | "gate.changed" | "key.changed" => {
                assert!(live.contains(&event.target));
            }
            "permissions.declared" => {}
            other => panic!("an action that nobody knows: {other}"),
        }
        // What a change touches beside its target are keys and sessions that it ends.
        for ended in &event.touched[1..] {
            assert!(live.remove(ended), "{ended} ended twice, or never was: {event:?}");
            if ended.starts_with("key:") {
                revoked.insert(ended.clone());
            }
        }
    }
    let is_live = |key: &&Key| matches!(key.lifecycle, Lifecycle::Live { .. });
    let name = |target: Target| target.to_string();
    let mut stored: BTreeSet<String> = rows.accounts.iter().map(|account| name(Target::Account(account.id))).collect();
    stored.extend(rows.sessions.iter().map(|session| name(Target::Session(session.id))));
    stored.extend(rows.policies.iter().map(|policy| name(Target::Policy(policy.id))));
    stored.extend(rows.gates.iter().map(|gate| name(Target::Gate(gate.name.clone()))));
    stored.extend(rows.keys.iter().filter(is_live).map(|key| name(Target::Key(key.id))));
    assert_eq!(live, stored, "what is there by the events (left) is not what is stored");
    let stored: BTreeSet<String> = rows.keys.iter().filter(|key| !is_live(key)).map(|key| name(Target::Key(key.id))).collect();
    assert_eq!(revoked, stored, "what is revoked by the events (left) is not what is stored");
}

/// Whether it tells of a row that came from elsewhere.
fn is_imported(event: &Event) -> bool {
    event.after.as_ref().is_some_and(|after| after["imported"] == true)
}

/// The last word of the events about a row is what the row holds.
fn events_tell_the_present(rows: &Rows, events: &[Event]) {
    let told = events.iter().filter(|event| matches!(event.action.split_once('.'), Some((_, "created" | "changed"))) || is_imported(event));
    let told: BTreeMap<&str, Option<&Value>> = told.map(|event| (event.target.as_str(), event.after.as_ref())).collect();
    for event in events {
        assert!(!event.pruned || (event.before.is_none() && event.after.is_none()), "a pruned event tells nothing: {event:?}");
    }
    let agrees = |target: Target, row: Value| {
        let target = target.to_string();
        let Some(told) = told[target.as_str()] else {
            assert!(events.iter().any(|event| event.target == target && event.pruned), "only a pruned event tells nothing: {target}");
            return;
        };
        for (field, value) in row.as_object().unwrap() {
            assert_eq!(&told[field], value, "{field} of {target}");
        }
    };
    for account in &rows.accounts {
        let Account { id, username, email, external_id, metadata, has_password, role, status, consent, .. } = account;
        let row = json!({"username": username, "email": email, "external_id": external_id, "metadata": metadata,
            "has_password": has_password, "role": role, "status": status, "consent": consent});
        agrees(Target::Account(*id), row);
    }
    for policy in &rows.policies {
        let permissions: Vec<&str> = policy.permissions.iter().map(Permission::as_str).collect();
        agrees(Target::Policy(policy.id), json!({"name": policy.name, "permissions": permissions}));
    }
    for gate in &rows.gates {
        agrees(Target::Gate(gate.name.clone()), serde_json::to_value(GateText::from(&gate.gate)).unwrap());
    }
    for key in &rows.keys {
        let common = json!({"name": key.name, "metadata": key.metadata, "expires_at": key.lifecycle.expires_at()});
        agrees(Target::Key(key.id), common);
        let own = match &key.holder {
            KeyHolder::Account { owner, level } => json!({"kind": "account", "owner": owner, "level": level.number()}),
            KeyHolder::Service { policy, .. } => json!({"kind": "service", "policy_id": policy}),
        };
        agrees(Target::Key(key.id), own);
    }
}

fn events_tell_no_secret(rows: &Rows, events: &[Event]) {
    for event in events {
        let text = format!("{event:?}");
        assert!(!text.contains(PASSWORD) && !text.contains("$argon2"), "a password hash in {text}");
        for key in &rows.keys {
            let spelled = format!("{:?}", key.digest.as_bytes());
            let bytes = spelled.trim_matches(['[', ']']);
            let compact = bytes.replace(' ', "");
            assert!(!text.contains(&hex(key)) && !text.contains(bytes) && !text.contains(&compact), "a digest in {text}");
        }
    }
}
