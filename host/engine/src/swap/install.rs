//! Installing: a component becomes a version of a slot, if every step says yes.
//!
//! In order: its digest and its signature are what the slot asks for; it is loaded (size, imports, exports, what it says
//! of itself, twice); it is compared with what judges now;
//! facts of some customers are carried over with it, and back; it judges what was decided last in its slot, and fails on none
//! of it; and then it is published. The first step that says no ends
//! it, and nothing has changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use syndic_core::capability::{Capabilities, Widening, widened};
use syndic_core::decision::Manifest;
use syndic_core::fact::Seen;
use syndic_core::ports::{Installed, Reads, StoreError};
use syndic_core::trust::judge;
use syndic_core::versions::Mode;
use syndic_core::{Error, Fact, Slot};
use syndic_ledger::{Digest, sha256};

use super::{Allow, Install, NotSwapped, Swapped, Trialled};
use crate::host::{Halt, Host};
use crate::replay::{Change, First, Past, said};

/// Recorded decisions of its slot that every component judges before it is let in.
const SELF_TEST: u64 = 32;

/// Customers whose facts are carried over and back before a version with another schema is let in.
const DRY_RUN_MAX: usize = 64;

/// A step of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its digest and its signature are held to what the slot asks for.
    Trust,
    /// The component is loaded.
    Load,
    /// Its semantic version is compared.
    Version,
    /// What it may do is compared.
    Capabilities,
    /// Facts are carried over, and back.
    Migration,
    /// It judges what was decided last in its slot.
    SelfTest,
    /// It judges as much more of that as somebody asked for.
    Backtest,
}

impl Step {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Load => "load",
            Self::Version => "version",
            Self::Capabilities => "capabilities",
            Self::Migration => "migration",
            Self::SelfTest => "self-test",
            Self::Backtest => "back-test",
        }
    }

    /// What it is called in sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Trust => "check of its origin",
            Self::Load => "loader",
            Self::Version => "version check",
            Self::Capabilities => "capability check",
            Self::Migration => "dry run of the migration",
            Self::SelfTest => "self-test",
            Self::Backtest => "back-test",
        }
    }
}

impl Host {
    /// Installs a component in a slot. What it returns is published, and durable.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. That it is not installed is the answer, with the step that said no.
    pub fn install(&self, install: Install) -> Result<Result<Swapped, NotSwapped>, Halt> {
        let Install { slot, component, signature, mode, backtest, allow, cause } = install;
        let allowed: Vec<&str> = allow.iter().map(|allow| allow.name()).collect();
        let component_digest = Digest::of(&component).to_string();
        let mut details = json!({ "installed": mode.name(), "component": component_digest, "allowed": allowed });
        if let Some(done) = self.done(&slot, "install", &cause, &details)? {
            return Ok(done);
        }
        let no = |step, reason| NotSwapped::Step { slot: slot.clone(), step, reason };
        let lineup = self.lineup();
        let Some(seating) = lineup.seating(&slot) else { return Ok(Err(NotSwapped::NoSlot { slot })) };
        let limits = self.slot(&slot);
        let provenance = match judge(&limits.trust, &slot, &component, signature.as_deref(), cause.at) {
            Ok(provenance) => provenance,
            Err(refused) => return Ok(Err(no(Step::Trust, refused.to_string()))),
        };
        // Off every event's way: others go on while it is loaded and looked at.
        let loaded = match self.ports.runtime.load(&slot, &component, &limits) {
            Ok(loaded) => loaded,
            Err(Error::ComponentRejected { reason, .. }) => return Ok(Err(no(Step::Load, reason))),
            Err(other) => return Ok(Err(no(Step::Load, other.to_string()))),
        };
        let before = &seating.active.manifest;
        if let Err(reason) = higher(before, &loaded.manifest)
            && !allow.contains(&Allow::Downgrade)
        {
            return Ok(Err(no(Step::Version, reason)));
        }
        if let Some(reason) = wider(before, &loaded.manifest)
            && !allow.contains(&Allow::Wider)
        {
            return Ok(Err(no(Step::Capabilities, reason)));
        }
        let one_way = match self.dry_run(&seating.active, &loaded)? {
            Err(reason) => return Ok(Err(no(Step::Migration, reason))),
            Ok(None) => false,
            Ok(Some(reason)) if !allow.contains(&Allow::OneWay) => return Ok(Err(no(Step::Migration, reason))),
            Ok(Some(_)) => true,
        };
        if let Err((step, reason)) = self.judge_the_past(&loaded, backtest, allow.contains(&Allow::Failing))? {
            return Ok(Err(no(step, reason)));
        }
        let kept = vec![(loaded.digest, component), self.kept_now(&seating.active)?];
        let ticket = self.ports.store.keep(kept.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect())?;
        pollster::block_on(self.durable(ticket))?;
        let trial_of = |trial: Option<&Installed>| trial.map(|trial| trial.digest);
        let met = (seating.active.digest, trial_of(seating.trial.as_ref().map(|(trial, _)| &**trial)));
        (details["publisher"], details["key"]) = (json!(provenance.publisher), json!(provenance.key));
        let swapped = self.swap(&slot, "install", &cause, &details, |state| {
            if let Some(mode) = state.judge_of(loaded.digest) {
                let version = loaded.manifest.version.clone();
                return Err(NotSwapped::Same { slot: slot.clone(), version, mode }.into());
            }
            if met != (state.active.record.digest, trial_of(state.trial.as_ref().map(|(trial, _)| &*trial.code))) {
                return Err(NotSwapped::Overtaken { slot: slot.clone() }.into());
            }
            if mode == Mode::Active && state.trial.is_some() {
                return Err(NotSwapped::OnTrial { slot: slot.clone() }.into());
            }
            state.install(loaded, mode, one_way, provenance.publisher.clone(), &cause);
            Ok(())
        });
        self.kept(swapped)
    }

    /// Has a version judge the last recorded decisions of its slot: it may fail on none of them, and where more is asked
    /// of it, be no more different than that.
    fn judge_the_past(
        &self,
        version: &Arc<Installed>,
        wanted: Option<Trialled>,
        may_fail: bool,
    ) -> Result<Result<(), (Step, String)>, Halt> {
        let reads = Arc::clone(&self.ports.store) as Arc<dyn Reads>;
        // How long it takes is no gate, and nobody waits for it on one core alone.
        let past = Past::new(reads, &*self.ports.runtime, &self.master, &|| 0, 2);
        let last = wanted.map_or(SELF_TEST, |wanted| wanted.last.max(SELF_TEST));
        let summary = past.backtest(version, Some(last))?;
        let first = summary.firsts.iter().find(|first| first.change == Change::Failed && !may_fail);
        if let Some(First { sequence, id, now, .. }) = first {
            let failed = summary.changes.get(&Change::Failed).copied().unwrap_or_default();
            let reason = format!(
                "it fails on {failed} of the last {} decisions, and the version that made them did not; first on receipt \
                 {sequence}, event `{id}`: {}; say `--allow failing` to have it all the same",
                summary.decisions,
                said(now)
            );
            return Ok(Err((Step::SelfTest, reason)));
        }
        let closed = wanted.and_then(|wanted| wanted.gates.check(&summary).err());
        Ok(closed.map_or(Ok(()), |reason| Err((Step::Backtest, reason))))
    }

    /// The component that judges now, so that the way back to it is kept.
    fn kept_now(&self, active: &Installed) -> Result<(syndic_ledger::Hash, Vec<u8>), Halt> {
        let bytes = self.ports.store.front().blob(&active.digest)?.unwrap_or_default();
        debug_assert!(bytes.is_empty() || sha256(&bytes) == active.digest, "content is kept under its hash");
        Ok((active.digest, bytes))
    }

    /// Carries facts of some customers over and back. Says why where that does not go at all; and where it goes one way
    /// alone, why there is none back.
    fn dry_run(&self, active: &Installed, new: &Installed) -> Result<Result<Option<String>, String>, Halt> {
        let (from, to) = (active.manifest.state_schema, new.manifest.state_schema);
        if from == to {
            return Ok(Ok(None));
        }
        let limits = self.slot(&new.slot);
        let runtime = &*self.ports.runtime;
        let mut one_way = None;
        for facts in self.samples(&new.slot)? {
            let over = runtime.migrate(new, &limits, from, seen(&facts)).answer;
            let over = match over {
                Ok(over) => over,
                Err(failure) => return Ok(Err(format!("from schema {from} to {to}: {}", failure.reason))),
            };
            let again = over.iter().map(|(name, value)| Seen { name: name.clone(), version: 1, value: value.clone() });
            let back = runtime.migrate(active, &limits, to, again.collect()).answer;
            let same = |back: &[(String, String)]| {
                let back: BTreeMap<String, String> = back.iter().cloned().collect();
                let was: BTreeMap<String, String> =
                    facts.iter().map(|(name, fact)| (name.clone(), fact.canonical())).collect();
                back == was
            };
            match back {
                Ok(back) if same(&back) => {}
                Ok(_) => one_way = Some(format!("schema {to} carried back to {from} is not what it was")),
                Err(failure) => {
                    let why = format!("the version that judges now cannot read schema {to}: {}", failure.reason);
                    one_way = Some(why);
                }
            }
        }
        let hint = "; say `--allow one-way` where there need be no way back";
        Ok(Ok(one_way.map(|why| why + hint)))
    }

    /// The slot's facts of some customers: of those that the last receipts were about.
    fn samples(&self, slot: &Slot) -> Result<Vec<Vec<(String, Fact)>>, Halt> {
        let front = self.ports.store.front();
        let size = front.head()?.frontier.size();
        let mut lanes = std::collections::BTreeSet::new();
        let mut samples = Vec::new();
        for sequence in (1..=size).rev().take(DRY_RUN_MAX * 8) {
            if samples.len() >= DRY_RUN_MAX {
                break;
            }
            let entry = crate::act::entry(front, sequence)?;
            if entry.kept.key.tenant.is_empty() {
                continue;
            }
            let lane = self.lane_of_receipt(sequence)?;
            let facts: Result<_, StoreError> = front.facts(&lane.tenant, lane.customer.as_deref());
            let own: Vec<(String, Fact)> = facts?.into_iter().filter(|(name, _)| slot.owns(name)).collect();
            if lanes.insert(format!("{lane:?}")) && !own.is_empty() {
                samples.push(own);
            }
        }
        Ok(samples)
    }
}

fn seen(facts: &[(String, Fact)]) -> Vec<Seen> {
    let seen =
        |(name, fact): &(String, Fact)| Seen { name: name.clone(), version: fact.version, value: fact.canonical() };
    facts.iter().map(seen).collect()
}

impl Allow {
    /// What is let through by that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Wider, Self::Downgrade, Self::OneWay, Self::Failing].into_iter().find(|allow| allow.name() == name)
    }

    /// The name on the command line and in receipts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Downgrade => "downgrade",
            Self::OneWay => "one-way",
            Self::Failing => "failing",
        }
    }
}

/// Whether a version is at least as high as the one before.
fn higher(before: &Manifest, after: &Manifest) -> Result<(), String> {
    let lower = match (semver::Version::parse(&before.version), semver::Version::parse(&after.version)) {
        (Ok(before), Ok(after)) => after < before,
        _ => false,
    };
    if lower {
        let (before, after) = (&before.version, &after.version);
        return Err(format!("{after} is lower than {before}, which judges now; say `--allow downgrade` to go there"));
    }
    Ok(())
}

/// What a version may do that the one before may not.
fn wider(before: &Manifest, after: &Manifest) -> Option<String> {
    let more = widened(&Capabilities::of(before), &Capabilities::of(after));
    let sentences: Vec<String> = more.iter().map(Widening::sentence).collect();
    (!more.is_empty()).then(|| format!("{}; say `--allow wider` to let it", sentences.join(", ")))
}
