//! How do I …? One worked example for each thing that a decision may hold, and what it leaves behind.
//!
//! Every example is a whole governor and runs as it stands. What begins with `#[governor` is yours to copy into
//! `src/lib.rs`; what follows it is its test.
//!
//! | I want to | Recipe |
//! |---|---|
//! | keep something, and read it again | [a fact](#keep-and-read-a-fact) |
//! | keep a set, several of us perhaps | [`add` and `remove`](#keep-a-set) |
//! | count | [`increase`](#count) |
//! | restrict access, unless somebody is stricter | [`stand`](#stand-for-a-value) |
//! | number invoices without a gap | [`number`](#take-a-gapless-number) |
//! | let a payment count once | [`claim`](#claim-a-key) |
//! | ask a service before I decide | [a check](#ask-before-deciding) |
//! | do something that can be undone | [a reversible effect](#do-what-can-be-undone) |
//! | do something when all is decided | [a deferred effect](#do-it-when-all-is-decided) |
//! | come back later | [a timer](#come-back-later) |
//! | let something else happen | [a raised event](#let-something-else-happen) |
//! | let a person decide | [`refer`](#let-a-person-decide) |
//! | let an operator configure it | [configuration](#be-configured) |
//! | judge events of my own | [custom kinds](#judge-events-of-your-own) |
//! | change the shape of my facts | [`migrate`](#change-the-shape-of-facts) |
//!
//! # Keep and read a fact
//!
//! A fact is JSON under a name that begins with the slot's. `set` writes all of it, `delete` takes it away; what is read
//! is declared in `reads`.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["PaymentFailed"], reads = ["dunning.failures"])]
//! fn dunning(cx: &Context) -> Answer {
//!     let failures: u32 = cx.fact("dunning.failures")?.unwrap_or(0) + 1;
//!     let mut decision = Decision::approve();
//!     decision.set("dunning.failures", &failures);
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR);
//! world.judge(event("PaymentFailed", json!({"reason": "no funds"})));
//! world.judge(event("PaymentFailed", json!({"reason": "no funds"})));
//! assert_eq!(world.value("dunning.failures"), 2);
//! ```
//!
//! # Keep a set
//!
//! An element stays until the last slot that added it has removed it. Names under `shared.` belong to everybody.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["ManualSuspension", "SuspensionLifted"])]
//! fn guard(cx: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     match cx.event()? {
//!         Event::ManualSuspension(_) => decision.add("shared.suspensions", "guard"),
//!         _ => decision.remove("shared.suspensions", "guard"),
//!     };
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR).added("compliance", "shared.suspensions", "fraud");
//! world.judge(event("ManualSuspension", json!({"reason": "odd"})));
//! assert_eq!(world.value("shared.suspensions"), json!(["fraud", "guard"]));
//! world.judge(event("SuspensionLifted", json!({"cause": "admin", "actor": "ann"})));
//! assert_eq!(world.value("shared.suspensions"), json!(["fraud"]));
//! ```
//!
//! # Count
//!
//! Steps of several events go together in any order, so that a counter of the whole tenant holds nobody up.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["UsageReported"])]
//! fn meter(cx: &Context) -> Answer {
//!     let Event::UsageReported(report) = cx.event()? else { return abstain() };
//!     let mut decision = Decision::approve();
//!     decision.increase("meter.used", report.quantity).increase_tenant("meter.reports", 1);
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR).fact("meter.used", 40);
//! world.judge(event("UsageReported", json!({"resource": "calls", "quantity": 2, "period": "2026-01"})));
//! assert_eq!((world.value("meter.used"), world.tenant_value("meter.reports")), (json!(42), json!(1)));
//! ```
//!
//! # Stand for a value
//!
//! Every slot stands for its own value, and the fact reads as the strictest: nobody overwrites another.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["FraudScored"])]
//! fn watch(cx: &Context) -> Answer {
//!     let Event::FraudScored(scored) = cx.event()? else { return abstain() };
//!     let mut decision = Decision::approve();
//!     match scored.score {
//!         80.. => decision.stand("shared.access", "read-only"),
//!         _ => decision.withdraw("shared.access"),
//!     };
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::World;
//! let mut world = World::new(&GOVERNOR).stands("entitlement", "shared.access", "full");
//! world.judge(FraudScored { score: 90 });
//! assert_eq!(world.value("shared.access"), "read-only");
//! world.judge(FraudScored { score: 10 });
//! assert_eq!(world.value("shared.access"), "full");
//! ```
//!
//! # Take a gapless number
//!
//! The number is the tenant's next one of its series, put into a fact that the same decision sets, when that decision is
//! committed. One that is undone takes none.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["RenewalDue"])]
//! fn invoices(_: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     decision.set("invoices.last", &json!({"lines": []})).number("invoice", "invoices.last", "/number");
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR);
//! world.judge(event("RenewalDue", json!({"subscription_id": "sub-1"})));
//! assert_eq!(world.value("invoices.last"), json!({"lines": [], "number": 1}));
//! ```
//!
//! # Claim a key
//!
//! A key stands for one thing for ever. The same key with the same content is a duplicate; with other content it is a
//! violation, and neither leaves anything.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["PaymentProcessed"])]
//! fn cashier(cx: &Context) -> Answer {
//!     let Event::PaymentProcessed(payment) = cx.event()? else { return abstain() };
//!     let mut decision = Decision::approve();
//!     decision.claim(format!("payment:{}", payment.idempotency_key), &json!({"amount": payment.amount}));
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{Outcome, World, event};
//! let mut world = World::new(&GOVERNOR);
//! let pay = |amount: i64| event("PaymentProcessed", json!({"amount": amount, "idempotency_key": "k-1"}));
//! assert_eq!(world.judge(pay(500)).outcome, Outcome::Completed);
//! assert_eq!(world.judge(pay(500)).outcome, Outcome::Duplicate);
//! assert_eq!(world.judge(pay(900)).outcome, Outcome::Violation);
//! ```
//!
//! # Ask before deciding
//!
//! A check asks and changes nothing. Its answer comes to `feedback`, which has the last word; without one of your own, a
//! no refuses the event.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["CustomerSubscribes"], effects = ["kyc-check"], feedback = heard)]
//! fn doorman(_: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     decision.effect(Effect::check("who", "kyc-check", "customer", &json!({})));
//!     Ok(decision)
//! }
//!
//! fn heard(_: &Context, results: &[EffectResult]) -> Answer {
//!     match results.iter().all(|result| result.accepted) {
//!         true => approve(),
//!         false => refuse("unknown-customer", "we could not find out who you are"),
//!     }
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let order = || event("CustomerSubscribes", json!({"sku": "pro"}));
//! assert!(World::new(&GOVERNOR).judge(order()).is_completed());
//! let judged = World::new(&GOVERNOR).customer("kyc-fail-1").judge(order());
//! assert_eq!(judged.code(), Some("unknown-customer"));
//! ```
//!
//! # Do what can be undone
//!
//! A reversible effect is done before the commit. Its undo is written down first, and the host does it if anybody is
//! against the event afterwards, or fails.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["CustomerSubscribes"], effects = ["reserve"], feedback = heard)]
//! fn seats(_: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     decision.effect(Effect::reversible("seat", "reserve", "row-1", &json!({"of": "seats"}), "release", &json!({})));
//!     Ok(decision)
//! }
//!
//! fn heard(cx: &Context, _: &[EffectResult]) -> Answer {
//!     if cx.subject() == "nobody" { refuse("no-name", "a seat has a name on it") } else { approve() }
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let judged = World::new(&GOVERNOR).customer("nobody").judge(event("CustomerSubscribes", json!({"sku": "opera"})));
//! assert_eq!((judged.code(), judged.undone.len()), (Some("no-name"), 1));
//! ```
//!
//! # Do it when all is decided
//!
//! A deferred effect is done after the commit, at least once under its key, and never for an event that did not
//! complete. How it ended comes back as `EffectSettled`, to its governor alone.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["CustomerSubscribes", "EffectSettled"], effects = ["mail"])]
//! fn welcome(cx: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     match cx.event()? {
//!         Event::EffectSettled(settled) => decision.set("welcome.mail", &settled.status),
//!         _ => decision.effect(Effect::deferred("hello", "mail", "welcome", &json!({"template": "hello"}))),
//!     };
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR);
//! world.judge(event("CustomerSubscribes", json!({"sku": "pro"})));
//! assert_eq!(world.pending(), ["hello"]);
//! world.settle("hello", Settled::Done, None);
//! assert_eq!(world.value("welcome.mail"), "done");
//! ```
//!
//! # Come back later
//!
//! The host keeps the deadline and brings it back as `TimerFired`, with the data that was left with it. Setting a name
//! again replaces the timer.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["CustomerSubscribes", "TimerFired"])]
//! fn reminder(cx: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     match cx.event()? {
//!         Event::TimerFired(fired) => decision.set("reminder.said", &fired.name),
//!         _ => decision.timer("remind", cx.now().plus_days(3), &()),
//!     };
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR).now("2026-01-01T00:00:00Z");
//! world.judge(event("CustomerSubscribes", json!({"sku": "pro"})));
//! world.run_until("2026-01-05T00:00:00Z");
//! assert_eq!(world.value("reminder.said"), "remind");
//! ```
//!
//! # Let something else happen
//!
//! A raised event is for the same customer, and is judged by everybody it concerns, after this one is committed.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["FraudScored"])]
//! fn alarm(cx: &Context) -> Answer {
//!     let mut decision = Decision::approve();
//!     decision.raise(Event::from(PaymentFailed { reason: "fraud".into(), decline_code: None, invoice_id: None }));
//!     decision.note(format!("raised for {}", cx.subject()));
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::World;
//! let judged = World::new(&GOVERNOR).judge(FraudScored { score: 99 });
//! assert_eq!(judged.raised()[0].kind(), "PaymentFailed");
//! ```
//!
//! # Let a person decide
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["RefundRequested"])]
//! fn refunds(_: &Context) -> Answer {
//!     refer("refund-needs-approval", "does the customer get the money back?")
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let judged = World::new(&GOVERNOR).judge(event("RefundRequested", json!({"invoice_id": "inv-1", "reason": "broken"})));
//! assert_eq!(judged.code(), Some("refund-needs-approval"));
//! ```
//!
//! # Be configured
//!
//! What an operator sets for the slot is text. What is broken in it is a [`Fault`](crate::Fault), for it is nothing the
//! customer got wrong.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["CustomerSubscribes"])]
//! fn limit(cx: &Context) -> Answer {
//!     let Event::CustomerSubscribes(order) = cx.event()? else { return abstain() };
//!     let most = cx.config("seats").unwrap_or_else(|| "20".to_owned());
//!     let most: u32 = most.parse().map_err(|_| Fault::new("broken-config", format!("`seats` is `{most}`")))?;
//!     if order.seats > most { refuse("too-many-seats", format!("at most {most}")) } else { approve() }
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let order = || event("CustomerSubscribes", json!({"sku": "pro", "seats": 5}));
//! assert_eq!(World::new(&GOVERNOR).config("seats", "3").judge(order()).code(), Some("too-many-seats"));
//! assert_eq!(World::new(&GOVERNOR).config("seats", "few").judge(order()).code(), Some("broken-config"));
//! ```
//!
//! # Judge events of your own
//!
//! A kind that the marketplace does not know is its CloudEvents type in full. Its data is a type of yours, for which the
//! crate needs `serde` as well (`cargo add serde --features derive`); without, it is a [`Value`](serde_json::Value).
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[derive(serde::Deserialize)]
//! struct Shipped {
//!     parcels: i64,
//! }
//!
//! #[governor(kinds = ["vendor.Shipped"])]
//! fn parcels(cx: &Context) -> Answer {
//!     let shipped: Shipped = cx.data()?;
//!     let mut decision = Decision::approve();
//!     decision.increase("parcels.sent", shipped.parcels);
//!     Ok(decision)
//! }
//!
//! # use syndic_sdk::testing::{World, event};
//! let mut world = World::new(&GOVERNOR);
//! world.judge(event("vendor.Shipped", json!({"parcels": 2})));
//! assert_eq!(world.value("parcels.sent"), 2);
//! ```
//!
//! # Change the shape of facts
//!
//! A rising `state_schema` asks `migrate` to carry a customer's facts over; it is given the schema they are of.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! #[governor(kinds = ["RenewalDue"], state_schema = 2, migrate = to_2)]
//! fn renewals(_: &Context) -> Answer {
//!     approve()
//! }
//!
//! fn to_2(from: u32, mut facts: Vec<Fact>) -> Result<Vec<Fact>, Fault> {
//!     for fact in facts.iter_mut().filter(|fact| from < 2 && fact.name == "renewals.count") {
//!         let count: i64 = serde_json::from_str(&fact.value)?;
//!         fact.value = json!({"count": count}).to_string();
//!     }
//!     Ok(facts)
//! }
//!
//! let before = Fact { name: "renewals.count".into(), version: 1, value: "3".into() };
//! let after = GOVERNOR.answer_migrate(1, vec![before]).unwrap();
//! assert_eq!(after[0].value, r#"{"count":3}"#);
//! ```
