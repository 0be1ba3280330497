//! The oracle: what must hold after every event, whoever judged it.
//!
//! It reads what anyone outside the governors can read, receipts and facts and what the outside world was asked, and
//! shares no code with those who wrote them. Each promise is a file of its own; an objection names the promise.

pub mod access;
pub mod books;
pub mod causes;
pub mod codes;
pub mod entries;
pub mod features;
pub mod once;
pub mod prices;
pub mod rest;
pub mod tables;
pub mod waits;
pub mod world;

use serde_json::Value;
use syndic_core::{Error, Outcome};
use syndic_tests::facts::{Facts, Known, Whose};
use syndic_tests::stage::{By, Came, Stage, Step};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Objection {
    /// Which.
    pub promise: &'static str,
    /// How, and where.
    pub told: String,
}

/// Nothing to object to.
pub type Held = Result<(), Objection>;

/// An objection.
pub fn broken<T>(promise: &'static str, told: impl Into<String>) -> Result<T, Objection> {
    Err(Objection { promise, told: told.into() })
}

/// Says that this promise is broken, unless.
macro_rules! hold {
    ($promise:expr, $holds:expr, $($told:tt)+) => {
        if !$holds {
            return $crate::oracle::broken($promise, format!($($told)+));
        }
    };
}
pub(crate) use hold;

/// A fact that a step changed: whose, its name, and what it was.
pub type Change = (Whose, String, Option<Value>);

/// One step, with the facts as it left them.
pub struct Seen<'a> {
    pub step: &'a Step,
    pub facts: &'a Facts,
    /// What it changed.
    pub changes: &'a [Change],
    /// Whether nothing that was raised waits to be judged.
    pub calm: bool,
}

impl<'a> Seen<'a> {
    /// The facts of the step's customer.
    pub fn known(&self) -> &'a Known {
        self.facts.customer(&self.step.event.tenant, &self.step.event.subject)
    }

    /// What a fact of the step's customer was before it.
    pub fn before(&self, name: &str) -> Option<&Value> {
        let changed = self.changes.iter().find(|((_, customer), changed, _)| customer.is_some() && changed == name);
        match changed {
            Some((_, _, before)) => before.as_ref(),
            None => self.known().get(name),
        }
    }

    /// The changes of facts whose names begin so: the rest of the name, what it was, what it is.
    pub fn changed(&self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Option<&'a Value>, Option<&'a Value>)> {
        let changes = self.changes.iter();
        changes.filter_map(move |(whose, name, before)| {
            let after = self.facts.0.get(whose).and_then(|known| known.get(name));
            Some((name.strip_prefix(prefix)?, before.as_ref(), after))
        })
    }
}

/// Everything that watches one history.
#[derive(Default)]
pub struct Oracle {
    pub facts: Facts,
    once: once::Once,
    entries: entries::Entries,
    access: access::Access,
    pub tables: tables::Moves,
    world: world::World,
    features: features::Features,
    /// Tax on every line, in hundredths of a percent.
    tax_bp: u32,
    /// Receipts seen.
    pub receipts: u64,
    /// Fuel burnt.
    pub fuel: u64,
}

impl Oracle {
    /// One that expects this tax on every line, in hundredths of a percent.
    pub fn taxed(tax_bp: u32) -> Self {
        Self { tax_bp, ..Self::default() }
    }

    /// Looks at all that came of one line, or of time.
    pub fn came(&mut self, came: &Came) -> Held {
        for (at, step) in came.steps.iter().enumerate() {
            let calm = came.steps.get(at + 1).is_none_or(|next| next.by != By::Raise);
            self.step(step, calm).map_err(|objection| located(objection, step))?;
        }
        self.world.asked(&came.asked);
        self.world.agrees(&self.facts)
    }

    fn step(&mut self, step: &Step, calm: bool) -> Held {
        self.receipts += 1;
        self.fuel += step.report.governors.iter().map(|opinion| opinion.fuel).sum::<u64>();
        nothing_broke(step)?;
        let write = |(whose, name, value): &(Whose, String, Option<Value>)| {
            (whose.clone(), name.clone(), self.facts.write(whose.clone(), name, value.clone()))
        };
        let changes: Vec<Change> = step.writes.iter().map(write).collect();
        let seen = Seen { step, facts: &self.facts, changes: &changes, calm };
        hold!("an undone event changes nothing", step.done() || changes.is_empty(), "it changed {:?}", changes[0]);
        books::add_up(&seen)?;
        self.entries.check(&seen)?;
        self.once.check(&seen)?;
        self.access.check(&seen)?;
        self.tables.check(&seen)?;
        self.features.check(&seen)?;
        codes::check(&seen)?;
        prices::check(&seen, self.tax_bp)?;
        waits::archived(seen.known(), seen.before("customer-account.account"))?;
        self.world.step(&seen);
        Ok(())
    }

    /// Looks whether the store holds what receipts wrote, and nothing else.
    pub fn stored(&self, stage: &Stage) -> Held {
        let stored = stage.stored(self.facts.0.keys());
        for (whose, known) in &self.facts.0 {
            let found = &stored.0[whose];
            hold!(
                "facts are what receipts wrote",
                found == known,
                "{whose:?}: receipts say {known:?}, the store {found:?}"
            );
        }
        hold!("what follows follows", stage.queued() == 0, "something raised or asked for still waits");
        waits::have_ends(&self.facts, &stage.timers())
    }
}

/// Only the world may break an event: a service that gives no answer. Governors may not.
fn nothing_broke(step: &Step) -> Held {
    let told = || format!("{:?}: {:?}", step.report.outcome, step.report.error);
    match (step.report.outcome, &step.report.error) {
        (Outcome::Completed | Outcome::Refused | Outcome::Referred, None) => {}
        (Outcome::RolledBack | Outcome::Stuck, Some(Error::EffectFailed { .. } | Error::RollbackFailed { .. })) => {}
        _ => return broken("no governor breaks an event", told()),
    }
    // A report is what has happened already: nobody can say no to it.
    let report = matches!(
        step.event.kind.as_str(),
        "PaymentProcessed"
            | "PaymentFailed"
            | "UsageExceedsQuota"
            | "ManualSuspension"
            | "DisputeOpened"
            | "DisputeClosed"
            | "KycDecided"
            | "FraudScored"
            | "UsageReported"
            | "SlaMeasured"
            | "TimerFired"
            | "EffectSettled"
    );
    let refused = matches!(step.report.outcome, Outcome::Refused | Outcome::Referred);
    hold!("reports are never refused", !(report && refused), "{:?}", step.report.governors);
    let undone = matches!(step.report.outcome, Outcome::RolledBack | Outcome::Stuck);
    hold!("no silent service undoes a report from outside", !(report && step.by == By::Line && undone), "{}", told());
    Ok(())
}

fn located(objection: Objection, step: &Step) -> Objection {
    let told = format!(
        "{}\n  after receipt {} ({:?}): {} of {}/{} at {}, judged at {}: {}\n  {}",
        objection.told,
        step.sequence,
        step.by,
        step.event.kind,
        step.event.tenant,
        step.event.subject,
        step.event.time,
        step.now,
        step.report.outcome.name(),
        step.event.canonical(),
    );
    Objection { told, ..objection }
}
