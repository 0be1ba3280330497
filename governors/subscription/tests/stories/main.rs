//! What customers ask of subscriptions, and what they are told.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

mod beginning;
mod changing;
mod kit;
mod leaving;
mod renewing;
