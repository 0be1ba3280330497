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

#[test]
fn a_case_that_is_not_as_its_last_receipt_left_it_is_damage() {
    let stage = World::new().stage();
    let cause = Cause {
        by: "ann".into(),
        reason: "a desk is wanted".into(),
        at: Time::parse("2026-01-01T00:00:00Z").unwrap(),
        id: None,
    };
    stage.host.load_net(DESK, &cause).unwrap().unwrap();
    let master = Master::from_seed(0);
    let verified = || verify_cases(&*stage.store, &master).map_err(|why| why.to_string());
    assert_eq!(verified(), Ok(0));
    let mut launch = event("l-1", "CustomerPays", "2026-01-01T00:00:00Z", json!({"net": "desk", "data": {"total": 5}}));
    launch["type"] = "syndic.case.launch".into();
    launch["subject"] = "order-1".into();
    stage.submit(launch);
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
