//! Those that want more memory, tables and instances than there are.

use crate::guest::Guest;
use crate::row::Limit::{Contract, Door, Harmless, Memory};
use crate::row::{HARMLESS, REFUSED, Row, body, guest, row};

const MORE: &str = "it asked for more than the 67108864 bytes of memory that its slot allows";

/// A module with a memory that another may have grown.
const OTHER: &str = r#"
    (core module $other (memory 1)
      (func $swell (export "grow") (param i32) (drop (memory.grow (local.get 0)))))
    (core instance $other (instantiate $other))"#;

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        body("grows page by page", Memory, "out-of-memory", MORE, "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)"),
        body("grows by four gigabytes at once", Memory, "out-of-memory", MORE, "(drop (memory.grow (i32.const 60000))) (i32.const 256)"),
        body("grows by as much as a number can say", Memory, "out-of-memory", MORE, "(drop (memory.grow (i32.const -1))) (i32.const 256)"),
        guest("grows as it starts", Door, REFUSED, MORE, Guest {
            more: "(func $start (drop (memory.grow (i32.const 2000)))) (start $start)", ..Guest::default()
        }),
        body("takes all that it may and touches every page", Harmless, HARMLESS, "",
            "(drop (memory.grow (i32.const 1000))) (memory.fill (i32.const 8192) (i32.const 1) (i32.const 8192)) (i32.store (i32.const 65790000) (i32.const 1)) (i32.const 256)"),
        guest("has two memories that are too large together", Memory, "out-of-memory", "in `swell`", Guest {
            parts: OTHER, imports: r#"(import "other" "grow" (func $grow (param i32)))"#, with: r#"(with "other" (instance $other))"#,
            evaluate: "(drop (memory.grow (i32.const 600))) (call $grow (i32.const 600)) (i32.const 256)", ..Guest::default()
        }),
        guest("declares a memory of 125 MiB", Door, REFUSED, MORE, Guest {
            parts: "(core module $huge (memory 2000)) (core instance (instantiate $huge))", ..Guest::default()
        }),
        guest("declares a memory of 4 GiB", Door, REFUSED, "", Guest {
            parts: "(core module $huge (memory 65536)) (core instance (instantiate $huge))", ..Guest::default()
        }),
        row("has five memories", Door, REFUSED, "it has 5 memories and 0 tables, over 4 and 8", || times("(memory 1)", 4)),
        row("has nine tables", Door, REFUSED, "it has 1 memories and 9 tables, over 4 and 8", || times("(table 1 funcref)", 9)),
        row("has nine tables in one module", Door, REFUSED, "", || {
            let tables = "(table 1 funcref)".repeat(9);
            Guest { more: &tables, ..Guest::default() }.build()
        }),
        row("has 65 instances of modules", Door, REFUSED, "", || times("", 63)),
        row("has 400 instances of modules", Door, REFUSED, "", || times("", 400)),
        guest("declares a table of ten million", Door, REFUSED, "", Guest { more: "(table 10000000 funcref)", ..Guest::default() }),
        guest("grows a table beyond what one may have", Memory, "out-of-memory", "a table of more than 65536 elements", Guest {
            more: "(table $t 1 funcref)", evaluate: "(drop (table.grow $t (ref.null func) (i32.const 70000))) (i32.const 256)", ..Guest::default()
        }),
        guest("grows a table one by one", Memory, "out-of-memory", "a table of more than 65536 elements", Guest {
            more: "(table $t 1 funcref)",
            evaluate: "(loop $again (drop (table.grow $t (ref.null func) (i32.const 1))) (br $again)) (unreachable)", ..Guest::default()
        }),
        guest("has a table of strangers", Door, REFUSED, "gc", Guest {
            more: "(table $t 1 externref)", evaluate: "(drop (table.grow $t (ref.null extern) (i32.const 70000))) (i32.const 256)", ..Guest::default()
        }),
        guest("fills a table that is too short", Contract, "trap", "it trapped", Guest {
            more: "(table $t 4 funcref)", evaluate: "(table.fill $t (i32.const 0) (ref.null func) (i32.const 5)) (i32.const 256)", ..Guest::default()
        }),
        guest("begins with data that its memory has no room for", Door, REFUSED, "", Guest {
            more: r#"(data (i32.const 262140) "too long for it")"#, ..Guest::default()
        }),
        guest("begins with functions that its table has no room for", Door, REFUSED, "", Guest {
            more: "(table $t 1 funcref) (elem (i32.const 1) $f) (func $f)", ..Guest::default()
        }),
    ]
}

/// A governor beside so many instances of a module.
fn times(module: &str, count: usize) -> Vec<u8> {
    let instances = "(core instance (instantiate $m))".repeat(count);
    Guest { parts: &format!("(core module $m {module}) {instances}"), ..Guest::default() }.build()
}
