//! Who gets in: nobody whom a cause keeps out, and everybody else who has paid.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syndic_core::Time;
use syndic_tests::facts::{Known, list, text, texts, under};
use syndic_tests::marketplace::DAY;
use syndic_tests::stage::By;

use super::{Held, Seen, hold};

/// From the strictest.
const STRICT: [&str; 4] = ["blocked", "read-only", "grace", "full"];

/// How strict access is at least while something stands.
const AT_LEAST: [(&str, &str); 5] = [
    ("admin", "blocked"),
    ("fraud", "blocked"),
    ("compliance", "blocked"),
    ("payment", "blocked"),
    ("quota", "read-only"),
];

/// Causes that money cannot lift.
const GRAVE: [&str; 3] = ["admin", "fraud", "compliance"];

/// What may bring use within its limit again.
const QUOTA: [&str; 6] = [
    "TimerFired",
    "UsageReported",
    "UsageExceedsQuota",
    "CustomerUpgrades",
    "CustomerSubscribes",
    "SubscriptionChanged",
];

/// How long a pause that is over may go unnoticed: cancellations are not shown to whoever stands for it, who looks daily.
const UNNOTICED: i64 = DAY;

/// Those whose pause is over, unnoticed as yet: since when.
#[derive(Default)]
pub struct Access(BTreeMap<(String, String), Time>);

impl Access {
    pub fn check(&mut self, seen: &Seen<'_>) -> Held {
        if seen.changes.is_empty() {
            return Ok(());
        }
        nobody_gets_in(seen.known(), seen.step.now)?;
        if seen.calm {
            self.nobody_is_kept_out(seen)?;
        }
        causes_go_their_own_way(seen)?;
        nothing_wakes_a_blocked_customer(seen)
    }

    /// And full it is, then: who withdrew must have withdrawn.
    fn nobody_is_kept_out(&mut self, seen: &Seen<'_>) -> Held {
        const PROMISE: &str = "nobody is kept out for nothing";
        let (known, now) = (seen.known(), seen.step.now);
        let who = (seen.step.event.tenant.clone(), seen.step.event.subject.clone());
        let access = access(known);
        if access == "full" || !is_free(known, now) {
            self.0.remove(&who);
            return Ok(());
        }
        let paused = known.get("quota-sla.stance").is_some_and(|stance| stance["paused"] == true);
        let since = *self.0.entry(who).or_insert(now);
        let unnoticed = access == "read-only" && paused && now.ms() - since.ms() < UNNOTICED;
        hold!(PROMISE, unnoticed, "access is {access} since {since}, and nothing stands against it");
        Ok(())
    }
}

/// How much of the service is open; nobody stands → blocked.
fn access(known: &Known) -> &str {
    known.get("shared.access").and_then(Value::as_str).unwrap_or("blocked")
}

fn causes(suspensions: Option<&Value>) -> BTreeSet<&str> {
    suspensions.map(|set| texts(set, "").collect()).unwrap_or_default()
}

fn strictness(access: &str) -> usize {
    STRICT.iter().position(|it| *it == access).unwrap_or(usize::MAX)
}

fn may_use(known: &Known, now: Time) -> bool {
    let mut grants = under(known, "entitlement.grant.");
    let lives = |end: &str| Time::parse(end).is_ok_and(|end| now <= end);
    grants.any(|(_, grant)| text(grant, "/status") == "active" && lives(text(grant, "/expires_at")))
}

fn owes(known: &Known) -> bool {
    known.get("billing.account").is_some_and(|account| !list(account, "/past_due").is_empty())
        || under(known, "billing.invoice.").any(|(_, invoice)| text(invoice, "/status") == "past-due")
}

/// Access is full only when no cause stands, a grant is active and unexpired, and nothing is past due.
pub fn nobody_gets_in(known: &Known, now: Time) -> Held {
    const PROMISE: &str = "access is full only when nothing stands against it";
    let (access, causes) = (access(known), causes(known.get("shared.suspensions")));
    hold!(PROMISE, STRICT.contains(&access), "access is `{access}`");
    for (cause, at_least) in AT_LEAST {
        let strict = !causes.contains(cause) || strictness(access) <= strictness(at_least);
        hold!(PROMISE, strict, "access is {access} while the cause {cause} stands");
    }
    hold!(PROMISE, access == "blocked" || may_use(known, now), "access is {access} without an active grant");
    hold!(PROMISE, access != "full" || !owes(known), "access is full while something is past due");
    Ok(())
}

/// Whether nothing stands against a customer, nor a pause of all there is.
fn is_free(known: &Known, now: Time) -> bool {
    let live = |status: &str| ["trial", "active", "cancelling", "paused"].contains(&status);
    let mut statuses = under(known, "subscription.sub.").map(|(_, sub)| text(sub, "/status")).filter(|it| live(it));
    let paused = statuses.all(|status| status == "paused");
    causes(known.get("shared.suspensions")).is_empty() && may_use(known, now) && !owes(known) && !paused
}

/// A cause goes by its owner's word alone, and for money only the one that came for money.
fn causes_go_their_own_way(seen: &Seen<'_>) -> Held {
    let before = causes(seen.before("shared.suspensions"));
    let after = causes(seen.known().get("shared.suspensions"));
    let data = &seen.step.data;
    for cause in before.difference(&after) {
        let kind = seen.step.event.kind.as_str();
        let by = match *cause {
            "payment" => kind != "PaymentFailed",
            // A reading that is within the limit again, a new period, or a plan with more.
            "quota" => QUOTA.contains(&kind),
            _ => false,
        };
        let lifted = kind == "SuspensionLifted" && text(data, "/cause") == *cause;
        hold!("a payment lifts no cause but its own", by || lifted, "{kind} lifted {cause}");
    }
    Ok(())
}

/// Whoever is blocked for fraud or compliance comes back by a person's word alone.
fn nothing_wakes_a_blocked_customer(seen: &Seen<'_>) -> Held {
    const PROMISE: &str = "a blocked customer is not made active by an event";
    let before = causes(seen.before("shared.suspensions"));
    let after = causes(seen.known().get("shared.suspensions"));
    let still: Vec<&&str> = GRAVE.iter().filter(|cause| before.contains(*cause) && after.contains(*cause)).collect();
    if still.is_empty() {
        return Ok(());
    }
    let status = |value: Option<&Value>| value.map(|value| text(value, "/status").to_owned()).unwrap_or_default();
    for (id, before, after) in seen.changed("subscription.sub.") {
        let (from, to) = (status(before), status(after));
        // A pause that is over by its time is over; the cause goes on holding the renewal back, and the door shut.
        let over = from == "paused" && seen.step.by == By::Raise;
        hold!(
            PROMISE,
            to != "active" || from == "active" || over,
            "{id} went from {from:?} to {to}, and {still:?} stand"
        );
    }
    let (from, to) =
        (status(seen.before("customer-account.account")), status(seen.known().get("customer-account.account")));
    hold!(PROMISE, to != "active" || from == "active", "the account went from {from:?} to {to}, and {still:?} stand");
    Ok(())
}
