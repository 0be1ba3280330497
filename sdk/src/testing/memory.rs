//! What a world keeps between events, and how each kind of write changes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::log::Level;
use crate::{FactName, Governor, Read, SAFE_MAX, Subject, Write};

/// The one order of values in the default configuration, strictest first.
const ACCESS: (&str, [&str; 4]) = ("shared.access", ["blocked", "read-only", "grace", "full"]);

/// Facts, configuration, numbers and claims.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    pub(super) slot: String,
    pub(super) reads: &'static [Read],
    pub(super) config: BTreeMap<String, String>,
    pub(super) log: Vec<(Level, String)>,
    orders: BTreeMap<String, Vec<String>>,
    facts: BTreeMap<FactName, Kept>,
    series: BTreeMap<String, u64>,
    claims: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
enum Kept {
    /// Given by the test: whatever the governor's first write takes it for.
    Given(Value),
    /// Set whole, or stepped.
    Value(Value),
    /// Elements, each with the slots that added it.
    Set(BTreeMap<String, BTreeSet<String>>),
    /// Each slot's own value.
    Standing(BTreeMap<String, String>),
}

/// What became of a decision's claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claims {
    Free,
    Duplicate,
    Violation,
}

impl Memory {
    /// Nothing yet, in a slot named like the governor.
    pub(super) fn of(governor: &Governor) -> Self {
        let mut memory = Self { slot: governor.name.to_owned(), reads: governor.reads, ..Self::default() };
        memory.order(ACCESS.0, &ACCESS.1);
        memory
    }

    /// Declares the order of a standing fact's values, strictest first.
    pub(super) fn order(&mut self, name: &str, values: &[&str]) {
        self.orders.insert(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
    }

    /// Reads as the host does: declared names only.
    pub(super) fn read(&self, subject: Subject, name: &str) -> Option<String> {
        let declared = self.reads.iter().any(|read| read.covers(subject, name));
        let prefix = if subject == Subject::Tenant { "tenant:" } else { "" };
        assert!(declared, "`{}` reads `{prefix}{name}` without declaring it: add it to `reads`", self.slot);
        let value = self.value(subject, name);
        (!value.is_null()).then(|| value.to_string())
    }

    /// A fact as it reads; null where it is absent.
    pub(super) fn value(&self, subject: Subject, name: &str) -> Value {
        match self.facts.get(&FactName { subject, name: name.to_owned() }) {
            None => Value::Null,
            Some(Kept::Given(value) | Kept::Value(value)) => value.clone(),
            Some(Kept::Set(elements)) => elements.keys().cloned().collect(),
            Some(Kept::Standing(values)) => {
                let order = self.orders.get(name).into_iter().flatten();
                order
                    .filter(|value| values.values().any(|stood| stood == *value))
                    .map(|value| json!(value))
                    .next()
                    .unwrap_or_default()
            }
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &FactName> {
        self.facts.keys()
    }

    /// Gives a fact, whoever it belongs to. Elements of a set count as the slot's own, so that a test can see it
    /// remove what it should have left alone.
    pub(super) fn give(&mut self, fact: FactName, value: Value) {
        match value {
            Value::Null => self.facts.remove(&fact),
            value => self.facts.insert(fact, Kept::Given(value)),
        };
    }

    /// Adds an element on behalf of a slot.
    pub(super) fn add(&mut self, slot: &str, fact: &FactName, element: &str) {
        self.set(fact).entry(element.to_owned()).or_default().insert(slot.to_owned());
    }

    /// Lets a slot stand for a value.
    pub(super) fn stand(&mut self, slot: &str, fact: &FactName, value: Option<&str>) {
        let Some(order) = self.orders.get(&fact.name) else {
            panic!("`{slot}` stands on `{}`, whose values have no declared order", fact.name);
        };
        let known = value.is_none_or(|value| order.iter().any(|known| known == value));
        assert!(known, "`{slot}` stands for {value:?} on `{}`, whose values are {order:?}", fact.name);
        let standing = self.standing(fact);
        match value {
            Some(value) => standing.insert(slot.to_owned(), value.to_owned()),
            None => standing.remove(slot),
        };
        if standing.is_empty() {
            self.facts.remove(fact);
        }
    }

    /// Whether every claim of a decision is free, or the first one that is not is a duplicate.
    pub(super) fn claims(&self, writes: &[Write]) -> Claims {
        for write in writes {
            let Write::Claim { key, content } = write else { continue };
            match self.claims.get(key) {
                None => {}
                Some(first) if *first == parsed(content) => return Claims::Duplicate,
                Some(_) => return Claims::Violation,
            }
        }
        Claims::Free
    }

    /// Applies a decision's writes in order; gapless numbers last, into the values it set.
    pub(super) fn apply(&mut self, writes: &[Write]) {
        let slot = self.slot.clone();
        for write in writes {
            match write {
                Write::Set { fact, value } => self.put(fact, parsed(value)),
                Write::Add { fact, element } => self.add(&slot, fact, element),
                Write::Remove { fact, element } => self.remove(&slot, fact, element),
                Write::Increase { fact, by } => self.increase(fact, *by),
                Write::Stand { fact, value } => self.stand(&slot, fact, value.as_deref()),
                Write::Claim { key, content } => drop(self.claims.insert(key.clone(), parsed(content))),
                Write::Number { .. } => {}
            }
        }
        for write in writes {
            let Write::Number { series, fact, pointer } = write else { continue };
            self.number(series, fact, pointer);
        }
    }

    fn put(&mut self, fact: &FactName, value: Value) {
        let plain = !matches!(self.facts.get(fact), Some(Kept::Set(_) | Kept::Standing(_)));
        let plain = plain && !self.orders.contains_key(&fact.name);
        assert!(plain, "`{}` sets `{}`, which is a set or a standing value", self.slot, fact.name);
        match value {
            Value::Null => self.facts.remove(fact),
            value => self.facts.insert(fact.clone(), Kept::Value(value)),
        };
    }

    fn remove(&mut self, slot: &str, fact: &FactName, element: &str) {
        let set = self.set(fact);
        if let Some(slots) = set.get_mut(element) {
            slots.remove(slot);
        }
        set.retain(|_, slots| !slots.is_empty());
        if set.is_empty() {
            self.facts.remove(fact);
        }
    }

    fn increase(&mut self, fact: &FactName, by: i64) {
        let now = self.value(fact.subject, &fact.name);
        let count = if now.is_null() { Some(0) } else { now.as_i64() };
        let count = count.unwrap_or_else(|| panic!("`{}` steps `{}`, which is no counter", self.slot, fact.name));
        let sum = count.checked_add(by).filter(|sum| sum.abs() <= SAFE_MAX);
        let sum = sum.unwrap_or_else(|| panic!("`{}` steps `{}` out of ±(2^53 − 1)", self.slot, fact.name));
        self.facts.insert(fact.clone(), Kept::Value(json!(sum)));
    }

    fn number(&mut self, series: &str, fact: &FactName, pointer: &str) {
        let next = self.series.entry(series.to_owned()).or_insert(0);
        *next += 1;
        let Some(Kept::Value(value)) = self.facts.get_mut(fact) else {
            panic!("`{}` asks for a number in `{}`, which this decision does not set", self.slot, fact.name);
        };
        let (parent, member) = pointer.rsplit_once('/').expect("a JSON Pointer to a member begins with `/`");
        let Some(Value::Object(object)) = value.pointer_mut(parent) else {
            panic!("`{}` asks for a number at `{pointer}`, and `{}` has no object there", self.slot, fact.name);
        };
        object.insert(member.replace("~1", "/").replace("~0", "~"), json!(*next));
    }

    fn set(&mut self, fact: &FactName) -> &mut BTreeMap<String, BTreeSet<String>> {
        let kept = self.facts.entry(fact.clone()).or_insert_with(|| Kept::Set(BTreeMap::new()));
        if let Kept::Given(given) = kept {
            let elements: BTreeSet<String> =
                serde_json::from_value(given.take()).expect("a set is given as an array of strings");
            let owner = BTreeSet::from([self.slot.clone()]);
            *kept = Kept::Set(elements.into_iter().map(|element| (element, owner.clone())).collect());
        }
        match kept {
            Kept::Set(elements) => elements,
            _ => panic!("`{}` takes `{}` for a set, and it is none", self.slot, fact.name),
        }
    }

    fn standing(&mut self, fact: &FactName) -> &mut BTreeMap<String, String> {
        let kept = self.facts.entry(fact.clone()).or_insert_with(|| Kept::Standing(BTreeMap::new()));
        if let Kept::Given(given) = kept {
            let value = given.as_str().expect("a standing value is given as a string").to_owned();
            *kept = Kept::Standing(BTreeMap::from([(self.slot.clone(), value)]));
        }
        match kept {
            Kept::Standing(values) => values,
            _ => panic!("`{}` stands on `{}`, which is no standing value", self.slot, fact.name),
        }
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("a decision holds JSON that the SDK printed")
}
