//! Judging: every routed governor answers on one snapshot, each in its own view of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use syndic_core::config::SlotConfig;
use syndic_core::effect::Mode;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Called, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime, Installed, Question, ReadError,
    Reads, Store, StoreError,
};
use syndic_core::settle::{Said, add_feedback};
use syndic_core::{Decision, Fact, FactKey, FactName, Lane, Scope, Slot, Text};

use crate::migrate::{Carried, NotCarried, carry};
use crate::observed::Observed;
use crate::rules::Rules;
use crate::shadow::Shadow;
use crate::spans;

/// The facts of one event, each read from the store at most once, so that every governor sees the same.
pub(crate) struct Snapshot {
    store: Arc<dyn Store>,
    lane: Lane,
    read: Mutex<BTreeMap<FactName, Option<Fact>>>,
}

impl Snapshot {
    pub(crate) fn new(store: Arc<dyn Store>, lane: Lane) -> Self {
        Self { store, lane, read: Mutex::default() }
    }

    pub(crate) fn fact(&self, name: &FactName) -> Result<Option<Fact>, StoreError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(name) {
            return Ok(known.clone());
        }
        let fact = stored(self.store.front(), &self.lane, name)?;
        read.insert(name.clone(), fact.clone());
        Ok(fact)
    }

    /// Whose facts a lane's own are.
    pub(crate) fn scope(&self) -> Scope {
        if self.lane.customer.is_some() { Scope::Customer } else { Scope::Tenant }
    }

    /// Every fact of the lane that is a slot's own.
    pub(crate) fn of_slot(&self, slot: &Slot) -> Result<Vec<(FactName, Fact)>, StoreError> {
        let facts = self.store.front().facts(&self.lane.tenant, self.lane.customer.as_deref())?;
        let named = facts.into_iter().map(|(name, fact)| (FactName { scope: self.scope(), name }, fact));
        Ok(named.filter(|(name, _)| slot.owns(&name.name)).collect())
    }

    /// Whether everything that was read would read the same now.
    pub(crate) fn still_has(&self, reads: &Noticed) -> Result<bool, StoreError> {
        for (name, seen) in reads {
            if stamp(self.store.front(), &self.lane, name)? != seen.receipt {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Glimpse {
    /// Whether it reads otherwise now. A tenant's fact that was only stepped has moved for those alone who ask for its
    /// exact value.
    pub(crate) fn has_moved(&self, name: &FactName, lane: &Lane, front: &dyn Reads) -> Result<bool, StoreError> {
        if stamp(front, lane, name)? == self.receipt {
            return Ok(false);
        }
        let base = || stored(front, lane, name).map(|fact| fact.map_or(0, |fact| fact.base));
        Ok(self.exact || base()? != self.base)
    }
}

/// A fact as it stands in the store, seen from a lane. In the tenant's lane there is no customer, so none has facts.
pub(crate) fn stored(store: &dyn Reads, lane: &Lane, name: &FactName) -> Result<Option<Fact>, StoreError> {
    key_of(lane, name).map_or(Ok(None), |key| store.fact(&key))
}

/// The receipt that wrote a fact, seen from a lane; 0 where there is none.
pub(crate) fn stamp(store: &dyn Reads, lane: &Lane, name: &FactName) -> Result<u64, StoreError> {
    key_of(lane, name).map_or(Ok(0), |key| store.stamp(&key))
}

fn key_of(lane: &Lane, name: &FactName) -> Option<FactKey> {
    match (&lane.customer, name.scope) {
        (None, Scope::Customer) => None,
        (customer, _) => Some(name.key(&lane.tenant, customer.as_deref().unwrap_or_default())),
    }
}

/// What was read, and what it was then.
pub(crate) type Noticed = BTreeMap<FactName, Glimpse>;

/// One fact as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Glimpse {
    pub(crate) version: u64,
    /// The receipts that wrote it, and that last did more than step it; 0 where it was absent.
    pub(crate) receipt: u64,
    pub(crate) base: u64,
    /// Its value as canonical JSON; none where it was absent.
    pub(crate) value: Option<Text>,
    /// Whether steps count as moves to who read it.
    pub(crate) exact: bool,
}

/// What is noted of a fact that is read.
pub(crate) fn glimpse(found: Option<&Fact>, exact: bool) -> Glimpse {
    let (version, receipt, base) = found.map_or((0, 0, 0), |found| (found.version, found.receipt, found.base));
    Glimpse { version, receipt, base, value: found.map(|found| found.value.text()), exact }
}

/// One governor's view: the names it declares, and a note of what it read.
struct View {
    /// What it carried over before it was asked.
    carried: Option<Arc<Carried>>,
    snapshot: Arc<Snapshot>,
    installed: Arc<Installed>,
    config: Arc<SlotConfig>,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    reads: Noticed,
    store_failed: Option<StoreError>,
}

impl Facts for View {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        let mut declared = self.installed.manifest.reads.iter().filter(|declared| declared.covers(fact)).peekable();
        if declared.peek().is_none() {
            return Err(ReadError::Undeclared(fact.to_string()));
        }
        // A customer's facts move with the customer's own events, of which there is one at a time.
        let exact = fact.scope == Scope::Customer || declared.any(|declared| declared.exact);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match self.snapshot.fact(fact) {
            Ok(found) => found,
            Err(error) => {
                noted.store_failed = Some(error.clone());
                return Err(ReadError::Store(error.to_string()));
            }
        };
        let note = glimpse(found.as_ref(), exact);
        let version = note.version;
        let value = match self.carried.as_ref().and_then(|carried| carried.get(fact)) {
            Some(carried) => carried.cloned(),
            None => note.value.clone(),
        };
        noted.reads.insert(fact.clone(), note);
        Ok(value.map(|value| Seen { name: fact.name.clone(), version, value: value.to_string() }))
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.values.get(key).cloned()
    }
}

/// A routed governor and what it has said so far.
pub(crate) struct Seat {
    pub(crate) slot: Slot,
    pub(crate) installed: Arc<Installed>,
    pub(crate) config: Arc<SlotConfig>,
    pub(crate) said: Said,
    /// Its decision as canonical JSON.
    pub(crate) output: Text,
    pub(crate) fuel: u64,
    /// What it read, over all its calls.
    pub(crate) reads: Noticed,
    /// Whether its slot's facts may have another schema than it writes.
    migrates: bool,
    /// What it carried over.
    pub(crate) carried: Option<Arc<Carried>>,
    /// The schema of its facts that it was to carry over.
    pub(crate) migrated_from: Option<u32>,
    /// The version's number where it is a canary.
    pub(crate) canary: Option<u32>,
    /// Who is asked beside.
    pub(crate) shadow: Option<Box<Shadow>>,
}

/// What every answer to one event is asked with, and held to.
pub(crate) struct Bench<'a> {
    pub(crate) runtime: &'a dyn GovernorRuntime,
    pub(crate) context: Context,
    pub(crate) snapshot: &'a Arc<Snapshot>,
    pub(crate) rules: Rules<'a>,
    pub(crate) observed: &'a Observed,
}

/// The text of a decision that says nothing, which is what most seats begin with.
static ABSTAINED: LazyLock<Text> = LazyLock::new(|| Decision::abstain().text());

impl Seat {
    pub(crate) fn new(installed: Arc<Installed>, config: Arc<SlotConfig>, migrates: bool) -> Self {
        Self {
            slot: installed.slot.clone(),
            installed,
            config,
            said: abstained(),
            output: ABSTAINED.clone(),
            fuel: 0,
            reads: BTreeMap::new(),
            migrates,
            carried: None,
            migrated_from: None,
            canary: None,
            shadow: None,
        }
    }

    /// Whether its version is asked about events of a kind.
    pub(crate) fn judges(&self, kind: &str) -> bool {
        self.installed.manifest.kinds.iter().any(|listed| listed == kind)
    }

    fn abstain(&mut self) {
        (self.said, self.output) = (abstained(), ABSTAINED.clone());
    }

    /// Takes an answer, where it holds.
    fn take(&mut self, bench: &Bench<'_>, answer: Result<Decision, Failure>) {
        self.said = match answer
            .and_then(|decision| Ok((bench.rules.check(&self.slot, &self.installed.manifest, &decision)?, decision)))
        {
            Ok((output, decision)) => {
                self.output = output;
                Said::Decided(decision)
            }
            Err(failure) => Said::Failed(failure),
        };
    }

    /// Whether all that was read for its answers would read the same now.
    pub(crate) fn still_holds(&self, bench: &Bench<'_>) -> Result<bool, StoreError> {
        let beside = self.shadow.as_ref().map_or(Ok(true), |shadow| bench.snapshot.still_has(shadow.reads()))?;
        Ok(beside && bench.snapshot.still_has(&self.reads)?)
    }

    /// Asks the governor to judge, and whoever is tried beside it.
    pub(crate) fn evaluate(&mut self, bench: &Bench<'_>) -> Result<(), StoreError> {
        let Some(mut shadow) = self.shadow.take() else { return self.evaluate_alone(bench) };
        shadow.evaluate(self, bench)?;
        self.shadow = Some(shadow);
        Ok(())
    }

    /// Asks the governor to judge. A kind its manifest does not list is not evaluated: it abstained, for no fuel.
    pub(crate) fn evaluate_alone(&mut self, bench: &Bench<'_>) -> Result<(), StoreError> {
        self.fuel = 0;
        self.reads.clear();
        (self.carried, self.migrated_from) = (None, None);
        if !self.judges(&bench.context.kind) {
            self.abstain();
            return Ok(());
        }
        if self.migrates {
            match carry(bench.runtime, &self.installed, &self.config, bench.snapshot)? {
                Some(Err(NotCarried { failure, from, reads, fuel })) => {
                    self.fuel = if failure.class == FailureClass::Deadline { 0 } else { fuel };
                    (self.reads, self.migrated_from) = (reads, Some(from));
                    self.said = Said::Failed(failure);
                    return Ok(());
                }
                None => {}
                Some(Ok(carried)) => {
                    self.fuel = carried.fuel;
                    (self.reads, self.migrated_from) = (carried.reads.clone(), Some(carried.from));
                    self.carried = Some(Arc::new(carried));
                }
            }
        }
        let decided = self.ask(bench, Question::Evaluate(bench.context.clone()))?;
        self.take(bench, decided);
        Ok(())
    }

    /// Tells the governor the answers of its own effects of one round, and whoever is tried beside it.
    pub(crate) fn feed(
        &mut self,
        bench: &Bench<'_>,
        results: Vec<EffectResult>,
        round: Mode,
    ) -> Result<(), StoreError> {
        let Some(mut shadow) = self.shadow.take() else { return self.feed_alone(bench, results, round) };
        shadow.feed(self, bench, results, round)?;
        self.shadow = Some(shadow);
        Ok(())
    }

    /// Tells the governor the answers of its own effects of one round, and adds what it says to its decision.
    pub(crate) fn feed_alone(
        &mut self,
        bench: &Bench<'_>,
        results: Vec<EffectResult>,
        round: Mode,
    ) -> Result<(), StoreError> {
        if self.decision().is_none() {
            return Ok(());
        }
        let heard = self.ask(bench, Question::Feedback(bench.context.clone(), results))?;
        let Said::Decided(before) = std::mem::replace(&mut self.said, abstained()) else {
            return Ok(());
        };
        let added = heard.and_then(|more| add_feedback(before, more, round).map_err(Failure::bad_answer));
        self.take(bench, added);
        Ok(())
    }

    fn ask(&mut self, bench: &Bench<'_>, question: Question) -> Result<Result<Decision, Failure>, StoreError> {
        let view = Arc::new(View {
            carried: self.carried.clone(),
            snapshot: Arc::clone(bench.snapshot),
            installed: Arc::clone(&self.installed),
            config: Arc::clone(&self.config),
            noted: Mutex::default(),
        });
        let facts: Arc<dyn Facts> = Arc::clone(&view) as Arc<dyn Facts>;
        let called = match question {
            Question::Evaluate(_) => "evaluate",
            Question::Feedback(..) => "feedback",
        };
        let (span, began) = (spans::governor(&self.installed, called), bench.observed.now());
        let call = || bench.runtime.call(&self.installed, &self.config, question, facts);
        let Called { answer, fuel } = span.in_scope(call);
        let failed = spans::called(&span, fuel, &answer);
        bench.observed.tell_since(began, |observer, took| observer.called(&self.installed.slot, fuel, failed, took));
        let mut noted = view.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = noted.store_failed.take() {
            return Err(error);
        }
        self.reads.append(&mut noted.reads);
        // Fuel up to a wall-clock stop is a measurement, and nothing measured goes into a receipt.
        let measured = matches!(&answer, Err(failure) if failure.class == FailureClass::Deadline);
        self.fuel = if measured { 0 } else { self.fuel.saturating_add(fuel) };
        Ok(answer)
    }

    /// Its decision, where it gave one.
    pub(crate) fn decision(&self) -> Option<&Decision> {
        match &self.said {
            Said::Decided(decision) => Some(decision),
            Said::Failed(_) => None,
        }
    }
}

fn abstained() -> Said {
    Said::Decided(Decision::abstain())
}

/// Every fact that some governor read, with what it was then.
pub(crate) fn read_set(seats: &[Seat]) -> BTreeMap<&FactName, &Glimpse> {
    seats.iter().flat_map(|seat| &seat.reads).collect()
}
