//! Slots: which version is in which, another one in its place, a trial of one, and the way back; in a data directory that
//! nobody serves, or at the daemon that does.

mod remote;
mod table;
mod told;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syndic_api::{PastVersion, SlotLine, SwappedLine, TrialFile};
use syndic_cli::args::{Install as Args, SlotVerb, Swap, There, Who};
use syndic_cli::{Failure, FailureKind};
use syndic_core::versions::Mode;
use syndic_core::{Config, Slot, Time};
use syndic_engine::replay::Gates;
use syndic_engine::{Allow, Cause, Halt, Host, Install, NotSwapped, Swapped, Trialled};
use syndic_store::MasterWanted;

pub(crate) use self::remote::{install as install_at, slot as slot_at, trial as trial_at};
pub(crate) use self::table::{difference as show_difference, swapped as show_swapped};
pub(crate) use self::told::{not_swapped as problem_of, past, slots, swapped as swapped_line, trial as trial_of};
use crate::embedded::{Embedded, components, log_to_stderr};
use crate::look::{open, read};
use crate::settings::Settings;
use crate::show::Show;
use crate::trouble;

pub(crate) fn run(verb: SlotVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        SlotVerb::List { place } => {
            let lines = match place.there()? {
                There::Data(data) => slots_in(&data)?,
                There::Server(daemon) => remote::slots(&daemon)?,
            };
            table::slots(&lines, show)?;
        }
        SlotVerb::History { slot, place } => {
            let versions = match place.there()? {
                There::Data(data) => past_in(&data, &slot)?,
                There::Server(daemon) => remote::history(&daemon, &slot)?,
            };
            table::history(&slot, &versions, show)?;
        }
        SlotVerb::Trial { slot, place } => {
            let trial = match place.there()? {
                There::Data(data) => trial_in(&data, &slot)?,
                There::Server(daemon) => remote::trial(&daemon, &slot, 0)?,
            };
            table::trial(&trial, show)?;
        }
        SlotVerb::Install(args) => table::swapped(&install(&args, show)?, show)?,
        SlotVerb::Explain { slot, number, all: _, who, place } => {
            let explained = match place.there()? {
                There::Data(data) => swap(&data, &named(&slot)?, |host, slot| host.explain(slot, number, &cause(&who))),
                There::Server(daemon) => remote::explain(&daemon, &slot, number, &who.reason),
            };
            table::swapped(&explained?, show)?;
        }
        SlotVerb::Promote { slot, force, who, place } => {
            let promoted = match place.there()? {
                There::Data(data) => swap(&data, &named(&slot)?, |host, slot| host.promote(slot, force, &cause(&who))),
                There::Server(daemon) => remote::promote(&daemon, &slot, force, &who.reason),
            };
            table::swapped(&promoted?, show)?;
        }
        SlotVerb::Revert { slot, who, place } => {
            let reverted = match place.there()? {
                There::Data(data) => swap(&data, &named(&slot)?, |host, slot| host.revert(slot, &cause(&who))),
                There::Server(daemon) => remote::revert(&daemon, &slot, &who.reason),
            };
            table::swapped(&reverted?, show)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn install(args: &Args, show: &Show) -> Result<SwappedLine, Failure> {
    let wanted = wanted(args)?;
    match args.place.clone().there()? {
        There::Data(data) => swap_under(rules(args.config.as_deref(), show)?, &data, |host| host.install(wanted)),
        There::Server(_) if args.config.is_some() => {
            Err(Failure::new(FailureKind::Usage, "`--config` is for a directory that nobody serves")
                .because("the daemon knows what its slots ask of a component")
                .hint("leave it away, or name a directory with `--data`"))
        }
        There::Server(daemon) => remote::install(&daemon, &wanted),
    }
}

pub(crate) fn named(slot: &str) -> Result<Slot, Failure> {
    Slot::new(slot).map_err(|why| Failure::new(FailureKind::Usage, "that is not a slot").because(why))
}

pub(crate) fn cause(who: &Who) -> Cause {
    Cause { by: who.by.clone(), reason: who.reason.clone(), at: now(), id: None }
}

/// The time on the wall. Whoever acts on a directory acts now, whatever its events say.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn wanted(args: &Args) -> Result<Install, Failure> {
    let mode = match (args.shadow, args.canary) {
        (true, _) => Mode::Shadow,
        (false, Some(percent)) => Mode::Canary(percent),
        (false, None) => Mode::Active,
    };
    let allow = args.allow.iter().filter_map(|allow| Allow::named(allow)).collect();
    let install =
        install_of(&named(&args.slot)?, &args.file, args.signature.as_deref(), mode, allow, cause(&args.who))?;
    let gates = Gates { different_max: args.max_different, ..Gates::default() };
    Ok(Install { backtest: args.backtest.map(|last| Trialled { last, gates }), ..install })
}

/// What is to be installed from a file, with the signature beside it where there is one.
pub(crate) fn install_of(
    slot: &Slot,
    file: &Path,
    signature: Option<&Path>,
    mode: Mode,
    allow: BTreeSet<Allow>,
    cause: Cause,
) -> Result<Install, Failure> {
    let unreadable = |file: &Path, why: std::io::Error| {
        Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
            .because(why)
            .hint("build a component with `syndic governor build`, and sign it with `syndic governor sign`")
    };
    let component = std::fs::read(file).map_err(|why| unreadable(file, why))?;
    let beside = PathBuf::from(format!("{}.sig", file.display()));
    let signature = match signature {
        Some(file) => Some(std::fs::read(file).map_err(|why| unreadable(file, why))?),
        None => std::fs::read(beside).ok(),
    };
    Ok(Install { slot: slot.clone(), component, signature, mode, backtest: None, allow, cause })
}

/// The rules of `play`, and what a configuration asks of components besides.
fn rules(file: Option<&Path>, show: &Show) -> Result<Config, Failure> {
    let mut rules = Config::of_play();
    if let Some(file) = file {
        for (slot, own) in Settings::in_file(file, show)?.rules.slots {
            let rule = rules.slots.entry(slot).or_default();
            (rule.trust, rule.budget, rule.gate, rule.wasi) = (own.trust, own.budget, own.gate, own.wasi);
        }
    }
    Ok(rules)
}

fn swap(
    data: &Path,
    slot: &Slot,
    swap: impl FnOnce(&Host, &Slot) -> Result<Result<Swapped, NotSwapped>, Halt>,
) -> Result<SwappedLine, Failure> {
    swap_under(Config::of_play(), data, |host| swap(host, slot))
}

fn swap_under(
    config: Config,
    data: &Path,
    swap: impl FnOnce(&Host) -> Result<Result<Swapped, NotSwapped>, Halt>,
) -> Result<SwappedLine, Failure> {
    // A directory that is not there yet is not made by installing: that would hide a typing error.
    drop(open(data)?);
    let embedded = Embedded::open(data, MasterWanted::Secret, config, &components(&[])?, log_to_stderr())?;
    let swapped = swap(&embedded.host).map_err(|halt| trouble::halted(&halt))?.map_err(|no| not_swapped(&no))?;
    Ok(told::swapped(&swapped))
}

/// A swap that was not done: the answer is no.
pub(crate) fn not_swapped(no: &NotSwapped) -> Failure {
    let kind = match no {
        NotSwapped::Senseless(_) | NotSwapped::NoSlot { .. } => FailureKind::Usage,
        _ => FailureKind::No,
    };
    Failure::new(kind, no.to_string())
}

fn slots_in(data: &Path) -> Result<Vec<SlotLine>, Failure> {
    drop(open(data)?);
    let embedded = Embedded::open(data, MasterWanted::Secret, Config::of_play(), &components(&[])?, log_to_stderr())?;
    read(told::slots(&*embedded.store, &embedded.host))
}

fn past_in(data: &Path, slot: &str) -> Result<Vec<PastVersion>, Failure> {
    read(told::past(&open(data)?, &named(slot)?, 0, usize::MAX))
}

fn trial_in(data: &Path, slot: &str) -> Result<TrialFile, Failure> {
    let trial = read(told::trial(&open(data)?, &named(slot)?, 0))?;
    trial.ok_or_else(|| {
        Failure::new(FailureKind::No, format!("`{slot}` has no version on trial"))
            .hint("install one with `--shadow` or `--canary N`")
    })
}

/// `N:SLOT=FILE[:shadow|:canary=N]`, as `play` is told it.
pub(crate) fn swaps_of(swaps: &[Swap]) -> Result<Vec<(u64, Install)>, Failure> {
    let mut all = Vec::new();
    for (nth, swap) in swaps.iter().enumerate() {
        let slot = named(&swap.slot)?;
        let cause = Cause {
            by: "play".to_owned(),
            reason: format!("--swap-at {}:{}", swap.line, swap.slot),
            at: Time::default(),
            id: Some(format!("swap {nth} at line {} in {slot}", swap.line)),
        };
        let mode = match swap.canary {
            Some(percent) => Mode::Canary(percent),
            None if swap.shadow => Mode::Shadow,
            None => Mode::Active,
        };
        let allow = [Allow::Wider, Allow::Downgrade, Allow::OneWay, Allow::Failing].into();
        all.push((swap.line, install_of(&slot, &swap.file, None, mode, allow, cause)?));
    }
    all.sort_by_key(|(line, _)| *line);
    Ok(all)
}
