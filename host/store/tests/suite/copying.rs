//! What a copy of a store is worth.

use std::fs;
use std::path::Path;

use syndic_core::ports::Reads as _;
use syndic_store::{CopyError, MasterWanted, MomentError, OpenError, SledStore, copy, receive};

use crate::samples::*;

/// A store with something in it, at rest.
fn made() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    store.commit(full_commit(&store)).unwrap();
    drop(store);
    at_rest(dir.path());
    dir
}

/// Sled's threads hold its lock a little longer than its last handle lives.
fn at_rest(dir: &Path) {
    fs::File::open(dir.join("store/db")).unwrap().lock().unwrap();
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn a_copy_has_all_that_its_source_has_and_goes_on_by_itself() {
    let (from, to) = (made(), tempfile::tempdir().unwrap());
    let head = copy(from.path(), to.path().join("deep/down")).unwrap();
    let copied = SledStore::open(to.path().join("deep/down"), MasterWanted::Seed(0)).unwrap();
    check_full_commit(&copied);
    copied.commit(full_commit(&copied)).unwrap();
    let source = SledStore::open(from.path(), MasterWanted::Seed(0)).unwrap();
    assert_eq!(source.verify_all().unwrap().frontier.root(), head.frontier.root());
}

#[test]
fn what_is_in_use_is_not_copied() {
    let (from, to) = (made(), tempfile::tempdir().unwrap());
    let open = SledStore::open(from.path(), MasterWanted::Seed(0)).unwrap();
    let refused = copy(from.path(), to.path()).unwrap_err();
    let own = std::process::id();
    assert!(matches!(refused, CopyError::Source(OpenError::Busy { holder: Some(pid), .. }) if pid == own), "{refused}");
    assert!(is_empty(to.path()));
    drop(open);
    at_rest(from.path());
    copy(from.path(), to.path()).unwrap();
}

#[test]
fn where_there_is_something_nothing_is_copied_to() {
    let (from, to) = (made(), tempfile::tempdir().unwrap());
    fs::write(to.path().join("thesis.txt"), "years of work").unwrap();
    assert!(matches!(copy(from.path(), to.path()), Err(CopyError::Taken { .. })));
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1);
    assert!(matches!(copy(from.path(), from.path()), Err(CopyError::Taken { .. })));
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(copy(nothing.path(), to.path()), Err(CopyError::Source(OpenError::NotAStore { .. }))));
}

#[test]
fn a_copy_of_what_is_damaged_is_not_left_behind() {
    let (from, to) = (made(), tempfile::tempdir().unwrap());
    fs::remove_file(from.path().join("store/receipts")).unwrap();
    let refused = copy(from.path(), to.path()).unwrap_err();
    assert!(matches!(refused, CopyError::NotWhole { .. }), "{refused}");
    assert!(is_empty(to.path()));
}

/// All of a moment's stream.
fn read_whole(store: &SledStore) -> Vec<u8> {
    let mut moment = store.moment().unwrap();
    std::iter::from_fn(|| moment.next().unwrap()).flatten().collect()
}

#[test]
fn a_moment_is_all_that_was_durable_then_and_nothing_that_was_written_while_it_was_read() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = SledStore::open(from.path(), MasterWanted::Seed(0)).unwrap();
    for _ in 0..40 {
        store.commit(full_commit(&store)).unwrap();
    }
    let (before, facts) = (store.verify_all().unwrap(), store.facts("acme", Some("cust-1")).unwrap());
    let mut moment = store.moment().unwrap();
    assert_eq!(moment.head, before);
    assert_eq!(store.moment().err(), Some(MomentError::Taken), "what gathers has room for one");
    // What is written between any two of its frames is not in it, whatever it changes.
    let mut stream = Vec::new();
    while let Some(bytes) = moment.next().unwrap() {
        stream.extend(bytes);
        store.commit(full_commit(&store)).unwrap();
    }
    drop(moment);
    let head = receive(&mut stream.as_slice(), to.path().join("deep/down")).unwrap();
    assert_eq!(head, before);
    let copied = SledStore::open(to.path().join("deep/down"), MasterWanted::Seed(0)).unwrap();
    assert_eq!(copied.facts("acme", Some("cust-1")).unwrap(), facts);
    copied.commit(full_commit(&copied)).unwrap();
    assert!(store.verify_all().unwrap().frontier.size() > before.frontier.size());
    // And again, of what goes on.
    let later = receive(&mut read_whole(&store).as_slice(), to.path().join("later")).unwrap();
    assert_eq!(later, store.verify_all().unwrap());
}

#[test]
fn a_moment_that_is_read_too_slowly_gives_way_and_nothing_that_was_written_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open_folding(dir.path(), MasterWanted::Seed(0), 4_096).unwrap();
    store.commit(full_commit(&store)).unwrap();
    let mut moment = store.moment().unwrap();
    for _ in 0..40 {
        store.commit(full_commit(&store)).unwrap();
    }
    let over = std::iter::from_fn(|| moment.next().transpose()).find_map(Result::err).expect("it is over");
    assert!(over.to_string().contains("had to go on"), "{over}");
    drop(moment);
    let head = store.verify_all().unwrap();
    drop(store);
    let store = SledStore::open(dir.path(), MasterWanted::Seed(0)).unwrap();
    assert_eq!(store.verify_all().unwrap(), head);
}

#[test]
fn a_stream_that_ends_early_or_was_changed_leaves_nothing() {
    let (from, to) = (made(), tempfile::tempdir().unwrap());
    let store = SledStore::open(from.path(), MasterWanted::Seed(0)).unwrap();
    let stream = read_whole(&store);
    let received = |stream: &[u8]| receive(&mut &*stream, to.path()).unwrap_err().to_string();
    for end in [0, 10, stream.len() / 2, stream.len() - 1] {
        let told = received(&stream[..end]);
        assert!(told.contains("ends too early"), "{end}: {told}");
        assert!(is_empty(to.path()));
    }
    for at in (0..stream.len()).step_by(stream.len() / 40) {
        let mut changed = stream.clone();
        changed[at] ^= 1;
        let told = received(&changed);
        assert!(told.contains("what came is no whole backup"), "{at}: {told}");
        assert!(is_empty(to.path()), "{at}");
    }
    // Whoever changes it and sums it up again has still to make up a root.
    let (mut other, last) = (stream.clone(), stream.len() - 1);
    other[last] ^= 1;
    let end = stream.len() - 64;
    let checksum = crc32fast::hash(&[b"e", &other[end..]].concat()).to_le_bytes();
    other[end - 4..end].copy_from_slice(&checksum);
    let told = received(&other);
    assert!(told.contains("not the one that was told"), "{told}");
    assert!(is_empty(to.path()));
    assert_eq!(receive(&mut stream.as_slice(), to.path()).unwrap(), store.verify_all().unwrap());
}
