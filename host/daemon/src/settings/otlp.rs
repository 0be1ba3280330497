//! What the daemon is told of the collector that spans go to.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::settings::read::Reader;

/// The collector.
#[derive(Clone, Debug)]
pub(crate) struct Otlp {
    /// Its URL, without a slash at its end.
    pub(crate) endpoint: String,
    pub(crate) headers: HashMap<String, String>,
    /// What this host is called there.
    pub(crate) service: String,
    /// The part of all events that is sent.
    pub(crate) sampled: f64,
    /// For one batch to be taken.
    pub(crate) timeout: Duration,
}

/// The collector, where one is named; what is wrong with it is in the reader.
pub(crate) fn otlp(read: &mut Reader) -> Option<Otlp> {
    let endpoint = read.text("otlp.endpoint");
    let headers = headers(read);
    if endpoint.is_empty() {
        return None;
    }
    let uri = endpoint.parse::<Uri>().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.host()?)));
    let at = ["otlp", "endpoint"];
    match parts {
        Some(("http", host)) if !headers.is_empty() && !is_own(host) => read.refuse(
            &at,
            &format!("`otlp.headers` would cross the network in the clear to {host}"),
            "use `https://`, or a collector on this machine",
        ),
        Some(("http" | "https", _)) => {}
        _ => read.refuse(
            &at,
            &format!("`{endpoint}` is no URL of a collector"),
            "write it like `http://localhost:4318`; `/v1/traces` is added",
        ),
    }
    Some(Otlp {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        headers,
        service: read.text("otlp.service"),
        sampled: read.count("otlp.sampled_of_million") as f64 / 1e6,
        timeout: Duration::from_millis(read.count("otlp.timeout_ms")),
    })
}

fn headers(read: &mut Reader) -> HashMap<String, String> {
    let mut headers = HashMap::new();
    for text in read.texts_at(&["otlp".into(), "headers".into()]) {
        let parts = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        let is_header =
            |(name, value): &(&str, &str)| name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(value).is_ok();
        match parts.filter(is_header) {
            Some((name, value)) => drop(headers.insert(name.to_owned(), value.to_owned())),
            // What is given may be a secret, and is not said again.
            None => read.refuse(
                &["otlp", "headers"],
                "one of them is no header",
                "write each like `authorization=Bearer …`",
            ),
        }
    }
    headers
}

fn is_own(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
