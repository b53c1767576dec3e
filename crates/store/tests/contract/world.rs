//! The world of a test: an empty store of one engine, the clock in the test's hands, and short ways to fill it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use keybearer_core::account::AccountId;
use keybearer_core::key::DAY;
use keybearer_core::name::canonical;
use keybearer_core::permission::{Permission, ServiceName};
use keybearer_core::policy::{PermissionSet, PolicyId};
use keybearer_core::role::{Level, Roles};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId};
use keybearer_store::{
    Account, AccountChange, Actor, ChangedAccount, Database, Declaration, DeclaredPermission, Horizon, Key, Membership, Metadata,
    NewAccount, NewAccountKey, NewKey, NewPolicy, NewServiceKey, NewSession, Origin, PageRequest, Policy, PostgresUrl, Session, SessionId,
    Store, StoreError,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::cluster;
use crate::image::Image;

/// The moment at which every world begins.
pub(crate) const BEGINNING: UnixMillis = UnixMillis(1_800_000_000_000);
/// The hash of everybody's password.
pub(crate) const PASSWORD: &str = "$argon2id$v=19$m=19456,t=2,p=1$first";
/// The most keys and sessions of an account, where a test does not say otherwise.
pub(crate) const MANY: u32 = 1_000;

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    /// What the store tells its follower.
    pub(crate) image: Arc<Image>,
    /// Which database it is.
    pub(crate) database: Database,
    /// The URL of the database, where it is at a server.
    pub(crate) url: Option<String>,
    /// What the database lives in, where it is a file.
    pub(crate) place: TempDir,
    /// What the store was told to forget.
    pub(crate) horizon: Mutex<Horizon>,
    clock: AtomicI64,
    serial: AtomicU64,
}

/// Somebody who signed in.
#[derive(Clone, Copy)]
pub(crate) struct Person {
    pub(crate) id: AccountId,
    pub(crate) session: SessionId,
}

impl Person {
    pub(crate) fn actor(self) -> Actor {
        Actor::Session { account: self.id, session: self.session }
    }
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let place = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(place.path().join("keybearer.db"));
        Self::begin(database, None, place, AtomicI64::new(BEGINNING.0), AtomicU64::new(1)).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::postgres_at(cluster::database().await).await
    }

    pub(crate) async fn postgres_at(url: String) -> Self {
        let database = Database::Postgres(PostgresUrl::parse(&url).unwrap());
        Self::begin(database, Some(url), tempfile::tempdir().unwrap(), AtomicI64::new(BEGINNING.0), AtomicU64::new(1)).await
    }

    /// A world on the SQLite database in this place.
    pub(crate) async fn at(place: TempDir) -> Self {
        let database = Database::Sqlite(place.path().join("keybearer.db"));
        Self::begin(database, None, place, AtomicI64::new(BEGINNING.0 + DAY), AtomicU64::new(1_000_000)).await
    }

    /// The same world after its server was stopped and started again.
    pub(crate) async fn restarted(self) -> Self {
        let Self { store, database, url, place, clock, serial, .. } = self;
        drop(store);
        Self::begin(database, url, place, clock, serial).await
    }

    async fn begin(database: Database, url: Option<String>, place: TempDir, clock: AtomicI64, serial: AtomicU64) -> Self {
        let store = database.open(Roles::default(), Membership::default()).await.unwrap();
        store.check_peppers([(1, "first".to_owned())].into()).await.unwrap();
        let image = Arc::new(Image::default());
        store.follow(image.clone()).await.unwrap();
        image.told().is_loaded();
        image.told().leaps = url.is_some();
        Self { store, image, database, url, place, horizon: Mutex::new(Horizon::NONE), clock, serial }
    }

    /// Ends it, and leaves nothing at the server. A test that failed leaves that to the end of the server.
    pub(crate) async fn end(self) {
        drop(self.store);
        if let Some(url) = &self.url {
            cluster::remove(url).await;
        }
    }

    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis(self.clock.load(Ordering::Relaxed))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn by(&self, actor: Actor) -> Origin {
        Origin { actor, now: self.now(), request_id: format!("request-{}", self.serial()) }
    }

    pub(crate) fn operator(&self) -> Origin {
        self.by(Actor::Operator)
    }

    // ---- people

    pub(crate) fn new_account(&self, username: &str, role: &str) -> NewAccount {
        NewAccount {
            username: username.into(),
            username_key: canonical(username),
            password_hash: Some(PASSWORD.into()),
            role: role.into(),
            email: None,
            external_id: None,
            issuer: None,
            metadata: Metadata::new(),
        }
    }

    pub(crate) async fn account(&self, username: &str, role: &str) -> Account {
        self.store.create_account(self.operator(), self.new_account(username, role)).await.unwrap()
    }

    /// An account, and a session of it.
    pub(crate) async fn person(&self, username: &str, role: &str) -> Person {
        let id = self.account(username, role).await.id;
        self.signed_in(id).await
    }

    pub(crate) async fn signed_in(&self, id: AccountId) -> Person {
        Person { id, session: self.sign_in(id, PASSWORD).await.unwrap().id }
    }

    pub(crate) fn new_session(&self, account: AccountId, max_per_account: u32) -> NewSession {
        let (id, now) = (SessionId(Uuid::from_u128(self.serial().into())), self.now());
        let session = Session { id, account, created_at: now, expires_at: now.plus(DAY / 2) };
        NewSession { session, proved: PASSWORD.into(), max_per_account }
    }

    pub(crate) async fn sign_in(&self, account: AccountId, proved: &str) -> Result<Session, StoreError> {
        self.start(NewSession { proved: proved.into(), ..self.new_session(account, MANY) }).await
    }

    pub(crate) async fn start(&self, new: NewSession) -> Result<Session, StoreError> {
        let actor = Actor::Session { account: new.session.account, session: new.session.id };
        self.store.start_session(self.by(actor), new).await
    }

    pub(crate) async fn change(&self, by: Actor, id: AccountId, change: AccountChange) -> Result<ChangedAccount, StoreError> {
        self.store.change_account(self.by(by), id, change).await
    }

    // ---- keys

    pub(crate) fn new_key(&self, name: &str) -> NewKey {
        let serial = self.serial();
        let mut random = [0; 10];
        random[2..].copy_from_slice(&serial.to_be_bytes());
        let mut digest = [0xd1; 32];
        digest[..8].copy_from_slice(&serial.to_be_bytes());
        NewKey {
            id: KeyId::new(self.now(), &random),
            name: name.into(),
            name_key: canonical(name),
            digest: Digest::from_bytes(digest),
            pepper: 1,
            metadata: Metadata::new(),
        }
    }

    pub(crate) fn new_account_key(&self, owner: AccountId, at: i64) -> NewAccountKey {
        let expires_at = self.now().plus(30 * DAY);
        NewAccountKey { key: self.new_key("laptop"), owner, level: level(at), expires_at, max_per_account: MANY }
    }

    pub(crate) async fn account_key(&self, by: Actor, owner: AccountId, level: i64) -> Result<Key, StoreError> {
        self.store.issue_account_key(self.by(by), self.new_account_key(owner, level)).await
    }

    pub(crate) fn new_service_key(&self, name: &str, policy: PolicyId) -> NewServiceKey {
        NewServiceKey { key: self.new_key(name), policy, service: None, expires_at: None }
    }

    pub(crate) async fn service_key(&self, by: Actor, name: &str, policy: PolicyId) -> Result<Key, StoreError> {
        self.store.issue_service_key(self.by(by), self.new_service_key(name, policy)).await
    }

    /// A key of a service, with a policy of its own that grants these permissions.
    pub(crate) async fn service(&self, name: &str, permissions: &[&str]) -> Key {
        let policy = self.policy(&format!("policy of {name}"), permissions).await;
        self.service_key(Actor::Operator, name, policy.id).await.unwrap()
    }

    // ---- policies and permissions

    pub(crate) fn new_policy(&self, name: &str, permissions: &[&str]) -> NewPolicy {
        let id = PolicyId(Uuid::from_u128(self.serial().into()));
        NewPolicy { id, name: name.into(), name_key: canonical(name), permissions: set(permissions) }
    }

    pub(crate) async fn policy(&self, name: &str, permissions: &[&str]) -> Policy {
        self.store.create_policy(self.operator(), self.new_policy(name, permissions)).await.unwrap()
    }

    pub(crate) async fn declare(&self, by: Actor, service: &str, names: &[&str]) -> Result<Vec<DeclaredPermission>, StoreError> {
        let service: ServiceName = service.parse().unwrap();
        let permissions = names.iter().map(|name| (Permission::of(&service, name).unwrap(), format!("may {name}"))).collect();
        self.store.declare(self.by(by), Declaration { service, permissions }).await
    }

    /// Declares the service `shop` with the permissions `read`, `write` and `refund`.
    pub(crate) async fn shop(&self) {
        self.declare(Actor::Operator, "shop", &["read", "write", "refund"]).await.unwrap();
    }
}

pub(crate) fn level(number: i64) -> Level {
    Level::new(number).unwrap()
}

pub(crate) fn set(permissions: &[&str]) -> PermissionSet {
    permissions.iter().map(|name| name.parse::<Permission>().unwrap()).collect()
}

pub(crate) fn first(limit: u32) -> PageRequest {
    PageRequest { cursor: None, limit }
}

/// An object of metadata with one entry.
pub(crate) fn metadata(name: &str, value: &str) -> Metadata {
    [(name.to_owned(), value.into())].into_iter().collect()
}
