//! `Store::import` beside a bare bulk insert of the same rows through the driver, in alternating rounds:
//! `cargo bench -p keybearer-store --bench import -- [ROWS] [ROUNDS]`.
//!
//! The bare insert has the store's schema, its pragmas and transactions of as many rows, one prepared statement, and rows that are ready. It is
//! measured twice: the rows of keys alone, and with them the rows of events, which the store owes each change. Ratios are bare time over
//! ours: 1 is as fast.
#![expect(clippy::unwrap_used, reason = "a benchmark may end by a panic")]

use std::path::Path;
use std::time::Instant;

use keybearer_core::account::AccountId;
use keybearer_core::key::{DAY, Limits};
use keybearer_core::role::{Level, Roles};
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Digest, KeyId};
use keybearer_store::{
    Account, AccountRow, Actor, Incoming, IncomingHolder, IncomingKey, IncomingRow, Keep, Metadata, Origin, OwnerName, Verdict, open_sqlite,
};
use rusqlite::{Connection, TransactionBehavior, params};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
/// Rows of a transaction: as many as the store has in one.
const PIECE: usize = 10_000;
/// Keys of an account: as many as one may have.
const EACH: usize = 100;

fn main() {
    // Cargo itself gives --bench.
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let rows = numbers.first().copied().unwrap_or(1_000_000);
    let rounds = numbers.get(1).copied().unwrap_or(3);
    let mut ratios: [Vec<f64>; 4] = Default::default();
    for round in 1..=rounds {
        let [ours, bare, with_events] = [ours, bare_keys, bare_keys_and_events].map(|run| {
            let place = tempfile::tempdir().unwrap();
            furnish(place.path(), rows);
            run(place.path(), rows)
        });
        let told = [bare.wall / ours.wall, bare.cpu / ours.cpu, with_events.wall / ours.wall, with_events.cpu / ours.cpu];
        println!(
            "round {round}: {rows} keys: import {:.2} s ({:.2} s CPU), keys alone {:.2} s ({:.2}), keys and events {:.2} s ({:.2})",
            ours.wall, ours.cpu, bare.wall, bare.cpu, with_events.wall, with_events.cpu
        );
        ratios.iter_mut().zip(told).for_each(|(all, one)| all.push(one));
    }
    let [keys, keys_cpu, both, both_cpu] = ratios.map(median);
    println!("import_to_bare_keys={keys:.2} by CPU {keys_cpu:.2}; import_to_bare_keys_and_events={both:.2} by CPU {both_cpu:.2}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Cost {
    wall: f64,
    cpu: f64,
}

/// What the whole process spends on it, all threads together.
fn measure(work: impl FnOnce()) -> Cost {
    let (began, before) = (Instant::now(), cpu());
    work();
    Cost { wall: began.elapsed().as_secs_f64(), cpu: cpu() - before }
}

/// Seconds of CPU that this process has used, as Linux counts them: in hundredths.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.rsplit(") ").next().unwrap_or_default().split(' ').map(|field| field.parse().unwrap_or(0.0)).collect();
    fields.get(11..13).map_or(0.0, |times| times.iter().sum::<f64>() / 100.0)
}

/// The key of this number, the same for all.
fn key(number: usize) -> IncomingKey {
    let mut random = [0; 10];
    // As scattered as real ones.
    random[2..].copy_from_slice(&(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    let mut digest = [7; 32];
    digest[..8].copy_from_slice(&(number as u64).wrapping_mul(0xff51_afd7_ed55_8ccd).to_be_bytes());
    let created_at = NOW.minus(DAY).plus(i64::try_from(number / 16).unwrap());
    let name = format!("key {:016x}", (number as u64).wrapping_mul(0xc4ce_b9fe_1a85_ec53));
    IncomingKey {
        id: KeyId::new(created_at, &random),
        name_key: name.clone(),
        name,
        holder: IncomingHolder::Account { owner: OwnerName::Number(owner(number), None), level: Level::OWN },
        revoked: None,
        expires_at: Some(NOW.plus(DAY)),
        metadata: Metadata::new(),
        digests: vec![(1, Digest::from_bytes(digest))],
        created_at: Some(created_at),
        created_by: Some("operator".into()),
        last_used_at: None,
    }
}

/// Neighbours in time have different owners.
fn owner(number: usize) -> AccountId {
    AccountId(i64::try_from(number * 7_919 % OWNERS.get().unwrap()).unwrap() + 1)
}

static OWNERS: std::sync::OnceLock<usize> = std::sync::OnceLock::new();

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

fn origin() -> Origin {
    Origin { actor: Actor::Operator, now: NOW, request_id: "import".into() }
}

/// Makes the database with all owners.
fn furnish(place: &Path, rows: usize) {
    let owners = *OWNERS.get_or_init(|| rows.div_ceil(EACH));
    let account = |number: usize| Account {
        id: AccountId(i64::try_from(number).unwrap()),
        username: format!("user {number}"),
        email: None,
        external_id: None,
        issuer: None,
        metadata: Metadata::new(),
        has_password: false,
        role: "user".into(),
        status: keybearer_core::account::Status::Active,
        consent: true,
        created_at: NOW,
    };
    let rows = (1..=owners).map(move |number| IncomingRow::Account(AccountRow::Present { account: account(number), password_hash: None }));
    import(place, Box::new(Rows(rows)));
}

fn import(place: &Path, rows: Box<dyn Incoming>) {
    let store = open_sqlite(&place.join("keybearer.db"), Roles::default()).unwrap();
    runtime().block_on(async {
        store.check_peppers([(1, "first".to_owned())].into()).await.unwrap();
        assert!(store.import(origin(), Limits::default(), Keep::Pieces, rows).await.unwrap());
    });
}

/// Rows made as they are asked for.
struct Rows<I>(I);

impl<I: Iterator<Item = IncomingRow> + Send> Incoming for Rows<I> {
    fn next(&mut self) -> Option<Vec<(u64, IncomingRow)>> {
        let batch: Vec<_> = self.0.by_ref().take(1_000).map(|row| (0, row)).collect();
        (!batch.is_empty()).then_some(batch)
    }

    fn told(&mut self, _: u64, verdict: Verdict) {
        assert!(matches!(verdict, Verdict::Imported), "{verdict:?}");
    }

    fn committed(&mut self) {}

    fn is_wanted(&mut self) -> bool {
        true
    }
}

fn ours(place: &Path, rows: usize) -> Cost {
    measure(|| import(place, Box::new(Rows((0..rows).map(|number| IncomingRow::Key(Box::new(key(number))))))))
}

fn bare_keys(place: &Path, rows: usize) -> Cost {
    bare(place, rows, false)
}

fn bare_keys_and_events(place: &Path, rows: usize) -> Cost {
    bare(place, rows, true)
}

fn bare(place: &Path, rows: usize, with_events: bool) -> Cost {
    measure(|| {
        let mut connection = Connection::open(place.join("keybearer.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection.pragma_update(None, "cache_size", -131_072).unwrap();
        let first: i64 = connection.query_row("SELECT revision FROM counter", [], |row| row.get(0)).unwrap();
        for piece in 0..rows.div_ceil(PIECE) {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
            let mut keys = transaction
                .prepare(
                    "INSERT INTO keys (id, kind, name, name_key, owner, level, metadata, digest, pepper, created_at, created_by, expires_at)
                     VALUES (?1, 'account', ?2, ?3, ?4, ?5, '{}', ?6, ?7, ?8, ?9, ?10)",
                )
                .unwrap();
            let mut events = transaction
                .prepare(
                    "INSERT INTO events (revision, at, actor, action, target, touched, after, request_id)
                     VALUES (?1, ?2, 'operator', 'key.created', ?3, ?4, ?5, 'import')",
                )
                .unwrap();
            for number in piece * PIECE..rows.min((piece + 1) * PIECE) {
                let key = key(number);
                let at = key.expires_at.unwrap().0;
                let made = key.created_at.unwrap().0;
                let digest = key.digests[0].1;
                let row =
                    params![key.id.as_bytes(), key.name, key.name_key, owner(number).0, 4, digest.as_bytes(), 1, made, "operator", at];
                keys.execute(row).unwrap();
                if with_events {
                    let target = format!("key:{}", key.id);
                    let told = format!(
                        r#"{{"created_at":{made},"created_by":"operator","expires_at":{at},"imported":true,"kind":"account","level":4,"metadata":{{}},"name":"{}","owner":{}}}"#,
                        key.name,
                        owner(number).0
                    );
                    let revision = first + i64::try_from(number).unwrap() + 1;
                    events.execute(params![revision, NOW.0, target, format!("[\"{target}\"]"), told]).unwrap();
                }
            }
            drop((keys, events));
            transaction.commit().unwrap();
        }
    })
}
