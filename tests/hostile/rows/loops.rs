//! Those that never come to an end, and those that stop where they should not.

use crate::answer::Answer;
use crate::guest::Guest;
use crate::row::Limit::{Clock, Contract, Door, Fuel, Harmless, Memory};
use crate::row::{HARMLESS, REFUSED, Row, body, guest, row};

const SPIN: &str = "(loop $again (br $again)) (unreachable)";
const ALL: &str = "it burned all its 20000000 units of fuel";
const LATE: &str = "it ran into its deadline of 250 ms";

/// Whatever hears back has asked for something before.
fn after_reserving(feedback: &'static str) -> Vec<u8> {
    Guest { feedback, more: &Answer::that_reserves(), action: "reserve", ..Guest::default() }.build()
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // ── by fuel ─────────────────────────────────────────────────────────────────────────────────────────────────
        body("loops for ever", Fuel, "out-of-fuel", ALL, SPIN),
        guest("loops while it describes itself", Door, REFUSED, ALL, Guest { describe: SPIN, ..Guest::default() }),
        row("loops when it hears back", Fuel, "out-of-fuel", ALL, || after_reserving(SPIN)),
        guest("loops as it starts", Door, REFUSED, ALL, Guest {
            more: "(func $spin (loop $again (br $again))) (start $spin)", ..Guest::default()
        }),
        guest("loops through a table", Fuel, "out-of-fuel", ALL, Guest {
            evaluate: "(loop $again (drop (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0))) (br $again)) (unreachable)",
            more: "(table funcref (elem $step)) (func $step (param i32) (result i32) (local.get 0))", ..Guest::default()
        }),
        guest("loops when the context is handed to it", Fuel, "out-of-fuel", ALL, Guest {
            realloc: "(loop $again (br $again))", ..Guest::default()
        }),
        guest("loops after it has answered", Fuel, "out-of-fuel", ALL, Guest {
            lifted: r#"(post-return (core func $governor "after"))"#,
            more: r#"(func (export "after") (param i32) (loop $again (br $again)))"#, ..Guest::default()
        }),
        body("fills four pages again and again", Fuel, "out-of-fuel", ALL,
            "(loop $again (memory.fill (i32.const 0) (i32.const 0) (i32.const 262144)) (br $again)) (unreachable)"),
        body("copies four pages again and again", Fuel, "out-of-fuel", ALL,
            "(loop $again (memory.copy (i32.const 0) (i32.const 1) (i32.const 262143)) (br $again)) (unreachable)"),
        guest("fills a table again and again", Fuel, "out-of-fuel", ALL, Guest {
            evaluate: "(loop $again (table.fill $t (i32.const 0) (ref.null func) (i32.const 60000)) (br $again)) (unreachable)",
            more: "(table $t 60000 funcref)", ..Guest::default()
        }),
        guest("copies a table again and again", Fuel, "out-of-fuel", ALL, Guest {
            evaluate: "(loop $again (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 59999)) (br $again)) (unreachable)",
            more: "(table $t 60000 funcref)", ..Guest::default()
        }),
        body("asks for no more memory again and again", Fuel, "out-of-fuel", ALL,
            "(loop $again (drop (memory.grow (i32.const 0))) (br $again)) (unreachable)"),
        guest("asks for no larger table again and again", Fuel, "out-of-fuel", ALL, Guest {
            evaluate: "(loop $again (drop (table.grow $t (ref.null func) (i32.const 0))) (br $again)) (unreachable)",
            more: "(table $t 1 funcref)", ..Guest::default()
        }),
        body("divides by floats for ever", Fuel, "out-of-fuel", ALL,
            "(local $f f64) (local.set $f (f64.const 1)) (loop $again (local.set $f (f64.sqrt (f64.div (local.get $f) (f64.const 3)))) (br $again)) (unreachable)"),
        guest("loops in a crowd of calls", Fuel, "out-of-fuel", ALL, Guest {
            evaluate: "(loop $again (drop (call $deep (i32.const 200))) (br $again)) (unreachable)",
            more: "(func $deep (param i32) (result i32) (if (result i32) (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))",
            ..Guest::default()
        }),
        // ── by the clock ────────────────────────────────────────────────────────────────────────────────────────────
        body("loops for ever, with fuel for years", Clock, "deadline", LATE, SPIN),
        row("loops when it hears back, with fuel for years", Clock, "deadline", LATE, || after_reserving(SPIN)),
        body("fills 60 MiB again and again, with fuel for years", Clock, "deadline", LATE,
            "(drop (memory.grow (i32.const 956))) (loop $again (memory.fill (i32.const 0) (i32.const 1) (i32.const 62914560)) (br $again)) (unreachable)"),
        guest("copies a table again and again, with fuel for years", Clock, "deadline", LATE, Guest {
            evaluate: "(loop $again (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 59999)) (br $again)) (unreachable)",
            more: "(table $t 60000 funcref)", ..Guest::default()
        }),
        guest("loops in a crowd of calls, with fuel for years", Clock, "deadline", LATE, Guest {
            evaluate: "(loop $again (drop (call $deep (i32.const 200))) (br $again)) (unreachable)",
            more: "(func $deep (param i32) (result i32) (if (result i32) (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))",
            ..Guest::default()
        }),
        guest("loops after it has answered, with fuel for years", Clock, "deadline", LATE, Guest {
            lifted: r#"(post-return (core func $governor "after"))"#,
            more: r#"(func (export "after") (param i32) (loop $again (br $again)))"#, ..Guest::default()
        }),
        // ── by the stack ────────────────────────────────────────────────────────────────────────────────────────────
        guest("calls itself without end", Memory, "stack-overflow", "in `deeper`", Guest {
            evaluate: "(call $deeper (i32.const 1))",
            more: "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))", ..Guest::default()
        }),
        row("calls itself with 2,000 numbers in hand", Memory, "stack-overflow", "its stack overflowed", wide_frames),
        guest("two call each other without end", Memory, "stack-overflow", "its stack overflowed", Guest {
            evaluate: "(call $ping (i32.const 1))",
            more: "(func $ping (param i32) (result i32) (i32.add (call $pong (local.get 0)) (i32.const 1)))
                   (func $pong (param i32) (result i32) (i32.mul (call $ping (local.get 0)) (i32.const 3)))", ..Guest::default()
        }),
        guest("calls itself as it starts", Door, REFUSED, "its stack overflowed", Guest {
            more: "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))
                   (func $start (drop (call $deeper (i32.const 1)))) (start $start)", ..Guest::default()
        }),
        guest("calls itself when the context is handed to it", Memory, "stack-overflow", "its stack overflowed", Guest {
            realloc: "(drop (i32.add (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1)) (i32.const 1)))", ..Guest::default()
        }),
        // ── by a trap in each of its functions ──────────────────────────────────────────────────────────────────────
        body("traps when it judges", Contract, "unreachable", "in `evaluate`", "(unreachable)"),
        row("traps when it hears back", Contract, "unreachable", "in `feedback`", || after_reserving("(unreachable)")),
        guest("traps when it describes itself", Door, REFUSED, "its `describe` failed", Guest { describe: "(unreachable)", ..Guest::default() }),
        guest("traps as it starts", Door, REFUSED, "its `describe` failed", Guest {
            more: "(func $start (unreachable)) (start $start)", ..Guest::default()
        }),
        guest("traps after it has answered", Contract, "unreachable", "it executed `unreachable`", Guest {
            lifted: r#"(post-return (core func $governor "after"))"#,
            more: r#"(func (export "after") (param i32) (unreachable))"#, ..Guest::default()
        }),
        guest("traps when the context is handed to it", Contract, "unreachable", "it executed `unreachable`", Guest {
            realloc: "(unreachable)", ..Guest::default()
        }),
        guest("traps when it migrates, which nobody asks", Harmless, HARMLESS, "", Guest::default()),
        body("reports a fault in the words of somebody else", Contract, "fault", "it reported `broken-fact`: it is 7", crate::guest::FAULT),
        body("divides by zero", Contract, "trap", "integer divide by zero", "(i32.div_u (i32.const 1) (i32.const 0))"),
        body("makes a number of no number", Contract, "trap", "it trapped", "(i32.trunc_f64_s (f64.const nan))"),
        body("reads beyond its memory", Contract, "trap", "out of bounds memory access", "(i32.load (i32.const -8))"),
        guest("calls what is no function", Contract, "trap", "it trapped", Guest {
            evaluate: "(call_indirect (param i32) (result i32) (i32.const 1) (i32.const 3))", more: "(table 8 funcref)", ..Guest::default()
        }),
        guest("calls a function by another's type", Contract, "trap", "it trapped", Guest {
            evaluate: "(call_indirect (param i64) (result i32) (i64.const 1) (i32.const 0))",
            more: "(table funcref (elem $step)) (func $step (param i32) (result i32) (local.get 0))", ..Guest::default()
        }),
    ]
}

/// A function whose every call needs room for 2,000 numbers that the next call might change.
fn wide_frames() -> Vec<u8> {
    let mut gather = String::new();
    for nth in 0..2_000 {
        gather.push_str(&format!("(local.set $n{nth} (i32.load (i32.const {})))", nth * 4));
    }
    let locals: String = (0..2_000).map(|nth| format!("(local $n{nth} i32)")).collect();
    let mut sum = "(call $wide (i32.const 1))".to_owned();
    for nth in 0..2_000 {
        sum = format!("{sum} (local.get $n{nth}) (i32.xor)");
    }
    let more = format!("(func $wide (param i32) (result i32) {locals} {gather} {sum})");
    Guest { evaluate: "(call $wide (i32.const 1))", more: &more, ..Guest::default() }.build()
}
