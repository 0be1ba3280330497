//! The demo: a month that is the same for everyone who names the same seed, and that anyone may play again.

use std::fs;

use crate::syndic::{Home, Told};

fn demo(home: &Home, more: &[&str]) -> Told {
    home.run(&[&["demo", "--events", "300"], more].concat())
}

/// The root that the story ends with.
fn root(told: &Told) -> String {
    let line = told.out.lines().find_map(|line| line.strip_prefix("root "));
    line.unwrap_or_else(|| panic!("no root:\n{}", told.out)).to_owned()
}

#[test]
fn a_demo_tells_a_month_and_ends_in_the_same_root_for_the_same_seed() {
    let first = demo(&Home::new(), &["--seed", "7"]).exits(0);
    for heading in ["What became of it", "What stood out", "Who judged", "Try next"] {
        assert!(first.out.contains(heading), "`{heading}` is missing:\n{}", first.out);
    }
    let home = Home::new();
    let second = demo(&home, &["--seed", "7", "--json"]).exits(0);
    assert_eq!(root(&first), second.root());
    for outcome in ["completed", "refused", "referred", "rolled-back", "invalid", "duplicates"] {
        assert_ne!(second.summary()[outcome], 0, "a month has some that are {outcome}");
    }
    let stats = home.run(&["stats", "--json"]).exits(0).values().remove(0);
    assert_eq!(stats["root_hash"], root(&first).as_str());
    assert_ne!(root(&demo(&Home::new(), &["--seed", "8"]).exits(0)), root(&first));
}

#[test]
fn a_saved_month_is_a_stream_that_plays() {
    let home = Home::new();
    let file = home.file("month.jsonl", "");
    let demo = demo(&home, &["--json", "--save", file.to_str().unwrap()]).exits(0);
    let month = fs::read_to_string(&file).unwrap();
    let played = Home::new().play(&month).exits(0);
    let count = month.lines().count();
    assert!(count >= 300);
    assert_eq!((&played.summary()["events"], &demo.summary()["events"]), (&count.into(), &count.into()));
    assert_eq!(played.summary()["invalid"], demo.summary()["invalid"], "one governor more turns nothing away");
}

#[test]
fn a_demo_begins_in_a_new_folder_only() {
    let home = Home::new();
    fs::create_dir(&home.data).unwrap();
    fs::write(home.data.join("diary.txt"), "dear diary").unwrap();
    let told = demo(&home, &[]).exits(2);
    assert!(told.err.contains("is not empty") && told.err.contains("hint: "), "{}", told.err);
    assert_eq!(fs::read_dir(&home.data).unwrap().count(), 1);
}
