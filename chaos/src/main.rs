//! Proves, with faults, that a change is in force on every node when its call returns. `scripts/chaos` runs it.
//!
//! Real servers and a real PostgreSQL, each in a network namespace of the run, are asked by this one process, which stamps each question
//! and each answer with one monotonic clock, while faults happen by a schedule made from a seed. What was asked and answered is checked
//! against what is promised.

mod checker;
mod client;
mod faults;
mod history;
mod network;
mod pace;
mod processes;
mod report;
mod run;
mod seeded;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::checker::Mode;
use self::run::{Plan, RunError};

/// What can be asked for.
#[derive(Parser)]
#[command(name = "scripts/chaos", about = "Proves, with faults, that a change is in force on every node when its call returns")]
struct Arguments {
    /// For how long there are faults
    #[arg(long, default_value_t = 1.5)]
    minutes: f64,
    /// How many nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    nodes: u8,
    /// What the nodes promise
    #[arg(long, value_enum, default_value_t = Mode::Lease)]
    mode: Mode,
    /// Replays the schedule of faults of another run
    #[arg(long)]
    seed: Option<u64>,
    /// Forges one answer in its history: the run must fail
    #[arg(long)]
    forge: bool,
    /// Runs each bug that the server has on purpose until it is found, 60 seconds at most; fails if one is not
    #[arg(long)]
    seeded_bugs: bool,
    /// Keeps the logs of the nodes in this folder
    #[arg(long)]
    logs: Option<PathBuf>,
    /// What the names of all that the run makes begin with
    #[arg(long, hide = true)]
    run: String,
    /// The server
    #[arg(long, hide = true)]
    binary: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match begin(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is good.
async fn begin(arguments: Arguments) -> Result<bool, RunError> {
    let plan = Plan {
        run: arguments.run,
        binary: arguments.binary,
        duration: Duration::from_secs_f64(arguments.minutes.clamp(0.1, 10_000.0) * 60.0),
        nodes: usize::from(arguments.nodes),
        mode: arguments.mode,
        seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..)),
        forge: arguments.forge,
        logs: arguments.logs,
        bug: None,
    };
    println!("{} nodes, {:?}, --seed {}", plan.nodes, plan.mode, plan.seed);
    if arguments.seeded_bugs {
        return seeded::all(&plan).await;
    }
    let outcome = run::run(plan).await?;
    println!("{}", outcome.totals);
    Ok(outcome.totals.good() && outcome.ended == 0)
}
