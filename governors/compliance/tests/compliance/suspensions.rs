//! What stands against a customer, told as stories.

use serde_json::{Value, json};
use syndic_sdk::Verdict;
use syndic_sdk::testing::Judged;

use crate::scene::{NEW_YEAR, assert_stands, decide, event, lift, suspend, world};

#[test]
fn our_causes_block_with_an_incident_and_a_hold_until_they_are_lifted() {
    let mut world = world();
    suspend(&mut world, "fraud");
    suspend(&mut world, "compliance");
    assert_stands(&world, &["compliance", "fraud"]);
    assert_eq!(world.value("compliance.hold"), json!(["suspension:compliance", "suspension:fraud"]));
    assert_eq!(world.value("compliance.incident.fraud")["reason"], json!("looks wrong"));

    lift(&mut world, "fraud");
    assert_stands(&world, &["compliance"]);
    lift(&mut world, "compliance");
    assert_stands(&world, &[]);
    assert_eq!(world.value("compliance.hold"), Value::Null);
    assert_eq!(world.value("compliance.incident.fraud")["closed"]["actor"], json!("ann"));
}

#[test]
fn an_admin_suspension_is_only_recorded() {
    let mut world = world().added("customer-account", "shared.suspensions", "admin");
    suspend(&mut world, "admin");
    assert_eq!((world.value("shared.access"), world.value("shared.suspensions")), (Value::Null, json!(["admin"])));
    assert_eq!(world.value("compliance.hold"), json!(["suspension:admin"]));

    let lifted = lift(&mut world, "admin");
    assert_eq!(lifted.verdict, Verdict::Abstain, "the cause is not ours to lift");
    assert_eq!((world.value("shared.suspensions"), world.value("compliance.hold")), (json!(["admin"]), Value::Null));
}

#[test]
fn what_does_not_stand_cannot_be_lifted_and_what_is_not_ours_is_not_refused() {
    let mut world = world();
    assert_eq!(lift(&mut world, "fraud").code(), Some("not-suspended"));
    suspend(&mut world, "fraud");
    assert_eq!(lift(&mut world, "compliance").code(), Some("not-suspended"));
    for cause in ["admin", "payment", "quota"] {
        assert!(lift(&mut world, cause).is_silent(), "{cause}");
    }
}

#[test]
fn a_suspension_is_reviewed_every_thirty_days_and_never_unlocks_by_itself() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert!(world.run_until("2026-01-30T23:59:59Z").is_empty());
    world.run_until("2026-01-31T00:00:00Z");
    assert_eq!(world.pending(), ["ticket-review-fraud"]);
    world.run_until("2026-03-02T00:00:00Z");
    assert_eq!(world.pending().len(), 2);
    assert_stands(&world, &["fraud"]);

    lift(&mut world, "fraud");
    assert!(world.run_until("2027-01-01T00:00:00Z").iter().all(Judged::is_silent), "nothing is left to review");
}

#[test]
fn an_accepted_appeal_lifts_through_an_event_that_every_slot_sees() {
    let mut world = world();
    suspend(&mut world, "fraud");
    let accepted = decide(&mut world, "appeal", "accept", None);
    assert_eq!(accepted.raised(), [event("SuspensionLifted", json!({"cause": "fraud", "actor": "ann"}))]);
    world.follow(&accepted);
    assert_stands(&world, &[]);
}

#[test]
fn a_rejected_appeal_is_final_until_it_is_reviewed_a_year_later() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert!(decide(&mut world, "appeal", "reject", None).is_completed());
    assert_eq!(decide(&mut world, "appeal", "accept", None).code(), Some("nothing-to-decide"));
    assert!(world.run_until("2026-12-31T23:59:59Z").is_empty());
    world.run_until(NEW_YEAR.replace("2026", "2027").as_str());
    assert!(decide(&mut world, "appeal", "accept", None).is_completed());
}

#[test]
fn a_remediation_is_about_the_cause_compliance_alone() {
    let mut world = world();
    suspend(&mut world, "fraud");
    assert_eq!(decide(&mut world, "remediation", "accept", None).code(), Some("nothing-to-decide"));
    suspend(&mut world, "compliance");
    decide(&mut world, "remediation", "reject", None);
    assert_stands(&world, &["compliance", "fraud"]);
    let accepted = decide(&mut world, "remediation", "accept", None);
    world.follow(&accepted);
    assert_stands(&world, &["fraud"]);
}

#[test]
fn an_appeal_is_about_the_cause_it_names_and_else_about_all_that_stands() {
    let mut world = world().added("customer-account", "shared.suspensions", "admin");
    for cause in ["admin", "compliance", "fraud"] {
        suspend(&mut world, cause);
    }
    let lifting = |cause: &str| event("SuspensionLifted", json!({"cause": cause, "actor": "ann"}));
    assert_eq!(decide(&mut world, "appeal", "accept", Some("fraud")).raised(), [lifting("fraud")]);
    assert!(decide(&mut world, "appeal", "accept", Some("admin")).is_silent(), "that is customer-account's alone");
    assert!(decide(&mut world, "appeal", "reject", Some("admin")).is_silent());
    let both = [lifting("fraud"), lifting("compliance")];
    assert_eq!(decide(&mut world, "appeal", "accept", None).raised(), both);
    assert_eq!(decide(&mut world, "appeal", "accept", Some("case-7")).raised(), both, "no cause is called that");
}

#[test]
fn what_is_named_and_does_not_stand_cannot_be_decided() {
    let mut world = world();
    suspend(&mut world, "fraud");
    for (about, id) in [("appeal", "compliance"), ("appeal", "admin"), ("remediation", "fraud")] {
        assert_eq!(decide(&mut world, about, "accept", Some(id)).code(), Some("nothing-to-decide"), "{about} {id}");
    }
}

#[test]
fn three_causes_are_lifted_in_any_order_and_each_takes_only_its_own_away() {
    for order in [["fraud", "admin", "compliance"], ["compliance", "fraud", "admin"], ["admin", "compliance", "fraud"]]
    {
        let mut world = world().added("customer-account", "shared.suspensions", "admin");
        order.into_iter().for_each(|cause| drop(suspend(&mut world, cause)));
        for (nth, cause) in order.into_iter().enumerate() {
            lift(&mut world, cause);
            let left: Vec<String> = order[nth + 1..].iter().map(|cause| format!("suspension:{cause}")).collect();
            let held = world.value("compliance.hold");
            let mut held: Vec<&str> = held.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            held.sort_by_key(|hold| left.iter().position(|left| left == hold));
            assert_eq!(held, left);
            let blocked = order[nth + 1..].iter().any(|cause| *cause != "admin");
            assert_eq!(world.value("shared.access") == "blocked", blocked, "{order:?} after {cause}");
        }
        assert_eq!(world.value("shared.suspensions"), json!(["admin"]), "its owner is not here to take it away");
    }
}

#[test]
fn an_appeal_against_the_cause_admin_is_left_to_its_owner() {
    let mut world = world().added("customer-account", "shared.suspensions", "admin");
    suspend(&mut world, "admin");
    assert!(decide(&mut world, "appeal", "accept", None).is_silent(), "of somebody who never had an account too");
    world.set_fact("customer-account.account", json!({"status": "locked"}));
    assert!(decide(&mut world, "appeal", "accept", None).is_silent());
    world.set_fact("customer-account.account", json!({"status": "banned"}));
    assert_eq!(decide(&mut world, "appeal", "accept", None).code(), Some("nothing-to-decide"), "nobody hears a ban");
}

#[test]
fn what_others_decide_about_is_left_to_them() {
    let mut world = world();
    for about in ["approval", "refund", "reinstatement"] {
        assert!(decide(&mut world, about, "accept", None).is_silent(), "{about}");
    }
}
