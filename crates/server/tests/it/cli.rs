//! The commands that ask a running server: the real binary as a process of its own, against a real server.

mod exit;
mod help;
mod output;
mod paging;
mod secrets;
mod terminal;
mod tls;
mod walk;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use keybearer::cli::Exit;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{Cred, Server};

/// How long a command may take. What a test promises is not measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A command to be run, with no environment but what it is given.
struct Asked {
    command: Command,
    what: String,
    input: String,
    /// What must not show on standard error.
    secrets: Vec<String>,
}

/// How a command ended.
struct Ran {
    what: String,
    code: i32,
    out: String,
    err: String,
}

/// The binary with these arguments.
fn keybearer<I: AsRef<str>>(args: impl IntoIterator<Item = I>) -> Asked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keybearer"));
    command.env_clear().kill_on_drop(true);
    let mut what = "keybearer".to_owned();
    for arg in args {
        command.arg(arg.as_ref());
        write!(what, " {}", arg.as_ref()).unwrap();
    }
    Asked { command, what, input: String::new(), secrets: Vec::new() }
}

/// The binary that asks this server with this credential. The arguments are the words of the text, then those of the list.
async fn ask(server: &Server, cred: &Cred, words: &str, args: &[&str]) -> Ran {
    keybearer(words.split_whitespace().chain(args.iter().copied())).on(server).with(cred).run().await
}

impl Asked {
    fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    fn on(self, server: &Server) -> Self {
        self.env("KEYBEARER_URL", &server.url(""))
    }

    fn with(mut self, cred: &Cred) -> Self {
        let token = match cred {
            Cred::None => return self,
            Cred::Bearer(token) => token.clone(),
            Cred::Basic(id, secret) => format!("{id}:{secret}"),
            other => panic!("the command line has no {other:?}"),
        };
        self.secrets.push(token.clone());
        self.env("KEYBEARER_TOKEN", &token)
    }

    /// With lines on standard input, which are secrets.
    fn given(mut self, lines: &[&str]) -> Self {
        for line in lines {
            self.input += line;
            self.input.push('\n');
            self.secrets.push((*line).to_owned());
        }
        self
    }

    /// With this on standard input.
    fn input(mut self, text: &str) -> Self {
        text.clone_into(&mut self.input);
        self
    }

    fn within(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    async fn run(mut self) -> Ran {
        let mut process = self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        // A command that reads nothing may be gone already.
        drop(stdin.write_all(self.input.as_bytes()).await);
        drop(stdin);
        let done = timeout(PATIENCE, process.wait_with_output()).await.expect("it ends in time").unwrap();
        let (out, err) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
        assert!(!err.contains("panicked"), "{}: {err}", self.what);
        for secret in &self.secrets {
            assert!(!err.contains(secret.as_str()), "{} tells a secret: {err}", self.what);
        }
        Ran { code: done.status.code().unwrap_or_else(|| panic!("{}: {}", self.what, done.status)), what: self.what, out, err }
    }
}

impl Ran {
    /// What it printed, once it ended as expected.
    #[track_caller]
    fn expect(&self, exit: Exit) -> &str {
        assert_eq!(self.code, i32::from(exit.code()), "{}: {}{}", self.what, self.out, self.err);
        &self.out
    }

    /// What it printed as JSON, once it ended as expected.
    #[track_caller]
    fn json(&self, exit: Exit) -> Value {
        serde_json::from_str(self.expect(exit)).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.out))
    }

    /// What it told on standard error, once it ended as expected and printed nothing.
    #[track_caller]
    fn error(&self, exit: Exit) -> &str {
        assert_eq!(self.expect(exit), "", "{}: a failure prints nothing", self.what);
        &self.err
    }
}
