//! The world of one governor: facts, a clock, and a sandbox that answers.

mod turn;

use std::collections::BTreeMap;

use serde_json::Value;

use super::judged::Judged;
use super::memory::Memory;
use super::sandbox::Reply;
use crate::log::Level;
use crate::payload::{EffectSettled, Settled};
use crate::{Effect, Event, FactName, Governor, Subject, Time};

/// How many timers may fire in one `run_until`: a governor that goes on for ever should fail, not hang.
const FIRINGS_MAX: usize = 10_000;

type Answers = Box<dyn FnMut(&Effect) -> Option<Reply>>;

/// A host for one governor, one customer and one tenant. See the [module](super).
pub struct World {
    governor: &'static Governor,
    memory: Memory,
    customer: String,
    tenant_kinds: Vec<String>,
    now: Time,
    events: u64,
    timers: BTreeMap<String, Armed>,
    pending: Vec<(Effect, String)>,
    /// Deferred effects that expired, and their keys.
    expired: Vec<(Effect, String)>,
    answers: Answers,
}

struct Armed {
    due: Time,
    data: Option<Value>,
    tenant_lane: bool,
}

/// One event on its way to the governor.
struct Delivery {
    source: String,
    time: Time,
    event: Event,
    tenant_lane: bool,
}

/// Setting the scene.
impl World {
    /// An empty world, on 1 January 2026, for the customer `cust-1`, in a slot named like the governor.
    pub fn new(governor: &'static Governor) -> Self {
        Self {
            governor,
            memory: Memory::of(governor),
            customer: "cust-1".to_owned(),
            tenant_kinds: vec!["ProductChanged".to_owned()],
            now: Time::from_date(2026, 1, 1),
            events: 0,
            timers: BTreeMap::new(),
            pending: Vec::new(),
            expired: Vec::new(),
            answers: Box::new(|_| None),
        }
    }

    /// Installs the governor in another slot.
    pub fn slot(mut self, slot: &str) -> Self {
        self.memory.slot = slot.to_owned();
        self
    }

    /// Makes it another customer: the sandbox knows `kyc-fail…` and `kyc-slow…`.
    pub fn customer(mut self, customer: &str) -> Self {
        self.customer = customer.to_owned();
        self
    }

    /// Runs a custom kind in the tenant's own lane, as a route with `scope = "tenant"` would.
    pub fn tenant_kind(mut self, kind: &str) -> Self {
        self.tenant_kinds.push(kind.to_owned());
        self
    }

    /// Sets the clock.
    pub fn now(mut self, now: impl IntoTime) -> Self {
        self.set_now(now);
        self
    }

    /// Gives a fact of the customer, whoever writes it. An array that is used as a set counts as added by this slot,
    /// and a string that is used as a standing value as stood for by it; see [`added`](Self::added) and
    /// [`stands`](Self::stands) for other slots'.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set_fact(name, value);
        self
    }

    /// Gives a fact of the tenant.
    pub fn tenant_fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.set_tenant_fact(name, value);
        self
    }

    /// Gives an element of a customer's set that another slot added.
    pub fn added(mut self, slot: &str, name: &str, element: &str) -> Self {
        self.memory.add(slot, &customer(name), element);
        self
    }

    /// Gives a value that another slot stands for.
    pub fn stands(mut self, slot: &str, name: &str, value: &str) -> Self {
        self.memory.stand(slot, &customer(name), Some(value));
        self
    }

    /// Declares a shared fact's order of values, strictest first, as an operator's configuration would. That of
    /// `shared.access` is known.
    pub fn order(mut self, name: &str, values: &[&str]) -> Self {
        self.memory.order(name, values);
        self
    }

    /// Sets a value of the slot's configuration.
    pub fn config(mut self, key: &str, value: &str) -> Self {
        self.memory.config.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Answers blocking effects; where this says nothing, the sandbox does.
    pub fn answers(mut self, answers: impl FnMut(&Effect) -> Option<Reply> + 'static) -> Self {
        self.answers = Box::new(answers);
        self
    }

    /// Moves the clock. It may go back, as an event's own time may; the lane's `now` is what is set here.
    pub fn set_now(&mut self, now: impl IntoTime) {
        self.now = now.into_time();
    }

    /// Gives a fact of the customer in the middle of a story; null takes it away.
    pub fn set_fact(&mut self, name: &str, value: impl Into<Value>) {
        self.memory.give(customer(name), value.into());
    }

    /// Gives a fact of the tenant in the middle of a story; null takes it away.
    pub fn set_tenant_fact(&mut self, name: &str, value: impl Into<Value>) {
        self.memory.give(FactName { subject: Subject::Tenant, name: name.to_owned() }, value.into());
    }
}

/// Telling the story.
impl World {
    /// Judges an event that happens now, answers its blocking effects, and commits what it decides. An
    /// [`Event::Custom`] with the name of a known kind is that kind, with the data as it stands.
    pub fn judge(&mut self, event: impl Into<Event>) -> Judged {
        let event = event.into();
        let tenant_lane = self.tenant_kinds.iter().any(|kind| kind == event.kind());
        self.deliver(Delivery { source: "/test".to_owned(), time: self.now, event, tenant_lane })
    }

    /// Judges what a decision raised, in order.
    pub fn follow(&mut self, judged: &Judged) -> Vec<Judged> {
        let own = |world: &mut Self, event| world.deliver(world.host_made(world.now, event, false));
        judged.raised().into_iter().map(|event| own(self, event)).collect()
    }

    /// Judges an event, what it raises, and what that raises in turn, as the host does: one after the other, each on
    /// what the one before left. `watch` sees the world after each.
    pub fn play(&mut self, event: impl Into<Event>, watch: impl FnMut(&World, &Event, &Judged)) {
        let event = event.into();
        let tenant_lane = self.tenant_kinds.iter().any(|kind| kind == event.kind());
        self.deliver_all(Delivery { source: "/test".to_owned(), time: self.now, event, tenant_lane }, watch);
    }

    /// Lets time alone pass: fires what falls due, in order, and judges what that raises before the next. Leaves the
    /// clock at `until`.
    ///
    /// # Panics
    /// Where timers go on setting timers without end.
    pub fn play_until(&mut self, until: impl IntoTime, mut watch: impl FnMut(&World, &Event, &Judged)) {
        let until = until.into_time();
        let mut firings = 0;
        while let Some(name) = self.due_timers(until).first().map(|name| (*name).to_owned()) {
            let fired = self.timer_fired(&name);
            self.deliver_all(fired, &mut watch);
            firings += 1;
            assert!(firings < FIRINGS_MAX, "timers go on without end; the last was `{name}`");
        }
        self.now = self.now.max(until);
    }

    /// The names of the timers that are due by a moment, earliest first.
    pub fn due_timers(&self, by: impl IntoTime) -> Vec<&str> {
        let by = by.into_time();
        let mut due: Vec<_> = self.timers.iter().filter(|(_, timer)| timer.due <= by).collect();
        due.sort_by_key(|(name, timer)| (timer.due, name.as_str()));
        due.into_iter().map(|(name, _)| name.as_str()).collect()
    }

    /// When a timer is due; none where it is not set.
    pub fn due(&self, timer: &str) -> Option<Time> {
        self.timers.get(timer).map(|timer| timer.due)
    }

    /// Fires a timer, at its due time or now, whichever is later.
    ///
    /// # Panics
    /// Where no timer has that name.
    pub fn fire(&mut self, name: &str) -> Judged {
        let fired = self.timer_fired(name);
        self.deliver(fired)
    }

    /// Lets time pass: fires what falls due, in order, and leaves the clock at `until`.
    ///
    /// # Panics
    /// Where timers go on setting timers without end.
    pub fn run_until(&mut self, until: impl IntoTime) -> Vec<Judged> {
        let until = until.into_time();
        let mut fired = Vec::new();
        while let Some(name) = self.due_timers(until).first().map(|name| (*name).to_owned()) {
            fired.push(self.fire(&name));
            assert!(fired.len() < FIRINGS_MAX, "timers go on without end; the last was `{name}`");
        }
        self.now = self.now.max(until);
        fired
    }

    /// Ends a deferred effect that was committed: `amount` in minor units, or none for the one in the effect's body.
    ///
    /// # Panics
    /// Where no such effect is pending.
    pub fn settle(&mut self, effect: &str, status: Settled, amount: Option<i64>) -> Judged {
        let Some(at) = self.pending.iter().position(|(pending, _)| pending.id == effect) else {
            panic!("no effect `{effect}` is pending; there are {:?}", self.pending());
        };
        let ended = self.pending.remove(at);
        let settled = settled(&ended, status, amount, false);
        if status == Settled::Expired {
            self.expired.push(ended);
        }
        self.deliver(self.host_made(self.now, settled, false))
    }

    /// Sends a deferred effect that had expired again, as a person may, and it ends so.
    ///
    /// # Panics
    /// Where no such effect has expired.
    pub fn resend(&mut self, effect: &str, status: Settled) -> Judged {
        let Some(at) = self.expired.iter().position(|(expired, _)| expired.id == effect) else {
            panic!("no effect `{effect}` has expired");
        };
        let settled = settled(&self.expired.remove(at), status, None, true);
        self.deliver(self.host_made(self.now, settled, false))
    }
}

/// How a deferred effect ended, as its governor is told.
fn settled((effect, key): &(Effect, String), status: Settled, amount: Option<i64>, resent: bool) -> EffectSettled {
    let body: Value = serde_json::from_str(&effect.body).unwrap_or_default();
    EffectSettled {
        effect: effect.id.clone(),
        action: effect.action.clone(),
        key: key.clone(),
        status,
        amount: amount.or_else(|| body["amount"]["minor_units"].as_i64()),
        decline_code: (status == Settled::Failed).then(|| "generic_decline".to_owned()),
        resent,
    }
}

/// Looking at it.
impl World {
    /// A fact of the customer as it reads; null where it is absent.
    pub fn value(&self, name: &str) -> Value {
        self.memory.value(Subject::Customer, name)
    }

    /// A fact of the tenant as it reads; null where it is absent.
    pub fn tenant_value(&self, name: &str) -> Value {
        self.memory.value(Subject::Tenant, name)
    }

    /// Every fact that is kept, by whose it is and its name.
    pub fn facts(&self) -> Vec<(&FactName, Value)> {
        self.memory.names().map(|fact| (fact, self.memory.value(fact.subject, &fact.name))).collect()
    }

    /// The ids of deferred effects that were committed and have not been settled.
    pub fn pending(&self) -> Vec<&str> {
        self.pending.iter().map(|(effect, _)| effect.id.as_str()).collect()
    }

    /// What the governor logged.
    pub fn log(&self) -> &[(Level, String)] {
        &self.memory.log
    }
}

fn customer(name: &str) -> FactName {
    FactName { subject: Subject::Customer, name: name.to_owned() }
}

/// A moment, or the text of one.
pub trait IntoTime {
    /// The moment.
    ///
    /// # Panics
    /// Where a text is not an RFC 3339 time.
    fn into_time(self) -> Time;
}

impl IntoTime for Time {
    fn into_time(self) -> Time {
        self
    }
}

impl IntoTime for &str {
    fn into_time(self) -> Time {
        Time::parse(self).unwrap_or_else(|why| panic!("{why}"))
    }
}
