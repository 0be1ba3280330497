//! A client of the daemon: asks over HTTP, and says as a failure what was not answered.

use std::io::Read;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use syndic_api::{ProblemKind, exit_code};
use ureq::http::{Method, Request, Response, Uri};
use ureq::{Agent, Body};

use crate::failure::{Failure, FailureKind};

/// A daemon that can be asked.
#[derive(Debug)]
pub struct Remote {
    agent: Agent,
    server: String,
    token: Option<String>,
}

/// Longer than the daemon takes to say that something takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer may be a batch's: hundreds of outcomes of some kilobytes each.
const ANSWER_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What was answered.
#[derive(Debug)]
pub struct Told(Value);

impl Told {
    /// As it came.
    pub fn value(self) -> Value {
        self.0
    }

    /// As one of the wire types.
    ///
    /// # Errors
    /// It is of another shape: the daemon is of another version.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Failure> {
        serde_json::from_value(self.0).map_err(unread)
    }
}

fn unread(why: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unreachable, "the daemon's answer does not read")
        .because(why)
        .hint("the daemon may be of another version, or something else may answer there")
}

impl Remote {
    /// The daemon at a URL.
    ///
    /// # Errors
    /// That is no such URL, or a token would cross the network in the clear.
    pub fn at(server: &str, token: Option<String>) -> Result<Self, Failure> {
        let server = server.trim_end_matches('/');
        let uri: Option<Uri> = server.parse().ok();
        let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
        let (scheme, host) = match parts {
            Some((scheme @ ("http" | "https"), host)) => (scheme, host),
            _ => {
                return Err(Failure::new(FailureKind::Usage, format!("`{server}` is no URL of a daemon"))
                    .because("it does not begin with `http://` or `https://` and a host")
                    .hint("write it like `http://127.0.0.1:7070`"));
            }
        };
        let own = host == "localhost"
            || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if scheme == "http" && !own && token.is_some() {
            return Err(Failure::new(FailureKind::Usage, format!("the token is not sent to `{server}`"))
                .because("it would cross the network in the clear")
                .hint("use `https://`"));
        }
        let config =
            Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(PATIENCE));
        Ok(Self { agent: config.build().into(), server: server.to_owned(), token })
    }

    /// A part of a path, or of a query, as a URL carries it.
    pub fn coded(part: &str) -> String {
        utf8_percent_encode(part, NON_ALPHANUMERIC).to_string()
    }

    /// Asks.
    ///
    /// # Errors
    /// The daemon cannot be reached, or says no.
    pub fn get(&self, path: &str) -> Result<Told, Failure> {
        self.send(Method::GET, path, "", Vec::new())
    }

    /// Asks for what is a word for people and not JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn text(&self, path: &str) -> Result<String, Failure> {
        let mut response = self.answered(Method::GET, path, &[], Vec::new())?;
        if !response.status().is_success() {
            return Err(told(response)?.map_or_else(|said| problem(&said), |_| unread("it is no text")));
        }
        response.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_string().map_err(unread)
    }

    /// Has something removed.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn delete(&self, path: &str) -> Result<Told, Failure> {
        self.send(Method::DELETE, path, "", Vec::new())
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(&self, path: &str, body: &Value) -> Result<Told, Failure> {
        self.send(Method::POST, path, "application/json", body.to_string().into_bytes())
    }

    /// Sends JSON that is to be done once, however often it is sent under a key.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Told, Failure> {
        let key = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
        let headers = [("content-type", "application/json"), ("idempotency-key", &*key)];
        told(self.answered(Method::POST, path, &headers, body.to_string().into_bytes())?)?
            .map_err(|told| problem(&told))
    }

    /// Sends a batch of events.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn send_batch(&self, body: Vec<u8>) -> Result<Told, Failure> {
        self.send(Method::POST, "/v1/events", "application/cloudevents-batch+json", body)
    }

    /// Has something told as a stream: where it is described, and its bytes. There is no limit to how long they take.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn stream(&self, path: &str) -> Result<(Option<String>, impl Read + use<>), Failure> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE));
        let patient = Self { agent: config.build().into(), server: self.server.clone(), token: self.token.clone() };
        let response = patient.answered(Method::POST, path, &[], Vec::new())?;
        if !response.status().is_success() {
            return Err(told(response)?.map_or_else(|said| problem(&said), |_| unread("it is no stream")));
        }
        let place = response.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        Ok((place, response.into_body().into_reader()))
    }

    /// Sends a component. Where the daemon says that it takes longer, the same is sent again, under the same key, until it
    /// says what became of it.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn send_component(&self, path: &str, component: &[u8], key: &str) -> Result<Told, Failure> {
        self.send_file(path, "application/wasm", component, key)?.map_err(|told| problem(&told))
    }

    /// The same with any file; what the daemon will not have of it, is told as it came.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn send_file(&self, path: &str, media: &str, file: &[u8], key: &str) -> Result<Result<Told, Value>, Failure> {
        let key = format!("\"{key}\"");
        // A daemon that will not have it says so before all of it was sent.
        let headers = [("content-type", media), ("idempotency-key", &*key), ("expect", "100-continue")];
        loop {
            match told(self.answered(Method::POST, path, &headers, file.to_vec())?)? {
                Err(pending) if pending["kind"] == "OutcomePending" => {}
                told => return Ok(told),
            }
        }
    }

    /// Has something there no more, known by a key.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn delete_once(&self, path: &str, key: &str) -> Result<Result<Told, Value>, Failure> {
        told(self.answered(Method::DELETE, path, &[("idempotency-key", &format!("\"{key}\""))], Vec::new())?)
    }

    fn send(&self, method: Method, path: &str, media: &str, body: Vec<u8>) -> Result<Told, Failure> {
        let headers = [("content-type", media)];
        let headers = if media.is_empty() { &[][..] } else { &headers[..] };
        told(self.answered(method, path, headers, body)?)?.map_err(|told| problem(&told))
    }

    fn answered(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).map_err(|why| {
            Failure::new(FailureKind::Usage, "that cannot be asked")
                .because(why)
                .hint("look at `--server` and the token")
        })?;
        self.agent.run(request).map_err(|why| {
            Failure::new(FailureKind::Unreachable, format!("the daemon at `{}` cannot be reached", self.server))
                .because(why)
                .hint("is it running there? `syndic run` says where it listens")
        })
    }
}

/// What was answered, or the problem that was.
fn told(mut response: Response<Body>) -> Result<Result<Told, Value>, Failure> {
    let status = response.status();
    let body = response.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec().map_err(unread)?;
    let value: Value = serde_json::from_slice(&body).map_err(unread)?;
    Ok(if status.is_success() { Ok(Told(value)) } else { Err(value) })
}

/// A problem document as a failure.
pub fn problem(problem: &Value) -> Failure {
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    let status = problem["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
    let kind = match exit_code(status) {
        1 => FailureKind::No,
        2 => FailureKind::Usage,
        _ => FailureKind::Unreachable,
    };
    let known = ProblemKind::named(&text("kind")).map(|kind| kind.hint);
    let hint = match text("kind").as_str() {
        "Unauthorized" | "Forbidden" => "`--token` or `SYNDIC_TOKEN` gives a token; `syndic token create` makes one",
        _ => known.unwrap_or("try again"),
    };
    Failure::new(kind, text("title")).because(format!("{}: {}", text("kind"), text("detail"))).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_cross_a_network_in_the_clear() {
        let at = |url: &str| Remote::at(url, Some("t".into())).map(|_| ()).map_err(|failure| failure.kind);
        for good in ["http://localhost:7070/", "http://127.0.0.1:7070", "http://[::1]:7070", "https://host.example"] {
            assert_eq!(at(good), Ok(()), "{good}");
        }
        for bad in ["http://host.example", "http://10.0.0.1:7070", "localhost:7070", "ftp://localhost", ""] {
            assert_eq!(at(bad), Err(FailureKind::Usage), "{bad}");
        }
        assert!(Remote::at("http://host.example", None).is_ok());
    }

    #[test]
    fn a_problem_is_told_with_its_kind_and_what_to_do() {
        let line = syndic_api::ProblemLine::new("Forbidden", "`ada` has the role agent");
        let failure = problem(&serde_json::to_value(line).unwrap());
        assert_eq!(failure.kind, FailureKind::Unreachable);
        assert_eq!(failure.cause.unwrap(), "Forbidden: `ada` has the role agent");
        assert!(failure.hint.unwrap().contains("SYNDIC_TOKEN"));
        let line = syndic_api::ProblemLine::new("RoleNotHeld", "`vera` does not have the work role `finance`");
        assert!(problem(&serde_json::to_value(line).unwrap()).hint.unwrap().contains("--work-role"));
    }
}
