//! Leaving, and coming back.

use syndic_sdk::prelude::*;

use crate::kit::{
    DAY_ONE, cancels, changes, custom, done, downgrades, end, refused, renewal, run, status, sub, subscribes, tries,
    upgrades, world,
};

#[test]
fn leaving_with_the_period_is_one_write_until_the_period_ends() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    let judged = done(&mut world, custom("CustomerCancels", json!({ "when": "period-end", "reason": "too dear" })));
    assert_eq!((judged.writes.len(), judged.timers.len(), judged.raises.len()), (1, 0, 0));
    refused(&mut world, cancels("period-end"), "cancel-pending");
    refused(&mut world, renewal("sub-1"), "cancel-pending");
    refused(&mut world, upgrades("pro", "enterprise"), "cancel-pending");
    refused(&mut world, downgrades("starter", "now"), "cancel-pending");
    world.run_until("2026-02-10T11:59:59Z");
    let fired = world.fire("due-sub-1");
    let expected =
        CustomerCancels { reason: Some("too dear".into()), when: When::Now, subscription_id: Some("sub-1".into()) };
    assert_eq!(fired.raised(), [Event::CustomerCancels(expected)]);
    world.follow(&fired);
    assert_eq!(status(&world, "sub-1"), "cancelled");
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 0);
}

#[test]
fn subscribing_again_or_reactivating_takes_a_pending_cancellation_back() {
    for again in [subscribes("pro"), changes("reactivate")] {
        let mut world = world();
        done(&mut world, tries("pro"));
        done(&mut world, cancels("period-end"));
        let judged = done(&mut world, again);
        assert!(judged.effects.is_empty());
        assert_eq!(status(&world, "sub-1"), "trial");
        assert_eq!(sub(&world, "sub-1")["cancelled_at"], Value::Null);
        assert_eq!(world.value("subscription.index")["next"], 2);
    }
}

#[test]
fn a_cancellation_taken_back_after_its_day_is_renewed_and_not_given_up() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, cancels("period-end"));
    world.run_until("2026-02-10T12:00:00Z"); // what is raised is rolled back
    done(&mut world, subscribes("pro"));
    run(&mut world, "2026-02-10T12:00:00Z");
    assert_eq!((status(&world, "sub-1"), end(&world, "sub-1")), (json!("active"), json!("2026-03-10T12:00:00Z")));
}

#[test]
fn what_is_paused_ends_with_its_period_too_and_never_comes_back_by_itself() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, subscribes("starter"));
    world.set_now("2026-01-20T12:00:00Z");
    done(&mut world, custom("SubscriptionChanged", json!({ "action": "pause", "subscription_id": "sub-2" })));
    world.set_now("2026-01-25T12:00:00Z");
    done(&mut world, cancels("period-end"));
    assert_eq!(sub(&world, "sub-2")["paused_days_used"], 5);
    run(&mut world, "2026-02-10T12:00:00Z");
    for id in ["sub-1", "sub-2"] {
        assert_eq!(status(&world, id), "cancelled");
    }
}

#[test]
fn a_pause_that_outlasts_the_period_ends_at_once_when_asked_to_end_with_it() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, changes("pause"));
    run(&mut world, "2026-03-01T12:00:00Z");
    done(&mut world, cancels("period-end"));
    run(&mut world, "2026-03-01T12:00:00Z");
    assert_eq!(status(&world, "sub-1"), "cancelled");
    done(&mut world, changes("reactivate"));
    assert_eq!(
        (&sub(&world, "sub-1")["start"], &sub(&world, "sub-1")["paused_days_used"]),
        (&json!("2026-03-01T12:00:00Z"), &json!(50))
    );
}

#[test]
fn cancelling_names_one_subscription_or_all() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, subscribes("starter"));
    done(&mut world, subscribes("free"));
    done(&mut world, custom("CustomerCancels", json!({ "subscription_id": "sub-2" })));
    assert_eq!(status(&world, "sub-1"), "active");
    refused(&mut world, custom("CustomerCancels", json!({ "subscription_id": "sub-2" })), "no-subscription");
    done(&mut world, cancels("now"));
    assert_eq!((status(&world, "sub-1"), status(&world, "sub-3")), (json!("cancelled"), json!("cancelled")));
}

#[test]
fn who_left_may_come_back_for_thirty_days() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    refused(&mut world, changes("reactivate"), "already-subscribed");
    done(&mut world, cancels("now"));
    run(&mut world, "2026-02-09T12:00:00Z"); // the thirtieth day's last instant
    done(&mut world, changes("reactivate"));
    let after = sub(&world, "sub-1");
    assert_eq!((&after["status"], &after["start"]), (&json!("active"), &json!("2026-02-09T12:00:00Z")));
    assert_eq!(world.tenant_value("shared.subscribers.pro"), 1);
    done(&mut world, cancels("now"));
    run(&mut world, "2026-03-12T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "lapsed");
    refused(&mut world, changes("reactivate"), "no-subscription");
    refused(&mut world, renewal("sub-1"), "no-subscription");
    run(&mut world, "2026-06-12T00:00:00Z");
    assert_eq!(status(&world, "sub-1"), "archived");
    assert_eq!(world.value("subscription.index"), json!({ "next": 2, "ids": [] }));
    refused(&mut world, renewal("sub-1"), "no-subscription"); // known still
    assert!(world.due_timers("2100-01-01T00:00:00Z").is_empty());
    done(&mut world, subscribes("pro"));
    assert_eq!(status(&world, "sub-2"), "active");
}

#[test]
fn coming_back_does_not_make_two_of_one_plan() {
    let mut world = world();
    done(&mut world, subscribes("pro"));
    done(&mut world, cancels("now"));
    done(&mut world, subscribes("pro"));
    refused(
        &mut world,
        custom("SubscriptionChanged", json!({ "action": "reactivate", "subscription_id": "sub-1" })),
        "already-subscribed",
    );
}

#[test]
fn any_number_of_subscriptions_ends_in_turns() {
    let prices = json!({ "monthly": { "minor_units": 100, "currency": "USD" } });
    for (when, ended, count, turns) in
        [("now", "cancelled", 20, 2), ("now", "cancelled", 80, 4), ("period-end", "cancelling", 80, 4)]
    {
        let mut world = world();
        for n in 1..=count {
            let name = format!("plan-{n}");
            let sku = json!({ "sku": name, "name": name, "status": "published", "prices": prices });
            world.set_tenant_fact(&format!("product-catalog.sku.{name}"), sku);
            done(&mut world, subscribes(&name));
        }
        let first = done(&mut world, cancels(when));
        let raised = world.follow(&first);
        assert_eq!(raised.len(), turns);
        assert!(raised.iter().all(|turn| turn.raises.is_empty()), "events go only so deep");
        run(&mut world, DAY_ONE);
        assert!((1..=count).all(|n| status(&world, &format!("sub-{n}")) == ended), "{when} {count}");
    }
}
