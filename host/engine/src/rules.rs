//! Rules: what governors are told of one event, and what each of their answers to it is held to, besides what it says of
//! itself in its manifest.
//!
//! They depend on the event, its lane and the configuration alone, so an answer can be held to them again years later.

use syndic_core::decision::{Decision, Manifest};
use syndic_core::effect::Mode;
use syndic_core::event::HostLane;
use syndic_core::ports::{Context, Failure, Lineage};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Event, Slot, Text, Time};

/// How deep raised events and the effects that follow them may go.
const DEPTH_MAX: u32 = 8;

/// How many timers due at once may follow one another. A governor that works off a backlog needs some; one that would
/// keep the host busy for ever is stopped.
const TIMERS_AT_ONCE_MAX: u32 = 64;

/// The rules for one event.
pub(crate) struct Rules<'a> {
    pub(crate) event: &'a Event,
    /// The lane's time.
    pub(crate) now: Time,
    /// Whether the lane is the tenant's.
    pub(crate) tenant_lane: bool,
    /// What led here.
    pub(crate) lineage: Lineage,
    /// Whether a kind has a route.
    pub(crate) is_routed: &'a dyn Fn(&str) -> bool,
}

impl Rules<'_> {
    /// What governors are told.
    pub(crate) fn context(&self) -> Context {
        let [a, b, c, d, e, f, g, h, ..] = self.event.hash().0;
        Context {
            id: self.event.id.clone(),
            source: self.event.source.clone(),
            kind: self.event.kind.clone(),
            subject: self.event.subject.clone(),
            time: self.event.time,
            data: self.event.data_text().to_owned(),
            now: self.now,
            seed: u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11,
        }
    }

    /// Checks a decision, and returns it as canonical JSON.
    pub(crate) fn check(&self, slot: &Slot, manifest: &Manifest, decision: &Decision) -> Result<Text, Failure> {
        let output = decision.checked(slot, manifest, self.tenant_lane).map_err(Failure::bad_answer)?;
        let timers = decision.timers.iter().map(|timer| self.lineage.timer(self.now, timer.due).timers);
        if timers.max().is_some_and(|chain| chain > TIMERS_AT_ONCE_MAX) {
            let reason = format!("it goes on setting timers due at once, over {TIMERS_AT_ONCE_MAX} in a row");
            return Err(Failure::bad_answer(reason));
        }
        if self.lineage.depth >= DEPTH_MAX {
            let defers = decision.effects.iter().any(|effect| effect.mode == Mode::Deferred);
            if !decision.raises.is_empty() || defers {
                return Err(Failure::bad_answer(format!("it goes on raising events, over {DEPTH_MAX} deep")));
            }
        }
        for raise in &decision.raises {
            self.may_raise(slot, &raise.kind, &raise.data).map_err(|why| {
                Failure::bad_answer(format!("it raises a `{}` that does not validate: {why}", raise.kind))
            })?;
        }
        Ok(output)
    }

    /// Checks one raised event; a sentence where it may not be.
    fn may_raise(&self, slot: &Slot, kind: &str, data: &Text) -> Result<(), String> {
        if [TIMER_FIRED, EFFECT_SETTLED].contains(&kind) {
            return Err("the host alone makes such events".to_owned());
        }
        if !(self.is_routed)(kind) {
            return Err("no governor is assigned to it".to_owned());
        }
        let lane = HostLane { tenant: &self.event.tenant, subject: &self.event.subject };
        // As long as the id can get, so that what passes here passes when its sequence is known.
        Event::of_host(slot, "0".repeat(256), kind, &lane, self.now, data.value()).map(|_| ())
    }
}
