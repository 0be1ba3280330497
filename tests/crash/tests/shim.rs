//! What is left when the power goes: the library's promises, each as the smallest process that shows it.
//!
//! What the library sees of the product is counted by the tool itself, before each of its runs.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A folder on the disk that forgets, and what belongs to the disk beside it.
struct Disk(TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(TempDir::new().unwrap());
        ["world", "grave"].into_iter().for_each(|folder| fs::create_dir(disk.0.path().join(folder)).unwrap());
        disk
    }

    /// A process, and then the power goes: with these variables, and before its end where one of them says so.
    fn then_cut(&self, script: &str, more: &[(&str, &str)]) -> String {
        let scribe = Path::new(env!("CARGO_BIN_EXE_scribe"));
        let shim = scribe.parent().unwrap().join("deps/libsyndic_crash_shim.so");
        let place = |name: &str| self.0.path().join(name);
        let told = Command::new(scribe)
            .args(script.split("; "))
            .current_dir(place("world"))
            .env("LD_PRELOAD", shim)
            .envs([("SYNDIC_CRASH_BELOW", place("world")), ("SYNDIC_CRASH_GRAVE", place("grave"))])
            .env("SYNDIC_CRASH_CARRIED", place("carried"))
            .env("SYNDIC_CRASH_LEAVES", "drop")
            .envs(more.iter().copied())
            .output()
            .unwrap();
        assert_eq!(told.status.signal(), Some(9), "{script}: {}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap()
    }

    /// All that is there: `a=one b/ b/c=two`.
    fn left(&self) -> String {
        let mut left = Vec::new();
        list(&self.0.path().join("world"), "", &mut left);
        left.sort();
        left.join(" ")
    }
}

fn list(folder: &Path, above: &str, left: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{above}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            left.push(format!("{name}/"));
            list(&path, &format!("{name}/"), left);
        } else {
            left.push(format!("{name}={}", fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A process on an empty disk, and what is left when the power goes at its end.
#[track_caller]
fn check(script: &str, left: &str) {
    let disk = Disk::new();
    disk.then_cut(script, &[]);
    assert_eq!(disk.left(), left, "{script}");
}

/// The same on a disk with two files, `a=one` and `b=two`, and a folder `d` with `d/c=three`.
#[track_caller]
fn check_after(script: &str, left: &str) {
    let disk = Disk::new();
    disk.then_cut(
        "write a one; fsync a; write b two; fsync b; folder d; write d/c three; fsync d/c; fsync d; fsync .",
        &[],
    );
    assert_eq!(disk.left(), "a=one b=two d/ d/c=three");
    disk.then_cut(script, &[]);
    assert_eq!(disk.left(), left, "{script}");
}

const ALL: &str = "a=one b=two d/ d/c=three";

#[test]
fn content_is_durable_from_its_sync_on() {
    check_after("write a 111", ALL);
    check_after("write a 111; fsync a", "a=111 b=two d/ d/c=three");
    check_after("write a 111; fdatasync a", "a=111 b=two d/ d/c=three");
    check_after("write a 111; fsync a; write a 222", "a=111 b=two d/ d/c=three");
    check_after("write a 111; write b 222; fsync b", "a=one b=222 d/ d/c=three");
    check_after("write a 111; fsync .", ALL);
    check_after("append a 111; write-at b 1 111; write-at d/c 9000 1", ALL);
    check_after("append a 111; fsync a; append a 222", "a=one111 b=two d/ d/c=three");
    check_after("empty a; shorten d/c 2; shorten b 9000", ALL);
    check_after("empty a; fsync a; shorten d/c 2; fsync d/c", "a= b=two d/ d/c=th");
    check_after("shorten d/c 1; write-at d/c 3 x; empty a; write a 1", ALL);
}

#[test]
fn a_name_is_durable_from_the_sync_of_its_folder_on() {
    check("write a one", "");
    check("write a one; fsync a", "");
    check("write a one; fsync .", "a=");
    check("write a one; fsync a; fsync .", "a=one");
    check("folder d; write d/c three; fsync d/c; fsync d", "");
    check("folder d; write d/c three; fsync d/c; fsync .", "d/");
    check_after("rename a b", ALL);
    check_after("rename a b; fsync .", "b=one d/ d/c=three");
    check_after("rename a e; rename b a", ALL);
    check_after("remove a; remove-all d", ALL);
    check_after("remove a; fsync .; remove-all d", "b=two d/ d/c=three");
    check_after("remove a; write a new; fsync a", ALL);
    check_after("write a 111; remove a", ALL);
}

#[test]
fn what_is_made_aside_comes_whole_or_not_at_all() {
    let aside = "folder new; write new/a one; fsync new/a; fsync new";
    check(&format!("{aside}; rename new old"), "");
    check(&format!("{aside}; rename new old; fsync ."), "old/ old/a=one");
    check(
        &format!("{aside}; rename new old; fsync .; write old/a 111; write old/b two; fsync old/b"),
        "old/ old/a=one",
    );
}

#[test]
fn the_power_goes_before_the_call_that_is_named_and_nothing_is_said_after_it() {
    let script = "write a one; fsync a; fsync .; say first; write a two; say second; fsync a; say third";
    // open, write, fsync, fsync, stdout, write, stdout, fsync, stdout
    for (at, said, left) in
        [(2, "", ""), (5, "", "a=one"), (8, "first\nsecond\n", "a=one"), (9, "first\nsecond\n", "a=two")]
    {
        let disk = Disk::new();
        assert_eq!(disk.then_cut(script, &[("SYNDIC_CRASH_AT", &at.to_string())]), said, "before call {at}");
        assert_eq!(disk.left(), left, "before call {at}");
    }
}

#[test]
fn a_killed_process_leaves_all_and_the_power_still_takes_what_was_not_synced() {
    let killed = |next: &str| {
        let disk = Disk::new();
        disk.then_cut(
            "write a one; fsync a; fsync .; write a two; rename a b; write c 3",
            &[("SYNDIC_CRASH_LEAVES", "carry")],
        );
        assert_eq!(disk.left(), "b=two c=3");
        disk.then_cut(next, &[]);
        disk.left()
    };
    assert_eq!(killed("say hello"), "a=one");
    assert_eq!(killed("fsync b"), "a=two");
    assert_eq!(killed("fsync ."), "b=one c=");
    assert_eq!(killed("fsync b; fsync c; fsync ."), "b=two c=3");
}

#[test]
fn a_disk_that_lies_forgets_what_it_said_it_synced() {
    let disk = Disk::new();
    let lies = [("SYNDIC_CRASH_LIES", "fdatasync")];
    disk.then_cut("write a one; fsync a; fsync .; write a two; fdatasync a", &lies);
    assert_eq!(disk.left(), "a=one");
}

/// Four pages that were `o` and are overwritten with `n`, under many throws: how often a page was old, new and mixed.
fn pages(leaves: &str) -> [usize; 3] {
    let mut fates = [0; 3];
    for seed in 0..24 {
        let disk = Disk::new();
        disk.then_cut("fill a o 16384; fsync a; fsync .", &[]);
        let throws = [("SYNDIC_CRASH_LEAVES", leaves), ("SYNDIC_CRASH_SEED", &seed.to_string())];
        disk.then_cut("fill a n 16384", &throws);
        let left = disk.left();
        for page in left.trim_start_matches("a=").as_bytes().chunks(4096) {
            assert!(page.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])), "a sector is whole");
            let kinds: BTreeSet<&u8> = page.iter().collect();
            fates[if kinds.len() == 2 { 2 } else { usize::from(page[0] == b'n') }] += 1;
        }
    }
    fates
}

#[test]
fn half_a_cut_takes_whole_pages_and_a_torn_one_parts_of_them() {
    let [old, new, mixed] = pages("half");
    assert!(old > 20 && new > 20 && mixed == 0, "{old} old, {new} new, {mixed} mixed");
    let [old, new, mixed] = pages("torn");
    assert!(old > 10 && new > 10 && mixed > 10, "{old} old, {new} new, {mixed} mixed");
    assert_eq!(pages("drop"), [96, 0, 0]);
}
