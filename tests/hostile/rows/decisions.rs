//! Those who ask for more than a decision may hold, or for what is not theirs.

use crate::answer::{Answer, Asks, CUSTOMER, RESERVES, TENANT, answering};
use crate::row::Limit::{Contract, Harmless};
use crate::row::{HARMLESS, Row, row};

/// A decision that breaks a rule.
fn asks(does: &'static str, says: &'static str, make: impl Fn(&mut Answer) + 'static) -> Row {
    row(does, Contract, "bad-answer", says, answering(make))
}

/// As many names as there are numbers.
fn names(count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("billing.n{nth}")).collect()
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // ── more than it may ────────────────────────────────────────────────────────────────────────────────────────
        asks("writes 65 facts", "its answer has 65 writes, over 64", |answer| {
            let names = names(65);
            answer.sets(&names.iter().map(|name| (name.as_str(), "1")).collect::<Vec<_>>());
        }),
        asks("asks for 17 effects", "its answer has 17 effects, over 16", |answer| {
            let names = names(17);
            answer.asks(&names.iter().map(|id| Asks { id, ..RESERVES }).collect::<Vec<_>>());
        }),
        asks("sets 17 timers", "its answer has 17 timers, over 16", |answer| {
            let names = names(17);
            answer.timers(&names.iter().map(|name| (name.as_str(), "2026-03-01T00:00:00Z", "1")).collect::<Vec<_>>());
        }),
        asks("raises 5 events", "its answer has 5 raised events, over 4", |answer| answer.raises(&[("Tested", "{}"); 5])),
        asks("answers with 150 kilobytes", "bytes, over 131072", |answer| {
            let value = format!("\"{}\"", "x".repeat(50_000));
            answer.sets(&[("billing.a", &value), ("billing.b", &value), ("billing.c", &value)]);
        }),
        asks("sets a fact to more than 64 kilobytes", "over 65536", |answer| {
            answer.sets(&[("billing.a", &format!("\"{}\"", "x".repeat(65_535)))]);
        }),
        asks("brings 17 kilobytes back with a timer", "bytes of timer data", |answer| {
            answer.timers(&[("t", "2026-03-01T00:00:00Z", &format!("\"{}\"", "x".repeat(17_000)))]);
        }),
        asks("refuses in 5,000 words", "bytes of its sentence", |answer| answer.refuses("no", &"word ".repeat(5_000))),
        asks("refuses with a code that is a sentence", "is not a code", |answer| answer.refuses("No, never!", "no")),
        asks("refuses with no code", "is not a code", |answer| answer.refuses("", "no")),
        asks("refuses with a code of 100 kilobytes", "xxx", |answer| answer.refuses(&"x".repeat(100_000), "no")),
        asks("names an effect with 129 bytes", "the effect id", |answer| answer.asks(&[Asks { id: &"x".repeat(129), ..RESERVES }])),
        asks("names a timer with control characters", "the timer name", |answer| answer.timers(&[("t\u{1b}[2J", "2026-03-01T00:00:00Z", "1")])),
        asks("names a fact with 600 bytes", "", |answer| answer.sets(&[(&format!("billing.{}", "x".repeat(600)), "1")])),
        asks("claims by a key of 600 bytes", "the claim key", |answer| {
            let (key, content) = (answer.text(&"k".repeat(600)), answer.text("1"));
            answer.writes(6, &[&key, &content]);
        }),
        asks("adds an element of 600 bytes", "the element", |answer| {
            let (name, element) = (answer.text("billing.set"), answer.text(&"e".repeat(600)));
            answer.writes(1, &[&[CUSTOMER], &name, &element]);
        }),
        // ── what is not its own ─────────────────────────────────────────────────────────────────────────────────────
        asks("writes a fact of another slot", "`entitlement.grant`", |answer| answer.sets(&[("entitlement.grant", "1")])),
        asks("writes a fact of no slot", "`grant`", |answer| answer.sets(&[("grant", "1")])),
        asks("sets a fact of the whole tenant", "", |answer| {
            let (name, value) = (answer.text("billing.n"), answer.text("1"));
            answer.writes(0, &[&[TENANT], &name, &value]);
        }),
        asks("sets what nobody may set", "shared.access", |answer| answer.sets(&[("shared.access", "\"full\"")])),
        asks("stands for what there is not", "", |answer| {
            let (name, value) = (answer.text("shared.access"), answer.text("fullest"));
            answer.writes(4, &[&[CUSTOMER], &name, &[1], &value]);
        }),
        asks("asks a number for what it does not set", "which it does not set", |answer| {
            let (series, name, pointer) = (answer.text("invoice"), answer.text("billing.n"), answer.text("/number"));
            answer.writes(5, &[&series, &[CUSTOMER], &name, &pointer]);
        }),
        // ── effects that may not be ─────────────────────────────────────────────────────────────────────────────────
        asks("asks for an action that it did not declare", "`wire-money`", |answer| answer.asks(&[Asks { action: "wire-money", ..RESERVES }])),
        asks("asks for what can be undone, without its undo", "carries no undo", |answer| answer.asks(&[Asks { undo: None, ..RESERVES }])),
        asks("asks for an undo of what waits", "is not reversible", |answer| answer.asks(&[Asks { mode: 2, ..RESERVES }])),
        asks("asks with a body that is a list", "is not an object", |answer| answer.asks(&[Asks { body: "[]", ..RESERVES }])),
        asks("asks for a check that changes something", "is not a check", |answer| answer.asks(&[Asks { mode: 0, undo: None, ..RESERVES }])),
        row("asks to block on what cannot be undone", Contract, "bad-answer", "it may not block", || blocking("capture-payment")),
        row("asks to block on a mail", Contract, "bad-answer", "it may not block", || blocking("mail")),
        asks("asks for two effects by one name", "two effects have the id `hold`", |answer| answer.asks(&[RESERVES, RESERVES])),
        // ── events that may not be ──────────────────────────────────────────────────────────────────────────────────
        asks("raises an event of no kind", "", |answer| answer.raises(&[("Nonsense", "{}")])),
        asks("raises what only the host makes", "", |answer| answer.raises(&[("TimerFired", "{}")])),
        asks("raises a known event with a payload that is none", "", |answer| answer.raises(&[("PaymentFailed", "{\"reason\":7}")])),
        row("does all of it within bounds", Harmless, HARMLESS, "", super::answers::harmless),
    ]
}

/// A governor that declares an action, and wants it done before anything is decided.
fn blocking(action: &'static str) -> Vec<u8> {
    let mut answer = Answer::new();
    answer.asks(&[Asks { action, ..RESERVES }]);
    answer.component_asking(action)
}
