//! One entry of the price book.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::{ENTERPRISE, bundled, bundled_discount_percent, canonical, nameable};

/// A plan, as the tenant sells it: the tenant fact `product-catalog.sku.<sku>`, or an entry of the bundled book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sku {
    /// Its name in events.
    pub sku: String,
    /// Its name for people.
    pub name: String,
    /// Where it stands in its life.
    pub status: ProductStatus,
    /// What one seat costs. The bundled book prices the month alone; every other book prices each cycle it offers.
    #[serde(default)]
    pub prices: BTreeMap<Cycle, Money>,
    /// Quotas by resource; a resource that is absent is unlimited.
    #[serde(default)]
    pub limits: BTreeMap<String, Limit>,
    /// What it lets its customers do.
    #[serde(default)]
    pub features: Vec<String>,
    /// Whether a person says yes first.
    #[serde(default)]
    pub requires_approval: bool,
    /// How long it may be tried.
    #[serde(default = "trial_days")]
    pub trial_days: u32,
    /// What use beyond a soft limit costs; a resource that is absent is only recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub overage: BTreeMap<String, Rate>,
    /// Who sells it; absent: the marketplace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<String>,
    /// The marketplace's share in hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission_bp: Option<u32>,
    /// What to take instead, once it is deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<String>,
    /// Whether it is the bundled book's, whose longer cycles are the month's price less a discount.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bundled: bool,
    /// Changes that wait for their day. Only product-catalog's timer applies them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scheduled: Vec<Scheduled>,
}

/// A change that applies later, never before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    /// When.
    pub effective_at: Time,
    /// When it was asked for: a price that rises is announced well ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_at: Option<Time>,
    /// The whole entry as it will be.
    pub sku: Sku,
}

/// What a period of a plan costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// This much.
    Price(Money),
    /// It is sold by contract alone, and none was given: a person must name a price.
    ContractOnly,
    /// The plan is not sold by this cycle.
    CycleNotOffered,
    /// It costs more than money can be.
    BeyondMoney,
}

/// How a plan compares with others: by its price a month in one currency; by contract is the highest. Plans in
/// two currencies do not compare, save that something is more than nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Priced: this much over 72 months, a span every cycle divides.
    Priced(Currency, i128),
    /// Only by contract.
    Contract,
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        match (self, other) {
            (Rank::Contract, Rank::Contract) => Some(Ordering::Equal),
            (Rank::Contract, _) => Some(Ordering::Greater),
            (_, Rank::Contract) => Some(Ordering::Less),
            (Rank::Priced(mine, a), Rank::Priced(theirs, b)) => {
                let compare = mine == theirs || (*a == 0) != (*b == 0);
                compare.then(|| a.cmp(b))
            }
        }
    }
}

impl Sku {
    /// Whether a customer may take it up.
    pub fn sells(&self) -> bool {
        matches!(self.status, ProductStatus::Published | ProductStatus::Featured)
    }

    /// Whether it is sold by contract alone.
    pub fn contract_only(&self) -> bool {
        self.prices.is_empty()
    }

    /// Whether a customer may pay it by this cycle.
    pub fn offers(&self, cycle: Cycle) -> bool {
        self.bundled || self.contract_only() || self.prices.contains_key(&cycle)
    }

    /// Its place among the plans.
    pub fn rank(&self) -> Rank {
        if self.sku == ENTERPRISE {
            return Rank::Contract;
        }
        self.prices.iter().next().map_or(Rank::Contract, |(cycle, price)| {
            let times = 72 / cycle.months();
            Rank::Priced(price.currency, i128::from(price.minor_units) * i128::from(times))
        })
    }

    /// The price of one period for all seats. A contract price is the whole period's, for all seats, undiscounted.
    pub fn line(&self, cycle: Cycle, seats: u32, contract_price: Option<Money>) -> Result<Line, Fault> {
        if let Some(agreed) = contract_price {
            return Ok(Line::Price(agreed));
        }
        if self.contract_only() {
            return Ok(Line::ContractOnly);
        }
        let seats = i128::from(seats);
        let line = match (self.prices.get(&cycle), self.prices.get(&Cycle::Monthly)) {
            (_, Some(month)) if self.bundled => {
                let months = i128::from(cycle.months());
                let percent = i128::from(100 - bundled_discount_percent(cycle));
                month.scaled(months * seats * percent, 100)
            }
            (Some(price), _) => price.scaled(seats, 1),
            (None, _) => return Ok(Line::CycleNotOffered),
        };
        match line {
            Err(MoneyError::OutOfRange) => Ok(Line::BeyondMoney),
            line => Ok(Line::Price(line?)),
        }
    }
}

/// The SKU of this name: the tenant's own entry, else the bundled book's. A scheduled change does not count yet.
/// Read by every governor that prices, grants or limits; declare `tenant:product-catalog.sku.*`.
pub fn sku(cx: &Context, name: &str) -> Result<Option<Sku>, Fault> {
    let name = canonical(name);
    if !nameable(name) {
        return Ok(None);
    }
    let own = cx.tenant_fact(&format!("product-catalog.sku.{name}"))?;
    Ok(own.or_else(|| bundled(name)))
}

/// How long a plan may be tried unless it says otherwise.
fn trial_days() -> u32 {
    14
}
