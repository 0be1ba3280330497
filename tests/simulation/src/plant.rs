//! Plants: bugs put behind the ports on purpose. A simulation that does not find them would find nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syndic_core::config::SlotConfig;
use syndic_core::effect::Way;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Answering, Called, Commit, Connector, Facts, GovernorRuntime, Installed, Intent, Migrated, Question, Request,
};
use syndic_core::{Error, Slot, Text};
use syndic_ledger::{Hash, sha256};

/// A bug to be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Plant {
    /// None.
    #[default]
    Nothing,
    /// The store says that everything is durable.
    DurableTooEarly,
    /// The store forgets what is to be undone.
    IntentLost,
    /// The store forgets that something was being undone.
    UndoLost,
    /// The store forgets the last deferred effect of a commit.
    OutboxLost,
    /// The store forgets a timer.
    TimerLost,
    /// The store forgets a fact that is counted up for the tenant.
    StepLost,
    /// The store does not say that a tenant's fact has moved since it was last read.
    MovesUnseen,
    /// The store keeps no outcome of a refused event.
    OutcomeLost,
    /// The way to the bank asks for everything twice, under two keys.
    DoneTwice,
    /// The way to the bank asks for an undo of something else.
    UndoneElsewhere,
    /// Whoever stands at the door lets an event in twice.
    TakenTwice,
    /// A governor answers by how often it was asked.
    Impure,
    /// The host is told a time that is not yet.
    TimeTooEarly,
}

impl Plant {
    /// All there are, but for none.
    pub const ALL: [Plant; 13] = [
        Plant::DurableTooEarly,
        Plant::IntentLost,
        Plant::UndoLost,
        Plant::OutboxLost,
        Plant::TimerLost,
        Plant::StepLost,
        Plant::MovesUnseen,
        Plant::OutcomeLost,
        Plant::DoneTwice,
        Plant::UndoneElsewhere,
        Plant::TakenTwice,
        Plant::Impure,
        Plant::TimeTooEarly,
    ];

    pub(crate) fn loses(self, intent: &Intent) -> bool {
        match self {
            Self::IntentLost => intent.answer.is_none() && !intent.undone,
            Self::UndoLost => intent.undoing,
            _ => false,
        }
    }

    pub(crate) fn spoil(self, commit: &mut Commit) {
        match self {
            Self::OutboxLost => drop(commit.outbox.pop()),
            Self::TimerLost => drop(commit.timers_set.pop()),
            Self::StepLost => commit.facts.retain(|(key, _)| key.name != "bank.total"),
            Self::OutcomeLost if commit.facts.is_empty() => commit.dedup = None,
            _ => {}
        }
    }

    pub(crate) fn connector(self, bank: Arc<dyn Connector>) -> Arc<dyn Connector> {
        match self {
            Self::DoneTwice | Self::UndoneElsewhere => Arc::new(Crooked { bank, plant: self }),
            _ => bank,
        }
    }

    pub(crate) fn runtime(self, runtime: Arc<dyn GovernorRuntime>) -> Arc<dyn GovernorRuntime> {
        if self == Self::Impure { Arc::new(Moody { runtime, asked: AtomicU64::new(0) }) } else { runtime }
    }
}

struct Crooked {
    bank: Arc<dyn Connector>,
    plant: Plant,
}

impl Connector for Crooked {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        Box::pin(async move {
            let other = sha256(&request.key.0);
            match self.plant {
                Plant::DoneTwice if request.way == Way::Do => {
                    let again = Request { key: other, ..request.clone() };
                    let _ = self.bank.call(&again).await;
                    self.bank.call(request).await
                }
                Plant::UndoneElsewhere if request.way == Way::Undo => {
                    self.bank.call(&Request { undoes: Some(other), ..request.clone() }).await
                }
                _ => self.bank.call(request).await,
            }
        })
    }
}

struct Moody {
    runtime: Arc<dyn GovernorRuntime>,
    asked: AtomicU64,
}

impl GovernorRuntime for Moody {
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        self.runtime.load(slot, component, limits)
    }

    fn engine_hash(&self) -> Hash {
        self.runtime.engine_hash()
    }

    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let mut called = self.runtime.call(version, limits, question, facts);
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        if let Ok(decision) = &mut called.answer {
            for write in &mut decision.writes {
                if let syndic_core::decision::Write::Set { value, .. } = write
                    && nth % 5 == 4
                {
                    *value = Text::from(serde_json::json!({"asked": nth}));
                }
            }
        }
        called
    }

    fn migrate(&self, version: &Installed, limits: &SlotConfig, from_schema: u32, facts: Vec<Seen>) -> Migrated {
        self.runtime.migrate(version, limits, from_schema, facts)
    }
}
