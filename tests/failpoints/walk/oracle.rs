//! What nobody disturbed, and what must be the same in a directory in which somebody did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::PoisonError;

use serde_json::Value;
use syndic_core::DedupKey;
use syndic_core::ports::Reads as _;
use syndic_failpoints::{Accounts, Book, Stage};
use syndic_store::{MasterWanted, SledStore};

use crate::life::{End, How, STARTING, live};

/// A run that nobody stopped.
pub struct Reference {
    pub hits: Vec<u64>,
    /// What was told of each event: what it came to, and what it came to in the end.
    told: BTreeMap<String, Vec<Value>>,
    left: Left,
}

/// What a run leaves: in the ledger, and in the provider's book.
#[derive(Debug, PartialEq)]
struct Left {
    root: String,
    /// The events in the ledger.
    events: Vec<DedupKey>,
    accounts: BTreeMap<String, Accounts>,
}

impl Left {
    /// The events that were sent from outside.
    fn sent(&self) -> BTreeSet<&str> {
        self.events.iter().filter(|event| event.source == "/shop").map(|event| event.id.as_str()).collect()
    }
}

impl Reference {
    pub fn play(desk: &Path) -> Self {
        let folder = desk.join("undisturbed");
        fs::create_dir(&folder).unwrap();
        let life = live(&folder, How::Play, &[]);
        assert_eq!(life.end, End::Done, "{}", life.said);
        let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        life.told.iter().for_each(|one| told.entry(id(one)).or_default().push(essence(one)));
        Self { hits: life.hits.unwrap(), told, left: left(&folder).unwrap() }
    }

    /// Whether all is as if nothing had happened, in a directory in which one child told this, and then another this.
    pub fn check(&self, folder: &Path, how: How, first: &[Value], second: &[Value]) -> Result<(), String> {
        let left = left(folder)?;
        // Through lanes receipts come in any order, and the order is all that differs.
        let same = |one: &Value, other: &Value| match how {
            How::Play => one == other,
            How::Lanes => one["outcome"] == other["outcome"],
        };
        for told in first.iter().chain(second) {
            let expected = self.told.get(&id(told)).into_iter().flatten();
            if !expected.into_iter().any(|expected| same(expected, &essence(told))) {
                return Err(format!("it was told {told}, and undisturbed {:?}", self.told.get(&id(told))));
            }
        }
        // What was acknowledged is known to the next one. What it tells as new was acknowledged to nobody.
        let acknowledged: BTreeSet<u64> = first.iter().filter_map(receipt).collect();
        let again = second.iter().filter(|told| told["report"]["duplicate"] == false).filter_map(receipt);
        if let Some(again) = again.into_iter().find(|receipt| acknowledged.contains(receipt)) {
            return Err(format!("receipt {again} was acknowledged, and its event judged again"));
        }
        let same = match how {
            How::Play => left == self.left,
            How::Lanes => left.accounts == self.left.accounts && left.sent() == self.left.sent(),
        };
        if !same {
            return Err(format!("left is {left:?}\nand undisturbed {:?}", self.left));
        }
        Ok(())
    }
}

fn id(told: &Value) -> String {
    told["report"]["id"].to_string()
}

/// What became of it, however often it is told.
fn essence(told: &Value) -> Value {
    let mut report = told["report"].clone();
    report.as_object_mut().map(|members| members.remove("duplicate"));
    report
}

fn receipt(told: &Value) -> Option<u64> {
    told["report"]["receipt"].as_u64()
}

/// What is left in a folder, if it is whole.
fn left(folder: &Path) -> Result<Left, String> {
    let store = {
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        SledStore::open(folder.join(Stage::STORE), MasterWanted::Kept).map_err(|why| why.to_string())?
    };
    let head = store.verify_all().map_err(|why| why.to_string())?;
    let receipts = store.receipts(1, usize::MAX).map_err(|why| why.to_string())?;
    // An act on an event has a receipt of its own.
    let events: Vec<DedupKey> =
        receipts.into_iter().filter(|(_, entry)| entry.kept.again.is_none()).map(|(_, entry)| entry.kept.key).collect();
    if let Some(twice) = (0..events.len()).find(|nth| events[..*nth].contains(&events[*nth])) {
        return Err(format!("{:?} has two receipts", events[twice]));
    }
    let waits = store.unfinished().map_err(|why| why.to_string())?;
    if !waits.is_empty() {
        return Err(format!("without an outcome: {waits:?}"));
    }
    let parked = store.parked().map_err(|why| why.to_string())?;
    let parked: BTreeSet<String> =
        parked.into_iter().flat_map(|(_, parked)| parked.remaining).map(|intent| intent.key.to_string()).collect();
    let book = Book::read(&folder.join(Stage::BOOK)).map_err(|why| why.to_string())?;
    let mistakes = book.mistakes();
    if !mistakes.is_empty() {
        return Err(mistakes.join("\n"));
    }
    let accounts = book.accounts();
    let open = accounts.iter().flat_map(|(order, accounts)| accounts.open.iter().map(move |key| (order, key)));
    for (order, key) in open {
        if !parked.contains(key) {
            return Err(format!("{order}: authorized as {key}, and neither captured, nor voided, nor parked"));
        }
    }
    Ok(Left { root: head.frontier.root().to_string(), events, accounts })
}
