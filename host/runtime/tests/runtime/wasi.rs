//! A slot with `wasi = "deterministic"` has a world that is the same whenever an event is judged, and not much of it.

use syndic_core::config::Wasi;
use syndic_core::decision::Write;
use syndic_core::ports::{Called, FailureClass, Question};
use syndic_runtime::Level;

use crate::guest::{APPROVE, Guest, words};
use crate::world::{World, context};

/// What a guest imports of WASI, in one of its versions, and how its module calls it.
const PARTS: &str = r#"
    (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock (export "now" (func (result u64)))))
    (import "wasi:random/random@0.2.9" (instance $random (export "get-random-u64" (func (result u64)))))
    (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
    (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
    (alias export $error "error" (type $trouble))
    (import "wasi:io/streams@0.2.3" (instance $streams
      (export "output-stream" (type $stream (sub resource)))
      (alias outer 1 $trouble (type $trouble'))
      (export "error" (type $trouble'' (eq $trouble')))
      (type $why' (variant (case "last-operation-failed" (own $trouble'')) (case "closed")))
      (export "stream-error" (type $why (eq $why')))
      (export "[method]output-stream.blocking-write-and-flush"
        (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $why)))))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stderr@0.2.3" (instance $stderr
      (alias outer 1 $stream (type $stream'))
      (export "output-stream" (type $stream'' (eq $stream')))
      (export "get-stderr" (func (result (own $stream''))))))
    (import "wasi:sockets/network@0.2.3" (instance $network (export "network" (type (sub resource)))))
    (alias export $network "network" (type $net))
    (import "wasi:sockets/instance-network@0.2.3" (instance $open
      (alias outer 1 $net (type $net'))
      (export "network" (type $net'' (eq $net')))
      (export "instance-network" (func (result (own $net''))))))
    (core func $now (canon lower (func $clock "now")))
    (core func $chance (canon lower (func $random "get-random-u64")))
    (core func $leave (canon lower (func $exit "exit")))
    (core func $stderr (canon lower (func $stderr "get-stderr")))
    (core func $dial (canon lower (func $open "instance-network")))
    (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
      (memory $memory) (realloc $realloc)))"#;

const IMPORTS: &str = r#"
    (import "wasi" "now" (func $now (result i64))) (import "wasi" "chance" (func $chance (result i64)))
    (import "wasi" "exit" (func $exit (param i32))) (import "wasi" "stderr" (func $stderr (result i32)))
    (import "wasi" "dial" (func $dial (result i32))) (import "wasi" "write" (func $write (param i32 i32 i32 i32)))"#;

const WITH: &str = r#"
    (with "wasi" (instance (export "now" (func $now)) (export "chance" (func $chance)) (export "exit" (func $leave))
      (export "stderr" (func $stderr)) (export "dial" (func $dial)) (export "write" (func $write))))"#;

fn guest<'a>(evaluate: &'a str, more: &'a str) -> Guest<'a> {
    Guest { evaluate, more, parts: PARTS, imports: IMPORTS, with: WITH, ..Guest::default() }
}

/// A world whose slot has WASI, with this governor in it.
fn world(guest: &Guest<'_>) -> World {
    let mut world = World::new();
    world.limits.wasi = Wasi::Deterministic;
    world.install(&guest.build());
    world
}

/// A governor that steps `billing.n` by what a body leaves as an i64.
fn stepping(by: &str) -> World {
    let evaluate = format!("(i64.store (i32.const 4328) {by}) (i32.const 256)");
    let more = format!(
        r#"(data (i32.const 280) "{}") (data (i32.const 4304) "{}") (data (i32.const 4200) "billing.n")"#,
        words(&[4304, 1]),
        words(&[3, 0, 0, 4200, 9])
    );
    world(&guest(&evaluate, &more))
}

fn step(called: Called) -> i64 {
    match called.answer.unwrap().writes[..] {
        [Write::Increase { by, .. }] => by,
        ref writes => panic!("{writes:?}"),
    }
}

#[test]
fn the_clock_stands_at_the_lanes_time() {
    let world = stepping("(i64.div_u (call $now) (i64.const 1000000))");
    assert_eq!(step(world.evaluate()), context().now.ms());
    let twice = stepping("(i64.sub (call $now) (call $now))");
    assert_eq!(step(twice.evaluate()), 0, "and it does not go on while somebody judges");
}

#[test]
fn chance_is_the_events() {
    let world = stepping("(i64.shr_u (call $chance) (i64.const 12))");
    let (first, again) = (world.evaluate(), world.evaluate());
    assert_eq!(first.fuel, again.fuel);
    let first = step(first);
    assert_eq!(first, step(again));
    let mut other = context();
    other.seed += 1;
    assert_ne!(first, step(world.ask(Question::Evaluate(other))));
    let twice = stepping("(i64.shr_u (i64.xor (call $chance) (call $chance)) (i64.const 12))");
    assert_ne!(step(twice.evaluate()), 0, "and it is not one number");
}

#[test]
fn what_it_prints_is_logged_and_says_why_it_failed() {
    let more = r#"(data (i32.const 4200) "no seats\nTypeError: seats")"#;
    let prints = "(call $write (call $stderr) (i32.const 4200) (i32.const 25) (i32.const 4400))";
    let whole = world(&guest(&format!("{prints} {APPROVE}"), more));
    whole.evaluate().answer.unwrap();
    let lines = ["no seats", "TypeError: seats"].map(|line| (Level::Warn, line.to_owned()));
    assert_eq!(whole.lines(), lines, "a line that is not ended is one too");
    let more = r#"(data (i32.const 4200) "TypeError: seats\n        ")"#;
    let failure = world(&guest(&format!("{prints} (unreachable)"), more)).fails();
    assert!(failure.reason.ends_with("after it logged: TypeError: seats"), "{}", failure.reason);
}

#[test]
fn leaving_and_whatever_else_there_is_not_ends_the_call_by_name() {
    let failure = world(&guest("(call $exit (i32.const 0)) (i32.const 256)", "")).fails();
    assert_eq!(failure.class, FailureClass::Trap);
    assert!(failure.reason.starts_with("it ended itself with `exit`"), "{}", failure.reason);
    let failure = world(&guest("(drop (call $dial)) (i32.const 256)", "")).fails();
    let named =
        "it called `wasi:sockets/instance-network.instance-network`, and `wasi = \"deterministic\"` has no files";
    assert_eq!((failure.class, failure.reason.starts_with(named)), (FailureClass::Trap, true), "{}", failure.reason);
}

#[test]
fn describing_itself_finds_the_same_world_always() {
    let describe =
        "(if (i64.ne (call $now) (i64.const 0)) (then (unreachable))) (drop (call $chance)) (i32.const 1024)";
    world(&Guest { describe, ..guest("", "") }).evaluate().answer.unwrap();
}

#[test]
fn what_it_may_import_is_wasi_of_the_second_preview_and_only_where_its_slot_says_so() {
    World::new().refuses(&guest("", "").build()).find("`wasi = \"deterministic\"` (`--wasi SLOT`)").unwrap();
    let mut world = World::new();
    world.limits.wasi = Wasi::Deterministic;
    for import in ["wasi:cli/environment@0.3.0", "wasi:nn/graph@0.2.0", "launch"] {
        let parts = format!("(import \"{import}\" (instance))");
        let told = world.refuses(&Guest { parts: &parts, ..Guest::default() }.build());
        assert!(told.contains(&format!("it imports `{import}`")) && !told.contains("--wasi"), "{told}");
    }
    let parts = r#"(import "wasi:random/random@0.2.0" (instance (export "get-random-u64" (func (result string)))))"#;
    let told = world.refuses(&Guest { parts, ..Guest::default() }.build());
    assert!(told.contains("random"), "one that has another idea of it: {told}");
}
