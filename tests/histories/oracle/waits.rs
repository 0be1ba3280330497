//! Waiting: every state that waits has an exit that time alone can take. So at any moment a timer must be there for it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syndic_core::ports::Timer;
use syndic_tests::facts::{Facts, Known, int, list, text, texts, under};

use super::{Held, broken, hold};

const PROMISE: &str = "every waiting state has an exit that time alone can take";

/// Facts that wait.
struct Wait {
    /// What their names begin with; after a dot the rest names what the timer is for.
    fact: &'static str,
    /// Where their state is, and in which of them they wait.
    state: &'static str,
    waits_in: &'static [&'static str],
    /// Whose timer wakes them, and how its name begins.
    slot: &'static str,
    timers: &'static [&'static str],
}

#[rustfmt::skip]
const WAITING: &[Wait] = &[
    Wait { fact: "subscription.sub.", state: "/status", slot: "subscription", timers: &["due-"],
        waits_in: &["trial", "active", "cancelling", "paused", "expired", "cancelled", "lapsed"] },
    Wait { fact: "entitlement.grant.", state: "/status", slot: "entitlement", timers: &["due-"],
        waits_in: &["pending_approval", "active", "expired", "cancelled"] },
    Wait { fact: "billing.invoice.", state: "/status", slot: "billing", timers: &LADDER,
        waits_in: &["open", "partial", "past-due", "authorised", "capturing"] },
    Wait { fact: "compliance.incident.", state: "/state", slot: "compliance", timers: &["review."],
        waits_in: &["blocked", "under-review", "upheld"] },
    Wait { fact: "compliance.kyc", state: "/status", slot: "compliance", timers: &["kyc"], waits_in: &["pass", "pending"] },
    Wait { fact: "multi-tenant.load.", state: "/state", slot: "multi-tenant", timers: &["period."],
        waits_in: &["counted", "slowed"] },
    Wait { fact: "multi-tenant.isolation", state: "/state", slot: "multi-tenant", timers: &["isolation"],
        waits_in: &["leaking", "unproven"] },
];

/// What may wake an invoice.
const LADDER: [&str; 9] =
    ["retry-1-", "retry-2-", "retry-3-", "suspend-", "give-up-", "look-again-", "watch-", "collect-", "unanswered-"];

/// Timers that wait, by customer: slot and name.
type Waiting<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<(&'a str, &'a str)>>;

pub fn have_ends(facts: &Facts, timers: &[Timer]) -> Held {
    let mut waiting = Waiting::new();
    for timer in timers {
        let lane = &timer.key.lane;
        let who = (lane.tenant.as_str(), lane.customer.as_deref().unwrap_or_default());
        waiting.entry(who).or_default().insert((timer.key.slot.as_str(), timer.key.name.as_str()));
    }
    let nothing = BTreeSet::new();
    for ((tenant, customer), known) in &facts.0 {
        let of = (tenant.as_str(), customer.as_deref().unwrap_or_default());
        let timers = waiting.get(&of).unwrap_or(&nothing);
        if customer.is_some() {
            customer_waits(known, timers)?;
        } else {
            tenant_waits(known, timers)?;
        }
    }
    let tenants: BTreeSet<&String> = facts.0.keys().map(|(tenant, _)| tenant).collect();
    tenants.into_iter().try_for_each(|tenant| subscribers(facts, tenant))
}

fn customer_waits(known: &Known, timers: &BTreeSet<(&str, &str)>) -> Held {
    for Wait { fact, state, waits_in, slot, timers: names } in WAITING {
        for (rest, value) in under(known, fact).filter(|(rest, _)| fact.ends_with('.') || rest.is_empty()) {
            let state = text(value, state);
            let named = |name: &&str| timers.contains(&(*slot, format!("{name}{rest}").as_str()));
            let wakes = !waits_in.contains(&state) || names.iter().any(named);
            hold!(PROMISE, wakes, "{fact}{rest} is {state}, and of {slot} nothing will wake it: {timers:?}");
        }
    }
    let account = known.get("customer-account.account").map_or("", |account| text(account, "/status"));
    let retention = account != "closed" || timers.contains(&("customer-account", "retention"));
    hold!(PROMISE, retention, "the account is closed, and will never be archived");
    let retained = !known.contains_key("compliance.retention") || timers.contains(&("compliance", "retention"));
    hold!(PROMISE, retained, "the duty to keep invoices will never end");
    for held in known.get("compliance.hold").into_iter().flat_map(|holds| texts(holds, "")) {
        let (timer, person) = (format!("hold.{held}"), held.starts_with("suspension:"));
        hold!(PROMISE, person || timers.contains(&("compliance", timer.as_str())), "the hold {held} will never end");
    }
    let paused = known.get("quota-sla.stance").is_some_and(|stance| stance["paused"] == true);
    let looks = !paused || timers.contains(&("quota-sla", "look"));
    hold!(PROMISE, looks, "access is read-only for a pause, and nobody looks whether there still is one");
    let quota = !known.contains_key("quota-sla.period") || timers.contains(&("quota-sla", "reset"));
    hold!(PROMISE, quota, "the quota period will never end");
    Ok(())
}

fn tenant_waits(known: &Known, timers: &BTreeSet<(&str, &str)>) -> Held {
    for (sku, entry) in under(known, "product-catalog.sku.") {
        let name = format!("apply.{sku}");
        let applied = list(entry, "/scheduled").is_empty() || timers.contains(&("product-catalog", name.as_str()));
        hold!(PROMISE, applied, "{sku} has changes that will never apply");
    }
    Ok(())
}

/// How many have a plan, or will with their next period, is what the tenant's counter says: a plan must not end while
/// somebody waits for it.
fn subscribers(facts: &Facts, tenant: &str) -> Held {
    let mut live: BTreeMap<&str, i64> = BTreeMap::new();
    for ((_, customer), known) in facts.0.range((tenant.to_owned(), None)..).take_while(|((of, _), _)| of == tenant) {
        for (_, sub) in under(known, "subscription.sub.").filter(|_| customer.is_some()) {
            let counts = ["trial", "active", "cancelling", "paused"].contains(&text(sub, "/status"));
            let plans = BTreeSet::from([text(sub, "/sku"), text(sub, "/pending_sku")]);
            for sku in plans.into_iter().filter(|sku| counts && !sku.is_empty()) {
                *live.entry(sku).or_default() += 1;
            }
        }
    }
    let counted: BTreeMap<&str, i64> =
        under(facts.tenant(tenant), "shared.subscribers.").map(|(sku, count)| (sku, int(count, ""))).collect();
    let skus: BTreeSet<&&str> = live.keys().chain(counted.keys()).collect();
    for sku in skus {
        let (live, counted) = (live.get(*sku).copied().unwrap_or(0), counted.get(*sku).copied().unwrap_or(0));
        if live != counted {
            return broken(
                "a plan's subscribers are counted",
                format!("{tenant}: {live} have {sku}, counted {counted}"),
            );
        }
    }
    Ok(())
}

/// An account is archived only while nothing keeps it.
pub fn archived(known: &Known, before: Option<&Value>) -> Held {
    let status = |value: Option<&Value>| value.map_or("", |it| text(it, "/status")).to_owned();
    let now = known.get("customer-account.account");
    if status(now) != "archived" || status(before) == "archived" {
        return Ok(());
    }
    // A dispute is a hold too; not for ever, because some are never closed.
    let held = known.get("compliance.hold").is_some_and(|hold| !list(hold, "").is_empty());
    hold!("an account is kept while a hold stands", !held, "it was archived");
    Ok(())
}
