//! What every file of the tree owes its reader.

use crate::house::{TOP, files, texts, tidy};

/// Past this many lines a file is two files.
const LINES_MAX: usize = 600;

/// Folders of machines. A path of somebody's desk works at that desk only.
const DESKS: [&str; 5] = ["root/", "home/", "Users/", "mnt/", "tmp/"];

/// Ann does not exist: her home stands in tests about paths.
const ANN: &str = "/home/ann/";

/// What stands for work that was not done. Written so that this file may name them.
const UNDONE: [(&str, &str); 5] =
    [("TO", "DO"), ("FIX", "ME"), ("to", "do!"), ("unimplemented", "!"), ("#[", "ignore")];

#[test]
fn every_file_of_code_begins_by_saying_why_it_exists() {
    let silent = texts(".rs").into_iter().filter(|(_, text)| {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        first.strip_prefix("//!").is_none_or(|doc| doc.trim().is_empty())
    });
    tidy(silent.map(|(file, _)| format!("{file} does not begin with a `//!` line that says what it is")));
}

#[test]
fn no_file_of_code_is_too_long_to_read_at_once() {
    let long = texts(".rs").into_iter().map(|(file, text)| (file, text.lines().count()));
    let long = long.filter(|(_, lines)| *lines > LINES_MAX);
    tidy(long.map(|(file, lines)| format!("{file} has {lines} lines: past {LINES_MAX}, a file is two files")));
}

#[test]
fn no_file_names_a_path_of_somebodys_machine() {
    let desks = DESKS.map(|desk| format!("/{desk}"));
    tidy(lines_where(|line| {
        let line = line.replace(ANN, "");
        desks.iter().find(|desk| begins_a_path(&line, desk)).map(|desk| format!("names {desk}, a path of a machine"))
    }));
}

#[test]
fn nothing_is_left_for_later() {
    let undone = UNDONE.map(|(head, tail)| format!("{head}{tail}"));
    tidy(lines_where(|line| {
        undone
            .iter()
            .find(|word| line.contains(word.as_str()))
            .map(|word| format!("says {word}: do it, or leave it out"))
    }));
}

#[test]
fn the_top_of_the_tree_reads_as_a_sentence() {
    let files = files();
    let mut names: Vec<&str> = files.iter().filter_map(|file| file.split('/').next()).collect();
    names.dedup();
    let strange = names.into_iter().filter(|name| !name.starts_with('.') && !TOP.contains(name));
    tidy(strange.map(|name| format!("{name} stands at the top of the tree, where only {} do", TOP.join(", "))));
}

/// `file:line` and the complaint, for every line of every text that has one.
fn lines_where(complaint: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for (file, text) in texts("") {
        let lines = text.lines().zip(1..).filter_map(|(line, number)| Some((number, complaint(line)?)));
        complaints.extend(lines.map(|(number, complaint)| format!("{file}:{number} {complaint}")));
    }
    complaints
}

/// Whether the line holds this absolute path, and not the middle of a longer one.
fn begins_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-*}".contains(c))
    })
}

#[test]
fn a_path_of_a_machine_is_told_from_the_middle_of_another() {
    let [root, home, ..] = DESKS.map(|desk| format!("/{desk}"));
    assert!(begins_a_path(&format!("cd {root}shop"), &root) && begins_a_path(&format!("({home}bob)"), &home));
    assert!(!begins_a_path(&format!("merkle{root}hash"), &root) && !begins_a_path(&format!("${{base}}{home}"), &home));
}
