//! Every code by which a request is refused or referred, by the one slot that owns the question.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::syndic::{Home, stream, text};
use crate::transcript::parsed;

/// Code and slot (several where several questions are answered no), then what happened before and the request itself.
/// Every row has a tenant of its own.
const TABLE: &str = r#"
sku-unknown subscription
    2026-01-01 ann CustomerSubscribes {"sku":"gold"}
sku-not-for-sale subscription
    2026-01-01 ann ProductChanged {"sku":"team","name":"Team","status":"draft","prices":{"monthly":{"minor_units":1,"currency":"USD"}}}
    2026-01-01 ann CustomerSubscribes {"sku":"team"}
cycle-not-offered subscription
    2026-01-01 ann ProductChanged {"sku":"team","name":"Team","status":"published","prices":{"monthly":{"minor_units":1,"currency":"USD"}}}
    2026-01-01 ann CustomerSubscribes {"sku":"team","billing_cycle":"two-year"}
wrong-old-sku subscription
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann CustomerUpgrades {"old_sku":"free","new_sku":"pro"}
not-an-upgrade subscription
    2026-01-01 ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
    2026-01-02 ann CustomerUpgrades {"old_sku":"pro","new_sku":"starter"}
not-a-downgrade subscription
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann SubscriptionChanged {"action":"downgrade","new_sku":"pro"}
already-subscribed subscription
    2026-01-01 ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
    2026-01-02 ann CustomerSubscribes {"sku":"professional","seats":2,"payment_method":"card"}
no-subscription subscription
    2026-01-01 ann CustomerSubscribes {"sku":"free"}
    2026-01-02 ann CustomerCancels {}
    2026-01-03 ann CustomerUpgrades {"old_sku":"free","new_sku":"starter"}
subscription-unknown subscription
    2026-01-01 ann CustomerSubscribes {"sku":"free"}
    2026-01-02 ann RenewalDue {"subscription_id":"sub-2"}
cancel-pending subscription
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann CustomerCancels {"when":"period-end"}
    2026-01-03 ann CustomerUpgrades {"old_sku":"starter","new_sku":"pro"}
not-due subscription
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-24T23:59 ann RenewalDue {"subscription_id":"sub-1"}
trial-used subscription
    2026-01-01 ann CustomerSubscribes {"sku":"pro","trial":true}
    2026-01-02 ann CustomerCancels {}
    2026-01-03 ann CustomerSubscribes {"sku":"pro","trial":true}
suspended subscription
    2026-01-01 ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
    2026-01-02 ann SubscriptionChanged {"action":"pause"}
    2026-01-28 ann RenewalDue {"subscription_id":"sub-1"}
suspended subscription
    2026-01-01 ann ManualSuspension {"reason":"odd","cause":"fraud"}
    2026-01-02 ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
kyc-failed compliance
    2026-01-01 kyc-fail-ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
kyc-pending compliance
    2026-01-01 kyc-slow-ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
suspended subscription, account-banned customer-account
    2026-01-01 ann CustomerSubscribes {"sku":"free"}
    2026-01-02 ann ManualSuspension {"reason":"resells"}
    2026-01-03 ann OperatorDecided {"about":"reinstatement","decision":"reject","actor":"ops"}
    2026-01-04 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
account-banned customer-account
    2026-01-01 ann CustomerSubscribes {"sku":"free"}
    2026-01-02 ann ManualSuspension {"reason":"resells"}
    2026-01-03 ann OperatorDecided {"about":"appeal","decision":"reject","actor":"ops"}
    2026-01-04 ann SuspensionLifted {"cause":"admin","actor":"ops"}
not-banned customer-account
    2026-01-01 ann CustomerSubscribes {"sku":"free"}
    2026-01-02 ann OperatorDecided {"about":"reinstatement","decision":"accept","actor":"ops"}
payment-declined billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"sandbox:declined"}
payment-declined billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann PaymentMethodUpdated {"payment_method":"sandbox:lost_card"}
    2026-01-03 ann CustomerUpgrades {"old_sku":"starter","new_sku":"pro"}
currency-mismatch billing
    2026-01-01 ann ProductChanged {"sku":"fuji","name":"Fuji","status":"published","prices":{"monthly":{"minor_units":99999,"currency":"JPY"}}}
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann CustomerUpgrades {"old_sku":"starter","new_sku":"fuji"}
invoice-unknown billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann RefundRequested {"invoice_id":"inv-2","reason":"none"}
not-refundable billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann RefundRequested {"invoice_id":"inv-1","amount":3000,"reason":"a cent more than was paid"}
disputed billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-02 ann DisputeOpened {"invoice_id":"inv-1","amount":100,"reason":"not me"}
    2026-01-03 ann RefundRequested {"invoice_id":"inv-1","amount":1,"reason":"me"}
no-contract-price billing
    2026-01-01 ann CustomerSubscribes {"sku":"enterprise","payment_method":"card"}
no-contract-price billing
    2026-01-01 ann CustomerSubscribes {"sku":"pro","payment_method":"card"}
    2026-01-02 ann CustomerUpgrades {"old_sku":"pro","new_sku":"enterprise"}
refund-too-late billing
    2026-01-01 ann CustomerSubscribes {"sku":"starter","payment_method":"card"}
    2026-01-15T00:01 ann RefundRequested {"invoice_id":"inv-1","amount":1,"reason":"late"}
notice-too-short product-catalog
    2026-01-01 ann ProductChanged {"sku":"pro","name":"Pro","status":"published","prices":{"monthly":{"minor_units":10998,"currency":"USD"}}}
    2026-01-01 ann ProductChanged {"sku":"pro","name":"Pro","status":"published","prices":{"monthly":{"minor_units":12098,"currency":"USD"}}}
live-subscribers product-catalog
    2026-01-01 ann ProductChanged {"sku":"team","name":"Team","status":"published","prices":{"monthly":{"minor_units":0,"currency":"USD"}}}
    2026-01-01 ann CustomerSubscribes {"sku":"team"}
    2026-01-02 ann ProductChanged {"sku":"team","name":"Team","status":"deprecated","prices":{"monthly":{"minor_units":0,"currency":"USD"}}}
    2026-01-02 ann ProductChanged {"sku":"team","name":"Team","status":"archived","prices":{"monthly":{"minor_units":0,"currency":"USD"}}}
wrong-state product-catalog
    2026-01-01 ann ProductChanged {"sku":"team","name":"Team","status":"featured","prices":{"monthly":{"minor_units":0,"currency":"USD"}}}
not-suspended billing
    2026-01-01 ann SuspensionLifted {"cause":"payment","actor":"ops"}
not-suspended quota-sla
    2026-01-01 ann SuspensionLifted {"cause":"quota","actor":"ops"}
not-suspended customer-account
    2026-01-01 ann SuspensionLifted {"cause":"admin","actor":"ops"}
not-suspended compliance
    2026-01-01 ann SuspensionLifted {"cause":"fraud","actor":"ops"}
not-suspended compliance
    2026-01-01 ann ManualSuspension {"reason":"odd","cause":"fraud"}
    2026-01-02 ann SuspensionLifted {"cause":"compliance","actor":"ops"}
nothing-to-decide entitlement
    2026-01-01 ann OperatorDecided {"about":"approval","decision":"accept","actor":"ops"}
nothing-to-decide billing
    2026-01-01 ann OperatorDecided {"about":"refund","id":"inv-1","decision":"accept","actor":"ops"}
nothing-to-decide compliance
    2026-01-01 ann OperatorDecided {"about":"appeal","decision":"accept","actor":"ops"}
nothing-to-decide compliance
    2026-01-01 ann OperatorDecided {"about":"remediation","decision":"reject","actor":"ops"}
"#;

/// What is asked of a person; everything else is refused.
const REFERRED: [&str; 3] = ["no-contract-price", "kyc-pending", "refund-too-late"];

/// The codes there are.
const CODES: &str = "sku-unknown sku-not-for-sale cycle-not-offered wrong-old-sku not-an-upgrade not-a-downgrade \
    already-subscribed no-subscription subscription-unknown cancel-pending not-due trial-used suspended kyc-failed \
    account-banned not-banned payment-declined currency-mismatch invoice-unknown not-refundable disputed \
    notice-too-short live-subscribers wrong-state not-suspended nothing-to-decide no-contract-price kyc-pending \
    refund-too-late";

/// A row of the table: slots with their codes, and the events.
struct Row {
    against: Vec<(String, String)>,
    events: Vec<Value>,
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (nth, line) in TABLE.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        if let Some(line) = line.strip_prefix("    ") {
            let mut event = parsed(line, nth);
            event["tenant"] = json!(format!("tenant-{}", rows.len()));
            rows.last_mut().unwrap().events.push(event);
        } else {
            let pair =
                |pair: &str| pair.split_once(' ').map(|(code, slot)| (slot.to_owned(), code.to_owned())).unwrap();
            rows.push(Row { against: line.split(", ").map(pair).collect(), events: Vec::new() });
        }
    }
    rows
}

/// The slots that were against an event, with their codes.
fn against(outcome: &Value) -> Vec<(String, String)> {
    let governors = outcome["governors"].as_array().cloned().unwrap_or_default();
    let coded = governors.iter().filter(|governor| !governor["code"].is_null());
    coded.map(|governor| (text(&governor["slot"]), text(&governor["code"]))).collect()
}

#[test]
fn every_request_that_cannot_be_is_refused_by_the_slot_that_owns_the_question() {
    let rows = rows();
    let mut events: Vec<(&Value, Option<&Row>)> = Vec::new();
    for row in &rows {
        let last = row.events.len() - 1;
        events.extend(row.events.iter().enumerate().map(|(nth, event)| (event, (nth == last).then_some(row))));
    }
    events.sort_by_key(|(event, _)| text(&event["time"]));
    let home = Home::new();
    let told = home.play(stream(&events.iter().map(|(event, _)| (*event).clone()).collect::<Vec<_>>())).exits(0);
    let receipts = home.receipts();
    for ((event, row), line) in events.iter().zip(told.of_lines()) {
        let Some(row) = row else {
            assert_eq!(line["outcome"], "completed", "{event}: {line}");
            continue;
        };
        let outcome = if REFERRED.contains(&row.against[0].1.as_str()) { "referred" } else { "refused" };
        assert_eq!(against(&line), row.against, "{event}: {line}");
        assert_eq!((&line["outcome"], &line["error"]), (&json!(outcome), &Value::Null), "{event}");
        let receipt = &receipts[line["receipt"].as_u64().unwrap() as usize - 1];
        for kept in ["changes", "timers", "raises", "numbers", "claims"] {
            assert_eq!(receipt[kept], json!([]), "{event} leaves {kept}: {receipt}");
        }
    }
}

#[test]
fn the_table_has_every_code_there_is() {
    let shown: BTreeSet<String> = rows().into_iter().flat_map(|row| row.against).map(|(_, code)| code).collect();
    let there_are: BTreeSet<String> = CODES.split_whitespace().map(str::to_owned).collect();
    assert_eq!(shown, there_are);
}
