//! A body that must arrive in time.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::body::TooSlow;

/// The body of a request, with the moment at which it must be there.
pub(in crate::http) struct RequestBody {
    body: Incoming,
    /// What was read of it before it was asked for.
    before: Option<Result<Frame<Bytes>, axum::BoxError>>,
    /// None where there is nothing to wait for.
    deadline: Option<Instant>,
    /// Set when there is something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, timeout: Duration) -> Self {
        let deadline = (!body.is_end_stream()).then(|| Instant::now() + timeout);
        Self { body, before: None, deadline, timer: None }
    }

    /// All of it, if that has arrived in one piece already. Whoever is told so or not, it can be read as before.
    pub(in crate::http) fn arrived(&mut self) -> Option<Bytes> {
        if self.before.is_none() {
            // Nobody has to be woken: whoever reads it next asks again.
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(Some(frame)) = Pin::new(&mut self.body).poll_frame(&mut context) {
                self.before = Some(frame.map_err(Into::into));
            }
        }
        match &self.before {
            Some(Ok(frame)) if self.body.is_end_stream() => frame.data_ref().cloned(),
            _ => None,
        }
    }

    /// The body as any handler reads it.
    pub(in crate::http) fn boxed(self) -> Body {
        if self.is_end_stream() { Body::empty() } else { Body::new(self) }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = self.get_mut();
        if let Some(before) = this.before.take() {
            return Poll::Ready(Some(before));
        }
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.deadline.unwrap_or_else(Instant::now))));
        timer.as_mut().poll(context).map(|()| Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.before.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.before {
            // Those that ask have not read it yet; how much is left was told before.
            Some(_) => SizeHint::default(),
            None => self.body.size_hint(),
        }
    }
}
