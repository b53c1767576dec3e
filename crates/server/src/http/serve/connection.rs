//! One connection, from its first byte to its last: TLS where it is set, HTTP/1.1 or HTTP/2 as the client begins, and an end to everything
//! that does not get anywhere.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use axum::extract::{ConnectInfo, Request};
use futures_util::future::Either;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::answer_body::accounted;
use super::pace::{Alarm, Overdue, Pace};
use super::request_body::RequestBody;
use super::stream::{Protocol, Stream, sniff};
use super::waiting::Waiting;
use crate::app::App;
use crate::config::HttpConfig;
use crate::http::Faces;
use crate::http::shortcut::Shortcut;
use crate::tls::Tls;

/// The most bytes of a head, first line included; beyond it the answer is 431. A URL has a limit of its own.
const MOST_HEAD: usize = 24 * 1024;
/// The most header lines; beyond it the answer is 431.
const MOST_HEADERS: usize = 100;
/// The most bytes of headers over HTTP/2, counted as it does.
const MOST_HEADER_LIST: u32 = 16 * 1024;
/// The most requests of one HTTP/2 connection at once.
const MOST_STREAMS: u32 = 128;
/// Streams that were reset before they were looked at, and streams that we reset because the client broke the protocol: beyond, it ends.
const MOST_UNSEEN_RESETS: usize = 20;
const MOST_FAULTY_STREAMS: usize = 64;
/// The most bytes that are read ahead.
const READ_AHEAD: usize = 64 * 1024;

/// What all connections share.
pub(super) struct Serving {
    app: Arc<App>,
    faces: Arc<Faces>,
    config: HttpConfig,
    tls: Option<Arc<Tls>>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Serving {
    pub(super) fn new(app: Arc<App>, faces: Faces) -> Self {
        let (config, tls) = (app.config.http, app.tls.clone());
        let mut http1 = http1::Builder::new();
        // The time for a head is counted by the pace, which tells a head that is slow from none.
        http1.timer(TokioTimer::new()).header_read_timeout(None);
        // Answers are small: to put head and body into one piece costs less than to have the system gather them.
        http1.writev(false);
        http1.max_header_size(MOST_HEAD).max_headers(MOST_HEADERS).max_buf_size(READ_AHEAD);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).keep_alive_interval(config.idle_timeout / 3).keep_alive_timeout(config.header_timeout);
        http2.max_concurrent_streams(MOST_STREAMS).max_header_list_size(MOST_HEADER_LIST);
        http2.max_pending_accept_reset_streams(MOST_UNSEEN_RESETS).max_local_error_reset_streams(MOST_FAULTY_STREAMS);
        http2.initial_stream_window_size(READ_AHEAD as u32).initial_connection_window_size(1024 * 1024);
        Self { app, faces: Arc::new(faces), config, tls, http1, http2 }
    }

    /// Answers what is asked on this connection until it ends, or is told to stop and has finished.
    pub(super) async fn serve(&self, socket: TcpStream, peer: SocketAddr, mut stopping: watch::Receiver<bool>) {
        // Answers are small and written at once; waiting for more would only delay them. Where it fails, the connection is broken anyway.
        let _ = socket.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.speak(socket, peer, stopping).await;
        };
        let handshake = timeout(self.config.header_timeout, tls.accept(socket));
        let accepted = tokio::select! {
            accepted = handshake => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        match accepted {
            Ok(Ok(socket)) => self.speak(socket, peer, stopping).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS connection came about"),
            Err(_) => tracing::debug!(%peer, "no TLS connection came about in time"),
        }
    }

    async fn speak<S>(&self, mut socket: S, peer: SocketAddr, mut stopping: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pace = Pace::new(&self.config);
        let begun = tokio::select! {
            begun = timeout(self.config.header_timeout, sniff(&mut socket)) => begun,
            _ = stopping.wait_for(|stopping| *stopping) => return,
        };
        let Ok(Ok((protocol, before))) = begun else { return };
        let io = TokioIo::new(Stream::new(socket, protocol, before, Arc::clone(&pace)));
        let (faces, body_timeout) = (Arc::clone(&self.faces), self.config.body_timeout);
        let service = service_fn({
            let (pace, app) = (Arc::clone(&pace), Arc::clone(&self.app));
            move |request: Request<Incoming>| {
                let under_way = pace.request();
                let mut request = request.map(|body| RequestBody::new(body, body_timeout));
                let shortcut = Shortcut::find(&app, &request);
                let now = shortcut.filter(|shortcut| !shortcut.awaits_body());
                if let Some(answer) = now.and_then(|shortcut| shortcut.answer_at_once(&app, peer, &mut request)) {
                    return Either::Left(ready(Ok::<_, Infallible>(answer.map(|body| accounted(body, under_way)))));
                }
                let answer = match shortcut {
                    Some(shortcut) => {
                        let app = Arc::clone(&app);
                        Either::Left(async move {
                            // A body that came with its head is there now.
                            Ok(match shortcut.answer_at_once(&app, peer, &mut request) {
                                Some(answer) => answer,
                                None => Box::pin(shortcut.answer(&app, peer, request)).await,
                            })
                        })
                    }
                    None => {
                        let mut request = request.map(RequestBody::boxed);
                        request.extensions_mut().insert(ConnectInfo(peer));
                        let faces = Arc::clone(&faces);
                        Either::Right(Box::pin(async move { Ok(faces.answer(request).await) }))
                    }
                };
                Either::Right(async { answer.await.map(|answer| answer.map(|body| accounted(body, under_way))) })
            }
        });
        match protocol {
            Protocol::Http1 => drive(self.http1.serve_connection(io, service), http1::Connection::graceful_shutdown, &pace, stopping).await,
            Protocol::Http2 => {
                // What comes first is no request.
                pace.head(false);
                drive(self.http2.serve_connection(io, service), http2::Connection::graceful_shutdown, &pace, stopping).await;
            }
        }
    }
}

/// Lets a connection go on for as long as it gets anywhere. `finish` ends it in the way of its protocol: it takes no new request, and ends when
/// those under way are answered.
async fn drive<C: Future>(connection: C, finish: impl Fn(Pin<&mut C>), pace: &Pace, mut stopping: watch::Receiver<bool>) {
    let mut connection = pin!(connection);
    let mut alarm = Alarm::new();
    let (news, mut waiting) = (stopping.clone(), Waiting::default());
    let mut stop = pin!(stopping.wait_for(|stopping| *stopping));
    let mut told = false;
    loop {
        let turn = poll_fn(|context| {
            // The connection first: what it does changes the pace.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(Turn::Over);
            }
            // This wakes all connections at once; until then they need not ask what they share.
            let is_silent = waiting.is_for(context) && matches!(news.has_changed(), Ok(false));
            if !told && !is_silent && waiting.poll(context, |context| stop.as_mut().poll(context).map(drop)).is_ready() {
                return Poll::Ready(Turn::Stop);
            }
            pace.poll_overdue(context, &mut alarm).map(Turn::Overdue)
        });
        match turn.await {
            Turn::Over | Turn::Overdue(Overdue::Late) => return,
            Turn::Stop => {
                told = true;
                pace.stop();
            }
            Turn::Overdue(Overdue::Idle) => pace.close(),
        }
        finish(connection.as_mut());
    }
}

/// What becomes of a connection.
enum Turn {
    /// It has ended.
    Over,
    /// The server stops.
    Stop,
    /// It does not get anywhere.
    Overdue(Overdue),
}
