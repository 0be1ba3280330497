//! Product catalog: what the tenant sells, at what price, and from when.
//!
//! One tenant fact per SKU, in the shape every governor reads (`syndic_book::Sku`). A change says the whole entry
//! anew and the status it shall have; it applies at once, or at its `effective_at` and never before. Changes that wait
//! stand in the entry and are applied by a timer.
//!
//! Refuses a move its table does not have, a price that rises by more than a tenth without thirty days' notice, and
//! the end of a SKU somebody still has. Not here: what subscribers pay until their period ends (`subscription` and
//! `billing` keep the line they sold), and how many subscribers there are (`subscription` counts them).

use syndic_sdk::prelude::*;

mod change;
mod entry;
mod plan;
mod price;
pub mod table;

/// Judges a change, or applies those whose day has come.
#[governor(
    version = "1.0.0",
    kinds = ["ProductChanged", "TimerFired"],
    reads = ["tenant:product-catalog.sku.*", "tenant!:shared.subscribers.*"],
)]
pub fn product_catalog(cx: &Context) -> Answer {
    match cx.event()? {
        Event::ProductChanged(changed) => change::changed(cx, &changed),
        Event::TimerFired(timer) => match timer.name.split_once('.') {
            Some((plan::TIMER, sku)) => plan::due(cx, sku),
            _ => abstain(),
        },
        _ => abstain(),
    }
}
