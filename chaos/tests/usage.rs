//! What the harness says to whoever asks it wrongly. That it proves something is what `scripts/chaos` runs it for.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keybearer-chaos")).args(arguments).output().expect("the harness runs")
}

#[test]
fn help_names_every_choice_of_a_run() {
    let help = run(&["--help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.status.success());
    for choice in ["--minutes", "--nodes", "--mode", "--seed", "lease", "strict"] {
        assert!(text.contains(choice), "{choice} is missing:\n{text}");
    }
}

#[test]
fn a_wrong_choice_is_refused_by_its_name_and_nothing_is_run() {
    for (arguments, named) in [(["--mode", "eventual"], "eventual"), (["--nodes", "0"], "--nodes"), (["--minuets", "1"], "--minuets")] {
        let refused = run(&arguments);
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(named) && refused.stdout.is_empty());
    }
}
