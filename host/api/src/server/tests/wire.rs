//! What the server says: statuses, headers, bodies.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use tokio::test;

use super::fake::{Door, JSON, SLOW, event, request};
use crate::server::{Limits, ServerConfig};

const ALL: Option<&str> = None;

#[test]
async fn an_event_is_judged_once_and_its_outcome_is_told_as_often_as_it_is_sent() {
    let door = Door::open().await;
    let token = door.token("ingest", ALL).await;
    let first = door.post("/v1/events", &token, &[JSON], &event("evt-1", "acme")).await;
    assert_eq!(first.status, 201);
    assert_eq!((&first.json()["outcome"], &first.json()["receipt"]), (&"completed".into(), &1.into()));
    assert_eq!(first.header("location"), "/v1/events/evt%2D1?tenant=acme&source=%2Fshop");

    let again = door.post("/v1/events", &token, &[JSON], &event("evt-1", "acme")).await;
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (200, "true"));
    assert_eq!((&again.json()["duplicate"], &again.json()["receipt"]), (&true.into(), &1.into()));

    let other = event("evt-1", "acme").replace("cust-1", "cust-2");
    let other = door.post("/v1/events", &token, &[JSON], &other).await;
    assert_eq!((other.status.as_u16(), other.problem().as_str()), (422, "IdempotencyViolation"));

    let shown = door.get(first.header("location"), &token).await;
    assert_eq!((shown.status.as_u16(), &shown.json()["event"]["id"]), (200, &"evt-1".into()));
}

#[test]
async fn who_prefers_not_to_wait_is_told_where_the_outcome_will_be() {
    let door = Door::open().await;
    let token = door.token("ingest", ALL).await;
    let prefer = ("prefer", "handling=lenient, Respond-Async; wait=1");
    let kept = door.post("/v1/events", &token, &[JSON, prefer], &event("later", "acme")).await;
    assert_eq!((kept.status.as_u16(), kept.header("preference-applied")), (202, "respond-async"));
    let place = kept.header("location").to_owned();
    assert_eq!(door.get(&place, &token).await.status, 202);

    door.post("/v1/events", &token, &[JSON], &event("evt-1", "acme")).await;
    let known = door.post("/v1/events", &token, &[JSON, prefer], &event("evt-1", "acme")).await;
    assert_eq!(known.status, 200);
}

#[test]
async fn a_batch_is_told_event_by_event_in_its_order() {
    let door = Door::open().await;
    let token = door.token("ingest", Some("acme")).await;
    let batch = format!("[{},7,{},{}]", event("a", "acme"), event("b", "globex"), event("a", "acme"));
    let told = door.post("/v1/events", &token, &[("content-type", "application/cloudevents-batch+json")], &batch).await;
    assert_eq!(told.status, 200);
    let lines: Vec<_> = told
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (line["line"].as_u64().unwrap(), line["outcome"].as_str().unwrap().to_owned(), line["duplicate"] == true)
        })
        .collect();
    let expected = [(1, "completed", false), (2, "invalid", false), (3, "invalid", false), (4, "completed", true)];
    assert_eq!(lines, expected.map(|(line, outcome, duplicate)| (line, outcome.to_owned(), duplicate)));
}

#[test]
async fn what_is_turned_away_says_why_and_when_to_come_back() {
    let door = Door::with(ServerConfig {
        rate: None,
        limits: Limits { answer: Duration::from_millis(1), ..Limits::default() },
        ..ServerConfig::default()
    })
    .await;
    let token = door.token("ingest", ALL).await;
    let refused = async |id: &str| {
        let told = door.post("/v1/events", &token, &[JSON], &event(id, "acme")).await;
        (told.status.as_u16(), told.problem(), told.header("retry-after").to_owned())
    };
    let wait = |status, kind: &str, after: &str| (status, kind.to_owned(), after.to_owned());
    assert_eq!(refused("overloaded").await, wait(429, "Overloaded", "2"));
    assert_eq!(refused("halted").await, wait(503, "Unavailable", "5"));
    assert_eq!(refused("never").await, wait(504, "OutcomePending", "5"));
    assert_eq!(refused("panic").await, wait(500, "Internal", ""));
    assert_eq!(refused("a\\nb").await, wait(400, "EventValidationFailed", ""));

    let slow = Door::with(ServerConfig { rate: Some(SLOW), ..ServerConfig::default() }).await;
    let token = slow.token("auditor", ALL).await;
    assert_eq!(slow.get("/v1/stats", &token).await.status, 200);
    let limited = slow.get("/v1/stats", &token).await;
    assert_eq!((limited.problem().as_str(), limited.header("retry-after")), ("RateLimited", "1"));
}

#[test]
async fn a_command_is_about_the_tokens_own_tenant_and_is_one_under_its_key_whenever_it_is_sent() {
    let door = Door::open().await;
    let (own, all) = (door.token("operator", Some("acme")).await, door.token("operator", ALL).await);
    let keyed = ("idempotency-key", "\"c-1\"");
    let then = r#"{"command":"cancel","data":{"reason":"r"},"time":"2026-01-01T00:00:00Z"}"#;
    let now = r#"{"command":"cancel","data":{"reason":"r"}}"#;
    let asks =
        async |token: &str, body: &str| door.post("/v1/cases/order-1/commands", token, &[JSON, keyed], body).await;
    assert_eq!(asks(&own, then).await.status, 201);
    let again = asks(&own, now).await;
    assert_eq!((again.status.as_u16(), &again.json()["duplicate"]), (200, &true.into()));
    let file = door.get("/v1/events/c-1?source=%2Fhttp", &own).await.json();
    assert_eq!((&file["event"]["tenant"], &file["event"]["time"]), (&"acme".into(), &"2026-01-01T00:00:00Z".into()));

    let unclear = asks(&all, now).await;
    assert_eq!(unclear.problem(), "BadRequest");
    assert!(unclear.body.contains("`a-operator` is for all tenants"), "{}", unclear.body);
    let at = now.replace("}}", r#"},"time":"at noon"}"#);
    assert_eq!(asks(&own, &at).await.problem(), "EventValidationFailed");
}

#[test]
async fn strangers_are_counted_by_address_and_hold_up_nobody_who_has_a_token() {
    let door = Door::open().await;
    let token = door.token("auditor", ALL).await;
    let mut kinds = Vec::new();
    for _ in 0..12 {
        kinds.push(door.get("/v1/stats", "syndic_admin_no").await.problem());
    }
    assert_eq!(kinds.iter().filter(|kind| *kind == "Unauthorized").count(), 10);
    assert_eq!(kinds[11], "RateLimited");
    assert_eq!(door.get("/v1/stats", &token).await.status, 200);
}

#[test]
async fn too_much_is_not_read() {
    let door = Door::open().await;
    let (token, operator) = (door.token("ingest", ALL).await, door.token("operator", ALL).await);
    let padded = |bytes: usize| event("e", "acme").replace("pro", &"x".repeat(bytes));
    let large = door.post("/v1/events", &token, &[JSON], &padded(65 * 1024)).await;
    assert_eq!((large.status.as_u16(), large.problem().as_str()), (413, "TooLarge"));
    let huge = door.post("/v1/events", &token, &[JSON], &padded(5 * 1024 * 1024)).await;
    assert_eq!(huge.problem(), "TooLarge");
    let many = format!("[{}1]", "1,".repeat(500));
    let many = door.post("/v1/events", &token, &[("content-type", "application/cloudevents-batch+json")], &many).await;
    assert_eq!(many.problem(), "TooLarge");
    let order = format!(r#"{{"verb":"retry","reason":"{}"}}"#, "x".repeat(17 * 1024));
    assert_eq!(door.post("/v1/events/e/orders", &operator, &[JSON], &order).await.problem(), "TooLarge");
    assert_eq!(door.get(&format!("/v1/events/{}", "x".repeat(9_000)), &token).await.problem(), "BadRequest");
}

#[test]
async fn a_list_is_read_page_by_page_and_shows_each_once() {
    let door = Door::open().await;
    let (sender, token) = (door.token("ingest", ALL).await, door.token("auditor", Some("acme")).await);
    for (id, tenant) in [("a", "acme"), ("b", "acme"), ("referred", "acme"), ("c", "globex")] {
        door.post("/v1/events", &sender, &[JSON], &event(id, tenant)).await;
    }
    for (list, expected) in [("events", ["a", "b", "referred"]), ("receipts", ["a", "b", "referred"])] {
        let (mut after, mut found) = (String::new(), Vec::new());
        loop {
            let page = door.get(&format!("/v1/{list}?limit=2{after}"), &token).await.json();
            found.extend(page["items"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(found, expected);
    }
    let referred = door.get("/v1/events?outcome=referred", &token).await.json();
    assert_eq!(referred["items"].as_array().unwrap().len(), 1);
    for query in ["limit=0", "limit=501", "limit=x", "after=x", "outcome=done", "tenat=acme"] {
        assert_eq!(door.get(&format!("/v1/events?{query}"), &token).await.problem(), "BadRequest", "{query}");
    }
}

#[test]
async fn what_has_not_changed_is_not_sent_again() {
    let door = Door::open().await;
    let token = door.token("agent", ALL).await;
    let path = "/v1/tenants/acme/customers/cust%2F1/facts?name=billing.invoice";
    let first = door.get(path, &token).await;
    assert_eq!(first.json()[0]["name"], "billing.invoice.inv-1");
    assert_eq!(first.json()[0]["value"], "cust/1");
    let tag = first.header("etag").to_owned();
    let known = request("GET", path, &token).header("if-none-match", format!("\"x\", W/{tag}"));
    let again = door.send(known.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
}

#[test]
async fn an_order_is_carried_out_or_denied_and_names_who_gave_it() {
    let door = Door::open().await;
    let token = door.token("operator", ALL).await;
    for id in ["referred-1", "evt-1"] {
        door.post("/v1/events", &token, &[JSON], &event(id, "acme")).await;
    }
    let order = r#"{"verb":"resolve","reason":"checked by hand"}"#;
    let done = door.post("/v1/events/referred-1/orders", &token, &[JSON], order).await;
    assert_eq!((done.status.as_u16(), &done.json()["outcome"]), (200, &"completed".into()));
    let receipt = door.get("/v1/receipts/3", &token).await.json();
    assert_eq!((&receipt["act"]["by"], &receipt["act"]["verb"]), (&"a-operator".into(), &"resolve".into()));

    let denied = door.post("/v1/events/evt-1/orders", &token, &[JSON], order).await;
    assert_eq!((denied.status.as_u16(), denied.problem().as_str()), (409, "Denied"));
    assert_eq!(door.post("/v1/events/none/orders", &token, &[JSON], order).await.problem(), "NotFound");
    assert_eq!(
        door.post("/v1/undelivered/3/resend", &token, &[JSON], r#"{"reason":"up again"}"#).await.problem(),
        "Denied"
    );
    assert_eq!(
        door.post("/v1/undelivered/4/resend", &token, &[JSON], r#"{"reason":"up again"}"#).await.problem(),
        "NotFound"
    );
    for body in [
        r#"{"verb":"resolve"}"#,
        r#"{"verb":"resolve","reason":" "}"#,
        r#"{"verb":"retry","reason":"r","winner":"billing"}"#,
    ] {
        assert_eq!(door.post("/v1/events/evt-1/orders", &token, &[JSON], body).await.problem(), "BadRequest", "{body}");
    }
}

#[test]
async fn an_id_of_several_events_is_ambiguous_until_source_and_tenant_are_named() {
    let door = Door::open().await;
    let token = door.token("operator", ALL).await;
    for tenant in ["acme", "globex"] {
        door.post("/v1/events", &token, &[JSON], &event("e", tenant)).await;
    }
    assert_eq!(door.get("/v1/events/e", &token).await.problem(), "Ambiguous");
    assert_eq!(door.get("/v1/events/e?tenant=globex", &token).await.json()["event"]["tenant"], "globex");
    let acme = door.token("agent", Some("acme")).await;
    assert_eq!(door.get("/v1/events/e", &acme).await.json()["event"]["tenant"], "acme");
}

#[test]
async fn the_stream_resumes_behind_the_last_receipt_that_was_seen_and_ends_with_the_token() {
    let door = Door::open().await;
    let (sender, token) = (door.token("ingest", ALL).await, door.token("auditor", Some("acme")).await);
    for (id, tenant) in [("a", "acme"), ("b", "globex"), ("c", "acme"), ("d", "acme")] {
        door.post("/v1/events", &sender, &[JSON], &event(id, tenant)).await;
    }
    let resumed = request("GET", "/v1/stream", &token).header("last-event-id", "1").body(Body::empty()).unwrap();
    let mut stream = door.answer(resumed).await.into_body();
    let mut next = async || {
        let frame = stream.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    };
    assert!(next().await.unwrap().starts_with("id: 3\nevent: receipt\ndata: {\"sequence\":3,"));
    assert!(next().await.unwrap().starts_with("id: 4\n"));
    let id = &door.app.tokens.list().into_iter().find(|token| token.role == "auditor").unwrap().id;
    door.app.tokens.revoke(&*door.app.service, id, "tests").await.unwrap();
    assert_eq!(next().await, None);

    let admin = door.token("admin", ALL).await;
    let live = request("GET", "/v1/stream", &admin).body(Body::empty()).unwrap();
    let mut stream = door.answer(live).await.into_body();
    door.post("/v1/events", &sender, &[JSON], &event("e", "acme")).await;
    assert!(stream.frame().await.unwrap().unwrap().into_data().unwrap().starts_with(b"id: 5\n"));
    door.closing.send_replace(true);
    assert!(stream.frame().await.is_none());
}

#[test]
async fn every_answer_is_safe_to_keep_and_to_show() {
    let door = Door::open().await;
    let page = door.get("/", "").await;
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(!page.body.contains("<script") && !page.body.contains("http"));
    for path in ["/", "/healthz", "/nowhere", "/problems/Overloaded"] {
        let told = door.get(path, "").await;
        assert_eq!((told.header("x-content-type-options"), told.header("cache-control")), ("nosniff", "no-store"));
    }
    let wrong = door.send(request("PUT", "/v1/events/x", "").body(Body::empty()).unwrap()).await;
    assert_eq!((wrong.problem().as_str(), wrong.header("allow")), ("MethodNotAllowed", "GET, HEAD"));
    assert_eq!(door.get("/v1/moves", "").await.json()[0]["from"], "Initializing");
    assert!(door.get("/metrics", &door.token("operator", ALL).await).await.body.contains("syndic_lanes"));
}

#[test]
async fn a_backup_is_a_stream_and_says_which_receipt_it_has_and_how_long_it_held_writers_up() {
    let door = Door::open().await;
    let operator = door.token("operator", None).await;
    let told = door.post("/v1/backup", &operator, &[], "").await;
    assert_eq!((told.status.as_u16(), told.body.as_str()), (200, "all that is kept"));
    assert_eq!(told.header("location"), "/v1/receipts/7");
    assert_eq!(told.header("server-timing"), "pause;dur=0.042");
}
