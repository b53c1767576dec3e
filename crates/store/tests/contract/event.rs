//! Events: what each tells, how they are found, and the counts beside them. That they equal the changes is checked after every test.

use keybearer_core::account::Status;
use keybearer_core::key::DAY;
use keybearer_core::time::UnixMillis;
use keybearer_store::{
    AccountChange, Actor, Cascade, Event, EventFilter, NewAccountKey, NewServiceKey, Origin, PageRequest, PolicyChange, ServiceKeyChange,
    Stats, StoreError,
};
use serde_json::json;

use crate::check::events;
use crate::world::{World, first, set};

on_every_engine!(
    every_change_is_one_event,
    an_event_tells_who_when_and_what,
    an_event_touches_all_that_it_ended,
    events_are_found_newest_first,
    counts_are_of_the_moment,
);

async fn every_change_is_one_event(world: &World) {
    world.shop().await;
    let root = world.store.create_first_admin(world.operator(), world.new_account("root", "admin")).await.unwrap().id;
    let root = world.signed_in(root).await;
    let ada = world.person("ada", "user").await;
    let policy = world.policy("policy", &["shop:read"]).await;
    let change = PolicyChange { permissions: Some(set(&[])), ..PolicyChange::default() };
    world.store.change_policy(world.by(root.actor()), policy.id, change).await.unwrap();
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let service = world.service_key(root.actor(), "till", policy.id).await.unwrap();
    let change = ServiceKeyChange { name: Some(("Till".into(), "till".into())), ..ServiceKeyChange::default() };
    world.store.change_service_key(world.by(root.actor()), service.id, change, true).await.unwrap();
    world.store.revoke_key(world.by(ada.actor()), key.id, None, Cascade::Nothing, None).await.unwrap();
    world.store.record_use(vec![(key.id, world.now())], vec![]).await.unwrap();
    world.store.end_session(world.by(ada.actor()), ada.session).await.unwrap();
    let change = AccountChange { status: Some(Status::Locked), ..AccountChange::default() };
    world.change(Actor::Operator, ada.id, change).await.unwrap();
    world.store.revoke_account_keys(world.by(root.actor()), ada.id, "too much".into(), None).await.unwrap();
    world.store.delete_account(world.by(root.actor()), ada.id, None, None).await.unwrap();
    world.store.delete_policy(world.by(root.actor()), policy.id, Cascade::Everything, None).await.unwrap();
    let actions: Vec<String> = events(world).await.into_iter().map(|event| event.action).collect();
    let expected = [
        "permissions.declared",
        "account.created",
        "session.started",
        "account.created",
        "session.started",
        "policy.created",
        "policy.changed",
        "key.created",
        "key.created",
        "key.changed",
        "key.revoked",
        "session.ended",
        "account.changed",
        "account.keys_revoked",
        "account.deleted",
        "policy.deleted",
    ];
    assert_eq!(actions, expected);
}

async fn an_event_tells_who_when_and_what(world: &World) {
    let ada = world.person("ada", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    world.pass(1_000);
    let origin = Origin { actor: Actor::Key(key.id), now: world.now(), request_id: "the request".into() };
    let made = world.store.issue_account_key(origin, world.new_account_key(ada.id, 2)).await.unwrap();
    let event = events(world).await.pop().unwrap();
    assert_eq!((event.at, event.actor, event.request_id), (world.now(), format!("key:{}", key.id), "the request".to_owned()));
    assert_eq!((event.target, event.action.as_str(), event.before), (format!("key:{}", made.id), "key.created", None));
    let after = event.after.unwrap();
    assert_eq!((&after["owner"], &after["level"], &after["name"]), (&json!(ada.id.0), &json!(2), &json!("laptop")));

    let change = AccountChange { role: Some("support".into()), ..AccountChange::default() };
    world.change(Actor::Operator, ada.id, change).await.unwrap();
    let event = events(world).await.pop().unwrap();
    assert_eq!((event.actor.as_str(), event.target), ("operator", format!("account:{}", ada.id.0)));
    assert_eq!((&event.before.unwrap()["role"], &event.after.unwrap()["role"]), (&json!("user"), &json!("support")));

    let actor = format!("account:{}", ada.id.0);
    let started = events(world).await.into_iter().find(|event| event.action == "session.started").unwrap();
    assert_eq!((started.actor, started.target), (actor, format!("session:{}", ada.session)));
}

async fn an_event_touches_all_that_it_ended(world: &World) {
    let ada = world.person("ada", "user").await;
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let made = world.account_key(Actor::Key(key.id), ada.id, 4).await.unwrap();
    let last = async || events(world).await.pop().unwrap();
    let touched = |event: Event| {
        let mut touched = event.touched;
        touched.sort_unstable();
        touched
    };
    world.store.revoke_key(world.by(ada.actor()), key.id, None, Cascade::Everything, None).await.unwrap();
    assert_eq!(touched(last().await), [format!("key:{}", key.id), format!("key:{}", made.id)]);
    let other = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    let change = AccountChange { consent: Some(false), ..AccountChange::default() };
    world.change(ada.actor(), ada.id, change).await.unwrap();
    let expected = [format!("account:{}", ada.id.0), format!("key:{}", other.id), format!("session:{}", ada.session)];
    assert_eq!(touched(last().await), expected);
    let policy = world.policy("policy", &[]).await.id;
    let user = world.service_key(Actor::Operator, "till", policy).await.unwrap();
    world.store.delete_policy(world.operator(), policy, Cascade::Everything, None).await.unwrap();
    assert_eq!(touched(last().await), [format!("key:{}", user.id), format!("policy:{policy}")]);
}

async fn events_are_found_newest_first(world: &World) {
    let ada = world.person("ada", "user").await;
    world.pass(1_000);
    let key = world.account_key(ada.actor(), ada.id, 4).await.unwrap();
    world.account_key(Actor::Key(key.id), ada.id, 4).await.unwrap();
    world.pass(1_000);
    world.store.revoke_key(world.operator(), key.id, None, Cascade::Nothing, None).await.unwrap();
    let mut all = events(world).await;
    all.reverse();

    let any = EventFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let second = UnixMillis(world.now().0 - 1_000);
    let cases = [
        (any(), vec![5, 4, 3, 2, 1]),
        (EventFilter { actor: text("operator"), ..any() }, vec![5, 1]),
        (EventFilter { actor: Some(format!("key:{}", key.id)), ..any() }, vec![4]),
        (EventFilter { action: text("key"), ..any() }, vec![5, 4, 3]),
        (EventFilter { action: text("key.created"), ..any() }, vec![4, 3]),
        (EventFilter { action: text("ke"), ..any() }, vec![]),
        (EventFilter { action: text("key%"), ..any() }, vec![]),
        (EventFilter { target: Some(format!("key:{}", key.id)), ..any() }, vec![5, 3]),
        (EventFilter { since: Some(second), ..any() }, vec![5, 4, 3]),
        (EventFilter { until: Some(second), ..any() }, vec![2, 1]),
        (EventFilter { since: Some(second), until: Some(world.now()), action: text("key"), ..any() }, vec![4, 3]),
    ];
    for (filter, expected) in cases {
        for limit in [1, 2, 200] {
            let mut found = Vec::new();
            let mut page = first(limit);
            loop {
                let read = world.store.events(filter.clone(), page).await.unwrap();
                found.extend(read.items.into_iter().map(|event| event.revision));
                let Some(next) = read.next else { break };
                page = PageRequest { cursor: Some(next), limit };
            }
            assert_eq!(found, expected, "{filter:?}, {limit} a page");
        }
    }
    let page = PageRequest { cursor: Some("no cursor".into()), limit: 2 };
    assert!(matches!(world.store.events(any(), page).await, Err(StoreError::BadCursor)));
    // What comes meanwhile moves no page.
    let read = world.store.events(any(), first(2)).await.unwrap();
    world.account("bob", "user").await;
    let next = world.store.events(any(), PageRequest { cursor: read.next, limit: 2 }).await.unwrap();
    assert_eq!(next.items.iter().map(|event| event.revision).collect::<Vec<_>>(), [3, 2]);
}

async fn counts_are_of_the_moment(world: &World) {
    let ada = world.person("ada", "user").await;
    for (name, status) in [("locked", Status::Locked), ("blocked 1", Status::Blocked), ("blocked 2", Status::Blocked)] {
        let id = world.account(name, "user").await.id;
        let change = AccountChange { status: Some(status), ..AccountChange::default() };
        world.change(Actor::Operator, id, change).await.unwrap();
    }
    let deleted = world.account("deleted", "user").await.id;
    world.store.delete_account(world.operator(), deleted, None, None).await.unwrap();
    world.shop().await;
    let policy = world.policy("policy", &["shop:read"]).await.id;
    world.declare(Actor::Operator, "shop", &["write"]).await.unwrap();
    let gone = world.policy("gone", &[]).await.id;
    world.store.delete_policy(world.operator(), gone, Cascade::Nothing, None).await.unwrap();
    for lifetime in [1, 7 * DAY, 7 * DAY + 1, 60 * DAY] {
        let new = NewAccountKey { expires_at: world.now().plus(lifetime), ..world.new_account_key(ada.id, 1) };
        world.store.issue_account_key(world.by(ada.actor()), new).await.unwrap();
    }
    let revoked = world.account_key(ada.actor(), ada.id, 1).await.unwrap().id;
    world.store.revoke_key(world.operator(), revoked, None, Cascade::Nothing, None).await.unwrap();
    let used = world.service_key(Actor::Operator, "used", policy).await.unwrap().id;
    let short = NewServiceKey { expires_at: Some(world.now().plus(40 * DAY)), ..world.new_service_key("short", policy) };
    world.store.issue_service_key(world.operator(), short).await.unwrap();
    let begun = world.now();
    let revision = i64::try_from(events(world).await.len()).unwrap();
    let now = Stats {
        revision,
        accounts: [1, 1, 2],
        account_keys: [4, 0, 1],
        service_keys: [2, 0, 0],
        policies: 1,
        permissions: 11,
        sessions: 1,
        expiring_soon: 2,
        unused: 0,
    };
    assert_eq!(world.store.stats(begun).await.unwrap(), now);
    let soon = Stats { account_keys: [3, 1, 1], expiring_soon: 2, ..now };
    assert_eq!(world.store.stats(begun.plus(1)).await.unwrap(), soon, "one expired, and another expires within the week");
    world.store.record_use(vec![(used, begun.plus(5 * DAY))], vec![]).await.unwrap();
    let later = Stats { account_keys: [1, 3, 1], sessions: 0, expiring_soon: 0, unused: 2, ..now };
    assert_eq!(world.store.stats(begun.plus(30 * DAY)).await.unwrap(), later, "two of three live keys were never used");
    let unused = world.store.stats(begun.plus(35 * DAY)).await.unwrap();
    assert_eq!((unused.unused, unused.expiring_soon), (3, 1));
}
