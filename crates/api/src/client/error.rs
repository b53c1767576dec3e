//! What can go wrong between a question and its answer.

use std::time::Duration;

use reqwest::StatusCode;

use super::builder::innermost;
use crate::Problem;

/// Why there is no answer, or another than was asked for. No text holds a secret: neither URL nor headers nor bodies are repeated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server says what is wrong.
    #[error("{}", problem.detail)]
    Problem {
        /// In its words.
        problem: Box<Problem>,
        /// When to try again, where it says so.
        retry_after: Option<Duration>,
    },
    /// No connection was made.
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The answer did not come in time. Whether a change was made is not known.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The connection broke. Whether a change was made is not known.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// Something answered, but not as Keybearer does.
    #[error("the answer, of status {status}, is {what}")]
    Unexpected {
        /// Its HTTP status.
        status: u16,
        /// What it is instead.
        what: String,
    },
}

impl Error {
    pub(super) fn unexpected(status: StatusCode, what: &str) -> Self {
        Self::Unexpected { status: status.as_u16(), what: what.to_owned() }
    }

    /// The status in the words of the server, where it said something.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem { problem, .. } => Some(problem.status),
            Self::Unreachable(_) | Self::TimedOut | Self::Broken(_) | Self::Unexpected { .. } => None,
        }
    }

    /// When to try again, where the server says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Problem { retry_after, .. } => *retry_after,
            Self::Unreachable(_) | Self::TimedOut | Self::Broken(_) | Self::Unexpected { .. } => None,
        }
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() {
            Self::Unreachable(innermost(&error))
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken(innermost(&error))
        }
    }
}
