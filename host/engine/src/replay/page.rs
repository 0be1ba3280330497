//! A page of the ledger: a receipt of an event that was judged, read back with everything that is needed to judge it
//! again.

use std::sync::Arc;

use syndic_core::command::is_command;
use syndic_core::ports::{Entry, Kept, Reads, StoreError};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Event, Scope, Slot};
use syndic_ledger::{Governor, Kind, Receipt};

use super::{Past, Rulebook, What};
use crate::receipt::Salts;
use crate::rules::Rules;

/// A receipt of an event that was judged.
pub(crate) struct Page {
    pub(crate) sequence: u64,
    pub(crate) leaf: Receipt,
    entry: Arc<Entry>,
    pub(crate) event: Event,
    pub(crate) salts: Salts,
    pub(crate) book: Arc<Rulebook>,
    tenant_lane: bool,
}

/// A receipt's leaf.
pub(crate) fn leaf_of(sequence: u64, leaf: &str) -> Result<Receipt, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt(format!("receipt {sequence} does not read: {why}"));
    let receipt: Receipt = serde_json::from_str(leaf).map_err(|why| corrupt(why.to_string()))?;
    if receipt.sequence != sequence {
        return Err(corrupt(format!("it names itself {}", receipt.sequence)));
    }
    Ok(receipt)
}

/// Whether governors judged here. An administrative act may name versions, and asks nobody; a command asks its case.
pub(crate) fn is_judged(leaf: &Receipt) -> bool {
    leaf.kind == Kind::Event && leaf.event.as_ref().is_some_and(|event| !is_command(&event.r#type))
}

/// A governor's slot, as a receipt names it.
pub(crate) fn slot_of(sequence: u64, governor: &Governor) -> Result<Slot, StoreError> {
    Slot::new(&governor.slot).map_err(|why| StoreError::Corrupt(format!("receipt {sequence} does not read: {why}")))
}

impl Past<'_> {
    /// Reads a page back, or says what of it is not as it was.
    pub(crate) fn page(&self, leaf: Receipt, entry: &Arc<Entry>) -> Result<Result<Page, What>, StoreError> {
        let book = match self.rulebook(leaf.configuration)? {
            Ok(book) => book,
            Err(what) => return Ok(Err(what)),
        };
        let kept = &entry.kept;
        let Ok(event) = Event::from_store(&kept.event) else { return Ok(Err(What::Event)) };
        let salts = Salts::new(self.master, &event.tenant, &event.subject);
        if leaf.event.as_ref().map(|committed| committed.hash) != Some(salts.commit_to(event.canonical())) {
            return Ok(Err(What::Event));
        }
        let tenant_lane = in_tenant_lane(&*self.reads, leaf.sequence, kept, &event, &book.tenant_kinds)?;
        let entry = Arc::clone(entry);
        Ok(Ok(Page { sequence: leaf.sequence, leaf, entry, event, salts, book, tenant_lane }))
    }
}

impl Page {
    /// What stands beside the receipt.
    pub(crate) fn kept(&self) -> &Kept {
        &self.entry.kept
    }

    /// Lends the rules that answers are held to.
    pub(crate) fn with_rules<T>(&self, ask: impl FnOnce(&Rules<'_>) -> T) -> T {
        ask(&Rules {
            event: &self.event,
            now: self.kept().now,
            tenant_lane: self.tenant_lane,
            lineage: self.kept().lineage,
            is_routed: &|kind| self.book.is_routed(kind),
        })
    }

    /// The lane's customer; none in the tenant's lane.
    pub(crate) fn customer(&self) -> Option<&str> {
        (!self.tenant_lane).then_some(&self.event.subject)
    }
}

/// Whether an event ran in the tenant's lane. A timer, or an effect that settled, runs where its cause ran.
fn in_tenant_lane(
    reads: &dyn Reads,
    sequence: u64,
    kept: &Kept,
    event: &Event,
    tenant_kinds: &[String],
) -> Result<bool, StoreError> {
    // In the tenant's lane there is no customer, so whoever touched a customer's fact was not in it.
    let read = kept.reads.iter().any(|read| read.fact.scope == Scope::Customer && read.receipt > 0);
    if read || kept.writes.iter().any(|(fact, _)| fact.scope == Scope::Customer) {
        return Ok(false);
    }
    let of_kind = |event: &Event| event.lane(tenant_kinds).customer.is_none();
    let Some(mut cause) = cause_of(sequence, event) else { return Ok(of_kind(event)) };
    loop {
        let Entry { kept, .. } = crate::act::entry(reads, cause)?;
        let event = Event::from_store(&kept.event)
            .map_err(|why| StoreError::Corrupt(format!("the event of receipt {cause} does not read: {why}")))?;
        match cause_of(cause, &event) {
            Some(earlier) => cause = earlier,
            None => return Ok(of_kind(&event)),
        }
    }
}

/// The receipt whose lane an event runs in, where it is not of its kind.
fn cause_of(sequence: u64, event: &Event) -> Option<u64> {
    if ![TIMER_FIRED, EFFECT_SETTLED].contains(&event.kind.as_str()) {
        return None;
    }
    let cause: u64 = event.id.split('/').next()?.parse().ok()?;
    (1..sequence).contains(&cause).then_some(cause)
}
