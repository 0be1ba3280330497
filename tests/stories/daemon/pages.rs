//! What the pages for operators name is there, and what is there is on them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::daemon::Daemon;
use crate::daemon::doors::{ask, token};
use crate::syndic::{Home, run, text};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page(name: &str) -> String {
    fs::read_to_string(repository().join("host/daemon").join(name)).unwrap()
}

/// The first cells of the tables below a heading, without their back-quotes.
fn rows<'p>(page: &'p str, heading: &str) -> BTreeSet<&'p str> {
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).expect(heading);
    let first = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    first.map(|(cell, _)| cell).collect()
}

#[test]
fn every_alert_says_what_to_do_and_no_other_is_described() {
    let rules = page("packaging/syndic.rules.yml");
    let alerts: BTreeSet<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 5);
    assert_eq!(rows(&page("OPERATIONS.md"), "What to watch"), alerts);
}

#[test]
fn every_check_of_the_doctor_is_described() {
    let home = Home::new();
    let operator = token(&home, "olga", "operator");
    let mut told = home.run(&["doctor", "--json"]).exits(0).values();
    let daemon = Daemon::start(&home);
    told.extend(ask(&daemon, &operator, &["doctor", "--json"]).exits(0).values());
    daemon.stop();
    let page = page("OPERATIONS.md");
    let section = page.split("\n## ").find(|section| section.starts_with("What the doctor says")).unwrap();
    for line in told {
        let check = text(&line["check"]);
        assert!(section.contains(&format!("`{check}`")), "`{check}` is not described");
    }
}

#[test]
fn every_test_that_is_said_to_hold_against_a_threat_is_there() {
    let page = page("THREATS.md");
    let named = page.split('`').filter(|word| ["tests/", "host/"].iter().any(|root| word.starts_with(root)));
    let named: BTreeSet<&str> = named.filter(|word| !word.contains([' ', '\n'])).collect();
    assert!(named.len() > 15, "{named:?}");
    for path in named {
        let place = repository().join(path);
        let has_tests = place.is_dir() || fs::read_to_string(&place).is_ok_and(|file| file.contains("#[test]"));
        assert!(has_tests, "{path} has no test");
    }
}

#[test]
fn every_verb_a_page_names_is_one() {
    for name in ["OPERATIONS.md", "ERRORS.md", "THREATS.md"] {
        let page = page(name);
        for line in page.split(['`', '\n']).filter_map(|part| part.strip_prefix("syndic ")) {
            let is_verb = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase());
            let words: Vec<&str> = line.split_whitespace().take_while(is_verb).collect();
            if !words.is_empty() {
                run(&[&words[..], &["--help"]].concat()).exits(0);
            }
        }
    }
}
