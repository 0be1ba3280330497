//! What the host does with an event: asks the governor, settles what it decided in rounds, and commits or undoes.

use std::collections::VecDeque;

use super::super::host;
use super::super::judged::{Judged, Outcome, stopped};
use super::super::memory::Claims;
use super::super::rules::Rules;
use super::super::sandbox::{Reply, sandbox};
use super::{Armed, Delivery, World};
use crate::payload::TimerFired;
use crate::{Answer, Context, Decision, Effect, EffectMode, EffectResult, Event, Fault, Governor, Time};

impl World {
    pub(super) fn host_made(&self, time: Time, event: impl Into<Event>, tenant_lane: bool) -> Delivery {
        Delivery { source: format!("syndic:{}", self.memory.slot), time, event: event.into(), tenant_lane }
    }

    pub(super) fn timer_fired(&mut self, name: &str) -> Delivery {
        let Some(Armed { due, data, tenant_lane }) = self.timers.remove(name) else {
            panic!("no timer is named `{name}`; there are {:?}", self.timers.keys());
        };
        self.now = self.now.max(due);
        self.host_made(due, TimerFired { name: name.to_owned(), due, data }, tenant_lane)
    }

    pub(super) fn deliver_all(&mut self, first: Delivery, mut watch: impl FnMut(&World, &Event, &Judged)) {
        let mut waiting = VecDeque::from([first]);
        while let Some(delivery) = waiting.pop_front() {
            let event = delivery.event.clone();
            let judged = self.deliver(delivery);
            watch(self, &event, &judged);
            if judged.is_completed() {
                waiting.extend(judged.raised().into_iter().map(|event| self.host_made(self.now, event, false)));
            }
        }
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) -> Judged {
        self.events += 1;
        if !self.governor.kinds.contains(&delivery.event.kind()) {
            return Judged::ended(Outcome::Completed, Decision::abstain());
        }
        let cx = self.context(&delivery);
        let decision = match self.call(|governor| (governor.evaluate)(&cx)) {
            Ok(decision) => decision,
            Err(fault) => return Judged::ended(Outcome::RolledBack(fault), Decision::abstain()),
        };
        let judged = self.settled(&cx, decision, delivery.tenant_lane);
        if judged.is_completed() {
            self.commit(&cx, &judged.decision, delivery.tenant_lane);
        }
        judged
    }

    fn context(&self, delivery: &Delivery) -> Context {
        Context {
            parse: self.governor.parse,
            id: format!("evt-{}", self.events),
            source: delivery.source.clone(),
            kind: delivery.event.kind().to_owned(),
            subject: self.customer.clone(),
            time: delivery.time,
            data: delivery.event.data(),
            now: self.now.max(delivery.time),
            seed: self.events,
        }
    }

    fn call(&mut self, judge: impl FnOnce(&Governor) -> Answer) -> Answer {
        host::within(&mut self.memory, || judge(self.governor))
    }

    /// Verdict, claims, the round of checks, the round of reversible effects.
    fn settled(&mut self, cx: &Context, decision: Decision, tenant_lane: bool) -> Judged {
        self.hold(&decision, tenant_lane);
        let mut judged = Judged::ended(Outcome::Completed, decision);
        if let Some(outcome) = stopped(&judged.verdict).or_else(|| self.taken(&judged.decision)) {
            judged.outcome = outcome;
            return judged;
        }
        for mode in [EffectMode::Check, EffectMode::Reversible] {
            if let Err(outcome) = self.round(cx, mode, &mut judged) {
                judged.outcome = outcome;
                self.undo(&mut judged);
                return judged;
            }
            self.hold(&judged.decision, tenant_lane);
        }
        judged
    }

    fn round(&mut self, cx: &Context, mode: EffectMode, judged: &mut Judged) -> Result<(), Outcome> {
        let asked: Vec<Effect> = judged.effects.iter().filter(|effect| effect.mode == mode).cloned().collect();
        let first = judged.results.len();
        for effect in &asked {
            let reply = (self.answers)(effect).unwrap_or_else(|| sandbox(effect, &self.customer));
            if reply == Reply::Silence && mode == EffectMode::Reversible {
                judged.undone.push(effect.id.clone()); // It may have been done: undone like one that was.
            }
            judged.results.push(self.result(cx, effect, reply)?);
        }
        if asked.is_empty() {
            return Ok(());
        }
        let results = &judged.results[first..];
        let added = self.call(|governor| governor.answer_feedback(cx, results)).map_err(Outcome::RolledBack)?;
        merge(&mut judged.decision, added, mode);
        stopped(&judged.verdict).or_else(|| self.taken(&judged.decision)).map_or(Ok(()), Err)
    }

    fn result(&self, cx: &Context, effect: &Effect, reply: Reply) -> Result<EffectResult, Outcome> {
        let (accepted, body) = match reply {
            Reply::Yes(body) => (true, body),
            Reply::No(body) => (false, body),
            Reply::Silence => {
                let sentence = format!("`{}` was not answered", effect.action);
                return Err(Outcome::RolledBack(Fault::new("EffectFailed", sentence)));
            }
        };
        let (id, action) = (effect.id.clone(), effect.action.clone());
        Ok(EffectResult { id, action, key: self.key(cx, &effect.id), accepted, body })
    }

    /// Where the host has a hash, the kit has something a person can read.
    fn key(&self, cx: &Context, effect: &str) -> String {
        format!("key:{}/{}/{effect}", cx.id, self.memory.slot)
    }

    fn taken(&self, decision: &Decision) -> Option<Outcome> {
        match self.memory.claims(&decision.writes) {
            Claims::Free => None,
            Claims::Duplicate => Some(Outcome::Duplicate),
            Claims::Violation => Some(Outcome::Violation),
        }
    }

    fn undo(&self, judged: &mut Judged) {
        let reversible = |id: &str| judged.effect(id).is_some_and(|effect| effect.mode == EffectMode::Reversible);
        let done = judged.results.iter().rev().filter(|result| result.accepted && reversible(&result.id));
        let done: Vec<_> = done.map(|result| result.id.clone()).collect();
        judged.undone.extend(done);
    }

    fn commit(&mut self, cx: &Context, decision: &Decision, tenant_lane: bool) {
        self.memory.apply(&decision.writes);
        for timer in &decision.timers {
            let data = timer.data.as_deref().and_then(|text| serde_json::from_str(text).ok());
            self.timers.insert(timer.name.clone(), Armed { due: timer.due, data, tenant_lane });
        }
        for effect in decision.effects.iter().filter(|effect| effect.mode == EffectMode::Deferred) {
            self.pending.push((effect.clone(), self.key(cx, &effect.id)));
        }
    }

    fn hold(&self, decision: &Decision, tenant_lane: bool) {
        Rules { governor: self.governor, slot: &self.memory.slot, tenant_lane }.hold(decision);
    }
}

/// Adds what `feedback` decided. The last verdict counts. After the check round reversible effects may be replaced by
/// id; nothing blocking may be new.
fn merge(decision: &mut Decision, added: Decision, round: EffectMode) {
    decision.verdict = added.verdict.clone();
    let (deferred, blocking): (Vec<_>, Vec<_>) =
        added.effects.into_iter().partition(|effect| effect.mode == EffectMode::Deferred);
    for effect in blocking {
        let replaceable = round == EffectMode::Check && effect.mode == EffectMode::Reversible;
        let before = decision.effects.iter_mut().find(|before| before.id == effect.id && before.mode == effect.mode);
        match before {
            Some(before) if replaceable => *before = effect,
            _ => panic!("feedback asks for the blocking effect `{}`, and it is too late for one", effect.id),
        }
    }
    decision.extend(Decision { effects: deferred, ..added });
}
