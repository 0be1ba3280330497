//! What a case's receipt vouches for: the whole of how the case stands.

use serde_json::{Value, json};
use syndic_core::Time;
use syndic_core::ports::{CaseKey, CaseRecord, CaseStatus, Commit};
use syndic_engine::{Cause, verify_cases};
use syndic_ledger::Master;

use crate::world::*;

const DESK: &str = r#"
net = "desk"
about = "somebody decides"
[data]
total = "0..=1000"
[conditions]
P_Open = "nobody has decided"
P_Over = "somebody has"
[task.T_Decide]
kind = "user"
roles = ["judge"]
takes = "P_Open"
gives = "P_Over"
"#;

fn load(stage: &Stage) {
    let at = Time::parse("2026-01-01T00:00:00Z").unwrap();
    let cause = Cause { by: "ann".into(), reason: "a desk is wanted".into(), at, id: None };
    stage.host.load_net(DESK, &cause).unwrap().unwrap();
}

/// Something that is wanted of a case.
fn command(verb: &str, time: &str, data: Value) -> Value {
    let mut command = event(verb, "CustomerPays", time, data);
    command["type"] = format!("syndic.case.{verb}").into();
    command["subject"] = "order-1".into();
    command
}

#[test]
fn a_command_counts_as_of_the_hosts_own_moment_whatever_its_sender_says() {
    let world = World::new();
    let now = Time::parse("2026-06-01T00:00:00Z").unwrap();
    world.clock.move_by(now.ms());
    let stage = world.stage();
    load(&stage);
    let key = CaseKey { tenant: "acme".into(), id: "order-1".into() };
    let who = json!({"by": "ann", "reason": "a slow clock"});
    for (verb, time, data) in [
        ("launch", "2000-01-01T00:00:00Z", json!({"net": "desk"})),
        ("suspend", "2026-06-01T00:04:00Z", who.clone()),
        ("resume", "2026-05-01T00:00:00Z", who),
    ] {
        stage.submit(command(verb, time, data));
        let state = stage.store.front().case(&key).unwrap().unwrap().state.value();
        assert_eq!(state["at"], json!(now), "{verb}");
    }
}

#[test]
fn a_case_that_is_not_as_its_last_receipt_left_it_is_damage() {
    let stage = World::new().stage();
    load(&stage);
    let master = Master::from_seed(0);
    let verified = || verify_cases(&*stage.store, &master).map_err(|why| why.to_string());
    assert_eq!(verified(), Ok(0));
    stage.submit(command("launch", "2026-01-01T00:00:00Z", json!({"net": "desk", "data": {"total": 5}})));
    assert_eq!(verified(), Ok(1));

    let key = CaseKey { tenant: "acme".into(), id: "order-1".into() };
    let record = stage.store.case(&key).unwrap().unwrap();
    let mut state: Value = record.state.value();
    state["data"]["total"] = 500.into();
    let tampered = [
        CaseRecord { state: state.into(), ..record.clone() },
        CaseRecord { status: CaseStatus::Completed, ..record.clone() },
        CaseRecord { receipt: 1, ..record.clone() },
    ];
    let write = |record: &CaseRecord| {
        let cases = vec![(key.clone(), Some(record.clone()))];
        commit(&stage.store, Commit { cases, ..Commit::default() });
    };
    for other in tampered {
        write(&other);
        let why = verified().unwrap_err();
        assert!(why.contains("the case `order-1` of `acme` is not what receipt"), "{why}");
    }
    // When it is due, the receipt leaves open: whoever ends an event that a case waits for wakes the case.
    write(&CaseRecord { due: Some(Time::from_ms(5)), ..record });
    assert_eq!(verified(), Ok(1));
}
