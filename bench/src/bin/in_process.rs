//! Verifications without any network; `keybearer-bench` starts it. A program of its own, since it has the allocator of the server, and the
//! references have that of the system.
//!
//! `in_process DIR TOKENS [COUNT]`

use std::path::Path;

use keybearer_bench::in_process;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap_or_else(|error| panic!("{error}"));
    match &arguments[..] {
        [dir, tokens] => runtime.block_on(in_process::measure(Path::new(dir), Path::new(tokens))),
        [dir, tokens, count] => {
            let count = count.parse().unwrap_or_else(|_| panic!("not a number: {count}"));
            runtime.block_on(in_process::count(Path::new(dir), Path::new(tokens), count));
        }
        _ => panic!("usage: in_process DIR TOKENS [COUNT]"),
    }
}
