//! What finds nothing must be able to find something: steps are left out, and it has to show.

use crate::life::{Deed, How, Stop, live};
use crate::oracle::Reference;
use crate::scene::take_over;

/// A step that is left out from one of its hits on, or how the process ends.
type Deeds = &'static [(&'static str, u64, Deed)];

/// What is planted, and a word of what is found then.
#[rustfmt::skip]
const PLANTED: &[(&str, Deeds, &str)] = &[
    ("a batch that is never written", &[
        ("store.journal.append", 40, Deed::Skip), ("store.mark.set", 60, Deed::Crash)], "is lost"),
    ("a sync that is left out", &[
        ("store.journal.sync", 40, Deed::Skip), ("store.mark.set", 60, Deed::Cut)], "was acknowledged"),
    ("an event whose key is not kept", &[
        ("engine.known.write", 1, Deed::Skip)], "has two receipts"),
    ("a raised event that is not spent", &[
        ("engine.queue.spend", 1, Deed::Skip), ("engine.timer.taken", 1, Deed::Crash)], "has two receipts"),
    ("a stuck event that is not parked", &[
        ("engine.stuck.park", 1, Deed::Skip)], "nor parked"),
];

#[test]
fn a_step_that_is_left_out_is_found_out() {
    let desk = tempfile::tempdir().unwrap();
    let reference = Reference::play(desk.path());
    for (planted, stops, word) in PLANTED {
        let folder = tempfile::tempdir_in(desk.path()).unwrap();
        let stops: Vec<Stop> = stops.iter().map(|(name, hit, deed)| Stop::at(name, *hit, *deed)).collect();
        let first = live(folder.path(), How::Play, &stops);
        let deed = stops.last().map_or(Deed::Skip, |last| last.deed);
        let found = take_over(folder.path(), How::Play, &first, deed, &reference).expect_err(planted);
        assert!(found.contains(word), "{planted}: {found}");
    }
}
