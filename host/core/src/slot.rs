//! Slots: the places governors are installed in, and which of them judge which kind of event.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The eight slots every host has, in slot order.
pub const SLOTS: [&str; 8] = [
    "entitlement",
    "billing",
    "product-catalog",
    "subscription",
    "customer-account",
    "quota-sla",
    "compliance",
    "multi-tenant",
];

/// A slot's name. Slots order as in [`SLOTS`]; an operator's own come after them, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slot(String);

impl Slot {
    /// A slot by name: lower-case letters, digits and hyphens, 1 to 64 of them, beginning with a letter.
    ///
    /// # Errors
    /// A sentence that names the rule.
    pub fn new(name: impl Into<String>) -> Result<Self, String> {
        let name = name.into();
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || name.len() > 64 || !name.chars().all(legal) || name == "shared" {
            return Err(format!(
                "`{name}` is not a slot name: use 1 to 64 lower-case letters, digits and hyphens, and not `shared`"
            ));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a fact name belongs to this slot alone.
    pub fn owns(&self, fact: &str) -> bool {
        fact.strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }

    fn rank(&self) -> usize {
        SLOTS.iter().position(|name| *name == self.0).unwrap_or(SLOTS.len())
    }
}

impl Ord for Slot {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Slot {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slot {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::new(name)
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.0
    }
}

/// The types the host itself makes; from outside they are refused.
pub const TIMER_FIRED: &str = "TimerFired";
/// See [`TIMER_FIRED`].
pub const EFFECT_SETTLED: &str = "EffectSettled";

/// Which slots judge which kind. `TimerFired` and `EffectSettled` go to the one governor they concern.
#[rustfmt::skip]
pub const ROUTES: &[(&str, &[&str])] = &[
    ("CustomerSubscribes",   &["entitlement", "billing", "subscription", "customer-account", "quota-sla", "compliance"]),
    ("CustomerUpgrades",     &["entitlement", "billing", "subscription", "quota-sla"]),
    ("PaymentProcessed",     &["billing", "entitlement", "customer-account"]),
    ("PaymentFailed",        &["billing", "entitlement", "customer-account", "compliance"]),
    ("UsageExceedsQuota",    &["quota-sla", "billing", "customer-account", "entitlement", "multi-tenant"]),
    ("CustomerCancels",      &["subscription", "entitlement", "billing", "customer-account", "compliance"]),
    ("ManualSuspension",     &["entitlement", "billing", "subscription", "customer-account", "quota-sla", "compliance", "multi-tenant"]),
    ("RenewalDue",           &["subscription", "billing", "entitlement"]),
    ("ProductChanged",       &["product-catalog"]),
    ("SuspensionLifted",     &["entitlement", "billing", "subscription", "customer-account", "quota-sla", "compliance", "multi-tenant"]),
    ("SubscriptionChanged",  &["entitlement", "billing", "subscription", "quota-sla"]),
    ("OperatorDecided",      &["entitlement", "billing", "subscription", "customer-account", "quota-sla", "compliance"]),
    ("RefundRequested",      &["billing", "entitlement", "compliance"]),
    ("DisputeOpened",        &["billing", "entitlement", "compliance"]),
    ("DisputeClosed",        &["billing", "entitlement", "compliance"]),
    ("PaymentMethodUpdated", &["billing", "customer-account"]),
    ("KycDecided",           &["compliance", "customer-account"]),
    ("FraudScored",          &["compliance", "customer-account"]),
    ("UsageReported",        &["quota-sla", "multi-tenant"]),
    ("SlaMeasured",          &["quota-sla", "billing"]),
];

/// Kinds whose events run in the tenant's own lane, whatever their subject.
pub const TENANT_KINDS: &[&str] = &["ProductChanged"];

#[cfg(test)]
mod tests {
    use super::*;

    /// The first eight rows, as the contract prints them.
    #[test]
    fn the_eight_lifecycle_events_go_where_the_contract_says() {
        let contract = "
            CustomerSubscribes: entitlement, billing, subscription, customer-account, quota-sla, compliance
            CustomerUpgrades: entitlement, billing, subscription, quota-sla
            PaymentProcessed: billing, entitlement, customer-account
            PaymentFailed: billing, entitlement, customer-account, compliance
            UsageExceedsQuota: quota-sla, billing, customer-account, entitlement, multi-tenant
            CustomerCancels: subscription, entitlement, billing, customer-account, compliance
            ManualSuspension: entitlement, billing, subscription, customer-account, quota-sla, compliance, multi-tenant
            RenewalDue: subscription, billing, entitlement";
        let rows: Vec<&str> = contract.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        for (row, (kind, slots)) in rows.iter().zip(ROUTES) {
            assert_eq!(*row, format!("{kind}: {}", slots.join(", ")));
        }
    }

    #[test]
    fn slots_order_as_declared_and_own_ones_come_last() {
        let mut slots: Vec<Slot> =
            ["zeta", "multi-tenant", "alpha", "billing", "entitlement"].map(|name| Slot::new(name).unwrap()).into();
        slots.sort();
        let names: Vec<&str> = slots.iter().map(Slot::as_str).collect();
        assert_eq!(names, ["entitlement", "billing", "multi-tenant", "alpha", "zeta"]);
    }

    #[test]
    fn a_slot_owns_its_prefix_and_nothing_that_only_looks_like_it() {
        let billing = Slot::new("billing").unwrap();
        assert!(billing.owns("billing.account"));
        assert!(!billing.owns("billing-x.account") && !billing.owns("billing") && !billing.owns("shared.access"));
        for bad in ["", "Billing", "9a", "a b", "shared", "-a", &"x".repeat(65)] {
            assert!(Slot::new(bad).is_err(), "{bad}");
        }
    }
}
