//! Who may say no, to what: every code has one owner, and whoever never subscribed is answered as the page says.

use syndic_core::Outcome;
use syndic_tests::facts::{int, texts};
use syndic_tests::stage::By;

use super::books::purse;
use super::{Held, Seen, hold};

/// Codes of refusals and referrals, and the slot that owns the question.
#[rustfmt::skip]
const OWNERS: &[(&str, &[&str])] = &[
    ("subscription", &[
        "sku-unknown", "sku-not-for-sale", "cycle-not-offered", "wrong-old-sku", "not-an-upgrade", "not-a-downgrade",
        "already-subscribed", "no-subscription", "subscription-unknown", "cancel-pending", "not-due", "trial-used",
        "suspended",
    ]),
    ("compliance", &["kyc-failed", "kyc-pending", "not-suspended", "nothing-to-decide"]),
    ("customer-account", &["account-banned", "not-banned", "not-suspended", "nothing-to-decide"]),
    ("billing", &[
        "payment-declined", "currency-mismatch", "invoice-unknown", "not-refundable", "disputed", "no-contract-price",
        "refund-too-late", "not-suspended", "nothing-to-decide",
    ]),
    ("product-catalog", &["notice-too-short", "live-subscribers", "wrong-state"]),
    ("quota-sla", &["not-suspended"]),
    ("entitlement", &["nothing-to-decide"]),
];

/// Kinds that change nothing for whoever never subscribed.
const UNHEARD: [&str; 3] = ["PaymentFailed", "UsageExceedsQuota", "UsageReported"];

pub fn check(seen: &Seen<'_>) -> Held {
    for opinion in &seen.step.report.governors {
        if ["refuse", "refer"].contains(&opinion.verdict.as_str()) {
            let (slot, code) = (opinion.slot.as_str(), opinion.code.as_deref().unwrap_or_default());
            let owned = OWNERS.iter().any(|(owner, codes)| *owner == slot && codes.contains(&code));
            hold!("every code has one owner", owned, "{slot} said {code}: {:?}", opinion.message);
        }
    }
    let stranger = seen.before("subscription.index").is_none();
    if stranger && seen.step.by == By::Line { never_subscribed(seen) } else { Ok(()) }
}

fn never_subscribed(seen: &Seen<'_>) -> Held {
    const PROMISE: &str = "whoever never subscribed is answered as the page says";
    let report = &seen.step.report;
    let codes: Vec<&str> = report.governors.iter().filter_map(|opinion| opinion.code.as_deref()).collect();
    let refused_for = |code: &str| report.outcome == Outcome::Refused && codes.contains(&code);
    let holds = match seen.step.event.kind.as_str() {
        // A subscription_id that nobody has is another matter.
        _ if !seen.step.text("subscription_id").is_empty() => refused_for("subscription-unknown"),
        "CustomerUpgrades" | "SubscriptionChanged" | "CustomerCancels" => refused_for("no-subscription"),
        "ManualSuspension" => seen.step.done() && kept(seen),
        "PaymentProcessed" => seen.step.done() && (!seen.changes.is_empty() || beyond(seen)),
        kind if UNHEARD.contains(&kind) => seen.step.done() && seen.changes.is_empty(),
        _ => true,
    };
    hold!(PROMISE, holds, "{} with {codes:?}, and {} facts changed", report.outcome.name(), seen.changes.len());
    Ok(())
}

/// Whether the cause of a suspension stands.
fn kept(seen: &Seen<'_>) -> bool {
    let cause = Some(seen.step.text("cause")).filter(|cause| !cause.is_empty()).unwrap_or("admin");
    seen.known().get("shared.suspensions").is_some_and(|causes| texts(causes, "").any(|it| it == cause))
}

/// Whether a payment makes more than can be counted: then it is a remark, for a person to read.
fn beyond(seen: &Seen<'_>) -> bool {
    const COUNTED_MAX: i64 = (1 << 53) - 1;
    let received = seen.known().get("billing.account").map(|account| purse(account, "received")).unwrap_or_default();
    received.values().any(|received| received + int(&seen.step.data, "/amount") > COUNTED_MAX)
}
