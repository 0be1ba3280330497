//! Listening: sockets, who stands behind them, and how it all ends.
//!
//! Our own loop, because the usual one waits for the headers of a request for ever. A connection is given its time to
//! shake hands, to say what it wants and to hear the answer, there are only so many of them, and when the server closes those that are at
//! work may finish it.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tower::ServiceExt;

use super::caller::{Grant, Peer};
use super::crowd::{Crowd, One};
use super::metrics::Connected;
use super::patience::Patience;
use super::router::{Limits, router};
use super::service::{Service, Unavailable};
use super::tls::Tls;
use super::{App, Metrics, ServerConfig};

/// A socket that is bound, and who needs no token on it.
#[derive(Debug)]
pub enum Listener {
    /// TCP, in the clear or with TLS.
    Tcp {
        /// The socket.
        socket: TcpListener,
        /// The certificate; none: in the clear.
        tls: Option<Tls>,
        /// What callers on this machine may do without a token. To be set only where everybody on it is trusted.
        loopback: Option<Grant>,
    },
    /// A unix socket. The kernel says who calls.
    Unix {
        /// The socket.
        socket: UnixListener,
        /// What a user of this machine may do without a token, by its number.
        users: HashMap<u32, Grant>,
    },
}

/// Lines of headers that a request may have.
const HEADERS_MAX: usize = 64;

/// Bytes they may have, and the line before them: the path with its query has at most half of it.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// How often certificates are looked at.
const TLS_EVERY: Duration = Duration::from_secs(60);

/// Where accepting failed, for want of descriptors as a rule, it is tried again after this.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is ready, and then until what is under way is done, or `config.drain` is over.
///
/// # Errors
/// The host cannot tell its tokens. Nothing was served.
pub async fn serve(
    listeners: Vec<Listener>,
    service: Arc<dyn Service>,
    metrics: Arc<Metrics>,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Unavailable> {
    let (closing, is_closing) = watch::channel(false);
    let app = Arc::new(App::new(service, Arc::clone(&metrics), &config, is_closing.clone()).await?);
    let server = Server {
        router: router(&app),
        limits: config.limits,
        connections: Arc::new(Semaphore::new(config.connections_max)),
        crowd: Crowd::of(config.connections_per_address_max),
        metrics,
        graceful: GracefulShutdown::new(),
        closing: is_closing,
    };
    let server = Arc::new(server);
    let loops: Vec<_> =
        listeners.into_iter().map(|listener| tokio::spawn(Arc::clone(&server).accept(listener))).collect();
    shutdown.await;
    let _ = closing.send(true);
    for accepting in loops {
        let _ = accepting.await;
    }
    if let Some(server) = Arc::into_inner(server) {
        let _ = timeout(config.drain, server.graceful.shutdown()).await;
    }
    Ok(())
}

struct Server {
    router: Router,
    limits: Limits,
    connections: Arc<Semaphore>,
    crowd: Arc<Crowd>,
    metrics: Arc<Metrics>,
    graceful: GracefulShutdown,
    closing: watch::Receiver<bool>,
}

impl Server {
    async fn accept(self: Arc<Self>, listener: Listener) {
        let mut closing = self.closing.clone();
        let accepting = async {
            match listener {
                Listener::Tcp { socket, tls, loopback } => {
                    self.accept_tcp(&socket, tls.as_ref(), loopback.as_ref()).await
                }
                Listener::Unix { socket, users } => self.accept_unix(&socket, &users).await,
            }
        };
        tokio::select! {
            () = accepting => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
    }

    async fn accept_tcp(&self, socket: &TcpListener, tls: Option<&Tls>, loopback: Option<&Grant>) {
        let renewing = tls.map(|tls| tokio::spawn(renew(tls.clone(), self.closing.clone())));
        loop {
            let permit = self.permit().await;
            let Some((stream, address)) = accepted(socket.accept().await).await else { continue };
            let peer = tcp_peer(address, loopback);
            let Some(one) = self.crowd.let_in(peer.address) else {
                self.metrics.connection_refused();
                continue;
            };
            let _ = stream.set_nodelay(true);
            let connection = Connection::new(self, peer, (permit, one));
            match tls.map(Tls::acceptor) {
                None => drop(tokio::spawn(connection.serve(stream))),
                Some(acceptor) => drop(tokio::spawn(async move {
                    // Who does not shake hands in time is not told.
                    if let Ok(Ok(stream)) = timeout(connection.limits.headers, acceptor.accept(stream)).await {
                        connection.serve(stream).await;
                    }
                })),
            }
            if renewing.as_ref().is_some_and(tokio::task::JoinHandle::is_finished) {
                return;
            }
        }
    }

    async fn accept_unix(&self, socket: &UnixListener, users: &HashMap<u32, Grant>) {
        loop {
            let permit = self.permit().await;
            let Some((stream, _)) = accepted(socket.accept().await).await else { continue };
            let user = stream.peer_cred().ok().map(|credentials| credentials.uid());
            let standing = user.and_then(|user| Some(users.get(&user)?.caller(format!("user {user}"))));
            let Some(one) = self.crowd.let_in(None) else { continue };
            let connection = Connection::new(self, Peer { address: None, standing }, (permit, one));
            drop(tokio::spawn(connection.serve(stream)));
        }
    }

    /// A place for a connection. While there is none, those who knock wait in the kernel's queue.
    async fn permit(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.connections).acquire_owned().await.expect("nobody closes it")
    }
}

/// What was accepted; where that failed, nothing, after a rest.
async fn accepted<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(why) => {
            tracing::warn!(%why, "a connection was not accepted");
            tokio::time::sleep(ACCEPT_AGAIN).await;
            None
        }
    }
}

fn tcp_peer(address: SocketAddr, loopback: Option<&Grant>) -> Peer {
    let ip: IpAddr = address.ip().to_canonical();
    let standing = loopback.filter(|_| ip.is_loopback()).map(|grant| grant.caller("loopback".into()));
    Peer { address: Some(ip), standing }
}

/// Takes up new certificates as they appear.
async fn renew(tls: Tls, mut closing: watch::Receiver<bool>) {
    while timeout(TLS_EVERY, closing.wait_for(|closing| *closing)).await.is_err() {
        match tls.reload() {
            Ok(true) => tracing::info!("a new certificate is in use"),
            Ok(false) => {}
            Err(why) => tracing::warn!(%why, "the old certificate stays in use"),
        }
    }
}

/// One connection, from its acceptance to its end.
struct Connection {
    router: Router,
    peer: Peer,
    limits: Limits,
    watcher: Watcher,
    _place: (OwnedSemaphorePermit, One, Connected),
}

impl Connection {
    fn new(server: &Server, peer: Peer, (permit, one): (OwnedSemaphorePermit, One)) -> Self {
        let (router, watcher) = (server.router.clone(), server.graceful.watcher());
        Self { router, peer, limits: server.limits, watcher, _place: (permit, one, server.metrics.connected()) }
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let peer = self.peer;
        let service = self.router.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            request.map(Body::new)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.headers)
            .max_headers(HEADERS_MAX)
            .max_header_size(HEAD_BYTES_MAX)
            .serve_connection(
                TokioIo::new(Patience::with(stream, self.limits.answer)),
                TowerToHyperService::new(service),
            );
        // How a connection breaks off is the other side's affair.
        let _ = self.watcher.watch(connection).await;
    }
}
