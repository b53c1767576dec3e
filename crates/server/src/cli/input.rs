//! What a command reads beside its arguments: secrets, which never are arguments, since those show among the processes.

use std::io::{BufRead, IsTerminal, Read, Write};

use zeroize::Zeroizing;

use super::failure::Failure;

/// The most bytes of a line.
const LINE: u64 = 64 * 1024;

/// Standard input, line by line, or a terminal where there is one.
pub(super) struct Input;

impl Input {
    /// The next line of standard input.
    pub(super) fn line(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        let mut line = Zeroizing::new(String::new());
        let read = std::io::stdin().lock().take(LINE).read_line(&mut line);
        read.map_err(|error| Failure::Local(format!("{what} cannot be read from standard input: {error}")))?;
        let length = line.trim_end_matches(['\n', '\r']).len();
        line.truncate(length);
        if line.is_empty() { Err(Failure::Usage(format!("standard input has no line with {what}"))) } else { Ok(line) }
    }

    /// A secret: without echo from a terminal, else the next line of standard input.
    pub(super) fn secret(&self, what: &str) -> Result<Zeroizing<String>, Failure> {
        if !std::io::stdin().is_terminal() {
            return self.line(what);
        }
        let secret = rpassword::prompt_password(format!("{}: ", capital(what)));
        let secret = secret.map_err(|error| Failure::Local(format!("the terminal cannot be read: {error}")))?;
        if secret.is_empty() { Err(Failure::Usage(format!("no {what} was typed"))) } else { Ok(Zeroizing::new(secret)) }
    }

    /// A new password: twice from a terminal, since nobody sees what is typed.
    pub(super) fn new_password(&self) -> Result<Zeroizing<String>, Failure> {
        let password = self.secret("new password")?;
        if std::io::stdin().is_terminal() && *self.secret("same password again")? != *password {
            return Err(Failure::Usage("the two passwords differ".to_owned()));
        }
        Ok(password)
    }

    /// Asks whether to go on, on a terminal. A script has made up its mind.
    pub(super) fn confirm(&self, yes: bool, question: &str) -> Result<(), Failure> {
        if yes || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Ok(());
        }
        let mut stderr = std::io::stderr();
        drop(write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()));
        let mut answer = String::new();
        let read = std::io::stdin().lock().take(LINE).read_line(&mut answer);
        read.map_err(|error| Failure::Local(format!("the terminal cannot be read: {error}")))?;
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::Local("nothing was changed".to_owned()))
        }
    }

    /// A whole file, or standard input where that is `-`.
    pub(super) fn file(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        let read = if name == "-" {
            std::io::stdin().lock().read_to_string(&mut text)
        } else {
            std::fs::File::open(name).and_then(|mut file| file.read_to_string(&mut text))
        };
        read.map_err(|error| Failure::Local(format!("{name} cannot be read: {error}")))?;
        Ok(text)
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
