//! Slots: the places governors are installed in, and which of them judge which kind of event.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::read_str;

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
///
/// Slots go into every record of an event many times over, so a copy costs a byte or a reference count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(Name);

/// Declared in the order in which slots stand.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    /// One of [`SLOTS`], by its place.
    Given(u8),
    /// An operator's own.
    Own(Arc<str>),
}

impl Slot {
    /// A slot by name: lower-case letters, digits and hyphens, 1 to 64 of them, beginning with a letter.
    ///
    /// # Errors
    /// A sentence that names the rule.
    pub fn new(name: impl AsRef<str>) -> Result<Self, String> {
        let name = name.as_ref();
        if let Some(place) = (0..).zip(SLOTS).find_map(|(place, given)| (given == name).then_some(place)) {
            return Ok(Self(Name::Given(place)));
        }
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || name.len() > 64 || !name.chars().all(legal) || name == "shared" {
            return Err(format!(
                "`{name}` is not a slot name: use 1 to 64 lower-case letters, digits and hyphens, and not `shared`"
            ));
        }
        Ok(Self(Name::Own(name.into())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Given(place) => SLOTS[usize::from(*place)],
            Name::Own(name) => name,
        }
    }

    /// Whether a fact name belongs to this slot alone.
    pub fn owns(&self, fact: &str) -> bool {
        fact.strip_prefix(self.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot").field(&self.as_str()).finish()
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
        slot.as_str().to_owned()
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_str(deserializer, |name| Self::new(name))
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
        let text = serde_json::to_string(&slots).unwrap();
        assert_eq!(text, r#"["entitlement","billing","multi-tenant","alpha","zeta"]"#);
        assert_eq!(serde_json::from_str::<Vec<Slot>>(&text).unwrap(), slots);
        assert!(serde_json::from_str::<Slot>("\"Billing\"").is_err());
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
