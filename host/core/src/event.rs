//! Events: one thing that happened to one customer of one tenant, as a CloudEvents 1.0 record.
//!
//! The door turns bytes into an [`Event`] or says what is wrong with them; nothing half-checked gets further. The
//! canonical JSON of the whole event, extension attributes included, is what its hash and its receipt stand for.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use syndic_ledger::{Hash, canonical_onto, sha256};

use crate::command::{self, CASES_SOURCE};
use crate::error::Error;
use crate::json;
use crate::payload;
use crate::slot::{EFFECT_SETTLED, Slot, TENANT_KINDS, TIMER_FIRED};
use crate::time::Time;

/// Bytes one event may have, as JSON: 64 KiB. A line or body over it is turned away unread.
pub const EVENT_MAX_BYTES: usize = 64 * 1024;

/// Bytes an id, source, tenant, subject or type may have.
const NAME_MAX_BYTES: usize = 256;

/// What the types of the marketplace's own events begin with.
const TYPE_PREFIX: &str = "marketplace.";

/// Sources of events that the host makes itself begin with this.
const HOST_SOURCE: &str = "syndic:";

/// A checked event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The sender's id, unique per source.
    pub id: String,
    /// Who sent it.
    pub source: String,
    /// The kind: our own types without `marketplace.`; other types in full.
    pub kind: String,
    /// The tenant.
    pub tenant: String,
    /// The customer.
    pub subject: String,
    /// When it happened.
    pub time: Time,
    canonical: String,
    /// Where the payload stands in the canonical JSON.
    data_at: Range<usize>,
    hash: Hash,
}

/// What makes an event the same event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DedupKey {
    /// The tenant.
    pub tenant: String,
    /// The source.
    pub source: String,
    /// The id.
    pub id: String,
}

/// Whose queue an event stands in: one customer's, or the tenant's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Lane {
    /// The tenant.
    pub tenant: String,
    /// The customer; none for the tenant's own lane.
    pub customer: Option<String>,
}

impl Event {
    /// Reads an event that comes from outside.
    ///
    /// # Errors
    /// [`Error::EventValidationFailed`] that names the member and the rule.
    pub fn from_outside(bytes: &[u8]) -> Result<Self, Error> {
        let event = Self::parse(bytes).map_err(Error::invalid)?;
        if event.source.starts_with(HOST_SOURCE) {
            return Err(Error::invalid("`source` may not begin with `syndic:`: the host alone makes such events"));
        }
        if event.source == CASES_SOURCE {
            return Err(Error::invalid("`source` may not be `/cases`: the host's cases alone raise such events"));
        }
        if [TIMER_FIRED, EFFECT_SETTLED].contains(&event.kind.as_str()) {
            return Err(Error::invalid(format!(
                "`type` may not be `marketplace.{}`: the host alone makes such events",
                event.kind
            )));
        }
        Ok(event)
    }

    /// Reads back an event that was stored.
    ///
    /// # Errors
    /// [`Error::EventValidationFailed`]: the stored text is not an event.
    pub fn from_store(canonical: &str) -> Result<Self, Error> {
        Self::parse(canonical.as_bytes()).map_err(Error::invalid)
    }

    /// Makes an event of the host's own: a timer, a settled effect, or what a governor raised.
    ///
    /// # Errors
    /// A sentence: the payload does not validate, which is the raising governor's bad answer.
    pub fn of_host(
        slot: &Slot,
        id: String,
        kind: &str,
        lane: &HostLane<'_>,
        time: Time,
        data: Value,
    ) -> Result<Self, String> {
        Self::made(format!("{HOST_SOURCE}{slot}"), id, kind, lane, time, data)
    }

    /// Makes an event that a case raises.
    ///
    /// # Errors
    /// A sentence: it does not validate, and the governors are not asked.
    pub fn of_case(id: String, full_type: &str, lane: &HostLane<'_>, time: Time, data: Value) -> Result<Self, String> {
        let kind = kind_of(full_type)?;
        if command::is_command(&kind) || [TIMER_FIRED, EFFECT_SETTLED].contains(&kind.as_str()) {
            return Err(format!("a case raises no `{full_type}`"));
        }
        Self::made(CASES_SOURCE.to_owned(), id, &kind, lane, time, data)
    }

    fn made(
        source: String,
        id: String,
        kind: &str,
        lane: &HostLane<'_>,
        time: Time,
        data: Value,
    ) -> Result<Self, String> {
        payload::check(kind, &data)?;
        let full_type = type_of(kind);
        let at = time.to_string();
        let mut text = String::with_capacity(512);
        text.push_str(r#"{"data":"#);
        let start = text.len();
        canonical_onto(&mut text, &data);
        let data_at = start..text.len();
        #[rustfmt::skip]
        let members = [
            (r#","id":"#, id.as_str()), (r#","source":"#, &source), (r#","specversion":"#, "1.0"),
            (r#","subject":"#, lane.subject), (r#","tenant":"#, lane.tenant), (r#","time":"#, &at), (r#","type":"#, &full_type),
        ];
        for (name, value) in members {
            text.push_str(name);
            canonical_onto(&mut text, &value);
        }
        text.push('}');
        for (name, value) in
            [("id", id.as_str()), ("source", &source), ("tenant", lane.tenant), ("subject", lane.subject)]
        {
            check_name(name, value)?;
        }
        let (kind, tenant, subject) = (kind.to_owned(), lane.tenant.to_owned(), lane.subject.to_owned());
        Ok(Self { hash: hash_of(&text)?, id, source, kind, tenant, subject, time, canonical: text, data_at })
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > EVENT_MAX_BYTES {
            return Err(format!("the event is over {EVENT_MAX_BYTES} bytes"));
        }
        match json::strict(bytes).map_err(|why| format!("not JSON as events need it: {why}"))? {
            Value::Object(record) => Self::from_record(record),
            _ => Err("not a CloudEvent: an event is a JSON object".into()),
        }
    }

    fn from_record(mut record: Map<String, Value>) -> Result<Self, String> {
        match record.get("specversion") {
            Some(Value::String(version)) if version == "1.0" => {}
            Some(other) => return Err(format!("`specversion` must be \"1.0\", not {other}")),
            None => return Err("not a CloudEvent: `specversion` is missing".into()),
        }
        check_attributes(&record)?;
        let kind = kind_of(required_text(&record, "type")?)?;
        let time = match record.get("time") {
            Some(Value::String(time)) => Time::parse(time).map_err(|why| format!("`time`: {why}"))?,
            Some(_) => return Err("`time` must be text".into()),
            None => return Err("`time` is missing".into()),
        };
        let data = record.get("data").ok_or("`data` is missing: it must be an object")?;
        payload::check(&kind, data)?;
        command::check(&kind, required_text(&record, "subject")?, data)?;
        let (canonical, data_at) = written(&record);
        for name in ["id", "source", "tenant", "subject"] {
            required_text(&record, name)?;
        }
        let mut take = |name: &str| record.remove(name).unwrap_or_default();
        let mut text = |name: &str| match take(name) {
            Value::String(text) => text,
            _ => unreachable!("a required text is one"),
        };
        let (id, source, tenant, subject) = (text("id"), text("source"), text("tenant"), text("subject"));
        Ok(Self { hash: hash_of(&canonical)?, id, source, tenant, subject, kind, time, canonical, data_at })
    }

    /// The same event with other data, for a door that knows better than the sender whose it is.
    ///
    /// # Errors
    /// [`Error::EventValidationFailed`] that names the member and the rule.
    pub fn with_data(&self, data: Value) -> Result<Self, Error> {
        let mut record: Map<String, Value> =
            serde_json::from_str(&self.canonical).expect("what is canonical JSON is JSON");
        record.insert("data".into(), data);
        Self::from_record(record).map_err(Error::invalid)
    }

    /// The whole event as canonical JSON (RFC 8785).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The payload as canonical JSON.
    pub fn data_text(&self) -> &str {
        &self.canonical[self.data_at.clone()]
    }

    /// An attribute that is text, for whoever looks at more than judging needs.
    pub fn attribute(&self, name: &str) -> Option<String> {
        // Most events have no other attributes than those above, and need not be read for it.
        self.canonical.contains(&format!("\"{name}\":")).then_some(())?;
        let record: Map<String, Value> = serde_json::from_str(&self.canonical).ok()?;
        record.get(name)?.as_str().map(str::to_owned)
    }

    /// SHA-256 of the canonical JSON.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// SHA-256 of the canonical JSON `[type, tenant, subject, data]`: the same thing under another id, at another time.
    pub fn fingerprint(&self) -> Hash {
        let mut text = String::from("[");
        for part in [&self.wire_type(), &self.tenant, &self.subject] {
            canonical_onto(&mut text, part);
            text.push(',');
        }
        text.push_str(self.data_text());
        text.push(']');
        sha256(text.as_bytes())
    }

    /// The CloudEvents type, in full.
    pub fn wire_type(&self) -> String {
        type_of(&self.kind)
    }

    /// Its dedup key.
    pub fn key(&self) -> DedupKey {
        DedupKey { tenant: self.tenant.clone(), source: self.source.clone(), id: self.id.clone() }
    }

    /// The slot that made it, where the host did; of an event that a case raised, `cases`.
    pub fn made_by(&self) -> Option<Slot> {
        if self.source == CASES_SOURCE {
            return Slot::new("cases").ok();
        }
        self.source.strip_prefix(HOST_SOURCE).and_then(|name| Slot::new(name).ok())
    }

    /// The lane it runs in: a command's, that of its case. `tenant_kinds` are the configured kinds beyond our own that run in the tenant's lane.
    pub fn lane(&self, tenant_kinds: &[String]) -> Lane {
        if let Some(case) = command::case_of(&self.kind, &self.subject) {
            return Lane { tenant: self.tenant.clone(), customer: Some(case.to_owned()) };
        }
        let tenant_wide = TENANT_KINDS.contains(&self.kind.as_str()) || tenant_kinds.contains(&self.kind);
        Lane { tenant: self.tenant.clone(), customer: (!tenant_wide).then(|| self.subject.clone()) }
    }
}

/// Whose lane an event of the host's own belongs to.
pub struct HostLane<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The subject.
    pub subject: &'a str,
}

/// The CloudEvents type of a kind.
pub fn type_of(kind: &str) -> String {
    if payload::is_ours(kind) { format!("{TYPE_PREFIX}{kind}") } else { kind.to_owned() }
}

/// The kind of a CloudEvents type.
fn kind_of(full_type: &str) -> Result<String, String> {
    if payload::is_ours(full_type) {
        return Err(format!("`type` must be `{TYPE_PREFIX}{full_type}`, not `{full_type}`"));
    }
    match full_type.strip_prefix(TYPE_PREFIX) {
        Some(kind) if payload::is_ours(kind) => Ok(kind.to_owned()),
        _ => Ok(full_type.to_owned()),
    }
}

/// The hash of an event's canonical JSON, where it is not too large.
fn hash_of(canonical: &str) -> Result<Hash, String> {
    if canonical.len() > EVENT_MAX_BYTES {
        return Err(format!("the event is over {EVENT_MAX_BYTES} bytes"));
    }
    Ok(sha256(canonical.as_bytes()))
}

/// A record as canonical JSON, and where in it its data stands. Attribute names are ASCII, so the record has its members
/// in their order already.
fn written(record: &Map<String, Value>) -> (String, Range<usize>) {
    let mut text = String::with_capacity(512);
    let mut data_at = 0..0;
    for (name, value) in record {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.extend(["\"", name, "\":"]);
        let start = text.len();
        canonical_onto(&mut text, value);
        if name == "data" {
            data_at = start..text.len();
        }
    }
    text.push('}');
    (text, data_at)
}

/// CloudEvents attribute names are lower-case letters and digits; extension values are text, integers or booleans.
fn check_attributes(record: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in record {
        if name == "data" {
            continue;
        }
        if name == "data_base64" {
            return Err("`data_base64` is not read: send `data` as a JSON object".into());
        }
        let legal = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !legal {
            return Err(format!("`{}` is not a CloudEvents attribute name", name.escape_debug()));
        }
        if !matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_)) {
            return Err(format!("`{name}` must be text, an integer or a boolean"));
        }
    }
    match record.get("datacontenttype") {
        None => Ok(()),
        Some(Value::String(media)) if is_json(media) => Ok(()),
        Some(other) => Err(format!("`datacontenttype` must be application/json, not {other}")),
    }
}

fn is_json(media: &str) -> bool {
    let bare = media.split(';').next().unwrap_or_default().trim();
    bare.eq_ignore_ascii_case("application/json") || bare.ends_with("+json")
}

fn required_text<'r>(record: &'r Map<String, Value>, name: &str) -> Result<&'r str, String> {
    let text = match record.get(name) {
        Some(Value::String(text)) => text,
        Some(_) => return Err(format!("`{name}` must be text")),
        None => return Err(format!("`{name}` is missing")),
    };
    check_name(name, text)?;
    Ok(text)
}

fn check_name(name: &str, text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > NAME_MAX_BYTES {
        return Err(format!("`{name}` must be 1 to {NAME_MAX_BYTES} bytes, not {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("`{name}` holds a control character"));
    }
    Ok(())
}

impl fmt::Display for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {} of {}", self.id, self.source, self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({"specversion": "1.0", "id": "evt-1", "source": "/shop", "type": "marketplace.CustomerSubscribes",
               "tenant": "acme", "subject": "cust-1", "time": "2026-01-02T03:04:05Z", "data": {"sku": "pro"}})
    }

    fn with(name: &str, value: Value) -> Result<Event, Error> {
        let mut event = sample();
        event[name] = value;
        Event::from_outside(event.to_string().as_bytes())
    }

    fn complaint(result: Result<Event, Error>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), "EventValidationFailed");
        error.to_string()
    }

    #[test]
    fn an_event_is_read_whole_and_hashed_canonically() {
        let text = r#" {"type":"marketplace.CustomerSubscribes", "data":{"sku":"pro"},"time":"2026-01-02T03:04:05Z",
            "tenant":"acme","subject":"cust-1","specversion":"1.0","source":"/shop","id":"evt-1"} "#;
        let spaced = Event::from_outside(text.as_bytes()).unwrap();
        let plain = Event::from_outside(sample().to_string().as_bytes()).unwrap();
        assert_eq!(spaced, plain);
        assert_eq!(spaced.kind, "CustomerSubscribes");
        assert!(spaced.canonical().starts_with(r#"{"data":{"sku":"pro"},"id":"evt-1","#));
        assert_eq!(spaced.canonical(), syndic_ledger::canonical(&sample()));
        assert_eq!(spaced.data_text(), r#"{"sku":"pro"}"#);
        assert_eq!(Event::from_store(spaced.canonical()).unwrap(), spaced);
    }

    #[test]
    fn an_event_with_other_data_is_the_event_that_says_so() {
        let event = with("traceparent", json!("00-1")).unwrap();
        let other = event.with_data(json!({"sku": "free"})).unwrap();
        let mut said = sample();
        said["traceparent"] = "00-1".into();
        said["data"]["sku"] = "free".into();
        assert_eq!(other, Event::from_outside(said.to_string().as_bytes()).unwrap());
        assert!(complaint(event.with_data(json!({}))).starts_with("`data.sku` is missing"));
        assert!(
            complaint(event.with_data(json!({"sku": "pro", "more": "x".repeat(EVENT_MAX_BYTES)}))).contains("over")
        );
    }

    #[test]
    fn extension_attributes_are_kept_and_count_for_the_hash() {
        let event = with("traceparent", json!("00-1")).unwrap();
        assert!(event.canonical().contains("traceparent"));
        assert_ne!(event.hash(), Event::from_outside(sample().to_string().as_bytes()).unwrap().hash());
    }

    #[test]
    fn each_broken_attribute_is_named() {
        #[rustfmt::skip]
        let cases = [
            (with("specversion", json!("0.3")), "`specversion` must be \"1.0\", not \"0.3\""),
            (with("id", json!("")), "`id` must be 1 to 256 bytes, not 0"),
            (with("id", json!("x".repeat(257))), "`id` must be 1 to 256 bytes, not 257"),
            (with("id", json!(7)), "`id` must be text"),
            (with("subject", json!("a\nb")), "`subject` holds a control character"),
            (with("tenant", json!(null)), "`tenant` must be text, an integer or a boolean"),
            (with("time", json!("2026-01-02")), "`time`: `2026-01-02` is not an RFC 3339 time with a zone, like 2026-01-02T03:04:05Z"),
            (with("data", json!("sku")), "`data` must be an object"),
            (with("data", json!({})), "`data.sku` is missing: it must be text of 1 to 1024 bytes without control characters"),
            (with("Bad-Name", json!("x")), "`Bad-Name` is not a CloudEvents attribute name"),
            (with("datacontenttype", json!("text/plain")), "`datacontenttype` must be application/json, not \"text/plain\""),
            (with("type", json!("RenewalDue")), "`type` must be `marketplace.RenewalDue`, not `RenewalDue`"),
        ];
        for (result, sentence) in cases {
            assert_eq!(complaint(result), sentence);
        }
    }

    #[test]
    fn only_the_host_makes_the_hosts_events() {
        assert!(complaint(with("source", json!("syndic:billing"))).contains("host alone"));
        assert!(complaint(with("type", json!("marketplace.TimerFired"))).contains("host alone"));
        assert!(complaint(with("type", json!("marketplace.EffectSettled"))).contains("host alone"));
    }

    #[test]
    fn what_is_not_an_event_at_all_is_turned_away() {
        for text in ["", "null", "[]", "{}", "not json", "{\"a\":1,\"a\":2}", "\u{feff}{}"] {
            complaint(Event::from_outside(text.as_bytes()));
        }
        complaint(Event::from_outside(&vec![b' '; EVENT_MAX_BYTES + 1]));
        complaint(Event::from_outside(b"\xff\xfe"));
    }

    #[test]
    fn a_type_that_is_not_ours_is_a_kind_in_full() {
        for name in ["marketplace.CustomerSings", "acme.Launch"] {
            let event = with("type", json!(name)).unwrap();
            assert_eq!((event.kind.as_str(), event.wire_type().as_str()), (name, name));
        }
        let own = with("id", json!("e")).unwrap();
        assert_eq!(own.wire_type(), "marketplace.CustomerSubscribes");
    }

    #[test]
    fn a_tenant_wide_kind_runs_in_the_tenants_lane() {
        let own = with("id", json!("e")).unwrap();
        assert_eq!(own.lane(&[]).customer.as_deref(), Some("cust-1"));
        assert_eq!(own.lane(&["CustomerSubscribes".into()]).customer, None);
    }
}
