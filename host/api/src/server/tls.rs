//! TLS: a certificate and its key, read from files and read again when they change.
//!
//! Connections that are open keep the certificate they began with. A pair that does not fit is not taken: the old one
//! stays, and the log says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, version};
use tokio_rustls::TlsAcceptor;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{}` cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not known.
    #[error("the certificate in `{}` cannot be used with its key: {why}", path.display())]
    Unfit {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        why: rustls::Error,
    },
}

/// A certificate that may change while it is used.
#[derive(Clone, Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<RwLock<Current>>,
}

#[derive(Debug)]
struct Current {
    files: [Vec<u8>; 2],
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Reads a chain of certificates and its key, both as PEM.
    ///
    /// # Errors
    /// They cannot be read or used.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let files = [read(&certificate)?, read(&key)?];
        let config = config_of(&certificate, &files)?;
        Ok(Self { certificate, key, current: Arc::new(RwLock::new(Current { files, config })) })
    }

    /// Reads the files again, and says whether they had changed.
    ///
    /// # Errors
    /// They cannot be read or used any more; the old certificate stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let files = [read(&self.certificate)?, read(&self.key)?];
        if self.current.read().unwrap_or_else(PoisonError::into_inner).files == files {
            return Ok(false);
        }
        let config = config_of(&self.certificate, &files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { files, config };
        Ok(true)
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current.config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|why| TlsError::Unreadable { path: path.to_owned(), why: why.to_string() })
}

/// TLS 1.3 and nothing older: everything that speaks HTTP to machines has had it for years.
fn config_of(path: &Path, [chain, key]: &[Vec<u8>; 2]) -> Result<Arc<ServerConfig>, TlsError> {
    let unreadable = |why: String| TlsError::Unreadable { path: path.to_owned(), why };
    let unfit = |why| TlsError::Unfit { path: path.to_owned(), why };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|why| unreadable(why.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|why| unreadable(format!("its key: {why}")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&version::TLS13]).map_err(unfit)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
