//! The test kit: a host for one governor, small enough to live in a test.
//!
//! ```
//! # use syndic_sdk::prelude::*;
//! # #[governor(version = "1.0.0", kinds = ["PaymentProcessed", "TimerFired"])]
//! # fn thanks(cx: &Context) -> Answer {
//! #     let Event::PaymentProcessed(_) = cx.event()? else { return approve() };
//! #     let mut decision = Decision::approve();
//! #     decision.set("thanks.said", &cx.now()).timer("again", cx.now().plus_days(30), &());
//! #     Ok(decision)
//! # }
//! use syndic_sdk::testing::World;
//!
//! let mut world = World::new(&GOVERNOR).now("2026-01-02T03:04:05Z");
//! let judged = world.judge(PaymentProcessed {
//!     amount: 2999,
//!     currency: None,
//!     idempotency_key: "k-1".into(),
//!     invoice_id: None,
//! });
//! assert!(judged.is_completed());
//! assert_eq!(world.value("thanks.said"), "2026-01-02T03:04:05Z");
//! assert_eq!(world.due_timers("2026-03-01T00:00:00Z"), ["again"]);
//! ```
//!
//! What must hold after any history is tried on long random ones: [`Dice`] makes them, the same in every run, and
//! [`World::play`] shows each event with what it raised. [`Seen`] keeps the names of all that was done in them, and
//! [`Page`] holds a README to it: what the page tells is what happens, and nothing else does.
//!
//! A world keeps facts, timers, numbers and claims as the host does, for one customer of one tenant and for the slot
//! under test; facts of other slots are given. A verdict is a value to assert on, and so is a fault. What the *host*
//! would turn away (an undeclared read or action, another slot's name, too many writes) is a mistake in the governor:
//! the test panics with a sentence that names it.
//!
//! Fuel, memory and traps are not natural to a test, and a world has none of them: [`Component`] builds the governor and
//! asks it in the real host, by the program `syndic`.
//!
//! Not here: other governors' answers, conflicts between slots, staleness, retries.

mod component;
mod dice;
pub(crate) mod host;
mod judged;
mod memory;
mod moves;
mod page;
mod rules;
mod sandbox;
mod seen;
mod world;

pub use component::{Component, Story, Told};
pub use dice::Dice;
pub use judged::{Judged, Outcome};
pub use moves::reached;
pub use page::Page;
pub use sandbox::{Reply, sandbox};
pub use seen::Seen;
pub use world::{IntoTime, World};

/// An event from its kind and its data, as a sender would write it: what is left out has the default of the payload.
///
/// # Panics
/// Where the data does not have the kind's shape, with the field that is wrong.
pub fn event(kind: &str, data: serde_json::Value) -> crate::Event {
    crate::Event::parse(kind, &data.to_string()).unwrap_or_else(|fault| panic!("this is no {kind}: {fault}"))
}
