//! Administrative acts: what is done to the host and to no event. Each leaves a receipt that commits to what was done,
//! by whom and why, and changes the host's registers with it or not at all.

use serde_json::{Value, json};
use syndic_core::failpoint;
use syndic_core::outcome::{Outcome, Report};
use syndic_core::ports::{Commit, DedupRecord, Entry, Installed, Kept, Lineage, Reads, StoreError};
use syndic_core::{DedupKey, Error, Text, Time};
use syndic_ledger as ledger;
use syndic_ledger::{Digest, Kind, Receipt, canonical, sha256};

use crate::act::{check_words, entry};
use crate::host::{Halt, Host};
use crate::swap::Cause;
use crate::turn::{After, Finished};

/// Whose acts the host's own records are filed under; no event from outside may say so.
const SOURCE: &str = "syndic:host";

/// One thing that was done to the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What, by a stable name: `install`, `promote`, `revert`, `create-token`.
    pub name: String,
    /// Who did it; `syndic` where the host does by itself.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
    /// What it is to be known by, where it must not be done twice.
    pub id: Option<String>,
    /// More of it, as a JSON object.
    pub details: Value,
}

/// What a deed writes beside its receipt, found out while nobody else writes.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) commit: Commit,
    /// The versions it concerns.
    pub(crate) governors: Vec<ledger::Governor>,
}

/// Finds what goes with the receipt of a number; nothing, where it thinks better of it.
pub(crate) type Write<'w> = dyn FnMut(&dyn Reads, u64) -> Result<Option<Written>, StoreError> + 'w;

/// A version that an act concerns, as its receipt names it.
pub(crate) fn concerned(version: &Installed) -> ledger::Governor {
    ledger::Governor {
        code: None,
        digest: Digest(version.digest),
        fuel: 0,
        migrated: None,
        output: None,
        slot: version.slot.to_string(),
        verdict: None,
        version: version.manifest.version.clone(),
    }
}

/// What stands under the id of a deed already.
pub(crate) enum Before {
    /// The same, and what its receipt commits to.
    Same { report: Box<Report>, act: Value },
    /// Another deed.
    Another { receipt: u64 },
}

/// Whether a document has every member of another, with the same value.
fn has_all(document: &Value, members: &Value) -> bool {
    members.as_object().is_none_or(|members| members.iter().all(|(name, value)| document[name] == *value))
}

/// Whether a deed of this id was done, as is known to who writes.
pub(crate) fn is_done(front: &dyn Reads, cause: &Cause) -> Result<bool, StoreError> {
    let known = cause.id.clone().map(|id| front.dedup(&deed_key(id))).transpose()?;
    Ok(known.flatten().is_some())
}

impl Host {
    /// Writes entries of registers, with a receipt that says who did what and why. What it returns is durable.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. A sentence, where the words of the deed are none.
    pub fn administer(
        &self,
        deed: &Deed,
        registers: Vec<(String, String, Option<Text>)>,
    ) -> Result<Result<Report, String>, Halt> {
        if let Err(why) = check_words(&deed.by, &deed.reason) {
            return Ok(Err(why));
        }
        let done = self.do_deed(deed, &mut |_, _| {
            let commit = Commit { registers: registers.clone(), ..Commit::default() };
            Ok(Some(Written { commit, governors: Vec::new() }))
        })?;
        let finished = done.ok_or_else(|| Halt::Bug(Error::invalid("a deed was not admitted")))?;
        pollster::block_on(self.durable(finished.ticket))?;
        Ok(Ok(finished.report))
    }

    /// What became of a deed that must not be done twice, where it was done; or that another was, under its id. Of the
    /// details, those that are given have to be the same.
    pub(crate) fn done_before(&self, name: &str, cause: &Cause, details: &Value) -> Result<Option<Before>, Halt> {
        let front = self.ports.store.front();
        let Some(known) = cause.id.clone().map(|id| front.dedup(&deed_key(id))).transpose()?.flatten() else {
            return Ok(None);
        };
        let receipt = known.report.receipt.unwrap_or_default();
        let kept = entry(front, receipt)?.kept;
        let unread = |why| StoreError::Corrupt(format!("the act of receipt {receipt} does not read: {why}"));
        let act: Value = serde_json::from_str(&kept.event).map_err(unread)?;
        let wanted = json!({ "act": name, "by": cause.by, "reason": cause.reason });
        Ok(Some(match has_all(&act, &wanted) && has_all(&act["details"], details) {
            true => Before::Same { report: Box::new(Report { duplicate: true, ..known.report }), act },
            false => Before::Another { receipt },
        }))
    }

    /// Does a deed: `write` finds, while nobody else writes, what goes with its receipt.
    pub(crate) fn do_deed(&self, deed: &Deed, write: &mut Write<'_>) -> Result<Option<Finished>, Halt> {
        failpoint!("engine.deed.admit");
        let mut told = None;
        let admitted = self.ports.store.admit(&mut |front| {
            let sequence = front.head()?.frontier.size() + 1;
            let Some(Written { mut commit, governors }) = write(front, sequence)? else { return Ok(None) };
            let (entry, key, hash) = self.deed_entry(deed, sequence, governors)?;
            told = Some(entry.kept.report.clone());
            if deed.id.is_some() {
                let report = entry.kept.report.clone();
                commit.dedup = Some((key, DedupRecord { hash, taken: deed.at, report }));
            }
            commit.receipt = Some((sequence, entry));
            Ok(Some(commit))
        })?;
        failpoint!("engine.deed.admitted");
        Ok(match (admitted, told) {
            (Some(admitted), Some(report)) => {
                Some(Finished { report, ticket: admitted.ticket, after: After::default() })
            }
            _ => None,
        })
    }

    fn deed_entry(
        &self,
        deed: &Deed,
        sequence: u64,
        governors: Vec<ledger::Governor>,
    ) -> Result<(Entry, DedupKey, ledger::Hash), StoreError> {
        let Deed { name, by, reason, at, id, details } = deed;
        let text = canonical(&json!({
            "act": name, "by": by, "details": details, "reason": reason, "time": at.to_string(),
        }));
        let hash = sha256(text.as_bytes());
        let id = id.clone().unwrap_or_else(|| format!("{sequence}/{name}"));
        let receipt = Receipt {
            act: Some(self.master.tenant_salt("").commit(text.as_bytes())),
            governors,
            ..Receipt::new(
                sequence,
                at.to_string(),
                Kind::Act(name.clone()),
                ledger::Outcome::Completed,
                self.in_force().digest,
                self.engine_hash,
            )
        };
        let leaf =
            String::from_utf8(receipt.leaf()).map_err(|_| StoreError::Corrupt("a receipt is not UTF-8".into()))?;
        let key = deed_key(id.clone());
        let report = Report {
            id,
            outcome: Outcome::Completed,
            duplicate: false,
            receipt: Some(sequence),
            state_path: Vec::new(),
            governors: Vec::new(),
            conflicts: Vec::new(),
            effects: Vec::new(),
            error: None,
            case: None,
        };
        let kept = Kept {
            key: key.clone(),
            event: text,
            now: *at,
            reads: Vec::new(),
            writes: Vec::new(),
            intents: Vec::new(),
            lineage: Lineage::default(),
            report,
            again: None,
        };
        Ok((Entry { leaf, kept }, key, hash))
    }
}

fn deed_key(id: String) -> DedupKey {
    DedupKey { tenant: String::new(), source: SOURCE.to_owned(), id }
}
