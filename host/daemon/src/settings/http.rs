//! What the daemon is told of its doors.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use syndic_api::server::{Grant, Limits, Rate, Role, ServerConfig, work_roles};

use crate::settings::read::Reader;

/// The doors.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) listen: Vec<SocketAddr>,
    /// A unix socket, and what users may do there without a token.
    pub(crate) socket: Option<PathBuf>,
    pub(crate) users: HashMap<u32, Grant>,
    /// What callers on this machine may do without a token.
    pub(crate) loopback: Option<Grant>,
    /// Certificate and key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) server: ServerConfig,
}

/// The doors, as far as they can be read; what is wrong with the others is in the reader.
pub(crate) fn http(read: &mut Reader) -> Http {
    let path =
        |read: &Reader, key: &str| Some(PathBuf::from(read.text(key))).filter(|path| !path.as_os_str().is_empty());
    let tls = match (path(read, "http.certificate"), path(read, "http.key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            read.refuse(
                &["http"],
                "a certificate needs its key",
                "give both `http.certificate` and `http.key`, or none",
            );
            None
        }
    };
    let listen = listen(read);
    if tls.is_none()
        && let Some(open) = listen.iter().find(|address| !address.ip().is_loopback())
    {
        let why = format!("tokens would cross the network in the clear to {open}");
        let hint = "give `http.certificate` and `http.key`; or listen on 127.0.0.1 behind a proxy that has them";
        read.refuse(&["http", "listen"], &why, hint);
    }
    let loopback = read.text("http.loopback");
    let loopback = if loopback.is_empty() { None } else { grant(read, &["http", "loopback"], &loopback) };
    let server = ServerConfig { limits: limits(read), rate: rate(read), ..server(read) };
    Http { listen, socket: path(read, "http.socket"), users: users(read), loopback, tls, server }
}

fn listen(read: &mut Reader) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for text in read.texts_at(&["http".into(), "listen".into()]) {
        match text.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => read.refuse(
                &["http", "listen"],
                &format!("`{text}` is no address with a port"),
                "write it like `127.0.0.1:7070` or `[::1]:7070`",
            ),
        }
    }
    addresses
}

fn users(read: &mut Reader) -> HashMap<u32, Grant> {
    let mut users = HashMap::new();
    for text in read.texts_at(&["http".into(), "users".into()]) {
        let at = ["http", "users"];
        match text.split_once(':').and_then(|(user, said)| Some((user.parse().ok()?, said))) {
            Some((user, said)) => users.extend(grant(read, &at, said).map(|grant| (user, grant))),
            None => read.refuse(
                &at,
                &format!("`{text}` is no user"),
                "write it like `1000:operator`; `id -u NAME` says the number",
            ),
        }
    }
    users
}

/// `role`, or `role:tenant`; an agent with work roles is `agent+support+finance`.
fn grant(read: &mut Reader, at: &[&str], said: &str) -> Option<Grant> {
    let (role, tenant) = match said.split_once(':') {
        Some((role, tenant)) => (role, Some(tenant.to_owned())),
        None => (said, None),
    };
    let (role, wanted) = match role.split_once('+') {
        Some((role, wanted)) => (role, wanted.split('+').map(str::to_owned).collect()),
        None => (role, Vec::new()),
    };
    let known = Role::named(role);
    if known.is_none() {
        let all = Role::ALL.map(Role::name).join(", ");
        read.refuse(
            at,
            &format!("there is no role `{role}`"),
            &format!("the roles are {all}; `operator:acme` is one for one tenant"),
        );
    }
    let role = known?;
    let refuse = |why: String| read.refuse(at, &format!("`{said}`: {why}"), "write it like `agent+support:acme`");
    let work_roles = work_roles(role, &wanted).map_err(refuse).ok()?;
    Some(Grant { role, tenant, work_roles })
}

fn limits(read: &Reader) -> Limits {
    let ms = |key: &str| Duration::from_millis(read.count(key));
    Limits { headers: ms("http.headers_ms"), body: ms("http.body_ms"), answer: ms("http.answer_ms") }
}

fn rate(read: &Reader) -> Option<Rate> {
    let requests = Some(read.count("http.requests_max")).filter(|requests| *requests > 0)?;
    Some(Rate { per_ms: 1_000, requests, burst: 2 * requests })
}

fn server(read: &Reader) -> ServerConfig {
    let connections_max = usize::try_from(read.count("http.connections_max")).unwrap_or(usize::MAX);
    let connections_per_address_max =
        usize::try_from(read.count("http.connections_per_address_max")).unwrap_or(usize::MAX);
    ServerConfig { connections_max, connections_per_address_max, ..ServerConfig::default() }
}
