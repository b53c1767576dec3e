//! Accounts: names, what the holder must prove, the administrator who must remain, lists. What ends keys is in `revocation`.

use keybearer_core::account::{AccountId, Status};
use keybearer_core::authority::Refusal;
use keybearer_core::permission::OwnPermission;
use keybearer_store::{AccountChange, AccountFilter, Actor, Cascade, Login, NewAccount, PageRequest, PasswordReset, StoreError, What};

use crate::world::{PASSWORD, World, first, level, metadata};

on_every_engine!(
    a_link_sets_a_password_once,
    a_link_sets_a_first_password_once,
    an_account_begins_active_with_consent,
    numbers_are_never_reused,
    usernames_are_unique_in_all_their_spellings,
    external_ids_are_unique,
    a_change_touches_what_it_names,
    a_change_to_the_same_is_no_change,
    the_first_admin_is_made_once,
    the_last_active_admin_remains,
    two_admins_cannot_downgrade_each_other,
    a_holder_proves_the_current_password,
    a_new_password_ends_the_other_sessions,
    a_new_password_tells_of_every_live_key_that_may_be_an_intruders,
    a_holder_changes_only_what_is_theirs,
    a_service_key_reaches_accounts_up_to_level_4,
    a_list_has_pages_and_filters,
    logins_are_found_by_name_and_number,
);

fn role(role: &str) -> AccountChange {
    AccountChange { role: Some(role.into()), ..AccountChange::default() }
}

fn status(status: Status) -> AccountChange {
    AccountChange { status: Some(status), ..AccountChange::default() }
}

fn email(address: &str) -> AccountChange {
    AccountChange { email: Some(Some(address.into())), ..AccountChange::default() }
}

async fn an_account_begins_active_with_consent(world: &World) {
    let admin = world.person("root", "admin").await;
    let new = NewAccount {
        email: Some("ada@example.org".into()),
        external_id: Some("a-1".into()),
        metadata: metadata("team", "engines"),
        ..world.new_account("Ada", "support")
    };
    let made = world.store.create_account(world.by(admin.actor()), new).await.unwrap();
    let read = world.store.account(made.id).await.unwrap();
    assert_eq!(read, made);
    assert_eq!((read.username.as_str(), read.role.as_str(), read.status, read.consent), ("Ada", "support", Status::Active, true));
    assert_eq!((read.email.as_deref(), read.external_id.as_deref()), (Some("ada@example.org"), Some("a-1")));
    assert_eq!((read.metadata, read.has_password, read.created_at), (metadata("team", "engines"), true, world.now()));
    let without = NewAccount { password_hash: None, ..world.new_account("Bob", "user") };
    assert!(!world.store.create_account(world.operator(), without).await.unwrap().has_password);

    assert!(matches!(world.store.account(AccountId(999)).await, Err(StoreError::NotFound(What::Account))));
    let user = world.person("eve", "user").await;
    assert_refused!(
        world,
        world.store.create_account(world.by(user.actor()), world.new_account("mallory", "user")),
        StoreError::Refused(Refusal::LevelTooLow { .. })
    );
}

async fn numbers_are_never_reused(world: &World) {
    let first = world.account("ada", "user").await.id;
    let last = world.account("bob", "user").await.id;
    assert!(last > first);
    world.store.delete_account(world.operator(), last, None, None).await.unwrap();
    assert!(matches!(world.store.account(last).await, Err(StoreError::NotFound(What::Account))));
    assert_refused!(world, world.store.delete_account(world.operator(), last, None, None), StoreError::NotFound(What::Account));
    assert!(world.account("bob", "user").await.id > last);
}

async fn usernames_are_unique_in_all_their_spellings(world: &World) {
    let ada = world.account("Ada", "user").await;
    for same in ["Ada", "ADA", "ａｄａ", " ada "] {
        assert_refused!(
            world,
            world.store.create_account(world.operator(), world.new_account(same, "user")),
            StoreError::Taken { what: What::Account, field: "username" }
        );
    }
    world.store.delete_account(world.operator(), ada.id, None, None).await.unwrap();
    world.account("ADA", "user").await;
}

async fn external_ids_are_unique(world: &World) {
    let named = |username: &str, external: &str| NewAccount { external_id: Some(external.into()), ..world.new_account(username, "user") };
    let external = |id: Option<&str>| AccountChange { external_id: Some(id.map(Into::into)), ..AccountChange::default() };
    let ada = world.store.create_account(world.operator(), named("ada", "1")).await.unwrap();
    assert_refused!(
        world,
        world.store.create_account(world.operator(), named("bob", "1")),
        StoreError::Taken { what: What::Account, field: "external_id" }
    );
    let bob = world.store.create_account(world.operator(), named("bob", "2")).await.unwrap();
    assert_refused!(
        world,
        world.change(Actor::Operator, bob.id, external(Some("1"))),
        StoreError::Taken { what: What::Account, field: "external_id" }
    );
    world.change(Actor::Operator, ada.id, external(None)).await.unwrap();
    world.change(Actor::Operator, bob.id, external(Some("1"))).await.unwrap();
    world.store.delete_account(world.operator(), bob.id, None, None).await.unwrap();
    world.change(Actor::Operator, ada.id, external(Some("1"))).await.unwrap();
    // Any number of accounts may have none.
    world.account("carol", "user").await;
    world.account("dave", "user").await;
}

async fn a_change_touches_what_it_names(world: &World) {
    let ada = world.account("ada", "user").await;
    let change = AccountChange { metadata: Some(metadata("a", "b")), ..email("ada@example.org") };
    let changed = world.change(Actor::Operator, ada.id, change).await.unwrap();
    let mut expected = ada.clone();
    (expected.email, expected.metadata) = (Some("ada@example.org".into()), metadata("a", "b"));
    assert_eq!(changed.account, expected);
    assert_eq!(world.store.account(ada.id).await.unwrap(), expected);
    assert_eq!(changed.live_keys, None, "told only after a change of password");
    let cleared = AccountChange { email: Some(None), metadata: Some(Default::default()), ..AccountChange::default() };
    assert_eq!(world.change(Actor::Operator, ada.id, cleared).await.unwrap().account, ada);
    assert_refused!(world, world.change(Actor::Operator, AccountId(999), role("admin")), StoreError::NotFound(What::Account));
}

async fn a_change_to_the_same_is_no_change(world: &World) {
    let ada = world.account("ada", "user").await;
    let before = crate::check::dump(world).await;
    let same = AccountChange { consent: Some(true), status: Some(Status::Active), email: Some(None), ..role("user") };
    assert_eq!(world.change(Actor::Operator, ada.id, same).await.unwrap().account, ada);
    assert_eq!(crate::check::dump(world).await, before, "neither event nor revision");
}

async fn the_first_admin_is_made_once(world: &World) {
    assert!(!world.store.admin_exists().await.unwrap());
    world.account("support", "support").await;
    assert!(!world.store.admin_exists().await.unwrap());
    let race = ["root", "toor"].map(|username| {
        let (store, origin, new) = (world.store.clone(), world.operator(), world.new_account(username, "admin"));
        tokio::spawn(async move { store.create_first_admin(origin, new).await })
    });
    let mut won = 0;
    for racer in race {
        match racer.await.unwrap() {
            Ok(account) => won += usize::from(account.role == "admin"),
            Err(error) => assert!(matches!(error, StoreError::AdminExists), "{error:?}"),
        }
    }
    assert_eq!(won, 1);
    assert!(world.store.admin_exists().await.unwrap());
    assert_refused!(world, world.store.create_first_admin(world.operator(), world.new_account("third", "admin")), StoreError::AdminExists);
}

async fn the_last_active_admin_remains(world: &World) {
    let root = world.person("root", "admin").await;
    let other = world.account("other", "admin").await.id;
    // Of those who are blocked or locked, none counts.
    for stop in [Status::Blocked, Status::Locked] {
        world.change(Actor::Operator, other, status(stop)).await.unwrap();
        for by in [Actor::Operator, root.actor()] {
            for change in [role("user"), role("nothing at all"), status(Status::Blocked), status(Status::Locked)] {
                assert_refused!(world, world.change(by, root.id, change), StoreError::LastAdmin);
            }
            let proved = Some(PASSWORD.to_owned());
            assert_refused!(world, world.store.delete_account(world.by(by), root.id, proved, None), StoreError::LastAdmin);
        }
        world.change(Actor::Operator, other, status(Status::Active)).await.unwrap();
    }
    world.change(root.actor(), root.id, role("user")).await.unwrap();
    assert_refused!(world, world.store.delete_account(world.operator(), other, None, None), StoreError::LastAdmin);
    // One that is no active administrator may always go.
    world.store.delete_account(world.operator(), root.id, None, None).await.unwrap();
}

async fn two_admins_cannot_downgrade_each_other(world: &World) {
    let (ada, bob) = (world.person("ada", "admin").await, world.person("bob", "admin").await);
    let race = [(ada, bob), (bob, ada)].map(|(by, whom)| {
        let (store, origin) = (world.store.clone(), world.by(by.actor()));
        tokio::spawn(async move { store.change_account(origin, whom.id, role("user")).await })
    });
    let mut done = 0;
    for racer in race {
        match racer.await.unwrap() {
            Ok(_) => done += 1,
            // The loser is no administrator any more, and signed out.
            Err(error) => assert!(matches!(error, StoreError::ActorGone), "{error:?}"),
        }
    }
    assert_eq!(done, 1);
    assert!(world.store.admin_exists().await.unwrap());
}

async fn a_holder_proves_the_current_password(world: &World) {
    let ada = world.person("ada", "user").await;
    let proved = |change: AccountChange, hash: &str| AccountChange { proved: Some(hash.into()), ..change };
    let password = || AccountChange { password_hash: Some("$argon2id$second".into()), ..AccountChange::default() };
    for change in [email("a@example.org"), password(), proved(email("a@example.org"), "$argon2id$wrong")] {
        assert_refused!(world, world.change(ada.actor(), ada.id, change), StoreError::PasswordNotProved);
    }
    assert_refused!(world, world.store.delete_account(world.by(ada.actor()), ada.id, None, None), StoreError::PasswordNotProved);
    world.change(ada.actor(), ada.id, proved(email("a@example.org"), PASSWORD)).await.unwrap();
    world.change(ada.actor(), ada.id, proved(password(), PASSWORD)).await.unwrap();
    // What was proved is worth nothing once the password is another.
    let outdated = world.store.delete_account(world.by(ada.actor()), ada.id, Some(PASSWORD.into()), None);
    assert_refused!(world, outdated, StoreError::PasswordNotProved);
    world.store.delete_account(world.by(ada.actor()), ada.id, Some("$argon2id$second".into()), None).await.unwrap();
}

async fn a_new_password_ends_the_other_sessions(world: &World) {
    let ada = world.person("ada", "user").await;
    let elsewhere = world.signed_in(ada.id).await;
    let bystander = world.person("bob", "user").await;
    let live = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let gone = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    world.store.revoke_key(world.by(ada.actor()), gone.id, None, Cascade::Nothing, None).await.unwrap();
    let change =
        AccountChange { password_hash: Some("$argon2id$second".into()), proved: Some(PASSWORD.into()), ..AccountChange::default() };
    let changed = world.change(ada.actor(), ada.id, change).await.unwrap();
    assert_eq!((changed.revoked.keys, changed.revoked.sessions), (0, 1));
    assert_eq!(changed.live_keys, Some(vec![live.id]));
    let left: Vec<_> = world.store.sessions(ada.id, world.now()).await.unwrap().iter().map(|session| session.id).collect();
    assert_eq!(left, [ada.session], "the session that asked goes on");
    assert_refused!(world, world.account_key(elsewhere.actor(), ada.id, 4), StoreError::ActorGone);
    world.account_key(bystander.actor(), bystander.id, 4).await.unwrap();
    // Set by somebody else, it ends them all.
    let change = AccountChange { password_hash: Some("$argon2id$third".into()), ..AccountChange::default() };
    assert_eq!(world.change(Actor::Operator, ada.id, change).await.unwrap().revoked.sessions, 1);
    assert!(world.store.sessions(ada.id, world.now()).await.unwrap().is_empty());
    let login = world.store.login_by_id(ada.id).await.unwrap().unwrap();
    assert_eq!(login.password_hash.as_deref(), Some("$argon2id$third"));
}

async fn a_new_password_tells_of_every_live_key_that_may_be_an_intruders(world: &World) {
    let root = world.person("root", "admin").await;
    let ada = world.account("ada", "user").await.id;
    let policy = world.policy("policy", &["keybearer:keys.write"]).await.id;
    let own = world.account_key(root.actor(), root.id, 8).await.unwrap().id;
    let for_another = world.account_key(root.actor(), ada, 4).await.unwrap().id;
    let by_own = world.service_key(Actor::Key(own), "by own", policy).await.unwrap().id;
    let by_that = world.service_key(Actor::Key(by_own), "by that", policy).await.unwrap().id;
    world.service_key(Actor::Operator, "somebody else's", policy).await.unwrap();
    world.store.revoke_key(world.by(root.actor()), own, None, Cascade::Nothing, None).await.unwrap();
    let change =
        AccountChange { password_hash: Some("$argon2id$second".into()), proved: Some(PASSWORD.into()), ..AccountChange::default() };
    let told = world.change(root.actor(), root.id, change).await.unwrap().live_keys;
    assert_eq!(told, Some(vec![for_another, by_own, by_that]));
}

async fn a_holder_changes_only_what_is_theirs(world: &World) {
    let ada = world.person("ada", "user").await;
    let bob = world.person("bob", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    assert_refused!(world, world.change(ada.actor(), ada.id, role("admin")), StoreError::Refused(Refusal::LevelTooLow { .. }));
    assert_refused!(world, world.change(ada.actor(), bob.id, email("x")), StoreError::Refused(Refusal::Hidden));
    assert_refused!(world, world.change(ada.actor(), AccountId(999), email("x")), StoreError::NotFound(What::Account));
    let lost = world.person("lost", "user").await;
    world.change(Actor::Operator, lost.id, AccountChange { consent: Some(false), ..AccountChange::default() }).await.unwrap();
    let lost = world.signed_in(lost.id).await;
    for id in [bob.id, AccountId(999)] {
        assert_refused!(world, world.change(lost.actor(), id, email("x")), StoreError::Refused(Refusal::Unfit(_)));
        assert_refused!(world, world.store.delete_account(world.by(lost.actor()), id, None, None), StoreError::Refused(Refusal::Unfit(_)));
    }
    let by_key = Actor::Key(key.id);
    let blocked = status(Status::Blocked);
    assert_refused!(world, world.change(by_key, ada.id, blocked), StoreError::Refused(Refusal::LevelTooLow { .. }));
    assert_refused!(
        world,
        world.store.delete_account(world.by(by_key), ada.id, Some(PASSWORD.into()), None),
        StoreError::Refused(Refusal::SessionNeeded)
    );
    assert_refused!(
        world,
        world.store.revoke_account_keys(world.by(ada.actor()), bob.id, "envy".into(), None),
        StoreError::Refused(Refusal::LevelTooLow { .. })
    );
}

async fn a_service_key_reaches_accounts_up_to_level_4(world: &World) {
    let writer = Actor::Key(world.service("writer", &["keybearer:accounts.write"]).await.id);
    let stranger = Actor::Key(world.service("stranger", &[]).await.id);
    let ada = world.store.create_account(world.by(writer), world.new_account("ada", "user")).await.unwrap().id;
    let root = world.account("root", "admin").await.id;
    assert_refused!(
        world,
        world.store.create_account(world.by(writer), world.new_account("bob", "bughunter")),
        StoreError::Refused(Refusal::AccountTooPowerful(_))
    );
    for (id, change) in [(root, role("user")), (root, email("x")), (ada, role("bughunter"))] {
        assert_refused!(world, world.change(writer, id, change), StoreError::Refused(Refusal::AccountTooPowerful(_)));
    }
    let deletion = world.store.delete_account(world.by(writer), root, None, None);
    assert_refused!(world, deletion, StoreError::Refused(Refusal::AccountTooPowerful(found)) if found == level(8));
    for id in [ada, AccountId(999)] {
        let refused = world.change(stranger, id, email("x"));
        assert_refused!(world, refused, StoreError::Refused(Refusal::PermissionLacking(OwnPermission::AccountsWrite)));
    }
    assert!(!world.change(writer, ada, AccountChange { consent: Some(false), ..email("x") }).await.unwrap().account.consent);
    world.store.delete_account(world.by(writer), ada, None, None).await.unwrap();
}

async fn a_list_has_pages_and_filters(world: &World) {
    for name in ["Ada", "Adam", "Eve", "Madam", "Zoe"] {
        world.account(name, if name.len() == 3 { "user" } else { "support" }).await;
    }
    let eve = world.store.login_by_username("eve".into()).await.unwrap().unwrap().account;
    world.change(Actor::Operator, eve, status(Status::Locked)).await.unwrap();
    let zoe = world.store.login_by_username("zoe".into()).await.unwrap().unwrap().account;
    world.store.delete_account(world.operator(), zoe, None, None).await.unwrap();

    let named = |username: &str| AccountFilter { username: Some(username.into()), ..AccountFilter::default() };
    let cases = [
        (AccountFilter::default(), vec!["Ada", "Adam", "Eve", "Madam"]),
        (named("ＡＤＡ"), vec!["Ada", "Adam", "Madam"]),
        (named("%"), vec![]),
        (AccountFilter { named: Some("ＡDAM".into()), ..AccountFilter::default() }, vec!["Adam"]),
        (AccountFilter { named: Some("ada%".into()), ..AccountFilter::default() }, vec![]),
        (AccountFilter { role: Some("support".into()), ..AccountFilter::default() }, vec!["Adam", "Madam"]),
        (AccountFilter { role: Some("user".into()), ..named("a") }, vec!["Ada"]),
        (AccountFilter { status: Some(Status::Locked), ..AccountFilter::default() }, vec!["Eve"]),
        (AccountFilter { status: Some(Status::Blocked), ..AccountFilter::default() }, vec![]),
    ];
    for (filter, expected) in cases {
        let mut found = Vec::new();
        let mut page = first(2);
        loop {
            let read = world.store.accounts(filter.clone(), page).await.unwrap();
            assert!(read.items.len() <= 2);
            found.extend(read.items.into_iter().map(|account| account.username));
            let Some(next) = read.next else { break };
            page = PageRequest { cursor: Some(next), limit: 2 };
        }
        assert_eq!(found, expected, "{filter:?}");
    }
    let page = PageRequest { cursor: Some("no cursor".into()), limit: 2 };
    assert!(matches!(world.store.accounts(AccountFilter::default(), page).await, Err(StoreError::BadCursor)));
}

async fn logins_are_found_by_name_and_number(world: &World) {
    let ada = world.account("Ada", "user").await.id;
    let bob = NewAccount { password_hash: None, ..world.new_account("Bob", "user") };
    let bob = world.store.create_account(world.operator(), bob).await.unwrap().id;
    let login = world.store.login_by_username("ada".into()).await.unwrap().unwrap();
    assert_eq!((login.account, login.password_hash.as_deref()), (ada, Some(PASSWORD)));
    assert_eq!(world.store.login_by_id(bob).await.unwrap().unwrap().password_hash, None);
    assert!(world.store.login_by_username("eve".into()).await.unwrap().is_none());
    world.store.delete_account(world.operator(), ada, None, None).await.unwrap();
    assert!(world.store.login_by_username("ada".into()).await.unwrap().is_none());
    assert!(world.store.login_by_id(ada).await.unwrap().is_none());
}

async fn a_link_sets_a_password_once(world: &World) {
    let ada = world.person("ada", "user").await;
    world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let reset = |replaced: &Login, hash: &str| PasswordReset { replaced: replaced.clone(), password_hash: hash.into() };
    let before = world.store.login_by_id(ada.id).await.unwrap().unwrap();
    let changed = world.store.reset_password(world.operator(), reset(&before, "another")).await.unwrap();
    assert_eq!((changed.revoked.sessions, changed.live_keys.map(|keys| keys.len())), (1, Some(1)));
    let after = world.store.login_by_id(ada.id).await.unwrap().unwrap();
    assert_eq!(after.password_hash.as_deref(), Some("another"));
    let none = Login { password_hash: None, ..after.clone() };
    for replaced in [&before, &none] {
        assert_refused!(world, world.store.reset_password(world.operator(), reset(replaced, "third")), StoreError::LinkUsed);
    }
    let grace = world.person("grace", "support").await;
    assert_refused!(world, world.store.reset_password(world.by(grace.actor()), reset(&after, "x")), StoreError::Refused(_));

    world.store.delete_account(world.operator(), ada.id, None, None).await.unwrap();
    for replaced in [&after, &none] {
        let reset = world.store.reset_password(world.operator(), reset(replaced, "x"));
        assert_refused!(world, reset, StoreError::NotFound(What::Account));
    }
}

async fn a_link_sets_a_first_password_once(world: &World) {
    let new = NewAccount { password_hash: None, ..world.new_account("ada", "user") };
    let ada = world.store.create_account(world.operator(), new).await.unwrap().id;
    let reset = PasswordReset { replaced: world.store.login_by_id(ada).await.unwrap().unwrap(), password_hash: "first".into() };
    world.store.reset_password(world.operator(), reset.clone()).await.unwrap();
    assert_refused!(world, world.store.reset_password(world.operator(), reset), StoreError::LinkUsed);
}
