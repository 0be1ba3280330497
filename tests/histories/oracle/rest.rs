//! Rest: after two years in which nobody did anything, nothing waits for what will never come.

use serde_json::Value;
use syndic_core::Time;
use syndic_core::ports::Timer;
use syndic_tests::facts::{Facts, Known, text, under};
use syndic_tests::marketplace::DAY;

use super::books::amount;
use super::{Held, hold};

const PROMISE: &str = "nothing waits for ever";

/// The longest that an invoice may be under way: the ladder, and a day.
const UNDER_WAY_DAYS: i64 = 11;

/// What must hold of everybody after a long silence.
///
/// A timer that was set before the silence may be for what is over since: none can be taken back, and each wakes once.
pub fn everything_rests(facts: &Facts, timers: &[Timer], silence: u64, now: Time, gone: bool) -> Held {
    for ((tenant, customer), known) in &facts.0 {
        let Some(customer) = customer else { continue };
        let who = format!("{tenant}/{customer}");
        invoices_are_settled(&who, known, now)?;
        subscriptions_rest(&who, known, now, gone)?;
        grants_rest(&who, known, gone)?;
    }
    timers.iter().filter(|timer| timer.cause > silence).try_for_each(|timer| wakes_something(facts, timer, now))
}

fn standing(known: &Known) -> bool {
    let grave = |cause: &Value| ["admin", "fraud", "compliance"].contains(&cause.as_str().unwrap_or_default());
    known.get("shared.suspensions").and_then(Value::as_array).is_some_and(|causes| causes.iter().any(grave))
}

/// Paid, given up, credited or in a bank's hands; while a person keeps a customer suspended, dunning stands still.
fn invoices_are_settled(who: &str, known: &Known, now: Time) -> Held {
    for (id, invoice) in under(known, "billing.invoice.") {
        let status = text(invoice, "/status");
        let settled = ["paid", "disputed", "credited", "charged-back", "void", "written-off"].contains(&status);
        let young = age(text(invoice, "/issued_at"), now) <= UNDER_WAY_DAYS * DAY;
        let held = standing(known) && invoice.get("dunning").is_some();
        hold!(PROMISE, settled || young || held, "{who}: {id} is {status} after {}", text(invoice, "/issued_at"));
        let owed = amount(invoice, "gross")
            - amount(invoice, "paid")
            - amount(invoice, "credited")
            - amount(invoice, "written_off");
        hold!(PROMISE, !settled || owed == 0, "{who}: {id} is {status} and {owed} is owed");
    }
    Ok(())
}

/// How long a period that ended may wait for a suspension to be lifted.
const HELD_DAYS: i64 = 91;

/// How long a cancelled subscription may be taken up again, and how long it is kept then.
const RETURN_DAYS: i64 = 30;
const LAPSED_DAYS: i64 = 90;

/// In a period that is paid for or chased, on the way out, or over.
fn subscriptions_rest(who: &str, known: &Known, now: Time, gone: bool) -> Held {
    for (id, sub) in under(known, "subscription.sub.") {
        let (status, past) = (text(sub, "/status"), age(text(sub, "/end"), now));
        let rests = match status {
            "archived" => true,
            _ if gone => false,
            "active" => past < 0 || standing(known) && past <= HELD_DAYS * DAY,
            "cancelling" => past < 0,
            "cancelled" => age(text(sub, "/cancelled_at"), now) <= RETURN_DAYS * DAY,
            "lapsed" => age(text(sub, "/cancelled_at"), now) <= (RETURN_DAYS + LAPSED_DAYS) * DAY,
            _ => false,
        };
        hold!(PROMISE, rests, "{who}: {id} is {status} until {}", text(sub, "/end"));
    }
    Ok(())
}

fn grants_rest(who: &str, known: &Known, gone: bool) -> Held {
    for (id, grant) in under(known, "entitlement.grant.") {
        let status = text(grant, "/status");
        let sub = known.get(&format!("subscription.sub.{id}")).map_or("", |sub| text(sub, "/status"));
        // What expired goes on waiting with a subscription that is held.
        let kept = status == "active" || status == "expired" && standing(known);
        let leaving = status == "cancelled" && sub == "cancelled";
        let rests = status == "archived" || (!gone && (leaving || kept && ["active", "cancelling"].contains(&sub)));
        hold!(PROMISE, rests, "{who}: the grant of {id} is {status}, the subscription {sub}");
    }
    Ok(())
}

/// A timer is for something that is not over.
fn wakes_something(facts: &Facts, timer: &Timer, now: Time) -> Held {
    let Some(customer) = &timer.key.lane.customer else { return Ok(()) };
    let known = facts.customer(&timer.key.lane.tenant, customer);
    let (slot, name) = (timer.key.slot.as_str(), timer.key.name.as_str());
    hold!(PROMISE, age(&timer.due.to_string(), now) <= 0, "{customer}: {slot}/{name} was due at {}", timer.due);
    let status = |prefix: &str, id: &str| known.get(&format!("{prefix}{id}")).map_or("", |it| text(it, "/status"));
    let wakes = match slot {
        // The letter before a renewal that will not be: written years ahead, sent to nobody.
        "subscription" if name.starts_with("notice-") => age(&timer.due.to_string(), now) > -3 * 366 * DAY,
        "subscription" | "entitlement" => {
            let id = name.split_once('-').map_or("", |(_, id)| id);
            let prefix = if slot == "subscription" { "subscription.sub." } else { "entitlement.grant." };
            status(prefix, id) != "archived"
        }
        "billing" => match name.rsplit_once("inv-") {
            Some((_, number)) => {
                let id = format!("inv-{number}");
                let issued = known.get(&format!("billing.invoice.{id}")).map_or("", |it| text(it, "/issued_at"));
                let chased = known.get(&format!("billing.invoice.{id}")).is_some_and(|it| it.get("dunning").is_some());
                age(issued, now) <= 45 * DAY || chased || status("billing.invoice.", &id) == "disputed"
            }
            None => true,
        },
        _ => true,
    };
    hold!(PROMISE, wakes, "{customer}: {slot}/{name}, due {}, is for something that is over", timer.due);
    Ok(())
}

/// Milliseconds since.
fn age(time: &str, now: Time) -> i64 {
    Time::parse(time).map_or(i64::MAX, |time| now.ms() - time.ms())
}
