//! The book a tenant sells from until it has its own.

use std::collections::BTreeMap;

use syndic_sdk::prelude::*;

use crate::Sku;

/// The plan sold by contract alone, above every other.
pub const ENTERPRISE: &str = "enterprise";

const HARD: bool = true;
const SOFT: bool = false;

/// One row of the bundled book.
struct Row {
    sku: &'static str,
    name: &'static str,
    /// Cents a month; none is by contract alone.
    month: Option<i64>,
    /// Requests a month (soft), requests at once (hard), gigabytes (hard); none is unlimited.
    limits: [Option<i64>; 3],
    /// How many of [`FEATURES`] it has: each plan has what the one below has, and one more.
    features: usize,
}

const RESOURCES: [(&str, bool); 3] = [("requests", SOFT), ("concurrent", HARD), ("storage_gb", HARD)];
const FEATURES: [&str; 4] = ["community-support", "email-support", "sso", "audit-export"];

#[rustfmt::skip]
const BOOK: [Row; 4] = [
    Row { sku: "free",     name: "Free",         month: Some(0),     limits: [Some(10_000),     Some(10),     Some(1)],      features: 1 },
    Row { sku: "starter",  name: "Starter",      month: Some(2_999), limits: [Some(1_000_000),  Some(100),    Some(100)],    features: 2 },
    Row { sku: "pro",      name: "Professional", month: Some(9_999), limits: [Some(10_000_000), Some(1_000),  Some(1_000)],  features: 3 },
    Row { sku: ENTERPRISE, name: "Enterprise",   month: None,        limits: [None,             Some(10_000), Some(10_000)], features: 4 },
];

/// The plan names of the bundled book, the cheapest first.
pub const BUNDLED_SKUS: [&str; 4] = ["free", "starter", "pro", ENTERPRISE];

/// The one name of a plan that has two.
pub fn canonical(name: &str) -> &str {
    if name == "professional" { "pro" } else { name }
}

/// The bundled entry of this name.
pub fn bundled(name: &str) -> Option<Sku> {
    BOOK.iter().find(|row| row.sku == canonical(name)).map(entry)
}

fn entry(row: &Row) -> Sku {
    let price = row.month.map(|minor_units| (Cycle::Monthly, Money { minor_units, currency: Currency::USD }));
    let limit = |((resource, hard), limit): (&(&str, bool), &Option<i64>)| {
        ((*resource).to_owned(), Limit { limit: *limit, hard: *hard })
    };
    Sku {
        sku: row.sku.to_owned(),
        name: row.name.to_owned(),
        status: ProductStatus::Published,
        prices: price.into_iter().collect(),
        limits: RESOURCES.iter().zip(&row.limits).map(limit).collect(),
        features: FEATURES[..row.features].iter().map(|&feature| feature.to_owned()).collect(),
        requires_approval: false,
        trial_days: 14,
        overage: BTreeMap::new(),
        vendor_id: None,
        commission_bp: None,
        replacement: None,
        bundled: true,
        scheduled: Vec::new(),
    }
}
