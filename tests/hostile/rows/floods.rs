//! Those that keep the host busy: every call of a host function is cheap for the guest and must not be dear for the host.

use crate::guest::Guest;
use crate::row::Limit::{Clock, Contract, Door, Fuel, Memory};
use crate::row::{REFUSED, Row, body, guest, parse, row};

const ALL: &str = "it burned all its 20000000 units of fuel";
const LATE: &str = "it ran into its deadline of 250 ms";

/// What is handed to the guest goes to one place again and again, so that its memory does not run out.
const REUSED: &str = "(local.set $at (i32.const 65536))";

/// The name of the fact that has as many bytes as a fact may have.
const LARGE: &str = r#"(data (i32.const 4096) "billing.large")"#;

macro_rules! again {
    ($call:literal) => {
        concat!("(loop $again ", $call, " (br $again)) (unreachable)")
    };
}

/// With this much memory, texts of a megabyte can be handed over.
macro_rules! large_again {
    ($call:literal) => {
        concat!("(drop (memory.grow (i32.const 32))) (loop $again ", $call, " (br $again)) (unreachable)")
    };
}

const LOGS: &str = again!("(call $log (i32.const 1) (i32.const 4096) (i32.const 1))");
const LOGS_LARGE: &str = large_again!("(call $log (i32.const 1) (i32.const 0) (i32.const 1000000))");
const LOGS_CONTROLS: &str = again!("(call $log (i32.const 3) (i32.const 131072) (i32.const 4096))");
const READS_NOTHING: &str = again!("(call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200))");
const READS_LARGE: &str = again!("(call $read (i32.const 0) (i32.const 4096) (i32.const 13) (i32.const 4200))");
const READS_LONG: &str =
    large_again!("(call $read (i32.const 0) (i32.const 4096) (i32.const 1000000) (i32.const 4200))");
const READS_OTHERS: &str = again!(
    "(i32.store (i32.const 4104) (i32.add (i32.load (i32.const 4104)) (i32.const 1)))
     (i32.store8 (i32.const 4104) (i32.or (i32.and (i32.load8_u (i32.const 4104)) (i32.const 15)) (i32.const 64)))
     (i32.store8 (i32.const 4105) (i32.or (i32.and (i32.load8_u (i32.const 4105)) (i32.const 31)) (i32.const 64)))
     (i32.store8 (i32.const 4106) (i32.or (i32.and (i32.load8_u (i32.const 4106)) (i32.const 31)) (i32.const 64)))
     (i32.store8 (i32.const 4107) (i32.or (i32.and (i32.load8_u (i32.const 4107)) (i32.const 31)) (i32.const 64)))
     (call $read (i32.const 0) (i32.const 4096) (i32.const 12) (i32.const 4200))"
);
const ASKS_LONG: &str = large_again!("(call $config (i32.const 0) (i32.const 1000000) (i32.const 4200))");

/// Floods over a fact's name.
const fn over(evaluate: &'static str) -> Guest<'static> {
    Guest {
        evaluate,
        more: LARGE,
        realloc: REUSED,
        describe: "",
        feedback: "",
        version: "",
        kind: "",
        action: "",
        parts: "",
        imports: "",
        with: "",
        without: "",
        contract: "",
        lifted: "",
    }
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        guest("logs without end", Fuel, "out-of-fuel", ALL, over(LOGS)),
        guest("logs lines of a megabyte without end", Fuel, "out-of-fuel", ALL, over(LOGS_LARGE)),
        guest("logs control characters without end", Fuel, "out-of-fuel", ALL, over(LOGS_CONTROLS)),
        guest("reads what is not there without end", Contract, "bad-answer", "it read more than 1024 facts", over(READS_NOTHING)),
        guest("reads 60 kilobytes without end", Fuel, "out-of-fuel", ALL, over(READS_LARGE)),
        guest("reads by a name of a megabyte without end", Contract, "bad-answer", "by names of more than 262144 bytes", over(READS_LONG)),
        guest("reads ever other names", Contract, "bad-answer", "it read more than 1024 facts", over(READS_OTHERS)),
        guest("asks for configuration by a megabyte without end", Fuel, "out-of-fuel", ALL, over(ASKS_LONG)),
        guest("logs without end, with fuel for years", Clock, "deadline", LATE, over(LOGS)),
        guest("logs lines of a megabyte, with fuel for years", Clock, "deadline", LATE, over(LOGS_LARGE)),
        guest("reads 60 kilobytes, with fuel for years", Clock, "bad-answer", "it read more than 1024 facts", over(READS_LARGE)),
        guest("asks for configuration, with fuel for years", Clock, "deadline", LATE, over(ASKS_LONG)),
        guest("keeps all that it reads", Memory, "bad-answer", "", Guest { evaluate: READS_LARGE, more: LARGE, ..Guest::default() }),
        guest("reads what it does not declare", Contract, "undeclared-read", "secret.thing`, which its manifest does not declare", Guest {
            evaluate: "(call $read (i32.const 1) (i32.const 4096) (i32.const 12) (i32.const 4200)) (i32.const 256)",
            more: r#"(data (i32.const 4096) "secret.thing")"#, ..Guest::default()
        }),
        guest("reads a name of 200 kilobytes that it does not declare", Contract, "undeclared-read", "does not declare", Guest {
            evaluate: "(drop (memory.grow (i32.const 32))) (call $read (i32.const 0) (i32.const 131072) (i32.const 200000) (i32.const 4200)) (i32.const 256)",
            ..Guest::default()
        }),
        guest("reads a fact while it describes itself", Door, REFUSED, "which may depend on nothing", Guest {
            describe: "(call $read (i32.const 0) (i32.const 4096) (i32.const 9) (i32.const 4200)) (i32.const 1024)",
            more: LARGE, ..Guest::default()
        }),
        body("reads of whom nobody is", Contract, "bad-answer", "cannot be read",
            "(call $read (i32.const 7) (i32.const 4096) (i32.const 9) (i32.const 4200)) (i32.const 256)"),
        body("logs as loud as nobody can", Contract, "bad-answer", "cannot be read",
            "(call $log (i32.const 9) (i32.const 4096) (i32.const 9)) (i32.const 256)"),
        body("logs what is beyond its memory", Contract, "bad-answer", "cannot be read",
            "(call $log (i32.const 1) (i32.const 4096) (i32.const -1)) (i32.const 256)"),
        body("logs what is no text", Contract, "bad-answer", "utf-8",
            "(i32.store8 (i32.const 4096) (i32.const 255)) (call $log (i32.const 1) (i32.const 4096) (i32.const 1)) (i32.const 256)"),
        body("logs more than may be handed over", Contract, "bad-answer", "too much data",
            "(drop (memory.grow (i32.const 32))) (call $log (i32.const 1) (i32.const 0) (i32.const 2000000)) (i32.const 256)"),
        guest("has the host write beyond its memory", Contract, "bad-answer", "", Guest {
            evaluate: "(call $read (i32.const 0) (i32.const 4096) (i32.const 13) (i32.const -4)) (i32.const 256)",
            more: LARGE, ..Guest::default()
        }),
        guest("gives the host no room for the context", Contract, "bad-answer", "", Guest {
            realloc: "(local.set $at (i32.const -8))", ..Guest::default()
        }),
        guest("gives the host a place that is not aligned", Contract, "bad-answer", "", Guest {
            realloc: "(local.set $at (i32.const 65537))",
            evaluate: "(call $read (i32.const 0) (i32.const 4096) (i32.const 13) (i32.const 4201)) (i32.const 256)",
            more: LARGE, ..Guest::default()
        }),
        row("calls the host while the host hands it something", Contract, "trap", "", sly),
    ]
}

/// A governor whose memory calls the host whenever the host asks it for room.
fn sly() -> Vec<u8> {
    let parts = r#"
        (core module $sly (import "host" "log" (func $log (param i32 i32 i32)))
          (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (call $log (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 65536)))
        (core instance $sly (instantiate $sly (with "host" (instance (export "log" (func $log))))))
        (alias core export $sly "realloc" (core func $sly-realloc))"#;
    let ordinary = r#""evaluate") (memory $memory) (realloc $realloc)"#;
    let text = Guest { parts, ..Guest::default() }.text();
    assert!(text.contains(ordinary));
    parse(&text.replace(ordinary, &ordinary.replace("(realloc $realloc)", "(realloc $sly-realloc)")))
}
