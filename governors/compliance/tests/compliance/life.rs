//! Random lives of one customer: everything the governor hears of, in any order, with a provider that says anything.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use syndic_governor_compliance::table::State;
use syndic_sdk::payload::Settled;
use syndic_sdk::testing::{Judged, Reply, World};
use syndic_sdk::{Event, Time};

use crate::scene::{event, subscribed};

/// The facts that are machines.
pub(crate) const MACHINES: [&str; 4] =
    ["compliance.kyc", "compliance.incident.admin", "compliance.incident.fraud", "compliance.incident.compliance"];

/// One event, and where every machine stood around it.
pub(crate) struct Step {
    pub(crate) event: Event,
    pub(crate) judged: Judged,
    pub(crate) before: [State; 4],
    pub(crate) after: [State; 4],
}

/// A customer to whom things happen.
pub(crate) struct Life {
    pub(crate) world: World,
    now: Time,
    /// The provider's: silent, undecided, or awake.
    mood: Rc<Cell<u64>>,
    dice: Dice,
}

impl Life {
    pub(crate) fn new(seed: u64) -> Self {
        let dice = Dice(Rc::new(Cell::new(seed)));
        let mood = Rc::new(Cell::new(0));
        let (provider, its_mood) = (dice.clone(), mood.clone());
        let world = subscribed().answers(move |_| {
            Some(match its_mood.get() {
                0 => Reply::Silence,
                1 => Reply::Yes(json!({"status": "pending"})),
                2 if provider.roll(4) == 0 => Reply::No(json!({"status": "fail"})),
                _ => Reply::Yes(json!({"status": "pass"})),
            })
        });
        Life { world, now: Time::from_date(2026, 1, 1), mood, dice }
    }

    /// The next thing that happens, after what time brings about before it, and with all that follows.
    pub(crate) fn go_on(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let days = self.dice.one_of([0, 0, 0, 10, 20, 40, 90]);
        self.now = self.now.plus_days(days).plus_hours(self.dice.roll(20) as i64);
        while let Some(name) = self.world.due_timers(self.now).first().map(|name| (*name).to_owned()) {
            let fired = event("TimerFired", json!({"name": name, "due": self.now}));
            self.step(&mut steps, fired, &|world, _| world.fire(&name));
        }
        self.world.set_now(self.now);
        self.surroundings();
        self.settle_tickets(&mut steps);
        let event = self.event();
        self.step(&mut steps, event, &|world, event| world.judge(event));
        steps
    }

    fn step(&mut self, steps: &mut Vec<Step>, event: Event, judge: &dyn Fn(&mut World, Event) -> Judged) {
        let before = stand(&self.world);
        let judged = judge(&mut self.world, event.clone());
        steps.push(Step { event, judged: judged.clone(), before, after: stand(&self.world) });
        if !judged.is_completed() {
            return;
        }
        for (raised, event) in judged.raises.iter().zip(judged.raised()) {
            let mut alone = judged.clone();
            alone.decision.raises = vec![raised.clone()];
            self.step(steps, event, &|world, _| world.follow(&alone).remove(0));
        }
    }

    /// What the provider and other slots do meanwhile.
    fn surroundings(&mut self) {
        if self.dice.roll(4) == 0 {
            self.mood.set(self.dice.roll(3));
        }
        let mut sub = self.world.value("subscription.sub.sub-1");
        sub["status"] = json!(self.dice.one_of(["active", "active", "paused", "cancelled"]));
        self.world.set_fact("subscription.sub.sub-1", sub);
        let account = json!({"status": self.dice.one_of(["active", "locked", "banned"])});
        self.world.set_fact("customer-account.account", account);
    }

    fn settle_tickets(&mut self, steps: &mut Vec<Step>) {
        while let Some(ticket) = self.world.pending().first().map(|ticket| (*ticket).to_owned()) {
            let status = self.dice.one_of([Settled::Done, Settled::Failed, Settled::Expired]);
            let end = json!({"effect": ticket, "action": "ticket", "key": "k", "status": status});
            self.step(steps, event("EffectSettled", end), &|world, _| world.settle(&ticket, status, None));
        }
    }

    fn event(&self) -> Event {
        let dice = &self.dice;
        let cause = dice.one_of(["fraud", "compliance", "admin"]);
        let invoice = dice.one_of(["inv-1", "inv-9", "a*b"]);
        let decided = json!({
            "about": dice.one_of(["appeal", "remediation", "reinstatement", "refund", "approval"]), "actor": "ann",
            "decision": dice.one_of(["accept", "reject"]), "id": dice.one_of([Value::Null, json!(cause), json!("x-1")]),
        });
        let (kind, data) = match dice.roll(18) {
            0 | 1 | 14..=17 => ("CustomerSubscribes", json!({"sku": "pro"})),
            2 | 3 => ("ManualSuspension", json!({"reason": "r", "cause": cause})),
            4 | 5 => ("SuspensionLifted", json!({"cause": dice.one_of([cause, "payment", "quota"]), "actor": "ann"})),
            6 | 7 => ("OperatorDecided", decided),
            8 if dice.roll(5) == 0 => ("KycDecided", json!({"status": dice.one_of(["pass", "pass", "fail"])})),
            8 | 9 => ("FraudScored", json!({"score": dice.roll(101)})),
            10 => ("CustomerCancels", json!({"when": dice.one_of(["now", "period-end"])})),
            11 => ("RefundRequested", json!({"invoice_id": invoice, "reason": "r"})),
            12 => match dice.roll(2) {
                0 => ("DisputeOpened", json!({"invoice_id": invoice, "amount": 1, "reason": "r"})),
                _ => ("DisputeClosed", json!({"invoice_id": invoice, "status": dice.one_of(["won", "lost"])})),
            },
            _ => ("PaymentFailed", json!({"reason": "no money"})),
        };
        event(kind, data)
    }
}

/// Where every machine stands.
fn stand(world: &World) -> [State; 4] {
    MACHINES.map(|fact| {
        let (member, begins) = if fact == MACHINES[0] { ("status", State::Unknown) } else { ("state", State::Clear) };
        match world.value(fact)[member].clone() {
            Value::Null => begins,
            state => serde_json::from_value(state).expect("a state is written as one"),
        }
    })
}

/// Numbers that are the same in every run.
#[derive(Clone)]
struct Dice(Rc<Cell<u64>>);

impl Dice {
    fn roll(&self, sides: u64) -> u64 {
        let next = self.0.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0.set(next);
        (next >> 33) % sides
    }

    fn one_of<T: Clone, const N: usize>(&self, choices: [T; N]) -> T {
        choices[self.roll(N as u64) as usize].clone()
    }
}
