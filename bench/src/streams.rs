//! The load generator for gRPC: one thread, a few HTTP/2 connections with many calls under way on each, and no more work than it takes.
//!
//! It writes the frames itself. A client that does all that HTTP/2 asks for costs about as much as the server, and would be what is measured.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Poll};

use crate::load::{Ask, Loaded, Random, connect};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The length of the head of a frame.
const HEAD: usize = 9;
/// Kinds of frames.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
/// Flags of frames.
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// What may be sent before the other side asks for more (RFC 9113, section 6.9.2).
const WINDOW: i64 = 65_535;
/// How a head begins that says 200 (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

/// The connections to one server.
pub struct Streams {
    poll: Poll,
    connections: Vec<Connection>,
    random: Random,
}

struct Connection {
    socket: TcpStream,
    path: &'static str,
    /// To be written.
    out: Vec<u8>,
    sent: usize,
    read: Vec<u8>,
    filled: usize,
    calls: Vec<Call>,
    next: u32,
    /// What may be sent.
    window: i64,
}

/// A call under way.
struct Call {
    stream: u32,
    request: Vec<u8>,
    at: Instant,
    is_200: bool,
    body: Vec<u8>,
}

impl Streams {
    /// Connects so many times, for so many calls at once on each.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr, path: &'static str, (connections, calls): (usize, usize), seed: u64) -> Self {
        let poll = Poll::new().unwrap();
        let connections = (0..connections).map(|number| Connection::begin(connect(&poll, address, number), path, calls)).collect();
        Self { poll, connections, random: Random::new(seed) }
    }

    /// Asks for so long, and waits for the answers that are under way.
    ///
    /// # Panics
    /// Where a connection breaks, or a call is reset.
    pub fn run(&mut self, ask: &mut dyn Ask, time: Duration) -> Loaded {
        let began = Instant::now();
        let end = began + time;
        let mut loaded = Loaded::begun();
        let mut open = 0;
        for connection in &mut self.connections {
            for place in 0..connection.calls.len() {
                connection.ask(place, ask, &mut self.random, Instant::now());
                open += 1;
            }
            connection.send();
        }
        let mut events = Events::with_capacity(64);
        while open > 0 {
            self.poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(!events.is_empty(), "no answer for 20 seconds");
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                while event.is_readable() && connection.read() {
                    open -= connection.take(ask, &mut self.random, end, &mut loaded);
                }
                connection.send();
            }
        }
        loaded.took = began.elapsed();
        loaded
    }
}

impl Connection {
    fn begin(socket: TcpStream, path: &'static str, calls: usize) -> Self {
        let call = || Call { stream: 0, request: Vec::new(), at: Instant::now(), is_200: false, body: Vec::new() };
        let mut out = PREFACE.to_vec();
        frame(&mut out, SETTINGS, 0, 0, &[]);
        // All answers of a run fit: nothing has to be asked for again.
        frame(&mut out, WINDOW_UPDATE, 0, 0, &(i32::MAX as u32 - WINDOW as u32).to_be_bytes());
        let calls = (0..calls).map(|_| call()).collect();
        Self { socket, path, out, sent: 0, read: vec![0; 256 * 1024], filled: 0, calls, next: 1, window: WINDOW }
    }

    /// Begins a call.
    fn ask(&mut self, place: usize, ask: &mut dyn Ask, random: &mut Random, now: Instant) {
        let call = &mut self.calls[place];
        ask.write(random, &mut call.request);
        (call.stream, call.at, call.is_200) = (self.next, now, false);
        call.body.clear();
        if self.next == 1 {
            frame(&mut self.out, HEADERS, END_HEADERS, 1, &first_head(self.path));
        } else {
            // POST, http, and what the first head left in the table: path, authority, content-type and te.
            frame(&mut self.out, HEADERS, END_HEADERS, self.next, &[0x83, 0x86, 0xc1, 0xc0, 0xbf, 0xbe]);
        }
        frame(&mut self.out, DATA, END_STREAM, self.next, &call.request);
        self.window -= i64::try_from(call.request.len()).unwrap();
        self.next += 2;
    }

    /// Sends what is to be sent, as far as it goes.
    fn send(&mut self) {
        assert!(self.window >= 0, "the server takes fewer bytes than the calls under way have");
        while self.sent < self.out.len() {
            match self.socket.write(&self.out[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("a connection broke while calls were sent: {error}"),
            }
        }
        self.out.clear();
        self.sent = 0;
    }

    /// Reads what is there. Returns whether there was anything.
    fn read(&mut self) -> bool {
        match self.socket.read(&mut self.read[self.filled..]) {
            Ok(0) => panic!("the server closed a connection"),
            Ok(count) => {
                self.filled += count;
                true
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("a connection broke while answers were read: {error}"),
        }
    }

    /// Takes each frame that is whole, and asks anew where a call is answered. Returns how many places are left empty.
    fn take(&mut self, ask: &mut dyn Ask, random: &mut Random, end: Instant, loaded: &mut Loaded) -> usize {
        let (mut at, mut left) = (0, 0);
        while let Some(head) = self.read[at..self.filled].first_chunk::<HEAD>() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let (kind, flags) = (head[3], head[4]);
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & (u32::MAX >> 1);
            let body = at + HEAD..at + HEAD + length;
            if body.end > self.filled {
                break;
            }
            at = body.end;
            let body = &self.read[body];
            match kind {
                DATA | HEADERS => {
                    let place = self.calls.iter().position(|call| call.stream == stream).unwrap();
                    let call = &mut self.calls[place];
                    if kind == DATA {
                        call.body.extend_from_slice(body);
                    } else if body.first() == Some(&STATUS_200) {
                        call.is_200 = true;
                    }
                    if flags & END_STREAM != 0 {
                        let now = Instant::now();
                        loaded.count += 1;
                        loaded.wrong += u64::from(!ask.is_right(if call.is_200 { b"200" } else { b"" }, &call.body));
                        loaded.note(now - call.at);
                        if now < end {
                            self.ask(place, ask, random, now);
                        } else {
                            left += 1;
                        }
                    }
                }
                SETTINGS if flags & ACK == 0 => frame(&mut self.out, SETTINGS, ACK, 0, &[]),
                PING if flags & ACK == 0 => frame(&mut self.out, PING, ACK, 0, body),
                WINDOW_UPDATE if stream == 0 => self.window += i64::from(u32::from_be_bytes(body.try_into().unwrap())),
                SETTINGS | PING | WINDOW_UPDATE => {}
                other => panic!("a frame that means the end: {other}, {:?}", String::from_utf8_lossy(body)),
            }
        }
        self.read.copy_within(at..self.filled, 0);
        self.filled -= at;
        left
    }
}

/// The head of the first call, which leaves its lines in the table of the connection, as every client does.
fn first_head(path: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [
        &[0x83, 0x86, 0x44][..],
        &text(path),
        &[0x41],
        &text("bench"),
        &[0x5f],
        &text("application/grpc"),
        &[0x40],
        &text("te"),
        &text("trailers"),
    ]
    .concat()
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, body: &[u8]) {
    out.extend_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(body);
}
