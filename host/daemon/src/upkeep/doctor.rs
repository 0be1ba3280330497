//! `doctor`: looks at everything that the daemon will stand on, and says what is wrong with it and what to do.
//!
//! Every check is one function that answers with findings. It writes nothing but a file without a name, to see how long
//! the disk takes.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;
use syndic_cli::args::TokenPlace;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Time;
use syndic_core::ports::{Reads, StoreError};
use syndic_engine::{Lineup, verify_cases};
use syndic_ledger::{Master, Receipt};
use syndic_runtime::Runtime;
use syndic_store::{MasterWanted, OpenError, SledStore};

use crate::embedded::{compiled_in, log_to_nobody, not_installed};
use crate::run::wall;
use crate::settings::{Settings, all_but_last};
use crate::show::Show;
use crate::trouble;

/// What was found.
pub(super) enum Found {
    /// As it should be.
    Well(String),
    /// It works, and somebody should look: what, and what to do.
    Odd(String, &'static str),
    /// It does not work.
    Ill(Failure),
}

use Found::{Ill, Odd, Well};

pub(super) type Findings = Vec<(&'static str, Found)>;

/// A disk with less room is an ill one, or an odd one.
const ROOM_BYTES: [u64; 2] = [100 << 20, 1 << 30];

/// How long a sync takes on a disk: less, and there may be none; more, and everybody waits for it.
const SYNC: [Duration; 2] = [Duration::from_micros(20), Duration::from_millis(50)];

/// Syncs of which the middle one counts.
const SYNCS: usize = 9;

/// A clock that is behind the last receipt by more was set back.
const BEHIND_MS: i64 = 300_000;

/// Files that a busy daemon has open at once: the store's, and a socket for each connection.
const FILES_MIN: u64 = 4_096;

pub(crate) fn doctor(place: &TokenPlace, show: &Show) -> Result<ExitCode, Failure> {
    if let Some(daemon) = place.remote()? {
        return report(super::visit::visit(&daemon), show);
    }
    let settings = Settings::read(&place.configured);
    let settings = settings.map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))?;
    let said = format!("every key is known; its digest is {}", settings.rules.digest());
    let first = vec![("configuration", Well(said))];
    report(first.into_iter().chain(governors(&settings)).chain(data(&settings.data)).chain(machine()), show)
}

/// Tells each finding. The worst is told once more at the end, as what failed.
fn report(found: impl IntoIterator<Item = (&'static str, Found)>, show: &Show) -> Result<ExitCode, Failure> {
    let mut ills = Vec::new();
    for (what, found) in found {
        tell(what, &found, show)?;
        if let Ill(failure) = found {
            ills.push(failure);
        }
    }
    // The worst is told last, and decides.
    ills.sort_by_key(|failure| failure.kind.code());
    if ills.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(all_but_last(ills, |failure| show.aside(&format!("{failure}\n"))))
}

fn tell(what: &str, found: &Found, show: &Show) -> Result<(), Failure> {
    let (state, said, hint) = match found {
        Well(said) => ("well", said.clone(), None),
        Odd(said, hint) => ("odd", said.clone(), Some((*hint).to_owned())),
        Ill(failure) => ("ill", failure.what.clone(), failure.hint.clone()),
    };
    show.result(&json!({"check": what, "state": state, "said": said, "hint": hint}), |_| match found {
        Odd(said, hint) => format!("{state:<5}{what:<15}{said}\n{:20}hint: {hint}", ""),
        _ => format!("{state:<5}{what:<15}{said}"),
    })
}

/// What is compiled and kept, and whether every governor runs here.
fn governors(settings: &Settings) -> Findings {
    let began = Instant::now();
    let cache = compiled_in(&settings.compiled);
    let kept = match &cache {
        Some(_) => Well("compiled governors are kept".into()),
        None => {
            Odd("every start compiles the governors".into(), "`host.compiled_cache` names a folder of this user alone")
        }
    };
    let loaded = settings.components().and_then(|components| {
        let runtime = Runtime::with_cache(log_to_nobody(), cache)
            .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
        let limits = |slot| settings.rules.slot(slot);
        let all: Vec<_> =
            components.iter().map(|it| (it.slot.clone(), it.bytes.as_slice(), limits(&it.slot))).collect();
        Lineup::load(&runtime, &all).map_err(|error| not_installed(&error, &components))
    });
    let healthy = match loaded {
        Err(failure) => Ill(failure),
        Ok(lineup) => {
            let (count, took) = (lineup.all().count(), began.elapsed());
            let said = format!("{count} are healthy after {} ms", took.as_millis());
            if took.as_millis() * 2 > u128::from(settings.rules.limits.startup_ms) {
                Odd(said, "that is more than half of `limits.startup_ms`; a second start has them compiled")
            } else {
                Well(said)
            }
        }
    };
    vec![("compiled cache", kept), ("governors", healthy)]
}

/// The data directory, and the disk that it is on.
fn data(dir: &Path) -> Findings {
    let near = dir.ancestors().find(|near| near.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let mut findings = vec![("disk space", room(&near)), ("disk sync", sync(&near))];
    if !dir.join("store").exists() {
        findings.push(("store", Well(format!("{} has none yet; `syndic run` makes it", dir.display()))));
        return findings;
    }
    match SledStore::open(dir, MasterWanted::Kept) {
        Ok(store) => findings.extend(kept(&store)),
        Err(OpenError::Busy { holder, .. }) => {
            let who = holder.map_or_else(|| "a process".to_owned(), |pid| format!("process {pid}"));
            findings.push(("store", Odd(format!("{who} is using it"), "stop that one to have it looked into")));
        }
        Err(error) => findings.push(("store", Ill(trouble::store_did_not_open(&error)))),
    }
    findings
}

fn kept(store: &SledStore) -> Findings {
    let mut findings = Findings::new();
    match store.verify_all() {
        Ok(head) => {
            let (receipts, root) = (head.frontier.size(), head.frontier.root());
            findings.push(("store", Well(format!("every record is there; {receipts} receipts, root {root}"))));
            findings.extend(clock(store, receipts));
        }
        Err(error) => findings.push(("store", Ill(trouble::store_failed(&error)))),
    }
    match verify_cases(store, store.master()) {
        Ok(0) => {}
        Ok(count) => findings.push(("cases", Well(format!("{count} are as their last receipts left them")))),
        Err(error) => findings.push(("cases", Ill(trouble::store_failed(&error)))),
    }
    if store.master().reveal() == Master::from_seed(0).reveal() {
        let hint = "`play` or `demo` made it; let the daemon make one of its own for real customers";
        findings.push(("master", Odd("its salts come from seed 0, which everybody knows".into(), hint)));
    }
    match not_over(store) {
        Ok(odd) => findings.extend(odd),
        Err(error) => findings.push(("events", Ill(trouble::store_failed(&error)))),
    }
    findings
}

/// What waits for a person.
fn not_over(store: &SledStore) -> Result<Findings, StoreError> {
    let quarantined = store.poisons()?.iter().filter(|(_, poison)| poison.is_quarantined()).count();
    let waits = [
        (store.parked()?.len(), "stuck: an effect could not be undone", "`syndic event stuck` lists them"),
        (
            store.dead_letters(0, usize::MAX)?.len(),
            "undelivered: nobody answered",
            "`syndic event undelivered` lists them",
        ),
        (quarantined, "quarantined: a version traps on them", "`syndic event quarantined` lists them"),
    ];
    let waits = waits.into_iter().filter(|(count, ..)| *count > 0);
    let events = waits.map(|(count, what, hint)| ("events", Odd(format!("{count} {what}"), hint)));
    Ok(events.chain(stopped(store.case_counts()?.stopped)).collect())
}

/// Cases that wait for somebody to put right what stopped them.
pub(super) fn stopped(count: u64) -> Option<(&'static str, Found)> {
    let said = match count {
        0 => return None,
        1 => "1 case is stopped".to_owned(),
        _ => format!("{count} cases are stopped"),
    };
    Some(("cases", Odd(said, "`syndic case list --status stopped` lists them")))
}

/// The clock, beside the time of the last receipt.
fn clock(store: &SledStore, receipts: u64) -> Findings {
    let last = store.receipt(receipts).ok().flatten().and_then(|entry| Receipt::parse(entry.leaf.as_bytes()).ok());
    let Some(last) = last.and_then(|receipt| Time::parse(&receipt.time).ok()) else { return Findings::new() };
    let (now, behind) = (wall(), last.ms() - wall().ms());
    vec![(
        "clock",
        if behind > BEHIND_MS {
            Odd(
                format!("it says {now}, and the last receipt is of {last}"),
                "set it; events of now would be judged as late",
            )
        } else {
            Well(format!("it says {now}"))
        },
    )]
}

fn room(dir: &Path) -> Found {
    let [least, little] = ROOM_BYTES;
    match fs2::available_space(dir) {
        Err(why) => Odd(format!("nobody says how much room there is: {why}"), "see to it yourself"),
        Ok(free) => {
            let said = format!("{} MiB are free", free >> 20);
            match free {
                free if free < least => Ill(Failure::new(FailureKind::Unreachable, said)
                    .because("a write that fails for want of room ends the daemon")
                    .hint("make room, or name another disk with `host.data`")),
                free if free < little => Odd(said, "make room before it is gone: a write that fails ends the daemon"),
                _ => Well(said),
            }
        }
    }
}

/// How long the disk takes to say that it has what was written.
fn sync(dir: &Path) -> Found {
    match median_sync(dir) {
        Err(why) => {
            Ill(Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written and synced", dir.display()))
                .because(why)
                .hint("check that the directory can be written"))
        }
        Ok(took) => {
            let said = format!("a sync takes {} µs", took.as_micros());
            match took {
                took if took < SYNC[0] => {
                    Odd(said, "no disk is so fast: what is acknowledged there may not survive a power cut")
                }
                took if took > SYNC[1] => Odd(said, "callers wait for it; a faster disk makes them wait less"),
                _ => Well(said),
            }
        }
    }
}

fn median_sync(dir: &Path) -> std::io::Result<Duration> {
    let mut file: File = tempfile::tempfile_in(dir)?;
    let mut took = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4_096])?;
        let began = Instant::now();
        file.sync_data()?;
        took.push(began.elapsed());
    }
    took.sort();
    Ok(took[SYNCS / 2])
}

/// What the system lets a process have.
fn machine() -> Findings {
    let Ok(limits) = std::fs::read_to_string("/proc/self/limits") else { return Findings::new() };
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let Some(soft) = files.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()) else {
        return Findings::new();
    };
    let said = format!("{soft} files may be open at once");
    vec![(
        "limits",
        if soft < FILES_MIN { Odd(said, "`ulimit -n 65536`, or LimitNOFILE= in the unit") } else { Well(said) },
    )]
}
