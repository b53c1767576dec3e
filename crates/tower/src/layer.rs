//! The layer around a route, and what it makes of it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use keybearer_api::Verify;
use tower_layer::Layer;

use crate::carrier::presented;
use crate::link::Link;
use crate::refuse::Refusal;
use crate::require::Requirement;

/// Lets only those requests through whose key meets a requirement. Made by [`Service::require`](crate::Service::require).
#[derive(Clone)]
#[must_use = "a layer protects nothing before it is put around a route"]
pub struct Require {
    wanted: Arc<Wanted>,
    link: Arc<Link>,
}

/// A requirement in full names.
struct Wanted {
    any_of: Vec<String>,
    all_of: Vec<String>,
    requirement: Requirement,
}

impl Require {
    pub(crate) fn new(service: &str, requirement: &Requirement, link: Arc<Link>) -> Self {
        let full = |names: &[String]| names.iter().map(|name| format!("{service}:{name}")).collect();
        let wanted = Wanted {
            any_of: full(&requirement.any_of),
            all_of: full(requirement.all_of.as_deref().unwrap_or_default()),
            requirement: requirement.clone(),
        };
        Self { wanted: Arc::new(wanted), link }
    }
}

impl Wanted {
    fn of(&self, key: String) -> Verify<'static> {
        Verify {
            key: key.into(),
            any_of: self.any_of.clone(),
            all_of: self.all_of.clone(),
            level: self.requirement.level.map(i64::from),
            kind: self.requirement.kind,
        }
    }
}

impl<S> Layer<S> for Require {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, require: self.clone() }
    }
}

/// A service behind a [`Require`]. It is generic over the bodies: that of a request is handed on unread, that of an answer must be one that
/// can be made of text.
#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    require: Require,
}

impl<S, B, R> tower_service::Service<Request<B>> for Guarded<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that was asked whether it is ready has to take the call; the clone was not.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let require = self.require.clone();
        Box::pin(async move {
            match require.judge(&mut request).await {
                Ok(()) => inner.call(request).await,
                Err(refusal) => Ok(refusal.into_response(require.link.service())),
            }
        })
    }
}

impl Require {
    /// Puts the grant on the request, or says why not.
    async fn judge<B>(&self, request: &mut Request<B>) -> Result<(), Refusal> {
        let key = presented(request.headers_mut())?;
        let question = self.wanted.of(key);
        let grant = self.link.ask(&question).await?;
        request.extensions_mut().insert(grant);
        Ok(())
    }
}
