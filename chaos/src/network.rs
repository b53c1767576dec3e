//! A network of the run's own: a namespace for each node and for the database, joined by one bridge, with nftables for what goes wrong.
//!
//! This process runs in a namespace as well, the hub, which `scripts/chaos` made and which holds the bridge. So nothing of the machine's own
//! network is touched, and whatever is left of a run is in namespaces whose names begin with the run's.

use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, io, thread};

use tokio::io::AsyncWriteExt;

/// The addresses are seen in the run's namespaces only.
const HUB: &str = "10.77.0.1/24";
const DATABASE: &str = "10.77.0.5";
const BRIDGE: &str = "hub";

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    /// A program cannot be run.
    #[error("{program} cannot be run: {error}")]
    Run {
        /// Which.
        program: &'static str,
        /// Why.
        error: io::Error,
    },
    /// A program refused.
    #[error("`{call}` failed: {said}")]
    Refused {
        /// With its arguments.
        call: String,
        /// What it wrote to standard error.
        said: String,
    },
}

/// Where packets are lost, from the view of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// Both ways.
    Both,
    /// What the node sends.
    Out,
    /// What the node is sent.
    In,
}

/// Packets of a node that are lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Loss {
    /// Of which node, from 0.
    pub(crate) node: usize,
    /// Which way.
    pub(crate) way: Way,
    /// Only those between the node and the database.
    pub(crate) database_only: bool,
    /// How many of a hundred; 100: all.
    pub(crate) percent: u8,
}

/// The network. Dropped, it goes away with all processes in it.
pub(crate) struct Network {
    run: String,
    /// The spaces of the nodes.
    nodes: usize,
    losses: AtomicU64,
}

impl Network {
    /// Makes it.
    ///
    /// # Errors
    /// Without root's rights, or where something of it is missing.
    pub(crate) fn make(run: &str, nodes: usize) -> Result<Self, NetworkError> {
        let network = Self { run: run.to_owned(), nodes, losses: AtomicU64::new(0) };
        ip(&["link", "add", BRIDGE, "type", "bridge"])?;
        ip(&["address", "add", HUB, "dev", BRIDGE])?;
        ip(&["link", "set", BRIDGE, "up"])?;
        ip(&["link", "set", "lo", "up"])?;
        for (short, address) in network.spaces() {
            let space = network.named(&short);
            ip(&["netns", "add", &space])?;
            ip(&["link", "add", &short, "type", "veth", "peer", "name", "eth0", "netns", &space])?;
            ip(&["link", "set", &short, "master", BRIDGE, "up"])?;
            ip(&["-n", &space, "address", "add", &format!("{address}/24"), "dev", "eth0"])?;
            ip(&["-n", &space, "link", "set", "eth0", "up"])?;
            ip(&["-n", &space, "link", "set", "lo", "up"])?;
        }
        Ok(network)
    }

    /// Short names, which the hub's ends of the cables have too, and addresses.
    fn spaces(&self) -> Vec<(String, String)> {
        let nodes = (0..self.nodes).map(|node| (format!("node{node}"), Self::address(node)));
        std::iter::once(("database".to_owned(), DATABASE.to_owned())).chain(nodes).collect()
    }

    fn named(&self, short: &str) -> String {
        format!("{}-{short}", self.run)
    }

    /// Where a node listens.
    pub(crate) fn address(node: usize) -> String {
        format!("10.77.0.{}", 11 + node)
    }

    /// Where the database listens.
    pub(crate) fn database() -> &'static str {
        DATABASE
    }

    /// What runs a program in the space of a node. It becomes the program, so it has its number.
    pub(crate) fn in_node(&self, node: usize) -> Vec<String> {
        self.within(&format!("node{node}"))
    }

    /// What runs a program in the space of the database.
    pub(crate) fn in_database(&self) -> Vec<String> {
        self.within("database")
    }

    fn within(&self, short: &str) -> Vec<String> {
        vec!["nsenter".to_owned(), format!("--net=/run/netns/{}", self.named(short))]
    }

    /// Kills every process in the space of the database.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub(crate) fn kill_database(&self) -> Result<(), NetworkError> {
        kill_all_in(&self.named("database"))
    }

    /// Begins to lose packets, and says under which name.
    ///
    /// # Errors
    /// If `nft` refuses.
    pub(crate) async fn lose(&self, loss: Loss) -> Result<String, NetworkError> {
        let table = format!("loss{}", self.losses.fetch_add(1, Ordering::Relaxed));
        nft(rules(&table, loss)).await?;
        Ok(table)
    }

    /// Ends a loss.
    ///
    /// # Errors
    /// If `nft` refuses.
    pub(crate) async fn heal(&self, table: String) -> Result<(), NetworkError> {
        nft(format!("delete table bridge {table}\n")).await
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for (short, _) in self.spaces() {
            let space = self.named(&short);
            // What cannot be removed now, `scripts/chaos` removes at its end; there is nobody to tell here.
            drop(kill_all_in(&space));
            drop(ip(&["link", "delete", &short]));
            drop(ip(&["netns", "delete", &space]));
        }
        drop(ip(&["link", "delete", BRIDGE]));
        drop(call("nft", &["flush", "ruleset"]));
    }
}

/// In the hub, so that the sender notices nothing: a packet dropped where it is sent would be an error there.
fn rules(table: &str, loss: Loss) -> String {
    let node = loss.node;
    let share = if loss.percent >= 100 { String::new() } else { format!("numgen random mod 100 < {} ", loss.percent) };
    let peer = |side: &str| if loss.database_only { format!("ip {side} {DATABASE} ") } else { String::new() };
    let mut text = format!("table bridge {table} {{\n");
    if loss.way != Way::In {
        text += &format!("chain out {{ type filter hook prerouting priority 0; iifname \"node{node}\" {}{share}drop; }}\n", peer("daddr"));
    }
    if loss.way != Way::Out {
        text += &format!("chain in {{ type filter hook postrouting priority 0; oifname \"node{node}\" {}{share}drop; }}\n", peer("saddr"));
    }
    text + "}\n"
}

fn kill_all_in(space: &str) -> Result<(), NetworkError> {
    // Once more until none is left: one that was being born is not in the first list.
    for _ in 0..100 {
        let listed = ip(&["netns", "pids", space])?;
        let ids: Vec<i32> = String::from_utf8_lossy(&listed.stdout).lines().filter_map(|line| line.trim().parse().ok()).collect();
        let living: Vec<i32> = ids.into_iter().filter(|id| lives(*id)).collect();
        if living.is_empty() {
            break;
        }
        for id in living.into_iter().filter_map(rustix::process::Pid::from_raw) {
            // It may be gone already.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        }
        thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(())
}

/// Whether a process is more than an entry that its parent has not looked at.
fn lives(id: i32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
}

fn ip(arguments: &[&str]) -> Result<Output, NetworkError> {
    call("ip", arguments)
}

fn call(program: &'static str, arguments: &[&str]) -> Result<Output, NetworkError> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    judged(program, &arguments.join(" "), output)
}

async fn nft(rules: String) -> Result<(), NetworkError> {
    let run = async {
        let mut command = tokio::process::Command::new("nft");
        let mut child = command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(rules.as_bytes()).await?;
        }
        child.wait_with_output().await
    };
    judged("nft", &rules, run.await).map(drop)
}

fn judged(program: &'static str, arguments: &str, output: io::Result<Output>) -> Result<Output, NetworkError> {
    let output = output.map_err(|error| NetworkError::Run { program, error })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(NetworkError::Refused { call: format!("{program} {arguments}"), said })
}
