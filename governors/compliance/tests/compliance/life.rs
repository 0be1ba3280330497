//! Random lives of one customer: everything the governor hears of, in any order, with a provider that says anything.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Value, json};
use syndic_governor_compliance::table::State;
use syndic_sdk::payload::Settled;
use syndic_sdk::testing::{Dice, Judged, Reply, World};
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
    mood: Rc<Cell<usize>>,
    dice: Dice,
}

impl Life {
    pub(crate) fn new(seed: u64) -> Self {
        let mood = Rc::new(Cell::new(0));
        // The provider has dice of its own.
        let (mut provider, its_mood) = (Dice::new(1_000 + seed), mood.clone());
        let world = subscribed().answers(move |_| {
            Some(match its_mood.get() {
                0 => Reply::Silence,
                1 => Reply::Yes(json!({"status": "pending"})),
                2 if provider.once_in(4) => Reply::No(json!({"status": "fail"})),
                _ => Reply::Yes(json!({"status": "pass"})),
            })
        });
        Life { world, now: Time::from_date(2026, 1, 1), mood, dice: Dice::new(seed) }
    }

    /// The next thing that happens, after what time brings about before it, and with all that follows.
    pub(crate) fn go_on(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let days = self.dice.pick(&[0, 0, 0, 10, 20, 40, 90]);
        self.now = self.now.plus_days(days).plus_hours(self.dice.below(20) as i64);
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
        if self.dice.once_in(4) {
            self.mood.set(self.dice.below(3));
        }
        let mut sub = self.world.value("subscription.sub.sub-1");
        sub["status"] = json!(self.dice.pick(&["active", "active", "paused", "cancelled"]));
        self.world.set_fact("subscription.sub.sub-1", sub);
        let account = json!({"status": self.dice.pick(&["active", "locked", "banned"])});
        self.world.set_fact("customer-account.account", account);
    }

    fn settle_tickets(&mut self, steps: &mut Vec<Step>) {
        while let Some(ticket) = self.world.pending().first().map(|ticket| (*ticket).to_owned()) {
            let status = self.dice.pick(&[Settled::Done, Settled::Failed, Settled::Expired]);
            let end = json!({"effect": ticket, "action": "ticket", "key": "k", "status": status});
            self.step(steps, event("EffectSettled", end), &|world, _| world.settle(&ticket, status, None));
        }
    }

    fn event(&mut self) -> Event {
        let dice = &mut self.dice;
        let cause = dice.pick(&["fraud", "compliance", "admin"]);
        let invoice = dice.pick(&["inv-1", "inv-9", "a*b"]);
        let decided = json!({
            "about": dice.pick(&["appeal", "remediation", "reinstatement", "refund", "approval"]), "actor": "ann",
            "decision": dice.pick(&["accept", "reject"]), "id": dice.pick(&[Value::Null, json!(cause), json!("x-1")]),
        });
        let (kind, data) = match dice.below(18) {
            0 | 1 | 14..=17 => ("CustomerSubscribes", json!({"sku": "pro"})),
            2 | 3 => ("ManualSuspension", json!({"reason": "r", "cause": cause})),
            4 | 5 => ("SuspensionLifted", json!({"cause": dice.pick(&[cause, "payment", "quota"]), "actor": "ann"})),
            6 | 7 => ("OperatorDecided", decided),
            8 if dice.once_in(5) => ("KycDecided", json!({"status": dice.pick(&["pass", "pass", "fail"])})),
            8 | 9 => ("FraudScored", json!({"score": dice.below(101)})),
            10 => ("CustomerCancels", json!({"when": dice.pick(&["now", "period-end"])})),
            11 => ("RefundRequested", json!({"invoice_id": invoice, "reason": "r"})),
            12 => match dice.below(2) {
                0 => ("DisputeOpened", json!({"invoice_id": invoice, "amount": 1, "reason": "r"})),
                _ => ("DisputeClosed", json!({"invoice_id": invoice, "status": dice.pick(&["won", "lost"])})),
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
