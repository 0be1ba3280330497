//! The road to a refusal: the questions several requests share, asked with `?`.

use syndic_book::{Status, Subscription, causes, holds_renewal, live, sku, subscription, subscriptions};
use syndic_sdk::prelude::*;

/// A decision, or why the request goes no further.
pub(crate) type Ruling<T = Decision> = Result<T, No>;

/// Why a request goes no further.
pub(crate) enum No {
    /// What the customer got wrong.
    Refused(&'static str, String),
    /// What is broken here.
    Broken(Fault),
}

impl From<Fault> for No {
    fn from(fault: Fault) -> Self {
        No::Broken(fault)
    }
}

/// The answer the host is given.
pub(crate) fn answer(ruling: Ruling) -> Answer {
    match ruling {
        Ok(decision) => Ok(decision),
        Err(No::Refused(code, message)) => refuse(code, message),
        Err(No::Broken(fault)) => Err(fault),
    }
}

/// Refuses.
pub(crate) fn refused<T>(code: &'static str, message: impl Into<String>) -> Ruling<T> {
    Err(No::Refused(code, message.into()))
}

/// The customer's subscriptions; refuses an id that nobody has.
pub(crate) fn known(cx: &Context, id: Option<&str>) -> Ruling<Vec<Subscription>> {
    let mut subs = subscriptions(cx)?;
    if let Some(id) = id
        && !subs.iter().any(|sub| sub.id == id)
    {
        // An archived one has left the index and still is the customer's.
        match subscription(cx, id)? {
            Some(archived) => subs.push(archived),
            None => return refused("subscription-unknown", format!("there is no subscription `{id}`")),
        }
    }
    Ok(subs)
}

/// The plan of this name; refuses one that is in no book.
pub(crate) fn plan(cx: &Context, name: &str) -> Ruling<syndic_book::Sku> {
    match sku(cx, name)? {
        Some(sku) => Ok(sku),
        None => refused("sku-unknown", format!("there is no plan `{name}`")),
    }
}

/// Refuses a plan that may not be taken up, or not by this cycle.
pub(crate) fn takes_up(sku: &syndic_book::Sku, cycle: Cycle) -> Ruling<()> {
    if !sku.sells() {
        return refused("sku-not-for-sale", format!("`{}` is {} and not for sale", sku.sku, sku.status));
    }
    if !sku.offers(cycle) {
        return refused("cycle-not-offered", format!("`{}` is not sold by the {cycle} cycle", sku.sku));
    }
    Ok(())
}

/// Refuses a plan the customer has, or is about to have, by another subscription.
pub(crate) fn has_not(subs: &[Subscription], name: &str, except: Option<&str>) -> Ruling<()> {
    let others = live(subs).filter(|sub| Some(sub.id.as_str()) != except);
    match others.into_iter().find(|sub| sub.sku == name || sub.pending_sku.as_deref() == Some(name)) {
        Some(sub) => refused("already-subscribed", format!("`{}` is already subscribed by {}", name, sub.id)),
        None => Ok(()),
    }
}

/// Refuses while any cause but payment or quota stands.
pub(crate) fn not_held(cx: &Context) -> Ruling<()> {
    let causes = causes(cx)?;
    if holds_renewal(&causes) {
        let causes: Vec<_> = causes.into_iter().collect();
        return refused("suspended", format!("the customer is suspended: {}", causes.join(", ")));
    }
    Ok(())
}

/// Refuses a subscription that is neither tried nor active, saying which of the reasons it is.
pub(crate) fn running(sub: &Subscription) -> Ruling<()> {
    let id = &sub.id;
    match sub.status {
        Status::Trial | Status::Active => Ok(()),
        Status::Paused => refused("suspended", format!("{id} is paused")),
        Status::Cancelling => refused("cancel-pending", format!("{id} ends on {}", sub.end)),
        _ => refused("no-subscription", format!("{id} has ended")),
    }
}
