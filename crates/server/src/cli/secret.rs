//! Secrets that a command is given: typed without echo on a terminal, else the first line of standard input. Never an argument, which would
//! show among the processes.

use std::io::{BufRead, IsTerminal};

use zeroize::Zeroizing;

/// Asks for a secret on a terminal, or reads a line.
///
/// # Errors
/// In words, where nothing is given.
pub(super) fn read(what: &str) -> Result<Zeroizing<String>, String> {
    let stdin = std::io::stdin();
    let text = if stdin.is_terminal() {
        rpassword::prompt_password(format!("{what}: ")).map(Zeroizing::new)
    } else {
        let mut line = Zeroizing::new(String::new());
        stdin.lock().read_line(&mut line).map(|_| line)
    };
    let mut text = text.map_err(|error| format!("{what} cannot be read: {error}"))?;
    while text.ends_with(['\n', '\r']) {
        text.pop();
    }
    if text.is_empty() { Err(format!("no {what} was given: type it, or give it as a line of standard input")) } else { Ok(text) }
}
