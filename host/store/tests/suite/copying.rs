//! What a copy of a store is worth.

use std::fs;
use std::path::Path;

use syndic_store::{CopyError, MasterWanted, OpenError, SledStore, copy};

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
