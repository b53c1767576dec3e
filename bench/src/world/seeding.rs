//! Filling it as an import does, thousands of rows in a transaction: key by key, a million would take minutes.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::keyring::Keyring;
use keybearer_core::account::{AccountId, Status};
use keybearer_core::key::{DAY, Limits};
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Peppers, Prefix, Secret};
use keybearer_store::{
    Account, AccountRow, Actor, Declaration, Incoming, IncomingHolder, IncomingKey, IncomingRow, Keep, Metadata, NewKey, NewPolicy,
    NewServiceKey, Origin, OwnerName, Policy, PolicyName, PolicyRow, Store, Verdict,
};
use uuid::Uuid;

use super::{TOKEN, World};
use crate::load::Random;

/// Account keys of one owner.
const KEYS_OF_ACCOUNT: usize = 20;
/// Service keys of one policy.
const KEYS_OF_POLICY: usize = 100;
/// Policies for keys that are made while something is measured.
const OPEN_POLICIES: usize = 100;
/// Rows that are handed over at once.
const BATCH: usize = 1_000;
/// What each policy grants.
const GRANTED: [&str; 2] = ["billing:invoices.read", "billing:invoices.write"];

/// Fills a new data directory.
pub(super) async fn seed(dir: &Path, keys: usize, apart: i64) -> World {
    let config = Config::for_data_dir(dir);
    let peppers = Keyring::open_or_create(&config.keyring_path(), true).unwrap_or_else(|error| panic!("{error}")).peppers();
    let store = keybearer_store::open_sqlite(&config.database_path(), config.roles.clone()).unwrap();
    store.check_peppers(peppers.fingerprints()).await.unwrap();
    let mut seeding = Seeding { store, peppers, random: Random::new(7), now: UnixMillis(Clock::System.now().0 - DAY) };
    let permissions = ["read", "write", "delete"].map(|name| (format!("billing:invoices.{name}").parse().unwrap(), name.to_owned()));
    let declaration = Declaration { service: "billing".parse().unwrap(), permissions: permissions.into() };
    seeding.store.declare(seeding.origin(), declaration).await.unwrap();

    let accounts = keys.div_ceil(2 * KEYS_OF_ACCOUNT).max(1);
    let tokens = seeding.rows(accounts, keys, apart).await;
    let verifier = seeding.special("verifier", &["keybearer:verify"]).await;
    let maker = seeding.special("maker", &["keybearer:keys.write", "keybearer:policies.write"]).await;
    let mut open_policies = Vec::new();
    for number in 0..OPEN_POLICIES {
        open_policies.push(seeding.policy(&format!("open policy {number:04}"), &[]).await);
    }
    World { dir: dir.to_owned(), tokens, verifier, maker, accounts, open_policies, took: Duration::ZERO }
}

struct Seeding {
    store: Arc<dyn Store>,
    peppers: Peppers,
    random: Random,
    now: UnixMillis,
}

impl Seeding {
    /// Takes in accounts, policies and keys. Returns the tokens.
    async fn rows(&mut self, accounts: usize, keys: usize, apart: i64) -> Vec<u8> {
        let policies = keys.div_ceil(2 * KEYS_OF_POLICY).max(1);
        let policies = (0..policies).map(|_| PolicyId(Uuid::from_bytes(self.random.bytes()))).collect();
        let tokens = Arc::new(Mutex::new(Vec::with_capacity(keys * TOKEN)));
        let rows = Rows {
            accounts,
            policies,
            keys,
            apart,
            next: 0,
            peppers: self.peppers.clone(),
            random: Random::new(8),
            now: self.now,
            tokens: Arc::clone(&tokens),
        };
        let limits = Limits { max_per_account: u32::MAX, ..Limits::default() };
        assert!(self.store.import(self.origin(), limits, Keep::Pieces, Box::new(rows)).await.unwrap());
        std::mem::take(&mut tokens.lock().unwrap())
    }

    fn origin(&self) -> Origin {
        Origin { actor: Actor::Operator, now: self.now, request_id: "seed".to_owned() }
    }

    async fn policy(&mut self, name: &str, permissions: &[&str]) -> PolicyId {
        let id = PolicyId(Uuid::from_bytes(self.random.bytes()));
        let permissions = permissions.iter().map(|name| name.parse().unwrap()).collect();
        let new = NewPolicy { id, name: name.to_owned(), name_key: name.to_owned(), permissions };
        self.store.create_policy(self.origin(), new).await.unwrap().id
    }

    async fn special(&mut self, name: &str, permissions: &[&str]) -> String {
        let policy = self.policy(name, permissions).await;
        let credential = credential(&mut self.random, self.now);
        let (pepper, digest) = self.peppers.seal(&credential);
        let (name, metadata) = (name.to_owned(), Metadata::new());
        let key = NewKey { id: credential.id, name_key: name.clone(), name, digest, pepper, metadata };
        let new = NewServiceKey { key, policy, service: None, expires_at: None };
        drop(self.store.issue_service_key(self.origin(), new).await.unwrap());
        (*credential.to_token(&Prefix::default())).clone()
    }
}

fn credential(random: &mut Random, now: UnixMillis) -> Credential {
    let id = KeyId::new(now, &random.bytes());
    Credential { id, secret: Secret::new(random.bytes()) }
}

/// All rows, each made when it is asked for.
struct Rows {
    accounts: usize,
    policies: Vec<PolicyId>,
    keys: usize,
    /// Milliseconds between the ids of two keys.
    apart: i64,
    next: usize,
    peppers: Peppers,
    random: Random,
    now: UnixMillis,
    tokens: Arc<Mutex<Vec<u8>>>,
}

impl Incoming for Rows {
    fn next(&mut self) -> Option<Vec<(u64, IncomingRow)>> {
        let first = self.next;
        self.next = (first + BATCH).min(self.accounts + self.policies.len() + self.keys);
        (first < self.next).then(|| (first..self.next).map(|number| (number as u64, self.row(number))).collect())
    }

    fn told(&mut self, number: u64, verdict: Verdict) {
        assert!(matches!(verdict, Verdict::Imported), "row {number}: {verdict:?}");
    }

    fn committed(&mut self) {}

    fn is_wanted(&mut self) -> bool {
        true
    }
}

impl Rows {
    /// Accounts, then policies, then keys.
    fn row(&mut self, number: usize) -> IncomingRow {
        if number < self.accounts {
            return IncomingRow::Account(AccountRow::Present { account: self.account(number), password_hash: None });
        }
        let number = number - self.accounts;
        match self.policies.get(number) {
            Some(id) => IncomingRow::Policy(PolicyRow::Present(self.policy(*id, number))),
            None => IncomingRow::Key(Box::new(self.key(number - self.policies.len()))),
        }
    }

    fn account(&self, number: usize) -> Account {
        Account {
            id: AccountId(1 + i64::try_from(number).unwrap()),
            username: format!("person{number:07}"),
            email: None,
            external_id: None,
            issuer: None,
            metadata: Metadata::new(),
            has_password: false,
            role: "user".to_owned(),
            status: Status::Active,
            consent: true,
            created_at: self.now,
        }
    }

    fn policy(&self, id: PolicyId, number: usize) -> Policy {
        Policy {
            id,
            name: format!("policy {number:06}"),
            permissions: GRANTED.iter().map(|name| name.parse().unwrap()).collect(),
            created_at: self.now,
            created_by: Actor::Operator.to_string(),
            version: 0,
            keys: 0,
        }
    }

    fn key(&mut self, number: usize) -> IncomingKey {
        let made_at = self.now.plus(i64::try_from(number).unwrap() * self.apart);
        let credential = credential(&mut self.random, made_at);
        self.tokens.lock().unwrap().extend_from_slice(credential.to_token(&Prefix::default()).as_bytes());
        let name = format!("key number {number:08}");
        let mut metadata = Metadata::new();
        if number.is_multiple_of(10) {
            metadata.insert("team".to_owned(), "payments".into());
        }
        let expires_at = Some(self.now.plus((60 + i64::try_from(number % 300).unwrap()) * DAY));
        let (holder, expires_at) = if number.is_multiple_of(2) {
            let owner = AccountId(1 + i64::try_from(number / (2 * KEYS_OF_ACCOUNT)).unwrap());
            let level = Level::new(i64::try_from(number / 2 % 5).unwrap()).unwrap();
            (IncomingHolder::Account { owner: OwnerName::Number(owner, None), level }, expires_at)
        } else {
            let policy = PolicyName::Id(self.policies[number / (2 * KEYS_OF_POLICY)]);
            (IncomingHolder::Service { policy, service: None }, expires_at.filter(|_| number % 4 == 1))
        };
        IncomingKey {
            id: credential.id,
            name_key: name.clone(),
            name,
            holder,
            revoked: None,
            expires_at,
            metadata,
            digests: vec![self.peppers.seal(&credential)],
            created_at: None,
            created_by: None,
            last_used_at: None,
        }
    }
}
