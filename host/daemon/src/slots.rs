//! Slots: which version is in which, another one in its place, a trial of one, and the way back; on a data directory
//! that no daemon has open.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Value, json};
use syndic_cli::args::{Configured, Install as Args, SlotVerb, Swap, Who};
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::ports::Installed;
use syndic_core::versions::{
    self, DIFFERENCE_REGISTER, Difference, Mode, SLOT_REGISTER, SlotRecord, TRIAL_REGISTER, TrialRecord,
    VERSION_REGISTER, VersionRecord,
};
use syndic_core::{Config, Slot, Time};
use syndic_engine::replay::Gates;
use syndic_engine::{Allow, Cause, Halt, Host, Install, NotSwapped, Swapped, Trialled};
use syndic_ledger::Digest;
use syndic_store::SledStore;

use crate::embedded::{Embedded, components, log_to_stderr};
use crate::look::{open, pretty, read};
use crate::settings::{Settings, all_but_last};
use crate::show::Show;
use crate::trouble;

pub(crate) fn run(verb: SlotVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        SlotVerb::List { data } => list(&data.data, show),
        SlotVerb::History { slot, data } => history(&open(&data.data)?, &named(&slot)?, show),
        SlotVerb::Trial { slot, data } => trial(&open(&data.data)?, &named(&slot)?, show),
        SlotVerb::Install(args) => {
            let (wanted, config) = (wanted(&args)?, rules(args.config.as_deref(), show)?);
            swap_under(config, &args.data.data, show, |host| host.install(wanted))
        }
        SlotVerb::Explain { slot, number, all: _, who, data } => {
            let (slot, cause) = (named(&slot)?, cause(&who));
            swap(&data.data, show, |host| host.explain(&slot, number, &cause))
        }
        SlotVerb::Promote { slot, force, who, data } => {
            let (slot, cause) = (named(&slot)?, cause(&who));
            swap(&data.data, show, |host| host.promote(&slot, force, &cause))
        }
        SlotVerb::Revert { slot, who, data } => {
            let (slot, cause) = (named(&slot)?, cause(&who));
            swap(&data.data, show, |host| host.revert(&slot, &cause))
        }
    }
}

pub(crate) fn named(slot: &str) -> Result<Slot, Failure> {
    Slot::new(slot).map_err(|why| Failure::new(FailureKind::Usage, "that is not a slot").because(why))
}

fn cause(who: &Who) -> Cause {
    Cause { by: who.by.clone(), reason: who.reason.clone(), at: now(), id: None }
}

/// The time on the wall. Whoever acts on a directory acts now, whatever its events say.
fn now() -> Time {
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
        let configured = Configured { config: Some(file.to_owned()), ..Configured::default() };
        let settings = Settings::read(&configured);
        let settings = settings.map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))?;
        for (slot, own) in settings.rules.slots {
            let rule = rules.slots.entry(slot).or_default();
            (rule.trust, rule.budget, rule.gate, rule.wasi) = (own.trust, own.budget, own.gate, own.wasi);
        }
    }
    Ok(rules)
}

fn swap(
    data: &Path,
    show: &Show,
    swap: impl FnOnce(&Host) -> Result<Result<Swapped, NotSwapped>, Halt>,
) -> Result<ExitCode, Failure> {
    swap_under(Config::of_play(), data, show, swap)
}

fn swap_under(
    config: Config,
    data: &Path,
    show: &Show,
    swap: impl FnOnce(&Host) -> Result<Result<Swapped, NotSwapped>, Halt>,
) -> Result<ExitCode, Failure> {
    // A directory that is not there yet is not made by installing: that would hide a typing error.
    drop(open(data)?);
    let embedded = Embedded::open(data, None, config, &components(&[])?, log_to_stderr())?;
    let swapped = swap(&embedded.host).map_err(|halt| trouble::halted(&halt))?.map_err(|no| not_swapped(&no))?;
    tell(&swapped, show)?;
    Ok(ExitCode::SUCCESS)
}

/// Says what a swap came to.
pub(crate) fn tell(swapped: &Swapped, show: &Show) -> Result<(), Failure> {
    let Swapped { report, active, trial, warm } = swapped;
    let told = json!({
        "receipt": report.receipt, "duplicate": report.duplicate, "active": active, "trial": trial, "warm": warm,
    });
    show.result(&told, |_| {
        let on_trial = trial.map_or(String::new(), |number| format!(", version {number} is on trial"));
        let before = warm.map_or(String::new(), |number| format!(", version {number} is warm"));
        format!("version {active} judges{on_trial}{before}; receipt {}", report.receipt.unwrap_or_default())
    })
}

/// A swap that was not done: the answer is no.
pub(crate) fn not_swapped(no: &NotSwapped) -> Failure {
    let kind = match no {
        NotSwapped::Senseless(_) | NotSwapped::NoSlot { .. } => FailureKind::Usage,
        _ => FailureKind::No,
    };
    Failure::new(kind, no.to_string())
}

fn list(data: &Path, show: &Show) -> Result<ExitCode, Failure> {
    let store = open(data)?;
    let records: Vec<(String, SlotRecord)> = read(versions::entries(&store, SLOT_REGISTER, ""))?;
    drop(store);
    let embedded = Embedded::open(data, None, Config::of_play(), &components(&[])?, log_to_stderr())?;
    let lineup = embedded.host.lineup();
    let shown = |slot: &Slot, version: &Installed, mode: Mode, number: Option<u32>| {
        json!({
            "slot": slot, "number": number, "mode": mode.name(), "name": version.manifest.name,
            "version": version.manifest.version, "digest": Digest(version.digest).to_string(),
        })
    };
    let mut rows: Vec<Value> = Vec::new();
    for (slot, seating) in lineup.seatings() {
        let record = records.iter().find(|(name, _)| name == slot.as_str()).map(|(_, record)| record);
        rows.push(shown(slot, &seating.active, Mode::Active, record.map(|record| record.active)));
        if let Some((trial, mode)) = &seating.trial {
            let number = record.and_then(|record| record.trial).map(|trial| trial.number);
            rows.push(shown(slot, trial, *mode, number));
        }
    }
    table(&["slot", "mode", "name", "version", "number", "digest"], &rows, show)?;
    Ok(ExitCode::SUCCESS)
}

fn history(store: &SledStore, slot: &Slot, show: &Show) -> Result<ExitCode, Failure> {
    let all: Vec<(String, VersionRecord)> = read(versions::entries(store, VERSION_REGISTER, &format!("{slot}/")))?;
    if all.is_empty() {
        return Err(Failure::new(FailureKind::No, format!("nothing was ever installed in `{slot}`"))
            .because("the bundled governor judges there"));
    }
    let record: Option<SlotRecord> = read(versions::entry(store, SLOT_REGISTER, slot.as_str()))?;
    let rows: Vec<Value> = all
        .iter()
        .map(|(_, version)| {
            let mut row = serde_json::to_value(version).unwrap_or_default();
            row["mode"] = json!(version.mode.name());
            row["digest"] = json!(Digest(version.digest).to_string());
            row["installed"] = json!(version.receipt.map(|_| version.installed.to_string()));
            row["is"] = json!(record.as_ref().map_or("", |record| standing(record, version)));
            row["why"] = json!(version.left.as_ref().map_or(&version.reason, |left| &left.why));
            row
        })
        .collect();
    table(&["number", "version", "is", "installed", "by", "why", "publisher", "digest"], &rows, show)?;
    Ok(ExitCode::SUCCESS)
}

fn standing(record: &SlotRecord, version: &VersionRecord) -> &'static str {
    match version.number {
        number if number == record.active => "active",
        number if Some(number) == record.warm => "warm",
        number if record.trial.is_some_and(|trial| trial.number == number) => "on trial",
        _ => "gone",
    }
}

fn trial(store: &SledStore, slot: &Slot, show: &Show) -> Result<ExitCode, Failure> {
    let record: Option<SlotRecord> = read(versions::entry(store, SLOT_REGISTER, slot.as_str()))?;
    let Some(on_trial) = record.and_then(|record| record.trial) else {
        return Err(Failure::new(FailureKind::No, format!("`{slot}` has no version on trial"))
            .hint("install one with `--shadow` or `--canary N`"));
    };
    let trial: TrialRecord = read(versions::entry(store, TRIAL_REGISTER, slot.as_str()))?.unwrap_or_default();
    let prefix = format!("{slot}/{:08}/", on_trial.number);
    let differences: Vec<(String, Difference)> = read(versions::entries(store, DIFFERENCE_REGISTER, &prefix))?;
    if show.json {
        show.line(&json!({"mode": on_trial.mode.name(), "trial": trial}).to_string())?;
        for (nth, (_, difference)) in (1..).zip(&differences) {
            show.line(&json!({"difference": nth, "is": difference}).to_string())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let TrialRecord { calls, different, explained, failed, fuel, micros, .. } = trial;
    let ratio =
        |[one, other]: [u64; 2]| if one == 0 { "–".to_owned() } else { format!("{:.2}", other as f64 / one as f64) };
    show.line(&format!(
        "version {} as {}: asked {calls} times, {different} different ({explained} explained), {failed} failed; fuel × {}, \
         time × {}",
        on_trial.number,
        on_trial.mode.name(),
        ratio(fuel),
        ratio(micros)
    ))?;
    for (nth, (_, difference)) in (1..).zip(&differences) {
        let Difference { kinds, event, kind, receipt, decisions, explained, .. } = difference;
        let why = explained.as_ref().map_or(String::new(), |why| format!(" (explained: {})", plain(why)));
        show.line(&format!("\n{nth}. {} of `{}`, {kind}, receipt {receipt}{why}", kinds.join(", "), plain(event)))?;
        for (mark, decision) in ["-", "+"].iter().zip(decisions) {
            for line in pretty(&only(decision, kinds)).lines() {
                show.line(&format!("{mark} {line}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The parts of a decision that differ; all of it where there are no parts.
fn only(decision: &Value, kinds: &[String]) -> Value {
    match decision.as_object() {
        Some(parts) if kinds.iter().any(|kind| parts.contains_key(kind)) => parts
            .iter()
            .filter(|(name, _)| kinds.contains(name))
            .map(|(name, part)| (name.clone(), part.clone()))
            .collect(),
        _ => decision.clone(),
    }
}

fn table(columns: &[&str], rows: &[Value], show: &Show) -> Result<(), Failure> {
    if show.json {
        return rows.iter().try_for_each(|row| show.line(&row.to_string()));
    }
    let cell = |row: &Value, column: &str| match &row[column] {
        Value::Null => String::new(),
        Value::String(text) if column == "digest" => text.chars().take(19).collect(),
        Value::String(text) => plain(text).into_owned(),
        other => other.to_string(),
    };
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    show.line(&tables::table(columns, &[], cells).to_string())
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
