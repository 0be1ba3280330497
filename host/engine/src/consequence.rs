//! What follows from a commit: raised events first, with all that they raise; then deferred effects in commit order,
//! each followed by its `EffectSettled`; then timers that are due.
//!
//! The queues are durable and numbered, so a process that takes over goes on in the same order.

use std::sync::Arc;

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::event::HostLane;
use syndic_core::failpoint;
use syndic_core::ports::{Answer, CaseKey, Deferred, NoAnswer, Raised, Request, StoreError, Ticket, Timer};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Error, Event, Lane, Report, Slot, Time};

use crate::caseload::Moved;
use crate::foresight::Foreseen;
use crate::host::{Halt, Host};
use crate::turn::{After, Finished, Origin, Turn};

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
    /// A stuck event was undone at last.
    Undone,
    /// A case went on by itself.
    Case,
}

/// Something that follows, waiting in the store.
#[derive(Clone, Debug)]
pub(crate) enum Following {
    /// A raised event, by its number.
    Raised(u64, Raised),
    /// A deferred effect, by its number.
    Deferred(u64, Deferred),
    /// A timer that is due.
    Timer(Timer),
}

impl Consequence {
    /// A case's step that nobody asked for.
    pub(crate) fn of_case(case: &CaseKey, moved: &Moved) -> Self {
        Self {
            trigger: Trigger::Case,
            kind: "case".to_owned(),
            time: moved.at,
            tenant: case.tenant.clone(),
            subject: case.id.clone(),
            report: moved.report.clone(),
        }
    }
}

impl Host {
    /// Carries out the next thing that follows, if anything does: a raised event, else a deferred effect, else a timer
    /// due at or before `until`. What it returns is durable.
    ///
    /// # Errors
    /// [`Halt`], as for [`Host::submit`].
    pub fn next_consequence(&self, until: Option<Time>) -> Result<Option<Consequence>, Halt> {
        let Some(following) = self.next_following(until)? else { return Ok(None) };
        pollster::block_on(async {
            let (consequence, ..) = self.follow(following, None).await?;
            self.durable(self.ports.store.last()).await?;
            Ok(Some(consequence))
        })
    }

    fn next_following(&self, until: Option<Time>) -> Result<Option<Following>, Halt> {
        match self.queued(1)?.into_iter().next() {
            Some(queued) => Ok(Some(queued)),
            None => until.map_or(Ok(None), |until| Ok(self.due(until, 1)?.pop().map(Following::Timer))),
        }
    }

    /// The first raised events, and then the first deferred effects, up to `limit` of each.
    pub(crate) fn queued(&self, limit: usize) -> Result<Vec<Following>, Halt> {
        let front = self.ports.store.front();
        let raised = front.raised(0, limit)?.into_iter().map(|(number, raised)| Following::Raised(number, raised));
        let deferred = front.deferred(0, limit)?.into_iter().map(|(number, asked)| Following::Deferred(number, asked));
        Ok(raised.chain(deferred).collect())
    }

    /// The first timers that are due.
    pub(crate) fn due(&self, until: Time, limit: usize) -> Result<Vec<Timer>, Halt> {
        Ok(self.ports.store.front().due(until, limit)?)
    }

    /// Carries it out. What this returns is admitted.
    pub(crate) async fn follow(
        &self,
        following: Following,
        foreseen: Option<Foreseen>,
    ) -> Result<(Consequence, Ticket, After), Halt> {
        let (trigger, turn) = match following {
            Following::Raised(number, raised) => self.raised(number, &raised)?,
            Following::Deferred(number, deferred) => {
                failpoint!("engine.deferred.taken");
                let answer = self.deliver(&deferred).await?;
                failpoint!("engine.deferred.answered");
                self.settled(number, &deferred, answer)?
            }
            Following::Timer(timer) => self.fired(timer)?,
        };
        end(trigger, turn, foreseen).await
    }

    /// Tries a deferred effect once, and where that ends it lets follow what follows: it was answered, or this was the
    /// last of so many tries. What this returns is admitted.
    pub(crate) async fn follow_deferred(
        &self,
        number: u64,
        deferred: &Deferred,
        tries: u32,
    ) -> Result<Option<(Consequence, Ticket, After)>, Halt> {
        failpoint!("engine.deferred.taken");
        let answer = self.deliver_once(deferred).await?.ok();
        failpoint!("engine.deferred.answered");
        if answer.is_none() && tries < self.config.limits.deferred_tries_max {
            return Ok(None);
        }
        let (trigger, turn) = self.settled(number, deferred, answer)?;
        end(trigger, turn, None).await.map(Some)
    }

    /// What its governor would say of a timer as things stand.
    pub(crate) fn foresee_timer(&self, timer: Timer) -> Result<Foreseen, Halt> {
        let (_, turn) = self.fired(timer)?;
        turn.foresee()
    }

    /// The lane in which something that follows is judged.
    pub(crate) fn lane_of(&self, following: &Following) -> Result<Lane, Halt> {
        match following {
            Following::Raised(number, raised) => Ok(raised_event(*number, raised)?.lane(&self.tenant_kinds)),
            Following::Deferred(_, deferred) => Ok(deferred.lane.clone()),
            Following::Timer(timer) => Ok(timer.key.lane.clone()),
        }
    }

    fn raised(&self, number: u64, raised: &Raised) -> Result<(Trigger, Turn<'_>), Halt> {
        failpoint!("engine.raised.taken");
        let event = raised_event(number, raised)?;
        let by = event
            .made_by()
            .ok_or_else(|| StoreError::Corrupt(format!("raised event {number} names no slot as its source")))?;
        let slots = self.route(&event.kind).unwrap_or_else(|| Arc::new([]));
        let lane = event.lane(&self.tenant_kinds);
        let origin = Origin::Raised { number, cause: raised.cause, lineage: raised.lineage };
        Ok((Trigger::Raised { by }, Turn::new(self, event, lane, slots, origin)?))
    }

    /// Tells a governor how its deferred effect ended. The effect, done at least once with its key, and what is told of
    /// it are spent in one commit: a process stopped in between does the effect again, under the same key. One that
    /// nobody answered is kept as a dead letter.
    fn settled(&self, number: u64, deferred: &Deferred, answer: Option<Answer>) -> Result<(Trigger, Turn<'_>), Halt> {
        let Deferred { lane, slot, effect, cause, lineage, .. } = deferred;
        let dead = answer.is_none().then(|| Box::new(deferred.clone()));
        let event = self.settled_event(deferred, format!("{cause}/{slot}/e:{}", effect.id), answer.as_ref(), false)?;
        let origin = Origin::Settled { number, cause: *cause, lineage: lineage.raise(), dead };
        let turn = Turn::new(self, event, lane.clone(), Arc::new([slot.clone()]), origin)?;
        Ok((Trigger::Raised { by: slot.clone() }, turn))
    }

    /// The event that tells a governor how its deferred effect ended; without an answer it expired.
    pub(crate) fn settled_event(
        &self,
        deferred: &Deferred,
        id: String,
        answer: Option<&Answer>,
        resent: bool,
    ) -> Result<Event, Halt> {
        let Deferred { lane, subject, slot, effect, key, now, .. } = deferred;
        let status = match answer {
            Some(Answer { accepted: true, .. }) => "done",
            Some(_) => "failed",
            None => "expired",
        };
        let mut data = json!({
            "effect": effect.id, "action": effect.action, "key": key.to_string(), "status": status,
        });
        if let Some(amount) = effect.body.value().pointer("/amount/minor_units").and_then(Value::as_i64) {
            data["amount"] = amount.into();
        }
        if resent {
            data["resent"] = true.into();
        }
        let code = answer.and_then(|answer| answer.body.get("decline_code")).and_then(Value::as_str);
        if let Some(code) = code.filter(|code| code.len() <= 256) {
            data["decline_code"] = code.into();
        }
        let host_lane = HostLane { tenant: &lane.tenant, subject };
        own_event(slot, id, EFFECT_SETTLED, &host_lane, *now, data)
    }

    /// Tries to do a deferred effect until it is answered, for as long as such effects are tried.
    async fn deliver(&self, deferred: &Deferred) -> Result<Option<Answer>, Halt> {
        for _ in 0..self.config.limits.deferred_tries_max.max(1) {
            if let Ok(answer) = self.deliver_once(deferred).await? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// One try of a deferred effect.
    pub(crate) async fn deliver_once(&self, deferred: &Deferred) -> Result<Result<Answer, NoAnswer>, Halt> {
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
        self.before_reaching_out().await?;
        failpoint!("engine.deferred.durable");
        Ok(self.reach_out(&request).await)
    }

    fn fired(&self, timer: Timer) -> Result<(Trigger, Turn<'_>), Halt> {
        failpoint!("engine.timer.taken");
        let event = timer_event(&timer)?;
        let Timer { key, cause, lineage, .. } = timer;
        let trigger = Trigger::Timer { slot: key.slot.clone(), name: key.name.clone() };
        let slots = Arc::new([key.slot.clone()]);
        let lane = key.lane.clone();
        Ok((trigger, Turn::new(self, event, lane, slots, Origin::Timer { key, cause, lineage })?))
    }
}

/// Drives what followed to its outcome.
async fn end(
    trigger: Trigger,
    turn: Turn<'_>,
    foreseen: Option<Foreseen>,
) -> Result<(Consequence, Ticket, After), Halt> {
    let (kind, time) = (turn.event.kind.clone(), turn.event.time);
    let (tenant, subject) = (turn.event.tenant.clone(), turn.event.subject.clone());
    let Finished { report, ticket, after } = turn.foreseen(foreseen).run().await?;
    Ok((Consequence { trigger, kind, time, tenant, subject, report }, ticket, after))
}

/// The event that a timer is when it fires.
pub(crate) fn timer_event(timer: &Timer) -> Result<Event, Halt> {
    let Timer { key, due, data, cause, subject, .. } = timer;
    let mut payload = json!({"name": key.name, "due": due});
    if let Some(data) = data {
        payload["data"] = data.value();
    }
    let id = format!("{cause}/{}/t:{}", key.slot, key.name);
    let host_lane = HostLane { tenant: &key.lane.tenant, subject };
    own_event(&key.slot, id, TIMER_FIRED, &host_lane, *due, payload)
}

fn raised_event(number: u64, raised: &Raised) -> Result<Event, Halt> {
    let unreadable = |error| StoreError::Corrupt(format!("raised event {number} does not read: {error}"));
    Ok(Event::from_store(&raised.event).map_err(unreadable)?)
}

/// An event of the host's own.
fn own_event(slot: &Slot, id: String, kind: &str, lane: &HostLane<'_>, time: Time, data: Value) -> Result<Event, Halt> {
    Event::of_host(slot, id, kind, lane, time, data).map_err(|why| Halt::Bug(Error::governor(slot, why)))
}
