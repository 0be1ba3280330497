//! What an author is told, verb by verb: `new`, `build`, `check`, `test`, `bench`, and every mistake that a newcomer
//! makes. How a governor of one's own comes about from nothing is told in `first_governor`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guest::{APPROVE, Guest, evaluating};
use crate::syndic::{Told, command, run, told};

/// A desk with room for an author's files.
pub(crate) struct Desk(TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Runs a verb of `governor` on this desk.
    pub(crate) fn governor(&self, args: &[&str]) -> Told {
        told(command(&[&["governor"], args].concat()).current_dir(self.0.path()))
    }

    /// Tells a story to a component.
    fn tells(&self, component: &[u8], story: &Value) -> Told {
        self.file("guest.wasm", component);
        self.file("story.json", story.to_string());
        self.governor(&["test", "--component", "guest.wasm", "--stories", "story.json", "--slot", "billing"])
    }
}

/// A question for the governors written by hand, which judge `Tested`.
fn tested(then: &Value) -> Value {
    json!({"story": "it is tested", "when": {"kind": "Tested", "data": {}}, "then": then})
}

// ── new ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_cannot_be_a_name_is_told_what_a_name_is() {
    let desk = Desk::new();
    for name in ["Seat-Limit", "9seats", "seat limit", "..", "a/b c"] {
        desk.governor(&["new", name]).fails(2, &["lower-case letters, digits and hyphens", "governor new seat-limit"]);
    }
    for name in ["match", "std", "test", "syndic-sdk"] {
        desk.governor(&["new", name]).fails(2, &["means something else in Rust"]);
    }
    assert_eq!(fs::read_dir(desk.0.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn what_is_there_is_not_written_over() {
    let desk = Desk::new();
    desk.file("seats/notes.txt", "mine");
    desk.governor(&["new", "seats"]).fails(2, &["`seats` is there already"]);
    desk.file("file", "mine");
    desk.governor(&["new", "file"]).fails(2, &["`file` is there already"]);
    assert_eq!(fs::read_dir(desk.path("seats")).unwrap().count(), 1);
    fs::create_dir(desk.path("empty")).unwrap();
    desk.governor(&["new", "empty"]).exits(0);
}

#[test]
fn the_sdk_comes_along_whole_and_as_it_is() {
    let desk = Desk::new();
    desk.governor(&["new", "seats"]).exits(0);
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for place in ["sdk/src", "sdk/macros/src", "wit"] {
        let (ours, theirs) = (files(&house.join(place)), files(&desk.path("seats/vendor").join(place)));
        assert!(!ours.is_empty() && ours == theirs, "`vendor/{place}` is not `{place}`");
    }
}

/// Every file below a folder: its path in there, and its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => waiting.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap())),
        }
    }
    found.sort();
    found
}

// ── build ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_folder_without_a_crate_is_told_how_to_make_one() {
    Desk::new().governor(&["build"]).fails(2, &["`.` holds no crate", "syndic governor new NAME"]);
}

#[cfg(unix)]
#[test]
fn a_toolchain_without_the_target_is_told_the_one_command_to_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.file("Cargo.toml", "");
    for (tool, does) in [("rustc", "echo nowhere"), ("rustup", "exit 1")] {
        let tool = desk.file(&format!("bin/{tool}"), format!("#!/bin/sh\n{does}\n"));
        fs::set_permissions(tool, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut build = command(&["governor", "build"]);
    let built = told(build.current_dir(desk.0.path()).env("PATH", desk.path("bin")));
    built.fails(3, &["lacks wasm32-unknown-unknown", "run: rustup target add wasm32-unknown-unknown"]);
}

// ── check ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The answer is no, or with code 2 there is nothing to answer; the words say why.
#[track_caller]
fn refused(component: impl AsRef<[u8]>, code: i32, words: &[&str]) {
    let desk = Desk::new();
    desk.file("guest.wasm", &component);
    desk.governor(&["check", "guest.wasm"]).fails(code, &[&["`guest.wasm`"], words].concat());
    let told = desk.governor(&["check", "guest.wasm", "--json"]).exits(code);
    assert_eq!(told.values()[0]["loads"], false, "{}", told.out);
}

#[test]
fn a_component_says_what_it_is_and_what_it_may_do() {
    let desk = Desk::new();
    let file = desk.file("guest.wasm", evaluating(APPROVE));
    let told = desk.governor(&["check", "guest.wasm", "--json"]).exits(0);
    let says = &told.values()[0];
    assert_eq!([&says["name"], &says["version"]], ["Guest", "1.0.0"]);
    assert_eq!(
        [&says["kinds"], &says["reads"], &says["effects"]],
        [&json!(["Tested"]), &json!(["billing.*"]), &json!(["mail"])]
    );
    assert_eq!(says["imports"][1], "syndic:governor/host@1.0.0: log, read, config");
    assert_eq!(says["bytes"], fs::metadata(file).unwrap().len());
    let text = desk.governor(&["check", "guest.wasm"]).exits(0).out;
    assert!(text.contains("governor `Guest` 1.0.0") && text.ends_with("the host would load it\n"), "{text}");
}

#[test]
fn it_is_compared_with_the_one_in_its_place() {
    let desk = Desk::new();
    desk.file("guest.wasm", evaluating(APPROVE));
    let told = desk.governor(&["check", "guest.wasm", "--slot", "quota-sla"]).exits(0);
    for words in
        ["kinds    +Tested -CustomerSubscribes", "reads    +billing.*", "never asked about Tested", "may do more"]
    {
        assert!(told.out.contains(words), "`{words}` is missing:\n{}", told.out);
    }
    desk.governor(&["check", "guest.wasm", "--slot", "quota-sla", "--no-wider"]).exits(1);
    desk.governor(&["check", "guest.wasm", "--slot", "billing", "--no-wider"]).exits(0);
    desk.governor(&["check", "guest.wasm", "--slot", "mine"])
        .fails(2, &["no governor is bundled for `mine`", "quota-sla"]);
    desk.governor(&["check", "guest.wasm", "--slot", "Not one"]).fails(2, &["`Not one` is not a slot"]);
}

#[test]
fn what_is_no_component_is_told_from_what_is_no_governor() {
    refused("name = \"billing\"\n", 2, &["not a component"]);
    refused("", 2, &["empty"]);
    let whole = evaluating(APPROVE);
    refused(&whole[..whole.len() - 1], 2, &["not a component that this host can run"]);
    refused(wat::parse_str("(module)").unwrap(), 1, &["core module", "`syndic governor build`"]);
    Desk::new().governor(&["check", "nothing.wasm"]).fails(2, &["`nothing.wasm` cannot be read"]);
}

#[test]
fn what_does_not_fit_the_contract_is_named_all_of_it() {
    let greeter = r#"(component (core module $m (func (export "greet"))) (core instance $i (instantiate $m))
                     (func (export "greet") (canon lift (core func $i "greet"))))"#;
    refused(wat::parse_str(greeter).unwrap(), 1, &["exports no interface `syndic:governor/judge@1.0.0`", "`describe`"]);
    refused(
        Guest { without: "feedback", ..Guest::default() }.build(),
        1,
        &["lacks the function `feedback`", "expected is `func(context: context, results: list<effect-result>)"],
    );
    refused(Guest { contract: "2.0.0", ..Guest::default() }.build(), 1, &["version 1 is expected and 2 was found"]);
    let parts = r#"(import "wasi:cli/environment@0.2.6" (instance (export "get" (func (result string)))))
                   (import "launch" (func))"#;
    refused(
        Guest { parts, without: "migrate", ..Guest::default() }.build(),
        1,
        &["`wasi:cli/environment@0.2.6`", "wasm32-unknown-unknown", "imports `launch`", "lacks the function `migrate`"],
    );
    let other = r#"(component (core module $m (func (export "f"))) (core instance $m (instantiate $m))
      (func $f (canon lift (core func $m "f")))
      (instance $judge (export "describe" (func $f)) (export "evaluate" (func $f))
        (export "feedback" (func $f)) (export "migrate" (func $f)))
      (export "syndic:governor/judge@1.0.0" (instance $judge)))"#;
    refused(
        wat::parse_str(other).unwrap(),
        1,
        &["the function `describe`", "`result` is expected to be `manifest`, and `nothing` was found", "`evaluate`"],
    );
    refused(
        Guest { describe: "(unreachable)", ..Guest::default() }.build(),
        1,
        &["its `describe` failed", "unreachable"],
    );
}

// ── test ────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_story_that_comes_true_is_told_with_its_fuel() {
    let told = Desk::new().tells(&evaluating(APPROVE), &tested(&json!({"verdict": "approve"}))).exits(0);
    assert!(told.out.contains("ok  it is tested (") && told.out.contains("1 story came true"), "{}", told.out);
}

#[test]
fn a_story_that_does_not_is_told_as_a_difference() {
    let desk = Desk::new();
    let then = json!({"verdict": "refuse", "code": "late"});
    let told = desk.tells(&evaluating(APPROVE), &tested(&then)).exits(1);
    let expected =
        "story.json\n        - verdict: \"refuse\"\n        + verdict: \"approve\"\n        - code: \"late\"\n";
    assert!(told.out.contains(expected) && told.out.contains("1 of 1 story did not come true"), "{}", told.out);
    desk.governor(&["test", "--component", "guest.wasm", "--stories", "story.json", "--bless"]).exits(0);
    let blessed = fs::read_to_string(desk.path("story.json")).unwrap();
    assert!(blessed.ends_with("  \"then\": {\"verdict\": \"approve\"}\n}\n"), "{blessed}");
    desk.governor(&["test", "--component", "guest.wasm", "--stories", "story.json"]).exits(0);
}

#[test]
fn a_governor_that_panics_or_burns_its_fuel_or_breaks_a_rule_says_how() {
    let said = |guest: Guest<'_>| {
        let told = Desk::new().tells(&guest.build(), &tested(&json!({"verdict": "approve"}))).exits(1);
        told.out
    };
    let panics = said(Guest { evaluate: "(unreachable)", ..Guest::default() });
    assert!(panics.contains("+ failed: \"unreachable\"") && panics.contains("in `evaluate`"), "{panics}");
    let spins = said(Guest { evaluate: "(loop $again (br $again)) (unreachable)", ..Guest::default() });
    assert!(spins.contains("+ failed: \"out-of-fuel\"") && spins.contains("all its 20000000 units"), "{spins}");
    let counts = "(i64.store (i32.const 280) (i64.const 4294967296)) (i32.const 256)";
    let bad = said(Guest { evaluate: counts, ..Guest::default() });
    assert!(bad.contains("+ failed: \"bad-answer\""), "{bad}");
}

#[test]
fn limits_are_the_hosts_unless_a_story_gives_others() {
    let grows = "(drop (memory.grow (i32.const 40))) (i32.const 256)";
    let component = evaluating(grows);
    let mut story = tested(&json!({"verdict": "approve"}));
    Desk::new().tells(&component, &story).exits(0);
    story["given"] = json!({"limits": {"memory_bytes": 1_000_000}});
    story["then"] = json!({"failed": "out-of-memory"});
    Desk::new().tells(&component, &story).exits(0);
    story["given"] = json!({"limits": {"fuel": 1}});
    story["then"] = json!({"failed": "out-of-fuel"});
    Desk::new().tells(&component, &story).exits(0);
}

#[test]
fn what_nobody_asked_is_not_answered() {
    let desk = Desk::new();
    let mut story = tested(&json!({"verdict": "approve"}));
    story["answers"] = json!({"auth": "silence"});
    let told = desk.tells(&evaluating(APPROVE), &story).exits(1);
    assert!(told.out.contains("- answers.auth: no such effect was asked for"), "{}", told.out);
    let other = json!({"story": "s", "when": {"kind": "Other", "data": {}}, "then": {"verdict": "abstain"}});
    let told = desk.tells(&evaluating(APPROVE), &other).exits(0);
    assert!(told.out.contains("its manifest does not list `Other`"), "{}", told.out);
}

/// The demonstration's governor: it reserves a gift, then looks up which, and nobody thought of the fourth.
#[test]
fn several_events_stand_each_on_what_the_one_before_left() {
    let gift = json!({
        "reversible": "gift", "action": "reserve", "key": "gift", "body": {"of": "gifts"},
        "undo": {"action": "release", "body": {}},
    });
    let step = |then: Value| json!({"when": {"kind": "CustomerUpgrades", "data": {"old_sku": "a", "new_sku": "b"}}, "then": then});
    let gets = |what: &str| {
        let note = format!("the customer gets {what}");
        step(
            json!({"verdict": "approve", "effects": [gift], "writes": [{"increase": "loyalty.gifts", "by": 1}], "note": note}),
        )
    };
    let fourth = step(json!({"failed": "unreachable", "undone": ["gift"]}));
    let mut silent = step(json!({"failed": "effect-failed", "undone": ["gift"]}));
    silent["answers"] = json!({"gift": "silence"});
    let steps = [silent, gets("a cap"), gets("a hoodie"), fourth];
    let story = json!({"story": "gifts", "given": {"slot": "loyalty", "facts": {"loyalty.gifts": 1}}, "steps": steps});
    let told = Desk::new().tells(syndic_governors::LOYALTY, &story);
    assert!(told.code == Some(0), "{}{}", told.out, told.err);
}

#[test]
fn a_key_that_was_claimed_is_taken_in_a_story_too() {
    let paid = |amount: u32, then: Value| {
        let data = json!({"amount": amount, "idempotency_key": "k"});
        json!({"when": {"kind": "PaymentProcessed", "data": data}, "then": then})
    };
    let billing = syndic_governors::governor("billing").unwrap();
    let twice = [
        paid(5, json!({})),
        paid(5, json!({"failed": "duplicate"})),
        paid(6, json!({"failed": "idempotency-violation"})),
    ];
    let told = Desk::new().tells(billing.bytes, &json!({"story": "paid twice", "steps": twice})).exits(1);
    assert!(told.out.contains("step 1:") && told.out.contains("\"claim\":\"payment:k\""), "{}", told.out);
    assert!(!told.out.contains("step 2:") && !told.out.contains("step 3:"), "{}", told.out);
}

#[test]
fn a_story_that_is_none_is_told_what_is_wrong_with_it() {
    let desk = Desk::new();
    let bad = |story: &str, words: &[&str]| {
        desk.file("guest.wasm", evaluating(APPROVE));
        desk.file("bad.json", story);
        let told = desk.governor(&["test", "--component", "guest.wasm", "--stories", "bad.json"]).exits(2);
        for word in [&["`bad.json` is not a story", "governor test --help"], words].concat() {
            assert!(told.err.contains(word), "`{word}` is missing:\n{}", told.err);
        }
    };
    bad("{", &["line 1"]);
    bad(r#"{"story": "s"}"#, &["nothing happens"]);
    bad(r#"{"story": "s", "when": {"kind": "Tested", "data": {}}, "than": {}}"#, &["unknown field `than`"]);
    bad(r#"{"story": "s", "when": {"kind": "CustomerSubscribes", "data": {}}}"#, &["`data.sku` is missing"]);
    bad(r#"{"story": "s", "when": {"kind": "Tested", "time": "noon", "data": {}}}"#, &["`when.time`"]);
    bad(r#"{"story": "s", "when": {"kind": "Tested", "data": {"n": 1.5}}}"#, &["integer"]);
    let none = desk.governor(&["test", "--component", "guest.wasm"]);
    none.fails(2, &["there are no stories at `stories`", "stories/NAME.json"]);
    desk.governor(&["test", "--component", "none.wasm"]).fails(2, &["`none.wasm` cannot be read"]);
}

// ── bench ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_bench_tells_time_fuel_and_memory_of_each_question() {
    let desk = Desk::new();
    desk.file("guest.wasm", evaluating("(drop (memory.grow (i32.const 4))) (i32.const 256)"));
    desk.file("stories/one.json", tested(&json!({})).to_string());
    let told = desk.governor(&["bench", "guest.wasm", "--rounds", "20", "--json"]).exits(0);
    let row = &told.values()[0]["questions"][0];
    assert_eq!((&row["question"], &row["memory_bytes"]), (&json!("it is tested"), &json!(8 * 65_536)), "{row}");
    assert!(row["fuel"].as_u64().unwrap() > 0 && row["p50_us"].as_f64().unwrap() <= row["p99_us"].as_f64().unwrap());

    let event = |kind: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"e","source":"/s","type":"{kind}","tenant":"t","subject":"c","time":"2026-01-02T03:04:05Z","data":{{}}}}"#
        )
    };
    desk.file("events.jsonl", format!("{}\n\n{}\n", event("Tested"), event("Other")));
    let told = desk.governor(&["bench", "guest.wasm", "--rounds", "20", "--events", "events.jsonl"]).exits(0);
    assert!(told.out.contains(" Tested ") && !told.out.contains(" Other "), "{}", told.out);
    desk.file("events.jsonl", "nonsense\n");
    desk.governor(&["bench", "guest.wasm", "--events", "events.jsonl"])
        .fails(2, &["line 1 of `events.jsonl` is no event"]);
    desk.file("stories/one.json", r#"{"story": "s", "when": {"kind": "Other", "data": {}}}"#);
    desk.governor(&["bench", "guest.wasm"]).fails(2, &["nothing to ask it"]);
}

#[test]
fn every_verb_of_an_author_has_help_that_shows_how() {
    for (verb, words) in [
        ("new", "governor new seat-limit && cd seat-limit"),
        ("build", "cargo and rustup, and nothing else"),
        ("check", "--slot quota-sla --no-wider"),
        ("test", "\"then\": {\"verdict\": \"refuse\""),
        ("bench", "--events events.jsonl"),
        ("dev", "syndic governor dev seat-limit"),
        ("sign", "ssh-keygen -Y sign -n syndic-governor"),
        ("verify", "--publisher acme=acme.pub"),
    ] {
        let help = run(&["governor", verb, "--help"]).exits(0).out;
        assert!(help.contains(words), "`{words}` is missing:\n{help}");
    }
}
