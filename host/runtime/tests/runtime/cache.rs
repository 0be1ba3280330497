//! What is kept from one start to the next, and that it can neither change an answer nor prevent one.
//!
//! That no damage to an entry gets past its MAC is shown beside the code; here is what a host makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use syndic_core::config::SlotConfig;
use syndic_core::ports::GovernorRuntime;
use syndic_core::slot::{SLOTS, Slot};
use syndic_runtime::{Cache, Level};
use tempfile::TempDir;

use crate::guest::{APPROVE, FAULT, Guest, evaluating};
use crate::world::World;

const COMPILED: &str = "it was compiled, and its code is kept for the next start";
const KEPT: &str = "its code was kept from an earlier start";

/// A directory for a cache, over several starts.
struct Host(TempDir);

impl Host {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    /// The host starts with a governor, which then answers. Tells what the log heard, and what the governor said.
    fn start(&self, component: &[u8]) -> (Vec<(Level, String)>, String) {
        let world = World::over(Some(Cache::open(&self.dir()).unwrap()));
        world.install(component);
        let called = world.evaluate();
        (world.lines(), format!("{:?} for {}", called.answer, called.fuel))
    }

    /// The only entry.
    fn entry(&self) -> PathBuf {
        let [entry] = self.entries().try_into().unwrap();
        entry
    }

    fn entries(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(self.dir()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| !path.ends_with("key")).collect()
    }
}

fn debug(line: &str) -> Vec<(Level, String)> {
    vec![(Level::Debug, line.to_owned())]
}

#[test]
fn kept_code_answers_as_compiled_code_does() {
    let host = Host::new();
    let trap = "(call $log (i32.const 1) (i32.const 2048) (i32.const 4)) (unreachable)";
    for component in [evaluating(APPROVE), evaluating(FAULT), evaluating(trap)] {
        let without = World::with(&component);
        let called = without.evaluate();
        let (first, compiled) = host.start(&component);
        let (second, kept) = host.start(&component);
        assert_eq!((first[0].1.as_str(), second[0].1.as_str()), (COMPILED, KEPT));
        assert_eq!(first[1..], second[1..], "and says the same");
        assert_eq!(compiled, kept);
        assert_eq!(kept, format!("{:?} for {}", called.answer, called.fuel));
    }
    assert_eq!(host.entries().len(), 3);
}

#[test]
fn all_eight_are_kept_at_once() {
    let host = Host::new();
    let versions: Vec<String> = (0..SLOTS.len()).map(|nth| format!("{nth}.0.0")).collect();
    let build = |version: &String| Guest { version, ..Guest::default() }.build();
    let components: Vec<Vec<u8>> = versions.iter().map(build).collect();
    let slot = |name: &str| Slot::new(name).unwrap();
    let all: Vec<_> = SLOTS
        .iter()
        .zip(&components)
        .map(|(name, component)| (slot(name), component.as_slice(), SlotConfig::default()))
        .collect();
    for line in [COMPILED, KEPT] {
        let world = World::over(Some(Cache::open(&host.dir()).unwrap()));
        let runtime = &world.runtime;
        let installed: Vec<_> = thread::scope(|scope| {
            let load = |(slot, bytes, limits)| scope.spawn(move || runtime.load(slot, bytes, limits).unwrap());
            let loading: Vec<_> = all.iter().map(|(slot, bytes, limits)| load((slot, *bytes, limits))).collect();
            loading.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(installed.iter().zip(&versions).all(|(installed, version)| installed.manifest.version == **version));
        assert_eq!(world.lines(), vec![(Level::Debug, line.to_owned()); SLOTS.len()]);
    }
    assert_eq!(host.entries().len(), SLOTS.len());
}

/// An entry that was tampered with is not run, and there is a good one afterwards.
fn heals(tamper: impl Fn(&Host, &Path), why: &str) {
    let host = Host::new();
    let (_, said) = host.start(&evaluating(APPROVE));
    let entry = host.entry();
    tamper(&host, &entry);
    let (told, said_then) = host.start(&evaluating(APPROVE));
    let removed = format!("its code in the cache was removed and not run, because {why}");
    assert_eq!(told, [(Level::Warn, removed), (Level::Debug, COMPILED.to_owned())]);
    assert_eq!(said_then, said);
    assert!(fs::symlink_metadata(&entry).unwrap().is_file());
    assert_eq!(host.start(&evaluating(APPROVE)), (debug(KEPT), said));
}

fn flip(entry: &Path, nth: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(entry).unwrap();
    let nth = nth(bytes.len());
    bytes[nth] ^= 0x10;
    fs::write(entry, bytes).unwrap();
}

#[test]
fn code_that_this_host_did_not_write_is_removed_and_compiled_again() {
    const NOT_OURS: &str = "it is not what this host wrote";
    let format = "syndic compiled governor 1\n".len();
    heals(|_, entry| flip(entry, |len| len - 1), NOT_OURS);
    heals(|_, entry| flip(entry, |len| len / 2), NOT_OURS);
    heals(|_, entry| flip(entry, |_| format), NOT_OURS);
    heals(|_, entry| flip(entry, |_| 0), NOT_OURS);
    heals(|_, entry| fs::write(entry, "\x7fELF, or so it says").unwrap(), NOT_OURS);
    heals(|_, entry| fs::write(entry, "").unwrap(), NOT_OURS);
    heals(|_, entry| fs::write(entry, &fs::read(entry).unwrap()[..1000]).unwrap(), NOT_OURS);
    heals(|host, _| fs::remove_file(host.dir().join("key")).unwrap(), NOT_OURS);
    let other_hosts = |_: &Host, entry: &Path| {
        let other = Host::new();
        other.start(&evaluating(APPROVE));
        fs::copy(other.entry(), entry).unwrap();
    };
    heals(other_hosts, NOT_OURS);
}

#[cfg(unix)]
#[test]
fn an_entry_that_lies_elsewhere_is_not_followed() {
    let link = |host: &Host, entry: &Path| {
        let elsewhere = host.0.path().join("elsewhere");
        fs::rename(entry, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, entry).unwrap();
    };
    heals(link, "it is not a file");
}

#[test]
fn entries_that_changed_places_are_both_compiled_again() {
    let (host, yes, no) = (Host::new(), evaluating(APPROVE), evaluating(FAULT));
    let (_, said_yes) = host.start(&yes);
    let entry_of_yes = host.entry();
    let (_, said_no) = host.start(&no);
    let entry_of_no = host.entries().into_iter().find(|entry| *entry != entry_of_yes).unwrap();
    let aside = host.0.path().join("aside");
    for (from, to) in [(&entry_of_yes, &aside), (&entry_of_no, &entry_of_yes), (&aside, &entry_of_no)] {
        fs::rename(from, to).unwrap();
    }
    for (component, said) in [(yes, said_yes), (no, said_no)] {
        let (told, said_then) = host.start(&component);
        assert_eq!((told[0].0, said_then), (Level::Warn, said.clone()));
        assert_eq!(host.start(&component), (debug(KEPT), said));
    }
}

#[cfg(unix)]
#[test]
fn governors_run_without_a_cache_where_others_could_write_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = Host::new();
    host.start(&evaluating(APPROVE));
    fs::set_permissions(host.dir(), fs::Permissions::from_mode(0o777)).unwrap();
    let unusable = Cache::open(&host.dir());
    let told = unusable.as_ref().unwrap_err().to_string();
    assert!(told.contains("others have access to the directory (mode 777)"), "{told}");
    let world = World::over(unusable.ok());
    world.install(&evaluating(APPROVE));
    world.evaluate().answer.unwrap();
    assert!(world.lines().is_empty());
}

#[test]
fn governors_run_where_nothing_can_be_kept() {
    let host = Host::new();
    let world = World::over(Some(Cache::open(&host.dir()).unwrap()));
    fs::remove_dir_all(host.dir()).unwrap();
    world.install(&evaluating(APPROVE));
    world.evaluate().answer.unwrap();
    let [(level, line)] = world.lines().try_into().unwrap();
    assert_eq!(level, Level::Info);
    assert!(line.starts_with("it was compiled, and its code cannot be kept: "), "{line}");
}
