//! Slots over HTTP: what of a request reaches the host, and what is turned away before it.

use axum::body::Body;
use syndic_core::ports::COMPONENT_MAX_BYTES;
use syndic_core::versions::Mode;
use tokio::test;

use super::fake::{Door, JSON, Told, request};
use crate::server::{InstallWanted, SwapVerb, SwapWanted};

const WASM: (&str, &str) = ("content-type", "application/wasm");

async fn install(door: &Door, token: &str, query: &str) -> Told {
    door.post(&format!("/v1/governors/billing/install?{query}"), token, &[WASM], "its bytes").await
}

#[test]
async fn a_component_goes_in_as_it_is_and_what_goes_with_it_stands_in_the_query() {
    let (door, fake) = Door::over_fake().await;
    let token = door.token("operator", None).await;
    let query =
        "mode=canary&percent=10&backtest=50&max_different=0&allow=wider,failing&signature=%2B+%2F%0A&reason=we+try";
    let key = ("idempotency-key", "\"k\"");
    let told = door.post(&format!("/v1/governors/billing/install?{query}"), &token, &[WASM, key], "its bytes").await;
    assert_eq!((told.status.as_u16(), &told.json()["active"]), (200, &1.into()));
    let install = InstallWanted {
        mode: Mode::Canary(10),
        backtest: Some(50),
        max_different: Some(0),
        allow: vec!["wider", "failing"],
        signature: Some("+ /\n".into()),
        component: "its bytes".into(),
    };
    let wanted = |verb, key: Option<&str>| SwapWanted {
        slot: "billing".into(),
        by: "a-operator".into(),
        reason: "we try".into(),
        key: key.map(str::to_owned),
        verb,
    };
    let body = |more: &str| format!(r#"{{"reason":"we try"{more}}}"#);
    for (verb, more) in [("promote", r#","force":true"#), ("revert", ""), ("explain", r#","difference":3"#)] {
        let told = door.post(&format!("/v1/governors/billing/{verb}"), &token, &[JSON], &body(more)).await;
        assert_eq!(told.status, 200, "{told:?}");
    }
    let expected = [
        wanted(SwapVerb::Install(install), Some("k")),
        wanted(SwapVerb::Promote { force: true }, None),
        wanted(SwapVerb::Revert, None),
        wanted(SwapVerb::Explain { difference: Some(3) }, None),
    ];
    assert_eq!(*fake.wanted.lock().unwrap(), expected);
}

#[test]
async fn what_does_not_read_never_reaches_the_host() {
    let (door, fake) = Door::over_fake().await;
    let token = door.token("admin", None).await;
    for (query, says) in [
        ("reason=", "`reason` is missing"),
        ("mode=shade&reason=r", "`mode` is one of active, shadow, canary, not `shade`"),
        ("mode=canary&reason=r", "a canary has a `percent` from 1 to 100"),
        ("mode=canary&percent=101&reason=r", "a canary has a `percent` from 1 to 100"),
        ("mode=shadow&percent=10&reason=r", "`percent` goes with `mode=canary`"),
        ("allow=wider,all&reason=r", "not `all`"),
        ("max_different=1&reason=r", "`max_different` goes with `backtest`"),
        ("backtest=0&reason=r", "from 1"),
        ("force=true&reason=r", "the query has no `force`"),
    ] {
        let told = install(&door, &token, query).await;
        assert_eq!(told.problem(), "BadRequest", "{query}");
        assert!(told.body.contains(says), "{query}: {}", told.body);
    }
    let media = door.post("/v1/governors/billing/install?reason=r", &token, &[JSON], "{}").await;
    assert_eq!((media.status.as_u16(), media.problem().as_str()), (415, "UnsupportedMediaType"));
    let promote = door.post("/v1/governors/billing/promote", &token, &[JSON], r#"{"reason":"r","forse":true}"#).await;
    assert_eq!(promote.problem(), "BadRequest");
    let huge = request("POST", "/v1/governors/billing/install?reason=r", &token).header(WASM.0, WASM.1);
    let huge = door.send(huge.body(Body::from(vec![0; COMPONENT_MAX_BYTES + 1])).unwrap()).await;
    assert_eq!((huge.status.as_u16(), huge.problem().as_str()), (413, "TooLarge"));
    assert_eq!(*fake.wanted.lock().unwrap(), []);
}

#[test]
async fn only_so_many_components_are_in_memory_at_once() {
    let (door, fake) = Door::over_fake().await;
    let token = door.token("operator", None).await;
    let uploads = door.app.uploads.acquire_many(super::super::UPLOADS_MAX as u32).await.unwrap();
    let full = install(&door, &token, "reason=r").await;
    assert_eq!((full.problem().as_str(), full.header("retry-after")), ("Overloaded", "1"));
    // Who may not install takes nobody's place.
    let agent = door.token("agent", None).await;
    assert_eq!(install(&door, &agent, "reason=r").await.problem(), "Forbidden");
    // And what is no component needs none.
    let revert = door.post("/v1/governors/billing/revert", &token, &[JSON], r#"{"reason":"r"}"#).await;
    assert_eq!(revert.status, 200);
    drop(uploads);
    assert_eq!(install(&door, &token, "reason=r").await.status, 200);
    assert_eq!(fake.wanted.lock().unwrap().len(), 2);
}

#[test]
async fn a_slot_that_is_not_there_is_not_found() {
    let door = Door::open().await;
    let token = door.token("auditor", None).await;
    assert_eq!(door.get("/v1/governors/billing", &token).await.json()["active"]["version"], "1.0.0");
    for path in ["none", "none/history", "none/trial", "%00"] {
        assert_eq!(door.get(&format!("/v1/governors/{path}"), &token).await.problem(), "NotFound", "{path}");
    }
}
