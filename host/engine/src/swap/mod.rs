//! Swapping: another version is put in a slot while events flow, and each step leaves a receipt.
//!
//! Everything that takes time is done before: the component is loaded, compared and tried where no event waits for it.
//! Then one commit writes what the slot is from now on, and one pointer is changed. Who began before ends on the version
//! it began with; who begins after has the new one.

mod install;
mod slot;

use std::collections::BTreeSet;
use std::sync::PoisonError;

use serde_json::{Value, json};
use syndic_core::outcome::Report;
use syndic_core::ports::StoreError;
use syndic_core::versions::{self, Mode, SLOT_REGISTER, SlotRecord, TRIAL_REGISTER, TrialRecord};
use syndic_core::{Slot, Time};

use crate::administer::{Before, Deed};
use crate::failing::Over;
use crate::host::{Halt, Host};
use crate::lineup::version;
use crate::replay::Gates;
pub use install::Step;
use slot::Changed;

/// Who does the host's own acts.
const HOST: &str = "syndic";

/// Who swaps, why and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
    /// What the act is to be known by, where it must not be done twice.
    pub id: Option<String>,
}

/// What may be let through at an installation that is refused otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allow {
    /// It may read, ask for and judge more than the version before.
    Wider,
    /// Its semantic version is lower.
    Downgrade,
    /// Its facts cannot be carried back, so that there is no way back from it.
    OneWay,
    /// It fails on what was decided before.
    Failing,
}

/// Recorded decisions that a component judges again before it is let in, and how different it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trialled {
    /// The last so many of its slot.
    pub last: u64,
    /// How different.
    pub gates: Gates,
}

/// A component to install.
#[derive(Clone, Debug)]
pub struct Install {
    /// The slot.
    pub slot: Slot,
    /// The component.
    pub component: Vec<u8>,
    /// Its detached signature, where it has one.
    pub signature: Option<Vec<u8>>,
    /// As what.
    pub mode: Mode,
    /// What it judges again first, beside the few decisions that every component does.
    pub backtest: Option<Trialled>,
    /// What is let through.
    pub allow: BTreeSet<Allow>,
    /// Who, why and when.
    pub cause: Cause,
}

/// What a swap came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Swapped {
    /// The report of its receipt.
    pub report: Report,
    /// The version that judges now.
    pub active: u32,
    /// The one on trial.
    pub trial: Option<u32>,
    /// The one before.
    pub warm: Option<u32>,
}

/// Why a swap was not done. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSwapped {
    /// A step of an installation said no.
    #[error("`{slot}` stays as it is: the {} said no: {reason}", step.words())]
    Step {
        /// The slot.
        slot: Slot,
        /// The step.
        step: Step,
        /// Why.
        reason: String,
    },
    /// The same component is there already.
    #[error("`{slot}` stays as it is: version {version} of these very bytes is {} already", mode.name())]
    Same {
        /// The slot.
        slot: Slot,
        /// Its semantic version.
        version: String,
        /// How it is there.
        mode: Mode,
    },
    /// Somebody else changed the slot meanwhile.
    #[error("`{slot}` was changed by somebody else meanwhile; look at it with `syndic governor history {slot}`")]
    Overtaken {
        /// The slot.
        slot: Slot,
    },
    /// There is no version on trial.
    #[error("`{slot}` has no version on trial; install one with `--shadow` or `--canary N`")]
    NoTrial {
        /// The slot.
        slot: Slot,
    },
    /// A version is on trial.
    #[error("`{slot}` has a version on trial; promote it, or take it back with `syndic governor revert {slot}`")]
    OnTrial {
        /// The slot.
        slot: Slot,
    },
    /// The trial has not shown what it has to.
    #[error("the trial in `{slot}` is not over: {reason}; wait, explain, or say `--force`")]
    Gate {
        /// The slot.
        slot: Slot,
        /// What is missing.
        reason: String,
    },
    /// There is no version to go back to.
    #[error("`{slot}` has nothing to go back to: {reason}")]
    NoWayBack {
        /// The slot.
        slot: Slot,
        /// Why.
        reason: String,
    },
    /// There is no governor in the slot.
    #[error("there is no slot `{slot}` here")]
    NoSlot {
        /// The slot.
        slot: Slot,
    },
    /// What the act is to be known by stands for another one.
    #[error("`{slot}` stays as it is: the key stands for another act, the one of receipt {receipt}")]
    Another {
        /// The slot.
        slot: Slot,
        /// The receipt of the other one.
        receipt: u64,
    },
    /// The words of the act are none.
    #[error("{0}")]
    Senseless(String),
}

impl NotSwapped {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Step { step, .. } => step.name(),
            Self::Same { .. } => "same",
            Self::Overtaken { .. } => "overtaken",
            Self::NoTrial { .. } => "no-trial",
            Self::OnTrial { .. } => "on-trial",
            Self::Gate { .. } => "gate",
            Self::NoWayBack { .. } => "no-way-back",
            Self::NoSlot { .. } => "no-slot",
            Self::Another { .. } => "another",
            Self::Senseless(_) => "senseless",
        }
    }
}

impl Host {
    /// Promotes the version on trial: it judges from now on, and the one that did stays warm.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. That it is not promoted is the answer.
    pub fn promote(&self, slot: &Slot, force: bool, cause: &Cause) -> Result<Result<Swapped, NotSwapped>, Halt> {
        let promoted = self.swap(slot, "promote", cause, &json!({ "force": force }), |state| {
            let Some(trial) = state.record.trial else {
                return Err(NotSwapped::NoTrial { slot: slot.clone() }.into());
            };
            if !force {
                self.gate(slot, trial.number)
                    .map_err(SwapError::Store)?
                    .map_err(|reason| NotSwapped::Gate { slot: slot.clone(), reason })?;
            }
            Ok(state.promote(cause)?)
        });
        self.kept(promoted)
    }

    /// Goes back: ends a trial, or has the version that judged before judge again.
    ///
    /// # Errors
    /// As [`promote`](Self::promote).
    pub fn revert(&self, slot: &Slot, cause: &Cause) -> Result<Result<Swapped, NotSwapped>, Halt> {
        let reverted = self.swap(slot, "revert", cause, &json!({}), |state| Ok(state.go_back(cause)?));
        self.kept(reverted)
    }

    /// Takes a version back that is over its budget, unless somebody did already, or there is no way back.
    pub(crate) fn take_back(&self, over: &Over) -> Result<(), Halt> {
        let Over { slot, digest, reason, at } = over;
        let cause = Cause { by: HOST.into(), reason: reason.clone(), at: *at, id: None };
        let done = self.swap(slot, "revert", &cause, &json!({ "automatic": true }), |state| {
            if state.judge_of(*digest).is_none() {
                return Err(NotSwapped::Overtaken { slot: slot.clone() }.into());
            }
            Ok(state.go_back(&cause)?)
        })?;
        // Where it was not done, somebody was faster, or it stays and every event it fails on is rolled back.
        let _ = done;
        Ok(())
    }

    /// Says why differences of a trial are all right.
    ///
    /// # Errors
    /// As [`promote`](Self::promote).
    pub fn explain(&self, slot: &Slot, which: Option<u64>, cause: &Cause) -> Result<Result<Swapped, NotSwapped>, Halt> {
        let details = json!({ "difference": which });
        let explained = self.swap(slot, "explain", cause, &details, |state| Ok(state.explain(which, cause)?));
        self.kept(explained)
    }

    /// The same once it is durable: whoever is told of a swap may count on it.
    fn kept(&self, swapped: Result<Result<Swapped, NotSwapped>, Halt>) -> Result<Result<Swapped, NotSwapped>, Halt> {
        let swapped = swapped?;
        if swapped.is_ok() {
            pollster::block_on(self.durable(self.ports.store.last()))?;
        }
        Ok(swapped)
    }

    /// Whether a trial has shown what it has to.
    fn gate(&self, slot: &Slot, number: u32) -> Result<Result<(), String>, StoreError> {
        let front = self.ports.store.front();
        let trial: TrialRecord = versions::entry(front, TRIAL_REGISTER, slot.as_str())?.unwrap_or_default();
        let (gate, trial) = (self.slot(slot).gate, Some(trial).filter(|trial| trial.number == number));
        let TrialRecord { calls, different, explained, failed, .. } = trial.unwrap_or_default();
        let open = different.saturating_sub(explained);
        Ok(if calls < gate.calls {
            Err(format!("it was asked {calls} times, and {} are wanted", gate.calls))
        } else if open > gate.different {
            Err(format!("{open} differences are not explained, and {} may be", gate.different))
        } else if failed > gate.failed {
            Err(format!("it failed {failed} times, and {} may be", gate.failed))
        } else {
            Ok(())
        })
    }

    /// What became of an act that must not be done twice, where it was done; or that it was another one.
    fn done(
        &self,
        slot: &Slot,
        name: &str,
        cause: &Cause,
        details: &Value,
    ) -> Result<Option<Result<Swapped, NotSwapped>>, Halt> {
        let mut wanted = details.clone();
        wanted["slot"] = json!(slot);
        Ok(match self.done_before(name, cause, &wanted)? {
            None => None,
            Some(Before::Same { report, .. }) => Some(Ok(self.swapped(slot, *report)?)),
            Some(Before::Another { receipt }) => Some(Err(NotSwapped::Another { slot: slot.clone(), receipt })),
        })
    }

    /// Changes a slot: `change` says what it is from now on; then a receipt is written with it, and the lineup published.
    fn swap(
        &self,
        slot: &Slot,
        name: &str,
        cause: &Cause,
        details: &Value,
        change: impl FnOnce(&mut Changed) -> Result<(), SwapError>,
    ) -> Result<Result<Swapped, NotSwapped>, Halt> {
        if let Err(why) = crate::act::check_words(&cause.by, &cause.reason) {
            return Ok(Err(NotSwapped::Senseless(why)));
        }
        let swapping = self.swapping.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = self.done(slot, name, cause, details)? {
            return Ok(done);
        }
        let mut changed = match self.state_of(slot)? {
            Some(changed) => changed,
            None => return Ok(Err(NotSwapped::NoSlot { slot: slot.clone() })),
        };
        match change(&mut changed) {
            Ok(()) => {}
            Err(SwapError::No(no)) => return Ok(Err(no)),
            Err(SwapError::Store(error)) => return Err(error.into()),
        }
        let deed = Deed {
            name: name.to_owned(),
            by: cause.by.clone(),
            reason: cause.reason.clone(),
            at: cause.at,
            id: cause.id.clone(),
            details: changed.details(details.clone()),
        };
        let poison = self.poison_of(&changed)?;
        let forgotten = poison.clone();
        let done = self.do_deed(&deed, &mut |front, sequence| changed.write(front, sequence, &poison).map(Some))?;
        let Some(finished) = done else { return Ok(Err(NotSwapped::Overtaken { slot: slot.clone() })) };
        self.trapped().wrote(&forgotten);
        self.failing().forget(slot);
        let mut lineup = (*self.lineup()).clone();
        changed.seat(&mut lineup);
        self.board.publish(lineup);
        drop(swapping);
        Ok(Ok(self.swapped(slot, finished.report)?))
    }

    fn swapped(&self, slot: &Slot, report: Report) -> Result<Swapped, Halt> {
        let front = self.ports.store.front();
        let record: SlotRecord = versions::entry(front, SLOT_REGISTER, slot.as_str())?.unwrap_or_default();
        let (active, trial, warm) = (record.active, record.trial.map(|trial| trial.number), record.warm);
        Ok(Swapped { report, active, trial, warm })
    }

    /// A slot as it is, to be changed.
    fn state_of(&self, slot: &Slot) -> Result<Option<Changed>, Halt> {
        let lineup = self.lineup();
        let Some(seating) = lineup.seating(slot) else { return Ok(None) };
        let front = self.ports.store.front();
        let record = match seating.numbers {
            Some(_) => versions::entry(front, SLOT_REGISTER, slot.as_str())?,
            None => None,
        };
        let known = |number| version(front, slot, number);
        Ok(Some(Changed::of(slot.clone(), seating, record, known)?))
    }
}

/// Why a change was not made.
enum SwapError {
    No(NotSwapped),
    Store(StoreError),
}

impl From<NotSwapped> for SwapError {
    fn from(no: NotSwapped) -> Self {
        Self::No(no)
    }
}

impl From<StoreError> for SwapError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
