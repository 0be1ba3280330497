//! The part of the configuration that decisions are made by: routes, policies, limits, slots.
//!
//! It becomes the core's own configuration, whose digest stands in every receipt. What the contract forbids is refused
//! here, with the line that asks for it.

use std::collections::{BTreeMap, BTreeSet};

use syndic_core::config::{
    ACCESS_ORDER, Budget, Disagreement, Gate, Limits, Route, SharedPolicy, SlotConfig, Staleness, StuckLane, Wasi,
};
use syndic_core::slot::{EFFECT_SETTLED, SLOTS, TIMER_FIRED};
use syndic_core::trust::{Policy, Signature, signers};
use syndic_core::{Config, Slot};

use crate::settings::calendars::calendars;
use crate::settings::read::Reader;

/// Words that say that a fact is about money or access.
const MONEY_AND_ACCESS: [&str; 17] = [
    "access",
    "amount",
    "balance",
    "billing",
    "charge",
    "credit",
    "debit",
    "due",
    "entitlement",
    "fee",
    "invoice",
    "money",
    "payment",
    "price",
    "refund",
    "suspension",
    "tax",
];

/// What the host makes by itself, and gives to the governor that asked for it.
const HOST_MADE: [&str; 2] = [TIMER_FIRED, EFFECT_SETTLED];

/// The rules, as far as they can be read; what is wrong with the others is in the reader.
pub(crate) fn rules(read: &mut Reader) -> Config {
    let defaults = Config::default();
    let slots = slots(read);
    Config {
        routes: routes(read, &slots.keys().cloned().collect()),
        shared: shared(read, defaults.shared),
        limits: limits(read),
        slots,
        stuck_lane: if read.text("host.stuck_lane") == "hold" { StuckLane::Hold } else { StuckLane::GoOn },
        calendars: calendars(read),
    }
}

fn limits(read: &Reader) -> Limits {
    let ms = |name: &str| read.count(&format!("limits.{name}"));
    let count = |name: &str| u32::try_from(ms(name)).unwrap_or(u32::MAX);
    Limits {
        startup_ms: ms("startup_ms"),
        coordination_ms: ms("coordination_ms"),
        feedback_ms: ms("feedback_ms"),
        error_ms: ms("error_ms"),
        recovery_ms: ms("recovery_ms"),
        effect_ms: ms("effect_ms"),
        deferred_tries_max: count("deferred_tries_max"),
        wait_first_ms: ms("wait_first_ms"),
        wait_most_ms: ms("wait_most_ms"),
        stuck_ms: ms("stuck_ms"),
        stale_max: Some(count("stale_max")),
    }
}

/// The eight, and the operator's own.
fn slots(read: &mut Reader) -> BTreeMap<Slot, SlotConfig> {
    let names: BTreeSet<String> = SLOTS.map(str::to_owned).into_iter().chain(read.names("slots")).collect();
    let mut slots = BTreeMap::new();
    for name in names {
        let Ok(slot) = Slot::new(&name) else {
            read.refuse(&["slots", &name], "it is no name of a slot", "use lower-case letters, digits and hyphens");
            continue;
        };
        let at = |key: &str| ["slots".to_owned(), name.clone(), key.to_owned()];
        if !SLOTS.contains(&slot.as_str()) && read.text_at(&at("component")) == "bundled" {
            read.refuse(
                &["slots", &name],
                "only the eight slots have a bundled governor",
                &format!("name its file: `component = \"{name}.wasm\"` under `[slots.{name}]`"),
            );
        }
        let wasi = if read.text_at(&at("wasi")) == "deterministic" { Wasi::Deterministic } else { Wasi::Refused };
        let own = SlotConfig {
            fuel_max: read.count_at(&at("fuel_max")),
            deadline_ms: read.count_at(&at("deadline_ms")),
            memory_max_bytes: read.count_at(&at("memory_max_bytes")),
            values: read.texts_under(&at("values")),
            wasi,
            budget: Budget { calls: small(read, &at("budget_calls")), failures: small(read, &at("budget_failures")) },
            gate: Gate {
                calls: read.count_at(&at("gate_calls")),
                different: read.count_at(&at("gate_different")),
                failed: read.count_at(&at("gate_failed")),
            },
            trust: trust(read, &name),
        };
        slots.insert(slot, own);
    }
    slots
}

fn small(read: &Reader, path: &[String]) -> u32 {
    u32::try_from(read.count_at(path)).unwrap_or(u32::MAX)
}

/// What a slot asks of a component before it lets it in.
fn trust(read: &mut Reader, slot: &str) -> Policy {
    let at = |key: &str| ["slots".to_owned(), slot.to_owned(), key.to_owned()];
    let signature = match read.text_at(&at("signature")).as_str() {
        "required" => Signature::Required,
        _ => Signature::Optional,
    };
    let publishers = match signers(&read.texts_at(&at("publishers")).join("\n")) {
        Ok(publishers) => publishers,
        Err(why) => {
            let hint = "write each like `acme ssh-ed25519 AAAA…`, as OpenSSH's `allowed_signers` has them";
            read.refuse(&["slots", slot, "publishers"], &why, hint);
            Vec::new()
        }
    };
    if signature == Signature::Required && publishers.is_empty() {
        let hint = "name in `publishers` who may sign, or leave `signature` away";
        read.refuse(&["slots", slot, "signature"], "nobody's signature counts", hint);
    }
    let mut pins = Vec::new();
    for pin in read.texts_at(&at("pins")) {
        match pin.parse() {
            Ok(pin) => pins.push(pin),
            Err(_) => {
                let why = format!("`{pin}` is no digest");
                read.refuse(&["slots", slot, "pins"], &why, "`syndic governor check FILE` prints a component's");
            }
        }
    }
    Policy { signature, publishers, pins }
}

fn routes(read: &mut Reader, slots: &BTreeSet<Slot>) -> Vec<Route> {
    let mut routes = Vec::new();
    for name in read.names("routes") {
        let kind = name.strip_prefix("marketplace.").unwrap_or(&name);
        let at = ["routes", name.as_str()];
        if HOST_MADE.contains(&kind) {
            read.refuse(&at, "such events go to the governor that asked for them", "leave its route away");
            continue;
        }
        let named = read.texts_at(&["routes".into(), name.clone(), "slots".into()]);
        if named.is_empty() {
            read.refuse(&at, "it names no slot", "write `slots = [\"billing\"]` under it");
            continue;
        }
        let known: Vec<Slot> =
            named.iter().filter_map(|it| slots.iter().find(|slot| slot.as_str() == it)).cloned().collect();
        if let Some(unknown) = named.iter().find(|it| !slots.iter().any(|slot| slot.as_str() == *it)) {
            let why = format!("there is no slot `{unknown}`");
            let all: Vec<&str> = slots.iter().map(Slot::as_str).collect();
            let hint = match crate::settings::value::nearest(unknown, all.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the slots are {}; `[slots.{unknown}]` adds one", all.join(", ")),
            };
            read.refuse(&["routes", &name, "slots"], &why, &hint);
        }
        let tenant_lane = read.text_at(&["routes".into(), name.clone(), "scope".into()]) == "tenant";
        routes.push(Route { kind: kind.to_owned(), slots: known, tenant_lane });
    }
    routes
}

/// The policies per shared fact: those that hold anyway, and the operator's.
fn shared(read: &mut Reader, mut policies: BTreeMap<String, SharedPolicy>) -> BTreeMap<String, SharedPolicy> {
    for name in read.names("facts") {
        let at = |key: &str| ["facts".to_owned(), name.clone(), key.to_owned()];
        if !name.starts_with("shared.") {
            read.refuse(
                &["facts", &name],
                "a fact under a slot's name is written by that slot alone, so nobody can disagree on it",
                "policies are for facts whose names begin `shared.`",
            );
            continue;
        }
        let staleness = match read.text_at(&at("staleness")).as_str() {
            "last-write-wins" => Staleness::LastWriteWins,
            _ => Staleness::Optimistic,
        };
        if staleness == Staleness::LastWriteWins && is_money_or_access(&name) {
            read.refuse(
                &["facts", &name, "staleness"],
                "`last-write-wins` drops what was decided, which money and access must never suffer",
                "leave it `optimistic`: the event is judged again",
            );
        }
        let own = read.says(&at("disagreement")) || read.says(&at("order"));
        let disagreement = match policies.get(&name) {
            // Only its staleness is given: how governors may disagree on it stays as it is.
            Some(given) if !own => given.disagreement.clone(),
            _ => disagreement(read, &name),
        };
        policies.insert(name, SharedPolicy { disagreement, staleness });
    }
    policies
}

fn disagreement(read: &mut Reader, name: &str) -> Disagreement {
    let path = |key: &str| ["facts".to_owned(), name.to_owned(), key.to_owned()];
    let (policy, order) = (read.text_at(&path("disagreement")), read.texts_at(&path("order")));
    let ordered = policy == "slot-order" || policy == "strictest";
    if ordered == order.is_empty() {
        let (why, hint) = if ordered {
            (format!("`{policy}` needs an order"), "write `order = [...]` beside it, first the one that wins")
        } else {
            (format!("`{policy}` has no order"), "leave `order` away, or say `slot-order` or `strictest`")
        };
        read.refuse(&["facts", name], &why, hint);
    }
    if name == "shared.access"
        && (policy != "strictest" || ACCESS_ORDER.iter().any(|it| !order.iter().any(|own| own == it)))
    {
        let hint = format!("leave `[facts.\"shared.access\"]` away, or order {}", ACCESS_ORDER.join(", "));
        read.refuse(&["facts", name], "governors stand by access, and the strictest holds", &hint);
    }
    match policy.as_str() {
        "slot-order" => {
            let slots: Result<Vec<Slot>, String> = order.iter().map(Slot::new).collect();
            slots.map(Disagreement::SlotOrder).unwrap_or_else(|why| {
                read.refuse(&["facts", name, "order"], &why, "name slots, first the one that wins");
                Disagreement::Compensate
            })
        }
        "strictest" => Disagreement::Strictest(order),
        "manual" => Disagreement::Manual,
        _ => Disagreement::Compensate,
    }
}

fn is_money_or_access(name: &str) -> bool {
    let words = name.split(['.', '-', '_']);
    words.into_iter().any(|word| MONEY_AND_ACCESS.iter().any(|it| word == *it || word.strip_suffix('s') == Some(it)))
}
