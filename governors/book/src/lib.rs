//! The price book, and the words the eight governors share.
//!
//! Every governor judges an event alone, on one snapshot, and sees no other's answer. They agree all the same,
//! because what more than one of them must conclude is concluded here, once: which plan a name means, what a
//! period costs, where the next one ends, which subscription a request is about.
//!
//! Nothing here writes a fact or refuses anything: a fact is written by its slot, a question refused by its owner.

mod access;
mod bundled;
mod cycle;
mod name;
mod requests;
mod sku;
mod sla;
mod subscription;

pub use access::{ACCESS, Access, SUSPENSIONS, causes, holds_renewal};
pub use bundled::{BUNDLED_SKUS, ENTERPRISE, bundled, canonical};
pub use cycle::{bundled_discount_percent, first_instant_after, period_from, prorate};
pub use name::nameable;
pub use requests::{
    CANCELLED_AT_ONCE, cancelled_by, changed_by, downgrade_target, first_period, upgraded_by, withdrawn_by_subscribing,
};
pub use sku::{Line, Rank, Scheduled, Sku, sku};
pub use sla::{Promise, promise};
pub use subscription::{
    Index, Renewal, Status, Subscription, index, live, payment_method, renewal, subscription, subscriptions,
};
