//! A governor that wants a clock: its slot lets it have one, and the receipt says so.

use serde_json::json;

use crate::guest::{APPROVE, Guest};
use crate::syndic::{Home, Told, stream, subscribes};

/// A governor that looks at a clock before it approves.
fn clockwatcher() -> Vec<u8> {
    let evaluate = format!("(if (i64.eqz (call $now)) (then (unreachable))) {APPROVE}");
    let guest = Guest {
        evaluate: &evaluate,
        kind: "CustomerSubscribes",
        parts: r#"
            (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock (export "now" (func (result u64)))))
            (core func $now (canon lower (func $clock "now")))"#,
        imports: r#"(import "clock" "now" (func $now (result i64)))"#,
        with: r#"(with "clock" (instance (export "now" (func $now))))"#,
        ..Guest::default()
    };
    guest.build()
}

fn play(home: &Home, slot: &str) -> Told {
    let file = home.file("clockwatcher.wasm", clockwatcher());
    let governor = format!("quota-sla={}", file.display());
    let events = stream(&[subscribes("evt-1", "cust-1", json!({"sku": "pro"}))]);
    home.play_with(events, &["--governor", &governor, "--wasi", slot])
}

#[test]
fn a_slot_with_wasi_has_a_clock_and_its_receipts_name_another_configuration() {
    let with = Home::new();
    assert_eq!(play(&with, "quota-sla").exits(0).outcomes(), ["completed"]);
    let without = Home::after(&[subscribes("evt-1", "cust-1", json!({"sku": "pro"}))]);
    let config = |home: &Home| {
        let leaf = home.run(&["receipt", "show", "1", "--json"]).exits(0).values().remove(0);
        let digest = leaf["leaf"]["configuration"].clone();
        assert!(digest.is_string(), "{leaf}");
        digest
    };
    assert_ne!(config(&with), config(&without));
}

#[test]
fn a_slot_without_wasi_refuses_it_and_says_how_to_have_it() {
    let home = Home::new();
    play(&home, "billing").fails(2, &["it imports `wasi:clocks/monotonic-clock@0.2.6`", "`--wasi SLOT`"]);
    play(&home, "bilking").fails(2, &["there is no slot `bilking`", "quota-sla"]);
}
