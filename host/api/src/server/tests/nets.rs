//! Nets over HTTP: what of a request reaches the host, and what is turned away before it.

use axum::body::Body;
use tokio::test;

use super::fake::{Door, JSON, request};
use crate::server::service::{LoadWanted, UnloadWanted};
use crate::server::{NET_MAX_BYTES, NETS_MAX};

const TOML: (&str, &str) = ("content-type", "application/toml; charset=utf-8");

#[test]
async fn a_net_goes_in_as_the_file_it_is_in_the_name_of_the_token() {
    let (door, fake) = Door::over_fake().await;
    let token = door.token("operator", None).await;
    let told = door.post("/v1/nets?reason=we+sell", &token, &[TOML, ("idempotency-key", "\"k\"")], "net = \"é\"").await;
    assert_eq!((told.status.as_u16(), told.header("location")), (201, "/v1/nets/sale"));
    let again = door.post("/v1/nets?reason=we+sell", &token, &[TOML, ("idempotency-key", "again")], "").await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
    let load = |key: &str, text: &str| LoadWanted {
        by: "a-operator".into(),
        reason: "we sell".into(),
        key: Some(key.into()),
        text: text.into(),
    };
    assert_eq!(*fake.loads.lock().unwrap(), [load("k", "net = \"é\""), load("again", "")]);

    let gone = request("DELETE", "/v1/nets/sale%2Fold?reason=over", &token).header("idempotency-key", "u");
    assert_eq!(door.send(gone.body(Body::empty()).unwrap()).await.problem(), "NotFound");
    let wanted =
        UnloadWanted { net: "sale/old".into(), by: "a-operator".into(), reason: "over".into(), key: Some("u".into()) };
    assert_eq!(*fake.unloads.lock().unwrap(), [wanted]);
}

#[test]
async fn a_net_is_shown_as_a_record_or_as_the_file_it_is() {
    let door = Door::open().await;
    let token = door.token("agent", None).await;
    let shown = async |accept: &str| {
        let sent = request("GET", "/v1/nets/sale", &token).header("accept", accept);
        door.send(sent.body(Body::empty()).unwrap()).await
    };
    for accept in ["application/toml", "text/plain;q=0.5, */*", "text/html, application/toml, application/json"] {
        let told = shown(accept).await;
        assert_eq!((told.header("content-type"), &*told.body), ("application/toml", "net = \"sale\""), "{accept}");
    }
    for accept in ["*/*", "application/json, application/toml", "text/html"] {
        let told = shown(accept).await.json();
        assert_eq!((&told["by"], &told["text"]), (&"olga".into(), &"net = \"sale\"".into()), "{accept}");
    }
    assert_eq!(door.get("/v1/nets/none", &token).await.problem(), "NotFound");
}

#[test]
async fn what_does_not_read_never_reaches_the_host() {
    let (door, fake) = Door::over_fake().await;
    let token = door.token("admin", None).await;
    let load = async |query: &str, media: (&'static str, &'static str), body: Vec<u8>| {
        let sent = request("POST", &format!("/v1/nets{query}"), &token).header(media.0, media.1);
        door.send(sent.body(Body::from(body)).unwrap()).await
    };
    for (query, media, body, status, kind) in [
        ("", TOML, b"net".to_vec(), 400, "BadRequest"),
        ("?reason=", TOML, b"net".to_vec(), 400, "BadRequest"),
        ("?reason=r&name=n", TOML, b"net".to_vec(), 400, "BadRequest"),
        ("?reason=r", TOML, b"\xff".to_vec(), 400, "BadRequest"),
        ("?reason=r", JSON, b"{}".to_vec(), 415, "UnsupportedMediaType"),
        ("?reason=r", ("content-type", "application/xml"), b"<pnml/>".to_vec(), 415, "UnsupportedMediaType"),
        ("?reason=r", TOML, vec![b' '; NET_MAX_BYTES + 1], 413, "TooLarge"),
    ] {
        let told = load(query, media, body).await;
        assert_eq!((told.status.as_u16(), &*told.problem()), (status, kind), "{query} {media:?}");
    }
    let sent = request("DELETE", "/v1/nets/sale", &token).body(Body::empty()).unwrap();
    assert_eq!(door.send(sent).await.problem(), "BadRequest", "an unloading has a reason too");
    let full = door.app.nets.acquire_many(NETS_MAX as u32).await.unwrap();
    let told = load("?reason=r", TOML, b"net".to_vec()).await;
    assert_eq!((told.problem().as_str(), told.header("retry-after")), ("Overloaded", "1"));
    drop(full);
    assert!(fake.loads.lock().unwrap().is_empty() && fake.unloads.lock().unwrap().is_empty());
}
