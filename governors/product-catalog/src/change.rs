//! Changes people ask for.

use syndic_book::{Sku, nameable, sku};
use syndic_sdk::prelude::*;

use crate::table::{self, State};
use crate::{entry, plan, price};

/// The largest entry, with the changes that wait in it. Every governor reads it with its fuel, and entitlement copies
/// the features three times into one decision.
const ENTRY_BYTES_MAX: usize = 16 << 10;

/// How many limits, features and rates an entry may have in all: counted before anything is done with them.
const PARTS_MAX: usize = 256;

/// Applies a change, or plans it.
pub(crate) fn changed(cx: &Context, change: &ProductChanged) -> Answer {
    if change.limits.len() + change.features.len() + change.overage.len() > PARTS_MAX {
        return refuse("wrong-state", format!("an entry has at most {PARTS_MAX} limits, features and rates"));
    }
    let proposed = entry::proposed(change);
    if !nameable(&proposed.sku) {
        return refuse("wrong-state", "the name of a SKU has at most 100 bytes and no `*`");
    }
    let current = sku(cx, &proposed.sku)?;
    let later = change.effective_at.filter(|at| *at > cx.now());
    let standing = plan::standing_at(current.as_ref(), later);
    let from = entry::state(standing);
    let Some(to) = table::next(from, entry::trigger(&proposed)) else {
        let asked = change.status;
        return refuse("wrong-state", format!("`{}` is {from} and cannot become {asked}", proposed.sku));
    };
    if !price::noticed(standing, &proposed, cx.now(), later.unwrap_or(cx.now()))? {
        return refuse("notice-too-short", "a price that rises by more than 10 % is announced 30 days ahead");
    }
    match later {
        Some(at) => keep(plan::planned(current, proposed, cx.now(), at)),
        None if to == State::Archived && entry::subscribers(cx, &proposed.sku)? > 0 => {
            refuse("live-subscribers", format!("`{}` still has subscribers", proposed.sku))
        }
        None => keep(replaced(current, proposed)),
    }
}

/// What waits for its day goes on waiting, unless nothing can follow.
fn replaced(current: Option<Sku>, mut proposed: Sku) -> Sku {
    if entry::state(Some(&proposed)) != State::Archived {
        proposed.scheduled = current.map_or_else(Vec::new, |current| current.scheduled);
    }
    proposed
}

fn keep(entry: Sku) -> Answer {
    if serde_json::to_string(&entry)?.len() > ENTRY_BYTES_MAX {
        return refuse("wrong-state", "the entry and the changes that wait in it do not fit in 16 KiB");
    }
    let mut decision = Decision::approve();
    plan::write(&mut decision, &entry);
    Ok(decision)
}
