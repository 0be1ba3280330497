//! What customers do, what is done to them, and what is reported of them: nineteen kinds of events.

use serde_json::{Value, json};

use super::products::SKUS;
use super::{Marketplace, Who};
use crate::facts::{Facts, Known, int, text, texts, under};

/// Makes the data of one kind of event.
pub type Act = (&'static str, fn(&mut Marketplace, &Who, &Known) -> Value);

/// Some of them, and how often each is done.
type Acts = &'static [(u32, Act)];

#[rustfmt::skip]
pub const ACTS: [(u32, Act); 19] = [
    (22, ("CustomerSubscribes",   subscribes)),
    (7,  ("CustomerUpgrades",     upgrades)),
    (10, ("SubscriptionChanged",  changes)),
    (12, ("PaymentProcessed",     pays)),
    (5,  ("PaymentFailed",        fails_to_pay)),
    (5,  ("UsageExceedsQuota",    exceeds)),
    (6,  ("CustomerCancels",      cancels)),
    (3,  ("ManualSuspension",     is_suspended)),
    (5,  ("RenewalDue",           renews)),
    (6,  ("SuspensionLifted",     is_lifted)),
    (7,  ("OperatorDecided",      is_decided)),
    (5,  ("RefundRequested",      wants_money_back)),
    (4,  ("DisputeOpened",        disputes)),
    (4,  ("DisputeClosed",        is_judged_by_the_bank)),
    (7,  ("PaymentMethodUpdated", names_a_method)),
    (2,  ("KycDecided",           is_known)),
    (3,  ("FraudScored",          is_scored)),
    (9,  ("UsageReported",        uses)),
    (3,  ("SlaMeasured",          is_served)),
];

const CAUSES: [&str; 5] = ["payment", "quota", "admin", "fraud", "compliance"];

/// What happens to a customer next. Where something waits for an operator, one often comes.
pub fn act(market: &mut Marketplace, who: &Who, facts: &Facts) -> (&'static str, Value) {
    let known = facts.customer(&who.tenant, &who.subject);
    let waits = waiting(who, known);
    if let Some((chance, acts)) = waits.first()
        && market.dice.percent(*chance)
    {
        let (kind, data) = market.dice.weighed(acts);
        return (kind, data(market, who, known));
    }
    let (kind, data) = market.dice.weighed(&market.weights);
    (kind, data(market, who, known))
}

/// What waits for somebody to do something: how likely it is done next, and what that may be.
fn waiting(who: &Who, known: &Known) -> Vec<(u64, Acts)> {
    const FREED: Acts = &[
        (5, ("SuspensionLifted", is_lifted)),
        (4, ("OperatorDecided", is_appealed)),
        (1, ("ManualSuspension", is_suspended)),
    ];
    const BANNED: Acts = &[
        (3, ("OperatorDecided", is_reinstated)),
        (1, ("ManualSuspension", is_suspended)),
        (1, ("CustomerCancels", cancels)),
    ];
    const ASKED: Acts = &[
        (6, ("OperatorDecided", is_approved)),
        (3, ("PaymentProcessed", pays)),
        (2, ("CustomerUpgrades", upgrades)),
        (1, ("CustomerCancels", cancels)),
        (1, ("RenewalDue", renews)),
    ];
    const EXPIRED: Acts = &[
        (4, ("PaymentMethodUpdated", names_a_method)),
        (1, ("CustomerUpgrades", upgrades)),
        (1, ("CustomerSubscribes", subscribes)),
    ];
    const UNKNOWN: Acts = &[(2, ("KycDecided", is_known)), (1, ("CustomerSubscribes", subscribes))];
    const METERED: Acts = &[(2, ("UsageReported", uses)), (1, ("UsageExceedsQuota", exceeds))];
    let is = |fact: &str, status: &str| known.get(fact).is_some_and(|it| text(it, "/status") == status);
    let any = |prefix, status| under(known, prefix).any(|(_, it)| text(it, "/status") == status);
    let suspended = known.get("shared.suspensions").is_some_and(|causes| texts(causes, "").next().is_some());
    let pending = who.subject.starts_with("kyc-") && !is("compliance.kyc", "pass");
    let over = any("quota-sla.usage.", "throttled") || any("quota-sla.usage.", "exceeded");
    let waits: [(bool, u64, Acts); 6] = [
        (is("customer-account.account", "banned"), 30, BANNED),
        (any("entitlement.grant.", "pending_approval"), 60, ASKED),
        (suspended, 30, FREED),
        (any("subscription.sub.", "expired"), 60, EXPIRED),
        (pending, 15, UNKNOWN),
        (over, 25, METERED),
    ];
    waits.into_iter().filter(|(waits, ..)| *waits).map(|(_, chance, acts)| (chance, acts)).collect()
}

// ── what is known ───────────────────────────────────────────────────────────────────────────────────────────────────

/// The subscriptions that still stand so, or any.
fn subscriptions<'a>(known: &'a Known, statuses: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let all = under(known, "subscription.sub.");
    all.filter(|(_, sub)| statuses.is_empty() || statuses.contains(&text(sub, "/status"))).collect()
}

fn invoices<'a>(known: &'a Known, statuses: &[&str]) -> Vec<(&'a str, &'a Value)> {
    let all = under(known, "billing.invoice.");
    all.filter(|(_, invoice)| statuses.is_empty() || statuses.contains(&text(invoice, "/status"))).collect()
}

/// An invoice that stands so; else any; now and then one that never was.
fn invoice<'a>(market: &mut Marketplace, known: &'a Known, statuses: &[&str]) -> (String, Option<&'a Value>) {
    let wanted = invoices(known, if market.dice.percent(85) { statuses } else { &[] });
    match market.dice.one(&wanted) {
        Some((id, invoice)) if !market.dice.percent(3) => ((*id).to_owned(), Some(invoice)),
        _ => ("inv-99".to_owned(), None),
    }
}

fn subscription(market: &mut Marketplace, known: &Known, statuses: &[&str]) -> String {
    let wanted = subscriptions(known, if market.dice.percent(85) { statuses } else { &[] });
    match market.dice.one(&wanted) {
        Some((id, _)) if !market.dice.percent(3) => (*id).to_owned(),
        _ => "sub-99".to_owned(),
    }
}

fn sku(market: &mut Marketplace) -> &'static str {
    market.dice.weighed(&SKUS)
}

fn ruling(market: &mut Marketplace) -> &'static str {
    market.dice.weighed(&[(6, "accept"), (4, "reject")])
}

/// How much: all of it, a part, a little more, or more than anybody has.
fn amount(market: &mut Marketplace, due: i64) -> i64 {
    let due = due.max(1);
    match market.dice.below(20) {
        0..12 => due,
        12..15 => market.dice.between(1, due),
        15..18 => due + market.dice.between(1, 5_000),
        18 => market.dice.between(1, 100_000),
        _ => market.dice.pick(&[0, 1, 9_007_199_254_740_991, 4_000_000_000_000]),
    }
}

fn due(invoice: &Value) -> i64 {
    let of = |member: &str| int(invoice, &format!("/{member}/minor_units"));
    of("gross") - of("paid") - of("credited") - of("written_off")
}

fn method(market: &mut Marketplace) -> &'static str {
    market.dice.weighed(&[
        (70, "card"),
        (7, "sandbox:declined"),
        (5, "sandbox:lost_card"),
        (4, "sandbox:timeout"),
        (3, "sandbox:undo-fails"),
        (7, "sandbox:capture-fails"),
    ])
}

fn contract(market: &mut Marketplace) -> Value {
    let minor_units = market.dice.weighed(&[(8, 500_000), (3, 1), (1, 0), (1, 9_007_199_254_740_991_i64)]);
    json!({"minor_units": minor_units, "currency": market.dice.weighed(&[(8, "USD"), (1, "EUR"), (1, "JPY")])})
}

fn resource(market: &mut Marketplace) -> &'static str {
    market.dice.weighed(&[(8, "requests"), (4, "storage_gb"), (2, "concurrent"), (1, "seldom"), (1, "a*b")])
}

/// How much of something was used: around its limit, if it has one.
fn quantity(market: &mut Marketplace, known: &Known, resource: &str) -> i64 {
    let limits = known.get("quota-sla.limits");
    let limit = limits.map_or(0, |limits| int(limits, &format!("/{resource}/limit"))).clamp(10, 1 << 40);
    let percent = market.dice.weighed(&[(6, 30), (3, 79), (4, 85), (3, 100), (5, 130), (2, 400), (1, 0)]);
    limit * percent / 100 + market.dice.between(0, 3)
}

// ── acts ────────────────────────────────────────────────────────────────────────────────────────────────────────────

fn subscribes(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    let sku = sku(market);
    let dice = &mut market.dice;
    let mut data = json!({"sku": sku});
    let seats = dice.weighed(&[(60, 1), (20, 3), (10, 17), (2, 100_000), (1, 0), (1, 100_001)]);
    if seats != 1 {
        data["seats"] = json!(seats);
    }
    let cycle = dice.weighed(&[(70, ""), (14, "annual"), (3, "two-year"), (3, "three-year"), (1, "weekly")]);
    if !cycle.is_empty() {
        data["billing_cycle"] = json!(cycle);
    }
    if dice.percent(18) {
        data["trial"] = json!(true);
    }
    if dice.percent(5) {
        data["order_id"] = json!(format!("order-{}", dice.below(60)));
    }
    if market.dice.percent(75) {
        data["payment_method"] = json!(method(market));
    }
    if market.dice.percent(if sku == "enterprise" { 75 } else { 3 }) {
        data["contract_price"] = contract(market);
    }
    data
}

fn upgrades(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let live = subscriptions(known, &["active", "trial"]);
    let old = match market.dice.one(&live) {
        Some((_, sub)) if market.dice.percent(92) => text(sub, "/sku").to_owned(),
        _ => sku(market).to_owned(),
    };
    // Up within a family, most of the time.
    let new = match (old.as_str(), market.dice.percent(75)) {
        ("free", true) => market.dice.pick(&["starter", "pro", "metered"]),
        ("starter" | "metered" | "borrowed", true) => market.dice.pick(&["pro", "guarded", "enterprise"]),
        ("pro" | "guarded", true) => "enterprise",
        ("euro-s", true) => "euro-m",
        ("euro-m", true) => "euro-l",
        ("yen", true) => "yen-more",
        _ => sku(market),
    };
    let mut data = json!({"old_sku": old, "new_sku": new});
    if market.dice.percent(if new == "enterprise" { 80 } else { 3 }) {
        data["contract_price"] = contract(market);
    }
    data
}

fn changes(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let action = market.dice.weighed(&[(5, "downgrade"), (3, "pause"), (3, "resume"), (4, "reactivate")]);
    let (from, wanted): (&[&str], &[&str]) = match action {
        "downgrade" => (&["active", "trial"], &["free", "metered", "starter", "borrowed", "euro-s", "yen"]),
        "pause" => (&["active"], &[]),
        "resume" => (&["paused"], &[]),
        _ => (&["cancelled", "cancelling"], &[]),
    };
    let mut data = json!({"action": action});
    if let Some(new) = market.dice.one(wanted) {
        data["new_sku"] = json!(new);
        data["when"] = json!(market.dice.pick(&["now", "period-end"]));
    }
    if market.dice.percent(70) {
        data["subscription_id"] = json!(subscription(market, known, from));
    }
    data
}

fn pays(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    // The same again, with the same or with another amount.
    if market.dice.percent(12)
        && let Some((_, data)) = market.dice.one(&market.keys)
    {
        let mut data = data.clone();
        if market.dice.percent(40) {
            data["amount"] = json!(int(&data, "/amount") + 1);
        }
        return data;
    }
    let (id, found) = invoice(market, known, &["open", "partial", "past-due", "authorised"]);
    let owed = found.map_or_else(|| market.dice.pick(&[500, 2_999, 20_000]), due);
    let mut data = json!({"amount": amount(market, owed)});
    match market.dice.below(10) {
        0 => data["currency"] = json!(market.dice.pick(&["USD", "EUR", "JPY", "KWD"])),
        1..6 => {
            if let Some(found) = found {
                data["currency"] = json!(text(found, "/gross/currency"));
            }
        }
        _ => {}
    }
    if market.dice.percent(55) {
        data["invoice_id"] = json!(id);
    }
    // The provider reports our own captures too.
    let captures = under(known, "billing.invoice.").map(|(_, invoice)| text(invoice, "/capture"));
    let captures: Vec<&str> = captures.filter(|key| !key.is_empty()).collect();
    let key = match market.dice.one(&captures) {
        Some(key) if market.dice.percent(12) => (*key).to_owned(),
        _ => format!("pay-{}", market.serial),
    };
    data["idempotency_key"] = json!(key);
    market.keys.push((key, data.clone()));
    data
}

fn fails_to_pay(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let code = market.dice.weighed(&[(6, "insufficient_funds"), (2, "lost_card"), (1, "invalid_account"), (1, "")]);
    let mut data = json!({"reason": "no"});
    if !code.is_empty() {
        data["decline_code"] = json!(code);
    }
    if market.dice.percent(50) {
        data["invoice_id"] = json!(invoice(market, known, &["open", "partial", "past-due"]).0);
    }
    data
}

fn exceeds(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let resource = resource(market);
    let (used, limit) = (quantity(market, known, resource), quantity(market, known, resource));
    let wild = market.dice.percent(2);
    json!({"resource": resource, "current_usage": if wild { limit } else { used.max(limit + 1) }, "limit": limit})
}

fn cancels(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let mut data = json!({"when": market.dice.pick(&["now", "period-end"])});
    if market.dice.percent(70) {
        data["subscription_id"] =
            json!(subscription(market, known, &["active", "trial", "paused", "cancelling", "expired"]));
    }
    data
}

fn is_suspended(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"reason": "odd", "cause": market.dice.pick(&["admin", "fraud", "compliance"])})
}

fn renews(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    json!({"subscription_id": subscription(market, known, &["active", "trial", "expired", "paused"])})
}

fn is_lifted(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    json!({"cause": standing(market, known), "actor": "op"})
}

/// A cause that stands; now and then any.
fn standing(market: &mut Marketplace, known: &Known) -> String {
    let causes: Vec<&str> = known.get("shared.suspensions").map_or(Vec::new(), |causes| texts(causes, "").collect());
    match market.dice.one(&causes) {
        Some(cause) if !market.dice.percent(5) => (*cause).to_owned(),
        _ => market.dice.pick(&CAUSES).to_owned(),
    }
}

fn is_approved(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"about": "approval", "decision": ruling(market), "actor": "op"})
}

fn is_reinstated(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"about": "reinstatement", "decision": ruling(market), "actor": "op"})
}

fn is_appealed(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let about = market.dice.weighed(&[(4, "appeal"), (4, "remediation"), (2, "reinstatement")]);
    let mut data = json!({"about": about, "decision": ruling(market), "actor": "op"});
    if market.dice.percent(60) {
        data["id"] = json!(standing(market, known));
    }
    data
}

fn is_decided(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let about = market.dice.pick(&["approval", "refund", "reinstatement", "appeal", "remediation"]);
    let mut data = json!({"about": about, "decision": ruling(market), "actor": "op"});
    match about {
        "refund" => data["id"] = json!(invoice(market, known, &["paid"]).0),
        "appeal" | "remediation" if market.dice.percent(50) => data["id"] = json!(standing(market, known)),
        "approval" if market.dice.percent(30) => data["id"] = json!(subscription(market, known, &["active"])),
        _ => {}
    }
    data
}

fn wants_money_back(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let (id, found) = invoice(market, known, &["paid"]);
    let mut data = json!({"invoice_id": id, "reason": "not good"});
    if market.dice.percent(60) {
        data["amount"] = json!(amount(market, found.map_or(1, |it| int(it, "/paid/minor_units"))));
    }
    data
}

fn disputes(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let (id, found) = invoice(market, known, &["paid"]);
    let amount = amount(market, found.map_or(1, |it| int(it, "/paid/minor_units")));
    json!({"invoice_id": id, "amount": amount, "reason": "not mine"})
}

fn is_judged_by_the_bank(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let (id, _) = invoice(market, known, &["disputed"]);
    json!({"invoice_id": id, "status": market.dice.pick(&["won", "lost"])})
}

fn names_a_method(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"payment_method": method(market)})
}

fn is_known(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"status": market.dice.weighed(&[(3, "pass"), (2, "fail")])})
}

fn is_scored(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    json!({"score": market.dice.weighed(&[(5, 20), (3, 71), (1, 90), (2, 91), (1, 100), (1, 101)])})
}

fn uses(market: &mut Marketplace, _: &Who, known: &Known) -> Value {
    let resource = resource(market);
    let month = market.now().to_string()[..7].to_owned();
    let month = if market.dice.percent(5) { "2026-01".to_owned() } else { month };
    json!({"resource": resource, "quantity": quantity(market, known, resource), "period": month})
}

fn is_served(market: &mut Marketplace, _: &Who, _: &Known) -> Value {
    let month = market.now().to_string()[..7].to_owned();
    let uptime = market.dice.weighed(&[(4, 1_000_000), (3, 998_000), (2, 970_000), (1, 0)]);
    let (p99, errors) = (market.dice.pick(&[50, 600, 5_000]), market.dice.pick(&[0, 5_000, 200_000]));
    json!({"period": month, "uptime_ppm": uptime, "p99_ms": p99, "error_ppm": errors})
}
