//! What programs read: every member of a line, in its order, and every line in its place.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, Told, event, stream, subscribes, text};

/// One line of each sort: completed, again, refused, referred, rolled back, of no known kind, and no event at all.
static EACH_SORT: LazyLock<Told> = LazyLock::new(|| {
    let events = [
        subscribes("evt-1", "cust-1", json!({"sku": "pro", "payment_method": "card"})),
        subscribes("evt-1", "cust-1", json!({"sku": "pro", "payment_method": "card"})),
        event("evt-2", NEW_YEAR, "CustomerUpgrades", "cust-2", json!({"old_sku": "free", "new_sku": "pro"})),
        subscribes("evt-3", "kyc-slow-1", json!({"sku": "free"})),
        subscribes("evt-4", "cust-4", json!({"sku": "pro", "payment_method": "sandbox:timeout"})),
        event("evt-5", NEW_YEAR, "CustomerSings", "cust-5", json!({})),
    ];
    Home::new().play(stream(&events) + "\nnope\n").exits(0)
});

/// The line as it was printed.
fn printed(line: u64) -> &'static str {
    let begin = format!(r#"{{"line":{line},"#);
    EACH_SORT.out.lines().find(|text| text.starts_with(&begin)).unwrap()
}

const COMPLETED: &str = r#"["ProcessingEvent","CoordinatingFsms","AwaitingFeedback","CompletingAction","Idle"]"#;
const REFUSED: &str =
    r#"["ProcessingEvent","CoordinatingFsms","AwaitingFeedback","ErrorDetected","ResumeOperation","Idle"]"#;
const ROLLED_BACK: &str = r#"["ProcessingEvent","CoordinatingFsms","AwaitingFeedback","ErrorDetected","ErrorRecovery","ResumeOperation","Idle"]"#;

/// A governor's part of a line, with the digest and the fuel that the line itself names, and the rest as said.
fn governors(line: &Value, said: &[(&str, &str)]) -> String {
    let named = line["governors"].as_array().unwrap();
    assert_eq!(named.len(), said.len());
    let part = |(governor, (slot, verdict)): (&Value, &(&str, &str))| {
        let digest = text(&governor["digest"]);
        let hex = digest.strip_prefix("sha256:").unwrap();
        assert!(hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{digest}");
        let version = text(&governor["version"]);
        let fuel = governor["fuel"].as_u64().unwrap();
        format!(
            r#"{{"slot":"{slot}","version":"{version}","digest":"{digest}",{}}}"#,
            verdict.replace('%', &fuel.to_string())
        )
    };
    named.iter().zip(said).map(part).collect::<Vec<_>>().join(",")
}

#[test]
fn a_completed_line_has_the_members_of_the_contract_in_their_order() {
    let approve = r#""verdict":"approve","fuel":%"#;
    let slots = ["entitlement", "billing", "subscription", "customer-account", "quota-sla", "compliance"];
    let effects = [
        ("compliance/kyc-check", "kyc-check", "check", "done"),
        ("billing/authorize-inv-1", "authorize-payment", "reversible", "done"),
        ("entitlement/provision-sub-1", "provision", "deferred", "pending"),
        ("billing/capture-inv-1", "capture", "deferred", "pending"),
        ("customer-account/mail-welcome", "mail", "deferred", "pending"),
    ];
    let effects = effects.map(|(id, action, kind, status)| {
        format!(r#"{{"id":"{id}","action":"{action}","kind":"{kind}","status":"{status}"}}"#)
    });
    let expected = format!(
        r#"{{"line":1,"id":"evt-1","outcome":"completed","duplicate":false,"receipt":1,"state_path":{COMPLETED},"governors":[{}],"conflicts":[],"effects":[{}],"error":null}}"#,
        governors(&EACH_SORT.line(1), &slots.map(|slot| (slot, approve))),
        effects.join(","),
    );
    assert_eq!(printed(1), expected);
    let again = expected.replace(r#"{"line":1"#, r#"{"line":2"#).replace(r#""duplicate":false"#, r#""duplicate":true"#);
    assert_eq!(printed(2), again, "a duplicate is told what the first was told");
}

#[test]
fn a_refused_line_names_code_and_message_and_no_error() {
    let line = EACH_SORT.line(3);
    let message = text(&line["governors"][2]["message"]);
    assert!(message.contains(' '), "a sentence, not {message}");
    let abstain = r#""verdict":"abstain","fuel":%"#;
    let refuse = format!(r#""verdict":"refuse","fuel":%,"code":"no-subscription","message":"{message}""#);
    let said = [("entitlement", abstain), ("billing", abstain), ("subscription", &refuse), ("quota-sla", abstain)];
    let receipt = &line["receipt"];
    let expected = format!(
        r#"{{"line":3,"id":"evt-2","outcome":"refused","duplicate":false,"receipt":{receipt},"state_path":{REFUSED},"governors":[{}],"conflicts":[],"effects":[],"error":null}}"#,
        governors(&line, &said),
    );
    assert_eq!(printed(3), expected);
}

#[test]
fn a_referred_line_names_code_and_message_and_no_error() {
    let line = EACH_SORT.line(4);
    assert_eq!((&line["outcome"], &line["error"]), (&json!("referred"), &Value::Null));
    assert_eq!(line["state_path"].to_string(), REFUSED);
    let compliance = &line["governors"][5];
    assert_eq!((&compliance["verdict"], &compliance["code"]), (&json!("refer"), &json!("kyc-pending")));
}

#[test]
fn an_effect_without_an_answer_is_undone_and_named_in_the_error() {
    let line = EACH_SORT.line(5);
    assert_eq!((&line["outcome"], line["state_path"].to_string().as_str()), (&json!("rolled-back"), ROLLED_BACK));
    let error = &line["error"];
    assert_eq!((&error["kind"], &error["effect"]), (&json!("EffectFailed"), &json!("billing/authorize-inv-1")));
    assert_eq!((&line["effects"][1]["id"], &line["effects"][1]["status"]), (&error["effect"], &json!("undone")));
}

#[test]
fn a_line_that_was_turned_away_says_why_and_no_more() {
    let message = text(&EACH_SORT.line(8)["error"]["message"]);
    let expected =
        format!(r#"{{"line":8,"outcome":"invalid","error":{{"kind":"EventValidationFailed","message":"{message}"}}}}"#);
    assert_eq!(printed(8), expected);
    let unrouted = EACH_SORT.line(6);
    assert_eq!((&unrouted["id"], &unrouted["outcome"]), (&json!("evt-5"), &json!("invalid")));
    assert_eq!((&unrouted["error"]["kind"], &unrouted["receipt"]), (&json!("NoGovernorsAssigned"), &Value::Null));
}

#[test]
fn the_summary_counts_every_outcome_and_ends_with_the_root() {
    let summary = EACH_SORT.summary();
    let counted = |name: &str| summary[name].as_u64().unwrap();
    let expected = format!(
        r#"{{"summary":{{"events":7,"completed":2,"refused":1,"referred":1,"rolled-back":1,"stuck":0,"invalid":2,"duplicates":1,"raised":3,"timers":0,"elapsed_ms":{},"events_per_second":{},"receipts":7,"root_hash":"{}"}}}}"#,
        counted("elapsed_ms"),
        counted("events_per_second"),
        EACH_SORT.root(),
    );
    assert_eq!(EACH_SORT.out.lines().last(), Some(expected.as_str()));
    let hex = EACH_SORT.root();
    assert!(hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{hex}");
}

#[test]
fn lines_come_in_the_order_of_the_stream_and_what_follows_or_falls_due_comes_between() {
    let events = [
        subscribes("evt-1", "cust-1", json!({"sku": "pro", "payment_method": "card"})),
        event("evt-2", "2026-01-02T00:00:00Z", "PaymentFailed", "cust-2", json!({"reason": "none"})),
        event("evt-3", "2026-02-02T00:00:00Z", "PaymentFailed", "cust-2", json!({"reason": "none"})),
    ];
    let told = Home::new().play(stream(&events)).exits(0);
    let values = told.values();
    let place = |line: u64| values.iter().position(|value| value["line"] == line).unwrap();
    let (first, second, third) = (place(1), place(2), place(3));
    assert_eq!((first, third), (0, values.len() - 2), "the last line is the summary");
    for follows in &values[first + 1..second] {
        assert_eq!((&follows["type"], &follows["subject"]), (&json!("EffectSettled"), &json!("cust-1")));
        assert!(
            follows["raised_by"].is_string() && follows["timer"].is_null() && follows["line"].is_null(),
            "{follows}"
        );
        assert!(text(&follows["id"]).starts_with("1/"), "its cause is the first receipt: {follows}");
    }
    let raised: Vec<String> = values[first + 1..second].iter().map(|follows| text(&follows["raised_by"])).collect();
    assert_eq!(raised, ["entitlement", "billing", "customer-account"]);
    let between = &values[second + 1..third];
    assert!(between.iter().any(|value| text(&value["timer"]).starts_with("subscription/")), "{}", told.out);
    assert!(between.iter().all(|value| value["timer"].is_string() || value["raised_by"].is_string()), "{}", told.out);
    let receipts: Vec<u64> = values.iter().filter_map(|value| value["receipt"].as_u64()).collect();
    assert_eq!(receipts, (1..=receipts.len() as u64).collect::<Vec<_>>(), "receipts are as gapless as the lines");
}

#[test]
fn people_read_one_line_per_event_and_the_root() {
    let home = Home::new();
    let file = home.file("events.jsonl", stream(&[subscribes("evt-1", "cust-1", json!({"sku": "gold"}))]) + "nope\n");
    let told = home.run(&["play", file.to_str().unwrap()]).exits(0);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(
        lines[0].contains("refused") && lines[0].contains("evt-1") && lines[0].contains("sku-unknown"),
        "{}",
        told.out
    );
    assert!(lines[1].contains("invalid") && lines[1].contains("EventValidationFailed"), "{}", told.out);
    assert!(lines.last().unwrap().starts_with("root "), "{}", told.out);
    assert!(!told.out.contains('\u{1b}'), "nobody watches, so nothing is coloured");
}
