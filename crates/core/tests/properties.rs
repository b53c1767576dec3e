//! Rules that must hold whatever happens: over random worlds and random sequences of operations.
#![expect(clippy::unwrap_used, reason = "a test may end by a panic")]

use keybearer_core::account::{AccountId, Standing, Status, revocation};
use keybearer_core::authority::{Authority, SignIn, Touched};
use keybearer_core::decision::{Denial, Evidence, Holder, Record, decide};
use keybearer_core::key::{KeyKind, KeyState, Lifecycle, RevocationReason};
use keybearer_core::permission::{OwnPermission, Permission};
use keybearer_core::policy::PermissionSet;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use proptest::prelude::*;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn level() -> impl Strategy<Value = Level> {
    (0i64..=8).prop_map(|number| Level::new(number).unwrap())
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![4 => Just(Status::Active), 1 => Just(Status::Locked), 1 => Just(Status::Blocked)]
}

/// Ten of Keybearer's own permissions and six of a shop, drawn by number.
fn permission(number: usize) -> Permission {
    match OwnPermission::ALL.get(number) {
        Some(own) => own.full_name().parse().unwrap(),
        None => format!("shop:p{number}").parse().unwrap(),
    }
}

fn permissions() -> impl Strategy<Value = PermissionSet> {
    // Half of the sets can administer: without them little would ever be granted.
    (proptest::collection::vec(0usize..16, 0..16), any::<bool>()).prop_map(|(numbers, administers)| {
        let own = OwnPermission::ALL.iter().enumerate().filter(|_| administers).map(|(number, _)| number);
        numbers.into_iter().chain(own).map(permission).collect()
    })
}

/// What somebody may try.
#[derive(Clone, Debug)]
enum Step {
    AccountKey { by: usize, owner: usize, level: Level },
    ServiceKey { by: usize, permissions: PermissionSet },
    EditKey { by: usize, key: usize, permissions: PermissionSet },
    Account { by: usize, account: usize, after: Standing },
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0usize..64;
    prop_oneof![
        3 => (who(), who(), level()).prop_map(|(by, owner, level)| Step::AccountKey { by, owner, level }),
        2 => (who(), permissions()).prop_map(|(by, permissions)| Step::ServiceKey { by, permissions }),
        2 => (who(), who(), permissions()).prop_map(|(by, key, permissions)| Step::EditKey { by, key, permissions }),
        2 => (who(), who(), level(), status(), any::<bool>())
            .prop_map(|(by, account, level, status, consent)| Step::Account { by, account, after: Standing { level, status, consent } }),
    ]
}

#[derive(Clone, Debug)]
enum Key {
    Account { owner: usize, level: Level, lifecycle: Lifecycle },
    Service { permissions: PermissionSet },
}

/// A small model of the server: accounts by index, keys by index, and everybody who can act.
struct World {
    accounts: Vec<Standing>,
    keys: Vec<Key>,
}

impl World {
    fn record(&self, key: &Key) -> Record<'_> {
        match key {
            Key::Account { owner, level, lifecycle } => {
                Record { lifecycle: *lifecycle, holder: Holder::Account { level: *level, owner: self.accounts[*owner] } }
            }
            Key::Service { .. } => unreachable!("service keys are looked at directly"),
        }
    }

    /// The authority of actor number `by`: first the sessions of the accounts, then the keys.
    fn authority(&self, by: usize) -> Option<Authority> {
        let by = by % (self.accounts.len() + self.keys.len());
        if let Some(standing) = self.accounts.get(by) {
            return standing.may_sign_in().then_some(Authority::Session { account: id(by), standing: *standing, by: SignIn::Here });
        }
        let number = by - self.accounts.len();
        let key = KeyId::from_bytes([u8::try_from(number).unwrap(); 16]);
        match &self.keys[number] {
            Key::Service { permissions } => Some(Authority::ServiceKey { key, service: None, permissions: permissions.clone() }),
            account @ Key::Account { owner, .. } => match decide(&self.record(account), &Requirement::ANY, NOW).ok()?.evidence() {
                Evidence::Level(level) => Some(Authority::AccountKey { key, owner: id(*owner), level }),
                Evidence::Permissions { .. } => None,
            },
        }
    }
}

fn id(account: usize) -> AccountId {
    AccountId(i64::try_from(account).unwrap())
}

/// The level with which the actor acts, told without the functions under test; services count as 4, their reach among people.
fn power(authority: &Authority) -> Level {
    match authority {
        Authority::Session { standing, .. } => standing.level,
        Authority::AccountKey { level, .. } => *level,
        Authority::ServiceKey { .. } => Level::OWN,
        Authority::Operator => Level::ALL,
    }
}

fn own_permissions(authority: &Authority) -> Option<&PermissionSet> {
    match authority {
        Authority::ServiceKey { permissions, .. } => Some(permissions),
        Authority::Session { .. } | Authority::AccountKey { .. } | Authority::Operator => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// No sequence of operations makes more power than its maker has, and what was revoked stays so.
    #[test]
    fn power_never_grows_and_revoked_is_for_ever(
        levels in proptest::collection::vec(level(), 3..6),
        first_keys in proptest::collection::vec(permissions(), 1..4),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let accounts = levels.into_iter().map(|level| Standing { level, status: Status::Active, consent: true }).collect();
        let keys = first_keys.into_iter().map(|permissions| Key::Service { permissions }).collect();
        let mut world = World { accounts, keys };
        for step in steps {
            let revoked: Vec<(usize, KeyState)> = world.keys.iter().enumerate().filter_map(|(number, key)| match key {
                Key::Account { lifecycle, .. } => Some((number, lifecycle.state(NOW))).filter(|(_, state)| *state != KeyState::Active),
                Key::Service { .. } => None,
            }).collect();
            apply(&mut world, step)?;
            for (number, state) in revoked {
                let Key::Account { lifecycle, .. } = &world.keys[number] else { panic!("a key changed its kind") };
                prop_assert_eq!(lifecycle.state(NOW), state);
                prop_assert!(decide(&world.record(&world.keys[number]), &Requirement::ANY, NOW).is_err());
            }
        }
    }

    /// `decide` agrees with a reference that is written the long way.
    #[test]
    fn decide_agrees_with_a_naive_reference(
        key_level in level(), owner_level in level(), status in status(), consent in any::<bool>(), held in permissions(), is_service in any::<bool>(),
        expires_in in proptest::option::of(-2i64..3), revoked in any::<bool>(),
        any_of in proptest::collection::vec(0usize..16, 0..4), all_of in proptest::collection::vec(0usize..16, 0..4),
        least in proptest::option::of(level()), kind in proptest::option::of(prop_oneof![Just(KeyKind::Account), Just(KeyKind::Service)]),
    ) {
        let any_of: Vec<Permission> = any_of.into_iter().map(permission).collect();
        let all_of: Vec<Permission> = all_of.into_iter().map(permission).collect();
        let Ok(requirement) = Requirement::new(any_of.clone(), all_of.clone(), least, kind) else {
            // Refused exactly where no key can have both.
            let wants_permissions = !any_of.is_empty() || !all_of.is_empty();
            prop_assert!((least.is_some() && (wants_permissions || kind == Some(KeyKind::Service))) || (wants_permissions && kind == Some(KeyKind::Account)));
            return Ok(());
        };
        let expires_at = expires_in.map(|offset| NOW.plus(offset));
        let mut lifecycle = Lifecycle::Live { expires_at };
        if revoked {
            lifecycle = lifecycle.revoke(NOW, RevocationReason::Deleted).unwrap();
        }
        let owner = Standing { level: owner_level, status, consent };
        let holder = if is_service { Holder::Service { permissions: &held } } else { Holder::Account { level: key_level, owner } };

        let alive = !revoked && expires_in.is_none_or(|offset| offset > 0);
        let owner_fit = is_service || (status == Status::Active && consent);
        let has = |permission: &Permission| is_service && held.iter().any(|one| one == permission);
        let expected = alive && owner_fit
            && (any_of.is_empty() || any_of.iter().any(has))
            && all_of.iter().all(has)
            && least.is_none_or(|least| !is_service && key_level >= least && owner_level >= least)
            && kind.is_none_or(|kind| (kind == KeyKind::Service) == is_service);

        let verdict = decide(&Record { lifecycle, holder }, &requirement, NOW);
        prop_assert_eq!(verdict.is_ok(), expected);
        match verdict {
            Err(Denial::Revoked(_)) => prop_assert!(revoked || !owner_fit),
            Err(Denial::Expired) => prop_assert!(!revoked && !alive),
            Err(Denial::InsufficientLevel { .. } | Denial::InsufficientPermissions { .. }) => prop_assert!(alive && owner_fit),
            Err(Denial::Malformed | Denial::NotFound) => prop_assert!(false, "a record is there"),
            Ok(_) => {}
        }
    }
}

fn apply(world: &mut World, step: Step) -> Result<(), TestCaseError> {
    match step {
        Step::AccountKey { by, owner, level } => {
            let (owner, Some(authority)) = (owner % world.accounts.len(), world.authority(by)) else { return Ok(()) };
            if authority.issue_account_key(id(owner), &world.accounts[owner], level).is_ok() {
                prop_assert!(level <= power(&authority));
                prop_assert!(level <= world.accounts[owner].level);
                prop_assert!(world.accounts[owner].fit().is_ok());
                world.keys.push(Key::Account { owner, level, lifecycle: Lifecycle::Live { expires_at: Some(NOW.plus(1)) } });
            }
        }
        Step::ServiceKey { by, permissions } => {
            let Some(authority) = world.authority(by) else { return Ok(()) };
            if authority.issue_service_key(&permissions, None).is_ok() {
                assert_within(&authority, &permissions)?;
                world.keys.push(Key::Service { permissions });
            }
        }
        Step::EditKey { by, key, permissions } => {
            let (key, Some(authority)) = (key % world.keys.len(), world.authority(by)) else { return Ok(()) };
            let Key::Service { permissions: before } = &world.keys[key] else { return Ok(()) };
            if authority.change_service_key(before, &permissions).is_ok() {
                assert_within(&authority, before)?;
                assert_within(&authority, &permissions)?;
                world.keys[key] = Key::Service { permissions };
            }
        }
        Step::Account { by, account, after } => {
            let (account, Some(authority)) = (account % world.accounts.len(), world.authority(by)) else { return Ok(()) };
            let before = world.accounts[account];
            let touched = Touched {
                role: after.level != before.level,
                status: after.status != before.status,
                consent: after.consent != before.consent,
                ..Touched::default()
            };
            if authority.change_account(id(account), &before, &after, touched).is_err() {
                return Ok(());
            }
            if after.level != before.level {
                prop_assert!(after.level <= power(&authority));
                prop_assert!(before.level <= power(&authority));
            }
            world.accounts[account] = after;
            if let Some(reason) = revocation(&before, &after) {
                for key in &mut world.keys {
                    if let Key::Account { owner, lifecycle, .. } = key
                        && *owner == account
                        && let Ok(revoked) = lifecycle.revoke(NOW, reason)
                    {
                        *lifecycle = revoked;
                    }
                }
            }
        }
    }
    Ok(())
}

/// People with level 8 may grant every permission; a service key only its own, and nobody else any.
fn assert_within(authority: &Authority, permissions: &PermissionSet) -> Result<(), TestCaseError> {
    match own_permissions(authority) {
        Some(own) => prop_assert!(permissions.iter().all(|permission| own.contains(permission))),
        None => prop_assert_eq!(power(authority), Level::ALL),
    }
    Ok(())
}
