//! Kept: a case as one text, and back.
//!
//! Everything is called by its name in the net, so that a person can read a record, and so that it says by itself what
//! it is. Status and deadline stand beside the text in the record, where the store looks for them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use syndic_core::ports::CaseRecord;
use syndic_core::{Text, Time};
use syndic_ledger::Hash;

use super::item::{Debt, Done, Item, Phase, is_not, is_zero};
use super::{Case, CaseNet, Stop, data};

/// The form of the text; another form has another number.
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    form: u32,
    net: Hash,
    at: Time,
    #[serde(default, skip_serializing_if = "is_not")]
    cancelling: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Stop>,
    marking: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    filled: BTreeMap<String, Time>,
    data: Map<String, Json>,
    /// How often each task was enabled; an open item's attempt is the last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attempts: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    items: BTreeMap<String, Item>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    done: Vec<KeptDone>,
    /// Keys, by task.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    undone: BTreeMap<String, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    debts: Vec<KeptDebt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rehearse: Option<Json>,
    #[serde(default, skip_serializing_if = "is_zero")]
    rounds: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptDone {
    task: String,
    attempt: u32,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptDebt {
    done: KeptDone,
    since: Time,
    phase: Phase,
}

/// What every record says of its net, whatever its form.
#[derive(Deserialize)]
struct Label {
    form: u32,
    net: Hash,
}

impl Case {
    /// The digest of the net a recorded case runs on: [`CaseNet::digest`] of the one to read it with.
    ///
    /// # Errors
    /// A sentence: the record is not one of ours.
    pub fn digest_of(record: &CaseRecord) -> Result<Hash, String> {
        let label: Label =
            serde_json::from_str(&record.state).map_err(|error| format!("a case does not read: {error}"))?;
        match label.form {
            FORM => Ok(label.net),
            other => Err(format!("a case is kept in form {other}, and this program reads form {FORM}")),
        }
    }

    /// A case from its record.
    ///
    /// # Errors
    /// A sentence: the record is not one of ours, or of another net.
    pub fn read(net: &CaseNet, record: &CaseRecord) -> Result<Self, String> {
        if Self::digest_of(record)? != net.digest() {
            return Err(format!("the case runs on another version of the net `{}`", net.name()));
        }
        let kept: Kept =
            serde_json::from_str(&record.state).map_err(|error| format!("a case does not read: {error}"))?;
        kept.case(net, record).ok_or_else(|| format!("a case names what the net `{}` does not have", net.name()))
    }

    /// Its record, after the step of this receipt.
    pub fn record(&self, net: &CaseNet, receipt: u64) -> CaseRecord {
        let (status, due) = (self.status, self.due());
        CaseRecord { status, net: net.name().to_owned(), due, receipt, state: self.state(net) }
    }

    /// What people are shown: what is kept, and beside it what the record and the store know of it.
    pub fn view(&self, net: &CaseNet) -> Json {
        let mut view = self.state(net).value();
        view["status"] = json!(self.status);
        view["due"] = json!(self.due());
        let rows = self.works(net).into_iter();
        view["works"] =
            rows.map(|(task, attempt, row)| json!({"item": format!("{task}/{attempt}"), "row": row})).collect();
        view
    }

    /// As it is kept.
    pub(super) fn state(&self, net: &CaseNet) -> Text {
        Text::of(&Kept::of(net, self))
    }
}

impl Kept {
    fn of(net: &CaseNet, case: &Case) -> Self {
        let place = |place: &syndic_nets::PlaceId| net.flat.place(*place).to_owned();
        let task = |task: &usize| net.task(*task).name.clone();
        let mut undone: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (at, key) in &case.undone {
            undone.entry(task(at)).or_default().insert(key.clone());
        }
        Self {
            form: FORM,
            undone,
            net: case.net,
            at: case.at,
            cancelling: case.cancelling,
            stop: case.stop.clone(),
            marking: case.tokens.iter().map(|(at, count)| (place(at), *count)).collect(),
            filled: case.filled.iter().map(|(at, time)| (place(at), *time)).collect(),
            data: data::shown(net, &case.data),
            attempts: case.attempts.iter().map(|(at, count)| (task(at), *count)).collect(),
            items: case.items.iter().map(|(at, item)| (task(at), item.clone())).collect(),
            done: case.done.iter().map(|done| KeptDone::of(net, done)).collect(),
            debts: case.debts.iter().map(|debt| KeptDebt::of(net, debt)).collect(),
            rehearse: case.rehearse.clone(),
            rounds: case.rounds,
        }
    }

    fn case(self, net: &CaseNet, record: &CaseRecord) -> Option<Case> {
        let mut values = vec![None; net.net.data.len()];
        for (name, json) in &self.data {
            let at = net.find_variable(name)?;
            values[at] = Some(data::read(net, at, json).ok()?);
        }
        let attempts: BTreeMap<usize, u32> = indexed(self.attempts, |name| net.find_task(name))?;
        let items = indexed(self.items, |name| net.find_task(name))?;
        let item = |(task, item): (usize, Item)| Some((task, Item { attempt: *attempts.get(&task)?, ..item }));
        let undone = indexed(self.undone, |name| net.find_task(name))?.into_iter();
        Some(Case {
            net: self.net,
            undone: undone.flat_map(|(task, keys)| keys.into_iter().map(move |key| (task, key))).collect(),
            at: self.at,
            status: record.status,
            cancelling: self.cancelling,
            stop: self.stop,
            tokens: indexed(self.marking, |name| net.find_place(name))?,
            filled: indexed(self.filled, |name| net.find_place(name))?,
            data: values,
            items: items.into_iter().map(item).collect::<Option<_>>()?,
            attempts,
            done: self.done.into_iter().map(|done| done.done(net)).collect::<Option<_>>()?,
            debts: self.debts.into_iter().map(|debt| debt.debt(net)).collect::<Option<_>>()?,
            rehearse: self.rehearse,
            rounds: self.rounds,
        })
    }
}

/// By index what was by name.
fn indexed<K: Ord, V>(named: BTreeMap<String, V>, find: impl Fn(&str) -> Option<K>) -> Option<BTreeMap<K, V>> {
    named.into_iter().map(|(name, value)| Some((find(&name)?, value))).collect()
}

impl KeptDone {
    fn of(net: &CaseNet, done: &Done) -> Self {
        Self { task: net.task(done.task).name.clone(), attempt: done.attempt, key: done.key.clone() }
    }

    fn done(self, net: &CaseNet) -> Option<Done> {
        Some(Done { task: net.find_task(&self.task)?, attempt: self.attempt, key: self.key })
    }
}

impl KeptDebt {
    fn of(net: &CaseNet, debt: &Debt) -> Self {
        Self { done: KeptDone::of(net, &debt.done), since: debt.since, phase: debt.phase.clone() }
    }

    fn debt(self, net: &CaseNet) -> Option<Debt> {
        Some(Debt { done: self.done.done(net)?, since: self.since, phase: self.phase })
    }
}
