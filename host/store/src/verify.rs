//! Checks of what one record cannot show: that the ledger is whole, and that no record is missing.

use std::ops::RangeInclusive;

use syndic_core::ports::{Head, Reads as _, StoreError};
use syndic_ledger::{Frontier, Hash, Receipt, leaf_hash};

use crate::cases;
use crate::counters::Sum;
use crate::key::{Key, Table};
use crate::pack::Leaf;
use crate::reads::numbered;
use crate::records::Records;
use crate::space::Space;
use crate::value::Record;

/// Records read at a time, so that a store is never in memory whole.
const RECORDS_AT_ONCE: usize = 512;

impl<S: Space> Records<S> {
    /// Computes the tree anew from every leaf and compares it with the head. Returns the head that holds.
    ///
    /// # Errors
    /// A receipt is missing, damaged, changed or too many: [`StoreError::Corrupt`] names the first bad sequence.
    pub fn verify(&self) -> Result<Head, StoreError> {
        let head = self.head()?;
        let size = head.frontier.size();
        let mut tree = Frontier::new();
        loop {
            let from = tree.size() + 1;
            let batch: Vec<(u64, Leaf)> = self.look(|view| numbered(view, Table::Receipts, from, RECORDS_AT_ONCE))?;
            let Some((last, _)) = batch.last() else { break };
            let last = *last;
            for (sequence, leaf) in batch {
                let next = tree.size() + 1;
                if next > size {
                    return bad(sequence, format!("the head vouches for {size} receipts only"));
                }
                if sequence != next {
                    return bad(next, format!("it is missing, and receipt {sequence} is there"));
                }
                tree.append(leaf_hash(&leaf.0));
            }
            if last == u64::MAX {
                break;
            }
        }
        if tree.size() < size {
            return bad(tree.size() + 1, format!("it is missing, and the head vouches for {size}"));
        }
        if tree != head.frontier {
            return self.name_the_changed(&tree, &head.frontier);
        }
        Ok(head)
    }

    /// [`verify`](Self::verify), and then reads every record there is: what vanished or came back from the past, of any
    /// kind, no longer adds up to what the store has counted. Cases are found when they are due, and are as many as was
    /// counted. It takes as long as reading the whole store, and writers wait meanwhile.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), and where the records do not add up or do not agree.
    pub fn verify_all(&self) -> Result<Head, StoreError> {
        let head = self.verify()?;
        let (found, counted) = self.look(|view| Ok((sum_of(view.space)?, view.counters()?.written.records)))?;
        if found != counted {
            return Err(StoreError::Corrupt(format!(
                "the store does not add up: it counted {} records, and of these and others it finds {}",
                counted.count, found.count
            )));
        }
        self.look(cases::agree)?;
        Ok(head)
    }

    /// Names what makes two trees of one size differ: the first leaf that cannot be a receipt of its place, or else the
    /// part of the tree that it is in, which is all that a head tells.
    fn name_the_changed(&self, found: &Frontier, head: &Frontier) -> Result<Head, StoreError> {
        let part = first_difference(found, head);
        for sequence in part.clone() {
            let leaf: Option<Leaf> = self.look(|view| view.get(&Key::of(Table::Receipts).number(sequence)))?;
            let receipt = leaf.and_then(|leaf| Receipt::parse(&leaf.0).ok());
            if receipt.is_none_or(|receipt| receipt.sequence != sequence) {
                return bad(sequence, "its leaf is not the receipt of that place".into());
            }
        }
        bad(*part.start(), format!("it, or one up to {}, is not what the head vouches for", part.end()))
    }
}

fn bad(sequence: u64, why: String) -> Result<Head, StoreError> {
    Err(StoreError::Corrupt(format!("the ledger is broken at receipt {sequence}: {why}")))
}

/// Reads every record of a space whole, and adds up all but the counters.
fn sum_of(space: &dyn Space) -> Result<Sum, StoreError> {
    let (mut sum, mut from) = (Sum::default(), Vec::new());
    loop {
        let page = space.scan(&[], &from, RECORDS_AT_ONCE)?;
        let Some((last, _)) = page.last() else { return Ok(sum) };
        // The next key there can be.
        from = [last.as_slice(), &[0]].concat();
        for (stored, value) in page {
            if [Some(&(Table::Pieces as u8)), Some(&(Table::Counters as u8))].contains(&stored.first()) {
                continue;
            }
            let record = Record::read(&stored, &value)?;
            record.payload(|piece| space.get(piece))?;
            sum.add(record.seal);
        }
    }
}

/// The sequences under the first perfect subtree whose roots differ.
fn first_difference(found: &Frontier, head: &Frontier) -> RangeInclusive<u64> {
    let (size, ours): (u64, Vec<Hash>) = found.clone().into();
    let (_, theirs): (u64, Vec<Hash>) = head.clone().into();
    let mut before = 0;
    let widths = (0..u64::BITS).rev().map(|bit| 1 << bit).filter(|width| size & width != 0);
    for ((ours, theirs), width) in ours.iter().zip(&theirs).zip(widths) {
        if ours != theirs {
            return before + 1..=before + width;
        }
        before += width;
    }
    1..=size
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use syndic_core::ports::{Commit, Entry};
    use syndic_ledger::Master;

    use super::*;
    use crate::MemoryStore;

    const RECEIPTS: u64 = 13;

    fn entry(leaf: &str) -> Entry {
        let report = json!({
            "id": "e", "outcome": "completed", "duplicate": false, "receipt": 1, "state_path": [], "governors": [],
            "conflicts": [], "effects": [], "error": null,
        });
        let kept = json!({
            "key": {"tenant": "t", "source": "/s", "id": "e"}, "event": "{}", "now": "2026-01-02T03:04:05Z",
            "reads": [], "writes": [], "intents": [], "lineage": {"depth": 0, "timers": 0}, "again": null,
            "report": report,
        });
        serde_json::from_value(json!({"leaf": leaf, "kept": kept})).unwrap()
    }

    fn leaf(sequence: u64) -> String {
        use syndic_ledger::{Kind, Outcome, sha256};
        let time = "2026-01-02T03:04:05Z".to_owned();
        let receipt = Receipt::new(sequence, time, Kind::Event, Outcome::Completed, sha256(b"c"), sha256(b"e"));
        String::from_utf8(receipt.leaf()).unwrap()
    }

    fn ledger() -> MemoryStore {
        let store = MemoryStore::new(Master::from_seed(0));
        let receipt = |sequence| Some((sequence, entry(&leaf(sequence))));
        let commits = (1..=RECEIPTS).map(|sequence| Commit { receipt: receipt(sequence), ..Commit::default() });
        store.commit_all(commits.collect()).unwrap();
        store
    }

    /// Does to a ledger what no commit would, and says how that is found.
    fn check(sequence: u64, instead: Option<&str>, found: &str) {
        let store = ledger();
        let key = Key::of(Table::Receipts).number(sequence);
        let meddle = store.write(|draft| {
            match instead {
                Some(leaf) => draft.put(key, &entry(leaf)),
                None => draft.remove(key),
            }
            Ok(())
        });
        meddle.unwrap();
        let expected = StoreError::Corrupt(format!("the ledger is broken at receipt {found}"));
        assert_eq!(store.verify().unwrap_err(), expected);
    }

    #[test]
    fn a_ledger_that_grew_by_commits_holds() {
        assert_eq!(ledger().verify().unwrap().frontier.size(), RECEIPTS);
        assert_eq!(MemoryStore::new(Master::from_seed(0)).verify().unwrap(), Head::default());
    }

    #[test]
    fn the_first_bad_sequence_is_named() {
        check(1, None, "1: it is missing, and receipt 2 is there");
        check(7, None, "7: it is missing, and receipt 8 is there");
        check(13, None, "13: it is missing, and the head vouches for 13");
        check(14, Some(&leaf(14)), "14: the head vouches for 13 receipts only");
        check(11, Some("{}"), "11: its leaf is not the receipt of that place");
        check(11, Some(&leaf(10)), "11: its leaf is not the receipt of that place");
        let changed = leaf(11).replace("completed", "refused");
        check(11, Some(&changed), "9: it, or one up to 12, is not what the head vouches for");
        check(
            13,
            Some(&leaf(13).replace("completed", "refused")),
            "13: it, or one up to 13, is not what the head vouches for",
        );
    }
}
