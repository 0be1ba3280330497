//! The sandbox: every outside service, played.
//!
//! It says yes to everything and raises nothing by itself, save for the payment methods and subjects below, which exist
//! so that a demonstration or a test can see each bad day. It answers at once and from the request alone, so the same
//! request has the same answer for ever: a key sent twice is one effect.

use std::future::ready;

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::ports::{Answer, Answering, Connector, NoAnswer, Request};

use crate::rehearsal;

/// Every outside service, played.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sandbox;

impl Connector for Sandbox {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(ready(answer(request)))
    }

    fn reaches_out(&self) -> bool {
        false
    }
}

fn answer(request: &Request) -> Result<Answer, NoAnswer> {
    let body = request.body.value();
    if let Some(answer) = rehearsal::answer(request, &body) {
        return answer;
    }
    let method = body.get("payment_method").and_then(Value::as_str).unwrap_or_default();
    let amount = || body.pointer("/amount/minor_units").cloned().unwrap_or(Value::Null);
    match (request.way, request.action.as_str(), method) {
        (Way::Do, "authorize-payment", "sandbox:declined") => no(json!({"decline_code": "generic_decline"})),
        (Way::Do, "authorize-payment", "sandbox:lost_card") => no(json!({"decline_code": "lost_card"})),
        (Way::Do, "authorize-payment", "sandbox:timeout") => silence(request),
        (Way::Do, "authorize-payment", _) => yes(json!({"authorized": amount()})),
        (Way::Undo, _, "sandbox:undo-fails") => silence(request),
        (Way::Do, "capture", "sandbox:capture-fails") => no(json!({"decline_code": "capture_refused"})),
        (Way::Do, "kyc-check", _) => know_your_customer(&request.subject),
        (Way::Do, "verify-isolation", _) => yes(json!({"isolated": true})),
        (Way::Do, "quote-tax", _) => yes(json!({"minor_units": 0})),
        _ => yes(json!({})),
    }
}

fn know_your_customer(subject: &str) -> Result<Answer, NoAnswer> {
    if subject.starts_with("kyc-fail") {
        return no(json!({"status": "fail"}));
    }
    let status = if subject.starts_with("kyc-slow") { "pending" } else { "pass" };
    yes(json!({"status": status}))
}

fn yes(body: Value) -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted: true, body })
}

fn no(body: Value) -> Result<Answer, NoAnswer> {
    Ok(Answer { accepted: false, body })
}

fn silence(request: &Request) -> Result<Answer, NoAnswer> {
    Err(NoAnswer { reason: format!("no answer within {} ms", request.timeout_ms) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_ledger::sha256;

    fn ask(way: Way, action: &str, method: &str, subject: &str) -> Option<(bool, Value)> {
        let body = json!({"payment_method": method, "amount": {"minor_units": 250, "currency": "USD"}});
        let request = Request {
            tenant: "acme".into(),
            subject: subject.into(),
            action: action.into(),
            body: body.into(),
            key: sha256(b"key"),
            way,
            undoes: None,
            timeout_ms: 2_000,
        };
        answer(&request).ok().map(|answer| (answer.accepted, answer.body))
    }

    #[test]
    fn it_plays_every_bad_day_by_name() {
        let yes = |body| Some((true, body));
        let no = |body| Some((false, body));
        #[rustfmt::skip]
        let days = [
            (Way::Do,   "authorize-payment",  "card",                  "c", yes(json!({"authorized": 250}))),
            (Way::Do,   "authorize-payment",  "sandbox:declined",      "c", no(json!({"decline_code": "generic_decline"}))),
            (Way::Do,   "authorize-payment",  "sandbox:lost_card",     "c", no(json!({"decline_code": "lost_card"}))),
            (Way::Do,   "authorize-payment",  "sandbox:timeout",       "c", None),
            (Way::Undo, "void-authorization", "sandbox:timeout",       "c", yes(json!({}))),
            (Way::Do,   "authorize-payment",  "sandbox:undo-fails",    "c", yes(json!({"authorized": 250}))),
            (Way::Undo, "void-authorization", "sandbox:undo-fails",    "c", None),
            (Way::Do,   "capture",            "sandbox:capture-fails", "c", no(json!({"decline_code": "capture_refused"}))),
            (Way::Do,   "kyc-check",          "",                      "kyc-fail-1", no(json!({"status": "fail"}))),
            (Way::Do,   "kyc-check",          "",                      "kyc-slow-1", yes(json!({"status": "pending"}))),
            (Way::Do,   "kyc-check",          "",                      "c", yes(json!({"status": "pass"}))),
            (Way::Do,   "quote-tax",          "",                      "c", yes(json!({"minor_units": 0}))),
            (Way::Do,   "mail",               "",                      "c", yes(json!({}))),
        ];
        for (way, action, method, subject, answer) in days {
            assert_eq!(ask(way, action, method, subject), answer, "{way:?} {action} with {method} for {subject}");
        }
    }
}
