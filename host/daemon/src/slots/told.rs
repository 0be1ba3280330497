//! What is known of slots, in the wire's shapes: the same whether a data directory is looked into or a daemon asked.

use serde_json::json;
use syndic_api::{
    BudgetLine, LeftLine, PastVersion, ProblemLine, SeatLine, SlotLine, SwappedLine, TrialCounts, TrialDifference,
    TrialFile, TrialLine,
};
use syndic_core::Slot;
use syndic_core::ports::{Installed, Reads, StoreError};
use syndic_core::versions::{
    self, DIFFERENCE_REGISTER, Difference, Mode, SLOT_REGISTER, SlotRecord, TRIAL_REGISTER, TrialRecord,
    VERSION_REGISTER, VersionRecord,
};
use syndic_engine::{Host, NotSwapped, Seating, Swapped};
use syndic_ledger::Digest;

/// Every slot, by name.
pub(crate) fn slots(store: &dyn Reads, host: &Host) -> Result<Vec<SlotLine>, StoreError> {
    let lineup = host.lineup();
    lineup.seatings().map(|(slot, seating)| line(store, host, slot, seating)).collect()
}

fn line(store: &dyn Reads, host: &Host, slot: &Slot, seating: &Seating) -> Result<SlotLine, StoreError> {
    let trial = seating.trial.as_ref().map(|(trial, _)| trial);
    let loaded: Vec<&Installed> =
        [Some(&seating.active), trial, seating.warm.as_ref()].into_iter().flatten().map(|code| &**code).collect();
    let budget = budget(host, slot, seating);
    let Some(record): Option<SlotRecord> = versions::entry(store, SLOT_REGISTER, slot.as_str())? else {
        let active =
            seat(None, &seating.active.manifest.name, &seating.active.manifest.version, seating.active.digest, &loaded);
        return Ok(SlotLine { slot: slot.to_string(), active, trial: None, warm: None, versions: 0, budget });
    };
    let numbered = |number: u32| {
        let version = version(store, slot, number)?;
        Ok::<_, StoreError>(seat(Some(number), &version.name, &version.version, version.digest, &loaded))
    };
    let trial = match record.trial {
        Some(on) => {
            let shown = versions::entry(store, TRIAL_REGISTER, slot.as_str())?.unwrap_or_default();
            Some(TrialLine { version: numbered(on.number)?, mode: on.mode.name(), shown: counts(on.number, &shown) })
        }
        None => None,
    };
    Ok(SlotLine {
        slot: slot.to_string(),
        active: numbered(record.active)?,
        trial,
        warm: record.warm.map(numbered).transpose()?,
        versions: record.versions,
        budget,
    })
}

fn seat(
    number: Option<u32>,
    name: &str,
    version: &str,
    digest: syndic_ledger::Hash,
    loaded: &[&Installed],
) -> SeatLine {
    let code = loaded.iter().find(|code| code.digest == digest);
    SeatLine {
        number,
        name: name.to_owned(),
        version: version.to_owned(),
        digest: Digest(digest).to_string(),
        kinds: code.map(|code| code.manifest.kinds.clone()).unwrap_or_default(),
    }
}

/// The failures of whoever judges: the active version, and a canary beside it.
fn budget(host: &Host, slot: &Slot, seating: &Seating) -> BudgetLine {
    let canary = seating.trial.as_ref().filter(|(_, mode)| matches!(mode, Mode::Canary(_)));
    let judges = [Some(seating.active.digest), canary.map(|(canary, _)| canary.digest)];
    let watched = judges.into_iter().flatten().filter(|digest| seating.watches(*digest));
    let failed = watched.clone().map(|digest| host.failures(slot, digest) as u64).max();
    let budget = host.config().slot(slot).budget;
    BudgetLine {
        calls: budget.calls,
        failures_max: budget.failures,
        failed: failed.unwrap_or_default(),
        watched: failed.is_some(),
    }
}

fn version(store: &dyn Reads, slot: &Slot, number: u32) -> Result<VersionRecord, StoreError> {
    let missing = || StoreError::Corrupt(format!("the record of version {number} in `{slot}` is missing"));
    versions::entry(store, VERSION_REGISTER, &versions::version_key(slot, number))?.ok_or_else(missing)
}

/// The counts of a trial; none of an earlier one's.
fn counts(number: u32, shown: &TrialRecord) -> TrialCounts {
    if shown.number != number {
        return TrialCounts::default();
    }
    let TrialRecord { calls, different, explained, failed, fuel, micros, .. } = *shown;
    TrialCounts { calls, different, explained, failed, fuel, micros }
}

/// The versions that a slot has had: the first so many above a number.
pub(crate) fn past(store: &dyn Reads, slot: &Slot, after: u32, limit: usize) -> Result<Vec<PastVersion>, StoreError> {
    let Some(record): Option<SlotRecord> = versions::entry(store, SLOT_REGISTER, slot.as_str())? else {
        return Ok(Vec::new());
    };
    let numbers = (after..record.versions).map(|before| before + 1).take(limit);
    numbers.map(|number| Ok(past_version(&version(store, slot, number)?, &record))).collect()
}

fn past_version(version: &VersionRecord, record: &SlotRecord) -> PastVersion {
    let is = match version.number {
        number if number == record.active => "active",
        number if Some(number) == record.warm => "warm",
        number if record.trial.is_some_and(|trial| trial.number == number) => "on trial",
        _ => "gone",
    };
    let left =
        |left: &versions::Left| LeftLine { at: left.at.to_string(), why: left.why.clone(), receipt: left.receipt };
    PastVersion {
        number: version.number,
        name: version.name.clone(),
        version: version.version.clone(),
        digest: Digest(version.digest).to_string(),
        state_schema: version.state_schema,
        publisher: version.publisher.clone(),
        mode: version.mode.name(),
        is: is.to_owned(),
        installed: version.receipt.map(|_| version.installed.to_string()),
        receipt: version.receipt,
        by: version.by.clone(),
        reason: version.reason.clone(),
        active_since: version.receipt.and(version.active_since).map(|since| since.to_string()),
        left: version.left.as_ref().map(left),
        one_way: version.one_way,
    }
}

/// What the trial of a slot has shown, with the differences above a number; none where nothing is tried there.
pub(crate) fn trial(store: &dyn Reads, slot: &Slot, after: u64) -> Result<Option<TrialFile>, StoreError> {
    let record: Option<SlotRecord> = versions::entry(store, SLOT_REGISTER, slot.as_str())?;
    let Some(on) = record.and_then(|record| record.trial) else { return Ok(None) };
    let shown = versions::entry(store, TRIAL_REGISTER, slot.as_str())?.unwrap_or_default();
    let prefix = format!("{slot}/{:08}/", on.number);
    let all: Vec<(String, Difference)> = versions::entries(store, DIFFERENCE_REGISTER, &prefix)?;
    let numbered = (1..).zip(all).map(|(number, (_, difference))| difference_line(number, difference));
    Ok(Some(TrialFile {
        slot: slot.to_string(),
        number: on.number,
        mode: on.mode.name(),
        shown: counts(on.number, &shown),
        differences: numbered.filter(|difference| difference.number > after).collect(),
    }))
}

fn difference_line(number: u64, difference: Difference) -> TrialDifference {
    let Difference { kinds, event, kind, tenant, receipt, decisions, fuel, micros, explained } = difference;
    TrialDifference { number, kinds, event, r#type: kind, tenant, receipt, decisions, fuel, micros, explained }
}

/// What a swap came to.
pub(crate) fn swapped(swapped: &Swapped) -> SwappedLine {
    let Swapped { report, active, trial, warm } = swapped;
    SwappedLine { receipt: report.receipt, duplicate: report.duplicate, active: *active, trial: *trial, warm: *warm }
}

/// Why a swap was not done, as a program hears it: the step that said no, or in a word why the slot stays as it is.
pub(crate) fn not_swapped(no: &NotSwapped) -> ProblemLine {
    let kind = match no {
        NotSwapped::Step { .. } => "ComponentRejected",
        NotSwapped::NoSlot { .. } => "NotFound",
        NotSwapped::Senseless(_) => "BadRequest",
        NotSwapped::Another { .. } => "IdempotencyViolation",
        _ => "Denied",
    };
    let fields = match no {
        NotSwapped::Step { slot, step, reason } => json!({ "slot": slot, "step": step.name(), "reason": reason }),
        no => json!({ "why": no.name() }),
    };
    let fields = fields.as_object().cloned().unwrap_or_default();
    ProblemLine { fields, ..ProblemLine::new(kind, no.to_string()) }
}
