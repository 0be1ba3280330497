//! Completions: a shell that was given them offers what the command line takes.

use std::process::Command;

use crate::syndic::{Told, command, program, run, told};

/// What bash offers for the last of these words, after it has read the completions.
fn offered(words: &[&str]) -> Option<Vec<String>> {
    let script = r#"
        eval "$("$1" completions bash)" || exit 3
        shift
        complete -p syndic >/dev/null || exit 4
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        _syndic syndic "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", script, "bash"]).arg(program()).args(words);
    if Command::new("bash").arg("--version").output().is_err() {
        return None;
    }
    Some(told(&mut bash).exits(0).out.lines().map(str::to_owned).collect())
}

/// The verbs that a help lists.
fn verbs(help: &Told) -> Vec<String> {
    let listed = help.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // A long description goes on in lines that are further in.
    let verbs = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    verbs.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn bash_completes_every_verb_that_there_is() {
    let Some(first) = offered(&["syndic", ""]) else { return };
    let all = verbs(&run(&["--help"]));
    assert!(all.len() > 15, "{all:?}");
    for verb in &all {
        assert!(first.contains(verb), "{verb}: {first:?}");
        let below = verbs(&told(&mut command(&[verb, "--help"])));
        let offered = offered(&["syndic", verb, ""]).unwrap();
        assert!(below.iter().all(|verb| offered.contains(verb)), "{verb}: {below:?} {offered:?}");
    }
    assert_eq!(offered(&["syndic", "receipt", "sh"]).unwrap(), ["show"]);
    assert_eq!(offered(&["syndic", "token", "create", "--role", "ad"]).unwrap(), ["admin"]);
    assert!(offered(&["syndic", "backup", "--"]).unwrap().contains(&"--data".to_owned()));
}

#[test]
fn each_of_five_shells_has_its_script_and_another_is_refused_by_name() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).exits(0).out;
        assert!(script.contains("syndic") && script.contains("quarantined"), "{shell}");
    }
    let told = run(&["completions", "csh"]).exits(2);
    assert!(told.err.contains("csh") && told.err.contains("powershell"), "{}", told.err);
}
