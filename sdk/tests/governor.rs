//! What the attribute makes of a function, and what the context and the faults say.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Outcome, World};
use syndic_sdk::{Read, Subject};

#[governor(
    version = "2.1.0-beta.1",
    kinds = ["CustomerSubscribes", "vendor.Shipped"],
    reads = ["seat-keeper.*", "shared.access", "tenant:seat-keeper.total", "tenant!:seat-keeper.stock"],
    state_schema = 3,
    migrate = migrate,
)]
fn seat_keeper(cx: &Context) -> Answer {
    let seats = match cx.event()? {
        Event::CustomerSubscribes(data) => data.seats,
        _ => cx.data::<Shipped>()?.seats,
    };
    let kept: u32 = cx.fact("seat-keeper.seats")?.unwrap_or(0);
    if cx.config("closed").is_some() {
        return refuse("closed", "no more seats today");
    }
    log::info(format!("{} had {kept}", cx.subject()));
    let mut decision = Decision::approve();
    decision.set("seat-keeper.seats", &(kept + seats)).set("seat-keeper.at", &cx.now());
    Ok(decision)
}

#[derive(serde::Deserialize)]
struct Shipped {
    seats: u32,
}

fn migrate(from_schema: u32, mut facts: Vec<Fact>) -> Result<Vec<Fact>, Fault> {
    facts.retain(|fact| from_schema >= 2 || fact.name != "seat-keeper.legacy");
    Ok(facts)
}

#[test]
fn the_attribute_writes_the_manifest() {
    assert_eq!((GOVERNOR.name, GOVERNOR.version, GOVERNOR.state_schema), ("seat-keeper", "2.1.0-beta.1", 3));
    assert_eq!(GOVERNOR.kinds, ["CustomerSubscribes", "vendor.Shipped"]);
    assert_eq!(GOVERNOR.effects, [""; 0]);
    let read = |subject, name, exact| Read { subject, name, exact };
    assert_eq!(
        GOVERNOR.reads,
        [
            read(Subject::Customer, "seat-keeper.*", false),
            read(Subject::Customer, "shared.access", false),
            read(Subject::Tenant, "seat-keeper.total", false),
            read(Subject::Tenant, "seat-keeper.stock", true),
        ]
    );
}

/// The attribute knows the marketplace's kinds, to tell a slip of the pen; these are all of them.
#[test]
fn every_kind_of_the_marketplace_can_be_judged() {
    mod all {
        use syndic_sdk::prelude::*;

        #[governor(kinds = [
            "CustomerSubscribes", "CustomerUpgrades", "SubscriptionChanged", "PaymentProcessed", "PaymentFailed",
            "UsageExceedsQuota", "CustomerCancels", "ManualSuspension", "RenewalDue", "ProductChanged",
            "SuspensionLifted", "OperatorDecided", "RefundRequested", "DisputeOpened", "DisputeClosed",
            "PaymentMethodUpdated", "KycDecided", "FraudScored", "UsageReported", "SlaMeasured", "TimerFired",
            "EffectSettled",
        ])]
        fn all(_: &Context) -> Answer {
            abstain()
        }
    }
    assert_eq!(all::GOVERNOR.kinds, Event::KINDS);
    assert_eq!((all::GOVERNOR.name, all::GOVERNOR.version), ("all", env!("CARGO_PKG_VERSION")));
}

#[test]
fn state_is_what_the_host_keeps() {
    let mut world = World::new(&GOVERNOR).now("2026-03-01T12:00:00.250Z");
    let custom = |seats| Event::Custom { kind: "vendor.Shipped".into(), data: json!({"seats": seats}) };
    assert!(world.judge(custom(2)).is_completed());
    assert!(world.judge(Event::parse("CustomerSubscribes", r#"{"sku":"pro"}"#).unwrap()).is_completed());
    assert_eq!(world.value("seat-keeper.seats"), 3);
    assert_eq!(world.value("seat-keeper.at"), "2026-03-01T12:00:00.250Z");
    assert_eq!(world.log().last().unwrap().1, "cust-1 had 2");
}

#[test]
fn broken_facts_and_broken_events_are_faults_that_name_what_is_broken() {
    let mut world = World::new(&GOVERNOR).fact("seat-keeper.seats", "many");
    let judged = world.judge(Event::Custom { kind: "vendor.Shipped".into(), data: json!({"seats": 1}) });
    let Outcome::RolledBack(fault) = judged.outcome else { panic!("a broken fact ends the event") };
    assert_eq!(fault.code, "broken-fact");
    assert!(fault.message.contains("`seat-keeper.seats`"), "{fault}");

    let judged = world.judge(Event::Custom { kind: "CustomerSubscribes".into(), data: json!({"seats": 1}) });
    let Outcome::RolledBack(fault) = judged.outcome else { panic!("a broken event ends it too") };
    assert_eq!(fault.to_string(), "broken-event: CustomerSubscribes: `sku` has to be present");
}

#[test]
fn a_refusal_keeps_nothing() {
    let mut world = World::new(&GOVERNOR).config("closed", "yes");
    let judged = world.judge(Event::Custom { kind: "vendor.Shipped".into(), data: json!({"seats": 1}) });
    assert_eq!((judged.code(), world.facts().len()), (Some("closed"), 0));
}

#[test]
fn a_kind_that_is_not_listed_is_abstained_from_without_a_call() {
    let mut world = World::new(&GOVERNOR).config("closed", "yes");
    assert!(world.judge(FraudScored { score: 99 }).is_silent());
}

#[test]
fn facts_are_carried_to_a_newer_schema() {
    let fact = |name: &str| Fact { name: name.into(), version: 1, value: "1".into() };
    let carried = GOVERNOR.answer_migrate(1, vec![fact("seat-keeper.seats"), fact("seat-keeper.legacy")]).unwrap();
    assert_eq!(carried, [fact("seat-keeper.seats")]);
}

#[test]
#[should_panic(expected = "reads `billing.account` without declaring it: add it to `reads`")]
fn an_undeclared_read_is_the_authors_mistake() {
    mod curious {
        use syndic_sdk::prelude::*;

        #[governor(version = "1.0.0", kinds = ["FraudScored"])]
        fn curious(cx: &Context) -> Answer {
            cx.fact::<Value>("billing.account")?;
            approve()
        }
    }
    World::new(&curious::GOVERNOR).judge(FraudScored { score: 1 });
}
