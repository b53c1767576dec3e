//! Why a command did not do what it was to do: the words for people, the JSON for programs, and the exit code.

use std::io::Write;

use keybearer_api::Problem;
use keybearer_api::client::Error;

use super::out::{clean, escaped};
use crate::cli::Exit;

/// Why a command did not do what it was to do.
pub(super) enum Failure {
    /// What was given to it cannot be used.
    Usage(String),
    /// Something failed on this side.
    Local(String),
    /// What was named does not exist.
    NotFound(String),
    /// Something about the call, or its answer.
    Call(Error),
    /// Whoever read standard output has what it wanted.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// How to give a credential.
const CREDENTIAL: &str =
    "Give a credential in KEYBEARER_TOKEN, or with --token-stdin on standard input. `keybearer session create` makes one.";

/// The exit code for what the server said.
fn exit(status: u16) -> Exit {
    match status {
        401 | 403 => Exit::Refused,
        404 => Exit::NotFound,
        409 | 412 => Exit::Conflict,
        429 | 500.. => Exit::Unavailable,
        _ => Exit::Invalid,
    }
}

impl Failure {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Local(_) => Exit::Failed,
            Self::NotFound(_) => Exit::NotFound,
            // What answers but is no Keybearer is believed nothing, least of all that something does not exist.
            Self::Call(error) => error.status().map_or(Exit::Unavailable, exit),
            Self::Closed => Exit::Done,
        }
    }

    /// Tells it on standard error.
    pub(super) fn tell(&self, url: &str, json: bool) -> Exit {
        let text = match self {
            Self::Closed => return Exit::Done,
            Self::Call(Error::Problem { problem, .. }) if json => escaped(&serde_json::to_string_pretty(problem).unwrap_or_default()),
            Self::Call(Error::Problem { problem, .. }) => words(problem),
            _ if json => escaped(&format!("{:#}", serde_json::json!({"code": self.code(), "detail": self.detail(url)}))),
            _ => format!("error: {}", clean(&self.detail(url))),
        };
        // Where nobody listens there is nobody to tell.
        drop(writeln!(std::io::stderr(), "{text}"));
        self.exit()
    }

    /// What stands for a problem's code where there is none.
    fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::NotFound(_) => "not_found",
            Self::Local(_) | Self::Closed => "failed",
            Self::Call(Error::Unreachable(_)) => "unreachable",
            Self::Call(Error::TimedOut) => "timed_out",
            Self::Call(Error::Broken(_)) => "broken",
            Self::Call(Error::Problem { .. } | Error::Unexpected { .. }) => "unexpected",
        }
    }

    fn detail(&self, url: &str) -> String {
        match self {
            Self::Usage(text) | Self::Local(text) | Self::NotFound(text) => text.clone(),
            Self::Closed => String::new(),
            Self::Call(Error::Unreachable(cause)) => {
                let tls = if url.starts_with("https:") { ", and a private authority by --ca-file or KEYBEARER_CA_FILE" } else { "" };
                format!("the server at {url} cannot be reached: {cause}. Name another one by --url or KEYBEARER_URL{tls}.")
            }
            Self::Call(Error::TimedOut) => {
                format!("the server at {url} did not answer in time; whether a change was made is not known. --timeout gives it longer.")
            }
            Self::Call(Error::Broken(cause)) => {
                format!("the connection to {url} broke; whether a change was made is not known: {cause}.")
            }
            Self::Call(error @ (Error::Unexpected { .. } | Error::Problem { .. })) => {
                format!("{url} does not answer as Keybearer does: {error}. Is that its URL? Name another one by --url or KEYBEARER_URL.")
            }
        }
    }
}

/// A problem for people.
fn words(problem: &Problem) -> String {
    let mut text = format!("error: {}", clean(&problem.detail));
    let mut line = |line: String| {
        text.push_str("\n  ");
        text.push_str(&line);
    };
    for error in problem.errors.iter().filter(|error| !error.pointer.is_empty()) {
        line(format!("{}: {}", clean(&error.pointer), clean(&error.message)));
    }
    for key in &problem.keys {
        line(format!("key {} {}", key.id, clean(key.name.as_deref().unwrap_or_default())));
    }
    if problem.status == 401 && problem.code.starts_with("credential_") {
        line(CREDENTIAL.to_owned());
    }
    line(format!("request id: {}", clean(&problem.request_id)));
    text
}

#[cfg(test)]
mod tests {
    use super::{Exit, exit};

    #[test]
    fn each_status_has_the_exit_code_that_its_meaning_names() {
        let told = |codes: &[u16], code| codes.iter().for_each(|status| assert_eq!(exit(*status), code, "{status}"));
        told(&[401, 403], Exit::Refused);
        told(&[404], Exit::NotFound);
        told(&[409, 412], Exit::Conflict);
        told(&[400, 405, 413, 415, 422, 431], Exit::Invalid);
        told(&[429, 500, 502, 503, 504], Exit::Unavailable);
    }
}
