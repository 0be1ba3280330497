//! The binary as it is built: it starts, it says what it is, and its help teaches.
//!
//! What it does with events is told in `tests/stories`.

#![allow(clippy::unwrap_used, reason = "in a test, what must not be there is reported by panicking")]

use std::process::{Command, Output};

fn syndic(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syndic")).args(args).output().unwrap()
}

fn told(args: &[&str]) -> String {
    let output = syndic(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_says_its_version() {
    assert_eq!(told(&["--version"]), format!("syndic {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_teaches_where_to_begin_and_what_exit_codes_mean() {
    let help = told(&["--help"]);
    for word in ["demo", "play", "event", "fact", "receipt", "stats", "Begin with `syndic demo`", "Exit codes: 0 done"]
    {
        assert!(help.contains(word), "`{word}` is missing:\n{help}");
    }
}

#[test]
fn the_help_of_play_shows_an_event_to_copy() {
    let help = told(&["play", "--help"]);
    assert!(help.contains(r#"{"specversion":"1.0","id":"evt-1","source":"/shop""#), "{help}");
    for flag in ["--data", "--governor", "--strict", "--jump", "--until", "--seed", "--json"] {
        assert!(help.contains(flag), "`{flag}` is missing:\n{help}");
    }
}

#[test]
fn every_verb_has_help_of_its_own() {
    for verb in
        [&["demo"][..], &["event", "show"], &["fact", "list"], &["receipt", "list"], &["receipt", "show"], &["stats"]]
    {
        let help = told(&[verb, &["--help"]].concat());
        assert!(help.contains("Usage: syndic") && help.contains("--data"), "{verb:?}:\n{help}");
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_exit_code_2_and_a_word_of_help() {
    for args in [&[][..], &["sell"], &["play", "events.jsonl"], &["receipt", "show", "first", "--data", "d"]] {
        let output = syndic(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(output.stdout.is_empty(), "{args:?}");
        assert!(said.contains("help"), "{args:?}: {said}");
    }
}
