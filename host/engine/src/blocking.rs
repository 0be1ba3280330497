//! Blocking effects: done before the commit, heard by `feedback`, and undone if anything stops the event.
//!
//! Before a reversible effect is done its intent, with the event and the undo, is durable; after it, its answer is
//! written down. An effect without an answer may have happened, so it is undone like one that did. Undoing goes by what
//! was written down beside the effect, newest first, and never asks the governor again.

use syndic_core::decision::Effect;
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::failpoint;
use syndic_core::json;
use syndic_core::outcome::{EffectReport, EffectStatus};
use syndic_core::ports::{Answer, EffectResult, Intent, NoAnswer, Request, Unfinished};
use syndic_core::settle::Said;
use syndic_core::{Error, Slot, Time};
use syndic_ledger::canonical;

use crate::host::Halt;
use crate::reach::{plus_ms, request_of};
use crate::turn::{Stop, Turn};

/// A blocking effect gets one try and one retry.
const TRIES: u32 = 2;

/// A blocking effect of this event.
pub(crate) struct Done {
    pub(crate) intent: Intent,
    /// Whether the current judgement still asks for it; only then does its answer count.
    pub(crate) wanted: bool,
    /// Its place among the event's intents in the store; none for a check, which needs none.
    nth: Option<u32>,
    /// Whether an earlier process, which was then stopped, had undone it already.
    undone_before: bool,
}

impl Done {
    /// Whether the judgement counts on it although a process that was then stopped had begun to undo it.
    pub(crate) fn must_be_done_again(&self) -> bool {
        self.wanted && self.intent.undoing
    }

    /// Whether stopping now means to undo it, or meant so to the process that began.
    pub(crate) fn is_to_undo(&self) -> bool {
        self.needs_undo() || self.undone_before
    }

    pub(crate) fn needs_undo(&self) -> bool {
        self.intent.needs_undo()
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
    pub(crate) async fn round(&mut self, mode: Mode) -> Result<Result<(), Stop>, Halt> {
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
                match self.carry_out(nth, effect).await? {
                    Ok(result) => results.push(result),
                    Err(stop) => return Ok(Err(stop)),
                }
            }
            if !results.is_empty() {
                heard.push((nth, results));
            }
        }
        for (nth, results) in heard {
            self.decisions_changed();
            self.with_bench(|seats, bench| seats[nth].feed(bench, results, mode))?;
        }
        Ok(Ok(()))
    }

    async fn carry_out(&mut self, seat: usize, effect: Effect) -> Result<Result<EffectResult, Stop>, Halt> {
        let slot = self.seats[seat].slot.clone();
        if let Some(answer) = self.answered_already(&slot, &effect) {
            return Ok(Ok(answer));
        }
        self.adopt(|intent| {
            intent.slot == slot && intent.effect.id == effect.id && !asks_the_same(&intent.effect, &effect)
        });
        if let Err(error) = self.undo_where(|done| done.is(&slot, &effect.id)).await? {
            return Ok(Err(Stop::Failed(error)));
        }
        let attempt = self.attempt(&slot, &effect);
        let place = self.intend(slot, effect, attempt);
        let answer = match self.recorded(place) {
            Recorded::Nothing => {
                failpoint!("engine.intent.write", self.write_down(place)?);
                failpoint!("engine.intent.written");
                self.host.before_reaching_out().await?;
                self.do_it(&self.done[place].intent).await
            }
            Recorded::Answer(answer) => Ok(answer),
            Recorded::UndoneUnanswered => Err(NoAnswer { reason: self.silence() }),
        };
        let done = &mut self.done[place];
        match answer {
            Ok(answer) => {
                done.intent.answer = Some(answer.clone());
                let result = result_of(&done.intent, &answer);
                failpoint!("engine.answer.write", self.write_down(place)?);
                failpoint!("engine.answer.written");
                Ok(Ok(result))
            }
            Err(NoAnswer { reason }) => {
                let effect = format!("{}/{}", done.intent.slot, done.intent.effect.id);
                Ok(Err(Stop::Failed(Error::EffectFailed { effect, reason })))
            }
        }
    }

    /// The attempt that asking for an effect now is. One key stands for one content: whatever was asked otherwise, or was
    /// undone, had its own; only what an earlier process had asked last, and alike, is gone on with.
    fn attempt(&self, slot: &Slot, effect: &Effect) -> u32 {
        let of_it = |intent: &&Intent| intent.slot == *slot && intent.effect.id == effect.id;
        let ours = self.done.iter().map(|done| &done.intent).filter(of_it).max_by_key(|intent| intent.attempt);
        let last = self.before.iter().filter(of_it).max_by_key(|intent| intent.attempt);
        let (ours, before) = (ours.map_or(0, |intent| intent.attempt), self.attempts_before(slot, &effect.id));
        match last {
            Some(last) if last.attempt > ours && asks_the_same(&last.effect, effect) => last.attempt,
            Some(last) => 1 + last.attempt.max(ours).max(before),
            None => 1 + ours.max(before),
        }
    }

    /// Adds an effect to those of this event. Where an earlier process intended the same, it takes that one's place.
    fn intend(&mut self, slot: Slot, effect: Effect, attempt: u32) -> usize {
        let key = connector_key(&self.event.key(), &slot, &effect.id, attempt, Way::Do);
        let nth =
            (effect.mode == Mode::Reversible).then(|| match self.before.iter().position(|intent| intent.key == key) {
                Some(place) => place as u32,
                None => self.next_nth(),
            });
        let event = self.event.key();
        let intent = Intent { event, slot, effect, key, attempt, answer: None, undoing: false, undone: false };
        self.done.push(Done { intent, wanted: true, nth, undone_before: false });
        self.done.len() - 1
    }

    fn next_nth(&self) -> u32 {
        let taken = self.done.iter().filter_map(|done| done.nth).map(|nth| nth + 1).max().unwrap_or(0);
        taken.max(self.before.len() as u32)
    }

    /// Takes over what an earlier process intended and this judgement does not ask for: it is only there to be undone.
    fn adopt(&mut self, which: impl Fn(&Intent) -> bool) {
        for (nth, intent) in (0..).zip(self.before.clone()) {
            let known = self.done.iter().any(|done| done.intent.key == intent.key);
            if !known && which(&intent) {
                let undone_before = intent.undone;
                self.done.push(Done { intent, wanted: false, nth: Some(nth), undone_before });
            }
        }
    }

    /// The answer of an effect that an earlier judgement of this event, or another slot, had done with equal content.
    fn answered_already(&mut self, slot: &Slot, effect: &Effect) -> Option<EffectResult> {
        let same = |done: &&mut Done| {
            let equal = asks_the_same(&done.intent.effect, effect);
            let same_ask = done.is(slot, &effect.id) || done.intent.slot != *slot;
            equal && same_ask && !done.intent.undoing && done.intent.answer.is_some()
        };
        let done = self.done.iter_mut().find(same)?;
        done.wanted = true;
        let answer = done.intent.answer.clone()?;
        let mut result = result_of(&done.intent, &answer);
        result.id = effect.id.clone();
        Some(result)
    }

    /// What an earlier process wrote down of this effect before it was stopped. An effect that it had begun to undo is not
    /// done again for a judgement that stops anyway; see [`Turn::commit`].
    fn recorded(&mut self, place: usize) -> Recorded {
        let key = self.done[place].intent.key;
        let Some(intent) = self.before.iter().find(|intent| intent.key == key) else {
            return Recorded::Nothing;
        };
        let (answer, undoing, undone) = (intent.answer.clone(), intent.undoing || intent.undone, intent.undone);
        let done = &mut self.done[place];
        (done.intent.undoing, done.intent.undone, done.undone_before) = (undoing, undone, undone);
        match answer {
            Some(answer) => Recorded::Answer(answer),
            None if undoing => Recorded::UndoneUnanswered,
            None => Recorded::Nothing,
        }
    }

    fn silence(&self) -> String {
        format!("no answer within {} ms", self.host.config.limits.effect_ms)
    }

    /// Writes down an effect's intent, or what became of it. A check changes nothing and needs no intent.
    fn write_down(&mut self, place: usize) -> Result<(), Halt> {
        let done = &self.done[place];
        if let Some(nth) = done.nth {
            let event = Unfinished { event: self.event.canonical().to_owned(), again: self.origin.again().cloned() };
            let ticket = self.host.ports.store.admit_intent(&event, nth, &done.intent)?;
            // Where nobody else wrote in between, what this was judged on is still all there is.
            if ticket.0 == self.judged_at.0 + 1 {
                self.judged_at = ticket;
            }
        }
        Ok(())
    }

    /// Does an effect: one try and one retry.
    async fn do_it(&self, intent: &Intent) -> Result<Answer, NoAnswer> {
        let request = self.request(intent, Way::Do);
        let mut answer = self.ask(&request).await;
        for _ in 1..TRIES {
            if answer.is_ok() {
                break;
            }
            answer = self.ask(&request).await;
        }
        answer
    }

    /// Undoes an effect: tries until the service does, with pauses that grow, but neither for longer than the time there
    /// is for it nor oftener than would fit into that time if the service were silent. In `play` time stands still.
    async fn undo_it(&self, intent: &Intent, end: Time) -> Result<(), String> {
        let limits = &self.host.config.limits;
        let tries = u32::try_from(limits.recovery_ms / limits.effect_ms.max(1)).unwrap_or(u32::MAX).max(1);
        let mut request = self.request(intent, Way::Undo);
        let mut nth = 0;
        loop {
            let left = u64::try_from(end.ms() - self.host.ports.clock.now().ms()).unwrap_or(0);
            request.timeout_ms = limits.effect_ms.min(left);
            let reason = match self.ask(&request).await {
                Ok(answer) if answer.accepted => return Ok(()),
                Ok(_) => "the service refused to undo it".into(),
                Err(NoAnswer { reason }) => reason,
            };
            if nth + 1 == tries || !self.host.pause(nth, end).await {
                return Err(reason);
            }
            nth += 1;
        }
    }

    fn request(&self, intent: &Intent, way: Way) -> Request {
        request_of(self.host, &self.event, intent, way)
    }

    /// One try. An answer that no record of ours could hold is none.
    async fn ask(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let answer = self.host.reach_out(request).await?;
        let unusable = |why: String| NoAnswer { reason: format!("its answer cannot be used: {why}") };
        if !answer.body.is_object() {
            return Err(unusable("the body is not an object".into()));
        }
        json::check(&answer.body).map_err(unusable)?;
        Ok(answer)
    }

    /// Undoes everything, newest first.
    ///
    /// # Errors
    /// The first effect whose undo did not succeed; the ones before it stay to be undone too.
    pub(crate) async fn undo_all(&mut self) -> Result<Result<(), Error>, Halt> {
        self.adopt(|_| true);
        self.undo_where(|_| true).await
    }

    /// Undoes what the current judgement no longer asks for, newest first.
    ///
    /// # Errors
    /// As [`undo_all`](Self::undo_all).
    pub(crate) async fn undo_unwanted(&mut self) -> Result<Result<(), Error>, Halt> {
        self.adopt(|_| true);
        self.undo_where(|done| !done.wanted).await
    }

    /// Whether stopping here means undoing. Takes over what an earlier process had begun.
    pub(crate) fn has_to_undo(&mut self) -> bool {
        self.adopt(|_| true);
        self.done.iter().any(Done::is_to_undo)
    }

    /// The places of all effects, in the order in which they are undone.
    pub(crate) fn newest_first(&self) -> Vec<usize> {
        let mut newest_first: Vec<usize> = (0..self.done.len()).collect();
        newest_first.sort_by_key(|place| std::cmp::Reverse(self.done[*place].nth));
        newest_first
    }

    async fn undo_where(&mut self, which: impl Fn(&Done) -> bool + Send) -> Result<Result<(), Error>, Halt> {
        let end = plus_ms(self.host.ports.clock.now(), self.host.config.limits.recovery_ms);
        for place in self.newest_first() {
            let done = &self.done[place];
            if !done.needs_undo() || !which(done) {
                continue;
            }
            let effect = format!("{}/{}", done.intent.slot, done.intent.effect.id);
            if !done.intent.undoing {
                // A process that is stopped before it knows of the undo must not take the effect for done: under its key
                // the service would say yes again, as it did before the undo.
                self.done[place].intent.undoing = true;
                failpoint!("engine.undoing.write", self.write_down(place)?);
            }
            failpoint!("engine.undo.ask");
            self.host.before_reaching_out().await?;
            match self.undo_it(&self.done[place].intent, end).await {
                Ok(()) => {
                    self.done[place].intent.undone = true;
                    failpoint!("engine.undone.write", self.write_down(place)?);
                    failpoint!("engine.undone.written");
                }
                Err(reason) => return Ok(Err(Error::RollbackFailed { effect, reason })),
            }
        }
        Ok(Ok(()))
    }
}

/// What is known of an effect from before this process.
enum Recorded {
    /// Nothing, or that it was intended: it is done under the same key, which a provider honours.
    Nothing,
    /// Its answer.
    Answer(Answer),
    /// That it gave none, and that undoing it was begun.
    UndoneUnanswered,
}

pub(crate) fn asks_the_same(one: &Effect, other: &Effect) -> bool {
    (&one.action, &one.key, &one.body, &one.undo) == (&other.action, &other.key, &other.body, &other.undo)
}

impl Done {
    fn is(&self, slot: &Slot, id: &str) -> bool {
        self.intent.slot == *slot && self.intent.effect.id == *id
    }
}

pub(crate) fn result_of(intent: &Intent, answer: &Answer) -> EffectResult {
    EffectResult {
        id: intent.effect.id.clone(),
        action: intent.effect.action.clone(),
        key: intent.key,
        accepted: answer.accepted,
        body: canonical(&answer.body),
    }
}
