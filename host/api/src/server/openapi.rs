//! The OpenAPI document, made from the table of routes and the wire types.

use std::sync::OnceLock;

use axum::http::Method;
use axum::response::Response;
use serde_json::json;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required,
    ResponseBuilder, Schema,
};

use super::App;
use super::answer;
use super::ask::{Ask, LIMIT_MAX};
use super::binding::{BATCH, JSON, STRUCTURED};
use super::nets::{NET_MAX_BYTES, TOML};
use super::problem::{PROBLEM_JSON, Problem};
use super::routes::{ROUTES, Route, Scope, Takes};
use super::shape::{Given, Named, Shape};
use super::slots::{MODES, WASM};
use crate::ProblemLine;

pub(crate) async fn answer(_: &App, ask: Ask) -> Result<Response, Problem> {
    answer::conditional(&ask, document())
}

/// The document.
pub(crate) fn document() -> &'static OpenApi {
    static DOCUMENT: OnceLock<OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(build)
}

fn build() -> OpenApi {
    let mut named: Named = Vec::new();
    let mut paths = Paths::new();
    for route in ROUTES {
        paths.add_path_operation(route.path, vec![method(&route.method)], operation(route, &mut named));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(bearer))
        .schema("Event", event())
        .schemas_from_iter(named.into_iter().map(|(name, schema)| (name, untagged(schema))))
        .build();
    let info = InfoBuilder::new()
        .title("Syndic")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("The governors of a marketplace: every event ends in one outcome, all or nothing."))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// What an untagged value may be: the first shape that fits. It may fit another too, which `oneOf` would forbid.
fn untagged(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(shapes)) => {
            let any = shapes.items.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item);
            RefOr::T(Schema::AnyOf(any.description(shapes.description).build()))
        }
        other => other,
    }
}

fn method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route, named: &mut Named) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(route.name))
        .summary(Some(route.summary))
        .request_body(request_body(route, named));
    for name in parts_of(route.path) {
        operation = operation.parameter(parameter(name, ParameterIn::Path));
    }
    for name in route.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query));
    }
    let headers: &[&str] = match route.takes {
        Takes::Events => &["Idempotency-Key", "Prefer"],
        Takes::Act(_) | Takes::Component | Takes::Net | Takes::Keyed => &["Idempotency-Key"],
        Takes::Nothing | Takes::Json(_) => &[],
    };
    for name in headers {
        operation = operation.parameter(parameter(name, ParameterIn::Header));
    }
    if route.scope != Scope::Open {
        let roles: Vec<&str> = route.roles.iter().map(|role| role.name()).collect();
        operation = operation
            .description(Some(format!("For: {}.", roles.join(", "))))
            .security(SecurityRequirement::new::<_, [&str; 0], &str>("token", []));
    }
    for given in route.gives {
        operation = operation.response(given.status.to_string(), response(given, named));
    }
    let problem = ContentBuilder::new().schema(Some(Shape::of::<ProblemLine>().schema(named))).build();
    let problem =
        ResponseBuilder::new().description("A problem, of one of the stable kinds").content(PROBLEM_JSON, problem);
    operation.response("default", problem.build()).build()
}

/// The names in braces of a path.
pub(crate) fn parts_of(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: ParameterIn) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    let (schema, says) = match name {
        "limit" => (whole(1, Some(LIMIT_MAX as u64)), "How many are wanted; 50 where nothing is said"),
        "number" | "sequence" => (whole(0, None), "Its number"),
        "outcome" => (text(), "completed · refused · referred · rolled-back · stuck"),
        "after" => (text(), "Where the list goes on: the `next` of a page"),
        "tenant" => (text(), "The tenant"),
        "customer" => (text(), "The customer"),
        "source" => (text(), "The event's source"),
        "status" => (text(), "running · suspended · stopped · completed · cancelled"),
        "net" => (text(), "The net"),
        "role" => (text(), "Work items that are for this work role, or for anybody"),
        "holder" => (text(), "Work items that somebody of this name holds"),
        "mine" => (
            truth(),
            "Work items that the caller holds, or may take; what an agent is shown that names no role and no holder",
        ),
        "name" if place == ParameterIn::Path => (text(), "The net's name"),
        "name" => (text(), "A fact's name, or what it begins with up to a point"),
        "kind" => (text(), "The problem's kind"),
        "slot" => (text(), "The slot"),
        "mode" => (word(&MODES), "As what it is installed: `active` where nothing is said"),
        "percent" => (whole(1, Some(100)), "For how many of a hundred customers a canary judges, always the same ones"),
        "backtest" => (whole(1, None), "Have it judge the last so many recorded decisions of its slot first"),
        "max_different" => (whole(0, None), "Install nothing where more of them than this are different"),
        "allow" => (text(), "What is let through, with commas between: wider, downgrade, one-way, failing"),
        "signature" => (text(), "Its detached signature, as OpenSSH armours it"),
        "reason" => (text(), "Why; it is kept for ever beside the receipt"),
        "Idempotency-Key" => {
            (text(), "What is sent twice under one key is done once; of an event it is the id. In double quotes")
        }
        "Prefer" => (text(), "`respond-async`: keep the event, answer at once, judge it later"),
        _ => (text(), "Its id"),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .schema(Some(schema))
        .description(Some(says))
        .build()
}

fn text() -> Schema {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn truth() -> Schema {
    ObjectBuilder::new().schema_type(Type::Boolean).into()
}

fn word(words: &[&'static str]) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.to_vec())).into()
}

fn whole(least: u64, most: Option<u64>) -> Schema {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(most).into()
}

fn request_body(route: &Route, named: &mut Named) -> Option<RequestBody> {
    let content = |schema: RefOr<Schema>| ContentBuilder::new().schema(Some(schema)).build();
    let event = || RefOr::Ref(Ref::from_schema_name("Event"));
    let body = RequestBodyBuilder::new().required(Some(Required::True));
    match route.takes {
        Takes::Nothing | Takes::Keyed => None,
        Takes::Json(shape) | Takes::Act(shape) => Some(body.content(JSON, content(shape.schema(named))).build()),
        Takes::Component => {
            let bytes = ObjectBuilder::new()
                .schema_type(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
            Some(body.content(WASM, content(Schema::from(bytes).into())).build())
        }
        Takes::Net => {
            let file = ObjectBuilder::new().schema_type(Type::String).max_length(Some(NET_MAX_BYTES));
            Some(body.content(TOML, content(Schema::from(file).into())).build())
        }
        Takes::Events => {
            let batch =
                utoipa::openapi::ArrayBuilder::new().items(event()).max_items(Some(super::binding::BATCH_MAX)).build();
            let body = body
                .description(Some("A CloudEvent: whole, or as data beside `ce-…` headers; or a batch"))
                .content(STRUCTURED, content(event()))
                .content(JSON, content(event()))
                .content(BATCH, content(Schema::from(batch).into()));
            Some(body.build())
        }
    }
}

/// A CloudEvent as the door takes it. What its data must be is said by its type.
fn event() -> Schema {
    let name = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(256));
    let mut event = ObjectBuilder::new()
        .property("specversion", ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["1.0"])))
        .property("time", ObjectBuilder::new().schema_type(Type::String).description(Some("RFC 3339, with a zone")))
        .property("data", ObjectBuilder::new().schema_type(Type::Object))
        .examples([json!({
            "specversion": "1.0", "id": "evt-1", "source": "/shop", "type": "marketplace.CustomerSubscribes",
            "tenant": "acme", "subject": "cust-1", "time": "2026-01-02T03:04:05Z", "data": {"sku": "pro"},
        })]);
    for attribute in ["id", "source", "type", "tenant", "subject"] {
        event = event.property(attribute, name());
    }
    for attribute in ["specversion", "id", "source", "type", "tenant", "subject", "time", "data"] {
        event = event.required(attribute);
    }
    event.into()
}

fn response(given: &Given, named: &mut Named) -> utoipa::openapi::Response {
    let response = ResponseBuilder::new().description(given.says);
    let Some(media) = given.media else { return response.build() };
    let schema = given.shape.map_or_else(|| RefOr::T(text()), |shape| shape.schema(named));
    response.content(media, ContentBuilder::new().schema(Some(schema)).build()).build()
}
