//! The matrix of rights: every route, by every role, for every tenant, against an expectation of its own.
//!
//! What is expected is written down here once more, by what a person would say, and not read from the table of routes:
//! a slip in one of the two shows.

use axum::body::Body;
use tokio::test;

use super::fake::{Door, JSON, event, request};
use crate::server::Grant;
use crate::server::caller::{Peer, Role};
use crate::server::mint;
use crate::server::routes::ROUTES;
use crate::{TokenBody, TokenLine};

/// Each route, the initials of the roles that may, and whether it is of one tenant or of the host. `-` is for anybody.
#[rustfmt::skip]
const EXPECTED: &[(&str, &str, &str, bool)] = &[
    // a admin · o operator · g agent · u auditor · i ingest
    ("POST",   "/v1/events",                                    "ogi",   true),
    ("GET",    "/v1/events",                                    "aogu",  true),
    ("GET",    "/v1/events/{id}",                               "aogui", true),
    ("POST",   "/v1/events/{id}/orders",                        "o",     true),
    ("GET",    "/v1/cases",                                     "aogu",  true),
    ("POST",   "/v1/cases",                                     "ogi",   true),
    ("GET",    "/v1/cases/{id}",                                "aogu",  true),
    ("POST",   "/v1/cases/{id}/commands",                       "o",     true),
    ("GET",    "/v1/work",                                      "aogu",  true),
    ("POST",   "/v1/work/{id}/commands",                        "og",    true),
    ("GET",    "/v1/nets",                                      "aogu",  false),
    ("POST",   "/v1/nets",                                      "ao",    false),
    ("GET",    "/v1/nets/{name}",                               "aogu",  false),
    ("DELETE", "/v1/nets/{name}",                               "ao",    false),
    ("GET",    "/v1/stuck",                                     "aou",   true),
    ("GET",    "/v1/undelivered",                               "aou",   true),
    ("POST",   "/v1/undelivered/{number}/resend",               "o",     true),
    ("GET",    "/v1/quarantined",                               "aou",   true),
    ("GET",    "/v1/tenants/{tenant}/facts",                    "aogu",  true),
    ("GET",    "/v1/tenants/{tenant}/customers/{customer}/facts", "aogu", true),
    ("GET",    "/v1/receipts",                                  "aou",   true),
    ("GET",    "/v1/receipts/{sequence}",                       "aou",   true),
    ("GET",    "/v1/stream",                                    "aou",   true),
    ("GET",    "/v1/governors",                                 "aou",   false),
    ("GET",    "/v1/governors/{slot}",                          "aou",   false),
    ("GET",    "/v1/governors/{slot}/history",                  "aou",   false),
    ("GET",    "/v1/governors/{slot}/trial",                    "aou",   false),
    ("POST",   "/v1/governors/{slot}/install",                  "ao",    false),
    ("POST",   "/v1/governors/{slot}/promote",                  "ao",    false),
    ("POST",   "/v1/governors/{slot}/revert",                   "ao",    false),
    ("POST",   "/v1/governors/{slot}/explain",                  "ao",    false),
    ("GET",    "/v1/stats",                                     "aou",   false),
    ("GET",    "/v1/tokens",                                    "a",     false),
    ("POST",   "/v1/tokens",                                    "a",     false),
    ("DELETE", "/v1/tokens/{id}",                               "a",     false),
    ("POST",   "/v1/backup",                                    "ao",    false),
    ("GET",    "/metrics",                                      "aou",   false),
    ("GET",    "/v1/moves",                                     "-",     false),
    ("GET",    "/healthz",                                      "-",     false),
    ("GET",    "/readyz",                                       "-",     false),
    ("GET",    "/openapi.json",                                 "-",     false),
    ("GET",    "/problems/{kind}",                              "-",     false),
    ("GET",    "/",                                             "-",     false),
];

fn initial(role: Role) -> char {
    if role == Role::Agent {
        'g'
    } else if role == Role::Auditor {
        'u'
    } else {
        role.name().chars().next().unwrap()
    }
}

/// A request that would succeed for who may, about what belongs to `acme`.
fn sample(method: &str, path: &str, nth: usize) -> (String, String) {
    let path = path
        .replace("{number}", "3")
        .replace("{tenant}", "acme")
        .replace("{customer}", "cust-1")
        .replace("{sequence}", "1")
        .replace("{slot}", "billing")
        .replace("{name}", "sale")
        .replace("{kind}", "Denied");
    let path = match path.as_str() {
        "/v1/cases/{id}" => "/v1/cases/order-1?tenant=acme".into(),
        "/v1/cases/{id}/commands" => "/v1/cases/order-1/commands?tenant=acme".into(),
        "/v1/work/{id}/commands" => "/v1/work/order-1%2FT_Review%2F1/commands?tenant=acme".into(),
        _ => path,
    };
    let path =
        if path.starts_with("/v1/tokens/") { "/v1/tokens/none".into() } else { path.replace("{id}", "referred") };
    let body = match (method, path.as_str()) {
        ("POST", "/v1/events") => event(&format!("evt-{nth}"), "acme"),
        ("POST", "/v1/tokens") => r#"{"name":"n","role":"agent"}"#.into(),
        ("POST", path) if path.ends_with("/install") => "a component".into(),
        ("POST", "/v1/nets") => "net = \"sale\"".into(),
        ("POST", "/v1/cases") => format!(r#"{{"id":"order-{nth}","net":"n","tenant":"acme"}}"#),
        ("POST", path) if path.starts_with("/v1/cases/") => r#"{"command":"cancel","data":{"reason":"r"}}"#.into(),
        ("POST", path) if path.starts_with("/v1/work/") => r#"{"command":"take"}"#.into(),
        ("POST", path) if path.ends_with("/orders") => r#"{"verb":"resolve","reason":"r"}"#.into(),
        ("POST", _) => r#"{"reason":"r"}"#.into(),
        _ => String::new(),
    };
    let reasoned = path.ends_with("/install") || (path.starts_with("/v1/nets") && method != "GET");
    let path = if reasoned { format!("{path}?reason=r") } else { path };
    (path, body)
}

/// What a request to a path is made of.
fn media(path: &str) -> (&'static str, &'static str) {
    match path {
        _ if path.contains("/install") => ("content-type", "application/wasm"),
        _ if path.starts_with("/v1/nets") => ("content-type", "application/toml"),
        _ => JSON,
    }
}

/// A status as a person would say it. That a thing is not there, or an order denied, comes after the rights.
fn said(status: u16) -> &'static str {
    match status {
        200..=299 | 409 => "yes",
        401 => "who?",
        403 => "no",
        404 => "no such",
        other => panic!("{other}"),
    }
}

#[test]
async fn every_route_is_for_whom_it_is_for_and_for_nobody_else() {
    let pairs: Vec<_> = ROUTES.iter().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(pairs, EXPECTED.iter().map(|row| (row.0, row.1)).collect::<Vec<_>>());
    let mut nth = 0;
    for (method, path, roles, of_tenant) in EXPECTED {
        for role in Role::ALL {
            for tenant in [None, Some("acme"), Some("globex")] {
                nth += 1;
                let door = Door::open().await;
                let operator = door.token("operator", None).await;
                door.post("/v1/events", &operator, &[JSON], &event("referred", "acme")).await;
                let token = door.token(role.name(), tenant).await;
                let (uri, body) = sample(method, path, nth);
                let (name, value) = media(&uri);
                let sent = request(method, &uri, &token).header(name, value).body(Body::from(body)).unwrap();
                let answer = said(door.answer(sent).await.status().as_u16());
                let may = roles.contains(initial(role));
                let expected = match (*roles, may, of_tenant, tenant) {
                    ("-", ..) => "yes",
                    (_, false, ..) | (_, true, false, Some(_)) => "no",
                    _ if uri == "/v1/tokens/none" => "no such",
                    (_, true, true, Some("globex")) => of_another(method, &uri),
                    _ => "yes",
                };
                assert_eq!(answer, expected, "{method} {uri} by {role} of {tenant:?}");
            }
        }
    }
}

/// What who is of another tenant hears: where the tenant is named, that it is not theirs; where a thing is, that there
/// is none such; and of a list, nothing that is not theirs.
fn of_another(method: &str, uri: &str) -> &'static str {
    match uri {
        uri if ["/v1/tenants/", "/v1/cases/", "/v1/work/"].iter().any(|path| uri.starts_with(path)) => "no",
        "/v1/events" | "/v1/cases" if method == "POST" => "no",
        "/v1/cases" | "/v1/work" => "yes",
        "/v1/events" | "/v1/stuck" | "/v1/undelivered" | "/v1/quarantined" | "/v1/receipts" | "/v1/stream" => "yes",
        _ => "no such",
    }
}

#[test]
async fn nothing_of_another_tenant_is_shown_in_any_list() {
    let door = Door::open().await;
    let operator = door.token("operator", None).await;
    for id in ["secret-1", "referred-secret-2"] {
        door.post("/v1/events", &operator, &[JSON], &event(id, "acme")).await;
    }
    for role in ["admin", "operator", "auditor"] {
        let token = door.token(role, Some("globex")).await;
        for list in ["events", "receipts", "stuck", "quarantined", "undelivered"] {
            let told = door.get(&format!("/v1/{list}"), &token).await;
            assert!(told.status.is_success() && !told.body.contains("secret") && !told.body.contains("acme"), "{list}");
            assert_eq!(door.get(&format!("/v1/{list}?tenant=acme"), &token).await.problem(), "Forbidden", "{list}");
        }
    }
}

#[test]
async fn a_token_that_is_none_or_no_more_lets_nobody_in() {
    let expired = {
        let wish =
            TokenBody { name: "old".into(), role: "admin".into(), tenant: None, work_roles: Vec::new(), days: Some(1) };
        mint(&wish, syndic_core::Time::parse("2025-06-01T00:00:00Z").unwrap()).unwrap()
    };
    for (method, path, roles, _) in EXPECTED.iter().filter(|row| row.2 != "-") {
        let door = Door::open().await;
        let revoked = door.token("admin", None).await;
        let TokenLine { id, .. } = door.app.tokens.list().remove(0);
        door.app.tokens.revoke(&*door.app.service, &id, "tests").await.unwrap();
        door.app.tokens.add(&*door.app.service, expired.1.clone(), "tests").await.unwrap();
        let good = door.token("operator", None).await;
        let (uri, body) = sample(method, path, 0);
        let (unknown, cut) = (expired.0.secret.replace('0', "1"), &good[..good.len() - 1]);
        let basic = format!("Basic {good}");
        let twice = format!("Bearer {good}");
        for headers in [
            vec![],
            vec![format!("Bearer {revoked}")],
            vec![format!("Bearer {}", expired.0.secret)],
            vec![format!("Bearer {unknown}")],
            vec![format!("Bearer {cut}")],
            vec![basic],
            vec![twice.clone(), twice],
        ] {
            let mut sent = request(method, &uri, "").header(JSON.0, JSON.1);
            for header in &headers {
                sent = sent.header("authorization", header);
            }
            let told = door.send(sent.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(said(told.status.as_u16()), "who?", "{method} {uri} for {roles} with {headers:?}");
            assert_eq!(told.header("www-authenticate"), r#"Bearer realm="syndic""#);
        }
    }
}

#[test]
async fn who_needs_no_token_is_a_program_on_this_machine_and_no_page_in_a_browser() {
    let door = Door::open().await;
    let grant = Grant { role: Role::Auditor, tenant: None, work_roles: Vec::new() };
    let peer = Peer { address: Some([127, 0, 0, 1].into()), standing: Some(grant.caller("loopback".into())) };
    let asks = async |headers: &[(&str, &str)]| {
        let mut sent = request("GET", "/v1/stats", "");
        for (name, value) in headers {
            sent = sent.header(*name, *value);
        }
        door.answer_to(peer.clone(), sent.body(Body::empty()).unwrap()).await.status().as_u16()
    };
    assert_eq!(asks(&[("host", "localhost:7070")]).await, 200);
    assert_eq!(asks(&[("host", "[::1]:7070")]).await, 200);
    assert_eq!(asks(&[("host", "rebound.example:7070")]).await, 401);
    assert_eq!(asks(&[("host", "localhost"), ("origin", "https://evil.example")]).await, 401);
    assert_eq!(asks(&[("host", "localhost"), ("authorization", "Bearer no")]).await, 401);
    assert_eq!(asks(&[]).await, 401);
}
