//! Those whose answers are none: not of the contract's types, or not the JSON it asks for.

use crate::answer::{Answer, CUSTOMER, answering};
use crate::guest::Guest;
use crate::row::Limit::{Contract, Door};
use crate::row::{REFUSED, Row, body, guest, row};

const UNREAD: &str = "what it handed over cannot be read";

/// Sets `billing.x` to this.
fn sets(value: &'static str) -> impl Fn() -> Vec<u8> {
    answering(move |answer| answer.sets(&[("billing.x", value)]))
}

fn sets_long(value: impl Fn() -> String + 'static) -> impl Fn() -> Vec<u8> {
    answering(move |answer| answer.sets(&[("billing.x", &value())]))
}

#[rustfmt::skip]
pub fn rows() -> Vec<Row> {
    vec![
        // ── of no type ──────────────────────────────────────────────────────────────────────────────────────────────
        body("answers with a result of no kind", Contract, "bad-answer", UNREAD, "(i32.store8 (i32.const 256) (i32.const 5)) (i32.const 256)"),
        body("answers with a verdict of no kind", Contract, "bad-answer", UNREAD, "(i32.store8 (i32.const 260) (i32.const 9)) (i32.const 256)"),
        body("answers with a note that is neither there nor not", Contract, "bad-answer", UNREAD, "(i32.store8 (i32.const 312) (i32.const 2)) (i32.const 256)"),
        row("answers with a write of no kind", Contract, "bad-answer", UNREAD, answering(|answer| answer.writes(200, &[&[CUSTOMER]]))),
        row("answers with a fact of nobody's", Contract, "bad-answer", UNREAD, answering(|answer| answer.writes(0, &[&[9]]))),
        body("answers with a note that is no text", Contract, "bad-answer", "utf-8",
            "(i32.store8 (i32.const 4096) (i32.const 255)) (i32.store (i32.const 312) (i32.const 1)) (i32.store (i32.const 316) (i32.const 4096)) (i32.store (i32.const 320) (i32.const 1)) (i32.const 256)"),
        body("answers with half a pair of surrogates as a text", Contract, "bad-answer", "utf-8",
            "(i32.store (i32.const 4096) (i32.const 0x80a0ed)) (i32.store (i32.const 312) (i32.const 1)) (i32.store (i32.const 316) (i32.const 4096)) (i32.store (i32.const 320) (i32.const 3)) (i32.const 256)"),
        // ── from nowhere ────────────────────────────────────────────────────────────────────────────────────────────
        body("answers from beyond its memory", Contract, "bad-answer", UNREAD, "(i32.const -8)"),
        body("answers from where half of it is beyond", Contract, "bad-answer", UNREAD, "(i32.const 262136)"),
        body("answers from a place that is not aligned", Contract, "bad-answer", UNREAD, "(i32.const 257)"),
        body("answers with a list from beyond its memory", Contract, "bad-answer", UNREAD,
            "(i32.store (i32.const 280) (i32.const 8)) (i32.store (i32.const 284) (i32.const 99999)) (i32.const 256)"),
        body("answers with a list of two billion", Contract, "bad-answer", UNREAD,
            "(i32.store (i32.const 280) (i32.const 8)) (i32.store (i32.const 284) (i32.const 0x7fffffff)) (i32.const 256)"),
        body("answers with a list of four billion from zero", Contract, "bad-answer", UNREAD,
            "(i32.store (i32.const 284) (i32.const -1)) (i32.const 256)"),
        body("answers with a list that is not aligned", Contract, "bad-answer", UNREAD,
            "(i32.store (i32.const 280) (i32.const 9)) (i32.store (i32.const 284) (i32.const 1)) (i32.const 256)"),
        body("answers with a note of four gigabytes", Contract, "bad-answer", UNREAD,
            "(i32.store (i32.const 312) (i32.const 1)) (i32.store (i32.const 320) (i32.const -1)) (i32.const 256)"),
        body("answers with a note of 60 megabytes", Contract, "bad-answer", "too much data",
            "(drop (memory.grow (i32.const 1000))) (i32.store (i32.const 312) (i32.const 1)) (i32.store (i32.const 320) (i32.const 60000000)) (i32.const 256)"),
        body("answers with 1,500 writes that say the same 4 kilobytes", Contract, "bad-answer", "too much data",
            "(local $at i32) (drop (memory.grow (i32.const 4))) (local.set $at (i32.const 100000))
             (loop $again
               (i32.store offset=12 (local.get $at) (i32.const 200000)) (i32.store offset=16 (local.get $at) (i32.const 4096))
               (br_if $again (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 40))) (i32.const 160000))))
             (i32.store (i32.const 280) (i32.const 100000)) (i32.store (i32.const 284) (i32.const 1500)) (i32.const 256)"),
        // ── of itself ───────────────────────────────────────────────────────────────────────────────────────────────
        guest("describes itself from beyond its memory", Door, REFUSED, UNREAD, Guest { describe: "(i32.const -8)", ..Guest::default() }),
        guest("has a name that is no text", Door, REFUSED, "utf-8", Guest {
            describe: "(i32.store8 (i32.load (i32.const 1024)) (i32.const 255)) (i32.const 1024)", ..Guest::default()
        }),
        guest("has a name of a megabyte", Door, REFUSED, "its name", Guest {
            describe: "(drop (memory.grow (i32.const 32))) (i32.store (i32.const 1024) (i32.const 300000)) (i32.store (i32.const 1028) (i32.const 900000)) (i32.const 1024)", ..Guest::default()
        }),
        guest("has no version", Door, REFUSED, "not a semantic version", Guest {
            describe: "(i32.store (i32.const 1036) (i32.const 3)) (i32.const 1024)", ..Guest::default()
        }),
        guest("judges 80,000 kinds", Door, REFUSED, "", Guest {
            describe: "(drop (memory.grow (i32.const 32))) (i32.store (i32.const 1040) (i32.const 300000)) (i32.store (i32.const 1044) (i32.const 80000)) (i32.const 1024)", ..Guest::default()
        }),
        // ── of no JSON ──────────────────────────────────────────────────────────────────────────────────────────────
        row("sets a fact to a fraction", Contract, "bad-answer", "writes[0].value is not JSON of the contract", sets("1.5")),
        row("sets a fact to an exponent", Contract, "bad-answer", "writes[0].value", sets("1e2")),
        row("sets a fact to 2^53", Contract, "bad-answer", "is above 2^53 − 1", sets("9007199254740992")),
        row("sets a fact to a number of 60,000 digits", Contract, "bad-answer", "writes[0].value", sets_long(|| "9".repeat(60_000))),
        row("sets a fact to nothing at all", Contract, "bad-answer", "writes[0].value", sets("")),
        row("sets a fact to half an object", Contract, "bad-answer", "writes[0].value", sets("{\"a\":")),
        row("sets a fact to two values", Contract, "bad-answer", "writes[0].value", sets("1 2")),
        row("says one member twice", Contract, "bad-answer", "twice", sets("{\"a\":1,\"a\":2}")),
        row("sets a fact to half a pair of surrogates", Contract, "bad-answer", "writes[0].value", sets("\"\\ud800\"")),
        row("sets a fact to 60,000 lists, one in the other", Contract, "bad-answer", "writes[0].value",
            sets_long(|| "[".repeat(30_000) + &"]".repeat(30_000))),
        row("sets a fact to 60,000 objects without an end", Contract, "bad-answer", "writes[0].value",
            sets_long(|| "{\"a\":".repeat(12_000))),
        row("steps a counter by 2^53", Contract, "bad-answer", "outside ±(2^53 − 1)", answering(|answer| {
            let name = answer.text("billing.n");
            answer.writes(3, &[&[CUSTOMER], &name, &[0, 0, 0x0020_0000]]);
        })),
        row("steps a counter by less than there is", Contract, "bad-answer", "outside ±(2^53 − 1)", answering(|answer| {
            let name = answer.text("billing.n");
            answer.writes(3, &[&[CUSTOMER], &name, &[0, 0, 0x8000_0000]]);
        })),
        row("sets a timer to some day", Contract, "bad-answer", "timers[0].due", answering(|answer| answer.timers(&[("t", "some day", "1")]))),
        row("sets a timer to the year 99999", Contract, "bad-answer", "timers[0].due", answering(|answer| answer.timers(&[("t", "99999-01-01T00:00:00Z", "1")]))),
        row("brings back with a timer what is no JSON", Contract, "bad-answer", "timers[0].data", answering(|answer| answer.timers(&[("t", "2026-03-01T00:00:00Z", "nope")]))),
    ]
}

/// Not a row of its own: everything above that lays out an answer does so as this does, which is let through.
pub fn harmless() -> Vec<u8> {
    let mut answer = Answer::new();
    answer.sets(&[("billing.x", "{\"a\":[1,2]}")]);
    answer.timers(&[("t", "2026-03-01T00:00:00Z", "1")]);
    answer.component()
}
