//! Lists of keys: four orders in two directions, pages that lose and repeat nothing, filters.

use keybearer_core::key::KeyKind;
use keybearer_core::name::canonical;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use keybearer_store::{
    Actor, Cascade, Key, KeyFilter, KeySort, KeyStateFilter, NewAccountKey, NewServiceKey, Page, PageRequest, StoreError,
};

use crate::world::{BEGINNING, World, first};

on_every_engine!(
    pages_of_any_size_make_up_the_list_in_every_order,
    rows_made_or_revoked_between_pages_disturb_no_others,
    a_list_has_filters,
    a_cursor_of_another_list_is_refused,
);

const SORTS: [KeySort; 4] = [KeySort::Created, KeySort::Name, KeySort::Expires, KeySort::LastUsed];

/// Keys with ties in every order, some that never expire, some that were never used.
async fn many(world: &World) -> Vec<KeyId> {
    let ada = world.person("ada", "user").await;
    let policy = world.policy("policy", &[]).await.id;
    let mut ids = Vec::new();
    for (number, name) in ["beta", "Alpha", "Ｂeta", "gamma", "alpha", "BETA", "delta"].into_iter().enumerate() {
        let lifetime = [5_000, 1_000, 5_000][number % 3];
        let (key, expires_at) = (world.new_key(name), world.now().plus(lifetime));
        let new = NewAccountKey { key, expires_at, ..world.new_account_key(ada.id, 1) };
        ids.push(world.store.issue_account_key(world.by(ada.actor()), new).await.unwrap().id);
        world.pass(i64::try_from(number % 2).unwrap());
    }
    for (name, lifetime) in [("Beta", None), ("zeta", Some(5_000)), ("eta", None), ("alpha", None)] {
        let new = NewServiceKey { expires_at: lifetime.map(|lifetime| world.now().plus(lifetime)), ..world.new_service_key(name, policy) };
        ids.push(world.store.issue_service_key(world.operator(), new).await.unwrap().id);
    }
    let used = [(0, 7_000), (2, 7_000), (3, 1), (7, 7_000), (8, 9_000)];
    world.store.record_use(used.map(|(number, at)| (ids[number], UnixMillis(at))).into(), vec![]).await.unwrap();
    ids
}

async fn page(world: &World, filter: &KeyFilter, sort: (KeySort, bool), page: PageRequest) -> Result<Page<Key>, StoreError> {
    world.store.keys(filter.clone(), sort, world.now(), page).await
}

/// All that a list has, by pages of this size.
pub(crate) async fn ids(world: &World, filter: &KeyFilter, sort: (KeySort, bool), limit: u32) -> Vec<KeyId> {
    let mut found = Vec::new();
    let mut asked = first(limit);
    loop {
        let read = page(world, filter, sort, asked).await.unwrap();
        assert!(read.items.len() <= usize::try_from(limit).unwrap());
        found.extend(read.items.iter().map(|key| key.id));
        let Some(next) = read.next else { return found };
        asked = PageRequest { cursor: Some(next), limit };
    }
}

/// What a list is ordered by, as the documentation of [`KeySort`] says it.
fn rank(key: &Key, sort: KeySort) -> (i64, String, KeyId) {
    match sort {
        KeySort::Created => (0, String::new(), key.id),
        KeySort::Name => (0, canonical(&key.name), key.id),
        KeySort::Expires => (key.lifecycle.expires_at().map_or(i64::MAX, |at| at.0), String::new(), key.id),
        KeySort::LastUsed => (key.last_used_at.map_or(i64::MIN, |at| at.0), String::new(), key.id),
    }
}

async fn pages_of_any_size_make_up_the_list_in_every_order(world: &World) {
    let all = many(world).await;
    let mut keys = Vec::new();
    for id in &all {
        keys.push(world.store.key(*id).await.unwrap());
    }
    for sort in SORTS {
        keys.sort_by_key(|key| rank(key, sort));
        let mut expected: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
        for descending in [false, true] {
            for limit in [1, 2, 3, 5, 11, 200] {
                let found = ids(world, &KeyFilter::default(), (sort, descending), limit).await;
                assert_eq!(found, expected, "{sort:?}, descending: {descending}, {limit} a page");
            }
            expected.reverse();
        }
    }
    let exact = page(world, &KeyFilter::default(), (KeySort::Created, false), first(11)).await.unwrap();
    assert!(exact.next.is_none(), "the page that holds the last row is the last page");
}

async fn rows_made_or_revoked_between_pages_disturb_no_others(world: &World) {
    many(world).await;
    let ada = world.account("bystander", "user").await.id;
    let filter = KeyFilter { state: Some(KeyStateFilter::NotRevoked), ..KeyFilter::default() };
    for sort in SORTS {
        for descending in [false, true] {
            let sort = (sort, descending);
            let before = ids(world, &filter, sort, 200).await;
            let read = page(world, &filter, sort, first(3)).await.unwrap();
            let mut found: Vec<KeyId> = read.items.iter().map(|key| key.id).collect();
            // The row at which the page ended goes, and others come on both sides of it.
            let revoked = found[2];
            world.store.revoke_key(world.operator(), revoked, None, Cascade::Nothing, None).await.unwrap();
            let mut made = Vec::new();
            for name in ["aaa", "beta", "zzz"] {
                let new = NewAccountKey { key: world.new_key(name), ..world.new_account_key(ada, 1) };
                made.push(world.store.issue_account_key(world.operator(), new).await.unwrap().id);
            }
            let mut next = read.next;
            while let Some(cursor) = next {
                let read = page(world, &filter, sort, PageRequest { cursor: Some(cursor), limit: 2 }).await.unwrap();
                found.extend(read.items.iter().map(|key| key.id));
                next = read.next;
            }
            let old: Vec<KeyId> = found.iter().copied().filter(|id| !made.contains(id)).collect();
            assert_eq!(old, before, "{sort:?}: each row that was there, once and in order");
            let after = ids(world, &filter, sort, 200).await;
            let rest: Vec<KeyId> = found[3..].to_vec();
            assert!(after.ends_with(&rest), "{sort:?}: all that lies behind the cursor, the new among it");
        }
    }
}

async fn a_list_has_filters(world: &World) {
    let all = many(world).await;
    let ada = world.store.login_by_username("ada".into()).await.unwrap().unwrap().account;
    let eve = world.person("eve", "user").await;
    let other = world.account_key(eve.actor(), eve.id, 1).await.unwrap();
    let service = world.service("theta", &[]).await;
    let keybearer_store::KeyHolder::Service { policy, .. } = service.holder else { panic!("not a service key") };
    world.store.revoke_key(world.operator(), all[4], None, Cascade::Nothing, None).await.unwrap();
    world.store.revoke_key(world.operator(), all[9], None, Cascade::Nothing, None).await.unwrap();
    world.pass(1_500);
    let (now, at) = (world.now(), |number: usize| all[number]);
    let any = KeyFilter::default;
    let expiry = |number: usize| world.store.key(all[number]);
    let first_to_expire = expiry(0).await.unwrap().lifecycle.expires_at();
    let cases = [
        (any(), vec![at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), other.id, service.id]),
        (KeyFilter { kind: Some(KeyKind::Service), ..any() }, vec![at(7), at(8), at(9), at(10), service.id]),
        (KeyFilter { kind: Some(KeyKind::Account), name: Some("ALPHA".into()), ..any() }, vec![at(1), at(4)]),
        (KeyFilter { owner: Some(eve.id), ..any() }, vec![other.id]),
        (KeyFilter { owner: Some(ada), state: Some(KeyStateFilter::Revoked), ..any() }, vec![at(4)]),
        (KeyFilter { policy: Some(policy), ..any() }, vec![service.id]),
        (KeyFilter { name: Some("ｅＴ".into()), ..any() }, vec![at(0), at(2), at(5), at(7), at(8), at(9), service.id]),
        (KeyFilter { name: Some("_".into()), ..any() }, vec![]),
        (KeyFilter { state: Some(KeyStateFilter::Revoked), ..any() }, vec![at(4), at(9)]),
        (KeyFilter { state: Some(KeyStateFilter::Expired), ..any() }, vec![at(1)]),
        (KeyFilter { state: Some(KeyStateFilter::Active), owner: Some(ada), ..any() }, vec![at(0), at(2), at(3), at(5), at(6)]),
        (KeyFilter { state: Some(KeyStateFilter::Active), kind: Some(KeyKind::Service), ..any() }, vec![at(7), at(8), at(10), service.id]),
        (KeyFilter { state: Some(KeyStateFilter::NotRevoked), owner: Some(ada), ..any() }, vec![at(0), at(1), at(2), at(3), at(5), at(6)]),
        (KeyFilter { created_before: Some(BEGINNING.plus(1)), owner: Some(ada), ..any() }, vec![at(0), at(1)]),
        (KeyFilter { created_before: Some(BEGINNING), ..any() }, vec![]),
        (KeyFilter { expires_before: Some(now), ..any() }, vec![at(1), at(4)]),
        (KeyFilter { expires_before: first_to_expire, ..any() }, vec![at(1), at(4)]),
        (KeyFilter { expires_before: first_to_expire.map(|at| at.plus(1)), ..any() }, vec![at(0), at(1), at(4)]),
        (KeyFilter { unused_since: Some(UnixMillis(7_000)), kind: Some(KeyKind::Service), ..any() }, vec![at(9), at(10), service.id]),
        (
            KeyFilter { unused_since: Some(UnixMillis(7_001)), kind: Some(KeyKind::Service), ..any() },
            vec![at(7), at(9), at(10), service.id],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(world, &filter, (KeySort::Created, false), 2).await, expected, "{filter:?}");
        assert_eq!(world.store.count_keys(filter.clone(), world.now()).await.unwrap(), expected.len(), "{filter:?}");
    }
    // A key is active before its expiry and expired at it.
    let active = KeyFilter { state: Some(KeyStateFilter::Active), owner: Some(ada), ..any() };
    let expired = KeyFilter { state: Some(KeyStateFilter::Expired), owner: Some(ada), ..any() };
    let end = first_to_expire.unwrap();
    for (filter, moment, there) in
        [(&active, end.minus(1), true), (&active, end, false), (&expired, end.minus(1), false), (&expired, end, true)]
    {
        let found = world.store.keys(filter.clone(), (KeySort::Created, false), moment, first(200)).await.unwrap();
        assert_eq!(found.items.iter().any(|key| key.id == at(0)), there, "{filter:?}");
    }
}

async fn a_cursor_of_another_list_is_refused(world: &World) {
    many(world).await;
    world.service_key(Actor::Operator, "one more", world.store.policies().await.unwrap()[0].id).await.unwrap();
    let with = |cursor: &str| PageRequest { cursor: Some(cursor.into()), limit: 1 };
    let by_name = page(world, &KeyFilter::default(), (KeySort::Name, false), first(1)).await.unwrap().next.unwrap();
    let by_expiry = page(world, &KeyFilter::default(), (KeySort::Expires, false), first(1)).await.unwrap().next.unwrap();
    for (sort, cursor) in [
        (KeySort::Created, "no cursor"),
        (KeySort::Created, ""),
        (KeySort::Name, "{}"),
        (KeySort::Created, by_name.as_str()),
        (KeySort::Expires, by_name.as_str()),
        (KeySort::Name, by_expiry.as_str()),
    ] {
        let refused = page(world, &KeyFilter::default(), (sort, false), with(cursor)).await;
        assert!(matches!(refused, Err(StoreError::BadCursor)), "{sort:?} by {cursor}");
    }
}
