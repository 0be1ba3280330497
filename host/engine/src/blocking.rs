//! Blocking effects: done before the commit, heard by `feedback`, and undone if anything stops the event.
//!
//! Before a reversible effect is done its intent, with the event and the undo, is durable; after it, its answer. An
//! effect without an answer may have happened, so it is undone like one that did. Undoing goes by what was written down
//! beside the effect, newest first, and never asks the governor again.

use syndic_core::Error;
use syndic_core::decision::Effect;
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::outcome::{EffectReport, EffectStatus};
use syndic_core::ports::{Answer, EffectResult, Intent, NoAnswer, Request, Unfinished};
use syndic_core::settle::Said;
use syndic_ledger::{Hash, canonical};

use crate::host::Halt;
use crate::turn::{Stop, Turn};

/// A blocking effect gets one try and one retry.
const TRIES: u32 = 2;

/// A blocking effect of this event.
pub(crate) struct Done {
    pub(crate) intent: Intent,
    /// Whether the current judgement still asks for it; only then does its answer count.
    pub(crate) wanted: bool,
}

impl Done {
    /// Whether the judgement counts on it although it was undone, by a process that was then stopped.
    pub(crate) fn must_be_done_again(&self) -> bool {
        self.wanted && self.intent.undone
    }

    /// Whether it may have changed the world and has not been changed back.
    pub(crate) fn needs_undo(&self) -> bool {
        let declined = self.intent.answer.as_ref().is_some_and(|answer| !answer.accepted);
        self.intent.effect.mode == Mode::Reversible && !self.intent.undone && !declined
    }

    pub(crate) fn status(&self) -> EffectStatus {
        match &self.intent.answer {
            _ if self.intent.undone => EffectStatus::Undone,
            Some(answer) if answer.accepted => EffectStatus::Done,
            _ => EffectStatus::Failed,
        }
    }

    pub(crate) fn report(&self) -> EffectReport {
        EffectReport {
            id: format!("{}/{}", self.intent.slot, self.intent.effect.id),
            action: self.intent.effect.action.clone(),
            mode: self.intent.effect.mode,
            status: self.status(),
        }
    }
}

impl Turn<'_> {
    /// One round: every effect of one mode in slot order, then the feedback of the governors that asked.
    pub(crate) fn round(&mut self, mode: Mode) -> Result<Result<(), Stop>, Halt> {
        let mut heard: Vec<(usize, Vec<EffectResult>)> = Vec::new();
        for nth in 0..self.seats.len() {
            let asked: Vec<Effect> = match &self.seats[nth].said {
                Said::Decided(decision) => {
                    decision.effects.iter().filter(|effect| effect.mode == mode).cloned().collect()
                }
                Said::Failed(_) => Vec::new(),
            };
            let mut results = Vec::new();
            for effect in asked {
                match self.carry_out(nth, effect)? {
                    Ok(result) => results.push(result),
                    Err(stop) => return Ok(Err(stop)),
                }
            }
            if !results.is_empty() {
                heard.push((nth, results));
            }
        }
        for (nth, results) in heard {
            self.with_bench(|seats, bench| seats[nth].feed(bench, results, mode))?;
        }
        Ok(Ok(()))
    }

    fn carry_out(&mut self, seat: usize, effect: Effect) -> Result<Result<EffectResult, Stop>, Halt> {
        let slot = self.seats[seat].slot.clone();
        if let Some(answer) = self.answered_already(&slot, &effect) {
            return Ok(Ok(answer));
        }
        let attempt =
            1 + self.done.iter().filter(|done| done.intent.undone && done.is(&slot, &effect.id)).count() as u32;
        let key = connector_key(&self.event.key(), &slot, &effect.id, attempt, Way::Do);
        let event = self.event.key();
        let intent = Intent { event, slot: slot.clone(), effect, key, attempt, answer: None, undone: false };
        let place = self.done.len();
        self.done.push(Done { intent, wanted: true });
        let answer = match self.recorded(key) {
            Some((answer, undone)) => {
                self.done[place].intent.undone = undone;
                Ok(answer)
            }
            None => {
                self.write_down(place)?;
                self.call(&self.done[place].intent, Way::Do, TRIES)
            }
        };
        match answer {
            Ok(answer) => {
                let intent = &mut self.done[place].intent;
                intent.answer = Some(answer.clone());
                let result = result_of(intent, &answer);
                self.write_down(place)?;
                Ok(Ok(result))
            }
            Err(NoAnswer { reason }) => {
                let effect = format!("{slot}/{}", self.done[place].intent.effect.id);
                Ok(Err(Stop::Failed(Error::EffectFailed { effect, reason })))
            }
        }
    }

    /// The answer of an effect that an earlier judgement of this event, or another slot, had done with equal content.
    fn answered_already(&mut self, slot: &syndic_core::Slot, effect: &Effect) -> Option<EffectResult> {
        let same = |done: &&mut Done| {
            let asked = &done.intent.effect;
            let equal = (&asked.action, &asked.key, &asked.body, &asked.undo)
                == (&effect.action, &effect.key, &effect.body, &effect.undo);
            let same_ask = done.is(slot, &effect.id) || done.intent.slot != *slot;
            equal && same_ask && !done.intent.undone && done.intent.answer.is_some()
        };
        let done = self.done.iter_mut().find(same)?;
        done.wanted = true;
        let answer = done.intent.answer.clone()?;
        let mut result = result_of(&done.intent, &answer);
        result.id = effect.id.clone();
        Some(result)
    }

    /// What an earlier process wrote down of this effect before it was stopped: its answer, and whether it had begun
    /// to undo. An undone effect is not done again for a judgement that stops anyway; see [`Turn::commit`].
    fn recorded(&self, key: Hash) -> Option<(Answer, bool)> {
        let intent = self.before.iter().find(|intent| intent.key == key)?;
        Some((intent.answer.clone()?, intent.undone))
    }

    /// Makes an effect's intent, or what became of it, durable. A check changes nothing and needs no intent.
    fn write_down(&self, place: usize) -> Result<(), Halt> {
        let intent = &self.done[place].intent;
        if intent.effect.mode == Mode::Reversible {
            let event = Unfinished { event: self.event.canonical().to_owned() };
            self.host.ports.store.write_intent(&event, place as u32, intent)?;
        }
        Ok(())
    }

    fn call(&self, intent: &Intent, way: Way, tries: u32) -> Result<Answer, NoAnswer> {
        let (action, body, key, undoes) = match (way, &intent.effect.undo) {
            (Way::Undo, Some(undo)) => {
                let key = connector_key(&intent.event, &intent.slot, &intent.effect.id, intent.attempt, Way::Undo);
                (&undo.action, &undo.body, key, Some(intent.key))
            }
            _ => (&intent.effect.action, &intent.effect.body, intent.key, None),
        };
        let request = Request {
            tenant: self.event.tenant.clone(),
            subject: self.event.subject.clone(),
            action: action.clone(),
            body: body.clone(),
            key,
            way,
            undoes,
            timeout_ms: self.host.config.limits.effect_ms,
        };
        let mut answer = self.host.ports.connector.call(&request);
        for _ in 1..tries {
            if answer.is_ok() {
                break;
            }
            answer = self.host.ports.connector.call(&request);
        }
        answer
    }

    /// Undoes what the current judgement no longer asks for, or everything.
    ///
    /// # Errors
    /// The first effect whose undo did not succeed; the ones before it stay to be undone too.
    pub(crate) fn undo(&mut self, everything: bool) -> Result<Result<(), Error>, Halt> {
        let limits = &self.host.config.limits;
        let tries = u32::try_from(limits.recovery_ms / limits.effect_ms.max(1)).unwrap_or(u32::MAX).max(1);
        for place in (0..self.done.len()).rev() {
            let done = &self.done[place];
            if !done.needs_undo() || (done.wanted && !everything) {
                continue;
            }
            let effect = format!("{}/{}", done.intent.slot, done.intent.effect.id);
            match self.call(&done.intent, Way::Undo, tries) {
                Ok(answer) if answer.accepted => {
                    self.done[place].intent.undone = true;
                    self.write_down(place)?;
                }
                Ok(_) => {
                    let reason = "the service refused to undo it".into();
                    return Ok(Err(Error::RollbackFailed { effect, reason }));
                }
                Err(NoAnswer { reason }) => return Ok(Err(Error::RollbackFailed { effect, reason })),
            }
        }
        Ok(Ok(()))
    }
}

impl Done {
    fn is(&self, slot: &syndic_core::Slot, id: &str) -> bool {
        self.intent.slot == *slot && self.intent.effect.id == *id
    }
}

fn result_of(intent: &Intent, answer: &Answer) -> EffectResult {
    EffectResult {
        id: intent.effect.id.clone(),
        action: intent.effect.action.clone(),
        key: intent.key,
        accepted: answer.accepted,
        body: canonical(&answer.body),
    }
}
