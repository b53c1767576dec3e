//! Futures that are beside the one that is woken: to be polled again only where that can tell anything.

use std::task::{Context, Poll, Waker};

use tokio::task::coop::has_budget_remaining;

/// Whom a future wakes that was polled last.
#[derive(Default)]
pub(super) struct Waiting(Option<Waker>);

impl Waiting {
    /// Whether it wakes whoever polls now.
    pub(super) fn is_for(&self, context: &Context<'_>) -> bool {
        self.0.as_ref().is_some_and(|waker| waker.will_wake(context.waker()))
    }

    /// Polls.
    pub(super) fn poll<T>(&mut self, context: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        // Without a budget, what tokio offers is not looked at, and nobody would be woken by it.
        let is_heard = has_budget_remaining();
        let polled = poll(context);
        self.0 = (is_heard && polled.is_pending()).then(|| context.waker().clone());
        polled
    }
}
