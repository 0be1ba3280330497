//! What may be installed, and what a stranger is told whose component may not.

use std::sync::Arc;

use syndic_core::Verdict;
use syndic_core::ports::{Code, GovernorRuntime, Installed, Question};
use syndic_ledger::sha256;

use crate::guest::{APPROVE, FAULT, Guest, evaluating, words};
use crate::world::{Known, World, context};

fn refused(guest: &Guest<'_>, sentence: &str) {
    let told = World::new().refuses(&guest.build());
    assert_eq!(told, format!("governor `billing` was not loaded: {sentence}"));
}

#[test]
fn what_a_governor_says_of_itself_is_kept_with_its_digest() {
    let component = evaluating(APPROVE);
    let world = World::with(&component);
    let installed = world.version();
    assert_eq!(installed.digest, sha256(&component));
    let manifest = &installed.manifest;
    assert_eq!((manifest.name.as_str(), manifest.version.as_str(), manifest.state_schema), ("Guest", "1.0.0", 1));
    assert_eq!(
        (manifest.kinds.as_slice(), manifest.effects.as_slice()),
        (&["Tested".to_owned()][..], &["mail".to_owned()][..])
    );
    assert_eq!((manifest.reads[0].name.as_str(), manifest.reads[0].exact), ("billing.*", false));
}

/// Its code is there as long as somebody holds it, and no longer.
#[test]
fn a_version_is_asked_for_as_long_as_it_is_held() {
    let world = World::with(&Guest { version: "1.0.0", ..Guest::default() }.build());
    let first = world.version();
    world.refuses(b"\0asm");
    world.install(&Guest { version: "2.0.0", evaluate: FAULT, ..Guest::default() }.build());
    assert!(world.evaluate().answer.is_err(), "the second is asked");
    let called = world.runtime.call(&first, &world.limits, Question::Evaluate(context()), Arc::new(Known));
    assert_eq!(called.answer.unwrap().verdict, Verdict::Approve, "and the first, by whoever began with it");
    let stranger = Installed { code: Code::none(), ..(*first).clone() };
    let called = world.runtime.call(&stranger, &world.limits, Question::Evaluate(context()), Arc::new(Known));
    assert!(called.answer.unwrap_err().reason.contains("was not loaded by this runtime"));
}

#[test]
fn what_is_not_a_component_is_refused_in_words() {
    let told = |bytes: &[u8]| World::new().refuses(bytes);
    assert!(told(b"hello").contains("it does not begin like WebAssembly"));
    assert!(told(&wat::parse_str("(module)").unwrap()).contains("it is a core module, not a component"));
    assert!(told(b"(component)").contains("it is WebAssembly text"));
    let mut torn = evaluating(APPROVE);
    torn.pop();
    let sentence = told(&torn);
    assert!(sentence.contains("it is not a component that this host can run"), "{sentence}");
}

/// A byte may be one of a name, so that some of these are governors still; none may take the host down.
#[test]
fn a_damaged_component_is_refused_or_harmless() {
    let (world, whole) = (World::new(), evaluating(APPROVE));
    for nth in (8..whole.len()).step_by(53) {
        let mut damaged = whole.clone();
        damaged[nth] ^= 0x15;
        let _ = world.load(&damaged);
        let _ = world.load(&whole[..nth]);
    }
    world.install(&whole);
}

#[test]
fn an_import_from_elsewhere_is_refused_by_name() {
    let parts = r#"(import "wasi:cli/environment@0.2.6" (instance (export "get" (func (result string)))))"#;
    refused(
        &Guest { parts, ..Guest::default() },
        "it imports `wasi:cli/environment@0.2.6`, and a governor may import only `syndic:governor/host` and \
         `syndic:governor/types`; build it without WASI (Rust: for `wasm32-unknown-unknown`), or let its slot have \
         `wasi = \"deterministic\"` (`--wasi SLOT`)",
    );
    let parts = r#"(import "launch" (func))"#;
    refused(
        &Guest { parts, ..Guest::default() },
        "it imports `launch`, and a governor may import only `syndic:governor/host` and `syndic:governor/types`; \
         drop the import and rebuild",
    );
    let parts = r#"(import "syndic:governor/host@1.9.0" (instance (export "dial" (func))))"#;
    refused(
        &Guest { parts, ..Guest::default() },
        "it imports `dial` of `syndic:governor/host@1.9.0`, which this host does not have yet",
    );
}

#[test]
fn a_contract_of_the_same_major_version_is_ours_and_another_is_not() {
    World::with(&Guest { contract: "1.0.7", ..Guest::default() }.build()).evaluate().answer.unwrap();
    World::with(&Guest { contract: "1.3.0", ..Guest::default() }.build()).evaluate().answer.unwrap();
    let told = World::new().refuses(&Guest { contract: "2.0.0", ..Guest::default() }.build());
    assert!(told.contains("@2.0.0`, and this host offers version 1"), "{told}");
}

#[test]
fn a_missing_export_is_refused_by_name() {
    refused(
        &Guest { without: "feedback", ..Guest::default() },
        "its `syndic:governor/judge@1.0.0` lacks `feedback`; export the world `governor` of `syndic:governor@1`",
    );
    let told = World::new().refuses(&wat::parse_str("(component)").unwrap());
    assert!(told.contains("lacks `describe`, `evaluate`, `feedback`, `migrate`"), "{told}");
}

#[test]
fn an_export_of_another_type_is_refused() {
    let text = r#"(component
      (core module $m (func (export "f")))
      (core instance $m (instantiate $m))
      (func $f (canon lift (core func $m "f")))
      (instance $judge (export "describe" (func $f)) (export "evaluate" (func $f))
        (export "feedback" (func $f)) (export "migrate" (func $f)))
      (export "syndic:governor/judge@1.0.0" (instance $judge)))"#;
    let told = World::new().refuses(&wat::parse_str(text).unwrap());
    assert!(told.contains("it cannot be instantiated") && told.contains("build it again"), "{told}");
}

#[test]
fn a_governor_that_cannot_start_is_not_loaded() {
    let more = "(func $spin (loop $again (br $again))) (start $spin)";
    refused(
        &Guest { more, ..Guest::default() },
        "its `describe` failed: it burned all its 20000000 units of fuel, in `spin`",
    );
    let parts = "(core module $huge (memory 2000)) (core instance (instantiate $huge))";
    refused(
        &Guest { parts, ..Guest::default() },
        "its `describe` failed: it asked for more than the 67108864 bytes of memory that its slot allows",
    );
    let parts = "(core module $m (memory 1)) (core instance (instantiate $m)) (core instance (instantiate $m))
                 (core instance (instantiate $m)) (core instance (instantiate $m))";
    refused(
        &Guest { parts, ..Guest::default() },
        "it has 5 memories and 0 tables, over 4 and 8; compose it of fewer parts",
    );
}

#[test]
fn what_it_says_of_itself_may_depend_on_nothing() {
    let describe = "(call $config (i32.const 4096) (i32.const 4) (i32.const 4200)) (i32.const 1024)";
    refused(
        &Guest { describe, more: r#"(data (i32.const 4096) "name")"#, ..Guest::default() },
        "its `describe` failed: it asked the host for `name` while describing itself, which may depend on nothing, \
         in `describe`",
    );
    let more = format!(r#"(data (i32.const 1032) "{}")"#, words(&[2048, 3]));
    let told = World::new().refuses(&Guest { more: &more, ..Guest::default() }.build());
    assert!(told.contains("its manifest is not one: its version `bro` is not a semantic version"), "{told}");
}

#[test]
fn what_would_hold_up_the_compiler_is_refused_before_it_is_compiled() {
    let mut parts = "(component $c0)".to_owned();
    for nth in 1..=30 {
        parts.push_str(&format!(
            "(component $c{nth} (alias outer 1 $c{} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))",
            nth - 1
        ));
    }
    refused(
        &Guest { parts: &parts, ..Guest::default() },
        "it has more than 20 instances of components, and compiling it could hold up this host; compose it of fewer parts",
    );
    let parts = "(core module $m) (component (alias outer 1 $m (core module $m)) (core instance (instantiate $m)))";
    refused(
        &Guest { parts, ..Guest::default() },
        "a component inside it has code of its own; link all code into one component",
    );
}

/// Lowering what is lifted would need two memories in one module, and the compiler panics when it finds that it has made
/// such a thing.
#[test]
fn a_compiler_that_panics_takes_nobody_with_it() {
    let parts = r#"
        (core module $mouth (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
          (func (export "hear") (param i32 i32)))
        (core instance $mouth (instantiate $mouth))
        (func $said (param "text" string) (canon lift (core func $mouth "hear")
          (memory (core memory $mouth "memory")) (realloc (core func $mouth "realloc"))))
        (core func $hear (canon lower (func $said) (memory $memory) (realloc $realloc)))
        (core module $ear (import "own" "hear" (func (param i32 i32))))
        (core instance (instantiate $ear (with "own" (instance (export "hear" (func $hear))))))"#;
    refused(
        &Guest { parts, ..Guest::default() },
        "it is not a component that this host can run: the compiler cannot make anything of it",
    );
}

#[test]
fn a_refusal_is_one_line_however_its_component_words_it() {
    let told = World::new().refuses(&Guest { version: "1\\0a.0\\1b", ..Guest::default() }.build());
    assert!(!told.contains(char::is_control), "{told}");
}
