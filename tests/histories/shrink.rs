//! Cutting a failing history down to the fewest lines that still fail.
//!
//! Delta debugging: leave out large chunks, then smaller ones, then single lines, as long as something can be left out.
//! Lines are what was sent, so what is left is what somebody can play.

/// The most tries for one history. What is left then is small enough to read.
const TRIES_MAX: usize = 3_000;

/// The lines without which it does not fail.
pub fn shrink(mut lines: Vec<String>, mut fails: impl FnMut(&[String]) -> bool) -> Vec<String> {
    let mut tries = 0;
    let mut chunk = lines.len().div_ceil(2).max(1);
    loop {
        let mut left_out = false;
        let mut at = 0;
        while at < lines.len() && tries < TRIES_MAX {
            let mut without = lines.clone();
            without.drain(at..(at + chunk).min(lines.len()));
            tries += 1;
            if fails(&without) {
                lines = without;
                left_out = true;
            } else {
                at += chunk;
            }
        }
        if tries >= TRIES_MAX || (chunk == 1 && !left_out) {
            return lines;
        }
        chunk = chunk.div_ceil(2).max(1);
    }
}

#[test]
fn what_is_left_is_what_it_takes() {
    let lines: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let fails = |lines: &[String]| ["7", "41", "99"].iter().all(|it| lines.iter().any(|line| line == it));
    assert_eq!(shrink(lines, fails), ["7", "41", "99"]);
}
