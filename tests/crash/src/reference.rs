//! A run that nobody disturbed: what every tale of its stream is held against.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::desk::Desk;
use crate::life::{End, Life, Moment, live};
use crate::stream::stream;
use crate::syndic::{Syndic, Trouble};

pub(crate) struct Reference {
    /// Of the stream, and of the receipts' salts.
    pub(crate) seed: u64,
    /// The file with the lines.
    pub(crate) lines: PathBuf,
    pub(crate) by_line: BTreeMap<u64, Value>,
    /// What was told under each receipt when it was new.
    pub(crate) by_receipt: BTreeMap<u64, Value>,
    pub(crate) receipts: Vec<String>,
    pub(crate) root: Value,
    pub(crate) times: Times,
    pub(crate) calls: Calls,
}

/// How long the parts of a run take.
pub(crate) struct Times {
    /// From the first sign of the folder to the first line.
    pub(crate) making: Duration,
    pub(crate) until_first_line: Duration,
    pub(crate) telling: Duration,
}

/// How many calls the library counts.
#[derive(Clone, Copy)]
pub(crate) struct Calls {
    /// Until the directory is made, or opened again.
    pub(crate) opening: u64,
    /// For a line, with all that follows from it.
    pub(crate) line: u64,
    /// For a line that is only told again.
    pub(crate) line_again: u64,
}

impl Reference {
    /// Plays the stream twice, with the library and without, and holds the one against the other.
    pub(crate) fn play(syndic: &Syndic, events: Option<&Path>, seed: u64, at: &Path) -> Result<Self, Trouble> {
        let desk = Desk::new(at)?;
        let lines = at.join("events.jsonl");
        let text = match events {
            Some(file) => fs::read_to_string(file).map_err(Trouble::io(file.display().to_string()))?,
            None => stream(seed).join("\n") + "\n",
        };
        fs::write(&lines, text).map_err(Trouble::io(lines.display().to_string()))?;

        // This run also compiles the governors, so that only the other one says how long a run takes.
        let noted = Desk::new(&at.join("noted"))?;
        let command = noted.noted(syndic.play(&lines, &noted.data(), seed), syndic);
        let first = live(command, Moment::Never, &noted.data(), &noted.stderr())?;
        let (root, calls) = (root(&first)?, calls(&noted, &first)?);
        fs::remove_dir_all(noted.dir()).map_err(Trouble::io("a folder that is not needed any more"))?;

        let life = live(syndic.play(&lines, &desk.data(), seed), Moment::Never, &desk.data(), &desk.stderr())?;
        if root != self::root(&life)? {
            return Err(Trouble::Reference("two runs have two roots".into()));
        }
        let receipts = syndic.receipts(&desk.data(), 0).map_err(Trouble::Reference)?;
        let times = times(&life);
        let mut new =
            Self { seed, lines, by_line: BTreeMap::new(), by_receipt: BTreeMap::new(), receipts, root, times, calls };
        life.told.into_iter().for_each(|told| new.remember(told));
        Ok(new)
    }

    fn remember(&mut self, told: Value) {
        if let (Some(receipt), false) = (told["receipt"].as_u64(), told["duplicate"] == true) {
            self.by_receipt.insert(receipt, told.clone());
        }
        if let Some(line) = told["line"].as_u64() {
            self.by_line.insert(line, told);
        }
    }
}

fn root(life: &Life) -> Result<Value, Trouble> {
    match (&life.end, &life.summary) {
        (End::Done, Some(summary)) => Ok(summary["root_hash"].clone()),
        (end, _) => Err(Trouble::Reference(format!("{end:?}"))),
    }
}

fn times(life: &Life) -> Times {
    let first_line = life.first_line.unwrap_or(life.all);
    let making = first_line - life.folder.unwrap_or(first_line).min(first_line);
    Times { making, until_first_line: first_line, telling: life.all - first_line }
}

/// What the library saw of a whole run. It must have seen each line told, each batch written and each barrier, or a cut
/// would prove nothing.
fn calls(desk: &Desk, life: &Life) -> Result<Calls, Trouble> {
    let report = desk.report().ok_or_else(|| Trouble::Blind("it left no report".into()))?;
    let count = |name: &str| report[name].as_u64().unwrap_or(0);
    for name in ["stdout", "pwrite", "fdatasync", "fsync", "mkdir", "open", "rename"] {
        if count(name) == 0 {
            return Err(Trouble::Blind(format!("no `{name}` in {report}")));
        }
    }
    let told = life.told.len().max(1) as u64;
    let opening = count("opening");
    let line = (count("calls") - opening).div_ceil(told);
    Ok(Calls { opening, line, line_again: count("stdout").div_ceil(told) })
}
