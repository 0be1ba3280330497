//! `kill -9` in the middle of a play: run again, it ends in the root of a run that nobody disturbed.

use std::sync::LazyLock;

use serde_json::Value;

use crate::again::a_busy_quarter;
use crate::syndic::{Home, Told, stream};

static UNDISTURBED: LazyLock<Told> = LazyLock::new(|| Home::new().play(stream(&a_busy_quarter())).exits(0));

/// Plays until the outcome of line `line` was told, says one line more, and ends the process while it works on that.
fn play_and_kill_after(home: &Home, events: &[Value], line: usize) {
    let mut playing = home.begin();
    for (number, event) in (1..).zip(&events[..line]) {
        playing.say(event);
        playing.hear(number);
    }
    if let Some(event) = events.get(line) {
        playing.say(event);
    }
    playing.kill();
}

/// The parts of an outcome that two runs must share.
fn became(line: &Value) -> [&Value; 6] {
    ["line", "id", "outcome", "receipt", "governors", "effects"].map(|member| &line[member])
}

/// After a kill the lines up to `done` are duplicates of what they were, and in the end nothing shows that it happened.
fn check(home: &Home, events: &[Value], done: usize) {
    let told = home.play(stream(events)).exits(0);
    let (now, then) = (told.of_lines(), UNDISTURBED.of_lines());
    assert_eq!(now.len(), then.len());
    for (now, then) in now.iter().zip(&then) {
        assert_eq!(became(now), became(then));
    }
    for line in now.iter().take(done).filter(|line| line["outcome"] != "invalid") {
        assert_eq!(line["duplicate"], true, "it was told before the kill: {line}");
    }
    assert_eq!(told.summary()["receipts"], UNDISTURBED.summary()["receipts"]);
    assert_eq!(told.root(), UNDISTURBED.root());
}

#[test]
fn a_play_that_is_killed_anywhere_and_run_again_ends_in_the_same_root() {
    let events = a_busy_quarter();
    for line in [0, 1, 2, 5, 9, 13, 16, 17, 18] {
        let home = Home::new();
        play_and_kill_after(&home, &events, line);
        check(&home, &events, line);
    }
}

#[test]
fn a_play_that_is_killed_time_and_again_ends_in_the_same_root() {
    let events = a_busy_quarter();
    let home = Home::new();
    let kills = [1, 3, 6, 8, 12, 17, events.len()];
    for line in kills {
        play_and_kill_after(&home, &events, line);
    }
    check(&home, &events, events.len());
}
