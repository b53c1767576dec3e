//! HTTPS: with both versions of HTTP, with gRPC, with certificates that are replaced while the server runs, and with files that are no good.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Uri, Version};
use http_body_util::Empty;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybearer::config::{Config, TlsConfig};
use rcgen::{CertifiedKey, KeyPair};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::Server;
use crate::support::child::Program;

const PATIENCE: Duration = Duration::from_secs(10);

/// The files of a certificate and its key.
struct Files {
    dir: TempDir,
}

impl Files {
    /// With a new certificate.
    fn new() -> (Self, CertifiedKey<KeyPair>) {
        let files = Self { dir: tempfile::tempdir().unwrap() };
        let certified = certified();
        files.write(&certified.cert.pem(), &certified.signing_key.serialize_pem());
        (files, certified)
    }

    fn cert(&self) -> PathBuf {
        self.dir.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("key.pem")
    }

    fn write(&self, cert: &str, key: &str) {
        fs::write(self.cert(), cert).unwrap();
        fs::write(self.key(), key).unwrap();
    }

    fn set(&self, config: &mut Config) {
        config.tls = Some(TlsConfig { cert: self.cert(), key: self.key() });
    }

    fn program(&self, data_dir: &Path) -> Program {
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        Program::on(data_dir).with_admin().arg("--tls-cert", &path(self.cert())).arg("--tls-key", &path(self.key()))
    }
}

/// A certificate that vouches for itself.
fn certified() -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// A client that believes in this certificate alone, and speaks these versions of TLS.
fn connector(trusted: &CertifiedKey<KeyPair>, alpn: &[&str], versions: &[&'static SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let mut config = builder.with_protocol_versions(versions).unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await.unwrap();
    timeout(PATIENCE, connector.connect(ServerName::try_from("localhost").unwrap(), socket)).await.unwrap()
}

/// Asks by the protocol that was agreed on; the status, and the version of HTTP.
async fn ask(stream: TlsStream<TcpStream>, path: &str) -> (u16, Version) {
    let request = |target: String| Request::get(target).header("host", "localhost").body(Empty::<Bytes>::new()).unwrap();
    let response = if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let (mut send, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        send.send_request(request(format!("https://localhost{path}"))).await.unwrap()
    } else {
        let (mut send, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        send.send_request(request(path.to_owned())).await.unwrap()
    };
    (response.status().as_u16(), response.version())
}

#[tokio::test]
async fn https_is_spoken_with_both_versions_of_http_and_of_tls() {
    let (files, certified) = Files::new();
    let server = Server::start_bare(|config| files.set(config)).await;
    assert!(server.setup_link.as_ref().is_some_and(|link| link.starts_with(&format!("https://{}/setup/", server.address))));
    for (tls, agreed) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        for (offered, version) in [
            (&["h2", "http/1.1"][..], Version::HTTP_2),
            (&["http/1.1"], Version::HTTP_11),
            (&["http/1.1", "h2"], Version::HTTP_2),
            (&[], Version::HTTP_11),
        ] {
            let stream = connect(server.address, &connector(&certified, offered, &[tls])).await.unwrap();
            assert_eq!(stream.get_ref().1.protocol_version(), Some(agreed));
            assert_eq!(ask(stream, "/readyz").await, (200, version), "{offered:?}");
        }
    }
    let stranger = connect(server.address, &connector(&self::certified(), &[], &[&TLS13])).await;
    assert!(stranger.is_err(), "the certificate is the one of the file");
}

/// Connects tonic over TLS.
#[derive(Clone)]
struct Tls(SocketAddr, TlsConnector);

impl tonic::codegen::Service<Uri> for Tls {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, std::io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), std::io::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self(address, connector) = self.clone();
        Box::pin(async move { connect(address, &connector).await.map(TokioIo::new) })
    }
}

#[tokio::test]
async fn grpc_is_spoken_over_tls() {
    let (files, certified) = Files::new();
    let server = Server::start_bare(|config| files.set(config)).await;
    let connector = connector(&certified, &["h2"], &[&TLS13]);
    let channel: Channel = Endpoint::from_static("https://localhost").connect_with_connector(Tls(server.address, connector)).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    assert!(HealthClient::new(channel).check(request).await.is_ok());
}

#[tokio::test]
async fn what_does_not_come_to_an_agreement_is_hung_up_on() {
    let (files, certified) = Files::new();
    let server = Server::start_bare(|config| {
        files.set(config);
        config.http.header_timeout = Duration::from_millis(300);
    })
    .await;
    let plain = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // Plain HTTP, nothing at all, and a handshake that stops half-way.
    for said in [plain.as_bytes(), b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.write_all(said).await.unwrap();
        let mut heard = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut heard)).await.expect("the connection is closed");
        assert!(!heard.starts_with(b"HTTP"), "nothing is answered in the clear");
    }
    // A handshake after which nothing is asked.
    let mut silent = connect(server.address, &connector(&certified, &[], &[&TLS13])).await.unwrap();
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, silent.read_to_end(&mut heard)).await.expect("the connection is closed");
    drop(silent);
    let stream = connect(server.address, &connector(&certified, &["h2"], &[&TLS13])).await.unwrap();
    assert_eq!(ask(stream, "/livez").await.0, 200);
    let quiet = async {
        while server.app.connections.open() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, quiet).await.unwrap();
}

#[tokio::test]
async fn certificate_and_key_are_read_again_at_a_hang_up() {
    let (files, first) = Files::new();
    let dir = tempfile::tempdir().unwrap();
    let mut process = files.program(dir.path()).spawn();
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let ready = timeout(PATIENCE, out.next_line()).await.unwrap().unwrap().unwrap();
    let address = ready.split_once(" listening on https://").unwrap().1.parse().unwrap();
    let reaches = async |trusted| match connect(address, &connector(trusted, &["h2"], &[&TLS13])).await {
        Ok(stream) => ask(stream, "/readyz").await.0 == 200,
        Err(_) => false,
    };
    let mut hang_up = async |expected: &str| {
        Program::signal(&process, Signal::HUP);
        loop {
            let line = timeout(PATIENCE, log.next_line()).await.expect("it is logged").unwrap().expect("it goes on");
            if line.contains(expected) {
                return line;
            }
        }
    };
    assert!(reaches(&first).await);
    let kept = connect(address, &connector(&first, &["http/1.1"], &[&TLS13])).await.unwrap();

    let second = certified();
    files.write(&second.cert.pem(), &second.signing_key.serialize_pem());
    assert!(reaches(&first).await && !reaches(&second).await, "not before it is told");
    hang_up("in force for new connections").await;
    assert!(reaches(&second).await && !reaches(&first).await);
    assert_eq!(ask(kept, "/readyz").await.0, 200, "what is open stays open");

    let (cert, key) = (second.cert.pem(), second.signing_key.serialize_pem());
    for (cert, key, words) in [
        ("", key.as_str(), "has no certificate"),
        (&cert, "no key", "has no private key"),
        (&first.cert.pem(), &key, "is not the key of the certificate"),
    ] {
        files.write(cert, key);
        let line = hang_up("those before stay in force").await;
        assert!(line.contains(words), "{line}");
        assert!(reaches(&second).await);
    }
    fs::remove_file(files.key()).unwrap();
    hang_up("those before stay in force").await;
    assert!(reaches(&second).await);

    files.write(&first.cert.pem(), &first.signing_key.serialize_pem());
    hang_up("in force for new connections").await;
    assert!(reaches(&first).await && !reaches(&second).await);
    Program::signal(&process, Signal::TERM);
    assert!(timeout(PATIENCE, process.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn without_tls_a_hang_up_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Program::on(dir.path()).with_admin().spawn();
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let ready = timeout(PATIENCE, out.next_line()).await.unwrap().unwrap().unwrap();
    assert!(ready.contains(" listening on http://"));
    for _ in 0..2 {
        Program::signal(&process, Signal::HUP);
        loop {
            let line = timeout(PATIENCE, log.next_line()).await.expect("it is logged").unwrap().expect("it goes on");
            if line.contains("SIGHUP") {
                break;
            }
        }
    }
    Program::signal(&process, Signal::TERM);
    assert!(timeout(PATIENCE, process.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_hang_up_during_the_start_is_heeded_after_it() {
    let (files, certified) = Files::new();
    let cert = certified.cert.pem();
    // The start waits for what comes out of the pipe.
    fs::remove_file(files.cert()).unwrap();
    mknodat(CWD, files.cert(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut process = files.program(dir.path()).spawn();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let path = files.cert();
    let pipe = tokio::task::spawn_blocking(move || fs::File::options().write(true).open(path).unwrap());
    let mut pipe = timeout(PATIENCE, pipe).await.expect("the start reads the certificate").unwrap();
    Program::signal(&process, Signal::HUP);
    fs::remove_file(files.cert()).unwrap();
    fs::write(files.cert(), &cert).unwrap();
    pipe.write_all(cert.as_bytes()).unwrap();
    drop(pipe);
    let heeded = async { while !log.next_line().await.unwrap().expect("it goes on").contains("in force for new connections") {} };
    timeout(PATIENCE, heeded).await.unwrap();
    Program::signal(&process, Signal::TERM);
    assert!(timeout(PATIENCE, process.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn files_that_are_no_good_are_refused_with_the_way_out() {
    let (files, certified) = Files::new();
    let (cert, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
    let other = self::certified().signing_key.serialize_pem();
    let cut = cert.replace("-----END CERTIFICATE-----", "");
    let sealed = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIAAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let sealed_of_old =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let rows: [(&str, &str, &[&str]); 8] = [
        ("", &key, &["`tls.cert`", "has no certificate", "PEM"]),
        (&key, &key, &["`tls.cert`", "has no certificate"]),
        (&cut, &key, &["`tls.cert`", "is not PEM"]),
        (&cert, &cert, &["`tls.key`", "has no private key"]),
        (&cert, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", &["`tls.key`", "cannot be used"]),
        (&cert, sealed, &["`tls.key`", "is encrypted", "openssl pkey -in "]),
        (&cert, sealed_of_old, &["`tls.key`", "is encrypted", "openssl pkey -in "]),
        (&cert, &other, &["`tls.key`", "is not the key of the certificate", "must come first"]),
    ];
    for (cert, key, words) in rows {
        files.write(cert, key);
        let dir = tempfile::tempdir().unwrap();
        let ended = files.program(dir.path()).run().await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.errors);
        for word in words {
            assert!(ended.errors.contains(word), "{word:?} is not in: {}", ended.errors);
        }
        let secret = key.lines().nth(1).unwrap_or("nothing");
        assert!(!ended.errors.contains(secret), "{}", ended.errors);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was begun");
    }
    fs::remove_file(files.cert()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ended = files.program(dir.path()).run().await;
    assert!(ended.errors.contains("`tls.cert`") && ended.errors.contains("No such file"), "{}", ended.errors);
}

#[tokio::test]
async fn with_tls_any_address_will_do() {
    let (files, certified) = Files::new();
    let dir = tempfile::tempdir().unwrap();
    let mut process = files.program(dir.path()).arg("--listen", "0.0.0.0:0").spawn();
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = timeout(PATIENCE, out.next_line()).await.unwrap().unwrap().unwrap();
    let address: SocketAddr = ready.split_once(" listening on https://").unwrap().1.parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
    let stream = connect(address, &connector(&certified, &["h2"], &[&TLS13])).await.unwrap();
    assert_eq!(ask(stream, "/readyz").await.0, 200);
    Program::signal(&process, Signal::TERM);
    assert!(timeout(PATIENCE, process.wait()).await.unwrap().unwrap().success());
}
