//! The dashboard's list of keys, beside what it cannot do without: a plain answer and one indexed query.
//!
//! `cargo run --release -p keybearer-bench --bin key_list [KEYS]`

use std::time::Duration;

use keybearer_bench::client::Client;
use keybearer_bench::figures::{Figure, median_time};
use keybearer_bench::seed;
use keybearer_bench::server::Server;
use keybearer_store::{KeyFilter, KeySort, KeyStateFilter, PageRequest};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // As the server has it.

/// Rounds, in each of which everything is measured in turn.
const ROUNDS: usize = 9;
/// Requests of each kind in a round.
const TIMES: usize = 60;
/// Rows of a page of the list.
const ROWS: u32 = 25;

const LISTS: [(&str, &str); 7] = [
    ("newest first", ""),
    ("by name", "?sort=name"),
    ("by expiry", "?sort=expires"),
    ("by last use", "?sort=used"),
    ("of services", "?kind=service"),
    ("revoked", "?state=revoked"),
    ("a name that none has", "?name=nobody"),
];

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
    let mut client = Client::connect(server.address);
    let cookie = format!("keybearer={session}");
    let mut get = |path: &str, times| {
        let request = Client::request("GET", path, &[("Cookie", &cookie)], "");
        let mut size = 0;
        let time = median_time(times, || {
            let answer = client.ask(&request);
            assert_eq!(answer.status, 200, "{path}");
            size = answer.body;
        });
        (time, size)
    };
    let query = || {
        let filter = KeyFilter { state: Some(KeyStateFilter::Active), ..KeyFilter::default() };
        let page = PageRequest { cursor: None, limit: ROWS };
        let keys = runtime.block_on(server.app.store.keys(filter, (KeySort::Created, true), server.app.clock.now(), page));
        assert_eq!(keys.map(|page| page.items.len()).ok(), Some(ROWS as usize));
    };
    let mut references = Vec::new();
    let mut lists: Vec<(Vec<f64>, Vec<Duration>, usize)> = vec![Default::default(); LISTS.len()];
    for _ in 0..ROUNDS {
        let reference = get("/livez", TIMES).0 + median_time(TIMES, query);
        references.push(reference.as_secs_f64() * 1e6);
        for ((_, list), (ratios, times, size)) in LISTS.iter().zip(&mut lists) {
            let (time, bytes) = get(&format!("/dashboard/keys{list}"), TIMES);
            ratios.push(time.as_secs_f64() / reference.as_secs_f64());
            times.push(time);
            *size = bytes;
        }
    }
    println!("{count} keys, {ROUNDS} rounds of {TIMES} requests each on one connection");
    println!("GET /livez and one indexed query of {ROWS} rows: {:.0} us", Figure::of(references).median);
    println!("{:<24}{:>10}{:>10}{:>18}{:>10}", "list of keys", "us", "ratio", "(least to most)", "kB");
    for ((name, _), (ratios, mut times, size)) in LISTS.iter().zip(lists) {
        times.sort();
        let ratio = Figure::of(ratios);
        let spread = format!("({:.2} to {:.2})", ratio.least, ratio.most);
        println!("{name:<24}{:>10}{:>10.2}{spread:>18}{:>10}", times[times.len() / 2].as_micros(), ratio.median, size / 1_000);
    }
}
