//! TLS: the certificate and its key from their files, and from new ones while the server runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::{Accept, TlsAcceptor};

use crate::config::TlsConfig;

/// What new connections are secured with.
pub struct Tls {
    files: TlsConfig,
    current: RwLock<Arc<ServerConfig>>,
}

/// Why the certificate and its key cannot be used. The text names the setting and the way out, and nothing of what the files hold.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of a setting.
    #[error("setting `{setting}`: {path} cannot be read: {problem}. Name a file in PEM that this user may read", path = path.display())]
    Unreadable {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file of a setting has nothing of what it should hold.
    #[error("setting `{setting}`: {path} has no {lacking}: name a file in PEM that has one", path = path.display())]
    Empty {
        /// Which setting.
        setting: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        lacking: &'static str,
    },
    /// The key can be read only with a passphrase.
    #[error("setting `tls.key`: the private key in {path} is encrypted, and nobody is there to type its passphrase: decrypt it with \
             `openssl pkey -in {path} -out FILE`, and name that file", path = path.display())]
    Encrypted {
        /// The file of the key.
        path: PathBuf,
    },
    /// Each may be fine, but not together.
    #[error("`tls.key` {key} is not the key of the certificate in `tls.cert` {cert}: the certificate of the server itself must come first, \
             then those that vouch for it", key = key.display(), cert = cert.display())]
    Mismatch {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// What rustls says otherwise.
    #[error("`tls.cert` {cert} and `tls.key` {key} cannot be used: {problem}", key = key.display(), cert = cert.display())]
    Unusable {
        /// The file of the certificate.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        problem: rustls::Error,
    },
}

impl Tls {
    /// From the files of the settings.
    ///
    /// # Errors
    /// [`TlsError`] says which file is wrong.
    pub fn load(files: TlsConfig) -> Result<Self, TlsError> {
        let current = RwLock::new(read(&files)?);
        Ok(Self { files, current })
    }

    /// Reads the files again. What they hold counts for the connections that begin from then on; where they cannot be used, nothing changes.
    ///
    /// # Errors
    /// [`TlsError`] says which file is wrong.
    pub fn reload(&self) -> Result<(), TlsError> {
        let new = read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Begins TLS on a connection.
    pub fn accept(&self, socket: TcpStream) -> Accept<TcpStream> {
        let current = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(current).accept(socket)
    }
}

fn read(files: &TlsConfig) -> Result<Arc<ServerConfig>, TlsError> {
    let (cert, key) = (&files.cert, &files.key);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(cert).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unreadable("tls.cert", cert, "certificate", &error))?;
    if chain.is_empty() {
        return Err(unreadable("tls.cert", cert, "certificate", &pem::Error::NoItemsFound));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match is_encrypted(key) {
        true => TlsError::Encrypted { path: key.clone() },
        false => unreadable("tls.key", key, "private key", &error),
    })?;
    warn_of_open_key(key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|problem| match problem {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert: cert.clone(), key: key.clone() },
            problem => TlsError::Unusable { cert: cert.clone(), key: key.clone(), problem },
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn unreadable(setting: &'static str, path: &Path, lacking: &'static str, error: &pem::Error) -> TlsError {
    let path = path.to_owned();
    match error {
        pem::Error::NoItemsFound => TlsError::Empty { setting, path, lacking },
        pem::Error::Io(error) => TlsError::Unreadable { setting, path, problem: error.to_string() },
        // The parser's own words might quote a line of the file.
        _ => TlsError::Unreadable { setting, path, problem: "it is not PEM".to_owned() },
    }
}

/// Whether a file says that it holds a private key under a passphrase: in the name of PKCS #8, or in a header as OpenSSL wrote it before.
fn is_encrypted(key: &Path) -> bool {
    let marks = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
    fs::read_to_string(key).is_ok_and(|text| text.lines().any(|line| marks.contains(&line.trim_end())))
}

/// Not refused, as the keyring is: secrets that an orchestrator mounts, and groups that may read the keys of all servers, are common.
#[cfg(unix)]
fn warn_of_open_key(key: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if key.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0) {
        tracing::warn!(path = %key.display(), "everybody on this machine may read the private key of tls.key: chmod o-rwx it");
    }
}

#[cfg(not(unix))]
fn warn_of_open_key(_: &Path) {}
