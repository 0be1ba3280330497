//! Requests that nobody would send on purpose: whatever comes, the answer is one that the contract knows.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::fake::{Door, event};
use crate::server::routes::ROUTES;

/// What paths, queries and headers are made of, beside anything.
const WORDS: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "18446744073709551615",
    "18446744073709551616",
    "acme",
    "null",
    "%00",
    "%ff",
    "%2F",
    "..",
    "a b",
    "é",
    "\u{202e}",
    "7b7d",
    "5b22612c225d",
    "\"",
    "\\",
    "true",
    "evt-1",
    "later",
    "limit",
    "tenant",
    "after",
    "=",
    "&",
];

const HEADERS: &[&str] = &[
    "content-type",
    "content-length",
    "idempotency-key",
    "prefer",
    "if-none-match",
    "last-event-id",
    "ce-specversion",
    "ce-id",
    "ce-source",
    "ce-type",
    "ce-tenant",
    "ce-subject",
    "ce-time",
    "ce-data",
    "ce-",
    "host",
    "origin",
    "accept",
    "expect",
    "transfer-encoding",
    "range",
];

const VALUES: &[&str] = &[
    "application/json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
    "text/plain",
    "1.0",
    "respond-async",
    "\"evt-1\"",
    "\"",
    "%",
    "%zz",
    "*",
    "W/\"\"",
    "marketplace.CustomerSubscribes",
    "2026-01-02T03:04:05Z",
    "0",
    "-1",
    "99999999999999999999",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![select(WORDS).prop_map(str::to_owned), "\\PC{0,12}"]
}

/// A path of the table with words in its braces, or a path of words.
fn path() -> impl Strategy<Value = String> {
    let paths: Vec<&str> = ROUTES.iter().map(|route| route.path).collect();
    let known = (select(paths), word(), word()).prop_map(|(path, one, two)| {
        let filled: Vec<String> = path
            .split('/')
            .enumerate()
            .map(|(nth, part)| match part.starts_with('{') {
                true => coded(if nth % 2 == 1 { &one } else { &two }),
                false => part.to_owned(),
            })
            .collect();
        filled.join("/")
    });
    let unknown = vec(word(), 0..4).prop_map(|words| words.iter().map(|word| format!("/{}", coded(word))).collect());
    prop_oneof![4 => known, 1 => unknown]
}

/// A word as a request line can carry it; what is percent-encoded already stays so, right or wrong.
fn coded(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~%".contains(c);
    word.chars().map(|c| if plain(c) { c.to_string() } else { escaped(c) }).collect()
}

fn escaped(c: char) -> String {
    c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(event("evt-1", "acme").into_bytes()),
        Just(format!("[{}]", event("evt-2", "acme")).into_bytes()),
        Just(br#"{"verb":"resolve","reason":"r"}"#.to_vec()),
        Just(br#"{"name":"n","role":"admin","days":4294967295}"#.to_vec()),
        Just("[".repeat(3_000).into_bytes()),
        // An event with one piece of it replaced by anything.
        (any::<prop::sample::Index>(), "\\PC{0,8}").prop_map(|(at, piece)| {
            let mut text = event("evt-3", "acme");
            let at = at.index(text.len());
            text.replace_range(at..(at + 4).min(text.len()), &piece);
            text.into_bytes()
        }),
        vec(any::<u8>(), 0..200),
    ]
}

#[derive(Debug)]
struct Sent {
    method: String,
    uri: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    role: Option<&'static str>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let value =
        prop_oneof![4 => select(VALUES).prop_map(|value| value.as_bytes().to_vec()), 1 => vec(any::<u8>(), 0..20)];
    let headers = vec((select(HEADERS).prop_map(str::to_owned), value), 0..10);
    let method = select(vec!["GET", "POST", "DELETE", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "QUERY"]);
    let query = vec((word(), word()), 0..4);
    let role = select(vec![None, Some("admin"), Some("operator"), Some("agent"), Some("auditor"), Some("ingest")]);
    (method, path(), query, headers, body(), role).prop_map(|(method, path, query, headers, body, role)| {
        let query: Vec<String> =
            query.iter().map(|(name, value)| format!("{}={}", coded(name), coded(value))).collect();
        let uri = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        Sent {
            method: method.into(),
            uri: if uri.starts_with('/') { uri } else { format!("/{uri}") },
            headers,
            body,
            role,
        }
    })
}

fn build(sent: &Sent, token: Option<&String>) -> Option<Request<Body>> {
    let mut request = Request::builder().method(Method::from_bytes(sent.method.as_bytes()).ok()?).uri(&sent.uri);
    for (name, value) in &sent.headers {
        request = request.header(HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::from(sent.body.clone())).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_the_answer_is_a_good_one_or_a_whole_problem(all in vec(sent(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let door = Door::open().await;
            for sent in &all {
                let token = match sent.role {
                    Some(role) => Some(door.token(role, None).await),
                    None => None,
                };
                let Some(request) = build(sent, token.as_ref()) else { continue };
                if sent.uri.starts_with("/v1/stream") {
                    // It does not end by itself.
                    prop_assert!(door.answer(request).await.status().as_u16() < 500);
                    continue;
                }
                let told = door.send(request).await;
                prop_assert!(told.status.as_u16() < 500, "{sent:?} was answered {told:?}");
                if told.status.as_u16() >= 400 && sent.method != "HEAD" {
                    told.problem();
                }
            }
            Ok(())
        })?;
    }
}
