//! Migration: facts that another version of a governor shaped are carried over by the version that judges, with the
//! first event of each customer and in that event's commit, or not at all.

use std::collections::BTreeMap;

use syndic_core::changes::{Change, Changes};
use syndic_core::config::SlotConfig;
use syndic_core::fact::{Held, Seen, VALUE_MAX_BYTES};
use syndic_core::ports::{Failure, FailureClass, GovernorRuntime, Installed, Migrated, StoreError};
use syndic_core::{Fact, FactName, Scope, Slot, Text, json};

use crate::judge::{Noticed, Snapshot, glimpse};

/// Facts of one slot and lane that are carried over at once.
const FACTS_MAX: usize = 1_024;

/// A slot's facts of one lane, carried over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// The schema that they had.
    pub(crate) from: u32,
    /// What each reads now; none where it is no more.
    facts: BTreeMap<FactName, Option<Text>>,
    /// What each was.
    before: BTreeMap<FactName, Fact>,
    /// What the migration rests on.
    pub(crate) reads: Noticed,
    pub(crate) fuel: u64,
}

impl Carried {
    /// What a fact reads as, where it was carried over.
    pub(crate) fn get(&self, name: &FactName) -> Option<Option<&Text>> {
        self.facts.get(name).map(Option::as_ref)
    }

    /// A fact as the changes of an event start from it.
    pub(crate) fn ground(&self, name: &FactName, stored: Option<Fact>) -> Option<Fact> {
        match (self.facts.get(name), stored) {
            (None, stored) => stored,
            (Some(None), _) => None,
            // What it was is put back into the change afterwards.
            (Some(Some(text)), Some(stored)) => Some(Fact { value: kept(&stored, text), ..stored }),
            (Some(Some(_)), None) => None,
        }
    }

    /// Adds to an event's changes what was carried over and not written besides.
    pub(crate) fn add_to(&self, slot: &Slot, changes: &mut Changes) {
        for change in &mut changes.facts {
            if self.facts.contains_key(&change.fact) {
                change.before = self.before.get(&change.fact).cloned();
                // It has another shape now, whatever was counted on top of it.
                change.stepped = false;
            }
        }
        for (name, text) in &self.facts {
            if changes.facts.iter().any(|change| change.fact == *name) {
                continue;
            }
            let before = self.before.get(name).cloned();
            let after = text.as_ref().map(|text| match &before {
                Some(before) => kept(before, text),
                None => Held::Plain(text.clone()),
            });
            changes.facts.push(Change { fact: name.clone(), before, after, by: slot.clone(), stepped: false });
        }
        changes.facts.sort_by(|one, other| one.fact.cmp(&other.fact));
    }
}

/// What a fact holds that reads so afterwards. Sets and standings keep who stands in them.
fn kept(before: &Fact, text: &Text) -> Held {
    if before.value.text() == *text { before.value.clone() } else { Held::Plain(text.clone()) }
}

/// Why nothing was carried over, and what that rests on and cost.
pub(crate) struct NotCarried {
    pub(crate) failure: Failure,
    pub(crate) from: u32,
    pub(crate) reads: Noticed,
    pub(crate) fuel: u64,
}

/// Carries a slot's facts over, where some have another schema than the version that judges.
pub(crate) fn carry(
    runtime: &dyn GovernorRuntime,
    version: &Installed,
    limits: &SlotConfig,
    snapshot: &Snapshot,
) -> Result<Option<Result<Carried, NotCarried>>, StoreError> {
    let facts = snapshot.of_slot(&version.slot)?;
    let schema = version.manifest.state_schema;
    let Some(from) = facts.iter().map(|(_, fact)| fact.schema).find(|have| *have != schema) else {
        return Ok(None);
    };
    if facts.len() > FACTS_MAX {
        let reason = format!("one customer has {} of its facts, and {FACTS_MAX} are carried over at most", facts.len());
        let failure = Failure { class: FailureClass::BadAnswer, reason };
        return Ok(Some(Err(NotCarried { failure, from, reads: Noticed::new(), fuel: 0 })));
    }
    let scope = snapshot.scope();
    let seen: Vec<Seen> = facts
        .iter()
        .map(|(name, fact)| Seen { name: name.name.clone(), version: fact.version, value: fact.canonical() })
        .collect();
    let Migrated { answer, fuel } = runtime.migrate(version, limits, from, seen);
    let reads = facts.iter().map(|(name, fact)| (name.clone(), glimpse(Some(fact), true))).collect();
    let before: BTreeMap<FactName, Fact> = facts.into_iter().collect();
    let is_bound = |name: &FactName, text: &Text| match before.get(name).map(|fact| &fact.value) {
        Some(held @ (Held::Elements(_) | Held::Standing { .. })) => held.text() != *text,
        _ => false,
    };
    Ok(Some(match answer.and_then(|answer| checked(&version.slot, scope, answer, before.keys(), &is_bound)) {
        Ok(facts) => Ok(Carried { from, facts, before, reads, fuel }),
        Err(failure) => Err(NotCarried { failure, from, reads, fuel }),
    }))
}

/// Carries facts over once more, as they were then. Says what it burned, too. That a set stays a set is not looked at: a
/// ledger keeps what facts read as.
pub(crate) fn carry_again(
    runtime: &dyn GovernorRuntime,
    version: &Installed,
    limits: &SlotConfig,
    from: u32,
    facts: Vec<(FactName, Seen)>,
) -> (Result<Carried, Failure>, u64) {
    let scope = facts.first().map_or(Scope::Customer, |(name, _)| name.scope);
    let (names, seen): (Vec<FactName>, Vec<Seen>) = facts.into_iter().unzip();
    let Migrated { answer, fuel } = runtime.migrate(version, limits, from, seen);
    let checked = answer.and_then(|answer| checked(&version.slot, scope, answer, names.iter(), &|_, _| false));
    let carried = |facts| Carried { from, facts, before: BTreeMap::new(), reads: Noticed::new(), fuel };
    (checked.map(carried), fuel)
}

/// Holds an answer to the rules for what a governor writes.
fn checked<'f>(
    slot: &Slot,
    scope: Scope,
    answer: Vec<(String, String)>,
    before: impl Iterator<Item = &'f FactName>,
    is_bound: &dyn Fn(&FactName, &Text) -> bool,
) -> Result<BTreeMap<FactName, Option<Text>>, Failure> {
    let bad = |why: String| Failure::bad_answer(format!("its `migrate`: {why}"));
    if answer.len() > FACTS_MAX {
        return Err(bad(format!("it gave {} facts, over {FACTS_MAX}", answer.len())));
    }
    let mut facts: BTreeMap<FactName, Option<Text>> = before.map(|name| (name.clone(), None)).collect();
    let mut given = std::collections::BTreeSet::new();
    for (name, value) in answer {
        let name = FactName { scope, name };
        if !slot.owns(&name.name) {
            return Err(bad(format!("it may not write `{}`: only `{slot}.…`", name.name.escape_debug())));
        }
        name.check(slot).map_err(bad)?;
        if value.len() > VALUE_MAX_BYTES {
            return Err(bad(format!("`{}` has {} bytes, over {VALUE_MAX_BYTES}", name.name, value.len())));
        }
        let value = json::strict(value.as_bytes()).map_err(|why| bad(format!("`{}` is no value: {why}", name.name)))?;
        if !given.insert(name.clone()) {
            return Err(bad(format!("it gave `{}` twice", name.name)));
        }
        let text = Text::from(value);
        if is_bound(&name, &text) {
            return Err(bad(format!("`{}` is a set or a standing, and those cannot be carried over", name.name)));
        }
        facts.insert(name, Some(text));
    }
    Ok(facts)
}
