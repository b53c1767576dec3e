//! What reaches the socket: requests that two parsers could read in two ways, too large, too slow, too many, or not HTTP at all. Each must end
//! with a word that fits or without one, its connection closed, and leave nothing behind.

mod crowd;
mod endless;
mod framing;
mod head;
mod http2;
mod limits;
mod raw;
mod slowness;
