//! The body of an answer, and what becomes of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::pace::UnderWay;

/// The body of an answer, and the request that it answers.
pub(super) struct AnswerBody {
    body: Body,
    request: UnderWay,
}

/// A body that tells the pace how it ends. Its request is answered: who does not fetch the body is idle, and so is who asks for nothing else
/// beside one that goes on for as long as it likes, as a watch over gRPC does. Otherwise one such request would hold its connection for ever.
pub(super) fn accounted(body: Body, mut request: UnderWay) -> AnswerBody {
    request.is_answered();
    if body.is_end_stream() {
        request.is_taken();
    }
    AnswerBody { body, request }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if frame.is_none() || this.body.is_end_stream() {
            this.request.is_taken();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
