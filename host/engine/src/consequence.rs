//! What follows from a commit: raised events first, with all that they raise; then deferred effects in commit order,
//! each followed by its `EffectSettled`; then timers that are due.
//!
//! The queues are durable and numbered, so a process that takes over goes on in the same order.

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::event::HostLane;
use syndic_core::ports::{Deferred, Raised, Request, StoreError, Timer};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Error, Event, Report, Slot, Time};

use crate::host::{Halt, Host};
use crate::turn::{Origin, Turn};

/// One event of the host's own, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Consequence {
    /// What made it.
    pub trigger: Trigger,
    /// Its kind.
    pub kind: String,
    /// Its time.
    pub time: Time,
    /// Its tenant.
    pub tenant: String,
    /// Its subject.
    pub subject: String,
    /// What became of it.
    pub report: Report,
}

/// What makes an event of the host's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A governor raised it, or asked for the effect that settled.
    Raised {
        /// The slot.
        by: Slot,
    },
    /// A timer fired.
    Timer {
        /// Who set it.
        slot: Slot,
        /// Its name.
        name: String,
    },
}

impl Host {
    /// Carries out the next thing that follows, if anything does: a raised event, else a deferred effect, else a timer
    /// due at or before `until`.
    ///
    /// # Errors
    /// [`Halt`], as for [`Host::submit`].
    pub fn next_consequence(&self, until: Option<Time>) -> Result<Option<Consequence>, Halt> {
        let store = &self.ports.store;
        if let Some((number, raised)) = store.next_raised()? {
            return self.judge_raised(number, &raised).map(Some);
        }
        if let Some((number, deferred)) = store.next_deferred()? {
            return self.settle_deferred(number, &deferred).map(Some);
        }
        let due = match until {
            Some(until) => store.next_timer(until)?,
            None => None,
        };
        due.map(|timer| self.fire(timer)).transpose()
    }

    fn judge_raised(&self, number: u64, raised: &Raised) -> Result<Consequence, Halt> {
        let event = Event::from_store(&raised.event)
            .map_err(|error| StoreError::Corrupt(format!("raised event {number} does not read: {error}")))?;
        let by = event
            .made_by()
            .ok_or_else(|| StoreError::Corrupt(format!("raised event {number} names no slot as its source")))?;
        let slots = self.config.route(&event.kind).unwrap_or_default();
        let lane = event.lane(&self.tenant_kinds);
        let origin = Origin::Raised { number, cause: raised.cause, lineage: raised.lineage };
        self.follow(Trigger::Raised { by }, Turn::new(self, event, lane, slots, origin)?)
    }

    /// Does a deferred effect, at least once with its key, and tells its governor how it ended. Both are spent in one
    /// commit: a process stopped in between does the effect again, under the same key.
    fn settle_deferred(&self, number: u64, deferred: &Deferred) -> Result<Consequence, Halt> {
        let Deferred { lane, subject, slot, effect, key, cause, now, lineage } = deferred;
        let (status, answer) = self.deliver(deferred);
        let mut data = json!({
            "effect": effect.id, "action": effect.action, "key": key.to_string(), "status": status,
        });
        if let Some(amount) = effect.body.pointer("/amount/minor_units").and_then(Value::as_i64) {
            data["amount"] = amount.into();
        }
        if let Some(code) = answer.get("decline_code").and_then(Value::as_str).filter(|code| code.len() <= 256) {
            data["decline_code"] = code.into();
        }
        let id = format!("{cause}/{slot}/e:{}", effect.id);
        let host_lane = HostLane { tenant: &lane.tenant, subject };
        let event = self.own_event(slot, id, EFFECT_SETTLED, &host_lane, *now, data)?;
        let origin = Origin::Settled { number, cause: *cause, lineage: lineage.raise() };
        let turn = Turn::new(self, event, lane.clone(), vec![slot.clone()], origin)?;
        self.follow(Trigger::Raised { by: slot.clone() }, turn)
    }

    fn deliver(&self, deferred: &Deferred) -> (&'static str, Value) {
        let request = Request {
            tenant: deferred.lane.tenant.clone(),
            subject: deferred.subject.clone(),
            action: deferred.effect.action.clone(),
            body: deferred.effect.body.clone(),
            key: deferred.key,
            way: Way::Do,
            undoes: None,
            timeout_ms: self.config.limits.effect_ms,
        };
        for _ in 0..self.config.limits.deferred_tries_max.max(1) {
            if let Ok(answer) = self.ports.connector.call(&request) {
                return (if answer.accepted { "done" } else { "failed" }, answer.body);
            }
        }
        ("expired", Value::Null)
    }

    fn fire(&self, timer: Timer) -> Result<Consequence, Halt> {
        let Timer { key, due, data, cause, subject, lineage } = timer;
        let mut payload = json!({"name": key.name, "due": due});
        if let Some(data) = data {
            payload["data"] = data;
        }
        let id = format!("{cause}/{}/t:{}", key.slot, key.name);
        let host_lane = HostLane { tenant: &key.lane.tenant, subject: &subject };
        let event = self.own_event(&key.slot, id, TIMER_FIRED, &host_lane, due, payload)?;
        let trigger = Trigger::Timer { slot: key.slot.clone(), name: key.name.clone() };
        let slots = vec![key.slot.clone()];
        let lane = key.lane.clone();
        self.follow(trigger, Turn::new(self, event, lane, slots, Origin::Timer { key, cause, lineage })?)
    }

    /// An event of the host's own.
    fn own_event(
        &self,
        slot: &Slot,
        id: String,
        kind: &str,
        lane: &HostLane<'_>,
        time: Time,
        data: Value,
    ) -> Result<Event, Halt> {
        Event::of_host(slot, id, kind, lane, time, data).map_err(|why| Halt::Bug(Error::governor(slot, why)))
    }

    fn follow(&self, trigger: Trigger, turn: Turn<'_>) -> Result<Consequence, Halt> {
        let (kind, time) = (turn.event.kind.clone(), turn.event.time);
        let (tenant, subject) = (turn.event.tenant.clone(), turn.event.subject.clone());
        Ok(Consequence { trigger, kind, time, tenant, subject, report: turn.run()? })
    }
}
