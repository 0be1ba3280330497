//! What the host would turn away, said to the governor's author in a panic: these are mistakes, not outcomes.

use crate::{Decision, Effect, EffectMode, Event, FactName, Governor, Subject, Verdict, Write};

const WRITES_MAX: usize = 64;
const EFFECTS_MAX: usize = 16;
const TIMERS_MAX: usize = 16;
const RAISES_MAX: usize = 4;
const VALUE_BYTES_MAX: usize = 64 << 10;

/// Actions that ask and change nothing. Only these may be checks, and they may be nothing else.
const CHECKS: [&str; 3] = ["kyc-check", "verify-isolation", "quote-tax"];

/// Actions that can be undone, and so may be done before the commit. Every action but a check may be deferred.
const REVERSIBLE: [&str; 3] = ["authorize-payment", "reserve", "provision"];

/// What a decision is held against.
pub(super) struct Rules<'a> {
    pub(super) governor: &'a Governor,
    pub(super) slot: &'a str,
    /// Whether the event runs in the tenant's own lane.
    pub(super) tenant_lane: bool,
}

impl Rules<'_> {
    /// Panics with a sentence where the host would turn the decision away.
    pub(super) fn hold(&self, decision: &Decision) {
        self.count("writes", decision.writes.len(), WRITES_MAX);
        self.count("effects", decision.effects.len(), EFFECTS_MAX);
        self.count("timers", decision.timers.len(), TIMERS_MAX);
        self.count("raised events", decision.raises.len(), RAISES_MAX);
        if let Verdict::Refuse(reason) | Verdict::Refer(reason) = &decision.verdict {
            let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let code = !reason.code.is_empty() && reason.code.chars().all(legal);
            assert!(code, "`{}` answers `{}`, which is no code: lower case and hyphens", self.slot, reason.code);
        }
        decision.writes.iter().for_each(|write| self.write(write));
        decision.effects.iter().enumerate().for_each(|(at, effect)| self.effect(effect, &decision.effects[..at]));
        self.timers(decision);
        for raised in &decision.raises {
            if let Err(fault) = Event::parse(&raised.kind, &raised.data) {
                panic!("`{}` raises an event that is not one: {fault}", self.slot);
            }
        }
    }

    fn count(&self, what: &str, count: usize, max: usize) {
        assert!(count <= max, "`{}` decides {count} {what}; a decision holds at most {max}", self.slot);
    }

    fn write(&self, write: &Write) {
        match write {
            Write::Set { fact, value } => {
                self.name(fact);
                let lane = fact.subject == Subject::Customer || self.tenant_lane;
                assert!(lane, "`{}` sets the tenant's `{}` outside the tenant's lane", self.slot, fact.name);
                let size = value.len();
                assert!(size <= VALUE_BYTES_MAX, "`{}` sets `{}` to {size} bytes; 64 KiB fit", self.slot, fact.name);
            }
            Write::Add { fact, .. } | Write::Remove { fact, .. } => self.name(fact),
            Write::Increase { fact, .. } | Write::Stand { fact, .. } | Write::Number { fact, .. } => self.name(fact),
            Write::Claim { .. } => {}
        }
    }

    fn name(&self, fact: &FactName) {
        let owner = fact.name.split_once('.').map(|(owner, _)| owner);
        let own = owner.is_some_and(|owner| owner == self.slot || owner == "shared");
        let somebody = !self.tenant_lane || fact.subject == Subject::Tenant;
        assert!(somebody, "`{}` writes `{}` in the tenant's lane, where there is no customer", self.slot, fact.name);
        assert!(own, "`{0}` writes `{1}`: its names begin with `{0}.` or `shared.`", self.slot, fact.name);
    }

    fn effect(&self, effect: &Effect, before: &[Effect]) {
        let (slot, id, action) = (self.slot, &effect.id, &effect.action);
        let declared = self.governor.effects.contains(&action.as_str());
        assert!(declared, "`{slot}` asks for `{action}` without declaring it: add it to `effects`");
        assert!(before.iter().all(|other| other.id != *id), "`{slot}` uses the effect id `{id}` twice");
        assert!(effect.body.starts_with('{'), "the body of `{slot}`'s effect `{id}` is not a JSON object");
        let fits = match effect.mode {
            EffectMode::Check => CHECKS.contains(&action.as_str()),
            EffectMode::Reversible => REVERSIBLE.contains(&action.as_str()),
            EffectMode::Deferred => !CHECKS.contains(&action.as_str()),
        };
        assert!(fits, "`{slot}` asks for `{action}` as {:?}, which it cannot be", effect.mode);
        let undo = effect.undo.is_some() == (effect.mode == EffectMode::Reversible);
        assert!(undo, "`{slot}`'s effect `{id}`: a reversible effect has an undo, and no other has");
    }

    fn timers(&self, decision: &Decision) {
        let heard = self.governor.kinds.contains(&"TimerFired") || decision.timers.is_empty();
        assert!(heard, "`{}` sets a timer it will never hear of: add \"TimerFired\" to `kinds`", self.slot);
    }
}
