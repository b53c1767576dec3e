//! `keybearer cluster`.

use clap::Args;

use super::{Ask, Context, Environment, Exit, with};

/// Show the nodes, and how far each has come
#[derive(Args)]
#[command(after_help = "Example:\n  keybearer cluster --json | jq '.nodes[] | select(.state != \"serving\")'")]
pub(in crate::cli) struct Cluster {
    #[command(flatten)]
    ask: Ask,
}

impl Cluster {
    pub(super) fn run(self, environment: &Environment) -> Exit {
        with(&self.ask, environment, async |context: &Context| {
            let cluster = context.client.cluster().await?;
            if context.out.json {
                context.out.json(&cluster)?;
                return Ok(Exit::Done);
            }
            let header = ["NAME", "ADDRESS", "STATE", "CONSISTENCY", "REVISION", "LAG", "LEASE", "SILENT FOR", "VERSION"];
            context.out.rows(&cluster.nodes, header, |node| {
                [
                    node.name.clone(),
                    node.address.clone(),
                    node.state.as_str().to_owned(),
                    node.consistency.clone(),
                    node.revision.to_string(),
                    node.lag.to_string(),
                    format!("{} ms", node.lease_ms),
                    format!("{} ms", node.silent_ms),
                    node.version.clone(),
                ]
            })?;
            Ok(Exit::Done)
        })
    }
}
