//! The benchmark: `./bench/run` builds and starts it. Beside the runs, it is the references, each as a process of its own.

use std::path::Path;

use keybearer_bench::run::Run;
use keybearer_bench::{reference, run};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["reference", "constant"] => block_on(reference::constant::run()),
        ["reference", "constant", "http2"] => block_on(reference::constant::run_http2()),
        ["reference", "verdict", dir] => block_on(reference::verdict::run(Path::new(dir))),
        ["reference", "select", dir] => block_on(reference::select::run(Path::new(dir))),
        _ => run::run(&Run::parse(&words)),
    }
}

fn block_on(serving: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("{error}")).block_on(serving);
}
