//! What a governor is told, what it answers, and that nothing else reaches it.

use std::thread;

use serde_json::json;
use syndic_core::decision::{Decision, Reason, Verdict, Write};
use syndic_core::fact::{FactName, Scope};
use syndic_core::ports::{EffectResult, GovernorRuntime, Question};
use syndic_ledger::sha256;
use syndic_runtime::Level;

use crate::guest::{APPROVE, Guest, evaluating};
use crate::world::{World, context};

#[test]
fn a_governor_that_says_yes_says_nothing_else() {
    let called = World::with(&evaluating(APPROVE)).evaluate();
    assert_eq!(called.answer.unwrap(), Decision { verdict: Verdict::Approve, ..Decision::abstain() });
    assert!(called.fuel > 0);
}

/// Refuses with the subject as code and the lane's time as sentence, and sets `billing.m` to the value of `billing.n`.
#[test]
fn what_it_is_told_and_what_it_reads_comes_back_in_its_decision() {
    let guest = Guest {
        evaluate: "
            (i32.store (i32.const 260) (i32.const 2))
            (i32.store (i32.const 264) (local.get 6)) (i32.store (i32.const 268) (local.get 7))
            (i32.store (i32.const 272) (local.get 12)) (i32.store (i32.const 276) (local.get 13))
            (call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200))
            (i32.store (i32.const 280) (i32.const 4304)) (i32.store (i32.const 284) (i32.const 1))
            (i32.store (i32.const 4316) (i32.const 4112)) (i32.store (i32.const 4320) (i32.const 9))
            (i32.store (i32.const 4324) (i32.load (i32.const 4224)))
            (i32.store (i32.const 4328) (i32.load (i32.const 4228)))
            (i32.const 256)",
        more: r#"(data (i32.const 4096) "billing.n") (data (i32.const 4112) "billing.m")"#,
        ..Guest::default()
    };
    let decision = World::with(&guest.build()).evaluate().answer.unwrap();
    let reason = Reason { code: "cust-1".to_owned(), message: "2026-01-02T03:04:06Z".to_owned() };
    assert_eq!(decision.verdict, Verdict::Refuse(reason));
    let fact = FactName { scope: Scope::Customer, name: "billing.m".to_owned() };
    assert_eq!(decision.writes, [Write::Set { fact, value: json!({"n": 7}).into() }]);
}

/// Approves where the first result was accepted, abstains where not.
#[test]
fn feedback_hears_what_the_service_said() {
    let feedback = "
        (i32.store (i32.const 260) (i32.eqz (i32.load8_u offset=24 (i32.load offset=64 (local.get 0)))))
        (i32.const 256)";
    let world = World::with(&Guest { feedback, ..Guest::default() }.build());
    for (accepted, verdict) in [(true, Verdict::Approve), (false, Verdict::Abstain)] {
        let result = EffectResult {
            id: "kyc".to_owned(),
            action: "kyc-check".to_owned(),
            key: sha256(b"key"),
            accepted,
            body: "{}".to_owned(),
        };
        let decision = world.ask(Question::Feedback(context(), vec![result])).answer.unwrap();
        assert_eq!(decision.verdict, verdict);
    }
}

/// Logs the configuration it reads, or nothing where there is none.
#[test]
fn its_configuration_and_its_log_are_its_slots() {
    let evaluate = "
        (call $config (i32.const 4096) (i32.const 8) (i32.const 4200))
        (call $log (i32.const 1) (i32.load (i32.const 4204)) (i32.load (i32.const 4208)))
        (call $log (i32.const 3) (i32.const 4112) (i32.const 7))
        (call $log (i32.const 0) (i32.const 8192) (i32.const 5000))
        (i32.const 256)";
    let more = r#"(data (i32.const 4096) "greeting") (data (i32.const 4112) "a\0ab\1b[2J")"#;
    let world = World::with(&Guest { evaluate, more, ..Guest::default() }.build());
    world.evaluate().answer.unwrap();
    let lines = world.lines();
    assert_eq!(lines[0], (Level::Info, "hello".to_owned()));
    assert_eq!(lines[1], (Level::Error, r"a\nb\u{1b}[2J".to_owned()));
    assert_eq!(lines[2], (Level::Debug, format!("{}…", r"\u{0}".repeat(4096))));
}

#[test]
fn a_call_that_floods_the_log_is_cut_off_once() {
    let evaluate = "
        (local $n i32)
        (loop $again
          (call $log (i32.const 1) (i32.const 4096) (i32.const 1))
          (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
        (i32.const 256)";
    let world = World::with(&Guest { evaluate, more: r#"(data (i32.const 4096) "x")"#, ..Guest::default() }.build());
    world.evaluate().answer.unwrap();
    assert_eq!(world.lines().len(), 257);
    assert!(world.lines()[256].1.contains("the rest are dropped"));
}

/// Counts its calls in a global, a table and its memory, and traps when it finds that it was called before.
#[test]
fn every_call_finds_the_instance_as_it_was_built() {
    let guest = Guest {
        evaluate: "
            (if (i32.or (global.get $calls) (i32.load (i32.const 100000))) (then (unreachable)))
            (if (i32.eqz (ref.is_null (table.get $t (i32.const 0)))) (then (unreachable)))
            (global.set $calls (i32.const 1))
            (i32.store (i32.const 100000) (i32.const 1))
            (table.set $t (i32.const 0) (ref.func $f))
            (i32.const 256)",
        more: "(global $calls (mut i32) (i32.const 0)) (table $t 4 funcref) (func $f) (elem declare func $f)",
        ..Guest::default()
    };
    let world = World::with(&guest.build());
    for _ in 0..200 {
        world.evaluate().answer.unwrap();
    }
}

#[test]
fn the_same_question_gives_the_same_answer_for_the_same_fuel() {
    let evaluate = "
        (local $n i32)
        (loop $again (br_if $again (i32.lt_u
          (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.wrap_i64 (local.get 14)))))
        (i32.const 256)";
    let (one, other) = (World::with(&evaluating(evaluate)), World::with(&evaluating(evaluate)));
    let first = one.evaluate();
    for again in [one.evaluate(), other.evaluate()] {
        assert_eq!((first.answer.clone(), first.fuel), (again.answer, again.fuel));
    }
    assert_eq!(one.runtime.engine_hash(), other.runtime.engine_hash());
    let mut longer = context();
    longer.seed += 1;
    assert!(one.ask(Question::Evaluate(longer)).fuel > first.fuel, "fuel is what was done, not a flat fee");
}

/// More threads than the pool has places, while the slot's governor is replaced under them.
#[test]
fn swapping_under_traffic_loses_no_call() {
    let component = |version| Guest { version, ..Guest::default() }.build();
    let world = World::with(&component("1.0.0"));
    thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| {
                for _ in 0..100 {
                    assert_eq!(world.evaluate().answer.unwrap().verdict, Verdict::Approve);
                }
            });
        }
        for nth in 0..20 {
            world.install(&component(if nth % 2 == 0 { "1.0.1" } else { "1.0.0" }));
        }
    });
    assert_eq!(world.version().manifest.version, "1.0.0");
}
