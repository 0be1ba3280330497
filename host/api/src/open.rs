//! What is not over, on the wire: events by outcome, what is stuck, undelivered or quarantined.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use syndic_core::DedupKey;
use syndic_core::ports::{DeadLetter, DedupRecord, Parked, Poison, PoisonKey};

/// An event and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct EventLine {
    /// Its id.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// Its source.
    pub source: String,
    /// Its outcome, the last one.
    pub outcome: Cow<'static, str>,
    /// The receipt of that outcome.
    pub receipt: Option<u64>,
}

impl EventLine {
    /// The line of a dedup record.
    pub fn new(key: DedupKey, known: &DedupRecord) -> Self {
        let DedupKey { tenant, source, id } = key;
        Self { id, tenant, source, outcome: known.report.outcome.name().into(), receipt: known.report.receipt }
    }
}

/// A stuck event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct StuckLine {
    /// Its id.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// Its source.
    pub source: String,
    /// The receipt that says `stuck`.
    pub receipt: u64,
    /// What it comes to once everything is undone.
    pub becomes: Cow<'static, str>,
    /// What is still to be undone, in that order, as `slot/id`.
    pub remaining: Vec<String>,
    /// The action that undoes the first of them.
    pub undo: Option<String>,
    /// The connector key under which that one was done, to look it up at the service.
    pub key: Option<String>,
    /// How often the host has tried since.
    pub tries: u32,
    /// When it tries again; null where only an operator can.
    pub next: Option<String>,
}

impl StuckLine {
    /// The line of a parked event.
    pub fn new(key: DedupKey, parked: &Parked) -> Self {
        let DedupKey { tenant, source, id } = key;
        let first = parked.remaining.first();
        Self {
            id,
            tenant,
            source,
            receipt: parked.receipt,
            becomes: parked.meant.name().into(),
            remaining: parked.remaining.iter().map(|intent| format!("{}/{}", intent.slot, intent.effect.id)).collect(),
            undo: first.and_then(|intent| intent.effect.undo.as_ref()).map(|undo| undo.action.clone()),
            key: first.map(|intent| intent.key.to_string()),
            tries: parked.tries,
            next: parked.next.map(|next| next.to_string()),
        }
    }
}

/// A deferred effect that nobody answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct UndeliveredLine {
    /// Its number, to send it again.
    pub number: u64,
    /// The tenant.
    pub tenant: String,
    /// The subject of the event that asked for it.
    pub subject: String,
    /// `slot/id`.
    pub effect: String,
    /// The action.
    pub action: String,
    /// The receipt of the event that asked for it.
    pub cause: u64,
    /// The connector key, the same for every try.
    pub key: String,
    /// How often an operator has sent it again in vain.
    pub resent: u32,
}

impl UndeliveredLine {
    /// The line of a dead letter.
    pub fn new(number: u64, letter: &DeadLetter) -> Self {
        let deferred = &letter.deferred;
        Self {
            number,
            tenant: deferred.lane.tenant.clone(),
            subject: deferred.subject.clone(),
            effect: format!("{}/{}", deferred.slot, deferred.effect.id),
            action: deferred.effect.action.clone(),
            cause: deferred.cause,
            key: deferred.key.to_string(),
            resent: letter.resent,
        }
    }
}

/// A governor version that is not asked about an event any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct QuarantinedLine {
    /// The slot.
    pub slot: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// SHA-256 of the event's type, tenant, subject and data.
    pub fingerprint: String,
    /// How often it trapped.
    pub traps: u32,
    /// The last event it trapped on.
    pub id: String,
    /// Its tenant.
    pub tenant: String,
    /// Its receipt.
    pub receipt: u64,
}

impl QuarantinedLine {
    /// The line of a count of traps.
    pub fn new(key: &PoisonKey, poison: &Poison) -> Self {
        Self {
            slot: key.slot.to_string(),
            digest: syndic_ledger::Digest(key.digest).to_string(),
            fingerprint: key.fingerprint.to_string(),
            traps: poison.traps,
            id: poison.event.id.clone(),
            tenant: poison.event.tenant.clone(),
            receipt: poison.receipt,
        }
    }
}
