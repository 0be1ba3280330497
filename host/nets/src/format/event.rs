//! Reading and writing the event that a service raises.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;

use super::fields::{Field, Fields, Source, kind};
use super::read::value_of;
use super::write::{key, quoted, table, value_of as value};
use crate::model::{Body, Event, Template};

const BRACES: &str = "write a variable in braces, and no other brace: \"{order_id}/payment\"";

/// Reads `event = { type = "…", subject = "{…}", data = { … } }`.
pub(super) fn read(fields: &Fields<'_>) -> Option<Event> {
    fields.only(&["type", "subject", "data"]);
    let kind = fields.needed("type", "name the event: type = \"marketplace.CustomerSubscribes\"");
    let subject = "say whose it is: subject = \"{customer_id}\"";
    let subject = fields.needed("subject", subject).and_then(|text| template(fields, "subject", &text));
    let data = fields.below("data").map(|data| members(&data)).unwrap_or_default();
    Some(Event { kind: kind?, subject: subject?, data })
}

/// The template that stands under a key.
fn template(fields: &Fields<'_>, key: &str, text: &str) -> Option<Template> {
    let at = fields.get(key).map_or(fields.at, |value| value.span().start);
    Template::parse(text).map_err(|error| fields.source.mistake(at, error.to_string(), BRACES)).ok()
}

fn members(fields: &Fields<'_>) -> Vec<(String, Body)> {
    let member = |field: Field<'_>| Some((field.key.to_owned(), body(fields.source, field.key, field.value)?));
    fields.all().into_iter().filter_map(member).collect()
}

fn body(source: &Source<'_>, key: &str, given: &Spanned<DeValue<'_>>) -> Option<Body> {
    let at = given.span().start;
    match given.get_ref() {
        DeValue::String(text) => Template::parse(text)
            .map(Body::Template)
            .map_err(|error| source.mistake(at, error.to_string(), BRACES))
            .ok(),
        DeValue::Array(list) => Some(Body::List(list.iter().filter_map(|each| body(source, key, each)).collect())),
        DeValue::Table(table) => {
            let mut table: Vec<_> = table.iter().map(|(key, value)| (key.span().start, key.get_ref(), value)).collect();
            table.sort_by_key(|(at, ..)| *at);
            let member =
                |(_, key, value): (usize, &Cow<'_, str>, _)| Some((key.to_string(), body(source, key, value)?));
            Some(Body::Table(table.into_iter().filter_map(member).collect()))
        }
        other => {
            let value = value_of(given).map(Body::Value);
            if value.is_none() {
                let what = format!("`{key}` is {}, and no event says that", kind(other));
                source.mistake(at, what, "write a text, a whole number, true, false, a list or a table");
            }
            value
        }
    }
}

/// The event as one line of a task's block.
pub(super) fn write(event: &Event) -> String {
    let mut pairs =
        vec![("type".to_owned(), quoted(&event.kind)), ("subject".to_owned(), quoted(event.subject.text()))];
    pairs.extend((!event.data.is_empty()).then(|| ("data".to_owned(), members_of(&event.data))));
    table(&pairs)
}

fn members_of(members: &[(String, Body)]) -> String {
    let pairs: Vec<_> = members.iter().map(|(name, body)| (key(name), body_of(body))).collect();
    table(&pairs)
}

fn body_of(body: &Body) -> String {
    match body {
        Body::Template(template) => quoted(template.text()),
        Body::Value(given) => value(given),
        Body::Table(members) => members_of(members),
        Body::List(list) => format!("[{}]", list.iter().map(body_of).collect::<Vec<_>>().join(", ")),
    }
}
