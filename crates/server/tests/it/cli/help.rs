//! What the commands say of themselves.

use clap::{Arg, Command};
use keybearer::cli;

/// Every command that asks a server, by its words: those that take its URL and have no commands within.
pub(super) fn remote_commands() -> Vec<(String, Command)> {
    let mut root = cli::command();
    root.build();
    let mut found = Vec::new();
    gather(&root, "", &mut found);
    assert!(found.len() > 20, "where have they gone?");
    found
}

fn gather(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        let words = format!("{words} {}", inner.get_name()).trim_start().to_owned();
        gather(inner, &words, found);
        if !inner.has_subcommands() && inner.get_arguments().any(|arg| arg.get_id() == "url") {
            found.push((words, inner.clone()));
        }
    }
}

#[test]
fn each_has_an_example_of_itself_and_names_its_variables() {
    for (words, mut command) in remote_commands() {
        let help = command.render_long_help().to_string();
        let foot = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(foot.starts_with("Example") && foot.contains(&format!("keybearer {words}")), "{words} has no example of itself: {foot:?}");
        for text in
            ["--url", "[env: KEYBEARER_URL] [default: http://127.0.0.1:5000]", "[env: KEYBEARER_CA_FILE]", "--timeout", "[default: 3"]
        {
            assert!(help.contains(text), "{words} does not tell {text}: {help}");
        }
        if words != "healthcheck" {
            for text in ["--token-stdin", "[env: KEYBEARER_TOKEN", "--json"] {
                assert!(help.contains(text), "{words} does not tell {text}: {help}");
            }
        }
        assert!(command.get_about().is_some(), "{words} does not say what it does");
    }
}

#[test]
fn each_argument_is_explained_and_none_takes_a_secret() {
    for (words, command) in remote_commands() {
        for arg in command.get_arguments().filter(|arg| !["help", "version"].contains(&arg.get_id().as_str())) {
            assert!(arg.get_help().is_some(), "{words}: {} is not explained", arg.get_id());
            let secret = ["password", "token", "secret"].iter().any(|word| arg.get_id().as_str().contains(word));
            assert!(!secret || !takes_a_value(arg), "{words}: {} would show among the processes", arg.get_id());
        }
    }
}

fn takes_a_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

#[test]
fn each_list_can_be_kept_short_and_each_destruction_can_do_without_questions() {
    let has = |words: &str, arg: &str| {
        let (_, command) = remote_commands().into_iter().find(|(name, _)| name == words).unwrap_or_else(|| panic!("no {words}"));
        command.get_arguments().any(|found| found.get_id() == arg)
    };
    for words in ["account list", "key list", "events"] {
        assert!(has(words, "limit"), "{words}");
    }
    for words in ["account delete", "account revoke-keys", "key revoke", "policy delete"] {
        assert!(has(words, "yes"), "{words}");
    }
}
