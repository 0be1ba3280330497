//! A marketplace of random events that mostly make sense.
//!
//! It looks at what the host knows of a customer and does what somebody who knew that might do: pays an invoice that is
//! there, leaves a plan that is held, repeats a key, comes late, comes twice. Now and then it does what nobody should.
//! Where everybody is sane nothing is found; where nobody is, nothing happens.

mod customers;
mod products;

use serde_json::{Value, json};
use syndic_core::Time;

use crate::dice::Dice;
use crate::facts::Facts;

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * 60 * MINUTE;

/// Where every history begins: the end of a long month, so that short ones follow.
const BEGIN: &str = "2026-01-28T09:30:00Z";

/// How often, in a hundred, the next event is about the one the last was about.
const FOCUS: u64 = 45;

/// Who may come. Two of each are nobody's friends: the sandbox fails one's identity and never decides the other's.
const CUSTOMERS: [&str; 10] =
    ["ann", "bob", "cleo", "dan", "eve", "fay", "gus & söhne", "hal", "kyc-fail-ida", "kyc-slow-joe"];

/// A customer of a tenant.
#[derive(Clone, Debug)]
pub struct Who {
    tenant: String,
    subject: String,
}

/// A history being made.
#[derive(Debug)]
pub struct Marketplace {
    dice: Dice,
    now: i64,
    tenants: Vec<String>,
    people: Vec<Who>,
    /// Whom something happened to last: much happens to one before it happens to the next.
    last: Option<Who>,
    /// How often each kind comes; every history leans another way.
    weights: Vec<(u32, customers::Act)>,
    /// How fast time passes, in the same way.
    strides: Vec<(u32, (i64, i64))>,
    /// Lines that were sent, to send one again.
    sent: Vec<String>,
    /// Payment keys that were used, with what was paid.
    keys: Vec<(String, Value)>,
    serial: u64,
}

impl Marketplace {
    /// The history of a seed.
    ///
    /// # Panics
    /// Its beginning is not a time, which is our mistake.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let tenants: Vec<String> = ["acme", "brock"][..1 + dice.below(2)].iter().map(ToString::to_string).collect();
        let people = tenants.iter().flat_map(|tenant| {
            CUSTOMERS.iter().map(|subject| Who { tenant: tenant.clone(), subject: (*subject).to_owned() })
        });
        let mut people: Vec<Who> = people.collect();
        while people.len() > 8 {
            let leaves = dice.below(people.len());
            people.swap_remove(leaves);
        }
        let weights = customers::ACTS.iter().map(|(weight, act)| (weight * dice.pick(&[0, 1, 1, 2, 3]), *act));
        let mut weights: Vec<_> = weights.collect();
        // Nothing happens where nobody subscribes.
        weights[0].0 = weights[0].0.max(customers::ACTS[0].0);
        let slow = dice.pick(&[1, 1, 2, 4]);
        let strides = vec![
            (45, (0, 90 * MINUTE)),
            (25 * slow, (MINUTE, DAY)),
            (14 * slow, (DAY, 8 * DAY)),
            (3 * slow, (8 * DAY, 40 * DAY)),
            (slow / 2, (40 * DAY, 130 * DAY)),
        ];
        let now = Time::parse(BEGIN).expect("a constant is a time").ms();
        Self { dice, now, tenants, people, last: None, weights, strides, sent: Vec::new(), keys: Vec::new(), serial: 0 }
    }

    /// The latest time of any line so far.
    pub fn now(&self) -> Time {
        Time::from_ms(self.now)
    }

    /// The next line, for a host that knows these facts.
    pub fn next_line(&mut self, facts: &Facts) -> String {
        if self.dice.percent(2)
            && let Some(line) = self.dice.one(&self.sent)
        {
            return line.clone();
        }
        let line = self.event(facts);
        self.sent.push(line.clone());
        line
    }

    fn event(&mut self, facts: &Facts) -> String {
        let (from, to) = self.dice.weighed(&self.strides);
        // Whoever is quick hits the very instant of what is due, too.
        self.now += if self.dice.percent(5) { 0 } else { self.dice.between(from, to) };
        // Plans are published before anybody can take them up.
        let young = self.serial < 12;
        if self.dice.percent(if young { 60 } else { 4 }) {
            let tenant = self.dice.pick(&self.tenants);
            let data = products::changed(&mut self.dice, facts.tenant(&tenant), self.now);
            let who = Who { tenant, subject: "catalogue".to_owned() };
            return self.line(&who, "ProductChanged", data, self.now);
        }
        let again = self.last.clone().filter(|_| self.dice.percent(FOCUS));
        let who = again.unwrap_or_else(|| self.dice.pick(&self.people));
        self.last = Some(who.clone());
        let (kind, data) = customers::act(self, &who, facts);
        let late = if self.dice.percent(4) { self.dice.between(MINUTE, 20 * DAY) } else { 0 };
        self.line(&who, kind, data, self.now - late)
    }

    fn line(&mut self, who: &Who, kind: &str, data: Value, time: i64) -> String {
        // An id that already stands for something else is turned away.
        if !self.dice.percent(1) {
            self.serial += 1;
        }
        json!({
            "specversion": "1.0", "id": format!("e{}", self.serial), "source": "/shop", "tenant": who.tenant,
            "subject": who.subject, "type": format!("marketplace.{kind}"), "time": Time::from_ms(time).to_string(),
            "data": data,
        })
        .to_string()
    }
}

/// The lines of everybody's leaving at a time.
pub fn everybody_leaves(facts: &Facts, time: Time) -> Vec<String> {
    let customers = facts.0.keys().filter_map(|(tenant, customer)| Some((tenant, customer.as_ref()?)));
    let line = |(n, (tenant, customer))| {
        json!({
            "specversion": "1.0", "id": format!("leaves-{n}"), "source": "/shop", "tenant": tenant,
            "subject": customer, "type": "marketplace.CustomerCancels", "time": time.to_string(),
            "data": {"reason": "the end"},
        })
        .to_string()
    };
    customers.enumerate().map(line).collect()
}
