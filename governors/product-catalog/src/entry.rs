//! The entry of a SKU: how a change becomes one, and where it is kept.

use syndic_book::{Sku, canonical};
use syndic_sdk::prelude::*;

use crate::table::{State, Trigger};

/// The entry a change asks for. It is the tenant's own: the bundled book's discounts end here.
pub(crate) fn proposed(change: &ProductChanged) -> Sku {
    let change = change.clone();
    Sku {
        sku: canonical(&change.sku).to_owned(),
        name: change.name,
        status: change.status,
        prices: change.prices,
        limits: change.limits,
        features: change.features,
        requires_approval: change.requires_approval,
        trial_days: change.trial_days,
        overage: change.overage,
        vendor_id: change.vendor_id,
        commission_bp: change.commission_bp,
        replacement: change.replacement.map(|name| canonical(&name).to_owned()),
        bundled: false,
        scheduled: Vec::new(),
    }
}

/// The fact an entry is kept in.
pub(crate) fn fact(sku: &str) -> String {
    format!("product-catalog.sku.{sku}")
}

/// Where an entry stands.
pub(crate) fn state(entry: Option<&Sku>) -> State {
    match entry.map(|entry| entry.status) {
        None => State::Absent,
        Some(ProductStatus::Draft) => State::Draft,
        Some(ProductStatus::Published) => State::Published,
        Some(ProductStatus::Featured) => State::Featured,
        Some(ProductStatus::Deprecated) => State::Deprecated,
        Some(ProductStatus::Archived) => State::Archived,
    }
}

/// What an entry's status asks for, when the entry is proposed.
pub(crate) fn trigger(proposed: &Sku) -> Trigger {
    match proposed.status {
        ProductStatus::Draft => Trigger::Draft,
        ProductStatus::Published => Trigger::Publish,
        ProductStatus::Featured => Trigger::Feature,
        ProductStatus::Deprecated => Trigger::Deprecate,
        ProductStatus::Archived => Trigger::Archive,
    }
}

/// How many customers have the SKU now.
pub(crate) fn subscribers(cx: &Context, sku: &str) -> Result<i64, Fault> {
    Ok(cx.tenant_fact(&format!("shared.subscribers.{sku}"))?.unwrap_or(0))
}
