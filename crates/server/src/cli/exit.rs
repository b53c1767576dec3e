//! How a command ends: the exit codes, in one place.

use std::process::ExitCode;

/// How a command ended. Scripts may rely on the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// Something failed on this side: a file, the store, the server that was to start.
    Failed = 1,
    /// The command line or a setting cannot be used.
    Usage = 2,
    /// The server did not accept the credential, or it may not do this (401, 403).
    Refused = 3,
    /// There is no such thing, or none that the caller may see (404).
    NotFound = 4,
    /// Something stands in the way: a taken name, a policy in use, a version that has moved on (409, 412).
    Conflict = 5,
    /// The server cannot use what it was given (400, 413, 415, 422); `import` refused lines.
    Invalid = 6,
    /// The server cannot be reached or cannot answer now (429, 5xx, no connection).
    Unavailable = 7,
    /// `verify` and `explain`: the key is not good for what was asked.
    Denied = 8,
    /// `doctor` found something broken; `healthcheck` found a server that is not ready.
    Unhealthy = 9,
}

impl Exit {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Refused,
        Self::NotFound,
        Self::Conflict,
        Self::Invalid,
        Self::Unavailable,
        Self::Denied,
        Self::Unhealthy,
    ];

    /// Its number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it says, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed on this side: a file, the data, a server that does not start",
            Self::Usage => "the command line or a setting cannot be used",
            Self::Refused => "the credential was not accepted, or may not do this",
            Self::NotFound => "no such thing, or none that you may see",
            Self::Conflict => "something stands in the way, such as a taken name",
            Self::Invalid => "the server cannot use what it was given; import: some lines were refused",
            Self::Unavailable => "the server cannot be reached, or cannot answer now",
            Self::Denied => "verify, explain: the key is not good for what was asked",
            Self::Unhealthy => "doctor, healthcheck: something is broken or not ready",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
