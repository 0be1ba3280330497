//! What a case must stand, though nobody means well.

use std::collections::BTreeSet;

use serde_json::json;
use syndic_core::ports::{CaseKey, CaseStatus};
use syndic_engine::cases::Command;

use crate::nets::small;
use crate::world::{HOUR, World};

/// A service that raises an event, and is undone by a connector, in a loop.
const ORDER: &str = r#"
    [task.T_Begin]
    kind = "auto"
    takes = "P_begin"
    gives = "P_start"
    [task.T_Order]
    kind = "service"
    event = { type = "marketplace.CustomerSubscribes", subject = "{customer}" }
    undo = "shop/cancel"
    takes = "P_start"
    outcome.good = { when = 'outcome == "completed"', gives = "P_ordered" }
    outcome.bad = { gives = "P_ordered" }
    [task.T_Late]
    kind = "timer"
    after = "1 h"
    takes = "P_start"
    gives = "P_ordered"
    [task.T_More]
    kind = "user"
    takes = "P_ordered"
    outcome.again = { gives = "P_start" }
    outcome.enough = { gives = "P_end" }
"#;
const DATA: &str = "customer = 'text'\noutcome = ['completed', 'refused']";

fn raised(world: &mut World<'_>) {
    let call = world.call("T_Order");
    let look = world.now;
    world.must(&Command::Raised { call: call.id, look });
}

#[test]
fn each_event_that_was_raised_is_undone_by_itself() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    for _ in 0..2 {
        raised(&mut world);
        world.yes("T_Order", json!({"outcome": "completed"}));
        world.completes("T_More", Some("again"), json!({}));
    }
    raised(&mut world);
    world.must(&Command::Cancel);
    world.yes("T_Order", json!({"outcome": "completed"}));
    let (mut keys, mut attempts) = (BTreeSet::new(), Vec::new());
    while world.case.status() != CaseStatus::Cancelled {
        let call = world.call("T_Order");
        assert!(call.id.undo);
        keys.insert(call.connector_key(&CaseKey { tenant: "acme".into(), id: "c".into() }));
        attempts.push(call.id.attempt);
        world.answers(&call, true, json!({})).expect("taken");
    }
    assert_eq!((attempts, keys.len()), (vec![3, 2, 1], 3));
}

#[test]
fn an_event_that_lost_its_token_is_heard_out_though_one_like_it_is_raised_again() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    raised(&mut world);
    assert_eq!(world.wait(HOUR), ["T_Late"]);
    world.completes("T_More", Some("again"), json!({}));
    let calls: Vec<(u32, bool)> = world.calls().iter().map(|call| (call.id.attempt, call.raised)).collect();
    assert_eq!(calls, [(1, true), (2, false)]);
}

#[test]
fn an_event_that_was_not_raised_before_its_token_went_is_not_raised_to_be_undone() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    assert_eq!(world.wait(HOUR), ["T_Late"]);
    assert_eq!(world.calls(), []);
}
