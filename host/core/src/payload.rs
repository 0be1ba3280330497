//! What each kind of event must carry, as one table.
//!
//! The door checks only what every governor may rely on: that a required member is there and every known member has
//! its type and bounds. Unknown members are kept and ignored, so that senders may run ahead of us. What a value
//! *means* (is this SKU sold?) is a governor's question.

use serde_json::{Map, Value};

use crate::command::COMMANDS;
use crate::json::MAX_SAFE_INTEGER;
use crate::slot::{EFFECT_SETTLED, TIMER_FIRED};
use crate::time::Time;

/// What a member must be.
pub(crate) enum Is {
    /// Text of 1 to 1024 bytes without control characters.
    Text,
    /// Text of at most 4096 bytes; line breaks are allowed.
    Prose,
    /// An integer from the first to the second bound.
    Int(i64, i64),
    /// True or false.
    Bool,
    /// One of these words.
    One(&'static [&'static str]),
    /// `{minor_units ≥ 0, currency}`.
    Money,
    /// An RFC 3339 time.
    When,
    /// `YYYY-MM`.
    Month,
    /// A list of texts.
    Texts,
    /// An object of anything.
    Values,
    /// An object whose every value is as said.
    Each(&'static Is),
    /// An object with these members.
    Object(&'static [Field]),
}

/// Entries a list or map may have: far more than a product has limits, and few enough that every governor reads them
/// within its fuel.
const ENTRIES_MAX: usize = 1_000;

/// A member: its name, what it must be, and whether it must be there.
pub(crate) type Field = (&'static str, Is, Need);

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Need {
    Required,
    Optional,
}

use Is::*;
use Need::*;

const POSITIVE: Is = Int(1, MAX_SAFE_INTEGER);
const AT_LEAST_0: Is = Int(0, MAX_SAFE_INTEGER);
const CYCLE: Is = One(&["monthly", "annual", "two-year", "three-year"]);
const LIMIT: Is = Object(&[("limit", AT_LEAST_0, Optional), ("hard", Bool, Optional)]);
const RATE: Is =
    Object(&[("minor_units", AT_LEAST_0, Required), ("currency", Currency, Required), ("per", POSITIVE, Required)]);
#[allow(non_upper_case_globals, reason = "reads as one of the words beside it")]
const Currency: Is = One(&[]);

#[rustfmt::skip]
const PAYLOADS: &[(&str, &[Field])] = &[
    ("CustomerSubscribes", &[
        ("sku", Text, Required), ("seats", Int(1, 100_000), Optional), ("billing_cycle", CYCLE, Optional),
        ("trial", Bool, Optional), ("payment_method", Text, Optional), ("contract_price", Money, Optional),
        ("order_id", Text, Optional),
    ]),
    ("CustomerUpgrades", &[
        ("old_sku", Text, Required), ("new_sku", Text, Required), ("contract_price", Money, Optional),
    ]),
    ("SubscriptionChanged", &[
        ("action", One(&["downgrade", "pause", "resume", "reactivate"]), Required), ("new_sku", Text, Optional),
        ("when", One(&["now", "period-end"]), Optional), ("subscription_id", Text, Optional),
    ]),
    ("PaymentProcessed", &[
        ("amount", POSITIVE, Required), ("currency", Currency, Optional), ("idempotency_key", Text, Required),
        ("invoice_id", Text, Optional),
    ]),
    ("PaymentFailed", &[
        ("reason", Prose, Required), ("decline_code", Text, Optional), ("invoice_id", Text, Optional),
    ]),
    ("UsageExceedsQuota", &[
        ("resource", Text, Required), ("current_usage", AT_LEAST_0, Required), ("limit", AT_LEAST_0, Required),
    ]),
    ("CustomerCancels", &[
        ("reason", Prose, Optional), ("when", One(&["now", "period-end"]), Optional),
        ("subscription_id", Text, Optional),
    ]),
    ("ManualSuspension", &[
        ("reason", Prose, Required), ("cause", One(&["admin", "fraud", "compliance"]), Optional),
    ]),
    ("RenewalDue", &[("subscription_id", Text, Required)]),
    ("ProductChanged", &[
        ("sku", Text, Required), ("name", Text, Required),
        ("status", One(&["draft", "published", "featured", "deprecated", "archived"]), Required),
        ("prices", Each(&Money), Required), ("limits", Each(&LIMIT), Optional), ("features", Texts, Optional),
        ("requires_approval", Bool, Optional), ("trial_days", Int(0, 3650), Optional),
        ("overage", Each(&RATE), Optional), ("effective_at", When, Optional), ("replacement", Text, Optional),
        ("vendor_id", Text, Optional), ("commission_bp", Int(0, 10_000), Optional),
    ]),
    ("SuspensionLifted", &[
        ("cause", One(&["admin", "fraud", "compliance", "payment", "quota"]), Required), ("actor", Text, Required),
    ]),
    ("OperatorDecided", &[
        ("about", One(&["approval", "refund", "reinstatement", "appeal", "remediation"]), Required),
        ("id", Text, Optional), ("decision", One(&["accept", "reject"]), Required), ("amount", POSITIVE, Optional),
        ("actor", Text, Required),
    ]),
    ("RefundRequested", &[
        ("invoice_id", Text, Required), ("amount", POSITIVE, Optional), ("reason", Prose, Required),
    ]),
    ("DisputeOpened", &[
        ("invoice_id", Text, Required), ("amount", POSITIVE, Required), ("reason", Prose, Required),
    ]),
    ("DisputeClosed", &[("invoice_id", Text, Required), ("status", One(&["won", "lost"]), Required)]),
    ("PaymentMethodUpdated", &[("payment_method", Text, Required)]),
    ("KycDecided", &[("status", One(&["pass", "fail"]), Required), ("reason", Prose, Optional)]),
    ("FraudScored", &[("score", Int(0, 100), Required)]),
    ("UsageReported", &[
        ("resource", Text, Required), ("quantity", AT_LEAST_0, Required), ("period", Month, Required),
    ]),
    ("SlaMeasured", &[
        ("period", Month, Required), ("uptime_ppm", Int(0, 1_000_000), Required), ("p99_ms", AT_LEAST_0, Required),
        ("error_ppm", Int(0, 1_000_000), Required),
    ]),
];

/// Whether a kind is one of the marketplace's own, whose wire type carries the `marketplace.` prefix.
pub fn is_ours(kind: &str) -> bool {
    PAYLOADS.iter().any(|(name, _)| *name == kind) || [TIMER_FIRED, EFFECT_SETTLED].contains(&kind)
}

/// Checks an event's data. Kinds that are not ours (an operator's own) need only be an object.
///
/// # Errors
/// A sentence that names the member and what it must be.
pub fn check(kind: &str, data: &Value) -> Result<(), String> {
    let Value::Object(members) = data else {
        return Err("`data` must be an object".into());
    };
    let Some((_, fields)) = PAYLOADS.iter().chain(COMMANDS).find(|(name, _)| *name == kind) else {
        return Ok(());
    };
    check_members("data", fields, members)?;
    check_across(kind, members)
}

/// What a table of members cannot say: one member measured by another.
fn check_across(kind: &str, data: &Map<String, Value>) -> Result<(), String> {
    let int = |name: &str| data.get(name).and_then(Value::as_i64).unwrap_or(0);
    if kind == "UsageExceedsQuota" && int("current_usage") <= int("limit") {
        return Err("`data.current_usage` must be above `data.limit`".into());
    }
    if kind == "ProductChanged"
        && let Some(Value::Object(prices)) = data.get("prices")
        && let Some(cycle) = prices.keys().find(|cycle| !CYCLE.admits_word(cycle))
    {
        return Err(format!("`data.prices.{cycle}` is not a cycle: use {}", CYCLE.describe()));
    }
    Ok(())
}

fn check_members(path: &str, fields: &[Field], members: &Map<String, Value>) -> Result<(), String> {
    for (name, is, need) in fields {
        let path = format!("{path}.{name}");
        match members.get(*name) {
            None if *need == Optional => {}
            None => return Err(format!("`{path}` is missing: it must be {}", is.describe())),
            Some(value) => is.check(&path, value)?,
        }
    }
    Ok(())
}

impl Is {
    fn check(&self, path: &str, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Each(_) | Values, Value::Object(members)) if members.len() > ENTRIES_MAX => {
                Err(format!("`{path}` has {} members, over {ENTRIES_MAX}", members.len()))
            }
            (Each(inner), Value::Object(members)) => {
                members.iter().try_for_each(|(name, value)| inner.check(&format!("{path}.{name}"), value))
            }
            (Object(fields), Value::Object(members)) => check_members(path, fields, members),
            (Money, Value::Object(members)) => {
                const MONEY: &[Field] = &[("minor_units", AT_LEAST_0, Required), ("currency", Currency, Required)];
                check_members(path, MONEY, members)
            }
            _ if self.admits(value) => Ok(()),
            _ => Err(format!("`{path}` must be {}", self.describe())),
        }
    }

    fn admits(&self, value: &Value) -> bool {
        match (self, value) {
            (Text, Value::String(text)) => (1..=1024).contains(&text.len()) && !text.chars().any(char::is_control),
            (Prose, Value::String(text)) => text.len() <= 4096,
            (Int(low, high), Value::Number(n)) => n.as_i64().is_some_and(|n| (*low..=*high).contains(&n)),
            (Bool, Value::Bool(_)) | (Values, Value::Object(_)) => true,
            (One([]), Value::String(word)) => word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase()),
            (One(_), Value::String(word)) => self.admits_word(word),
            (When, Value::String(text)) => Time::parse(text).is_ok(),
            (Month, Value::String(text)) => is_month(text),
            (Texts, Value::Array(items)) => items.len() <= ENTRIES_MAX && items.iter().all(|item| Text.admits(item)),
            _ => false,
        }
    }

    fn admits_word(&self, word: &str) -> bool {
        matches!(self, One(words) if words.contains(&word))
    }

    fn describe(&self) -> String {
        match self {
            Text => "text of 1 to 1024 bytes without control characters".into(),
            Prose => "text of at most 4096 bytes".into(),
            Int(low, MAX_SAFE_INTEGER) => format!("an integer from {low} to 2^53 − 1"),
            Int(low, high) => format!("an integer from {low} to {high}"),
            Bool => "true or false".into(),
            One([]) => "an ISO 4217 currency of three capital letters".into(),
            One(words) => format!("one of {}", words.join(", ")),
            Money => "money: {minor_units, currency}".into(),
            When => "an RFC 3339 time with a zone".into(),
            Month => "a month like 2026-01".into(),
            Texts => format!("a list of at most {ENTRIES_MAX} texts"),
            Values => format!("an object of at most {ENTRIES_MAX} members"),
            Each(inner) => format!("an object whose every member is {}", inner.describe()),
            Object(fields) => {
                let names: Vec<&str> = fields.iter().map(|(name, ..)| *name).collect();
                format!("an object with {}", names.join(", "))
            }
        }
    }
}

fn is_month(text: &str) -> bool {
    let Some((year, month)) = text.split_once('-') else {
        return false;
    };
    let digits = |s: &str, n: usize| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    digits(year, 4) && digits(month, 2) && ("01"..="12").contains(&month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_routed_kind_has_its_payload() {
        for (kind, _) in crate::slot::ROUTES {
            assert!(PAYLOADS.iter().any(|(name, _)| name == kind), "{kind}");
        }
    }

    #[test]
    fn amounts_are_whole_and_positive() {
        let payment = |amount: Value| json!({"amount": amount, "idempotency_key": "k"});
        assert!(check("PaymentProcessed", &payment(json!(1))).is_ok());
        for bad in [json!(0), json!(-5), json!("5"), json!(null), json!(true)] {
            let error = check("PaymentProcessed", &payment(bad)).unwrap_err();
            assert_eq!(error, "`data.amount` must be an integer from 1 to 2^53 − 1");
        }
    }

    #[test]
    fn what_is_missing_or_of_the_wrong_type_is_named() {
        #[rustfmt::skip]
        let cases = [
            ("CustomerSubscribes", json!({}), "`data.sku` is missing: it must be text of 1 to 1024 bytes without control characters"),
            ("CustomerSubscribes", json!({"sku": "a\u{7}"}), "`data.sku` must be text of 1 to 1024 bytes without control characters"),
            ("CustomerSubscribes", json!({"sku": "a", "billing_cycle": "weekly"}), "`data.billing_cycle` must be one of monthly, annual, two-year, three-year"),
            ("CustomerSubscribes", json!({"sku": "a", "seats": 0}), "`data.seats` must be an integer from 1 to 100000"),
            ("CustomerSubscribes", json!({"sku": "a", "contract_price": {"minor_units": -1, "currency": "USD"}}), "`data.contract_price.minor_units` must be an integer from 0 to 2^53 − 1"),
            ("UsageExceedsQuota", json!({"resource": "r", "current_usage": 5, "limit": 5}), "`data.current_usage` must be above `data.limit`"),
            ("ProductChanged", json!({"sku": "a", "name": "A", "status": "draft", "prices": {"daily": {"minor_units": 1, "currency": "USD"}}}), "`data.prices.daily` is not a cycle: use one of monthly, annual, two-year, three-year"),
            ("UsageReported", json!({"resource": "r", "quantity": 5, "period": "2026-13"}), "`data.period` must be a month like 2026-01"),
            ("RenewalDue", json!([]), "`data` must be an object"),
        ];
        for (kind, data, sentence) in cases {
            assert_eq!(check(kind, &data).unwrap_err(), sentence);
        }
    }

    #[test]
    fn a_map_or_list_has_a_bound() {
        let product = |limits: usize, features: usize| {
            let limits: Map<String, Value> = (0..limits).map(|n| (format!("r{n}"), json!({}))).collect();
            let features: Vec<String> = (0..features).map(|n| format!("f{n}")).collect();
            json!({"sku": "a", "name": "A", "status": "draft", "prices": {}, "limits": limits, "features": features})
        };
        assert!(check("ProductChanged", &product(1_000, 1_000)).is_ok());
        assert_eq!(
            check("ProductChanged", &product(1_001, 0)).unwrap_err(),
            "`data.limits` has 1001 members, over 1000"
        );
        assert!(check("ProductChanged", &product(0, 1_001)).is_err());
    }

    #[test]
    fn unknown_members_and_unknown_kinds_pass() {
        assert!(check("RenewalDue", &json!({"subscription_id": "sub-1", "more": [1]})).is_ok());
        assert!(check("acme.Launch", &json!({"anything": null})).is_ok());
    }
}
