//! What an authenticated caller may change or see. No credential makes more power than it has (section 3 of the design).
//!
//! Power is a level (people) or a set of permissions (services). The store asks the same functions again inside the transaction that writes,
//! with facts read there.

use crate::account::{AccountId, Standing, Status, Unfit};
use crate::permission::{OwnPermission, Permission, ServiceName};
use crate::policy::PermissionSet;
use crate::role::Level;
use crate::token::KeyId;

/// An authenticated caller, with all the power it has now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Authority {
    /// The operator of the server itself, who holds its keyring: sets up the first administrator.
    Operator,
    /// A person who signed in.
    Session {
        /// Whose session it is.
        account: AccountId,
        /// How the account stands now.
        standing: Standing,
        /// How they did so.
        by: SignIn,
    },
    /// A valid key of a person.
    AccountKey {
        /// The key.
        key: KeyId,
        /// Whose key it is.
        owner: AccountId,
        /// The level in force: the lesser of the key's and its owner's.
        level: Level,
    },
    /// A valid key of a service.
    ServiceKey {
        /// The key.
        key: KeyId,
        /// The service to which it is bound.
        service: Option<ServiceName>,
        /// The permissions of its policy now.
        permissions: PermissionSet,
    },
}

/// How a person signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignIn {
    /// Here, which ends when somebody says so.
    Here,
    /// At an application, whose word lasts until it expires, whatever happens here.
    Elsewhere,
}

/// Who has a key, as far as that decides who may revoke it.
#[derive(Clone, Copy, Debug)]
pub enum HeldBy<'a> {
    /// A service.
    Service {
        /// What the key's policy grants now.
        permissions: &'a PermissionSet,
    },
    /// A person.
    Account {
        /// Whose key it is.
        owner: AccountId,
        /// The level of their role now; none where the account is deleted, whose keys are revoked already.
        owner_level: Level,
    },
}

/// A known caller that may not do what it asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The caller's own account cannot be used now.
    #[error("{}", unfit_text(*.0))]
    Unfit(Unfit),
    /// The account for which a key was asked can have none now.
    #[error("the owner cannot have keys now: {}", unfit_text(*.0))]
    OwnerUnfit(Unfit),
    /// A person of too low a level.
    #[error("this needs level {needs}; your credential has level {has}")]
    LevelTooLow {
        /// The least level that may.
        needs: Level,
        /// The level of the caller.
        has: Level,
    },
    /// A service key without the permission.
    #[error("this needs the permission {}", .0.full_name())]
    PermissionLacking(OwnPermission),
    /// A service key where only a person will do.
    #[error("this needs a session or key of an account of level {0}; a service key cannot do it")]
    ServiceKeyRefused(Level),
    /// A key where only a session will do.
    #[error("this needs a session (sign in with your password); a key cannot do it")]
    SessionNeeded,
    /// Who signed in elsewhere, where only the account's password proves enough.
    #[error("this needs the password of your account, and it has none: ask the application where you signed in")]
    NoPassword,
    /// A level above the owner's own.
    #[error("level {asked} exceeds the level {owner} of the owner's role")]
    LevelExceedsOwner {
        /// The level asked for.
        asked: Level,
        /// The level of the owner's role.
        owner: Level,
    },
    /// A level above that of the credential that asks.
    #[error("level {asked} exceeds the level {credential} of the credential that asks for it")]
    LevelExceedsCredential {
        /// The level asked for.
        asked: Level,
        /// The level of the credential.
        credential: Level,
    },
    /// Permissions that the asking service key does not hold itself.
    #[error("your key does not itself hold: {}", join(.0))]
    PermissionsExceeded(Vec<Permission>),
    /// A service key on an account above level 4, before or after the change.
    #[error("a service key may act only on accounts of level 4 and below; this one has, or would have, level {0}")]
    AccountTooPowerful(Level),
    /// A service other than the one to which the asking key is bound.
    #[error("your key is not bound to the service {0}")]
    ForeignService(ServiceName),
    /// Keybearer's own name as a service.
    #[error("the service name \"keybearer\" is reserved")]
    ReservedService,
    /// Somebody else's: it is answered as if it did not exist.
    #[error("no such thing, or not yours to see")]
    Hidden,
}

fn unfit_text(unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::ConsentLacking => "consent is lacking: give it with PATCH /v1/accounts/{id} {\"consent\": true}",
        Unfit::Locked => "the account is locked: unlock it with PATCH /v1/accounts/{id} {\"status\": \"active\"}",
        Unfit::Blocked => "the account is blocked",
    }
}

fn join(permissions: &[Permission]) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(", ")
}

/// Which parts of an account a change touches. Role, status and consent show in the standing before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// The role, even where it names the same level.
    pub role: bool,
    /// The status.
    pub status: bool,
    /// The consent.
    pub consent: bool,
    /// The password.
    pub password: bool,
    /// The e-mail address.
    pub email: bool,
    /// `external_id` or `metadata`: what applications keep here.
    pub external: bool,
}

/// Whether the holder must also give the account's present password, where it has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasswordProof {
    /// A holder, on password, e-mail or deletion.
    Needed,
    /// As [`PasswordProof::Needed`], where an account without a password is no exception: a token of another server must not become a
    /// password here, which would outlive it.
    Indispensable,
    /// Everybody else.
    NotNeeded,
}

impl PasswordProof {
    /// May it be done without a password, of an account that has one or has none?
    ///
    /// # Errors
    /// [`Refusal::NoPassword`] where there is none that could prove it.
    pub fn of_account(self, has_password: bool) -> Result<bool, Refusal> {
        match (self, has_password) {
            (Self::Indispensable, false) => Err(Refusal::NoPassword),
            (Self::Needed | Self::Indispensable, true) => Ok(true),
            (Self::Needed, false) | (Self::NotNeeded, _) => Ok(false),
        }
    }
}

impl Authority {
    /// The account that acts, if it is one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Session { account, .. } => Some(*account),
            Self::AccountKey { owner, .. } => Some(*owner),
            Self::Operator | Self::ServiceKey { .. } => None,
        }
    }

    /// Whether this caller is this very key. Whoever holds a key may give it up, whatever else it may do: that takes power from nobody else.
    #[must_use]
    pub fn is_key(&self, id: KeyId) -> bool {
        match self {
            Self::AccountKey { key, .. } | Self::ServiceKey { key, .. } => *key == id,
            Self::Operator | Self::Session { .. } => false,
        }
    }

    /// Level 8, or a service key with this permission.
    ///
    /// # Errors
    /// [`Refusal`] names what is missing.
    pub fn manages(&self, permission: OwnPermission) -> Result<(), Refusal> {
        match self {
            Self::ServiceKey { permissions, .. } if permissions.allows(permission) => Ok(()),
            Self::ServiceKey { .. } => Err(Refusal::PermissionLacking(permission)),
            Self::Operator | Self::Session { .. } | Self::AccountKey { .. } => self.at_least(Level::ALL),
        }
    }

    /// A person of at least this level, whose account is fit.
    ///
    /// # Errors
    /// [`Refusal`] names what is missing.
    pub fn at_least(&self, needs: Level) -> Result<(), Refusal> {
        let has = match self {
            Self::Operator => Level::ALL,
            Self::Session { standing, .. } => {
                standing.fit().map_err(Refusal::Unfit)?;
                standing.level
            }
            Self::AccountKey { level, .. } => *level,
            Self::ServiceKey { .. } => return Err(Refusal::ServiceKeyRefused(needs)),
        };
        if has >= needs { Ok(()) } else { Err(Refusal::LevelTooLow { needs, has }) }
    }

    fn is_admin(&self) -> bool {
        self.at_least(Level::ALL).is_ok()
    }

    /// May this caller make an account key of this level for this owner?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn issue_account_key(&self, owner: AccountId, standing: &Standing, level: Level) -> Result<(), Refusal> {
        let ceiling = match self {
            Self::ServiceKey { .. } => {
                self.manages(OwnPermission::KeysWrite)?;
                within_service_reach(standing.level)?;
                None
            }
            Self::Operator => None,
            Self::Session { standing, .. } => {
                self.at_least(if self.account() == Some(owner) { Level::OWN } else { Level::ALL })?;
                Some(standing.level)
            }
            Self::AccountKey { level, .. } => {
                self.at_least(if self.account() == Some(owner) { Level::OWN } else { Level::ALL })?;
                Some(*level)
            }
        };
        standing.fit().map_err(Refusal::OwnerUnfit)?;
        if level > standing.level {
            return Err(Refusal::LevelExceedsOwner { asked: level, owner: standing.level });
        }
        match ceiling {
            Some(credential) if level > credential => Err(Refusal::LevelExceedsCredential { asked: level, credential }),
            _ => Ok(()),
        }
    }

    /// May this caller make a service key whose policy has these permissions, bound to this service?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn issue_service_key(&self, permissions: &PermissionSet, service: Option<&ServiceName>) -> Result<(), Refusal> {
        self.manages(OwnPermission::KeysWrite)?;
        if service.is_some_and(ServiceName::is_reserved) {
            return Err(Refusal::ReservedService);
        }
        if let (Self::ServiceKey { service: own, .. }, Some(asked)) = (self, service)
            && !own.as_ref().is_some_and(|own| own.same(asked))
        {
            return Err(Refusal::ForeignService(asked.clone()));
        }
        self.holds(permissions)
    }

    /// May this caller change a service key that goes from the one set of permissions to the other?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn change_service_key(&self, before: &PermissionSet, after: &PermissionSet) -> Result<(), Refusal> {
        self.manages(OwnPermission::KeysWrite).map_err(|refusal| self.hide_from_people(refusal))?;
        self.holds(before)?;
        self.holds(after)
    }

    /// May this caller revoke this key? Any key may give itself up.
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn revoke_key(&self, key: KeyId, held_by: HeldBy<'_>) -> Result<(), Refusal> {
        match held_by {
            _ if self.is_key(key) => Ok(()),
            HeldBy::Service { permissions } => self.change_service_key(permissions, permissions),
            HeldBy::Account { owner_level, .. } if matches!(self, Self::ServiceKey { .. }) => {
                self.manages(OwnPermission::KeysWrite)?;
                within_service_reach(owner_level)
            }
            HeldBy::Account { owner, .. } => self.reach_key_of(Some(owner)),
        }
    }

    /// May this caller see a key of this owner (`None`: of a service)?
    ///
    /// # Errors
    /// [`Refusal::Hidden`] where the key is to look absent, else what is missing.
    pub fn see_key(&self, owner: Option<AccountId>) -> Result<(), Refusal> {
        if let Self::ServiceKey { .. } = self {
            return self.manages(OwnPermission::KeysRead);
        }
        self.reach_key_of(owner)
    }

    /// May this caller be told why a key of this owner is accepted or refused?
    ///
    /// # Errors
    /// [`Refusal::Hidden`] where the key is to look absent, else what is missing.
    pub fn explain_key(&self, owner: Option<AccountId>) -> Result<(), Refusal> {
        self.reach_key_of(owner)
    }

    /// May this caller see any key at all: all of them, or their own?
    ///
    /// # Errors
    /// [`Refusal`] names what is missing.
    pub fn see_some_key(&self) -> Result<(), Refusal> {
        self.owns_or_manages(OwnPermission::KeysRead)
    }

    /// May this caller change or revoke any key at all? Asked before a key is looked at, so that the answer tells nothing of it.
    ///
    /// # Errors
    /// [`Refusal`] names what is missing.
    pub fn write_some_key(&self) -> Result<(), Refusal> {
        self.owns_or_manages(OwnPermission::KeysWrite)
    }

    fn owns_or_manages(&self, permission: OwnPermission) -> Result<(), Refusal> {
        match self {
            Self::ServiceKey { .. } => self.manages(permission),
            Self::Operator | Self::Session { .. } | Self::AccountKey { .. } => self.at_least(Level::OWN),
        }
    }

    fn reach_key_of(&self, owner: Option<AccountId>) -> Result<(), Refusal> {
        self.at_least(Level::OWN)?;
        if self.is_admin() || (owner.is_some() && owner == self.account()) { Ok(()) } else { Err(Refusal::Hidden) }
    }

    /// May this caller make a policy of the second set, or change one from the first to the second?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn write_policy(&self, before: &PermissionSet, after: &PermissionSet) -> Result<(), Refusal> {
        self.manages(OwnPermission::PoliciesWrite)?;
        self.holds(before)?;
        self.holds(after)
    }

    /// May this caller delete a policy with these permissions, and with it the keys that use it, if any?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn delete_policy(&self, permissions: &PermissionSet, revokes_keys: bool) -> Result<(), Refusal> {
        self.write_policy(permissions, permissions)?;
        if revokes_keys { self.manages(OwnPermission::KeysWrite) } else { Ok(()) }
    }

    /// May this caller define or delete a gate? Only a person: a gate decides what other keys reach elsewhere, so no service key has the power
    /// that one would give.
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn write_gate(&self) -> Result<(), Refusal> {
        self.at_least(Level::ALL)
    }

    /// May this caller replace the manifest of this service?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn declare(&self, declared: &ServiceName) -> Result<(), Refusal> {
        if declared.is_reserved() {
            return Err(Refusal::ReservedService);
        }
        self.manages(OwnPermission::PermissionsDeclare)?;
        match self {
            Self::ServiceKey { service, .. } if !service.as_ref().is_some_and(|own| own.same(declared)) => {
                Err(Refusal::ForeignService(declared.clone()))
            }
            Self::Operator | Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } => Ok(()),
        }
    }

    /// May this caller see the declared permissions?
    ///
    /// # Errors
    /// [`Refusal`] names what is missing.
    pub fn see_permissions(&self) -> Result<(), Refusal> {
        self.manages(OwnPermission::PoliciesRead).or_else(|refusal| match self {
            Self::ServiceKey { permissions, .. } if permissions.allows(OwnPermission::PermissionsDeclare) => Ok(()),
            Self::Operator | Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } => Err(refusal),
        })
    }

    /// May this caller see this account? A holder may by session, whatever its standing.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] where the account is to look absent, else what is missing.
    pub fn see_account(&self, id: AccountId) -> Result<(), Refusal> {
        match self {
            Self::Session { account, standing, .. } if *account == id && standing.status != Status::Locked => Ok(()),
            Self::AccountKey { owner, .. } if *owner == id && !self.is_admin() => Err(Refusal::SessionNeeded),
            Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } | Self::Operator => {
                self.manages(OwnPermission::AccountsRead).map_err(|refusal| self.hide_from_people(refusal))
            }
        }
    }

    /// May this caller make an account whose role has this level?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn create_account(&self, level: Level) -> Result<(), Refusal> {
        self.manages(OwnPermission::AccountsWrite)?;
        self.reaches_level(level)
    }

    /// May this caller change this account so, and must it prove that it knows the password?
    ///
    /// A holder, by session, may change `password`, `email`, `consent` and `status` (not to blocked); while locked only unlock, without
    /// consent only give it. No key changes these four of its own account.
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn change_account(&self, id: AccountId, before: &Standing, after: &Standing, touched: Touched) -> Result<PasswordProof, Refusal> {
        if self.account() != Some(id) {
            self.manages(OwnPermission::AccountsWrite).map_err(|refusal| self.hide_from_people(refusal))?;
            self.reaches_level(before.level)?;
            self.reaches_level(after.level)?;
            return Ok(PasswordProof::NotNeeded);
        }
        if let Self::AccountKey { .. } = self {
            self.at_least(Level::ALL)?;
            if touched.status || touched.consent || touched.password || touched.email {
                return Err(Refusal::SessionNeeded);
            }
            return Ok(PasswordProof::NotNeeded);
        }
        match before.fit() {
            Err(Unfit::Locked) if touched == (Touched { status: true, ..Touched::default() }) && after.status == Status::Active => {}
            Err(Unfit::ConsentLacking) if touched == (Touched { consent: true, ..Touched::default() }) && after.consent => {}
            Err(unfit) => return Err(Refusal::Unfit(unfit)),
            Ok(()) if touched.role || touched.external || after.status == Status::Blocked => self.at_least(Level::ALL)?,
            Ok(()) => {}
        }
        Ok(if touched.password || touched.email { self.password_proof() } else { PasswordProof::NotNeeded })
    }

    fn password_proof(&self) -> PasswordProof {
        match self {
            Self::Session { by: SignIn::Elsewhere, .. } => PasswordProof::Indispensable,
            Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } | Self::Operator => PasswordProof::Needed,
        }
    }

    /// What is this caller told of an account that is not there, where it would change or delete it? The same as of one that is not its own.
    ///
    /// # Errors
    /// [`Refusal`] names what is missing; without one, the account looks absent, as it is.
    pub fn miss_account(&self) -> Result<(), Refusal> {
        match self.manages(OwnPermission::AccountsWrite).map_err(|refusal| self.hide_from_people(refusal)) {
            Ok(()) | Err(Refusal::Hidden) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// May this caller delete this account, and must it prove that it knows the password?
    ///
    /// # Errors
    /// [`Refusal`] names the rule.
    pub fn delete_account(&self, id: AccountId, standing: &Standing) -> Result<PasswordProof, Refusal> {
        match self {
            Self::Session { account, standing, .. } if *account == id => match standing.fit() {
                Ok(()) | Err(Unfit::ConsentLacking) => Ok(self.password_proof()),
                Err(unfit @ (Unfit::Locked | Unfit::Blocked)) => Err(Refusal::Unfit(unfit)),
            },
            Self::AccountKey { owner, .. } if *owner == id => Err(Refusal::SessionNeeded),
            Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } | Self::Operator => {
                self.manages(OwnPermission::AccountsWrite).map_err(|refusal| self.hide_from_people(refusal))?;
                self.reaches_level(standing.level)?;
                Ok(PasswordProof::NotNeeded)
            }
        }
    }

    /// May this caller see or end sessions of this account? A holder may by session, to sign out, whatever its standing.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] where they are to look absent, else what is missing.
    pub fn reach_sessions_of(&self, id: AccountId) -> Result<(), Refusal> {
        match self {
            Self::Session { account, .. } if *account == id => Ok(()),
            Self::AccountKey { owner, .. } if *owner == id && !self.is_admin() => Err(Refusal::SessionNeeded),
            Self::Session { .. } | Self::AccountKey { .. } | Self::ServiceKey { .. } | Self::Operator => {
                self.at_least(Level::ALL).map_err(|refusal| self.hide_from_people(refusal))
            }
        }
    }

    /// A person without the level is not told whether the thing exists; one who could not use it at all is told why.
    fn hide_from_people(&self, refusal: Refusal) -> Refusal {
        match (self, refusal) {
            (Self::Session { .. } | Self::AccountKey { .. }, Refusal::LevelTooLow { .. }) => Refusal::Hidden,
            (_, refusal) => refusal,
        }
    }

    fn reaches_level(&self, level: Level) -> Result<(), Refusal> {
        if let Self::ServiceKey { .. } = self { within_service_reach(level) } else { Ok(()) }
    }

    fn holds(&self, permissions: &PermissionSet) -> Result<(), Refusal> {
        let Self::ServiceKey { permissions: own, .. } = self else {
            return Ok(());
        };
        let beyond: Vec<Permission> = permissions.beyond(own).cloned().collect();
        if beyond.is_empty() { Ok(()) } else { Err(Refusal::PermissionsExceeded(beyond)) }
    }
}

fn within_service_reach(level: Level) -> Result<(), Refusal> {
    if level <= Level::OWN { Ok(()) } else { Err(Refusal::AccountTooPowerful(level)) }
}
