//! The application: everything that the operations need, put together once at start.

use std::sync::{Arc, OnceLock};

use keybearer_core::key::Limits;
use keybearer_core::token::{KeyId, Peppers, Prefix};
use keybearer_store::{Actor, DataDirLock, Origin, Store, StoreError};

use crate::clock::Clock;
use crate::config::Config;
use crate::connections::Connections;
use crate::error::AppError;
use crate::forms::Forms;
use crate::index::Index;
use crate::issuers::{Issuers, Keeping};
use crate::keyring::{Keyring, KeyringError};
use crate::last_used::LastUsed;
use crate::metrics::Metrics;
use crate::password::Passwords;
use crate::reset_link::ResetLinks;
use crate::retention::{Sweeper, Sweeping};
use crate::session_token::SessionTokens;
use crate::setup::Setup;
use crate::tally::Tally;
use crate::telemetry::traces::{Tracer, TracesError};
use crate::throttle::Throttle;
use crate::tls::{Tls, TlsError};

/// How often the load of the image tells how far it came.
const PROGRESS: std::time::Duration = std::time::Duration::from_secs(1);

/// Everything that the operations need.
pub struct App {
    /// As the operator set it.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Rows and events.
    pub store: Arc<dyn Store>,
    /// The image that decides.
    pub index: Arc<Index>,
    /// What goes into every digest.
    pub peppers: Peppers,
    /// What stands before the underscore of new tokens.
    pub prefix: Prefix,
    /// Lifetimes and number of account keys.
    pub limits: Limits,
    /// The bounded pool that hashes passwords.
    pub passwords: Passwords,
    /// Failed logins.
    pub throttle: Throttle,
    /// Makes and reads session tokens.
    pub session_tokens: SessionTokens,
    /// Applications that vouch for their people.
    pub issuers: Issuers,
    /// Makes and reads links that set a password.
    pub reset_links: ResetLinks,
    /// When keys were last used.
    pub last_used: LastUsed,
    /// How verifications were answered.
    pub tally: Tally,
    /// The connections that are open.
    pub connections: Connections,
    /// What new connections are secured with, if with anything.
    pub tls: Option<Arc<Tls>>,
    /// The link that makes the first administrator.
    pub setup: Setup,
    /// What proves that a form came from a page of ours.
    pub forms: Forms,
    /// Forgets what is old.
    pub sweeper: Arc<Sweeper>,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// Who makes a span of each request, once somebody takes them.
    pub tracer: OnceLock<Tracer>,
    _sweeping: Sweeping,
    _keeping: Keeping,
    _lock: DataDirLock,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keyring.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The administrator of the configuration.
    #[error("{0}")]
    Admin(String),
    /// The variables of OpenTelemetry.
    #[error(transparent)]
    Traces(#[from] TracesError),
    /// The address to listen on.
    #[error("cannot listen on {0}: {1}. Choose another address with --listen; port 0 picks any free one")]
    Listen(std::net::SocketAddr, std::io::Error),
}

/// Loads the image, and tells how far it came while that takes long.
async fn load(store: &dyn Store, index: &Arc<Index>) -> Result<(), StoreError> {
    let loading = store.follow(Arc::clone(index) as _);
    tokio::pin!(loading);
    loop {
        tokio::select! {
            loaded = &mut loading => return loaded,
            () = tokio::time::sleep(PROGRESS) => tracing::info!(keys = index.counts().keys, "loading the index"),
        }
    }
}

/// Who asks, from where, in which request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The `X-Request-Id`.
    pub id: String,
    /// The address of the client: that of the peer, or what trusted proxies say that it is.
    pub source: std::net::IpAddr,
}

impl App {
    /// Opens data directory, keyring and database, and loads the image. Nothing is served yet.
    ///
    /// # Errors
    /// [`StartError`] says what is in the way, and the way out.
    pub async fn open(config: Config, clock: Clock) -> Result<Arc<Self>, StartError> {
        // First, because nothing is written by it.
        let tls = config.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let lock = DataDirLock::take(&config.data_dir)?;
        let database = config.database();
        let keyring = Keyring::open_or_create(&config.keyring_path(), database.is_new().await?)?;
        let peppers = keyring.peppers();
        let store = database.open(config.roles.clone(), config.membership()).await?;
        store.check_peppers(peppers.fingerprints()).await?;
        let index = Arc::new(Index::new(config.roles.clone(), clock.clone()));
        let metrics = Arc::<Metrics>::default();
        store.watch(metrics.store_watch());
        let sweeper = Arc::new(Sweeper::new(Arc::clone(&store), clock.clone(), Arc::clone(&metrics), &config));
        // Before the load, so that nothing is loaded that would be forgotten at once.
        sweeper.begin().await?;
        load(&*store, &index).await?;
        tracing::info!(keys = index.counts().keys, revision = index.revision(), "index loaded");
        let issuers = Issuers::new(&config.issuers, &clock);
        let keeping = issuers.keep().await;
        Ok(Arc::new(Self {
            clock,
            store,
            index,
            peppers,
            prefix: config.keys.prefix.clone(),
            limits: config.keys.limits(),
            passwords: Passwords::new(),
            throttle: Throttle::new(),
            session_tokens: SessionTokens::new(keyring.jwt_key()),
            issuers,
            _keeping: keeping,
            reset_links: ResetLinks::new(keyring.jwt_key()),
            last_used: LastUsed::default(),
            tally: Tally::default(),
            connections: Connections::new(config.http.max_connections),
            tls,
            setup: Setup::default(),
            forms: Forms::new(keyring.jwt_key()),
            _sweeping: Arc::clone(&sweeper).run(),
            sweeper,
            metrics,
            tracer: OnceLock::new(),
            config,
            _lock: lock,
        }))
    }

    /// Whether the image is known to be in force at this instant. It asks nobody.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.store.is_in_force()
    }

    /// Makes sure that the image holds whatever was answered as done before this call. To be called once a request has arrived whole, before
    /// anything is decided about it.
    ///
    /// # Errors
    /// [`AppError::InDoubt`] where nobody can tell: then nobody is let in.
    pub async fn in_force(&self) -> Result<(), AppError> {
        if self.is_in_force() { Ok(()) } else { self.confirm().await }
    }

    /// As [`App::in_force`], for whoever decides about no other keys than these: so a change that is foretold of others makes nobody wait.
    ///
    /// # Errors
    /// As there.
    pub async fn in_force_about(&self, keys: &[KeyId]) -> Result<(), AppError> {
        if self.store.are_in_force(keys) { Ok(()) } else { self.confirm().await }
    }

    async fn confirm(&self) -> Result<(), AppError> {
        self.store.confirm().await.map_err(|error| {
            self.metrics.refused_in_doubt();
            AppError::InDoubt(error.to_string())
        })
    }

    /// The origin of a change that this actor asks for now.
    #[must_use]
    pub fn origin(&self, actor: Actor, request: &RequestContext) -> Origin {
        Origin { actor, now: self.clock.now(), request_id: request.id.clone() }
    }
}
