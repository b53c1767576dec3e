//! Three nodes over one PostgreSQL that commits to the disk: what a verification, a change and a lost database cost there. Each figure stands
//! beside its reference in the same run: the same server on SQLite, a bare commit and round trip, one call at a time.
//!
//! The node that is verified at has one core; everything else, the client among it, has the other.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::figures::Figure;
use crate::load::{Ask, Load, Loaded, Random};
use crate::process::{CORE, Process};
use crate::questions::Question;
use crate::report::cell;
use crate::server::{ADMIN, PASSWORD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::NoTls;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/postgres");
/// The core of all that is beside the node.
const OTHER: &str = "1";
const BOTH: &str = "0,1";
/// Keys that are verified.
const KEYS: usize = 1_000;
const ROUNDS: usize = 7;
const TIME: Duration = Duration::from_millis(1_500);
/// Deletions, and changes of the reference, in each round.
const DELETIONS: usize = 60;
const CONNECTIONS: usize = 64;
/// How many round trips the reference has behind its commit.
const TRIPS: usize = 8;
/// Before each deletion, and before each reference: what is left to be done behind an answer slows nothing that is measured, and neither is
/// measured right behind its like.
const PAUSE: Duration = Duration::from_millis(1);
/// How often somebody asks while the database is down.
const PACE: Duration = Duration::from_millis(5);

/// Measures all of it, and prints it.
///
/// # Panics
/// Where anything fails.
pub fn run() {
    let database = Database::start();
    let server = std::env::current_exe().unwrap().with_file_name("keybearer");
    println!("3 nodes; medians of {ROUNDS} rounds with the least and the most");
    verifications(&server, &database);
    drop(deletions(&server, &database, Way::Socket));
    let nodes = deletions(&server, &database, Way::Tcp);
    let session = nodes[0].session();
    creations(&nodes, &session);
    without_the_database(&nodes, &session, database);
}

/// How nodes reach their database, and so does what they are compared with.
#[derive(Clone, Copy)]
enum Way {
    /// As from another machine, but for the way between them.
    Tcp,
    /// As on the machine of the database alone.
    Socket,
}

/// A PostgreSQL of this run, whose commits reach the disk.
struct Database {
    place: PathBuf,
    port: u16,
    /// Where the nodes have their keyring from, once the first has made it.
    keyring: TempDir,
    process: Child,
}

impl Database {
    fn start() -> Self {
        let place = tempfile::Builder::new().prefix("keybearer-bench-pg").tempdir_in("/tmp").unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Self::serve(&place, port);
        Self { place, port, keyring: tempfile::tempdir().unwrap(), process }
    }

    fn serve(place: &Path, port: u16) -> Child {
        let settings = ["-c", "fsync=on", "-c", "full_page_writes=on", "-c", "listen_addresses=127.0.0.1"];
        let process = script(port).arg("--serve").arg(place).args(settings).stdin(Stdio::null()).spawn().unwrap();
        while !Self::answers(place, port) {
            std::thread::sleep(Duration::from_millis(2));
        }
        process
    }

    fn answers(place: &Path, port: u16) -> bool {
        let asked = script(port).arg("--sql").arg(place).arg("SELECT 1").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    }

    fn url(&self, way: Way) -> String {
        let host = match way {
            Way::Tcp => "127.0.0.1".to_owned(),
            Way::Socket => self.place.to_str().unwrap().replace('/', "%2F"),
        };
        format!("postgres://keybearer@{host}:{}/postgres", self.port)
    }

    /// At once, as a machine that is lost.
    fn kill(&mut self) {
        assert!(Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status().unwrap().success());
        self.process.wait().unwrap();
    }
}

/// What starts and asks a PostgreSQL of this port.
fn script(port: u16) -> Command {
    let mut command = Command::new(SCRIPT);
    command.env("PGPORT", port.to_string());
    command
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.kill();
        }
        drop(std::fs::remove_dir_all(&self.place));
    }
}

/// A server with a data directory of its own.
struct Node {
    process: Process,
    _dir: TempDir,
}

impl Node {
    fn start(server: &Path, cores: &str, database: Option<(&Database, Way)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("keyring.json");
        let shared = database.map(|(database, _)| database.keyring.path().join("keyring.json"));
        if let Some(shared) = shared.as_ref().filter(|shared| shared.exists()) {
            std::fs::copy(shared, &own).unwrap();
        }
        let url = database.map(|(database, way)| database.url(way)).unwrap_or_default();
        let mut environment = vec![
            ("KEYBEARER_ADMIN_USERNAME", ADMIN),
            ("KEYBEARER_ADMIN_PASSWORD", PASSWORD),
            ("KEYBEARER_KEYS_MAX_PER_ACCOUNT", "1000000"),
        ];
        if database.is_some() {
            environment.push(("KEYBEARER_DATABASE", &url));
        }
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-level", "off", "--data-dir", dir.path().to_str().unwrap()];
        let process = Process::start(cores, server, &arguments, &environment);
        if let Some(shared) = shared.filter(|shared| !shared.exists()) {
            std::fs::copy(&own, shared).unwrap();
        }
        Self { process, _dir: dir }
    }

    fn client(&self) -> Client {
        Client::connect(self.process.address)
    }

    fn session(&self) -> String {
        let body = json!({"username": ADMIN, "password": PASSWORD});
        post(&mut self.client(), "/v1/sessions", "", &body, 201)["token"].as_str().unwrap().to_owned()
    }
}

fn request(method: &str, path: &str, session: &str, body: &str) -> Vec<u8> {
    let bearer = format!("Bearer {session}");
    let mut headers = vec![("Content-Type", "application/json")];
    if !session.is_empty() {
        headers.push(("Authorization", &bearer));
    }
    Client::request(method, path, &headers, body)
}

fn post(client: &mut Client, path: &str, session: &str, body: &Value, status: u16) -> Value {
    let answer = client.ask(&request("POST", path, session, &body.to_string()));
    let text = client.text();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(answer.status, status, "POST {path}: {body}");
    serde_json::from_str(body).unwrap()
}

/// Makes keys for a policy of this name.
fn keys(client: &mut Client, session: &str, name: &str, count: usize) -> Vec<Value> {
    let policy = post(client, "/v1/policies", session, &json!({"name": name, "permissions": []}), 201);
    let new = |number| json!({"name": format!("{name} {number}"), "policy_id": policy["id"]});
    (0..count).map(|number| post(client, "/v1/keys", session, &new(number), 201)).collect()
}

/// A node of three beside the same binary on SQLite.
fn verifications(server: &Path, database: &Database) {
    let database = Some((database, Way::Tcp));
    let node = Node::start(server, CORE, database);
    let others = [Node::start(server, OTHER, database), Node::start(server, OTHER, database)];
    let single = Node::start(server, CORE, None);
    let tables = [&node, &single].map(|node| {
        let session = node.session();
        let made = keys(&mut node.client(), &session, "verified", KEYS);
        made.iter().map(|key| key["token"].as_str().unwrap()).collect::<String>().into_bytes()
    });
    let mut rates = [Vec::new(), Vec::new()];
    let mut used = [Vec::new(), Vec::new()];
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (place, node) in [&node, &single].into_iter().enumerate() {
            let mut question = Question::header(&tables[place], "/gate/any", "200");
            let cpu = node.process.cpu();
            let loaded = Load::connect(node.process.address, CONNECTIONS, 7).run(&mut question, TIME);
            assert_eq!(loaded.wrong, 0);
            if round > 0 {
                rates[place].push(loaded.rate());
                used[place].push((node.process.cpu() - cpu) * 1e6 / loaded.count as f64);
            }
        }
    }
    drop(others);
    let ratio = |[many, one]: [Vec<f64>; 2]| Figure::of(many.iter().zip(&one).map(|(many, one)| many / one).collect());
    println!("verifications a second at a node of three: {}, on SQLite: {}", cell(of(&rates[0])), cell(of(&rates[1])));
    println!("CPU of one, us: {}, on SQLite: {}", cell(of(&used[0])), cell(of(&used[1])));
    println!("verify_to_sqlite={} cpu_to_sqlite={}", cell(ratio(rates)), cell(ratio(used)));
}

fn of(values: &[f64]) -> Figure {
    Figure::of(values.to_vec())
}

/// `DELETE` of a key to its 204, at one of three nodes that reach the database in this way, beside a commit with round trips behind it, on one
/// such connection to the same PostgreSQL. Returns the nodes.
fn deletions(server: &Path, database: &Database, way: Way) -> Vec<Node> {
    let nodes: Vec<Node> = (0..3).map(|_| Node::start(server, BOTH, Some((database, way)))).collect();
    let session = &nodes[0].session();
    let by = match way {
        Way::Tcp => "tcp",
        Way::Socket => "socket",
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bare = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&database.url(way), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("CREATE TABLE IF NOT EXISTS bare (number bigint)").await.unwrap();
        client
    });
    let insert = runtime.block_on(bare.prepare("INSERT INTO bare VALUES (1)")).unwrap();
    let select = runtime.block_on(bare.prepare("SELECT 1")).unwrap();
    let commit = || assert_eq!(runtime.block_on(bare.execute(&insert, &[])).unwrap(), 1);
    let trip = || drop(runtime.block_on(bare.query_one(&select, &[])).unwrap());
    let mut client = nodes[0].client();
    let (mut medians, mut tails, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut references = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        let made = keys(&mut client, session, &format!("{by} {round}"), DELETIONS);
        let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
        for key in &made {
            std::thread::sleep(PAUSE);
            let reference = time(|| {
                times[1].push(time(commit));
                (0..TRIPS).for_each(|_| times[2].push(time(trip)));
            });
            times[0].push(reference);
            std::thread::sleep(PAUSE);
            let delete = request("DELETE", &format!("/v1/keys/{}", key["id"].as_str().unwrap()), session, "");
            times[3].push(time(|| assert_eq!(client.ask(&delete).status, 204)));
        }
        if round == 0 {
            continue;
        }
        let [reference, commit, trip, delete] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times
        });
        let middle = |times: &[f64]| times[times.len() / 2];
        for (medians, times) in references.iter_mut().zip([&reference, &commit, &trip]) {
            medians.push(middle(times));
        }
        medians.push(middle(&delete));
        tails.push(delete[delete.len() * 99 / 100]);
        ratios.push(middle(&delete) / middle(&reference));
    }
    let [both, commits, trips] = references;
    println!("DELETE with 3 nodes by {by}, ms: {}, p99 {}", cell(of(&medians)), cell(of(&tails)));
    let parts = format!("one durable commit: {}, one round trip: {}", cell(of(&commits)), cell(of(&trips)));
    println!("one durable commit and {TRIPS} round trips, ms: {} ({parts})", cell(of(&both)));
    let tail = tails.iter().zip(&medians).map(|(tail, median)| tail / median);
    println!("by {by} delete_to_commit_and_8_trips={} p99_to_median={}", cell(of(&ratios)), cell(Figure::of(tail.collect())));
    nodes
}

/// In milliseconds.
fn time(run: impl FnOnce()) -> f64 {
    let began = Instant::now();
    run();
    began.elapsed().as_secs_f64() * 1e3
}

/// `POST /v1/keys` for one policy; each name once.
struct Creation {
    policy: String,
    session: String,
    name: String,
    made: u64,
}

impl Ask for Creation {
    fn write(&mut self, _: &mut Random, into: &mut Vec<u8>) {
        self.made += 1;
        let body = json!({"name": format!("{} {}", self.name, self.made), "policy_id": self.policy});
        *into = request("POST", "/v1/keys", &self.session, &body.to_string());
    }

    fn is_right(&self, status: &[u8], _: &[u8]) -> bool {
        status == b"201"
    }
}

/// From 64 connections to three nodes, beside one at a time.
fn creations(nodes: &[Node], session: &str) {
    let policy = post(&mut nodes[0].client(), "/v1/policies", session, &json!({"name": "made", "permissions": []}), 201);
    let policy = policy["id"].as_str().unwrap();
    let ask = |node: &Node, connections: usize, name: String| -> Loaded {
        let mut creation = Creation { policy: policy.to_owned(), session: session.to_owned(), name, made: 0 };
        let loaded = Load::connect(node.process.address, connections, 7).run(&mut creation, TIME);
        assert_eq!(loaded.wrong, 0);
        loaded
    };
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let alone = ask(&nodes[0], 1, format!("alone {round}")).rate();
        let together: f64 = std::thread::scope(|scope| {
            let shares = [CONNECTIONS.div_ceil(3), CONNECTIONS / 3, CONNECTIONS / 3];
            let ask = &ask;
            let asked = nodes.iter().zip(shares).enumerate().map(|(place, (node, share))| {
                let name = format!("together {round} {place}");
                scope.spawn(move || ask(node, share, name).rate())
            });
            let asked: Vec<_> = asked.collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).sum()
        });
        if round > 0 {
            one.push(alone);
            many.push(together);
        }
    }
    let ratio = many.iter().zip(&one).map(|(many, one)| many / one);
    println!("POST /v1/keys a second, one at a time: {}, from {CONNECTIONS} connections: {}", cell(of(&one)), cell(of(&many)));
    println!("creations_to_one_at_a_time={}", cell(Figure::of(ratio.collect())));
}

/// For how long a node goes on, how soon it refuses, and how soon it is back.
fn without_the_database(nodes: &[Node], session: &str, mut database: Database) {
    let mut client = nodes[0].client();
    let key = &keys(&mut client, session, "outage", 1)[0];
    let ask = Client::request("GET", "/gate/any", &[("X-API-Key", key["token"].as_str().unwrap())], "");
    let (mut lasted, mut slowest, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        assert_eq!(client.ask(&ask).status, 200);
        database.kill();
        let killed = Instant::now();
        let mut last = Duration::ZERO;
        let mut slow = 0.0_f64;
        while killed.elapsed() < Duration::from_secs(4) {
            let mut status = 0;
            slow = slow.max(time(|| status = client.ask(&ask).status));
            match status {
                200 => last = killed.elapsed(),
                503 => {}
                other => panic!("{other} without the database"),
            }
            std::thread::sleep(PACE);
        }
        database.process = Database::serve(&database.place, database.port);
        let began = Instant::now();
        while client.ask(&ask).status != 200 {
            std::thread::sleep(PACE);
        }
        lasted.push(last.as_secs_f64() * 1e3);
        slowest.push(slow);
        back.push(began.elapsed().as_secs_f64() * 1e3);
        // Until all nodes have registered anew.
        std::thread::sleep(Duration::from_secs(3));
    }
    println!("without the database, ms: answered from the lease for {}, slowest answer {}", cell(of(&lasted)), cell(of(&slowest)));
    println!("valid again after it answers, ms: {}", cell(of(&back)));
}
