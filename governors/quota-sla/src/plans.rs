//! What the plans a customer holds add up to.
//!
//! Limits rise at once and fall only with a new quota period: what a customer was told they may use this month, they
//! may use to its end, whatever they buy or give up meanwhile.

use syndic_book::{Status, Subscription, canonical, sku};
use syndic_sdk::SAFE_MAX;
use syndic_sdk::prelude::*;

use crate::facts::Limits;

/// A plan the customer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The subscription; empty for the one that is being made.
    pub id: String,
    /// The plan.
    pub sku: String,
    /// Whether it is paused.
    pub paused: bool,
}

impl Held {
    /// A plan in use.
    pub(crate) fn new(id: &str, sku: &str) -> Held {
        Held { id: id.to_owned(), sku: canonical(sku).to_owned(), paused: false }
    }
}

/// What the customer holds from `now` on. A period that ends at this very instant has ended: its cancellation and its
/// change of plan count, although the slot `subscription` has its turn only after this one.
///
/// A trial that ran out counts as held for its three days of grace, because the renewal that may follow is not routed
/// here.
pub(crate) fn held(subs: &[Subscription], now: Time) -> Vec<Held> {
    let still_held =
        |sub: &&Subscription| sub.status.is_open() && !(sub.status == Status::Cancelling && sub.end <= now);
    let held = |sub: &Subscription| Held {
        id: sub.id.clone(),
        sku: if sub.end <= now { sub.renewing_sku() } else { sub.sku.as_str() }.to_owned(),
        paused: sub.status == Status::Paused,
    };
    subs.iter().filter(still_held).map(held).collect()
}

/// Whether the customer holds something, and all of it is paused.
pub(crate) fn all_paused(held: &[Held]) -> bool {
    !held.is_empty() && held.iter().all(|plan| plan.paused)
}

/// The sum of the limits of everything held. A plan that is no longer in the book adds nothing.
pub(crate) fn limits_of(cx: &Context, held: &[Held]) -> Result<Limits, Fault> {
    let mut total: Option<Limits> = None;
    for plan in held {
        let Some(sku) = sku(cx, &plan.sku)? else { continue };
        total = Some(match total {
            None => sku.limits,
            Some(total) => combine(&total, &sku.limits, |(a, a_hard), (b, b_hard)| {
                (a.saturating_add(b).min(SAFE_MAX), a_hard || b_hard)
            }),
        });
    }
    Ok(total.unwrap_or_default())
}

/// The more generous of what stands and what the plans say.
pub(crate) fn raised(standing: &Limits, plans: &Limits) -> Limits {
    combine(standing, plans, |(a, a_hard), (b, b_hard)| (a.max(b), a_hard && b_hard))
}

/// A limit that is one, and whether it is hard.
type Number = (i64, bool);

/// Joins two sets of limits. What either leaves unlimited is unlimited; it keeps
/// its name, so that the use of it is found again.
fn combine(a: &Limits, b: &Limits, join: fn(Number, Number) -> Number) -> Limits {
    let number = |limit: &Limit| limit.limit.map(|most| (most, limit.hard));
    let join_one = |resource: &String| {
        let both = a.get(resource).and_then(number).zip(b.get(resource).and_then(number));
        both.map_or(Limit { limit: None, hard: false }, |(a, b)| {
            let (most, hard) = join(a, b);
            Limit { limit: Some(most), hard }
        })
    };
    a.keys().chain(b.keys()).map(|resource| (resource.clone(), join_one(resource))).collect()
}
