//! The server over real sockets: in the clear, with TLS, and for the users of this machine.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::test;
use tokio_rustls::TlsConnector;

use super::fake::{Fake, event};
use crate::server::{Grant, Limits, Listener, Metrics, Role, ServerConfig, Tls, TlsError, serve};

/// Sends a request as its bytes, and reads what comes until the other side closes.
async fn said(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// Serves until what is returned is dropped or used.
fn serving(listener: Listener, config: ServerConfig) -> (oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        serve(vec![listener], Arc::new(Fake::default()), Arc::new(Metrics::new()), config, stopped).await.unwrap();
    });
    (stop, served)
}

async fn tcp(tls: Option<Tls>, loopback: Option<Grant>) -> (Listener, std::net::SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (Listener::Tcp { socket, tls, loopback }, address)
}

const LOOKS: Grant = Grant { role: Role::Auditor, tenant: None, work_roles: Vec::new() };

#[test]
async fn a_caller_on_this_machine_needs_no_token_where_that_is_configured_and_only_there() {
    for (loopback, status) in [(None, "401"), (Some(LOOKS), "200")] {
        let (listener, address) = tcp(None, loopback).await;
        let _serving = serving(listener, ServerConfig::default());
        let answer = said(TcpStream::connect(address).await.unwrap(), &get("/v1/stats")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[test]
async fn a_user_of_this_machine_is_known_to_the_kernel() {
    let folder = std::env::temp_dir().join(format!("syndic-api-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&folder).unwrap());
    for (nth, (user, status)) in [(own, "200"), (own + 1, "401")].into_iter().enumerate() {
        let path = folder.join(format!("socket-{nth}"));
        let users = HashMap::from([(user, LOOKS)]);
        let listener = Listener::Unix { socket: UnixListener::bind(&path).unwrap(), users };
        let _serving = serving(listener, ServerConfig::default());
        let answer = said(UnixStream::connect(&path).await.unwrap(), &get("/v1/stats")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
async fn who_does_not_say_what_it_wants_is_not_waited_for() {
    let (listener, address) = tcp(None, None).await;
    let limits = Limits { headers: std::time::Duration::from_millis(50), ..Limits::default() };
    let _serving = serving(listener, ServerConfig { limits, ..ServerConfig::default() });
    let answer = said(TcpStream::connect(address).await.unwrap(), "GET / HTTP/1.1\r\nhost: lo").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let many: String = (0..100).map(|nth| format!("x-{nth}: 1\r\n")).collect();
    let answer = said(TcpStream::connect(address).await.unwrap(), &format!("GET / HTTP/1.1\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
async fn what_is_under_way_is_finished_when_the_server_closes() {
    let (listener, address) = tcp(None, Some(Grant { role: Role::Operator, ..LOOKS })).await;
    let (stop, served) = serving(listener, ServerConfig::default());
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = event("evt-1", "acme");
    let (head, rest) = (
        format!(
            "POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            body.len()
        ),
        body,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It goes on reading the body, so the request is under way.
    let mut goes_on = [0; 25];
    stream.read_exact(&mut goes_on).await.unwrap();
    assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stop.send(()).unwrap();
    let answer = said(stream, &rest).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

fn certificates() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/server/tests/certificates")
}

/// A client that trusts one certificate and no other.
fn trusting(name: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates().join(format!("{name}.pem"))).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[test]
async fn a_new_certificate_is_taken_up_and_one_that_does_not_fit_is_not() {
    let folder = std::env::temp_dir().join(format!("syndic-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let put = |certificate: &str, key: &str| {
        std::fs::copy(certificates().join(format!("{certificate}.pem")), folder.join("chain")).unwrap();
        std::fs::copy(certificates().join(format!("{key}.key.pem")), folder.join("key")).unwrap();
    };
    put("first", "first");
    let tls = Tls::load(folder.join("chain"), folder.join("key")).unwrap();
    let (listener, address) = tcp(Some(tls.clone()), None).await;
    let _serving = serving(listener, ServerConfig::default());
    let greeted = async |name: &str| {
        let stream = TcpStream::connect(address).await.unwrap();
        match trusting(name).connect(ServerName::try_from("localhost").unwrap(), stream).await {
            Ok(stream) => said(stream, &get("/healthz")).await.starts_with("HTTP/1.1 200 "),
            Err(_) => false,
        }
    };
    assert_eq!((greeted("first").await, greeted("second").await), (true, false));
    assert!(!tls.reload().unwrap());
    put("second", "first");
    assert!(matches!(tls.reload(), Err(TlsError::Unfit { .. })));
    assert_eq!((greeted("first").await, greeted("second").await), (true, false));
    put("second", "second");
    assert!(tls.reload().unwrap());
    assert_eq!((greeted("first").await, greeted("second").await), (false, true));
    std::fs::remove_dir_all(&folder).unwrap();
}
