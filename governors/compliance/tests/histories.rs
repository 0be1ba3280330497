//! What must hold after any history, over a long random one.

use serde_json::{Value, json};
use syndic_governor_compliance::GOVERNOR;
use syndic_sdk::testing::World;
use syndic_sdk::{Event, Time};

const EVENTS: u64 = 10_000;
const OWN: [&str; 2] = ["compliance", "fraud"];

#[test]
fn cause_access_incident_and_hold_stand_and_fall_together() {
    let sub = json!({
        "id": "sub-1", "sku": "pro", "seats": 1, "cycle": "monthly", "status": "active",
        "start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z", "anchor_day": 1,
    });
    let mut world = World::new(&GOVERNOR)
        .fact("subscription.index", json!({"next": 2, "ids": ["sub-1"]}))
        .fact("subscription.sub.sub-1", sub);
    let mut now = Time::from_date(2026, 1, 1);
    let mut dice = Dice(7);
    for nth in 0..EVENTS {
        now = now.plus_hours(dice.roll(40) as i64);
        world.run_until(now);
        let event = event(&mut dice);
        let kind = event.kind().to_owned();
        let judged = world.judge(event);
        let reports = ["ManualSuspension", "KycDecided", "FraudScored", "PaymentFailed"].contains(&kind.as_str());
        assert!(judged.is_completed() || !reports, "event {nth}: {kind} was refused with {:?}", judged.code());
        world.follow(&judged);
        check(&world, nth, &kind);
    }
}

fn check(world: &World, nth: u64, kind: &str) {
    let causes = world.value("shared.suspensions");
    let stands = |cause: &str| causes.as_array().is_some_and(|causes| causes.contains(&json!(cause)));
    let holds = world.value("compliance.hold");
    for cause in OWN {
        let incident = world.value(&format!("compliance.incident.{cause}"));
        let open = !matches!(incident["state"].as_str(), None | Some("clear"));
        let held = holds.as_array().is_some_and(|holds| holds.contains(&json!(format!("suspension:{cause}"))));
        assert_eq!((open, held), (stands(cause), stands(cause)), "`{cause}` after event {nth}, {kind}");
    }
    let access = if OWN.into_iter().any(stands) { json!("blocked") } else { Value::Null };
    assert_eq!(world.value("shared.access"), access, "after event {nth}, {kind}");
}

fn event(dice: &mut Dice) -> Event {
    let cause = ["fraud", "compliance", "admin"][dice.roll(3) as usize];
    let about = ["appeal", "remediation"][dice.roll(2) as usize];
    let decision = ["accept", "reject"][dice.roll(2) as usize];
    let status = ["pass", "fail"][dice.roll(2) as usize];
    let (kind, data) = match dice.roll(8) {
        0 => ("CustomerSubscribes", json!({"sku": "pro"})),
        1 => ("ManualSuspension", json!({"reason": "r", "cause": cause})),
        2 => ("SuspensionLifted", json!({"cause": cause, "actor": "ann"})),
        3 => ("OperatorDecided", json!({"about": about, "decision": decision, "actor": "ann"})),
        4 => ("KycDecided", json!({ "status": status })),
        5 => ("FraudScored", json!({"score": dice.roll(101)})),
        6 => ("PaymentFailed", json!({"reason": "no money"})),
        _ => ("CustomerCancels", json!({})),
    };
    Event::parse(kind, &data.to_string()).expect("a history holds events that the host lets in")
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
