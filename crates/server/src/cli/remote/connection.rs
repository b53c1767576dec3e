//! Which server to ask, with which credential, and how.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use keybearer_api::client::{Client, Credential};

use super::input::Input;
use super::out::Out;
use super::{Failure, Outcome, value};
use crate::cli::{Environment, Exit};

/// The server that is asked unless another is named.
const URL: &str = "http://127.0.0.1:5000";
const HEADING: &str = "Connection";

/// Which server.
#[derive(Args)]
pub(super) struct Server {
    /// URL of the server [env: KEYBEARER_URL] [default: http://127.0.0.1:5000]
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING)]
    url: Option<String>,
    /// PEM file of the authorities to trust instead of the system's [env: KEYBEARER_CA_FILE]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    ca_file: Option<PathBuf>,
}

/// How a command asks.
#[derive(Args)]
pub(super) struct Ask {
    #[command(flatten)]
    server: Server,
    /// Read the credential from the first line of standard input [env: KEYBEARER_TOKEN holds it otherwise: a token, or a pair id:secret]
    #[arg(long, global = true, help_heading = HEADING)]
    pub(super) token_stdin: bool,
    /// How long an answer may take
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s", value_parser = value::duration, help_heading = HEADING)]
    timeout: Duration,
    /// Print JSON, also of errors
    #[arg(long, global = true)]
    json: bool,
}

/// What a command works with.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) input: Input,
    pub(super) out: Out,
}

/// The value of a variable; an empty one counts as not given, as everywhere.
fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a std::ffi::OsString> {
    environment.iter().find(|(variable, value)| variable == name && !value.is_empty()).map(|(_, value)| value)
}

impl Server {
    /// The URL as it was given.
    fn url(&self, environment: &Environment) -> Result<String, Failure> {
        match (&self.url, variable(environment, "KEYBEARER_URL")) {
            (Some(url), _) => Ok(url.clone()),
            (None, Some(url)) => url.clone().into_string().map_err(|_| Failure::Usage("KEYBEARER_URL must be UTF-8".to_owned())),
            (None, None) => Ok(URL.to_owned()),
        }
    }

    /// A client of it.
    pub(super) fn client(&self, environment: &Environment, timeout: Duration, credential: Option<Credential>) -> Result<Client, Failure> {
        let mut builder =
            Client::builder(&self.url(environment)?).timeout(timeout).user_agent(concat!("keybearer/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = self.ca_file.clone().or_else(|| variable(environment, "KEYBEARER_CA_FILE").map(PathBuf::from)) {
            let pem = std::fs::read(&file).map_err(|error| {
                Failure::Usage(format!(
                    "the file of authorities {} cannot be read: {error}. Correct --ca-file or KEYBEARER_CA_FILE",
                    file.display()
                ))
            })?;
            builder = builder.authorities(pem);
        }
        if let Some(credential) = credential {
            builder = builder.credential(credential);
        }
        builder.build().map_err(|error| Failure::Usage(format!("{error} (--url or KEYBEARER_URL, --ca-file or KEYBEARER_CA_FILE)")))
    }
}

impl Ask {
    /// The credential that was given, if one was.
    fn credential(&self, environment: &Environment) -> Result<Option<Credential>, Failure> {
        let (origin, text) = if self.token_stdin {
            ("the first line of standard input", Some(Input.line("a credential")?))
        } else {
            let text = variable(environment, "KEYBEARER_TOKEN").map(|value| value.to_string_lossy().into_owned().into());
            ("KEYBEARER_TOKEN", text)
        };
        let credential = text.map(|text| Credential::parse(&text)).transpose();
        credential.map_err(|error| Failure::Usage(format!("{origin} cannot be used: {error}")))
    }

    fn context(&self, environment: &Environment, credential: Option<Credential>) -> Result<Context, Failure> {
        let client = self.server.client(environment, self.timeout, credential)?;
        Ok(Context { client, input: Input, out: Out { json: self.json } })
    }
}

/// Runs what asks a server, and tells what went wrong.
pub(super) fn with(ask: &Ask, environment: &Environment, work: impl AsyncFnOnce(&Context) -> Outcome) -> Exit {
    let credential = ask.credential(environment);
    finish(ask, credential.and_then(|credential| ask.context(environment, credential)), work)
}

/// The same with no credential, whatever the environment holds.
pub(super) fn without_credential(ask: &Ask, environment: &Environment, work: impl AsyncFnOnce(&Context) -> Outcome) -> Exit {
    let of_use =
        if ask.token_stdin { Err(Failure::Usage("--token-stdin is of no use here: no credential is needed".to_owned())) } else { Ok(()) };
    finish(ask, of_use.and_then(|()| ask.context(environment, None)), work)
}

fn finish(ask: &Ask, context: Result<Context, Failure>, work: impl AsyncFnOnce(&Context) -> Outcome) -> Exit {
    let url = context.as_ref().map(|context| context.client.url().to_owned()).unwrap_or_default();
    let outcome = context.and_then(|context| block_on(work(&context))?);
    outcome.unwrap_or_else(|failure| failure.tell(&url, ask.json))
}

/// Runs something on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Local(format!("the runtime does not start: {error}")))?;
    let done = runtime.block_on(work);
    // A look-up of a name that hangs would hold the program back.
    runtime.shutdown_background();
    Ok(done)
}
