//! The test kit's own story: effects are answered, undone and settled, and writes mean what the host makes of them.

use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Judged, Outcome, Reply, World};

/// Sells one ticket: asks who it is, takes the money, captures it later, and tells everybody.
#[governor(
    version = "1.0.0",
    kinds = ["CustomerSubscribes", "PaymentProcessed", "SuspensionLifted", "TimerFired", "EffectSettled"],
    reads = ["box-office.*", "shared.*"],
    effects = ["kyc-check", "authorize-payment", "capture"],
    feedback = answered,
)]
fn box_office(cx: &Context) -> Answer {
    let mut decision = Decision::approve();
    match cx.event()? {
        Event::CustomerSubscribes(order) => sell(&mut decision, &order, cx.now()),
        Event::PaymentProcessed(payment) => {
            decision.claim(format!("payment:{}", payment.idempotency_key), &json!({"amount": payment.amount}));
            decision.increase("box-office.received", payment.amount).increase_tenant("box-office.payments", 1);
        }
        Event::SuspensionLifted(lifted) => {
            decision.remove("shared.suspensions", lifted.cause.as_str()).withdraw("shared.access");
        }
        Event::EffectSettled(settled) => {
            decision.set("box-office.captured", &json!({"key": settled.key, "amount": settled.amount}));
        }
        Event::TimerFired(fired) => {
            decision.note(format!("{} of {:?}", fired.name, fired.data));
        }
        _ => return abstain(),
    }
    Ok(decision)
}

fn sell(decision: &mut Decision, order: &CustomerSubscribes, now: Time) {
    let body = json!({"amount": Money::new(500, Currency::USD), "payment_method": order.payment_method});
    let authorize = Effect::reversible("auth", "authorize-payment", "ticket", &body, "void-authorization", &json!({}));
    decision
        .effect(Effect::check("who", "kyc-check", "customer", &json!({})))
        .effect(authorize)
        .set("box-office.ticket", &json!({"sku": order.sku}))
        .number("ticket", "box-office.ticket", "/number")
        .add("shared.suspensions", "payment")
        .stand("shared.access", "grace")
        .timer("remind", now.plus_days(1), &json!({"sku": order.sku}))
        .raise(Event::from(RenewalDue { subscription_id: "sub-1".into() }));
}

fn answered(_: &Context, results: &[EffectResult]) -> Answer {
    if let Some(result) = results.iter().find(|result| !result.accepted) {
        return match result.action.as_str() {
            "kyc-check" => refuse("kyc-failed", "nobody knows who this is"),
            _ => refuse("payment-declined", result.body["decline_code"].as_str().unwrap_or("no reason")),
        };
    }
    let mut decision = Decision::approve();
    if let Some(paid) = results.iter().find(|result| result.action == "authorize-payment") {
        let body = json!({"authorization": paid.key, "amount": Money::new(500, Currency::USD)});
        decision.effect(Effect::deferred("capture", "capture", "ticket", &body));
    }
    Ok(decision)
}

fn order(payment_method: &str) -> Event {
    let data = json!({"sku": "opera", "payment_method": payment_method}).to_string();
    Event::parse("CustomerSubscribes", &data).expect("an order is a subscription")
}

fn paid(amount: i64) -> PaymentProcessed {
    PaymentProcessed { amount, currency: None, idempotency_key: "k".into(), invoice_id: None }
}

#[test]
fn a_sale_asks_takes_and_captures() {
    let mut world = World::new(&GOVERNOR);
    let judged = world.judge(order("card"));
    assert_eq!(judged.outcome, Outcome::Completed);
    assert_eq!(judged.results.iter().map(|result| result.id.as_str()).collect::<Vec<_>>(), ["who", "auth"]);
    assert_eq!(judged.raised(), [Event::from(RenewalDue { subscription_id: "sub-1".into() })]);
    assert_eq!(world.value("box-office.ticket"), json!({"sku": "opera", "number": 1}));

    assert_eq!(world.pending(), ["capture"]);
    world.settle("capture", Settled::Done, None);
    assert_eq!(world.value("box-office.captured"), json!({"key": "key:evt-1/box-office/capture", "amount": 500}));
}

#[test]
fn what_fails_leaves_nothing_and_what_was_done_is_undone() {
    let refused = |world: World, method: &str| {
        let mut world = world;
        let judged = world.judge(order(method));
        assert_eq!((world.facts().len(), world.pending().len(), world.due("remind")), (0, 0, None));
        (judged.code().unwrap_or_default().to_owned(), judged.undone)
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(refused(World::new(&GOVERNOR), "sandbox:declined"), ("payment-declined".into(), none.clone()));
    assert_eq!(refused(World::new(&GOVERNOR).customer("kyc-fail-7"), "card"), ("kyc-failed".into(), none));
    // No answer is not a no: it may have been done.
    assert_eq!(refused(World::new(&GOVERNOR), "sandbox:timeout"), ("EffectFailed".into(), vec!["auth".into()]));
}

#[test]
fn a_test_may_answer_in_the_sandboxs_place() {
    let stolen = |effect: &Effect| {
        (effect.action == "authorize-payment").then(|| Reply::No(json!({"decline_code": "stolen_card"})))
    };
    let judged = World::new(&GOVERNOR).answers(stolen).judge(order("card"));
    assert_eq!(judged.verdict, Verdict::Refuse(Reason::new("payment-declined", "stolen_card")));
}

#[test]
fn a_claim_counts_once() {
    let mut world = World::new(&GOVERNOR);
    assert!(world.judge(paid(700)).is_completed());
    assert_eq!(world.judge(paid(700)).outcome, Outcome::Duplicate);
    assert_eq!(world.judge(paid(800)).outcome, Outcome::Violation);
    assert_eq!((world.value("box-office.received"), world.tenant_value("box-office.payments")), (json!(700), json!(1)));
}

#[test]
fn a_slot_takes_back_only_what_it_gave() {
    let mut world = World::new(&GOVERNOR).added("compliance", "shared.suspensions", "payment").stands(
        "compliance",
        "shared.access",
        "blocked",
    );
    world.judge(order("card"));
    world.judge(SuspensionLifted { cause: Cause::Payment, actor: "ann".into() });
    assert_eq!(world.value("shared.suspensions"), json!(["payment"]));
    assert_eq!(world.value("shared.access"), "blocked");
}

#[test]
fn the_strictest_value_that_stands_is_read() {
    let mut world = World::new(&GOVERNOR).stands("entitlement", "shared.access", "full");
    world.judge(order("card"));
    assert_eq!(world.value("shared.access"), "grace");
    world.judge(SuspensionLifted { cause: Cause::Payment, actor: "ann".into() });
    assert_eq!((world.value("shared.access"), world.value("shared.suspensions")), (json!("full"), Value::Null));
}

#[test]
fn time_fires_what_falls_due() {
    let mut world = World::new(&GOVERNOR).now("2026-01-01T08:00:00Z");
    world.judge(order("card"));
    assert_eq!(world.due_timers("2026-01-02T07:59:59Z"), [""; 0]);
    let fired = world.run_until("2026-02-01T00:00:00Z");
    assert_eq!(fired.len(), 1);
    assert_eq!(fired[0].note.as_deref(), Some(r#"remind of Some(Object {"sku": String("opera")})"#));
    assert_eq!(world.due("remind"), None);
}

#[test]
fn a_history_shows_each_event_with_what_it_raised_and_each_timer() {
    let mut world = World::new(&GOVERNOR).now("2026-01-01T08:00:00Z");
    let mut seen = Vec::new();
    let mut watch = |world: &World, event: &Event, judged: &Judged| {
        seen.push((event.kind().to_owned(), judged.is_completed(), world.due("remind").is_some()));
    };
    world.play(order("sandbox:declined"), &mut watch);
    world.play(order("card"), &mut watch);
    world.play_until("2026-02-01T00:00:00Z", &mut watch);
    let expected = [
        ("CustomerSubscribes", false, false), // refused: what it raised is gone with it
        ("CustomerSubscribes", true, true),
        ("RenewalDue", true, true),
        ("TimerFired", true, false),
    ];
    assert_eq!(seen, expected.map(|(kind, done, armed)| (kind.to_owned(), done, armed)));
}

#[test]
#[should_panic(expected = "writes `billing.account`: its names begin with `meddler.` or `shared.`")]
fn another_slots_fact_is_the_authors_mistake() {
    mod meddler {
        use syndic_sdk::prelude::*;

        #[governor(version = "1.0.0", kinds = ["FraudScored"])]
        fn meddler(_: &Context) -> Answer {
            let mut decision = Decision::approve();
            decision.delete("billing.account");
            Ok(decision)
        }
    }
    World::new(&meddler::GOVERNOR).judge(FraudScored { score: 1 });
}
