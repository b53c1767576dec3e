//! From a configuration to a server that answers.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::{App, RequestContext, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{AppError, Conflict};
use crate::telemetry::traces::Traces;
use crate::tls::Tls;
use crate::{descriptors, http, ops};

/// Opens everything, makes the first administrator or prints the link that does, and answers requests until `stop` resolves.
///
/// # Errors
/// [`StartError`] says what is in the way, and the way out.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
    let hang_ups = HangUps::listen();
    let traces = Traces::from_environment()?;
    descriptors::take_all(config.http.max_connections);
    let app = App::open(config, Clock::System).await?;
    if let Some(traces) = &traces {
        drop(app.tracer.set(traces.tracer()));
    }
    let asked = app.config.listen;
    let listener = TcpListener::bind(asked).await.map_err(|error| StartError::Listen(asked, error))?;
    let address = listener.local_addr().map_err(|error| StartError::Listen(asked, error))?;
    let link = first_admin(&app, address).await?;
    let heeding = tokio::spawn(hang_ups.heed(app.tls.clone()));
    announce(link.as_deref(), &format!("{}://{address}", app.config.scheme()));
    http::serve(app, listener, stop).await;
    heeding.abort();
    if let Some(traces) = traces {
        traces.end().await;
    }
    Ok(())
}

/// While there is no administrator: makes the one of the configuration, or opens a setup link and returns it.
///
/// # Errors
/// [`StartError::Admin`] where the configured one cannot be made.
pub async fn first_admin(app: &App, address: SocketAddr) -> Result<Option<String>, StartError> {
    if app.store.admin_exists().await? {
        return Ok(None);
    }
    let (Some(username), Some(password)) = (&app.config.admin_username, &app.config.admin_password) else {
        let nonce = app.setup.open(app.clock.now());
        return Ok(Some(format!("{}/setup/{nonce}", app.config.base_url(address))));
    };
    let request = RequestContext { id: "start".into(), source: address.ip() };
    match ops::account::create_first_admin(app, &request, username.clone(), password.reveal().to_string()).await {
        Ok(account) => {
            tracing::info!(account = account.id.0, "the first administrator was made from the configuration");
            Ok(None)
        }
        Err(AppError::Conflict(Conflict::AdminExists)) => Ok(None),
        Err(AppError::Invalid(fields)) => {
            let reasons: Vec<String> = fields.iter().map(|field| format!("admin_{} {}", &field.pointer[1..], field.message)).collect();
            Err(StartError::Admin(reasons.join("; ")))
        }
        Err(AppError::Conflict(Conflict::Taken(..))) => Err(StartError::Admin(format!(
            "admin_username {username:?} belongs to an account that is no administrator: choose another name, or make one by `keybearer admin create`"
        ))),
        Err(error) => Err(StartError::Admin(format!("the first administrator could not be made: {error:?}"))),
    }
}

/// Standard output gets the setup link, if due, then the ready line; the log goes to standard error.
fn announce(link: Option<&str>, origin: &str) {
    let mut out = std::io::stdout().lock();
    // A closed standard output is no reason not to serve.
    if let Some(link) = link {
        drop(writeln!(out, "Create the first admin (once, within 30 minutes): {link}"));
    }
    drop(writeln!(out, "Keybearer {} listening on {origin}", env!("CARGO_PKG_VERSION")));
    drop(out.flush());
}

/// Resolves when the process is told to stop: SIGINT or SIGTERM. It listens from the call on, so that no signal is lost before the first poll.
///
/// # Panics
/// Outside a runtime, or where signals cannot be listened for.
pub fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let told = {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened for");
        let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be listened for");
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    };
    #[cfg(not(unix))]
    let told = async { drop(tokio::signal::ctrl_c().await) };
    async {
        told.await;
        tracing::info!("stopping");
    }
}

/// The SIGHUPs from the call of `listen` on. Without anybody to listen, the first would end the process.
#[cfg(unix)]
struct HangUps(tokio::signal::unix::Signal);

#[cfg(unix)]
impl HangUps {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::hangup()).expect("SIGHUP can be listened for"))
    }

    /// Reads certificate and key again at each.
    async fn heed(mut self, tls: Option<Arc<Tls>>) {
        while self.0.recv().await.is_some() {
            match tls.as_ref().map(|tls| tls.reload()) {
                Some(Ok(())) => tracing::info!("certificate and key were read again and are in force for new connections"),
                Some(Err(error)) => tracing::error!(%error, "certificate and key cannot be used; those before stay in force"),
                None => tracing::info!("SIGHUP: nothing to read again without TLS; other settings need a restart"),
            }
        }
    }
}

#[cfg(not(unix))]
struct HangUps;

#[cfg(not(unix))]
impl HangUps {
    fn listen() -> Self {
        Self
    }

    async fn heed(self, _: Option<Arc<Tls>>) {}
}
