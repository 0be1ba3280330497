//! Problems as answers.

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use syndic_core::Error;

use super::service::{Denied, Unavailable};
use crate::ProblemLine;

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) line: Box<ProblemLine>,
    headers: HeaderMap,
}

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// When to come back to a host that cannot answer, in seconds: a restart takes about so long.
const BACK_IN_S: u64 = 5;

impl Problem {
    pub(crate) fn new(kind: &str, detail: impl Into<String>) -> Self {
        let line = ProblemLine::new(kind, detail);
        let problem = Self { line: Box::new(line), headers: HeaderMap::new() };
        match kind {
            "Unauthorized" => problem.with(WWW_AUTHENTICATE, r#"Bearer realm="syndic""#),
            "Unavailable" | "OutcomePending" => problem.retry_after_ms(BACK_IN_S * 1_000),
            _ => problem,
        }
    }

    /// A problem as the host says it.
    pub(crate) fn of(line: ProblemLine) -> Self {
        let problem = Self { line: Box::new(line), headers: HeaderMap::new() };
        match problem.line.fields.get("retry_after_ms").and_then(serde_json::Value::as_u64) {
            Some(ms) => problem.retry_after_ms(ms),
            None => problem,
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new("BadRequest", detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new("NotFound", format!("there is no {what}"))
    }

    pub(crate) fn overloaded(retry_after_ms: u64) -> Self {
        Self::from(&Error::Overloaded { retry_after_ms })
    }

    pub(crate) fn rate_limited(retry_after_ms: u64) -> Self {
        Self::new("RateLimited", format!("too many requests; try again in {retry_after_ms} ms"))
            .retry_after_ms(retry_after_ms)
    }

    pub(crate) fn method_not_allowed(allowed: &str) -> Self {
        Self::new("MethodNotAllowed", format!("this path takes {allowed}")).with(ALLOW, allowed)
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("our own header values are ASCII");
        self.headers.insert(name, value);
        self
    }

    /// Seconds, rounded up: who comes back sooner is turned away again.
    fn retry_after_ms(self, ms: u64) -> Self {
        self.with(RETRY_AFTER, &ms.div_ceil(1_000).max(1).to_string())
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let problem = Self { line: Box::new(ProblemLine::from(error)), headers: HeaderMap::new() };
        match error {
            Error::Overloaded { retry_after_ms } => problem.retry_after_ms(*retry_after_ms),
            _ => problem,
        }
    }
}

impl From<Unavailable> for Problem {
    fn from(Unavailable(why): Unavailable) -> Self {
        Self::new("Unavailable", why)
    }
}

impl From<Denied> for Problem {
    fn from(Denied(why): Denied) -> Self {
        Self::new("Denied", why)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.line.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.line).expect("a problem is JSON");
        (status, self.headers, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
    }
}
