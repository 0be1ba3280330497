//! What must hold after any history, over long random lives; and what the README says of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syndic_governor_multi_tenant::GOVERNOR;
use syndic_governor_multi_tenant::table::{MOVES, State, Trigger};
use syndic_sdk::payload::Settled;
use syndic_sdk::testing::{Dice, Judged, Outcome, Reply, Seen, World};
use syndic_sdk::{Event, Subject, Time, Write};

use crate::README;

const LIVES: u64 = 25;
const EVENTS: u64 = 1_000;
const RESOURCES: [&str; 2] = ["requests", "users"];
const LIMIT: i64 = 400;

#[test]
fn loads_add_up_and_only_who_has_more_than_half_and_too_much_is_slowed() {
    let mut seen = Seen::default();
    let mut lived = BTreeSet::new();
    for seed in 0..LIVES {
        let mut life = Life::new(seed);
        for nth in 0..EVENTS {
            life.go_on();
            for step in life.steps.drain(..) {
                let told = format!("life {seed}, event {nth}: {} {}", step.event.kind(), step.event.data());
                let silence = step.judged.code() == Some("EffectFailed");
                assert!(step.judged.outcome == Outcome::Completed || silence, "{told}: {:?}", step.judged.outcome);
                check_writes(&step.judged);
                lived.extend(step.moves(&told));
                seen.note(&step.judged);
            }
            life.check(&format!("life {seed}, event {nth}"));
        }
    }
    let never: Vec<_> = MOVES.iter().filter(|row| !lived.contains(*row)).collect();
    assert!(never.is_empty(), "in no life is there {never:?}");
    README.tells_of(&seen);
}

/// The tenant's facts are stepped, the customer's are set, and nothing else is written.
fn check_writes(judged: &Judged) {
    for write in &judged.writes {
        let (Write::Set { fact, .. } | Write::Increase { fact, .. }) = write else { panic!("{write:?}") };
        let steps = matches!(write, Write::Increase { .. });
        assert_eq!(fact.subject == Subject::Tenant, steps, "{write:?}");
    }
}

/// Where a customer stands: the load of each resource, and the isolation.
#[derive(Clone, Copy)]
struct Stand {
    loads: [State; 2],
    isolation: State,
}

/// One event, and where the customer stood around it.
struct Step {
    event: Event,
    judged: Judged,
    before: Stand,
    after: Stand,
    /// What the event is to the load of its resource.
    share: Trigger,
}

impl Step {
    /// The rows of the table that were lived through; of a load the trigger is known, and so is where it leads.
    fn moves(&self, told: &str) -> Vec<(State, Trigger, State)> {
        let data: Value = serde_json::from_str(&self.event.data()).expect("an event's data is JSON");
        let timer = data["name"].as_str().unwrap_or_default();
        let acted = self.judged.is_completed() && !self.judged.is_silent();
        let mut rows = Vec::new();
        for (nth, resource) in RESOURCES.into_iter().enumerate() {
            let (from, to) = (self.before.loads[nth], self.after.loads[nth]);
            let is_reading = data["resource"] == resource;
            let is_over = timer == format!("period.{resource}");
            assert!(from == to || is_reading || is_over, "`{resource}` went from {from:?} to {to:?} by {told}");
            if acted && (is_reading || is_over) {
                rows.push((from, if is_over { Trigger::PeriodOver } else { self.share }, to));
            }
        }
        let (from, to) = (self.before.isolation, self.after.isolation);
        let heard = match self.judged.results.first().map(|result| &result.body) {
            Some(body) if body["status"] == "pending" && to == State::Unproven => Some(Trigger::Undecided),
            Some(body) if body["status"] == "pending" => Some(Trigger::StillUndecided),
            Some(body) if body["isolated"] == true => Some(Trigger::WallsHold),
            Some(_) => Some(Trigger::WallMissing),
            None if self.event.kind() == "ManualSuspension" => Some(Trigger::Suspended),
            None if self.event.kind() == "SuspensionLifted" => Some(Trigger::AllCausesLifted),
            None if timer == "isolation" && from != to => Some(Trigger::StillUndecided),
            None => None,
        };
        assert!(from == to || heard.is_some(), "the isolation went from {from:?} to {to:?} by {told}");
        rows.extend(heard.filter(|_| acted).map(|heard| (from, heard, to)));
        rows.iter().for_each(|row| assert!(MOVES.contains(row), "no row is {row:?}, after {told}"));
        rows
    }
}

/// A customer to whom things happen, among others who use things too.
struct Life {
    world: World,
    now: Time,
    dice: Dice,
    /// What all others use, by month and resource.
    others: BTreeMap<(String, &'static str), i64>,
    steps: Vec<Step>,
}

impl Life {
    fn new(seed: u64) -> Self {
        // The service has dice of its own.
        let mut service = Dice::new(1_000 + seed);
        let world = World::new(&GOVERNOR)
            .fact("subscription.index", json!({"next": 2}))
            .fact("quota-sla.limits", json!({"requests": {"limit": LIMIT, "hard": false}, "users": {"hard": true}}))
            .answers(move |_| {
                Some(match service.below(6) {
                    0 => Reply::Yes(json!({"isolated": true})),
                    1 => Reply::Yes(json!({"isolated": false})),
                    2 => Reply::No(json!({})),
                    3 => Reply::Silence,
                    _ => Reply::Yes(json!({"status": "pending"})),
                })
            });
        Life {
            world,
            now: Time::from_date(2026, 1, 1),
            dice: Dice::new(seed),
            others: BTreeMap::new(),
            steps: Vec::new(),
        }
    }

    fn go_on(&mut self) {
        let days = self.dice.pick(&[0, 0, 0, 1, 2, 9]);
        self.now = self.now.plus_days(days).plus_hours(self.dice.below(20) as i64);
        while let Some(name) = self.world.due_timers(self.now).first().map(|name| (*name).to_owned()) {
            let fired = event("TimerFired", json!({"name": name, "due": self.now}));
            self.step(fired, &|world, _| world.fire(&name));
        }
        self.world.set_now(self.now);
        self.others_use();
        let event = self.event();
        self.step(event, &|world, event| world.judge(event));
        while let Some(ticket) = self.world.pending().first().map(|ticket| (*ticket).to_owned()) {
            let status = self.dice.pick(&[Settled::Done, Settled::Failed]);
            let end = self::event(
                "EffectSettled",
                json!({"effect": ticket, "action": "ticket", "key": "k", "status": status}),
            );
            self.step(end, &|world, _| world.settle(&ticket, status, None));
        }
    }

    fn step(&mut self, event: Event, judge: &dyn Fn(&mut World, Event) -> Judged) {
        let before = self.stand(event.kind() != "TimerFired");
        let judged = judge(&mut self.world, event.clone());
        let after = self.stand(false);
        if judged.is_completed() {
            self.owners_act(&event);
        }
        let share = self.share(&event);
        self.steps.push(Step { event, judged, before, after, share });
    }

    /// Where the customer stands; `anew`: a month that is over counts for nothing.
    fn stand(&self, anew: bool) -> Stand {
        let month = self.now.month();
        let loads = RESOURCES.map(|resource| {
            let load = self.world.value(&format!("multi-tenant.load.{resource}"));
            let over = anew && load["period"] != month.as_str();
            state(&load).filter(|_| !over).unwrap_or(State::Unseen)
        });
        Stand { loads, isolation: state(&self.world.value("multi-tenant.isolation")).unwrap_or(State::Open) }
    }

    /// What a reading is, by the sums that stand after it.
    fn share(&self, event: &Event) -> Trigger {
        let (resource, quantity, over) = match event {
            Event::UsageReported(report) => (&report.resource, report.quantity, false),
            Event::UsageExceedsQuota(excess) => {
                (&excess.resource, excess.current_usage, excess.resource == "requests" && excess.current_usage > LIMIT)
            }
            _ => return Trigger::WithinShare,
        };
        let sum = |what: &str| {
            let name = format!("multi-tenant.{what}.{}.{resource}", self.now.month());
            self.world.tenant_value(&name).as_i64().unwrap_or(0)
        };
        match (sum("customers") >= 3 && 2 * quantity > sum("load"), over) {
            (false, _) => Trigger::WithinShare,
            (true, false) => Trigger::AboveShare,
            (true, true) => Trigger::AboveShareAndQuota,
        }
    }

    fn check(&self, told: &str) {
        for (resource, at) in RESOURCES.into_iter().zip(self.stand(false).loads) {
            let load = self.world.value(&format!("multi-tenant.load.{resource}"));
            let slowed = !self.world.value(&format!("multi-tenant.rate.{resource}")).is_null();
            assert_eq!(slowed, at == State::Slowed, "the rate of `{resource}` after {told}");
            let timer = self.world.due(&format!("period.{resource}"));
            assert!(at == State::Unseen || timer.is_some(), "nothing ends the load of `{resource}`, after {told}");
            let own = if load["period"] == self.now.month().as_str() { load["quantity"].as_i64() } else { None };
            let others = self.others.get(&(self.now.month(), resource)).copied().unwrap_or(0);
            let total = self.world.tenant_value(&format!("multi-tenant.load.{}.{resource}", self.now.month()));
            assert_eq!(total.as_i64().unwrap_or(0), others + own.unwrap_or(0), "the sum of `{resource}` after {told}");
        }
        let watched = matches!(self.stand(false).isolation, State::Unproven | State::Leaking);
        assert!(!watched || self.world.due("isolation").is_some(), "nobody looks again, after {told}");
    }

    /// Two others use so much, or nobody does.
    fn others_use(&mut self) {
        let (month, resource) = (self.now.month(), self.dice.pick(&RESOURCES));
        let others = self.dice.pick(&[0, 100, 1_000]);
        let was = self.others.insert((month.clone(), resource), others).unwrap_or(0);
        for (what, by) in [("load", others - was), ("customers", 2 * i64::from(others > 0) - 2 * i64::from(was > 0))] {
            let name = format!("multi-tenant.{what}.{month}.{resource}");
            let sum = self.world.tenant_value(&name).as_i64().unwrap_or(0) + by;
            self.world.set_tenant_fact(&name, if sum == 0 { Value::Null } else { json!(sum) });
        }
    }

    /// What the owners of causes commit with the same event.
    fn owners_act(&mut self, event: &Event) {
        let mut causes: BTreeSet<String> =
            serde_json::from_value(self.world.value("shared.suspensions")).unwrap_or_default();
        match event {
            Event::ManualSuspension(report) => drop(causes.replace(report.cause.to_string())),
            Event::SuspensionLifted(request) => causes.retain(|cause| cause != request.cause.as_str()),
            _ => {}
        }
        self.world.set_fact("shared.suspensions", if causes.is_empty() { Value::Null } else { json!(causes) });
    }

    fn event(&mut self) -> Event {
        let (dice, month) = (&mut self.dice, self.now.month());
        let resource = dice.pick(&["requests", "requests", "users", "any*"]);
        let usage = dice.pick(&[0, 50, 150, 500, 1_500]);
        let period = dice.pick(&[month.clone(), month, "2025-12".to_owned()]);
        let cause = dice.pick(&["admin", "fraud", "compliance"]);
        let (kind, data) = match dice.below(9) {
            0..=2 => ("UsageReported", json!({"resource": resource, "quantity": usage, "period": period})),
            3..=5 => ("UsageExceedsQuota", json!({"resource": resource, "current_usage": usage + 1, "limit": usage})),
            6 => ("ManualSuspension", json!({"reason": "r", "cause": cause})),
            _ => ("SuspensionLifted", json!({"cause": cause, "actor": "ann"})),
        };
        event(kind, data)
    }
}

fn event(kind: &str, data: Value) -> Event {
    Event::parse(kind, &data.to_string()).expect("a life holds events that the host lets in")
}

fn state(fact: &Value) -> Option<State> {
    serde_json::from_value(fact["state"].clone()).ok()
}
