//! Messages straight from one node to another: datagrams, which carry a name and a revision, and of a revocation which keys it revoked. Where
//! each node hears them, and by which secret they are known for what they are, stands in its hints, which only those see who may ask the
//! database. A datagram may be lost, late or repeated, as any hint may; one that does not prove itself is as none.
//!
//! They are heard on a thread of its own, which waits for nothing else: so nothing that the node does with the database delays what it says to
//! others, and nobody is woken by what is sent.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use keybearer_core::key::RevocationReason;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use rustix::net::{SendFlags, sendto};
use sha2::Sha256;
use tokio::net::lookup_host;
use tokio_postgres::config::Host;
use uuid::Uuid;

use super::super::address::PostgresUrl;
use crate::{Messages, RevokedKeys};

/// What kind, who, and which revision: with this all begin.
const HEAD: usize = 1 + 16 + 8;
/// With this all end.
const PROOF: usize = 32;
/// The longest, which no network has to part.
const LONGEST: usize = 1_024;
/// The most keys of which one message tells: they fit, with when and how many before them, and why behind them.
const MOST_KEYS: usize = 48;
const _: () = assert!(HEAD + 8 + 1 + 16 * MOST_KEYS + 64 + PROOF <= LONGEST);
const SECRET: usize = 32;
/// After one that proves nothing none is looked at for so long: whoever sends many delays messages, and keeps nobody busy.
const REST: Duration = Duration::from_millis(1);
/// How often the thread that hears looks whether it is to end. It is woken for that; but that message may be lost, as any.
const LOOK: Duration = Duration::from_millis(250);

/// By which a node knows that who sends it a message may ask the database, and others that a message is from that node. Made anew with each
/// socket.
#[derive(Clone)]
pub(super) struct Secret([u8; SECRET]);

impl Secret {
    fn new() -> Self {
        let mut bytes = [0; SECRET];
        bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
        bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
        Self(bytes)
    }

    fn mac(&self, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(said);
        mac
    }
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// There is a change, by the process that tells of it; and what it did, if that can be told.
    Changed { process: Uuid, revision: i64, revoked: Option<RevokedKeys> },
    /// There may soon be a change of that revision, by this process, which revokes these keys. Each attempt of a process has its own number.
    Foretells { process: Uuid, revision: i64, attempt: u64, keys: Vec<KeyId> },
    /// An incarnation holds a revision.
    Holds { incarnation: Uuid, revision: i64 },
    /// An incarnation answers about the keys of this attempt as one that holds its change, whether it is made or not.
    Heeds { incarnation: Uuid, attempt: u64 },
}

impl Said {
    fn written(&self, secret: &Secret) -> Vec<u8> {
        let (kind, who, number) = match self {
            Self::Changed { process, revision, revoked: None } => (b'c', process, revision.to_be_bytes()),
            Self::Changed { process, revision, .. } => (b'r', process, revision.to_be_bytes()),
            Self::Foretells { process, revision, .. } => (b'f', process, revision.to_be_bytes()),
            Self::Holds { incarnation, revision } => (b'h', incarnation, revision.to_be_bytes()),
            Self::Heeds { incarnation, attempt } => (b'y', incarnation, attempt.to_be_bytes()),
        };
        let mut bytes = Vec::with_capacity(HEAD + PROOF);
        bytes.push(kind);
        bytes.extend_from_slice(who.as_bytes());
        bytes.extend_from_slice(&number);
        match self {
            Self::Changed { revoked: Some(RevokedKeys { keys, at, reason }), .. } => {
                bytes.extend_from_slice(&at.0.to_be_bytes());
                write_keys(keys, &mut bytes);
                bytes.extend_from_slice(reason.as_str().as_bytes());
            }
            Self::Foretells { attempt, keys, .. } => {
                bytes.extend_from_slice(&attempt.to_be_bytes());
                write_keys(keys, &mut bytes);
            }
            Self::Changed { revoked: None, .. } | Self::Holds { .. } | Self::Heeds { .. } => {}
        }
        let proof = secret.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&proof);
        bytes
    }

    /// What is claimed there. It is to be believed only if [`is_proven`].
    fn read(bytes: &[u8]) -> Option<Self> {
        let (said, _) = bytes.split_last_chunk::<PROOF>()?;
        let (head, rest) = said.split_first_chunk::<HEAD>()?;
        let who = Uuid::from_slice(&head[1..17]).ok()?;
        let revision = i64::from_be_bytes(head[17..].try_into().ok()?);
        match head[0] {
            b'c' if rest.is_empty() => Some(Self::Changed { process: who, revision, revoked: None }),
            b'r' => Some(Self::Changed { process: who, revision, revoked: Some(revoked(rest)?) }),
            b'f' => {
                let (attempt, rest) = rest.split_first_chunk()?;
                let (keys, rest) = read_keys(rest)?;
                rest.is_empty().then_some(Self::Foretells { process: who, revision, attempt: u64::from_be_bytes(*attempt), keys })
            }
            b'h' if rest.is_empty() => Some(Self::Holds { incarnation: who, revision }),
            b'y' if rest.is_empty() => Some(Self::Heeds { incarnation: who, attempt: revision.cast_unsigned() }),
            _ => None,
        }
    }
}

fn revoked(bytes: &[u8]) -> Option<RevokedKeys> {
    let (at, rest) = bytes.split_first_chunk()?;
    let (keys, reason) = read_keys(rest)?;
    let reason = RevocationReason::parse(str::from_utf8(reason).ok()?)?;
    Some(RevokedKeys { keys, at: UnixMillis(i64::from_be_bytes(*at)), reason })
}

fn write_keys(keys: &[KeyId], into: &mut Vec<u8>) {
    into.push(u8::try_from(keys.len()).expect("there are no more than MOST_KEYS"));
    keys.iter().for_each(|id| into.extend_from_slice(id.as_bytes()));
}

/// Keys, and what is behind them.
fn read_keys(bytes: &[u8]) -> Option<(Vec<KeyId>, &[u8])> {
    let (count, rest) = bytes.split_first()?;
    let (keys, rest) = rest.split_at_checked(16 * usize::from(*count))?;
    let (keys, _) = keys.as_chunks();
    Some((keys.iter().map(|id| KeyId::from_bytes(*id)).collect(), rest))
}

/// Whether one message can tell of all of these keys.
pub(super) fn has_room(keys: &[KeyId]) -> bool {
    keys.len() <= MOST_KEYS
}

fn is_proven(bytes: &[u8], secret: &Secret) -> bool {
    bytes.split_last_chunk::<PROOF>().is_some_and(|(said, proof)| secret.mac(said).verify_slice(proof).is_ok())
}

/// Where a node hears messages, and how those prove themselves that come from there or go there.
#[derive(Clone)]
pub(super) struct Place {
    address: SocketAddr,
    secret: Secret,
}

impl Place {
    /// As it stands in a hint.
    pub(super) fn written(&self) -> String {
        let (first, second) = self.secret.0.split_at(16);
        let half = |bytes: &[u8]| Uuid::from_slice(bytes).unwrap_or_default().simple();
        format!("{} {}{}", self.address, half(first), half(second))
    }

    /// Of the two words of [`Place::written`].
    pub(super) fn read(address: &str, secret: &str) -> Option<Self> {
        let half = |text: Option<&str>| text?.parse::<Uuid>().ok();
        let mut bytes = [0; SECRET];
        bytes[..16].copy_from_slice(half(secret.get(..32))?.as_bytes());
        bytes[16..].copy_from_slice(half(secret.get(32..))?.as_bytes());
        Some(Self { address: address.parse().ok()?, secret: Secret(bytes) })
    }
}

/// Where this process sends and hears messages.
pub(super) struct Direct {
    socket: UdpSocket,
    pub(super) place: Place,
}

impl Direct {
    /// None where there is to be none, or none can be had.
    pub(super) async fn open(messages: Messages, url: &PostgresUrl) -> Option<Self> {
        let at = match messages {
            Messages::Off => return None,
            Messages::At(address) => address,
            Messages::Auto => SocketAddr::new(nearest(url).await?, 0),
        };
        let bind = || {
            let socket = UdpSocket::bind(at)?;
            socket.set_read_timeout(Some(LOOK))?;
            Ok((socket.local_addr()?, socket))
        };
        let bound: io::Result<_> = bind();
        match bound {
            Ok((address, socket)) => Some(Self { socket, place: Place { address, secret: Secret::new() } }),
            Err(error) => {
                tracing::warn!(%error, address = %at, "nothing is heard from other nodes directly, but only through the database");
                None
            }
        }
    }

    /// Tells what proves itself by the secret of a place to whoever hears there. False if it surely does not arrive.
    pub(super) fn send(&self, said: &Said, to: &Place) -> bool {
        self.send_to(said, to.address, &to.secret)
    }

    /// Tells what proves itself by the secret of this process, to an address from which it heard.
    pub(super) fn answer(&self, said: &Said, to: SocketAddr) -> bool {
        self.send_to(said, to, &self.place.secret)
    }

    fn send_to(&self, said: &Said, to: SocketAddr, secret: &Secret) -> bool {
        // Nobody waits for room: there is some, or the message is lost.
        sendto(&self.socket, &said.written(secret), SendFlags::DONTWAIT, &to).is_ok()
    }

    /// Hears messages until what is returned is dropped. `secret` knows by which another process proves itself.
    pub(super) fn hear(
        self: &Arc<Self>,
        secret: impl Fn(Uuid) -> Option<Place> + Send + 'static,
        hear: impl Fn(Said, SocketAddr) + Send + 'static,
    ) -> io::Result<Hearing> {
        let direct = Arc::clone(self);
        let has_ended = Arc::<AtomicBool>::default();
        let is_over = Arc::clone(&has_ended);
        let run = move || {
            // One more, to tell what is too long.
            let mut bytes = [0; LONGEST + 1];
            while !is_over.load(Ordering::Acquire) {
                let heard = match direct.socket.recv_from(&mut bytes) {
                    Ok((length, from)) if length <= LONGEST => Said::read(&bytes[..length]).map(|said| (said, &bytes[..length], from)),
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                    // Such as that nobody hears where something was sent.
                    _ => None,
                };
                let proven = heard.filter(|(said, bytes, _)| match said {
                    Said::Holds { .. } | Said::Heeds { .. } => is_proven(bytes, &direct.place.secret),
                    Said::Changed { process, .. } | Said::Foretells { process, .. } => {
                        secret(*process).is_some_and(|place| is_proven(bytes, &place.secret))
                    }
                });
                match proven {
                    Some((said, _, from)) => hear(said, from),
                    None => std::thread::sleep(REST),
                }
            }
        };
        let thread = std::thread::Builder::new().name("messages".into()).spawn(run)?;
        Ok(Hearing { direct: Arc::clone(self), has_ended, thread: Some(thread) })
    }
}

/// The thread that hears messages. Dropped, it ends.
pub(super) struct Hearing {
    direct: Arc<Direct>,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Release);
        // A message that says nothing wakes it.
        drop(self.direct.socket.send_to(&[], self.direct.place.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The address by which this machine reaches the database: by which others that reach it are likely to reach this one.
async fn nearest(url: &PostgresUrl) -> Option<IpAddr> {
    let config = url.client();
    let ports = config.get_ports();
    for (at, host) in config.get_hosts().iter().enumerate() {
        let Host::Tcp(name) = host else { return Some(Ipv4Addr::LOCALHOST.into()) };
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let Ok(found) = lookup_host((name.as_str(), port)).await else { continue };
        for database in found {
            let any: IpAddr = if database.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
            let Ok(socket) = UdpSocket::bind((any, 0)) else { continue };
            // It sends nothing.
            if socket.connect(database).is_ok()
                && let Ok(own) = socket.local_addr()
            {
                return Some(own.ip());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { address: "127.0.0.1:7000".parse().unwrap(), secret: Secret::new() }
    }

    #[test]
    fn a_place_reads_as_it_was_written() {
        for address in ["127.0.0.1:7000", "[::1]:7000"] {
            let place = Place { address: address.parse().unwrap(), ..place() };
            let written = place.written();
            let (address, secret) = written.split_once(' ').unwrap();
            let read = Place::read(address, secret).unwrap();
            assert!(read.address == place.address && read.secret.0 == place.secret.0);
            assert!(Place::read(address, &secret[1..]).is_none() && Place::read("here", secret).is_none());
        }
    }

    #[test]
    fn a_message_proves_itself_by_the_secret_alone_and_says_what_was_said() {
        let (secret, other) = (Secret::new(), Secret::new());
        let process = Uuid::new_v4();
        let keys = |count: u8| (0..count).map(|number| KeyId::from_bytes([number; 16])).collect::<Vec<_>>();
        let revoked = |count: u8| {
            Some(RevokedKeys { keys: keys(count), at: UnixMillis(1_700_000_000_000), reason: RevocationReason::ConsentRevoked })
        };
        let most = u8::try_from(MOST_KEYS).unwrap();
        for said in [
            Said::Changed { process, revision: 7, revoked: None },
            Said::Changed { process, revision: 7, revoked: revoked(1) },
            Said::Changed { process, revision: 7, revoked: revoked(most) },
            Said::Foretells { process, revision: 7, attempt: u64::MAX, keys: keys(1) },
            Said::Foretells { process, revision: 7, attempt: 0, keys: keys(most) },
            Said::Holds { incarnation: Uuid::new_v4(), revision: i64::MAX },
            Said::Heeds { incarnation: Uuid::new_v4(), attempt: u64::MAX },
        ] {
            let bytes = said.written(&secret);
            assert!(bytes.len() <= LONGEST);
            assert_eq!(Said::read(&bytes), Some(said));
            assert!(is_proven(&bytes, &secret) && !is_proven(&bytes, &other));
            for at in 0..bytes.len() {
                let mut forged = bytes.clone();
                forged[at] ^= 1;
                assert!(!is_proven(&forged, &secret), "byte {at}");
                assert!(!is_proven(&bytes[..at], &secret), "{at} bytes");
            }
            assert!(!is_proven(&[bytes.as_slice(), &[0]].concat(), &secret));
            // Whoever cuts something off reads nothing in it, or at least not the same.
            assert!((0..bytes.len()).all(|at| Said::read(&bytes[..at]) != Said::read(&bytes)));
        }
        assert!(has_room(&keys(most)) && !has_room(&keys(most + 1)));
    }

    #[tokio::test]
    async fn whoever_does_not_know_the_secret_is_not_heard() {
        let url = PostgresUrl::parse("postgres:///keys?host=/run/postgresql").unwrap();
        let open = || async { Arc::new(Direct::open(Messages::Auto, &url).await.unwrap()) };
        let (own, other) = (open().await, open().await);
        let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
        let (true_one, false_one) = (Uuid::new_v4(), Uuid::new_v4());
        let place = Place { address: own.place.address, secret: Secret::new() };
        let listening = own.hear(|_| None, move |said, from| heard.send((said, from)).unwrap()).unwrap();
        assert!(other.send(&Said::Holds { incarnation: false_one, revision: 9 }, &place));
        assert!(other.socket.send_to(&[0; 2_000], own.place.address).is_ok());
        assert!(other.send(&Said::Changed { process: false_one, revision: 9, revoked: None }, &own.place));
        assert!(other.send(&Said::Holds { incarnation: true_one, revision: 3 }, &own.place));
        let (said, from) = hearing.recv().await.unwrap();
        assert_eq!((said, from), (Said::Holds { incarnation: true_one, revision: 3 }, other.place.address));
        drop(listening);
        assert!(hearing.recv().await.is_none(), "nobody hears any more");
    }
}
