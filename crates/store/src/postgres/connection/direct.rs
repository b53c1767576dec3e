//! Whether a connection leads to one and the same session of the server for as long as it lasts.
//!
//! Statements can be kept at the server then, and settings too. A proxy that shares sessions among its clients, such as PgBouncer in transaction
//! mode, cannot be told from a server by its address: but a server tells at the beginning which of its processes is there for the connection
//! and by which secret it can be asked to stop. Such a proxy has to tell something of its own, or one client could stop what another one
//! does. So a connection is direct if the process that was told of at its beginning is the one that answers.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// What a server says that is asked for TLS and has it.
const YES: u8 = b'S';
/// More than any of it takes.
const ROOM: usize = 64;

/// The process that the server told of when the connection began. The driver keeps it for a request to stop, which is written here and sent to
/// nobody.
pub(super) async fn told_process(client: &Client) -> Option<i32> {
    let (near, mut far) = tokio::io::duplex(ROOM);
    far.write_u8(YES).await.ok()?;
    client.cancel_token().cancel_query_raw(near, AsIs).await.ok()?;
    let mut request = Vec::new();
    far.read_to_end(&mut request).await.ok()?;
    // At its end stand the process and the secret.
    let process = request.len().checked_sub(8)?;
    Some(i32::from_be_bytes(request[process..process + 4].try_into().ok()?))
}

/// Secures nothing: nothing leaves this process.
struct AsIs;

impl TlsConnect<DuplexStream> for AsIs {
    type Stream = Plain;
    type Error = Infallible;
    type Future = Ready<Result<Plain, Infallible>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        ready(Ok(Plain(stream)))
    }
}

struct Plain(DuplexStream);

impl TlsStream for Plain {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Plain {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
