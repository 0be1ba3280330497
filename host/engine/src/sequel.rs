//! The receipt of an act on an event that is not judged again: it was refused by a person, undone at last, or let through.
//!
//! It says of the event what its earlier receipt said, and what is different now.

use syndic_core::Error;
use syndic_core::effect::Mode;
use syndic_core::failpoint;
use syndic_core::outcome::{EffectStatus, Outcome, Report};
use syndic_core::ports::{Again, Commit, DedupRecord, Entry, Kept, StoreError, Verb};
use syndic_ledger as ledger;
use syndic_ledger::{Receipt, canonical};

use crate::host::{Halt, Host};
use crate::receipt;
use crate::turn::{After, Finished, due_case};

impl Host {
    /// Commits the receipt of an act that changes an event's outcome without judging it.
    pub(crate) fn commit_sequel(&self, sequel: Sequel, commit: Commit) -> Result<Finished, Halt> {
        let known = self.ports.store.front().dedup(&sequel.before.kept.key)?;
        let taken = known.map_or_else(|| self.ports.clock.now(), |known| known.taken);
        self.admit_sequel(&sequel, Vec::new(), commit, |commit, report| {
            let key = sequel.before.kept.key.clone();
            let hash = ledger::sha256(sequel.before.kept.event.as_bytes());
            commit.dedup = Some((key, DedupRecord { hash, taken, report: report.clone() }));
        })
    }

    /// Commits the receipt of a release, which leaves the event's outcome as it is.
    pub(crate) fn commit_release(
        &self,
        sequel: Sequel,
        governors: Vec<ledger::Governor>,
        commit: Commit,
    ) -> Result<Finished, Halt> {
        let poison = commit.poison.clone();
        let finished = self.admit_sequel(&sequel, governors, commit, |_, _| {})?;
        self.trapped().wrote(&poison);
        Ok(finished)
    }

    fn admit_sequel(
        &self,
        sequel: &Sequel,
        governors: Vec<ledger::Governor>,
        commit: Commit,
        complete: impl Fn(&mut Commit, &Report),
    ) -> Result<Finished, Halt> {
        failpoint!("engine.sequel.admit");
        let mut told = None;
        let admitted = self.ports.store.admit(&mut |front| {
            let sequence = front.head()?.frontier.size() + 1;
            let entry = sequel.entry(self, sequence, governors.clone())?;
            let mut commit = commit.clone();
            complete(&mut commit, &entry.kept.report);
            let event = self.event_of(&entry)?;
            commit.cases.extend(self.told_case(front, &event, entry.kept.report.outcome)?);
            told = Some((entry.kept.report.clone(), due_case(&commit)));
            commit.receipt = Some((sequence, entry));
            Ok(Some(commit))
        })?;
        failpoint!("engine.sequel.admitted");
        match (admitted, told) {
            (Some(admitted), Some((report, case))) => {
                Ok(Finished { report, ticket: admitted.ticket, after: After { case, ..After::default() } })
            }
            _ => Err(Halt::Bug(Error::invalid("the receipt of an act was not admitted"))),
        }
    }
}

/// The receipt of an act after another receipt, of an event that is not judged.
pub(crate) struct Sequel {
    pub(crate) before: Entry,
    pub(crate) again: Again,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<Error>,
}

impl Sequel {
    fn entry(&self, host: &Host, sequence: u64, governors: Vec<ledger::Governor>) -> Result<Entry, StoreError> {
        let Self { before, again, outcome, error } = self;
        let first = Receipt::parse(before.leaf.as_bytes())
            .map_err(|why| StoreError::Corrupt(format!("receipt {} does not read: {why}", again.first)))?;
        let event = host.event_of(before)?;
        let undoes = matches!(again.act.verb, Verb::Undo | Verb::Settle);
        let salt = host.master.salt(&event.tenant, &event.subject);
        let mut effects = first.effects;
        for effect in effects.iter_mut().filter(|effect| undoes && effect.status == ledger::EffectStatus::UndoFailed) {
            effect.status = ledger::EffectStatus::Undone;
        }
        let receipt = Receipt {
            act: Some(salt.commit(canonical(&again.act).as_bytes())),
            dedup: first.dedup,
            effects,
            error: error.as_ref().map(receipt::error),
            event: first.event,
            governors,
            parent: Some(receipt::parent_of(again)),
            subject: first.subject,
            tenant: first.tenant,
            ..Receipt::new(
                sequence,
                first.time,
                ledger::Kind::Act(again.act.verb.name().to_owned()),
                receipt::outcome(*outcome),
                host.in_force().digest,
                host.engine_hash,
            )
        };
        let mut report =
            Report { outcome: *outcome, receipt: Some(sequence), error: error.clone(), ..before.kept.report.clone() };
        if again.act.verb == Verb::Release {
            // Nobody judged anything.
            report.governors.clear();
        }
        let mut intents = before.kept.intents.clone();
        if undoes {
            intents.iter_mut().filter(|intent| intent.needs_undo()).for_each(|intent| intent.undone = true);
            for effect in report.effects.iter_mut().filter(|effect| effect.mode == Mode::Reversible) {
                let open = intents
                    .iter()
                    .any(|intent| intent.undone && effect.id == format!("{}/{}", intent.slot, intent.effect.id));
                if open {
                    effect.status = EffectStatus::Undone;
                }
            }
        }
        let kept = Kept {
            key: before.kept.key.clone(),
            event: before.kept.event.clone(),
            now: before.kept.now,
            reads: Vec::new(),
            writes: Vec::new(),
            intents,
            lineage: before.kept.lineage,
            report,
            again: Some(again.clone()),
        };
        let leaf =
            String::from_utf8(receipt.leaf()).map_err(|_| StoreError::Corrupt("a receipt is not UTF-8".into()))?;
        Ok(Entry { leaf, kept })
    }
}
