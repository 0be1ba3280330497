//! The router and the OpenAPI document tell of the same routes.

use std::collections::BTreeSet;

use axum::body::Body;
use serde_json::Value;
use tokio::test;

use super::fake::{Door, request};
use crate::PROBLEMS;
use crate::server::openapi::parts_of;
use crate::server::routes::ROUTES;

async fn document() -> Value {
    Door::open().await.get("/openapi.json", "").await.json()
}

fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().unwrap();
    let pair = |(path, item): (&String, &Value)| {
        item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(pair).collect()
}

#[test]
async fn what_is_in_the_document_is_routed_and_what_is_routed_is_in_the_document() {
    let document = document().await;
    let table: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(table.len(), ROUTES.len(), "a route is there twice");
    assert_eq!(operations(&document), table);
    // And the router is asked itself: it knows every pair, and no other method of a known path.
    let door = Door::open().await;
    for path in ROUTES.iter().map(|route| route.path) {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let sent = request(method, &path.replace(['{', '}'], ""), "").body(Body::empty()).unwrap();
            let unrouted = matches!(door.answer(sent).await.status().as_u16(), 405);
            assert_eq!(unrouted, !table.contains(&(method.to_owned(), path.to_owned())), "{method} {path}");
        }
    }
}

#[test]
async fn the_document_is_whole() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split(r##""$ref":"#/components/schemas/"##).skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "nothing is called {name}");
    }
    let mut names = BTreeSet::new();
    for route in ROUTES {
        let good = &document["paths"][route.path][route.method.as_str().to_lowercase()]["responses"]["200"]["content"];
        let said = good["application/json"]["schema"].to_string();
        assert_eq!(
            route.name.starts_with("list") && route.query.contains(&"limit"),
            said.contains("PageOf"),
            "{}",
            route.name
        );
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{} is there twice", route.name);
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named = |place| -> Vec<&str> {
            let there = parameters.iter().filter(|parameter| parameter["in"] == place);
            there.map(|parameter| parameter["name"].as_str().unwrap()).collect()
        };
        assert_eq!(named("path"), parts_of(route.path).collect::<Vec<_>>());
        assert_eq!(named("query"), route.query);
        assert!(operation["responses"]["default"]["content"]["application/problem+json"].is_object());
    }
}

#[test]
async fn every_kind_of_problem_is_described_where_its_type_says() {
    let door = Door::open().await;
    for kind in PROBLEMS {
        let page = door.get(&kind.path(), "").await;
        assert!(page.status.is_success() && page.body.contains(kind.title), "{}", kind.name);
        let status = format!("<p>HTTP status {}", kind.status);
        assert!(page.body.contains(&status), "{}: it says less than the reference", kind.name);
    }
    assert_eq!(door.get("/problems/None", "").await.problem(), "NotFound");
}
