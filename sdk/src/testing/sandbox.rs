//! The sandbox connector's answers: yes to everything, but for the payment methods and subjects that stand for trouble.

use serde_json::{Value, json};

use crate::Effect;

/// What a service answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Yes, with a body.
    Yes(Value),
    /// No, with a body: a result for `feedback`.
    No(Value),
    /// Nothing, in time: a failed effect, and the event is rolled back.
    Silence,
}

/// The sandbox's answer to a blocking effect asked for a customer.
pub fn sandbox(effect: &Effect, subject: &str) -> Reply {
    let body: Value = serde_json::from_str(&effect.body).unwrap_or_default();
    match effect.action.as_str() {
        "authorize-payment" => authorize(&body),
        "kyc-check" if subject.starts_with("kyc-fail") => Reply::No(json!({"status": "fail"})),
        "kyc-check" if subject.starts_with("kyc-slow") => Reply::Yes(json!({"status": "pending"})),
        "kyc-check" => Reply::Yes(json!({"status": "pass"})),
        "quote-tax" => Reply::Yes(json!({"minor_units": 0})),
        "verify-isolation" => Reply::Yes(json!({"isolated": true})),
        _ => Reply::Yes(json!({})),
    }
}

fn authorize(body: &Value) -> Reply {
    match body["payment_method"].as_str() {
        Some("sandbox:declined") => Reply::No(json!({"decline_code": "generic_decline"})),
        Some("sandbox:lost_card") => Reply::No(json!({"decline_code": "lost_card"})),
        Some("sandbox:timeout") => Reply::Silence,
        _ => Reply::Yes(json!({"authorized": body["amount"]["minor_units"]})),
    }
}
