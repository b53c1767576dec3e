//! What Keybearer is measured beside: servers that do less, or that do it in the usual way.

pub mod constant;
pub mod select;
pub mod verdict;

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

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
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let answer = answer.clone();
        let service = service_fn(move |request| {
            let response = answer(&request);
            async move { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(socket), service).await) });
    }
}

fn json(status: u16, body: &'static [u8]) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json; charset=utf-8");
    response.body(Full::new(Bytes::from_static(body))).unwrap()
}
