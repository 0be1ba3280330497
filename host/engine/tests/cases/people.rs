//! Work items in people's hands.

use serde_json::json;
use syndic_core::Time;
use syndic_core::ports::WorkState;
use syndic_engine::cases::{Command, Told, WorkVerb};

use crate::nets::{desk, phase};
use crate::world::{DAY, HOUR, MINUTE, World, code, complete, object, take};

#[test]
fn a_lease_that_ends_gives_the_item_back() {
    let net = desk();
    let mut world = World::launch(&net, &json!({}));
    world.asks("ann", "T_Decide", take()).expect("taken");
    assert_eq!(code(world.asks("bob", "T_Decide", take())), "held-by-another");
    assert_eq!(code(world.asks("ann", "T_Decide", take())), "wrong-state");
    assert_eq!(code(world.asks("bob", "T_Decide", complete(Some("yes")))), "held-by-another");
    world.wait(10 * MINUTE);
    world.asks("ann", "T_Decide", WorkVerb::Heartbeat { lease_ms: None }).expect("still at it");
    world.wait(15 * MINUTE - 1);
    assert_eq!(world.work("T_Decide").1.holder.as_deref(), Some("ann"));
    world.wait(1);
    assert_eq!(world.last.told, [Told::LeaseEnded { task: "T_Decide".into(), holder: "ann".into() }]);
    assert_eq!(world.work("T_Decide").1.state, WorkState::Offered);
    // Who no longer holds it completes nothing.
    world.asks("bob", "T_Decide", take()).expect("taken");
    assert_eq!(code(world.asks("ann", "T_Decide", complete(Some("yes")))), "held-by-another");
    for lease_ms in [Some(0), Some(DAY + 1), Some(i64::MAX)] {
        assert_eq!(code(world.asks("bob", "T_Decide", WorkVerb::Heartbeat { lease_ms })), "bad-lease");
    }
}

#[test]
fn an_item_is_for_its_roles_and_can_be_laid_aside_handed_on_and_given_back() {
    let net = desk();
    let mut world = World::launch(&net, &json!({}));
    let stranger = Command::Work {
        task: "T_Decide".into(),
        attempt: 1,
        by: "eve".into(),
        roles: vec!["vendor".into()],
        verb: take(),
    };
    assert_eq!(code(world.does(&stranger)), "not-your-role");
    world.asks("ann", "T_Decide", WorkVerb::Start { lease_ms: Some(HOUR) }).expect("started");
    world.asks("ann", "T_Decide", WorkVerb::Suspend).expect("laid aside");
    assert_eq!(code(world.asks("ann", "T_Decide", complete(Some("yes")))), "wrong-state");
    world.wait(2 * HOUR);
    world.asks("ann", "T_Decide", WorkVerb::Resume).expect("taken up");
    let hands_to_bob = |roles: Option<&[&str]>| {
        let to_roles = roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
        WorkVerb::Delegate { to: "bob".into(), to_roles }
    };
    let refused = world.asks("ann", "T_Decide", hands_to_bob(Some(&["vendor"]))).expect_err("nothing for bob");
    assert_eq!(
        (refused.code(), refused.to_string().as_str()),
        ("not-their-role", "this is for judge, and `bob` has no such role")
    );
    assert_eq!(code(world.asks("bob", "T_Decide", hands_to_bob(Some(&["judge"])))), "held-by-another");
    world.asks("ann", "T_Decide", hands_to_bob(Some(&["vendor", "judge"]))).expect("handed on");
    // Of whom nothing is known, nothing is held against them.
    world.asks("bob", "T_Decide", hands_to_bob(None)).expect("handed on");
    assert_eq!(code(world.asks("ann", "T_Decide", WorkVerb::Release)), "held-by-another");
    world.asks("bob", "T_Decide", WorkVerb::Prioritise { priority: 9 }).expect("urgent");
    world.asks("bob", "T_Decide", WorkVerb::Release).expect("given back");
    let row = world.work("T_Decide").1;
    assert_eq!((row.state, row.holder, row.priority), (WorkState::Offered, None, 9));
}

#[test]
fn whoever_does_a_task_without_guards_names_its_outcome() {
    let net = desk();
    let mut world = World::launch(&net, &json!({}));
    world.asks("ann", "T_Decide", take()).expect("taken");
    let refused = world.asks("ann", "T_Decide", complete(None)).expect_err("no outcome");
    assert_eq!((refused.code(), refused.to_string().as_str()), ("no-outcome", "name the outcome: yes, no"));
    assert_eq!(code(world.asks("ann", "T_Decide", complete(Some("perhaps")))), "no-outcome");
    let step = world.asks("ann", "T_Decide", complete(Some("no"))).expect("done");
    assert_eq!(step.fired, ["T_Decide.no"]);
}

#[test]
fn what_a_person_says_is_checked_and_what_was_said_another_time_does_not_count() {
    let net = phase("vendor-onboarding");
    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    world.wait(DAY);
    let say = |data| WorkVerb::Complete { outcome: None, data: object(&data) };
    world.asks("ann", "T_ReviewIdentity", take()).expect("taken");
    assert_eq!(code(world.asks("ann", "T_ReviewIdentity", say(json!({"reviewer": "maybe"})))), "outside-domain");
    assert_eq!(code(world.asks("ann", "T_ReviewIdentity", say(json!({"mood": "good"})))), "no-such-variable");
    world.asks("ann", "T_ReviewIdentity", say(json!({"reviewer": "resubmit"}))).expect("done");
    world.wait(DAY);
    world.asks("ann", "T_ReviewIdentity", take()).expect("taken");
    assert_eq!(code(world.asks("ann", "T_ReviewIdentity", say(json!({})))), "no-outcome");
}

#[test]
fn a_promise_that_is_not_kept_is_told_once_and_somebody_else_may_do_it() {
    let net = desk();
    let mut world = World::launch(&net, &json!({}));
    assert_eq!(world.work("T_Decide").1.late, Some(Time::parse("2026-01-05T14:00:00Z").unwrap()));
    world.wait(4 * HOUR);
    assert_eq!(world.last.told, [Told::Late { task: "T_Decide".into(), role: Some("chief".into()) }]);
    assert_eq!(world.work("T_Decide").1.roles, ["judge", "chief"]);
    assert_eq!(world.case.due(), None, "it is told once");
}

#[test]
fn a_service_is_asked_again_and_then_a_person_does_it() {
    let net = phase("post-sales-support");
    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    world.completes("T_TerminateSubscription", None, json!({}));
    for wait in [MINUTE, 5 * MINUTE, HOUR, HOUR] {
        world.silent("T_RevokeCustomerAccess");
        assert!(!world.calls().iter().any(|call| call.id.task == "T_RevokeCustomerAccess"));
        world.wait(wait);
    }
    assert_eq!(world.call("T_RevokeCustomerAccess").tries, 4);
    assert_eq!(world.silent("T_RevokeCustomerAccess").told, [Told::FellBack { task: "T_RevokeCustomerAccess".into() }]);
    // It is late by now: the promise was an hour.
    assert_eq!(world.work("T_RevokeCustomerAccess.manual").1.roles, ["operator", "operations-lead"]);
    let fired = world.completes("T_RevokeCustomerAccess.manual", None, json!({}));
    assert_eq!(fired, ["T_RevokeCustomerAccess.manual"]);
}
