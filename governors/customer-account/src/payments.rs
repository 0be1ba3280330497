//! How paying goes: what the customer's method is good for, and how often it failed.
//!
//! Counted for people to see and for mails. Nothing is blocked here: an unpaid bill is billing's.

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::account::{Account, answer};
use crate::mail::mail;

/// The fact with the counters.
pub(crate) const PAYMENTS: &str = "customer-account.payments";

/// The fact `customer-account.payments`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Payments {
    method: Method,
    /// Failures since the method was last good or new.
    failures: u32,
    /// All failures of this account.
    failures_total: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_failure_at: Option<Time>,
    /// The event the method's state comes from; an older one that arrives later does not change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method_at: Option<Time>,
}

/// What is known of a payment method.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    /// Never tried.
    #[default]
    Unproven,
    /// The last payment went through.
    Good,
    /// The last payment failed.
    Failing,
}

/// Money arrived: the method is good.
pub(crate) fn processed(cx: &Context) -> Answer {
    let Some(was) = Payments::read(cx)? else { return abstain() };
    let mut payments = was.clone();
    payments.learn(cx, Method::Good);
    let mut decision = Decision::default();
    payments.write(&was, &mut decision);
    answer(decision)
}

/// Money did not arrive: counted, and the customer is told.
pub(crate) fn failed(cx: &Context, failure: &PaymentFailed) -> Answer {
    let Some(was) = Payments::read(cx)? else { return abstain() };
    let mut payments = was.clone();
    payments.failures_total = payments.failures_total.saturating_add(1);
    payments.last_failure_at = payments.last_failure_at.max(Some(cx.time()));
    if payments.learn(cx, Method::Failing) {
        payments.failures = payments.failures.saturating_add(1);
    }
    let mut decision = Decision::default();
    payments.write(&was, &mut decision);
    let body = json!({ "invoice_id": failure.invoice_id, "decline_code": failure.decline_code });
    decision.effect(mail("payment-failed", &body));
    answer(decision)
}

/// Another method: nothing is known of it yet. The customer is told, because it may not have been them.
pub(crate) fn method_updated(cx: &Context) -> Answer {
    let Some(was) = Payments::read(cx)? else { return abstain() };
    let mut payments = was.clone();
    payments.learn(cx, Method::Unproven);
    let mut decision = Decision::default();
    payments.write(&was, &mut decision);
    decision.effect(mail("payment-method-updated", &json!({})));
    answer(decision)
}

impl Payments {
    /// None where there is no account they could be of.
    fn read(cx: &Context) -> Result<Option<Payments>, Fault> {
        if !Account::stored(cx)?.status.is_open() {
            return Ok(None);
        }
        Ok(Some(cx.fact(PAYMENTS)?.unwrap_or_default()))
    }

    /// Takes over what an event says of the method. False where a later event has said otherwise.
    fn learn(&mut self, cx: &Context, method: Method) -> bool {
        if self.method_at.is_some_and(|known| cx.time() < known) {
            return false;
        }
        self.method = method;
        self.method_at = Some(cx.time());
        if method != Method::Failing {
            self.failures = 0;
        }
        true
    }

    fn write(&self, was: &Payments, decision: &mut Decision) {
        if self != was {
            decision.set(PAYMENTS, self);
        }
    }
}
