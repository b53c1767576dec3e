//! A client that writes its requests by hand, so that nothing tidies them on the way.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    head: String,
    pub text: String,
}

impl Told {
    /// A header of the answer, empty if it has none.
    pub fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
    }

    fn read(mut text: &str) -> Self {
        // That the body may come is no answer yet.
        while let Some((_, rest)) = text.strip_prefix("HTTP/1.1 100 ").and_then(|rest| rest.split_once("\r\n\r\n")) {
            text = rest;
        }
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no answer: {text:?}"));
        Self { status, head: head.to_owned(), text: rest.to_owned() }
    }
}

/// One request on a connection of its own. The header lines end in CR LF each; `connection: close` is among them or is added.
pub async fn ask(address: SocketAddr, method: &str, target: &str, headers: &str, body: &str) -> Told {
    let close = if headers.contains("connection: ") { "" } else { "connection: close\r\n" };
    let length = if body.is_empty() || headers.contains("transfer-encoding") {
        String::new()
    } else {
        format!("content-length: {}\r\n", body.len())
    };
    let answers =
        converse(address, &format!("{method} {target} HTTP/1.1\r\nhost: app.example\r\n{close}{headers}{length}\r\n{body}")).await;
    Told::read(&answers)
}

/// Requests on one connection, the last of which closes it; the statuses of the answers.
pub async fn statuses(address: SocketAddr, requests: &str) -> Vec<u16> {
    let answers = converse(address, requests).await;
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

async fn converse(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut heard = Vec::new();
    let (mut reader, mut writer) = stream.split();
    // A proxy that refuses may close before it has read all.
    let (_, read) = timeout(PATIENCE, async { tokio::join!(writer.write_all(text.as_bytes()), reader.read_to_end(&mut heard)) })
        .await
        .unwrap_or_else(|_| panic!("no end of the answer to {}", text.lines().next().unwrap_or_default()));
    let text = String::from_utf8_lossy(&heard).into_owned();
    assert!(read.is_ok() || !text.is_empty(), "{read:?}");
    text
}
