//! TLS, with a certificate of a private authority.

use std::net::SocketAddr;
use std::sync::Arc;

use keybearer::cli::Exit;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::keybearer;
use crate::support::Server;

/// A proxy that speaks TLS as `localhost`, and the certificate of its authority.
async fn proxy(server: SocketAddr) -> (String, String) {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Who does not trust us hangs up here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut behind = TcpStream::connect(server).await.unwrap();
            drop(copy_bidirectional(&mut stream, &mut behind).await);
        }
    });
    (url, authority.pem())
}

#[tokio::test]
async fn a_private_authority_is_trusted_where_it_is_named_and_only_there() {
    let server = Server::start().await;
    let (url, authority) = proxy(server.address).await;
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name).to_str().unwrap().to_owned()
    };
    let good = file("authority.pem", &authority);
    let asked = |args: &[&str]| keybearer(args).env("KEYBEARER_URL", &url);

    let admin = server.admin().await;
    let ran = asked(&["whoami", "--ca-file", &good]).with(&admin).run().await;
    assert!(ran.expect(Exit::Done).contains("admin"), "{}", ran.out);
    assert_eq!(asked(&["healthcheck"]).env("KEYBEARER_CA_FILE", &good).run().await.expect(Exit::Done), "ready\n");

    // Another authority is not ours, and that of the system is none of ours.
    let (_, other) = proxy(server.address).await;
    let other = file("other.pem", &other);
    let ran = asked(&["whoami", "--ca-file", &other]).with(&admin).run().await;
    assert!(ran.error(Exit::Unavailable).contains("certificate") && ran.err.contains("--ca-file"), "{}", ran.err);
    asked(&["healthcheck", "--ca-file", &other]).run().await.error(Exit::Unhealthy);

    for (name, told) in [("nowhere.pem", "cannot be read"), (&*file("empty.pem", "nothing"), "no certificate can be read")] {
        let ran = asked(&["whoami", "--ca-file", name]).with(&admin).run().await;
        assert!(ran.error(Exit::Usage).contains(told) && ran.err.contains("KEYBEARER_CA_FILE"), "{}", ran.err);
    }
}
