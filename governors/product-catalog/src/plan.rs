//! Changes that wait for their day.
//!
//! They stand in the entry, the earliest first, and one timer per SKU is set for the earliest. When it fires, what is
//! due is applied in order. By then the world may have moved on: a change whose move no longer exists, or that would
//! end a SKU somebody has, is dropped with a remark, because a timer can refuse nothing.

use syndic_book::{Scheduled, Sku};
use syndic_sdk::prelude::*;

use crate::entry;
use crate::table::{self, State};

/// The timer of a SKU: `apply.pro`.
pub(crate) const TIMER: &str = "apply";

/// Where a SKU will stand when a change that waits until `at` applies; where it stands now without one.
pub(crate) fn state_at(current: Option<&Sku>, at: Option<Time>) -> State {
    let waiting = current.map_or(&[][..], |current| &current.scheduled);
    let before = waiting.iter().filter(|planned| at.is_some_and(|at| planned.effective_at < at));
    before
        .fold(entry::state(current), |state, planned| table::next(state, entry::trigger(&planned.sku)).unwrap_or(state))
}

/// The entry with one more change that waits; one for the same moment takes the other's place. What nobody has heard
/// of yet waits as a draft.
pub(crate) fn planned(current: Option<Sku>, proposed: Sku, effective_at: Time) -> Sku {
    let mut entry = current.unwrap_or_else(|| Sku { status: ProductStatus::Draft, ..proposed.clone() });
    entry.scheduled.retain(|planned| planned.effective_at != effective_at);
    entry.scheduled.push(Scheduled { effective_at, sku: proposed });
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
        match obstacle(cx, &entry, &planned.sku)? {
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

fn obstacle(cx: &Context, entry: &Sku, proposed: &Sku) -> Result<Option<String>, Fault> {
    let from = entry::state(Some(entry));
    Ok(match table::next(from, entry::trigger(proposed)) {
        None => Some(format!("`{}` is {from} by now", entry.sku)),
        Some(State::Archived) if entry::subscribers(cx, &entry.sku)? > 0 => {
            Some(format!("`{}` still has subscribers", entry.sku))
        }
        Some(_) => None,
    })
}
