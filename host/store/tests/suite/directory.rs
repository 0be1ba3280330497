//! What a store's directory must be, and what is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syndic_core::ports::{Commit, Head, Reads as _, StoreError};
use syndic_ledger::{Master, sha256};
use syndic_store::{MasterWanted, OpenError, SledStore};

use crate::samples::*;

fn open(dir: &Path) -> Result<SledStore, OpenError> {
    SledStore::open(dir, MasterWanted::Seed(0))
}

/// Why a directory does not open, without its name.
fn refusal(dir: &Path, wanted: MasterWanted) -> String {
    let why = SledStore::open(dir, wanted).err().expect("it must be refused");
    why.to_string().replace(&dir.display().to_string(), "DIR")
}

fn made() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    store.commit(full_commit(&store)).unwrap();
    dir
}

/// Works on the pairs that sled has in its pages, and leaves them to it as one page. Sled's threads hold its lock a
/// little longer than its last handle lives; this returns when they have let go.
fn in_sled<T>(dir: &Path, work: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>) -> T) -> T {
    let files = sled::Config::new().path(dir.join("store")).segment_size(2 << 20).open().unwrap();
    let mut pairs = BTreeMap::new();
    // What is filed under a zero is the note of how far it is.
    for (filed, page) in files.range([1]..).map(Result::unwrap) {
        files.remove(filed).unwrap();
        let mut rest = page.to_vec();
        while !rest.is_empty() {
            let [key, value] = [0, 2].map(|at| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]])));
            let pair: Vec<u8> = rest.drain(..4 + key + value).skip(4).collect();
            pairs.insert(pair[..key].to_vec(), pair[key..].to_vec());
        }
    }
    let done = work(&mut pairs);
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_le_bytes();
    let page: Vec<u8> = pairs.iter().flat_map(|(k, v)| [&length(k)[..], &length(v), k, v].concat()).collect();
    files.insert([0xff], page).unwrap();
    drop(files);
    fs::File::open(dir.join("store").join("db")).unwrap().lock().unwrap();
    done
}

#[test]
fn what_was_committed_is_there_after_reopening_and_numbers_run_on() {
    let dir = made();
    for _ in 0..3 {
        let store = open(dir.path()).unwrap();
        check_full_commit(&store);
        store.verify_all().unwrap();
    }
    let store = open(dir.path()).unwrap();
    store.commit(Commit { raised_spent: Some(1), raised: vec![raised("third")], ..Commit::default() }).unwrap();
    store.commit(Commit { raised_spent: Some(2), ..Commit::default() }).unwrap();
    drop(store);
    assert_eq!(open(dir.path()).unwrap().raised(0, 9).unwrap(), [(3, raised("third"))]);
    assert_eq!(fs::read_dir(dir.path().join("store/blobs")).unwrap().count(), 0);
}

#[test]
fn a_store_is_made_where_the_directory_is_missing_or_empty() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("not/yet/there")] {
        fs::remove_dir_all(dir.path().join("store")).ok();
        open(&path).unwrap();
        assert!(path.join("store/format").is_file());
        assert!(!path.join("store.new").exists());
    }
}

#[test]
fn a_store_is_used_by_one_at_a_time() {
    let dir = made();
    let first = open(dir.path()).unwrap();
    let own = std::process::id();
    let busy = format!("another syndic, process {own}, is using DIR: stop it, or name another directory");
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), busy);
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn a_store_keeps_the_master_it_was_made_with() {
    let seeded = made();
    let other = "DIR was made with seed 0, not with seed 7: use that, or name another directory";
    assert_eq!(refusal(seeded.path(), MasterWanted::Seed(7)), other);
    for wanted in [MasterWanted::Kept, MasterWanted::Secret] {
        let store = SledStore::open(seeded.path(), wanted).unwrap();
        assert_eq!(store.master().reveal(), Master::from_seed(0).reveal());
    }

    let secrets = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let masters = secrets.each_ref().map(|dir| {
        let made = *SledStore::open(dir.path(), MasterWanted::Secret).unwrap().master().reveal();
        assert_eq!(*SledStore::open(dir.path(), MasterWanted::Secret).unwrap().master().reveal(), made);
        made
    });
    assert_ne!(masters[0], masters[1]);
    let other = "DIR was made with a secret of its own, not with seed 0: use that, or name another directory";
    assert_eq!(refusal(secrets[0].path(), MasterWanted::Seed(0)), other);
}

#[test]
fn what_is_not_a_store_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |why: &str| format!("DIR is not a store of Syndic's: {why}");
    assert_eq!(refusal(dir.path(), MasterWanted::Kept), refused("there is nothing in it"));
    assert_eq!(refusal(&dir.path().join("missing"), MasterWanted::Kept), refused("there is no such directory"));

    fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
    let other = "DIR is not a store of Syndic's: it holds other things";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), other);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let file = "DIR is not a store of Syndic's: it is a file";
    assert_eq!(refusal(&dir.path().join("thesis.txt"), MasterWanted::Seed(0)), file);

    fs::create_dir(dir.path().join("store")).unwrap();
    let formless = "DIR is not a store of Syndic's: its `store` has no `format`";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), formless);
}

#[test]
fn a_torn_creation_is_cleared_away() {
    let whole = made();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("store.new/blobs")).unwrap();
    fs::copy(whole.path().join("store/db"), dir.path().join("store.new/db")).unwrap();
    fs::write(dir.path().join("store.new/conf"), "half a line").unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!(store.head().unwrap().frontier.size(), 0);
    assert!(!dir.path().join("store.new").exists());
}

#[test]
fn two_that_make_a_store_at_once_make_one() {
    let dir = tempfile::tempdir().unwrap();
    let outcomes = std::thread::scope(|scope| {
        let tries = [(); 4].map(|()| scope.spawn(|| SledStore::open(dir.path(), MasterWanted::Secret)));
        tries.map(|tried| tried.join().unwrap())
    });
    let busy = |outcome: &Result<SledStore, _>| matches!(outcome, Ok(_) | Err(OpenError::Busy { .. }));
    assert!(outcomes.iter().all(busy));
    assert_eq!(outcomes.iter().flatten().count(), 1);
}

#[test]
fn a_newer_or_older_store_is_refused_untouched() {
    let dir = made();
    fs::write(dir.path().join("store/format"), "syndic store format 7\n").unwrap();
    let newer = "DIR was made by a newer syndic: it has store format 7, and this one reads formats up to 6";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), newer);
    fs::write(dir.path().join("store/format"), "syndic store format 5\n").unwrap();
    let older = "DIR was made by an older syndic: it has store format 5, and this one reads format 6 alone. Read it with \
                 the syndic that made it, and let this one make its own store in another directory";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), older);
    fs::write(dir.path().join("store/format"), "syndic store form").unwrap();
    let torn = "the store in DIR is damaged: `format` does not say a format";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), torn);
}

#[test]
fn files_that_are_missing_or_too_many_are_damage() {
    for file in ["db", "conf", "journal-a", "journal-b", "receipts", "receipts-at"] {
        let dir = made();
        fs::remove_file(dir.path().join("store").join(file)).unwrap();
        let missing = format!("the store in DIR is damaged: its file `{file}` is missing");
        assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), missing);
    }
    let dir = made();
    fs::write(dir.path().join("store/blobs/17"), "a value").unwrap();
    let blob = "the store in DIR is damaged: `blobs` is not empty, and this program puts nothing there";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), blob);

    let dir = made();
    fs::write(dir.path().join("store/db"), "").unwrap();
    let empty = "the store in DIR is damaged: sled's log is damaged";
    assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), empty);
}

#[test]
fn a_flipped_byte_in_a_value_is_corrupt_and_named() {
    let dir = made();
    in_sled(dir.path(), |pairs| {
        // The description, the counters and the head are read on opening; see below.
        for (_, value) in pairs.iter_mut().filter(|(key, _)| !b"ACH".contains(&key[0])) {
            *value.last_mut().unwrap() ^= 1;
        }
    });

    let store = open(dir.path()).unwrap();
    let named = |result: Result<(), StoreError>| match result {
        Err(StoreError::Corrupt(why)) => why,
        other => panic!("{other:?}"),
    };
    let why = " is damaged: its checksum is wrong";
    let fact = store.fact(&fact_key(Some("cust-1"), "billing.account")).map(drop);
    assert_eq!(named(fact), format!("the fact acme/cust-1/billing.account{why}"));
    assert_eq!(store.receipt(1).unwrap().unwrap().leaf, "leaf 1", "receipts are in another file");
    assert_eq!(named(store.raised(0, 1).map(drop)), format!("the raised event 1{why}"));
    let timer = format!("the timer due 2026-01-02T12:00:01Z/acme/cust-1/billing/retry{why}");
    assert_eq!(named(store.due(NOON.plus_ms(9999), 1).map(drop)), timer);
    let blob = sha256(b"the event");
    assert_eq!(named(store.blob(&blob).map(drop)), format!("the content {blob}{why}"));
    assert_eq!(named(store.dedup(&event("evt-1")).map(drop)), format!("the dedup record evt-1/acme//shop{why}"));
}

#[test]
fn a_damaged_description_does_not_open() {
    for (key, name) in [(b"A", "the store's description"), (b"C", "the store's counters"), (b"H", "the ledger's head")]
    {
        let dir = made();
        in_sled(dir.path(), |pairs| pairs.get_mut(&key[..]).unwrap()[20] ^= 1);
        let why = format!("the store in DIR is damaged: {name} is damaged: its checksum is wrong");
        assert_eq!(refusal(dir.path(), MasterWanted::Seed(0)), why);
    }
}

#[test]
fn a_record_that_vanished_or_came_back_from_the_past_is_noticed() {
    let dir = made();
    let key = fact_key(Some("cust-1"), "billing.account");
    let fact_is = |store: &SledStore, value| {
        store.commit(Commit { facts: vec![(key.clone(), Some(fact(value)))], ..Commit::default() }).unwrap();
    };
    let is_it = |key: &[u8]| key.starts_with(b"facme\0\0\x01");
    let stored = in_sled(dir.path(), |pairs| pairs.clone().into_iter().find(|(key, _)| is_it(key)));
    let (stored_key, past) = stored.unwrap();
    fact_is(&open(dir.path()).unwrap(), 2.into());
    for meddle in [Some(past), None] {
        in_sled(dir.path(), |pairs| match meddle {
            Some(past) => pairs.insert(stored_key.clone(), past),
            None => pairs.remove(&stored_key),
        });
        let why = open(dir.path()).unwrap().verify_all().unwrap_err().to_string();
        assert!(why.starts_with("the store does not add up: it counted "), "{why}");
    }
}

/// Copies a store's folder as it is at this moment.
fn copied(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir_all(copy.path().join("store/blobs")).unwrap();
    for file in fs::read_dir(dir.join("store")).unwrap().map(Result::unwrap) {
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), copy.path().join("store").join(file.file_name())).unwrap();
        }
    }
    copy
}

/// Flips single bytes of a file, 48 of them, and says how many of them show: the store does not open, or does not
/// verify, or a receipt does not read. Where all of it does, nothing is lost.
fn flips_that_show(dir: &Path, file: &str, sound: &Head) -> usize {
    let bytes = fs::read(dir.join("store").join(file)).unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    let shows = |at: &usize| {
        let copy = copied(dir);
        let mut flipped = bytes.clone();
        flipped[*at] ^= 0x40;
        fs::write(copy.path().join("store").join(file), flipped).unwrap();
        let Ok(store) = open(copy.path()) else { return true };
        // From both ends by turns, so that none is read with the one before it.
        let size = sound.frontier.size();
        let reads = (1..=size / 2).flat_map(|nth| [nth, size + 1 - nth]).map(|nth| store.receipt(nth));
        let unread = reads.filter(|read| !matches!(read, Ok(Some(_)))).count();
        let head = store.verify_all();
        assert!(head.as_ref().is_ok_and(|head| head == sound) || head.is_err(), "byte {at} of {file}");
        head.is_err() || unread > 0
    };
    (0..48).map(|nth| nth * written / 48).filter(shows).count()
}

#[test]
fn a_flipped_byte_anywhere_loses_nothing_unnoticed() {
    let content = |i: u64| -> Vec<u8> { (0..4000).map(|j: u64| (i.wrapping_mul(j * 7919 + 13) >> 3) as u8).collect() };
    let whole = made();
    let store = open(whole.path()).unwrap();
    for i in 2..=200 {
        let commit = Commit { receipt: Some(receipt(&store, "leaf", "evt")), ..Commit::default() };
        let blobs = vec![(sha256(&content(i)), content(i))];
        store.commit(Commit { blobs, ..commit }).unwrap();
    }
    let sound = store.verify_all().unwrap();
    let killed = copied(whole.path());
    drop(store);

    let journal = flips_that_show(killed.path(), "journal-a", &sound);
    assert!(journal > 44, "only {journal} of 48 flips showed in a journal that was needed");
    let tree = flips_that_show(whole.path(), "db", &sound);
    assert_eq!(tree, 0, "what the journal still has is mended from it");
    for file in ["receipts", "receipts-at"] {
        let receipts = flips_that_show(whole.path(), file, &sound);
        assert!(receipts > 36, "only {receipts} of 48 flips showed in {file}");
    }
    for journal in ["journal-a", "journal-b"] {
        fs::write(whole.path().join("store").join(journal), "").unwrap();
    }
    let tree = flips_that_show(whole.path(), "db", &sound);
    assert!(tree > 12, "only {tree} of 48 flips showed in sled's log, and it cannot be that idle");
}
