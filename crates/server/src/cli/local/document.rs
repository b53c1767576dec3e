//! What the program tells about itself: its API, its manual, its completions.

use std::io::Write;

use clap::Subcommand;
use clap_complete::Shell;

use super::{Outcome, failed, print};
use crate::http::native;

#[derive(Subcommand)]
pub(in crate::cli) enum Command {
    /// Print the OpenAPI document of /v1
    #[command(after_help = "Example:\n  keybearer openapi > openapi.json")]
    Openapi,
    /// Print completions for a shell
    #[command(after_help = "Example:\n  keybearer completions bash > /etc/bash_completion.d/keybearer")]
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, in roff
    #[command(after_help = "Example:\n  keybearer man | man --local-file -")]
    Man,
}

pub(super) fn run(command: &Command) -> Outcome {
    let mut text = Vec::new();
    match command {
        Command::Openapi => text = native::document().to_pretty_json().map_err(failed)?.into_bytes(),
        Command::Completions { shell } => clap_complete::generate(*shell, &mut crate::cli::command(), "keybearer", &mut text),
        Command::Man => manual(&mut text).map_err(failed)?,
    }
    print(String::from_utf8(text).map_err(failed)?.trim_end())
}

/// One page with all commands, so that there is one file to install.
fn manual(out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command = crate::cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    writeln!(out, ".SH COMMANDS")?;
    describe(&command, out)
}

fn describe(command: &clap::Command, out: &mut Vec<u8>) -> std::io::Result<()> {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help") {
        let page = clap_mangen::Man::new(inner.clone());
        writeln!(out, ".SS {}", inner.get_bin_name().unwrap_or_else(|| inner.get_name()))?;
        page.render_description_section(out)?;
        page.render_options_section(out)?;
        // The examples.
        page.render_extra_section(out)?;
        describe(inner, out)?;
    }
    Ok(())
}
