//! A sitting: one version judges one page again, call by call.

use std::sync::{Arc, Mutex};

use syndic_core::config::SlotConfig;
use syndic_core::decision::{Decision, Effect};
use syndic_core::effect::Mode;
use syndic_core::fact::{Read, Seen};
use syndic_core::ports::{Called, EffectResult, Facts, Failure, Installed, Question};
use syndic_core::settle::{Said, add_feedback};
use syndic_core::{Scope, Text, Verdict};
use syndic_ledger as ledger;
use syndic_ledger::canonical;

use super::history::History;
use super::page::Page;
use super::recall::{Beyond, Recall, Trouble};
use super::{Call, Lack, Past, What, lock};
use crate::blocking::{asks_the_same, result_of};
use crate::migrate::{Carried, carry_again};

/// What there was to hear in a round.
pub(crate) enum Heard {
    /// It was told the answers.
    Answers,
    /// Nothing: it asked for nothing of that round.
    AskedNothing,
    /// Nothing: this effect of its, as it asks for it, nobody answered.
    Unanswered(String),
}

/// One version, and what it has said so far.
pub(crate) struct Sitting<'a> {
    past: &'a Past<'a>,
    history: &'a Arc<History>,
    page: &'a Arc<Page>,
    version: Arc<Installed>,
    limits: Arc<SlotConfig>,
    beyond: Beyond,
    /// What it carried over from another schema before it was asked.
    carried: Option<Arc<Carried>>,
    pub(crate) said: Said,
    /// Its decision as canonical JSON; of no meaning where it gave none.
    pub(crate) output: Text,
    pub(crate) fuel: u64,
    /// The rounds it heard the answers of.
    pub(crate) heard: Vec<Mode>,
    /// How long its calls took.
    pub(crate) nanos: u64,
    /// Its last call.
    pub(crate) call: Call,
}

impl<'a> Sitting<'a> {
    pub(crate) fn new(
        past: &'a Past<'a>,
        history: &'a Arc<History>,
        page: &'a Arc<Page>,
        version: Arc<Installed>,
        beyond: Beyond,
    ) -> Self {
        let abstained = Decision::abstain();
        Self {
            limits: page.book.slot(&version.slot),
            output: abstained.text(),
            said: Said::Decided(abstained),
            fuel: 0,
            heard: Vec::new(),
            carried: None,
            nanos: 0,
            call: Call::Evaluate,
            past,
            history,
            page,
            version,
            beyond,
        }
    }

    /// Whether it judges events of this kind at all. One that does not abstains, unasked.
    pub(crate) fn is_asked(&self) -> bool {
        self.version.manifest.kinds.contains(&self.page.event.kind)
    }

    /// Has it carry over its slot's facts, which had this schema then, as it did when it met them. They are all in the read
    /// set of whoever did.
    pub(crate) fn carry(&mut self, from: u32) -> Result<(), Trouble> {
        let recall = self.recall();
        let lane = if self.page.customer().is_some() { Scope::Customer } else { Scope::Tenant };
        let own = |read: &&Read| read.receipt > 0 && read.fact.scope == lane && self.version.slot.owns(&read.fact.name);
        let mut facts = Vec::new();
        for read in self.page.kept().reads.iter().filter(own) {
            if let Some((version, value)) = recall.recall(&read.fact)? {
                let seen = Seen { name: read.fact.name.clone(), version, value: value.to_string() };
                facts.push((read.fact.clone(), seen));
            }
        }
        let began = (self.past.stopwatch)();
        let (carried, fuel) = carry_again(self.past.runtime, &self.version, &self.limits, from, facts);
        self.nanos += (self.past.stopwatch)().saturating_sub(began);
        self.fuel = self.fuel.saturating_add(fuel);
        match carried {
            Ok(carried) => self.carried = Some(Arc::new(carried)),
            Err(failure) => self.said = Said::Failed(failure),
        }
        Ok(())
    }

    /// Asks it to judge.
    pub(crate) fn evaluate(&mut self) -> Result<(), Trouble> {
        if self.is_asked() && matches!(self.said, Said::Decided(_)) {
            let question = Question::Evaluate(self.page.with_rules(|rules| rules.context()));
            let answer = self.ask(question)?;
            self.take(answer);
        }
        Ok(())
    }

    /// Whether an effect may follow from what it says: of who refuses, none is done.
    pub(crate) fn is_for_it(&self) -> bool {
        match &self.said {
            Said::Decided(decision) => matches!(decision.verdict, Verdict::Approve | Verdict::Abstain),
            Said::Failed(_) => false,
        }
    }

    /// Tells it what its effects of one round came to.
    pub(crate) fn hear(&mut self, round: Mode) -> Result<Heard, Trouble> {
        let Said::Decided(decision) = &self.said else { return Ok(Heard::AskedNothing) };
        let before = decision.clone();
        let call = if round == Mode::Check { Call::AfterChecks } else { Call::AfterReversible };
        let mut results = Vec::new();
        for effect in before.effects.iter().filter(|effect| effect.mode == round) {
            match self.answer(effect) {
                Ok(Some(result)) => results.push(result),
                Ok(None) => return Ok(Heard::Unanswered(format!("{}/{}", self.version.slot, effect.id))),
                Err(what) => {
                    self.call = call;
                    return Err(what.into());
                }
            }
        }
        if results.is_empty() {
            return Ok(Heard::AskedNothing);
        }
        self.call = call;
        let heard = self.ask(Question::Feedback(self.page.with_rules(|rules| rules.context()), results))?;
        self.heard.push(round);
        self.take(heard.and_then(|more| add_feedback(before, more, round).map_err(Failure::bad_answer)));
        Ok(Heard::Answers)
    }

    /// The kept answer to an effect that is asked for with this content; none where there was none.
    fn answer(&self, effect: &Effect) -> Result<Option<EffectResult>, What> {
        let page = self.page;
        let slot = &self.version.slot;
        let lacking = |lack| What::Answer { effect: format!("{slot}/{}", effect.id), lack };
        let same = page.kept().intents.iter().enumerate().filter(|(_, intent)| {
            // What another slot asked alike was done once for both.
            let one = intent.slot != *slot || intent.effect.id == effect.id;
            one && intent.answer.is_some() && asks_the_same(&intent.effect, effect)
        });
        // What was undone on the way was asked for anew, so the last one counts where all of them were undone in the end.
        let found = same.clone().find(|(_, intent)| !intent.undoing).or_else(|| same.clone().next_back());
        let Some((place, intent)) = found else {
            let blocking = page.leaf.effects.iter().filter(|effect| effect.mode != ledger::Mode::Deferred).count();
            let lost = page.kept().intents.len() < blocking;
            return if lost { Err(lacking(Lack::Missing)) } else { Ok(None) };
        };
        let Some(answer) = &intent.answer else { return Ok(None) };
        let committed = page.leaf.effects.get(place);
        let hash = page.salts.commit_to(&canonical(answer));
        if !committed.is_some_and(|effect| effect.key == intent.key && effect.answer == Some(hash)) {
            return Err(lacking(Lack::Other));
        }
        Ok(Some(EffectResult { id: effect.id.clone(), ..result_of(intent, answer) }))
    }

    fn ask(&mut self, question: Question) -> Result<Result<Decision, Failure>, Trouble> {
        let recall = Arc::new(self.recall());
        let facts = Arc::clone(&recall) as Arc<dyn Facts>;
        let began = (self.past.stopwatch)();
        let Called { answer, fuel } = self.past.runtime.call(&self.version, &self.limits, question, facts);
        self.nanos += (self.past.stopwatch)().saturating_sub(began);
        self.fuel = self.fuel.saturating_add(fuel);
        match lock(&recall.trouble).take() {
            Some(trouble) => Err(trouble),
            None => Ok(answer),
        }
    }

    fn recall(&self) -> Recall {
        Recall {
            page: Arc::clone(self.page),
            history: Arc::clone(self.history),
            version: Arc::clone(&self.version),
            limits: Arc::clone(&self.limits),
            beyond: self.beyond,
            carried: self.carried.clone(),
            trouble: Mutex::default(),
        }
    }

    fn take(&mut self, answer: Result<Decision, Failure>) {
        let (slot, manifest) = (&self.version.slot, &self.version.manifest);
        let checked = answer.and_then(|decision| {
            let output = self.page.with_rules(|rules| rules.check(slot, manifest, &decision))?;
            Ok((output, decision))
        });
        self.said = match checked {
            Ok((output, decision)) => {
                self.output = output;
                Said::Decided(decision)
            }
            Err(failure) => Said::Failed(failure),
        };
    }
}
