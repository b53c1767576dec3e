//! The ways to a server, and what TLS proves on them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use keybearer_core::role::Roles;
use keybearer_store::{Database, Membership, PostgresUrl, StoreError};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::cluster;

async fn open(url: &str) -> Result<(), StoreError> {
    Database::Postgres(PostgresUrl::parse(url).unwrap()).open(Roles::default(), Membership::default()).await.map(drop)
}

#[track_caller]
fn assert_unavailable(refused: Result<(), StoreError>, why: &str) {
    assert!(matches!(&refused, Err(StoreError::Unavailable(told)) if told.contains(why)), "not because of {why:?}: {refused:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_required() {
    let url = cluster::database().await;
    for mode in ["require", "verify-full"] {
        assert_unavailable(open(&format!("{url}?sslmode={mode}")).await, "does not support TLS");
    }
    for mode in ["disable", "prefer"] {
        open(&format!("{url}?sslmode={mode}")).await.unwrap();
    }
    cluster::remove(&url).await;
}

/// An authority, and what a server has of it.
struct Authority {
    pem: String,
    server: ServerConfig,
}

impl Authority {
    /// With a certificate for a server of this name.
    fn for_server(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        Self { pem, server }
    }

    fn write(&self, file: &Path) -> String {
        fs::write(file, &self.pem).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

/// Speaks TLS in front of the server, as it would itself with `ssl = on`. Returns its port.
async fn with_tls(authority: &Authority, socket: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server.clone()));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                let mut asked = [0; 8];
                client.read_exact(&mut asked).await.unwrap();
                assert_eq!(asked, [0, 0, 0, 8, 4, 210, 22, 47], "nothing is said before TLS is asked for");
                client.write_all(b"S").await.unwrap();
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = UnixStream::connect(socket).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    port
}

#[tokio::test]
async fn the_certificate_of_a_server_is_looked_at_as_far_as_was_asked_for() {
    let database = cluster::database().await;
    let (place, name) = database.rsplit_once('/').unwrap();
    let socket = format!("{}/.s.PGSQL.5432", place.rsplit_once('@').unwrap().1.replace("%2F", "/"));
    let dir = tempfile::tempdir().unwrap();
    let (ours, another) = (Authority::for_server("localhost"), Authority::for_server("localhost"));
    let (ours_file, another_file) = (ours.write(&dir.path().join("ours.pem")), another.write(&dir.path().join("another.pem")));
    let port = with_tls(&ours, socket).await;
    let at = |host: &str, options: &str| format!("postgres://keybearer@{host}:{port}/{name}?{options}");

    open(&at("localhost", "sslmode=prefer")).await.unwrap();
    open(&at("localhost", "sslmode=require")).await.unwrap();
    open(&at("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={ours_file}"))).await.unwrap();
    open(&at("localhost", &format!("sslmode=verify-full&sslrootcert={ours_file}"))).await.unwrap();

    assert_unavailable(open(&at("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={ours_file}"))).await, "certificate");
    for mode in ["require", "verify-ca", "verify-full"] {
        assert_unavailable(open(&at("localhost", &format!("sslmode={mode}&sslrootcert={another_file}"))).await, "certificate");
    }
    assert_unavailable(open(&at("localhost", "sslmode=verify-full&sslrootcert=system")).await, "certificate");
    assert_unavailable(open(&at("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem")).await, "/nowhere.pem");
    cluster::remove(&database).await;
}
