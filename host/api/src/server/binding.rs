//! CloudEvents over HTTP: a request's headers and body as events, by the protocol binding 1.0.2.
//!
//! All three content modes lead to the one text that the door reads: the event as a JSON object. What the binding says
//! is done here, what an event must be is said in `core`. In the binary mode attributes are `ce-…` headers, and the body
//! is the data; it is taken only if it is one whole JSON value, so that nothing in it can end the object it is put into.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use syndic_core::event::EVENT_MAX_BYTES;
use syndic_core::{Error, Event, json};

use super::ask::Ask;
use super::problem::Problem;

/// Events of one batch.
pub(crate) const BATCH_MAX: usize = 500;

/// Bytes of one batch.
pub(crate) const BATCH_MAX_BYTES: usize = 4 * 1024 * 1024;

pub(crate) const STRUCTURED: &str = "application/cloudevents+json";
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";
pub(crate) const JSON: &str = "application/json";

/// What a request holds.
pub(crate) enum Sent {
    /// One event, or why it is none.
    One(Result<Event, Error>),
    /// Several, in order; each is judged by itself.
    Several(Vec<Result<Event, Error>>),
}

/// Reads the events of a request.
pub(crate) fn read(ask: &Ask) -> Result<Sent, Problem> {
    let media = ask.media_type()?;
    if media.starts_with("application/cloudevents") && media != STRUCTURED && media != BATCH {
        return Err(unsupported(&media));
    }
    if media == BATCH {
        return several(ask).map(Sent::Several);
    }
    if ask.body.len() > EVENT_MAX_BYTES {
        return Err(Problem::new("TooLarge", format!("the event is over {EVENT_MAX_BYTES} bytes")));
    }
    let binary = media != STRUCTURED && ask.headers.contains_key("ce-specversion");
    let key = idempotency_key(ask)?;
    match media.as_str() {
        STRUCTURED | JSON if !binary => Ok(Sent::One(structured(&ask.body, key.as_deref())?)),
        "" | JSON if binary => Ok(Sent::One(of_headers(ask, key.as_deref())?)),
        other if binary && other.ends_with("+json") => Ok(Sent::One(of_headers(ask, key.as_deref())?)),
        other => Err(unsupported(other)),
    }
}

fn unsupported(media: &str) -> Problem {
    Problem::new("UnsupportedMediaType", format!("`{media}` is not read here"))
}

fn several(ask: &Ask) -> Result<Vec<Result<Event, Error>>, Problem> {
    if ask.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Problem::bad_request("a batch has no `Idempotency-Key`: each of its events has an id"));
    }
    let parts: Vec<&RawValue> = serde_json::from_slice(&ask.body)
        .map_err(|why| Problem::bad_request(format!("the body is not a batch, an array of events: {why}")))?;
    if parts.len() > BATCH_MAX {
        return Err(Problem::new("TooLarge", format!("the batch has {} events, over {BATCH_MAX}", parts.len())));
    }
    Ok(parts.iter().map(|part| Event::from_outside(part.get().as_bytes())).collect())
}

/// An event that is the body. The key is its id, and says so where the body does not.
fn structured(body: &[u8], key: Option<&str>) -> Result<Result<Event, Error>, Problem> {
    let event = Event::from_outside(body);
    let Some(key) = key else { return Ok(event) };
    match event {
        Ok(event) => agreeing(event, key).map(Ok),
        Err(_) => match json::strict(body) {
            Ok(Value::Object(record)) if !record.contains_key("id") => Ok(read_record(record, key)),
            _ => Ok(event),
        },
    }
}

fn read_record(mut record: Map<String, Value>, key: &str) -> Result<Event, Error> {
    record.insert("id".into(), key.into());
    Event::from_outside(Value::Object(record).to_string().as_bytes())
}

fn agreeing(event: Event, key: &str) -> Result<Event, Problem> {
    if event.id == key {
        return Ok(event);
    }
    let detail = format!("the `Idempotency-Key` is `{key}` and the event's id `{}`: they must be one", event.id);
    Err(Problem::new("IdempotencyViolation", detail))
}

/// An event whose attributes are headers.
fn of_headers(ask: &Ask, key: Option<&str>) -> Result<Result<Event, Error>, Problem> {
    let data: &RawValue = match serde_json::from_slice(&ask.body) {
        Ok(data) => data,
        Err(why) => return Ok(Err(Error::invalid(format!("the body, which is `data`, is not JSON: {why}")))),
    };
    let mut attributes = Map::new();
    for name in ask.headers.keys() {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        // The body's type is the `Content-Type`; and what is named `data` would be one beside the body.
        if ["data", "datacontenttype", ""].contains(&attribute) {
            return Err(Problem::bad_request(format!("`{name}` is not an attribute that a header carries")));
        }
        attributes.insert(attribute.to_owned(), one_value(ask, name)?.into());
    }
    if let Some(key) = key {
        attributes.entry("id").or_insert_with(|| key.into());
    }
    if let Some(media) = ask.header(&CONTENT_TYPE)?.filter(|media| !media.is_empty()) {
        attributes.insert("datacontenttype".into(), media.into());
    }
    let mut text = Value::Object(attributes).to_string();
    text.truncate(text.len() - 1);
    let event = Event::from_outside(format!(r#"{text},"data":{}}}"#, data.get()).as_bytes());
    match (event, key) {
        (Ok(event), Some(key)) => agreeing(event, key).map(Ok),
        (event, _) => Ok(event),
    }
}

/// A header's value as the binding decodes it: quotes first, then one round of percent-decoding.
fn one_value(ask: &Ask, name: &HeaderName) -> Result<String, Problem> {
    let mut values = ask.headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Problem::bad_request(format!("the header `{name}` is there twice")));
    };
    let unread = || Problem::bad_request(format!("the header `{name}` does not read"));
    let text = value.to_str().map_err(|_| unread())?;
    let text = unquoted(text).ok_or_else(unread)?;
    percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| unread())
}

/// Text without the double quotes around it, and without the backslashes inside them.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let inner = inner.strip_suffix('"')?;
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(next) = chars.next() {
        match next {
            '\\' => plain.push(chars.next()?),
            '"' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The key of the IETF draft, a quoted string; one without its quotes is taken too, for many senders leave them away.
pub(crate) fn idempotency_key(ask: &Ask) -> Result<Option<String>, Problem> {
    let Some(text) = ask.header(&IDEMPOTENCY_KEY)? else { return Ok(None) };
    match unquoted(text.trim()) {
        Some(key) if !key.is_empty() => Ok(Some(key)),
        _ => Err(Problem::bad_request("the `Idempotency-Key` is not a text in double quotes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::http::{HeaderMap, HeaderValue};

    const WHOLE: &str = r#"{"specversion":"1.0","id":"e","source":"/s","type":"t.T","tenant":"a","subject":"c","time":"2026-01-02T03:04:05Z","data":{}}"#;

    fn ask(headers: &[(&'static str, &str)], body: &str) -> Ask {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect();
        let body = Bytes::from(body.to_owned());
        Ask { caller: None, path: Default::default(), query: Default::default(), headers, body }
    }

    fn one(headers: &[(&'static str, &str)], body: &str) -> Result<Event, String> {
        match read(&ask(headers, body)) {
            Ok(Sent::One(event)) => event.map_err(|error| format!("{}: {error}", error.kind())),
            Ok(Sent::Several(_)) => panic!("a batch"),
            Err(problem) => Err(format!("{}: {}", problem.line.kind, problem.line.detail)),
        }
    }

    const ATTRIBUTES: [(&str, &str); 6] = [
        ("ce-specversion", "1.0"),
        ("ce-source", "/s"),
        ("ce-type", "t.T"),
        ("ce-tenant", "a"),
        ("ce-subject", "c"),
        ("ce-time", "2026-01-02T03:04:05Z"),
    ];

    fn binary(more: &[(&'static str, &'static str)], body: &str) -> Result<Event, String> {
        let headers: Vec<_> = ATTRIBUTES.into_iter().chain(more.iter().copied()).collect();
        one(&headers, body)
    }

    #[test]
    fn all_modes_of_one_event_are_that_event() {
        let event = Event::from_outside(WHOLE.as_bytes()).unwrap();
        assert_eq!(one(&[("content-type", "application/cloudevents+json; charset=UTF-8")], WHOLE).unwrap(), event);
        assert_eq!(one(&[("content-type", "application/json")], WHOLE).unwrap(), event);
        assert_eq!(binary(&[("ce-id", "e")], "{}").unwrap(), event);
        let Ok(Sent::Several(batch)) = read(&ask(&[("content-type", BATCH)], &format!("[{WHOLE},7]"))) else {
            panic!("no batch")
        };
        assert_eq!(batch[0].as_ref().unwrap(), &event);
        assert!(batch[1].is_err());
    }

    #[test]
    fn the_idempotency_key_is_the_events_id() {
        let key = |key, body: &str| one(&[("content-type", JSON), ("idempotency-key", key)], body);
        let without = WHOLE.replace(r#""id":"e","#, "");
        let event = Event::from_outside(WHOLE.as_bytes()).unwrap();
        assert_eq!(key(r#""e""#, WHOLE).unwrap(), event);
        assert_eq!(key("e", &without).unwrap(), event);
        assert_eq!(
            key(r#""f""#, WHOLE).unwrap_err(),
            "IdempotencyViolation: the `Idempotency-Key` is `f` and the event's id `e`: they must be one"
        );
        assert_eq!(binary(&[("idempotency-key", r#""e""#)], "{}").unwrap(), event);
        assert!(binary(&[("idempotency-key", "f"), ("ce-id", "e")], "{}").unwrap_err().starts_with("Idempotency"));
        assert!(key("\"e", WHOLE).unwrap_err().starts_with("BadRequest"));
    }

    #[test]
    fn a_header_is_unquoted_and_then_decoded_once() {
        let source = |value| binary(&[("ce-id", value)], "{}").map(|event| event.id);
        assert_eq!(source("caf%C3%A9%2520").unwrap(), "café%20");
        assert_eq!(source(r#""a \"b\"""#).unwrap(), r#"a "b""#);
        assert!(source("%ff").unwrap_err().starts_with("BadRequest"));
        assert!(source("\"a").unwrap_err().starts_with("BadRequest"));
    }

    #[test]
    fn nothing_in_a_body_ends_the_object_it_is_put_into() {
        for body in [r#"{},"tenant":"b""#, r#"{}} "#, r#"{"a":1},"id":"x","data":{}"#, ""] {
            assert!(binary(&[("ce-id", "e")], body).unwrap_err().contains("is not JSON"), "{body}");
        }
        for header in ["ce-data", "ce-datacontenttype"] {
            assert!(binary(&[("ce-id", "e"), (header, "x")], "{}").unwrap_err().starts_with("BadRequest"));
        }
        assert!(binary(&[("ce-id", "e"), ("ce-tenant", "b")], "{}").unwrap_err().contains("twice"));
    }

    #[test]
    fn what_is_too_large_or_of_another_type_is_not_read() {
        let large = "x".repeat(EVENT_MAX_BYTES + 1);
        assert!(one(&[("content-type", JSON)], &large).unwrap_err().starts_with("TooLarge"));
        for media in ["text/plain", "application/cloudevents+avro", ""] {
            assert!(one(&[("content-type", media)], WHOLE).unwrap_err().starts_with("UnsupportedMediaType"), "{media}");
        }
    }
}
