//! What must hold after any history, over long random lives; and what the README says of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syndic_governor_compliance::table::{MOVES, State, Trigger};
use syndic_sdk::Subject;
use syndic_sdk::testing::{Outcome, Seen, World};

use crate::README;
use crate::life::{Life, MACHINES, Step};

const LIVES: u64 = 40;
const EVENTS: u64 = 1_000;
const OWN: [&str; 2] = ["compliance", "fraud"];
const REFUSALS: [&str; 5] = ["kyc-failed", "kyc-pending", "not-suspended", "nothing-to-decide", "EffectFailed"];

#[test]
fn causes_access_incidents_holds_and_identity_stand_and_fall_together() {
    let mut seen = Seen::default();
    let mut lived = BTreeSet::new();
    for seed in 0..LIVES {
        let mut life = Life::new(seed);
        for nth in 0..EVENTS {
            for step in life.go_on() {
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
    let request = ["CustomerSubscribes", "SuspensionLifted", "OperatorDecided"].contains(&step.event.kind());
    match (&step.judged.outcome, step.judged.code()) {
        (Outcome::Completed, _) => {}
        (Outcome::RolledBack(_), code) => assert_eq!(code, Some("EffectFailed"), "{told}"),
        (_, code) => assert!(request && code.is_some_and(|code| REFUSALS.contains(&code)), "{told}: {code:?}"),
    }
}

fn check_facts(world: &World, told: &str) {
    let causes = world.value("shared.suspensions");
    let stands = |cause: &str| causes.as_array().is_some_and(|causes| causes.contains(&json!(cause)));
    let holds = world.value("compliance.hold");
    for cause in OWN {
        let incident = world.value(&format!("compliance.incident.{cause}"));
        let open = !matches!(incident["state"].as_str(), None | Some("clear"));
        let held = holds.as_array().is_some_and(|holds| holds.contains(&json!(format!("suspension:{cause}"))));
        assert_eq!((open, held), (stands(cause), stands(cause)), "`{cause}` after {told}");
        assert!(!open || world.due(&format!("review.{cause}")).is_some(), "nobody reviews `{cause}` after {told}");
    }
    let access = if OWN.into_iter().any(stands) { json!("blocked") } else { Value::Null };
    assert_eq!(world.value("shared.access"), access, "after {told}");
    let grounds = world.value("compliance.incident.compliance")["grounds"].clone();
    let accused = grounds.as_array().is_some_and(|grounds| grounds.contains(&json!("identity")));
    assert_eq!(world.value("compliance.kyc")["status"] == "fail", accused, "after {told}");
}

impl Step {
    /// The rows of the table that were lived through.
    fn moves(&self, told: &str) -> Vec<(State, Trigger, State)> {
        let mut rows = Vec::new();
        for ((machine, from), to) in MACHINES.into_iter().zip(self.before).zip(self.after) {
            let triggers = triggers(self, machine);
            let row = triggers.into_iter().map(|trigger| (from, trigger, to)).find(|row| MOVES.contains(row));
            assert!(row.is_some() || from == to, "no row has {from:?} -> {to:?}, after {told}");
            rows.extend(row.filter(|_| self.judged.is_completed() && !self.judged.is_silent()));
        }
        rows
    }
}

/// What an event may be to a machine. What it is to one that it does not reach, the facts show.
fn triggers(step: &Step, machine: &str) -> Vec<Trigger> {
    use Trigger::*;
    let data: Value = serde_json::from_str(&step.event.data()).expect("an event's data is JSON");
    let is = |member: &str, word: &str| data[member] == word;
    let kind = step.event.kind();
    if machine == "compliance.kyc" {
        return match kind {
            "CustomerSubscribes" if !step.judged.results.is_empty() => vec![CheckPassed],
            "KycDecided" if is("status", "pass") => vec![DecidedPass],
            "KycDecided" => vec![DecidedFail],
            "SuspensionLifted" if is("cause", "compliance") => vec![Forgiven],
            "TimerFired" if is("name", "kyc.ask") => vec![RecheckPassed, RecheckFailed, RecheckPending],
            "TimerFired" if is("name", "kyc") && step.judged.effects.is_empty() => vec![Departed],
            "TimerFired" if is("name", "kyc") => vec![Unanswered],
            _ => vec![],
        };
    }
    let cause = machine.trim_start_matches("compliance.incident.");
    match kind {
        "ManualSuspension" if cause == "admin" && is("cause", cause) => vec![RecordedElsewhere],
        "ManualSuspension" if is("cause", cause) => vec![Suspended],
        "FraudScored" if cause == "fraud" => vec![Suspended],
        "KycDecided" if cause == "compliance" && is("status", "fail") => vec![Suspended],
        "TimerFired" if cause == "compliance" && is("name", "kyc.ask") => vec![Suspended],
        "TimerFired" if is("name", &format!("review.{cause}")) => vec![ReviewDue],
        "TimerFired" if is("name", &format!("ticket.review-{cause}")) => vec![ReviewDue],
        "SuspensionLifted" if is("cause", cause) => vec![Lifted],
        "OperatorDecided" => match (is("about", "appeal"), is("decision", "accept")) {
            (true, true) => vec![AppealAccepted],
            (true, false) => vec![AppealRejected],
            (false, true) => vec![RemediationAccepted],
            (false, false) => vec![RemediationRejected],
        },
        _ => vec![],
    }
}
