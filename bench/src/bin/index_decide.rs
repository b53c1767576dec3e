//! What a decision costs in process, from the text of a token to the verdict, beside one SHA-256 of 40 bytes; and what the image takes of memory.
//!
//! `cargo run --release -p keybearer-bench --bin index_decide [KEYS]`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use keybearer::clock::Clock;
use keybearer::index::Index;
use keybearer::last_used::LastUsed;
use keybearer_bench::figures::{Figure, nanoseconds, resident};
use keybearer_core::account::{AccountId, Status};
use keybearer_core::decision::decide;
use keybearer_core::key::{DAY, Lifecycle};
use keybearer_core::permission::Permission;
use keybearer_core::policy::PolicyId;
use keybearer_core::requirement::Requirement;
use keybearer_core::role::{Level, Roles};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, KeyId, Pepper, Peppers, Prefix, Secret};
use keybearer_store::{Account, Changed, Follower, Key, KeyHolder, Metadata, Policy};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 11;
/// Of each in a round.
const TIMES: usize = 200_000;
/// What owns keys: each of them a hundred of a million.
const ACCOUNTS: u64 = 10_000;
const POLICIES: u64 = 200;
/// How many keys the store hands over at a time.
const CHUNK: u64 = 10_000;
const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

/// The length of a token with the usual prefix.
type Token = [u8; 75];

/// Numbers that look random, the same in each run.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn credential(number: u64) -> Credential {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&mixed(number * 8).to_le_bytes());
    let mut secret = [0; 32];
    for (place, part) in (1..).zip(secret.chunks_exact_mut(8)) {
        part.copy_from_slice(&mixed(number * 8 + place).to_le_bytes());
    }
    let made_at = UnixMillis(NOW.0 - DAY + i64::try_from(number).unwrap_or(0));
    Credential { id: KeyId::new(made_at, &random), secret: Secret::new(secret) }
}

fn policy(number: u64) -> PolicyId {
    PolicyId(Uuid::from_u128(u128::from(number % POLICIES) + 1))
}

fn key(number: u64, peppers: &Peppers) -> Key {
    let credential = credential(number);
    let (pepper, digest) = peppers.seal(&credential);
    let holder = if number.is_multiple_of(2) {
        KeyHolder::Account { owner: AccountId(i64::try_from(mixed(number) % ACCOUNTS).unwrap_or(0)), level: Level::OWN }
    } else {
        KeyHolder::Service { policy: policy(mixed(number)), service: None }
    };
    Key {
        id: credential.id,
        name: format!("key number {number:09}"),
        holder,
        lifecycle: Lifecycle::Live { expires_at: Some(NOW.plus(DAY)) },
        metadata: Metadata::new(),
        digest,
        pepper,
        created_at: NOW,
        created_by: "account:1".to_owned(),
        last_used_at: None,
    }
}

fn permission(number: u64) -> Permission {
    format!("shop:orders.{number}").parse().unwrap_or_else(|error| panic!("{error}"))
}

fn fill(index: &Index, count: u64, peppers: &Peppers) {
    let accounts = (0..ACCOUNTS).map(|number| {
        let id = AccountId(i64::try_from(number).unwrap_or(0));
        let account = Account {
            id,
            username: format!("person {number}"),
            email: None,
            external_id: None,
            issuer: None,
            metadata: Metadata::new(),
            has_password: true,
            role: "user".to_owned(),
            status: Status::Active,
            consent: true,
            created_at: NOW,
        };
        (id, Some(account))
    });
    let policies = (0..POLICIES).map(|number| {
        let granted = Policy {
            id: policy(number),
            name: format!("policy {number}"),
            permissions: (0..8).map(permission).collect(),
            created_at: NOW,
            created_by: "account:1".to_owned(),
            version: 1,
            keys: 0,
        };
        (granted.id, Some(granted))
    });
    index.apply(Changed { accounts: accounts.collect(), policies: policies.collect(), ..Changed::default() });
    index.expect_keys(usize::try_from(count).unwrap_or(0));
    let mut next = 0;
    while next < count {
        let until = count.min(next + CHUNK);
        let keys = (next..until).map(|number| key(number, peppers)).map(|key| (key.id, Some(key)));
        index.apply(Changed { keys: keys.collect(), ..Changed::default() });
        next = until;
    }
}

fn main() {
    let count: u64 = std::env::args().nth(1).map_or(1_000_000, |text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
    let peppers = Peppers::new(BTreeMap::from([(1, Pepper::new(&[7; 32]))])).unwrap_or_else(|| panic!("there is one"));
    // In an order of which the processor knows nothing; the texts themselves lie in the order in which they are asked.
    let asked: Vec<(u64, Token)> = (0..(ROUNDS * TIMES) as u64)
        .map(|place| {
            let number = mixed(place + (1 << 40)) % count;
            let text = credential(number).to_token(&Prefix::default());
            (number, text.as_bytes().try_into().unwrap_or_else(|_| panic!("not a token: {}", text.as_str())))
        })
        .collect();
    let index = Index::new(Roles::default(), Clock::System);
    let before = resident();
    let begun = Instant::now();
    let allocated = allocation_counter::measure(|| fill(&index, count, &peppers));
    let filled = begun.elapsed();
    let per_key = |bytes: f64| bytes / count as f64;
    println!("{count} keys, {ACCOUNTS} accounts, {POLICIES} policies; filled in {filled:.2?}");
    println!(
        "bytes_per_key={:.1} resident, {:.1} asked of the allocator",
        per_key((resident() - before) as f64),
        per_key(allocated.bytes_current as f64)
    );

    let level = Requirement::Level(Level::OWN);
    let permissions = Requirement::Permissions { any_of: vec![permission(5)], all_of: Vec::new() };
    let last_used = LastUsed::default();
    let mut figures: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let text = |(_, token): &(u64, Token)| str::from_utf8(token).map(ToOwned::to_owned).unwrap_or_default();
    let texts: Vec<(u64, String)> = asked.iter().map(|one| (one.0, text(one))).collect();
    drop(asked);
    for round in 0..ROUNDS {
        let asked = &texts[round * TIMES..(round + 1) * TIMES];
        let sha = nanoseconds(TIMES, |place| {
            let block: &[u8; 40] = asked[place].1.as_bytes().first_chunk().unwrap_or(&[0; 40]);
            black_box(Sha256::digest(block));
        });
        let now = NOW.plus(i64::try_from(round).unwrap_or(0));
        let mut measured = |name, nanoseconds: f64| {
            figures.entry(name).or_default().push(nanoseconds / sha);
        };
        measured("parse", nanoseconds(TIMES, |place| drop(black_box(Credential::parse(&asked[place].1)))));
        let credentials: Vec<Credential> = asked.iter().filter_map(|(_, text)| Credential::parse(text).ok()).collect();
        measured(
            "hmac",
            nanoseconds(TIMES, |place| {
                black_box(peppers.seal(&credentials[place]));
            }),
        );
        measured("find", nanoseconds(TIMES, |place| drop(black_box(index.key(credentials[place].id)))));
        let prove = |credential: &Credential| {
            let mut view = index.view();
            view.expect(&credential.id);
            view.prove(credential, &peppers)
        };
        measured("prove", nanoseconds(TIMES, |place| assert!(prove(&credentials[place]).is_some())));
        let decided = nanoseconds(TIMES, |place| {
            let (number, text) = &asked[place];
            let mut view = index.view();
            let credential = Credential::parse_expecting(text, |id| view.expect(id)).ok();
            let entry = credential.and_then(|credential| view.prove(&credential, &peppers));
            let entry = entry.unwrap_or_else(|| panic!("{number} is not known"));
            let facts = index.facts(&entry);
            let requirement = if number.is_multiple_of(2) { &level } else { &permissions };
            assert!(decide(&facts.record(entry.lifecycle()), requirement, now).is_ok());
            last_used.note(&view, &entry, now);
        });
        measured("decide_sha", decided);
        figures.entry("sha (ns)").or_default().push(sha);
        figures.entry("decide (ns)").or_default().push(decided);
        let mut strange = credentials;
        strange
            .iter_mut()
            .for_each(|credential| credential.id = KeyId::new(NOW, &credential.id.as_bytes()[6..].try_into().unwrap_or([0; 10])));
        let unknown = nanoseconds(TIMES, |place| assert!(prove(&strange[place]).is_none()));
        figures.entry("prove, unknown id").or_default().push(unknown / sha);
    }
    println!("{ROUNDS} rounds of {TIMES}; where nothing else is said, in times of one SHA-256 of 40 bytes");
    for (name, values) in figures {
        let figure = Figure::of(values);
        println!("{name:<20}{:>8.2} ({:.2} to {:.2})", figure.median, figure.least, figure.most);
    }
}
