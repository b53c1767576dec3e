//! What a gate costs where it is used: an application alone, behind nginx, and behind nginx that asks Keybearer about each request by the
//! recipe of `deploy/nginx`; and how fast `Check` is answered, which Envoy asks over gRPC, beside bare hyper. All servers share one core, as in the other benchmarks, and the load generator has the other.
//!
//! `cargo build --release -p keybearer -p keybearer-bench && taskset -c 1 target/release/gateways [--quick]`

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use keybearer_bench::process::{CORE, Process};
use keybearer_bench::questions::{Check, Question, Unread};
use keybearer_bench::report::{Report, cell};
use keybearer_bench::rounds::{Contestant, Round, alternate};
use keybearer_bench::run::Run;
use keybearer_bench::world::World;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // As the server has it.

/// Keys that are used, each as often as another.
const KEYS: usize = 10_000;
/// The recipe that users copy.
const GATED: &str = include_str!("../../../deploy/nginx/keybearer.conf");
/// The same without a gate.
const ALONE: &str = "
upstream application { server 127.0.0.1:3000; keepalive 64; }
server {
    listen 127.0.0.1:8080;
    location / {
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Connection \"\";
        proxy_http_version 1.1;
        proxy_pass http://application;
    }
}";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut run = Run::parse(&words.iter().map(String::as_str).collect::<Vec<_>>());
    run.own = run.own.with_file_name("keybearer-bench");
    let dir = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let world = World::seed(&dir.path().join("world"), KEYS);
    // Who is not asked sleeps, so the application behind the proxies is another process than the one that is asked by itself.
    let (direct, behind) = (run.reference(&["constant"]), run.reference(&["constant"]));
    let keybearer = run.keybearer(&world.dir);
    let nginx = |name: &str, port: u16, site: &str| {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let site = site.replace("127.0.0.1:5000", &keybearer.address.to_string());
        start(&dir.path().join(name), address, &site.replace("127.0.0.1:3000", &behind.address.to_string()))
    };
    let (alone, gated) = (nginx("alone", 38_080, ALONE), nginx("gated", 38_081, GATED));
    // Another one, since who is asked through nginx may not sleep.
    let asked = dir.path().join("asked");
    world.copy_to(&asked);
    let (asked, http2) = (run.keybearer(&asked), run.reference(&["constant", "http2"]));
    let question = || Question::header(&world.tokens, "/orders/1", "200");
    let check = || Check::new(&world.tokens);
    let mut contestants = [
        Contestant::new(&direct, question()),
        Contestant::new(&alone, question()),
        Contestant::new(&gated, question()),
        Contestant::grpc(&http2, Check::PATH, Unread(check())),
        Contestant::grpc(&asked, Check::PATH, check()),
    ];
    alternate(&mut contestants, run.rounds, run.time);
    let [direct, alone, gated, http2, check] = &contestants;

    let mut report = Report::default();
    report.section("A gate before an application", &columns("to nginx alone"));
    for (name, contestant) in [("the application alone", direct), ("behind nginx", alone), ("behind nginx that asks a gate", gated)] {
        report.row(&row(name, contestant, alone));
    }
    report.section("ext_authz over gRPC", &columns("to bare hyper, HTTP/1.1"));
    let rows =
        [("bare hyper, a constant over HTTP/1.1", direct), ("bare hyper, a constant over HTTP/2", http2), ("Keybearer, Check", check)];
    for (name, contestant) in rows {
        report.row(&row(name, contestant, direct));
    }
    let over_http2 = |value: fn(&Round) -> f64| cell(check.ratio(http2, value));
    report.say(&format!(
        "\nCheck to bare hyper over HTTP/2: requests {}, p99 {}, CPU {}",
        over_http2(|round| round.rate),
        over_http2(|round| round.p99),
        over_http2(|round| round.cpu),
    ));
}

fn columns(to: &str) -> [&str; 6] {
    ["", "requests/s", to, "p99, us", to, "client's core"]
}

fn row(name: &str, contestant: &Contestant<'_>, to: &Contestant<'_>) -> [String; 6] {
    [
        name.to_owned(),
        cell(contestant.figure(|round| round.rate)),
        cell(contestant.ratio(to, |round| round.rate)),
        cell(contestant.figure(|round| round.p99)),
        cell(contestant.ratio(to, |round| round.p99)),
        format!("{:.0} %", contestant.figure(|round| round.client).median * 100.0),
    ]
}

/// nginx as one process with this site.
fn start(dir: &Path, address: SocketAddr, site: &str) -> Process {
    fs::create_dir_all(dir).unwrap_or_else(|error| panic!("{error}"));
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {name};")).concat();
    let site = site.replace("127.0.0.1:8080", &address.to_string());
    let main = format!(
        "daemon off; master_process off; pid pid; error_log stderr; events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; {places} {site} }}\n"
    );
    let file = dir.join("main.conf");
    fs::write(&file, main).unwrap_or_else(|error| panic!("{error}"));
    // nginx does not say where it listens.
    let script = format!("echo listening on http://{address}; exec /usr/sbin/nginx -p {} -e stderr -c {}", dir.display(), file.display());
    let process = Process::start(CORE, Path::new("/bin/sh"), &["-c", &script], &[]);
    let tries = (0..500).find(|_| {
        sleep(Duration::from_millis(10));
        TcpStream::connect(address).is_ok()
    });
    assert!(tries.is_some(), "nginx does not start: is the Debian package installed?");
    process
}
