//! Whose days a case counts: every span of its net goes by its tenant's calendar, once, and then it is a moment.

use serde_json::json;
use syndic_core::Time;
use syndic_core::calendar::Calendar;
use syndic_engine::cases::{CaseNet, Command, Repair};

use crate::nets::{phase, small};
use crate::world::{HOUR, MINUTE, World, take};

/// A Friday, half past four in Berlin. In the night to Sunday the clock goes forward, and Monday is a holiday.
const FRIDAY: &str = "2026-03-27T15:30:00Z";

fn berlin() -> Calendar {
    serde_json::from_value(json!({
        "zone": "Europe/Berlin", "hours": {"open": "09:00", "close": "17:00"}, "holidays": ["2026-03-30"],
    }))
    .expect("a calendar")
}

fn at(text: &str) -> Time {
    Time::parse(text).expect("a time")
}

/// Whoever is first: a person, a service, a clock.
fn all_sorts() -> CaseNet {
    small(
        r#"verdict = ["pass"]"#,
        r#"
        [task.T_Decide]
        kind = "user"
        sla = "1 bd"
        takes = "P_open"
        gives = "P_end"
        [task.T_Ask]
        kind = "service"
        action = "kyc/verify"
        key = "k"
        timeout = "1 bd"
        retry = { attempts = 2, backoff = ["1 bd"] }
        takes = "P_open"
        outcome.pass = { when = 'verdict == "pass"', gives = "P_end" }
        [task.T_Late]
        kind = "timer"
        after = "1 months"
        takes = "P_open"
        gives = "P_end"
        "#,
    )
}

#[test]
fn a_deadline_is_a_time_on_the_tenants_wall() {
    let net = phase("product-listing");
    let mut world = World::launch_in(&net, &json!({"product_id": "p-1"}), berlin(), FRIDAY);
    world.completes("T_SubmitProduct", None, json!({}));
    // Five days are over the Monday after, half past four.
    assert_eq!(world.case.happens(), Some(at("2026-04-06T14:30:00Z")));
}

#[test]
fn whatever_a_net_says_of_time_goes_by_the_same_calendar_and_a_lease_by_none() {
    let net = all_sorts();
    let mut world = World::launch_in(&net, &json!({}), berlin(), FRIDAY);
    let tuesday = at("2026-03-31T14:30:00Z");
    assert_eq!(world.work("T_Decide").1.late, Some(tuesday));
    assert_eq!(world.call("T_Ask").timeout_ms, Some(tuesday.ms() - at(FRIDAY).ms()));
    world.silent("T_Ask");
    world.asks("ann", "T_Decide", take()).unwrap();
    assert_eq!(world.case.happens(), Some(at(FRIDAY).plus_ms(15 * MINUTE)), "nobody was heard of for a quarter");
    assert!(world.wait(tuesday.ms() - at(FRIDAY).ms()).is_empty());
    assert_eq!(world.call("T_Ask").due, tuesday, "it is asked again when the day is over");
    assert_eq!(world.case.happens(), Some(at("2026-04-27T14:30:00Z")), "a month, on the wall");
}

#[test]
fn what_is_due_stays_due_when_it_is_and_what_begins_later_goes_by_the_other_calendar() {
    let net = all_sorts();
    let mut world = World::launch_in(&net, &json!({}), berlin(), FRIDAY);
    world.calendar = serde_json::from_value(json!({"zone": "Asia/Tokyo", "holidays": ["2026-03-31"]})).unwrap();
    world.wait(HOUR);
    assert_eq!(world.work("T_Decide").1.late, Some(at("2026-03-31T14:30:00Z")));
    world.does(&Command::Repair(Repair { retry: Some("T_Decide".into()), ..Repair::default() })).unwrap();
    // It is half past one on Saturday there, so it begins with Monday; Tuesday is a holiday.
    assert_eq!(world.work("T_Decide").1.late, Some(at("2026-03-31T15:00:00Z")));
    world.now = at("2026-04-27T14:29:59Z");
    world.wait(0);
    assert_eq!(world.wait(1_000), ["T_Late"], "the clock that was set strikes when it was set to");
}
