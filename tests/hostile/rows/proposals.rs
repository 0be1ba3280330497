//! Those that use what WebAssembly has to offer and governors do not get.

use crate::guest::Guest;
use crate::row::Limit::{Contract, Door, Harmless, Memory};
use crate::row::{HARMLESS, REFUSED, Row, guest, parse, row};

/// A row of a governor whose module has something that this host does not take.
fn module(does: &'static str, says: &'static str, more: &'static str) -> Row {
    guest(does, Door, REFUSED, says, Guest { more, ..Guest::default() })
}

/// The same, of a component.
fn part(does: &'static str, says: &'static str, parts: &'static str) -> Row {
    guest(does, Door, REFUSED, says, Guest { parts, ..Guest::default() })
}

const NONE: &str = "it is not a component that this host can run";

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        module("shares its memory with threads", NONE, "(func (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))))"),
        module("waits for another thread", NONE, "(func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))"),
        module("has a memory of 64 bits", NONE, "(memory $large i64 1)"),
        module("has a table of 64 bits", NONE, "(table $large i64 1 funcref)"),
        module("has two memories in one module", NONE, "(memory $second 1)"),
        module("has pages of one byte", NONE, "(memory $small 1 (pagesize 1))"),
        module("leaves its objects to a collector", NONE, "(type $box (struct (field i32))) (func (drop (struct.new $box (i32.const 1))))"),
        module("holds a number as a reference", NONE, "(func (drop (ref.i31 (i32.const 1))))"),
        module("calls a typed reference", NONE, "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))"),
        module("throws", NONE, "(tag $oops) (func (throw $oops))"),
        module("calls in the place of returning", NONE, "(func $again (return_call $again))"),
        module("multiplies as this processor likes", NONE, "(func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))"),
        module("adds 128 bits", NONE, "(func (result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))"),
        module("switches stacks", NONE, "(type $f (func)) (type $c (cont $f)) (func (param (ref null $c)) (drop (local.get 0)))"),
        part("hands over a stream", NONE, "(type (stream u8))"),
        part("hands over a future", NONE, "(type (future u8))"),
        part("hands over an error context", NONE, "(type error-context)"),
        part("judges asynchronously", NONE, "(core func $wait (canon task.return (result u32)))"),
        part("waits for whatever comes", NONE, "(core func $set (canon waitable-set.new))"),
        part("yields", NONE, "(core func $yield (canon thread.yield))"),
        part("counts its threads", NONE, "(core func $count (canon thread.available_parallelism))"),
        row("lets its caller wait", Door, REFUSED, NONE, || {
            let ordinary = "(func $evaluate (param";
            let text = Guest::default().text();
            assert!(text.contains(ordinary));
            parse(&text.replace(ordinary, "(func $evaluate async (param"))
        }),
        // A resource of its own is allowed by the component model, and of no use to a governor.
        guest("keeps resources of its own", Harmless, HARMLESS, "", Guest {
            parts: "(type $thing (resource (rep i32))) (core func $new (canon resource.new $thing)) (core func $drop (canon resource.drop $thing))",
            ..Guest::default()
        }),
        guest("drops a resource that it never had", Contract, "bad-answer", "unknown handle", Guest {
            parts: "(type $thing (resource (rep i32))) (core func $drop (canon resource.drop $thing))",
            imports: r#"(import "own" "drop" (func $let-go (param i32)))"#,
            with: r#"(with "own" (instance (export "drop" (func $drop))))"#,
            evaluate: "(call $let-go (i32.const 7)) (i32.const 256)", ..Guest::default()
        }),
        guest("makes resources without end", Memory, "bad-answer", "handle limit exceeded", Guest {
            parts: "(type $thing (resource (rep i32))) (core func $new (canon resource.new $thing))",
            imports: r#"(import "own" "new" (func $make (param i32) (result i32)))"#,
            with: r#"(with "own" (instance (export "new" (func $new))))"#,
            evaluate: "(loop $again (drop (call $make (i32.const 7))) (br $again)) (unreachable)", ..Guest::default()
        }),
    ]
}
