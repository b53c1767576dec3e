//! Messages straight from one node to another: datagrams of a fixed length, which carry no more than a name and a revision. Where each node
//! hears them, and by which secret they are known for what they are, stands in its hints, which only those see who may ask the database. A
//! datagram may be lost, late or repeated, as any hint may; one that does not prove itself is as none.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::net::{UdpSocket, lookup_host};
use tokio_postgres::config::Host;
use uuid::Uuid;

use super::super::address::PostgresUrl;
use crate::Messages;

/// What kind, who, which revision, and the proof.
const LENGTH: usize = 1 + 16 + 8 + PROOF;
const PROOF: usize = 32;
const SECRET: usize = 32;
/// After one that proves nothing none is looked at for so long: whoever sends many delays messages, and keeps nobody busy.
const REST: Duration = Duration::from_millis(1);

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
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    /// There is a change, by the process that tells of it.
    Changed { process: Uuid, revision: i64 },
    /// An incarnation holds a revision.
    Holds { incarnation: Uuid, revision: i64 },
}

impl Said {
    fn written(self, secret: &Secret) -> [u8; LENGTH] {
        let (kind, who, revision) = match self {
            Self::Changed { process, revision } => (b'c', process, revision),
            Self::Holds { incarnation, revision } => (b'h', incarnation, revision),
        };
        let mut bytes = [0; LENGTH];
        bytes[0] = kind;
        bytes[1..17].copy_from_slice(who.as_bytes());
        bytes[17..25].copy_from_slice(&revision.to_be_bytes());
        let proof = secret.mac(&bytes[..25]).finalize().into_bytes();
        bytes[25..].copy_from_slice(&proof);
        bytes
    }

    /// What is claimed there. It is to be believed only if [`is_proven`].
    fn read(bytes: &[u8]) -> Option<Self> {
        let who = Uuid::from_slice(bytes.get(1..17)?).ok()?;
        let revision = i64::from_be_bytes(bytes.get(17..25)?.try_into().ok()?);
        match bytes.first()? {
            b'c' => Some(Self::Changed { process: who, revision }),
            b'h' => Some(Self::Holds { incarnation: who, revision }),
            _ => None,
        }
    }
}

fn is_proven(bytes: &[u8], secret: &Secret) -> bool {
    bytes.len() == LENGTH && secret.mac(&bytes[..LENGTH - PROOF]).verify_slice(&bytes[LENGTH - PROOF..]).is_ok()
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
        let bind = async {
            let socket = UdpSocket::bind(at).await?;
            // Before that, nothing could be sent without waiting.
            socket.writable().await?;
            Ok((socket.local_addr()?, socket))
        };
        let bound: io::Result<_> = bind.await;
        match bound {
            Ok((address, socket)) => Some(Self { socket, place: Place { address, secret: Secret::new() } }),
            Err(error) => {
                tracing::warn!(%error, address = %at, "nothing is heard from other nodes directly, but only through the database");
                None
            }
        }
    }

    /// Tells what proves itself by the secret of a place to whoever hears there. False if it surely does not arrive.
    pub(super) fn send(&self, said: Said, to: &Place) -> bool {
        self.send_to(said, to.address, &to.secret)
    }

    /// Tells what proves itself by the secret of this process, to an address from which it heard.
    pub(super) fn answer(&self, said: Said, to: SocketAddr) -> bool {
        self.send_to(said, to, &self.place.secret)
    }

    fn send_to(&self, said: Said, to: SocketAddr, secret: &Secret) -> bool {
        self.socket.try_send_to(&said.written(secret), to).is_ok()
    }

    /// Hears messages for as long as it is asked. `secret` knows by which another process proves itself.
    pub(super) async fn hear(&self, secret: impl Fn(Uuid) -> Option<Place>, hear: impl Fn(Said, SocketAddr)) {
        // One more, to tell what is too long.
        let mut bytes = [0; LENGTH + 1];
        loop {
            let heard = match self.socket.recv_from(&mut bytes).await {
                Ok((length, from)) => Said::read(&bytes[..length]).map(|said| (said, &bytes[..length], from)),
                // Such as that nobody hears where something was sent.
                Err(_) => None,
            };
            let proven = heard.filter(|(said, bytes, _)| match said {
                Said::Holds { .. } => is_proven(bytes, &self.place.secret),
                Said::Changed { process, .. } => secret(*process).is_some_and(|place| is_proven(bytes, &place.secret)),
            });
            match proven {
                Some((said, _, from)) => hear(said, from),
                None => tokio::time::sleep(REST).await,
            }
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
            let Ok(socket) = UdpSocket::bind((any, 0)).await else { continue };
            // It sends nothing.
            if socket.connect(database).await.is_ok()
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
        for said in
            [Said::Changed { process: Uuid::new_v4(), revision: 7 }, Said::Holds { incarnation: Uuid::new_v4(), revision: i64::MAX }]
        {
            let bytes = said.written(&secret);
            assert_eq!(Said::read(&bytes), Some(said));
            assert!(is_proven(&bytes, &secret) && !is_proven(&bytes, &other));
            for at in 0..LENGTH {
                let mut forged = bytes;
                forged[at] ^= 1;
                assert!(!is_proven(&forged, &secret), "byte {at}");
            }
            assert!(!is_proven(&bytes[..LENGTH - 1], &secret) && !is_proven(&[bytes.as_slice(), &[0]].concat(), &secret));
            assert_eq!(Said::read(&bytes[..20]), None);
        }
    }

    #[tokio::test]
    async fn whoever_does_not_know_the_secret_is_not_heard() {
        let url = PostgresUrl::parse("postgres:///keys?host=/run/postgresql").unwrap();
        let open = || async { Direct::open(Messages::Auto, &url).await.unwrap() };
        let (own, other) = (open().await, open().await);
        let (heard, mut hearing) = tokio::sync::mpsc::unbounded_channel();
        let (true_one, false_one) = (Uuid::new_v4(), Uuid::new_v4());
        let place = Place { address: own.place.address, secret: Secret::new() };
        let listening = own.hear(|_| None, |said, from| heard.send((said, from)).unwrap());
        let asking = async {
            assert!(other.send(Said::Holds { incarnation: false_one, revision: 9 }, &place));
            assert!(other.socket.send_to(&[0; 2_000], own.place.address).await.is_ok());
            assert!(other.send(Said::Changed { process: false_one, revision: 9 }, &own.place));
            assert!(other.send(Said::Holds { incarnation: true_one, revision: 3 }, &own.place));
            hearing.recv().await.unwrap()
        };
        let (said, from) = tokio::select! {
            () = listening => unreachable!("it hears for ever"),
            heard = asking => heard,
        };
        assert_eq!((said, from), (Said::Holds { incarnation: true_one, revision: 3 }, other.place.address));
    }
}
