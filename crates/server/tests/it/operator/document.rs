//! What the program tells about itself.

use std::fs;
use std::path::Path;

use crate::support::command::Run;

#[test]
fn the_document_of_the_api_is_the_committed_one() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    assert_eq!(Run::new(["openapi"]).good().trim_end(), fs::read_to_string(committed).unwrap().trim_end());
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = Run::new(["completions", shell]).good();
        assert!(script.contains("keybearer") && script.contains("reset-link"), "{shell}");
    }
    Run::new(["completions", "cmd"]).refused(2, &["bash"]);
}

#[test]
fn the_manual_names_every_command_and_the_exit_codes() {
    let manual = Run::new(["man"]).good();
    assert!(manual.contains(".TH keybearer 1"));
    for command in ["keybearer serve", "keybearer admin create", "keybearer keyring rotate", "keybearer restore", "keybearer doctor"] {
        assert!(manual.contains(&format!(".SS {command}")), "{command}");
    }
    for exit in keybearer::cli::Exit::ALL {
        assert!(Run::new(["--help"]).good().contains(exit.meaning()), "{exit:?}");
    }
}

#[test]
fn the_version_is_told() {
    assert_eq!(Run::new(["--version"]).good(), format!("keybearer {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_has_an_example_at_the_foot_of_its_help() {
    fn walk(command: &clap::Command, path: &mut Vec<String>, lacking: &mut Vec<String>) {
        let inner: Vec<_> = command.get_subcommands().filter(|inner| inner.get_name() != "help").collect();
        if inner.is_empty() {
            let help = command.clone().render_long_help().to_string();
            let foot = help.rsplit("Example").next().unwrap();
            if !(help.contains("Example") && foot.contains("keybearer ")) {
                lacking.push(path.join(" "));
            }
        }
        for command in inner {
            path.push(command.get_name().to_owned());
            walk(command, path, lacking);
            path.pop();
        }
    }

    let mut lacking = Vec::new();
    let mut root = keybearer::cli::command();
    root.build();
    walk(&root, &mut Vec::new(), &mut lacking);
    assert!(lacking.is_empty(), "{lacking:?}");
    assert!(Run::new(["--help"]).good().contains("Examples:\n  keybearer "));
}
