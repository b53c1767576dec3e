//! What Keybearer is measured beside: servers that do less, or that do it in the usual way.

pub mod constant;
pub mod select;
pub mod verdict;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::Ipv4Addr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

/// The answer of each reference to a good key.
const YES: &[u8] = br#"{"valid":true}"#;
/// The answer to a bad one.
const NO: &[u8] = br#"{"valid":false}"#;

/// Listens on any port, and says on which.
async fn listen() -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    listener
}

/// Bare hyper: HTTP/1.1 and one function for all requests.
async fn serve(answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + 'static) {
    let listener = listen().await;
    loop {
        let socket = accept(&listener).await;
        let service = service_fn(of(answer.clone()));
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(socket, service).await) });
    }
}

/// Bare hyper: HTTP/2 and one function for all requests.
async fn serve_http2(answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + 'static) {
    let listener = listen().await;
    loop {
        let socket = accept(&listener).await;
        let service = service_fn(of(answer.clone()));
        tokio::spawn(async move { drop(http2::Builder::new(TokioExecutor::new()).serve_connection(socket, service).await) });
    }
}

async fn accept(listener: &TcpListener) -> TokioIo<TcpStream> {
    let (socket, _) = listener.accept().await.unwrap();
    socket.set_nodelay(true).unwrap();
    TokioIo::new(socket)
}

/// The function as a service.
fn of<A>(answer: A) -> impl Fn(Request<Incoming>) -> Ready<Result<Response<Full<Bytes>>, Infallible>> + Clone + Send + 'static
where
    A: Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + 'static,
{
    move |request| ready(Ok(answer(&request)))
}

fn json(status: u16, body: &'static [u8]) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json; charset=utf-8");
    response.body(Full::new(Bytes::from_static(body))).unwrap()
}
