//! The bytes of a connection, on their way between the socket and the protocol.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::heads::Heads;
use super::pace::Pace;

/// What HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What follows the broken end of a line that is wrong: the end of the head, so that the parser looks at it now.
const END: &[u8] = b"\r\n\r\n";

/// What is spoken on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads until the protocol is plain: HTTP/2 says so at once, all else is HTTP/1. Returns also what was read.
///
/// # Errors
/// Where the socket fails.
pub(super) async fn sniff(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<(Protocol, Bytes)> {
    use tokio::io::AsyncReadExt;
    let mut read = Vec::with_capacity(PREFACE.len());
    while PREFACE.starts_with(&read) {
        if read.len() == PREFACE.len() {
            return Ok((Protocol::Http2, read.into()));
        }
        let left = (PREFACE.len() - read.len()) as u64;
        if (&mut *socket).take(left).read_buf(&mut read).await? == 0 {
            break;
        }
    }
    Ok((Protocol::Http1, read.into()))
}

/// A socket of which the beginning was read before, and of which HTTP/1 is read strictly.
pub(super) struct Stream<S> {
    socket: S,
    /// To be read before the socket.
    before: Bytes,
    /// `None` for HTTP/2.
    heads: Option<Heads>,
    /// A line was wrong: no more is read.
    refused: bool,
    pace: Arc<Pace>,
    /// Whether a head has begun, as the pace was told last.
    told: Option<bool>,
    shut: bool,
}

impl<S> Stream<S> {
    pub(super) fn new(socket: S, protocol: Protocol, before: Bytes, pace: Arc<Pace>) -> Self {
        let heads = (protocol == Protocol::Http1).then(Heads::new);
        Self { socket, before, heads, refused: false, pace, told: None, shut: false }
    }

    fn look_at(&mut self, buffer: &mut ReadBuf<'_>, from: usize) {
        let Some(heads) = &mut self.heads else { return };
        let read = &mut buffer.filled_mut()[from..];
        if read.is_empty() {
            return;
        }
        if let Some(wrong) = heads.read(read) {
            // No line may hold this.
            read[wrong] = 0;
            buffer.set_filled(from + wrong + 1);
            self.before = Bytes::from_static(END);
            self.refused = true;
        }
        let in_head = heads.in_head();
        if self.told.replace(in_head) != Some(in_head) {
            self.pace.head(in_head);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let from = buffer.filled().len();
        if !this.before.is_empty() {
            let now = this.before.len().min(buffer.remaining());
            buffer.put_slice(&this.before.split_to(now));
        } else if !this.refused {
            ready!(Pin::new(&mut this.socket).poll_read(context, buffer))?;
        }
        if !this.refused {
            this.look_at(buffer, from);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    /// Says that no more is written. Where a request is left unread, it also reads what still comes until the other side has noticed: a socket
    /// that is closed with something unread is reset, and takes with it the answer that says why. The pace ends this in any case.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.shut {
            this.pace.close();
            ready!(Pin::new(&mut this.socket).poll_shutdown(context))?;
            this.shut = true;
        }
        if this.heads.as_ref().is_none_or(Heads::at_rest) {
            return Poll::Ready(Ok(()));
        }
        let mut scrap = [0; 4096];
        // A flood gives way to others now and then: the socket's budget sees to it.
        loop {
            let mut buffer = ReadBuf::new(&mut scrap);
            ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
