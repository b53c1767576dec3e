//! Every kind of caller.

use keybearer_core::permission::OwnPermission;
use keybearer_core::token::{Credential, KeyId, Prefix, Secret};
use serde_json::json;

use crate::support::{Cred, Made, NOW, Person, SECOND, Server, made};

/// The roles whose sessions ask.
pub const ROLES: [&str; 4] = ["user", "bughunter", "support", "admin"];
/// The service to which the service keys are bound.
pub const SERVICE: &str = "shop";

/// A kind of caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor {
    /// No credential.
    Nothing,
    /// A well-formed key that does not exist.
    BadKey,
    /// A key whose time is over.
    ExpiredKey,
    /// A key that was revoked.
    RevokedKey,
    /// A person's key of this level; its owner has level 8.
    AccountKey(u8),
    /// A session of an account with this role, by its place in [`ROLES`].
    Session(usize),
    /// A service's key with every permission of Keybearer but the one in question.
    ServiceWithout,
    /// A service's key with the permission in question alone (or with all of them, where none is).
    ServiceWith,
}

impl Actor {
    /// All of them.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Nothing, Self::BadKey, Self::ExpiredKey, Self::RevokedKey];
        all.extend((0..=8).map(Self::AccountKey));
        all.extend((0..ROLES.len()).map(Self::Session));
        all.extend([Self::ServiceWithout, Self::ServiceWith]);
        all
    }

    /// The level in force, of people.
    pub fn level(self) -> Option<u8> {
        match self {
            Self::AccountKey(level) => Some(level),
            Self::Session(role) => Some([4, 5, 6, 8][role]),
            _ => None,
        }
    }

    /// Whether the credential is good at all.
    pub fn is_valid(self) -> bool {
        !matches!(self, Self::Nothing | Self::BadKey | Self::ExpiredKey | Self::RevokedKey)
    }

    pub fn is_session(self) -> bool {
        matches!(self, Self::Session(_))
    }
}

/// The callers, made once.
pub struct Actors {
    pub bad: Made,
    pub expired: Made,
    pub revoked: Made,
    /// The account of the account keys.
    pub owner: Person,
    pub keys: Vec<Made>,
    pub people: Vec<Person>,
    /// For each permission: a key with it alone, and one with all others.
    pub services: Vec<(OwnPermission, Made, Made)>,
    pub service_with_all: Made,
    /// Neither `policies.read` nor `permissions.declare`: either suffices to see the permissions.
    pub service_blind: Made,
}

impl Actors {
    pub async fn make(server: &Server) -> Self {
        let owner = server.person("owner", "admin").await;
        let mut keys = Vec::new();
        for level in 0..=8 {
            keys.push(server.account_key(&owner.session(), level).await);
        }
        let expired = json!({"name": "short", "level": 8, "expires_in": 1});
        let expired = made(&server.post("/v1/keys", &owner.session(), expired).await.expect(201));
        let revoked = server.account_key(&owner.session(), 8).await;
        server.delete(&format!("/v1/keys/{}", revoked.id), &owner.session()).await.expect(204);
        server.advance(2 * SECOND);
        let mut people = Vec::new();
        for role in ROLES {
            people.push(server.person(&format!("one {role}"), role).await);
        }
        server.declare(SERVICE, &["sell"]).await;
        let all: Vec<&str> = OwnPermission::ALL.iter().map(|own| own.full_name()).collect();
        let mut services = Vec::new();
        for own in OwnPermission::ALL {
            let name = own.full_name();
            let others: Vec<&str> = all.iter().copied().filter(|other| *other != name).collect();
            let with = bound_key(server, &format!("with {name}"), &[name]).await;
            let without = bound_key(server, &format!("without {name}"), &others).await;
            services.push((own, with, without));
        }
        let sighted = [OwnPermission::PoliciesRead.full_name(), OwnPermission::PermissionsDeclare.full_name()];
        let blind: Vec<&str> = all.iter().copied().filter(|name| !sighted.contains(name)).collect();
        Self {
            bad: unknown_key(),
            expired,
            revoked,
            owner,
            keys,
            people,
            services,
            service_with_all: bound_key(server, "with all", &all).await,
            service_blind: bound_key(server, "blind", &blind).await,
        }
    }

    /// The key with which a caller comes, if with one. `permission`: the one in question.
    pub fn key(&self, actor: Actor, permission: Option<OwnPermission>) -> Option<&Made> {
        let of = |permission| self.services.iter().find(|(own, ..)| *own == permission).unwrap();
        match (actor, permission) {
            (Actor::Nothing | Actor::Session(_), _) => None,
            (Actor::BadKey, _) => Some(&self.bad),
            (Actor::ExpiredKey, _) => Some(&self.expired),
            (Actor::RevokedKey, _) => Some(&self.revoked),
            (Actor::AccountKey(level), _) => Some(&self.keys[usize::from(level)]),
            (Actor::ServiceWith | Actor::ServiceWithout, None) => Some(&self.service_with_all),
            (Actor::ServiceWith, Some(permission)) => Some(&of(permission).1),
            (Actor::ServiceWithout, Some(permission)) => Some(&of(permission).2),
        }
    }

    /// What a caller sends, with keys as tokens after `Bearer`.
    pub fn cred(&self, actor: Actor, permission: Option<OwnPermission>) -> Cred {
        match actor {
            Actor::Nothing => Cred::None,
            Actor::Session(role) => self.people[role].session(),
            _ => self.key(actor, permission).map_or(Cred::None, Made::bearer),
        }
    }

    /// The account that acts; where none does, a user who stands for anybody.
    pub fn person(&self, actor: Actor) -> &Person {
        match actor {
            Actor::AccountKey(_) => &self.owner,
            Actor::Session(role) => &self.people[role],
            _ => &self.people[0],
        }
    }
}

async fn bound_key(server: &Server, name: &str, permissions: &[&str]) -> Made {
    let policy = server.policy(name, permissions).await;
    let body = json!({"name": name, "policy_id": policy, "service": SERVICE});
    made(&server.post("/v1/keys", &server.admin().await, body).await.expect(201))
}

fn unknown_key() -> Made {
    let credential = Credential { id: KeyId::new(NOW, &[9; 10]), secret: Secret::new([9; 32]) };
    Made {
        id: credential.id.to_string(),
        token: credential.to_token(&Prefix::default()).to_string(),
        secret: credential.secret.reveal().to_string(),
    }
}
