//! A client on one kept-alive connection, which does no more than it must.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One connection.
pub struct Client {
    socket: TcpStream,
    read: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The size of the body, in bytes.
    pub body: usize,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, read: Vec::with_capacity(1 << 20) }
    }

    /// A request as it goes over the wire.
    #[must_use]
    pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        use std::fmt::Write as _;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n");
        for (name, value) in headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        if !body.is_empty() {
            write!(text, "Content-Length: {}\r\n", body.len()).unwrap();
        }
        format!("{text}\r\n{body}").into_bytes()
    }

    /// Sends it, and reads the answer to its end.
    ///
    /// # Panics
    /// Where the connection breaks, or the answer has no `Content-Length`.
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        self.socket.write_all(request).unwrap();
        self.read.clear();
        let mut part = [0; 1 << 16];
        loop {
            let count = self.socket.read(&mut part).unwrap();
            assert!(count > 0, "the server closed the connection");
            self.read.extend_from_slice(&part[..count]);
            let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.read[..end]).unwrap();
            let status = head[9..12].parse().unwrap();
            let length = header(head, "content-length").or((status == 204).then_some("0"));
            let body: usize = length.unwrap_or_else(|| panic!("no Content-Length: {head}")).parse().unwrap();
            if self.read.len() == end + 4 + body {
                return Answer { status, body };
            }
        }
    }

    /// The answer of the last request, head and body.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(": ")).find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
