//! Subscriptions as the other slots read them. Only the slot `subscription` writes these facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::{Line, period_from, sku};

/// The longest subscription id that is looked up; ours are shorter, and fact names are bounded.
const ID_BYTES_MAX: usize = 64;

/// The fact `subscription.index`: which subscriptions a customer has, archived ones left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The number the next subscription takes.
    pub next: u64,
    /// The ids, the oldest first.
    #[serde(default)]
    pub ids: Vec<String>,
}

impl Default for Index {
    fn default() -> Self {
        Index { next: 1, ids: Vec::new() }
    }
}

impl Index {
    /// The id that a CustomerSubscribes judged on this snapshot gives; every slot derives it by itself.
    pub fn next_id(&self) -> String {
        format!("sub-{}", self.next)
    }
}

/// The fact `subscription.sub.<id>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// `sub-1`, `sub-2`, … per customer.
    pub id: String,
    /// The plan.
    pub sku: String,
    /// How many people it is for.
    pub seats: u32,
    /// How often it is paid.
    pub cycle: Cycle,
    /// Where it stands in its life.
    pub status: Status,
    /// The current period, or the trial: `[start, end)`. A renewal before the end already names the next one.
    pub start: Time,
    /// Where it ends.
    pub end: Time,
    /// The day of the month it renews on; a shorter month renews on its last.
    pub anchor_day: u8,
    /// Where the trial ends or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_end: Option<Time>,
    /// What was agreed for a period, all seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_price: Option<Money>,
    /// The plan from the next period on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_sku: Option<String>,
    /// When it was cancelled, or asked to end with its period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Time>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// Since when it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Time>,
    /// The first day of the 365 in which pauses are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_year: Option<Time>,
    /// Started days of pause in that year, the current one left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paused_days_used: i64,
    /// Whether its period ended while it was paused or held; the next one then starts with the renewal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended_period_ended: bool,
}

/// Where a subscription stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Tried, for nothing.
    Trial,
    /// Paid for, period by period.
    Active,
    /// Ends with its period.
    Cancelling,
    /// At rest at the customer's wish; access is read-only.
    Paused,
    /// A trial that ended with no way to pay; three days to name one.
    Expired,
    /// Ended; may be taken up again for thirty days.
    Cancelled,
    /// Ended for good; kept for ninety days.
    Lapsed,
    /// Kept as a record.
    Archived,
}

impl Status {
    /// Whether the customer has the plan: it counts as a subscriber, an entitlement, a quota.
    pub const fn is_live(self) -> bool {
        matches!(self, Status::Trial | Status::Active | Status::Cancelling | Status::Paused)
    }

    /// Whether there is still something to cancel.
    pub const fn is_open(self) -> bool {
        self.is_live() || matches!(self, Status::Expired)
    }
}

impl Subscription {
    /// The plan its next period is for.
    pub fn renewing_sku(&self) -> &str {
        self.pending_sku.as_deref().unwrap_or(&self.sku)
    }

    /// The price agreed for its next period: a contract is for its own plan alone.
    pub fn renewing_contract(&self) -> Option<Money> {
        if self.pending_sku.is_some() { None } else { self.contract_price }
    }

    /// How much of its time is left, in milliseconds.
    pub fn left_ms(&self, now: Time) -> i64 {
        (self.end.ms() - now.ms()).max(0)
    }

    /// How long its period is, in milliseconds.
    pub fn period_ms(&self) -> i64 {
        self.end.ms() - self.start.ms()
    }
}

/// What a renewal does, once it may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The next period, `[start, end)`, and the day it renews on.
    Extends {
        /// Where it starts.
        start: Time,
        /// Where it ends.
        end: Time,
        /// The day of the month the one after it starts on.
        anchor_day: u8,
    },
    /// A trial ends, the plan costs something, and no payment method is known: declined without asking.
    TrialEnds,
}

/// What renewing this subscription now comes to. It continues where the last period ended; after a suspension or
/// an ended trial, where nothing was used meanwhile, it starts afresh.
/// Declare `billing.account` and `tenant:product-catalog.sku.*`.
pub fn renewal(cx: &Context, sub: &Subscription) -> Result<Renewal, Fault> {
    let untried = matches!(sub.status, Status::Trial | Status::Expired);
    if untried && payment_method(cx)?.is_none() && costs(cx, sub)? {
        return Ok(Renewal::TrialEnds);
    }
    let afresh = sub.suspended_period_ended || sub.status == Status::Expired;
    let (from, anchor_day) = if afresh { (cx.now(), cx.now().day()) } else { (sub.end, sub.anchor_day) };
    let (start, end) = period_from(from, sub.cycle, anchor_day);
    Ok(Renewal::Extends { start, end, anchor_day })
}

/// Whether the next period costs anything.
fn costs(cx: &Context, sub: &Subscription) -> Result<bool, Fault> {
    let Some(sku) = sku(cx, sub.renewing_sku())? else {
        return Ok(false);
    };
    Ok(match sku.line(sub.cycle, sub.seats, sub.renewing_contract())? {
        Line::Price(price) => price.minor_units > 0,
        Line::ContractOnly | Line::CycleNotOffered | Line::BeyondMoney => true,
    })
}

/// The customer's index. Declare `subscription.*`.
pub fn index(cx: &Context) -> Result<Index, Fault> {
    Ok(cx.fact("subscription.index")?.unwrap_or_default())
}

/// One subscription by its id, archived ones too. Declare `subscription.*`.
pub fn subscription(cx: &Context, id: &str) -> Result<Option<Subscription>, Fault> {
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Ok(None);
    }
    cx.fact(&format!("subscription.sub.{id}"))
}

/// All subscriptions of the index, the oldest first. Declare `subscription.*`.
pub fn subscriptions(cx: &Context) -> Result<Vec<Subscription>, Fault> {
    let mut found = Vec::new();
    for id in index(cx)?.ids {
        found.extend(subscription(cx, &id)?);
    }
    Ok(found)
}

/// Those the customer has now.
pub fn live(subscriptions: &[Subscription]) -> impl Iterator<Item = &Subscription> {
    subscriptions.iter().filter(|sub| sub.status.is_live())
}

/// The payment method billing remembers. Declare `billing.account`.
pub fn payment_method(cx: &Context) -> Result<Option<String>, Fault> {
    let account: Option<BTreeMap<String, serde_json::Value>> = cx.fact("billing.account")?;
    let method = account.and_then(|mut account| account.remove("payment_method"));
    Ok(method.and_then(|method| method.as_str().map(str::to_owned)))
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(days: &i64) -> bool {
    *days == 0
}
