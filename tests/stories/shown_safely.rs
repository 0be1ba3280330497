//! Text from outside, made to deceive whoever reads it at a terminal: it is refused, or shown by name.
//!
//! What a payload's words may be is the door's business: no control characters where a word names something. A reason
//! for people may hold anything, and so may a line that is no event at all.

use std::path::Path;

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, Told, event, stream, subscribes, text};

/// Clears the screen; paints over a line; the same in eight bits; turns the direction; ends the line, and forges another.
const TRICKS: [&str; 6] = [
    "\u{1b}[2J",
    "\u{8}\u{8}\u{8}\r",
    "\u{9b}31m",
    "\u{202e}gnp",
    "\u{2066}",
    "\n     999  completed      #999  evt-999",
];

/// Nothing here moves a cursor, ends a line early or turns the direction.
#[track_caller]
fn is_plain(told: &Told) {
    for text in [&told.out, &told.err] {
        let unfit = |c: char| {
            c != '\n'
                && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c))
        };
        assert!(!text.contains(unfit), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("     999")), "{text}");
    }
}

fn shown(home: &Home, stream: impl AsRef<[u8]>) -> Told {
    let file = home.file("tricks.jsonl", stream);
    home.run(&["play", path(&file)]).exits(0)
}

fn path(file: &Path) -> &str {
    file.to_str().unwrap()
}

#[test]
fn a_name_that_would_deceive_a_terminal_is_refused_at_the_door() {
    let on = |kind: &str, data: Value| event("evt-1", NEW_YEAR, kind, "ann", data);
    let prices = json!({"monthly": {"minor_units": 1, "currency": "USD"}});
    let mut events = Vec::new();
    for trick in TRICKS.iter().filter(|trick| trick.contains(char::is_control)) {
        events.extend([
            on("CustomerSubscribes", json!({"sku": trick})),
            on("CustomerSubscribes", json!({"sku": "free", "payment_method": trick})),
            on("ProductChanged", json!({"sku": trick, "name": "x", "status": "published", "prices": prices})),
            on("RefundRequested", json!({"invoice_id": trick, "reason": "x"})),
            on("UsageReported", json!({"resource": trick, "quantity": 1, "period": "2026-01"})),
            on("PaymentProcessed", json!({"amount": 1, "idempotency_key": trick})),
            event(trick, NEW_YEAR, "CustomerCancels", "ann", json!({})),
            event("evt-1", NEW_YEAR, "CustomerCancels", trick, json!({})),
            event("evt-1", NEW_YEAR, trick, "ann", json!({})),
            event("evt-1", trick, "CustomerCancels", "ann", json!({})),
        ]);
    }
    let home = Home::new();
    let told = shown(&home, stream(&events));
    is_plain(&told);
    let invalid = |line: &&str| line.contains("invalid") && line.contains("EventValidationFailed");
    assert_eq!(told.out.lines().filter(invalid).count(), events.len(), "{}", told.out);
}

#[test]
fn words_that_quote_a_bad_line_are_shown_and_not_obeyed() {
    let lines = TRICKS.map(|trick| {
        let name = json!(trick);
        [
            format!("{{{name}:1,{name}:2}}"),
            subscribes("evt-1", "ann", json!({"sku": "free"}))
                .to_string()
                .replace(NEW_YEAR, &name.to_string()[1..name.to_string().len() - 1]),
            trick.replace('\n', " "),
        ]
        .join("\n")
    });
    let told = shown(&Home::new(), lines.join("\n"));
    is_plain(&told);
    assert!(told.out.contains(r"\u{1b}[2J") && told.out.contains(r"\u{202e}gnp"), "{}", told.out);
}

#[test]
fn what_the_door_lets_in_is_shown_by_name_wherever_it_is_shown() {
    let turned = "ann\u{202e}gnp";
    let events = [
        event(
            "evt\u{202e}1",
            NEW_YEAR,
            "ManualSuspension",
            turned,
            json!({"reason": TRICKS.concat(), "cause": "fraud"}),
        ),
        event(
            "evt-2",
            NEW_YEAR,
            "UsageReported",
            turned,
            json!({"resource": "disk\u{2066}", "quantity": 1, "period": "2026-01"}),
        ),
        subscribes("evt-3", "bob", json!({"sku": "free\u{202e}", "payment_method": "card"})),
        subscribes("evt-4", turned, json!({"sku": "free", "note": TRICKS.concat()})),
    ];
    let home = Home::new();
    let told = shown(&home, stream(&events));
    is_plain(&told);
    assert!(told.out.contains(r"evt\u{202e}1") && told.out.contains(r"no plan `free\u{202e}`"), "{}", told.out);
    for verb in [
        &["fact", "list", "acme", turned][..],
        &["receipt", "list"],
        &["receipt", "show", "1"],
        &["event", "show", "evt\u{202e}1"],
        &["event", "show", "evt-4"],
        &["stats"],
    ] {
        is_plain(&home.run(verb).exits(0));
    }
    for verb in [&["fact", "list", "acme", TRICKS[0]][..], &["event", "show", TRICKS[3]]] {
        is_plain(&home.run(verb).exits(1));
    }
    let kept = home.fact(turned, "compliance.incident.fraud");
    assert_eq!(text(&kept["reason"]), TRICKS.concat(), "what was said is kept as it was said");
}

#[test]
fn names_may_be_long_and_in_any_script_and_are_told_apart_byte_by_byte() {
    let names = [
        "é".repeat(128),
        "e\u{301}".repeat(85),
        "👩‍👩‍👧‍👦".repeat(10),
        "ابن سينا".to_owned(),
        "Ann".to_owned(),
        "ann".to_owned(),
        "ann ".to_owned(),
    ];
    let events: Vec<Value> = (0..)
        .zip(&names)
        .map(|(nth, name)| subscribes(name, name, json!({"sku": "free", "payment_method": format!("card-{nth}")})))
        .collect();
    let home = Home::after(&events);
    for (nth, name) in names.iter().enumerate() {
        assert_eq!(home.fact(name, "billing.account")["payment_method"], format!("card-{nth}"), "{name}");
        assert_eq!(
            home.run(&["event", "show", name, "--json"]).exits(0).values()[0]["event"]["subject"],
            name.as_str()
        );
    }
}
