//! A data directory filled through the store, and the tokens of its keys.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use keybearer::clock::Clock;
use keybearer::config::Config;
use keybearer::keyring::Keyring;
use keybearer_core::account::AccountId;
use keybearer_core::key::DAY;
use keybearer_core::policy::PolicyId;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Peppers, Prefix, Secret};
use keybearer_store::{Actor, Declaration, Metadata, NewAccount, NewAccountKey, NewKey, NewPolicy, NewServiceKey, Origin, Store};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::load::Random;

/// How many changes wait for the writer at once; it commits up to 256 together.
const AT_ONCE: usize = 512;
/// Account keys of one owner.
const KEYS_OF_ACCOUNT: usize = 20;
/// Service keys of one policy. The verb counts the keys of the policy each time, so more would only slow the seeding down.
const KEYS_OF_POLICY: usize = 100;
/// Policies for keys that are made while something is measured.
const OPEN_POLICIES: usize = 100;
/// The length of a token with the default prefix.
pub const TOKEN: usize = 75;

/// A data directory with keys, and what a client needs to ask about them.
pub struct World {
    /// The data directory.
    pub dir: PathBuf,
    /// All tokens, each of [`TOKEN`] bytes.
    pub tokens: Vec<u8>,
    /// The token of a key that may verify others.
    pub verifier: String,
    /// The token of a key that may make others.
    pub maker: String,
    /// Accounts, numbered from 1.
    pub accounts: usize,
    /// Policies without permissions, which any key that makes keys may give.
    pub open_policies: Vec<PolicyId>,
    /// How long the seeding took.
    pub took: Duration,
}

impl World {
    /// Fills a new data directory with so many keys, half of people, half of services. All of them are good for months.
    ///
    /// # Panics
    /// Where a key cannot be made.
    #[must_use]
    pub fn seed(dir: &Path, keys: usize) -> Self {
        fs::create_dir_all(dir).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let began = Instant::now();
        let seeded = runtime.block_on(Seeding::begin(dir, keys));
        let world = runtime.block_on(seeded.fill(dir, keys));
        Self { took: began.elapsed(), ..world }
    }

    /// How many keys there are to be asked about.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.tokens.len() / TOKEN
    }

    /// The token with this number.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn token(&self, number: usize) -> &str {
        std::str::from_utf8(&self.tokens[number * TOKEN..][..TOKEN]).unwrap()
    }

    /// A copy of the data directory, for a second process that wants one of its own.
    ///
    /// # Panics
    /// Where it cannot be copied.
    pub fn copy_to(&self, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(&self.dir).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
        }
    }

    /// Writes the tokens into a file, for another process.
    ///
    /// # Panics
    /// Where it cannot be written.
    pub fn write_tokens(&self, file: &Path) {
        BufWriter::new(fs::File::create(file).unwrap()).write_all(&self.tokens).unwrap();
    }
}

struct Seeding {
    store: Arc<dyn Store>,
    peppers: Peppers,
    policies: Vec<PolicyId>,
    accounts: Vec<AccountId>,
    random: Random,
    now: UnixMillis,
}

impl Seeding {
    async fn begin(dir: &Path, keys: usize) -> Self {
        let config = Config::for_data_dir(dir);
        let peppers = Keyring::open_or_create(&config.keyring_path(), true).unwrap_or_else(|error| panic!("{error}")).peppers();
        let store = keybearer_store::open_sqlite(&config.database_path(), config.roles.clone()).unwrap();
        store.check_peppers(peppers.fingerprints()).await.unwrap();
        let now = Clock::System.now().0;
        let mut seeding =
            Self { store, peppers, policies: Vec::new(), accounts: Vec::new(), random: Random::new(7), now: UnixMillis(now - DAY) };
        let permissions = ["read", "write", "delete"].map(|name| (format!("billing:invoices.{name}").parse().unwrap(), name.to_owned()));
        let declaration = Declaration { service: "billing".parse().unwrap(), permissions: permissions.into() };
        seeding.store.declare(seeding.origin(), declaration).await.unwrap();
        let granted = ["billing:invoices.read", "billing:invoices.write"];
        for number in 0..keys.div_ceil(2 * KEYS_OF_POLICY).max(1) {
            let policy = seeding.policy(&format!("policy {number:06}"), &granted).await;
            seeding.policies.push(policy);
        }
        let accounts = keys.div_ceil(2 * KEYS_OF_ACCOUNT).max(1);
        let mut running = JoinSet::new();
        for number in 0..accounts {
            if running.len() == AT_ONCE {
                seeding.accounts.push(running.join_next().await.unwrap().unwrap());
            }
            let (store, origin) = (Arc::clone(&seeding.store), seeding.origin());
            running.spawn(async move { store.create_account(origin, account(number)).await.unwrap().id });
        }
        seeding.accounts.extend(running.join_all().await);
        seeding
    }

    async fn fill(mut self, dir: &Path, keys: usize) -> World {
        let mut tokens = Vec::with_capacity(keys * TOKEN);
        let mut running = JoinSet::new();
        for number in 0..keys {
            if running.len() == AT_ONCE {
                running.join_next().await.unwrap().unwrap();
            }
            let credential = self.credential();
            tokens.extend_from_slice(credential.to_token(&Prefix::default()).as_bytes());
            let (store, origin, key) = (Arc::clone(&self.store), self.origin(), self.key(&credential, number));
            let days = 60 + i64::try_from(number % 300).unwrap();
            if number.is_multiple_of(2) {
                let owner = self.accounts[number / (2 * KEYS_OF_ACCOUNT)];
                let level = Level::new(i64::try_from(number / 2 % 5).unwrap()).unwrap();
                let new = NewAccountKey { key, owner, level, expires_at: self.now.plus(days * DAY), max_per_account: u32::MAX };
                running.spawn(async move { drop(store.issue_account_key(origin, new).await.unwrap()) });
            } else {
                let expires_at = Some(self.now.plus(days * DAY)).filter(|_| number % 4 == 1);
                let new = NewServiceKey { key, policy: self.policies[number / (2 * KEYS_OF_POLICY)], service: None, expires_at };
                running.spawn(async move { drop(store.issue_service_key(origin, new).await.unwrap()) });
            }
        }
        running.join_all().await;
        let verifier = self.special("verifier", &["keybearer:verify"]).await;
        let maker = self.special("maker", &["keybearer:keys.write", "keybearer:policies.write"]).await;
        let mut open_policies = Vec::new();
        for number in 0..OPEN_POLICIES {
            open_policies.push(self.policy(&format!("open policy {number:04}"), &[]).await);
        }
        World { dir: dir.to_owned(), tokens, verifier, maker, accounts: self.accounts.len(), open_policies, took: Duration::ZERO }
    }

    fn origin(&self) -> Origin {
        Origin { actor: Actor::Operator, now: self.now, request_id: "seed".to_owned() }
    }

    fn credential(&mut self) -> Credential {
        let id = KeyId::new(self.now, &self.random.bytes());
        Credential { id, secret: Secret::new(self.random.bytes()) }
    }

    fn key(&self, credential: &Credential, number: usize) -> NewKey {
        let name = format!("key number {number:08}");
        let mut metadata = Metadata::new();
        if number.is_multiple_of(10) {
            metadata.insert("team".to_owned(), "payments".into());
        }
        let (pepper, digest) = self.peppers.seal(credential);
        NewKey { id: credential.id, name_key: name.clone(), name, digest, pepper, metadata }
    }

    async fn policy(&mut self, name: &str, permissions: &[&str]) -> PolicyId {
        let id = PolicyId(Uuid::from_bytes(self.random.bytes()));
        let permissions = permissions.iter().map(|name| name.parse().unwrap()).collect();
        let new = NewPolicy { id, name: name.to_owned(), name_key: name.to_owned(), permissions };
        self.store.create_policy(self.origin(), new).await.unwrap().id
    }

    async fn special(&mut self, name: &str, permissions: &[&str]) -> String {
        let policy = self.policy(name, permissions).await;
        let credential = self.credential();
        let key = NewKey { name: name.to_owned(), name_key: name.to_owned(), ..self.key(&credential, 1) };
        let new = NewServiceKey { key, policy, service: None, expires_at: None };
        drop(self.store.issue_service_key(self.origin(), new).await.unwrap());
        (*credential.to_token(&Prefix::default())).clone()
    }
}

fn account(number: usize) -> NewAccount {
    let name = format!("person{number:07}");
    NewAccount {
        username: name.clone(),
        username_key: name,
        password_hash: None,
        role: "user".to_owned(),
        email: None,
        external_id: None,
        issuer: None,
        metadata: Metadata::new(),
    }
}
