//! Those that are no governors: they want what there is not, or export what nobody asks for.

use crate::guest::{APPROVE, Guest, evaluating};
use crate::row::Limit::{Door, Harmless};
use crate::row::{HARMLESS, REFUSED, Row, parse, refused, row};

/// A governor beside this part of a component.
fn beside(parts: &str) -> Vec<u8> {
    Guest { parts, ..Guest::default() }.build()
}

/// A row of a governor that is refused for one part of it.
fn part(does: &'static str, says: &'static str, parts: &'static str) -> Row {
    row(does, Door, REFUSED, says, move || beside(parts))
}

/// A governor in whose text one thing is another.
fn but(ordinary: &'static str, other: &str) -> Vec<u8> {
    let text = Guest::default().text();
    assert!(text.contains(ordinary), "no governor says {ordinary}");
    parse(&text.replace(ordinary, other))
}

fn swapped(does: &'static str, says: &'static str, ordinary: &'static str, other: &'static str) -> Row {
    row(does, Door, REFUSED, says, move || but(ordinary, other))
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // ── imports ─────────────────────────────────────────────────────────────────────────────────────────────────
        part("wants the environment", "it imports `wasi:cli/environment@0.2.6`", r#"(import "wasi:cli/environment@0.2.6" (instance (export "get" (func (result string)))))"#),
        part("wants the network", "it imports `wasi:sockets/tcp@0.2.0`", r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#),
        part("wants something unheard of", "it imports `launch`", r#"(import "launch" (func))"#),
        part("wants a function that the host does not have", "it imports `dial`", r#"(import "syndic:governor/host@1.9.0" (instance (export "dial" (func))))"#),
        part("wants a host of another contract", "this host offers version 1", r#"(import "syndic:governor/host@2.0.0" (instance))"#),
        part("wants a host of no version", "it imports `syndic:governor/host`", r#"(import "syndic:governor/host" (instance))"#),
        part("wants to be judged itself", "it imports `syndic:governor/judge@1.0.0`", r#"(import "syndic:governor/judge@1.0.0" (instance))"#),
        part("wants a module", "it imports `code`", r#"(import "code" (core module))"#),
        part("wants a component", "not supported", r#"(import "code" (component))"#),
        part("wants a resource", "it imports `thing`", r#"(import "thing" (type (sub resource)))"#),
        part("wants a name that is a control character", "", "(import \"\\1b\" (func))"),
        swapped("thinks that the log takes a number", "", r#"(func (param "level" $level) (param "message" string))"#, r#"(func (param "level" $level) (param "message" u64))"#),
        swapped("thinks that a fact is a number", "", r#"(param "name" string) (result (option $fact))"#, r#"(param "name" string) (result (option u64))"#),
        swapped("thinks that there is a fifth level", "", r#"(enum "debug" "info" "warn" "error")"#, r#"(enum "debug" "info" "warn" "error" "fatal")"#),
        swapped("thinks that the host's types hold a resource", "", r#"(export "fault" (type (eq $fault')))"#, r#"(export "fault" (type (eq $fault'))) (export "door" (type (sub resource)))"#),
        // ── exports ─────────────────────────────────────────────────────────────────────────────────────────────────
        refused("exports nothing", "lacks `describe`, `evaluate`, `feedback`, `migrate`", || "(component)".to_owned()),
        row("does not hear back", Door, REFUSED, "lacks `feedback`", || Guest { without: "feedback", ..Guest::default() }.build()),
        row("does not judge", Door, REFUSED, "lacks `evaluate`", || Guest { without: "evaluate", ..Guest::default() }.build()),
        row("was built against another contract", Door, REFUSED, "this host offers version 1", || Guest { contract: "2.0.0", ..Guest::default() }.build()),
        refused("exports functions of other types", "build it again", || other_types("(export \"evaluate\" (func $f))")),
        refused("exports a type for a function", "", || other_types("(export \"evaluate\" (type $number))")),
        refused("exports a module for `judge`", "this host asks version 1", || r#"(component (core module $m) (export "syndic:governor/judge@1.0.0" (core module $m)))"#.to_owned()),
        refused("exports a function for `judge`", "this host asks version 1", || r#"(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
            (func $f (canon lift (core func $m "f"))) (export "syndic:governor/judge@1.0.0" (func $f)))"#.to_owned()),
        refused("exports a resource for a function", "", || other_types("(export \"evaluate\" (type $thing))")),
        swapped("answers with a text", "", "(result (result $decision (error $fault)))\n    (canon lift (core func $governor \"evaluate\")", "(result string)\n    (canon lift (core func $governor \"evaluate\")"),
        swapped("wants to know more than it is told", "", "(func $migrate (param \"from-schema\" u32)", "(func $migrate (param \"from-schema\" u64)"),
        row("exports what nobody asks for", Harmless, HARMLESS, "", || but("(instance $judge ", "(export $extra \"extra\" (func $migrate)) (instance $judge ")),
        // ── within one another ──────────────────────────────────────────────────────────────────────────────────────
        row("holds ten components, one in the other", Harmless, HARMLESS, "", || beside(&nested(10))),
        row("holds 20,000 components, one in the other", Door, REFUSED, "compose it of fewer parts", || nested_binary(20_000)),
        row("holds components that double thirty times", Door, REFUSED, "compose it of fewer parts", || beside(&doubling(30))),
        row("holds types that double forty times", Door, REFUSED, "", || beside(&doubling_types(40))),
        row("holds a list of lists, 150 deep", Door, REFUSED, "", || {
            let mut parts = "(type $t0 (list u8))".to_owned();
            (1..150).for_each(|nth| parts.push_str(&format!("(type $t{nth} (list $t{}))", nth - 1)));
            beside(&parts)
        }),
        row("asks a component inside it", Door, REFUSED, "has code of its own", || beside(INSIDE)),
        row("tells a component inside it 16 megabytes", Door, REFUSED, "has code of its own", || whispers("utf8")),
        row("tells it in another encoding", Door, REFUSED, "has code of its own", || whispers("utf16")),
        row("asks itself through the contract", Door, REFUSED, "the compiler cannot make anything of it", || beside(ITSELF)),
        row("is as it should be", Harmless, HARMLESS, "", || evaluating(APPROVE)),
    ]
}

/// A component whose `judge` has this for `evaluate`.
fn other_types(evaluate: &str) -> String {
    format!(
        r#"(component
          (core module $m (func (export "f")))
          (core instance $m (instantiate $m))
          (func $f (canon lift (core func $m "f")))
          (type $number u32) (type $thing (resource (rep i32)))
          (instance $judge (export "describe" (func $f)) {evaluate}
            (export "feedback" (func $f)) (export "migrate" (func $f)))
          (export "syndic:governor/judge@1.0.0" (instance $judge)))"#
    )
}

fn nested(depth: usize) -> String {
    "(component ".repeat(depth) + &")".repeat(depth)
}

/// Deeper than the text format's reader goes itself.
fn nested_binary(depth: usize) -> Vec<u8> {
    const HEAD: [u8; 8] = *b"\0asm\x0d\0\x01\0";
    const COMPONENT: u8 = 4;
    let mut bytes = HEAD.to_vec();
    for _ in 0..depth {
        let mut outer = HEAD.to_vec();
        outer.push(COMPONENT);
        let mut length = bytes.len();
        loop {
            let more = length >> 7 > 0;
            outer.push((length & 0x7f) as u8 | if more { 0x80 } else { 0 });
            length >>= 7;
            if !more {
                break;
            }
        }
        outer.extend_from_slice(&bytes);
        bytes = outer;
    }
    bytes
}

/// Each component holds two of the next: at the bottom there are 2^n.
fn doubling(depth: usize) -> String {
    let mut text = "(component $c0)".to_owned();
    for nth in 1..=depth {
        let below = nth - 1;
        text.push_str(&format!(
            "(component $c{nth} (alias outer 1 $c{below} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))"
        ));
    }
    format!("{text} (instance (instantiate $c{depth}))")
}

/// Each type holds two of the one before.
fn doubling_types(depth: usize) -> String {
    let mut text = "(type $t0 (record (field \"a\" u8) (field \"b\" u8)))".to_owned();
    for nth in 1..=depth {
        let below = nth - 1;
        text.push_str(&format!("(type $t{nth} (record (field \"a\" $t{below}) (field \"b\" $t{below})))"));
    }
    text
}

/// One component lifts a function, another lowers it: a call from the one into the other, which nobody makes.
const INSIDE: &str = r#"
    (component $inner
      (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $m))
      (func (export "f") (param "n" u32) (result u32) (canon lift (core func $m "f"))))
    (instance $inner (instantiate $inner))
    (core func $lowered (canon lower (func $inner "f")))
    (core module $caller (import "inner" "f" (func (param i32) (result i32))))
    (core instance (instantiate $caller (with "inner" (instance (export "f" (func $lowered))))))"#;

/// It lowers the function that it lifts: a call from itself to itself, from one memory into the same.
const ITSELF: &str = r#"
    (core module $mouth (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
      (func (export "hear") (param i32 i32)))
    (core instance $mouth (instantiate $mouth))
    (func $said (param "text" string) (canon lift (core func $mouth "hear")
      (memory (core memory $mouth "memory")) (realloc (core func $mouth "realloc"))))
    (core func $hear (canon lower (func $said) (memory $memory) (realloc $realloc)))
    (core module $ear (import "own" "hear" (func (param i32 i32))))
    (core instance (instantiate $ear (with "own" (instance (export "hear" (func $hear))))))"#;

/// A governor that calls a component inside it, again and again, with a text of 16 megabytes.
fn whispers(encoding: &str) -> Vec<u8> {
    let parts = format!(
        r#"
        (component $ear
          (core module $m (memory (export "memory") 560)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
            (func (export "hear") (param i32 i32)))
          (core instance $m (instantiate $m))
          (func (export "hear") (param "text" string)
            (canon lift (core func $m "hear") (memory (core memory $m "memory")) (realloc (core func $m "realloc")) string-encoding={encoding})))
        (instance $ear (instantiate $ear))
        (core func $hear (canon lower (func $ear "hear") (memory $memory) (realloc $realloc)))"#
    );
    let guest = Guest {
        parts: &parts,
        imports: r#"(import "ear" "hear" (func $hear (param i32 i32)))"#,
        with: r#"(with "ear" (instance (export "hear" (func $hear))))"#,
        evaluate: "(drop (memory.grow (i32.const 300)))
            (loop $again (call $hear (i32.const 262144) (i32.const 16777216)) (br $again)) (unreachable)",
        ..Guest::default()
    };
    guest.build()
}
