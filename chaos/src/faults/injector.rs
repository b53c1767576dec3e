//! Lets the faults of a schedule happen, as many at once as it wants.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{Fault, Schedule};
use crate::network::{Loss, Network, Way};
use crate::processes::{Database, Node};
use crate::report::Report;

/// Between two heartbeats that come late, at most: about as long as between two of them.
const BREATH: Duration = Duration::from_millis(400);

/// What faults are done to.
pub(crate) struct Injector {
    /// Where packets are lost.
    pub(crate) network: Arc<Network>,
    /// What stands still, or is killed.
    pub(crate) nodes: Arc<Vec<Node>>,
    /// What is killed, or ends connections.
    pub(crate) database: Arc<Database>,
    /// Counts them.
    pub(crate) report: Arc<Report>,
    /// Held while a node stands still or is down, since it cannot do both. Links have no such thing: they may be cut twice.
    pub(crate) busy: Vec<Mutex<()>>,
}

impl Injector {
    /// Follows the schedule until it is told to end, and then waits until every fault is over.
    pub(crate) async fn run(self: Arc<Self>, schedule: Schedule, mut end: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        for (gap, fault) in schedule {
            tokio::select! {
                () = sleep(gap) => {}
                _ = end.wait_for(|end| *end) => break,
            }
            running.spawn(Arc::clone(&self).happen(fault));
            while running.try_join_next().is_some() {}
        }
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                self.report.wrong(&format!("a fault did not end: {error}"));
            }
        }
    }

    async fn happen(self: Arc<Self>, fault: Fault) {
        let what = fault.what();
        let happened = match fault {
            Fault::Pause { node, duration } => self.pause(node, &[duration]).await,
            Fault::Late { node, delays, pause: true } => self.pause(node, &delays).await,
            Fault::Late { node, delays, pause: false } => {
                let loss = Loss { node, way: Way::Both, database_only: true, percent: 100 };
                self.lose(loss, &delays).await
            }
            Fault::Kill { node, down } => {
                let Ok(_busy) = self.busy[node].try_lock() else { return };
                self.nodes[node].kill(down).await;
                sleep(down).await;
                Ok(true)
            }
            Fault::Terminate { node, percent } => {
                let address = node.map(Network::address);
                Ok(self.database.terminate(address.as_deref(), percent).await)
            }
            Fault::KillDatabase { down } => self.database.kill(down).await.map(|()| true).map_err(|error| error.to_string()),
            Fault::Lose { loss, duration } => self.lose(loss, &[duration]).await,
        };
        match happened {
            Ok(true) => self.report.fault(what),
            Ok(false) => {}
            Err(error) => self.report.wrong(&format!("{what}, but not as planned: {error}")),
        }
    }

    /// Whether the node was there to stand still.
    async fn pause(&self, node: usize, durations: &[Duration]) -> Result<bool, String> {
        let Ok(_busy) = self.busy[node].try_lock() else { return Ok(false) };
        for duration in durations {
            self.nodes[node].pause(*duration).await;
            breathe().await;
        }
        Ok(true)
    }

    async fn lose(&self, loss: Loss, durations: &[Duration]) -> Result<bool, String> {
        for duration in durations {
            let table = self.network.lose(loss).await.map_err(|error| error.to_string())?;
            sleep(*duration).await;
            self.network.heal(table).await.map_err(|error| error.to_string())?;
            breathe().await;
        }
        Ok(true)
    }
}

async fn breathe() {
    sleep(BREATH.mul_f64(Rng::new().f64())).await;
}
