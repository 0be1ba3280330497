//! The router: the table of routes, with its guard before every row.
//!
//! The guard reads who asks, lets through whom the row names, and hands the row's handler a request that is whole and
//! within its limits. Every answer that is not what was asked for is a problem document, this module's own too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, ORIGIN, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use syndic_core::ports::COMPONENT_MAX_BYTES;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use super::App;
use super::ask::{Ask, read_query};
use super::binding::BATCH_MAX_BYTES;
use super::caller::{Caller, Peer};
use super::crowd::network;
use super::nets::NET_MAX_BYTES;
use super::problem::Problem;
use super::routes::{ROUTES, Route, Scope, Takes};
use super::tokens::NotTaken;

/// Bytes of a body that is no event.
const BODY_MAX_BYTES: usize = 16 * 1024;

/// When to come back where too many components or nets are under way: most are there, and looked at, within a second.
const UPLOADED_MS: u64 = 1_000;

/// Bytes of a path with its query: names have at most 256 bytes, and three of them, percent-encoded, make a cursor.
const URI_MAX_BYTES: usize = 8 * 1024;

/// The router of every route.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let app = Arc::clone(app);
        let answer = move |request: Request| answer(Arc::clone(&app), route, request);
        let filter = MethodFilter::try_from(route.method.clone()).expect("the table's methods are ordinary ones");
        router = router.route(route.path, on(filter, answer));
    }
    let header =
        |name, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router
        .method_not_allowed_fallback(|uri: Uri| async move { Problem::method_not_allowed(&methods_of(uri.path())) })
        .fallback(|| async { Problem::not_found("such path") })
        .layer(header(CACHE_CONTROL, "no-store"))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(CatchPanicLayer::custom(|_| Problem::new("Internal", "a handler panicked").into_response()))
}

/// The methods of a path, for `Allow`.
fn methods_of(path: &str) -> String {
    let fits = |pattern: &str| {
        let (pattern, path) = (pattern.split('/'), path.split('/'));
        pattern.clone().count() == path.clone().count()
            && pattern.zip(path).all(|(part, said)| part == said || (part.starts_with('{') && !said.is_empty()))
    };
    let mut methods: Vec<&str> = Vec::new();
    for route in ROUTES.iter().filter(|route| fits(route.path)) {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

async fn answer(app: Arc<App>, route: &'static Route, request: Request) -> Response {
    let since = app.metrics.start();
    let answer = match guarded(&app, route, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    app.metrics.answered(route.path, answer.status().as_u16(), since);
    answer
}

async fn guarded(app: &Arc<App>, route: &'static Route, request: Request) -> Result<Response, Problem> {
    let (mut head, body) = request.into_parts();
    if head.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > URI_MAX_BYTES) {
        return Err(Problem::bad_request(format!("the path and its query are over {URI_MAX_BYTES} bytes")));
    }
    let peer = head.extensions.remove::<Peer>().unwrap_or_default();
    let caller = let_in(app, route, &peer, &head.headers)?;
    let parts = RawPathParams::from_request_parts(&mut head, &()).await;
    let parts = parts.map_err(|why| Problem::bad_request(format!("the path does not read: {why}")))?;
    let path = parts.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = read_query(head.uri.query().unwrap_or_default(), route.query)?;
    // Held until the answer: what is sent is in memory for as long.
    let _place = match route.takes {
        Takes::Component => Some(app.uploads.try_acquire().map_err(|_| Problem::overloaded(UPLOADED_MS))?),
        Takes::Net => Some(app.nets.try_acquire().map_err(|_| Problem::overloaded(UPLOADED_MS))?),
        _ => None,
    };
    let body = read_body(app, route, body).await?;
    let ask = Ask { caller, path, query, headers: head.headers, body };
    match timeout(app.limits.answer, (route.handler)(Arc::clone(app), ask)).await {
        Ok(answer) => answer,
        Err(_) => Err(Problem::new("OutcomePending", format!("nothing came within {:?}", app.limits.answer))),
    }
}

/// Who asks, where that one may.
fn let_in(app: &App, route: &Route, peer: &Peer, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
    if route.scope == Scope::Open {
        return Ok(None);
    }
    let now = Instant::now();
    let stranger = || peer.address.map_or_else(|| "local".into(), |address| network(address).to_string());
    let caller = match who(app, peer, headers) {
        Ok(caller) => caller,
        Err(problem) => {
            // Counted only now, so that who has a good token is never held up by others at its address.
            tracing::info!(address = ?peer.address, why = problem.line.detail, "a caller was not let in");
            app.strangers.take(&stranger(), now).map_err(Problem::rate_limited)?;
            return Err(problem);
        }
    };
    app.callers.take(&caller.counted, now).map_err(Problem::rate_limited)?;
    if !route.roles.contains(&caller.role) {
        let detail = format!("`{}` has the role {}, and this is for {}", caller.name, caller.role, names(route));
        return Err(Problem::new("Forbidden", detail));
    }
    if route.scope == Scope::Host && caller.tenant.is_some() {
        return Err(Problem::new("Forbidden", format!("`{}` is of one tenant, and this is about all", caller.name)));
    }
    Ok(Some(caller))
}

fn names(route: &Route) -> String {
    let names: Vec<&str> = route.roles.iter().map(|role| role.name()).collect();
    names.join(", ")
}

fn who(app: &App, peer: &Peer, headers: &HeaderMap) -> Result<Caller, Problem> {
    let no = |detail: &str| Err(Problem::new("Unauthorized", detail));
    let mut said = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (said.next(), said.next()) else {
        return match (&peer.standing, headers.contains_key(AUTHORIZATION)) {
            (Some(standing), false) if peer.address.is_none() || is_of_this_machine(headers) => Ok(standing.clone()),
            (Some(_), false) => no("a page in a browser asks here, or another host is meant"),
            (_, true) => no("`Authorization` is there twice"),
            (None, false) => no("there is no `Authorization` header"),
        };
    };
    let bearer = value.to_str().ok().and_then(|value| value.split_once(' '));
    let Some((_, secret)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return no("`Authorization` is not `Bearer` and a token");
    };
    match app.tokens.holder(secret.trim(), app.service.now()) {
        Ok(caller) => Ok(caller),
        Err(NotTaken::Unknown) => no("the token is unknown here, or was revoked"),
        Err(NotTaken::Expired) => no("the token has expired"),
    }
}

/// Whether a request without a token was meant for this machine by a program on it. Pages that a browser here shows can
/// reach this address too, under their own host's name; they come with an `Origin`, or with that name as `Host`.
fn is_of_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    !headers.contains_key(ORIGIN) && ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

async fn read_body(app: &App, route: &Route, body: Body) -> Result<Bytes, Problem> {
    let most = match route.takes {
        Takes::Nothing | Takes::Keyed => return Ok(Bytes::new()),
        Takes::Events => BATCH_MAX_BYTES,
        Takes::Component => COMPONENT_MAX_BYTES,
        Takes::Net => NET_MAX_BYTES,
        Takes::Json(_) | Takes::Act(_) => BODY_MAX_BYTES,
    };
    match timeout(app.limits.body, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(why)) if is_too_large(&why) => Err(Problem::new("TooLarge", format!("the body is over {most} bytes"))),
        Ok(Err(why)) => Err(Problem::bad_request(format!("the body does not read: {why}"))),
        Err(_) => Err(Problem::new("SlowRequest", format!("the body was not there after {:?}", app.limits.body))),
    }
}

fn is_too_large(why: &axum::Error) -> bool {
    let mut inner = std::error::Error::source(why);
    while let Some(why) = inner {
        if why.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        inner = why.source();
    }
    false
}

/// What a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For its headers to come; a connection may be idle for as long.
    pub headers: Duration,
    /// For its body to come.
    pub body: Duration,
    /// For its answer to be found.
    pub answer: Duration,
}

impl Default for Limits {
    /// Long beside the ten seconds after which an event is stopped, short beside the minute that middlemen wait.
    fn default() -> Self {
        Self { headers: Duration::from_secs(15), body: Duration::from_secs(30), answer: Duration::from_secs(30) }
    }
}
