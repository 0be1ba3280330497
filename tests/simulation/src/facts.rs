//! The model's facts: what writes add up to, written a second time and with other means than the engine's.
//!
//! Every value a fact ever had is kept with the receipt that wrote it, so that what a governor read can be read again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use syndic_core::decision::Write;
use syndic_core::fact::Held;
use syndic_core::{FactKey, FactName};

/// How strict `shared.access` is, strictest first: as the configuration has it.
const ACCESS: [&str; 4] = ["blocked", "read-only", "grace", "full"];

/// What a fact holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A value, or a counter.
    Plain(Value),
    /// Elements, and who added each.
    Set(BTreeMap<String, BTreeSet<String>>),
    /// Who stands for what.
    Stand(BTreeMap<String, String>),
}

impl Cell {
    /// What a governor reads.
    pub fn reads(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Set(elements) => elements.keys().cloned().collect(),
            Self::Stand(stands) => {
                let strictest = ACCESS.iter().find(|value| stands.values().any(|stood| stood == *value));
                json!(strictest)
            }
        }
    }

    /// Whether the store holds the same.
    pub fn is(&self, held: &Held) -> bool {
        match (self, held) {
            (Self::Plain(value), Held::Plain(text)) => text.value() == *value,
            (Self::Set(elements), Held::Elements(held)) => {
                let held = held.iter().map(|(element, slots)| (element, slots.iter().map(|s| s.as_str()).collect()));
                let ours =
                    elements.iter().map(|(element, slots)| (element, slots.iter().map(String::as_str).collect()));
                ours.eq(held.map(|(element, slots): (_, Vec<&str>)| (element, slots)))
            }
            (Self::Stand(stands), Held::Standing { stands: held, strictest }) => {
                let ours = stands.iter().map(|(slot, value)| (slot.as_str(), value));
                ours.eq(held.iter().map(|(slot, value)| (slot.as_str(), value))) && self.reads() == json!(strictest)
            }
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
struct Version {
    receipt: u64,
    /// The last receipt that did more than step it.
    base: u64,
    cell: Option<Cell>,
}

/// All facts of all tenants, with their past.
#[derive(Clone, Debug, Default)]
pub struct Facts(BTreeMap<FactKey, Vec<Version>>);

impl Facts {
    /// What a fact read as, when `receipt` had written it last; 0 stands for a fact that is absent.
    pub fn at(&self, key: &FactKey, receipt: u64) -> Result<Option<Value>, String> {
        if receipt == 0 {
            return Ok(None);
        }
        let versions = self.0.get(key).map_or(&[][..], Vec::as_slice);
        let version = versions.iter().rev().find(|version| version.receipt == receipt);
        let cell = version.and_then(|version| version.cell.as_ref());
        cell.map(|cell| Some(cell.reads())).ok_or_else(|| format!("receipt {receipt} never wrote {}", key.name))
    }

    /// Whether a fact has moved since `receipt` wrote it: at all, or for those who do not count steps.
    pub fn has_moved(&self, key: &FactKey, receipt: u64, exact: bool) -> bool {
        let versions = self.0.get(key).map_or(&[][..], Vec::as_slice);
        let stamp = |version: &Version| version.cell.as_ref().map_or((0, 0), |_| (version.receipt, version.base));
        let (now, base) = versions.last().map_or((0, 0), stamp);
        if now == receipt {
            return false;
        }
        let then = versions.iter().rev().find(|version| version.receipt == receipt).map_or(0, |then| stamp(then).1);
        exact || then != base
    }

    /// What a fact holds.
    pub fn now(&self, key: &FactKey) -> Option<&Cell> {
        self.0.get(key)?.last()?.cell.as_ref()
    }

    /// Every fact there is.
    pub fn all(&self) -> impl Iterator<Item = (&FactKey, &Cell)> {
        self.0.iter().filter_map(|(key, versions)| Some((key, versions.last()?.cell.as_ref()?)))
    }

    /// Carries out the writes of one event.
    pub fn write(&mut self, receipt: u64, place: (&str, &str), writes: &[(&str, &Write)]) {
        let mut touched: BTreeMap<FactKey, (Option<Cell>, bool)> = BTreeMap::new();
        for (slot, write) in writes {
            let Some(name) = target(write) else { continue };
            let key = name.key(place.0, place.1);
            let (cell, stepped) = touched.entry(key.clone()).or_insert_with(|| (self.now(&key).cloned(), true));
            *stepped &= matches!(write, Write::Increase { .. } | Write::Add { .. } | Write::Remove { .. });
            *cell = carried_out(cell.take(), slot, write);
        }
        for (key, (cell, stepped)) in touched {
            if self.now(&key) == cell.as_ref() {
                continue;
            }
            let versions = self.0.entry(key).or_default();
            let before = versions.last().filter(|last| last.cell.is_some()).map(|last| last.base);
            let base = before.filter(|_| stepped).unwrap_or(receipt);
            versions.push(Version { receipt, base, cell });
        }
    }

    /// Puts a number into a fact that was just set.
    pub fn number(&mut self, key: &FactKey, receipt: u64, number: u64) {
        let versions = self.0.entry(key.clone()).or_default();
        if let Some(Version { cell: Some(Cell::Plain(value)), .. }) =
            versions.last_mut().filter(|version| version.receipt == receipt)
        {
            value["number"] = number.into();
        }
    }
}

fn target(write: &Write) -> Option<&FactName> {
    match write {
        Write::Set { fact, .. }
        | Write::Add { fact, .. }
        | Write::Remove { fact, .. }
        | Write::Increase { fact, .. }
        | Write::Stand { fact, .. } => Some(fact),
        Write::Number { .. } | Write::Claim { .. } => None,
    }
}

fn carried_out(cell: Option<Cell>, slot: &str, write: &Write) -> Option<Cell> {
    match (write, cell) {
        (Write::Set { value, .. }, _) => Some(value.value()).filter(|value| !value.is_null()).map(Cell::Plain),
        (Write::Increase { by, .. }, cell) => {
            let before = cell.and_then(|cell| cell.reads().as_i64()).unwrap_or(0);
            Some(Cell::Plain(json!(before + by)))
        }
        (Write::Add { element, .. }, cell) => {
            let mut elements = if let Some(Cell::Set(elements)) = cell { elements } else { BTreeMap::new() };
            elements.entry(element.clone()).or_default().insert(slot.to_owned());
            Some(Cell::Set(elements))
        }
        (Write::Remove { element, .. }, Some(Cell::Set(mut elements))) => {
            if let Some(slots) = elements.get_mut(element) {
                slots.remove(slot);
                elements.retain(|_, slots| !slots.is_empty());
            }
            Some(Cell::Set(elements)).filter(|cell| *cell != Cell::Set(BTreeMap::new()))
        }
        (Write::Stand { value, .. }, cell) => {
            let mut stands = if let Some(Cell::Stand(stands)) = cell { stands } else { BTreeMap::new() };
            match value {
                Some(value) => stands.insert(slot.to_owned(), value.clone()),
                None => stands.remove(slot),
            };
            Some(Cell::Stand(stands)).filter(|cell| *cell != Cell::Stand(BTreeMap::new()))
        }
        (_, cell) => cell,
    }
}
