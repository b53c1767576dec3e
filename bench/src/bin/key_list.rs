//! The dashboard's list of keys, beside what it cannot do without: a plain answer and one indexed query. Once as the server itself measures
//! how long it took, up to the head of the answer, and once as a client sees it on loopback.
//!
//! `cargo run --release -p keybearer-bench --bin key_list [KEYS]`

use std::time::Instant;

use keybearer_bench::client::Client;
use keybearer_bench::figures::{Figure, median_time};
use keybearer_bench::histogram::Spent;
use keybearer_bench::seed;
use keybearer_bench::server::Server;
use keybearer_core::token::KeyId;
use keybearer_store::{KeyFilter, KeySort, KeyStateFilter, PageRequest};
use rusqlite::{Connection, OpenFlags};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // As the server has it.

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 9;
/// Requests of each kind in a round.
const TIMES: usize = 60;
/// How many of them are timed together: few, so that what interrupts the machine spoils one of many, and the median of them tells nothing of it.
const TOGETHER: usize = 5;
/// Rows of a page of the list.
const ROWS: u32 = 25;
/// A key by its id, with all that the list shows of it.
const ROW: &str = "SELECT id, name, owner, level, policy, service, metadata, digest, pepper, created_at, created_by, expires_at, revoked_at, revoked_reason, last_used_at FROM keys WHERE id = ?1";
/// The columns of [`ROW`].
const COLUMNS: usize = 15;

const LISTS: [(&str, &str); 7] = [
    ("newest first", ""),
    ("by name", "?sort=name"),
    ("by expiry", "?sort=expires"),
    ("by last use", "?sort=used"),
    ("of services", "?kind=service"),
    ("revoked", "?state=revoked"),
    ("a name that none has", "?name=nobody"),
];

/// What a page cannot do without, in microseconds.
#[derive(Default)]
struct Reference {
    /// `GET /livez`, as the server measures it.
    livez: Vec<f64>,
    /// `GET /livez`, as the client sees it.
    livez_seen: Vec<f64>,
    /// A row by its id, through the driver and nothing else.
    row: Vec<f64>,
    /// A row by its id, as the server asks for it: on a thread that may wait, and in a transaction.
    row_asked: Vec<f64>,
    /// The rows of the page, likewise.
    rows_asked: Vec<f64>,
}

/// What was measured of one list.
#[derive(Clone, Default)]
struct Measured {
    server: Vec<f64>,
    /// The server's time beside its own `/livez` and a row by the driver.
    to_row: Vec<f64>,
    /// The same, and a row as the server asks for it.
    to_row_asked: Vec<f64>,
    /// The same, and the rows of the page.
    to_rows_asked: Vec<f64>,
    client: Vec<f64>,
    /// The client's time beside its own `/livez` and a row as the server asks for it.
    client_to_row_asked: Vec<f64>,
    size: usize,
}

fn main() {
    let count = std::env::args().nth(1).map_or(100_000, |text| text.parse().unwrap_or_else(|_| panic!("not a number of keys: {text}")));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap_or_else(|error| panic!("{error}"));
    let (server, session) = runtime.block_on(async {
        let server = Server::start().await;
        let session = server.session().await;
        seed::keys(&server.app, &session, count).await;
        (server, session)
    });
    let queries = Queries::new(&runtime, &server);
    let mut client = Client::connect(server.address);
    let cookie = format!("keybearer={session}");
    let mut reference = Reference::default();
    let mut lists = vec![Measured::default(); LISTS.len()];
    // The first round warms up.
    for round in 0..=ROUNDS {
        let (livez, livez_seen, _) = get(&mut client, &server, &cookie, "/livez", "");
        let (row, row_asked, rows_asked) = (queries.row(), queries.row_asked(), queries.rows_asked());
        let measured: Vec<_> = LISTS.iter().map(|(_, query)| get(&mut client, &server, &cookie, "/dashboard/keys", query)).collect();
        if round == 0 {
            continue;
        }
        reference.livez.push(livez);
        reference.livez_seen.push(livez_seen);
        reference.row.push(row);
        reference.row_asked.push(row_asked);
        reference.rows_asked.push(rows_asked);
        for (list, (took, seen, size)) in lists.iter_mut().zip(measured) {
            list.server.push(took);
            list.to_row.push(took / (livez + row));
            list.to_row_asked.push(took / (livez + row_asked));
            list.to_rows_asked.push(took / (livez + rows_asked));
            list.client.push(seen);
            list.client_to_row_asked.push(seen / (livez_seen + row_asked));
            list.size = size;
        }
    }
    print(count, reference, lists);
}

/// The times of `GET` of a path, by the server and by the client in microseconds, and the size of the answer in bytes.
fn get(client: &mut Client, server: &Server, cookie: &str, path: &str, query: &str) -> (f64, f64, usize) {
    let request = Client::request("GET", &format!("{path}{query}"), &[("Cookie", cookie)], "");
    let mut size = 0;
    let mut seen = Vec::new();
    let took = (0..TIMES / TOGETHER).map(|_| {
        let before = Spent::on(&server.app, path);
        let together = median_time(TOGETHER, || {
            let answer = client.ask(&request);
            assert_eq!(answer.status, 200, "{path}{query}");
            size = answer.body;
        });
        seen.push(together.as_secs_f64() * 1e6);
        Spent::on(&server.app, path).mean_since(&before)
    });
    (Figure::of(took.collect()).median, Figure::of(seen).median, size)
}

/// Indexed queries, timed as the server's requests are.
struct Queries<'a> {
    runtime: &'a Runtime,
    server: &'a Server,
    driver: Connection,
    id: KeyId,
}

impl<'a> Queries<'a> {
    fn new(runtime: &'a Runtime, server: &'a Server) -> Self {
        let driver = Connection::open_with_flags(server.app.config.database_path(), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let page = PageRequest { cursor: None, limit: 1 };
        let store = &server.app.store;
        let keys = runtime.block_on(store.keys(KeyFilter::default(), (KeySort::Name, false), server.app.clock.now(), page));
        let id = keys.ok().and_then(|page| Some(page.items.first()?.id)).unwrap_or_else(|| panic!("no key"));
        Self { runtime, server, driver: driver.unwrap_or_else(|error| panic!("{error}")), id }
    }

    fn row(&self) -> f64 {
        let ask = || {
            let name: rusqlite::Result<String> = self.driver.prepare_cached(ROW).and_then(|mut statement| {
                statement.query_row([self.id.as_bytes()], |row| {
                    for column in 0..COLUMNS {
                        std::hint::black_box(row.get_ref(column)?);
                    }
                    row.get(1)
                })
            });
            assert!(name.is_ok_and(|name| !name.is_empty()));
        };
        let took = (0..TIMES / TOGETHER).map(|_| {
            let begun = Instant::now();
            (0..TOGETHER).for_each(|_| ask());
            each(begun)
        });
        Figure::of(took.collect()).median
    }

    fn row_asked(&self) -> f64 {
        let (app, id) = (self.server.app.clone(), self.id);
        let task = self.runtime.spawn(async move {
            let mut took = Vec::new();
            for _ in 0..TIMES / TOGETHER {
                let begun = Instant::now();
                for _ in 0..TOGETHER {
                    assert!(app.store.key(id).await.is_ok());
                }
                took.push(each(begun));
            }
            Figure::of(took).median
        });
        self.runtime.block_on(task).unwrap_or_else(|error| panic!("{error}"))
    }

    fn rows_asked(&self) -> f64 {
        let app = self.server.app.clone();
        let task = self.runtime.spawn(async move {
            let mut took = Vec::new();
            for _ in 0..TIMES / TOGETHER {
                let begun = Instant::now();
                for _ in 0..TOGETHER {
                    let filter = KeyFilter { state: Some(KeyStateFilter::Active), ..KeyFilter::default() };
                    let page = PageRequest { cursor: None, limit: ROWS };
                    let keys = app.store.keys(filter, (KeySort::Created, true), app.clock.now(), page).await;
                    assert_eq!(keys.map(|page| page.items.len()).ok(), Some(ROWS as usize));
                }
                took.push(each(begun));
            }
            Figure::of(took).median
        });
        self.runtime.block_on(task).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// One of so many that began then, in microseconds.
fn each(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(TOGETHER).unwrap_or(u32::MAX))
}

fn print(count: usize, reference: Reference, lists: Vec<Measured>) {
    let median = |values: Vec<f64>| Figure::of(values).median;
    println!("{count} keys, {ROUNDS} rounds of {TIMES} requests each on one connection; medians of the rounds, times in us");
    println!("GET /livez: {:.1} by the server, {:.0} by the client", median(reference.livez), median(reference.livez_seen));
    println!(
        "an indexed query: {:.1} for a row by the driver (A), {:.1} for a row as the server asks (B), {:.1} for {ROWS} rows likewise (C)",
        median(reference.row),
        median(reference.row_asked),
        median(reference.rows_asked)
    );
    println!("{:<22}{:>7}{:>26}{:>8}{:>8}{:>9}{:>8}{:>6}", "list of keys", "server", "to /livez + A", "+ B", "+ C", "client", "+ B", "kB");
    for ((name, _), list) in LISTS.iter().zip(lists) {
        let to_row = Figure::of(list.to_row);
        let spread = format!("{:.2} ({:.2} to {:.2})", to_row.median, to_row.least, to_row.most);
        println!(
            "{name:<22}{:>7.0}{spread:>26}{:>8.2}{:>8.2}{:>9.0}{:>8.2}{:>6}",
            median(list.server),
            median(list.to_row_asked),
            median(list.to_rows_asked),
            median(list.client),
            median(list.client_to_row_asked),
            list.size / 1_000
        );
    }
}
