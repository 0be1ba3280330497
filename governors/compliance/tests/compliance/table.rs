//! The published table is exactly what the governor does.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syndic_governor_compliance::GOVERNOR;
use syndic_governor_compliance::table::{MOVES, State, Trigger};
use syndic_sdk::testing::{Judged, Reply, World, reached};
use syndic_sdk::{Event, Write};

use crate::README;

use State::*;
use Trigger::*;

const IDENTITY: &[State] = &[Unknown, Pass, Fail, Pending];
const IDENTITY_ON: &[Trigger] = &[
    CheckPassed,
    RecheckPassed,
    RecheckFailed,
    RecheckPending,
    Departed,
    Unanswered,
    DecidedPass,
    DecidedFail,
    Forgiven,
];
const RECORD: &[State] = &[Clear, Recorded];
const RECORD_ON: &[Trigger] = &[RecordedElsewhere, Lifted];
const INCIDENT: &[State] = &[Clear, Blocked, UnderReview, Upheld];
const INCIDENT_ON: &[Trigger] =
    &[Suspended, ReviewDue, AppealAccepted, AppealRejected, RemediationAccepted, RemediationRejected, Lifted];

type Move = (State, Trigger, State);

#[test]
fn what_happens_is_what_the_table_says() {
    let mut seen = BTreeSet::new();
    for (states, triggers, cause) in
        [(IDENTITY, IDENTITY_ON, ""), (RECORD, RECORD_ON, "admin"), (INCIDENT, INCIDENT_ON, "compliance")]
    {
        for (&state, &trigger) in states.iter().flat_map(|state| triggers.iter().map(move |trigger| (state, trigger))) {
            seen.extend(happens(state, trigger, cause));
        }
    }
    assert_eq!(seen, MOVES.iter().copied().collect::<BTreeSet<Move>>());
}

#[test]
fn every_state_can_be_reached() {
    let all = [IDENTITY, RECORD, INCIDENT].concat();
    assert_eq!(reached(MOVES, [Unknown, Clear]), all.into_iter().collect());
}

#[test]
fn time_alone_moves_every_state_of_ours_that_waits_for_somebody() {
    for waiting in [Pass, Pending, Blocked, UnderReview, Upheld] {
        let moved = |on: &Trigger| matches!(on, Unanswered | ReviewDue);
        assert!(MOVES.iter().any(|(from, on, _)| *from == waiting && moved(on)), "{waiting:?}");
    }
}

#[test]
fn the_readme_prints_the_table() {
    let moves: Vec<String> = MOVES.iter().map(|(from, on, to)| format!("| {from:?} | {on:?} | {to:?} |")).collect();
    assert_eq!(README.rows("Moves"), moves);
}

/// Puts the governor into a state, makes the trigger happen, and tells the move; none where nothing was done.
fn happens(state: State, trigger: Trigger, cause: &str) -> Option<Move> {
    let fact = if cause.is_empty() { "compliance.kyc".to_owned() } else { format!("compliance.incident.{cause}") };
    let mut world = World::new(&GOVERNOR).now("2026-06-01T00:00:00Z").fact(&fact, before(state, cause));
    if trigger != Departed {
        world = with_subscription(world);
    }
    if trigger == Forgiven {
        world = world.fact("compliance.incident.compliance", before(Blocked, "compliance"));
    }
    let answer = match trigger {
        RecheckFailed => Reply::No(json!({"status": "fail"})),
        RecheckPending => Reply::Yes(json!({"status": "pending"})),
        _ => Reply::Yes(json!({"status": "pass"})),
    };
    let mut world = world.answers(move |_| Some(answer.clone()));
    let judged = world.judge(event(trigger, cause));
    acted(&judged, &fact, trigger).then(|| {
        let after: State = serde_json::from_value(match &world.value(&fact) {
            Value::Null => panic!("{state:?} on {trigger:?} removed its fact"),
            fact if cause.is_empty() => fact["status"].clone(),
            fact => fact["state"].clone(),
        })
        .expect("a state is written as one");
        (state, trigger, after)
    })
}

/// A lift that finds no failed identity acts on the incident alone.
fn acted(judged: &Judged, fact: &str, trigger: Trigger) -> bool {
    let wrote = |write: &Write| matches!(write, Write::Set { fact: set, .. } if set.name == fact);
    if trigger == Forgiven {
        return judged.writes.iter().any(wrote);
    }
    judged.is_completed() && !(judged.writes.is_empty() && judged.effects.is_empty() && judged.raises.is_empty())
}

fn before(state: State, cause: &str) -> Value {
    match cause {
        "" => json!({"status": state, "until": "2026-05-01T00:00:00Z"}),
        _ => json!({"state": state, "grounds": [], "reason": "", "opened_at": "2026-05-01T00:00:00Z"}),
    }
}

fn with_subscription(world: World) -> World {
    let sub = json!({
        "id": "sub-1", "sku": "pro", "seats": 1, "cycle": "monthly", "status": "active",
        "start": "2026-05-15T00:00:00Z", "end": "2026-06-15T00:00:00Z", "anchor_day": 15,
    });
    world.fact("subscription.index", json!({"next": 2, "ids": ["sub-1"]})).fact("subscription.sub.sub-1", sub)
}

fn event(trigger: Trigger, cause: &str) -> Event {
    let decided = |about, decision| json!({"about": about, "decision": decision, "actor": "ann"});
    let timer = |name: String| json!({"name": name, "due": "2026-06-01T00:00:00Z"});
    let (kind, data) = match trigger {
        CheckPassed => ("CustomerSubscribes", json!({"sku": "pro"})),
        RecheckPassed | RecheckFailed | RecheckPending => ("TimerFired", timer("kyc.ask".to_owned())),
        Departed | Unanswered => ("TimerFired", timer("kyc".to_owned())),
        DecidedPass => ("KycDecided", json!({"status": "pass"})),
        DecidedFail => ("KycDecided", json!({"status": "fail"})),
        RecordedElsewhere | Suspended => ("ManualSuspension", json!({"reason": "r", "cause": cause})),
        ReviewDue => ("TimerFired", timer(format!("review.{cause}"))),
        AppealAccepted => ("OperatorDecided", decided("appeal", "accept")),
        AppealRejected => ("OperatorDecided", decided("appeal", "reject")),
        RemediationAccepted => ("OperatorDecided", decided("remediation", "accept")),
        RemediationRejected => ("OperatorDecided", decided("remediation", "reject")),
        Forgiven => ("SuspensionLifted", json!({"cause": "compliance", "actor": "ann"})),
        Lifted => ("SuspensionLifted", json!({"cause": cause, "actor": "ann"})),
    };
    Event::parse(kind, &data.to_string()).expect("a trigger is an event the host lets in")
}
