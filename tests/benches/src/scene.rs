//! What is asked of a governor, the same for both sides: an event, and what is known of its customer.

use std::collections::HashMap;
use std::sync::Arc;

use syndic_core::fact::{FactName, Scope, Seen};
use syndic_core::ports::Context;
use syndic_core::{Slot, Time};

/// What the host knows of a customer who has one subscription and has paid for it: the facts as `syndic fact list`
/// shows them after a month of them, one a line as scope, name, version and value.
const CUSTOMER: &str = include_str!("../scenes/customer.tsv");

/// One question to one governor.
#[derive(Clone)]
pub struct Scene {
    /// What it is called in the table.
    pub name: &'static str,
    /// The governor's slot.
    pub slot: Slot,
    /// The governor.
    pub component: &'static [u8],
    /// The event.
    pub context: Context,
    /// What is known of its customer.
    pub facts: Arc<HashMap<FactName, Seen>>,
}

/// The least that a governor of ours can be, which reads nothing and asks for one effect; and three of those who judge
/// that a customer takes up a second plan: the one with the least to do about it, and the two with the most.
pub fn scenes() -> Vec<Scene> {
    let bundled = |slot| syndic_governors::governor(slot).expect("the slot is one of the eight").bytes;
    vec![
        scene(
            "minimal",
            "loyalty",
            syndic_governors::LOYALTY,
            "CustomerUpgrades",
            r#"{"new_sku":"pro","old_sku":"starter"}"#,
        ),
        scene("compliance", "compliance", bundled("compliance"), SUBSCRIBES.0, SUBSCRIBES.1),
        scene("entitlement", "entitlement", bundled("entitlement"), SUBSCRIBES.0, SUBSCRIBES.1),
        scene("billing", "billing", bundled("billing"), SUBSCRIBES.0, SUBSCRIBES.1),
    ]
}

const SUBSCRIBES: (&str, &str) = ("CustomerSubscribes", r#"{"seats":3,"sku":"pro"}"#);

fn scene(name: &'static str, slot: &str, component: &'static [u8], kind: &str, data: &str) -> Scene {
    let time = Time::parse("2026-01-12T03:04:05Z").expect("it is a time");
    let context = Context {
        id: "evt-0000000000000003".to_owned(),
        source: "/shop".to_owned(),
        kind: kind.to_owned(),
        subject: "customer-0000000001".to_owned(),
        time,
        data: data.to_owned(),
        now: time,
        seed: 7_453_010_373_645_639,
    };
    let slot = Slot::new(slot).expect("it is a slot's name");
    Scene { name, slot, component, context, facts: Arc::new(customer()) }
}

fn customer() -> HashMap<FactName, Seen> {
    let known = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [scope, name, version, value] = parts[..] else { return None };
        let scope = if scope == "tenant" { Scope::Tenant } else { Scope::Customer };
        let seen = Seen { name: name.to_owned(), version: version.parse().ok()?, value: value.to_owned() };
        Some((FactName { scope, name: name.to_owned() }, seen))
    };
    CUSTOMER.lines().map(|line| known(line).expect("a line is scope, name, version and value")).collect()
}
