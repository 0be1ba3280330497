//! Changes that wait for their day.
//!
//! They stand in the entry, the earliest first, and one timer per SKU is set for the earliest. When it fires, what is
//! due is applied in order. By then the world may have moved on: a change whose move no longer exists, that would end a
//! SKU somebody has, or whose price has become a rise nobody was told of in time, is dropped with a remark, because a
//! timer can refuse nothing.

use syndic_book::{Scheduled, Sku};
use syndic_sdk::prelude::*;

use crate::table::{self, State};
use crate::{entry, price};

/// The timer of a SKU: `apply.pro`.
pub(crate) const TIMER: &str = "apply";

/// The entry as it will stand when a change that waits until `at` applies; as it stands now without one.
pub(crate) fn standing_at(current: Option<&Sku>, at: Option<Time>) -> Option<&Sku> {
    let waiting = current.map_or(&[][..], |current| &current.scheduled);
    let before = waiting.iter().filter(|planned| at.is_some_and(|at| planned.effective_at < at));
    before.map(|planned| &planned.sku).fold(current, |entry, planned| {
        let moves = table::next(entry::state(entry), entry::trigger(planned)).is_some();
        if moves { Some(planned) } else { entry }
    })
}

/// The entry with one more change that waits; one for the same moment takes the other's place. What nobody has heard
/// of yet waits as a draft.
pub(crate) fn planned(current: Option<Sku>, proposed: Sku, now: Time, effective_at: Time) -> Sku {
    let mut entry = current.unwrap_or_else(|| Sku { status: ProductStatus::Draft, ..proposed.clone() });
    entry.scheduled.retain(|planned| planned.effective_at != effective_at);
    entry.scheduled.push(Scheduled { effective_at, announced_at: Some(now), sku: proposed });
    entry.scheduled.sort_by_key(|planned| planned.effective_at);
    entry
}

/// Applies what is due.
pub(crate) fn due(cx: &Context, sku: &str) -> Answer {
    let Some(mut entry) = cx.tenant_fact::<Sku>(&entry::fact(sku))? else { return abstain() };
    let (due, waiting): (Vec<_>, Vec<_>) =
        std::mem::take(&mut entry.scheduled).into_iter().partition(|planned| planned.effective_at <= cx.now());
    if due.is_empty() {
        return abstain();
    }
    let mut dropped = Vec::new();
    for planned in due {
        match obstacle(cx, &entry, &planned)? {
            None => entry = planned.sku,
            Some(why) => dropped.push(format!("the change of {} was dropped: {why}", planned.effective_at)),
        }
    }
    if entry::state(Some(&entry)) != State::Archived {
        entry.scheduled = waiting;
    }
    let mut decision = Decision::approve();
    write(&mut decision, &entry);
    if !dropped.is_empty() {
        log::warn(dropped.join("; "));
        decision.note(dropped.join("; "));
    }
    Ok(decision)
}

/// Writes an entry, and sets its timer where something waits.
pub(crate) fn write(decision: &mut Decision, entry: &Sku) {
    decision.set_tenant(entry::fact(&entry.sku), entry);
    if let Some(first) = entry.scheduled.first() {
        decision.timer(format!("{TIMER}.{}", entry.sku), first.effective_at, &());
    }
}

fn obstacle(cx: &Context, entry: &Sku, planned: &Scheduled) -> Result<Option<String>, Fault> {
    let from = entry::state(Some(entry));
    let in_time = |announced| price::noticed(Some(entry), &planned.sku, announced, planned.effective_at);
    Ok(match table::next(from, entry::trigger(&planned.sku)) {
        None => Some(format!("`{}` is {from} by now", entry.sku)),
        Some(State::Archived) if entry::subscribers(cx, &entry.sku)? > 0 => {
            Some(format!("`{}` still has subscribers", entry.sku))
        }
        Some(_) if !planned.announced_at.map_or(Ok(true), in_time)? => {
            Some("the price was lowered meanwhile, and would rise without notice".to_owned())
        }
        Some(_) => None,
    })
}
