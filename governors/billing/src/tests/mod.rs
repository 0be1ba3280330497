//! What billing promises: stories, and properties over random histories.

mod currencies;
mod entries;
mod histories;
mod journal;
mod money_back;
mod paying;
mod readme;
mod street;
mod subscriptions;
mod tables;
mod unpaid;

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::table::{Status, Trigger};

thread_local! {
    static MOVED: RefCell<BTreeSet<(Status, Trigger)>> = const { RefCell::new(BTreeSet::new()) };
}

/// Remembers a move that was made, so that a test can compare what happens with what the table says may happen.
pub(crate) fn trace(status: Status, trigger: Trigger) {
    MOVED.with_borrow_mut(|moved| moved.insert((status, trigger)));
}

/// The moves this thread has made.
fn moved() -> BTreeSet<(Status, Trigger)> {
    MOVED.take()
}
