//! A first governor, from nothing: made, built, tested, played, mistaken and mended, as a stranger would.
//!
//! This is the one story that compiles. It does so in a folder of its own, with what cargo has fetched already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::syndic::{Told, command, program, run, told};

/// The kit's own test, beside the template's: the component is asked from a test of the author's crate.
const KIT: &str = r#"//! The kit asks the component.
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Component, Story, event};

#[test]
fn the_component_is_asked_from_a_test() {
    let component = Component::build(env!("CARGO_MANIFEST_DIR"));
    let order = |seats| Story::of(event("CustomerSubscribes", json!({"sku": "pro", "seats": seats})));
    let told = component.tell(&order(21));
    assert_eq!((told.verdict(), told.code()), ("refuse", Some("too-many-seats")));
    assert_eq!(told, component.tell(&order(21)), "the same input has the same decision, for the same fuel");
    assert_eq!(component.tell(&order(3).fuel(100)).failed(), Some("out-of-fuel"));
    assert_eq!(component.tell(&order(3).memory_bytes(65_536)).failed(), Some("out-of-memory"));
}
"#;

/// What a newcomer writes, and what cargo shows: the mistake by its line, and what to write instead.
const MISTAKES: [(&str, &str, &[&str]); 5] = [
    (
        "[\"CustomerSubscribes\"]",
        "[\"CustomerSubscribed\"]",
        &["did you mean `CustomerSubscribes`?", "src/lib.rs:6:21"],
    ),
    ("kinds = [\"CustomerSubscribes\"]", "", &["add `kinds = [\"PaymentProcessed\"]`", "src/lib.rs:6:1"]),
    ("cx: &Context", "cx: Context", &["borrows what it judges: `cx: &Context`", "src/lib.rs:7:15"]),
    (" -> Answer", "", &["write `-> Answer` before its body", "src/lib.rs:7:4"]),
    ("#[governor(kinds = [\"CustomerSubscribes\"])]", "", &["exports no `syndic:governor/judge", "put `#[governor("]),
];

struct Crate {
    home: TempDir,
    dir: PathBuf,
}

impl Crate {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let dir = home.path().join("seat-limit");
        run(&["governor", "new", dir.to_str().unwrap()]).exits(0);
        Self { home, dir }
    }

    fn at_home(&self, mut command: Command) -> Told {
        told(command.current_dir(&self.dir).env("CARGO_TARGET_DIR", self.home.path().join("target")))
    }

    fn cargo(&self, args: &[&str], syndic: &Path) -> Told {
        let mut cargo = Command::new("cargo");
        // Cargo sets these for this test, and nobody sets them for an author.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
            if name != "CARGO_HOME" {
                cargo.env_remove(name);
            }
        }
        cargo.args(args).env("SYNDIC", syndic).env("CARGO_TERM_COLOR", "never");
        // Nobody looks at this build with a debugger.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0");
        self.at_home(cargo)
    }

    fn governor(&self, args: &[&str]) -> Told {
        let mut syndic = command(&[&["governor"], args].concat());
        syndic.env("CARGO_TERM_COLOR", "never");
        self.at_home(syndic)
    }
}

#[test]
fn a_first_governor_is_made_built_tested_and_played() {
    let first = Crate::new();
    fs::write(first.dir.join("tests/kit.rs"), KIT).unwrap();
    let tested = first.cargo(&["test", "--locked"], &program()).exits(0);
    for test in ["a_contract ... ok", "its_stories_say ... ok", "asked_from_a_test ... ok"] {
        assert!(tested.out.contains(test), "`{test}` is missing:\n{}\n{}", tested.out, tested.err);
    }
    let alone = first.cargo(&["test", "--locked", "--test", "component"], Path::new("nowhere"));
    assert_eq!(alone.code, Some(101));
    assert!(alone.out.contains("the real host is not here: `nowhere`"), "{}", alone.out);

    let built = first.governor(&["build", "--json"]).exits(0).values();
    assert_eq!([&built[0]["name"], &built[0]["version"]], ["seat-limit", "0.1.0"]);
    let told = first.governor(&["test"]).exits(0);
    assert!(told.out.contains("2 stories came true"), "{}", told.out);
    tells_the_story_of_the_help(&first);
    first.governor(&["check", "seat_limit.wasm", "--slot", "quota-sla", "--no-wider"]).exits(0);
    first.governor(&["bench", "seat_limit.wasm", "--rounds", "10"]).exits(0);
    plays(&first);
    is_mistaken(&first);
}

/// What the help shows to be copied comes true as it stands.
fn tells_the_story_of_the_help(first: &Crate) {
    let help = run(&["governor", "test", "--help"]).exits(0).out;
    let story = &help[help.find("  {\n").unwrap()..help.find("\n  }\n").unwrap() + 5];
    fs::write(first.dir.join("help.json"), story).unwrap();
    first.governor(&["test", "--component", "seat_limit.wasm", "--stories", "help.json"]).exits(0);
}

fn plays(first: &Crate) {
    let mut play = command(&["play", "events.jsonl", "--data", "data", "--json"]);
    play.args(["--governor", "quota-sla=seat_limit.wasm"]);
    let played = first.at_home(play).exits(0);
    assert_eq!(played.outcomes(), ["completed", "refused"], "{}", played.out);
    assert!(played.line(2).to_string().contains("too-many-seats"));
    is_tried_on_what_another_has_decided(first);
}

/// As the README tells it: on a ledger that knows nothing of it, and on its own.
fn is_tried_on_what_another_has_decided(first: &Crate) {
    first.at_home(command(&["play", "events.jsonl", "--data", "before", "--json"])).exits(0);
    let backtest = ["backtest", "quota-sla", "seat_limit.wasm", "--max-different", "0", "--json", "--data"];
    let told = first.governor(&[&backtest[..], &["before"]].concat()).exits(1).values().remove(0);
    assert_eq!(told["changes"]["newly-refused"], 1, "{told}");
    let refused = told["firsts"].as_array().unwrap().iter().find(|first| first["change"] == "newly-refused").unwrap();
    assert_eq!((&refused["id"], &refused["said"][1]), (&"evt-2".into(), &"refuse too-many-seats".into()));
    let told = first.governor(&[&backtest[..], &["data"]].concat()).exits(0).values().remove(0);
    assert_eq!((&told["same"], &told["different"]), (&told["decisions"], &0.into()));
}

fn is_mistaken(first: &Crate) {
    let file = first.dir.join("src/lib.rs");
    let right = fs::read_to_string(&file).unwrap();
    for (from, to, words) in MISTAKES {
        fs::write(&file, right.replacen(from, to, 1)).unwrap();
        let told = first.governor(&["build"]).exits(1);
        for word in words {
            assert!(told.err.contains(word), "`{word}` is missing where `{from}` is `{to}`:\n{}", told.err);
        }
    }
}
