//! People whom an application vouches for: one account each, and what they may do with it.

use keybearer_core::account::Status;
use keybearer_core::authority::Refusal;
use keybearer_core::identity::Identity;
use keybearer_store::{Account, AccountChange, AccountFilter, Actor, EventFilter, NewAccount, Newcomer, StoreError, What};

use crate::world::{PASSWORD, World, first};

on_every_engine!(
    a_newcomer_gets_one_account,
    two_first_requests_make_one_account,
    no_name_of_another_is_taken,
    an_issuers_word_makes_nobody_more_than_level_4,
    an_account_is_found_by_the_whole_identity,
    a_deleted_identity_is_not_welcomed_again,
    an_identity_acts_while_it_is_the_accounts,
    an_identity_without_a_password_makes_none,
    nobody_asks_in_the_name_of_an_issuer,
);

const ISSUER: &str = "https://app.example";

fn identity(issuer: &str, external_id: &str) -> Identity {
    Identity { issuer: issuer.into(), external_id: external_id.into() }
}

fn newcomer(external_id: &str, wished: &str) -> Newcomer {
    let identity = identity(ISSUER, external_id);
    Newcomer { usernames: identity.usernames(Some(wished)).into(), identity, role: "user".into() }
}

fn actor(account: &Account) -> Actor {
    Actor::Identity { account: account.id, mark: account.identity().unwrap().mark() }
}

async fn welcome(world: &World, newcomer: Newcomer) -> Result<Account, StoreError> {
    world.store.welcome(world.by(Actor::Issuer), newcomer).await
}

async fn a_newcomer_gets_one_account(world: &World) {
    let made = welcome(world, newcomer("42", "Ada")).await.unwrap();
    assert_eq!((made.username.as_str(), made.role.as_str(), made.status, made.consent), ("Ada", "user", Status::Active, true));
    assert_eq!((made.identity(), made.has_password), (Some(identity(ISSUER, "42")), false));
    let event = world.store.events(EventFilter::default(), first(1)).await.unwrap().items.remove(0);
    assert_eq!(
        (event.actor.as_str(), event.action.as_str(), event.target),
        ("issuer", "account.created", format!("account:{}", made.id.0))
    );
    assert_eq!(event.after.unwrap()["issuer"], ISSUER);

    // What comes later changes nothing: neither name nor role.
    let events = || async { world.store.events(EventFilter::default(), first(99)).await.unwrap().items.len() };
    world.change(Actor::Operator, made.id, AccountChange { role: Some("support".into()), ..AccountChange::default() }).await.unwrap();
    let before = events().await;
    let again = welcome(world, newcomer("42", "Bob")).await.unwrap();
    assert_eq!((again.id, again.username.as_str(), again.role.as_str()), (made.id, "Ada", "support"));
    assert_eq!(events().await, before);
}

async fn two_first_requests_make_one_account(world: &World) {
    for round in 0..10 {
        let external_id = round.to_string();
        let come = || welcome(world, newcomer(&external_id, "Ada"));
        let (one, two, three) = tokio::join!(come(), come(), come());
        let ids = [one.unwrap().id, two.unwrap().id, three.unwrap().id];
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }
    assert_eq!(world.store.accounts(AccountFilter::default(), first(50)).await.unwrap().items.len(), 10);
}

async fn no_name_of_another_is_taken(world: &World) {
    let here = world.account("Ada", "admin").await;
    let mut names = vec![here.username];
    for external_id in ["1", "2", "3"] {
        let made = welcome(world, newcomer(external_id, "\u{ff41}DA")).await.unwrap();
        assert!(made.username.starts_with("\u{ff41}DA-"), "{}", made.username);
        assert!(!names.contains(&made.username));
        names.push(made.username);
    }
    let all = newcomer("4", "Ada");
    for name in &all.usernames[1..] {
        world.account(name.as_str(), "user").await;
    }
    assert_refused!(world, welcome(world, all.clone()), StoreError::Taken { what: What::Account, field: "username" });
}

async fn an_issuers_word_makes_nobody_more_than_level_4(world: &World) {
    for role in ["bughunter", "support", "admin"] {
        let mighty = Newcomer { role: role.into(), ..newcomer("42", "Ada") };
        assert_refused!(world, welcome(world, mighty), StoreError::Refused(Refusal::AccountTooPowerful(_)));
    }
}

async fn an_account_is_found_by_the_whole_identity(world: &World) {
    let named = |username: &str, issuer: Option<&str>| NewAccount {
        external_id: Some("42".into()),
        issuer: issuer.map(Into::into),
        ..world.new_account(username, "user")
    };
    let create = |new| world.store.create_account(world.operator(), new);
    let local = create(named("local", None)).await.unwrap();
    let other = create(named("other", Some("https://other.example"))).await.unwrap();
    let linked = create(named("linked", Some(ISSUER))).await.unwrap();
    assert_eq!((local.identity(), linked.identity()), (None, Some(identity(ISSUER, "42"))));
    assert_refused!(world, create(named("second", Some(ISSUER))), StoreError::Taken { what: What::Account, field: "external_id" });

    // Neither the name nor another issuer's word leads to an account.
    assert_eq!(welcome(world, newcomer("42", "local")).await.unwrap().id, linked.id);
    let filter = |issuer: &str| AccountFilter { issuer: Some(issuer.into()), external_id: Some("42".into()), ..AccountFilter::default() };
    for (issuer, account) in [(ISSUER, &linked), ("https://other.example", &other)] {
        assert_eq!(world.store.accounts(filter(issuer), first(9)).await.unwrap().items, std::slice::from_ref(account));
    }
    assert!(world.store.accounts(filter("https://app.exampl"), first(9)).await.unwrap().items.is_empty());

    // Without an external id nobody vouches for anything.
    let unlink = AccountChange { external_id: Some(None), ..AccountChange::default() };
    let unlinked = world.change(Actor::Operator, linked.id, unlink).await.unwrap().account;
    assert_eq!((unlinked.issuer, unlinked.external_id), (None, None));
    let move_to = AccountChange { issuer: Some(Some(ISSUER.into())), ..AccountChange::default() };
    assert_eq!(world.change(Actor::Operator, local.id, move_to).await.unwrap().account.identity(), Some(identity(ISSUER, "42")));
    assert_eq!(welcome(world, newcomer("42", "Ada")).await.unwrap().id, local.id);
}

async fn a_deleted_identity_is_not_welcomed_again(world: &World) {
    let gone = welcome(world, newcomer("42", "Ada")).await.unwrap();
    world.store.delete_account(world.operator(), gone.id, None, None).await.unwrap();
    assert_refused!(world, welcome(world, newcomer("42", "Ada")), StoreError::IdentityDeleted);
    // Others are, also of the same name at another issuer.
    assert_ne!(welcome(world, newcomer("43", "Ada")).await.unwrap().id, gone.id);
    let elsewhere = Newcomer { identity: identity("https://other.example", "42"), ..newcomer("42", "Eve") };
    welcome(world, elsewhere).await.unwrap();

    // Who may make accounts can have them back.
    let new = NewAccount { external_id: Some("42".into()), issuer: Some(ISSUER.into()), ..world.new_account("Ada again", "user") };
    let back = world.store.create_account(world.operator(), new).await.unwrap();
    assert_eq!(welcome(world, newcomer("42", "Ada")).await.unwrap().id, back.id);
}

async fn an_identity_acts_while_it_is_the_accounts(world: &World) {
    let ada = welcome(world, newcomer("42", "Ada")).await.unwrap();
    let by = actor(&ada);
    let key = world.account_key(by, ada.id, 4).await.unwrap();
    assert_eq!(key.created_by, format!("account:{}", ada.id.0));
    let consent = |consent| AccountChange { consent: Some(consent), ..AccountChange::default() };
    world.change(by, ada.id, consent(false)).await.unwrap();
    assert_refused!(world, world.account_key(by, ada.id, 4), StoreError::Refused(Refusal::Unfit(_)));
    world.change(by, ada.id, consent(true)).await.unwrap();

    let external = |id: Option<&str>| AccountChange { external_id: Some(id.map(Into::into)), ..AccountChange::default() };
    assert_refused!(world, world.change(by, ada.id, external(Some("43"))), StoreError::Refused(Refusal::LevelTooLow { .. }));
    world.change(Actor::Operator, ada.id, external(Some("43"))).await.unwrap();
    assert_refused!(world, world.account_key(by, ada.id, 4), StoreError::ActorGone);
    world.change(Actor::Operator, ada.id, external(None)).await.unwrap();
    assert_refused!(world, world.account_key(by, ada.id, 4), StoreError::ActorGone);
    let link = AccountChange { issuer: Some(Some(ISSUER.into())), ..external(Some("42")) };
    world.change(Actor::Operator, ada.id, link).await.unwrap();
    world.account_key(by, ada.id, 4).await.unwrap();

    let blocked = AccountChange { status: Some(Status::Blocked), ..AccountChange::default() };
    world.change(Actor::Operator, ada.id, blocked).await.unwrap();
    assert_refused!(world, world.account_key(by, ada.id, 4), StoreError::ActorGone);
}

async fn an_identity_without_a_password_makes_none(world: &World) {
    let ada = welcome(world, newcomer("42", "Ada")).await.unwrap();
    let by = actor(&ada);
    let password = || AccountChange { password_hash: Some("another".into()), ..AccountChange::default() };
    let email = AccountChange { email: Some(Some("ada@example.org".into())), ..AccountChange::default() };
    assert_refused!(world, world.change(by, ada.id, password()), StoreError::Refused(Refusal::NoPassword));
    assert_refused!(world, world.change(by, ada.id, email.clone()), StoreError::Refused(Refusal::NoPassword));
    assert_refused!(world, world.store.delete_account(world.by(by), ada.id, None, None), StoreError::Refused(Refusal::NoPassword));

    // With one, it proves as much as it does by a session.
    let set = AccountChange { password_hash: Some(PASSWORD.into()), ..AccountChange::default() };
    world.change(Actor::Operator, ada.id, set).await.unwrap();
    assert_refused!(world, world.change(by, ada.id, email), StoreError::PasswordNotProved);
    let session = world.signed_in(ada.id).await;
    let changed = world.change(by, ada.id, AccountChange { proved: Some(PASSWORD.into()), ..password() }).await.unwrap();
    assert_eq!(changed.revoked.sessions, 1);
    assert_refused!(world, world.account_key(session.actor(), ada.id, 4), StoreError::ActorGone);
    world.account_key(by, ada.id, 4).await.unwrap();
}

async fn nobody_asks_in_the_name_of_an_issuer(world: &World) {
    let ada = world.account("Ada", "user").await;
    assert_refused!(world, world.account_key(Actor::Issuer, ada.id, 1), StoreError::ActorGone);
    let new = world.new_account("Eve", "user");
    assert_refused!(world, world.store.create_account(world.by(Actor::Issuer), new), StoreError::ActorGone);
}
