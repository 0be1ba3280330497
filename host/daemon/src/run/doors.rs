//! The doors: the sockets that the configuration asks for, and the server behind them.

use std::collections::HashMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use syndic_api::server::{Grant, Listener, Metrics, Tls, serve};
use syndic_cli::{Failure, FailureKind};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::{error, info};

use crate::run::live::Live;
use crate::service::HostService;
use crate::settings::Http;

/// Sockets that are bound, and nobody behind them yet.
pub(crate) struct Bound {
    listeners: Vec<Listener>,
    /// Where they are, as a person would type it.
    pub(crate) places: Vec<String>,
    tls: Option<Tls>,
}

impl Bound {
    /// Binds what the settings ask for, before anything else is opened: a port that is taken is told at once.
    ///
    /// # Errors
    /// An address is taken, or not of this machine; a certificate cannot be used.
    pub(crate) async fn of(http: &Http) -> Result<Self, Failure> {
        let tls = match &http.tls {
            Some((certificate, key)) => Some(Tls::load(certificate.clone(), key.clone()).map_err(|why| {
                Failure::new(FailureKind::Unreachable, "there is no TLS").because(why).hint("see `http.certificate`")
            })?),
            None => None,
        };
        let mut bound = Self { listeners: Vec::new(), places: Vec::new(), tls };
        for address in &http.listen {
            bound.tcp(*address, http.loopback.clone()).await?;
        }
        if let Some(path) = &http.socket {
            bound.unix(path, &http.users).await?;
        }
        Ok(bound)
    }

    async fn tcp(&mut self, address: SocketAddr, loopback: Option<Grant>) -> Result<(), Failure> {
        let socket = TcpListener::bind(address).await.map_err(|why| taken(address, &why))?;
        let own = socket.local_addr().map_err(|why| taken(address, &why))?;
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.places.push(format!("{scheme}://{own}"));
        self.listeners.push(Listener::Tcp { socket, tls: self.tls.clone(), loopback });
        Ok(())
    }

    /// A socket that another process left is taken over; one that another process answers on is not.
    async fn unix(&mut self, path: &Path, users: &HashMap<u32, Grant>) -> Result<(), Failure> {
        let place = path.display();
        if UnixStream::connect(path).await.is_ok() {
            return Err(taken(place, &"another process answers there"));
        }
        if path.metadata().is_ok_and(|there| std::os::unix::fs::FileTypeExt::is_socket(&there.file_type())) {
            std::fs::remove_file(path).map_err(|why| taken(&place, &why))?;
        }
        let socket = UnixListener::bind(path).map_err(|why| taken(&place, &why))?;
        let group_too = std::fs::Permissions::from_mode(0o660);
        std::fs::set_permissions(path, group_too).map_err(|why| taken(&place, &why))?;
        self.places.push(format!("unix:{place}"));
        self.listeners.push(Listener::Unix { socket, users: users.clone() });
        Ok(())
    }

    /// Lets callers in.
    pub(crate) fn open(self, live: &Arc<Live>, metrics: &Arc<Metrics>, http: &Http) -> Doors {
        let service = HostService::new(Arc::clone(live));
        let (close, closed) = oneshot::channel::<()>();
        let (listeners, metrics, config) = (self.listeners, Arc::clone(metrics), http.server.clone());
        let serving = tokio::spawn(async move {
            // It is closed too where whoever should close it is gone.
            let closed = async { drop(closed.await) };
            if let Err(why) = serve(listeners, service, metrics, config, closed).await {
                error!(%why, "nobody can be let in");
            }
        });
        for place in &self.places {
            info!(place, "listening");
        }
        Doors { close, serving, tls: self.tls }
    }
}

fn taken(place: impl Display, why: &dyn Display) -> Failure {
    Failure::new(FailureKind::Unreachable, format!("nobody can be let in at `{place}`"))
        .because(why)
        .hint("`http.listen` and `http.socket` say where; another daemon may be there already")
}

/// Doors that are open.
pub(crate) struct Doors {
    close: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    tls: Option<Tls>,
}

impl Doors {
    /// Reads the certificate again.
    pub(crate) fn renew(&self) {
        match self.tls.as_ref().map(Tls::reload) {
            Some(Ok(true)) => info!("a new certificate is in use"),
            Some(Err(why)) => error!(%why, "the old certificate stays in use"),
            Some(Ok(false)) | None => {}
        }
    }

    /// Lets nobody in any more, and waits for those who are in.
    pub(crate) async fn close(self) {
        drop(self.close);
        let _ = self.serving.await;
    }
}
