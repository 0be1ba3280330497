//! What a governor is given: the event, the lane's clock, and the facts it declared.

use serde::de::DeserializeOwned;

use crate::event::custom;
use crate::{Event, Fault, Subject, Time, host};

/// What a governor judges. Every answer it can give is a function of this.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) parse: fn(&str, &str) -> Result<Event, Fault>,
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) time: Time,
    pub(crate) data: String,
    pub(crate) now: Time,
    pub(crate) seed: u64,
}

impl Context {
    /// The sender's id of the event, unique per source.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who sent the event. What the host makes itself comes from `syndic:<slot>`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The event kind: the CloudEvents type without its `marketplace.` prefix, other types in full.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The customer, or whatever the event is about.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When the event happened, by the sender's clock.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The lane's time: the event's, or the lane's last one where that is later. The only clock there is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A number derived from the event, below 2^53, for a governor that wants its choices spread.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The event, typed; a kind that `kinds` does not list never arrives. Parsed at each call: keep it.
    ///
    /// # Errors
    /// `broken-event`, naming the field, where the data does not have the kind's shape. The host checks payloads at
    /// the door, so this is broken code and never a customer's mistake.
    pub fn event(&self) -> Result<Event, Fault> {
        (self.parse)(&self.kind, &self.data)
    }

    /// The event's data as a type of your own, for kinds the SDK does not know.
    ///
    /// # Errors
    /// `broken-event`, naming the field.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        custom(&self.kind, &self.data)
    }

    /// A fact of the customer; none where it is absent. The name has to be declared in `reads`.
    ///
    /// # Errors
    /// `broken-fact`, naming the fact, where its value does not have the shape of `T`.
    pub fn fact<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        fact(Subject::Customer, name)
    }

    /// A fact of the tenant; none where it is absent. The name has to be declared in `reads`, as `tenant:…`.
    ///
    /// # Errors
    /// `broken-fact`, naming the fact, where its value does not have the shape of `T`.
    pub fn tenant_fact<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Fault> {
        fact(Subject::Tenant, name)
    }

    /// A value of the slot's configuration; none where the operator set none.
    pub fn config(&self, key: &str) -> Option<String> {
        host::config(key)
    }
}

fn fact<T: DeserializeOwned>(subject: Subject, name: &str) -> Result<Option<T>, Fault> {
    let Some(text) = host::read(subject, name) else { return Ok(None) };
    serde_json::from_str(&text).map_err(|why| Fault::broken_fact(name, why))
}
