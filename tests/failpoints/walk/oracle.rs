//! What nobody disturbed, and what must be the same in a directory in which somebody did.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use syndic_core::DedupKey;
use syndic_core::ports::Reads as _;
use syndic_failpoints::{Accounts, Book, Stage};
use syndic_store::{MasterWanted, SledStore};

use crate::life::{End, live};

/// A run that nobody stopped.
pub struct Reference {
    pub hits: Vec<u64>,
    /// What was told, by what it was told of.
    told: BTreeMap<String, Value>,
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

impl Reference {
    pub fn play(desk: &Path) -> Self {
        let folder = desk.join("undisturbed");
        fs::create_dir(&folder).unwrap();
        let life = live(&folder, &[]);
        assert_eq!(life.end, End::Done, "{}", life.said);
        // An event that is taken over is told by its id, before the line that has it is told.
        let told = life.told.iter().flat_map(|told| [subject(told), id(told)].map(|of| (of, essence(told)))).collect();
        Self { hits: life.hits.unwrap(), told, left: left(&folder).unwrap() }
    }

    /// Whether all is as if nothing had happened, in a directory in which one child told this, and then another this.
    pub fn check(&self, folder: &Path, first: &[Value], second: &[Value]) -> Result<(), String> {
        let left = left(folder)?;
        for told in first.iter().chain(second) {
            let expected = self.told.get(&subject(told));
            if expected != Some(&essence(told)) {
                return Err(format!("it was told {told}, and undisturbed {expected:?}"));
            }
        }
        // What was acknowledged is known to the next one. What it tells as new was acknowledged to nobody.
        let acknowledged: BTreeSet<String> = first.iter().map(subject).collect();
        let again = second.iter().filter(|told| is_new(told)).map(subject).find(|told| acknowledged.contains(told));
        if let Some(again) = again {
            return Err(format!("{again} was acknowledged, and judged again"));
        }
        if left != self.left {
            return Err(format!("left is {left:?}\nand undisturbed {:?}", self.left));
        }
        Ok(())
    }
}

/// What is told of: a line, or an event of the host's own.
fn subject(told: &Value) -> String {
    match told["line"].as_u64() {
        Some(line) => format!("line {line}"),
        None => id(told),
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

fn is_new(told: &Value) -> bool {
    told["report"]["duplicate"] == false && !told["report"]["receipt"].is_null()
}

/// What is left in a folder, if it is whole.
fn left(folder: &Path) -> Result<Left, String> {
    let store = SledStore::open(folder.join(Stage::STORE), MasterWanted::Kept).map_err(|why| why.to_string())?;
    let head = store.verify_all().map_err(|why| why.to_string())?;
    let receipts = store.receipts(1, usize::MAX).map_err(|why| why.to_string())?;
    let events: Vec<DedupKey> = receipts.into_iter().map(|(_, entry)| entry.kept.key).collect();
    if let Some(twice) = events.iter().find(|event| events.iter().filter(|other| other == event).count() > 1) {
        return Err(format!("{twice:?} has two receipts"));
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
