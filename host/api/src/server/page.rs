//! Pages for people: the routes, and what a problem means. They are whole: no script, nothing from elsewhere.

use std::fmt::Write;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::App;
use super::ask::Ask;
use super::problem::Problem;
use super::routes::{ROUTES, Route, Scope, Takes};
use crate::{PROBLEMS, ProblemKind, explained};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
code{font-family:ui-monospace,monospace}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd}\
table{border-collapse:collapse;width:100%}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}td,th{border-color:#444}a{color:#8bf}}";

/// Whatever a page shows was written here; should that ever be wrong, it runs nothing and reaches nobody.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n{body}"
    );
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)], html).into_response()
}

/// Every route.
pub(crate) async fn index(_: &App, _: Ask) -> Result<Response, Problem> {
    let mut body = String::from(
        "<p>Every event ends in one outcome, all or nothing. Programs read <a href=\"/openapi.json\">/openapi.json</a>.</p>\n\
         <table><tr><th>Route<th>What it does<th>For\n",
    );
    for route in ROUTES {
        let _ = writeln!(body, "{}", row(route));
    }
    body.push_str("</table>\n<h2>Problems</h2>\n<table><tr><th>Kind<th>Status<th>Means\n");
    for kind in PROBLEMS {
        let _ = writeln!(
            body,
            "<tr><td><a href=\"{}\">{}</a><td>{}<td>{}",
            kind.path(),
            kind.name,
            kind.status,
            kind.title
        );
    }
    body.push_str("</table>");
    Ok(page("Syndic", &body))
}

fn row(route: &Route) -> String {
    let roles: Vec<&str> = route.roles.iter().map(|role| role.name()).collect();
    let who = if route.scope == Scope::Open { "anybody".to_owned() } else { roles.join(", ") };
    let query =
        if route.query.is_empty() { String::new() } else { format!("<br><code>?{}</code>", route.query.join("&amp;")) };
    let body = match route.takes {
        Takes::Nothing | Takes::Keyed => "",
        Takes::Events => "<br>takes CloudEvents: structured, binary, batch",
        Takes::Component => "<br>takes a component: application/wasm",
        Takes::Net => "<br>takes a net file: application/toml",
        Takes::Json(_) | Takes::Act(_) => "<br>takes JSON",
    };
    let gives: Vec<String> = route.gives.iter().map(|given| format!("{}: {}", given.status, given.says)).collect();
    let gives = gives.join("<br>");
    format!(
        "<tr><td><code>{} {}</code>{query}<td>{}{body}<br><small>{gives}</small><td>{who}",
        route.method, route.path, route.summary
    )
}

/// What a kind of problem means.
pub(crate) async fn problem(_: &App, ask: Ask) -> Result<Response, Problem> {
    let kind = ProblemKind::named(ask.part("kind")).ok_or_else(|| Problem::not_found("problem of this kind"))?;
    let mut body = format!("<p>Status {}: {}.</p>\n", kind.status, kind.title);
    for paragraph in explained(kind.name).into_iter().flatten() {
        let _ = writeln!(body, "<p>{}</p>", code(paragraph));
    }
    let _ = writeln!(body, "<p>In short: {}.</p>\n<p><a href=\"/\">All routes and problems</a></p>", code(kind.hint));
    Ok(page(kind.name, &body))
}

/// A sentence with its back-quoted words as code.
fn code(sentence: &str) -> String {
    let mut html = String::new();
    for (nth, part) in sentence.split('`').enumerate() {
        let part = part.replace('&', "&amp;").replace('<', "&lt;");
        let _ = if nth % 2 == 1 { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}
