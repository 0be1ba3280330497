//! What must hold after any history, over long random lives; and what the README says of them.

use std::collections::BTreeSet;

use serde::Deserialize;
use syndic_governor_customer_account::table::{MOVES, State, Trigger};
use syndic_sdk::Subject;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Dice, Judged, Outcome, Seen, World};

use crate::README;
use crate::scene::{hold, stranger};

const LIVES: u64 = 40;
const EVENTS: u64 = 600;
const LOCKING: [&str; 3] = ["admin", "fraud", "compliance"];

#[test]
fn causes_account_access_and_timers_stand_and_fall_together() {
    let mut seen = Seen::default();
    let mut lived = BTreeSet::new();
    for seed in 0..LIVES {
        let mut life =
            Life { world: stranger(), now: Time::from_date(2026, 1, 15), dice: Dice::new(seed), steps: Vec::new() };
        for nth in 0..EVENTS {
            life.go_on();
            for step in life.steps.drain(..) {
                let told = format!("life {seed}, event {nth}: {} {}", step.event.kind(), step.event.data());
                check_answer(&step, &told);
                lived.extend(step.moves(&told));
                seen.note(&step.judged);
            }
            check_facts(&life.world, &format!("life {seed}, event {nth}"));
        }
    }
    let never: Vec<_> = MOVES.iter().filter(|row| !lived.contains(*row)).collect();
    assert!(never.is_empty(), "in no life is there {never:?}");
    README.tells_of(&seen);
}

/// No fault, ever; what is refused is a request, by one of our codes; what is written is the customer's.
fn check_answer(step: &Step, told: &str) {
    assert!(step.judged.written().all(|fact| fact.subject == Subject::Customer), "{told}");
    let codes: &[&str] = match step.event.kind() {
        "CustomerSubscribes" => &["account-banned"],
        "SuspensionLifted" => &["account-banned", "not-suspended"],
        "OperatorDecided" => &["not-banned"],
        _ => &[],
    };
    let refused = step.judged.code().is_some_and(|code| codes.contains(&code));
    assert!(step.judged.outcome == Outcome::Completed || refused, "{told}: {:?}", step.judged.outcome);
}

fn check_facts(world: &World, told: &str) {
    let account = world.value("customer-account.account");
    let stands =
        |cause: &&str| world.value("shared.suspensions").as_array().is_some_and(|all| all.contains(&json!(cause)));
    let is_admin = stands(&"admin");
    let access = if is_admin { json!("blocked") } else { Value::Null };
    assert_eq!(world.value("shared.access"), access, "after {told}");
    let state = state(world);
    let is_shut = matches!(state, State::Locked | State::Banned);
    assert!(is_shut || !state.is_open() || !LOCKING.iter().any(stands), "{state:?} under a cause, after {told}");
    assert!(state != State::Banned || is_admin, "a ban that nothing keeps, after {told}");
    assert!(!is_admin || state == State::Banned || world.due("review").is_some(), "nobody reviews, after {told}");
    let waits = state == State::Closed || (state == State::Locked && !account["left_at"].is_null());
    assert!(!waits || world.due("retention").is_some(), "kept for ever, after {told}");
}

/// One event, and where the account stood around it.
struct Step {
    event: Event,
    judged: Judged,
    before: State,
    after: State,
}

impl Step {
    /// The rows of the table that were lived through: first what had happened meanwhile, then what the event is.
    fn moves(&self, told: &str) -> Vec<(State, Trigger, State)> {
        use Trigger::*;
        let row = |from: State, on: Trigger| MOVES.iter().copied().find(|(at, by, _)| (*at, *by) == (from, on));
        let path = |way: &[Trigger]| {
            let rows: Vec<_> = way.iter().try_fold(Vec::new(), |mut rows: Vec<(State, Trigger, State)>, on| {
                let from = rows.last().map_or(self.before, |(.., to)| *to);
                rows.push(row(from, *on)?);
                Some(rows)
            })?;
            (rows.last().map_or(self.before, |(.., to)| *to) == self.after).then_some(rows)
        };
        let on = self.triggers();
        let meanwhile = [Returned, Lifted, LiftedAfterLeaving];
        let ways = on.iter().map(|on| vec![*on]).chain([vec![]]).chain(meanwhile.map(|late| vec![late]));
        let late = meanwhile.iter().flat_map(|late| on.iter().map(|on| vec![*late, *on]));
        let lived = ways.chain(late).find_map(|way| path(&way));
        let rows = lived.unwrap_or_else(|| panic!("no row has {:?} -> {:?}, after {told}", self.before, self.after));
        if self.judged.is_completed() { rows } else { Vec::new() }
    }

    fn triggers(&self) -> Vec<Trigger> {
        use Trigger::*;
        match &self.event {
            Event::CustomerSubscribes(_) => vec![Subscribed],
            Event::CustomerCancels(_) => vec![Left],
            Event::ManualSuspension(_) | Event::FraudScored(_) | Event::KycDecided(_) => vec![Suspended],
            Event::SuspensionLifted(_) => vec![Lifted, LiftedAfterLeaving],
            Event::OperatorDecided(request) if request.decision == Ruling::Reject => vec![Rejected],
            Event::OperatorDecided(_) => vec![Reinstated],
            Event::TimerFired(_) => vec![RetentionOver],
            _ => vec![],
        }
    }
}

/// A customer to whom things happen, and the rest of the house as far as it shows.
struct Life {
    world: World,
    now: Time,
    dice: Dice,
    steps: Vec<Step>,
}

impl Life {
    fn go_on(&mut self) {
        let days = self.dice.pick(&[0, 0, 1, 5, 20, 45]);
        self.now = self.now.plus_days(days).plus_hours(self.dice.below(20) as i64);
        while let Some(name) = self.world.due_timers(self.now).first().map(|name| (*name).to_owned()) {
            let fired = TimerFired { name: name.clone(), due: self.now, data: None };
            self.step(fired.into(), &|world, _| world.fire(&name));
        }
        self.world.set_now(self.now);
        self.surroundings();
        let event = self.event();
        let suspended = LOCKING.iter().any(|cause| self.causes().contains(*cause));
        let refused_elsewhere = matches!(event, Event::CustomerSubscribes(_)) && suspended;
        if !refused_elsewhere || state(&self.world) == State::Banned {
            self.step(event, &|world, event| world.judge(event));
        }
        self.settle_all();
    }

    fn step(&mut self, event: Event, judge: &dyn Fn(&mut World, Event) -> Judged) {
        let (before, nth) = (state(&self.world), number(&self.world));
        let judged = judge(&mut self.world, event.clone());
        let before = if nth == number(&self.world) { before } else { State::Absent };
        self.steps.push(Step { event: event.clone(), judged: judged.clone(), before, after: state(&self.world) });
        if !judged.is_completed() {
            return;
        }
        self.others_act(&event);
        for (raised, event) in judged.raises.iter().zip(judged.raised()) {
            let mut alone = judged.clone();
            alone.decision.raises = vec![raised.clone()];
            self.step(event, &|world, _| world.follow(&alone).remove(0));
        }
    }

    /// What the owners of other causes, and of subscriptions, commit with the same event.
    fn others_act(&mut self, event: &Event) {
        let mut causes = self.causes();
        let mut put = |cause: &str| causes.extend([cause.to_owned()]);
        match event {
            Event::ManualSuspension(report) if report.cause != Cause::Admin => put(report.cause.as_str()),
            Event::FraudScored(report) if report.score > 90 => put("fraud"),
            Event::KycDecided(report) if report.status == KycStatus::Fail => put("compliance"),
            Event::SuspensionLifted(request) if request.cause != Cause::Admin => {
                causes.retain(|cause| cause != request.cause.as_str());
            }
            Event::CustomerSubscribes(_) => hold(&mut self.world, &["active"]),
            Event::CustomerCancels(request) if request.when == When::Now => hold(&mut self.world, &["cancelled"]),
            _ => {}
        }
        self.set_causes(&causes);
    }

    /// What happens without an event that comes here.
    fn surroundings(&mut self) {
        let mut causes = self.causes();
        let lifted = self.dice.pick(&["fraud", "compliance", "payment"]);
        match self.dice.below(10) {
            0 => causes.retain(|cause| cause != lifted),
            1 => causes.extend(["payment".to_owned()]),
            3 if !LOCKING.iter().any(|cause| causes.contains(*cause)) && state(&self.world) == State::Closed => {
                hold(&mut self.world, &["active"]);
            }
            4 => self.world.set_fact("compliance.hold", self.dice.pick(&[Value::Null, json!(["dispute:inv-1"])])),
            _ => {}
        }
        self.set_causes(&causes);
    }

    fn settle_all(&mut self) {
        while let Some(effect) = self.world.pending().first().map(|effect| (*effect).to_owned()) {
            let status = self.dice.pick(&[Settled::Done, Settled::Failed]);
            let end = json!({ "effect": effect, "action": "mail", "key": "k", "status": status });
            let event = Event::parse("EffectSettled", &end.to_string()).expect("it is one");
            self.step(event, &|world, _| world.settle(&effect, status, None));
        }
    }

    fn causes(&self) -> BTreeSet<String> {
        BTreeSet::deserialize(self.world.value("shared.suspensions")).unwrap_or_default()
    }

    fn set_causes(&mut self, causes: &BTreeSet<String>) {
        self.world.set_fact("shared.suspensions", if causes.is_empty() { Value::Null } else { json!(causes) });
    }

    fn event(&mut self) -> Event {
        let dice = &mut self.dice;
        let cause = dice.pick(&LOCKING);
        let decided = json!({
            "about": dice.pick(&["appeal", "reinstatement", "remediation"]), "actor": "ann",
            "decision": dice.pick(&["accept", "reject"]), "id": dice.pick(&[Value::Null, json!(cause), json!("x-1")]),
        });
        let usage = json!({ "resource": dice.pick(&["requests", "users"]), "current_usage": 9, "limit": 1 });
        let (kind, data) = match dice.below(16) {
            0..=2 => ("CustomerSubscribes", json!({ "sku": "pro" })),
            3 | 4 => ("CustomerCancels", json!({ "when": dice.pick(&["now", "now", "period-end"]) })),
            5 => ("ManualSuspension", json!({ "reason": "r", "cause": cause })),
            6 | 7 => ("SuspensionLifted", json!({ "cause": dice.pick(&[cause, "payment", "quota"]), "actor": "ann" })),
            8 | 9 => ("OperatorDecided", decided),
            10 => ("KycDecided", json!({ "status": dice.pick(&["pass", "fail"]) })),
            11 => ("FraudScored", json!({ "score": dice.below(101) })),
            12 => ("PaymentFailed", json!({ "reason": "no money" })),
            13 => ("PaymentProcessed", json!({ "amount": 1, "idempotency_key": "k" })),
            14 => ("PaymentMethodUpdated", json!({ "payment_method": "card" })),
            _ => ("UsageExceedsQuota", usage),
        };
        Event::parse(kind, &data.to_string()).expect("a life holds events that the host lets in")
    }
}

fn state(world: &World) -> State {
    State::deserialize(&world.value("customer-account.account")["status"]).unwrap_or_default()
}

/// Which of the customer's accounts it is: after an archived one comes another, and nothing leads from one to the other.
fn number(world: &World) -> u64 {
    world.value("customer-account.account")["number"].as_u64().unwrap_or(1)
}
