//! What product-catalog does, told as stories.

use serde_json::{Value, json};
use syndic_governor_product_catalog::GOVERNOR;
use syndic_sdk::Event;
use syndic_sdk::testing::{Judged, World};

const GOLD: &str = "product-catalog.sku.gold";
const IN_29_DAYS: &str = "2026-01-30T23:59:59Z";
const IN_30_DAYS: &str = "2026-01-31T00:00:00Z";

/// A catalog that sells `gold` at 10.00 USD a month.
fn selling() -> World {
    let mut world = World::new(&GOVERNOR).now("2026-01-01T00:00:00Z");
    assert!(change(&mut world, "gold", "published", 1_000, None).is_completed());
    world
}

fn change(world: &mut World, sku: &str, status: &str, month: i64, effective_at: Option<&str>) -> Judged {
    let prices = json!({"monthly": {"minor_units": month, "currency": "USD"}});
    product(world, json!({"sku": sku, "name": sku, "status": status, "prices": prices, "effective_at": effective_at}))
}

fn product(world: &mut World, data: Value) -> Judged {
    world.judge(Event::parse("ProductChanged", &data.to_string()).expect("a story uses events the host lets in"))
}

#[track_caller]
fn assert_sells(world: &World, status: &str, month: i64) {
    let entry = world.tenant_value(GOLD);
    assert_eq!((&entry["status"], &entry["prices"]["monthly"]["minor_units"]), (&json!(status), &json!(month)));
}

// ── the entry ───────────────────────────────────────────────────────────────

#[test]
fn the_entry_has_the_shape_every_governor_reads() {
    let mut world = World::new(&GOVERNOR);
    let change = json!({
        "sku": "gold", "name": "Gold", "status": "draft", "vendor_id": "v-1", "commission_bp": 1500,
        "prices": {"annual": {"minor_units": 9_000, "currency": "EUR"}},
        "limits": {"requests": {"limit": 100, "hard": false}},
        "features": ["sso"], "requires_approval": true, "replacement": "professional",
        "overage": {"requests": {"minor_units": 2, "currency": "EUR", "per": 10}},
        "bundled": true, "scheduled": "what nobody knows is ignored",
    });
    product(&mut world, change);
    let expected = json!({
        "sku": "gold", "name": "Gold", "status": "draft", "vendor_id": "v-1", "commission_bp": 1500,
        "prices": {"annual": {"minor_units": 9_000, "currency": "EUR"}},
        "limits": {"requests": {"limit": 100, "hard": false}},
        "features": ["sso"], "requires_approval": true, "trial_days": 14, "replacement": "pro",
        "overage": {"requests": {"minor_units": 2, "currency": "EUR", "per": 10}},
    });
    assert_eq!(world.tenant_value(GOLD), expected);
}

#[test]
fn an_entry_lies_over_the_bundled_one_whichever_name_it_is_called_by() {
    let mut world = World::new(&GOVERNOR);
    change(&mut world, "professional", "featured", 9_000, None);
    let entry = world.tenant_value("product-catalog.sku.pro");
    assert_eq!((&entry["status"], &entry["bundled"]), (&json!("featured"), &Value::Null));
    assert_eq!(change(&mut world, "pro", "draft", 9_000, None).code(), Some("wrong-state"));
}

#[test]
fn a_new_sku_begins_as_draft_or_published_and_may_be_free() {
    for (status, code) in [
        ("draft", None),
        ("published", None),
        ("featured", Some("wrong-state")),
        ("deprecated", Some("wrong-state")),
        ("archived", Some("wrong-state")),
    ] {
        let mut world = World::new(&GOVERNOR);
        assert_eq!(change(&mut world, "gold", status, 0, None).code(), code, "{status}");
    }
}

#[test]
fn a_name_too_long_to_be_kept_is_refused() {
    assert_eq!(change(&mut selling(), &"x".repeat(300), "draft", 1, None).code(), Some("wrong-state"));
}

// ── price rises ─────────────────────────────────────────────────────────────

#[test]
fn a_rise_of_a_tenth_needs_no_notice_and_a_cent_more_needs_thirty_days() {
    let mut world = selling();
    assert_eq!(change(&mut world, "gold", "published", 1_101, None).code(), Some("notice-too-short"));
    assert_eq!(change(&mut world, "gold", "published", 1_101, Some(IN_29_DAYS)).code(), Some("notice-too-short"));
    assert!(change(&mut world, "gold", "published", 1_101, Some(IN_30_DAYS)).is_completed());
    assert!(change(&mut world, "gold", "published", 1_100, None).is_completed());
    assert_sells(&world, "published", 1_100);
}

#[test]
fn a_rise_is_measured_against_what_sells_by_then() {
    let mut world = selling();
    assert!(change(&mut world, "gold", "published", 2_000, Some("2026-03-01T00:00:00Z")).is_completed());
    world.set_now("2026-02-20T00:00:00Z");
    let announced = change(&mut world, "gold", "featured", 2_000, Some("2026-03-02T00:00:00Z"));
    assert!(announced.is_completed(), "the price was announced by the change before");
    change(&mut world, "gold", "published", 500, Some("2026-03-03T00:00:00Z"));
    let back = change(&mut world, "gold", "published", 1_000, Some("2026-03-04T00:00:00Z"));
    assert_eq!(back.code(), Some("notice-too-short"), "it doubles what a day before will sell");
}

#[test]
fn a_change_that_became_a_rise_without_notice_is_dropped() {
    let mut world = selling();
    change(&mut world, "gold", "published", 1_050, Some("2026-01-10T00:00:00Z"));
    change(&mut world, "gold", "published", 2_000, Some("2026-02-10T00:00:00Z"));
    change(&mut world, "gold", "published", 500, None);
    let fired = world.run_until("2026-01-10T00:00:00Z");
    assert_sells(&world, "published", 500);
    assert!(fired[0].note.as_deref().is_some_and(|note| note.contains("would rise without notice")));
    world.run_until("2026-02-10T00:00:00Z");
    assert_sells(&world, "published", 2_000); // announced long enough ahead
}

#[test]
fn a_price_from_nothing_is_a_rise() {
    let mut world = World::new(&GOVERNOR);
    assert_eq!(change(&mut world, "free", "published", 1, None).code(), Some("notice-too-short"));
}

#[test]
fn the_bundled_price_is_a_price_with_its_discounts() {
    let mut world = World::new(&GOVERNOR);
    assert_eq!(change(&mut world, "pro", "published", 12_000, None).code(), Some("notice-too-short"));
    let annual = |price: i64| {
        let prices = json!({"annual": {"minor_units": price, "currency": "USD"}});
        json!({"sku": "pro", "name": "Pro", "status": "published", "prices": prices})
    };
    assert_eq!(product(&mut world, annual(119_988)).code(), Some("notice-too-short"), "12 months without the 10 %");
    assert!(product(&mut world, annual(107_989)).is_completed());
}

#[test]
fn what_nobody_pays_rises_freely() {
    let mut world = World::new(&GOVERNOR);
    change(&mut world, "gold", "draft", 100, None);
    assert!(change(&mut world, "gold", "published", 900, None).is_completed(), "a draft has no customers");
    let euro =
        json!({"monthly": {"minor_units": 5_000, "currency": "EUR"}, "annual": {"minor_units": 1, "currency": "USD"}});
    let other = json!({"sku": "gold", "name": "Gold", "status": "published", "prices": euro});
    assert!(product(&mut world, other).is_completed(), "another currency and a new cycle do not compare");
}

// ── changes that wait ───────────────────────────────────────────────────────

#[test]
fn a_change_applies_at_its_time_and_never_before() {
    let mut world = selling();
    change(&mut world, "gold", "featured", 2_000, Some("2026-03-01T00:00:00Z"));
    assert!(world.run_until("2026-02-28T23:59:59Z").is_empty());
    assert_sells(&world, "published", 1_000);
    world.run_until("2026-03-01T00:00:00Z");
    assert_sells(&world, "featured", 2_000);
    assert_eq!(world.tenant_value(GOLD)["scheduled"], Value::Null);
}

#[test]
fn an_effective_at_that_has_come_applies_at_once() {
    let mut world = selling();
    change(&mut world, "gold", "featured", 900, Some("2026-01-01T00:00:00Z"));
    assert_sells(&world, "featured", 900);
}

#[test]
fn several_changes_wait_together_and_apply_in_order() {
    let mut world = selling();
    change(&mut world, "gold", "deprecated", 800, Some("2026-03-01T00:00:00Z"));
    change(&mut world, "gold", "published", 900, Some("2026-02-01T00:00:00Z"));
    assert!(change(&mut world, "gold", "archived", 800, Some("2026-04-01T00:00:00Z")).is_completed());
    assert_eq!(change(&mut world, "gold", "featured", 1, Some("2026-05-01T00:00:00Z")).code(), Some("wrong-state"));
    for (until, status, month) in [
        ("2026-02-01T00:00:00Z", "published", 900),
        ("2026-03-01T00:00:00Z", "deprecated", 800),
        ("2026-04-01T00:00:00Z", "archived", 800),
    ] {
        world.run_until(until);
        assert_sells(&world, status, month);
    }
}

#[test]
fn a_second_change_for_the_same_moment_takes_the_first_one_s_place() {
    let mut world = selling();
    change(&mut world, "gold", "published", 700, Some("2026-03-01T00:00:00Z"));
    change(&mut world, "gold", "published", 600, Some("2026-03-01T00:00:00Z"));
    world.run_until("2026-03-01T00:00:00Z");
    assert_sells(&world, "published", 600);
}

#[test]
fn what_was_announced_is_withdrawn_by_asking_for_the_entry_as_it_is() {
    let mut world = selling();
    change(&mut world, "gold", "deprecated", 2_000, Some("2026-03-01T00:00:00Z"));
    assert!(change(&mut world, "gold", "published", 1_000, Some("2026-03-01T00:00:00Z")).is_completed());
    world.run_until("2026-03-01T00:00:00Z");
    assert_sells(&world, "published", 1_000);
}

#[test]
fn an_edit_in_between_does_not_undo_what_was_announced() {
    let mut world = selling();
    change(&mut world, "gold", "published", 2_000, Some("2026-03-01T00:00:00Z"));
    change(&mut world, "gold", "featured", 1_000, None);
    world.run_until("2026-03-01T00:00:00Z");
    assert_sells(&world, "published", 2_000);
}

#[test]
fn a_new_sku_waits_as_a_draft() {
    let mut world = World::new(&GOVERNOR).now("2026-01-01T00:00:00Z");
    change(&mut world, "gold", "published", 1_000, Some("2026-01-02T00:00:00Z"));
    assert_sells(&world, "draft", 1_000);
    world.run_until("2026-01-02T00:00:00Z");
    assert_sells(&world, "published", 1_000);
}

#[test]
fn the_bundled_entry_stays_what_it_is_until_its_change_applies() {
    let mut world = World::new(&GOVERNOR).now("2026-01-01T00:00:00Z");
    change(&mut world, "pro", "published", 12_000, Some("2026-03-01T00:00:00Z"));
    let bundled = |world: &World| world.tenant_value("product-catalog.sku.pro")["bundled"].clone();
    assert_eq!(bundled(&world), json!(true));
    world.run_until("2026-03-01T00:00:00Z");
    assert_eq!(bundled(&world), Value::Null);
}

#[test]
fn a_change_the_world_has_overtaken_is_dropped_with_a_remark() {
    let mut world = selling();
    change(&mut world, "gold", "featured", 500, Some("2026-03-01T00:00:00Z"));
    change(&mut world, "gold", "deprecated", 1_000, None);
    let fired = world.run_until("2026-03-01T00:00:00Z");
    assert_sells(&world, "deprecated", 1_000);
    let note = "the change of 2026-03-01T00:00:00Z was dropped: `gold` is deprecated by now";
    assert_eq!(fired[0].note.as_deref(), Some(note));
}

#[test]
fn more_than_a_fact_holds_is_refused() {
    let mut world = selling();
    let codes: Vec<_> = (1..=9)
        .map(|day| {
            let at = format!("2026-02-0{day}T00:00:00Z");
            let data = json!({
                "sku": "gold", "name": "x".repeat(8_000), "status": "published", "prices": {}, "effective_at": at,
            });
            product(&mut world, data).code().map(str::to_owned)
        })
        .collect();
    assert_eq!((codes[0].as_deref(), codes[8].as_deref()), (None, Some("wrong-state")));
}

// ── the end ─────────────────────────────────────────────────────────────────

#[test]
fn what_somebody_still_has_is_not_archived() {
    let mut world = selling();
    world.set_tenant_fact("shared.subscribers.gold", 1);
    assert_eq!(change(&mut world, "gold", "archived", 1_000, None).code(), Some("wrong-state"), "not deprecated yet");
    assert!(change(&mut world, "gold", "deprecated", 1_000, None).is_completed());
    assert_eq!(change(&mut world, "gold", "archived", 1_000, None).code(), Some("live-subscribers"));
    world.set_tenant_fact("shared.subscribers.gold", 0);
    assert!(change(&mut world, "gold", "archived", 1_000, None).is_completed());
    assert_eq!(change(&mut world, "gold", "archived", 1_000, None).code(), Some("wrong-state"), "archived is the end");
}

#[test]
fn a_planned_end_looks_at_its_subscribers_when_it_comes() {
    let mut world = selling();
    change(&mut world, "gold", "deprecated", 1_000, None);
    world.set_tenant_fact("shared.subscribers.gold", 1);
    assert!(change(&mut world, "gold", "archived", 1_000, Some("2026-02-01T00:00:00Z")).is_completed());
    let fired = world.run_until("2026-02-01T00:00:00Z");
    assert_sells(&world, "deprecated", 1_000);
    assert!(fired[0].note.as_deref().is_some_and(|note| note.contains("still has subscribers")));
}

#[test]
fn an_entry_stays_small_enough_to_be_read_by_everybody() {
    let mut world = selling();
    let entry = |sku: &str, features: Vec<String>| json!({"sku": sku, "name": "Odd", "status": "published", "prices": {}, "features": features});
    for (sku, features) in [
        ("many".to_owned(), vec!["sso".to_owned(); 257]),
        ("large".to_owned(), vec!["f".repeat(1_000); 17]),
        ("n".repeat(101), vec![]),
        ("any*".to_owned(), vec![]),
    ] {
        assert_eq!(product(&mut world, entry(&sku, features)).code(), Some("wrong-state"), "{sku}");
    }
    assert!(product(&mut world, entry(&"n".repeat(100), vec!["f".repeat(100); 100])).is_completed());
}
