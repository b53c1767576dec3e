//! The load generator: one thread, kept-alive connections that each have one request under way, and no more work than it takes.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Random numbers that are good enough to pick keys by, and the same in each run.
pub struct Random(u64);

impl Random {
    /// Begins a row of numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number (splitmix64).
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must fit 32 bits.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(((self.next_number() >> 32) * end as u64) >> 32).unwrap()
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next_number().to_le_bytes()[..part.len()]);
        }
        bytes
    }
}

/// What is asked, and what counts as the right answer.
pub trait Ask {
    /// The next request as it goes over the wire; the buffer holds the one before.
    fn write(&mut self, random: &mut Random, request: &mut Vec<u8>);
    /// Whether an answer is the one that was wanted.
    fn is_right(&self, status: &[u8], body: &[u8]) -> bool;
}

/// What a time of load came to.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Answers.
    pub count: u64,
    /// Answers that were not wanted.
    pub wrong: u64,
    /// How long it took.
    pub took: Duration,
    /// Of each answer, in microseconds.
    pub micros: Vec<u32>,
}

impl Loaded {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.took.as_secs_f64()
    }

    /// For a run that begins.
    pub(crate) fn begun() -> Self {
        Self { micros: Vec::with_capacity(1 << 16), ..Self::default() }
    }

    /// Notes how long an answer took.
    pub(crate) fn note(&mut self, took: Duration) {
        self.micros.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// The latency in microseconds that this share of the answers kept below.
    #[must_use]
    pub fn quantile(&mut self, share: f64) -> f64 {
        if self.micros.is_empty() {
            return f64::NAN;
        }
        let place = ((self.micros.len() - 1) as f64 * share) as usize;
        f64::from(*self.micros.select_nth_unstable(place).1)
    }
}

/// Connects, and has `poll` tell by this number when something can be read or written.
///
/// # Panics
/// Where nobody listens.
pub(crate) fn connect(poll: &Poll, address: SocketAddr, number: usize) -> TcpStream {
    let socket = std::net::TcpStream::connect(address).unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut socket = TcpStream::from_std(socket);
    poll.registry().register(&mut socket, Token(number), Interest::READABLE | Interest::WRITABLE).unwrap();
    socket
}

struct Connection {
    socket: TcpStream,
    request: Vec<u8>,
    sent: usize,
    at: Instant,
    /// The answer so far.
    read: Vec<u8>,
    filled: usize,
}

/// The connections to one server.
pub struct Load {
    poll: Poll,
    connections: Vec<Connection>,
    random: Random,
}

impl Load {
    /// Connects so many times.
    ///
    /// # Panics
    /// Where nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr, connections: usize, seed: u64) -> Self {
        let poll = Poll::new().unwrap();
        let connections = (0..connections)
            .map(|number| {
                let socket = connect(&poll, address, number);
                Connection { socket, request: Vec::new(), sent: 0, at: Instant::now(), read: vec![0; 16 * 1024], filled: 0 }
            })
            .collect();
        Self { poll, connections, random: Random::new(seed) }
    }

    /// Asks for so long on all connections, and waits for the answers that are under way.
    ///
    /// # Panics
    /// Where a connection breaks.
    pub fn run(&mut self, ask: &mut dyn Ask, time: Duration) -> Loaded {
        let began = Instant::now();
        let end = began + time;
        let mut loaded = Loaded::begun();
        for connection in &mut self.connections {
            connection.ask(ask, &mut self.random, Instant::now());
        }
        let mut open = self.connections.len();
        let mut events = Events::with_capacity(256);
        while open > 0 {
            self.poll.poll(&mut events, Some(Duration::from_secs(20))).unwrap();
            assert!(!events.is_empty(), "no answer for 20 seconds");
            for event in &events {
                let connection = &mut self.connections[event.token().0];
                if connection.sent < connection.request.len() {
                    connection.send();
                }
                if !event.is_readable() || !connection.is_answered(ask, &mut loaded) {
                    continue;
                }
                let now = Instant::now();
                loaded.note(now - connection.at);
                if now < end {
                    connection.ask(ask, &mut self.random, now);
                } else {
                    open -= 1;
                }
            }
        }
        loaded.took = began.elapsed();
        loaded
    }
}

impl Connection {
    fn ask(&mut self, ask: &mut dyn Ask, random: &mut Random, now: Instant) {
        ask.write(random, &mut self.request);
        self.sent = 0;
        self.at = now;
        self.send();
    }

    fn send(&mut self) {
        while self.sent < self.request.len() {
            match self.socket.write(&self.request[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("a connection broke while a request was sent: {error}"),
            }
        }
    }

    /// Reads what is there. Returns whether the answer is whole; then it is judged and forgotten.
    fn is_answered(&mut self, ask: &dyn Ask, loaded: &mut Loaded) -> bool {
        loop {
            match self.socket.read(&mut self.read[self.filled..]) {
                Ok(0) => panic!("the server closed a connection"),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("a connection broke while an answer was read: {error}"),
            }
            if let Some((head, length)) = whole(&self.read[..self.filled]) {
                let (status, body) = (&self.read[9..12], &self.read[head..head + length]);
                loaded.count += 1;
                loaded.wrong += u64::from(!ask.is_right(status, body));
                self.filled = 0;
                return true;
            }
            if self.filled == self.read.len() {
                self.read.resize(2 * self.filled, 0);
            }
        }
    }
}

/// The lengths of head and body, where the answer is whole.
fn whole(answer: &[u8]) -> Option<(usize, usize)> {
    let head = memmem::find(answer, b"\r\n\r\n")? + 4;
    let length = match memmem::find(&answer[..head], b"content-length: ") {
        Some(at) => number(&answer[at + 16..]),
        None => match memmem::find(&answer[..head], b"Content-Length: ") {
            Some(at) => number(&answer[at + 16..]),
            // In chunks, from a server that knows no better; the last one is empty.
            None => return answer.ends_with(b"0\r\n\r\n").then(|| (head, answer.len() - head)),
        },
    };
    (answer.len() >= head + length).then_some((head, length))
}

fn number(digits: &[u8]) -> usize {
    digits.iter().take_while(|digit| digit.is_ascii_digit()).fold(0, |value, digit| value * 10 + usize::from(digit - b'0'))
}
