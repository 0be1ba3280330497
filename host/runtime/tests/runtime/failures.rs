//! Every way a governor can fail has one class and one sentence, and leaves the next call alone.

use syndic_core::ports::FailureClass::{self, *};

use crate::guest::{APPROVE, FAULT, Guest, evaluating};
use crate::world::World;

/// Loops for ever.
const SPIN: &str = "(loop $again (br $again)) (unreachable)";

/// Asks a component twice, for it to fail the same way with the same sentence and fuel, and then a good one.
fn check(guest: &Guest<'_>, class: FailureClass, sentence: &str) {
    let world = World::with(&guest.build());
    let (first, second) = (world.evaluate(), world.evaluate());
    let failure = first.answer.unwrap_err();
    assert_eq!((failure.class, failure.reason.as_str()), (class, sentence));
    assert_eq!((failure, first.fuel), (second.answer.unwrap_err(), second.fuel));
    world.install(&evaluating(APPROVE));
    world.evaluate().answer.unwrap();
}

fn check_body(evaluate: &str, class: FailureClass, sentence: &str) {
    check(&Guest { evaluate, ..Guest::default() }, class, sentence);
}

#[test]
fn a_loop_burns_all_its_fuel_and_exactly_that() {
    check_body(SPIN, OutOfFuel, "it burned all its 20000000 units of fuel, in `evaluate`");
    let mut world = World::with(&evaluating(SPIN));
    for fuel_max in [1_000, 1_001, 50_000] {
        world.limits.fuel_max = fuel_max;
        assert_eq!(world.fails().class, OutOfFuel);
        assert_eq!(world.evaluate().fuel, fuel_max);
    }
}

#[test]
fn a_loop_with_fuel_for_years_ends_at_its_deadline() {
    let mut world = World::with(&evaluating(SPIN));
    world.limits.fuel_max = u64::MAX / 2;
    world.limits.deadline_ms = 20;
    let failure = world.fails();
    assert_eq!((failure.class, failure.reason.as_str()), (Deadline, "it ran into its deadline of 20 ms"));
}

#[test]
fn a_recursion_without_end_ends() {
    let more = "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))";
    let evaluate = "(call $deeper (i32.const 1))";
    let guest = Guest { evaluate, more, ..Guest::default() };
    check(&guest, StackOverflow, "its stack overflowed, in `deeper`");
}

#[test]
fn a_memory_that_outgrows_its_slot_ends_the_call() {
    let sentence = "it asked for more than the 67108864 bytes of memory that its slot allows, in `evaluate`";
    let page_by_page = "(loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable)";
    let at_once = "(drop (memory.grow (i32.const 60000))) (i32.const 256)";
    check_body(page_by_page, OutOfMemory, sentence);
    check_body(at_once, OutOfMemory, sentence);
}

/// Each of the two memories alone would fit.
#[test]
fn several_memories_share_one_limit() {
    let guest = Guest {
        parts: r#"
            (core module $other (memory 1)
              (func $swell (export "grow") (param i32) (drop (memory.grow (local.get 0)))))
            (core instance $other (instantiate $other))"#,
        imports: r#"(import "other" "grow" (func $grow (param i32)))"#,
        with: r#"(with "other" (instance $other))"#,
        evaluate: "(drop (memory.grow (i32.const 600))) (call $grow (i32.const 600)) (i32.const 256)",
        ..Guest::default()
    };
    let sentence = "it asked for more than the 67108864 bytes of memory that its slot allows, in `swell`";
    check(&guest, OutOfMemory, sentence);
}

#[test]
fn tables_count_as_memory() {
    let more = "(table $t 1 funcref)";
    let evaluate = "(drop (table.grow $t (ref.null func) (i32.const 60000))) (i32.const 256)";
    let mut world = World::with(&Guest { evaluate, more, ..Guest::default() }.build());
    world.evaluate().answer.unwrap();
    world.limits.memory_max_bytes = 512 * 1024;
    assert_eq!(world.fails().class, OutOfMemory);
    let evaluate = "(drop (table.grow $t (ref.null func) (i32.const 70000))) (i32.const 256)";
    let sentence = "it asked for a table of more than 65536 elements, in `evaluate`";
    check(&Guest { evaluate, more, ..Guest::default() }, OutOfMemory, sentence);
}

/// A bound that the component declares is part of the component: it may look at the −1 and go on.
#[test]
fn growth_beyond_a_bound_of_its_own_is_an_answer() {
    let more = "(table $t 1 8 funcref)";
    let evaluate = "
        (if (i32.ne (table.grow $t (ref.null func) (i32.const 8)) (i32.const -1)) (then (unreachable)))
        (i32.const 256)";
    World::with(&Guest { evaluate, more, ..Guest::default() }.build()).evaluate().answer.unwrap();
}

#[test]
fn a_panic_says_who_panicked_and_what_it_logged() {
    let guest = Guest {
        evaluate: "(call $log (i32.const 3) (i32.const 4096) (i32.const 24)) (call $divide_the_bill) (i32.const 256)",
        more: r#"(data (i32.const 4096) "no seats (src/lib.rs:7)\0a")
                 (func $core::panicking::panic_fmt (unreachable))
                 (func $divide_the_bill (call $core::panicking::panic_fmt))"#,
        ..Guest::default()
    };
    let sentence = "it executed `unreachable`, in `divide_the_bill`, after it logged: no seats (src/lib.rs:7)\\n";
    check(&guest, Unreachable, sentence);
}

#[test]
fn other_traps_are_named() {
    let by_zero = "(i32.div_u (i32.const 1) (i32.const 0))";
    check_body(by_zero, Trap, "it trapped: integer divide by zero, in `evaluate`");
    check_body("(i32.load (i32.const -8))", Trap, "it trapped: out of bounds memory access, in `evaluate`");
}

#[test]
fn an_answer_that_is_not_one_is_named() {
    let unread = "what it handed over cannot be read";
    for (evaluate, cause) in [
        // A note whose bytes are no UTF-8.
        (
            "(i32.store8 (i32.const 4096) (i32.const 255)) (i32.store (i32.const 312) (i32.const 1))
             (i32.store (i32.const 316) (i32.const 4096)) (i32.store (i32.const 320) (i32.const 1)) (i32.const 256)",
            "invalid utf-8",
        ),
        // A verdict of no known kind.
        ("(i32.store8 (i32.const 260) (i32.const 9)) (i32.const 256)", ""),
        // A list that lies outside of the memory.
        ("(i32.store (i32.const 280) (i32.const 8)) (i32.store (i32.const 284) (i32.const 99999)) (i32.const 256)", ""),
        // An answer that does.
        ("(i32.const -4)", ""),
        // A note of a million bytes and more.
        (
            "(drop (memory.grow (i32.const 32))) (i32.store (i32.const 312) (i32.const 1))
             (i32.store (i32.const 316) (i32.const 0)) (i32.store (i32.const 320) (i32.const 1500000)) (i32.const 256)",
            "too much data",
        ),
    ] {
        let failure = World::with(&evaluating(evaluate)).fails();
        assert_eq!(failure.class, BadAnswer, "{failure:?}");
        assert!(failure.reason.starts_with(unread) && failure.reason.contains(cause), "{failure:?}");
    }
}

/// Claims a key with content that is no JSON.
#[test]
fn a_text_that_is_not_json_is_a_bad_answer_that_names_the_member() {
    let guest = Guest {
        evaluate: "
            (i32.store (i32.const 280) (i32.const 4304)) (i32.store (i32.const 284) (i32.const 1))
            (i32.store (i32.const 4304) (i32.const 6))
            (i32.store (i32.const 4312) (i32.const 4096)) (i32.store (i32.const 4316) (i32.const 1))
            (i32.store (i32.const 4320) (i32.const 4100)) (i32.store (i32.const 4324) (i32.const 3))
            (i32.const 256)",
        more: r#"(data (i32.const 4096) "k") (data (i32.const 4100) "1.5")"#,
        ..Guest::default()
    };
    let sentence = "its answer's writes[0].content is not JSON of the contract: \
                    a number is not an integer within ±(2^53 − 1) written without fraction or exponent";
    let failure = World::with(&guest.build()).fails();
    assert_eq!(failure.class, BadAnswer);
    assert!(failure.reason.starts_with(sentence), "{}", failure.reason);
}

#[test]
fn a_fault_is_told_in_its_own_words() {
    check_body(FAULT, Fault, "it reported `broken-fact`: it is 7");
}

#[test]
fn a_read_of_what_it_does_not_declare_ends_the_call() {
    let evaluate = "
        (call $read (i32.const 1) (i32.const 4096) (i32.const 12) (i32.const 4200))
        (i32.const 256)";
    let guest = Guest { evaluate, more: r#"(data (i32.const 4096) "secret.thing")"#, ..Guest::default() };
    let sentence = "it read `secret.thing`, which its manifest does not declare, in `evaluate`";
    check(&guest, UndeclaredRead, sentence);
}

/// The host's own work is work, too: a loop of calls with long texts ends about when a loop of copying them would.
#[test]
fn a_call_of_the_host_is_paid_for_by_its_length() {
    let logs = |length: u32| {
        let evaluate = format!("(call $log (i32.const 1) (i32.const 4096) (i32.const {length})) (i32.const 256)");
        World::with(&evaluating(&evaluate)).evaluate().fuel
    };
    assert_eq!(logs(1_001) - logs(1), 1_000);
    let silent = World::with(&evaluating(APPROVE)).evaluate().fuel;
    assert!(logs(0) - silent >= 500, "a call costs 500, however short");
    let reads = |name: &str| {
        let evaluate = "(call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200)) (i32.const 256)";
        let more = format!("(data (i32.const 4096) \"{name}\")");
        World::with(&Guest { evaluate, more: &more, ..Guest::default() }.build()).evaluate().fuel
    };
    assert!(reads("billing.n") - reads("billing.x") >= 16, "what it is handed costs too");
}

#[test]
fn a_call_that_reads_without_end_is_stopped() {
    let evaluate = "
        (loop $again
          (call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200))
          (br $again))
        (unreachable)";
    let guest = Guest { evaluate, more: r#"(data (i32.const 4096) "billing.x")"#, ..Guest::default() };
    let sentence = "it read more than 1024 facts, or by names of more than 262144 bytes, in one call, in `evaluate`";
    check(&guest, BadAnswer, sentence);
}
