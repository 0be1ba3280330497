//! A stage for one governor: the real runtime, and around it so much of a host as one governor can tell.
//!
//! What the host makes of an answer (its bounds, the two rounds of effects, what writes add up to) is the core's own
//! code. What is not here is what takes several governors, a queue or a disk.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use serde_json::Value;
use syndic_cli::Failure as Trouble;
use syndic_connect::Sandbox;
use syndic_core::config::SlotConfig;
use syndic_core::decision::{Decision, Effect, Verdict};
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::ports::{
    Answer, Called, Connector as _, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime as _,
    Installed, Question, Request,
};
use syndic_core::settle::add_feedback;
use syndic_core::slot::{EFFECT_SETTLED, TENANT_KINDS, TIMER_FIRED};
use syndic_core::{Config, DedupKey, Slot, payload};
use syndic_ledger::canonical;
use syndic_runtime::Runtime;

use super::component::{self, refused};
use super::said;
use super::scene::Scene;
use super::story::{Limits, Step};

/// Whose events a story tells.
const TENANT: &str = "acme";

/// How long an effect of the sandbox may take.
const EFFECT_MS: u64 = 2_000;

/// A governor that can be asked.
pub(super) struct Stage {
    runtime: Runtime,
    component: Vec<u8>,
    config: Config,
    installed: BTreeMap<Slot, Arc<Installed>>,
}

/// One call, to be made again.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) version: Installed,
    pub(super) limits: SlotConfig,
    pub(super) question: Question,
    pub(super) facts: Arc<dyn Facts>,
}

/// What became of a step.
pub(super) struct Played {
    /// In the words of a story's `then`.
    pub(super) said: Value,
    pub(super) fuel: u64,
    pub(super) calls: Vec<Call>,
    /// What the author should know beside it.
    pub(super) remark: Option<String>,
    /// Answers that nobody asked for.
    pub(super) unasked: Vec<String>,
}

impl Stage {
    pub(super) fn new(component: Vec<u8>) -> Result<Self, Trouble> {
        let runtime = component::runtime()?;
        Ok(Self { runtime, component, config: Config::default(), installed: BTreeMap::new() })
    }

    /// The governor in a slot, where it is installed the first time it is asked for.
    pub(super) fn in_slot(&mut self, slot: &Slot) -> Result<Arc<Installed>, Trouble> {
        if let Some(installed) = self.installed.get(slot) {
            return Ok(Arc::clone(installed));
        }
        let installed = self.runtime.load(slot, &self.component, &SlotConfig::default());
        let installed = installed.map_err(|error| refused(&error))?;
        self.installed.insert(slot.clone(), Arc::clone(&installed));
        Ok(installed)
    }

    /// Asks once.
    pub(super) fn call(&self, call: &Call) -> Called {
        self.runtime.call(&call.version, &call.limits, call.question.clone(), Arc::clone(&call.facts))
    }

    /// Plays one step of a story, and leaves in the scene what it left.
    ///
    /// # Errors
    /// A sentence: the step is none.
    pub(super) fn play(&self, installed: &Installed, scene: &mut Scene, step: &Step) -> Result<Played, String> {
        let kind = &step.when.kind;
        payload::check(kind, &step.when.data).map_err(|why| format!("the door would turn the event away: {why}"))?;
        syndic_core::json::check(&step.when.data)
            .map_err(|why| format!("the door would turn the event away: {why}"))?;
        let context = scene.next(&installed.slot, step)?;
        if !installed.manifest.kinds.contains(kind) {
            let remark = format!("its manifest does not list `{kind}`, so it was not asked");
            let said = said::decision(&Decision::abstain(), &[]);
            let unasked = step.answers.keys().cloned().collect();
            return Ok(Played { said, fuel: 0, calls: Vec::new(), remark: Some(remark), unasked });
        }
        let tenant_lane = TENANT_KINDS.contains(&kind.as_str());
        let asking = Asking { stage: self, installed, step, context, tenant_lane, scene };
        Ok(asking.play())
    }
}

/// One event on its way through a governor.
struct Asking<'a> {
    stage: &'a Stage,
    installed: &'a Installed,
    step: &'a Step,
    context: Context,
    tenant_lane: bool,
    scene: &'a mut Scene,
}

/// What piles up on the way.
#[derive(Default)]
struct Trail {
    fuel: u64,
    calls: Vec<Call>,
    /// Reversible effects that are done, or may be.
    done: Vec<String>,
    asked: Vec<String>,
}

/// Why there is no decision.
struct Stopped {
    class: String,
    reason: String,
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self { class: failure.class.name().to_owned(), reason: failure.reason }
    }
}

fn stopped(class: &str, reason: impl Into<String>) -> Stopped {
    Stopped { class: class.to_owned(), reason: reason.into() }
}

fn bad_answer(reason: String) -> Stopped {
    Failure::bad_answer(reason).into()
}

impl Asking<'_> {
    fn play(mut self) -> Played {
        let mut trail = Trail::default();
        let decided = self.decide(&mut trail);
        let undone = || trail.done.iter().rev().cloned().collect::<Vec<_>>();
        let said = match &decided {
            Ok(decision) if is_against(decision) => said::decision(decision, &undone()),
            Ok(decision) => said::decision(decision, &[]),
            Err(Stopped { class, reason }) => said::failed(class, reason, &undone()),
        };
        let unasked = self.step.answers.keys().filter(|id| !trail.asked.contains(id)).cloned().collect();
        Played { said, fuel: trail.fuel, calls: trail.calls, remark: None, unasked }
    }

    fn decide(&mut self, trail: &mut Trail) -> Result<Decision, Stopped> {
        let mut decision = self.ask(trail, Question::Evaluate(self.context.clone()))?;
        self.check(&decision)?;
        for round in [Mode::Check, Mode::Reversible] {
            if is_against(&decision) {
                return Ok(decision);
            }
            self.scene.claims_are_free(&decision).map_err(|(class, why)| stopped(class, why))?;
            let results = self.carry_out(trail, &decision, round)?;
            if !results.is_empty() {
                let more = self.ask(trail, Question::Feedback(self.context.clone(), results))?;
                decision = add_feedback(decision, more, round).map_err(bad_answer)?;
                self.check(&decision)?;
            }
        }
        if !is_against(&decision) {
            self.scene.claims_are_free(&decision).map_err(|(class, why)| stopped(class, why))?;
            let kept = self.scene.keep(&self.stage.config, &self.installed.slot, &self.context, &decision);
            kept.map_err(bad_answer)?;
        }
        Ok(decision)
    }

    /// Asks, and asks again: the same question has the same answer, for the same fuel.
    fn ask(&self, trail: &mut Trail, question: Question) -> Result<Decision, Stopped> {
        let call = Call {
            version: self.installed.clone(),
            limits: self.scene.limits.clone(),
            question,
            facts: self.scene.view(self.installed),
        };
        let (first, second) = (self.stage.call(&call), self.stage.call(&call));
        trail.calls.push(call);
        trail.fuel += first.fuel;
        let measured = [&first.answer, &second.answer].into_iter().any(is_deadline);
        if !measured && (&first.answer, first.fuel) != (&second.answer, second.fuel) {
            let both = format!("{} and {} units of fuel", first.fuel, second.fuel);
            return Err(stopped("not-repeatable", format!("it was asked twice and answered differently, for {both}")));
        }
        Ok(first.answer?)
    }

    fn check(&self, decision: &Decision) -> Result<(), Stopped> {
        decision.checked(&self.installed.slot, &self.installed.manifest, self.tenant_lane).map_err(bad_answer)?;
        for raise in &decision.raises {
            let checked = match [TIMER_FIRED, EFFECT_SETTLED].contains(&raise.kind.as_str()) {
                true => Err("the host alone makes such events".to_owned()),
                false => payload::check(&raise.kind, &raise.data.value()),
            };
            checked.map_err(|why| bad_answer(format!("it raises a `{}` that does not validate: {why}", raise.kind)))?;
        }
        Ok(())
    }

    /// Carries out a round of effects.
    fn carry_out(&self, trail: &mut Trail, decision: &Decision, round: Mode) -> Result<Vec<EffectResult>, Stopped> {
        let mut results = Vec::new();
        for effect in decision.effects.iter().filter(|effect| effect.mode == round) {
            trail.asked.push(effect.id.clone());
            let answer = self.answer(effect)?;
            if round == Mode::Reversible && answer.as_ref().is_none_or(|answer| answer.accepted) {
                // Without an answer it may have been done, and is undone like one that was.
                trail.done.push(effect.id.clone());
            }
            let Some(answer) = answer else {
                let reason = format!("`{}` of effect `{}` had no answer", effect.action, effect.id);
                return Err(stopped("effect-failed", reason));
            };
            results.push(EffectResult {
                id: effect.id.clone(),
                action: effect.action.clone(),
                key: self.key(effect),
                accepted: answer.accepted,
                body: canonical(&answer.body),
            });
        }
        Ok(results)
    }

    fn key(&self, effect: &Effect) -> syndic_ledger::Hash {
        let Context { source, id, .. } = &self.context;
        let event = DedupKey { tenant: TENANT.into(), source: source.clone(), id: id.clone() };
        connector_key(&event, &self.installed.slot, &effect.id, 1, Way::Do)
    }

    /// What a service says: the story's answer, else the sandbox's. None is silence.
    fn answer(&self, effect: &Effect) -> Result<Option<Answer>, Stopped> {
        match self.step.answers.get(&effect.id) {
            Some(Value::String(word)) if word == "silence" => Ok(None),
            Some(answer) => serde_json::from_value(answer.clone()).map(Some).map_err(|why| {
                let form = r#"write {"accepted": true, "body": {}} or "silence""#;
                stopped("no-answer-of-a-service", format!("`answers.{}`: {why}; {form}", effect.id))
            }),
            None => Ok(self.sandbox(effect)),
        }
    }

    fn sandbox(&self, effect: &Effect) -> Option<Answer> {
        let request = Request {
            tenant: TENANT.into(),
            subject: self.context.subject.clone(),
            action: effect.action.clone(),
            body: effect.body.clone(),
            key: self.key(effect),
            way: Way::Do,
            undoes: None,
            timeout_ms: EFFECT_MS,
        };
        // It answers at once: nothing is waited for.
        match pin!(Sandbox.call(&request)).as_mut().poll(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer.ok(),
            Poll::Pending => None,
        }
    }
}

fn is_against(decision: &Decision) -> bool {
    matches!(decision.verdict, Verdict::Refuse(_) | Verdict::Refer(_))
}

fn is_deadline(answer: &Result<Decision, Failure>) -> bool {
    matches!(answer, Err(failure) if failure.class == FailureClass::Deadline)
}

impl Limits {
    /// A slot's limits with what is given in the place of the defaults.
    pub(super) fn over(self, mut limits: SlotConfig) -> SlotConfig {
        limits.fuel_max = self.fuel.unwrap_or(limits.fuel_max);
        limits.memory_max_bytes = self.memory_bytes.unwrap_or(limits.memory_max_bytes);
        limits.deadline_ms = self.deadline_ms.unwrap_or(limits.deadline_ms);
        limits
    }
}
