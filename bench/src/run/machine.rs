//! Where a report was made, and where it is kept.

use std::fs;
use std::process::Command;

use crate::report::Report;

/// Writes `bench/results/<date>.md`, with this behind the date.
///
/// # Panics
/// Where it cannot be written.
pub fn write(report: &Report, part: &str) {
    let date = told("date", &["-u", "+%Y-%m-%d"]);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown", |(_, model)| model);
    let words: Vec<String> = std::env::args().skip(1).collect();
    let head = format!(
        "# {date}\n\n- `./bench/run {}` at commit {}\n- {model}, {} cores, Linux {}, load average {}\n",
        words.join(" "),
        told("git", &["describe", "--always", "--dirty"]),
        told("nproc", &["--all"]),
        told("uname", &["-r"]),
        fs::read_to_string("/proc/loadavg").unwrap().trim(),
    );
    fs::create_dir_all("bench/results").unwrap();
    let file = format!("bench/results/{date}{part}.md");
    fs::write(&file, format!("{head}\n{}", report.text())).unwrap();
    println!("written to {file}");
}

/// What a program prints.
fn told(program: &str, arguments: &[&str]) -> String {
    let printed = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(printed.stdout).unwrap().trim().to_owned()
}
