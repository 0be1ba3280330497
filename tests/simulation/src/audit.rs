//! The audit: when everything is at rest, what is in the store, in the bank's book and in callers' heads is one story.

use std::collections::{BTreeMap, BTreeSet};

use syndic_core::ports::{DedupRecord, Entry as Receipted, Reads, StoreError, Verb};
use syndic_core::{DedupKey, Event, Outcome, Report};
use syndic_store::MemoryStore;

use crate::bank::{Bank, Entry, Standing};
use crate::callers::{Callers, Sent, may_change};
use crate::model::Model;

/// Whatever is wrong, as a sentence.
pub type Audited = Result<(), String>;

/// Everything that can be asked of a world at rest.
///
/// # Errors
/// A sentence: what does not fit.
pub fn audit(store: &MemoryStore, bank: &Bank, callers: &Callers) -> Audited {
    store.verify_all().map_err(|error| error.to_string())?;
    let mut model = Model::default();
    let receipts = store.receipts(1, usize::MAX).map_err(unreadable)?;
    for (sequence, entry) in &receipts {
        model.take(*sequence, entry).map_err(|why| format!("receipt {sequence}, of `{}`: {why}", entry.kept.key.id))?;
    }
    model.end()?;
    nothing_waits(store)?;
    facts_are_equal(store, &model)?;
    every_key_has_one_outcome(store, &receipts, &model, callers)?;
    books_agree(store, &model, bank)
}

fn unreadable(error: StoreError) -> String {
    format!("the store cannot be read: {error}")
}

/// What callers were told is what the store says.
///
/// # Errors
/// A sentence that names the event.
pub fn told_is_kept<'a>(store: &MemoryStore, callers: impl Iterator<Item = &'a Sent>) -> Audited {
    for sent in callers {
        let (key, Some(told)) = (sent.event.key(), &sent.told) else { continue };
        let Some(known) = store.dedup(&key).map_err(unreadable)? else {
            return Err(format!("`{}` was told `{}`, and is not known any more", key.id, told.outcome.name()));
        };
        let equal = Report { duplicate: told.duplicate, ..known.report.clone() } == *told;
        let later = sent.event.kind == "shop.pay" || follows(store, told.receipt, known.report.receipt)?;
        let fits = equal || (may_change(told.outcome) && later);
        if known.hash != sent.event.hash() || !fits {
            return Err(format!("what `{}` was told is not what is kept of it", key.id));
        }
    }
    Ok(())
}

/// Whether a later receipt goes back to an earlier one, over those it names.
fn follows(store: &MemoryStore, earlier: Option<u64>, later: Option<u64>) -> Result<bool, String> {
    let mut at = later;
    while let Some(sequence) = at.filter(|_| at > earlier) {
        let entry = store.receipt(sequence).map_err(unreadable)?;
        at = entry.and_then(|entry| entry.kept.again).map(|again| again.first);
    }
    Ok(at.is_some() && at == earlier)
}

fn nothing_waits(store: &MemoryStore) -> Audited {
    let waits = [
        ("an unfinished event", store.unfinished().map_err(unreadable)?.len() as u64),
        ("a raised event", store.raised(0, 1).map_err(unreadable)?.len() as u64),
        ("a deferred effect", store.deferred(0, 1).map_err(unreadable)?.len() as u64),
        ("a timer", store.timers().map_err(unreadable)?),
    ];
    match waits.iter().find(|(_, count)| *count > 0) {
        Some((what, _)) => Err(format!("{what} waits in the store, and nobody comes for it")),
        None => Ok(()),
    }
}

fn facts_are_equal(store: &MemoryStore, model: &Model) -> Audited {
    let mut places = BTreeSet::new();
    for (key, cell) in model.facts.all() {
        let kept = store.fact(key).map_err(unreadable)?;
        if !kept.as_ref().is_some_and(|kept| cell.is(&kept.value)) {
            let kept = kept.map(|kept| kept.value.read().to_string()).unwrap_or_default();
            return Err(format!("{} of {:?} should be {}, and is {kept}", key.name, key.customer, cell.reads()));
        }
        places.insert((key.tenant.clone(), key.customer.clone()));
    }
    for place in ["acme", "bolt", "core"].iter().flat_map(|tenant| {
        [None, Some("ann"), Some("bob"), Some("cy")].map(|customer| ((*tenant).to_owned(), customer.map(String::from)))
    }) {
        places.insert(place);
    }
    for (tenant, customer) in places {
        for (name, fact) in store.facts(&tenant, customer.as_deref()).map_err(unreadable)? {
            let key = syndic_core::FactKey { tenant: tenant.clone(), customer: customer.clone(), name };
            if model.facts.now(&key).is_none() {
                return Err(format!("{} of {customer:?} should not be there: {}", key.name, fact.value.read()));
            }
        }
    }
    Ok(())
}

fn every_key_has_one_outcome(
    store: &MemoryStore,
    receipts: &[(u64, Receipted)],
    model: &Model,
    callers: &Callers,
) -> Audited {
    let sent = callers.by_key();
    let mut receipted: BTreeMap<DedupKey, (u64, Report)> = BTreeMap::new();
    for (sequence, entry) in receipts {
        let key = entry.kept.key.clone();
        if entry.kept.again.as_ref().is_some_and(|again| again.act.verb == Verb::Release) {
            continue;
        }
        let resent = entry.kept.again.as_ref().is_some_and(|again| again.act.verb == Verb::Resend);
        let before = receipted.insert(key.clone(), (*sequence, entry.kept.report.clone()));
        match (&entry.kept.again, before.map(|(before, _)| before)) {
            (None, Some(_)) => return Err(format!("`{}` has a second receipt, {sequence}", key.id)),
            (Some(again), before) if Some(again.first) != before && !resent => {
                return Err(format!("receipt {sequence} goes back to {}, and not to {before:?}", again.first));
            }
            _ => {}
        }
        let event = Event::from_store(&entry.kept.event).map_err(|error| error.to_string())?;
        let was_sent = sent.get(&key).is_some_and(|sent| sent.iter().any(|sent| sent.event == event));
        if event.made_by().is_none() && !was_sent {
            return Err(format!("`{}` has a receipt, and nobody sent it", key.id));
        }
    }
    for (key, (sequence, report)) in &receipted {
        let known = store.dedup(key).map_err(unreadable)?;
        let known = known.ok_or_else(|| format!("`{}` has receipt {sequence}, and is not known", key.id))?;
        let claimed =
            || sent.get(key).map_or(Err("no claim says why".to_owned()), |sent| by_claim(model, &known, sent));
        if known.report != *report {
            claimed()
                .map_err(|why| format!("what is known of `{}` is not what receipt {sequence} says: {why}", key.id))?;
        }
    }
    for (key, sent) in &sent {
        if sent.iter().all(|sent| sent.event.kind == "shop.unknown") || receipted.contains_key(key) {
            continue;
        }
        let known = store.dedup(key).map_err(unreadable)?.ok_or(format!("`{}` came to no outcome", key.id))?;
        by_claim(model, &known, sent).map_err(|why| format!("`{}` has no receipt: {why}", key.id))?;
    }
    told_is_kept(store, callers.told())
}

/// Only a claimed key leaves an outcome without a receipt: that of whoever claimed it, or that it stands for something
/// else.
fn by_claim(model: &Model, known: &DedupRecord, sent: &[&Sent]) -> Audited {
    let event = sent.iter().map(|sent| &sent.event).find(|event| event.hash() == known.hash);
    let event = event.ok_or("what is known is of an event that nobody sent")?;
    let data: serde_json::Value = serde_json::from_str(event.data_text()).unwrap_or_default();
    let key = format!("pay:{}", data["key"].as_str().unwrap_or_default());
    let (receipt, content) = model.claim(&event.tenant, &key).ok_or("no claim says why")?;
    let (same, report) = (content["amount"] == data["amount"], &known.report);
    let fits = match report.outcome {
        Outcome::Completed => same && report.duplicate && report.receipt == Some(*receipt),
        Outcome::Invalid => !same && report.receipt.is_none(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("it is {} after its key was claimed", report.outcome.name())) }
}

/// The bank's book and the books in facts.
fn books_agree(store: &MemoryStore, model: &Model, bank: &Bank) -> Audited {
    let book = bank.book();
    let mut left: BTreeSet<syndic_ledger::Hash> = BTreeSet::new();
    for (key, parked) in store.parked().map_err(unreadable)? {
        if !model.stuck.contains_key(&key) {
            return Err(format!("`{}` is parked, and not stuck", key.id));
        }
        left.extend(parked.remaining.iter().map(|intent| intent.key));
    }
    let expired = model.settled.values().filter(|status| *status == "expired").count();
    if store.dead_letters(0, usize::MAX).map_err(unreadable)?.len() != expired {
        return Err(format!("{expired} effects expired, and as many dead letters there are not"));
    }
    for (key, entry) in &book {
        let stands = matches!(entry.standing, Standing::Open | Standing::Captured);
        if stands && !left.contains(key) && model.standing.get(key) != Some(&true) {
            return Err(format!(
                "`{}` for `{}` stands {:?}, and no event has it",
                entry.action, entry.order, entry.standing
            ));
        }
    }
    for (key, open) in &model.standing {
        let standing = book.get(key).map(|entry| entry.standing);
        let fits = match standing {
            Some(Standing::Open | Standing::Captured) => *open,
            _ => !*open,
        };
        if !fits {
            let should = if *open { "stand open" } else { "not stand" };
            return Err(format!("effect {key:.6} should {should}, and stands {standing:?}"));
        }
    }
    for (key, status) in &model.settled {
        let standing = book.get(key).map(|entry| entry.standing);
        let fits = match status.as_str() {
            "done" => standing == Some(Standing::Done),
            "failed" => standing == Some(Standing::Declined),
            _ => true,
        };
        if !fits {
            return Err(format!("an effect settled as {status}, and stands {standing:?}"));
        }
    }
    money_is_conserved(model, book.iter().filter(|(key, _)| model.standing.get(key) == Some(&true)).map(|(_, e)| e))
}

fn money_is_conserved<'a>(model: &Model, standing: impl Iterator<Item = &'a Entry>) -> Audited {
    let mut totals = [("acme", 0), ("bolt", 0), ("core", 0)];
    for entry in standing.filter(|entry| entry.action == "authorize-payment") {
        for (tenant, total) in &mut totals {
            if entry.tenant == *tenant {
                *total += entry.amount();
            }
        }
    }
    for (tenant, total) in totals {
        if model.total(tenant) != total {
            return Err(format!("{tenant} counts {}, and the bank's book {total}", model.total(tenant)));
        }
    }
    Ok(())
}
