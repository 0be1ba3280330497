//! Write a governor: a pure function from an event to a decision, built as a WebAssembly component.
//!
//! ```
//! use syndic_sdk::prelude::*;
//!
//! /// Refuses payments over a limit.
//! #[governor(kinds = ["PaymentProcessed"])]
//! fn payment_limit(cx: &Context) -> Answer {
//!     let Event::PaymentProcessed(payment) = cx.event()? else { return abstain() };
//!     if payment.amount > 100_000 {
//!         return refuse("over-limit", "one payment may not exceed 1,000.00");
//!     }
//!     approve()
//! }
//! ```
//!
//! The attribute writes the manifest and, on `wasm32`, the component's exports; no WIT is seen. Everywhere else the
//! host is a fake that lives in the thread, so a governor is tested like any crate ([`testing::World`]).
//!
//! `syndic governor new NAME` makes a folder that builds and tests green. [`recipes`] has a worked example for everything
//! that a decision may hold.
//!
//! # The words
//!
//! A [`Context`] is what a governor is given: the event, the lane's clock, and the facts it declared. An [`Answer`] is
//! what it gives back: a [`Decision`], or a [`Fault`] where facts or code are broken. What a *customer* got wrong is
//! never a fault: it is [`refuse`]. State lives in facts that the host keeps, deadlines in timers that the host fires.
//!
//! Not here: the prices and plans of the eight bundled governors (`governors/book`), and anything of the host. What a
//! decision may hold, and what the host does with it, is written down in `wit/governor.wit`.

mod answer;
mod context;
mod decision;
mod effect;
mod event;
mod fields;
mod governor;
#[cfg(any(all(target_arch = "wasm32", feature = "heap"), test))]
mod heap;
mod host;
pub mod log;
mod money;
pub mod payload;
#[cfg(not(target_arch = "wasm32"))]
pub mod recipes;
mod shape;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod time;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod wire;
mod words;

pub use answer::{Answer, Fault, Reason, Verdict, abstain, approve, refer, refuse};
pub use context::Context;
pub use decision::{Decision, FactName, Raised, Subject, Timer, Write};
pub use effect::{Effect, EffectMode, EffectResult, Undo};
pub use event::Event;
pub use governor::{Evaluate, Fact, Feedback, Governor, Migrate, Read};
pub use money::{Currency, Money, MoneyError, SAFE_MAX};
pub use syndic_sdk_macros::governor;
pub use time::{BadTime, Time};

/// Everything a governor usually names.
pub mod prelude {
    pub use crate::payload::*;
    pub use crate::{
        Answer, Context, Currency, Decision, Effect, EffectMode, EffectResult, Event, Fact, Fault, Money, MoneyError,
        Reason, Time, Verdict, abstain, approve, governor, log, refer, refuse,
    };
    pub use serde_json::{Value, json};
}
