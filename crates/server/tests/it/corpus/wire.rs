//! One connection that everything is sent on, byte for byte.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::mutants::Mutant;
use super::routes::Route;
use crate::support::Cred;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Wire {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Wire {
    pub(super) fn open(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a body and waits for the answer, on the same connection as before. Only a body that is too large to be read may end it.
    pub(super) async fn send(&mut self, route: &Route, cred: &Cred, mutant: &Mutant) -> Reply {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(self.address).await.unwrap()),
        };
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n", route.method, route.path, self.address, mutant.body.len());
        match cred {
            Cred::None => {}
            Cred::Bearer(token) => head += &format!("authorization: Bearer {token}\r\n"),
            Cred::Basic(id, secret) => head += &format!("authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("{id}:{secret}"))),
            Cred::XApiKey(_) | Cred::CatenaKey(_) | Cred::CatenaSession(_) => panic!("no route is asked with it"),
        }
        for (name, value) in &mutant.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let exchange = async {
            // The server may answer and close before it has read a body that is too large.
            let sent = stream.get_mut().write_all(&[head.as_bytes(), &mutant.body].concat()).await;
            (sent, read(&mut stream).await)
        };
        let (sent, reply) = timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("{route}: {mutant}: no answer"));
        let reply = reply.unwrap_or_else(|error| panic!("{route}: {mutant}: {error}"));
        if reply.status != 413 {
            sent.unwrap_or_else(|error| panic!("{route}: {mutant}: {error}"));
            assert_eq!(reply.header("connection"), None, "{route}: {mutant}: the connection ends");
            self.stream = Some(stream);
        }
        reply
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Reply> {
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no status in {line:?}")))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let mut reply = Reply { status, headers, body: String::new() };
    let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    reply.body = String::from_utf8(body).map_err(std::io::Error::other)?;
    Ok(reply)
}
