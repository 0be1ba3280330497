//! A case: what it is at.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use syndic_core::Time;
use syndic_core::ports::{CaseStatus, WorkRow};
use syndic_ledger::Hash;
use syndic_nets::{PlaceId, Tokens};

use super::CaseNet;
use super::data::{Data, initial};
use super::item::{Debt, Doing, Done, Item, Phase};
use super::undo::OPERATOR;

/// How long a case's state may be, as text. Beyond it there is room for what has to be undone and for why it stopped, and
/// for nothing else: a case that is full can always be cancelled.
pub const STATE_MAX: usize = 64 << 10;

/// One token game over one net, with all that hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The net it runs on.
    pub(super) net: Hash,
    /// The moment of its last step.
    pub(super) at: Time,
    pub(super) status: CaseStatus,
    /// What it did is being undone; until that is over it is running.
    pub(super) cancelling: bool,
    pub(super) stop: Option<Stop>,
    pub(super) tokens: Tokens,
    /// When each place was last filled from which a span counts.
    pub(super) filled: BTreeMap<PlaceId, Time>,
    pub(super) data: Data,
    /// How often each task was enabled.
    pub(super) attempts: BTreeMap<usize, u32>,
    /// One for each enabled task, by its index.
    pub(super) items: BTreeMap<usize, Item>,
    /// What can be undone, oldest first.
    pub(super) done: Vec<Done>,
    /// The keys under which something was undone: whoever is asked for it anew is asked under another.
    pub(super) undone: BTreeSet<(usize, String)>,
    /// What is to be undone whatever becomes of the case.
    pub(super) debts: Vec<Debt>,
    pub(super) rehearse: Option<Json>,
    /// Steps in a row that nobody asked for, and between which no time passed.
    pub(super) rounds: u32,
}

/// Why a case is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// A stable code, one of [`Stop::CODES`].
    pub code: String,
    /// A sentence.
    pub why: String,
    /// What an operator can do, a sentence.
    pub what_now: String,
}

impl Case {
    pub(super) fn new(net: &CaseNet, at: Time, rehearse: Option<Json>) -> Self {
        let tokens: Tokens = net.flat.source.into_iter().map(|source| (source, 1)).collect();
        let filled = tokens.keys().filter(|place| net.counted_from.contains(place)).map(|place| (*place, at)).collect();
        Self {
            net: net.digest(),
            at,
            status: CaseStatus::Running,
            cancelling: false,
            stop: None,
            tokens,
            filled,
            data: initial(net),
            attempts: BTreeMap::new(),
            items: BTreeMap::new(),
            done: Vec::new(),
            undone: BTreeSet::new(),
            debts: Vec::new(),
            rehearse,
            rounds: 0,
        }
    }

    /// What it is at. A case that is being cancelled is running until all is undone.
    pub fn status(&self) -> CaseStatus {
        self.status
    }

    /// The moment of its last step.
    pub fn at(&self) -> Time {
        self.at
    }

    /// Why it is stopped, if it is.
    pub fn stopped(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Whether what it did is being undone.
    pub fn is_cancelling(&self) -> bool {
        self.cancelling
    }

    /// Where its tokens lie, by the indices of its net's flat form.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The tasks that are enabled and wait, and which time.
    pub fn waiting<'n>(&self, net: &'n CaseNet) -> Vec<(&'n str, u32)> {
        self.items.iter().map(|(task, item)| (net.task(*task).name.as_str(), item.attempt)).collect()
    }

    /// Its open work items: as they are called, which time, and their rows.
    pub fn works(&self, net: &CaseNet) -> Vec<(String, u32, WorkRow)> {
        let items = self.items.iter().filter_map(|(task, item)| match &item.doing {
            Doing::Person(work) => {
                let row = work.row(self.item_roles(net, *task), item.since, item.late)?;
                Some((net.item_name(*task), item.attempt, row))
            }
            _ => None,
        });
        let owed = self.debts.iter().filter_map(|debt| match &debt.phase {
            Phase::ByHand(work) => {
                let row = work.row(vec![OPERATOR.to_owned()], debt.since, None)?;
                Some((format!("{OWED}{}", net.task(debt.done.task).name), debt.done.attempt, row))
            }
            _ => None,
        });
        items.chain(owed).collect()
    }

    /// Who may do a task by hand now: those of the net, and when it is late whoever hears of it. What anybody may do
    /// stays so.
    pub(super) fn item_roles(&self, net: &CaseNet, task: usize) -> Vec<String> {
        let mut roles = net.roles(task).to_vec();
        let late = self.items.get(&task).is_some_and(|item| item.told);
        let hears =
            net.task(task).escalation.as_ref().filter(|role| late && !roles.is_empty() && !roles.contains(role));
        roles.extend(hears.cloned());
        roles
    }

    /// This key, or the next that nothing was undone under: a service would take the old one for what it did before.
    pub(super) fn unspent(&self, task: usize, key: String) -> String {
        let spent = |key: &String| self.undone.contains(&(task, key.clone()));
        let next = (2u32..).map(|again| format!("{key}~{again}"));
        std::iter::once(key.clone()).chain(next).find(|key| !spent(key)).unwrap_or(key)
    }

    pub(super) fn is_marked(&self, places: &[PlaceId]) -> bool {
        places.iter().all(|place| self.tokens.contains_key(place))
    }

    /// The first way into a task that is marked.
    pub(super) fn marked_entry(&self, net: &CaseNet, task: usize) -> Option<usize> {
        net.rules[task].entries.iter().position(|entry| self.is_marked(entry))
    }

    /// Whether a task may be done: it is marked, and its `when` holds. What nobody has said does not hold.
    pub(super) fn is_enabled(&self, net: &CaseNet, task: usize) -> bool {
        let holds = |guard: &syndic_nets::guard::Guard| guard.holds(&self.data).unwrap_or(false);
        self.marked_entry(net, task).is_some() && net.task(task).when.as_ref().is_none_or(holds)
    }
}

/// What a work item is called before the task's name, where the task is to be undone by hand.
pub(super) const OWED: &str = "undo/";
