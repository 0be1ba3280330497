//! Those that are valid and large: what a host spends on them it spends before any of their limits holds.

use crate::guest::Guest;
use crate::row::Limit::{Door, Harmless};
use crate::row::{HARMLESS, REFUSED, Row, row};

/// A governor whose module holds this too.
fn with(more: &str) -> Vec<u8> {
    Guest { more, ..Guest::default() }.build()
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        row("has 30 megabytes of data", Harmless, HARMLESS, "", || {
            let data = "x".repeat(30_000_000);
            Guest { parts: &format!("(core module $giant (memory 480) (data (i32.const 0) \"{data}\")) (core instance (instantiate $giant))"), ..Guest::default() }.build()
        }),
        row("has 90,000 pieces of data", Door, REFUSED, "more than 20000 pieces of data", || with(&"(data (i32.const 9000) \"x\")".repeat(90_000))),
        row("has 5,000 pieces of data", Harmless, HARMLESS, "", || with(&"(data (i32.const 9000) \"x\")".repeat(5_000))),
                row("has 20,000 functions", Harmless, HARMLESS, "", || with(&"(func)".repeat(20_000))),
        row("has a function of two megabytes", Door, REFUSED, "more than 1048576 bytes in one function", || with(&format!("(func {})", "nop ".repeat(2_000_000)))),
        row("has 40 megabytes of functions in 40 modules", Door, REFUSED, "over 33554432", || {
            let module = format!("(core module (func {}))", "nop ".repeat(1_000_000));
            Guest { parts: &module.repeat(40), ..Guest::default() }.build()
        }),
        row("has 20 megabytes of functions in 20 modules", Door, REFUSED, "bytes of functions", || {
            let module = format!("(core module (func {}))", "nop ".repeat(1_000_000));
            Guest { parts: &module.repeat(20), ..Guest::default() }.build()
        }),
        row("has a million functions", Door, REFUSED, "more than 50000 functions", || with(&"(func)".repeat(1_000_000))),
        row("has 50,000 globals", Harmless, HARMLESS, "", || with(&"(global i32 (i32.const 1))".repeat(50_000))),
        row("has a function with 50,000 numbers in hand", Harmless, HARMLESS, "", || with(&format!("(func (local {}))", "i32 ".repeat(49_000)))),
        row("has a function with more numbers in hand than may be", Door, REFUSED, "", || with(&format!("(func (local {}))", "i32 ".repeat(51_000)))),
        row("has a function with 1,001 parameters", Door, REFUSED, "", || with(&format!("(func (param {}))", "i32 ".repeat(1_001)))),
        row("has a function of a hundred thousand steps", Harmless, HARMLESS, "", || {
            with(&format!("(func (param i32) (result i32) (local.get 0) {})", "(i32.const 7) (i32.add)".repeat(50_000)))
        }),
        row("has a function with 20,000 blocks, one in the other", Harmless, HARMLESS, "", || {
            with(&format!("(func {} {})", "block ".repeat(20_000), "end ".repeat(20_000)))
        }),
        row("has a branch to 60,000 places", Harmless, HARMLESS, "", || {
            with(&format!("(func (param i32) (block $b (br_table {} (local.get 0))))", "$b ".repeat(60_000)))
        }),
        row("has a function that is dear to compile", Harmless, HARMLESS, "", || with(&tangled(8_000))),
        row("has 100,000 exports", Harmless, HARMLESS, "", || {
            let exports: String = (0..90_000).map(|nth| format!("(export \"e{nth}\" (func $none))")).collect();
            with(&format!("(func $none) {exports}"))
        }),
        row("exports a name of 100 kilobytes", Door, REFUSED, "", || with(&format!("(func (export \"{}\"))", "x".repeat(100_001)))),
    ]
}

/// Many values that live for long, and many branches: what register allocation is worst at.
fn tangled(steps: usize) -> String {
    let locals = 400;
    let mut body = String::new();
    for nth in 0..steps {
        let (to, from) = (nth * 7 % locals, nth * 13 % locals);
        body.push_str(&format!(
            "(if (i32.and (local.get $v{from}) (i32.const {})) (then (local.set $v{to} (i32.add (local.get $v{from}) (local.get $v{}))))) ",
            nth % 31 + 1, (nth + 5) % locals
        ));
    }
    let declared: String = (0..locals).map(|nth| format!("(local $v{nth} i32)")).collect();
    format!("(func (param $p i32) (result i32) {declared} {body} (local.get $v0))")
}
