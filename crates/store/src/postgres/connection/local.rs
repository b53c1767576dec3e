//! Connections to a server on the same machine, by its socket in the file system.
//!
//! The driver's own would be told whenever there is room to write again: on such a socket that is whenever the server has read what was sent to
//! it. So whoever waits for an answer is woken twice, the first time for nothing, while the server works for it, and perhaps on the processor
//! that it has just left. Here nobody asks for room until there is none.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};

/// The socket that leads to the server of this configuration, if there is one and it is the only way. Where the driver has to choose among
/// servers, it does all of it.
pub(super) fn socket(config: &Config) -> Option<PathBuf> {
    let [Host::Unix(folder)] = config.get_hosts() else { return None };
    let port = match config.get_ports() {
        [] => 5432,
        [port] => *port,
        _ => return None,
    };
    let is_chosen = config.get_hostaddrs().is_empty() && config.get_target_session_attrs() == TargetSessionAttrs::Any;
    is_chosen.then(|| folder.join(format!(".s.PGSQL.{port}")))
}

/// A connection by such a socket.
pub(super) struct Local {
    socket: AsyncFd<UnixStream>,
    /// The same one, while there was no room to write.
    room: Option<AsyncFd<UnixStream>>,
}

impl Local {
    /// # Errors
    /// Those of the system, as of a socket that is not there.
    pub(super) async fn connect(path: &Path) -> io::Result<Self> {
        Self::new(tokio::net::UnixStream::connect(path).await?.into_std()?)
    }

    /// Of one whose calls never wait.
    fn new(socket: UnixStream) -> io::Result<Self> {
        Ok(Self { socket: watched(socket, Interest::READABLE)?, room: None })
    }
}

/// Watches a socket for no more than this.
#[expect(deprecated, reason = "the other way is not safe; this one is, for a socket of the standard library, which owns what it leads to")]
fn watched(socket: UnixStream, interest: Interest) -> io::Result<AsyncFd<UnixStream>> {
    AsyncFd::with_interest(socket, interest)
}

impl AsyncRead for Local {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut readable = ready!(self.socket.poll_read_ready(context))?;
            let room = into.initialize_unfilled();
            let length = room.len();
            let Ok(read) = readable.try_io(|socket| socket.get_ref().read(room)) else { continue };
            let count = read?;
            if (1..length).contains(&count) {
                // That was all, so nobody has to ask again.
                readable.clear_ready();
            }
            into.advance(count);
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Local {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            match self.socket.get_ref().write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => {
                    self.room = None;
                    return Poll::Ready(written);
                }
            }
            let room = match self.room.take() {
                Some(room) => room,
                None => watched(self.socket.get_ref().try_clone()?, Interest::WRITABLE)?,
            };
            let has_room = room.poll_write_ready(context).map_ok(|mut has_room| has_room.clear_ready());
            self.room = Some(room);
            ready!(has_room)?;
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(std::net::Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// More than any socket holds.
    const MUCH: usize = 8 << 20;

    fn pair() -> (Local, Local) {
        let (one, other) = UnixStream::pair().unwrap();
        let local = |socket: UnixStream| {
            socket.set_nonblocking(true).unwrap();
            Local::new(socket).unwrap()
        };
        (local(one), local(other))
    }

    fn config(text: &str) -> Config {
        text.parse().unwrap()
    }

    #[test]
    fn it_is_for_one_server_on_this_machine() {
        let path = |text| socket(&config(text)).map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(path("postgres://me@%2Frun%2Fpostgresql/keys").as_deref(), Some("/run/postgresql/.s.PGSQL.5432"));
        assert_eq!(path("postgres:///keys?host=/run/postgresql&port=6000").as_deref(), Some("/run/postgresql/.s.PGSQL.6000"));
        for other in [
            "postgres://db.example/keys",
            "host=/run/one,/run/other",
            "host=/run/postgresql,db.example",
            "postgres:///keys?host=/run/postgresql&hostaddr=127.0.0.1",
            "postgres:///keys?host=/run/postgresql&target_session_attrs=read-write",
        ] {
            assert_eq!(path(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn whoever_writes_more_than_there_is_room_for_waits_until_it_is_read() {
        let (mut near, mut far) = pair();
        let sent: Vec<u8> = (0..MUCH).map(|number| u8::try_from(number % 251).unwrap()).collect();
        let mut heard = Vec::new();
        let writes = async {
            near.write_all(&sent).await.unwrap();
            assert!(near.room.is_none(), "nobody asks for room any more");
            near.shutdown().await.unwrap();
            near
        };
        let (mut near, read) = tokio::join!(writes, far.read_to_end(&mut heard));
        assert_eq!(read.unwrap(), MUCH);
        assert!(heard == sent);
        // The other way is still open.
        far.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        near.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        drop(far);
        assert_eq!(near.read(&mut answer).await.unwrap(), 0);
        assert!(near.write_all(b"nobody reads it").await.is_err());
    }

    #[tokio::test]
    async fn what_comes_in_pieces_is_read_as_it_comes() {
        let (mut near, mut far) = pair();
        for piece in 0..100_u8 {
            let pieces = [piece; 3];
            let (written, read) = tokio::join!(far.write_all(&pieces), near.read_u8());
            written.unwrap();
            assert_eq!((read.unwrap(), near.read_u16().await.unwrap()), (piece, u16::from_be_bytes([piece; 2])));
        }
    }
}
